//! The texts of the content model, one function per type.

use super::Walk;
use crate::redact::Voice;
use crate::report::model::{
    Band, Block, Chart, Level, Line, Mark, Panel, Span, Sparkline, Sparklines, Table, VerdictLine,
};

impl Walk<'_> {
    pub(super) fn span(&mut self, span: &Span) -> Span {
        match span {
            Span::Plain(words) => Span::Plain(self.ours(words)),
            Span::Strong(words) => Span::Strong(self.ours(words)),
            Span::Prose(words) => Span::Prose(self.prose(words)),
            Span::Code(words) => Span::Code(self.log(words)),
            Span::Evidence(id) => Span::Evidence(id.clone()),
            Span::Label(label) => Span::Label(*label),
        }
    }

    pub(super) fn verdict_line(&mut self, line: &VerdictLine) -> VerdictLine {
        let VerdictLine {
            id,
            tone,
            headline,
            story,
            reasons,
        } = line;
        VerdictLine {
            id: id.clone(),
            tone: *tone,
            headline: self.ours(headline),
            story: self.text(story),
            reasons: reasons.iter().map(|reason| self.text(reason)).collect(),
        }
    }

    pub(super) fn block(&mut self, block: &Block) -> Block {
        match block {
            Block::Heading(text) => Block::Heading(self.text(text)),
            Block::Para(text) => Block::Para(self.text(text)),
            Block::List { ordered, items } => Block::List {
                ordered: *ordered,
                items: items.iter().map(|item| self.text(item)).collect(),
            },
            Block::Table(table) => Block::Table(self.table(table)),
            Block::Code { language, text } => Block::Code {
                language,
                text: text.rewritten(|raw| self.words(Voice::Command, raw)),
            },
            Block::Callout { tone, text } => Block::Callout {
                tone: *tone,
                text: self.text(text),
            },
            Block::Chart(id) => Block::Chart(id.clone()),
            Block::Sparklines(lines) => Block::Sparklines(self.sparklines(lines)),
        }
    }

    fn table(&mut self, table: &Table) -> Table {
        let Table {
            header,
            align,
            rows,
            note,
        } = table;
        Table {
            header: header.clone(),
            align: align.clone(),
            rows: rows
                .iter()
                .map(|row| row.iter().map(|cell| self.text(cell)).collect())
                .collect(),
            note: self.text(note),
        }
    }

    fn sparklines(&mut self, lines: &Sparklines) -> Sparklines {
        let Sparklines {
            start,
            step_s,
            lines,
            marks,
        } = lines;
        Sparklines {
            start: *start,
            step_s: *step_s,
            lines: lines
                .iter()
                .map(|line| {
                    let Sparkline {
                        label,
                        unit,
                        values,
                        note,
                    } = line;
                    Sparkline {
                        label: self.prose(label),
                        unit,
                        values: values.clone(),
                        note: self.ours(note),
                    }
                })
                .collect(),
            marks: marks.iter().map(|mark| self.mark(mark)).collect(),
        }
    }

    fn mark(&mut self, mark: &Mark) -> Mark {
        let Mark { at, label, kind } = mark;
        Mark {
            at: *at,
            label: self.prose(label),
            kind: *kind,
        }
    }

    pub(super) fn chart(&mut self, chart: &Chart) -> Chart {
        let Chart {
            id,
            title,
            alt,
            start,
            step_s,
            len,
            panels,
            marks,
            bands,
        } = chart;
        Chart {
            id: id.clone(),
            title: self.text(title),
            alt: self.text(alt),
            start: *start,
            step_s: *step_s,
            len: *len,
            panels: panels.iter().map(|panel| self.panel(panel)).collect(),
            marks: marks.iter().map(|mark| self.mark(mark)).collect(),
            bands: bands
                .iter()
                .map(|band| {
                    let Band {
                        from,
                        to,
                        label,
                        kind,
                    } = band;
                    Band {
                        from: *from,
                        to: *to,
                        label: self.prose(label),
                        kind: *kind,
                    }
                })
                .collect(),
        }
    }

    fn panel(&mut self, panel: &Panel) -> Panel {
        let Panel {
            title,
            unit,
            lines,
            levels,
        } = panel;
        Panel {
            title: self.text(title),
            unit,
            lines: lines
                .iter()
                .map(|line| {
                    let Line {
                        label,
                        role,
                        values,
                    } = line;
                    Line {
                        label,
                        role: *role,
                        values: values.clone(),
                    }
                })
                .collect(),
            levels: levels
                .iter()
                .map(|level| {
                    let Level { label, value } = level;
                    Level {
                        label: self.ours(label),
                        value: *value,
                    }
                })
                .collect(),
        }
    }
}
