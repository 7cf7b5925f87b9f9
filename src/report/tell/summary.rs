//! The summary: scale, loss, who else, what AWS said, where it stands, what to do first.
//!
//! The verdict stands above it and is not said again.

use super::causes::{self, Kind, Slots};
use super::outline;
use super::story::{IN_FULL, Story};
use super::words::{self, cell, days, list, plural, say, strong, table};
use crate::analyze::types::{Incident, Side, Signal, Status};
use crate::bundle::manifest::Noun;
use crate::report::fmt;
use crate::report::model::{Block, Label, Text};

/// A table of all incidents, when there are several.
pub(super) fn all_incidents(story: &Story<'_>) -> Vec<Block> {
    let incidents = &story.findings.incidents;
    if incidents.len() < 2 {
        return Vec::new();
    }
    let rows = incidents
        .iter()
        .map(|incident| {
            let place = &incident.draft.place;
            let end = incident
                .recovery
                .map_or_else(|| "ongoing".to_owned(), fmt::moment);
            let size = match incident.draft.signal {
                Signal::Failures(_) => fmt::share(incident.failures, incident.calls),
                Signal::TrafficSurge | Signal::TrafficDrop => format!(
                    "{}, expected {}",
                    fmt::count(incident.calls),
                    fmt::count(incident.failures)
                ),
            };
            vec![
                cell(incident.id.as_str()),
                say("")
                    .prose(&place.region)
                    .and(" / ")
                    .prose(&place.account)
                    .done(),
                cell(words::signal(incident.draft.signal)),
                say("").codes(&incident.draft.apis, 3).done(),
                cell(format!("{} to {end}", fmt::moment(incident.onset))),
                cell(size),
                cell(short_verdict(incident)),
            ]
        })
        .collect();
    let note = if incidents.len() > IN_FULL {
        say(format!(
            "{} of {} incidents are told in full below, the weightiest by class and failures; the others stand in report.json.",
            IN_FULL,
            incidents.len()
        ))
        .done()
    } else {
        Vec::new()
    };
    vec![table(
        &[
            "ID", "Where", "Signal", "API", "From, to", "Size", "Verdict",
        ],
        rows,
        note,
    )]
}

fn short_verdict(incident: &Incident) -> String {
    let verdict = &incident.verdict;
    if verdict.side == Side::Undetermined {
        return "cannot tell".to_owned();
    }
    format!(
        "{} ({}), {}",
        words::side(verdict.side),
        causes::cause(&verdict.cause).phrase,
        words::confidence(verdict.confidence)
    )
}

/// The answer of a run without an incident, what it rests on, and what to do with it.
pub(super) fn no_incident(story: &Story<'_>) -> Vec<Block> {
    let status = story.status();
    let gaps = outline::place_of(Status::Quiet, "gaps");
    let next = match status {
        Status::Quiet => format!(
            "Nothing to do. What the evidence cannot show stands in {gaps}; if people saw failures all the same, look there first: layer downloads and refused connections leave no record."
        ),
        Status::Inconclusive | Status::Incident => format!(
            "Close the gaps in {gaps} and run the same command again. Until then this report neither blames nor clears anybody."
        ),
    };
    let health = match story.findings.health_searched {
        0 => format!(
            "no event was looked at, see {}.",
            outline::place_of(Status::Quiet, "health")
        ),
        searched => format!("{} looked at.", plural(searched, "event", "events")),
    };
    let items = vec![
        looked_at(story),
        strong("Settled:")
            .and(format!(
                " up to {}; later minutes may still change.",
                fmt::moment(story.facts.settled_until)
            ))
            .done(),
        strong("AWS Health:").and(format!(" {health}")).done(),
        strong("Next:").and(format!(" {next}")).done(),
    ];
    let mut blocks: Vec<Block> = list(items).into_iter().collect();
    blocks.extend(super::signal::window(story));
    blocks
}

/// The lines a reader needs after the verdict: scale, loss, state.
pub(super) fn summary(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let mut items = vec![scale(story, incident)];
    items.extend(operations(story, incident));
    items.extend(elsewhere(story, incident));
    items.push(aws_said(story, incident));
    items.push(our_changes(story, incident));
    items.push(state(story, incident));
    items.extend(do_now(story, incident));
    list(items).into_iter().collect()
}

/// Whether others shared the trouble: the strongest hint at whose doing it was.
fn elsewhere(story: &Story<'_>, incident: &Incident) -> Option<Text> {
    let groups = super::breakdown::elsewhere(incident)?;
    Some(
        strong("Elsewhere:")
            .and(format!(
                " shared by {groups} ({}).",
                outline::place_of(story.status(), "scope")
            ))
            .cite(&story.cites_of(incident))
            .and(" ")
            .label(Label::Inferred)
            .done(),
    )
}

/// What AWS had published, and when.
fn aws_said(story: &Story<'_>, incident: &Incident) -> Text {
    let words = strong("AWS Health:");
    let Some(found) = incident.health_matches.first() else {
        // What nobody looked for is not absent.
        let said = if super::suspects::health_was_read(story) {
            " no event matches; the search stands in"
        } else {
            " not read, nor the public status feed; see"
        };
        return words
            .and(format!(
                "{said} {}.",
                outline::place_of(story.status(), "health")
            ))
            .done();
    };
    let posted = words::posted(found).map_or_else(String::new, |posted| format!(", {posted}"));
    let from_feed = story
        .notice(&found.arn)
        .is_some_and(|notice| notice.noun == Noun::Status);
    words
        .and(if from_feed {
            " the public status feed has an event of "
        } else {
            " an event of "
        })
        .code(&found.service)
        .and(" in ")
        .prose(&found.region)
        .and(format!(
            "{} impact {}{posted}.",
            if from_feed { " that states" } else { " states" },
            fmt::interval(&found.impact)
        ))
        .cite(&[found.evidence.as_str()])
        .and(" ")
        .label(Label::Observed)
        .done()
}

