//! Counting what the answers hold: every point, quota and event once, by account and region.
//!
//! Counting is kept apart from reading on purpose: the ledger must balance even for records whose
//! meaning nobody understands later. It must never decide what a record means.

use crate::bundle::manifest::{Noun, Refusal, Tally};
use crate::bundle::raw::{RawAnswer, Shape};
use crate::bundle::stamp;
use crate::case::Interval;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The counts of one source.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Counted {
    /// By `account/region`, or `?` when the records tell neither.
    pub(super) by_scope: BTreeMap<String, Tally>,
    /// Parts AWS itself refused to give.
    pub(super) refusals: BTreeSet<Refusal>,
    /// What the answers say is missing from them.
    pub(super) missing: Vec<String>,
}

impl Counted {
    fn at(&mut self, account: Option<&str>, region: Option<&str>) -> &mut Tally {
        let key = match (account, region) {
            (None, None) => "?".to_owned(),
            (account, region) => {
                format!("{}/{}", account.unwrap_or("?"), region.unwrap_or("?"))
            }
        };
        self.by_scope.entry(key).or_default()
    }
}

/// Counts all answers of one source.
pub(super) fn records(noun: Noun, answers: &[RawAnswer], whole: Interval) -> Counted {
    let mut counted = Counted::default();
    match noun {
        Noun::Metrics => metrics(answers, whole, &mut counted),
        Noun::Quotas => quotas(answers, &mut counted),
        Noun::Health | Noun::Status => events(answers, &mut counted),
        Noun::Trail => {}
    }
    truncated(answers, &mut counted);
    counted
}

/// A chain of pages has one end without a token. When no answer of a shape is such an end, pages
/// are missing for certain, whatever the order the files were given in.
fn truncated(answers: &[RawAnswer], counted: &mut Counted) {
    let mut ends: BTreeMap<Shape, (u64, u64)> = BTreeMap::new();
    for answer in answers {
        let token = ["NextToken", "nextToken"].iter().any(|key| {
            answer
                .answer
                .get(*key)
                .and_then(Value::as_str)
                .is_some_and(|token| !token.is_empty())
        });
        let (open, closed) = ends.entry(answer.shape).or_default();
        *(if token { open } else { closed }) += 1;
    }
    if ends
        .values()
        .any(|(open, closed)| *open > 0 && *closed == 0)
    {
        counted.missing.push(
            "the answer goes on: it ends with a NextToken and the last page was not given"
                .to_owned(),
        );
    }
}

/// Seen points of one series: time and the bits of the value.
type Seen = BTreeMap<(String, String, String, String), BTreeSet<(i64, u64)>>;

fn metrics(answers: &[RawAnswer], whole: Interval, counted: &mut Counted) {
    let mut seen = Seen::new();
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    let mut messages: BTreeSet<String> = BTreeSet::new();
    let mut asked_for_points = false;
    for answer in answers {
        if answer.shape != Shape::GetMetricData {
            continue;
        }
        asked_for_points = true;
        let told = |key: &str| answer.answer.get(key).and_then(Value::as_str);
        let (account, region) = (told("AccountId"), told("Region"));
        // A page that is followed by another says PartialData; only the last page's word counts.
        let goes_on = told("NextToken").is_some();
        for message in list(&answer.answer, "Messages") {
            messages.insert(format!(
                "{} {}",
                text(message, "Code"),
                text(message, "Value")
            ));
        }
        for result in answer.items("MetricDataResults") {
            let state = text(result, "StatusCode");
            if !(state.is_empty() || state == "Complete" || (goes_on && state == "PartialData")) {
                *states.entry(state).or_default() += 1;
            }
            let key = (
                account.unwrap_or_default().to_owned(),
                region.unwrap_or_default().to_owned(),
                text(result, "Id"),
                text(result, "Label"),
            );
            let known = seen.entry(key).or_default();
            points(result, whole, known, counted.at(account, region));
        }
    }
    for (state, series) in states {
        counted
            .missing
            .push(format!("CloudWatch says {state} for {series} series"));
    }
    for message in messages {
        counted.missing.push(format!("CloudWatch adds: {message}"));
    }
    let used: u64 = counted.by_scope.values().map(|tally| tally.used).sum();
    if asked_for_points && used == 0 {
        counted.missing.push(
            "no series has a point inside baseline and window (a wrong dimension, an expired \
             period and a missing permission all look like this)"
                .to_owned(),
        );
    }
    if !asked_for_points {
        counted
            .missing
            .push("only MetricDataQueries were given, no points".to_owned());
    }
}

