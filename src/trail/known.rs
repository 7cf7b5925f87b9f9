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
    /// The numbers met last, by a few bytes of their values.
    recent: Box<[u32; RECENT]>,
}

/// Values remembered by a few of their bytes.
const RECENT: usize = 256;

impl<M> Default for Known<M> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            table: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            last: 0,
            recent: Box::new([0; RECENT]),
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
        let slot = slot(raw);
        let recent = self.recent[slot];
        self.last = match self.entries.get(recent as usize) {
            Some((known, _)) if **known == *raw => recent,
            _ => self.look_up(raw, meaning),
        };
        self.recent[slot] = self.last;
        self.last
    }

    #[inline(never)]
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
        self.entries
            .get(number as usize)
            .map(|(_, meaning)| meaning)
    }
}

/// Where a value is remembered: by its length and the bytes at both ends, which tell the names of
/// services and calls apart well enough. A clash costs a hash, no more.
#[inline(always)]
fn slot(raw: &[u8]) -> usize {
    let word = |chunk: Option<&[u8; 8]>| chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk));
    let ends = word(raw.first_chunk()) ^ word(raw.last_chunk()).rotate_left(23);
    let mixed = (ends ^ raw.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as usize % RECENT
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
