//! What a thread gathers: rows and control counts by hour, counts per account and region, notes.
//!
//! Names are numbered instead of copied, because four of five records are only counted. Merging
//! is order-free: everything is sorted when the scan concludes. Memory is bounded by
//! [`SPILL_AT`], not by the archive.

use super::control::{Control, ControlKey};
use super::held::Held;
use super::part::Part;
use super::sieve::Sieve;
use super::spelling::Spellings;
use super::spill::{Place as Spilled, Spill};
use super::whole::Unfolding;
use crate::bundle::manifest::Tally;
use crate::bundle::texts::Texts;
use crate::case::Instant;
use std::collections::BTreeMap;

/// A thread that holds more than this writes its hours to disk, bytes.
const SPILL_AT: usize = 8 << 20;

/// Seconds in the hour that is the unit of deduplication and of the bundle.
pub(super) const HOUR_S: i64 = 3_600;

/// Why a record is not used. The words stand in the bundle and the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Skip {
    /// Counted in the control group.
    OtherService,
    /// A call of this tool itself, collecting: not of the control group it is to judge by.
    OwnCall,
    /// `eventTime` cannot be read.
    BadTime,
    /// JSON, but no CloudTrail record.
    NotCloudTrail,
    /// An Insights event: a summary, not a call.
    Insight,
    /// A major `eventVersion` this tool does not know.
    UnknownVersion,
    /// Of an account or region that was not asked about.
    OutOfScope,
    /// A call of this tool's own probe (`gate --probe`), which must not become evidence.
    OwnProbe,
    /// No JSON.
    Unreadable,
}

impl Skip {
    pub(super) const ALL: [Self; 9] = [
        Self::OtherService,
        Self::OwnCall,
        Self::BadTime,
        Self::NotCloudTrail,
        Self::Insight,
        Self::UnknownVersion,
        Self::OutOfScope,
        Self::OwnProbe,
        Self::Unreadable,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::OtherService => "other_service",
            Self::OwnCall => "own_call",
            Self::BadTime => "bad_time",
            Self::NotCloudTrail => "not_cloudtrail",
            Self::Insight => "insight",
            Self::UnknownVersion => "unknown_version",
            Self::OutOfScope => "out_of_scope",
            Self::OwnProbe => "own_probe",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Something to tell about one input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Note {
    pub(super) input: String,
    pub(super) why: String,
    pub(super) partly_used: bool,
    /// Whether evidence may be missing because of it, which makes the answer partial.
    pub(super) lost: bool,
}

impl Note {
    /// Nothing of the input could be used.
    pub(super) fn lost(input: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            input: input.into(),
            why: why.into(),
            partly_used: false,
            lost: true,
        }
    }

    /// Left out on purpose; no evidence is missing.
    pub(super) fn told(input: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            lost: false,
            ..Self::lost(input, why)
        }
    }
}

/// The place of a record that names neither account nor region.
pub(super) const NOWHERE: &str = "?";

/// `account/region`, the key of the ledger.
pub(super) fn place(account: &str, region: &str) -> String {
    let or_unknown = |text: &str| {
        if text.is_empty() {
            NOWHERE.to_owned()
        } else {
            text.to_owned()
        }
    };
    if account.is_empty() && region.is_empty() {
        NOWHERE.to_owned()
    } else {
        format!("{}/{}", or_unknown(account), or_unknown(region))
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    read: u64,
    out_of_window: u64,
    skipped: [u64; Skip::ALL.len()],
}

/// The growing answer of one thread.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// Accounts, regions and services; these numbers outlive the hours.
    pub(super) names: Texts,
    /// What is known about the values of records.
    pub(super) sieve: Sieve,
    /// How this writer spells the keys of records, and of the objects in them.
    pub(super) spellings: Spellings,
    pub(super) nested: Spellings,
    places: BTreeMap<(u32, u32), usize>,
    /// The place counted last: neighbours in a file are of one place.
    last_place: ((u32, u32), usize),
    counts: Vec<Counts>,
    /// Hours in the making; their control counts still use the thread's names.
    held: Held,
    spill: Option<Spill>,
    /// The part read back last, for its memory.
    page: Part,
    /// Parts on disk: their hour, where they stand, and how many rows they hold.
    spilled: Vec<(i64, Spilled, usize)>,
    /// Set when the disk refused; then everything stays in memory.
    is_disk_unusable: bool,
    pub(super) notes: Vec<Note>,
    pub(super) files_read: u64,
    pub(super) bytes_read: u64,
    /// Records inside the case so far.
    pub(super) inside: u64,
    /// When the last file that held a record of the case was delivered.
    pub(super) last_useful: Option<Instant>,
    /// The file at hand.
    pub(super) unfolding: Option<Box<Unfolding>>,
}

