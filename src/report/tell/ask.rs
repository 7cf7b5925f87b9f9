//! What is asked of AWS, what people still have to add, and what to do next.
//!
//! Words and commands come from `queries/steps/`; this file only puts them in order.

use super::causes::{self, Kind, Slots, Worth};
use super::story::Story;
use super::words::{list, say, strong};
use crate::analyze::types::Incident;
use crate::report::model::{Block, Label, Text, Untrusted};

/// What to write to AWS, and whether to write at all.
pub(super) fn ask(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let cause = causes::cause(&incident.verdict.cause);
    let slots = Slots::of(incident, &story.facts.case);
    let mut items = Vec::new();
    if cause.ask.case != Worth::No {
        items.push(
            strong("Subject:")
                .and(" ")
                .text(slots.subject(&cause.ask.subject))
                .done(),
        );
    }
    for line in &cause.ask.lines {
        items.push(slots.text(line));
    }
    items.push(severity(incident, cause.ask.case));
    list(items).into_iter().collect()
}

/// The suggested severity, with its reason. Words and response times as AWS Support defines them;
/// what the business feels only a human knows.
fn severity(incident: &Incident, worth: Worth) -> Text {
    if worth == Worth::No {
        return strong("Case:")
            .and(" none suggested ")
            .label(Label::Inferred)
            .and(". If people see it otherwise, severity follows business impact ")
            .label(Label::Human)
            .and(".")
            .done();
    }
    let heavy = incident.failure_ratio >= 0.5 || incident.operations.lost > 0;
    let (word, why) = match (incident.draft.ongoing, heavy) {
        (true, true) => (
            "high (production system impaired)",
            "it is still going on and operations are being lost or most calls fail",
        ),
        (true, false) => (
            "normal (system impaired)",
            "it is still going on, but most operations get through",
        ),
        (false, _) => (
            "normal (system impaired)",
            "it is over; this is about cause and prevention",
        ),
    };
    strong("Suggested severity:")
        .and(format!(" {word}, because {why} "))
        .label(Label::Inferred)
        .and(". Raise it only for business impact ")
        .label(Label::Human)
        .and("; it cannot be changed later.")
        .done()
}

/// Numbered, each tied to its evidence.
pub(super) fn questions(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let cause = causes::cause(&incident.verdict.cause);
    let slots = Slots::of(incident, &story.facts.case);
    let cites = story.cites_of(incident);
    let mut items: Vec<Text> = cause
        .ask
        .questions
        .iter()
        .map(|question| say("").text(slots.text(question)).cite(&cites).done())
        .collect();
    if let Some(first) = incident.health_matches.first() {
        items.push(
            say("Does Health event ")
                .code(&first.arn)
                .and(" cover the listed requests, and is its impact span exact?")
                .cite(&[first.evidence.as_str()])
                .done(),
        );
    }
    let mut blocks = Vec::new();
    if cause.ask.case == Worth::No {
        blocks.push(say("No case is suggested; if one is opened all the same, ask:").para());
    }
    blocks.push(Block::List {
        ordered: true,
        items,
    });
    blocks
}

/// Mitigate now, prevent, detect earlier.
pub(super) fn steps(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let cause = causes::cause(&incident.verdict.cause);
    let slots = Slots::of(incident, &story.facts.case);
    let mut blocks = Vec::new();
    for (kind, title) in [
        (Kind::Mitigate, "Mitigate now"),
        (Kind::Prevent, "Prevent"),
        (Kind::Detect, "Detect earlier"),
    ] {
        blocks.push(strong(title).para());
        for step in cause.steps.iter().filter(|step| step.kind == kind) {
            blocks.push(Block::List {
                ordered: false,
                items: vec![slots.text(&step.text)],
            });
            if !step.command.is_empty() {
                blocks.push(Block::Code {
                    language: "sh",
                    text: Untrusted::capped(slots.command(&step.command), 4_000),
                });
            }
        }
    }
    blocks.push(
        say("Names in angle brackets are for you to fill in. Commands are offered, not run; look at each before use.")
            .para(),
    );
    blocks
}

/// What only people know.
pub(super) fn tried() -> Vec<Block> {
    let todo = |what: &str| say("").label(Label::Human).and(format!(": {what}")).done();
    list(vec![
        todo("retries, restarts or another region tried, when, with what result"),
        todo("workaround in place (pre-pulled images, pull-through cache, other region)"),
        todo("deployments or scaling blocked, customers affected"),
    ])
    .into_iter()
    .collect()
}
