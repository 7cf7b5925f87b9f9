//! Assembles the answer: links, replays, changes and the verdict of each draft, then the status of
//! the run and what the evidence cannot say.
//!
//! Cannot fail: what is missing becomes a gap, never a guess.

use super::control::ratio;
use super::funnel::minutes;
use super::health::Link;
use super::types::{
    Detected, Findings, HealthRejection, Incident, IncidentDraft, Signal, Significance, method,
};
use super::verdict::{self, Leads, Numbers, Scene};
use super::{change, funnel, gaps, health, quota, status, words};
use crate::case::Interval;
use crate::ecr::Class;
use crate::facts::types::{Facts, Profile};
use std::collections::BTreeMap;

/// An own trouble that begins within this time after a fault ended still counts as its echo.
const ECHO_S: i64 = 600;

/// The findings. `profiles` stand in the order of `detected.drafts`; a missing one counts as empty.
#[must_use]
pub fn judge(facts: &Facts, detected: Detected, profiles: Vec<Profile>) -> Findings {
    let Detected { drafts, anomalies } = detected;
    let mut parts: Vec<(IncidentDraft, Profile)> = drafts
        .into_iter()
        .zip(
            profiles
                .into_iter()
                .chain(std::iter::repeat_with(Profile::default)),
        )
        .collect();
    // IDs follow the onset; ties by place, signal, then APIs, so that equal inputs give equal IDs.
    parts.sort_by(|(a, _), (b, _)| {
        (a.span.from, &a.place, a.signal, &a.apis).cmp(&(b.span.from, &b.place, b.signal, &b.apis))
    });
    let spans: Vec<(String, IncidentDraft)> = parts
        .iter()
        .enumerate()
        .map(|(index, (draft, _))| (format!("I{}", index + 1), draft.clone()))
        .collect();

    // One incident may be the echo of another, so all spans are known before any is judged.
    let mut incidents = Vec::new();
    let mut verdicts_on_health = Rejections::default();
    for ((id, _), (draft, profile)) in spans.iter().zip(parts) {
        let (links, rejected) = health::links(facts, &draft.place, draft.span);
        verdicts_on_health.add(&links, rejected);
        let echo_of = faults_before(id, &draft, &spans);
        incidents.push(incident(facts, id.clone(), draft, profile, links, &echo_of));
    }
    let (status, status_reason) = status::status(facts, incidents.len(), anomalies.len());
    Findings {
        status,
        status_reason,
        health_rejected: verdicts_on_health.rest(facts, incidents.is_empty()),
        health_searched: facts.notices.len() as u64,
        incidents,
        anomalies,
        funnel: funnel::steps(facts),
        gaps: gaps::gaps(facts),
    }
}

fn incident(
    facts: &Facts,
    id: String,
    draft: IncidentDraft,
    profile: Profile,
    links: Vec<Link>,
    echo_of: &[String],
) -> Incident {
    let numbers = numbers(facts, &draft);
    let changes = change::candidates(facts, &draft, &profile);
    let repairs = change::repairs(facts, &draft, &profile, &changes);
    let replays = quota::replays(facts, &draft.place, &profile);
    let leads = Leads {
        health: &links,
        changes: &changes,
        replays: &replays,
        echo_of,
    };
    let scene = Scene::new(facts, &draft, &profile, numbers, leads);
    let verdict = verdict::decide(&scene);
    let evidence = scene.evidence();
    let significance = strongest(&draft);
    Incident {
        id,
        onset: draft.span.from,
        peak: draft.peak.start(),
        recovery: (!draft.ongoing).then_some(draft.span.to),
        calls: numbers.calls,
        failures: numbers.failures,
        failure_ratio: numbers.ratio,
        baseline_ratio: numbers.baseline_ratio,
        minutes_impaired: profile.minutes_impaired,
        operations: profile.operations,
        significance,
        verdict,
        health_matches: links.into_iter().map(|link| link.matched).collect(),
        changes,
        repairs,
        principals: profile.principals,
        repositories: profile.repositories,
        vpc_endpoints: profile.vpc_endpoints,
        sessions: profile.sessions,
        user_agents: profile.user_agents,
        codes: profile.codes,
        controls: profile.controls,
        quota: replays,
        seconds: profile.seconds,
        requests: profile.requests,
        evidence,
        draft,
    }
}

