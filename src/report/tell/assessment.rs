//! The assessment: verdict, reasons for and against, alternatives, and what would change it.
//!
//! Every cause is labelled as inferred; nothing here adds a reason of its own.

use super::causes;
use super::verdict;
use super::words::{self, cell, list, plural, say, strong, table};
use crate::analyze::types::{Hypothesis, Incident};
use crate::report::fmt;
use crate::report::model::{Block, Label, Text};

/// Alternatives told with their reason; the rest are named.
const ALTERNATIVES: usize = 4;

/// Verdict, for, against, alternatives, what would change it.
pub(super) fn assessment(incident: &Incident) -> Vec<Block> {
    let judged = &incident.verdict;
    let mut blocks = vec![Block::Callout {
        tone: words::tone(judged.side),
        text: strong(verdict::headline(incident))
            .and(" ")
            .label(Label::Inferred)
            .done(),
    }];
    let mut side = |title: &str, empty: &str, reasons: Vec<Text>| {
        blocks.push(strong(title).para());
        blocks.push(list(reasons).unwrap_or_else(|| say(empty).para()));
    };
    side(
        "For",
        "Nothing in the evidence speaks for one cause.",
        judged.evidence_for.iter().map(words::reason).collect(),
    );
    side(
        "Against",
        "Nothing in the evidence speaks against it.",
        judged.evidence_against.iter().map(words::reason).collect(),
    );
    side(
        "What would change this verdict",
        "Nothing further is known that could be collected.",
        judged
            .would_change
            .iter()
            .map(|text| say("").prose(text).done())
            .collect(),
    );
    blocks.push(strong("Alternatives considered").para());
    blocks.extend(alternatives(incident));
    blocks.push(statistics(incident));
    blocks
}

fn alternatives(incident: &Incident) -> Vec<Block> {
    let others: Vec<&Hypothesis> = incident
        .verdict
        .hypotheses
        .iter()
        .filter(|hypothesis| hypothesis.cause != incident.verdict.cause)
        // "Cannot tell" loses to every cause that is carried: that is no news.
        .filter(|hypothesis| hypothesis.cause != "undetermined")
        .collect();
    if others.is_empty() {
        return vec![say("No other hypothesis was considered.").para()];
    }
    let rows = others
        .iter()
        .take(ALTERNATIVES)
        .map(|hypothesis| {
            let why = if hypothesis.rejected_because.is_empty() {
                cell("weaker than the verdict")
            } else {
                say("").prose(&hypothesis.rejected_because).done()
            };
            vec![
                cell(causes::cause(&hypothesis.cause).phrase),
                cell(hypothesis.score.to_string()),
                cell(hypothesis.legs.to_string()),
                why,
            ]
        })
        .collect();
    let mut note = say(
        "Points for minus points against, counted from what the cause needs (0 is just enough); legs are independent kinds of evidence that hold.",
    );
    let rest: Vec<String> = others
        .iter()
        .skip(ALTERNATIVES)
        .map(|hypothesis| causes::cause(&hypothesis.cause).phrase)
        .collect();
    if !rest.is_empty() {
        note = note.and(format!(
            " Further off, with reasons in report.json: {}.",
            rest.join(", ")
        ));
    }
    vec![table(
        &["Cause", ">Points", ">Legs", "Why not"],
        rows,
        note.done(),
    )]
}

fn statistics(incident: &Incident) -> Block {
    let statistics = &incident.significance;
    let sure = match statistics.q {
        Some(q) if q < 1e-4 => "false-discovery rate under 1 in 10,000".to_owned(),
        Some(q) => format!("false-discovery rate {}", fmt::number(q)),
        // A count against a count needs no past to be unusual.
        None if statistics.calibrated_days >= 3 => {
            "counted, not estimated, so there is no rate of false alarms".to_owned()
        }
        None => "uncalibrated (fewer than three prior days of data), so the rate of false alarms is unknown"
            .to_owned(),
    };
    let past = if statistics.calibrated_days >= 3 {
        let days = u64::from(statistics.calibrated_days);
        format!(
            "; calibrated on {}",
            plural(days, "prior day", "prior days")
        )
    } else {
        String::new()
    };
    say("Statistics: ")
        .code(statistics.method)
        .and(format!(
            ", score {}, {sure}{past}, over-dispersion {}.",
            fmt::number(statistics.score),
            fmt::number(statistics.dispersion),
        ))
        .para()
}
