//! The manifest: what was asked, what is in the bundle, and what each source said.
//!
//! Written last; a folder without it is not a bundle. Disk form: JSON, times RFC 3339 UTC.

use crate::case::Case;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the on-disk format. Same major opens; an older minor gets defaults; newer is refused.
///
/// 1.0: first version.
pub const FORMAT_MAJOR: u32 = 1;
/// See [`FORMAT_MAJOR`].
pub const FORMAT_MINOR: u32 = 0;

/// The evidence sources, one noun each, the same in every room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Noun {
    /// CloudTrail calls, changes and control counts.
    Trail,
    /// CloudWatch series.
    Metrics,
    /// Service quotas.
    Quotas,
    /// AWS Health events of an account or organisation.
    Health,
    /// The public status feed.
    Status,
}

impl Noun {
    /// All nouns in report order.
    pub const ALL: [Self; 5] = [
        Self::Trail,
        Self::Metrics,
        Self::Quotas,
        Self::Health,
        Self::Status,
    ];

    /// The word used in files, flags and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trail => "trail",
            Self::Metrics => "metrics",
            Self::Quotas => "quotas",
            Self::Health => "health",
            Self::Status => "status",
        }
    }
}

/// How a source answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Outcome {
    /// Everything asked for was read.
    Complete,
    /// Some of it is missing.
    Partial {
        /// What is missing and why.
        why: String,
    },
    /// Nothing was read.
    Unavailable {
        /// Why not.
        why: String,
        /// What to do to get it.
        hint: String,
    },
}

/// Counts of one source in one account-region. `read = used + skipped + duplicate + out_of_window`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Records read.
    pub read: u64,
    /// Records that became calls, changes or points.
    pub used: u64,
    /// Records that were not asked about, by reason (see `skipped_by`).
    pub skipped: u64,
    /// Records seen before (same event ID, shared copies, superseded by an addendum).
    pub duplicate: u64,
    /// Records outside baseline and window.
    pub out_of_window: u64,
    /// Of those used, how many CloudTrail marks as delivered late.
    pub late: u64,
    /// Breakdown of `skipped`, sorted by reason.
    pub skipped_by: BTreeMap<String, u64>,
}

impl Tally {
    /// The conservation law: every record read is accounted for once.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.read == self.used + self.skipped + self.duplicate + self.out_of_window
            && self.skipped == self.skipped_by.values().sum::<u64>()
    }

    /// Adds the counts of another part of the same source.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.used += other.used;
        self.skipped += other.skipped;
        self.duplicate += other.duplicate;
        self.out_of_window += other.out_of_window;
        self.late += other.late;
        for (reason, count) in &other.skipped_by {
            *self.skipped_by.entry(reason.clone()).or_default() += count;
        }
    }

    /// Counts one skipped record (it must also be counted as read).
    pub fn skip(&mut self, reason: &str) {
        self.skipped += 1;
        *self.skipped_by.entry(reason.to_owned()).or_default() += 1;
    }
}

/// An input that was refused or only partly read, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Refusal {
    /// Path as the user gave it (relative to the given root for folders).
    pub input: String,
    /// What was wrong, for people.
    pub why: String,
    /// Whether part of the input was used all the same.
    pub partly_used: bool,
}

/// What one source contributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// Which source.
    pub noun: Noun,
    /// How it answered.
    pub outcome: Outcome,
    /// What was asked: the inputs or queries, in the order given (never a machine path beyond what
    /// the user typed).
    pub asked: Vec<String>,
    /// All records of this source.
    pub tally: Tally,
    /// The same per `account/region`, sorted; records without either are under `?`.
    pub by_scope: BTreeMap<String, Tally>,
    /// Inputs refused or partly read, sorted by input.
    pub refusals: Vec<Refusal>,
    /// Files read, and files left out by their date.
    pub files_read: u64,
    /// Files left out because the date in their path is outside baseline, window and margin.
    pub files_pruned: u64,
    /// Those of the pruned that were delivered later than the margin for late delivery.
    #[serde(default)]
    pub files_late: u64,
    /// That margin, seconds; 0 where nothing is chosen by time.
    #[serde(default)]
    pub lateness_s: i64,
    /// What CloudTrail's signed digest files say about the log files read, as a sentence; absent when
    /// neither digests nor keys were there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
    /// Compressed bytes read.
    pub bytes_read: u64,
    /// What asking AWS for it took; absent when it was read from files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill: Option<Bill>,
}

/// What asking AWS for a source took.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bill {
    /// Requests sent, retries included.
    pub calls: u64,
    /// Of those, tries after the first.
    pub retries: u64,
    /// Time spent waiting for a turn, for AWS to calm down and between tries, milliseconds.
    pub waited_ms: u64,
    /// Bytes AWS says it scanned, or bytes read from S3.
    pub bytes_scanned: u64,
    /// Estimated at list prices, US dollars.
    pub cost_usd: f64,
}

impl Bill {
    /// Adds another bill to this one.
    pub fn add(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.retries = self.retries.saturating_add(other.retries);
        self.waited_ms = self.waited_ms.saturating_add(other.waited_ms);
        self.bytes_scanned = self.bytes_scanned.saturating_add(other.bytes_scanned);
        self.cost_usd += other.cost_usd;
    }
}

/// One file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path inside the bundle, `/`-separated.
    pub path: String,
    /// Rows (Parquet, ndjson) in it.
    pub rows: u64,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
}

/// The sealed description of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// On-disk format, major part.
    pub format_major: u32,
    /// On-disk format, minor part.
    pub format_minor: u32,
    /// Version of the tool that wrote it.
    pub tool_version: String,
    /// The question it was collected for.
    pub case: Case,
    /// One entry per source, in [`Noun::ALL`] order.
    pub sources: Vec<SourceEntry>,
    /// One entry per file, sorted by path.
    pub files: Vec<FileEntry>,
    /// SHA-256 over the sorted `path sha256` lines: the evidence hash printed in the report.
    pub seal: String,
}

impl Manifest {
    /// The entry of a source, if the bundle has one.
    #[must_use]
    pub fn source(&self, noun: Noun) -> Option<&SourceEntry> {
        self.sources.iter().find(|entry| entry.noun == noun)
    }
}
