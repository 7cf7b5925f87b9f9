//! A report as it may leave: every text of the model and of the contract goes through the redactor.
//!
//! Works on the model, before any ink, so that all formats, chart labels and attributes hide the same
//! values; [`leaks`] then looks at the finished bytes. The model's structs are taken apart by name,
//! so that a new field does not compile until somebody decides what it may show. Numbers, times and
//! verdicts are never touched.

mod contract;
mod model;

use super::escape::Untrusted;
use super::model::{Block, Chart, Report, Section, Span, Text, Tone};
use super::{chart, html, json, markdown};
use crate::redact::{Kind, Leak, Level, Redactor, Voice};

/// The report with its identities as pseudonyms (by level) and without secrets.
#[must_use]
pub fn redact(report: &Report, redactor: &mut Redactor) -> Report {
    if redactor.level() != Level::Off {
        // What the inks write around the texts is ours, and no name may be looked for in it.
        let skeleton = Walk::new(redactor, Step::Blank).report(report);
        redactor.own_words(&html::render(&skeleton));
        redactor.own_words(&markdown::render(&skeleton));
        redactor.own_words(&json::render(&skeleton));
        for drawing in &skeleton.charts {
            redactor.own_words(&chart::svg(drawing));
        }
        redactor.keep(&report.contract.seal);
        for line in &report.contract.evidence {
            redactor.keep(&line.sha256);
        }
        Walk::new(redactor, Step::Learn).report(report);
        Walk::new(redactor, Step::Survey).report(report);
        redactor.settle();
    }
    let level = redactor.level();
    let mut out = Walk::new(redactor, Step::Rewrite).report(report);
    if level != Level::Off {
        out.contract.redaction = Some(level.word());
        let note = note(level);
        out.header
            .push(("Redaction".to_owned(), vec![Span::Plain(note.to_owned())]));
        if let Some(part) = out.sections.iter_mut().find(|part| part.id == "reproduce") {
            part.blocks.insert(
                0,
                Block::Callout {
                    tone: Tone::Unknown,
                    text: vec![Span::Plain(
                        "This report is redacted; its evidence bundle is not, and stays with its \
                         sender. Commands below name pseudonyms: `ecr-incident unredact` turns them \
                         back where the map is."
                            .to_owned(),
                    )],
                },
            );
        }
    }
    out
}

/// The line of the header block.
fn note(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::Ids => {
            "ids: accounts, principals, sessions, addresses, endpoints, hosts and people are \
             pseudonyms; request and event IDs are real"
        }
        Level::All => {
            "all: identities, repositories, images, request and event IDs and input files are \
             pseudonyms"
        }
    }
}

/// What finished outputs hold that must not leave, with the name of the output.
#[must_use]
pub fn leaks(redactor: &Redactor, outputs: &[(String, &str)]) -> Vec<(String, Leak)> {
    let mut found = Vec::new();
    for (name, text) in outputs {
        let leaks = if name.ends_with(".json") {
            // What cannot be read cannot be trusted: the whole of it is one leak.
            redactor.leaks_in_json(text).unwrap_or_else(|_| {
                vec![Leak {
                    kind: "unreadable",
                    line: 1,
                }]
            })
        } else {
            redactor.leaks(text)
        };
        found.extend(leaks.into_iter().map(|leak| (name.clone(), leak)));
    }
    found
}

/// What a walk over the report does with its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Leaves them out.
    Blank,
    /// Tells the redactor the names that fields hold.
    Learn,
    /// Lets it look at every text.
    Survey,
    /// Replaces them.
    Rewrite,
}

/// One walk over a report.
struct Walk<'a> {
    redactor: &'a mut Redactor,
    step: Step,
}

impl<'a> Walk<'a> {
    fn new(redactor: &'a mut Redactor, step: Step) -> Self {
        Self { redactor, step }
    }

    /// A text in a voice.
    fn words(&mut self, voice: Voice, text: &str) -> String {
        match self.step {
            Step::Blank => return String::new(),
            Step::Learn => {}
            Step::Survey => self.redactor.survey(voice, text),
            Step::Rewrite => return self.redactor.text(voice, text),
        }
        text.to_owned()
    }

    /// Our own words, which may hold names.
    fn ours(&mut self, text: &str) -> String {
        self.words(Voice::Ours, text)
    }

    /// A sentence of ours with names from logs.
    fn prose(&mut self, text: &Untrusted) -> Untrusted {
        text.rewritten(|raw| self.ours(raw))
    }

    /// A value or message from logs.
    fn log(&mut self, text: &Untrusted) -> Untrusted {
        text.rewritten(|raw| self.words(Voice::Log, raw))
    }

    fn logs(&mut self, texts: &[Untrusted]) -> Vec<Untrusted> {
        texts.iter().map(|text| self.log(text)).collect()
    }

    /// A field that is a name as a whole.
    fn name(&mut self, kind: Kind, text: &Untrusted) -> Untrusted {
        text.rewritten(|raw| self.named(kind, raw))
    }

    fn named(&mut self, kind: Kind, raw: &str) -> String {
        match self.step {
            Step::Blank => return String::new(),
            Step::Learn => self.redactor.learn(kind, raw),
            Step::Survey => self.redactor.survey_name(kind, raw),
            Step::Rewrite => return self.redactor.name(kind, raw),
        }
        raw.to_owned()
    }

    fn report(&mut self, report: &Report) -> Report {
        let Report {
            title,
            tone,
            verdicts,
            header,
            sections,
            charts,
            contract,
        } = report;
        Report {
            title: self.text(title),
            tone: *tone,
            verdicts: verdicts
                .iter()
                .map(|line| self.verdict_line(line))
                .collect(),
            header: header
                .iter()
                .map(|(key, value)| (key.clone(), self.text(value)))
                .collect(),
            sections: sections.iter().map(|part| self.section(part)).collect(),
            charts: charts.iter().map(|chart| self.chart(chart)).collect(),
            contract: self.contract(contract),
        }
    }

    fn text(&mut self, text: &Text) -> Text {
        text.iter().map(|span| self.span(span)).collect()
    }

    fn section(&mut self, section: &Section) -> Section {
        let Section {
            id,
            number,
            title,
            appendix,
            blocks,
        } = section;
        Section {
            id,
            number: number.clone(),
            title,
            appendix: *appendix,
            blocks: blocks.iter().map(|block| self.block(block)).collect(),
        }
    }
}

/// The outputs of a report that are scanned before anything is written: name and text.
#[must_use]
pub fn drawings(charts: &[Chart]) -> Vec<(String, String)> {
    charts
        .iter()
        .map(|drawing| (format!("charts/{}.svg", drawing.id), chart::svg(drawing)))
        .collect()
}

#[cfg(test)]
mod tests;
