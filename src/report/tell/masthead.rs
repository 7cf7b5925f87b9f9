//! Title, header block and the headings between incidents.
//!
//! Facts about the report itself: what was asked, what it rests on, how it was made.

use super::story::Story;
use super::words::{self, cell, days, name, say};
use crate::analyze::types::{Incident, Status};
use crate::report::fmt;
use crate::report::model::{Block, Text};

/// The subject of the title: where and when.
pub(super) fn title(story: &Story<'_>) -> Text {
    let window = &story.facts.case.window;
    let what = match story.status() {
        Status::Incident => "incident report",
        Status::Quiet => "report, quiet",
        Status::Inconclusive => "report, inconclusive",
    };
    let service = if story.facts.case.scope.is_ecr() {
        "ECR"
    } else {
        "AWS API"
    };
    let mut regions: Vec<String> = story
        .in_full()
        .iter()
        .map(|incident| incident.draft.place.region.clone())
        .collect();
    regions.sort();
    regions.dedup();
    if regions.is_empty() {
        regions = story.regions();
    }
    let words = say(format!("{service} {what}: "));
    let words = match regions.as_slice() {
        [] => words.and("no region in the evidence"),
        [one] => words.prose(one),
        several if several.len() <= 3 => words.prose(&several.join(", ")),
        several => words.and(format!("{} regions", several.len())),
    };
    words
        .and(format!(", {}", window.from.format("%Y-%m-%d")))
        .done()
}

/// Key and value of the header block.
pub(super) fn header(story: &Story<'_>) -> Vec<(String, Text)> {
    let case = &story.facts.case;
    let names = |names: &[String], none: &str| {
        if names.is_empty() {
            cell(none)
        } else {
            say("").prose(&names.join(", ")).done()
        }
    };
    let mut rows = vec![
        (
            "Window",
            cell(format!(
                "{} ({}), settled until {}",
                fmt::interval(&case.window),
                fmt::duration(case.window.seconds()),
                fmt::moment(story.facts.settled_until)
            )),
        ),
        (
            "Baseline",
            cell(format!(
                "{} ({})",
                fmt::interval(&case.baseline),
                baseline(story)
            )),
        ),
        ("Regions", names(&story.regions(), "none in the evidence")),
        ("Accounts", names(&story.accounts(), "none in the evidence")),
    ];
    if !case.scope.repositories.is_empty() {
        rows.push(("Repositories", names(&case.scope.repositories, "all")));
    }
    if !case.scope.is_ecr() {
        rows.push((
            "Services",
            say("").codes(&case.scope.event_sources, 6).done(),
        ));
    }
    rows.push(("Sources", sources(story)));
    rows.push((
        "Made",
        cell(format!(
            "{} by {} {}",
            fmt::moment(story.meta.generated_at),
            story.meta.tool_name,
            story.meta.tool_version
        )),
    ));
    rows.push(("Evidence seal", name(&story.facts.seal)));
    rows.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// `7 days`, and how many of them hold calls when not all do.
fn baseline(story: &Story<'_>) -> String {
    let asked = story.baseline_days();
    let asked_words = days(asked);
    match story.days_with_calls(None) {
        held if held == asked => asked_words,
        0 => format!("{asked_words}, none of them with calls"),
        held => format!("{asked_words}, {held} of them with calls"),
    }
}

/// `trail complete, health missing, …`: what the answer rests on, on the first screen.
fn sources(story: &Story<'_>) -> Text {
    let words: Vec<String> = crate::bundle::manifest::Noun::ALL
        .iter()
        .map(|noun| {
            let state = super::gaps::state(story, *noun);
            format!("{} {state}", noun.word())
        })
        .collect();
    cell(words.join(", "))
}

/// A heading for one of several incidents.
pub(super) fn heading(incident: &Incident) -> Block {
    Block::Heading(
        say(format!(
            "{}: {}, ",
            incident.id,
            words::signal(incident.draft.signal)
        ))
        .prose(&incident.draft.place.region)
        .and(format!(", {}", fmt::moment(incident.onset)))
        .done(),
    )
}
