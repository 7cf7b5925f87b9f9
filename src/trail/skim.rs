//! Text to records in one pass that reads only their top-level keys.
//!
//! Exact for JSON in any key order, white space and spelling: names inside strings or nested
//! objects are never taken for keys, escaped keys are decoded, the last of equal keys counts. What
//! is not plainly JSON is not guessed at: the pass stops before it and says where, and the careful
//! reader goes on from there.

use super::blocks::{self, BLOCK, Blocks, Machine, Masks, portable, prefix_xor};
use super::slots::{Key, Slots, key_of, steady};
use super::spelling::{Level, SPELLINGS, Spelling, Spellings};
use super::split::{RECORD_CAP, WRAPPERS};
use std::borrow::Cow;

/// What the pass met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// An object on record level, from its first byte to behind its last. Halves of surrogate
    /// pairs, which no parser takes, ask for care.
    Record {
        start: usize,
        end: usize,
        with_care: bool,
    },
    /// The end of the text, with nothing left open.
    End,
    /// Something to be read with care, from here to the end of the text.
    Odd { at: usize },
}

/// One pass over a text.
pub(super) struct Skim<'a> {
    blocks: Blocks<'a>,
    at: usize,
    /// Brackets of lists and wrappers around `at`, as in the careful reader.
    open: Vec<u8>,
    /// The values of the record met last.
    pub(super) slots: Slots,
    spellings: &'a mut Spellings,
    /// Whether only the ends of records are wanted, not their keys.
    only_ends: bool,
}

/// [`Skim::next`] compiled for machines with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
fn next_avx2(skim: &mut Skim<'_>) -> Met {
    skim.next_with(&Machine {
        masks: |block: &[u8; BLOCK]| blocks::avx2(block),
        parity: |bits| blocks::multiplied(bits),
    })
}

/// [`Skim::next`] compiled for machines with AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
fn next_avx512(skim: &mut Skim<'_>) -> Met {
    skim.next_with(&Machine {
        masks: |block: &[u8; BLOCK]| blocks::avx512(block),
        parity: |bits| blocks::multiplied(bits),
    })
}

impl<'a> Skim<'a> {
    /// Starts at the beginning of a text, inside the brackets named. Texts of 4 GiB and more are
    /// not for this pass; it calls them odd.
    pub(super) fn new(text: &'a [u8], open: Vec<u8>, spellings: &'a mut Spellings) -> Self {
        Self {
            blocks: Blocks::new(text, 0),
            at: 0,
            open,
            slots: Slots::NONE,
            spellings,
            only_ends: false,
        }
    }

    /// The same, looking for the ends of records only.
    pub(super) fn ends(text: &'a [u8], open: Vec<u8>, spellings: &'a mut Spellings) -> Self {
        Self {
            only_ends: true,
            ..Self::new(text, open, spellings)
        }
    }

    /// The brackets around the place reached.
    pub(super) fn open(&self) -> &[u8] {
        &self.open
    }

