//! Plain text that reads well raw and fits a limit: the body of a support case, a mail, a chat post.
//!
//! Draws whole sections, the most important first, until the limit is reached, and says what it left
//! out. No markup, no wide tables, no character outside the basic plane; every text passes the terminal
//! escaper. Like every ink it words nothing but what is missing.

use super::escape::Untrusted;
use super::model::{Block, Report, Section, Span, Table};
use super::sparkline;

/// Which sections stand in the text, the most important first; those not named come after, in order.
const FIRST: [&str; 12] = [
    "ask",
    "summary",
    "requests",
    "impact",
    "questions",
    "timeline",
    "errors",
    "health",
    "assessment",
    "quota",
    "gaps",
    "scope",
];

/// Room kept for the lines that say what was left out.
const ROOM_FOR_REST: usize = 240;

/// The report as text of at most `limit` characters, without the sections in `without`; `width` is the
/// longest line, as far as words allow.
#[must_use]
pub fn render(report: &Report, limit: usize, width: usize, without: &[&str]) -> String {
    let head = head(report, width);
    let mut order: Vec<&Section> = report
        .sections
        .iter()
        .filter(|section| !without.contains(&section.id) && !section.appendix)
        .collect();
    order.sort_by_key(|section| {
        FIRST
            .iter()
            .position(|id| *id == section.id)
            .unwrap_or(FIRST.len())
    });
    let mut left = limit.saturating_sub(count(&head) + ROOM_FOR_REST);
    let mut drawn: Vec<(&str, String)> = Vec::new();
    let mut missing: Vec<&str> = Vec::new();
    for section in order {
        let text = draw(section, width, left);
        let length = count(&text);
        if length <= left && !text.is_empty() {
            left -= length;
            drawn.push((section.id, text));
        } else {
            missing.push(section.title);
        }
    }
    let mut out = head;
    for section in &report.sections {
        if let Some((_, text)) = drawn.iter().find(|(id, _)| *id == section.id) {
            out.push_str(text);
        }
    }
    if !missing.is_empty() {
        let words = format!("In the attached report: {}.", missing.join(", "));
        out.push_str(&wrapped(&words, width));
    }
    cut(&out, limit)
}

/// A text as one plain line.
#[must_use]
pub fn line(text: &[Span]) -> String {
    text.iter()
        .map(|span| match span {
            Span::Plain(words) | Span::Strong(words) => safe(words),
            Span::Prose(log) | Span::Code(log) => log.terminal(),
            Span::Evidence(id) => format!("[{id}]"),
            Span::Label(label) => format!("({})", label.word()),
        })
        .collect()
}

fn head(report: &Report, width: usize) -> String {
    let mut out = format!("{}\n\n", line(&report.title));
    for verdict in &report.verdicts {
        let id = if verdict.id.is_empty() {
            String::new()
        } else {
            format!("{}: ", verdict.id)
        };
        out.push_str(&wrapped(
            &format!("{id}{} {}", safe(&verdict.headline), line(&verdict.story)),
            width,
        ));
        for reason in &verdict.reasons {
            out.push_str(&wrapped(&format!("- {}", line(reason)), width));
        }
    }
    out.push('\n');
    for (key, value) in &report.header {
        out.push_str(&wrapped(&format!("{}: {}", safe(key), line(value)), width));
    }
    out.push('\n');
    out
}

/// A section within `room` characters: whole, or its first blocks with a note, or nothing.
fn draw(section: &Section, width: usize, room: usize) -> String {
    let title = format!(
        "{}. {}\n",
        safe(&section.number),
        section.title.to_uppercase()
    );
    let mut out = title;
    let note = format!(
        "(more in the report, section {})\n\n",
        safe(&section.number)
    );
    let mut whole = true;
    for block in &section.blocks {
        let lines = lines(block, width);
        for text in lines {
            if count(&out) + count(&text) + count(&note) + 1 > room {
                whole = false;
                break;
            }
            out.push_str(&text);
        }
        if !whole {
            break;
        }
    }
    // A title alone says nothing.
    if !whole && out.lines().count() < 3 {
        return String::new();
    }
    out.push_str(if whole { "\n" } else { &note });
    out
}

