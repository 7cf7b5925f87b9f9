//! Unusual stretches of CloudWatch series, each against its own past.
//!
//! The rooms below know numbers only; this one knows what a series means. It only reports
//! anomalies: a metric alone is never an incident, and an absent point of a gauge never a fall.

mod axis;
mod channel;
mod days;
mod expect;
mod find;
mod habits;
mod level;
mod order;
mod scale;

use super::limits::limits;
use crate::analyze::types::Anomaly;
use crate::case::{Instant, Interval};
use crate::facts::types::{Facts, Meaning, MetricSeries};
use axis::Asked;
use find::Event;

/// Anomalies of every metric series, inside the window, unsorted.
pub(super) fn anomalies(facts: &Facts) -> Vec<Anomaly> {
    let found: Vec<(&MetricSeries, Vec<Event>)> = facts
        .metrics
        .iter()
        .map(|series| (series, of_series(series, facts)))
        .collect();
    let least = least_surprise(&found, facts.metrics.len());
    found
        .into_iter()
        .flat_map(|(series, events)| {
            events
                .into_iter()
                .filter(move |event| event.surprise >= least)
                .map(move |event| told(series, &event, facts.case.window))
        })
        .collect()
}

/// The surprise below which an event is one of those that so many series bring by chance.
///
/// Benjamini-Hochberg on the chances that the surprises stand for, one per series (its best event):
/// a metric file with hundreds of series must not pay for its size with false events.
fn least_surprise(found: &[(&MetricSeries, Vec<Event>)], series: usize) -> f64 {
    let mut best: Vec<f64> = found
        .iter()
        .filter_map(|(_, events)| events.iter().map(|event| event.surprise).reduce(f64::max))
        .collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let share = limits().metric.false_discovery;
    best.iter()
        .enumerate()
        .rev()
        .map(|(rank, surprise)| (surprise, (series as f64 / (share * (rank + 1) as f64)).ln()))
        .find(|(surprise, needed)| *surprise >= needed)
        .map_or(f64::INFINITY, |(_, needed)| needed)
}

fn of_series(series: &MetricSeries, facts: &Facts) -> Vec<Event> {
    let window = facts.case.window;
    // The last points of a running hour are still filling up.
    let to = window.to.min(facts.settled_until.max(window.from));
    let points: Vec<(i64, f64)> = series
        .points
        .iter()
        .map(|(at, value)| (at.timestamp(), *value))
        .collect();
    let asked = Asked {
        period: series.period_s.max(1),
        is_count: series.meaning != Meaning::Gauge,
        from: window.from.timestamp(),
        to: to.timestamp(),
        answered: answered(series, facts),
    };
    find::events(&points, &asked, &limits().metric)
}

/// First and last point of any count in the same answer: what was asked for. A counter that is
/// silent before its first call has zeros there, not an unknown past.
fn answered(series: &MetricSeries, facts: &Facts) -> (i64, i64) {
    let ends = |one: &MetricSeries| {
        let second = |point: Option<&(Instant, f64)>| point.map(|(at, _)| at.timestamp());
        second(one.points.first()).zip(second(one.points.last()))
    };
    facts
        .metrics
        .iter()
        .filter(|other| other.evidence == series.evidence && other.meaning != Meaning::Gauge)
        .filter_map(ends)
        .fold((i64::MAX, i64::MIN), |(lo, hi), (first, last)| {
            (lo.min(first), hi.max(last))
        })
}

fn told(series: &MetricSeries, event: &Event, window: Interval) -> Anomaly {
    let unit = match (&series.meaning, series.period_s) {
        (Meaning::Gauge, _) => "level".to_owned(),
        (Meaning::CallCount { .. }, 60) => "calls/min".to_owned(),
        (Meaning::PullCount { .. }, 60) => "pulls/min".to_owned(),
        (_, 60) => "count/min".to_owned(),
        (_, seconds) => format!("count per {seconds} s"),
    };
    let from = crate::case::instant(event.from).max(window.from);
    let to = crate::case::instant(event.to).min(window.to);
    Anomaly {
        series: series.name.clone(),
        span: Interval::new(from, to.max(from)),
        score: event.score,
        expected: event.expected,
        observed: event.observed,
        unit,
    }
}
