//! What the threads gather: kept rows, counts per account and region, control counts, notes.
//!
//! Names are numbered instead of copied, because four of five records are only counted. Merging
//! is order-free: everything is sorted when the scan concludes.

use super::dedupe::Kept;
use crate::bundle::manifest::Tally;
use crate::bundle::rows::ControlRow;
use std::collections::{BTreeMap, HashMap};

/// Why a record is not used. The words stand in the bundle and the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Skip {
    /// Counted in the control group.
    OtherService,
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
    /// No JSON.
    Unreadable,
}

impl Skip {
    pub(super) const ALL: [Self; 7] = [
        Self::OtherService,
        Self::BadTime,
        Self::NotCloudTrail,
        Self::Insight,
        Self::UnknownVersion,
        Self::OutOfScope,
        Self::Unreadable,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::OtherService => "other_service",
            Self::BadTime => "bad_time",
            Self::NotCloudTrail => "not_cloudtrail",
            Self::Insight => "insight",
            Self::UnknownVersion => "unknown_version",
            Self::OutOfScope => "out_of_scope",
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

/// Texts as numbers.
#[derive(Debug, Default)]
struct Names {
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Names {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    read: u64,
    out_of_window: u64,
    skipped: [u64; Skip::ALL.len()],
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.out_of_window += other.out_of_window;
        for (mine, theirs) in self.skipped.iter_mut().zip(other.skipped) {
            *mine += theirs;
        }
    }
}

/// One minute of one other service.
#[derive(Debug, Clone, Copy, Default)]
struct Control {
    calls: u32,
    errors: u32,
    faults: u32,
}

/// A minute with the numbers of account, region and event source.
type ControlKey = (i64, u32, u32, u32);

/// The growing answer of one thread.
#[derive(Debug, Default)]
pub(super) struct Gather {
    names: Names,
    counts: BTreeMap<(u32, u32), Counts>,
    controls: BTreeMap<ControlKey, Control>,
    pub(super) kept: Vec<Kept>,
    pub(super) notes: Vec<Note>,
    pub(super) files_read: u64,
    pub(super) bytes_read: u64,
}

impl Gather {
    fn counts(&mut self, account: &str, region: &str) -> &mut Counts {
        let key = (self.names.number(account), self.names.number(region));
        self.counts.entry(key).or_default()
    }

    /// One record read and not used.
    pub(super) fn skip(&mut self, account: &str, region: &str, why: Skip, records: u64) {
        let counts = self.counts(account, region);
        counts.read += records;
        for (skip, count) in Skip::ALL.iter().zip(&mut counts.skipped) {
            if *skip == why {
                *count += records;
            }
        }
    }

    /// One record read, outside the case.
    pub(super) fn out_of_window(&mut self, account: &str, region: &str) {
        let counts = self.counts(account, region);
        counts.read += 1;
        counts.out_of_window += 1;
    }

    /// One record of another service.
    pub(super) fn control(
        &mut self,
        minute: i64,
        account: &str,
        region: &str,
        event_source: &str,
        (is_error, is_fault): (bool, bool),
    ) {
        self.skip(account, region, Skip::OtherService, 1);
        let key = (
            minute,
            self.names.number(account),
            self.names.number(region),
            self.names.number(event_source),
        );
        let control = self.controls.entry(key).or_default();
        control.calls = control.calls.saturating_add(1);
        control.errors = control.errors.saturating_add(is_error.into());
        control.faults = control.faults.saturating_add(is_fault.into());
    }

    /// One record that became a row; whether it is a duplicate shows at the end.
    pub(super) fn keep(&mut self, kept: Kept) {
        self.counts(&kept.call.recipient_account, &kept.call.region)
            .read += 1;
        self.kept.push(kept);
    }

    /// Both together.
    pub(super) fn merged(mut self, other: Self) -> Self {
        if self.names.texts.is_empty() && self.kept.is_empty() && self.notes.is_empty() {
            return Self {
                files_read: self.files_read + other.files_read,
                bytes_read: self.bytes_read + other.bytes_read,
                ..other
            };
        }
        let Self {
            names,
            counts,
            controls,
            kept,
            notes,
            files_read,
            bytes_read,
        } = other;
        let mut renumber = |number: u32| self.names.number(names.text(number));
        for ((account, region), more) in counts {
            let key = (renumber(account), renumber(region));
            self.counts.entry(key).or_default().add(&more);
        }
        for ((minute, account, region, source), more) in controls {
            let key = (
                minute,
                renumber(account),
                renumber(region),
                renumber(source),
            );
            let control = self.controls.entry(key).or_default();
            control.calls = control.calls.saturating_add(more.calls);
            control.errors = control.errors.saturating_add(more.errors);
            control.faults = control.faults.saturating_add(more.faults);
        }
        self.kept.extend(kept);
        self.notes.extend(notes);
        self.files_read += files_read;
        self.bytes_read += bytes_read;
        self
    }

    /// The counts so far by place, without what deduplication decides.
    pub(super) fn tallies(&self) -> BTreeMap<String, Tally> {
        let mut by_place: BTreeMap<String, Tally> = BTreeMap::new();
        for ((account, region), counts) in &self.counts {
            let place = place(self.names.text(*account), self.names.text(*region));
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
        by_place
    }

    /// The control group, sorted.
    pub(super) fn control_rows(&self) -> Vec<ControlRow> {
        let mut rows: Vec<ControlRow> = self
            .controls
            .iter()
            .map(|((minute, account, region, source), control)| ControlRow {
                minute: *minute,
                account: self.names.text(*account).to_owned(),
                region: self.names.text(*region).to_owned(),
                event_source: self.names.text(*source).to_owned(),
                calls: control.calls,
                errors: control.errors,
                faults: control.faults,
            })
            .collect();
        rows.sort();
        rows
    }
}
