//! What happened when, in one table for all incidents told in full.
//!
//! Starts at least half an hour before the first onset. Every row says how it is known; rows only
//! people can fill in are there to be filled in.

use super::story::Story;
use super::words::{cell, cut_note, say, table};
use crate::analyze::types::{Incident, Signal};
use crate::case::{Instant, Minute};
use crate::report::fmt;
use crate::report::model::{Block, Label, Text};

/// Rows shown at most: about one screen.
const ROWS: usize = 40;
/// Changes of one incident on the timeline; the changes section ranks all of them.
const CHANGES: usize = 6;

struct Row {
    at: Instant,
    /// Whether it is the time of a record, told to the second, or of a minute.
    record: bool,
    /// Keeps cause before effect when times are equal.
    order: u8,
    what: Text,
    label: Label,
    cites: Vec<String>,
}

/// The table.
pub(super) fn blocks(story: &Story<'_>, incidents: &[&Incident]) -> Vec<Block> {
    let mut rows = Vec::new();
    for incident in incidents {
        before(story, incident, &mut rows);
        course(story, incident, &mut rows);
        changes(story, incident, &mut rows);
        health(story, incident, &mut rows);
    }
    rows.sort_by_key(|row| (row.at, row.order));
    rows.dedup_by(|a, b| a.at == b.at && a.what == b.what);
    let all = rows.len();
    let mut cells: Vec<Vec<Text>> = rows
        .into_iter()
        .take(ROWS)
        .map(|row| {
            vec![
                cell(if row.record {
                    fmt::second(row.at)
                } else {
                    fmt::moment(row.at)
                }),
                row.what,
                say("").label(row.label).done(),
                say("").cite(&row.cites).done(),
            ]
        })
        .collect();
    for what in [
        "first noticed by people or an alarm",
        "mitigation started, and what it was",
        "customers or deployments back to normal",
    ] {
        cells.push(vec![
            cell("☐"),
            cell(what),
            say("").label(Label::Human).done(),
            cell("—"),
        ]);
    }
    vec![table(
        &["Time", "What", "Known by", "Evidence"],
        cells,
        cut_note(ROWS, all, "rows"),
    )]
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// What the half hour before looked like.
fn before(story: &Story<'_>, incident: &Incident, rows: &mut Vec<Row>) {
    let to = Minute::of(incident.onset);
    let from = to.plus(-30);
    let mut calls: u64 = 0;
    let mut failures: u64 = 0;
    for api in &incident.draft.apis {
        if let Some(series) = story.series(&incident.draft.place, api) {
            let class = incident
                .draft
                .signal
                .class()
                .unwrap_or(crate::ecr::Class::Success);
            let (all, hit) = series.sum(class, from, to);
            calls = calls.saturating_add(all);
            failures = failures.saturating_add(hit);
        }
    }
    let text = match incident.draft.signal {
        Signal::Failures(_) if calls == 0 => format!(
            "{}: from here to the onset, no recorded call of the APIs concerned",
            incident.id
        ),
        Signal::Failures(_) => format!(
            "{}: from here to the onset, {} calls of the APIs concerned failed this way",
            incident.id,
            fmt::share(failures, calls)
        ),
        Signal::TrafficSurge | Signal::TrafficDrop => format!(
            "{}: from here to the onset, {} calls ({}/min)",
            incident.id,
            fmt::count(calls),
            fmt::number(calls as f64 / 30.0)
        ),
    };
    rows.push(Row {
        at: from.start(),
        record: false,
        order: 0,
        what: cell(text),
        label: Label::Observed,
        cites: owned(&story.cites_of(incident)),
    });
}

/// First failure, onset, peak, last failure, recovery.
fn course(story: &Story<'_>, incident: &Incident, rows: &mut Vec<Row>) {
    let cites = owned(&story.cites_of(incident));
    let mut row = |at: Instant, order: u8, what: Text, label: Label| {
        rows.push(Row {
            at,
            // The first and the last failure are records.
            record: matches!(order, 3 | 5),
            order,
            what,
            label,
            cites: cites.clone(),
        });
    };
    let id = &incident.id;
    let class = incident.draft.signal.class();
    let of_class = || {
        incident
            .codes
            .iter()
            .filter(|code| Some(code.class) == class)
    };
    if let Some(first) = of_class().min_by_key(|code| code.first) {
        let what = say(format!("{id}: first "))
            .code(&first.code)
            .and(" of ")
            .code(&first.api);
        row(first.first, 3, what.done(), Label::Observed);
    }
    row(
        incident.onset,
        2,
        cell(format!("{id}: onset (first impaired minute)")),
        Label::Inferred,
    );
    row(
        incident.peak,
        4,
        cell(format!("{id}: peak (minute furthest from normal)")),
        Label::Observed,
    );
    if let Some(last) = of_class().max_by_key(|code| code.last) {
        let what = say(format!("{id}: last "))
            .code(&last.code)
            .and(" of ")
            .code(&last.api);
        row(last.last, 5, what.done(), Label::Observed);
    }
    match incident.recovery {
        Some(recovery) => row(
            recovery,
            6,
            cell(format!("{id}: recovery (first healthy minute)")),
            Label::Inferred,
        ),
        None => row(
            story.facts.settled_until,
            6,
            cell(format!("{id}: still going on where the settled data ends")),
            Label::Inferred,
        ),
    }
}

fn changes(story: &Story<'_>, incident: &Incident, rows: &mut Vec<Row>) {
    for candidate in incident.changes.iter().take(CHANGES) {
        let change = &candidate.change;
        let words = say("our change: ")
            .code(&change.api)
            .and(" on ")
            .code(&change.resource);
        let words = if change.error_code.is_empty() {
            words
        } else {
            words.and(", refused with ").code(&change.error_code)
        };
        rows.push(Row {
            at: change.time,
            record: true,
            order: 1,
            what: words.and(" by ").code(&change.principal).done(),
            label: Label::Observed,
            cites: owned(&story.cites_trail("changes")),
        });
    }
    for candidate in incident.repairs.iter().take(CHANGES) {
        let change = &candidate.change;
        rows.push(Row {
            at: change.time,
            record: true,
            order: 1,
            what: say(format!("{}: possible repair, ", incident.id))
                .code(&change.api)
                .and(" on ")
                .code(&change.resource)
                .and(" by ")
                .code(&change.principal)
                .done(),
            label: Label::Inferred,
            cites: owned(&story.cites_trail("changes")),
        });
    }
}

/// Impact as AWS states it, and when AWS said so.
fn health(story: &Story<'_>, incident: &Incident, rows: &mut Vec<Row>) {
    for found in &incident.health_matches {
        let mut row = |at: Instant, what: Text| {
            rows.push(Row {
                at,
                record: false,
                order: 7,
                what,
                label: Label::Observed,
                cites: vec![found.evidence.clone()],
            });
        };
        let event = |what: &str| {
            say(format!("AWS Health, {what}: "))
                .code(&found.service)
                .and(" in ")
                .prose(&found.region)
                .done()
        };
        row(found.impact.from, event("impact starts"));
        row(found.impact.to, event("impact ends, as far as stated"));
        if let Some(notice) = story.notice(&found.arn) {
            if let Some(posted) = notice.posted {
                row(
                    posted,
                    event(if notice.posted_at_latest {
                        "posted by then"
                    } else {
                        "first post"
                    }),
                );
            }
            if let Some(updated) = notice.updated {
                row(updated, event("last update"));
            }
        }
    }
}
