//! Sections on the possible causes: quota and throttling, AWS Health, our own changes.
//!
//! Each says what was looked at when nothing was found: silence is told with its search.

use super::story::Story;
use super::words::{cell, cut_note, list, name, plural, say, strong, table};
use super::{gaps, signal};
use crate::analyze::types::{HealthMatch, Incident, QuotaReplay};
use crate::bundle::manifest::{Noun, Outcome};
use crate::case::Minute;
use crate::ecr::Class;
use crate::facts::types::ReadFrom;
use crate::report::fmt;
use crate::report::model::{Block, Label, Text};

/// Rows shown of rejected events and of changes.
const ROWS: usize = 10;
/// Health matches told; the rest stands in report.json.
const MATCHES: usize = 3;
/// Consumers named per quota.
const CONSUMERS: usize = 3;

/// Quota replays, or how sure we are that there was no throttling.
pub(super) fn quota(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let near: Vec<&QuotaReplay> = incident
        .quota
        .iter()
        .filter(|replay| is_near_quota(replay))
        .collect();
    if near.is_empty() {
        let mut blocks = vec![no_throttling(story, incident)];
        blocks.extend(headroom(story, incident));
        return blocks;
    }
    let rows = near.iter().map(|replay| quota_row(replay)).collect();
    let mut cites = story.cites_of(incident);
    cites.extend(near.iter().map(|replay| replay.evidence.as_str()));
    let mut blocks = vec![table(
        &[
            "API", ">Quota", ">Busiest second", ">Of quota", ">Seconds over", ">Throttled, seen",
            ">Throttled, modelled",
        ],
        rows,
        say("Modelled: our recorded arrivals replayed second by second through a token bucket with the quota as rate; CloudTrail times are whole seconds.")
            .cite(&cites)
            .and(" ")
            .label(Label::Inferred)
            .done(),
    )];
    blocks.extend(list(basis_and_callers(&near)));
    for replay in &near {
        if let Some((seconds, avoided)) = replay.spread {
            blocks.push(
                say("Spreading the arrivals of ")
                    .code(&replay.api)
                    .and(format!(
                        " over {} would have avoided {} of the {} modelled throttles ",
                        fmt::duration(seconds),
                        fmt::percent(avoided),
                        fmt::count(replay.modelled_throttles)
                    ))
                    .label(Label::Inferred)
                    .and(".")
                    .para(),
            );
        }
    }
    if story
        .source(Noun::Quotas)
        .is_none_or(|entry| matches!(entry.outcome, Outcome::Unavailable { .. }))
    {
        blocks.push(
            say("No quota was given, so nothing here says whether the arrivals were within it.")
                .para(),
        );
    }
    for index in 0..incident.quota.len() {
        if let Some(id) = signal::quota_id(incident, index) {
            blocks.push(Block::Chart(id));
        }
    }
    blocks
}

fn quota_row(replay: &QuotaReplay) -> Vec<Text> {
    let limit = match replay.limit_per_s {
        Some(limit) => say(format!("{}/s ", fmt::number(limit)))
            .code(&replay.code)
            .done(),
        None => cell("unknown"),
    };
    vec![
        name(&replay.api),
        limit,
        cell(format!(
            "{} at {}",
            fmt::count(u64::from(replay.peak_per_s)),
            fmt::moment(replay.peak_at)
        )),
        cell(
            replay
                .peak_factor
                .map_or_else(|| "unknown".to_owned(), fmt::percent),
        ),
        cell(fmt::count(u64::from(replay.seconds_over))),
        cell(fmt::count(replay.observed_throttles)),
        cell(fmt::count(replay.modelled_throttles)),
    ]
}

/// Whether a quota is worth its own row: throttled, modelled as throttled, or above half the limit.
pub(super) fn is_near_quota(replay: &QuotaReplay) -> bool {
    replay.observed_throttles > 0
        || replay.modelled_throttles > 0
        || replay.seconds_over > 0
        || replay.peak_factor.is_some_and(|factor| factor >= 0.5)
}

