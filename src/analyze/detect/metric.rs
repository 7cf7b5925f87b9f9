//! Unusual stretches of CloudWatch series: a robust seasonal baseline and robust z-scores.
//!
//! Fit for levels and for counts that are never sparse for long; failures against calls go through
//! the likelihood scan instead, where z-scores die of a zero spread. Only reports anomalies: a
//! metric alone is never an incident.

use super::limits::limits;
use crate::analyze::types::Anomaly;
use crate::case::{Instant, Interval};
use crate::facts::types::{Facts, Meaning, MetricSeries};

/// One point with its expectation.
#[derive(Debug, Clone, Copy)]
struct Point {
    at: Instant,
    seen: f64,
    expected: f64,
    /// Signed robust z.
    z: f64,
}

/// Anomalies of every metric series, inside the window, unsorted.
pub(super) fn anomalies(facts: &Facts) -> Vec<Anomaly> {
    facts
        .metrics
        .iter()
        .flat_map(|series| of_series(series, facts))
        .collect()
}

fn of_series(series: &MetricSeries, facts: &Facts) -> Vec<Anomaly> {
    let window = facts.case.window;
    // The last points of a running hour are still filling up.
    let to = window.to.min(facts.settled_until.max(window.from));
    let is_count = series.meaning != Meaning::Gauge;
    let period = series.period_s.max(1);
    let points = dense(series, period, is_count, to);
    if points.len() < limits().metric.least_points {
        return Vec::new();
    }
    let judged = judged(&points, window.from, period, is_count);
    events(&judged, window.from, is_count)
        .into_iter()
        .map(|event| told(series, &event, period, window))
        .collect()
}

/// Points before `to`; absent periods of a count are zero between its first and last point.
fn dense(series: &MetricSeries, period: i64, is_count: bool, to: Instant) -> Vec<(i64, f64)> {
    // Two weeks of minutes; a stray ancient point must not make millions of zeros.
    const MOST_FILLED: i64 = 40_000;
    let mut points: Vec<(i64, f64)> = Vec::with_capacity(series.points.len());
    for (at, value) in series
        .points
        .iter()
        .filter(|(at, v)| *at < to && v.is_finite())
    {
        let second = at.timestamp();
        if let Some((last, _)) = points.last().copied().filter(|_| is_count) {
            let missing = (second - last) / period - 1;
            if (1..=MOST_FILLED).contains(&missing) {
                points.extend((1..=missing).map(|step| (last + step * period, 0.0)));
            }
        }
        points.push((second, *value));
    }
    points
}

/// Points with expectation and z.
fn judged(points: &[(i64, f64)], from: Instant, period: i64, is_count: bool) -> Vec<Point> {
    let from = from.timestamp();
    let expected = seasonal(points, from, period).unwrap_or_else(|| rolling(points));
    let residuals: Vec<f64> = points
        .iter()
        .zip(&expected)
        .map(|((_, seen), expected)| seen - expected)
        .collect();
    // The spread is learnt before the window where there is enough, else from everything: the
    // median of the absolute deviations ignores an event of less than half of it.
    let past = points.partition_point(|(at, _)| *at < from);
    let learnt = if past >= limits().metric.least_points {
        residuals.get(..past).unwrap_or_default()
    } else {
        &residuals
    };
    let mad = 1.4826 * median(learnt.iter().map(|r| r.abs()).collect());
    let level = median(points.iter().map(|(_, seen)| seen.abs()).collect());
    points
        .iter()
        .zip(expected)
        .map(|((at, seen), expected)| {
            let local = expected.abs().max(level);
            let mut scale = mad.max(limits().metric.scale_share * local);
            if is_count {
                // Counts wobble at least like a Poisson count.
                scale = scale.max(expected.max(1.0).sqrt());
            }
            // A series that was zero throughout has no scale; any step is then large.
            let z = (seen - expected) / scale.max(1e-9);
            Point {
                at: crate::case::instant(*at),
                seen: *seen,
                expected,
                z: z.clamp(-1e6, 1e6),
            }
        })
        .collect()
}

