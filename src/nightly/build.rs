//! From facts, findings and news to the summary's plain data. It counts and filters; it must never
//! judge, and never leave out what no other part tells.

use super::change::News;
use super::summary::{
    GateCount, Health, Mover, PartyMover, SCHEMA_VERSION, Source, Standing, Summary, Watch,
};
use super::{Input, health, status_word, trend};
use crate::bundle::manifest::{Outcome as Read, SourceEntry};
use crate::case::Minute;
use crate::ecr::Class;
use crate::facts::types::Relation;
use crate::state::types::Night;
use std::collections::{BTreeMap, BTreeSet};

/// Calls CloudWatch must have counted before the share says anything.
const COUNTED_ENOUGH: f64 = 20.0;

/// Puts the parts together; the subject is left to the words.
pub(super) fn build(input: &Input<'_>, earlier: &[&Night], news: &News) -> Summary {
    let facts = input.facts;
    let (calls, failures) = counts(input);
    let watch = watch(input, earlier);
    let (party_movers, callers) = trend::parties(facts, input.span, input.daily);
    let party_movers = strange(party_movers, input, news);
    let mut first_seen = first_seen(input, news);
    first_seen.extend(callers);
    let status = if !news.attention.is_empty() {
        "attention"
    } else if status_word(input.findings) == "inconclusive" {
        "inconclusive"
    } else if !news.changed.is_empty() || !input.revisions.is_empty() {
        "changed"
    } else {
        "quiet"
    };
    Summary {
        schema_version: SCHEMA_VERSION,
        night: input.key.to_owned(),
        status: status.to_owned(),
        status_reason: input.findings.status_reason.clone(),
        subject: String::new(),
        from: input.span.from,
        to: input.span.to,
        reread_from: facts.case.window.from,
        settled_until: facts.settled_until,
        regions: regions(input),
        calls,
        failures,
        coverage_ratio: coverage(input),
        sources: sources(input),
        attention: news.attention.clone(),
        changed: news.changed.clone(),
        headroom: trend::headroom(facts, input.span),
        health: watch,
        revisions: input.revisions.to_vec(),
        trends: trend::trends(facts, input.span.to),
        movers: unexplained(trend::movers(facts, input.span), input, news),
        party_movers,
        first_seen,
        anomalies: input.findings.anomalies.len() as u64,
        gates: gates(input),
        suppressed: news.suppressed.clone(),
        known_again: news.known_again,
        tool: tool(input),
    }
}

fn counts(input: &Input<'_>) -> (u64, u64) {
    let (from, to) = (Minute::of(input.span.from), Minute::of(input.span.to));
    let mut sums = (0u64, 0u64);
    for series in input.facts.trail.iter().flat_map(|trail| &trail.series) {
        let (calls, good) = series.sum(Class::Success, from, to);
        let (_, missing) = series.sum(Class::NotFound, from, to);
        sums.0 = sums.0.saturating_add(calls);
        sums.1 = sums
            .1
            .saturating_add(calls.saturating_sub(good).saturating_sub(missing));
    }
    sums
}

fn regions(input: &Input<'_>) -> Vec<String> {
    let (from, to) = (Minute::of(input.span.from), Minute::of(input.span.to));
    let set: BTreeSet<String> = input
        .facts
        .trail
        .iter()
        .filter(|trail| {
            trail
                .series
                .iter()
                .any(|series| series.sum(Class::Success, from, to).0 > 0)
        })
        .map(|trail| trail.place.region.clone())
        .collect();
    set.into_iter().collect()
}

fn coverage(input: &Input<'_>) -> Option<f64> {
    let (mut held, mut counted) = (0u64, 0.0);
    for row in &input.facts.coverage {
        if row.call_count.is_finite() && row.call_count > 0.0 {
            held = held.saturating_add(row.trail_calls);
            counted += row.call_count;
        }
    }
    (counted >= COUNTED_ENOUGH).then(|| held as f64 / counted)
}

fn sources(input: &Input<'_>) -> Vec<Source> {
    input
        .facts
        .sources
        .iter()
        .map(|entry| {
            let (outcome, why) = match &entry.outcome {
                Read::Complete => ("complete", ""),
                Read::Partial { why } => ("partial", why.as_str()),
                Read::Unavailable { why, .. } => ("unavailable", why.as_str()),
            };
            Source {
                noun: entry.noun.word().to_owned(),
                outcome,
                why: why.to_owned(),
                read: entry.tally.read,
                refused: refused(entry),
            }
        })
        .collect()
}

/// The movers that no incident of the night explains: those are told, or counted as acknowledged,
/// already. A change of traffic is told beside an incident of failures.
fn unexplained(movers: Vec<Mover>, input: &Input<'_>, news: &News) -> Vec<Mover> {
    let known = |mover: &Mover| {
        news.seen.iter().any(|(identity, sighting)| {
            identity.account == mover.account
                && identity.region == mover.region
                && sighting.until > input.span.from
                && sighting.apis.contains(&mover.api)
        })
    };
    let keep = |mover: &Mover| mover.traffic_moved || !known(mover);
    movers.into_iter().filter(keep).collect()
}

