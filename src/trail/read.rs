//! One input from first to last byte: its records selected and counted, its troubles told once.
//!
//! A file has one note at most, however much is wrong with it. It may lose records, never the
//! count of them.

use super::fields::Record;
use super::found::Found;
use super::gather::{Gather, Note, Skip};
use super::record::{Envelope, mended};
use super::select::select;
use super::skim::{Met, Skim};
use super::spelling::Spellings;
use super::split::{Fault, Piece, RECORD_CAP, Splitter};
use super::{ScanRequest, alien, open, whole};
use std::io::{Cursor, Read};

/// Wrappers inside wrappers: an exported log event may hold an EventBridge event.
const WRAPPED_CAP: usize = 2;

/// Reads one input into the gathered answer.
pub(super) fn read(file: &Found, request: &ScanRequest, gather: &mut Gather) {
    let before = gather.inside;
    let mut unfolding = gather.unfolding.take().unwrap_or_default();
    match whole::unfold(file, &mut unfolding) {
        Some(size) => read_whole(&unfolding.text, size, file, request, gather),
        None => read_stream(file, request, gather),
    }
    gather.unfolding = Some(unfolding);
    if gather.inside > before {
        gather.last_useful = gather.last_useful.max(file.delivered);
    }
    gather.relieve();
}

fn read_whole(text: &[u8], size: usize, file: &Found, request: &ScanRequest, gather: &mut Gather) {
    let mut seen = Seen::default();
    // Nothing met: other encodings, other kinds of files and empty ones show at the start.
    if !seen.text(text.get(..size).unwrap_or_default(), request, gather) {
        return read_stream(file, request, gather);
    }
    gather.bytes_read += file.bytes;
    seen.conclude(&[], file, gather);
}

/// The way for what is damaged, packed in several members, of another encoding, or large. A text that
/// fits is then read as any other, so that the same text says the same whatever it was packed in.
fn read_stream(file: &Found, request: &ScanRequest, gather: &mut Gather) {
    let mut source = match open::open(&file.origin) {
        Ok(source) => source,
        Err(error) => {
            gather.notes.push(Note::lost(
                file.shown(),
                format!("cannot be opened: {error}"),
            ));
            return;
        }
    };
    let mut text = Vec::new();
    let most = whole::TEXT_CAP as u64 + 1;
    // The layers below report their faults themselves; here an error is the end.
    let _ = source.by_ref().take(most).read_to_end(&mut text);
    let mut seen = Seen::default();
    if text.len() > whole::TEXT_CAP || !seen.text(&text, request, gather) {
        let whole = Splitter::new(Cursor::new(text).chain(source));
        (_, source) = seen.split(whole, request, gather).into_inner();
    }
    let unfold = source.into_inner();
    gather.bytes_read += unfold.bytes_read();
    seen.conclude(unfold.faults(), file, gather);
}

/// Where a text stops being plain, and the brackets around that place.
pub(super) struct Odd {
    pub(super) at: usize,
    pub(super) open: Vec<u8>,
}

/// How often something happened, and the first time.
#[derive(Debug, Default)]
struct Often {
    count: u64,
    first_offset: u64,
    first_why: String,
}

impl Often {
    fn more(&mut self, offset: u64, why: impl FnOnce() -> String) {
        if self.count == 0 {
            self.first_offset = offset;
            self.first_why = why();
        }
        self.count += 1;
    }
}

impl Often {
    fn absorb(&mut self, other: Self) {
        if self.count == 0 || (other.count > 0 && other.first_offset < self.first_offset) {
            self.first_offset = other.first_offset;
            self.first_why = other.first_why;
        }
        self.count += other.count;
    }
}

/// What one input turned out to hold.
#[derive(Debug, Default)]
pub(super) struct Seen {
    records: u64,
    insights: u64,
    others: Often,
    mended: Often,
    unreadable: Often,
    too_large: Often,
    cut_at: Option<u64>,
    not_json: Option<String>,
    was_json: bool,
}

