//! GitHub-flavoured Markdown that also reads well raw, because AWS Support shows case text as it is.
//!
//! Pure ink: draws the content model, decides nothing. No images, no HTML, no links; charts are
//! left to the formats that have them (a sparkline always stands beside). Text from logs passes
//! through the escapers only.

use super::escape::{Spot, Untrusted, markdown as words, markdown_join, markdown_line};
use super::model::{Align, Block, Report, Section, Span, Sparklines, Table, VerdictLine};
use super::sparkline;
use std::fmt::Write as _;

/// The document.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    push(&mut out, &format!("# {}", text(&report.title, Spot::Line)));
    for line in &report.verdicts {
        push(&mut out, &verdict(line));
    }
    let header: Vec<String> = report
        .header
        .iter()
        .map(|(key, value)| format!("- {}: {}", words(key, Spot::Line), text(value, Spot::Line)))
        .collect();
    // Words in between, because two lists in a row are drawn as one.
    push(&mut out, "**About this report**");
    push(&mut out, &header.join("\n"));
    let mut appendices = false;
    for part in &report.sections {
        if part.appendix && !appendices {
            appendices = true;
            push(&mut out, "---");
        }
        section(&mut out, part);
    }
    let mut out = out.trim_end().to_owned();
    out.push('\n');
    out
}

/// One line of Markdown that may hold names from logs.
#[must_use]
pub fn line(words: &str) -> String {
    Untrusted::capped(words, 1000).markdown_text(Spot::Line)
}

/// Blocks are separated by one empty line.
fn push(out: &mut String, block: &str) {
    if !block.is_empty() {
        out.push_str(block);
        out.push_str("\n\n");
    }
}

fn verdict(line: &VerdictLine) -> String {
    let id = if line.id.is_empty() {
        String::new()
    } else {
        format!("{} ", words(&line.id, Spot::Line))
    };
    let mut block = format!(
        "{id}**{}** {}",
        words(&line.headline, Spot::Line),
        text(&line.story, Spot::Line)
    );
    for reason in &line.reasons {
        // Writing to a String cannot fail.
        let _ = write!(block, "\n- {}", text(reason, Spot::Line));
    }
    block
}

fn section(out: &mut String, section: &Section) {
    push(
        out,
        &format!(
            "## {}. {}",
            words(&section.number, Spot::Line),
            words(section.title, Spot::Line)
        ),
    );
    for block in &section.blocks {
        push(out, &draw(block));
    }
}

fn draw(block: &Block) -> String {
    match block {
        Block::Heading(title) => format!("### {}", text(title, Spot::Line)),
        Block::Para(words) => text(words, Spot::Line),
        Block::List { ordered, items } => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let bullet = if *ordered {
                    format!("{}.", index + 1)
                } else {
                    "-".to_owned()
                };
                format!("{bullet} {}", text(item, Spot::Line))
            })
            .collect::<Vec<_>>()
            .join("\n"),
        Block::Table(table) => draw_table(table),
        Block::Code { language, text } => text.markdown_fence(language),
        Block::Callout { text: words, .. } => format!("> {}", text(words, Spot::Line)),
        Block::Chart(_) => String::new(),
        Block::Sparklines(lines) => draw_sparklines(lines),
    }
}

fn draw_table(table: &Table) -> String {
    let mut lines = Vec::with_capacity(table.rows.len() + 3);
    let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    lines.push(row(table
        .header
        .iter()
        .map(|title| words(title, Spot::Cell))
        .collect()));
    lines.push(row(table
        .align
        .iter()
        .map(|align| match align {
            Align::Left => ":---".to_owned(),
            Align::Right => "---:".to_owned(),
        })
        .collect()));
    for cells in &table.rows {
        lines.push(row(cells
            .iter()
            .map(|cell| text(cell, Spot::Cell))
            .collect()));
    }
    if !table.note.is_empty() {
        lines.push(String::new());
        lines.push(text(&table.note, Spot::Line));
    }
    lines.join("\n")
}

/// Bars with their labels in one column, then the marks, in a fence so that columns stay columns.
fn draw_sparklines(lines: &Sparklines) -> String {
    let labels: Vec<String> = lines
        .lines
        .iter()
        .map(|line| format!("{} {}", line.label.terminal(), line.unit))
        .collect();
    let width = labels
        .iter()
        .map(|label| label.chars().count())
        .max()
        .unwrap_or(0);
    let mut rows: Vec<String> = labels
        .iter()
        .zip(&lines.lines)
        .map(|(label, line)| {
            format!(
                "{label:<width$}  {}  {}",
                sparkline::bars(&line.values),
                line.note
            )
        })
        .collect();
    let marks = sparkline::mark_row(lines);
    if !marks.is_empty() {
        rows.push(format!("{:width$}  {marks}", ""));
        rows.push(sparkline::legend(lines));
    }
    rows.push(sparkline::axis(lines));
    Untrusted::capped(rows.join("\n"), 20_000).markdown_fence("text")
}

/// Spans one after the other.
fn text(spans: &[Span], spot: Spot) -> String {
    let mut out = String::new();
    for span in spans {
        let piece = match span {
            Span::Plain(plain) => words(plain, spot),
            Span::Strong(strong) => format!("**{}**", words(strong, spot)),
            Span::Prose(prose) => prose.markdown_text(spot),
            Span::Code(code) => code.markdown_code(spot),
            Span::Evidence(id) => format!("[{}]", words(id, spot)),
            Span::Label(label) => format!("({})", label.word()),
        };
        markdown_join(&mut out, &piece);
    }
    match spot {
        Spot::Line => markdown_line(out),
        Spot::Cell => out,
    }
}
