//! CloudTrail bytes to rows: find the files, decompress, split, select, deduplicate, count.
//!
//! ```text
//! inputs ─find─▶ files ─open─▶ text ─split─▶ records ─select─▶ rows ─dedupe─▶ TrailScan
//! ```
//!
//! This room never fails and never drops silently: what cannot be read is a refusal with its
//! reason, and every record read is counted once as used, skipped, duplicate or out of window. It
//! holds one record per thread in memory, whatever the size of a file. The answer does not depend
//! on the order of files or records.

mod alien;
mod change;
mod dedupe;
mod find;
mod gather;
mod identity;
mod open;
mod outcome;
mod read;
mod record;
mod select;
mod split;
#[cfg(test)]
mod tests;
mod time;
mod unicode;

use crate::bundle::manifest::SourceEntry;
use crate::bundle::rows::{CallRow, ChangeRow, ControlRow};
use crate::case::Case;
use gather::Gather;
use rayon::prelude::*;
use std::path::PathBuf;

/// What to read and for which question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRequest {
    /// Files or folders as the user typed them; `-` is standard input.
    pub inputs: Vec<PathBuf>,
    /// The question: decides the span, the accounts, the regions and the event sources kept.
    /// Repositories are filtered later, when the facts are made.
    pub case: Case,
}

/// What an archive says about a case. The vectors are sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailScan {
    /// Calls of the event sources under analysis, each once.
    pub calls: Vec<CallRow>,
    /// Writes of any service that could break a registry, each once.
    pub changes: Vec<ChangeRow>,
    /// Everything else, counted per minute, account, region and service; not deduplicated.
    pub controls: Vec<ControlRow>,
    /// The ledger: what was read, used, left out, and why.
    pub entry: SourceEntry,
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

/// Reads every input and answers with rows and a ledger.
///
/// Files are chosen by the delivery date in their path or name: from the first day of the case to
/// one day after its last, because a record is never delivered before its event and nearly always
/// within a day. CloudTrail redelivers for up to 30 days after an outage; such files are seen only
/// when they are named one by one, which switches the choice by date off.
#[must_use]
pub fn scan(request: &ScanRequest, progress: &dyn Progress) -> TrailScan {
    let whole = request.case.whole();
    let found = find::find(&request.inputs, &whole);
    progress.start(
        found.files.len() as u64,
        found.files.iter().map(|file| file.bytes).sum(),
    );
    let gathered = found
        .files
        .par_iter()
        .fold(Gather::default, |mut gather, file| {
            read::read(file, &request.case, &mut gather);
            progress.file(file.bytes);
            gather
        })
        .reduce(Gather::default, Gather::merged);
    progress.done();
    outcome::conclude(&request.inputs, found.pruned, found.notes, gathered)
}