/// Events that are open, ahead, new since the night before, or have said something since.
fn watch(input: &Input<'_>, earlier: &[&Night]) -> Vec<Watch> {
    let seen: BTreeMap<&str, &str> = earlier
        .iter()
        .flat_map(|night| &night.body.notices)
        .map(|mark| (mark.arn.as_str(), mark.updated.as_str()))
        .collect();
    let marks = health::marks(input.facts);
    input
        .facts
        .notices
        .iter()
        .filter(|notice| notice.relation != Relation::Unrelated)
        .filter_map(|notice| {
            let mark = marks.iter().find(|mark| mark.arn == notice.arn)?;
            let first = earlier.is_empty();
            let recent = notice
                .updated
                .or(notice.end)
                .or(notice.start)
                .is_some_and(|at| at >= input.span.from);
            let why = match seen.get(notice.arn.as_str()) {
                _ if notice.status == "upcoming" => "upcoming",
                // On the first night everything is new; only what is recent is news.
                None if first && !recent && notice.status != "open" => return None,
                None => "new",
                Some(before) if *before != mark.updated => "updated",
                Some(_) if notice.status == "open" => "open",
                Some(_) => return None,
            };
            Some(Watch {
                arn: notice.arn.clone(),
                service: notice.service.clone(),
                region: notice.region.clone(),
                status: notice.status.clone(),
                why,
            })
        })
        .collect()
}

/// Callers and repositories whose failures no incident of their place explains, or whose traffic
/// moved.
fn strange(movers: Vec<PartyMover>, input: &Input<'_>, news: &News) -> Vec<PartyMover> {
    let hit = |mover: &PartyMover| {
        news.seen.iter().any(|(identity, sighting)| {
            identity.account == mover.account
                && identity.region == mover.region
                && sighting.until > input.span.from
        })
    };
    let keep = |mover: &PartyMover| mover.traffic_moved || !hit(mover);
    movers.into_iter().filter(keep).take(trend::SHOWN).collect()
}

/// Codes of the night's incidents that the baseline never held.
fn first_seen(input: &Input<'_>, news: &News) -> Vec<String> {
    const MOST: usize = 5;
    let mut set = BTreeSet::new();
    for incident in input.findings.incidents.iter().filter(|incident| {
        // What goes on or comes back was told the night it began.
        news.attention
            .iter()
            .any(|item| item.standing == Standing::New && item.report == incident.id)
    }) {
        let mut codes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for code in incident.codes.iter().filter(|code| {
            code.baseline_count == 0 && code.count >= 3 && code.class != Class::Success
        }) {
            codes.entry(&code.code).or_default().insert(&code.api);
        }
        for (code, apis) in codes {
            let apis: Vec<&str> = apis.into_iter().collect();
            set.insert(format!("error code {code} of {}", apis.join(", ")));
        }
    }
    set.into_iter().take(MOST).collect()
}

fn gates(input: &Input<'_>) -> Vec<GateCount> {
    let mut by: BTreeMap<&str, GateCount> = BTreeMap::new();
    for mark in input.gates {
        let count = by.entry(&mark.region).or_insert_with(|| GateCount {
            region: mark.region.clone(),
            verdicts: BTreeMap::new(),
            shadow: 0,
            reasons: Vec::new(),
        });
        *count.verdicts.entry(mark.verdict.clone()).or_default() += 1;
        count.shadow += u64::from(mark.shadow);
        if mark.verdict != "open" && !count.reasons.contains(&mark.reason) {
            count.reasons.push(mark.reason.clone());
        }
    }
    by.into_values().collect()
}

/// Inputs of which nothing was used; a note on one that was used is none.
fn refused(entry: &SourceEntry) -> u64 {
    let lost = entry.refusals.iter().filter(|one| !one.partly_used);
    lost.count() as u64
}

fn tool(input: &Input<'_>) -> Health {
    let entries = &input.facts.sources;
    let sum =
        |of: &dyn Fn(&SourceEntry) -> u64| entries.iter().map(of).fold(0u64, u64::saturating_add);
    Health {
        version: input.tool_version.to_owned(),
        files_read: sum(&|entry| entry.files_read),
        files_left_out: sum(&|entry| entry.files_pruned),
        refused: sum(&refused),
        late: sum(&|entry| entry.tally.late),
        bytes_read: sum(&|entry| entry.bytes_read),
        cost_usd: entries
            .iter()
            .filter_map(|entry| entry.bill.as_ref())
            .map(|bill| bill.cost_usd)
            .reduce(|a, b| a + b),
        calls_to_aws: sum(&|entry| entry.bill.as_ref().map_or(0, |bill| bill.calls)),
        retried: sum(&|entry| entry.bill.as_ref().map_or(0, |bill| bill.retries)),
        seal: input.facts.seal.clone(),
        config: input.config.to_owned(),
        took_s: input.took_s,
        waited_ms: sum(&|entry| entry.bill.as_ref().map_or(0, |bill| bill.waited_ms)),
    }
}
