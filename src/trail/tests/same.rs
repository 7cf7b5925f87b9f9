//! Each call once, whatever the order: copies, shared copies, amendments, shuffled archives.

use super::*;
use crate::trail::gather::Gather;
use crate::trail::{find, hours, outcome, read};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn counts(scan: &TrailScan) -> (u64, u64, u64, u64) {
    let tally = &scan.entry().tally;
    (tally.read, tally.used, tally.duplicate, tally.late)
}

#[test]
fn the_same_event_id_is_one_call() {
    let folder = Folder::new();
    folder.put("a.json", file_of(&[pull(1), pull(2), policy()]));
    folder.put("b.json", file_of(&[policy(), pull(2)]));
    let scan = folder.scan();
    assert_eq!((scan.calls.len(), scan.changes.len()), (3, 1));
    assert_eq!(counts(&scan), (5, 3, 2, 0));
}

fn policy() -> Value {
    with(
        pull(3),
        json!({"eventName": "SetRepositoryPolicy", "readOnly": false}),
    )
}

#[test]
fn without_an_event_id_the_request_tells_and_then_the_whole_row() {
    let request = with(pull(1), json!({"eventID": null}));
    let nothing = with(pull(2), json!({"eventID": null, "requestID": null}));
    let other = with(nothing.clone(), json!({"userAgent": "another"}));
    let scan = scan_text(file_of(&[
        request.clone(),
        with(request.clone(), json!({"userAgent": "another"})),
        with(request, json!({"eventName": "ListImages"})),
        nothing.clone(),
        nothing,
        other,
    ]));
    assert_eq!(counts(&scan), (6, 4, 2, 0));
}

#[test]
fn copies_in_several_accounts_are_one_call_of_the_caller() {
    let copy = |account: &str, id: &str| {
        with(
            pull(1),
            json!({"eventID": id, "sharedEventID": "s", "recipientAccountId": account}),
        )
    };
    let scan = scan_text(file_of(&[
        copy("000000000001", "a"),
        copy("111122223333", "b"),
        copy("999999999999", "c"),
    ]));
    assert_eq!(event_ids(&scan), ["b"]);
    assert_eq!(scan.entry().by_scope["000000000001/us-east-1"].duplicate, 1);
    let scan = scan_text(file_of(&[
        copy("999999999999", "c"),
        copy("444455556666", "d"),
    ]));
    assert_eq!(event_ids(&scan), ["d"]);
    assert_eq!(counts(&scan), (2, 1, 1, 0));
}

#[test]
fn an_amended_record_replaces_its_original() {
    let update = |id: &str, code: &str, addendum: Value| {
        with(
            pull(1),
            json!({"eventID": id, "errorCode": code, "addendum": addendum}),
        )
    };
    let amended = update(
        "later",
        "ServerException",
        json!({"reason": "UPDATED_DATA", "originalEventID": "event-1", "originalRequestID": "request-1"}),
    );
    let same_id = update(
        "event-1",
        "ServerException",
        json!({"reason": "UPDATED_DATA"}),
    );
    for second in [amended, same_id] {
        for records in [[pull(1), second.clone()], [second.clone(), pull(1)]] {
            let scan = scan_text(file_of(&records));
            assert_eq!(counts(&scan), (2, 1, 1, 0));
            assert_eq!(scan.calls[0].error_code, "ServerException");
        }
    }
    let without_ids = [
        with(pull(1), json!({"eventID": ""})),
        with(
            pull(1),
            json!({"eventID": "", "requestID": "new", "errorCode": "X", "addendum": {"reason": "UPDATED_DATA", "originalRequestID": "request-1"}}),
        ),
    ];
    let scan = scan_text(file_of(&without_ids));
    assert_eq!(
        (counts(&scan), scan.calls[0].error_code.as_str()),
        ((2, 1, 1, 0), "X")
    );
}

#[test]
fn late_records_are_used_and_counted_as_late() {
    let late = |n: u32, reason: &str| with(pull(n), json!({"addendum": {"reason": reason}}));
    let scan = scan_text(file_of(&[
        late(1, "DELIVERY_DELAY"),
        late(2, "SERVICE_OUTAGE"),
        late(3, "UPDATED_DATA"),
        pull(4),
    ]));
    assert_eq!(counts(&scan), (4, 4, 0, 2));
    assert_eq!(scan.calls[0].addendum_reason, "DELIVERY_DELAY");
}

