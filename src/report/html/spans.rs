//! Text spans as HTML, with evidence IDs linked to their row of the ledger.

use crate::report::escape::html as escape;
use crate::report::model::{Block, Label, Report, Span, Text};
use std::collections::BTreeSet;

/// The section whose rows evidence IDs point at.
pub(super) const LEDGER: &str = "ledger";

/// Knows which evidence IDs have a row to point at, and draws text accordingly.
#[derive(Debug)]
pub(super) struct Links {
    targets: BTreeSet<String>,
}

impl Links {
    pub(super) fn of(report: &Report) -> Self {
        let targets = report
            .sections
            .iter()
            .filter(|section| section.id == LEDGER)
            .flat_map(|section| &section.blocks)
            .filter_map(|block| match block {
                Block::Table(table) => Some(&table.rows),
                _ => None,
            })
            .flatten()
            .filter_map(|row| ledger_id(row))
            .map(str::to_owned)
            .collect();
        Self { targets }
    }

    /// The text with its markup.
    pub(super) fn html(&self, text: &Text) -> String {
        text.iter().map(|span| self.span(span)).collect()
    }

    fn span(&self, span: &Span) -> String {
        match span {
            Span::Plain(words) => escape(words),
            Span::Strong(words) => format!("<strong>{}</strong>", escape(words)),
            Span::Prose(words) => format!("<bdi>{}</bdi>", words.html()),
            // Nothing to quote is not the same as an empty box.
            Span::Code(words) if words.is_empty() => "<span class=\"none\">–</span>".to_owned(),
            Span::Code(words) => format!("<code>{}</code>", words.html()),
            Span::Evidence(id) if self.targets.contains(id) => {
                let id = escape(id);
                format!("<a class=\"evidence\" href=\"#{id}\">[{id}]</a>")
            }
            Span::Evidence(id) => format!("<span class=\"evidence\">[{}]</span>", escape(id)),
            Span::Label(label) => {
                let class = match label {
                    Label::Observed => "observed",
                    Label::Inferred => "inferred",
                    Label::Human => "human",
                };
                format!("<span class=\"label {class}\">{}</span>", label.word())
            }
        }
    }
}

/// The ID of a ledger row: its first cell is one evidence span and nothing else but space, and the
/// ID is plain letters and digits, so that it can be an anchor.
pub(super) fn ledger_id(row: &[Text]) -> Option<&str> {
    let mut spans = row.first()?.iter().filter(|span| !is_space(span));
    match (spans.next(), spans.next()) {
        (Some(Span::Evidence(id)), None)
            if !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric()) =>
        {
            Some(id)
        }
        _ => None,
    }
}

fn is_space(span: &Span) -> bool {
    matches!(span, Span::Plain(words) if words.chars().all(char::is_whitespace))
}
