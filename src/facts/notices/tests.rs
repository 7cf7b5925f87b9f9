use super::*;
use crate::bundle::raw::Shape;
use crate::case::rfc3339;
use proptest::prelude::*;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:health:us-east-1::event/ECR/AWS_ECR_OPERATIONAL_ISSUE/AWS_ECR_OPERATIONAL_ISSUE_AAAAA_1";

fn with(answers: &[(Shape, Value)]) -> Vec<(RawAnswer, String)> {
    answers
        .iter()
        .enumerate()
        .map(|(index, (shape, answer))| {
            let raw = RawAnswer {
                input: format!("{index}.json"),
                shape: *shape,
                answer: answer.clone(),
            };
            (raw, format!("E{}", index + 1))
        })
        .collect()
}

fn only(answers: &[(Shape, Value)]) -> Notice {
    let all = notices(&with(answers));
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

fn shown(at: Option<Instant>) -> String {
    at.map(rfc3339).unwrap_or_default()
}

fn listed(status: &str, updated: i64) -> Value {
    let mut event = json!({
        "arn": ARN, "service": "ECR", "eventTypeCode": "AWS_ECR_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue", "region": "us-east-1", "startTime": 1_748_944_800.53,
        "lastUpdatedTime": updated, "statusCode": status, "eventScopeCode": "PUBLIC"
    });
    if status == "closed" {
        event["endTime"] = json!(1_748_952_000.0);
    }
    event
}

fn bridged(updated: &str, words: &str) -> Value {
    json!({
        "version": "0", "source": "aws.health", "detail-type": "AWS Health Event",
        "account": "111122223333", "time": "2025-06-03T11:00:00Z", "region": "us-west-2",
        "detail": {
            "eventArn": ARN, "service": "ECR", "eventTypeCode": "AWS_ECR_OPERATIONAL_ISSUE",
            "eventTypeCategory": "issue", "eventScopeCode": "PUBLIC", "eventRegion": "us-east-1",
            "startTime": "Tue, 3 Jun 2025 10:00:00 GMT", "lastUpdatedTime": updated,
            "statusCode": "open", "backupEvent": "true", "page": "1", "totalPages": "1",
            "eventDescription": [
                {"language": "de_DE", "latestDescription": "Auf Deutsch"},
                {"language": "en_US", "latestDescription": words}
            ]
        }
    })
}

fn fed(arn: &str) -> Value {
    json!({
        "date": "1748946600", "arn": arn, "region_name": "N. Virginia", "status": "3",
        "service": "multipleservices-us-east-1", "service_name": "Multiple services",
        "summary": "Increased Error Rates", "end_time": null,
        "event_log": [
            {"summary": "Increased Error Rates", "status": 2, "timestamp": 1_748_950_200_000_i64,
             "message": "<div>Between 3:00 AM and 3:40 AM PDT pulls failed.</div>"},
            {"summary": "Increased Error Rates", "status": "1", "timestamp": "1748946600",
             "message": "We are investigating."}
        ],
        "impacted_services": {
            "ecr-us-east-1": {"service_name": "Amazon ECR", "current": "2", "max": "3"},
            "s3-us-west-2": {"service_name": "Amazon S3", "current": "2", "max": "3"},
            "route53": {"service_name": "Amazon Route 53", "current": "0", "max": "2"}
        },
        "impacted_service_status_changes": [
            {"service": "ecr-us-east-1", "current_status": "2", "timestamp": 1_748_950_800_000_i64}
        ]
    })
}

const MULTIPLE: &str = "arn:aws:health:us-east-1::event/MULTIPLE_SERVICES/AWS_MULTIPLE_SERVICES_OPERATIONAL_ISSUE/AWS_MULTIPLE_SERVICES_OPERATIONAL_ISSUE_B_2";

#[test]
fn list_and_details_meet_by_arn() {
    let details = json!({"successfulSet": [{
        "event": listed("closed", 1_748_952_060),
        "eventDescription": {"latestDescription":
            "[RESOLVED] Errors\n\n[4:30 AM PDT] Between 3:05 AM and 4:10 AM PDT pulls failed."}
    }], "failedSet": []});
    let list = json!({"events": [listed("closed", 1_748_952_060)]});
    for answers in [
        [
            (Shape::DescribeEvents, list.clone()),
            (Shape::DescribeEventDetails, details.clone()),
        ],
        [
            (Shape::DescribeEventDetails, details),
            (Shape::DescribeEvents, list),
        ],
    ] {
        let notice = only(&answers);
        assert_eq!(notice.noun, Noun::Health);
        assert_eq!(
            (notice.service.as_str(), notice.relation),
            ("ECR", Relation::Same)
        );
        assert_eq!(notice.status, "closed");
        assert_eq!(notice.scope, "PUBLIC");
        assert_eq!(shown(notice.start), "2025-06-03T10:00:00Z");
        assert_eq!(
            notice.impact.map(|impact| impact.to_string()).as_deref(),
            Some("[2025-06-03T10:05:00Z, 2025-06-03T11:10:00Z)")
        );
        assert_eq!(notice.read_from, ReadFrom::Text);
        assert!(notice.text.starts_with("[RESOLVED]"));
        let details_at = answers
            .iter()
            .position(|(shape, _)| *shape == Shape::DescribeEventDetails);
        assert_eq!(notice.evidence, format!("E{}", details_at.unwrap() + 1));
    }
}

#[test]
fn of_several_updates_the_latest_speaks() {
    let early = bridged("Tue, 3 Jun 2025 10:30:00 GMT", "We are investigating.");
    let late = bridged("Tue, 3 Jun 2025 11:30:00 GMT", "We see recovery.");
    for pair in [[early.clone(), late.clone()], [late, early]] {
        let notice = only(&pair.map(|one| (Shape::EventBridgeHealth, one)));
        assert_eq!(notice.text, "We see recovery.");
        assert_eq!(shown(notice.updated), "2025-06-03T11:30:00Z");
        assert_eq!(notice.region, "us-east-1");
        assert_eq!(notice.read_from, ReadFrom::Published);
        assert_eq!(
            notice.impact.map(|impact| impact.to_string()).as_deref(),
            Some("[2025-06-03T10:00:00Z, 2025-06-03T11:30:00Z)")
        );
    }
}

#[test]
fn malformed_dates_cost_only_themselves() {
    let mut event = bridged("Wed, 29 Feb 2023 10:30:00 GMT", "Errors.");
    event["detail"]["startTime"] = json!("2023-02-29T10:00:00Z");
    event["detail"]["endTime"] = json!({"not": "a time"});
    let notice = only(&[(Shape::EventBridgeHealth, event)]);
    assert_eq!((notice.start, notice.end), (None, None));
    assert_eq!(notice.impact, None);
    assert_eq!(notice.text, "Errors.");
}

#[test]
fn the_feed_names_impacted_services_and_its_first_post() {
    let notice = only(&[(Shape::StatusFeed, json!([fed(MULTIPLE)]))]);
    assert_eq!(notice.noun, Noun::Status);
    assert_eq!(notice.service, "MULTIPLE_SERVICES");
    assert_eq!(notice.relation, Relation::Same);
    assert_eq!(notice.impacted_services, ["ecr", "route53", "s3-us-west-2"]);
    assert_eq!(
        (notice.status.as_str(), notice.category.as_str()),
        ("open", "issue")
    );
    assert_eq!(shown(notice.posted), "2025-06-03T10:30:00Z");
    assert_eq!(shown(notice.updated), "2025-06-03T11:40:00Z");
    assert_eq!(
        notice.impact.map(|impact| impact.to_string()).as_deref(),
        Some("[2025-06-03T10:00:00Z, 2025-06-03T10:40:00Z)")
    );
    assert!(
        notice.text.starts_with("[2025-06-03 10:30Z] Increased"),
        "{}",
        notice.text
    );
    assert!(!notice.text.contains("<div>"));
}

#[test]
fn an_impacted_registry_elsewhere_is_not_this_region() {
    let mut event = fed(MULTIPLE);
    event["impacted_services"] = json!({"ecr-eu-west-1": {}, "s3-us-east-1": {}});
    let notice = only(&[(Shape::StatusFeed, json!([event]))]);
    assert_eq!(notice.relation, Relation::Multiple);
    assert_eq!(notice.impacted_services, ["ecr-eu-west-1", "s3"]);
}

#[test]
fn a_resolved_feed_event_is_closed_and_an_old_one_has_an_identity() {
    let event = json!({"date": "1748946600", "service": "ecr-us-west-2", "status": "1",
        "summary": "[RESOLVED] Errors", "end_time": "1748950000",
        "event_log": [{"message": "Starting at 3:00 AM PDT pulls failed.", "timestamp": 1_748_946_600}]});
    let notice = only(&[(Shape::StatusFeed, json!([event]))]);
    assert_eq!(notice.arn, "status:ecr-us-west-2:1748946600");
    assert_eq!(
        (notice.service.as_str(), notice.region.as_str()),
        ("ecr", "us-west-2")
    );
    assert_eq!(
        (notice.status.as_str(), notice.relation),
        ("closed", Relation::Same)
    );
    assert_eq!(
        notice.impact.map(|impact| impact.to_string()).as_deref(),
        Some("[2025-06-03T10:00:00Z, 2025-06-03T11:26:40Z)")
    );
}

#[test]
fn other_forms_of_the_feed() {
    let history = json!({"ecr-us-east-1": [fed(ARN)], "s3-us-east-1": []});
    assert_eq!(only(&[(Shape::StatusFeed, history)]).arn, ARN);
    let api_like = json!([{"arn": ARN, "service": "ECR", "region": "us-east-1",
        "typeCode": "AWS_ECR_OPERATIONAL_ISSUE", "startTime": 1_748_946_600_000_i64, "endTime": null,
        "metadata": {"EVENT_LOG":
            "[{\"summary\":\"Errors\",\"message\":\"We look.\",\"timestamp\":1748946600}]"}}]);
    let notice = only(&[(Shape::StatusFeed, api_like)]);
    assert_eq!(shown(notice.posted), "2025-06-03T10:30:00Z");
    assert_eq!(notice.text, "[2025-06-03 10:30Z] Errors\n\nWe look.");
}

#[test]
fn health_stays_and_the_feed_fills_its_gaps() {
    let list = json!({"events": [listed("closed", 1_748_952_060)]});
    let notice = only(&[
        (Shape::StatusFeed, json!([fed(ARN)])),
        (Shape::DescribeEvents, list),
    ]);
    assert_eq!(
        (notice.noun, notice.service.as_str()),
        (Noun::Health, "ECR")
    );
    assert_eq!(shown(notice.start), "2025-06-03T10:00:00Z");
    assert_eq!(shown(notice.posted), "2025-06-03T10:30:00Z");
    assert_eq!(notice.status, "closed");
    assert_eq!(notice.read_from, ReadFrom::Text);
    assert!(notice.text.contains("pulls failed"));
}

#[test]
fn the_last_word_decides_whether_it_is_over() {
    let stale = json!({"events": [listed("open", 1_748_945_000)]});
    let mut event = fed(ARN);
    event["end_time"] = json!("1748951000");
    event["summary"] = json!("[RESOLVED] Increased Error Rates");
    let notice = only(&[
        (Shape::DescribeEvents, stale),
        (Shape::StatusFeed, json!([event])),
    ]);
    assert_eq!(notice.status, "closed");
    assert_eq!(shown(notice.end), "2025-06-03T11:43:20Z");
    assert_eq!(notice.noun, Noun::Health);
}

#[test]
fn distance_to_the_registry() {
    for (service, expected) in [
        ("ECR", Relation::Same),
        ("MULTIPLE_SERVICES", Relation::Multiple),
        ("S3", Relation::Dependency),
        ("BILLING", Relation::Unrelated),
    ] {
        let list = json!({"events": [{"arn": "arn:aws:health:global::event/X/Y/Z",
            "service": service, "eventTypeCategory": "issue"}]});
        assert_eq!(
            only(&[(Shape::DescribeEvents, list)]).relation,
            expected,
            "{service}"
        );
    }
}

#[test]
fn a_planned_change_is_not_read_from_its_text() {
    let details = json!({"successfulSet": [{
        "event": {"arn": ARN, "service": "ECR", "eventTypeCategory": "scheduledChange",
            "startTime": 1_748_944_800, "endTime": 1_748_952_000, "statusCode": "upcoming"},
        "eventDescription": {"latestDescription": "From 3:05 AM to 4:10 AM PDT hosts change."}
    }]});
    let notice = only(&[(Shape::DescribeEventDetails, details)]);
    assert_eq!(notice.read_from, ReadFrom::Published);
    assert_eq!(notice.status, "upcoming");
}

#[test]
fn long_texts_keep_their_end() {
    let words = format!("{}The end.", "é".repeat(5_000));
    let event = bridged("Tue, 3 Jun 2025 10:30:00 GMT", &words);
    let text = only(&[(Shape::EventBridgeHealth, event)]).text;
    assert_eq!(text.chars().count(), 4_000);
    assert!(text.starts_with('…') && text.ends_with("The end."));
}

/// JSON with the field names of events and values of any kind.
fn any_event() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<f64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(|number| json!(number)),
        "\\PC{0,12}".prop_map(Value::String),
        Just(json!(ARN)),
        Just(json!("Tue, 3 Jun 2025 10:30:00 GMT")),
    ];
    let keys = prop::sample::select(vec![
        "arn",
        "eventArn",
        "service",
        "detail",
        "event",
        "events",
        "successfulSet",
        "event_log",
        "eventDescription",
        "latestDescription",
        "timestamp",
        "date",
        "end_time",
        "message",
        "summary",
        "impacted_services",
        "startTime",
        "endTime",
        "lastUpdatedTime",
        "statusCode",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(keys.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_survived_in_any_order(events in prop::collection::vec(any_event(), 1..5)) {
        for shape in [
            Shape::DescribeEvents,
            Shape::DescribeEventDetails,
            Shape::EventBridgeHealth,
            Shape::StatusFeed,
        ] {
            let mut answers = with(&events.iter().map(|one| (shape, one.clone())).collect::<Vec<_>>());
            let once = notices(&answers);
            answers.reverse();
            prop_assert_eq!(once, notices(&answers));
        }
    }
}

#[test]
fn the_first_post_is_the_earliest_that_any_source_tells() {
    let details = |words: &str| {
        json!({"successfulSet": [{
            "event": listed("closed", 1_748_952_060),
            "eventDescription": {"latestDescription": words}
        }], "failedSet": []})
    };
    let log = "[3:40 AM PDT] We are investigating.\n\n[4:30 AM PDT] Between 3:05 AM and 4:10 AM PDT pulls failed.";
    let told = only(&[(Shape::DescribeEventDetails, details(log))]);
    assert_eq!(shown(told.posted), "2025-06-03T10:40:00Z");
    assert!(!told.posted_at_latest);
    // A message of EventBridge was sent once the event had been posted; its time is a bound.
    let message = |time: &str| {
        let mut message = bridged("Tue, 3 Jun 2025 11:30:00 GMT", "Words without a stamp.");
        message["time"] = json!(time);
        message
    };
    let sent = only(&[
        (Shape::EventBridgeHealth, message("2025-06-03T11:31:00Z")),
        (Shape::EventBridgeHealth, message("2025-06-03T10:55:00Z")),
    ]);
    assert_eq!(shown(sent.posted), "2025-06-03T10:55:00Z");
    assert!(sent.posted_at_latest);
    let both = only(&[
        (Shape::EventBridgeHealth, message("2025-06-03T10:55:00Z")),
        (Shape::DescribeEventDetails, details(log)),
    ]);
    assert_eq!(shown(both.posted), "2025-06-03T10:40:00Z");
    assert!(!both.posted_at_latest);
    // A list entry alone tells nothing of it.
    let list = json!({"events": [listed("closed", 1_748_952_060)]});
    assert_eq!(only(&[(Shape::DescribeEvents, list)]).posted, None);
}
