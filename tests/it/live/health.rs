//! AWS Health of the loopback: events of an account and of an organisation, with their filters and
//! limits.

use super::cbor;
use super::world::{list, seconds, word};
use serde_json::{Value, json};

/// An event and its description.
pub(crate) type Event = (Value, String);

/// DescribeEvents.
pub(super) fn events(all: &[Event], ask: &Value) -> Value {
    let filter = &ask["filter"];
    let since = list(filter, "startTimes")
        .first()
        .map(|one| seconds(&one["from"]));
    json!({ "events": listed(all, filter, since) })
}

/// DescribeEventsForOrganization, whose filter has one time instead of a list.
pub(super) fn org_events(all: &[Event], ask: &Value) -> Value {
    let filter = &ask["filter"];
    let since = filter["startTime"].get("from").map(seconds);
    let mut found = listed(all, filter, since);
    for event in &mut found {
        // Events of an organisation name no zone.
        event.as_object_mut().unwrap().remove("availabilityZone");
    }
    json!({ "events": found })
}

fn listed(all: &[Event], filter: &Value, since: Option<f64>) -> Vec<Value> {
    let services = list(filter, "services");
    assert!(services.len() <= 10, "AWS refuses more than ten services");
    let open = !list(filter, "eventStatusCodes").is_empty();
    all.iter()
        .map(|(event, _)| event)
        .filter(|event| services.contains(&event["service"]))
        .filter(|event| since.is_none_or(|since| seconds(&event["startTime"]) >= since))
        .filter(|event| !open || event["statusCode"] == "open")
        .map(timed)
        .collect()
}

/// DescribeEventDetails.
pub(super) fn details(all: &[Event], ask: &Value) -> Value {
    let arns = list(ask, "eventArns");
    assert!((1..=10).contains(&arns.len()), "AWS takes one to ten ARNs");
    let found: Vec<Value> = all
        .iter()
        .filter(|(event, _)| arns.contains(&event["arn"]))
        .map(|(event, text)| described(event, text))
        .collect();
    json!({"successfulSet": found, "failedSet": []})
}

/// DescribeEventDetailsForOrganization: a public event without an account, others only with one.
pub(super) fn org_details(all: &[Event], ask: &Value) -> Value {
    let filters = list(ask, "organizationEventDetailFilters");
    assert!((1..=10).contains(&filters.len()), "AWS takes one to ten");
    let mut found = Vec::new();
    let mut failed = Vec::new();
    for filter in filters {
        let (arn, account) = (word(&filter, "eventArn"), word(&filter, "awsAccountId"));
        let event = all.iter().find(|(event, _)| event["arn"] == arn.as_str());
        let (event, text) = event.unwrap();
        let is_own = event["eventScopeCode"] == "ACCOUNT_SPECIFIC";
        if is_own == account.is_empty() {
            failed
                .push(json!({"eventArn": arn, "errorName": "InvalidAccount", "errorMessage": "m"}));
            continue;
        }
        let mut one = described(event, text);
        if is_own {
            one["awsAccountId"] = account.into();
        }
        found.push(one);
    }
    json!({"successfulSet": found, "failedSet": failed})
}

fn described(event: &Value, text: &str) -> Value {
    json!({"event": timed(event), "eventDescription": {"latestDescription": text}})
}

/// Times as CBOR carries them.
fn timed(event: &Value) -> Value {
    let mut event = event.clone();
    for key in ["startTime", "endTime", "lastUpdatedTime"] {
        if event.get(key).is_some() {
            event[key] = cbor::time(seconds(&event[key]));
        }
    }
    event
}
