//! Places that failed or gave way, the common baseline, and what the server counted.

use super::*;
use crate::case::Scope;

fn case() -> Case {
    let at = |text: &str| text.parse().unwrap();
    Case {
        window: Interval::new(at("2026-03-11T06:30:00Z"), at("2026-03-11T09:00:00Z")),
        baseline: Interval::new(at("2026-03-04T06:30:00Z"), at("2026-03-11T06:30:00Z")),
        scope: Scope::everything(),
        now: at("2026-03-11T12:00:00Z"),
    }
}

fn trouble() -> Trouble {
    Trouble {
        kind: Kind::Denied,
        action: "logs:StartQuery".to_owned(),
        what: "permission was denied".to_owned(),
        hint: "Allow logs:StartQuery for the identity that runs this.".to_owned(),
        code: "AccessDeniedException".to_owned(),
        request_id: String::new(),
    }
}

fn read(place: &str) -> Got {
    Got {
        place: place.to_owned(),
        was_read: true,
        ..Got::default()
    }
}

fn scanned() -> SourceEntry {
    SourceEntry {
        outcome: Outcome::Complete,
        asked: vec!["stage/records".to_owned()],
        refusals: vec![Refusal {
            input: "s3/logs/AWSLogs/x.json.gz".to_owned(),
            why: "cut short".to_owned(),
            partly_used: true,
        }],
        ..Harvest::default().unavailable()
    }
}

fn merged(parts: &[Got]) -> Harvest {
    merge(
        &case(),
        PathBuf::from("stage/records"),
        parts,
        Bill::default(),
    )
}

#[test]
fn a_place_that_failed_is_said_with_its_permission_though_another_was_read() {
    let failed = Got {
        place: "log group trail".to_owned(),
        troubles: vec![trouble()],
        ..Got::default()
    };
    let harvest = merged(&[failed.clone(), read("s3://logs/")]);
    let mut entry = scanned();
    harvest.amend(&mut entry);
    let Outcome::Partial { why } = &entry.outcome else {
        panic!("{entry:?}")
    };
    assert!(
        why.contains("logs:StartQuery: permission was denied"),
        "{why}"
    );
    assert!(why.contains("Allow logs:StartQuery"), "{why}");
    assert_eq!(entry.asked, ["log group trail", "s3://logs/"]);
    assert_eq!(entry.refusals[0].input, "s3://logs/AWSLogs/x.json.gz");

    let nothing = merged(&[failed]).unavailable();
    assert!(
        matches!(nothing.outcome, Outcome::Unavailable { ref hint, .. }
        if hint.contains("Allow logs:StartQuery"))
    );
}

#[test]
fn other_services_are_not_counted_by_a_place_that_gave_way() {
    let cell = |field: &str, value: &str| (field.to_owned(), value.to_owned());
    let row = vec![
        cell("minute", "2026-03-11T07:02"),
        cell("recipientAccountId", "111122223333"),
        cell("awsRegion", "us-east-1"),
        cell("eventSource", "sts.amazonaws.com"),
        cell("calls", "10"),
    ];
    let mut controls = Controls::default();
    controls.add(&[row], &case().whole());
    let mut group = Got {
        troubles: vec![trouble()],
        controls,
        ..Got::default()
    };
    assert!(merged(&[group.clone(), read("bucket")]).controls.is_empty());
    group.was_read = true;
    assert_eq!(merged(std::slice::from_ref(&group)).controls.len(), 1);

    // The server counts from the first whole minute of the group, the scan before it.
    let scanned = |minute: &str, account: &str| ControlRow {
        minute: Minute::of(minute.parse().unwrap()).0,
        account: account.to_owned(),
        region: "us-east-1".to_owned(),
        event_source: "sts.amazonaws.com".to_owned(),
        calls: 1,
        errors: 0,
        faults: 0,
    };
    group.counted_from = Some("2026-03-11T07:01:30Z".parse().unwrap());
    let both = merged(&[group.clone(), read("bucket")]);
    assert_eq!(both.controls.len(), 1);
    assert!(both.has_counted(&scanned("2026-03-11T07:02:00Z", "111122223333")));
    assert!(!both.has_counted(&scanned("2026-03-11T07:01:00Z", "111122223333")));
    assert!(!both.has_counted(&scanned("2026-03-11T07:02:00Z", "444455556666")));
    group.counted_from = Some("2026-03-11T07:02:30Z".parse().unwrap());
    assert!(merged(&[group, read("bucket")]).controls.is_empty());
}

#[test]
fn the_baseline_is_cut_to_what_every_place_holds() {
    let at = |text: &str| Some(text.parse().unwrap());
    let one = Got {
        covered_from: at("2026-03-06T00:00:00Z"),
        ..read("a")
    };
    let two = Got {
        covered_from: at("2026-03-09T10:00:30Z"),
        ..read("b")
    };
    let harvest = merged(&[one, two, read("c")]);
    let baseline = harvest.baseline.unwrap();
    assert_eq!(Some(baseline.from), at("2026-03-09T10:01:00Z"));
    assert_eq!(baseline.to, case().window.from);
    assert_eq!(merged(&[read("c")]).baseline, None);
    assert!(harvest.missing.iter().any(|what| what.contains("baseline")));
}

#[test]
fn what_the_server_counted_is_in_the_ledger() {
    let row = |calls: u32| ControlRow {
        minute: 29_000_000,
        account: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        event_source: "sts.amazonaws.com".to_owned(),
        calls,
        errors: 1,
        faults: 0,
    };
    let harvest = Harvest {
        controls: summed(vec![row(3), row(4)]),
        controls_outside: 2,
        records: Some(PathBuf::from("stage/records")),
        ..Harvest::default()
    };
    assert_eq!(
        harvest.controls,
        [ControlRow {
            errors: 2,
            ..row(7)
        }]
    );
    let mut entry = scanned();
    harvest.amend(&mut entry);
    assert!(entry.tally.balances(), "{:?}", entry.tally);
    assert_eq!((entry.tally.read, entry.tally.skipped), (9, 7));
    assert!(entry.by_scope.values().all(Tally::balances));
    assert_eq!(entry.outcome, Outcome::Complete);
}
