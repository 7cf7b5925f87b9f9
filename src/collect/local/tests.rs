use super::*;
use crate::case::{Interval, Scope, instant};
use chrono::DateTime;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;
use tempfile::TempDir;

const METRICS: &str = r#"{"MetricDataResults":[{"Id":"m3","Label":"Avg Total IOPS",
    "Timestamps":["2024-09-29T22:10:00+00:00"],"Values":[96.85],"StatusCode":"Complete"}],
    "Messages":[]}"#;
const EVENTS: &str = r#"{"events":[{
    "arn":"arn:aws:health:us-west-1::event/ECS/AWS_ECS_OPERATIONAL_ISSUE/AWS_ECS_OPERATIONAL_ISSUE_KWQPY_EXAMPLE111",
    "service":"ECS","eventTypeCode":"AWS_ECS_OPERATIONAL_ISSUE","eventTypeCategory":"issue",
    "region":"us-west-1","startTime":1589077890.53,"endTime":1589086345.597,
    "lastUpdatedTime":1589086345.905,"statusCode":"closed","eventScopeCode":"PUBLIC"}]}"#;
const DETAILS: &str = r#"{"successfulSet":[{"event":{
    "arn":"arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_VKTXI_EXAMPLE111",
    "service":"EC2","startTime":1587462325.096},"eventDescription":{"latestDescription":"x"}}],
    "failedSet":[{"eventArn":"arn:aws:health:us-east-1::event/EC2/A/B","errorName":"InvalidArn",
    "errorMessage":"not found"}]}"#;
const BRIDGE: &str = r#"{"source":"aws.health","detail-type":"AWS Health Event","detail":{
    "eventArn":"arn:aws:health:us-east-1::event/ECR/A/B","affectedAccount":"111122223333"}}"#;
const FEED: &str = r#"[{"date":"1785519198",
    "arn":"arn:aws:health:ap-south-1::event/DIRECTCONNECT/A/B","status":"0",
    "service":"directconnect-ap-south-1","summary":"[RESOLVED] Paketverlust – é",
    "event_log":[],"end_time":"1785524075"}]"#;
const QUOTAS: &str = r#"{"Quotas":[{"ServiceCode":"ecr","QuotaCode":"L-16E70933","Value":3000.0,
    "QuotaArn":"arn:aws:servicequotas:us-east-1:111122223333:ecr/L-16E70933"},
    {"QuotaCode":"L-1"}]}"#;

fn case() -> Case {
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    Case {
        window: Interval::new(at("2024-09-29T22:00:00Z"), at("2024-09-29T23:00:00Z")),
        baseline: Interval::new(at("2024-09-28T22:00:00Z"), at("2024-09-29T22:00:00Z")),
        scope: Scope::everything(),
        now: instant(1_800_000_000),
    }
}

/// Reads files given as (flag, name, bytes).
fn read_files(files: &[(Noun, &str, &[u8])]) -> LocalEvidence {
    let folder = TempDir::new().unwrap();
    let mut inputs = LocalInputs::default();
    for (flag, name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        match flag {
            Noun::Metrics => inputs.metrics.push(path),
            Noun::Quotas => inputs.quotas.push(path),
            _ => inputs.health.push(path),
        }
    }
    let evidence = read(&inputs, &case());
    for entry in &evidence.entries {
        assert!(entry.tally.balances(), "{:?}", entry.tally);
        let mut sum = Tally::default();
        for part in entry.by_scope.values() {
            sum.add(part);
        }
        assert_eq!(sum, entry.tally);
    }
    evidence
}

fn entry(evidence: &LocalEvidence, noun: Noun) -> &SourceEntry {
    evidence
        .entries
        .iter()
        .find(|entry| entry.noun == noun)
        .unwrap_or_else(|| panic!("no {} entry", noun.word()))
}

fn shapes(evidence: &LocalEvidence) -> Vec<Shape> {
    evidence
        .answers
        .values()
        .flatten()
        .map(|answer| answer.shape)
        .collect()
}

/// Why the only file was refused.
fn refused(flag: Noun, bytes: &[u8]) -> String {
    let evidence = read_files(&[(flag, "in", bytes)]);
    assert!(evidence.answers.is_empty(), "{:?}", evidence.answers);
    let entry = entry(&evidence, flag);
    assert!(matches!(entry.outcome, Outcome::Unavailable { .. }));
    assert_eq!(entry.refusals.len(), 1);
    assert!(!entry.refusals[0].partly_used);
    entry.refusals[0].why.clone()
}