/// Median of the same time of day on prior days, corrected for a steady trend; `None` with fewer
/// than three prior days.
fn seasonal(points: &[(i64, f64)], from: i64, period: i64) -> Option<Vec<f64>> {
    const DAY_S: i64 = 86_400;
    let limits_m = &limits().metric;
    let day_of = |at: i64| (from - 1 - at).div_euclid(DAY_S);
    let slice = |lo: i64, hi: i64| {
        let lo = points.partition_point(|(at, _)| *at < lo);
        let hi = points.partition_point(|(at, _)| *at < hi);
        points.get(lo..hi).unwrap_or_default()
    };
    let first = points.first()?.0;
    // Whole days only: half a day has another median for no other reason than the hour.
    let days: Vec<i64> = (0..day_of(first).min(14))
        .filter(|day| {
            let held = slice(from - (day + 1) * DAY_S, from - day * DAY_S).len();
            held as i64 * period * 2 >= DAY_S
        })
        .collect();
    if days.len() < limits().calibration.least_days {
        return None;
    }
    let medians: Vec<(f64, f64)> = days
        .iter()
        .map(|day| {
            let values = slice(from - (day + 1) * DAY_S, from - day * DAY_S);
            (-(*day as f64), median(values.iter().map(|p| p.1).collect()))
        })
        .collect();
    let slope = trend(&medians);
    let reach = limits_m.neighbourhood * 60;
    let near = reach.max(period);
    let expected_at = |at: i64| {
        let mut near_values = Vec::new();
        for day in 1..=14 + (at - from).max(0) / DAY_S {
            let centre = at - day * DAY_S;
            if centre >= from || !days.contains(&day_of(centre)) {
                continue;
            }
            // Neighbours must be in the past too: the window may be what is wrong.
            for (_, value) in slice(centre - near, (centre + near + 1).min(from)) {
                near_values.push(value + slope * day as f64);
            }
        }
        // Before the first full days, the day itself is all there is.
        (!near_values.is_empty()).then(|| median(near_values))
    };
    let other_days = |at: i64| {
        let own = day_of(at);
        let mut values = Vec::new();
        for day in &days {
            let shift = own - day;
            if shift == 0 {
                continue;
            }
            let centre = at + shift * DAY_S;
            for (_, value) in slice(centre - near, (centre + near + 1).min(from)) {
                values.push(value - slope * shift as f64);
            }
        }
        (!values.is_empty()).then(|| median(values))
    };
    // One expectation per coarse slot: neighbours share nearly all of their neighbourhood.
    let step = (reach / 4).max(period);
    let mut expected = Vec::with_capacity(points.len());
    let mut slot: Option<(i64, f64)> = None;
    for (at, seen) in points {
        let key = at.div_euclid(step) * step;
        let value = match slot {
            Some((known, value)) if known == key => value,
            _ => {
                let middle = key + step / 2;
                let found = if *at >= from {
                    expected_at(middle.max(from))
                } else {
                    other_days(middle.min(from - 1))
                };
                found.unwrap_or(*seen)
            }
        };
        // The slot that straddles the start of the window is worked out on both sides.
        slot = (!(key < from && key + step > from)).then_some((key, value));
        expected.push(value);
    }
    Some(expected)
}

/// Theil-Sen slope per day: the median of all pairwise slopes, blind to a minority of odd days.
fn trend(medians: &[(f64, f64)]) -> f64 {
    if medians.len() < 4 {
        return 0.0;
    }
    let mut slopes = Vec::new();
    for (index, (day, value)) in medians.iter().enumerate() {
        for (other, level) in medians.iter().skip(index + 1) {
            if day != other {
                slopes.push((value - level) / (day - other));
            }
        }
    }
    median(slopes)
}

