//! Text to records: cuts any wrapping into single JSON objects without parsing them.
//!
//! Knows brackets, strings and the names of the lists that hold records; what an object means is
//! decided elsewhere. Memory is bounded by the largest object kept ([`RECORD_CAP`]), never by the
//! file. After damage it searches for the next place that looks like the start of a record, so
//! that the neighbours of a broken record survive.

mod resume;

use resume::next_start;
use std::io::Read;

/// The largest object kept. AWS ends records at 1 MB.
pub(super) const RECORD_CAP: usize = 16 << 20;

const CHUNK: usize = 128 << 10;

/// How many bytes may be read again while searching inside damage. Beyond it the search goes on
/// behind the damage instead of inside it: crafted input must not cost quadratic time.
const SECOND_LOOKS: u64 = 4 * RECORD_CAP as u64;

/// Longest text before the object on a line like `2026-03-11T07:02:43Z stream {…}`.
const PREFIX_CAP: usize = 512;

/// How much of a text that is no JSON is shown.
const HEAD: usize = 64;

/// Keys whose list holds the records: S3 files, LookupEvents, `aws logs filter-log-events`, and
/// log subscriptions.
pub(super) const WRAPPERS: [&[u8]; 4] = [b"Records", b"Events", b"events", b"logEvents"];

/// What was wrong with a stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The text does not begin like JSON; nothing more is read.
    NotJson,
    /// Not the structure of JSON.
    Broken,
    /// An object above [`RECORD_CAP`].
    TooLarge,
    /// The text ends inside a record or a list.
    Cut,
}

/// One step through the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// An object that may be a record: its text and the offset of its first byte.
    Item { text: &'a [u8], offset: u64 },
    /// A stretch that is none.
    Damage { fault: Fault, offset: u64 },
}

enum Step {
    Item { start: usize, end: usize },
    Damage { fault: Fault, offset: u64 },
}

/// Where and why the structure failed.
struct Failed {
    fault: Fault,
    at: usize,
}

enum Object {
    /// A whole object that ends here.
    Whole(usize),
    /// The head of a wrapper whose list begins here.
    Opened(usize),
}

/// Cuts a stream of UTF-8 (or nearly) into objects.
pub(super) struct Splitter<R> {
    source: R,
    buf: Vec<u8>,
    /// First byte of `buf` not handed out yet.
    pos: usize,
    /// Offset of `buf[0]` in the text.
    base: u64,
    /// Brackets of lists and wrappers around `pos`.
    open: Vec<u8>,
    /// Brackets inside the value being scanned; kept to save the allocation.
    nest: Vec<u8>,
    /// The object handed out last, for [`Splitter::reject`].
    last: Option<(usize, usize)>,
    second_looks: u64,
    ended: bool,
    started: bool,
    damaged: bool,
    /// Whether the text is a stretch of a longer one, so that its brackets are closed elsewhere.
    is_stretch: bool,
}

impl<R: Read> Splitter<R> {
    pub(super) fn new(source: R) -> Self {
        Self::resumed(source, 0, Vec::new())
    }

    /// Goes on where another reader stopped: at `base` of the text, inside the brackets `open`.
    pub(super) fn resumed(source: R, base: u64, open: Vec<u8>) -> Self {
        Self {
            source,
            buf: Vec::new(),
            pos: 0,
            base,
            open,
            nest: Vec::new(),
            last: None,
            second_looks: 0,
            ended: false,
            started: base > 0,
            damaged: false,
            is_stretch: false,
        }
    }

    /// Says that the text is a stretch of a longer one.
    pub(super) fn within(self) -> Self {
        Self {
            is_stretch: true,
            ..self
        }
    }

    /// The stream below, for what it has to report.
    pub(super) fn into_source(self) -> R {
        self.source
    }

    /// Whether anything that begins like JSON was met.
    pub(super) fn started(&self) -> bool {
        self.started
    }

    /// The first bytes of what is no JSON; only until the next step after [`Fault::NotJson`].
    pub(super) fn head(&self) -> &[u8] {
        let end = self.buf.len().min(HEAD);
        self.buf.get(..end).unwrap_or_default()
    }

