//! CloudTrail bytes to rows: find the files, decompress, read, select, deduplicate, count.
//!
//! ```text
//! inputs ─find─▶ files ─whole/open─▶ text ─skim/split─▶ records ─select─▶ parts ─hours─▶ rows
//! ```
//!
//! Two ways lead from text to records: `skim` at full speed for what is plainly JSON, and `split`
//! with care for whatever is not; the first hands over to the second where it stops being sure.
//! This room never drops silently: what cannot be read is a refusal with its reason, and every
//! record read is counted once as used, skipped, duplicate or out of window. Memory is bounded
//! whatever the size of the archive or of a file. The answer does not depend on the order of files
//! or records, nor on the number of threads.

mod alien;
mod blocks;
mod change;
mod control;
mod dedupe;
mod fields;
mod find;
mod found;
mod full;
mod gather;
mod held;
mod hours;
mod identity;
mod known;
mod lead;
#[cfg(feature = "measure")]
pub mod measure;
mod open;
mod outcome;
mod part;
mod read;
mod record;
mod select;
mod share;
mod sieve;
mod skim;
mod slots;
mod spelling;
mod spill;
mod split;
#[cfg(test)]
mod tests;
mod time;
mod unicode;
mod whole;

use crate::bundle::manifest::SourceEntry;
use crate::bundle::rows::{ChangeRow, ControlRow};
use crate::bundle::sheet::Sheet;
use crate::case::{Case, Instant};
use found::Found;
use gather::Gather;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// What the user agent of every call of this tool holds. Its own calls are not of the control group.
pub const OWN_AGENT: &str = "app/ecr-incident";

/// What to read and for which question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRequest {
    /// Files or folders as the user typed them; `-` is standard input.
    pub inputs: Vec<PathBuf>,
    /// The question: decides the span, the accounts, the regions and the event sources kept.
    /// Repositories are filtered later, when the facts are made.
    pub case: Case,
    /// How late a record may be delivered, seconds; see [`scan`].
    pub lateness_s: i64,
    /// Whether callers, repositories, addresses, clients, messages and request IDs are wanted;
    /// without them these columns stay empty where they do not tell copies apart, and the scan is
    /// faster.
    pub with_callers: bool,
    /// Whether writes that could break a registry are wanted, whatever service they are of.
    pub with_changes: bool,
    /// Whether other services are wanted, counted per minute.
    pub with_controls: bool,
}

impl ScanRequest {
    /// Asks for everything, with the usual margin for late delivery.
    #[must_use]
    pub fn everything(inputs: Vec<PathBuf>, case: Case) -> Self {
        Self {
            inputs,
            case,
            lateness_s: LATENESS_S,
            with_callers: true,
            with_changes: true,
            with_controls: true,
        }
    }
}

/// The margin for late delivery where every record counts: a day. Deliveries later than that are
/// outages of CloudTrail itself.
pub const LATENESS_OF_EVIDENCE_S: i64 = 24 * 3_600;

/// The margin for late delivery where a quick count is wanted: 90 minutes. CloudTrail delivers within
/// about five minutes on average and promises nothing (CloudTrail user guide, "How CloudTrail works").
pub const LATENESS_S: i64 = 90 * 60;

/// What an archive says about one hour, or about some seconds of a very full one. The lists are sorted.
#[derive(Debug, Clone)]
pub struct HourRows {
    /// Epoch second at which it begins. The counts of a minute come with its first second.
    pub start: i64,
    /// Epoch second at which it ends.
    pub end: i64,
    /// Calls of the event sources under analysis, each once.
    pub calls: Sheet,
    /// Writes of any service that could break a registry, each once.
    pub changes: Vec<ChangeRow>,
    /// Everything else, counted per minute, account, region and service; not deduplicated.
    pub controls: Vec<ControlRow>,
}

/// Who is told how far a scan has come. Called from several threads.
pub trait Progress: Sync {
    /// The files are known: how many there are, and how many bytes they hold on disk.
    fn start(&self, files: u64, bytes: u64);
    /// One more file is done, of this many bytes on disk.
    fn file(&self, bytes: u64);
    /// Nothing more will come.
    fn done(&self);
}

/// A [`Progress`] that tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _files: u64, _bytes: u64) {}
    fn file(&self, _bytes: u64) {}
    fn done(&self) {}
}

/// Reads every input, makes something of every hour side by side, and hands it on in order of time.
/// The answer is the ledger.
///
/// Files are chosen by the delivery time in their name, or the day in their path: none that was
/// delivered before the case begins, because no record is delivered before its event, and none that
/// was delivered more than `lateness_s` after the case ends or, if later, more than a quarter of that
/// after the last file that still held a record of the case. So a trail that lags behind is followed as far as it lags.
/// CloudTrail redelivers for up to 30 days after an outage; such files are seen only when they are
/// named one by one, which switches the choice by time off.
///
/// # Errors
/// When `make` or `take` fail, or a temporary file cannot be read back. Inputs that cannot be read
/// are no errors but refusals in the ledger.
pub fn scan<T: Send>(
    request: &ScanRequest,
    progress: &dyn Progress,
    make: impl Fn(HourRows) -> anyhow::Result<T> + Sync,
    mut take: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<SourceEntry> {
    let mut found = find::find(&request.inputs, &request.case.whole(), request.lateness_s);
    progress.start(
        found.files.len() as u64,
        found.files.iter().map(|file| file.bytes).sum(),
    );
    let pool = Pool::default();
    let mut next = std::mem::take(&mut found.files);
    while !next.is_empty() {
        read_all(&next, request, progress, &pool);
        // A trail that lags has late records in every file, so a part of the margin shows it.
        next = found.later_than_expected(pool.last_useful(), request.lateness_s / 4);
    }
    progress.done();
    let mut gathers = pool.into_gathers();
    let mut by_scope = BTreeMap::new();
    for gather in &mut gathers {
        gather.rest();
        gather.tally(&mut by_scope);
    }
    hours::finish(
        &mut gathers,
        &mut by_scope,
        &hours::Room::USUAL,
        &make,
        &mut take,
    )?;
    Ok(outcome::conclude(
        request,
        (
            found.before + found.beyond + found.later.len() as u64,
            found.beyond + found.later.len() as u64,
        ),
        found.notes,
        gathers,
        by_scope,
    ))
}

fn read_all(files: &[Found], request: &ScanRequest, progress: &dyn Progress, pool: &Pool) {
    let (small, large): (Vec<&Found>, Vec<&Found>) =
        files.iter().partition(|file| whole::is_small(file));
    for file in large {
        share::read(file, request, pool, share::PIECE);
        progress.file(file.bytes);
    }
    small.par_iter().for_each(|file| {
        pool.with(|gather| read::read(file, request, gather));
        progress.file(file.bytes);
    });
}

/// The answers growing in the hands of the threads.
#[derive(Debug, Default)]
struct Pool(Mutex<Vec<Gather>>);

impl Pool {
    /// Works with one of them that nobody else works with.
    fn with<T>(&self, work: impl FnOnce(&mut Gather) -> T) -> T {
        let mut gather = self.free().pop().unwrap_or_default();
        let result = work(&mut gather);
        self.free().push(gather);
        result
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Gather>> {
        // A list of free answers is sound whoever panicked while holding it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_useful(&self) -> Option<Instant> {
        self.free()
            .iter()
            .filter_map(|gather| gather.last_useful)
            .max()
    }

    fn into_gathers(self) -> Vec<Gather> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