/// The nearest the arrivals came to any known quota.
fn headroom(story: &Story<'_>, incident: &Incident) -> Option<Block> {
    let (replay, limit, factor) = incident
        .quota
        .iter()
        .filter_map(|replay| Some((replay, replay.limit_per_s?, replay.peak_factor?)))
        .max_by(|a, b| a.2.total_cmp(&b.2))?;
    let mut cites = story.cites_of(incident);
    cites.push(&replay.evidence);
    Some(
        say("Arrivals stayed well below the quotas: at most ")
            .code(&replay.api)
            .and(format!(
                " with {} of {} per second ({}) at {}.",
                fmt::count(u64::from(replay.peak_per_s)),
                fmt::number(limit),
                fmt::percent(factor),
                fmt::moment(replay.peak_at)
            ))
            .cite(&cites)
            .and(" ")
            .label(Label::Observed)
            .para(),
    )
}

/// What each quota rests on, and who used it most.
fn basis_and_callers(near: &[&QuotaReplay]) -> Vec<Text> {
    near.iter()
        .map(|replay| {
            let mut words = say("")
                .code(&replay.api)
                .and(": quota from ")
                .prose(&replay.basis);
            for (index, (who, calls)) in replay.consumers.iter().take(CONSUMERS).enumerate() {
                let lead = if index == 0 { "; most calls by " } else { ", " };
                words = words
                    .and(lead)
                    .code(who)
                    .and(format!(" ({})", fmt::count(*calls)));
            }
            words.and(".").done()
        })
        .collect()
}

fn no_throttling(story: &Story<'_>, incident: &Incident) -> Block {
    let (from, to) = (
        Minute::of(incident.draft.span.from),
        Minute::of(incident.draft.span.to),
    );
    let mut calls: u64 = 0;
    let mut throttles: u64 = 0;
    for trail in &story.facts.trail {
        if trail.place == incident.draft.place {
            for series in &trail.series {
                let (all, hit) = series.sum(Class::Throttle, from, to);
                calls = calls.saturating_add(all);
                throttles = throttles.saturating_add(hit);
            }
        }
    }
    let coverage = match story.coverage(Some(&incident.draft.place), &[]) {
        Some((trail, counted)) => format!("coverage {}", fmt::percent(trail as f64 / counted)),
        None => "coverage unknown".to_owned(),
    };
    let lead = if throttles == 0 {
        "No throttling seen in this place during the incident"
    } else {
        "Throttled calls in this place during the incident, none replayed for lack of a quota"
    };
    say(format!(
        "{lead}: {} calls ({coverage}).",
        fmt::share(throttles, calls)
    ))
    .cite(&story.cites_trail("calls"))
    .and(" ")
    .label(Label::Observed)
    .para()
}

/// Matches of one incident.
pub(super) fn health_matches(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    if incident.health_matches.is_empty() {
        return vec![say(format!("{}: no event matches.", incident.id)).para()];
    }
    let mut items: Vec<Text> = incident
        .health_matches
        .iter()
        .take(MATCHES)
        .map(health_match)
        .collect();
    if incident.health_matches.len() > MATCHES {
        items.push(cut_note(MATCHES, incident.health_matches.len(), "events"));
    }
    let mut blocks: Vec<Block> = list(items).into_iter().collect();
    for found in incident.health_matches.iter().take(2) {
        if let Some(notice) = story.notice(&found.arn)
            && !notice.text.is_empty()
        {
            blocks.push(
                say("AWS says: ")
                    // Line breaks would show as escapes in a code span.
                    .code_capped(
                        &notice.text.split_whitespace().collect::<Vec<_>>().join(" "),
                        700,
                    )
                    .cite(&[found.evidence.as_str()])
                    .para(),
            );
        }
    }
    blocks
}

/// One event in one item, so that it reads well raw.
fn health_match(found: &HealthMatch) -> Text {
    let read = match found.read_from {
        ReadFrom::Text => "as its text states",
        ReadFrom::Published => "by its published times only",
    };
    let posted = found.posted_lag_s.map_or_else(
        || "time of first post unknown".to_owned(),
        |lag| format!("first posted {} our onset", fmt::lag(lag)),
    );
    say("")
        .code(&found.arn)
        .and(" (")
        .code(&found.service)
        .and(", ")
        .prose(&found.region)
        .and(format!(
            "): impact {} {read}; our onset is {} its start, they share {}; {posted}. Score {} of 1: ",
            fmt::interval(&found.impact),
            fmt::lag(found.onset_lag_s),
            fmt::duration(found.overlap_s),
            fmt::number(found.score)
        ))
        .prose(&found.rule)
        .and(format!(
            ". Chance that an unrelated event overlaps as well: {}.",
            fmt::percent(found.coincidence)
        ))
        .cite(&[found.evidence.as_str()])
        .and(" ")
        .label(Label::Inferred)
        .done()
}

