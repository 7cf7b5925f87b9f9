//! Facts of small bundles written by hand: series, classes, places, changes and one profile.

use super::types::{Place, ProfileRequest, Share};
use super::{frames, load, profile};
use crate::bundle::rows::{CallRow, ChangeRow, ControlRow};
use crate::bundle::sheet::Sheet;
use crate::bundle::{Bundle, HourFiles, Writer};
use crate::case::{Case, Interval, Minute, Scope, instant};
use crate::ecr::Class;
use std::path::Path;

/// A Monday at 12:00 UTC, so that days and minutes are easy to count.
const NOON: i64 = 1_767_614_400;

fn case() -> Case {
    Case {
        window: Interval::new(instant(NOON), instant(NOON + 3600)),
        baseline: Interval::new(instant(NOON - 2 * 86_400), instant(NOON)),
        scope: Scope::everything(),
        now: instant(NOON + 7200),
    }
}

fn call(at: i64, principal: &str, error_code: &str) -> CallRow {
    CallRow {
        event_time: at,
        event_id: format!("{at}-{principal}-{error_code}"),
        request_id: format!("request-{at}-{principal}"),
        recipient_account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        event_source: "ecr.amazonaws.com".to_owned(),
        api: "BatchGetImage".to_owned(),
        error_code: error_code.to_owned(),
        principal: principal.to_owned(),
        repository: "team/app".to_owned(),
        ..CallRow::default()
    }
}

fn bundle(dir: &Path, calls: &[CallRow]) -> Bundle {
    let mut sorted = calls.to_vec();
    sorted.sort();
    let mut writer = Writer::create(dir).unwrap();
    let changes = ["iam.amazonaws.com", "kms.amazonaws.com"].map(|source| ChangeRow {
        event_time: NOON - 60,
        account: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        event_source: source.to_owned(),
        api: match source {
            "iam.amazonaws.com" => "PutRolePolicy".to_owned(),
            _ => "DisableKey".to_owned(),
        },
        ..ChangeRow::default()
    });
    let control = ControlRow {
        minute: NOON / 60 + 1,
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        event_source: "sts.amazonaws.com".to_owned(),
        calls: 7,
        errors: 2,
        faults: 1,
    };
    let last_hour = NOON.div_euclid(3_600);
    let mut hours: Vec<i64> = sorted
        .iter()
        .map(|row| row.event_time.div_euclid(3_600))
        .chain([last_hour])
        .collect();
    hours.sort_unstable();
    hours.dedup();
    for hour in hours {
        let rows: Vec<CallRow> = sorted
            .iter()
            .filter(|row| row.event_time.div_euclid(3_600) == hour)
            .cloned()
            .collect();
        let (changes, controls) = if hour == last_hour {
            (changes.as_slice(), std::slice::from_ref(&control))
        } else {
            (&[][..], &[][..])
        };
        let files = HourFiles::encode(hour * 3_600, &Sheet::of(&rows), changes, controls);
        writer.hour(&files.unwrap()).unwrap();
    }
    writer.seal(&case(), Vec::new()).unwrap()
}

fn some_calls() -> Vec<CallRow> {
    vec![
        call(NOON - 86_400 - 5, "a", ""),
        call(NOON - 10, "a", "ImageNotFoundException"),
        call(NOON, "a", ""),
        call(NOON + 61, "a", "ServerException"),
        call(NOON + 62, "b", "ServerException"),
        call(NOON + 63, "b", "NeverHeardOf"),
        call(NOON + 80, "a", ""),
        // Outside baseline and window.
        call(NOON + 3600, "a", ""),
        call(NOON - 3 * 86_400, "a", ""),
    ]
}

fn place() -> Place {
    Place {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
    }
}

#[test]
fn series_count_every_call_in_scope_once_by_class_and_minute() {
    let dir = tempfile::tempdir().unwrap();
    let facts = load(&bundle(dir.path(), &some_calls()), &case()).unwrap();
    let trail = &facts.trail[0];
    assert_eq!(trail.place, place());
    let series = &trail.series[0];
    assert_eq!(series.len, 2 * 1440 + 60);
    assert_eq!(series.calls().iter().sum::<u32>(), 7);
    let window = (Minute::of_second(NOON), Minute::of_second(NOON + 3600));
    assert_eq!(series.sum(Class::ServerError, window.0, window.1), (5, 2));
    assert_eq!(series.sum(Class::Unclassified, window.0, window.1), (5, 1));
    assert_eq!(series.sum(Class::NotFound, window.0, window.1), (5, 0));
    assert_eq!(trail.days_with_calls, 2);
    assert_eq!(trail.controls[0].faults.iter().sum::<u32>(), 1);
    assert_eq!(facts.settled_until, case().window.to);
}

