//! The parts of a scan one by one, for the benchmark: it exists with the feature `measure` only.
//!
//! Thin wrappers around what [`scan`](super::scan) itself calls, so that a figure means the scan.
//! Nothing here may do work of its own, and nothing but `benches/` may use it.

use super::find;
use super::found::Found;
use super::gather::Gather;
use super::read::Seen;
use super::skim::{Met, Skim};
use super::spelling::Spellings;
use super::split::{Piece, Splitter};
use super::{HourRows, ScanRequest, hours, whole};
use std::collections::BTreeMap;

/// The files of an archive that one thread reads whole.
#[derive(Debug)]
pub struct Archive {
    files: Vec<Found>,
    /// Files that the scan reads in another way: large ones, pipes.
    pub others: usize,
}

impl Archive {
    /// Finds the files as the scan does.
    #[must_use]
    pub fn find(request: &ScanRequest) -> Self {
        let found = find::find(&request.inputs, &request.case.whole(), request.lateness_s);
        let (files, others): (Vec<Found>, Vec<Found>) =
            found.files.into_iter().partition(whole::is_small);
        Self {
            files,
            others: others.len(),
        }
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Bytes on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Reads one file from disk and unfolds it into `buffers`; the answer is its text, or `None`
    /// when the file is damaged or not for this way of reading.
    pub fn unfold<'a>(&self, index: usize, buffers: &'a mut Buffers) -> Option<&'a [u8]> {
        let file = self.files.get(index)?;
        let size = whole::unfold(file, &mut buffers.0)?;
        buffers.0.text.get(..size)
    }
}

/// Room for one file; kept from one to the next, as the scan keeps it.
#[derive(Debug, Default)]
pub struct Buffers(whole::Unfolding);

/// Remembered spellings of keys, one writer's.
#[derive(Debug, Default)]
pub struct Keys(Spellings);

/// The structural pass alone: how many records end in the text.
pub fn ends(text: &[u8], keys: &mut Keys) -> u64 {
    count(Skim::ends(text, Vec::new(), &mut keys.0))
}

/// The structural pass with the values of top-level keys: how many records the text holds.
pub fn skim(text: &[u8], keys: &mut Keys) -> u64 {
    count(Skim::new(text, Vec::new(), &mut keys.0))
}

fn count(mut skim: Skim<'_>) -> u64 {
    let mut records = 0;
    while let Met::Record { .. } = skim.next() {
        std::hint::black_box(&skim.slots);
        records += 1;
    }
    records
}

/// The careful reader: how many objects it cuts the text into.
pub fn split(text: &[u8]) -> u64 {
    let mut splitter = Splitter::new(text);
    let mut objects = 0;
    while let Some(piece) = splitter.next() {
        if let Piece::Item { text, .. } = piece {
            std::hint::black_box(text);
            objects += 1;
        }
    }
    objects
}

/// The answer as it grows in the hands of some threads, here played by one.
#[derive(Debug)]
pub struct Answer(Vec<Gather>);

impl Answer {
    /// Empty, for this many threads.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self((0..threads).map(|_| Gather::default()).collect())
    }

    /// Skims a text and selects from it, as the thread of this number.
    pub fn select(&mut self, thread: usize, text: &[u8], request: &ScanRequest) {
        if let Some(gather) = self.0.get_mut(thread) {
            let was_plain = Seen::default().skim(text, Vec::new(), 0, request, gather);
            std::hint::black_box(was_plain.is_ok());
            gather.relieve();
        }
    }

    /// Merges and deduplicates every hour and hands it on.
    ///
    /// # Errors
    /// When `take` fails, or a temporary file cannot be read back.
    pub fn finish(
        mut self,
        mut take: impl FnMut(HourRows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut tallies = BTreeMap::new();
        let room = &hours::Room::USUAL;
        hours::finish(&mut self.0, &mut tallies, room, &|rows| Ok(rows), &mut take)
    }
}
