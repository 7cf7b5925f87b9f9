//! What the other sources print: CloudWatch, Service Quotas, AWS Health, EventBridge and the public
//! status feed, in the words and number formats of the real tools.

use super::record::{ACCOUNT, Call, at, date};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The eight APIs that `AWS/Usage` counts.
const COUNTED: [&str; 8] = [
    "GetAuthorizationToken",
    "BatchGetImage",
    "GetDownloadUrlForLayer",
    "BatchCheckLayerAvailability",
    "InitiateLayerUpload",
    "UploadLayerPart",
    "CompleteLayerUpload",
    "PutImage",
];

/// The label of a series: plain, or with account and region in front, for which CloudWatch has
/// dynamic labels.
fn label(api: &str, place: Option<(&str, &str)>) -> String {
    place.map_or_else(
        || format!("CallCount {api}"),
        |(account, region)| format!("{account} {region} CallCount {api}"),
    )
}

/// The queries a user gives to `aws cloudwatch get-metric-data --metric-data-queries file://…`.
pub(crate) fn metric_queries(labelled: bool) -> Value {
    COUNTED
        .iter()
        .enumerate()
        .map(|(index, api)| {
            json!({
                "Id": format!("m{index}"),
                "Label": label(api, labelled.then_some(("${PROP('AccountId')}", "${PROP('Region')}"))),
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Usage", "MetricName": "CallCount",
                        "Dimensions": [
                            {"Name": "Service", "Value": "ECR"}, {"Name": "Type", "Value": "API"},
                            {"Name": "Resource", "Value": api}, {"Name": "Class", "Value": "None"}
                        ]
                    },
                    "Period": 60, "Stat": "Sum"
                },
                "ReturnData": true
            })
        })
        .collect::<Vec<_>>()
        .into()
}

/// The answer to [`metric_queries`]: CallCount by minute of one region, newest first, minutes
/// without calls absent.
pub(crate) fn metric_data(calls: &[Call], region: &str, span: (i64, i64), labelled: bool) -> Value {
    let results: Vec<Value> = COUNTED
        .iter()
        .enumerate()
        .map(|(index, api)| {
            let mut minutes: BTreeMap<i64, u64> = BTreeMap::new();
            for call in calls {
                let counted = call.source == "ecr.amazonaws.com" && call.region == region;
                if counted && call.api == *api && (span.0..span.1).contains(&call.at) {
                    *minutes.entry(call.at.div_euclid(60)).or_default() += 1;
                }
            }
            let newest_first = || minutes.iter().rev();
            json!({
                "Id": format!("m{index}"),
                "Label": label(api, labelled.then_some((ACCOUNT, region))),
                "Timestamps": newest_first().map(|(minute, _)| cli_time(minute * 60)).collect::<Vec<_>>(),
                "Values": newest_first().map(|(_, count)| *count as f64).collect::<Vec<_>>(),
                "StatusCode": "Complete"
            })
        })
        .collect();
    json!({"MetricDataResults": results, "Messages": []})
}