#[test]
fn a_global_change_reaches_every_region_and_a_regional_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let facts = load(&bundle(dir.path(), &some_calls()), &case()).unwrap();
    let changes: Vec<&str> = facts.trail[0]
        .changes
        .iter()
        .map(|change| change.api.as_str())
        .collect();
    assert_eq!(changes, ["PutRolePolicy"]);
    assert_eq!(facts.trail[0].changes[0].explains, [Class::Denied]);
}

#[test]
fn every_evidence_line_has_rows_and_a_hash() {
    let dir = tempfile::tempdir().unwrap();
    let facts = load(&bundle(dir.path(), &some_calls()), &case()).unwrap();
    let ids: Vec<&str> = facts.evidence.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(ids, ["E1", "E2", "E3"]);
    assert!(
        facts
            .evidence
            .iter()
            .all(|line| line.rows > 0 && line.sha256.len() == 64)
    );
}

#[test]
fn a_profile_breaks_the_incident_down_and_keeps_its_baseline() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle(dir.path(), &some_calls());
    let request = ProfileRequest {
        place: place(),
        apis: vec!["BatchGetImage".to_owned()],
        class: Some(Class::ServerError),
        span: Interval::new(instant(NOON + 60), instant(NOON + 120)),
        peak: Minute::of_second(NOON + 60),
    };
    let facts = load(&bundle, &case()).unwrap();
    let profile = profile(&bundle, &facts, &[request]).unwrap().remove(0);
    assert_eq!(
        profile.principals,
        [
            Share {
                name: "a".to_owned(),
                calls: 2,
                failures: 1,
                baseline_calls: 2,
                baseline_failures: 0,
            },
            Share {
                name: "b".to_owned(),
                calls: 2,
                failures: 1,
                baseline_calls: 0,
                baseline_failures: 0,
            },
        ]
    );
    assert_eq!(profile.minutes_impaired, 1);
    assert_eq!(profile.operations.failed_attempts, 2);
    assert_eq!(profile.operations.recovered_by_retry, 1);
    assert_eq!(profile.operations.lost, 1);
    let codes: Vec<(&str, u64, u64)> = profile
        .codes
        .iter()
        .map(|code| (code.code.as_str(), code.count, code.calls))
        .collect();
    assert_eq!(codes, [("ServerException", 2, 4), ("NeverHeardOf", 1, 4)]);
    let why: Vec<&str> = profile
        .requests
        .iter()
        .map(|sample| sample.why_chosen.as_str())
        .collect();
    assert_eq!(why, ["first", "last", "twin"]);
    let sts = profile
        .controls
        .iter()
        .find(|group| group.name == "sts.amazonaws.com")
        .unwrap();
    assert_eq!((sts.calls, sts.failures), (7, 1));
}

#[test]
fn an_incident_across_hours_is_one_and_requests_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let mut wide = case();
    wide.window.to = instant(NOON + 2 * 3600);
    let hour = NOON + 3600;
    let mut calls = vec![
        // Fails at the end of one hour and succeeds at the start of the next.
        call(hour - 30, "a", "ServerException"),
        call(hour + 30, "a", ""),
        call(hour + 60, "b", "ServerException"),
        call(NOON - 600, "silent", ""),
        call(NOON - 600, "b", "ServerException"),
    ];
    let mut elsewhere = call(hour, "a", "ServerException");
    elsewhere.region = "us-east-1".to_owned();
    calls.push(elsewhere);
    let bundle = bundle(dir.path(), &calls);
    let facts = load(&bundle, &wide).unwrap();
    let failing = ProfileRequest {
        place: place(),
        apis: vec!["BatchGetImage".to_owned()],
        class: Some(Class::ServerError),
        span: Interval::new(instant(hour - 60), instant(hour + 120)),
        peak: Minute::of_second(hour - 30),
    };
    let missing = ProfileRequest {
        class: None,
        ..failing.clone()
    };
    let answers = profile(&bundle, &facts, &[failing, missing]).unwrap();
    let names = |index: usize| -> Vec<(&str, u64, u64, u64)> {
        let shares = &answers[index].principals;
        shares
            .iter()
            .map(|share| {
                let name = share.name.as_str();
                (name, share.calls, share.failures, share.baseline_failures)
            })
            .collect()
    };
    // Who is silent now is named only when calls themselves went missing.
    assert_eq!(names(0), [("a", 2, 1, 0), ("b", 1, 1, 1)]);
    assert_eq!(
        names(1),
        [("a", 2, 0, 0), ("b", 1, 0, 0), ("silent", 0, 0, 0)]
    );
    let operations = answers[0].operations;
    assert_eq!((operations.recovered_by_retry, operations.lost), (1, 1));
    let twin = answers[0]
        .requests
        .iter()
        .find(|row| row.why_chosen == "twin");
    assert_eq!(twin.unwrap().time, instant(hour + 30));
    assert_eq!(
        answers[0].principal_series[0].failures.iter().sum::<u32>(),
        1
    );
    let region = answers[0]
        .controls
        .iter()
        .find(|group| group.kind == "region");
    assert_eq!(region.unwrap().failures, 1);
}

