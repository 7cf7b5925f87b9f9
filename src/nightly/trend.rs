//! Days side by side: trends of calls and failures, headroom under the quotas, top movers. All read
//! from the facts of this run, baseline included, so the first night has them as well.

use super::summary::{Headroom, Mover, PartyMover, Trend};
use crate::case::{Instant, Interval, Minute};
use crate::ecr::{self, Class};
use crate::facts::parties::{Daily, Party};
use crate::facts::types::{CallSeries, Facts};

/// Days shown, the night itself the last: a week and the same day of the week before.
const DAYS: i64 = 8;
/// Days with a peak needed before a growth is spoken of.
const ENOUGH_DAYS: usize = 5;
/// Calls of a night from which on a name never met before is worth a line.
const SEEN: u64 = 3;
/// Rows of each list.
pub(super) const SHOWN: usize = 5;
/// From this share of a quota on an API is always shown.
const NEAR: f64 = 0.7;

/// The spans of the days, oldest first.
fn days(to: Instant) -> Vec<Interval> {
    (0..DAYS)
        .rev()
        .map(|back| {
            let end = to - chrono::Duration::days(back);
            Interval::new(end - chrono::Duration::days(1), end)
        })
        .collect()
}

/// The spans that callers and repositories are counted over: the night, then the seven days before
/// it, latest first.
#[must_use]
pub fn compared(span: Interval) -> Vec<Interval> {
    let day = chrono::Duration::days(1);
    let mut list = vec![span];
    let mut end = span.from;
    for _ in 1..DAYS {
        list.push(Interval::new(end - day, end));
        end -= day;
    }
    list
}

/// Callers and repositories that moved, most failures first, and those never seen before, by calls.
pub(super) fn parties(
    facts: &Facts,
    span: Interval,
    daily: &[Daily],
) -> (Vec<PartyMover>, Vec<String>) {
    let observed: Vec<usize> = compared(span)
        .into_iter()
        .enumerate()
        .skip(1)
        .filter(|(_, day)| observed(facts, *day))
        .map(|(index, _)| index)
        .collect();
    if observed.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let scale = span.seconds() as f64 / 86_400.0;
    let mut movers = Vec::new();
    let mut fresh = Vec::new();
    for row in daily {
        let now = |counts: &[u64]| counts.first().copied().unwrap_or_default();
        let then = |counts: &[u64]| -> Vec<f64> {
            let days = observed.iter().filter_map(|index| counts.get(*index));
            days.map(|count| *count as f64).collect()
        };
        let (calls, failures) = (now(&row.calls), now(&row.failures));
        let before = then(&row.calls);
        if before.iter().all(|count| *count == 0.0) {
            // Fewer days cannot tell a new name from a rare one.
            if calls >= SEEN && observed.len() >= ENOUGH_DAYS && row.party == Party::Caller {
                fresh.push((std::cmp::Reverse(calls), row));
            }
            continue;
        }
        let calls_before = median(before) * scale;
        let failures_before = median(then(&row.failures)) * scale;
        let traffic_moved = moved(calls as f64, calls_before);
        if traffic_moved || above_noise(failures as f64, failures_before) {
            movers.push(PartyMover {
                kind: row.party.word(),
                name: row.name.clone(),
                account: row.place.account.clone(),
                region: row.place.region.clone(),
                calls,
                calls_before,
                failures,
                failures_before,
                traffic_moved,
            });
        }
    }
    fresh.sort_by(|a, b| (a.0, &a.1.place, &a.1.name).cmp(&(b.0, &b.1.place, &b.1.name)));
    let fresh = fresh
        .into_iter()
        .take(SHOWN)
        .map(|(_, row)| {
            let calls = now_of(row);
            format!(
                "caller {} in {} ({calls} calls)",
                row.name, row.place.region
            )
        })
        .collect();
    movers.sort_by(|a, b| {
        let failed = |m: &PartyMover| (m.failures as f64 - m.failures_before).abs();
        let called = |m: &PartyMover| (m.calls as f64 - m.calls_before).abs();
        failed(b)
            .total_cmp(&failed(a))
            .then_with(|| called(b).total_cmp(&called(a)))
            .then_with(|| (a.kind, &a.region, &a.name).cmp(&(b.kind, &b.region, &b.name)))
    });
    (movers, fresh)
}