/// A block as pieces that may be left out one by one.
fn lines(block: &Block, width: usize) -> Vec<String> {
    match block {
        Block::Heading(text) => vec![wrapped(&line(text), width)],
        Block::Para(text) | Block::Callout { text, .. } => vec![wrapped(&line(text), width)],
        Block::List { ordered, items } => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let bullet = if *ordered {
                    format!("{}.", index + 1)
                } else {
                    "-".to_owned()
                };
                wrapped(&format!("{bullet} {}", line(item)), width)
            })
            .collect(),
        Block::Table(table) => rows(table, width),
        Block::Code { text, .. } => vec![format!("  {}\n", text.terminal())],
        Block::Chart(_) => Vec::new(),
        Block::Sparklines(group) => group
            .lines
            .iter()
            .map(|one| {
                format!(
                    "  {} {}: {} {}\n",
                    one.label.terminal(),
                    one.unit,
                    sparkline::bars(&one.values),
                    safe(&one.note)
                )
            })
            .collect(),
    }
}

/// A table without columns: each row is a line of `name: value` pairs.
fn rows(table: &Table, width: usize) -> Vec<String> {
    let mut out: Vec<String> = table
        .rows
        .iter()
        .map(|row| {
            let cells: Vec<String> = table
                .header
                .iter()
                .zip(row)
                .map(|(name, cell)| (name, line(cell)))
                .filter(|(_, cell)| !cell.is_empty() && cell != "—")
                .map(|(name, cell)| {
                    if name.is_empty() {
                        cell
                    } else {
                        format!("{name}: {cell}")
                    }
                })
                .collect();
            wrapped(&format!("- {}", cells.join("; ")), width)
        })
        .collect();
    if !table.note.is_empty() {
        out.push(wrapped(&line(&table.note), width));
    }
    out
}

/// Lines of at most `width` characters, as far as words allow; one line feed at the end.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut column = 0;
    for word in text.split(' ') {
        let length = count(word);
        if column > 0 && column + 1 + length > width {
            out.push_str("\n  ");
            column = 2;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// The first `limit` characters, at the end of a line; what is cut is said.
#[must_use]
pub fn cut(text: &str, limit: usize) -> String {
    const NOTE: &str = "(cut here; the rest is in the report)\n";
    if count(text) <= limit {
        return text.to_owned();
    }
    let kept: String = text
        .chars()
        .take(limit.saturating_sub(count(NOTE)))
        .collect();
    let end = kept.rfind('\n').map_or(kept.len(), |at| at + 1);
    let mut out = kept.get(..end).unwrap_or_default().to_owned();
    out.push_str(NOTE);
    out.chars().take(limit).collect()
}

fn count(text: &str) -> usize {
    text.chars().count()
}

fn safe(words: &str) -> String {
    Untrusted::capped(words, 4_000).terminal()
}

#[cfg(test)]
mod tests {
    use super::super::{stories, tell};
    use super::*;

    #[test]
    fn every_story_fits_every_limit_and_says_what_is_missing() {
        for (name, facts, findings) in stories::all() {
            let report = tell(&facts, &findings, &stories::meta());
            for limit in [300, 2_000, 7_500, 60_000] {
                let text = render(&report, limit, 90, &["changes"]);
                assert!(text.chars().count() <= limit, "{name} {limit}");
                assert!(!text.contains("OUR OWN CHANGES"), "{name}");
                assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{name}");
                let whole = report
                    .sections
                    .iter()
                    .filter(|section| !section.appendix)
                    .count();
                let shown = report
                    .sections
                    .iter()
                    .filter(|section| text.contains(&section.title.to_uppercase()))
                    .count();
                assert!(
                    shown == whole
                        || text.contains("attached report")
                        || text.contains("cut here")
                        || limit == 60_000,
                    "{name} {limit}"
                );
            }
        }
    }

    #[test]
    fn long_words_are_not_broken_and_lines_are_short() {
        let text = wrapped(&"word ".repeat(50), 40);
        assert!(text.lines().all(|line| line.chars().count() <= 40));
        assert_eq!(
            wrapped(&"x".repeat(60), 40),
            format!("{}\n", "x".repeat(60))
        );
    }
}