    /// The next record, the end, or where to read with care.
    #[inline]
    pub(super) fn next(&mut self) -> Met {
        match self.spellings.level {
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "three times as fast on machines of today")]
            // SAFETY: the features it is compiled for were found on this machine.
            Level::Avx512 => unsafe { next_avx512(self) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "twice as fast on older machines")]
            // SAFETY: the features it is compiled for were found on this machine.
            Level::Avx2 => unsafe { next_avx2(self) },
            Level::Any => self.next_with(&Machine {
                masks: portable,
                parity: prefix_xor,
            }),
        }
    }

    #[inline(always)]
    fn next_with(
        &mut self,
        with: &Machine<impl Fn(&[u8; BLOCK]) -> Masks, impl Fn(u64) -> u64>,
    ) -> Met {
        if u32::try_from(self.blocks.text().len()).is_err() {
            return Met::Odd { at: self.at };
        }
        loop {
            let (at, byte) = token(self.blocks.text(), self.at);
            self.at = at;
            match byte {
                Some(b'{') => {
                    if self.open.is_empty() && self.wrapper(at) {
                        continue;
                    }
                    let end = if self.only_ends && !self.open.is_empty() {
                        self.blocks.container(at, with).map(|close| close + 1)
                    } else {
                        self.record(at, with)
                    };
                    return match end.filter(|end| self.is_sound(at, *end)) {
                        Some(end) => {
                            self.at = end;
                            Met::Record {
                                start: at,
                                end,
                                with_care: self.has_surrogate(at, end),
                            }
                        }
                        None => Met::Odd { at },
                    };
                }
                Some(b'[') if self.open.is_empty() => {
                    self.open.push(b'[');
                    self.at += 1;
                }
                Some(close @ (b']' | b'}')) => {
                    let pair = if close == b']' { b'[' } else { b'{' };
                    if self.open.last() != Some(&pair) {
                        return Met::Odd { at };
                    }
                    self.open.pop();
                    self.at += 1;
                }
                None if self.open.is_empty() => return Met::End,
                _ => return Met::Odd { at },
            }
        }
    }

    /// Whether a record is small enough and its bytes are UTF-8.
    #[inline(always)]
    fn is_sound(&self, start: usize, end: usize) -> bool {
        end - start <= RECORD_CAP
            && (self.only_ends
                || !self.blocks.is_beyond_ascii(start)
                || self
                    .blocks
                    .text()
                    .get(start..end)
                    .is_some_and(|record| std::str::from_utf8(record).is_ok()))
    }

    /// Whether a record may hold an escaped surrogate.
    #[inline(always)]
    fn has_surrogate(&self, start: usize, end: usize) -> bool {
        self.blocks.has_backslash(start) && !self.only_ends && {
            let record = self.blocks.text().get(start..end).unwrap_or_default();
            memchr::memmem::find_iter(record, b"\\u")
                .any(|at| matches!(record.get(at + 2), Some(b'd' | b'D')))
        }
    }

    /// Steps into `{"Records": [` when that is what stands at `at`.
    fn wrapper(&mut self, at: usize) -> bool {
        let step = || {
            let (quote, byte) = space(self.blocks.text(), at + 1);
            if byte != Some(b'"') {
                return None;
            }
            let rest = self.blocks.text().get(quote + 1..)?;
            let name = WRAPPERS
                .iter()
                .find(|name| rest.starts_with(name) && rest.get(name.len()) == Some(&b'"'))?;
            let (colon, byte) = space(self.blocks.text(), quote + 2 + name.len());
            if byte != Some(b':') {
                return None;
            }
            let (list, byte) = space(self.blocks.text(), colon + 1);
            (byte == Some(b'[')).then_some(list + 1)
        };
        let Some(inside) = step() else {
            return false;
        };
        self.open.extend(b"{[");
        self.at = inside;
        true
    }

    /// Reads the keys of the object at `start`: where it ends, or `None` when it is odd.
    #[inline(always)]
    fn record(
        &mut self,
        start: usize,
        with: &Machine<impl Fn(&[u8; BLOCK]) -> Masks, impl Fn(u64) -> u64>,
    ) -> Option<usize> {
        let Self {
            blocks: shared,
            slots,
            spellings,
            ..
        } = self;
        // A copy, which stays in registers where the fields behind a reference would not.
        let mut blocks = *shared;
        let text = blocks.text();
        *slots = Slots::NONE;
        let mut at = start + 1;
        let mut before = 0;
        loop {
            let quote = match text.get(at..)?.first_chunk() {
                // How most writers go on to the next key.
                Some(b",\"") => at + 1,
                _ => match token(text, at) {
                    (quote, Some(b'"')) => quote,
                    (close, Some(b'}')) => {
                        *shared = blocks;
                        return Some(close + 1);
                    }
                    _ => return None,
                },
            };
            let (key, steady, value) = match expected(spellings, text, before, quote) {
                Some((number, spelling)) => {
                    before = number;
                    let value = quote + spelling.len;
                    if let Some(steady) = spelling.steady
                        && let Some(known) = spellings.values.get(steady)
                        && let Some(bytes) = text.get(value..)?.first_chunk()
                        && let Some(len) = known.fits(bytes)
                        && let (Some(key), Some(same)) = (spelling.key, slots.same.get_mut(steady))
                    {
                        // The value of the record before: no need to look for its end.
                        *same = known.id;
                        at = value + len;
                        slots.put(key, value, at, false);
                        continue;
                    }
                    (spelling.key, spelling.steady, value)
                }
                None => {
                    let (key, value, number) = key_at(&mut blocks, spellings, before, quote, with)?;
                    before = number;
                    (key, key.and_then(steady), value)
                }
            };
            let (end, has_escape) = match *text.get(value)? {
                b'"' => {
                    let (close, has_escape) = blocks.string(value, with)?;
                    (close + 1, has_escape)
                }
                b'{' | b'[' => (blocks.container(value, with)? + 1, false),
                _ => (scalar(text, value)?, false),
            };
            at = end;
            if let Some(key) = key {
                slots.put(key, value, end, has_escape);
            }
            if let Some(steady) = steady
                && let Some(same) = slots.same.get_mut(steady)
            {
                let is_plain = !has_escape && text.get(value) == Some(&b'"');
                *same = match is_plain {
                    true => spellings.remember_value(steady, text.get(value..)?, end - value),
                    false => 0,
                };
            }
        }
    }
}

