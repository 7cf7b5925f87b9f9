//! The same findings as the machine contract: a translation without words or choices.
//!
//! Arrays keep the stated order; numbers are finite and rounded to nine decimals, so that the same
//! findings give the same bytes.

use super::gaps;
use super::story::Story;
use crate::analyze::types as found;
use crate::bundle::manifest::{Noun, Outcome, SourceEntry};
use crate::facts::types::{self as fact, ReadFrom};
use crate::report::contract::{
    Anomaly, Baseline, Change, Code, Consumer, Contract, Control, Coverage, Evidence, FunnelStep,
    Gap, Health, HealthMatch, HealthRejected, Impact, Incident, Operations, Quota, Reason,
    Rejected, Request, SCHEMA_VERSION, Scope, Share, Significance, Spread, Stamp, Tool, Verdict,
    Window,
};
use crate::report::escape::Untrusted;
use std::collections::BTreeSet;

/// The contract of a story.
pub(super) fn contract(story: &Story<'_>) -> Contract {
    let (facts, findings) = (story.facts, story.findings);
    Contract {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            name: story.meta.tool_name.clone(),
            version: story.meta.tool_version.clone(),
        },
        generated_at: Stamp(story.meta.generated_at),
        window: window(story),
        scope: Scope {
            accounts: sorted(&facts.case.scope.accounts),
            regions: sorted(&facts.case.scope.regions),
            repositories: sorted(&facts.case.scope.repositories),
            event_sources: sorted(&facts.case.scope.event_sources),
        },
        status: findings.status.word(),
        status_reason: raw(&findings.status_reason),
        incidents: findings
            .incidents
            .iter()
            .map(|incident| self::incident(story, incident))
            .collect(),
        anomalies: findings.anomalies.iter().map(anomaly).collect(),
        health: health(story),
        coverage: coverage(story),
        funnel: findings.funnel.iter().map(funnel_step).collect(),
        evidence: facts.evidence.iter().map(evidence).collect(),
        gaps: gaps::all(story)
            .iter()
            .map(|gap| Gap {
                noun: gap.noun.clone(),
                what: raw(&gap.what),
                consequence: raw(&gap.consequence),
                hint: raw(&gap.hint),
            })
            .collect(),
        seal: facts.seal.clone(),
        redaction: None,
    }
}

fn raw(text: &str) -> Untrusted {
    Untrusted::new(text)
}

fn raws(texts: &[String]) -> Vec<Untrusted> {
    texts.iter().map(Untrusted::from).collect()
}

fn sorted(names: &[String]) -> Vec<String> {
    let distinct: BTreeSet<String> = names.iter().cloned().collect();
    distinct.into_iter().collect()
}

/// JSON has no NaN and no infinity; nine decimals hide the last bits of a division.
fn finite(value: f64) -> f64 {
    if !value.is_finite() {
        return 0.0;
    }
    let rounded = (value * 1e9).round() / 1e9;
    // Very large values overflow the scaling and are exact enough as they are. Adding zero turns
    // -0 into 0.
    if rounded.is_finite() {
        rounded + 0.0
    } else {
        value
    }
}

fn window(story: &Story<'_>) -> Window {
    let case = &story.facts.case;
    Window {
        from: Stamp(case.window.from),
        to: Stamp(case.window.to),
        settled_until: Stamp(story.facts.settled_until),
        baseline: Baseline {
            from: Stamp(case.baseline.from),
            to: Stamp(case.baseline.to),
            days: story.baseline_days(),
            days_with_calls: story.days_with_calls(None),
        },
    }
}

fn incident(story: &Story<'_>, incident: &found::Incident) -> Incident {
    Incident {
        id: incident.id.clone(),
        account: raw(&incident.draft.place.account),
        region: raw(&incident.draft.place.region),
        signal: incident.draft.signal.word(),
        apis: raws(&incident.draft.apis),
        onset: Stamp(incident.onset),
        peak: Stamp(incident.peak),
        recovery: incident.recovery.map(Stamp),
        ongoing: incident.draft.ongoing,
        calls: incident.calls,
        failures: incident.failures,
        failure_ratio: finite(incident.failure_ratio),
        baseline_ratio: match incident.draft.signal.class() {
            None => story
                .has_before(&incident.draft.place, &incident.draft.apis)
                .then(|| finite(incident.baseline_ratio)),
            Some(class) => {
                let (failures, calls) =
                    story.before(&incident.draft.place, &incident.draft.apis, class);
                (calls > 0).then(|| finite(failures as f64 / calls as f64))
            }
        },
        minutes_impaired: incident.minutes_impaired,
        operations: Operations {
            failed_attempts: incident.operations.failed_attempts,
            recovered_by_retry: incident.operations.recovered_by_retry,
            lost: incident.operations.lost,
        },
        significance: Significance {
            method: incident.significance.method,
            score: finite(incident.significance.score),
            q: incident.significance.q.map(finite),
            calibrated_days: incident.significance.calibrated_days,
            dispersion: finite(incident.significance.dispersion),
        },
        verdict: verdict(&incident.verdict),
        health_matches: incident.health_matches.iter().map(health_match).collect(),
        changes: incident
            .changes
            .iter()
            .map(|candidate| change(story, candidate))
            .collect(),
        repairs: incident
            .repairs
            .iter()
            .map(|candidate| change(story, candidate))
            .collect(),
        principals: shares(&incident.principals),
        repositories: shares(&incident.repositories),
        vpc_endpoints: shares(&incident.vpc_endpoints),
        quota: incident
            .quota
            .iter()
            .map(|replay| (replay.api.clone(), quota(replay)))
            .collect(),
        codes: incident.codes.iter().map(code).collect(),
        controls: incident.controls.iter().map(control).collect(),
        requests: incident.requests.iter().map(request).collect(),
        evidence: incident.evidence.clone(),
    }
}