/// Median of the points around each point, the extremes of the series thereby trimmed.
fn rolling(points: &[(i64, f64)]) -> Vec<f64> {
    let half = limits().metric.rolling_points / 2;
    // Every eighth point is enough for a median of 120 and keeps long series cheap.
    let step = (half / 8).max(1);
    let mut expected = Vec::with_capacity(points.len());
    let mut current = 0.0;
    for index in 0..points.len() {
        if index % step == 0 {
            // The whole width also at the ends, or the end would only be compared with itself.
            let most = points.len().saturating_sub(2 * half);
            let lo = index.saturating_sub(half).min(most);
            let hi = (lo + 2 * half).min(points.len());
            current = median(
                points
                    .get(lo..hi)
                    .unwrap_or_default()
                    .iter()
                    .map(|point| point.1)
                    .collect(),
            );
        }
        expected.push(current);
    }
    expected
}

/// Median; zero for nothing.
fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    let (_, value, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    *value
}

/// Stretches beyond the level, one per event and direction.
fn events(points: &[Point], from: Instant, is_count: bool) -> Vec<Vec<Point>> {
    let limits_m = &limits().metric;
    let split = points.partition_point(|point| point.at < from);
    let (past, window) = points.split_at(split);
    let enter = limits_m.enter.max(limits_m.history_times * noise(past));
    let mut events = Vec::new();
    for sign in [1.0, -1.0] {
        let mut open: Vec<Point> = Vec::new();
        let mut calm = 0;
        for point in window {
            if point.z * sign >= limits_m.leave {
                open.push(*point);
                calm = 0;
            } else {
                calm += 1;
                if calm > limits_m.gap_points {
                    events.push(std::mem::take(&mut open));
                }
            }
        }
        events.push(open);
    }
    events.retain(|event| {
        let large = event
            .iter()
            .filter(|point| point.z.abs() >= enter && is_large(point, is_count))
            .count();
        event.len() >= limits_m.points && large * 2 >= limits_m.points
    });
    events
}

/// The level the series' own past reached, without its rarest points.
fn noise(past: &[Point]) -> f64 {
    let mut scores: Vec<f64> = past.iter().map(|point| point.z.abs()).collect();
    scores.sort_by(f64::total_cmp);
    let rank = (scores.len() as f64 * limits().metric.history_quantile) as usize;
    scores
        .get(rank.min(scores.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}

fn is_large(point: &Point, is_count: bool) -> bool {
    let limits_m = &limits().metric;
    let change = (point.seen - point.expected).abs();
    if is_count {
        change >= limits_m.effect_counts && change >= limits_m.effect_share * point.expected.abs()
    } else {
        change >= limits_m.effect_share_gauge * point.expected.abs()
    }
}

fn told(series: &MetricSeries, event: &[Point], period: i64, window: Interval) -> Anomaly {
    let extreme = event
        .iter()
        .copied()
        .reduce(|a, b| if b.z.abs() > a.z.abs() { b } else { a });
    let ends = event.first().zip(event.last());
    let span = ends.map_or(Interval::new(window.from, window.from), |(first, last)| {
        let to = last.at + chrono::Duration::seconds(period);
        Interval::new(first.at.max(window.from), to.min(window.to))
    });
    let unit = match (&series.meaning, period) {
        (Meaning::Gauge, _) => "level".to_owned(),
        (Meaning::CallCount { .. }, 60) => "calls/min".to_owned(),
        (Meaning::PullCount { .. }, 60) => "pulls/min".to_owned(),
        (_, 60) => "count/min".to_owned(),
        (_, seconds) => format!("count per {seconds} s"),
    };
    Anomaly {
        series: series.name.clone(),
        span,
        score: extreme.map_or(0.0, |point| point.z.abs()),
        expected: extreme.map_or(0.0, |point| point.expected),
        observed: extreme.map_or(0.0, |point| point.seen),
        unit,
    }
}
