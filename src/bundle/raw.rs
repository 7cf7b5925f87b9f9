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
