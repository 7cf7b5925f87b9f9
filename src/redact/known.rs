//! The names that structured fields hold, to be found again in free text.

use super::fold::{Folded, fold};
use super::kind::{Kind, Voice};
use super::rules;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Names shorter than this are hidden where a field holds them, but not looked for in sentences.
const SHORTEST: usize = 3;
/// From this length on a name is found inside longer words too.
const LOOSE: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Known {
    /// By first letter and length, then by the letters.
    names: BTreeMap<char, BTreeMap<Reverse<usize>, BTreeMap<String, Name>>>,
    /// Words of the output itself, in small letters.
    own: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy)]
struct Name {
    kind: Kind,
    /// Also a word of our own sentences.
    ordinary: bool,
}

impl Known {
    /// Adds words of the output itself, whole and in the parts between their dashes.
    pub(super) fn own_words(&mut self, text: &str) {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_') {
            for part in std::iter::once(word).chain(word.split(['-', '_'])) {
                if part.len() >= SHORTEST {
                    self.own.insert(part.to_ascii_lowercase());
                }
            }
        }
        for (letters, name) in self
            .names
            .values_mut()
            .flat_map(|by_length| by_length.values_mut().flatten())
        {
            name.ordinary |= self.own.contains(letters);
        }
    }

    /// Adds a name; a name known before keeps the kind that comes first.
    pub(super) fn add(&mut self, kind: Kind, value: &str) {
        let letters: String = fold(value).iter().map(|f| lower(f.c)).collect();
        let length = letters.chars().count();
        let Some(first) = letters.chars().next().filter(|_| length >= SHORTEST) else {
            return;
        };
        let ordinary = rules::is_ordinary(value) || self.own.contains(&letters);
        let name = self
            .names
            .entry(first)
            .or_default()
            .entry(Reverse(length))
            .or_default()
            .entry(letters)
            .or_insert(Name { kind, ordinary });
        name.kind = name.kind.min(kind);
    }

    /// The longest name that stands at `at`: its length and kind.
    pub(super) fn at(&self, text: &[Folded], at: usize, voice: Voice) -> Option<(usize, Kind)> {
        let rest = text.get(at..)?;
        let by_length = self.names.get(&lower(rest.first()?.c))?;
        by_length.iter().find_map(|(Reverse(length), names)| {
            let letters: String = rest.get(..*length)?.iter().map(|f| lower(f.c)).collect();
            let name = names.get(&letters)?;
            let fits = stands_alone(text, at, *length, *name)
                && (!name.ordinary || Self::is_name(text, at, *length, voice));
            fits.then_some((*length, name.kind))
        })
    }
}

impl Known {
    /// Whether an everyday word is the name here. In finished output it cannot be told from markup;
    /// it was hidden before, where its field was known.
    fn is_name(text: &[Folded], at: usize, length: usize, voice: Voice) -> bool {
        match voice {
            Voice::Log => true,
            Voice::Ours => like_a_name(text, at, length),
            Voice::Command => like_a_name(text, at, length) || is_argument(text, at, length),
            Voice::Output => false,
        }
    }
}

fn lower(c: char) -> char {
    c.to_ascii_lowercase()
}

/// Whether the name is not part of a longer word; long names are found there as well.
fn stands_alone(text: &[Folded], at: usize, length: usize, name: Name) -> bool {
    let after = text.get(at + length).map(|f| f.c);
    if !name.ordinary && length >= LOOSE {
        return true;
    }
    let is_word = |index: usize| text.get(index).is_some_and(|f| f.c.is_alphanumeric());
    let (first_is_word, last_is_word) = (is_word(at), is_word(at + length - 1));
    let before_ends = !first_is_word || starts(text, at);
    let after_ends = !last_is_word || after.is_none_or(|c| !c.is_alphanumeric());
    before_ends && after_ends
}

/// Whether a word can start at `at`: nothing of a word stands before it. The letter of a written
/// `\n`, `\r` or `\t` is none.
pub(super) fn starts(text: &[Folded], at: usize) -> bool {
    let back = |steps: usize| at.checked_sub(steps).and_then(|i| text.get(i)).map(|f| f.c);
    match back(1) {
        Some('n' | 'r' | 't') => back(2) == Some('\\'),
        Some(c) => !c.is_alphanumeric(),
        None => true,
    }
}

/// Whether an everyday word stands like a name: quoted, in a path, after `=`, or all by itself.
fn like_a_name(text: &[Folded], at: usize, length: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| text.get(i)).map(|f| f.c);
    let after = text.get(at + length).map(|f| f.c);
    match (before, after) {
        (None, None) => true,
        (before, after) => {
            before.is_some_and(|c| matches!(c, '/' | '\'' | '"' | '`' | '=' | '@'))
                || after.is_some_and(|c| matches!(c, '/' | '\'' | '`' | '@'))
        }
    }
}

/// Whether a word is an argument of a command: spaces or ends on both sides.
fn is_argument(text: &[Folded], at: usize, length: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| text.get(i)).map(|f| f.c);
    let after = text.get(at + length).map(|f| f.c);
    before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace)
}
