//! Values met before, with what was found out about them: four of five records are judged by
//! looking their few values up here, without decoding or copying any of them.
//!
//! Keyed by the bytes as written; two spellings of one value are two entries with equal meanings.

use hashbrown::HashTable;
use std::hash::BuildHasher as _;

/// A growing table of values and their meanings.
#[derive(Debug)]
pub(super) struct Known<M> {
    entries: Vec<(Box<[u8]>, M)>,
    table: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    last: u32,
}

impl<M> Default for Known<M> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            table: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            last: 0,
        }
    }
}

impl<M> Known<M> {
    /// The number of a value; `meaning` is asked the first time only.
    #[inline(always)]
    pub(super) fn number(&mut self, raw: &[u8], meaning: impl FnOnce() -> M) -> u32 {
        // Neighbours in a file are mostly alike: one comparison instead of a hash.
        if let Some((known, _)) = self.entries.get(self.last as usize)
            && **known == *raw
        {
            return self.last;
        }
        self.last = self.look_up(raw, meaning);
        self.last
    }

    fn look_up(&mut self, raw: &[u8], meaning: impl FnOnce() -> M) -> u32 {
        let hash = self.hasher.hash_one(raw);
        let entries = &self.entries;
        let is_it = |number: &u32| {
            entries
                .get(*number as usize)
                .is_some_and(|(known, _)| **known == *raw)
        };
        if let Some(number) = self.table.find(hash, is_it) {
            return *number;
        }
        let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push((raw.into(), meaning()));
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.table.insert_unique(hash, number, |number| {
            entries
                .get(*number as usize)
                .map_or(0, |(known, _)| hasher.hash_one(&**known))
        });
        number
    }

    /// What is known about a number this table gave out.
    #[inline(always)]
    pub(super) fn meaning(&self, number: u32) -> Option<&M> {
        self.entries.get(number as usize).map(|(_, meaning)| meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meaning_is_found_out_once() {
        let mut known = Known::default();
        let mut asked = 0;
        for raw in [b"a".as_slice(), b"b", b"a", b"a", b"b", b""] {
            let number = known.number(raw, || {
                asked += 1;
                raw.len()
            });
            assert_eq!(known.meaning(number), Some(&raw.len()));
        }
        assert_eq!(asked, 3);
    }
}
