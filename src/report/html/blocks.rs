//! Blocks as HTML: paragraphs, lists, tables, code, remarks, charts and sparklines.

use super::spans::{LEDGER, Links, ledger_id};
use crate::case::Instant;
use crate::report::chart;
use crate::report::escape::html as escape;
use crate::report::model::{Align, Block, Report, Section, Sparklines, Table, Text};
use std::fmt::Write;

/// Cells up to this many characters stay on one line; longer ones get room to wrap in.
const SHORT: usize = 26;
const LONG: usize = 60;

/// Draws one block of a section.
pub(super) fn draw(
    out: &mut String,
    block: &Block,
    section: &Section,
    report: &Report,
    links: &Links,
) {
    match block {
        Block::Heading(text) => {
            let _ = writeln!(out, "<h3>{}</h3>", links.html(text));
        }
        Block::Para(text) => {
            let _ = writeln!(out, "<p>{}</p>", links.html(text));
        }
        Block::List { ordered, items } => list(out, *ordered, items, links),
        Block::Table(table) => draw_table(out, table, section, links),
        Block::Code { language, text } => {
            let _ = writeln!(
                out,
                "<pre class=\"scroll\" tabindex=\"0\" data-language=\"{}\"><code>{}</code></pre>",
                escape(language),
                text.html_lines()
            );
        }
        Block::Callout { tone, text } => {
            let (tone, text) = (tone.word(), links.html(text));
            let _ = writeln!(
                out,
                "<aside class=\"callout tone-{tone}\"><p>{text}</p></aside>"
            );
        }
        Block::Chart(id) => {
            if let Some(found) = report.charts.iter().find(|chart| chart.id == *id) {
                let svg = chart::svg(found);
                let _ = writeln!(
                    out,
                    "<figure class=\"chart scroll\" tabindex=\"0\">\n{svg}</figure>"
                );
            }
        }
        Block::Sparklines(group) => sparklines(out, group),
    }
}

fn list(out: &mut String, ordered: bool, items: &[Text], links: &Links) {
    let tag = if ordered { "ol" } else { "ul" };
    let _ = writeln!(out, "<{tag}>");
    for item in items {
        let _ = writeln!(out, "<li>{}</li>", links.html(item));
    }
    let _ = writeln!(out, "</{tag}>");
}

/// A table in a container of its own, so that a wide one scrolls without moving the page.
fn draw_table(out: &mut String, table: &Table, section: &Section, links: &Links) {
    let _ = writeln!(
        out,
        "<div class=\"table scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n<table>\n<thead><tr>",
        escape(section.title)
    );
    for (index, heading) in table.header.iter().enumerate() {
        let class = class(table, index, "");
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", escape(heading));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        match ledger_id(row).filter(|_| section.id == LEDGER) {
            Some(id) => {
                let _ = write!(out, "<tr id=\"{}\">", escape(id));
            }
            None => out.push_str("<tr>"),
        }
        for (index, cell) in row.iter().enumerate() {
            let length = chart::plain(cell).chars().count();
            let room = match length {
                0..=SHORT => "short",
                n if n <= LONG => "middling",
                _ => "long",
            };
            let class = class(table, index, room);
            let _ = write!(out, "<td{class}>{}</td>", links.html(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    if !table.note.is_empty() {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", links.html(&table.note));
    }
}

/// The class attribute of a cell: alignment and room.
fn class(table: &Table, column: usize, room: &str) -> String {
    let number = matches!(table.align.get(column), Some(Align::Right));
    match (number, room.is_empty()) {
        (true, true) => " class=\"number\"".to_owned(),
        (true, false) => format!(" class=\"number {room}\""),
        (false, true) => String::new(),
        (false, false) => format!(" class=\"{room}\""),
    }
}

/// One row per series, the bars on a shared axis, its ends below.
fn sparklines(out: &mut String, group: &Sparklines) {
    let columns = group
        .lines
        .iter()
        .map(|l| l.values.len())
        .max()
        .unwrap_or(0);
    let seconds = i64::try_from(columns)
        .unwrap_or(0)
        .saturating_mul(group.step_s);
    let end = crate::case::instant(group.start.timestamp().saturating_add(seconds));
    out.push_str("<div class=\"sparklines scroll\" tabindex=\"0\">\n<table>\n<tbody>\n");
    for line in &group.lines {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\"><code>{}</code> <span class=\"unit\">{}</span></th><td>{}</td><td class=\"note\">{}</td></tr>",
            line.label.html(),
            escape(line.unit),
            chart::sparkline(group, line),
            escape(&line.note)
        );
    }
    let _ = writeln!(
        out,
        "<tr class=\"ends\"><th></th><td><span>{}</span><span>{}</span></td><td></td></tr>\n</tbody>\n</table>\n</div>",
        clock(group.start),
        clock(end)
    );
}

fn clock(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}