/// `2026-03-11T14:05:00+00:00`, as AWS CLI v2 prints times.
fn cli_time(second: i64) -> String {
    date(second).format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// `aws service-quotas list-service-quotas --service-code ecr`, with these limits per second.
pub(crate) fn quotas(region: &str, limits: &[(&str, &str, f64)]) -> Value {
    let mut quotas: Vec<Value> = limits
        .iter()
        .map(|(code, api, value)| {
            json!({
                "ServiceCode": "ecr",
                "ServiceName": "Amazon Elastic Container Registry (Amazon ECR)",
                "QuotaArn": format!("arn:aws:servicequotas:{region}:{ACCOUNT}:ecr/{code}"),
                "QuotaCode": code,
                "QuotaName": format!("Rate of {api} requests"),
                "Value": value, "Unit": "None", "Adjustable": true, "GlobalQuota": false,
                "UsageMetric": {
                    "MetricNamespace": "AWS/Usage", "MetricName": "CallCount",
                    "MetricDimensions": {"Class": "None", "Resource": api, "Service": "ECR", "Type": "API"},
                    "MetricStatisticRecommendation": "Sum"
                },
                "Period": {"PeriodValue": 1, "PeriodUnit": "SECOND"}
            })
        })
        .collect();
    quotas.push(json!({
        "ServiceCode": "ecr",
        "ServiceName": "Amazon Elastic Container Registry (Amazon ECR)",
        "QuotaArn": format!("arn:aws:servicequotas:{region}:{ACCOUNT}:ecr/L-03A36CE1"),
        "QuotaCode": "L-03A36CE1", "QuotaName": "Images per repository",
        "Value": 100_000.0, "Unit": "None", "Adjustable": true, "GlobalQuota": false
    }));
    json!({"Quotas": quotas})
}

/// The limits a new account has, as the service's quota page lists them.
pub(crate) const DEFAULT_LIMITS: [(&str, &str, f64); 8] = [
    ("L-55A41110", "GetAuthorizationToken", 500.0),
    ("L-16E70933", "BatchGetImage", 2000.0),
    ("L-A60A366D", "GetDownloadUrlForLayer", 3000.0),
    ("L-B9173138", "BatchCheckLayerAvailability", 1000.0),
    ("L-95B28F8D", "InitiateLayerUpload", 100.0),
    ("L-A1670B10", "UploadLayerPart", 500.0),
    ("L-44194860", "CompleteLayerUpload", 100.0),
    ("L-AD52DFB2", "PutImage", 10.0),
];

/// One Health event.
pub(crate) struct Event {
    /// `ECR` and the like.
    pub(crate) service: &'static str,
    /// Region.
    pub(crate) region: &'static str,
    /// Last part of the ARN.
    pub(crate) id: &'static str,
    /// Published start and end (empty while open), RFC 3339.
    pub(crate) start: &'static str,
    /// See `start`.
    pub(crate) end: &'static str,
    /// Last update.
    pub(crate) updated: &'static str,
    /// Latest text.
    pub(crate) text: &'static str,
}

impl Event {
    /// The event's ARN.
    pub(crate) fn arn(&self) -> String {
        let (service, region, id) = (self.service, self.region, self.id);
        let code = self.code();
        format!("arn:aws:health:{region}::event/{service}/{code}/{code}_{id}")
    }

    fn code(&self) -> String {
        format!("AWS_{}_OPERATIONAL_ISSUE", self.service)
    }

    fn summary(&self) -> Value {
        let mut event = json!({
            "arn": self.arn(), "service": self.service, "eventTypeCode": self.code(),
            "eventTypeCategory": "issue", "region": self.region,
            "startTime": at(self.start) as f64 + 0.53,
            "lastUpdatedTime": at(self.updated) as f64 + 0.905,
            "statusCode": if self.end.is_empty() { "open" } else { "closed" },
            "eventScopeCode": "PUBLIC"
        });
        if !self.end.is_empty() {
            event["endTime"] = (at(self.end) as f64).into();
        }
        event
    }
}

/// `aws health describe-events`.
pub(crate) fn describe_events(events: &[Event]) -> Value {
    json!({"events": events.iter().map(Event::summary).collect::<Vec<_>>()})
}

/// `aws health describe-event-details`.
pub(crate) fn describe_event_details(events: &[Event]) -> Value {
    let details: Vec<Value> = events
        .iter()
        .map(|event| json!({"event": event.summary(), "eventDescription": {"latestDescription": event.text}}))
        .collect();
    json!({"successfulSet": details, "failedSet": []})
}

/// The same event as EventBridge delivers it: RFC 1123 dates, pages as text.
pub(crate) fn event_bridge(event: &Event) -> Value {
    let mail = |text: &str| {
        date(at(text))
            .format("%a, %d %b %Y %H:%M:%S GMT")
            .to_string()
    };
    let mut detail = json!({
        "eventArn": event.arn(), "service": event.service, "eventTypeCode": event.code(),
        "eventTypeCategory": "issue", "eventScopeCode": "PUBLIC",
        "communicationId": "b7c1f1a9d2e84f0e-1", "startTime": mail(event.start),
        "lastUpdatedTime": mail(event.updated),
        "statusCode": if event.end.is_empty() { "open" } else { "closed" },
        "eventRegion": event.region,
        "eventDescription": [{"language": "en_US", "latestDescription": event.text}],
        "eventMetadata": {}, "affectedEntities": [], "page": "1", "totalPages": "1",
        "backupEvent": "false", "affectedAccount": ACCOUNT
    });
    if !event.end.is_empty() {
        detail["endTime"] = mail(event.end).into();
    }
    json!({
        "version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": "AWS Health Event",
        "source": "aws.health", "account": ACCOUNT, "time": event.updated, "region": event.region,
        "resources": [], "detail": detail
    })
}

/// The public status feed with one event of several services, UTF-16 big endian with its mark,
/// as it stands on the wire.
pub(crate) fn status_feed(event: &Event, place: &str, posts: &[(&str, &str)]) -> Vec<u8> {
    let key = event.region;
    let log: Vec<Value> = posts
        .iter()
        .map(|(time, message)| {
            json!({"summary": "Increased throttling", "message": format!("<div>{message}</div>"), "status": 2, "timestamp": at(time)})
        })
        .collect();
    let first = posts.first().map_or(event.start, |(time, _)| time);
    let feed = json!([{
        "date": at(first).to_string(), "arn": event.arn(), "region_name": place,
        "status": "2", "service": format!("multipleservices-{key}"), "service_name": "Multiple services",
        "summary": "[RESOLVED] Increased throttling",
        "event_log": log,
        "end_time": at(event.end).to_string(),
        "impacted_services": {
            format!("ecr-{key}"): {"service_name": "Amazon Elastic Container Registry", "current": "0", "max": "2"},
            format!("ecs-{key}"): {"service_name": "Amazon Elastic Container Service", "current": "0", "max": "1"}
        },
        "impacted_service_status_changes": [
            {"service": format!("ecr-{key}"), "current_status": "2", "timestamp": at(first) * 1000}
        ]
    }]);
    std::iter::once(0xFEFF_u16)
        .chain(feed.to_string().encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect()
}
