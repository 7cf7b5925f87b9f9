//! Text to records in one pass that reads only their top-level keys.
//!
//! Exact for JSON in any key order, white space and spelling: names inside strings or nested
//! objects are never taken for keys, escaped keys are decoded, the last of equal keys counts. What
//! is not plainly JSON is not guessed at: the pass stops before it and says where, and the careful
//! reader goes on from there.

use super::blocks::Blocks;
use super::split::{RECORD_CAP, WRAPPERS};
use std::borrow::Cow;

macro_rules! keys {
    ($($key:ident = $name:literal),* $(,)?) => {
        /// The top-level keys of a record that anything here reads.
        /// Source: CloudTrail user guide, "CloudTrail record contents".
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub(super) enum Key {
            $($key),*
        }

        const KEYS: usize = [$(Key::$key),*].len();

        #[inline(always)]
        fn key_of(name: &[u8]) -> Option<Key> {
            match name {
                $($name => Some(Key::$key),)*
                _ => None,
            }
        }
    };
}

keys! {
    EventVersion = b"eventVersion",
    EventTime = b"eventTime",
    EventSource = b"eventSource",
    EventName = b"eventName",
    EventId = b"eventID",
    RequestId = b"requestID",
    EventType = b"eventType",
    EventCategory = b"eventCategory",
    Region = b"awsRegion",
    Recipient = b"recipientAccountId",
    SourceAddress = b"sourceIPAddress",
    UserAgent = b"userAgent",
    ErrorCode = b"errorCode",
    ErrorMessage = b"errorMessage",
    ReadOnly = b"readOnly",
    SharedEventId = b"sharedEventID",
    VpcEndpoint = b"vpcEndpointId",
    Identity = b"userIdentity",
    Parameters = b"requestParameters",
    Resources = b"resources",
    ServiceDetails = b"serviceEventDetails",
    Addendum = b"addendum",
}

/// Where the values of one record stand in the text, as written (strings with their quotes).
#[derive(Debug, Clone, Copy)]
pub(super) struct Slots {
    spans: [(u32, u32); KEYS],
}

impl Slots {
    const NONE: Self = Self {
        spans: [(0, 0); KEYS],
    };

    /// The value of a key as written; `None` when the record does not have the key.
    #[inline(always)]
    pub(super) fn raw<'a>(&self, text: &'a [u8], key: Key) -> Option<&'a [u8]> {
        let (start, end) = self.spans[key as usize];
        if end == 0 {
            return None;
        }
        text.get(start as usize..end as usize)
    }
}

/// What the pass met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// An object on record level, from its first byte to behind its last.
    Record { start: usize, end: usize },
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
    /// Whether only the ends of records are wanted, not their keys.
    only_ends: bool,
}

impl<'a> Skim<'a> {
    /// Starts at the beginning of a text, inside the brackets named. Texts of 4 GiB and more are
    /// not for this pass; it calls them odd.
    pub(super) fn new(text: &'a [u8], open: Vec<u8>) -> Self {
        Self {
            blocks: Blocks::new(text, 0),
            at: 0,
            open,
            slots: Slots::NONE,
            only_ends: false,
        }
    }

    /// The same, looking for the ends of records only.
    pub(super) fn ends(text: &'a [u8], open: Vec<u8>) -> Self {
        Self {
            only_ends: true,
            ..Self::new(text, open)
        }
    }

    /// The brackets around the place reached.
    pub(super) fn open(&self) -> &[u8] {
        &self.open
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> Option<u8> {
        self.blocks.text().get(at).copied()
    }

    /// The next byte at or behind `at` that is neither space nor comma.
    #[inline(always)]
    fn token(&self, mut at: usize) -> (usize, Option<u8>) {
        loop {
            match self.byte(at) {
                Some(b' ' | b'\t' | b'\r' | b'\n' | b',') => at += 1,
                byte => return (at, byte),
            }
        }
    }

    #[inline(always)]
    fn space(&self, mut at: usize) -> (usize, Option<u8>) {
        loop {
            match self.byte(at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
                byte => return (at, byte),
            }
        }
    }

    /// The next record, the end, or where to read with care.
    pub(super) fn next(&mut self) -> Met {
        if u32::try_from(self.blocks.text().len()).is_err() {
            return Met::Odd { at: self.at };
        }
        loop {
            let (at, byte) = self.token(self.at);
            self.at = at;
            match byte {
                Some(b'{') => {
                    if self.open.is_empty() && self.wrapper(at) {
                        continue;
                    }
                    let end = if self.only_ends && !self.open.is_empty() {
                        self.blocks.container(at).map(|close| close + 1)
                    } else {
                        self.record(at)
                    };
                    return match end.filter(|end| self.is_sound(at, *end)) {
                        Some(end) => {
                            self.at = end;
                            Met::Record { start: at, end }
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

    /// Steps into `{"Records": [` when that is what stands at `at`.
    fn wrapper(&mut self, at: usize) -> bool {
        let step = || {
            let (quote, byte) = self.space(at + 1);
            if byte != Some(b'"') {
                return None;
            }
            let rest = self.blocks.text().get(quote + 1..)?;
            let name = WRAPPERS.iter().find(|name| {
                rest.starts_with(name) && rest.get(name.len()) == Some(&b'"')
            })?;
            let (colon, byte) = self.space(quote + 2 + name.len());
            if byte != Some(b':') {
                return None;
            }
            let (list, byte) = self.space(colon + 1);
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
    fn record(&mut self, start: usize) -> Option<usize> {
        self.slots = Slots::NONE;
        let mut at = start + 1;
        loop {
            let (quote, byte) = self.token(at);
            match byte? {
                b'}' => return Some(quote + 1),
                b'"' => {}
                _ => return None,
            }
            let (close, has_escape) = self.blocks.string(quote)?;
            let name = self.blocks.text().get(quote + 1..close)?;
            let (colon, byte) = self.space(close + 1);
            if byte? != b':' {
                return None;
            }
            let (value, byte) = self.space(colon + 1);
            let end = match byte? {
                b'"' => self.blocks.string(value)?.0 + 1,
                b'{' | b'[' => {
                    // A list of records inside an object makes it a wrapper.
                    if byte == Some(b'[') && WRAPPERS.contains(&name) {
                        return None;
                    }
                    self.blocks.container(value)? + 1
                }
                _ => self.scalar(value)?,
            };
            at = end;
            let key = if has_escape {
                // A wrapper's name can be spelled with escapes too; that is for the careful reader.
                let name = decoded(self.blocks.text().get(quote..=close)?)?;
                if WRAPPERS.contains(&name.as_bytes()) {
                    return None;
                }
                key_of(name.as_bytes())
            } else {
                key_of(name)
            };
            if let Some(key) = key {
                self.slots.spans[key as usize] = (value as u32, end as u32);
            }
        }
    }

    /// The end of a number, `true`, `false` or `null`.
    #[inline(always)]
    fn scalar(&self, start: usize) -> Option<usize> {
        let mut at = start;
        loop {
            match self.byte(at)? {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'+' | b'.' => at += 1,
                b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if at > start => {
                    return Some(at);
                }
                _ => return None,
            }
        }
    }
}

/// The text of a JSON string as written, quotes included; `None` when it is none.
pub(super) fn decoded(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inside.contains(&b'\\') {
        return serde_json::from_slice::<String>(raw).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inside).ok().map(Cow::Borrowed)
}
