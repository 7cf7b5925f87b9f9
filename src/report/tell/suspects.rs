//! Sections on the possible causes outside the calls: AWS Health and our own changes.
//!
//! Each says what was looked at when nothing was found: silence is told with its search.

use super::gaps;
use super::story::{Story, minutes};
use super::words::{self, cell, cut_note, list, name, plural, say, strong, table};
use crate::analyze::types::{ChangeCandidate, HealthMatch, Incident};
use crate::bundle::manifest::Noun;
use crate::case::Minute;
use crate::facts::types::ReadFrom;
use crate::report::fmt;
use crate::report::model::{Block, Label, Text};

/// Rows shown of rejected events and of changes.
const ROWS: usize = 10;
/// Health matches told; the rest stands in report.json.
const MATCHES: usize = 3;

/// Matches of one incident.
pub(super) fn health_matches(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    if incident.health_matches.is_empty() {
        // The search below says that nobody looked; "no match" would sound like an answer.
        if !health_was_read(story) {
            return Vec::new();
        }
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
    let posted = words::posted(found).unwrap_or_else(|| "time of first post unknown".to_owned());
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

/// Whether AWS Health or the public feed was read at all.
pub(super) fn health_was_read(story: &Story<'_>) -> bool {
    [Noun::Health, Noun::Status]
        .iter()
        .any(|noun| gaps::state(story, *noun) != "missing")
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
    let states = [Noun::Health, Noun::Status].map(|noun| gaps::state(story, noun));
    if !health_was_read(story) {
        return say("AWS Health and the public status feed were not available (see ")
            .and(super::outline::place_of(story.status(), "gaps"))
            .and("): nothing here says that AWS had no event.")
            .done();
    }
    let span = &story.facts.case.window;
    say(format!(
        "Searched: {} of every service in the inputs (Health {}, public status feed {}), for region and service first, then for impact overlapping the window {}. A missing event is weak evidence: AWS often posts late or only to the accounts concerned.",
        plural(story.findings.health_searched, "event", "events"),
        states[0],
        states[1],
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
        let unseen = if is_unseen(story, incident) {
            " In this incident's span the trail holds no record at all, so a change made then is not shown."
        } else {
            ""
        };
        let mut blocks = vec![
            say(format!(
                "None found that could explain it: {} in baseline and window of this place looked at (trail {state}). A trail without the events of IAM, KMS, EC2 or Organizations would not show theirs.{unseen}",
                plural(recorded, "recorded change", "recorded changes"),
            ))
            .cite(&story.cites_trail("changes"))
            .and(" ")
            .label(Label::Observed)
            .para(),
        ];
        blocks.extend(repairs(story, incident));
        return blocks;
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
                cell(fmt::second(change.time)),
                cell(words::before_failure(candidate)),
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
    let mut blocks = vec![table(
        &[
            "Time",
            "When",
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
    )];
    blocks.extend(repairs(story, incident));
    blocks
}

/// What may have ended it, told as possible and never as the reason.
fn repairs(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    if incident.repairs.is_empty() {
        return Vec::new();
    }
    let one = |candidate: &ChangeCandidate| -> Text {
        let change = &candidate.change;
        say("")
            .code(&change.api)
            .and(" on ")
            .code(&change.resource)
            .and(" by ")
            .code(&change.principal)
            .and(format!(" at {}: ", fmt::second(change.time)))
            .prose(&candidate.why)
            .cite(&story.cites_trail("changes"))
            .and(" ")
            .label(Label::Inferred)
            .done()
    };
    let mut blocks = vec![
        strong("Possibly what ended it:")
            .and(" changes in the minutes before the recovery. Before is not because.")
            .para(),
    ];
    blocks.extend(list(incident.repairs.iter().take(ROWS).map(one).collect()));
    blocks
}

/// Whether the trail holds no record of the place in the incident's span, of any service.
fn is_unseen(story: &Story<'_>, incident: &Incident) -> bool {
    let (from, to) = minutes(&incident.draft.span);
    let any = |start: Minute, counts: &[u32]| {
        (from.0..to.0).any(|minute| {
            let at = usize::try_from(minute - start.0).ok();
            at.and_then(|at| counts.get(at))
                .is_some_and(|count| *count > 0)
        })
    };
    story
        .facts
        .trail
        .iter()
        .filter(|trail| trail.place == incident.draft.place)
        .all(|trail| {
            !trail
                .series
                .iter()
                .any(|series| any(series.start, &series.calls()))
                && !trail
                    .controls
                    .iter()
                    .any(|series| any(series.start, &series.calls))
        })
}
