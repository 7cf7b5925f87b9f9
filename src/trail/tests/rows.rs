//! What becomes of a record: rows, fields, control counts, reasons, and real samples.

use super::*;
use crate::bundle::rows::{CallRow, ChangeRow, ControlRow};

#[test]
fn calls_of_the_gates_own_probe_are_counted_and_left_out() {
    let agents = ["ecr-incident-probe/0.1.0", "docker/27 ecr-incident-probe/"];
    let records: Vec<Value> = agents
        .iter()
        .zip(1..)
        .map(|(agent, n)| with(pull(n), json!({"userAgent": agent})))
        .collect();
    let folder = Folder::new();
    folder.put("a.json", file_of(&records));
    let scan = folder.scan();
    assert_eq!(
        (scan.entry().tally.used, skipped(&scan, "own_probe")),
        (1, 1)
    );
    assert_eq!(event_ids(&scan), ["event-2"]);
}

#[test]
fn a_call_row_holds_what_the_record_says() {
    let record = with(
        pull(3_725),
        json!({
            "errorCode": "ThrottlingException", "errorMessage": "Rate exceeded",
            "vpcEndpointId": "vpce-0a", "sharedEventID": "shared",
            "recipientAccountId": "444455556666",
        }),
    );
    let scan = scan_text(record.to_string());
    let expected = CallRow {
        event_time: day().from.timestamp() + 3_725,
        event_id: "event-3725".into(),
        request_id: "request-3725".into(),
        recipient_account: "444455556666".into(),
        caller_account: "111122223333".into(),
        region: "us-east-1".into(),
        event_source: "ecr.amazonaws.com".into(),
        api: "BatchGetImage".into(),
        error_code: "ThrottlingException".into(),
        error_message: "Rate exceeded".into(),
        principal: "arn:aws:iam::111122223333:role/node".into(),
        session: "i-0abc".into(),
        source: "ecr.amazonaws.com".into(),
        user_agent: "ecr.amazonaws.com".into(),
        vpc_endpoint: "vpce-0a".into(),
        repository: "team/app".into(),
        registry: "111122223333".into(),
        shared_event_id: "shared".into(),
        event_type: "AwsApiCall".into(),
        addendum_reason: String::new(),
    };
    assert_eq!(scan.calls, [expected]);
    assert!(scan.changes.is_empty() && scan.controls.is_empty());
}

#[test]
fn repository_and_registry_have_three_sources_each() {
    let arn = "arn:aws:ecr:us-east-1:602401143452:repository/eks/coredns";
    let cases = [
        (json!({}), "team/app", "111122223333"),
        (
            json!({"requestParameters": null, "resources": [{"ARN": arn, "accountId": "602401143452"}]}),
            "eks/coredns",
            "602401143452",
        ),
        (
            json!({"requestParameters": null, "serviceEventDetails": {"repositoryName": "x"}}),
            "x",
            "111122223333",
        ),
        (json!({"requestParameters": null}), "", "111122223333"),
        (
            json!({"requestParameters": {"repositoryName": "a", "registryId": "9"}, "resources": [{"ARN": arn}]}),
            "a",
            "9",
        ),
    ];
    for (fields, repository, registry) in cases {
        let scan = scan_text(with(pull(1), fields.clone()).to_string());
        let call = &scan.calls[0];
        assert_eq!(
            (call.repository.as_str(), call.registry.as_str()),
            (repository, registry),
            "{fields}"
        );
    }
}

fn policy_change() -> Value {
    with(
        pull(1),
        json!({
            "eventName": "SetRepositoryPolicy", "readOnly": false,
            "requestParameters": {"repositoryName": "team/app", "policyText": "{}"},
        }),
    )
}

#[test]
fn a_write_to_the_registry_is_call_and_change_but_counts_once() {
    let scan = scan_text(policy_change().to_string());
    assert_eq!((scan.calls.len(), scan.changes.len()), (1, 1));
    assert_eq!((scan.entry().tally.read, scan.entry().tally.used), (1, 1));
    let expected = ChangeRow {
        event_time: day().from.timestamp() + 1,
        event_id: "event-1".into(),
        request_id: "request-1".into(),
        account: "111122223333".into(),
        region: "us-east-1".into(),
        event_source: "ecr.amazonaws.com".into(),
        api: "SetRepositoryPolicy".into(),
        principal: "arn:aws:iam::111122223333:role/node".into(),
        session: "i-0abc".into(),
        resource: "team/app".into(),
        error_code: String::new(),
        detail: r#"{"policyText":"{}","repositoryName":"team/app"}"#.into(),
    };
    assert_eq!(scan.changes, [expected]);
}