fn verdict(verdict: &found::Verdict) -> Verdict {
    let reasons = |reasons: &[found::Reason]| {
        reasons
            .iter()
            .map(|reason| Reason {
                text: raw(&reason.text),
                evidence: reason.evidence.clone(),
            })
            .collect()
    };
    Verdict {
        side: verdict.side.word(),
        cause: verdict.cause.clone(),
        confidence: verdict.confidence.word(),
        evidence_for: reasons(&verdict.evidence_for),
        evidence_against: reasons(&verdict.evidence_against),
        would_change: raws(&verdict.would_change),
        rejected: verdict
            .hypotheses
            .iter()
            .filter(|hypothesis| hypothesis.cause != verdict.cause)
            .map(|hypothesis| Rejected {
                cause: hypothesis.cause.clone(),
                why: raw(&hypothesis.rejected_because),
                score: hypothesis.score,
            })
            .collect(),
    }
}

fn health_match(found: &found::HealthMatch) -> HealthMatch {
    HealthMatch {
        arn: raw(&found.arn),
        service: raw(&found.service),
        region: raw(&found.region),
        score: finite(found.score),
        rule: raw(&found.rule),
        impact: Impact {
            from: Stamp(found.impact.from),
            to: Stamp(found.impact.to),
            read_from: match found.read_from {
                ReadFrom::Text => "text",
                ReadFrom::Published => "published",
            },
        },
        onset_lag_s: found.onset_lag_s,
        overlap_s: found.overlap_s,
        coincidence: finite(found.coincidence),
        posted_lag_s: found.posted_lag_s,
        posted_at_latest: found.posted_at_latest,
        evidence: found.evidence.clone(),
    }
}

fn change(story: &Story<'_>, candidate: &found::ChangeCandidate) -> Change {
    let change = &candidate.change;
    Change {
        time: Stamp(change.time),
        api: raw(&change.api),
        principal: raw(&change.principal),
        resource: raw(&change.resource),
        lead_s: candidate.lead_s,
        first_failure_lead_s: candidate.first_failure_lead_s,
        why: raw(&candidate.why),
        evidence: story
            .cites_trail("changes")
            .first()
            .map(|id| (*id).to_owned())
            .unwrap_or_default(),
        event_id: raw(&change.event_id),
        event_source: raw(&change.event_source),
        error_code: raw(&change.error_code),
    }
}

fn shares(shares: &[fact::Share]) -> Vec<Share> {
    shares
        .iter()
        .map(|share| Share {
            name: raw(&share.name),
            calls: share.calls,
            failures: share.failures,
            baseline_calls: share.baseline_calls,
            baseline_failures: share.baseline_failures,
        })
        .collect()
}

fn quota(replay: &found::QuotaReplay) -> Quota {
    Quota {
        code: replay.code.clone(),
        limit_per_s: replay.limit_per_s.map(finite),
        basis: replay.basis.clone(),
        peak_per_s: replay.peak_per_s,
        peak_at: Stamp(replay.peak_at),
        peak_factor: replay.peak_factor.map(finite),
        seconds_over: replay.seconds_over,
        modelled_throttles: replay.modelled_throttles,
        observed_throttles: replay.observed_throttles,
        spread: replay.spread.map(|(seconds, avoided)| Spread {
            seconds,
            avoided: finite(avoided),
        }),
        consumers: replay
            .consumers
            .iter()
            .map(|(name, calls)| Consumer {
                name: raw(name),
                calls: *calls,
            })
            .collect(),
        evidence: replay.evidence.clone(),
    }
}

fn code(code: &fact::CodeShare) -> Code {
    Code {
        api: raw(&code.api),
        class: code.class.word(),
        code: raw(&code.code),
        count: code.count,
        calls: code.calls,
        baseline_count: code.baseline_count,
        first: Stamp(code.first),
        last: Stamp(code.last),
        message: raw(&code.message),
    }
}

fn control(group: &fact::ControlGroup) -> Control {
    Control {
        kind: group.kind.clone(),
        name: raw(&group.name),
        calls: group.calls,
        failures: group.failures,
        baseline_calls: group.baseline_calls,
        baseline_failures: group.baseline_failures,
    }
}

