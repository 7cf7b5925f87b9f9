//! Service Quotas: the request rates in force, then the defaults behind those never changed.
//!
//! It must never fill in a number: a quota that neither list holds stays unknown.

use super::pages::Pages;
use super::session::Account;
use super::step::Step;
use super::wire::Object;
use super::{Field, Part, State, known};
use crate::bundle::manifest::Noun;
use crate::bundle::raw::{RawAnswer, Shape};
use aws_sdk_servicequotas::types::ServiceQuota;
use serde_json::{Value, json};

/// The service code of the private registry.
const SERVICE: &str = "ecr";

/// What will be asked: two lists in each place.
#[must_use]
pub fn ask(places: usize) -> Vec<Step> {
    ["ListServiceQuotas", "ListAWSDefaultServiceQuotas"]
        .iter()
        .map(|operation| Step::calls("servicequotas", operation, places as u64))
        .collect()
}

/// Asks one account in one region.
pub(super) async fn fetch(field: &Field, account: &Account, region: &str) -> Part {
    let mut part = Part::new(Noun::Quotas, &account.id, region);
    let place = part.place();
    field.watch.at(Noun::Quotas, &place, State::Begun);
    let client = account.quotas(region);
    let asker = account.asker(region);
    for applied in [true, false] {
        let operation = if applied {
            "ListServiceQuotas"
        } else {
            "ListAWSDefaultServiceQuotas"
        };
        let call = known::call("servicequotas", operation);
        let input = format!("servicequotas {operation} {place}");
        part.asked.push(input.clone());
        let mut pages = Pages::default();
        loop {
            let answer = if applied {
                let send = || {
                    let ask = client.list_service_quotas().service_code(SERVICE);
                    ask.max_results(100).set_next_token(pages.token()).send()
                };
                let answer = field.control.call(call, &asker, send).await;
                answer.map(|page| (page.quotas.unwrap_or_default(), page.next_token))
            } else {
                let send = || {
                    let ask = client
                        .list_aws_default_service_quotas()
                        .service_code(SERVICE);
                    ask.max_results(100).set_next_token(pages.token()).send()
                };
                let answer = field.control.call(call, &asker, send).await;
                answer.map(|page| (page.quotas.unwrap_or_default(), page.next_token))
            };
            let turned = answer.and_then(|(quotas, next)| {
                part.answers.push(RawAnswer {
                    input: input.clone(),
                    shape: Shape::ListServiceQuotas,
                    answer: row(&quotas),
                });
                pages.turn(call, next)
            });
            match turned {
                Ok(true) => {}
                Ok(false) => break,
                Err(trouble) => {
                    part.troubles.push(trouble);
                    break;
                }
            }
        }
    }
    let words = format!("{} answers", part.answers.len());
    field.watch.at(Noun::Quotas, &place, State::Done(&words));
    part
}

/// The page as `aws service-quotas list-service-quotas` prints it.
fn row(quotas: &[ServiceQuota]) -> Value {
    json!({ "Quotas": quotas.iter().map(quota).collect::<Vec<_>>() })
}

fn quota(quota: &ServiceQuota) -> Value {
    let usage = quota.usage_metric.as_ref().map(|usage| {
        let dimensions = usage.metric_dimensions.as_ref().map(|dimensions| {
            let mut sorted: Vec<_> = dimensions.iter().collect();
            sorted.sort();
            sorted
                .into_iter()
                .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                .collect::<serde_json::Map<String, Value>>()
        });
        Object::default()
            .put("MetricNamespace", usage.metric_namespace.clone())
            .put("MetricName", usage.metric_name.clone())
            .put("MetricDimensions", dimensions)
            .put(
                "MetricStatisticRecommendation",
                usage.metric_statistic_recommendation.clone(),
            )
            .done()
    });
    let period = quota.period.as_ref().map(|period| {
        Object::default()
            .put("PeriodValue", period.period_value)
            .put(
                "PeriodUnit",
                period
                    .period_unit
                    .as_ref()
                    .map(aws_sdk_servicequotas::types::PeriodUnit::as_str),
            )
            .done()
    });
    Object::default()
        .put("ServiceCode", quota.service_code.clone())
        .put("ServiceName", quota.service_name.clone())
        .put("QuotaArn", quota.quota_arn.clone())
        .put("QuotaCode", quota.quota_code.clone())
        .put("QuotaName", quota.quota_name.clone())
        .put("Value", quota.value)
        .put("Unit", quota.unit.clone())
        .put("Adjustable", Some(quota.adjustable))
        .put("GlobalQuota", Some(quota.global_quota))
        .put("UsageMetric", usage)
        .put("Period", period)
        .put(
            "QuotaAppliedAtLevel",
            quota
                .quota_applied_at_level
                .as_ref()
                .map(aws_sdk_servicequotas::types::AppliedLevelEnum::as_str),
        )
        .done()
}
