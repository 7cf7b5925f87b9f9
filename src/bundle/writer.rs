//! Writes a bundle: files first, the manifest last. A folder without a manifest is not a bundle.

use super::columns;
use super::layout;
use super::manifest::{FORMAT_MAJOR, FORMAT_MINOR, FileEntry, Manifest, Noun, SourceEntry};
use super::raw::RawAnswer;
use super::reader::Bundle;
use super::rows::{CallRow, ChangeRow, ControlRow};
use crate::case::Case;
use anyhow::Context as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Collects files into a folder and seals it.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    files: Vec<FileEntry>,
}

impl Writer {
    /// Starts a bundle in `dir`, which is created.
    ///
    /// # Errors
    /// When the folder cannot be created, or already holds a bundle.
    pub fn create(dir: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(dir)
            .with_context(|| format!("failed to create the folder {}", dir.display()))?;
        anyhow::ensure!(
            !dir.join(layout::MANIFEST).exists(),
            "{} already holds a sealed bundle",
            dir.display()
        );
        Ok(Self {
            dir: dir.to_owned(),
            files: Vec::new(),
        })
    }

    /// Writes call rows, one Parquet file per hour of event time. `rows` must be sorted by
    /// `event_time`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn calls(&mut self, rows: &[CallRow]) -> anyhow::Result<()> {
        for hour in rows.chunk_by(|a, b| layout::hour(a.event_time) == layout::hour(b.event_time)) {
            let Some(first) = hour.first() else { continue };
            let mut bytes = Vec::new();
            columns::write_calls(hour, &mut bytes)?;
            self.file(&layout::calls_file(first.event_time), hour.len(), &bytes)?;
        }
        Ok(())
    }

    /// Writes change rows as JSON lines.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn changes(&mut self, rows: &[ChangeRow]) -> anyhow::Result<()> {
        self.lines(layout::CHANGES, rows)
    }

    /// Writes the control counts as one Parquet file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn controls(&mut self, rows: &[ControlRow]) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        columns::write_controls(rows, &mut bytes)?;
        self.file(layout::CONTROLS, rows.len(), &bytes)
    }

    /// Writes the verbatim answers of one source.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn answers(&mut self, noun: Noun, answers: &[RawAnswer]) -> anyhow::Result<()> {
        self.lines(&layout::answers_file(noun), answers)
    }

    /// Writes the manifest and gives back the sealed bundle.
    ///
    /// # Errors
    /// When the manifest cannot be written.
    pub fn seal(mut self, case: &Case, mut sources: Vec<SourceEntry>) -> anyhow::Result<Bundle> {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        sources.sort_by_key(|entry| entry.noun);
        let manifest = Manifest {
            format_major: FORMAT_MAJOR,
            format_minor: FORMAT_MINOR,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            case: case.clone(),
            sources,
            seal: layout::seal(&self.files),
            files: self.files,
        };
        let mut text = serde_json::to_string_pretty(&manifest)?;
        text.push('\n');
        write_whole(&self.dir.join(layout::MANIFEST), text.as_bytes())?;
        Ok(Bundle {
            dir: self.dir,
            manifest,
        })
    }

    fn lines<T: Serialize>(&mut self, path: &str, rows: &[T]) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut bytes, row)?;
            bytes.push(b'\n');
        }
        self.file(path, rows.len(), &bytes)
    }

    fn file(&mut self, path: &str, rows: usize, bytes: &[u8]) -> anyhow::Result<()> {
        let whole = self.dir.join(path);
        if let Some(parent) = whole.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("failed to create the folder {}", parent.display()))?;
        }
        write_whole(&whole, bytes)?;
        self.files.push(FileEntry {
            path: path.to_owned(),
            rows: rows as u64,
            sha256: layout::hex(&Sha256::digest(bytes)),
        });
        Ok(())
    }
}

/// Writes and syncs one file; the folder it stands in only gets its final name when complete.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("failed to write {}", path.display()))
}
