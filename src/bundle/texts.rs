//! Many texts as numbers into one buffer: no allocation per text, and a repeated text once.
//!
//! Numbers mean something only to the table that gave them out; the empty text is always 0. The
//! order of numbers is the order of arrival and must never reach an output.

use hashbrown::HashTable;
use std::hash::BuildHasher as _;

/// A growing table of texts.
#[derive(Debug, Clone)]
pub struct Texts {
    bytes: String,
    /// Where each text ends; it begins where the one before ends.
    ends: Vec<usize>,
    /// The numbers of the texts that are looked up again.
    known: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            bytes: String::new(),
            ends: vec![0],
            known: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
        }
    }
}

impl Texts {
    /// The number of a text that is likely to come again.
    #[inline]
    pub fn number(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let hash = self.hasher.hash_one(text.as_bytes());
        match self.find(hash, text.as_bytes()) {
            Some(number) => number,
            None => self.insert(hash, text),
        }
    }

    /// The same for bytes; what is not UTF-8 in them is replaced.
    #[inline]
    pub fn number_of(&mut self, bytes: &[u8]) -> u32 {
        if bytes.is_empty() {
            return 0;
        }
        let hash = self.hasher.hash_one(bytes);
        match self.find(hash, bytes) {
            Some(number) => number,
            None => match std::str::from_utf8(bytes) {
                Ok(text) => self.insert(hash, text),
                Err(_) => self.number(&String::from_utf8_lossy(bytes)),
            },
        }
    }

    #[inline]
    fn find(&self, hash: u64, text: &[u8]) -> Option<u32> {
        let (bytes, ends) = (&self.bytes, &self.ends);
        self.known
            .find(hash, |number| at(bytes, ends, *number).as_bytes() == text)
            .copied()
    }

    fn insert(&mut self, hash: u64, text: &str) -> u32 {
        let number = self.push(text);
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.known.insert_unique(hash, number, |number| {
            hasher.hash_one(at(bytes, ends, *number).as_bytes())
        });
        number
    }

    /// The number of a text that nobody will look up again, such as an ID; it is not deduplicated.
    pub fn push(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        // Four billion texts would not fit into memory long before.
        let number = u32::try_from(self.ends.len()).unwrap_or(0);
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        number
    }

    /// Makes room for so many more texts and bytes, so that taking them in need not copy what is
    /// here.
    pub fn make_room(&mut self, texts: usize, bytes: usize) {
        self.bytes.reserve(bytes);
        self.ends.reserve(texts);
    }

    /// Forgets every text and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.truncate(1);
        self.known.clear();
    }

    /// The text of a number; empty for a number of another table.
    #[must_use]
    pub fn get(&self, number: u32) -> &str {
        at(&self.bytes, &self.ends, number)
    }

    /// How many numbers were given out; all are below this.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds nothing but the empty text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.len() == 1
    }

    /// Whether [`Texts::number`] still finds what it gave a number; not so after
    /// [`Texts::restored`].
    #[must_use]
    pub fn is_searchable(&self) -> bool {
        self.is_empty() || !self.known.is_empty()
    }

    /// Memory kept for texts to come, bytes.
    #[must_use]
    pub fn room(&self) -> usize {
        self.bytes.capacity()
            + self.ends.capacity() * size_of::<usize>()
            + self.known.capacity() * 8
    }

    /// Memory held, bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<usize>() + self.known.capacity() * 8
    }

    /// All texts in one, and where each ends: what [`Texts::restored`] needs.
    #[must_use]
    pub fn parts(&self) -> (&str, &[usize]) {
        (&self.bytes, &self.ends)
    }

    /// The memory of all texts and of where they end, for the next [`Texts::restored`]; nothing is left
    /// but the empty text.
    pub fn take_buffers(&mut self) -> (Vec<u8>, Vec<usize>) {
        let old = std::mem::take(self);
        (old.bytes.into_bytes(), old.ends)
    }

    /// A table from its parts, for reading only: what was known is not known any more, so that
    /// [`Texts::number`] would give a text a second number.
    #[must_use]
    pub fn restored(bytes: String, ends: Vec<usize>) -> Self {
        Self {
            bytes,
            ends,
            ..Self::default()
        }
    }
}

fn at<'a>(bytes: &'a str, ends: &[usize], number: u32) -> &'a str {
    let Some(before) = (number as usize).checked_sub(1) else {
        return "";
    };
    match (ends.get(before), ends.get(before + 1)) {
        (Some(start), Some(end)) => bytes.get(*start..*end).unwrap_or_default(),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_give_their_texts_back(list in prop::collection::vec("\\PC{0,12}", 0..60)) {
            let mut texts = Texts::default();
            let numbers: Vec<u32> = list.iter().map(|text| texts.number(text)).collect();
            let again: Vec<u32> =
                list.iter().map(|text| texts.number_of(text.as_bytes())).collect();
            prop_assert_eq!(&numbers, &again);
            let pushed: Vec<u32> = list.iter().map(|text| texts.push(text)).collect();
            let (bytes, ends) = texts.parts();
            let restored = Texts::restored(bytes.to_owned(), ends.to_vec());
            for (index, text) in list.iter().enumerate() {
                prop_assert_eq!(texts.get(numbers[index]), text);
                prop_assert_eq!(texts.get(pushed[index]), text);
                prop_assert_eq!(restored.get(numbers[index]), text);
            }
        }
    }

    #[test]
    fn a_foreign_number_is_empty() {
        let texts = Texts::default();
        assert_eq!(
            (texts.get(0), texts.get(7), texts.is_empty()),
            ("", "", true)
        );
    }
}
