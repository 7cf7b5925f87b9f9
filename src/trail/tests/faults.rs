//! Broken, odd and hostile files: what is kept, what is said, and that nothing panics.

use super::*;
use proptest::prelude::*;

fn pulls(range: std::ops::Range<u32>) -> Vec<Value> {
    range.map(pull).collect()
}

#[test]
fn every_wrapping_is_read() {
    let records = pulls(0..3);
    let texts: Vec<String> = records.iter().map(Value::to_string).collect();
    let lookup: Vec<Value> = texts
        .iter()
        .map(|text| json!({"EventId": "e", "EventTime": "2026-03-11T09:00:00+02:00", "CloudTrailEvent": text}))
        .collect();
    let bridge: Vec<Value> = records
        .iter()
        .map(|record| json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.ecr", "detail": record}))
        .collect();
    let logs: Vec<Value> = texts
        .iter()
        .map(|text| json!({"timestamp": 1, "message": text, "eventId": "9"}))
        .collect();
    let lines = |list: &[Value]| {
        list.iter()
            .map(|one| format!("{one}\n"))
            .collect::<String>()
    };
    let utf16: Vec<u8> = [0xfeffu16]
        .into_iter()
        .chain(file_of(&records).encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let wrappings: Vec<(&str, Vec<u8>)> = vec![
        ("records", file_of(&records).into()),
        (
            "pretty",
            serde_json::to_vec_pretty(&json!({"Records": records})).unwrap(),
        ),
        ("gzip", gzip(file_of(&records))),
        (
            "members",
            [gzip(lines(&records[..1])), gzip(lines(&records[1..]))].concat(),
        ),
        ("list", Value::from(records.clone()).to_string().into()),
        ("lines", lines(&records).into()),
        ("joined", texts.concat().into()),
        (
            "lookup",
            json!({"Events": lookup, "NextToken": "t"})
                .to_string()
                .into(),
        ),
        (
            "lookup pages",
            json!([{"Events": lookup[..1]}, {"Events": lookup[1..]}])
                .to_string()
                .into(),
        ),
        (
            "bridge list",
            Value::from(bridge.clone()).to_string().into(),
        ),
        ("bridge lines", lines(&bridge).into()),
        (
            "log events",
            json!({"events": logs, "searchedLogStreams": []})
                .to_string()
                .into(),
        ),
        (
            "log export",
            texts
                .iter()
                .map(|text| format!("2026-03-11T07:02:43.123Z {text}\n"))
                .collect::<String>()
                .into(),
        ),
        ("utf-16", utf16),
        ("mark", format!("\u{feff}{}", file_of(&records)).into()),
    ];
    let expected = scan_text(file_of(&records)).calls;
    assert_eq!(expected.len(), 3);
    for (name, content) in wrappings {
        let scan = scan_text(content);
        assert_eq!(scan.calls, expected, "{name}");
        assert_eq!(scan.entry().outcome, Outcome::Complete, "{name}");
        assert_eq!(
            (scan.entry().tally.read, scan.entry().tally.used),
            (3, 3),
            "{name}"
        );
        assert!(
            scan.entry().refusals.is_empty(),
            "{name}: {:?}",
            scan.entry().refusals
        );
    }
}

#[test]
fn one_record_alone_is_read() {
    let record = pull(1);
    for text in [record.to_string(), json!({"detail": record}).to_string()] {
        assert_eq!(event_ids(&scan_text(text)), ["event-1"]);
    }
}

#[test]
fn empty_lists_are_complete_and_empty() {
    for text in [r#"{"Records":[]}"#, "[]", r#"{"Events": []}"#] {
        let scan = scan_text(text);
        assert_eq!(scan.entry().outcome, Outcome::Complete, "{text}");
        assert_eq!((scan.entry().tally.read, scan.entry().files_read), (0, 1));
    }
}

#[test]
fn a_truncated_gzip_keeps_its_whole_records() {
    let mut bytes = gzip(file_of(&pulls(0..3_000)));
    bytes.truncate(bytes.len() / 2);
    let scan = scan_text(&bytes);
    let (input, why, partly_used) = refusal(&scan);
    assert_eq!(input, "trail.json");
    assert!(
        why.contains(&format!("byte {}", bytes.len())) && partly_used,
        "{why}"
    );
    assert!(is_partial(&scan));
    assert!(
        (500..3_000).contains(&scan.calls.len()),
        "{}",
        scan.calls.len()
    );
    assert_eq!(skipped(&scan, "unreadable"), 0);
}

#[test]
fn truncated_text_keeps_its_whole_records() {
    let mut text = file_of(&pulls(0..10));
    text.truncate(text.len() / 2);
    let scan = scan_text(&text);
    assert_eq!(scan.calls.len(), 4);
    let (_, why, partly_used) = refusal(&scan);
    assert!(why.contains("cut off") && partly_used, "{why}");
    assert!(is_partial(&scan));
}

#[test]
fn trailing_garbage_is_a_warning() {
    let bytes = [gzip(file_of(&pulls(0..2))), b"<html>oops".to_vec()].concat();
    let scan = scan_text(bytes);
    let (_, why, partly_used) = refusal(&scan);
    assert!(
        why.starts_with("10 bytes after the end") && partly_used,
        "{why}"
    );
    assert_eq!(
        (scan.calls.len(), &scan.entry().outcome),
        (2, &Outcome::Complete)
    );
}

#[test]
fn a_bomb_is_stopped_and_the_other_files_are_read() {
    let folder = Folder::new();
    let mut bomb = br#"{"Records":["#.to_vec();
    bomb.resize(96 << 20, b' ');
    folder.put("bomb.json.gz", gzip(bomb));
    folder.put("good.json.gz", gzip(file_of(&pulls(0..2))));
    let scan = folder.scan();
    let (input, why, partly_used) = refusal(&scan);
    assert_eq!((input, partly_used), ("bomb.json.gz", false));
    assert!(why.contains("no log unfolds"), "{why}");
    assert_eq!(why.matches("reading stopped").count(), 1, "{why}");
    assert_eq!(scan.calls.len(), 2);
    assert!(is_partial(&scan));
}

#[test]
fn a_broken_record_costs_itself_only() {
    let good: Vec<String> = pulls(0..5).iter().map(Value::to_string).collect();
    for broken in [
        r#"{"eventVersion":"1.08","eventName":"x}"#,
        r#"{"eventVersion":"1.08","eventName":}"#,
        "{\"eventVersion\":\"1.08\",\"eventName\":\"a\0b\"}",
        r#"{"eventVersion":1.0.8}"#,
    ] {
        let text = format!(
            r#"{{"Records":[{},{broken},{}]}}"#,
            good[..2].join(","),
            good[2..].join(",")
        );
        let scan = scan_text(&text);
        assert_eq!(scan.calls.len(), 5, "{broken}");
        assert_eq!(
            (scan.entry().tally.read, skipped(&scan, "unreadable")),
            (6, 1)
        );
        let (_, why, partly_used) = refusal(&scan);
        let offset = format!("first at byte {} ", text.find(broken).unwrap());
        assert!(why.contains(&offset) && partly_used, "{why}");
        assert!(is_partial(&scan));
    }
}

#[test]
fn text_that_is_no_unicode_is_replaced() {
    let mut record = pull(1).to_string().into_bytes();
    let at = record
        .windows(9)
        .position(|part| part == b"userAgent")
        .unwrap()
        + 12;
    record[at] = 0xff;
    let surrogate = pull(2)
        .to_string()
        .replace("ecr.amazonaws.com\",\"userId", "\\ud800\",\"userId");
    assert!(surrogate.contains("\\ud800"));
    let scan = scan_text([&record[..], b"\n", surrogate.as_bytes()].concat());
    assert_eq!(event_ids(&scan), ["event-1", "event-2"]);
    assert!(
        scan.calls
            .iter()
            .all(|call| call.user_agent.starts_with('\u{fffd}'))
    );
    let (_, why, partly_used) = refusal(&scan);
    assert!(why.starts_with("2 records hold") && partly_used, "{why}");
    assert_eq!(scan.entry().outcome, Outcome::Complete);
}

#[test]
fn types_may_drift() {
    let drifts = [
        json!({"requestParameters": null}),
        json!({"requestParameters": "text"}),
        json!({"requestParameters": ["x", 1]}),
        json!({"requestParameters": {"repositoryName": {"a": 1}, "registryId": 5}}),
        json!({"userIdentity": null, "resources": {}}),
        json!({"userIdentity": "x", "resources": [1, "a"], "addendum": 3}),
        json!({"readOnly": "true", "eventVersion": 1.08, "recipientAccountId": 111122223333u64}),
        json!({"errorCode": null, "errorMessage": 5, "eventType": null}),
        json!({"errorCode": ""}),
        json!({"new": {"key": [{}]}}),
    ];
    for (n, drift) in drifts.into_iter().enumerate() {
        let scan = scan_text(with(pull(1), drift).to_string());
        assert_eq!(event_ids(&scan), ["event-1"], "{n}");
        assert_eq!(scan.calls[0].error_code, "", "{n}");
        assert_eq!(scan.entry().outcome, Outcome::Complete, "{n}");
    }
    let text = with(
        pull(1),
        json!({"requestParameters": "{\"repositoryName\":\"a/b\"}"}),
    );
    assert_eq!(scan_text(text.to_string()).calls[0].repository, "a/b");
}

#[test]
fn deep_nesting_overflows_nothing() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let ignored = pull(1).to_string().replacen("null", &deep, 1);
    let identity = format!(
        r#"{{"eventSource":"ecr.amazonaws.com","eventName":"x","eventTime":"2026-03-11T00:00:00Z","userIdentity":{deep},"requestParameters":{deep},"eventID":{deep}}}"#
    );
    let objects = pull(2).to_string().replacen(
        "null",
        &format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000)),
        1,
    );
    let scan = scan_text([ignored, identity, objects].join("\n"));
    assert_eq!(scan.calls.len(), 3);
    let bare = scan_text("[".repeat(5_000));
    assert!(is_unavailable(&bare), "{:?}", bare.entry);
}

