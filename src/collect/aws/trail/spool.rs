//! What was fetched of the trail so far, on disk: whole or absent, so that a run can go on.
//!
//! ```text
//! records/   files of records, what the scanner reads
//! units/     one note per finished question, and the ID of each query under way
//! partial/   what is being written
//! ```
//!
//! A note is written after the records it speaks of. Must never let half a file pass for a whole
//! one: everything gets its name when it is complete.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::logs::row::Row;

/// The folder of one run's trail.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    root: PathBuf,
}

/// A question that is asked once: its name is made of everything that decides the answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unit(String);

/// What is known of a finished question.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Note {
    /// Rows answered.
    pub(crate) rows: u64,
    /// Records that matched, where the service said.
    pub(crate) matched: Option<u64>,
    /// Bytes the service read for it.
    pub(crate) bytes_scanned: u64,
    /// The answer did not fit; the question has to be asked in parts.
    pub(crate) is_over: bool,
    /// How many rows an answer could hold, as far as was known then; 0 when unknown.
    pub(crate) limit: u64,
    /// Too many rows came back cut short; the question has to be asked by fields.
    pub(crate) is_cut: bool,
    /// Only what is newer than this was read, epoch seconds; absent when all of it was.
    pub(crate) newer_than: Option<i64>,
    /// Rows that came back cut short and could not be mended.
    pub(crate) lost: u64,
    /// The rows themselves, for answers that are no records.
    pub(crate) answer: Vec<Row>,
}

impl Spool {
    /// Opens the folder, which is created.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        for name in ["records", "units", "partial"] {
            fs::create_dir_all(root.join(name))?;
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// What the scanner reads.
    #[must_use]
    pub(crate) fn records(&self) -> PathBuf {
        self.root.join("records")
    }

    /// Names a question; `what` holds everything that decides its answer.
    #[must_use]
    pub(crate) fn unit(&self, source: &str, what: &[&str]) -> Unit {
        let mut hash = Sha256::new();
        for part in what {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digits: String = hash
            .finalize()
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Unit(format!("{source}-{digits}"))
    }

    /// The note of a finished question.
    #[must_use]
    pub(crate) fn done(&self, unit: &Unit) -> Option<Note> {
        let text = fs::read(self.note(unit)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// The ID of a query that was started for this question and not finished.
    #[must_use]
    pub(crate) fn under_way(&self, unit: &Unit) -> Option<String> {
        fs::read_to_string(self.query(unit)).ok()
    }

    /// Remembers the ID of a query just started.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn started(&self, unit: &Unit, query: &str) -> io::Result<()> {
        self.put(&self.query(unit), query.as_bytes())
    }

    /// Forgets a query that came to nothing.
    pub(crate) fn forget(&self, unit: &Unit) {
        // What cannot be removed is asked for again and refused as ended.
        let _ = fs::remove_file(self.query(unit));
    }

    /// Finishes a question: its note stands from now on, and the query ID is no longer needed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn finish(&self, unit: &Unit, note: &Note) -> io::Result<()> {
        self.put(&self.note(unit), &serde_json::to_vec(note)?)?;
        self.forget(unit);
        Ok(())
    }

    /// Starts the file of records of a question.
    ///
    /// # Errors
    /// When it cannot be created.
    pub(crate) fn lines(&self, folder: &str, unit: &Unit) -> io::Result<Lines> {
        let partial = self.root.join("partial").join(format!("{}.gz", unit.0));
        let folder = self.records().join(folder);
        fs::create_dir_all(&folder)?;
        Ok(Lines {
            to: GzEncoder::new(BufWriter::new(File::create(&partial)?), Compression::fast()),
            partial,
            whole: folder.join(format!("{}.jsonl.gz", unit.0)),
            rows: 0,
        })
    }

    /// Where an object of a bucket stands, once it is whole.
    ///
    /// Keys are made by whoever may write to the bucket, so a part that would lead out of the folder
    /// is renamed.
    #[must_use]
    pub(crate) fn object(&self, bucket: &str, key: &str) -> PathBuf {
        let mut path = self.records().join("s3").join(safe(bucket));
        path.extend(key.split('/').filter(|part| !part.is_empty()).map(safe));
        path
    }

    /// A place to write an object to before it is whole.
    #[must_use]
    pub(crate) fn partial(&self, name: &Unit) -> PathBuf {
        self.root.join("partial").join(&name.0)
    }

    fn note(&self, unit: &Unit) -> PathBuf {
        self.root.join("units").join(format!("{}.json", unit.0))
    }

    fn query(&self, unit: &Unit) -> PathBuf {
        self.root.join("units").join(format!("{}.query", unit.0))
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default();
        let partial = self.root.join("partial").join(name);
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(partial, path)
    }
}

/// One part of a path that cannot climb.
fn safe(part: &str) -> String {
    match part {
        "." | ".." => format!("_{part}"),
        part => part.replace(['\\', '\0'], "_"),
    }
}

/// A file of records in the making.
#[derive(Debug)]
pub(crate) struct Lines {
    to: GzEncoder<BufWriter<File>>,
    partial: PathBuf,
    whole: PathBuf,
    rows: u64,
}

impl Lines {
    /// Adds one record.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn add(&mut self, record: &str) -> io::Result<()> {
        self.rows += 1;
        self.to.write_all(record.as_bytes())?;
        self.to.write_all(b"\n")
    }

    /// Gives the file its name; a file without records is not kept.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn end(self) -> io::Result<u64> {
        let file = self.to.finish()?.into_inner()?;
        if self.rows == 0 {
            fs::remove_file(&self.partial)?;
            return Ok(0);
        }
        file.sync_all()?;
        fs::rename(&self.partial, &self.whole)?;
        Ok(self.rows)
    }
}

#[cfg(test)]
mod tests;
