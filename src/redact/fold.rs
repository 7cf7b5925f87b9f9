//! A text as a reader of it would see it: escapes undone, invisible characters left out, wide
//! letters and foreign digits as plain ones, each with the bytes of the text it stands for.
//!
//! Matching happens on folded text, replacing on the original, so that a spelling cannot hide a
//! value and nothing but the value is touched. It never changes a text by itself.

/// One visible character and the bytes it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) c: char,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Escapes inside escapes that are undone.
const DEPTH: usize = 3;

/// Folds a text.
pub(super) fn fold(text: &str) -> Vec<Folded> {
    let mut folded: Vec<Folded> = text
        .char_indices()
        .filter(|(_, c)| !is_invisible(*c))
        .map(|(from, c)| Folded {
            c: plain(c),
            from,
            to: from + c.len_utf8(),
        })
        .collect();
    for _ in 0..DEPTH {
        let before = folded.len();
        if !folded.iter().any(|f| matches!(f.c, '%' | '\\' | '&')) {
            break;
        }
        folded = unescaped(&folded);
        if folded.len() == before {
            break;
        }
    }
    folded
}

/// One layer of escapes undone: `%41`, `\u0041`, `\"`, `&#65;`, `&quot;`.
fn unescaped(folded: &[Folded]) -> Vec<Folded> {
    let mut out = Vec::with_capacity(folded.len());
    let mut at = 0;
    while let Some(first) = folded.get(at) {
        let rest = folded.get(at..).unwrap_or_default();
        match escape(rest) {
            Some((c, length)) => {
                let to = rest.get(length - 1).map_or(first.to, |last| last.to);
                out.push(Folded {
                    c: plain(c),
                    from: first.from,
                    to,
                });
                at += length;
            }
            None => {
                out.push(*first);
                at += 1;
            }
        }
    }
    out
}

/// The character an escape at the start stands for, and its length in folded characters.
fn escape(rest: &[Folded]) -> Option<(char, usize)> {
    let c = |index: usize| rest.get(index).map(|f| f.c);
    match c(0)? {
        '%' => {
            let value = hex(rest.get(1..3)?)?;
            visible(value).map(|c| (c, 3))
        }
        '\\' => match c(1)? {
            'u' => visible(hex(rest.get(2..6)?)?).map(|c| (c, 6)),
            'x' => visible(hex(rest.get(2..4)?)?).map(|c| (c, 4)),
            mark if mark.is_ascii_punctuation() => Some((mark, 2)),
            _ => None,
        },
        '&' => {
            let end = rest.iter().take(10).position(|f| f.c == ';')?;
            let name: String = rest.get(1..end)?.iter().map(|f| f.c).collect();
            let c = match name.as_str() {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let value = match number.strip_prefix(['x', 'X']) {
                        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    visible(value)?
                }
            };
            Some((c, end + 1))
        }
        _ => None,
    }
}

fn hex(digits: &[Folded]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, f| {
        f.c.to_digit(16).map(|digit| value * 16 + digit)
    })
}

/// Only what could be part of a value is undone; controls stay as they are written.
fn visible(value: u32) -> Option<char> {
    char::from_u32(value).filter(|c| *c == ' ' || c.is_ascii_graphic() || plain(*c) != *c)
}

/// A letter or digit of another block as the ASCII one people read it as.
fn plain(c: char) -> char {
    let code = u32::from(c);
    let digit_blocks = [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0x1D7CE];
    if (0xFF01..=0xFF5E).contains(&code) {
        return char::from_u32(code - 0xFEE0).unwrap_or(c);
    }
    for start in digit_blocks {
        let length = if start == 0x1D7CE { 50 } else { 10 };
        if (start..start + length).contains(&code) {
            return char::from_digit((code - start) % 10, 10).unwrap_or(c);
        }
    }
    c
}

/// Characters that separate nothing for a reader: zero-width, soft hyphen, directional marks.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x034F | 0x061C | 0x180E | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F
        | 0xFE00..=0xFE0F | 0xFEFF | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(text: &str) -> String {
        fold(text).iter().map(|f| f.c).collect()
    }

    #[test]
    fn spellings_of_one_value_read_alike() {
        for text in [
            "a@b.de",
            "a%40b.de",
            "a%2540b.de",
            "a\\u0040b.de",
            "a&#64;b.de",
            "a&#x40;b.de",
            "a\\@b\\.de",
            "a\u{200b}@b.de",
            "\u{ff41}@b.de",
        ] {
            assert_eq!(seen(text), "a@b.de", "{text}");
        }
        assert_eq!(seen("\u{0661}\u{0662}\u{1d7d3}"), "125");
    }

    proptest! {
        #[test]
        fn pieces_lie_in_order_on_character_borders(text in "(\\PC|%[0-9a-f]{2}|\\\\u00[0-9a-f]{2}|&#[0-9]{2};){0,30}") {
            let mut at = 0;
            for f in fold(&text) {
                prop_assert!(at <= f.from && f.from < f.to);
                prop_assert!(text.get(f.from..f.to).is_some());
                at = f.to;
            }
        }
    }
}
