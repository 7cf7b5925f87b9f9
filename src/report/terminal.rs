//! The answer as a few lines of plain text, for the terminal: the verdict lines and nothing else.
//!
//! Draws only what stands in the model; every character passes the terminal escaper.

use super::escape::Untrusted;
use super::model::{Report, Span};

/// The verdict lines with their story and strongest reasons.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for verdict in &report.verdicts {
        if !verdict.id.is_empty() {
            out.push_str(&verdict.id);
            out.push_str("  ");
        }
        out.push_str(&safe(&verdict.headline));
        out.push('\n');
        out.push_str(&line(&verdict.story));
        for reason in &verdict.reasons {
            out.push_str("  - ");
            out.push_str(&line(reason));
        }
        out.push('\n');
    }
    out
}

fn line(text: &[Span]) -> String {
    let mut out: String = text
        .iter()
        .map(|span| match span {
            Span::Plain(words) | Span::Strong(words) => safe(words),
            Span::Prose(log) | Span::Code(log) => log.terminal(),
            Span::Evidence(id) => format!("[{id}]"),
            Span::Label(label) => format!("({})", label.word()),
        })
        .collect();
    out.push('\n');
    out
}

fn safe(words: &str) -> String {
    Untrusted::capped(words, 4_000).terminal()
}