/// What was searched, and what was found and put aside, for the whole run.
pub(super) fn health_rejected(story: &Story<'_>) -> Vec<Block> {
    let rejected = &story.findings.health_rejected;
    if rejected.is_empty() {
        return vec![say("").text(health_search(story)).para()];
    }
    let rows = rejected
        .iter()
        .take(ROWS)
        .map(|event| vec![name(&event.arn), say("").prose(&event.why).done()])
        .collect();
    let mut note = say("").text(health_search(story));
    let cut = cut_note(ROWS, rejected.len(), "events");
    if !cut.is_empty() {
        note = note.and(" ").text(cut);
    }
    vec![
        strong("Looked at and put aside").para(),
        table(&["Event", "Why not"], rows, note.done()),
    ]
}

/// The search itself, or why there was none.
fn health_search(story: &Story<'_>) -> Text {
    let mut cites = story.cites(Noun::Health);
    cites.extend(story.cites(Noun::Status));
    let states = [Noun::Health, Noun::Status].map(|noun| (noun, gaps::state(story, noun)));
    if states.iter().all(|(_, state)| *state == "missing") {
        return say("AWS Health and the public status feed were not available (see ")
            .and(super::outline::place_of(story.status(), "gaps"))
            .and("): nothing here says that AWS had no event.")
            .done();
    }
    let span = &story.facts.case.window;
    say(format!(
        "Searched: {} of every service in the inputs (Health {}, public status feed {}), for region and service first, then for impact overlapping the window {}. A missing event is weak evidence: AWS often posts late or only to the accounts concerned.",
        plural(story.findings.health_searched, "event", "events"),
        states[0].1,
        states[1].1,
        fmt::interval(span),
    ))
    .cite(&cites)
    .done()
}

/// Ranked changes that could explain the incident.
pub(super) fn changes(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let trail = story
        .facts
        .trail
        .iter()
        .find(|trail| trail.place == incident.draft.place);
    let recorded = trail.map_or(0, |trail| trail.changes.len()) as u64;
    let state = gaps::state(story, Noun::Trail);
    if incident.changes.is_empty() {
        return vec![
            say(format!(
                "None found that could explain it: {} in baseline and window of this place looked at (trail {state}). A trail without the events of IAM, KMS, EC2 or Organizations would not show theirs.",
                plural(recorded, "recorded change", "recorded changes"),
            ))
            .cite(&story.cites_trail("changes"))
            .and(" ")
            .label(Label::Observed)
            .para(),
        ];
    }
    let rows = incident
        .changes
        .iter()
        .take(ROWS)
        .map(|candidate| {
            let change = &candidate.change;
            let outcome = if change.error_code.is_empty() {
                cell("done")
            } else {
                say("refused: ").code(&change.error_code).done()
            };
            let fit = match (candidate.touches, candidate.explains) {
                (true, true) => "names what fails; fits the class",
                (true, false) => "names what fails",
                (false, true) => "fits the class",
                (false, false) => "near in time only",
            };
            vec![
                cell(fmt::moment(change.time)),
                cell(format!("{} onset", fmt::lag(-candidate.lead_s))),
                name(&change.api),
                name(&change.resource),
                name(&change.principal),
                outcome,
                cell(fit),
                say("").prose(&candidate.why).done(),
            ]
        })
        .collect();
    let mut note = say(format!(
        "Best first, of {} in baseline and window of this place. Before is not because.",
        plural(recorded, "recorded change", "recorded changes")
    ));
    let cut = cut_note(ROWS, incident.changes.len(), "candidates");
    if !cut.is_empty() {
        note = note.and(" ").text(cut);
    }
    vec![table(
        &[
            "Time",
            "Relative to",
            "Change",
            "Of",
            "By",
            "Outcome",
            "Fit",
            "Why it could matter",
        ],
        rows,
        note.cite(&story.cites_trail("changes"))
            .and(" ")
            .label(Label::Inferred)
            .done(),
    )]
}