/// The best candidate among our own changes. Told as near in time, never as the cause.
fn our_changes(story: &Story<'_>, incident: &Incident) -> Text {
    let section = outline::place_of(story.status(), "changes");
    let words = strong("Our changes:");
    let Some(first) = incident.changes.first() else {
        return words
            .and(format!(" none recorded that could explain it ({section})."))
            .cite(&story.cites_trail("changes"))
            .done();
    };
    let others = incident.changes.len() - 1;
    let more = if others == 0 {
        String::new()
    } else {
        format!(", {others} more")
    };
    words
        .and(" first candidate ")
        .code(&first.change.api)
        .and(" on ")
        .code(&first.change.resource)
        .and(format!(
            " {}{more} ({section}).",
            words::before_failure(first)
        ))
        .cite(&story.cites_trail("changes"))
        .and(" ")
        .label(Label::Observed)
        .done()
}

/// The first thing to do, for somebody who reads no further.
fn do_now(story: &Story<'_>, incident: &Incident) -> Option<Text> {
    let cause = causes::cause(&incident.verdict.cause);
    let step = cause
        .steps
        .iter()
        .find(|step| step.kind == Kind::Mitigate)?;
    Some(
        strong("First step:")
            .and(" ")
            .text(Slots::of(incident, &story.facts.case).text(&step.text))
            .and(format!(
                " More in {}.",
                outline::place_of(story.status(), "steps")
            ))
            .done(),
    )
}

fn scale(story: &Story<'_>, incident: &Incident) -> Text {
    let hit = |shares: &[crate::facts::types::Share], one: &str, many: &str| {
        let named = shares.iter().filter(|share| !share.name.is_empty());
        let all = named.clone().count() as u64;
        let failing = named.filter(|share| share.failures > 0).count() as u64;
        (all > 0).then(|| format!("{} of {}", fmt::count(failing), plural(all, one, many)))
    };
    let who = [
        hit(&incident.principals, "caller", "callers"),
        hit(&incident.repositories, "repository", "repositories"),
    ];
    let who: Vec<String> = who.into_iter().flatten().collect();
    let who = if who.is_empty() {
        String::new()
    } else {
        format!("; {} with calls saw failures", who.join(" and "))
    };
    let peak = format!("peak at {}", fmt::moment(incident.peak));
    let minutes = plural(incident.minutes_impaired, "minute", "minutes");
    let text = match incident.draft.signal {
        Signal::Failures(_) => format!(" {minutes} with failures, {peak}{who}."),
        Signal::TrafficSurge | Signal::TrafficDrop => format!(
            " {}, largest deviation at {}.",
            fmt::duration(incident.draft.span.seconds()),
            fmt::moment(incident.peak)
        ),
    };
    strong("Scale:")
        .and(text)
        .cite(&story.cites_of(incident))
        .and(" ")
        .label(Label::Observed)
        .done()
}

fn operations(story: &Story<'_>, incident: &Incident) -> Option<Text> {
    incident.draft.signal.class()?;
    let operations = incident.operations;
    Some(
        strong("After retries:")
            .and(format!(
                " {}, {} saved by a retry, {} never succeeded.",
                plural(
                    operations.failed_attempts,
                    "failed attempt",
                    "failed attempts"
                ),
                plural(operations.recovered_by_retry, "operation", "operations"),
                plural(operations.lost, "operation", "operations"),
            ))
            .cite(&story.cites_of(incident))
            .and(" ")
            .label(Label::Inferred)
            .done(),
    )
}

fn state(story: &Story<'_>, incident: &Incident) -> Text {
    let words = strong("State:");
    let words = match incident.recovery {
        Some(recovery) => words.and(format!(" over since {} ", fmt::moment(recovery))),
        None => words.and(format!(
            " still going on at {} (end of settled data) ",
            fmt::moment(story.facts.settled_until)
        )),
    };
    words
        .label(Label::Inferred)
        .and(". Workaround in place: ")
        .label(Label::Human)
        .and(".")
        .done()
}

/// `4 days of baseline`, or what of it holds calls.
pub(super) fn against(story: &Story<'_>) -> String {
    if story.days_with_calls(None) == story.baseline_days() {
        format!("{} of baseline", days(story.baseline_days()))
    } else {
        story.baseline_words(None)
    }
}

/// What was looked at, with its evidence: silence must not look like health.
fn looked_at(story: &Story<'_>) -> Text {
    let (calls, failures) = story.window_totals();
    let coverage = match story.coverage(None, &[]) {
        Some((trail, counted)) => format!(
            "; CloudTrail holds {} of CloudWatch's {} counted calls ({})",
            fmt::count(trail),
            fmt::number(counted),
            fmt::percent(trail as f64 / counted)
        ),
        None => "; completeness unknown (no CallCount to compare with)".to_owned(),
    };
    strong("Looked at:")
        .and(format!(
            " {} in {} against {}; {} failed, not-found answers aside{coverage}.",
            plural(calls, "call", "calls"),
            plural(
                story.facts.trail.len() as u64,
                "account-region",
                "account-regions"
            ),
            against(story),
            fmt::share(failures, calls),
        ))
        .cite(&story.cites_trail("calls"))
        .and(" ")
        .label(Label::Observed)
        .done()
}
