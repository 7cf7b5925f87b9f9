//! The answer: the first lines of the report, in words.
//!
//! "Cannot tell" is said as plainly as any other answer.

use super::causes;
use super::story::Story;
use super::words::{self, say, strong};
use crate::analyze::types::{Incident, Side, Signal, Status, method};
use crate::report::fmt;
use crate::report::model::{Text, Tone, VerdictLine};

/// The first lines: one per incident told in full, or one about the whole run.
pub(super) fn lines(story: &Story<'_>) -> Vec<VerdictLine> {
    match story.status() {
        Status::Incident if !story.findings.incidents.is_empty() => story
            .in_full()
            .into_iter()
            .map(|incident| line(story, incident))
            .collect(),
        Status::Quiet => vec![whole_run(
            story,
            Tone::Quiet,
            "Verdict: quiet. No incident in the window.",
        )],
        // An incident status without incidents is told as what it is: nothing to go by.
        Status::Inconclusive | Status::Incident => vec![whole_run(
            story,
            Tone::Unknown,
            "Verdict: cannot tell. Too little evidence to say either way.",
        )],
    }
}

fn whole_run(story: &Story<'_>, tone: Tone, headline: &str) -> VerdictLine {
    VerdictLine {
        id: String::new(),
        tone,
        headline: headline.to_owned(),
        story: say("").prose(&story.findings.status_reason).done(),
        reasons: Vec::new(),
    }
}

fn line(story: &Story<'_>, incident: &Incident) -> VerdictLine {
    let mut reasons: Vec<Text> = incident
        .verdict
        .evidence_for
        .iter()
        .take(2)
        .map(words::reason)
        .collect();
    // Without a verdict the most useful line is what would give one.
    if incident.verdict.side == Side::Undetermined {
        reasons.truncate(1);
        reasons.extend(
            incident
                .verdict
                .would_change
                .iter()
                .take(2)
                .map(|text| strong("Would tell:").and(" ").prose(text).done()),
        );
    }
    // With several incidents the first screen has to hold them all: one reason each.
    if story.findings.incidents.len() > 1 {
        reasons.truncate(1);
    }
    VerdictLine {
        id: incident.id.clone(),
        tone: words::tone(incident.verdict.side),
        headline: headline(incident),
        story: what_happened(story, incident),
        reasons,
    }
}

/// `Verdict: our side (retry storm), confidence high.`
pub(super) fn headline(incident: &Incident) -> String {
    let verdict = &incident.verdict;
    let phrase = causes::cause(&verdict.cause).phrase;
    let confidence = words::confidence(verdict.confidence);
    if verdict.side == Side::Undetermined {
        if phrase == words::side(Side::Undetermined) {
            return format!("Verdict: cannot tell, confidence {confidence}.");
        }
        return format!("Verdict: cannot tell ({phrase}), confidence {confidence}.");
    }
    format!(
        "Verdict: {} ({phrase}), confidence {confidence}.",
        words::side(verdict.side)
    )
}

/// What, where, when, how much, in one sentence.
pub(super) fn what_happened(story: &Story<'_>, incident: &Incident) -> Text {
    let draft = &incident.draft;
    let start = match draft.signal {
        Signal::Failures(class) => say(format!(
            "{} of {} ",
            fmt::count(incident.failures),
            fmt::count(incident.calls)
        ))
        .codes(&draft.apis, 4)
        .and(format!(
            " calls ({}) {}",
            fmt::percent(incident.failures as f64 / incident.calls.max(1) as f64),
            words::failed_how(class)
        )),
        // One path is too small a part of all calls for their sum to tell its silence.
        Signal::TrafficDrop
            if method::is_of_path(incident.significance.method) =>
        {
            let missing = incident.failures.saturating_sub(incident.calls);
            say(format!("About {} calls of ", fmt::count(missing)))
                .codes(&draft.apis, 4)
                .and(format!(
                    " are missing on one path, while all paths together made {} where {} were to be expected",
                    fmt::count(incident.calls),
                    fmt::count(incident.failures)
                ))
        }
        // No baseline was needed to find it, so none may be named.
        Signal::TrafficDrop
            if [method::SILENCE, method::SILENCE_BEHIND_CHANGE]
                .contains(&incident.significance.method) => say("Calls of ")
            .codes(&draft.apis, 4)
            .and(format!(
                " fell to {} where about {} were to be expected at the pace of the two hours before",
                fmt::count(incident.calls),
                fmt::count(incident.failures)
            )),
        Signal::TrafficSurge | Signal::TrafficDrop => {
            let moved = if draft.signal == Signal::TrafficSurge {
                "rose"
            } else {
                "fell"
            };
            say("Calls of ").codes(&draft.apis, 4).and(format!(
                " {moved} to {} where the baseline leads to expect {}",
                fmt::count(incident.calls),
                fmt::count(incident.failures)
            ))
        }
    };
    let when = match incident.recovery {
        Some(recovery) => format!(
            " from {} ({})",
            fmt::from_to(incident.onset, recovery),
            fmt::duration((recovery - incident.onset).num_seconds())
        ),
        None => format!(
            " since {}, still going on when the settled data ends at {}",
            fmt::moment(incident.onset),
            fmt::moment(story.facts.settled_until)
        ),
    };
    let before = match draft.signal {
        Signal::Failures(class) => match story.before(&draft.place, &draft.apis, class) {
            (_, 0) => "; no earlier calls to compare with.".to_owned(),
            (failures, calls) => {
                format!("; baseline {}.", fmt::share(failures, calls))
            }
        },
        Signal::TrafficSurge | Signal::TrafficDrop
            if !story.has_before(&draft.place, &draft.apis) =>
        {
            "; no calls before the window.".to_owned()
        }
        Signal::TrafficSurge | Signal::TrafficDrop => format!(
            "; baseline {} calls/min.",
            fmt::number(incident.baseline_ratio)
        ),
    };
    start
        .and(" in ")
        .prose(&draft.place.region)
        .and(", account ")
        .prose(&draft.place.account)
        .and(format!(",{when}{before}"))
        .cite(&story.cites_of(incident))
        .done()
}