#[test]
fn service_events_of_lifecycle_policies_are_changes_though_read_only() {
    let event = json!({
        "eventVersion": "1.09", "userIdentity": {"accountId": "111122223333", "invokedBy": "AWS Internal"},
        "eventTime": "2026-03-11T10:00:00Z", "eventSource": "ecr.amazonaws.com", "eventName": "PolicyExecutionEvent",
        "awsRegion": "us-east-1", "requestParameters": null, "eventID": "e", "readOnly": true,
        "eventType": "AwsServiceEvent", "recipientAccountId": "111122223333",
        "serviceEventDetails": {"repositoryName": "team/app"},
    });
    let scan = scan_text(event.to_string());
    assert_eq!((scan.calls.len(), scan.changes.len()), (1, 1));
    assert_eq!(scan.calls[0].principal, "AWS Internal");
    assert_eq!(scan.changes[0].resource, "team/app");
    assert_eq!(scan.changes[0].detail, r#"{"repositoryName":"team/app"}"#);
}

#[test]
fn other_services_are_counted_by_minute_and_their_dangerous_writes_kept() {
    let of = |n: u32, source: &str, fields: Value| {
        with(with(pull(n), json!({"eventSource": source})), fields)
    };
    let s3 = "s3.amazonaws.com";
    let records = [
        of(1, s3, json!({})),
        of(2, s3, json!({"errorCode": "AccessDenied"})),
        of(3, s3, json!({"errorCode": "InternalError"})),
        of(4, s3, json!({"errorCode": "SlowDown"})),
        of(61, s3, json!({})),
        of(
            8,
            s3,
            json!({"userAgent": "aws-sdk-rust/1.3.1 os/linux app/ecr-incident"}),
        ),
        of(
            9,
            s3,
            json!({"userAgent": "[aws-sdk-rust/1.3.1 app/ecr-incident]"}),
        ),
        of(
            5,
            "iam.amazonaws.com",
            json!({"eventName": "PutRolePolicy", "readOnly": false, "requestParameters": {"roleName": "node"}}),
        ),
        of(
            6,
            "iam.amazonaws.com",
            json!({"eventName": "PutRolePolicy", "readOnly": true}),
        ),
        of(7, "iam.amazonaws.com", json!({"eventName": "GetRole"})),
    ];
    let scan = scan_text(file_of(&records));
    assert!(scan.calls.is_empty());
    assert_eq!(scan.changes.len(), 1);
    assert_eq!(scan.changes[0].resource, "node");
    let minute = day().from.timestamp() / 60;
    let row = |minute, source: &str, calls, errors, faults| ControlRow {
        minute,
        account: "111122223333".into(),
        region: "us-east-1".into(),
        event_source: source.into(),
        calls,
        errors,
        faults,
    };
    let expected = [
        row(minute, "iam.amazonaws.com", 2, 0, 0),
        row(minute, s3, 4, 3, 2),
        row(minute + 1, s3, 1, 0, 0),
    ];
    assert_eq!(scan.controls, expected);
    assert_eq!(skipped(&scan, "own_call"), 2);
    assert_eq!(
        (scan.entry().tally.used, skipped(&scan, "other_service")),
        (1, 7)
    );
}

#[test]
fn another_service_under_analysis_makes_the_registry_a_control() {
    let mut scope = Scope::everything();
    scope.event_sources = vec!["s3.amazonaws.com".to_owned()];
    let folder = Folder::new();
    let s3 = with(pull(3), json!({"eventSource": "s3.amazonaws.com"}));
    folder.put("a.json", file_of(&[pull(2), s3, policy_change()]));
    let scan = scan_for(&[folder.path()], case(day(), scope));
    assert_eq!(scan.calls[0].event_source, "s3.amazonaws.com");
    assert_eq!(
        (scan.calls.len(), scan.changes.len(), scan.controls.len()),
        (1, 1, 1)
    );
}

#[test]
fn every_reason_to_skip_is_counted_under_its_word() {
    let records = [
        with(pull(1), json!({"eventTime": "yesterday"})),
        with(pull(2), json!({"eventTime": null})),
        with(pull(3), json!({"eventVersion": "2.1"})),
        with(pull(4), json!({"eventCategory": "Insight"})),
        with(pull(5), json!({"eventName": null})),
        with(pull(6), json!({"eventTime": "2026-03-12T00:00:00Z"})),
        with(
            pull(7),
            json!({"eventTime": "2026-03-10T23:59:59Z", "eventSource": "s3.amazonaws.com"}),
        ),
        with(pull(8), json!({"eventTime": "2026-03-11 23:59:59.000"})),
    ];
    let scan = scan_text(file_of(&records));
    assert_eq!(event_ids(&scan), ["event-8"]);
    for (reason, count) in [
        ("bad_time", 2),
        ("unknown_version", 1),
        ("insight", 1),
        ("not_cloudtrail", 1),
    ] {
        assert_eq!(skipped(&scan, reason), count, "{reason}");
    }
    assert_eq!(
        (scan.entry().tally.read, scan.entry().tally.out_of_window),
        (8, 2)
    );
}

#[test]
fn the_scope_admits_accounts_and_regions_and_the_writes_that_act_everywhere() {
    let mut scope = Scope::everything();
    scope.accounts = vec!["111122223333".to_owned()];
    scope.regions = vec!["eu-west-1".to_owned()];
    let of = |n: u32, fields: Value| with(pull(n), fields);
    let iam = json!({"eventSource": "iam.amazonaws.com", "eventName": "DetachRolePolicy", "readOnly": false});
    let organization = json!({
        "eventSource": "organizations.amazonaws.com", "eventName": "AttachPolicy", "readOnly": false,
        "recipientAccountId": "999999999999",
    });
    let records = [
        of(1, json!({"awsRegion": "eu-west-1"})),
        of(2, json!({})),
        of(
            3,
            json!({"awsRegion": "eu-west-1", "recipientAccountId": "444455556666"}),
        ),
        of(4, iam.clone()),
        with(of(5, iam), json!({"recipientAccountId": "444455556666"})),
        of(6, organization),
    ];
    let folder = Folder::new();
    folder.put("a.json", file_of(&records));
    let scan = scan_for(&[folder.path()], case(day(), scope));
    assert_eq!(event_ids(&scan), ["event-1"]);
    let changes: Vec<&str> = scan
        .changes
        .iter()
        .map(|one| one.event_id.as_str())
        .collect();
    assert_eq!(changes, ["event-4", "event-6"]);
    assert_eq!(skipped(&scan, "out_of_scope"), 3);
    let places: Vec<&str> = scan.entry().by_scope.keys().map(String::as_str).collect();
    assert_eq!(
        places,
        [
            "111122223333/eu-west-1",
            "111122223333/us-east-1",
            "444455556666/eu-west-1",
            "444455556666/us-east-1",
            "999999999999/us-east-1"
        ]
    );
}

#[test]
fn nameless_records_have_a_place_in_the_ledger() {
    let text =
        r#"{"eventSource":"ecr.amazonaws.com","eventName":"x","eventTime":"2026-03-11T00:00:00Z"}"#;
    let scan = scan_text(text);
    assert_eq!(scan.entry().by_scope.keys().collect::<Vec<_>>(), ["?"]);
    assert_eq!(scan.calls[0].principal, "unknown");
}

/// Shapes as AWS documents and real exports show them, with other values.
#[test]
fn documented_shapes_are_read() {
    let token = json!([{
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROA****************:User",
            "arn": "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Admin_1b74/User", "accountId": "111111111111",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1b74"}}},
        "eventTime": "2026-03-11T07:02:43Z", "eventSource": "ecr.amazonaws.com", "eventName": "GetAuthorizationToken",
        "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.1", "requestParameters": null, "responseElements": null,
        "requestID": "r", "eventID": "e", "readOnly": true, "eventType": "AwsApiCall", "recipientAccountId": "111111111111",
        "tlsDetails": {"clientProvidedHostHeader": "api.ecr.us-east-1.amazonaws.com"},
    }]);
    let scan = scan_text(serde_json::to_string_pretty(&token).unwrap());
    let call = &scan.calls[0];
    assert_eq!(
        call.principal,
        "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1b74"
    );
    assert_eq!(
        (
            call.session.as_str(),
            call.repository.as_str(),
            call.source.as_str()
        ),
        ("User", "", "192.0.2.1")
    );
}
