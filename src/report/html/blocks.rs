//! Blocks as HTML: paragraphs, lists, tables, code, remarks, charts and sparklines.

use super::page::Page;
use super::spans::{LEDGER, ledger_id};
use crate::case::{Instant, instant};
use crate::report::chart;
use crate::report::escape::html as escape;
use crate::report::model::{Align, Block, Section, Sparklines, Table, Text};

/// Cells up to this many characters stay on one line; longer ones get room to wrap in.
const SHORT: usize = 26;
const MIDDLING: usize = 60;

/// One word up to this length stays whole: a request ID is read and copied as one.
const WORD: usize = 40;

/// Tables with this many columns are printed smaller.
const WIDE: usize = 8;

/// Draws one block of a section.
pub(super) fn draw(page: &mut Page, block: &Block, section: &Section) {
    match block {
        Block::Heading(text) => {
            let text = page.html(text);
            page.push(&format!("<h3>{text}</h3>\n"));
        }
        Block::Para(text) => {
            let text = page.html(text);
            page.push(&format!("<p>{text}</p>\n"));
        }
        Block::List { ordered, items } => list(page, *ordered, items),
        Block::Table(table) => draw_table(page, table, section),
        Block::Code { language, text } => page.push(&format!(
            "<pre class=\"scroll\" tabindex=\"0\" data-language=\"{}\"><code>{}</code></pre>\n",
            escape(language),
            text.html_lines()
        )),
        Block::Callout { tone, text } => {
            let (tone, text) = (tone.word(), page.html(text));
            page.push(&format!(
                "<aside class=\"callout tone-{tone}\"><p>{text}</p></aside>\n"
            ));
        }
        Block::Chart(id) => {
            if let Some((svg, tenth)) = page.chart(id) {
                page.push(&format!(
                    "<figure class=\"chart scroll\" tabindex=\"0\">\n\
                     <span class=\"aim tenth-{tenth}\"></span>{svg}</figure>\n"
                ));
            }
        }
        Block::Sparklines(group) => sparklines(page, group),
    }
}

fn list(page: &mut Page, ordered: bool, items: &[Text]) {
    let tag = if ordered { "ol" } else { "ul" };
    page.push(&format!("<{tag}>\n"));
    for item in items {
        let item = page.html(item);
        page.push(&format!("<li>{item}</li>\n"));
    }
    page.push(&format!("</{tag}>\n"));
}

/// A table in a container of its own, so that a wide one scrolls without moving the page.
fn draw_table(page: &mut Page, table: &Table, section: &Section) {
    let wide = if table.header.len() >= WIDE {
        " wide"
    } else {
        ""
    };
    page.push(&format!(
        "<div class=\"table scroll{wide}\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">\n\
         <table>\n<thead><tr>",
        escape(section.title)
    ));
    for (column, heading) in table.header.iter().enumerate() {
        let class = class(table, column, "");
        // A heading without words is no heading to a screen reader.
        page.push(&if heading.is_empty() {
            format!("<td{class}></td>")
        } else {
            format!("<th scope=\"col\"{class}>{}</th>", escape(heading))
        });
    }
    page.push("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        let anchor = match ledger_id(row).filter(|_| section.id == LEDGER) {
            Some(id) => page.anchor(id),
            None => String::new(),
        };
        page.push(&format!("<tr{anchor}>"));
        for (column, cell) in row.iter().enumerate() {
            let room = room(&chart::plain(cell));
            let (class, cell) = (class(table, column, room), page.html(cell));
            page.push(&format!("<td{class}>{cell}</td>"));
        }
        page.push("</tr>\n");
    }
    page.push("</tbody>\n</table>\n</div>\n");
    if !table.note.is_empty() {
        let note = page.html(&table.note);
        page.push(&format!("<p class=\"note\">{note}</p>\n"));
    }
}

/// How much room a cell asks for, as a class name.
fn room(words: &str) -> &'static str {
    let length = words.chars().count();
    if length <= SHORT {
        "short"
    } else if length <= WORD && !words.contains(char::is_whitespace) {
        "word"
    } else if length <= MIDDLING {
        "middling"
    } else {
        "long"
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
fn sparklines(page: &mut Page, group: &Sparklines) {
    let columns = group.lines.iter().map(|line| line.values.len()).max();
    let seconds = i64::try_from(columns.unwrap_or(0))
        .unwrap_or(0)
        .saturating_mul(group.step_s);
    let end = instant(group.start.timestamp().saturating_add(seconds));
    page.push("<div class=\"sparklines\">\n");
    for line in &group.lines {
        page.push(&format!(
            "<div class=\"sparkline\"><p><code>{}</code> <span class=\"unit\">{}</span></p>\
             {}<p class=\"note\">{}</p></div>\n",
            line.label.html(),
            escape(line.unit),
            chart::sparkline(group, line),
            escape(&line.note)
        ));
    }
    page.push(&format!(
        "<div class=\"sparkline\"><p class=\"ends\"><span>{}</span><span>{}</span></p></div>\n</div>\n",
        clock(group.start),
        clock(end)
    ));
}

fn clock(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}
