//! Replay of the arrivals through a token bucket at the fetched quota. A quota that was not fetched
//! stays unknown: no remembered number is ever used.
//!
//! Source of the model: Amazon ECR user guide (token bucket per account, region and API, refilled at
//! the quota). The depth is not published; one second of quota is assumed and said so.

use super::types::QuotaReplay;
use crate::case::instant;
use crate::ecr::knowledge;
use crate::facts::types::{Facts, Place, Profile, Quota, SecondSeries};

/// Spreads tried, seconds, smallest first.
const SPREADS: [i64; 5] = [30, 60, 90, 120, 300];
/// A spread is good enough when it avoids this share of the modelled throttles.
const GOOD_SPREAD: f64 = 0.95;
/// Consumers named.
const CONSUMERS: usize = 5;

/// One replay per API with throttles or a known quota, by API.
pub(super) fn replays(facts: &Facts, place: &Place, profile: &Profile) -> Vec<QuotaReplay> {
    let mut replays: Vec<QuotaReplay> = profile
        .seconds
        .iter()
        .filter_map(|series| {
            let quota = quota_of(facts, place, &series.api);
            let throttled = series.seconds.iter().any(|(_, _, hit)| *hit > 0);
            (throttled || quota.is_some()).then(|| replay(series, quota, profile))
        })
        .collect();
    replays.sort_by(|a, b| a.api.cmp(&b.api));
    replays
}

/// The quota of an API in a place: a value that names another account or region is not taken.
fn quota_of<'a>(facts: &'a Facts, place: &Place, api: &str) -> Option<&'a Quota> {
    let fits = |stated: &Option<String>, ours: &str| stated.as_deref().is_none_or(|s| s == ours);
    facts
        .quotas
        .iter()
        .filter(|quota| quota.api.as_deref() == Some(api))
        .filter(|quota| quota.per_seconds.is_some_and(|period| period > 0))
        .filter(|quota| quota.value.is_finite() && quota.value > 0.0)
        .filter(|quota| fits(&quota.region, &place.region) && fits(&quota.account, &place.account))
        // The most precise statement wins; ties go to ledger order, which is sorted by code.
        .max_by_key(|quota| (quota.region.is_some(), quota.account.is_some()))
}

fn replay(series: &SecondSeries, quota: Option<&Quota>, profile: &Profile) -> QuotaReplay {
    let (peak_second, peak_per_s) = series
        .seconds
        .iter()
        .map(|(second, arrivals, _)| (*second, *arrivals))
        // The earliest of equal peaks.
        .fold(
            (0, 0),
            |best, next| if next.1 > best.1 { next } else { best },
        );
    let observed = series
        .seconds
        .iter()
        .map(|(_, _, hit)| u64::from(*hit))
        .sum();
    let limit = quota.map(|quota| quota.value / quota.per_seconds.unwrap_or(1).max(1) as f64);
    let modelled = limit.map_or(0.0, |limit| rejected(&arrivals(series), limit));
    QuotaReplay {
        api: series.api.clone(),
        limit_per_s: limit,
        code: quota.map_or_else(|| known_code(&series.api), |quota| quota.code.clone()),
        basis: match quota {
            Some(quota) => format!(
                "Service Quotas \"{}\"; assumed: bucket depth of one second of quota, refilled at the quota",
                quota.name
            ),
            None => "unknown: not collected".to_owned(),
        },
        peak_per_s,
        peak_at: instant(peak_second),
        peak_factor: limit.map(|limit| f64::from(peak_per_s) / limit),
        seconds_over: limit.map_or(0, |limit| {
            let over = series
                .seconds
                .iter()
                .filter(|(_, arrivals, _)| f64::from(*arrivals) > limit)
                .count();
            u32::try_from(over).unwrap_or(u32::MAX)
        }),
        modelled_throttles: modelled.round() as u64,
        observed_throttles: observed,
        spread: limit.and_then(|limit| best_spread(series, limit, modelled)),
        consumers: consumers(profile, &series.api),
        evidence: quota.map_or_else(String::new, |quota| quota.evidence.clone()),
    }
}