fn points(result: &Value, whole: Interval, seen: &mut BTreeSet<(i64, u64)>, tally: &mut Tally) {
    let times = list(result, "Timestamps");
    let values = list(result, "Values");
    for index in 0..times.len().max(values.len()) {
        tally.read += 1;
        let (Some(time), Some(value)) = (times.get(index), values.get(index)) else {
            tally.skip("unpaired");
            continue;
        };
        let Some(at) = stamp::read(time) else {
            tally.skip("unreadable_time");
            continue;
        };
        let Some(value) = value.as_f64().filter(|value| value.is_finite()) else {
            tally.skip("not_finite");
            continue;
        };
        if !whole.contains(at) {
            tally.out_of_window += 1;
        } else if seen.insert((at.timestamp(), value.to_bits())) {
            tally.used += 1;
        } else {
            tally.duplicate += 1;
        }
    }
}

fn quotas(answers: &[RawAnswer], counted: &mut Counted) {
    for answer in answers {
        let key = if answer.shape == Shape::GetServiceQuota {
            "Quota"
        } else {
            "Quotas"
        };
        let single = answer.answer.get("Quota").filter(|one| one.is_object());
        let entries = single.map_or_else(|| answer.items(key), |one| vec![one]);
        for quota in entries {
            let arn = text(quota, "QuotaArn");
            let tally = counted.at(arn_part(&arn, 4), arn_part(&arn, 3));
            tally.read += 1;
            if text(quota, "QuotaCode").is_empty() {
                tally.skip("no_code");
            } else if quota.get("Value").and_then(Value::as_f64).is_none() {
                tally.skip("no_value");
            } else {
                tally.used += 1;
            }
        }
    }
}

fn events(answers: &[RawAnswer], counted: &mut Counted) {
    for answer in answers {
        match answer.shape {
            Shape::DescribeEvents => {
                for event in answer.items("events") {
                    event_once(&text(event, "arn"), account_of(event), counted);
                }
            }
            Shape::DescribeEventDetails => details(answer, counted),
            Shape::EventBridgeHealth => {
                for event in answer.items("") {
                    let detail = event.get("detail").unwrap_or(&Value::Null);
                    event_once(&text(detail, "eventArn"), account_of(detail), counted);
                }
            }
            Shape::StatusFeed => {
                for event in answer.feed_events() {
                    // Feeds before 2023 had no ARN; service and date name such an event.
                    let name = text(event, "arn");
                    if name.is_empty() && event.get("service").is_some() {
                        event_once("arn:::?", None, counted);
                    } else {
                        event_once(&name, None, counted);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What AWS refused to detail is counted and named: the reader must know an event exists whose
/// text nobody has seen.
fn details(answer: &RawAnswer, counted: &mut Counted) {
    let given = if answer.answer.get("failedSet").is_some()
        && answer.answer.get("successfulSet").is_none()
    {
        Vec::new()
    } else {
        answer.items("successfulSet")
    };
    for detail in given {
        let event = detail.get("event").unwrap_or(&Value::Null);
        event_once(&text(event, "arn"), account_of(detail), counted);
    }
    for failed in list(&answer.answer, "failedSet") {
        let arn = text(failed, "eventArn");
        let tally = counted.at(account_of(failed), arn_part(&arn, 3));
        tally.read += 1;
        tally.skip("failed_set");
        counted.refusals.insert(Refusal {
            input: answer.input.clone(),
            why: format!(
                "AWS gave no details of {}: {} {}",
                if arn.is_empty() { "an event" } else { &arn },
                text(failed, "errorName"),
                text(failed, "errorMessage"),
            )
            .trim_end()
            .to_owned(),
            partly_used: true,
        });
    }
}

fn event_once(arn: &str, account: Option<&str>, counted: &mut Counted) {
    let tally = counted.at(account, arn_part(arn, 3));
    tally.read += 1;
    if arn.is_empty() {
        tally.skip("no_arn");
    } else {
        tally.used += 1;
    }
}

fn account_of(value: &Value) -> Option<&str> {
    ["affectedAccount", "awsAccountId"]
        .iter()
        .find_map(|key| value.get(*key)?.as_str())
        .filter(|account| !account.is_empty())
}

fn arn_part(arn: &str, index: usize) -> Option<&str> {
    arn.split(':')
        .nth(index)
        .filter(|part| !part.is_empty() && *part != "?")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A text field, capped because it may end up in a message.
fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect()
}
