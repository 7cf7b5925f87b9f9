//! A report with one text in every field, for what must hold of any text.

use super::{calls_chart, contract, sparklines};
use crate::report::model::{
    Align, Block, Label, Level, Report, Section, Span, Table, Tone, VerdictLine,
};

/// A report whose every text, ours and foreign, is `text`.
pub(crate) fn filled(text: &str) -> Report {
    let fixed: &'static str = Box::leak(text.to_owned().into_boxed_str());
    let words = || {
        vec![
            Span::Plain(text.to_owned()),
            Span::Strong(text.to_owned()),
            Span::Prose(text.into()),
            Span::Code(text.into()),
            Span::Evidence(text.to_owned()),
            Span::Label(Label::Human),
        ]
    };
    let table = || Table {
        header: vec![fixed, fixed],
        align: vec![Align::Left, Align::Right],
        rows: vec![
            vec![vec![Span::Evidence(text.to_owned())], words()],
            vec![words(), vec![]],
        ],
        note: words(),
    };
    let mut chart = calls_chart();
    chart.id = text.to_owned();
    chart.title = words();
    chart.alt = words();
    for panel in &mut chart.panels {
        panel.title = words();
        panel.unit = fixed;
        for line in &mut panel.lines {
            line.label = fixed;
        }
        panel.levels = vec![Level {
            label: text.to_owned(),
            value: 3.0,
        }];
    }
    for mark in &mut chart.marks {
        mark.label = text.into();
    }
    for band in &mut chart.bands {
        band.label = text.into();
    }
    let mut lines = sparklines();
    for line in &mut lines.lines {
        line.label = text.into();
        line.unit = fixed;
        line.note = text.to_owned();
    }
    let blocks = vec![
        Block::Heading(words()),
        Block::Para(words()),
        Block::List {
            ordered: true,
            items: vec![words()],
        },
        Block::Table(table()),
        Block::Code {
            language: fixed,
            text: text.into(),
        },
        Block::Callout {
            tone: Tone::Unknown,
            text: words(),
        },
        Block::Chart(text.to_owned()),
        Block::Sparklines(lines),
    ];
    Report {
        title: words(),
        tone: Tone::Unknown,
        verdicts: vec![VerdictLine {
            id: text.to_owned(),
            tone: Tone::Unknown,
            headline: text.to_owned(),
            story: words(),
            reasons: vec![words()],
        }],
        header: vec![(text.to_owned(), words())],
        sections: vec![
            Section {
                id: fixed,
                number: text.to_owned(),
                title: fixed,
                appendix: false,
                blocks: blocks.clone(),
            },
            Section {
                id: "ledger",
                number: text.to_owned(),
                title: fixed,
                appendix: true,
                blocks,
            },
        ],
        charts: vec![chart],
        contract: contract(text),
    }
}