fn request(request: &fact::RequestSample) -> Request {
    Request {
        request_id: raw(&request.request_id),
        event_id: raw(&request.event_id),
        time: Stamp(request.time),
        api: raw(&request.api),
        error_code: raw(&request.error_code),
        error_message: raw(&request.error_message),
        principal: raw(&request.principal),
        repository: raw(&request.repository),
        why_chosen: raw(&request.why_chosen),
        class: request.class.word(),
        session: raw(&request.session),
        vpc_endpoint: raw(&request.vpc_endpoint),
        source: raw(&request.source),
        user_agent: raw(&request.user_agent),
    }
}

fn anomaly(anomaly: &found::Anomaly) -> Anomaly {
    Anomaly {
        series: raw(&anomaly.series),
        from: Stamp(anomaly.span.from),
        to: Stamp(anomaly.span.to),
        score: finite(anomaly.score),
        expected: finite(anomaly.expected),
        observed: finite(anomaly.observed),
        unit: anomaly.unit.clone(),
    }
}

fn health(story: &Story<'_>) -> Health {
    let matched: BTreeSet<&str> = story
        .findings
        .incidents
        .iter()
        .flat_map(|incident| &incident.health_matches)
        .map(|found| found.arn.as_str())
        .collect();
    let outcomes = [Noun::Health, Noun::Status].map(|noun| outcome(story.source(noun)).0);
    // The better of the two: either can prove that something was searched.
    let best = ["complete", "partial"]
        .into_iter()
        .find(|word| outcomes.contains(word))
        .unwrap_or("unavailable");
    Health {
        outcome: best,
        searched: story.findings.health_searched,
        matched: matched.len() as u64,
        rejected: story
            .findings
            .health_rejected
            .iter()
            .map(|event| HealthRejected {
                arn: raw(&event.arn),
                why: raw(&event.why),
            })
            .collect(),
    }
}

fn outcome(entry: Option<&SourceEntry>) -> (&'static str, &str) {
    match entry.map(|entry| &entry.outcome) {
        Some(Outcome::Complete) => ("complete", ""),
        Some(Outcome::Partial { why }) => ("partial", why),
        Some(Outcome::Unavailable { why, .. }) => ("unavailable", why),
        None => ("unavailable", "not given"),
    }
}

/// One row per source and place; a source without any place, or not given at all, has one row too.
fn coverage(story: &Story<'_>) -> Vec<Coverage> {
    let mut rows = Vec::new();
    for noun in Noun::ALL {
        let entry = story.source(noun);
        let (word, why) = outcome(entry);
        let row = |scope: &str, tally: &crate::bundle::manifest::Tally| {
            let place = super::appendix::place_of(scope);
            let counted = (noun == Noun::Trail)
                .then(|| story.coverage(Some(&place), &[]))
                .flatten();
            Coverage {
                noun: noun.word(),
                account: raw(&place.account),
                region: raw(&place.region),
                outcome: word,
                why: raw(why),
                read: tally.read,
                used: tally.used,
                skipped: tally.skipped,
                duplicate: tally.duplicate,
                out_of_window: tally.out_of_window,
                late: tally.late,
                skipped_by: tally.skipped_by.clone(),
                signed: entry.and_then(|entry| entry.signed.as_deref()).map(raw),
                call_count: counted.map(|(_, counted)| finite(counted)),
                ratio: counted.map(|(trail, counted)| finite(trail as f64 / counted)),
                bytes_scanned: entry.map_or(0, |entry| {
                    let billed = entry.bill.as_ref().map_or(0, |bill| bill.bytes_scanned);
                    entry.bytes_read.max(billed)
                }),
                cost_usd: entry
                    .and_then(|entry| entry.bill.as_ref())
                    .map(|bill| finite(bill.cost_usd)),
            }
        };
        match entry {
            Some(entry) if !entry.by_scope.is_empty() => {
                rows.extend(
                    entry
                        .by_scope
                        .iter()
                        .map(|(scope, tally)| row(scope, tally)),
                );
            }
            Some(entry) => rows.push(row("?", &entry.tally)),
            None => rows.push(row("?", &crate::bundle::manifest::Tally::default())),
        }
    }
    rows
}

fn funnel_step(step: &found::FunnelStep) -> FunnelStep {
    FunnelStep {
        account: raw(&step.place.account),
        region: raw(&step.place.region),
        step: step.step.clone(),
        apis: raws(&step.apis),
        calls: step.calls,
        failures: step.failures,
        not_found: step.not_found,
    }
}

fn evidence(evidence: &fact::Evidence) -> Evidence {
    Evidence {
        id: evidence.id.clone(),
        noun: evidence.noun.clone(),
        query: raw(&evidence.query),
        params: raw(&evidence.params),
        rows: evidence.rows,
        sha256: evidence.sha256.clone(),
    }
}