    /// The next piece, or `None` at the end.
    pub(super) fn next(&mut self) -> Option<Piece<'_>> {
        self.last = None;
        Some(match self.step()? {
            Step::Item { start, end } => {
                self.last = Some((start, end));
                Piece::Item {
                    text: self.buf.get(start..end).unwrap_or_default(),
                    offset: self.base + start as u64,
                }
            }
            Step::Damage { fault, offset } => Piece::Damage { fault, offset },
        })
    }

    /// Says that the object handed out last is not JSON after all: a missing quote or bracket may
    /// have swallowed its neighbours, so the search goes on inside it.
    pub(super) fn reject(&mut self) {
        let Some((start, end)) = self.last.take() else {
            return;
        };
        if !self.may_look_again((end - start) as u64) {
            return;
        }
        let inside = next_start(&self.buf, start + 1, end, self.open.is_empty());
        if let Some(start) = inside {
            self.pos = start;
            self.damaged = true;
        }
    }

    fn may_look_again(&mut self, bytes: u64) -> bool {
        self.second_looks = self.second_looks.saturating_add(bytes);
        self.second_looks <= SECOND_LOOKS
    }

    /// Reads one more chunk; `false` at the end of the stream.
    fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        let have = self.buf.len();
        self.buf.resize(have + CHUNK, 0);
        let count = match self.buf.get_mut(have..) {
            // The layers below report their faults themselves; here an error is the end.
            Some(room) => self.source.read(room).unwrap_or(0).min(CHUNK),
            None => 0,
        };
        self.buf.truncate(have + count);
        self.ended = count == 0;
        !self.ended
    }

    /// Forgets what was handed out, once it is worth moving the rest.
    fn forget(&mut self) {
        if self.pos >= CHUNK || self.pos == self.buf.len() {
            self.buf.drain(..self.pos);
            self.base += self.pos as u64;
            self.pos = 0;
        }
    }

    /// The next byte that is neither space nor comma. Commas carry no meaning here: whether they
    /// stand right is for the records, not for the evidence, to say.
    fn token(&mut self) -> Option<u8> {
        loop {
            self.forget();
            let rest = self.buf.get(self.pos..).unwrap_or_default();
            let skipped = rest
                .iter()
                .position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b','));
            match skipped.and_then(|count| Some((count, *rest.get(count)?))) {
                // Concatenated files bring their byte order marks along.
                Some((count, 0xef)) => {
                    self.pos += count;
                    if !self.byte_order_mark() {
                        return Some(0xef);
                    }
                }
                Some((count, byte)) => {
                    self.pos += count;
                    return Some(byte);
                }
                None => {
                    self.pos = self.buf.len();
                    if !self.fill() {
                        return None;
                    }
                }
            }
        }
    }

    fn byte_order_mark(&mut self) -> bool {
        while self.buf.len() < self.pos + 3 && self.fill() {}
        let is_mark = self
            .buf
            .get(self.pos..)
            .is_some_and(|rest| rest.starts_with(&[0xef, 0xbb, 0xbf]));
        if is_mark {
            self.pos += 3;
        }
        is_mark
    }

    fn step(&mut self) -> Option<Step> {
        loop {
            let Some(byte) = self.token() else {
                return self.at_end();
            };
            let start = self.pos;
            match byte {
                b'{' => {
                    self.started = true;
                    match self.object(start) {
                        Ok(Object::Whole(end)) => {
                            self.pos = end;
                            if end - start > RECORD_CAP {
                                return Some(Step::Damage {
                                    fault: Fault::TooLarge,
                                    offset: self.base + start as u64,
                                });
                            }
                            return Some(Step::Item { start, end });
                        }
                        Ok(Object::Opened(list)) => {
                            self.open.extend(b"{[");
                            self.pos = list;
                        }
                        Err(failed) => return Some(self.damage(start, &failed)),
                    }
                }
                b'[' => {
                    self.started = true;
                    self.open.push(byte);
                    self.pos += 1;
                }
                b']' | b'}' if self.started => {
                    self.pos += 1;
                    let pair = if byte == b']' { b'[' } else { b'{' };
                    if self.open.last() == Some(&pair) {
                        self.open.pop();
                    } else if !self.damaged {
                        self.damaged = true;
                        return Some(Step::Damage {
                            fault: Fault::Broken,
                            offset: self.base + start as u64,
                        });
                    }
                }
                // What a wrapper holds beside its list: `"NextToken": "…"`.
                b'"' if self.open.last() == Some(&b'{') => match self.member(start, start) {
                    Ok((end, _)) => self.pos = end,
                    Err(failed) => return Some(self.damage(start, &failed)),
                },
                b'0'..=b'9' if self.open.is_empty() && self.skip_prefix() => {}
                _ if self.started => {
                    let failed = Failed {
                        fault: Fault::Broken,
                        at: start,
                    };
                    return Some(self.damage(start, &failed));
                }
                _ => {
                    while self.buf.len() < start + HEAD && self.fill() {}
                    self.buf.drain(..start);
                    self.base += start as u64;
                    self.pos = self.buf.len();
                    self.ended = true;
                    return Some(Step::Damage {
                        fault: Fault::NotJson,
                        offset: self.base,
                    });
                }
            }
        }
    }

    fn at_end(&mut self) -> Option<Step> {
        if self.open.is_empty() || self.is_stretch {
            return None;
        }
        self.open.clear();
        // After damage the brackets prove nothing.
        (!self.damaged).then(|| Step::Damage {
            fault: Fault::Cut,
            offset: self.base + self.pos as u64,
        })
    }

    /// Leaves the time stamp and stream name in front of an object on one line.
    fn skip_prefix(&mut self) -> bool {
        while self.buf.len() < self.pos + PREFIX_CAP && self.fill() {}
        let rest = self.buf.get(self.pos..).unwrap_or_default();
        let found = rest
            .iter()
            .take(PREFIX_CAP)
            .position(|b| matches!(b, b'{' | b'\n'));
        match found {
            Some(count) if rest.get(count) == Some(&b'{') => {
                self.pos += count;
                true
            }
            _ => false,
        }
    }

    /// Counts a failure and moves to where records may go on.
    fn damage(&mut self, start: usize, failed: &Failed) -> Step {
        let offset = self.base + start as u64;
        let again = failed.at.saturating_sub(start) as u64;
        self.damaged = true;
        self.pos = if self.may_look_again(again) {
            start + 1
        } else {
            failed.at.max(start + 1)
        };
        let found = self.resume();
        let skipped = self.base + self.pos as u64 - offset;
        // A record that "ends" the file or the cap, with another one starting inside, lost a quote
        // or a bracket.
        let fault = match failed.fault {
            Fault::Cut if found => Fault::Broken,
            Fault::TooLarge if found && skipped < RECORD_CAP as u64 => Fault::Broken,
            fault => fault,
        };
        if !found {
            self.open.clear();
        }
        Step::Damage { fault, offset }
    }

    /// Moves to the next start of a record, reading on as far as needed.
    fn resume(&mut self) -> bool {
        let top = self.open.is_empty();
        loop {
            if let Some(start) = next_start(&self.buf, self.pos, self.buf.len(), top) {
                self.pos = start;
                return true;
            }
            // A start at the very end shows only with what follows, and needs what comes before.
            let seen = self.buf.len().saturating_sub(resume::LOOK_AROUND);
            if seen > self.pos {
                self.pos = seen;
            }
            if self.pos > CHUNK {
                let gone = self.pos.saturating_sub(resume::LOOK_AROUND);
                self.buf.drain(..gone);
                self.base += gone as u64;
                self.pos -= gone;
            }
            if !self.fill() {
                self.pos = self.buf.len();
                return false;
            }
        }
    }

    /// The byte at `at`, read from the stream when it is not there yet.
    fn byte(&mut self, at: usize, start: usize) -> Result<u8, Failed> {
        loop {
            if let Some(byte) = self.buf.get(at) {
                return Ok(*byte);
            }
            self.more(start)?;
        }
    }

    fn more(&mut self, start: usize) -> Result<(), Failed> {
        let at = self.buf.len();
        let fault = if at - start > RECORD_CAP {
            Fault::TooLarge
        } else if !self.fill() {
            Fault::Cut
        } else {
            return Ok(());
        };
        Err(Failed { fault, at })
    }

    fn space(&mut self, mut at: usize, start: usize) -> Result<usize, Failed> {
        while matches!(self.byte(at, start)?, b' ' | b'\t' | b'\r' | b'\n') {
            at += 1;
        }
        Ok(at)
    }

    /// Scans the object at `start`. Its own keys are looked at, because one of them may turn it
    /// into the wrapper of all records, too large to be kept.
    fn object(&mut self, start: usize) -> Result<Object, Failed> {
        let mut at = start + 1;
        loop {
            at = self.space(at, start)?;
            match self.byte(at, start)? {
                b'}' => return Ok(Object::Whole(at + 1)),
                b',' => at += 1,
                b'"' => match self.member(at, start)? {
                    (list, true) => return Ok(Object::Opened(list)),
                    (end, false) => at = end,
                },
                _ => return Err(broken(at)),
            }
        }
    }

    /// Scans `"key": value` at `at`: where it ends, or where the list of records begins.
    fn member(&mut self, at: usize, start: usize) -> Result<(usize, bool), Failed> {
        let end = self.string(at, start)?;
        let key = self.buf.get(at + 1..end - 1).unwrap_or_default();
        let is_wrapper = WRAPPERS.contains(&key);
        let colon = self.space(end, start)?;
        if self.byte(colon, start)? != b':' {
            return Err(broken(colon));
        }
        let value = self.space(colon + 1, start)?;
        if is_wrapper && self.byte(value, start)? == b'[' {
            return Ok((value + 1, true));
        }
        Ok((self.value(value, start)?, false))
    }

    /// Where the string at `at` ends, behind its closing quote.
    fn string(&mut self, at: usize, start: usize) -> Result<usize, Failed> {
        let mut at = at + 1;
        loop {
            let rest = self.buf.get(at..).unwrap_or_default();
            match rest.iter().position(|b| matches!(b, b'"' | b'\\' | b'\n')) {
                Some(count) => {
                    at += count;
                    match rest.get(count) {
                        Some(b'"') => return Ok(at + 1),
                        Some(b'\\') => at += 2,
                        // JSON has no raw line breaks in strings: a quote is missing.
                        _ => return Err(broken(at)),
                    }
                }
                None => at = at.max(self.buf.len()),
            }
            if at >= self.buf.len() {
                self.more(start)?;
            }
        }
    }

    /// Where the value at `at` ends.
    fn value(&mut self, at: usize, start: usize) -> Result<usize, Failed> {
        match self.byte(at, start)? {
            b'"' => self.string(at, start),
            b'{' | b'[' => self.nested(at, start),
            _ => self.scalar(at, start),
        }
    }

    fn scalar(&mut self, mut at: usize, start: usize) -> Result<usize, Failed> {
        let from = at;
        loop {
            match self.byte(at, start)? {
                b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' if at > from => return Ok(at),
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'+' | b'.' => at += 1,
                _ => return Err(broken(at)),
            }
        }
    }

    fn nested(&mut self, mut at: usize, start: usize) -> Result<usize, Failed> {
        self.nest.clear();
        loop {
            let rest = self.buf.get(at..).unwrap_or_default();
            let found = rest
                .iter()
                .position(|b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']'));
            let Some((count, byte)) = found.and_then(|n| Some((n, *rest.get(n)?))) else {
                at = self.buf.len();
                self.more(start)?;
                continue;
            };
            at += count;
            match byte {
                b'"' => at = self.string(at, start)?,
                b'{' | b'[' => {
                    self.nest.push(byte);
                    at += 1;
                }
                _ => {
                    let pair = if byte == b']' { b'[' } else { b'{' };
                    if self.nest.pop() != Some(pair) {
                        return Err(broken(at));
                    }
                    at += 1;
                    if self.nest.is_empty() {
                        return Ok(at);
                    }
                }
            }
        }
    }
}

fn broken(at: usize) -> Failed {
    Failed {
        fault: Fault::Broken,
        at,
    }
}

#[cfg(test)]
mod tests;
