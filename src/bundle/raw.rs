//! Small answers kept verbatim: one JSON line per answer in `raw/<noun>.ndjson`.
//!
//! The answer is exactly what AWS or its CLI printed; only the wrapper is ours.

use serde::{Deserialize, Serialize};

/// The shape an answer was recognised as, by content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `aws cloudwatch get-metric-data` (`MetricDataResults`), optionally with `MetricDataQueries`.
    GetMetricData,
    /// `MetricDataQueries` alone: gives names and dimensions to the series of the same `Id`.
    MetricDataQueries,
    /// `aws service-quotas list-service-quotas` / `list-aws-default-service-quotas` (`Quotas`).
    ListServiceQuotas,
    /// `aws service-quotas get-service-quota` (`Quota`).
    GetServiceQuota,
    /// `aws health describe-events` (`events`).
    DescribeEvents,
    /// `aws health describe-event-details` (`successfulSet`).
    DescribeEventDetails,
    /// EventBridge event with `source: aws.health` (one, a list, or lines).
    EventBridgeHealth,
    /// The public status feed `currentevents` (array of events with `event_log`).
    StatusFeed,
}

/// One verbatim answer with where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RawAnswer {
    /// The input as the user named it, or the query ID of a live call.
    pub input: String,
    /// What it was recognised as.
    pub shape: Shape,
    /// The answer itself.
    pub answer: serde_json::Value,
}

impl RawAnswer {
    /// The entries of the list under `key`; an answer that is the bare list (`--query events`) or
    /// one bare entry is read the same way, so nobody downstream has to know how it was saved.
    #[must_use]
    pub fn items(&self, key: &str) -> Vec<&serde_json::Value> {
        match &self.answer {
            serde_json::Value::Array(list) => list.iter().collect(),
            serde_json::Value::Object(map) => match map.get(key) {
                Some(serde_json::Value::Array(list)) => list.iter().collect(),
                Some(_) => Vec::new(),
                None => vec![&self.answer],
            },
            _ => Vec::new(),
        }
    }

    /// The events of a saved status feed: a list, one event, or the history's lists by service.
    #[must_use]
    pub fn feed_events(&self) -> Vec<&serde_json::Value> {
        match &self.answer {
            serde_json::Value::Object(map) if map.values().all(serde_json::Value::is_array) => {
                let lists = map.values().filter_map(serde_json::Value::as_array);
                lists.flatten().collect()
            }
            _ => self.items(""),
        }
    }
}
