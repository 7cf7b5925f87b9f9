//! Findings to sightings: what is kept of an incident, with its counts by quarter of a day.

use super::identity::Fresh;
use crate::analyze::types::{Findings, Incident};
use crate::case::Minute;
use crate::facts::types::Facts;
use crate::state::types::{Quarter, Sighting};

/// Seconds of a quarter.
pub(super) const QUARTER_S: i64 = 6 * 3600;

/// One sighting per incident, in the order of the findings.
pub(super) fn sightings(facts: &Facts, findings: &Findings) -> Vec<Fresh> {
    findings
        .incidents
        .iter()
        .map(|incident| Fresh {
            account: incident.draft.place.account.clone(),
            region: incident.draft.place.region.clone(),
            signal: incident.draft.signal.word().to_owned(),
            sighting: sighting(facts, incident),
        })
        .collect()
}

fn sighting(facts: &Facts, incident: &Incident) -> Sighting {
    let until = incident.recovery.unwrap_or(facts.case.window.to);
    Sighting {
        local_id: incident.id.clone(),
        apis: incident.draft.apis.clone(),
        onset: incident.onset,
        until: until.max(incident.onset),
        ongoing: incident.recovery.is_none(),
        side: incident.verdict.side.word().to_owned(),
        cause: incident.verdict.cause.clone(),
        confidence: incident.verdict.confidence.word().to_owned(),
        quarters: quarters(facts, incident),
        health: incident
            .health_matches
            .iter()
            .map(|found| found.arn.clone())
            .collect(),
        acknowledged: String::new(),
    }
}

/// Calls and failures of the incident's APIs inside it, per quarter; empty quarters are left out.
fn quarters(facts: &Facts, incident: &Incident) -> Vec<Quarter> {
    let span = incident.draft.span;
    let class = incident.draft.signal.class();
    let (from, to) = (Minute::of(span.from), Minute::of(span.to));
    let mut list = Vec::new();
    let mut start_s = span.from.timestamp().div_euclid(QUARTER_S) * QUARTER_S;
    while start_s < span.to.timestamp() {
        let lo = Minute::of_second(start_s).max(from);
        let hi = Minute::of_second(start_s.saturating_add(QUARTER_S)).min(to);
        let mut quarter = Quarter {
            start_s,
            calls: 0,
            failures: 0,
        };
        for series in facts
            .trail
            .iter()
            .filter(|trail| trail.place == incident.draft.place)
            .flat_map(|trail| &trail.series)
            .filter(|series| incident.draft.apis.contains(&series.api))
        {
            let (calls, failures) = series.sum(class.unwrap_or(crate::ecr::Class::Success), lo, hi);
            quarter.calls = quarter.calls.saturating_add(calls);
            if class.is_some() {
                quarter.failures = quarter.failures.saturating_add(failures);
            }
        }
        if class.is_none() {
            // A change of volume has no failures; its size is how long it lasts.
            quarter.failures = u64::try_from(hi.0 - lo.0).unwrap_or_default();
        }
        if quarter.calls > 0 || quarter.failures > 0 {
            list.push(quarter);
        }
        start_s = start_s.saturating_add(QUARTER_S);
    }
    list
}