impl Gather {
    fn counts(&mut self, account: u32, region: u32) -> Option<&mut Counts> {
        let key = (account, region);
        if self.counts.is_empty() || self.last_place.0 != key {
            let next = self.counts.len();
            let index = *self.places.entry(key).or_insert(next);
            if index == next {
                self.counts.push(Counts::default());
            }
            self.last_place = (key, index);
        }
        self.counts.get_mut(self.last_place.1)
    }

    /// Records read and not used.
    pub(super) fn skip(&mut self, account: u32, region: u32, why: Skip, records: u64) {
        if let Some(counts) = self.counts(account, region) {
            counts.read += records;
            if let Some(count) = counts.skipped.get_mut(why as usize) {
                *count += records;
            }
        }
    }

    /// One record read, outside the case.
    pub(super) fn out_of_window(&mut self, account: u32, region: u32) {
        if let Some(counts) = self.counts(account, region) {
            counts.read += 1;
            counts.out_of_window += 1;
        }
    }

    /// One record of another service.
    pub(super) fn control(&mut self, key: ControlKey, is_error: bool, is_fault: bool) {
        let hour = (key.0 * 60).div_euclid(HOUR_S);
        let one = Control {
            calls: 1,
            errors: is_error.into(),
            faults: is_fault.into(),
        };
        self.held.part(hour).controls.add(key, one);
    }

    /// The hour a record that is kept goes to, with the names of the thread and the spellings of
    /// objects in records; the record is counted as read.
    pub(super) fn keep(
        &mut self,
        second: i64,
        account: u32,
        region: u32,
    ) -> (&mut Part, &Texts, &mut Spellings) {
        if let Some(counts) = self.counts(account, region) {
            counts.read += 1;
        }
        self.inside += 1;
        let hour = second.div_euclid(HOUR_S);
        (self.held.part(hour), &self.names, &mut self.nested)
    }

    /// Gives back the memory kept for parts to come.
    pub(super) fn rest(&mut self) {
        self.held.rest();
        self.page = Part::default();
        self.unfolding = None;
    }

    /// Makes room when much is held.
    pub(super) fn relieve(&mut self) {
        let held: usize = self.held.parts().iter().map(Part::size).sum();
        if held >= SPILL_AT && !self.is_disk_unusable {
            self.spill_all();
        } else {
            self.held.estimate();
        }
    }

    /// Writes all hours to disk.
    pub(super) fn spill_all(&mut self) {
        if self.spill.is_none() {
            self.spill = Spill::new().ok();
        }
        let Some(spill) = &mut self.spill else {
            self.is_disk_unusable = true;
            return;
        };
        for (hour, part) in self.held.take_all() {
            let part = named(part, &self.names);
            let written = match self.is_disk_unusable {
                true => None,
                false => spill.write(&part).ok(),
            };
            match written {
                Some(place) => {
                    self.spilled.push((hour, place, part.kept.len()));
                    self.held.recycle(part);
                }
                None => {
                    self.is_disk_unusable = true;
                    // Its counts have names of their own now, so it cannot go on growing as it is.
                    self.held.put(hour, unnamed(part, &mut self.names));
                }
            }
        }
    }