/// The next byte at or behind `at` that is neither space nor comma.
#[inline(always)]
fn token(text: &[u8], mut at: usize) -> (usize, Option<u8>) {
    loop {
        match text.get(at).copied() {
            Some(b' ' | b'\t' | b'\r' | b'\n' | b',') => at += 1,
            byte => return (at, byte),
        }
    }
}

/// The next byte at or behind `at` that is no space.
#[inline(always)]
fn space(text: &[u8], mut at: usize) -> (usize, Option<u8>) {
    loop {
        match text.get(at).copied() {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            byte => return (at, byte),
        }
    }
}

/// The key that followed `before` lately, if it stands at `quote` again.
#[inline(always)]
fn expected<'s>(
    spellings: &'s Spellings,
    text: &[u8],
    before: usize,
    quote: usize,
) -> Option<(usize, &'s Spelling)> {
    let bytes = text.get(quote..)?.first_chunk()?;
    let list = &*spellings.list;
    let [first, second] = list[before % SPELLINGS].next;
    for number in [first, second] {
        let number = usize::from(number) % SPELLINGS;
        let spelling = &list[number];
        if spelling.fits(bytes) {
            return Some((number, spelling));
        }
    }
    None
}

/// Reads the key at `quote`: which it is, where its value begins, and the number of its spelling.
/// `None` when it is odd.
#[cold]
#[inline(never)]
fn key_at(
    blocks: &mut Blocks<'_>,
    spellings: &mut Spellings,
    before: usize,
    quote: usize,
    with: &Machine<impl Fn(&[u8; BLOCK]) -> Masks, impl Fn(u64) -> u64>,
) -> Option<(Option<Key>, usize, usize)> {
    let text = blocks.text();
    let (close, has_escape) = blocks.string(quote, with)?;
    let (colon, byte) = space(text, close + 1);
    if byte? != b':' {
        return None;
    }
    let (value, first) = space(text, colon + 1);
    let decoded = match has_escape {
        true => decoded(text.get(quote..=close)?)?,
        false => Cow::Borrowed(""),
    };
    let name = match has_escape {
        true => decoded.as_bytes(),
        false => text.get(quote + 1..close)?,
    };
    // A list of records inside an object makes it a wrapper.
    if WRAPPERS.contains(&name) {
        return (first? != b'[').then_some((None, value, 0));
    }
    let key = key_of(name);
    let number = spellings.remember(before, text.get(quote..)?, value - quote, key);
    Some((key, value, number))
}

/// The end of a number, `true`, `false` or `null`.
#[inline(always)]
fn scalar(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    // Nearly all of them are these words.
    if let Some(word) = text.get(start..)?.first_chunk::<4>() {
        at += match word {
            b"null" | b"true" | b"fals" => 4,
            _ => 0,
        };
    }
    loop {
        match text.get(at)? {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'+' | b'.' => at += 1,
            b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if at > start => return Some(at),
            _ => return None,
        }
    }
}

/// The values of an object's own keys; of anything else, none.
pub(super) fn values(object: &[u8], spellings: &mut Spellings) -> Slots {
    if object.first() != Some(&b'{') {
        return Slots::NONE;
    }
    let mut skim = Skim::new(object, Vec::new(), spellings);
    match skim.next() {
        Met::Record { .. } => skim.slots,
        _ => Slots::NONE,
    }
}

/// The same, and of what is not plainly JSON those before the place where that shows.
pub(super) fn values_so_far(object: &[u8], spellings: &mut Spellings) -> Slots {
    if object.first() != Some(&b'{') {
        return Slots::NONE;
    }
    let mut skim = Skim::new(object, Vec::new(), spellings);
    skim.next();
    skim.slots
}

/// The text of a JSON string as written, quotes included; `None` when it is none.
pub(super) fn decoded(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if memchr::memchr(b'\\', inside).is_some() {
        return serde_json::from_slice::<String>(raw).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inside).ok().map(Cow::Borrowed)
}
