//! CloudWatch's answers as the AWS CLI prints them, with account and region beside.
//!
//! Pure. Nothing is left out of an answer and nothing added to a series.

use super::super::wire::{self, Object};
use super::series::{Metric, Wanted};
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types as cw;
use serde_json::{Value, json};

/// A listed metric.
pub(super) fn listed(metric: &cw::Metric) -> Metric {
    let mut dimensions: Vec<(String, String)> = metric
        .dimensions()
        .iter()
        .map(|one| {
            let name = one.name().unwrap_or_default().to_owned();
            (name, one.value().unwrap_or_default().to_owned())
        })
        .collect();
    dimensions.sort();
    Metric {
        namespace: metric.namespace().unwrap_or_default().to_owned(),
        name: metric.metric_name().unwrap_or_default().to_owned(),
        dimensions,
    }
}

/// A series asked for, in the SDK's words.
pub(super) fn query(wanted: &Wanted) -> cw::MetricDataQuery {
    let dimensions = wanted
        .metric
        .dimensions
        .iter()
        .map(|(name, value)| cw::Dimension::builder().name(name).value(value).build());
    let metric = cw::Metric::builder()
        .namespace(&wanted.metric.namespace)
        .metric_name(&wanted.metric.name)
        .set_dimensions(Some(dimensions.collect()))
        .build();
    let stat = cw::MetricStat::builder()
        .metric(metric)
        .period(i32::try_from(wanted.period_s).unwrap_or(60))
        .stat(wanted.stat)
        .build();
    cw::MetricDataQuery::builder()
        .id(&wanted.id)
        .label(&wanted.label)
        .metric_stat(stat)
        .return_data(true)
        .build()
}

/// One page.
pub(super) fn page(
    page: &GetMetricDataOutput,
    queries: Option<Vec<Value>>,
    account: &str,
    region: &str,
) -> Value {
    let results: Vec<Value> = page.metric_data_results().iter().map(result).collect();
    let known = (account != "?").then_some(account);
    Object::default()
        .put("AccountId", known)
        .put("Region", Some(region))
        .put("MetricDataQueries", queries)
        .put("MetricDataResults", Some(results))
        .put("NextToken", page.next_token())
        .put("Messages", Some(messages(page.messages())))
        .done()
}

fn messages(messages: &[cw::MessageData]) -> Vec<Value> {
    messages
        .iter()
        .map(|message| json!({"Code": message.code(), "Value": message.value()}))
        .collect()
}

fn result(result: &cw::MetricDataResult) -> Value {
    let times: Vec<Value> = result.timestamps().iter().map(wire::time).collect();
    // JSON has no NaN and no infinity: they become the words, which are counted as not finite.
    let values: Vec<Value> = result
        .values()
        .iter()
        .map(|value| {
            serde_json::Number::from_f64(*value)
                .map_or_else(|| Value::from(value.to_string()), Value::Number)
        })
        .collect();
    let own = messages(result.messages());
    Object::default()
        .put("Id", result.id())
        .put("Label", result.label())
        .put("Timestamps", Some(times))
        .put("Values", Some(values))
        .put(
            "StatusCode",
            result.status_code().map(cw::StatusCode::as_str),
        )
        .put("Messages", (!own.is_empty()).then_some(own))
        .done()
}

/// Whether any series of an answer has a point.
pub(super) fn has_points(answer: &Value) -> bool {
    answer
        .get("MetricDataResults")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .any(|result| {
            let values = result.get("Values").and_then(Value::as_array);
            values.is_some_and(|values| !values.is_empty())
        })
}

/// Takes series out of an answer.
pub(super) fn drop_series(answer: &mut Value, ids: &[&String]) {
    retain(answer, |id| !ids.iter().any(|one| *one == id));
}

/// Keeps only these series of an answer.
pub(super) fn keep_series(answer: &mut Value, ids: &[&String]) {
    retain(answer, |id| ids.iter().any(|one| *one == id));
}

fn retain(answer: &mut Value, keep: impl Fn(&str) -> bool) {
    if let Some(results) = answer
        .get_mut("MetricDataResults")
        .and_then(Value::as_array_mut)
    {
        results.retain(|result| keep(result.get("Id").and_then(Value::as_str).unwrap_or_default()));
    }
}