    /// The hours of which something was kept or counted, and how many rows each part of them has.
    pub(super) fn hours(&self) -> impl Iterator<Item = (i64, usize)> {
        let spilled = self.spilled.iter().map(|(hour, _, rows)| (*hour, *rows));
        let held = self.held.iter();
        held.map(|(hour, part)| (hour, part.kept.len()))
            .chain(spilled)
    }

    /// Takes out everything of one hour.
    ///
    /// # Errors
    /// When the temporary file cannot be read back.
    pub(super) fn take(&mut self, hour: i64) -> std::io::Result<Vec<Part>> {
        let mut parts = Vec::new();
        if let Some(spill) = &mut self.spill {
            for (_, place, _) in self.spilled.iter().filter(|(key, ..)| *key == hour) {
                parts.push(spill.read(*place, Part::default())?);
            }
        }
        let held = self.held.take(hour);
        parts.extend(held.map(|part| named(part, &self.names)));
        Ok(parts)
    }

    /// The same one part after the other, for hours that do not fit.
    ///
    /// # Errors
    /// Those of the visitor, and when the temporary file cannot be read back.
    pub(super) fn take_each(
        &mut self,
        hour: i64,
        mut visit: impl FnMut(&Part) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        self.read_back(hour, &mut visit)?;
        match self.held.take(hour) {
            Some(part) => visit(&named(part, &self.names)),
            None => Ok(()),
        }
    }

    /// Shows the rows of one hour, part by part.
    ///
    /// # Errors
    /// When the temporary file cannot be read back.
    pub(super) fn look(&mut self, hour: i64, mut visit: impl FnMut(&Part)) -> std::io::Result<()> {
        self.read_back(hour, &mut |part| {
            visit(part);
            Ok(())
        })?;
        if let Some(part) = self.held.get(hour) {
            visit(part);
        }
        Ok(())
    }

    /// Reads what was spilled of an hour, each part into the memory of the one before.
    fn read_back(
        &mut self,
        hour: i64,
        visit: &mut dyn FnMut(&Part) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let Some(spill) = &mut self.spill else {
            return Ok(());
        };
        for (_, place, _) in self.spilled.iter().filter(|(key, ..)| *key == hour) {
            let part = spill.read(*place, std::mem::take(&mut self.page))?;
            let result = visit(&part);
            self.page = part;
            result?;
        }
        Ok(())
    }

    /// Adds the counts so far by place, without what deduplication decides.
    pub(super) fn tally(&self, by_place: &mut BTreeMap<String, Tally>) {
        for ((account, region), index) in &self.places {
            let Some(counts) = self.counts.get(*index) else {
                continue;
            };
            let place = place(self.names.get(*account), self.names.get(*region));
            let tally = by_place.entry(place).or_default();
            tally.read += counts.read;
            tally.out_of_window += counts.out_of_window;
            for (skip, count) in Skip::ALL.iter().zip(counts.skipped) {
                if count > 0 {
                    tally.skipped += count;
                    *tally.skipped_by.entry(skip.word().to_owned()).or_default() += count;
                }
            }
        }
    }
}

/// The part with its control counts in its own texts.
fn named(mut part: Part, names: &Texts) -> Part {
    let controls = std::mem::take(&mut part.controls);
    let texts = &mut part.texts;
    part.controls = controls.renamed(|(minute, account, region, source)| {
        let mut own = |number| texts.number(names.get(number));
        (minute, own(account), own(region), own(source))
    });
    part
}

/// The reverse of [`named`].
fn unnamed(mut part: Part, names: &mut Texts) -> Part {
    let texts = &part.texts;
    part.controls = part.controls.renamed(|(minute, account, region, source)| {
        let mut shared = |number| names.number(texts.get(number));
        (minute, shared(account), shared(region), shared(source))
    });
    part
}
