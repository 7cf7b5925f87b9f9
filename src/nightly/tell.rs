//! The words of the summary: the subject, the one line of a quiet night, and the parts in order.
//!
//! Builds the content model of the report room, so Markdown and HTML are drawn and escaped by the
//! same inks. A part without content is left out; the JSON always holds all of them.

use super::parts::{
    attention, changed, gates, headroom, health, movers, plain, plural, prose, suppressed, tool,
    trends,
};
use super::summary::{Standing, Summary};
use crate::case::Interval;
use crate::report::contract::Contract;
use crate::report::fmt;
use crate::report::model::{Block, Report, Section, Span, Text, Tone, Untrusted, VerdictLine};

/// From this share of a quota on headroom is worth a line on an otherwise quiet night.
const TIGHT: f64 = 0.7;

/// `[ecr] 2 new, 1 worse · us-east-1 · 2026-03-11`.
#[must_use]
pub fn subject(of: &Summary) -> String {
    let mut parts = Vec::new();
    for standing in [Standing::New, Standing::Worse, Standing::Recurring] {
        let count = of
            .attention
            .iter()
            .filter(|item| item.standing == standing)
            .count();
        if count > 0 {
            parts.push(format!("{count} {}", standing.word()));
        }
    }
    if !of.revisions.is_empty() {
        parts.push(format!("{} revised", of.revisions.len()));
    }
    if of.attention.is_empty() {
        for what in ["ended", "not seen any more", "goes on", "shrank", "verdict"] {
            let count = of
                .changed
                .iter()
                .filter(|change| change.what == what)
                .count();
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
    }
    let hidden: u64 = of.suppressed.iter().map(|entry| entry.incidents).sum();
    let blocks: u64 = of
        .gates
        .iter()
        .filter_map(|gate| gate.verdicts.get("closed"))
        .sum();
    if blocks > 0 {
        parts.push(format!("gate closed {blocks} times"));
    }
    let inconclusive = of.sources.iter().all(|source| source.noun != "trail") || of.calls == 0;
    let mut head = if of.status == "inconclusive" {
        parts.insert(0, "inconclusive".to_owned());
        parts.join(", ")
    } else if of.status == "quiet" {
        parts.insert(0, "quiet".to_owned());
        parts.join(", ")
    } else if parts.is_empty() {
        "changed".to_owned()
    } else {
        parts.join(", ")
    };
    if hidden > 0 {
        head.push_str(&format!(", {hidden} acknowledged"));
    }
    let mut words = vec![format!("[ecr] {head}")];
    if !inconclusive {
        words.push(coverage(of));
    }
    if !of.regions.is_empty() {
        words.push(if of.regions.len() > 3 {
            format!("{} regions", of.regions.len())
        } else {
            of.regions.join(", ")
        });
    }
    words.push(of.night.clone());
    words.join(" · ")
}

/// How whole the evidence is, in three words.
fn coverage(of: &Summary) -> String {
    match of.coverage_ratio {
        Some(ratio) => format!("coverage {}", fmt::percent(ratio.min(1.0))),
        None => "coverage not measured".to_owned(),
    }
}

/// The whole of a quiet night in one line, with the proof that somebody looked.
#[must_use]
pub fn proof(of: &Summary) -> String {
    let sources: Vec<String> = of
        .sources
        .iter()
        .map(|source| format!("{} {}", source.noun, source.outcome))
        .collect();
    // Without counts the subject says already that coverage was not measured.
    let whole = of.coverage_ratio.map_or_else(String::new, |ratio| {
        format!(
            "CloudTrail holds {} of what CloudWatch counted; ",
            fmt::percent(ratio.min(1.0))
        )
    });
    format!(
        "{} calls, {} failures; {whole}settled until {}; {}.",
        fmt::count(of.calls),
        fmt::count(of.failures),
        fmt::moment(of.settled_until),
        sources.join(", ")
    )
}

/// Whether the night needs no more than its one line.
#[must_use]
pub fn one_line(of: &Summary) -> bool {
    of.status == "quiet"
        && of.health.is_empty()
        && of.headroom.iter().all(|row| row.share < TIGHT)
        && of.gates.iter().all(|gate| gate.reasons.is_empty())
        && of.suppressed.iter().all(|entry| entry.incidents == 0)
}

/// The parts a message holds, one line each, without marks.
#[must_use]
pub fn lines(of: &Summary) -> Vec<String> {
    let mut list = vec![proof(of)];
    let spans = |text: &Text| -> String {
        text.iter()
            .map(|span| match span {
                Span::Plain(words) | Span::Strong(words) | Span::Evidence(words) => words.clone(),
                Span::Prose(text) | Span::Code(text) => text.terminal(),
                Span::Label(label) => label.word().to_owned(),
            })
            .collect()
    };
    for block in attention(of)
        .into_iter()
        .chain(changed(of))
        .chain(health(of))
        .chain(suppressed(of))
    {
        if let Block::List { items, .. } = block {
            list.extend(items.iter().map(spans));
        }
    }
    list
}

/// The summary as a report. `contract` is that of the night's own report, which the renderers'
/// model asks for; nothing of it is drawn.
#[must_use]
pub fn report(of: &Summary, contract: Contract) -> Report {
    let mut parts: Vec<(&'static str, &'static str, Vec<Block>)> = Vec::new();
    if !one_line(of) {
        parts = vec![
            ("attention", "Needs attention", attention(of)),
            ("changed", "Changed since the night before", changed(of)),
            ("headroom", "Quota headroom", headroom(of)),
            ("health", "Health watch", health(of)),
            ("trends", "Trends", trends(of)),
            ("movers", "Top movers", movers(of)),
            ("gates", "Gate", gates(of)),
            ("suppressed", "Acknowledged", suppressed(of)),
            ("tool", "Tool", tool(of)),
        ];
    }
    let sections = (1..)
        .zip(
            parts
                .into_iter()
                .filter(|(_, _, blocks)| !blocks.is_empty()),
        )
        .map(|(number, (id, title, blocks))| Section {
            id,
            number: format!("{number}"),
            title,
            appendix: false,
            blocks,
        })
        .collect();
    Report {
        title: vec![Span::Prose(Untrusted::new(of.subject.clone()))],
        tone: tone(of),
        verdicts: vec![VerdictLine {
            id: String::new(),
            tone: tone(of),
            headline: headline(of),
            story: prose(&proof(of)),
            reasons: Vec::new(),
        }],
        header: header(of),
        sections,
        charts: Vec::new(),
        contract,
    }
}

fn tone(of: &Summary) -> Tone {
    match of.status.as_str() {
        "quiet" => Tone::Quiet,
        _ => of
            .attention
            .first()
            .map_or(Tone::Unknown, |item| match item.side.as_str() {
                "aws" => Tone::Aws,
                "customer" => Tone::Ours,
                "third_party" => Tone::ThirdParty,
                _ => Tone::Unknown,
            }),
    }
}

fn headline(of: &Summary) -> String {
    match of.status.as_str() {
        "quiet" if of.suppressed.iter().any(|entry| entry.incidents > 0) => {
            "Quiet, but for what is acknowledged.".to_owned()
        }
        "quiet" => "Quiet.".to_owned(),
        "inconclusive" => format!("Inconclusive: {}", of.status_reason),
        "attention" => format!(
            "{} need attention.",
            plural(of.attention.len() as u64, "incident", "incidents")
        )
        .replace("1 incident need", "1 incident needs"),
        _ => "Nothing new; something changed.".to_owned(),
    }
}

fn header(of: &Summary) -> Vec<(String, Text)> {
    let span = Interval::new(of.from, of.to);
    let mut list = vec![
        (
            "Night".to_owned(),
            plain(&format!("{} UTC", fmt::interval(&span))),
        ),
        (
            "Settled until".to_owned(),
            plain(&format!(
                "{}; read again from {}",
                fmt::moment(of.settled_until),
                fmt::moment(of.reread_from)
            )),
        ),
    ];
    if !of.night.contains('/') {
        // Records of the last hour arrive within two hours as a rule.
        let from = of.to + chrono::Duration::hours(26);
        list.push((
            "Next night".to_owned(),
            plain(&format!(
                "{}, complete from about {} on",
                of.to.format("%Y-%m-%d"),
                fmt::moment(from)
            )),
        ));
    }
    let missing: Vec<String> = of
        .sources
        .iter()
        .filter(|source| source.outcome != "complete")
        .map(|source| format!("{} {} ({})", source.noun, source.outcome, source.why))
        .collect();
    if !missing.is_empty() {
        list.push(("Missing or partial".to_owned(), prose(&missing.join("; "))));
    }
    list
}