impl Seen {
    /// Whether nothing was counted yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.records == 0 && self.others.count == 0
    }

    /// Takes in what another part of the same input held.
    pub(super) fn absorb(&mut self, other: Self) {
        self.records += other.records;
        self.insights += other.insights;
        self.others.absorb(other.others);
        self.mended.absorb(other.mended);
        self.unreadable.absorb(other.unreadable);
        self.too_large.absorb(other.too_large);
        self.cut_at = self.cut_at.or(other.cut_at);
        self.not_json = self.not_json.take().or(other.not_json);
        self.was_json |= other.was_json;
    }

    /// Reads a whole text: at full speed as far as it is plain, from there on with care. `false` when
    /// nothing was met at full speed; then nothing was counted either.
    fn text(&mut self, text: &[u8], request: &ScanRequest, gather: &mut Gather) -> bool {
        match self.skim(text, Vec::new(), 0, request, gather) {
            _ if self.is_untouched() => return false,
            Ok(()) => {}
            Err(odd) => {
                let rest = text.get(odd.at..).unwrap_or_default();
                let splitter = Splitter::resumed(rest, odd.at as u64, odd.open);
                self.split(splitter, request, gather);
            }
        }
        self.was_json = true;
        true
    }

    /// Reads a text at full speed as far as it is plain; `base` is its offset in the whole text.
    pub(super) fn skim(
        &mut self,
        text: &[u8],
        open: Vec<u8>,
        base: u64,
        request: &ScanRequest,
        gather: &mut Gather,
    ) -> Result<(), Odd> {
        let mut spellings = std::mem::take(&mut gather.spellings);
        // Their numbers are known to this gatherer's sieve, and to nobody else.
        spellings.remembers_values = true;
        let mut skim = Skim::new(text, open, &mut spellings);
        let result = self.skim_on(&mut skim, text, base, request, gather);
        gather.spellings = spellings;
        result
    }

    fn skim_on(
        &mut self,
        skim: &mut Skim<'_>,
        text: &[u8],
        base: u64,
        request: &ScanRequest,
        gather: &mut Gather,
    ) -> Result<(), Odd> {
        loop {
            match skim.next() {
                Met::End => return Ok(()),
                Met::Odd { at } => {
                    let open = skim.open().to_vec();
                    return Err(Odd { at, open });
                }
                Met::Record {
                    start,
                    end,
                    with_care,
                } => {
                    let slots = &skim.slots;
                    let record = Record { text, slots };
                    if record.is_record() && !with_care {
                        self.count(record, request, gather);
                        continue;
                    }
                    let item = text.get(start..end).unwrap_or_default();
                    if self
                        .item(item, base + start as u64, request, gather)
                        .is_err()
                    {
                        let open = skim.open().to_vec();
                        return Err(Odd { at: start, open });
                    }
                }
            }
        }
    }

    /// Reads a text with care to its end; gives the source back.
    pub(super) fn split<R: Read>(
        &mut self,
        mut splitter: Splitter<R>,
        request: &ScanRequest,
        gather: &mut Gather,
    ) -> R {
        while let Some(piece) = splitter.next() {
            match piece {
                Piece::Item { text, offset } => {
                    if let Err(error) = self.item(text, offset, request, gather) {
                        self.unreadable.more(offset, || error.to_string());
                        splitter.reject();
                    }
                }
                Piece::Damage { fault, offset } => match fault {
                    Fault::NotJson => self.not_json = Some(alien::bytes(splitter.head())),
                    Fault::Broken => self
                        .unreadable
                        .more(offset, || "brackets or quotes do not match".to_owned()),
                    Fault::TooLarge => self.too_large.more(offset, String::new),
                    Fault::Cut => self.cut_at = Some(offset),
                },
            }
        }
        self.was_json |= splitter.started();
        splitter.into_source()
    }

    #[inline(always)]
    fn count(&mut self, record: Record<'_>, request: &ScanRequest, gather: &mut Gather) {
        self.records += 1;
        if select(record, request, gather) == Some(Skip::Insight) {
            self.insights += 1;
        }
    }

    fn item(
        &mut self,
        text: &[u8],
        offset: u64,
        request: &ScanRequest,
        gather: &mut Gather,
    ) -> Result<(), serde_json::Error> {
        // A record is parsed whole before anything of it is counted, so a failure costs nothing.
        match (std::str::from_utf8(text), mended(text)) {
            (Ok(text), None) => self.record(text, offset, WRAPPED_CAP, request, gather),
            (_, Some(text)) => {
                self.record(&text, offset, WRAPPED_CAP, request, gather)?;
                self.mended.more(offset, String::new);
                Ok(())
            }
            (Err(_), None) => Ok(()),
        }
    }

    fn record(
        &mut self,
        text: &str,
        offset: u64,
        wraps: usize,
        request: &ScanRequest,
        gather: &mut Gather,
    ) -> Result<(), serde_json::Error> {
        let envelope: Envelope<'_> = serde_json::from_str(text)?;
        if !envelope.event_source.is_empty() && !envelope.event_name.is_empty() {
            let mut spellings = Spellings::default();
            let mut skim = Skim::new(text.as_bytes(), Vec::new(), &mut spellings);
            if let Met::Record { .. } = skim.next() {
                let record = Record {
                    text: text.as_bytes(),
                    slots: &skim.slots,
                };
                self.count(record, request, gather);
                return Ok(());
            }
        }
        let inner = [
            envelope.detail.map(serde_json::value::RawValue::get),
            Some(&*envelope.lookup),
            Some(&*envelope.message),
        ];
        let inner = inner
            .into_iter()
            .flatten()
            .find(|text| text.trim_start().starts_with('{'));
        match (inner, wraps.checked_sub(1)) {
            (Some(inner), Some(wraps)) => self.record(inner, offset, wraps, request, gather),
            _ => {
                self.others.more(offset, || alien::object(text));
                Ok(())
            }
        }
    }

    /// Tells the troubles of the input, once all of it was read.
    pub(super) fn conclude(self, faults: &[open::Fault], file: &Found, gather: &mut Gather) {
        let mut whys: Vec<String> = faults.iter().map(open::Fault::why).collect();
        let mut lost = faults.iter().any(open::Fault::is_loss);
        let is_cut_below = lost;
        let bad = self.unreadable.count + self.too_large.count;
        if bad > 0 {
            gather.skip(0, 0, Skip::Unreadable, bad);
            lost = true;
        }
        if self.unreadable.count > 0 {
            whys.push(format!(
                "{} not readable, first at byte {} of the text ({})",
                records(self.unreadable.count, "is", "are"),
                self.unreadable.first_offset,
                alien::shown(&self.unreadable.first_why),
            ));
        }
        if self.too_large.count > 0 {
            whys.push(format!(
                "{} larger than {} MiB and left out, first at byte {} of the text",
                records(self.too_large.count, "is", "are"),
                RECORD_CAP >> 20,
                self.too_large.first_offset,
            ));
        }
        if let Some(at) = self.cut_at.filter(|_| !is_cut_below) {
            whys.push(format!(
                "the text ends at byte {at} inside a list or record: the file was cut off, copy it again"
            ));
        }
        lost |= self.cut_at.is_some();
        if let Some(what) = self.not_json {
            whys.push(what);
            lost = true;
        }
        if self.mended.count > 0 {
            whys.push(format!(
                "{} text that is no valid Unicode (first at byte {}); it was replaced by U+FFFD",
                records(self.mended.count, "holds", "hold"),
                self.mended.first_offset,
            ));
        }
        if self.others.count > 0 && self.records == 0 {
            whys.push(self.others.first_why);
            // Sound JSON of another kind beside a trail is no missing evidence, unless the user
            // said that it is the trail.
            lost |= file.is_named;
        } else if self.others.count > 0 {
            gather.skip(0, 0, Skip::NotCloudTrail, self.others.count);
            whys.push(format!(
                "{} no CloudTrail records, first at byte {} of the text: {}",
                objects(self.others.count),
                self.others.first_offset,
                self.others.first_why,
            ));
        }
        if self.records > 0 && self.records == self.insights {
            whys.push("holds only CloudTrail Insights events: summaries, not calls".to_owned());
        }
        if !self.was_json && whys.is_empty() {
            whys.push("holds no text".to_owned());
            lost = true;
        }
        let is_used = self.records > self.insights;
        if is_used || whys.is_empty() {
            gather.files_read += 1;
        }
        if !whys.is_empty() {
            gather.notes.push(Note {
                input: file.shown(),
                why: whys.join("; "),
                partly_used: is_used,
                lost,
            });
        }
    }
}

fn records(count: u64, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 record {one}")
    } else {
        format!("{count} records {many}")
    }
}

fn objects(count: u64) -> String {
    if count == 1 {
        "1 object is".to_owned()
    } else {
        format!("{count} objects are")
    }
}