#[test]
fn what_is_no_trail_is_refused_with_its_reason() {
    let cases: [(&[u8], &str); 9] = [
        (
            b"**To look up events**\n {\"Events\": []}",
            "not JSON: it begins with \"**To look up events**",
        ),
        (b"PK\x03\x04zip", "zip"),
        (br#"{"digestStartTime":"x","logFiles":[]}"#, "digest"),
        (br#"{"MetricDataResults":[{"Id":"m1"}]}"#, "--metrics"),
        (
            br#"{"events":[{"arn":"a","eventTypeCode":"AWS_ECR_X"}]}"#,
            "--health",
        ),
        (br#"{"Quotas":[]}"#, "--quotas"),
        (br#"{"a":1,"<b>":2}"#, "keys: <b>, a"),
        (b"[1,2,3]", "not readable"),
        (b"   \n ", "no text"),
    ];
    for (content, word) in cases {
        let scan = scan_text(content);
        let (input, why, partly_used) = refusal(&scan);
        assert_eq!((input, partly_used), ("trail.json", false));
        assert!(why.contains(word), "{why}");
        assert!(is_unavailable(&scan), "{:?}", scan.entry().outcome);
        assert_eq!(scan.entry().files_read, 0);
    }
}

#[test]
fn strange_objects_among_records_are_counted() {
    let text = json!([pull(1), {"level": "INFO"}, {"eventName": "x"}]).to_string();
    let scan = scan_text(text);
    assert_eq!(skipped(&scan, "not_cloudtrail"), 2);
    assert_eq!(scan.entry().tally.read, 3);
    assert!(
        refusal(&scan)
            .1
            .starts_with("2 objects are no CloudTrail records")
    );
}

#[test]
fn insight_files_are_refused_and_counted() {
    let insight = with(
        pull(1),
        json!({"eventType": "AwsCloudTrailInsight", "eventCategory": "Insight"}),
    );
    let scan = scan_text(file_of(&[insight]));
    assert_eq!(skipped(&scan, "insight"), 1);
    assert!(refusal(&scan).1.contains("Insights"));
    assert!(is_unavailable(&scan));
}

#[test]
fn a_giant_record_is_left_out() {
    let giant = with(pull(1), json!({"responseElements": "x".repeat(17 << 20)}));
    let scan = scan_text(file_of(&[pull(0), giant, pull(2)]));
    assert_eq!(event_ids(&scan), ["event-0", "event-2"]);
    assert_eq!(
        (scan.entry().tally.read, skipped(&scan, "unreadable")),
        (3, 1)
    );
    assert!(refusal(&scan).1.contains("larger than 16 MiB"));
}

#[test]
fn hostile_text_is_kept_and_escaped_in_reasons() {
    let scan = scan_text("\u{1b}[31mred\u{202e}");
    let why = refusal(&scan).1;
    assert!(why.is_ascii() && !why.contains('\u{1b}'), "{why}");
    let agent = "\u{1b}]0;x\u{7}<script>|`".repeat(100);
    let scan = scan_text(with(pull(1), json!({"userAgent": agent})).to_string());
    assert!(agent.starts_with(&scan.calls[0].user_agent));
    assert_eq!(scan.calls[0].user_agent.chars().count(), 1024);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_without_panic(noise in prop::collection::vec(any::<u8>(), 1..200), is_gzip in any::<bool>()) {
        scan_text(if is_gzip { gzip(&noise) } else { noise });
    }

    #[test]
    fn a_flipped_byte_costs_little(at in 0.0..1.0f64, byte in any::<u8>(), is_gzip in any::<bool>()) {
        let text = file_of(&pulls(0..6)).into_bytes();
        let mut bytes = if is_gzip { gzip(&text) } else { text };
        let at = (bytes.len() as f64 * at) as usize;
        bytes[at] = byte;
        let scan = scan_text(&bytes);
        if !is_gzip && at > 12 {
            // A record, and its neighbour when the bracket between them goes.
            prop_assert!(scan.calls.len() >= 4, "{:?}", scan.entry());
        }
    }
}