#[test]
fn chunks_hold_every_row_once_and_no_more_than_they_may() {
    let dir = tempfile::tempdir().unwrap();
    let at = |second: i64| call(NOON + second, "a", "");
    let calls: Vec<CallRow> = [0, 1, 2, 3, 4, 3_600, 3_601, 7_200, 7_201].map(at).into();
    let bundle = bundle(dir.path(), &calls);
    let mut wide = case();
    wide.window.to = instant(NOON + 10_800);
    let times = |rows: usize, from: i64, to: i64| -> Vec<Vec<i64>> {
        let span = Interval::new(instant(NOON + from), instant(NOON + to));
        frames::calls(&bundle, &wide, span, &["principal"], Vec::new())
            .of_rows(rows)
            .map(|chunk| {
                let times = frames::numbers(&chunk.unwrap(), "event_time").unwrap();
                times.into_iter().map(|time| time - NOON).collect()
            })
            .collect()
    };
    assert_eq!(
        times(3, 0, 10_800),
        [
            vec![0, 1, 2],
            vec![3, 4],
            vec![3_600, 3_601],
            vec![7_200, 7_201]
        ]
    );
    assert_eq!(
        times(4, 0, 10_800),
        [vec![0, 1, 2, 3], vec![4, 3_600, 3_601], vec![7_200, 7_201]]
    );
    assert_eq!(times(100, 4, 3_601), [[4, 3_600]]);
    assert_eq!(times(3, 10_800, 20_000), Vec::<Vec<i64>>::new());
}

#[test]
fn the_repository_filter_keeps_calls_without_a_repository() {
    let dir = tempfile::tempdir().unwrap();
    let mut calls = some_calls();
    let mut token = call(NOON + 5, "a", "");
    token.api = "GetAuthorizationToken".to_owned();
    token.repository = String::new();
    calls.push(token);
    let bundle = bundle(dir.path(), &calls);
    let mut narrowed = case();
    narrowed.scope.repositories = vec!["another".to_owned()];
    let facts = load(&bundle, &narrowed).unwrap();
    let apis: Vec<&str> = facts.trail[0]
        .series
        .iter()
        .map(|series| series.api.as_str())
        .collect();
    assert_eq!(apis, ["GetAuthorizationToken"]);
}

#[test]
fn no_calls_is_no_place_and_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = bundle(dir.path(), &[]);
    let facts = load(&bundle, &case()).unwrap();
    assert!(facts.trail.iter().all(|trail| trail.series.is_empty()));
}

mod cells {
    use super::super::frames;
    use polars::prelude::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Short texts lie in the view itself, long ones elsewhere.
    fn text() -> impl Strategy<Value = Option<&'static str>> {
        prop::sample::select(vec![
            None,
            Some(""),
            Some("api"),
            Some("a text of more than twelve bytes"),
            Some("a text of more than twelve bytes, and another"),
        ])
    }

    fn frame(rows: &[[Option<&str>; 3]]) -> DataFrame {
        let column = |place: usize, name: &str| {
            let texts: Vec<Option<&str>> = rows.iter().map(|row| row[place]).collect();
            Column::new(name.into(), texts)
        };
        DataFrame::new(
            rows.len(),
            vec![column(0, "a"), column(1, "b"), column(2, "c")],
        )
        .unwrap()
    }

    proptest! {
        /// However the rows lie in memory, each stands in the cell of its texts, in order.
        #[test]
        fn every_row_is_in_the_cell_of_its_texts(
            parts in prop::collection::vec(prop::collection::vec([text(), text(), text()], 0..12), 1..4)
        ) {
            let mut whole = frame(&[]);
            for part in &parts {
                whole.vstack_mut_owned(frame(part)).unwrap();
            }
            let mut expected: BTreeMap<[String; 3], Vec<IdxSize>> = BTreeMap::new();
            for (row, texts) in (0..).zip(parts.iter().flatten()) {
                let key = texts.map(|text| text.unwrap_or_default().to_owned());
                expected.entry(key).or_default().push(row);
            }
            let cells = frames::cells(&whole, ["a", "b", "c"]).unwrap();
            let count = cells.len();
            let found: BTreeMap<[String; 3], Vec<IdxSize>> =
                cells.into_iter().map(|cell| (cell.key.map(str::to_owned), cell.rows)).collect();
            prop_assert_eq!(found.len(), count);
            prop_assert_eq!(found, expected);
        }
    }
}
