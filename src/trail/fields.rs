//! A record as its fields stand in the text. Nothing is decoded until someone asks for it.

use super::record::text_of;
use super::slots::{Key, Slots};
use std::borrow::Cow;

/// A record: its text and where its values stand in it.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) text: &'a [u8],
    pub(super) slots: &'a Slots,
}

impl<'a> Record<'a> {
    #[inline(always)]
    pub(super) fn raw(&self, key: Key) -> Option<&'a [u8]> {
        self.slots.raw(self.text, key)
    }

    pub(super) fn text(&self, key: Key) -> Cow<'a, str> {
        text_of(self.raw(key))
    }

    /// Whether it has what makes a record: a source and a name. Wrappers have neither.
    #[inline(always)]
    pub(super) fn is_record(&self) -> bool {
        [Key::EventSource, Key::EventName].iter().all(|key| {
            self.raw(*key).is_some_and(|raw| match raw {
                b"\"\"" => false,
                [b'"', ..] => true,
                other => !text_of(Some(other)).is_empty(),
            })
        })
    }
}

/// The first `cap` characters.
pub(super) fn capped(text: &str, cap: usize) -> String {
    head(text, cap).to_owned()
}

/// The first `cap` characters.
pub(super) fn head(text: &str, cap: usize) -> &str {
    if text.len() <= cap {
        return text;
    }
    match text.char_indices().nth(cap) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_count_characters() {
        assert_eq!(capped("éé", 1), "é");
        assert_eq!(capped("éé", 2), "éé");
        assert_eq!(capped("abc", 0), "");
    }
}
