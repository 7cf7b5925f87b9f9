//! Whole messages and cut ones, records made again from fields, and controls by the minute.

use super::*;

fn row(fields: &[(&str, &str)]) -> Row {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn a_message_is_whole_or_said_to_be_cut() {
    let whole = row(&[("@message", r#"{"eventID":"a"}"#), ("@ptr", "p")]);
    assert_eq!(message(&whole), Message::Whole(r#"{"eventID":"a"}"#));
    let cut = row(&[("@message", r#"{"eventID":"a"#), ("@ptr", "p")]);
    assert_eq!(message(&cut), Message::Cut(Some("p")));
    assert_eq!(message(&row(&[("@message", "1")])), Message::Cut(None));
    assert_eq!(message(&row(&[])), Message::Cut(None));
}

#[test]
fn fields_make_the_record_again() {
    let made = record(&row(&[
        ("eventTime", "2026-03-11T07:02:43Z"),
        ("eventSource", "ecr.amazonaws.com"),
        ("eventName", "BatchGetImage"),
        ("eventID", "e-1"),
        ("readOnly", "1"),
        ("userIdentity.type", "AssumedRole"),
        ("userIdentity.sessionContext.sessionIssuer.arn", "arn:role"),
        ("resources.0.ARN", "arn:repo"),
        ("resources.0.accountId", "111122223333"),
        ("requestParameters.repositoryName", "team/\"app\""),
        ("errorCode", ""),
        ("@ptr", "p"),
    ]))
    .unwrap();
    let value: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(value["readOnly"], true);
    assert_eq!(
        value["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"],
        "arn:role"
    );
    assert_eq!(value["resources"][0]["ARN"], "arn:repo");
    assert_eq!(value["requestParameters"]["repositoryName"], "team/\"app\"");
    assert!(value.get("errorCode").is_none() && value.get("@ptr").is_none());
    assert_eq!(record(&row(&[("eventTime", "x"), ("eventID", "y")])), None);
}

#[test]
fn slots_are_read_and_nothing_is_guessed() {
    let read = slots(&[
        row(&[("slot", "2026-03-11 07:05:00.000"), ("rows", "7")]),
        row(&[("slot", "2026-03-11 07:00:00.000"), ("rows", "1.2E7")]),
    ])
    .unwrap();
    assert_eq!(read[0].rows, 12_000_000);
    assert_eq!(read[1].from_ms - read[0].from_ms, 300_000);
    assert_eq!(slots(&[row(&[("slot", "soon"), ("rows", "1")])]), None);
    assert_eq!(slots(&[row(&[("rows", "1")])]), None);
}

#[test]
fn controls_are_added_up_by_the_minute_of_the_call() {
    let whole = Interval::new(
        "2026-03-11T07:00:00Z".parse().unwrap(),
        "2026-03-11T08:00:00Z".parse().unwrap(),
    );
    let cell = |minute: &str, code: &str, calls: &str| {
        row(&[
            ("minute", minute),
            ("recipientAccountId", "111122223333"),
            ("awsRegion", "us-east-1"),
            ("eventSource", "sts.amazonaws.com"),
            ("errorCode", code),
            ("calls", calls),
        ])
    };
    let mut controls = Controls::default();
    controls.add(
        &[
            cell("2026-03-11T07:02", "", "10"),
            cell("2026-03-11T07:02", "ThrottlingException", "3"),
            cell("2026-03-11T06:59", "", "5"),
            row(&[("calls", "x")]),
        ],
        &whole,
    );
    controls.add(&[cell("2026-03-11T07:02", "AccessDenied", "2")], &whole);
    let rows = controls.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].calls, rows[0].errors, rows[0].faults), (15, 5, 3));
    assert_eq!(
        (controls.read, controls.out_of_window, controls.unread),
        (20, 5, 1)
    );
}
