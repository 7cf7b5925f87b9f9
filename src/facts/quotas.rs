//! Service Quotas answers to limits: what may be asked for per second, and how many things may be.
//!
//! Only fetched values count. It must never fill in a quota from memory: the documents disagree
//! with each other, and an account's own value may differ from both.

use super::types::Quota;
use crate::bundle::raw::{RawAnswer, Shape};
use crate::ecr;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The quotas of all answers, sorted by service, code, account and region. An applied value hides
/// the default of the same region; of two different applied values the lower one is kept, because
/// an answer does not say when it was fetched and a report must not assume room that was not there.
///
/// Each answer comes with the ID of its line in the evidence ledger.
#[must_use]
pub fn quotas(answers: &[(RawAnswer, String)]) -> Vec<Quota> {
    let mut best: BTreeMap<Key, Candidate> = BTreeMap::new();
    for (answer, evidence) in answers {
        for entry in entries(answer) {
            let Some((key, candidate)) = read(entry, evidence) else {
                continue;
            };
            match best.get(&key) {
                Some(known) if !candidate.better_than(known) => {}
                _ => {
                    best.insert(key, candidate);
                }
            }
        }
    }
    let applied: BTreeSet<Key> = best
        .iter()
        .filter(|(_, candidate)| candidate.applied)
        .map(|(key, _)| key.anywhere_in_region())
        .collect();
    best.into_iter()
        .filter(|(key, candidate)| {
            candidate.applied || !applied.contains(&key.anywhere_in_region())
        })
        .map(|(_, candidate)| candidate.quota)
        .collect()
}

fn entries(answer: &RawAnswer) -> Vec<&Value> {
    match answer.answer.get("Quota") {
        Some(one) if one.is_object() => vec![one],
        _ if matches!(
            answer.shape,
            Shape::ListServiceQuotas | Shape::GetServiceQuota
        ) =>
        {
            answer.items("Quotas")
        }
        _ => Vec::new(),
    }
}

/// One limit in one place. The account is absent from the ARNs of defaults.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    service: String,
    code: String,
    account: Option<String>,
    region: Option<String>,
}

impl Key {
    fn anywhere_in_region(&self) -> Self {
        Self {
            account: None,
            ..self.clone()
        }
    }
}

struct Candidate {
    quota: Quota,
    applied: bool,
}

impl Candidate {
    fn better_than(&self, other: &Self) -> bool {
        if self.applied != other.applied {
            return self.applied;
        }
        self.quota
            .value
            .total_cmp(&other.quota.value)
            .then_with(|| self.quota.evidence.cmp(&other.quota.evidence))
            .is_lt()
    }
}

fn read(entry: &Value, evidence: &str) -> Option<(Key, Candidate)> {
    let code = text(entry, "QuotaCode");
    let value = entry.get("Value").and_then(Value::as_f64)?;
    if code.is_empty() || !value.is_finite() {
        return None;
    }
    let arn: Vec<&str> = text(entry, "QuotaArn").split(':').collect();
    let part = |index: usize| {
        arn.get(index)
            .filter(|part| !part.is_empty())
            .map(|part| (*part).to_owned())
    };
    let (region, account) = (part(3), part(4));
    // ARN: arn:aws:servicequotas:<region>:<account>:<service>/<code>
    let service = Some(text(entry, "ServiceCode"))
        .filter(|service| !service.is_empty())
        .or_else(|| arn.get(5)?.split('/').next())
        .unwrap_or_default();
    let name = text(entry, "QuotaName");
    let applied = account.is_some() || entry.get("QuotaAppliedAtLevel").is_some();
    let key = Key {
        service: service.to_owned(),
        code: code.to_owned(),
        account: account.clone(),
        region: region.clone(),
    };
    let quota = Quota {
        service: service.to_owned(),
        code: code.to_owned(),
        name: name.to_owned(),
        value,
        per_seconds: period(entry).or_else(|| by_name(service, name)),
        adjustable: entry.get("Adjustable").and_then(Value::as_bool) == Some(true),
        api: api(entry, service, code, name),
        region,
        account,
        evidence: evidence.to_owned(),
    };
    Some((key, Candidate { quota, applied }))
}

/// The stated period in whole seconds; shorter ones are not known of any rate and stay unread.
fn period(entry: &Value) -> Option<i64> {
    let period = entry.get("Period")?;
    let length = period.get("PeriodValue").and_then(Value::as_i64)?;
    let seconds = match text(period, "PeriodUnit") {
        "SECOND" => 1,
        "MINUTE" => 60,
        "HOUR" => 3_600,
        "DAY" => 86_400,
        "WEEK" => 604_800,
        _ => return None,
    };
    length.checked_mul(seconds).filter(|total| *total > 0)
}

/// ECR's rate quotas are per second and often come without a period; their names tell them
/// ("Rate of BatchGetImage requests": Amazon ECR user guide, service-quotas).
fn by_name(service: &str, name: &str) -> Option<i64> {
    (is_registry(service) && limited_action(name).is_some()).then_some(1)
}

fn limited_action(name: &str) -> Option<&str> {
    name.strip_prefix("Rate of ")?.strip_suffix(" requests")
}