#[test]
fn every_shape_is_told_by_its_content() {
    let quota = r#"{"Quota":{"QuotaCode":"L-1","Value":5}}"#;
    let queries = r#"[{"Id":"m1","MetricStat":{"Metric":{}}},{"Id":"e1","Expression":"m1"}]"#;
    let wrapped = r#"{"MetricDataQueries":[{"Id":"m1"}]}"#;
    let history = r#"{"ecr-us-east-1":[{"event_log":[]}],"s3-us-east-1":[]}"#;
    let api_like = r#"[{"typeCode":"A","metadata":{"EVENT_LOG":"[]"},"service":"ECR"}]"#;
    for (text, expected) in [
        (METRICS, Shape::GetMetricData),
        (queries, Shape::MetricDataQueries),
        (wrapped, Shape::MetricDataQueries),
        (QUOTAS, Shape::ListServiceQuotas),
        (quota, Shape::GetServiceQuota),
        (EVENTS, Shape::DescribeEvents),
        (r#"{"events":[]}"#, Shape::DescribeEvents),
        (DETAILS, Shape::DescribeEventDetails),
        (BRIDGE, Shape::EventBridgeHealth),
        (FEED, Shape::StatusFeed),
        (history, Shape::StatusFeed),
        (api_like, Shape::StatusFeed),
    ] {
        for flag in [Noun::Metrics, Noun::Quotas, Noun::Health] {
            let evidence = read_files(&[(flag, "in.json", text.as_bytes())]);
            assert_eq!(shapes(&evidence), [expected], "{text}");
            let answer = evidence.answers.values().flatten().next().unwrap();
            let verbatim: Value = serde_json::from_str(text).unwrap();
            assert_eq!(answer.answer, verbatim);
        }
    }
}

#[test]
fn lists_saved_without_their_wrapper_are_read_too() {
    for (text, key, expected) in [
        (METRICS, "MetricDataResults", Shape::GetMetricData),
        (QUOTAS, "Quotas", Shape::ListServiceQuotas),
        (EVENTS, "events", Shape::DescribeEvents),
        (DETAILS, "successfulSet", Shape::DescribeEventDetails),
    ] {
        let mut list = serde_json::from_str::<Value>(text).unwrap()[key].clone();
        list.as_array_mut().unwrap().truncate(1);
        let text = list.to_string();
        let evidence = read_files(&[(Noun::Health, "in.json", text.as_bytes())]);
        assert_eq!(shapes(&evidence), [expected]);
        assert_eq!(evidence.answers.values().flatten().count(), 1);
        assert_eq!(entry(&evidence, noun_of(expected)).tally.used, 1);
    }
}

#[test]
fn several_answers_in_one_file() {
    let lines = format!(
        "{}\n{}\n",
        BRIDGE.replace('\n', " "),
        EVENTS.replace('\n', " ")
    );
    let pretty = format!("{BRIDGE}{EVENTS}");
    let list = format!("[{BRIDGE},{EVENTS}]");
    for text in [lines, pretty, list] {
        let evidence = read_files(&[(Noun::Health, "in", text.as_bytes())]);
        assert_eq!(
            shapes(&evidence),
            [Shape::EventBridgeHealth, Shape::DescribeEvents]
        );
        let entry = entry(&evidence, Noun::Health);
        assert_eq!((entry.tally.read, entry.tally.used), (2, 2));
        assert_eq!(entry.outcome, Outcome::Complete);
        let scopes: Vec<_> = entry.by_scope.keys().map(String::as_str).collect();
        assert_eq!(scopes, ["111122223333/us-east-1", "?/us-west-1"]);
    }
}

#[test]
fn the_feed_in_every_encoding() {
    let utf16 = |unit: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        let text = if mark {
            format!("\u{feff}{FEED}")
        } else {
            FEED.to_owned()
        };
        text.encode_utf16().flat_map(unit).collect()
    };
    let mut marked = vec![0xEF, 0xBB, 0xBF];
    marked.extend(FEED.as_bytes());
    let mut newline = utf16(u16::to_le_bytes, true);
    newline.push(b'\n');
    for bytes in [
        FEED.as_bytes().to_vec(),
        marked,
        utf16(u16::to_be_bytes, true),
        utf16(u16::to_le_bytes, true),
        utf16(u16::to_be_bytes, false),
        utf16(u16::to_le_bytes, false),
        newline,
    ] {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&bytes).unwrap();
        for bytes in [packed.finish().unwrap(), bytes] {
            let evidence = read_files(&[(Noun::Health, "feed", &bytes)]);
            let answer = &evidence.answers[&Noun::Status][0];
            assert_eq!(answer.answer[0]["summary"], "[RESOLVED] Paketverlust – é");
            let entry = entry(&evidence, Noun::Status);
            assert_eq!(entry.tally.used, 1);
            assert_eq!(entry.bytes_read, bytes.len() as u64);
            assert_eq!(entry.by_scope.keys().collect::<Vec<_>>(), ["?/ap-south-1"]);
            // The flag was answered by the feed: no claim is made about Health itself.
            assert_eq!(evidence.entries.len(), 1);
        }
    }
}