fn now_of(row: &Daily) -> u64 {
    row.calls.first().copied().unwrap_or_default()
}

/// More or less than chance makes of it (three deviations of a count, at least of 25).
fn above_noise(now: f64, then: f64) -> bool {
    (now - then).abs() > 3.0 * then.max(25.0).sqrt()
}

/// Traffic that moved by half at least, and by more than chance.
fn moved(now: f64, then: f64) -> bool {
    above_noise(now, then) && now_ratio(now, then) >= 1.5
}

/// Whether any place was observed in a day: silence outside is no zero.
fn observed(facts: &Facts, day: Interval) -> bool {
    let whole = facts.case.whole();
    whole.from <= day.from
        && facts
            .trail
            .iter()
            .filter_map(|trail| trail.observed)
            .any(|seen| seen.overlap(&day).is_some())
}

/// One line each for calls, server faults, throttles and denials.
pub(super) fn trends(facts: &Facts, to: Instant) -> Vec<Trend> {
    let days = days(to);
    let line = |name: &str, class: Option<Class>| Trend {
        name: name.to_owned(),
        values: days
            .iter()
            .map(|day| {
                observed(facts, *day).then(|| {
                    all(facts)
                        .map(|series| {
                            let (from, to) = (Minute::of(day.from), Minute::of(day.to));
                            let (calls, hit) =
                                series.sum(class.unwrap_or(Class::Success), from, to);
                            if class.is_some() { hit } else { calls }
                        })
                        .fold(0u64, u64::saturating_add)
                })
            })
            .collect(),
    };
    vec![
        line("calls", None),
        line("server faults", Some(Class::ServerError)),
        line("throttles", Some(Class::Throttle)),
        line("denials", Some(Class::Denied)),
    ]
}

fn all(facts: &Facts) -> impl Iterator<Item = &CallSeries> {
    facts.trail.iter().flat_map(|trail| &trail.series)
}

/// Calls of the busiest minute of a span, and which minute.
fn busiest(series: &CallSeries, span: Interval) -> Option<(Minute, u32)> {
    let (from, to) = (Minute::of(span.from), Minute::of(span.to));
    series
        .calls()
        .into_iter()
        .enumerate()
        .map(|(index, calls)| (series.start.plus(index as i64), calls))
        .filter(|(minute, _)| from <= *minute && *minute < to)
        .max_by_key(|(minute, calls)| (*calls, std::cmp::Reverse(*minute)))
}

/// APIs by the share of their quota that the busiest minute took on average, highest first. Single
/// seconds may have been above that; the replay of an incident looks at seconds.
pub(super) fn headroom(facts: &Facts, span: Interval) -> Vec<Headroom> {
    let knowledge = ecr::knowledge();
    let days = days(span.to);
    let mut list = Vec::new();
    for quota in &facts.quotas {
        let Some(per_s) = quota.per_seconds.filter(|seconds| *seconds > 0) else {
            continue;
        };
        let limit = quota.value / per_s as f64;
        if !(limit.is_finite() && limit > 0.0) {
            continue;
        }
        let api = quota.api.clone().or_else(|| {
            knowledge
                .api_of_quota(&quota.code)
                .map(|api| api.name.clone())
        });
        let Some(api) = api else { continue };
        let fits = |mine: &Option<String>, place: &str| mine.as_deref().is_none_or(|v| v == place);
        for trail in facts.trail.iter().filter(|trail| {
            fits(&quota.region, &trail.place.region) && fits(&quota.account, &trail.place.account)
        }) {
            for series in trail.series.iter().filter(|series| series.api == api) {
                let Some((minute, calls)) = busiest(series, span) else {
                    continue;
                };
                let rate = |calls: u32| f64::from(calls) / 60.0;
                let peaks: Vec<(f64, f64)> = days
                    .iter()
                    .enumerate()
                    .filter(|(_, day)| observed(facts, **day))
                    .filter_map(|(index, day)| Some((index as f64, rate(busiest(series, *day)?.1))))
                    .collect();
                list.push(Headroom {
                    account: trail.place.account.clone(),
                    region: trail.place.region.clone(),
                    api: api.clone(),
                    limit_per_s: limit,
                    peak_per_s: rate(calls),
                    peak_at: minute.start(),
                    share: rate(calls) / limit,
                    days_to_limit: days_to_limit(&peaks, rate(calls), limit),
                });
            }
        }
    }
    list.sort_by(|a, b| {
        b.share
            .total_cmp(&a.share)
            .then_with(|| (&a.account, &a.region, &a.api).cmp(&(&b.account, &b.region, &b.api)))
    });
    let keep = list
        .iter()
        .filter(|row| row.share >= NEAR)
        .count()
        .max(SHOWN);
    list.truncate(keep);
    list
}