/// Records that collide in every way the folding knows.
fn record() -> impl Strategy<Value = Value> {
    let id = prop::sample::select(vec!["", "a", "b", "c"]);
    let account = prop::sample::select(vec!["111122223333", "444455556666", ""]);
    let reason = prop::sample::select(vec!["", "UPDATED_DATA", "DELIVERY_DELAY"]);
    let source = prop::sample::select(vec!["ecr.amazonaws.com", "s3.amazonaws.com"]);
    let api = prop::sample::select(vec![
        "BatchGetImage",
        "SetRepositoryPolicy",
        "PutBucketPolicy",
    ]);
    let code = prop::sample::select(vec!["", "ServerException", "AccessDenied"]);
    let region = prop::sample::select(vec!["us-east-1", "eu-west-1"]);
    (0u32..200, (id.clone(), id.clone(), id.clone(), id), account, reason, (source, api, code, region)).prop_map(
        |(n, (event, request, shared, original), account, reason, (source, api, code, region))| {
            with(
                pull(n),
                json!({
                    "eventID": event, "requestID": request, "sharedEventID": shared, "recipientAccountId": account,
                    "addendum": {"reason": reason, "originalEventID": original}, "readOnly": false,
                    "eventSource": source, "eventName": api, "errorCode": code, "awsRegion": region,
                }),
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn files_and_order_do_not_matter(
        (records, shuffled) in prop::collection::vec(record(), 1..24)
            .prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle())),
        cut in 0usize..24,
    ) {
        let one = scan_text(file_of(&records));
        let folder = Folder::new();
        let (left, right) = shuffled.split_at(cut.min(shuffled.len()));
        folder.put("z.json.gz", gzip(file_of(left)));
        folder.put("a.json", right.iter().map(|one| format!("{one}\n")).collect::<String>() + "[]");
        let two = folder.scan();
        prop_assert_eq!(&one.calls, &two.calls);
        prop_assert_eq!(&one.changes, &two.changes);
        prop_assert_eq!(&one.controls, &two.controls);
        prop_assert_eq!(&one.entry().by_scope, &two.entry().by_scope);
        let mut ids: Vec<&str> = event_ids(&one).into_iter().filter(|id| !id.is_empty()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), all);
    }
}

/// A scan of some threads with so much room.
fn scan_within(files: &[&[Value]], room: &hours::Room) -> TrailScan {
    let request = ScanRequest::everything(Vec::new(), case(day(), Scope::everything()));
    let mut gathers: Vec<Gather> = files
        .iter()
        .map(|records| {
            let folder = Folder::new();
            let path = folder.put("a.json", file_of(records));
            let mut gather = Gather::default();
            let found = find::find(&[path], &request.case.whole(), request.lateness_s);
            for file in &found.files {
                read::read(file, &request, &mut gather);
            }
            gather
        })
        .collect();
    // Some on disk, some in memory.
    if let Some(first) = gathers.first_mut() {
        first.spill_all();
    }
    let mut by_scope = BTreeMap::new();
    for gather in &gathers {
        gather.tally(&mut by_scope);
    }
    let mut scan = TrailScan::default();
    let mut last = i64::MIN;
    let take = &mut |hour: crate::trail::HourRows| {
        assert!(
            hour.start >= last && hour.end > hour.start,
            "in order, each once"
        );
        last = hour.end;
        let inside = |second: i64| second >= hour.start && second < hour.end;
        assert!(hour.calls.lines.iter().all(|line| inside(line.event_time)));
        assert!(hour.controls.iter().all(|row| inside(row.minute * 60)));
        scan.calls.extend(hour.calls.rows());
        scan.changes.extend(hour.changes);
        scan.controls.extend(hour.controls);
        Ok(())
    };
    hours::finish(&mut gathers, &mut by_scope, room, &Ok, take).unwrap();
    scan.entry = Some(outcome::conclude(
        &request,
        (0, 0),
        Vec::new(),
        gathers,
        by_scope,
    ));
    scan
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_hour_that_is_cut_gives_the_same_answer(
        records in prop::collection::vec(record(), 2..40),
        cut in 0usize..40,
        (rows, stretch, names) in (0usize..6, 1usize..6, 1usize..9),
    ) {
        let (left, right) = records.split_at(cut.min(records.len()));
        let whole = scan_within(&[left, right], &hours::Room::USUAL);
        let room = hours::Room { rows, stretch, names };
        let cut = scan_within(&[left, right], &room);
        prop_assert_eq!(&whole.calls, &cut.calls);
        prop_assert_eq!(&whole.changes, &cut.changes);
        prop_assert_eq!(&whole.controls, &cut.controls);
        prop_assert_eq!(&whole.entry().by_scope, &cut.entry().by_scope);
        prop_assert_eq!(whole.entry(), cut.entry());
    }
}

#[test]
fn a_full_hour_comes_in_stretches_that_fit() {
    let records: Vec<Value> = (0..3_600).map(pull).collect();
    let request = ScanRequest::everything(Vec::new(), case(day(), Scope::everything()));
    let folder = Folder::new();
    let path = folder.put("a.json", file_of(&records));
    let found = find::find(&[path], &request.case.whole(), request.lateness_s);
    let mut gathers = vec![Gather::default()];
    read::read(&found.files[0], &request, &mut gathers[0]);
    let room = hours::Room {
        rows: 1_000,
        stretch: 600,
        names: 500,
    };
    let mut spans = Vec::new();
    hours::finish(
        &mut gathers,
        &mut BTreeMap::new(),
        &room,
        &|hour| Ok((hour.end - hour.start, hour.calls.lines.len())),
        &mut |span| {
            spans.push(span);
            Ok(())
        },
    )
    .unwrap();
    assert_eq!(spans, vec![(600, 600); 6]);
}