#[test]
fn damaged_encodings_are_refused() {
    assert!(refused(Noun::Health, &[b'[', 0xFF, 0xFE]).contains("neither UTF-8 nor UTF-16"));
    assert!(refused(Noun::Health, &[0xFF, 0xFE, b'[', 0, b']']).contains("cut off"));
    assert!(refused(Noun::Health, &[0xFF, 0xFE, 0x00, 0xD8]).contains("damaged UTF-16"));
    assert!(refused(Noun::Health, &[0x1f, 0x8b, 8, 0]).contains("is gzip, but"));
}

#[test]
fn what_is_not_an_answer_is_refused_by_name() {
    let rst = "**To list information about an AWS Health event**\n\nOutput::\n\n    {\n";
    for (bytes, words) in [
        ("", "is empty"),
        (rst, "plain text; repeat the command with --output json"),
        (
            "<?xml version=\"1.0\"?><rss/>",
            "XML; the status RSS feed is not read",
        ),
        ("<!DOCTYPE html>", "a web page"),
        ("+----+\n|  x |", "a table"),
        ("{\"events\": [", "damaged JSON"),
        (
            "\nAn error occurred (SubscriptionRequiredException) when calling",
            "an AWS CLI error instead of an answer (SubscriptionRequiredException)",
        ),
        (
            "{\"Records\":[]}",
            "CloudTrail log records; give it with --cloudtrail",
        ),
        (
            "{\"Events\":[]}",
            "lookup-events; give it with --cloudtrail",
        ),
        (
            "[{\"eventVersion\":\"1.10\"}]",
            "a CloudTrail record; give it with --cloudtrail",
        ),
        (
            "{\"events\":[{\"message\":\"x\"}],\"searchedLogStreams\":[]}",
            "filter-log-events; give the CloudTrail records",
        ),
        ("{\"entities\":[]}", "describe-affected-entities"),
        (
            "{\"Datapoints\":[],\"Label\":\"x\"}",
            "get-metric-statistics",
        ),
        (
            "{\"__type\":\"AccessDeniedException\"}",
            "AWS error answer (AccessDeniedException)",
        ),
        ("{\"b\":1,\"a\":2}", "unknown keys (a, b)"),
        ("{}", "an empty object"),
        ("\"text\"", "holds a text"),
        ("[[1]]", "a list in a list"),
        (
            "[1,2]",
            "none of its 2 values was recognised; the first holds a number",
        ),
    ] {
        for flag in [Noun::Metrics, Noun::Quotas, Noun::Health] {
            let why = refused(flag, bytes.as_bytes());
            assert!(why.contains(words), "{bytes}: {why}");
            let guided = why.contains("; expected the JSON output of aws") || words.contains("; ");
            assert!(
                guided || why.contains("; repeat") || why.contains("; use"),
                "{why}"
            );
        }
    }
}

#[test]
fn an_empty_list_is_a_quiet_feed_only_where_a_feed_was_asked_for() {
    let evidence = read_files(&[(Noun::Health, "quiet.json", b"[]")]);
    let entry = entry(&evidence, Noun::Status);
    assert_eq!(entry.outcome, Outcome::Complete);
    assert_eq!(entry.tally, Tally::default());
    assert!(entry.asked[0].ends_with("(an empty list, read as a quiet status feed)"));
    assert!(refused(Noun::Metrics, b"[]").contains("an empty list"));
}

