//! Which series are asked for, over which span, in which batches.
//!
//! Pure. The period follows the age of the data (one-minute points are kept 15 days, five-minute
//! points 63, hourly points 455: CloudWatch API reference, GetMetricData); asking a finer one gives
//! nothing and no error. It must never ask for a dimension that nobody listed or documented.

use crate::case::{Case, Instant, Interval, instant};
use serde_json::{Value, json};

/// Documented actions with a CallCount series (Amazon ECR user guide, monitoring-usage).
pub(super) const CALL_COUNT_APIS: [&str; 8] = [
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "CompleteLayerUpload",
    "GetAuthorizationToken",
    "GetDownloadUrlForLayer",
    "InitiateLayerUpload",
    "PutImage",
    "UploadLayerPart",
];

/// Metrics in one GetMetricData call (CloudWatch API reference).
pub(super) const BATCH: usize = 500;

/// Series of one kind asked for at most; beyond it the report says how many were left out.
pub(super) const MOST_PULLS: usize = 200;

/// Series of one's own metric filters asked for at most.
pub(super) const MOST_OWN: usize = 50;

/// One metric with its exact dimensions, as CloudWatch lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Metric {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Sorted by name.
    pub(super) dimensions: Vec<(String, String)>,
}

impl Metric {
    pub(super) fn dimension(&self, name: &str) -> Option<&str> {
        self.dimensions
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// One series asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) metric: Metric,
    pub(super) period_s: i64,
    pub(super) stat: &'static str,
}

impl Wanted {
    /// As a MetricDataQuery in the CLI's JSON.
    pub(super) fn row(&self) -> Value {
        let dimensions: Vec<Value> = self
            .metric
            .dimensions
            .iter()
            .map(|(name, value)| json!({"Name": name, "Value": value}))
            .collect();
        json!({
            "Id": self.id,
            "Label": self.label,
            "MetricStat": {
                "Metric": {
                    "Namespace": self.metric.namespace,
                    "MetricName": self.metric.name,
                    "Dimensions": dimensions,
                },
                "Period": self.period_s,
                "Stat": self.stat,
            },
            "ReturnData": true,
        })
    }
}

/// The span and the period of everything asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) over: Interval,
    pub(super) period_s: i64,
    /// Whether the start was moved because older points of this period are gone.
    pub(super) cut: bool,
}

/// Days points of a period are kept.
const KEPT: [(i64, i64); 3] = [(60, 15), (300, 63), (3600, 455)];

/// Chosen by the age of the window, not of the baseline: a report needs minutes in the window more
/// than it needs the oldest day of its past. `None` when CloudWatch has forgotten the window.
pub(super) fn span(case: &Case) -> Option<Span> {
    let whole = case.whole();
    KEPT.iter().find_map(|(period_s, days)| {
        // Points go at the edge while the calls are made; an hour in hand avoids a ragged start.
        let oldest = instant(case.now.timestamp() - days * 86_400 + 3_600);
        if case.window.from < oldest {
            return None;
        }
        let from = whole.from.max(oldest);
        Some(Span {
            over: Interval::new(floor(from, *period_s), ceil(whole.to, *period_s)),
            period_s: *period_s,
            cut: from > whole.from,
        })
    })
}

fn floor(at: Instant, step: i64) -> Instant {
    instant(at.timestamp().div_euclid(step) * step)
}

fn ceil(at: Instant, step: i64) -> Instant {
    instant((at.timestamp() + step - 1).div_euclid(step) * step)
}

/// The documented CallCount series, for when nothing was listed: ListMetrics forgets a series after
/// two weeks without data, GetMetricData does not.
pub(super) fn documented() -> Vec<Metric> {
    CALL_COUNT_APIS
        .iter()
        .map(|api| Metric {
            namespace: "AWS/Usage".to_owned(),
            name: "CallCount".to_owned(),
            dimensions: [
                ("Class", "None"),
                ("Resource", *api),
                ("Service", "ECR"),
                ("Type", "API"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        })
        .collect()
}

/// The series to ask for out of everything listed, with what had to be left out.
pub(super) fn choose(
    listed: Vec<Metric>,
    own: Vec<Metric>,
    case: &Case,
    period_s: i64,
) -> (Vec<Wanted>, Vec<String>) {
    let mut left_out = Vec::new();
    let mut calls: Vec<Metric> = Vec::new();
    let mut pulls: Vec<Metric> = Vec::new();
    let mut endpoints: Vec<Metric> = Vec::new();
    for metric in listed {
        match (metric.namespace.as_str(), metric.name.as_str()) {
            ("AWS/Usage", "CallCount") if metric.dimension("Service") == Some("ECR") => {
                calls.push(metric);
            }
            ("AWS/ECR", "RepositoryPullCount") => {
                let repository = metric.dimension("RepositoryName").unwrap_or_default();
                let asked = &case.scope.repositories;
                if asked.is_empty() || asked.iter().any(|name| name == repository) {
                    pulls.push(metric);
                }
            }
            ("AWS/PrivateLinkEndpoints", _) => {
                let service = metric.dimension("Service Name").unwrap_or_default();
                // Per subnet the same packets are counted again.
                if service.contains(".ecr.") && metric.dimension("Subnet Id").is_none() {
                    endpoints.push(metric);
                }
            }
            _ => {}
        }
    }
    for list in [&mut calls, &mut pulls, &mut endpoints] {
        list.sort();
        list.dedup();
    }
    if pulls.len() > MOST_PULLS {
        left_out.push(format!(
            "pull counts of {MOST_PULLS} of {} repositories were asked for (name those that matter \
             with --repository)",
            pulls.len()
        ));
        pulls.truncate(MOST_PULLS);
    }
    let mut own = own;
    own.sort();
    own.dedup();
    own.retain(|metric| !calls.contains(metric) && !pulls.contains(metric));
    if own.len() > MOST_OWN {
        left_out.push(format!(
            "{MOST_OWN} of {} series of your own metric filters were asked for",
            own.len()
        ));
        own.truncate(MOST_OWN);
    }
    if calls.is_empty() {
        calls = documented();
    }
    let mut wanted = Vec::new();
    for (prefix, list) in [("c", calls), ("p", pulls), ("e", endpoints), ("o", own)] {
        for (index, metric) in list.into_iter().enumerate() {
            wanted.push(Wanted {
                id: format!("{prefix}{}", index + 1),
                label: label(&metric),
                stat: "Sum",
                period_s,
                metric,
            });
        }
    }
    (wanted, left_out)
}

/// The name a series goes by in the report: its metric and what sets it apart.
fn label(metric: &Metric) -> String {
    let apart = ["Resource", "RepositoryName", "VPC Endpoint Id"]
        .iter()
        .find_map(|name| metric.dimension(name));
    match apart {
        Some(value) => format!("{} {value}", metric.name),
        None => {
            let values: Vec<&str> = metric
                .dimensions
                .iter()
                .map(|(_, value)| value.as_str())
                .collect();
            format!("{} {} {}", metric.namespace, metric.name, values.join(" "))
                .trim_end()
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
