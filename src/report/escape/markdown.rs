//! Making visible text inert in GitHub-flavoured Markdown while it stays readable raw.
//!
//! AWS Support shows case text unrendered, so escapes are used only where a character would act;
//! nothing here may emit HTML, an entity, a link or an image.

use super::Spot;

/// Text with its code spans. A sentence may quote commands in single backticks; these become code
/// spans of our own making. Stray backticks make the word they stand in a code span.
pub(super) fn text(shown: &str, spot: Spot) -> String {
    let pieces: Vec<&str> = shown.split('`').collect();
    // Pairs only: an odd number of pieces, and something between each pair.
    let paired = pieces.len() > 1
        && pieces.len() % 2 == 1
        && pieces
            .iter()
            .skip(1)
            .step_by(2)
            .all(|piece| !piece.trim().is_empty());
    if !paired {
        return plain(shown, spot);
    }
    let mut out = String::with_capacity(shown.len() + 8);
    for (index, piece) in pieces.iter().enumerate() {
        let inline = if index % 2 == 1 {
            code(piece, spot)
        } else {
            plain(piece, spot)
        };
        join(&mut out, &inline);
    }
    out
}

/// Appends a piece of inline Markdown. Two fences that touch would become one longer fence, so a
/// space keeps them apart.
pub(super) fn join(out: &mut String, piece: &str) {
    if out.ends_with('`') && piece.starts_with('`') {
        out.push(' ');
    }
    out.push_str(piece);
}

/// Text outside code spans. Words a service would act on become code spans of their own.
fn plain(shown: &str, spot: Spot) -> String {
    let mut out = String::with_capacity(shown.len() + 8);
    for (index, word) in shown.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        if acts_as_word(word) {
            out.push_str(&code(word, spot));
        } else {
            escape_word(word, &mut out);
        }
    }
    out
}

/// Links, mentions, issue references, formulas, tags and code: a backslash does not stop a Markdown
/// service from acting on them, a code span does.
fn acts_as_word(word: &str) -> bool {
    let lower = word.to_lowercase();
    let numbered = |prefix: &str| {
        lower
            .match_indices(prefix)
            .any(|(at, _)| digit_at(&lower, at + prefix.len()))
    };
    word.contains(['@', '`', '$', '<'])
        || lower.contains("://")
        || lower.contains("www.")
        || lower.contains("mailto:")
        || lower.contains("xmpp:")
        || lower.contains("javascript:")
        || numbered("#")
        || numbered("gh-")
        || names_an_emoji(&lower)
}

/// Whether `:name:` stands anywhere in the word: GitHub shows a picture instead, also in the middle of
/// a word. Between colons stand the minutes and seconds of a time as well, and no picture has two digits
/// for a name; and the fields of an ARN before its resource, which AWS writes, not the caller.
fn names_an_emoji(lower: &str) -> bool {
    let fields = if lower.starts_with("arn:aws") { 5 } else { 1 };
    let mut names = lower.split(':');
    // What stands behind the last colon is not between two.
    names.next_back();
    names.skip(fields).any(|name| {
        let digits = name.trim_end_matches('z');
        let time = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        let letter = |b: u8| b.is_ascii_alphanumeric() || b"_+-".contains(&b);
        !name.is_empty() && !time && name.bytes().all(letter)
    })
}

fn digit_at(word: &str, at: usize) -> bool {
    word.get(at..)
        .and_then(|rest| rest.chars().next())
        .is_some_and(|c| c.is_ascii_digit())
}

fn escape_word(word: &str, out: &mut String) {
    for (at, c) in word.char_indices() {
        let acts = match c {
            '\\' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '&' => true,
            // Inside a word an underscore is only an underscore.
            '_' => !(letter_before(word, at) && letter_after(word, at)),
            '!' => word.get(at + 1..).is_some_and(|rest| rest.starts_with('[')),
            _ => false,
        };
        if acts {
            out.push('\\');
        }
        out.push(c);
    }
}

/// A finished line of inline Markdown, with a backslash where its start would open a block: a
/// heading, quote, list, rule or number.
pub(super) fn start_of_line(line: String) -> String {
    let body = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = line.len() - body.len();
    let opens = if digits > 0 {
        body.starts_with(['.', ')'])
    } else {
        body.starts_with(['#', '-', '+', '='])
    };
    if opens {
        let (number, rest) = line.split_at(digits);
        format!("{number}\\{rest}")
    } else {
        line
    }
}

fn letter_before(word: &str, at: usize) -> bool {
    word.get(..at)
        .and_then(|head| head.chars().next_back())
        .is_some_and(char::is_alphanumeric)
}

fn letter_after(word: &str, at: usize) -> bool {
    word.get(at + 1..)
        .and_then(|tail| tail.chars().next())
        .is_some_and(char::is_alphanumeric)
}

/// A code span whose fence is longer than any run of backticks inside. In a table every `|` is
/// escaped: the row is split before code spans are seen.
pub(super) fn code(shown: &str, spot: Spot) -> String {
    if shown.is_empty() {
        return "—".to_owned();
    }
    let body = match spot {
        Spot::Line => shown.to_owned(),
        Spot::Cell => shown.replace('|', "\\|"),
    };
    let fence = "`".repeat(longest_run(&body) + 1);
    // One space on each side is taken off again by a reader; it keeps backticks off the fence and
    // saves outer spaces that belong to the text.
    let pad = if body.starts_with(['`', ' ']) || body.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{body}{pad}{fence}")
}

/// A fenced block.
pub(super) fn fence(lines: &str, language: &str) -> String {
    let fence = "`".repeat((longest_run(lines) + 1).max(3));
    format!(
        "{fence}{language}\n{}\n{fence}",
        lines.trim_end_matches('\n')
    )
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
