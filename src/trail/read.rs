//! One input from first to last byte: its records selected and counted, its troubles told once.
//!
//! A file has one note at most, however much is wrong with it. It may lose records, never the
//! count of them.

use super::alien;
use super::find::Found;
use super::gather::{Gather, Note, Skip};
use super::open::{Unfold, open};
use super::record::{Record, mended};
use super::select::select;
use super::split::{Fault, Piece, RECORD_CAP, Splitter};
use super::unicode::Unicode;
use crate::case::Case;

/// Wrappers inside wrappers: an exported log event may hold an EventBridge event.
const WRAPPED_CAP: usize = 2;

/// Reads one input into the gathered answer.
pub(super) fn read(file: &Found, case: &Case, gather: &mut Gather) {
    match open(&file.origin) {
        Ok(source) => read_source(source, file, case, gather),
        Err(error) => gather.notes.push(Note::lost(
            &file.shown,
            format!("cannot be opened: {error}"),
        )),
    }
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

/// What one input turned out to hold.
#[derive(Debug, Default)]
struct Seen {
    records: u64,
    insights: u64,
    others: Often,
    mended: Often,
    unreadable: Often,
    too_large: Often,
    cut_at: Option<u64>,
    not_json: Option<String>,
}

fn read_source(source: Unicode<Unfold>, file: &Found, case: &Case, gather: &mut Gather) {
    let mut seen = Seen::default();
    let mut splitter = Splitter::new(source);
    while let Some(piece) = splitter.next() {
        match piece {
            Piece::Item { text, offset } => {
                if let Err(error) = seen.item(text, offset, case, gather) {
                    seen.unreadable.more(offset, || error.to_string());
                    splitter.reject();
                }
            }
            Piece::Damage { fault, offset } => match fault {
                Fault::NotJson => seen.not_json = Some(alien::bytes(splitter.head())),
                Fault::Broken => seen
                    .unreadable
                    .more(offset, || "brackets or quotes do not match".to_owned()),
                Fault::TooLarge => seen.too_large.more(offset, String::new),
                Fault::Cut => seen.cut_at = Some(offset),
            },
        }
    }
    let was_json = splitter.started();
    let unfold = splitter.source().inner();
    gather.bytes_read += unfold.bytes_read();
    seen.conclude(unfold, was_json, file, gather);
}

impl Seen {
    fn item(
        &mut self,
        text: &[u8],
        offset: u64,
        case: &Case,
        gather: &mut Gather,
    ) -> Result<(), serde_json::Error> {
        // A record is parsed whole before anything of it is counted, so a second try is safe.
        let error = match std::str::from_utf8(text) {
            Ok(text) => match self.record(text, offset, WRAPPED_CAP, case, gather) {
                Ok(()) => return Ok(()),
                Err(error) => Some(error),
            },
            Err(_) => None,
        };
        match (mended(text), error) {
            (Some(text), _) => {
                self.record(&text, offset, WRAPPED_CAP, case, gather)?;
                self.mended.more(offset, String::new);
                Ok(())
            }
            (None, Some(error)) => Err(error),
            (None, None) => Ok(()),
        }
    }

    fn record(
        &mut self,
        text: &str,
        offset: u64,
        wraps: usize,
        case: &Case,
        gather: &mut Gather,
    ) -> Result<(), serde_json::Error> {
        let record: Record<'_> = serde_json::from_str(text)?;
        if !record.event_source.is_empty() && !record.event_name.is_empty() {
            self.records += 1;
            if select(&record, case, gather) == Some(Skip::Insight) {
                self.insights += 1;
            }
            return Ok(());
        }
        let inner = [
            record.detail.map(serde_json::value::RawValue::get),
            Some(&*record.lookup),
            Some(&*record.message),
        ];
        let inner = inner
            .into_iter()
            .flatten()
            .find(|text| text.trim_start().starts_with('{'));
        match (inner, wraps.checked_sub(1)) {
            (Some(inner), Some(wraps)) => self.record(inner, offset, wraps, case, gather),
            _ => {
                self.others.more(offset, || alien::object(text));
                Ok(())
            }
        }
    }

    fn conclude(self, unfold: &Unfold, was_json: bool, file: &Found, gather: &mut Gather) {
        let mut whys: Vec<String> = unfold
            .faults()
            .iter()
            .map(super::open::Fault::why)
            .collect();
        let mut lost = unfold.faults().iter().any(super::open::Fault::is_loss);
        let is_cut_below = lost;
        let bad = self.unreadable.count + self.too_large.count;
        if bad > 0 {
            gather.skip("", "", Skip::Unreadable, bad);
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
            gather.skip("", "", Skip::NotCloudTrail, self.others.count);
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
        if !was_json && whys.is_empty() {
            whys.push("holds no text".to_owned());
            lost = true;
        }
        let is_used = self.records > self.insights;
        if is_used || whys.is_empty() {
            gather.files_read += 1;
        }
        if !whys.is_empty() {
            gather.notes.push(Note {
                input: file.shown.clone(),
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
