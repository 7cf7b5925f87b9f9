//! Text from logs, and the only ways to open it.
//!
//! Anyone who can make an API call chooses user agents, session and repository names, so such text
//! is hostile: it may try to break a table, load an image, mention people, hide itself with
//! invisible characters, run in a spreadsheet or a shell, or move the cursor of a terminal. An
//! [`Untrusted`] has no `Display` and no getter; each output has its own method that makes the text
//! inert. JSON alone writes it byte for byte, because JSON is data and not shown.

mod markdown;

use serde::{Serialize, Serializer};
use std::fmt::Write as _;

/// Where Markdown is being written: a table cell ends at every `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A paragraph or list item.
    Line,
    /// A table cell.
    Cell,
}

/// Text from logs with the number of characters a reader may be shown.
///
/// Order and equality are those of the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Untrusted {
    raw: String,
    cap: usize,
}

/// Characters shown of a name, code or message unless told otherwise.
pub const CAP: usize = 200;

impl Untrusted {
    /// Wraps text, shown up to [`CAP`] characters.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self::capped(text, CAP)
    }

    /// Wraps text, shown up to `cap` characters.
    #[must_use]
    pub fn capped(text: impl Into<String>, cap: usize) -> Self {
        Self {
            raw: text.into(),
            cap,
        }
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// The same place with another text: what redaction makes of it. The text stays untrusted.
    #[must_use]
    pub(super) fn rewritten(&self, rewrite: impl FnOnce(&str) -> String) -> Self {
        Self {
            raw: rewrite(&self.raw),
            cap: self.cap,
        }
    }

    /// As Markdown text (no code span). Active characters are escaped; words that a Markdown
    /// service would act on (links, mentions, issue numbers, formulas) become code spans.
    #[must_use]
    pub fn markdown_text(&self, spot: Spot) -> String {
        markdown::text(&visible(&self.raw, self.cap), spot)
    }

    /// As a Markdown code span.
    #[must_use]
    pub fn markdown_code(&self, spot: Spot) -> String {
        markdown::code(&visible(&self.raw, self.cap), spot)
    }

    /// As a fenced Markdown block; line breaks stay.
    #[must_use]
    pub fn markdown_fence(&self, language: &str) -> String {
        markdown::fence(&visible_lines(&self.raw, self.cap), language)
    }

    /// As HTML text or a double-quoted attribute value; also safe in SVG.
    #[must_use]
    pub fn html(&self) -> String {
        html(&visible(&self.raw, self.cap))
    }

    /// As HTML text with its line breaks kept, for `<pre>`.
    #[must_use]
    pub fn html_lines(&self) -> String {
        html(&visible_lines(&self.raw, self.cap))
    }

    /// As one CSV field with its quotes.
    #[must_use]
    pub fn csv(&self) -> String {
        csv(&visible(&self.raw, self.cap))
    }

    /// As terminal text: one line, nothing a terminal would act on.
    #[must_use]
    pub fn terminal(&self) -> String {
        visible(&self.raw, self.cap)
    }

    /// As a word of a shell command, or `None` when it holds anything that is not plainly a name
    /// (quoting rules differ between shells; a command that cannot be copied safely is not offered).
    #[must_use]
    pub fn shell_word(&self) -> Option<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._/:@=+-".contains(c);
        let fits = !self.raw.is_empty()
            && !self.raw.starts_with('-')
            && self.raw.chars().count() <= 256
            && self.raw.chars().all(plain);
        fits.then(|| self.raw.clone())
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Untrusted {
    fn from(text: &String) -> Self {
        Self::new(text.as_str())
    }
}

impl Serialize for Untrusted {
    /// The whole text as AWS wrote it: JSON strings need no further escaping.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.raw)
    }
}

/// Our own words as Markdown text; the same rules as for untrusted text, without the length cap.
#[must_use]
pub fn markdown(words: &str, spot: Spot) -> String {
    markdown::text(&visible(words, usize::MAX), spot)
}

/// Appends a finished piece of inline Markdown to a line of them.
pub fn markdown_join(line: &mut String, piece: &str) {
    markdown::join(line, piece);
}

/// A finished line of inline Markdown whose start must not open a block (heading, list, rule).
#[must_use]
pub fn markdown_line(line: String) -> String {
    markdown::start_of_line(line)
}

/// Our own words as HTML text or a double-quoted attribute value; also safe in SVG.
#[must_use]
pub fn html(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            c if is_hidden(c) => push_escape(&mut out, c),
            c => out.push(c),
        }
    }
    out
}

/// One CSV field with its quotes. Fields a spreadsheet would take for a formula get a leading
/// apostrophe.
fn csv(shown: &str) -> String {
    let formula = shown.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let lead = if formula { "'" } else { "" };
    format!("\"{lead}{}\"", shown.replace('"', "\"\""))
}

/// One line of visible characters, cut at `cap` characters of the original text.
fn visible(text: &str, cap: usize) -> String {
    shown(text, cap, false)
}

/// As [`visible`], but line feeds stay.
fn visible_lines(text: &str, cap: usize) -> String {
    shown(text, cap, true)
}

fn shown(text: &str, cap: usize, keep_lines: bool) -> String {
    let mut out = String::with_capacity(text.len().min(cap.saturating_mul(4)));
    let mut rest = text.chars();
    for c in rest.by_ref().take(cap) {
        match c {
            '\n' if keep_lines => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => push_escape(&mut out, c),
            c => out.push(c),
        }
    }
    let cut = rest.count();
    if cut > 0 {
        // Writing to a String cannot fail.
        let _ = write!(out, "…(+{cut})");
    }
    out
}

fn push_escape(out: &mut String, c: char) {
    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
}

/// Characters a reader cannot see or that change how others are shown: controls (C0, C1, DEL),
/// line and paragraph separators, soft hyphen, zero-width, bidirectional controls, invisible
/// operators, variation selectors, fillers that look like nothing, interlinear marks, byte order
/// mark, tags, private use and non-characters. Source: Unicode 16 `Default_Ignorable_Code_Point`,
/// general categories Cc, Cf, Zl, Zp, Co, and the blank letters named in UTS 39.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x0600..=0x0605 | 0x061C | 0x06DD | 0x070F | 0x0890..=0x0891 | 0x08E2
            | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E
            | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF
            | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFC | 0xFFFE..=0xFFFF
            | 0x110BD | 0x110CD | 0x13430..=0x1345F | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
            | 0xE0000..=0x10_FFFF)
        || (u32::from(c) & 0xFFFE) == 0xFFFE
}

#[cfg(test)]
mod tests;
