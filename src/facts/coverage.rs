//! CloudTrail rows against CloudWatch CallCount: how complete the trail is, minute by minute.
//!
//! Neither side is exact (cross-account pulls, late delivery, unknown treatment of rejected calls),
//! so this is a ratio to show, never a correction factor. Absent points are not zeros.

use super::types::{ApiCoverage, Gap, Meaning, MetricSeries, Place, TrailFacts};
use crate::case::{Case, Minute};
use std::collections::{BTreeMap, BTreeSet};

/// The event source CallCount speaks of (AWS/Usage, `Service=ECR`).
const PRIVATE_REGISTRY: &str = "ecr.amazonaws.com";

/// Compares every CallCount series with the trail of its place over the window.
pub(super) fn against_call_count(
    case: &Case,
    trail: &[TrailFacts],
    metrics: &[MetricSeries],
    gaps: &mut Vec<Gap>,
) -> Vec<ApiCoverage> {
    let mut by_api: BTreeMap<(Place, String), ApiCoverage> = BTreeMap::new();
    let mut homeless: BTreeSet<String> = BTreeSet::new();
    for series in metrics {
        let Meaning::CallCount { api } = &series.meaning else {
            continue;
        };
        let Some(place) = place_of(series, trail, case) else {
            homeless.insert(api.clone());
            continue;
        };
        let calls = trail
            .iter()
            .find(|facts| facts.place == place)
            .and_then(|facts| {
                facts
                    .series
                    .iter()
                    .find(|calls| calls.event_source == PRIVATE_REGISTRY && calls.api == *api)
            });
        let total = calls
            .map(super::types::CallSeries::calls)
            .unwrap_or_default();
        let start = calls.map_or(Minute::of(case.whole().from), |calls| calls.start);
        let at = |minute: Minute| -> u64 {
            usize::try_from(minute.0 - start.0)
                .ok()
                .and_then(|index| total.get(index))
                .map_or(0, |count| u64::from(*count))
        };
        let coverage = by_api
            .entry((place.clone(), api.clone()))
            .or_insert_with(|| ApiCoverage {
                place,
                api: api.clone(),
                trail_calls: 0,
                call_count: 0.0,
                silent_minutes: Vec::new(),
            });
        let span = (series.period_s / 60).max(1);
        for (time, value) in &series.points {
            if !case.window.contains(*time) {
                continue;
            }
            let first = Minute::of(*time);
            let minutes = (0..span).map(|offset| first.plus(offset));
            let seen: u64 = minutes.clone().map(at).sum();
            coverage.trail_calls += seen;
            coverage.call_count += value.max(0.0);
            if *value > 0.0 && seen == 0 {
                coverage.silent_minutes.extend(minutes);
            }
        }
    }
    if !homeless.is_empty() {
        let apis: Vec<&str> = homeless.iter().map(String::as_str).collect();
        gaps.push(Gap {
            noun: "metrics".to_owned(),
            what: format!(
                "the CallCount series of {} do not say which account and region they belong to, \
                 and the trail holds several",
                apis.join(", ")
            ),
            consequence: "The report cannot say how complete the trail is for them.".to_owned(),
            hint:
                "Put ${PROP('Region')} into the labels of the queries, or analyse one region at a \
                   time with --region."
                    .to_owned(),
        });
    }
    by_api
        .into_values()
        .map(|mut coverage| {
            coverage.silent_minutes.sort_unstable();
            coverage.silent_minutes.dedup();
            coverage
        })
        .collect()
}

/// The place a metric belongs to: what it says itself, completed by the only place there is.
fn place_of(series: &MetricSeries, trail: &[TrailFacts], case: &Case) -> Option<Place> {
    let fits = |place: &Place| {
        series
            .region
            .as_ref()
            .is_none_or(|region| *region == place.region)
            && series
                .account
                .as_ref()
                .is_none_or(|account| *account == place.account)
    };
    let with_calls: Vec<&Place> = trail
        .iter()
        .filter(|facts| !facts.series.is_empty())
        .map(|facts| &facts.place)
        .filter(|place| fits(place))
        .collect();
    match with_calls.as_slice() {
        [only] => Some((*only).clone()),
        [] => {
            let region = series
                .region
                .clone()
                .or_else(|| match case.scope.regions.as_slice() {
                    [only] => Some(only.clone()),
                    _ => None,
                })
                .or_else(|| {
                    let mut places = trail.iter().map(|facts| &facts.place).filter(|p| fits(p));
                    match (places.next(), places.next()) {
                        (Some(only), None) => Some(only.region.clone()),
                        _ => None,
                    }
                })?;
            let account = series.account.clone().or_else(|| {
                trail
                    .iter()
                    .map(|facts| &facts.place)
                    .find(|place| place.region == region)
                    .map(|place| place.account.clone())
            });
            Some(Place {
                account: account.unwrap_or_else(|| "?".to_owned()),
                region,
            })
        }
        _ => None,
    }
}
