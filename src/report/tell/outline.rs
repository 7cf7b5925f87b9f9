//! Which sections a report has, in which order, under which number.
//!
//! The numbers are decided here once, so that a sentence in one section can point at another.

use crate::analyze::types::Status;
use crate::report::model::{Block, Section};

/// Anchor, title, whether it is an appendix.
type Entry = (&'static str, &'static str, bool);

const INCIDENT: &[Entry] = &[
    ("ask", "Ask", false),
    ("summary", "Summary", false),
    ("impact", "Impact", false),
    ("signal", "Signal at a glance", false),
    ("timeline", "Timeline (UTC)", false),
    ("errors", "Error breakdown", false),
    ("requests", "Request-ID evidence", false),
    ("scope", "Scope and comparison", false),
    ("quota", "Quota and throttling", false),
    ("health", "AWS Health", false),
    ("changes", "Our own changes", false),
    ("assessment", "Assessment", false),
    ("tried", "What we tried", false),
    ("questions", "Questions for AWS", false),
    ("steps", "Recommended next steps", false),
    ("gaps", "Gaps and limits", false),
    ("reproduce", "Reproduce", false),
    ("ledger", "Evidence ledger", true),
    ("coverage", "Coverage", true),
    ("funnel", "Pull and push funnel", true),
    ("anomalies", "Other unusual series", true),
    ("classes", "Classes of failure", true),
];

/// Without an incident the proof of coverage comes right after the answer.
const NO_INCIDENT: &[Entry] = &[
    ("summary", "Summary", false),
    ("coverage", "Coverage", false),
    ("gaps", "Gaps and limits", false),
    ("funnel", "Pull and push funnel", false),
    ("health", "AWS Health", false),
    ("anomalies", "Unusual series", false),
    ("reproduce", "Reproduce", false),
    ("ledger", "Evidence ledger", true),
];

fn entries(status: Status) -> &'static [Entry] {
    match status {
        Status::Incident => INCIDENT,
        Status::Quiet | Status::Inconclusive => NO_INCIDENT,
    }
}

/// The anchors of a report in reading order.
pub(super) fn anchors(status: Status) -> impl Iterator<Item = &'static str> {
    entries(status).iter().map(|(id, _, _)| *id)
}

/// `section 7` or `appendix A`; an unknown anchor is named as such (a test rules it out).
pub(super) fn place_of(status: Status, anchor: &str) -> String {
    entries(status)
        .iter()
        .position(|(id, _, _)| *id == anchor)
        .and_then(|index| {
            let (_, _, appendix) = entries(status).get(index)?;
            let word = if *appendix { "appendix" } else { "section" };
            Some(format!("{word} {}", number(status, index)))
        })
        .unwrap_or_else(|| "the report".to_owned())
}

/// Makes the section of an anchor; `None` only for an unknown one.
pub(super) fn section(status: Status, anchor: &str, blocks: Vec<Block>) -> Option<Section> {
    let index = entries(status)
        .iter()
        .position(|(id, _, _)| *id == anchor)?;
    let (id, title, appendix) = *entries(status).get(index)?;
    Some(Section {
        id,
        number: number(status, index),
        title,
        appendix,
        blocks,
    })
}

fn number(status: Status, index: usize) -> String {
    let main = entries(status)
        .iter()
        .take_while(|(_, _, appendix)| !appendix)
        .count();
    if index < main {
        (index + 1).to_string()
    } else {
        // At most a handful of appendices, so one letter is enough.
        let letter = u8::try_from(index - main).unwrap_or(25).min(25);
        char::from(b'A' + letter).to_string()
    }
}
