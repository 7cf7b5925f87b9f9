//! What CloudWatch and Service Quotas print, in the words and number formats of the AWS CLI.

use super::script::{Call, Quota};
use super::world::World;
use chrono::DateTime;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The eight APIs that `AWS/Usage` counts, their rate quota's code and default per second.
///
/// Source: Amazon ECR user guide, service-quotas and monitoring-usage.
pub(super) const COUNTED: [(&str, &str, f64); 8] = [
    ("GetAuthorizationToken", "L-55A41110", 500.0),
    ("BatchGetImage", "L-16E70933", 2000.0),
    ("GetDownloadUrlForLayer", "L-A60A366D", 3000.0),
    ("BatchCheckLayerAvailability", "L-B9173138", 1000.0),
    ("InitiateLayerUpload", "L-95B28F8D", 100.0),
    ("UploadLayerPart", "L-A1670B10", 500.0),
    ("CompleteLayerUpload", "L-44194860", 100.0),
    ("PutImage", "L-AD52DFB2", 10.0),
];

fn cli_time(second: i64) -> String {
    DateTime::from_timestamp(second, 0)
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%S+00:00")
        .to_string()
}

/// Queries and answer of CallCount by minute for every place, newest first, minutes without calls
/// absent; endpoint resets are added as given: place, endpoint, minute, count.
pub(super) fn metrics(
    world: &World,
    calls: &[Call],
    span: (i64, i64),
    resets: &[(usize, String, i64, u64)],
) -> (Value, Value) {
    let mut counts: BTreeMap<(usize, &str), BTreeMap<i64, u64>> = BTreeMap::new();
    for call in calls {
        if call.source == "ecr.amazonaws.com" && (span.0..span.1).contains(&call.at) {
            let of = counts
                .entry((usize::from(call.place), call.api))
                .or_default();
            *of.entry(call.at.div_euclid(60)).or_default() += 1;
        }
    }
    let (mut queries, mut results) = (Vec::new(), Vec::new());
    let mut add = |label: String, metric: Value, points: &BTreeMap<i64, u64>| {
        let id = format!("m{}", queries.len());
        queries.push(json!({
            "Id": id, "Label": label,
            "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": true
        }));
        let newest = || points.iter().rev();
        results.push(json!({
            "Id": id, "Label": label,
            "Timestamps": newest().map(|(minute, _)| cli_time(minute * 60)).collect::<Vec<_>>(),
            "Values": newest().map(|(_, count)| *count as f64).collect::<Vec<_>>(),
            "StatusCode": "Complete"
        }));
    };
    for (place, at) in world.places.iter().enumerate() {
        for (api, _, _) in COUNTED {
            let metric = json!({
                "Namespace": "AWS/Usage", "MetricName": "CallCount",
                "Dimensions": [
                    {"Name": "Service", "Value": "ECR"}, {"Name": "Type", "Value": "API"},
                    {"Name": "Resource", "Value": api}, {"Name": "Class", "Value": "None"}
                ]
            });
            let none = BTreeMap::new();
            let points = counts.get(&(place, api)).unwrap_or(&none);
            let label = format!("{} {} CallCount {api}", at.account, at.region);
            add(label, metric, points);
        }
    }
    let mut by_endpoint: BTreeMap<(usize, &str), BTreeMap<i64, u64>> = BTreeMap::new();
    for (place, endpoint, minute, count) in resets {
        let of = by_endpoint.entry((*place, endpoint)).or_default();
        *of.entry(*minute).or_default() += count;
    }
    for ((place, endpoint), points) in &by_endpoint {
        let at = &world.places[*place];
        let metric = json!({
            "Namespace": "AWS/PrivateLinkEndpoints", "MetricName": "RstPacketsReceived",
            "Dimensions": [{"Name": "VPC Endpoint Id", "Value": endpoint}]
        });
        let label = format!("{} {} RstPacketsReceived {endpoint}", at.account, at.region);
        add(label, metric, points);
    }
    (
        queries.into(),
        json!({"MetricDataResults": results, "Messages": []}),
    )
}

/// `aws service-quotas list-service-quotas --service-code ecr` of every place in one list: the
/// defaults, with what the script lowers or raises.
pub(super) fn quotas(world: &World, applied: &[Quota]) -> Value {
    let mut list = Vec::new();
    for (place, at) in world.places.iter().enumerate() {
        for (api, code, usual) in COUNTED {
            let value = applied
                .iter()
                .find(|quota| quota.place == place && quota.api == api)
                .map_or(usual, |quota| quota.per_second);
            list.push(json!({
                "ServiceCode": "ecr",
                "ServiceName": "Amazon Elastic Container Registry (Amazon ECR)",
                "QuotaArn": format!("arn:aws:servicequotas:{}:{}:ecr/{code}", at.region, at.account),
                "QuotaCode": code, "QuotaName": format!("Rate of {api} requests"),
                "Value": value, "Unit": "None", "Adjustable": true, "GlobalQuota": false,
                "UsageMetric": {
                    "MetricNamespace": "AWS/Usage", "MetricName": "CallCount",
                    "MetricDimensions": {"Class": "None", "Resource": api, "Service": "ECR", "Type": "API"},
                    "MetricStatisticRecommendation": "Sum"
                },
                "Period": {"PeriodValue": 1, "PeriodUnit": "SECOND"}
            }));
        }
        for (name, code, value) in [
            ("Images per repository", "L-03A36CE1", 100_000.0),
            ("Registered repositories", "L-CFEB8E8D", 100_000.0),
        ] {
            list.push(json!({
                "ServiceCode": "ecr",
                "ServiceName": "Amazon Elastic Container Registry (Amazon ECR)",
                "QuotaArn": format!("arn:aws:servicequotas:{}:{}:ecr/{code}", at.region, at.account),
                "QuotaCode": code, "QuotaName": name,
                "Value": value, "Unit": "None", "Adjustable": true, "GlobalQuota": false
            }));
        }
    }
    json!({"Quotas": list})
}
