//! Values met before, with what was found out about them: four of five records are judged by
//! looking their few values up here, without decoding or copying any of them.
//!
//! Keyed by the bytes as written; two spellings of one value are two entries with equal meanings.

use hashbrown::HashTable;
use std::hash::BuildHasher as _;

/// A growing table of values and their meanings.
#[derive(Debug)]
pub(super) struct Known<M> {
    entries: Vec<Entry<M>>,
    table: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    last: u32,
    /// All values, one behind the other.
    bytes: Vec<u8>,
    /// The numbers met last, by a few bytes of their values.
    recent: Box<[u32; RECENT]>,
}

#[derive(Debug)]
struct Entry<M> {
    /// Where the value stands.
    start: usize,
    len: usize,
    meaning: M,
    signature: Signature,
    hash: u64,
}

impl<M> Entry<M> {
    #[inline(always)]
    fn raw<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.start..)?.get(..self.len)
    }

    #[inline(always)]
    fn is(&self, raw: &[u8], signature: &Signature, bytes: &[u8]) -> bool {
        if !signature.is_whole {
            return self.len == raw.len() && self.raw(bytes) == Some(raw);
        }
        // Word by word: the words of `signature` stay in registers, where an array compared whole
        // would be written out first and read back at once.
        let own = &self.signature;
        let differ = (signature.first ^ own.first)
            | (signature.last ^ own.last)
            | (signature.second ^ own.second)
            | (signature.third ^ own.third);
        differ == 0 && raw.len() == self.len && own.is_whole
    }
}

/// All bytes of a value of 8 to 32 bytes, some of them twice: with the length it is the value.
#[derive(Debug, Clone, Copy)]
struct Signature {
    first: u64,
    last: u64,
    second: u64,
    third: u64,
    /// Whether it is the whole value; not so for values of other lengths.
    is_whole: bool,
}

#[inline(always)]
fn signature(raw: &[u8]) -> Signature {
    let word = |chunk: Option<&[u8; 8]>| chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk));
    let (first, last) = (word(raw.first_chunk()), word(raw.last_chunk()));
    let (second, third) = match raw.len() {
        17.. => (
            word(raw.get(8..).and_then(<[u8]>::first_chunk)),
            word(raw.get(..raw.len() - 8).and_then(<[u8]>::last_chunk)),
        ),
        _ => (0, 0),
    };
    Signature {
        first,
        last,
        second,
        third,
        is_whole: matches!(raw.len(), 8..=32),
    }
}

/// Values remembered by a few of their bytes.
const RECENT: usize = 1_024;

impl<M> Default for Known<M> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            table: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            last: 0,
            bytes: Vec::new(),
            recent: Box::new([0; RECENT]),
        }
    }
}

impl<M> Known<M> {
    /// The number of a value; `meaning` is asked the first time only.
    #[inline(always)]
    pub(super) fn number(&mut self, raw: &[u8], meaning: impl FnOnce() -> M) -> u32 {
        // Neighbours in a file are mostly alike: one comparison instead of a hash.
        let signature = signature(raw);
        if let Some(last) = self.entries.get(self.last as usize)
            && last.is(raw, &signature, &self.bytes)
        {
            return self.last;
        }
        let slot = slot(raw, &signature);
        let recent = self.recent[slot];
        self.last = match self.entries.get(recent as usize) {
            Some(entry) if entry.is(raw, &signature, &self.bytes) => recent,
            _ => self.look_up(raw, meaning),
        };
        self.recent[slot] = self.last;
        self.last
    }

    #[inline(never)]
    fn look_up(&mut self, raw: &[u8], meaning: impl FnOnce() -> M) -> u32 {
        let hash = self.hasher.hash_one(raw);
        let (entries, bytes) = (&self.entries, &self.bytes);
        let is_it = |number: &u32| {
            entries
                .get(*number as usize)
                .is_some_and(|entry| entry.hash == hash && entry.raw(bytes) == Some(raw))
        };
        if let Some(number) = self.table.find(hash, is_it) {
            return *number;
        }
        let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let start = self.bytes.len();
        if self.bytes.capacity() - start < raw.len() {
            // There is a table for every hour in the making: room for twice as much in each of them
            // would be what costs memory.
            self.bytes.reserve_exact(raw.len().max(start / 4));
        }
        self.bytes.extend_from_slice(raw);
        self.entries.push(Entry {
            start,
            len: raw.len(),
            meaning: meaning(),
            signature: signature(raw),
            hash,
        });
        let entries = &self.entries;
        self.table.insert_unique(hash, number, |number| {
            entries.get(*number as usize).map_or(0, |entry| entry.hash)
        });
        number
    }

    /// Forgets every value and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.table.clear();
        self.recent.fill(0);
        self.last = 0;
    }

    /// Memory kept for values to come, bytes, about.
    pub(super) fn room(&self) -> usize {
        self.bytes.capacity()
            + self.entries.capacity() * size_of::<Entry<M>>()
            + self.table.capacity() * 5
            + size_of_val(&*self.recent)
    }

    /// Memory held, bytes, about.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.entries.len() * (size_of::<Entry<M>>() + 8)
    }

    /// What is known about a number this table gave out.
    #[inline(always)]
    pub(super) fn meaning(&self, number: u32) -> Option<&M> {
        self.entries
            .get(number as usize)
            .map(|entry| &entry.meaning)
    }
}

/// Where a value is remembered: by its length and some of its bytes, which tell names, and whole
/// callers, apart well enough. A clash costs a hash, no more.
#[inline(always)]
fn slot(raw: &[u8], signature: &Signature) -> usize {
    let (first, last) = match signature.is_whole {
        true => (signature.first, signature.last),
        false => samples(raw),
    };
    let ends = first ^ last.rotate_left(23);
    let mixed = (ends ^ raw.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 54) as usize % RECENT
}

/// Words from within a long value, whose ends are often alike.
fn samples(raw: &[u8]) -> (u64, u64) {
    let word = |eighths: usize| {
        let rest = raw.get(raw.len() / 8 * eighths..).unwrap_or_default();
        rest.first_chunk()
            .map_or(0, |chunk: &[u8; 8]| u64::from_le_bytes(*chunk))
    };
    let mut mixed = [0u64; 2];
    for eighths in 1..8 {
        let [sum, turned] = &mut mixed;
        *sum = sum.wrapping_add(word(eighths)).rotate_left(9);
        *turned ^= *sum;
    }
    (mixed[0], mixed[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn different_values_are_different(values in proptest::collection::vec("[ab]{0,40}", 1..40)) {
            let mut known = Known::default();
            for value in values.iter().chain(&values) {
                let number = known.number(value.as_bytes(), || value.clone());
                proptest::prop_assert_eq!(known.meaning(number), Some(value));
            }
        }
    }

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