#[test]
fn a_file_under_the_wrong_flag_is_used_and_both_sources_say_so() {
    let evidence = read_files(&[(Noun::Metrics, "health.json", EVENTS.as_bytes())]);
    assert_eq!(shapes(&evidence), [Shape::DescribeEvents]);
    let health = entry(&evidence, Noun::Health);
    assert_eq!(health.outcome, Outcome::Complete);
    assert!(health.asked[0].ends_with("health.json (given as --metrics)"));
    match &entry(&evidence, Noun::Metrics).outcome {
        Outcome::Unavailable { why, hint } => {
            assert!(why.contains("health.json holds health"), "{why}");
            assert!(hint.contains("get-metric-data"), "{hint}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_broken_tail_costs_only_itself() {
    let text = format!("{EVENTS}\n{{\"events\": [");
    let evidence = read_files(&[(Noun::Health, "in", text.as_bytes())]);
    let entry = entry(&evidence, Noun::Health);
    assert_eq!(entry.tally.used, 1);
    assert!(entry.refusals[0].partly_used);
    assert!(
        entry.refusals[0].why.contains("stops being JSON"),
        "{:?}",
        entry.refusals
    );
    assert!(matches!(entry.outcome, Outcome::Partial { .. }));
}

#[test]
fn one_unknown_part_does_not_hide_the_rest() {
    let text = format!("[{BRIDGE},{{\"Records\":[]}}]");
    let evidence = read_files(&[(Noun::Health, "in", text.as_bytes())]);
    let entry = entry(&evidence, Noun::Health);
    assert_eq!(entry.tally.used, 1);
    assert!(
        entry.refusals[0].why.contains("CloudTrail log records"),
        "{:?}",
        entry.refusals
    );
    assert!(entry.refusals[0].partly_used);
}

#[test]
fn missing_files_and_folders_are_refusals() {
    let folder = TempDir::new().unwrap();
    let inputs = LocalInputs {
        metrics: vec![
            folder.path().join("absent.json"),
            folder.path().to_path_buf(),
        ],
        ..LocalInputs::default()
    };
    let evidence = read(&inputs, &case());
    let entry = entry(&evidence, Noun::Metrics);
    let whys: Vec<_> = entry.refusals.iter().map(|one| one.why.as_str()).collect();
    assert!(
        whys.iter().any(|why| why.starts_with("cannot be opened")),
        "{whys:?}"
    );
    assert!(whys.iter().any(|why| why.contains("folder")), "{whys:?}");
    assert!(matches!(entry.outcome, Outcome::Unavailable { .. }));
    assert!(read(&LocalInputs::default(), &case()).entries.is_empty());
}

#[test]
fn every_point_is_counted_once() {
    let text = r#"{"Region":"us-east-1","AccountId":"111122223333","MetricDataResults":[
        {"Id":"m1","Label":"x","StatusCode":"Complete",
        "Timestamps":["2024-09-29T22:10:00Z","2024-09-29T22:11:00Z","2024-09-01T00:00:00Z",
            "2023-02-29T00:00:00Z","2024-09-29T22:12:00Z","2024-09-29T22:13:00Z",
            "2024-09-29T22:14:00Z"],
        "Values":[1,2,3,4,NaN,-Infinity]}]}"#;
    let evidence = read_files(&[
        (Noun::Metrics, "a.json", text.as_bytes()),
        (Noun::Metrics, "b.json", text.as_bytes()),
    ]);
    let entry = entry(&evidence, Noun::Metrics);
    let by_scope: Vec<_> = entry.by_scope.keys().map(String::as_str).collect();
    assert_eq!(by_scope, ["111122223333/us-east-1"]);
    assert_eq!(
        (
            entry.tally.read,
            entry.tally.used,
            entry.tally.duplicate,
            entry.tally.out_of_window
        ),
        (14, 2, 2, 2)
    );
    let skipped: Vec<_> = entry
        .tally
        .skipped_by
        .iter()
        .map(|(why, count)| (why.as_str(), *count))
        .collect();
    assert_eq!(
        skipped,
        [("not_finite", 4), ("unpaired", 2), ("unreadable_time", 2)]
    );
    assert_eq!(
        (entry.files_read, entry.outcome.clone()),
        (2, Outcome::Complete)
    );
}

#[test]
fn quotas_and_events_are_counted() {
    let evidence = read_files(&[
        (Noun::Quotas, "q.json", QUOTAS.as_bytes()),
        (Noun::Health, "d.json", DETAILS.as_bytes()),
    ]);
    let quotas = entry(&evidence, Noun::Quotas);
    assert_eq!((quotas.tally.read, quotas.tally.used), (2, 1));
    assert_eq!(quotas.tally.skipped_by["no_value"], 1);
    assert_eq!(quotas.by_scope["111122223333/us-east-1"].used, 1);
    let health = entry(&evidence, Noun::Health);
    assert_eq!((health.tally.read, health.tally.used), (2, 1));
    assert_eq!(health.tally.skipped_by["failed_set"], 1);
    assert!(
        health.refusals[0].why.contains("InvalidArn not found"),
        "{:?}",
        health.refusals
    );
    assert!(matches!(health.outcome, Outcome::Partial { .. }));
}

#[test]
fn what_an_answer_says_is_missing_makes_it_partial() {
    let why = |answers: &[Value]| {
        let files: Vec<Vec<u8>> = answers.iter().map(|a| a.to_string().into_bytes()).collect();
        let named: Vec<(Noun, String, &[u8])> = files
            .iter()
            .enumerate()
            .map(|(index, bytes)| (Noun::Metrics, format!("{index}.json"), bytes.as_slice()))
            .collect();
        let borrowed: Vec<(Noun, &str, &[u8])> = named
            .iter()
            .map(|(noun, name, bytes)| (*noun, name.as_str(), *bytes))
            .collect();
        match &entry(&read_files(&borrowed), Noun::Metrics).outcome {
            Outcome::Partial { why } => why.clone(),
            Outcome::Complete => "complete".to_owned(),
            Outcome::Unavailable { .. } => "unavailable".to_owned(),
        }
    };
    let page = |minute: &str, state: &str| {
        json!({"MetricDataResults": [{"Id": "m1", "Label": "x", "StatusCode": state,
            "Timestamps": [format!("2024-09-29T22:{minute}:00Z")], "Values": [1]}]})
    };
    let mut first = page("10", "PartialData");
    first["NextToken"] = json!("more");
    assert!(why(&[first.clone()]).contains("NextToken"));
    assert_eq!(why(&[first.clone(), page("11", "Complete")]), "complete");
    assert_eq!(why(&[page("11", "Complete"), first]), "complete");
    assert!(why(&[page("11", "Forbidden")]).contains("Forbidden for 1 series"));
    assert!(why(&[page("11", "PartialData")]).contains("PartialData"));
    assert!(why(&[json!({"MetricDataResults": []})]).contains("no series has a point"));
    assert!(why(&[json!({"MetricDataQueries": [{"Id": "m1"}]})]).contains("no points"));
    let mut told = page("11", "Complete");
    told["Messages"] = json!([{"Code": "MaxMetricsExceeded", "Value": "too many"}]);
    assert!(why(&[told]).contains("MaxMetricsExceeded too many"));
}

#[test]
fn an_open_event_from_before_the_window_is_used() {
    let text = r#"{"events":[{"arn":"arn:aws:health:us-east-1::event/S3/A/B","startTime":1}]}"#;
    let evidence = read_files(&[(Noun::Health, "e.json", text.as_bytes())]);
    assert_eq!(entry(&evidence, Noun::Health).tally.used, 1);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(text) = open::decode(&bytes) {
            let found = recognise::answers(&text, Noun::Health);
            prop_assert!(found.unread.is_some() || !found.answers.is_empty());
        }
    }

    #[test]
    fn any_json_is_recognised_or_refused(
        keys in prop::collection::vec(prop::sample::select(vec![
            "MetricDataResults", "Quotas", "Quota", "events", "successfulSet", "failedSet",
            "event_log", "arn", "source", "detail", "Id", "Values", "Timestamps", "NextToken",
        ]), 1..6),
        pick in prop::collection::vec(0usize..8, 6),
    ) {
        let values = [json!(null), json!([]), json!({}), json!("x"), json!([{}]), json!([1]),
            json!({"arn": 1}), json!([{"arn": "a"}])];
        let map: serde_json::Map<String, Value> = keys.iter().zip(&pick)
            .map(|(key, at)| ((*key).to_owned(), values[*at].clone())).collect();
        let text = Value::Object(map).to_string();
        let found = recognise::answers(&text, Noun::Metrics);
        for (shape, answer) in found.answers {
            let raw = RawAnswer { input: "x".to_owned(), shape, answer };
            let counted = count::records(noun_of(shape), &[raw], case().whole());
            for tally in counted.by_scope.values() {
                prop_assert!(tally.balances());
            }
        }
    }

    #[test]
    fn utf16_in_either_order_reads_back(text in "[\\[{].{0,60}") {
        let le: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        prop_assert_eq!(open::decode(&le), Ok(text.clone()));
        prop_assert_eq!(open::decode(&be), Ok(text));
    }
}
