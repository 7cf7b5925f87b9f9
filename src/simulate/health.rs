//! AWS Health events as the CLI prints them, with texts in the manner of AWS and the lag with which
//! real events were posted. What is not yet posted when the question is asked is not there.

use super::draw::Draw;
use crate::catalog;
use chrono::{DateTime, TimeZone as _};
use serde::Deserialize;
use serde_json::{Value, json};

/// Quantiles of real events; see `queries/health/posting_lag.toml`.
#[derive(Deserialize)]
struct Lags {
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "explain")]
    _explain: String,
    first_post_after_onset: Vec<f64>,
    last_post_after_end: Vec<f64>,
}

/// One event before it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// `ECR`, `MULTIPLE_SERVICES`, `LAMBDA`, …
    pub(super) service: &'static str,
    pub(super) region: &'static str,
    /// What customers met, e.g. `increased error rates for image pulls`.
    pub(super) what: &'static str,
    /// Impact as AWS states it, epoch seconds.
    pub(super) impact: (i64, i64),
    /// First post.
    pub(super) posted: i64,
    /// Last post, after which the event is closed.
    pub(super) closed: i64,
}

/// A number of minutes drawn by interpolating quantiles in steps of equal probability.
fn drawn(quantiles: &[f64], draw: &mut Draw) -> i64 {
    let steps = quantiles.len().saturating_sub(1).max(1);
    let place = draw.unit() * steps as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let at = |index: usize| quantiles.get(index).copied().unwrap_or_default();
    ((at(low) + part * (at(low + 1) - at(low))) * 60.0) as i64
}

impl Event {
    /// An event about this impact, posted as late as real ones; AWS states its start and end some
    /// minutes off.
    pub(super) fn about(
        service: &'static str,
        region: &'static str,
        what: &'static str,
        fault: (i64, i64),
        draw: &mut Draw,
    ) -> Self {
        let lags: Lags = catalog::table("health/posting_lag");
        let off = |draw: &mut Draw, low, high| draw.between(low, high) * 60;
        let impact = (
            (fault.0 + off(draw, -4, 5)).div_euclid(60) * 60,
            (fault.1 + off(draw, -3, 6)).div_euclid(60) * 60,
        );
        let impact = (impact.0, impact.1.max(impact.0 + 300));
        let posted = impact.0 + drawn(&lags.first_post_after_onset, draw);
        let closed = impact.1 + drawn(&lags.last_post_after_end, draw);
        Self {
            service,
            region,
            what,
            impact,
            posted,
            closed: closed.max(posted + 900),
        }
    }

    /// Whether anybody can know of it at this second.
    pub(super) fn is_known(&self, now: i64) -> bool {
        self.posted <= now
    }

    fn name(&self) -> &'static str {
        match self.service {
            "ECR" => "Amazon Elastic Container Registry",
            "LAMBDA" => "AWS Lambda",
            "EC2" => "Amazon EC2",
            "RDS" => "Amazon RDS",
            _ => "multiple services",
        }
    }

    fn text(&self, now: i64) -> String {
        let (name, what) = (self.name(), self.what);
        let region = self.region.to_uppercase();
        let first = format!(
            "[{}] We are investigating {what} for {name} in the {region} Region.",
            pacific(self.posted)
        );
        if now < self.closed {
            return first;
        }
        let span =
            if day(self.impact.0) == day(self.impact.1) && day(self.impact.0) == day(self.closed) {
                format!(
                    "Between {} and {}",
                    clock(self.impact.0),
                    pacific(self.impact.1)
                )
            } else {
                format!(
                    "Between {} on {} and {} on {}",
                    pacific(self.impact.0),
                    day(self.impact.0),
                    pacific(self.impact.1),
                    day(self.impact.1)
                )
            };
        format!(
            "[RESOLVED] Increased Error Rates\n\n{first}\n\n[{}] {span}, we experienced {what} for {name} in the {region} Region. The issue has been resolved and the service is operating normally.",
            pacific(self.closed)
        )
    }

    fn summary(&self, now: i64) -> Value {
        let (service, region) = (self.service, self.region);
        let code = format!("AWS_{service}_OPERATIONAL_ISSUE");
        let id = format!("{:X}", self.posted ^ (self.impact.0 << 7));
        let closed = now >= self.closed;
        let mut event = json!({
            "arn": format!("arn:aws:health:{region}::event/{service}/{code}/{code}_{id}"),
            "service": service, "eventTypeCode": code, "eventTypeCategory": "issue",
            "region": region, "startTime": self.posted as f64 + 0.53,
            "lastUpdatedTime": (if closed { self.closed } else { self.posted }) as f64 + 0.9,
            "statusCode": if closed { "closed" } else { "open" }, "eventScopeCode": "PUBLIC"
        });
        if closed {
            event["endTime"] = (self.closed as f64).into();
        }
        event
    }
}

fn in_pacific(at: i64) -> chrono::DateTime<chrono_tz::Tz> {
    let utc = DateTime::from_timestamp(at, 0).unwrap_or_default();
    chrono_tz::America::Los_Angeles.from_utc_datetime(&utc.naive_utc())
}

fn pacific(at: i64) -> String {
    in_pacific(at).format("%-I:%M %p %Z").to_string()
}

fn clock(at: i64) -> String {
    in_pacific(at).format("%-I:%M %p").to_string()
}

fn day(at: i64) -> String {
    in_pacific(at).format("%B %-d").to_string()
}

/// `describe-events` and `describe-event-details` of what is known at this second.
pub(super) fn answers(events: &[Event], now: i64) -> (Value, Value) {
    let known: Vec<&Event> = events.iter().filter(|event| event.is_known(now)).collect();
    let list: Vec<Value> = known.iter().map(|event| event.summary(now)).collect();
    let details: Vec<Value> = known
        .iter()
        .map(|event| {
            json!({"event": event.summary(now), "eventDescription": {"latestDescription": event.text(now)}})
        })
        .collect();
    (
        json!({"events": list}),
        json!({"successfulSet": details, "failedSet": []}),
    )
}