fn numbers(facts: &Facts, draft: &IncidentDraft) -> Numbers {
    let (from, to) = minutes(draft.span);
    let in_episodes = |pick: fn(&super::types::Episode) -> u64| {
        draft.episodes.iter().map(pick).fold(0, u64::saturating_add)
    };
    let class = draft.signal.class().unwrap_or(Class::Success);
    let (calls, hits) = facts
        .trail
        .iter()
        .filter(|trail| trail.place == draft.place)
        .flat_map(|trail| &trail.series)
        .filter(|series| draft.apis.contains(&series.api))
        .map(|series| series.sum(class, from, to))
        .fold((0u64, 0u64), |sum, part| {
            (sum.0.saturating_add(part.0), sum.1.saturating_add(part.1))
        });
    let (before_from, before_to) = minutes(facts.case.baseline);
    let (baseline_calls, baseline_failures) = facts
        .trail
        .iter()
        .filter(|trail| trail.place == draft.place)
        .flat_map(|trail| &trail.series)
        .filter(|series| draft.apis.contains(&series.api))
        .map(|series| series.sum(class, before_from, before_to))
        .fold((0u64, 0u64), |sum, part| {
            (sum.0.saturating_add(part.0), sum.1.saturating_add(part.1))
        });
    let weight: f64 = draft.episodes.iter().map(|e| e.calls as f64).sum();
    let weighted: f64 = draft
        .episodes
        .iter()
        .map(|e| e.baseline_ratio * e.calls as f64)
        .sum();
    match draft.signal {
        Signal::Failures(_) => {
            // Metrics alone can know an incident: then the episodes' own counts stand.
            let (calls, failures) = if calls == 0 {
                (in_episodes(|e| e.calls), in_episodes(|e| e.failures))
            } else {
                (calls, hits)
            };
            Numbers {
                calls,
                failures,
                ratio: ratio(failures, calls),
                baseline_ratio: finite(weighted / weight),
                baseline_calls,
                baseline_failures,
            }
        }
        Signal::TrafficSurge | Signal::TrafficDrop => Numbers {
            calls,
            failures: in_episodes(|e| e.failures),
            ratio: calls as f64 / draft.span.minutes().max(1) as f64,
            baseline_ratio: finite(draft.episodes.iter().map(|e| e.baseline_ratio).sum()),
            baseline_calls,
            baseline_failures,
        },
    }
}

fn finite(value: f64) -> f64 {
    if value.is_finite() {
        value.max(0.0)
    } else {
        0.0
    }
}

/// The statistics of the member with the highest score; an empty draft has none.
fn strongest(draft: &IncidentDraft) -> Significance {
    draft
        .episodes
        .iter()
        .map(|episode| &episode.significance)
        .max_by(|a, b| a.score.total_cmp(&b.score))
        .cloned()
        .unwrap_or(Significance {
            method: method::NONE,
            score: 0.0,
            q: None,
            calibrated_days: 0,
            dispersion: 1.0,
        })
}

/// Server-fault incidents of the same place that an own trouble may be the echo of: callers try
/// again after a fault, and that can run into throttles. Sentences for the verdict.
fn faults_before(id: &str, draft: &IncidentDraft, all: &[(String, IncidentDraft)]) -> Vec<String> {
    let echo = matches!(
        draft.signal,
        Signal::Failures(Class::Throttle) | Signal::TrafficSurge
    );
    if !echo {
        return Vec::new();
    }
    all.iter()
        .filter(|(other, fault)| {
            other != id
                && fault.place == draft.place
                && fault.signal == Signal::Failures(Class::ServerError)
                && fault.span.from <= draft.span.from
                && (draft.span.from - fault.span.to).num_seconds() <= ECHO_S
        })
        .map(|(other, fault)| {
            format!(
                "It began {} after incident {other} (server errors in the same place): retries after a fault may have raised the calls.",
                words::length((draft.span.from - fault.span.from).num_seconds()),
            )
        })
        .collect()
}

/// Health events that fit no incident, each with one reason.
#[derive(Default)]
struct Rejections {
    matched: Vec<String>,
    rejected: BTreeMap<String, String>,
}

impl Rejections {
    fn add(&mut self, links: &[Link], rejected: Vec<HealthRejection>) {
        self.matched
            .extend(links.iter().map(|link| link.matched.arn.clone()));
        for rejection in rejected {
            // The first incident's reason stands: a reason per event, not per pair.
            self.rejected.entry(rejection.arn).or_insert(rejection.why);
        }
    }

    fn rest(mut self, facts: &Facts, no_incidents: bool) -> Vec<HealthRejection> {
        if no_incidents {
            for notice in &facts.notices {
                let why = why_unused(facts, notice);
                self.rejected.entry(notice.arn.clone()).or_insert(why);
            }
        }
        self.rejected
            .into_iter()
            .filter(|(arn, _)| !self.matched.contains(arn))
            .map(|(arn, why)| HealthRejection { arn, why })
            .collect()
    }
}

/// Without incidents an event can still be in the wrong place or time; say which it is.
fn why_unused(facts: &Facts, notice: &crate::facts::types::Notice) -> String {
    let mut regions: Vec<String> = facts
        .trail
        .iter()
        .map(|trail| trail.place.region.clone())
        .chain(facts.case.scope.regions.iter().cloned())
        .collect();
    regions.sort();
    regions.dedup();
    if let Some(why) = health::out_of_scope(notice, &regions) {
        return why;
    }
    let window: Interval = facts.case.window;
    let times = notice.impact.or_else(|| {
        let from = notice.start?;
        Some(Interval::new(from, notice.end.unwrap_or(facts.case.now)))
    });
    match times {
        Some(times) if times.overlap(&window).is_some() => {
            "overlaps the window, but no incident was found that it could belong to".to_owned()
        }
        Some(times) => format!(
            "lies outside the window: {} to {}",
            words::minute(times.from),
            words::minute(times.to)
        ),
        None => "it states no time at all".to_owned(),
    }
}

#[cfg(test)]
mod tests;
