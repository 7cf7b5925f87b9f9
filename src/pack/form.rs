//! The form of a case: its limits, subject, severity and checklist, read off the finished report.

use crate::catalog;
use crate::report::model::{Block, Report, Span};
use crate::report::plain;
use serde::Deserialize;
use std::sync::OnceLock;

/// What AWS Support takes (`queries/support/form.toml`).
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the file says it")]
pub struct Form {
    pub files: usize,
    pub file_bytes: usize,
    pub warn_bytes: usize,
    pub body_characters: usize,
    pub our_characters: usize,
    pub set_seconds: i64,
    pub service_hint: String,
    pub category_hints: Vec<String>,
    pub severity: Vec<Severity>,
}

/// One severity.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the file says it")]
pub struct Severity {
    pub code: String,
    pub means: String,
    pub plans: String,
}

/// The form.
#[must_use]
pub fn form() -> &'static Form {
    static FORM: OnceLock<Form> = OnceLock::new();
    FORM.get_or_init(|| catalog::table("support/form"))
}

/// Longest subject: the console cuts longer ones.
const SUBJECT: usize = 160;

/// Who the text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rendering {
    /// AWS Support: no internal changes, no action list.
    Support,
    /// Our own people: everything, and room for lessons.
    PostMortem,
}

impl Rendering {
    /// Sections left out.
    #[must_use]
    pub fn without(self) -> &'static [&'static str] {
        match self {
            Self::Support => &["changes", "steps"],
            Self::PostMortem => &[],
        }
    }
}

/// The report as this rendering shows it. Numbers of sections stay, so that references hold.
#[must_use]
pub fn rendered(report: &Report, rendering: Rendering) -> Report {
    let mut out = report.clone();
    out.sections
        .retain(|section| !rendering.without().contains(&section.id));
    if rendering == Rendering::PostMortem {
        let todo = |text: &str| {
            vec![
                Span::Label(crate::report::model::Label::Human),
                Span::Plain(format!(": {text}")),
            ]
        };
        let list = |items: &[&str]| Block::List {
            ordered: false,
            items: items.iter().map(|item| todo(item)).collect(),
        };
        let blocks = vec![
            Block::Para(vec![Span::Strong("Lessons".to_owned())]),
            list(&["what went well", "what went badly", "where we were lucky"]),
            Block::Para(vec![Span::Strong("Why, five times".to_owned())]),
            list(&["why did it happen", "why was that so", "why", "why", "why"]),
            Block::Para(vec![Span::Strong("Actions".to_owned())]),
            list(&["action, owner, due, mitigate or prevent or detect, link"]),
        ];
        if let Some(tried) = out
            .sections
            .iter_mut()
            .find(|section| section.id == "tried")
        {
            tried.blocks.extend(blocks);
        }
    }
    out
}

/// The subject line of the case.
#[must_use]
pub fn subject(report: &Report) -> String {
    let found = of_ask(report, "Subject:");
    let subject = found.unwrap_or_else(|| plain::line(&report.title));
    subject.trim().chars().take(SUBJECT).collect()
}

/// The suggested severity: its code and the sentence with its reasons.
#[must_use]
pub fn severity(report: &Report) -> (String, String) {
    match of_ask(report, "Suggested severity:") {
        Some(sentence) => {
            let code = form()
                .severity
                .iter()
                .find(|level| sentence.trim_start().starts_with(level.code.as_str()))
                .map_or("normal", |level| level.code.as_str());
            (code.to_owned(), sentence.trim().to_owned())
        }
        None => (
            "low".to_owned(),
            "low (general guidance): the report suggests no case".to_owned(),
        ),
    }
}

fn of_ask(report: &Report, label: &str) -> Option<String> {
    let ask = report.sections.iter().find(|section| section.id == "ask")?;
    ask.blocks.iter().find_map(|block| match block {
        Block::List { items, .. } => items.iter().find_map(|item| match item.split_first() {
            Some((Span::Strong(words), rest)) if words == label => Some(plain::line(rest)),
            _ => None,
        }),
        _ => None,
    })
}

/// What only a human can add, as text.
#[must_use]
pub fn checklist(severity: &str) -> String {
    let levels: Vec<String> = form()
        .severity
        .iter()
        .map(|level| format!("  - {}: {} ({})", level.code, level.means, level.plans))
        .collect();
    format!(
        "Before you send\n\n\
         [ ] business effect: who cannot do what, since when\n\
         [ ] deployments or scaling blocked\n\
         [ ] what was tried, when, with what result; workaround in place\n\
         [ ] a contact who stays reachable, and how\n\
         [ ] client logs (HTTP status, timeouts) of at least one failing host\n\
         [ ] nothing in the files that must not leave: read them once\n\n\
         Service: {}; category: the nearest of {}\n\
         Severity: {severity} is suggested; it cannot be changed later. What the form knows:\n{}\n",
        form().service_hint,
        form().category_hints.join(", "),
        levels.join("\n")
    )
}