/// Days until the daily peak meets the limit, by the median of the slopes between all pairs of days
/// (Theil and Sen), which one busy day does not move. `None` when it does not grow.
fn days_to_limit(peaks: &[(f64, f64)], now: f64, limit: f64) -> Option<f64> {
    if peaks.len() < ENOUGH_DAYS {
        return None;
    }
    let mut slopes: Vec<f64> = peaks
        .iter()
        .enumerate()
        .flat_map(|(index, a)| {
            peaks
                .iter()
                .skip(index + 1)
                .map(move |b| (b.1 - a.1) / (b.0 - a.0))
        })
        .filter(|slope| slope.is_finite())
        .collect();
    slopes.sort_by(f64::total_cmp);
    let slope = slopes.get(slopes.len() / 2).copied()?;
    // Less than a thousandth of the limit a day is noise, and more than a year ahead is no news.
    let days = (limit - now) / slope;
    (slope > limit / 1000.0 && days <= 365.0).then(|| days.max(0.0))
}

/// APIs whose calls or failures of the night differ most from the median of the seven days before,
/// measured in failures first, then in calls.
pub(super) fn movers(facts: &Facts, span: Interval) -> Vec<Mover> {
    let before: Vec<Interval> = days(span.to)
        .into_iter()
        .rev()
        .skip(1)
        .filter(|day| observed(facts, *day))
        .collect();
    if before.is_empty() {
        return Vec::new();
    }
    let mut list = Vec::new();
    for series in all(facts) {
        let of = |day: Interval| -> (f64, f64) {
            let (from, to) = (Minute::of(day.from), Minute::of(day.to));
            let (calls, good) = series.sum(Class::Success, from, to);
            let (_, missing) = series.sum(Class::NotFound, from, to);
            (
                calls as f64,
                calls.saturating_sub(good).saturating_sub(missing) as f64,
            )
        };
        let (calls, failures) = of(span);
        let scale = span.seconds() as f64 / 86_400.0;
        let (day_calls, day_failures): (Vec<f64>, Vec<f64>) =
            before.iter().map(|day| of(*day)).unzip();
        let first_failures = failures > 0.0 && day_failures.iter().all(|n| *n == 0.0);
        // The median: one bad day of the week before must not make every day after it a mover.
        let calls_before = median(day_calls) * scale;
        let failures_before = median(day_failures) * scale;
        let traffic_moved = moved(calls, calls_before);
        if traffic_moved || above_noise(failures, failures_before) {
            list.push(Mover {
                account: series.place.account.clone(),
                region: series.place.region.clone(),
                api: series.api.clone(),
                calls,
                calls_before,
                failures,
                failures_before,
                first_failures,
                traffic_moved,
            });
        }
    }
    list.sort_by(|a, b| {
        let weight = |m: &Mover| (m.failures - m.failures_before).abs();
        let calls = |m: &Mover| (m.calls - m.calls_before).abs();
        weight(b)
            .total_cmp(&weight(a))
            .then_with(|| calls(b).total_cmp(&calls(a)))
            .then_with(|| (&a.account, &a.region, &a.api).cmp(&(&b.account, &b.region, &b.api)))
    });
    list.truncate(SHOWN);
    list
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The larger of two numbers over the smaller.
fn now_ratio(a: f64, b: f64) -> f64 {
    a.max(b).max(1.0) / a.min(b).max(1.0)
}