fn api(entry: &Value, service: &str, code: &str, name: &str) -> Option<String> {
    let known = ecr::knowledge();
    let resource = entry
        .get("UsageMetric")
        .and_then(|usage| usage.get("MetricDimensions"))
        .map(|dimensions| text(dimensions, "Resource"));
    let source = match service {
        "ecr-public" => "ecr-public.amazonaws.com",
        _ => "ecr.amazonaws.com",
    };
    if !is_registry(service) {
        return None;
    }
    known
        .api_of_quota(code)
        .filter(|api| api.event_source == source)
        .or_else(|| known.api(source, resource?))
        .or_else(|| known.api(source, limited_action(name)?))
        .map(|api| api.name.clone())
}

fn is_registry(service: &str) -> bool {
    matches!(service, "ecr" | "ecr-public")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn applied() -> Value {
        json!({"Quotas": [{
            "ServiceCode": "ecr", "ServiceName": "Amazon Elastic Container Registry (Amazon ECR)",
            "QuotaArn": "arn:aws:servicequotas:us-east-1:111122223333:ecr/L-16E70933",
            "QuotaCode": "L-16E70933", "QuotaName": "Rate of BatchGetImage requests",
            "Value": 3000.0, "Unit": "None", "Adjustable": true, "GlobalQuota": false,
            "UsageMetric": {"MetricNamespace": "AWS/Usage", "MetricName": "CallCount",
                "MetricDimensions": {"Class": "None", "Resource": "BatchGetImage",
                    "Service": "ECR", "Type": "API"},
                "MetricStatisticRecommendation": "Sum"},
            "QuotaAppliedAtLevel": "ACCOUNT"
        }]})
    }

    fn default(value: f64) -> Value {
        json!({"Quotas": [{
            "ServiceCode": "ecr",
            "QuotaArn": "arn:aws:servicequotas:us-east-1::ecr/L-16E70933",
            "QuotaCode": "L-16E70933", "QuotaName": "Rate of BatchGetImage requests",
            "Value": value, "Adjustable": true
        }, {
            "ServiceCode": "ecr",
            "QuotaArn": "arn:aws:servicequotas:us-east-1::ecr/L-CFEB8E8D",
            "QuotaCode": "L-CFEB8E8D", "QuotaName": "Registered repositories",
            "Value": 100_000.0, "Adjustable": true
        }]})
    }

    fn with(answers: &[Value]) -> Vec<(RawAnswer, String)> {
        answers
            .iter()
            .enumerate()
            .map(|(index, answer)| {
                let raw = RawAnswer {
                    input: format!("{index}.json"),
                    shape: Shape::ListServiceQuotas,
                    answer: answer.clone(),
                };
                (raw, format!("E{}", index + 1))
            })
            .collect()
    }

    #[test]
    fn a_rate_is_per_second_and_names_its_api() {
        let all = quotas(&with(&[applied()]));
        let [quota] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(quota.api.as_deref(), Some("BatchGetImage"));
        assert_eq!(quota.per_seconds, Some(1));
        assert_eq!(quota.region.as_deref(), Some("us-east-1"));
        assert_eq!(quota.account.as_deref(), Some("111122223333"));
        assert!(quota.adjustable);
        assert_eq!(quota.evidence, "E1");
    }

    #[test]
    fn the_applied_value_wins_whatever_the_order() {
        for answers in [[applied(), default(2000.0)], [default(9000.0), applied()]] {
            let all = quotas(&with(&answers));
            let seen: Vec<_> = all.iter().map(|q| (q.code.as_str(), q.value)).collect();
            assert_eq!(seen, [("L-16E70933", 3000.0), ("L-CFEB8E8D", 100_000.0)]);
            assert_eq!(all.last().and_then(|q| q.per_seconds), None);
        }
    }

    #[test]
    fn a_single_quota_and_its_period() {
        let answer = json!({"Quota": {
            "ServiceCode": "ecr", "QuotaArn": "arn:aws-cn:servicequotas:cn-north-1:1:ecr/L-X",
            "QuotaCode": "L-X", "QuotaName": "Something else", "Value": 5,
            "Period": {"PeriodValue": 2, "PeriodUnit": "MINUTE"}
        }});
        let mut raw = with(&[answer]);
        raw[0].0.shape = Shape::GetServiceQuota;
        let all = quotas(&raw);
        assert_eq!(all[0].per_seconds, Some(120));
        assert_eq!(all[0].api, None);
    }

    #[test]
    fn other_services_have_no_ecr_api() {
        let answer = json!([{"ServiceCode": "kms", "QuotaCode": "L-1", "Value": 10,
            "QuotaName": "Rate of BatchGetImage requests"}]);
        let all = quotas(&with(&[answer]));
        assert_eq!((all[0].api.as_deref(), all[0].per_seconds), (None, None));
    }

    #[test]
    fn a_quota_without_a_value_is_no_limit() {
        let answer = json!({"Quotas": [{"QuotaCode": "L-1"}, {"Value": 3}, "text", null]});
        assert_eq!(quotas(&with(&[answer])), []);
    }
}