fn known_code(api: &str) -> String {
    knowledge()
        .apis()
        .find(|known| known.name == api && known.quota_code.is_some())
        .and_then(|known| known.quota_code.clone())
        .unwrap_or_default()
}

fn arrivals(series: &SecondSeries) -> Vec<(i64, f64)> {
    series
        .seconds
        .iter()
        .map(|(second, arrivals, _)| (*second, f64::from(*arrivals)))
        .collect()
}

/// Calls a bucket of depth `limit`, refilled with `limit` per second and full at first, turns away.
/// Arrivals are spread evenly inside their second, so a full bucket takes `2 x limit` in the first.
fn rejected(arrivals: &[(i64, f64)], limit: f64) -> f64 {
    let mut tokens = limit;
    let mut last: Option<i64> = None;
    let mut turned_away = 0.0;
    for (second, count) in arrivals {
        // One idle second refills the bucket, because its depth is one second of quota.
        if last.is_none_or(|last| last.saturating_add(1) < *second) {
            tokens = limit;
        }
        last = Some(*second);
        let taken = count.min(tokens + limit);
        turned_away += count - taken;
        tokens = (tokens + limit - taken).min(limit);
    }
    turned_away
}

/// The smallest spread that avoids nearly all modelled throttles, else the one that avoids most.
fn best_spread(series: &SecondSeries, limit: f64, modelled: f64) -> Option<(i64, f64)> {
    if modelled < 1.0 {
        return None;
    }
    let mut best: Option<(i64, f64)> = None;
    for spread in SPREADS {
        let after: f64 = clusters(series, spread)
            .iter()
            .map(|cluster| rejected(&spread_out(cluster, spread), limit))
            .sum();
        let avoided = (1.0 - after / modelled).clamp(0.0, 1.0);
        if avoided >= GOOD_SPREAD {
            return Some((spread, avoided));
        }
        if best.is_none_or(|(_, share)| avoided > share) {
            best = Some((spread, avoided));
        }
    }
    best
}

/// Runs of arrivals that still touch each other once spread. Keeps the dense form below small: its
/// length is at most the number of busy seconds times the spread.
fn clusters(series: &SecondSeries, spread: i64) -> Vec<Vec<(i64, f64)>> {
    let mut clusters: Vec<Vec<(i64, f64)>> = Vec::new();
    let mut last: Option<i64> = None;
    for (second, count) in arrivals(series) {
        let touches = last.is_some_and(|last| {
            last <= second && second.saturating_sub(last) <= spread.saturating_add(1)
        });
        match clusters.last_mut() {
            Some(cluster) if touches => cluster.push((second, count)),
            _ => clusters.push(vec![(second, count)]),
        }
        last = Some(second);
    }
    clusters
}

/// Every arrival started at an even pace over the next `spread` seconds.
fn spread_out(cluster: &[(i64, f64)], spread: i64) -> Vec<(i64, f64)> {
    let (Some(first), Some(last)) = (cluster.first(), cluster.last()) else {
        return Vec::new();
    };
    let length = last.0.saturating_sub(first.0).saturating_add(spread);
    let length = usize::try_from(length).unwrap_or(0);
    // Differences first, then one running sum: linear in the length.
    let mut steps = vec![0.0; length + 1];
    let width = usize::try_from(spread).unwrap_or(1).max(1);
    for (second, count) in cluster {
        let start = usize::try_from(second.saturating_sub(first.0)).unwrap_or(0);
        let pace = count / width as f64;
        if let Some(step) = steps.get_mut(start) {
            *step += pace;
        }
        if let Some(step) = steps.get_mut(start + width) {
            *step -= pace;
        }
    }
    let mut rate = 0.0;
    steps
        .into_iter()
        .zip(first.0..)
        .map(|(step, second)| {
            rate += step;
            (second, f64::max(rate, 0.0))
        })
        .collect()
}

/// Who made most calls of this API: the quota is the API's own.
fn consumers(profile: &Profile, api: &str) -> Vec<(String, u64)> {
    let of = profile.consumers.get(api).into_iter().flatten();
    of.take(CONSUMERS).cloned().collect()
}

#[cfg(test)]
mod tests;
