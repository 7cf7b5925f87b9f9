//! Writes a bundle: files first, the manifest last. A folder without a manifest is not a bundle.

use super::hour::HourFiles;
use super::layout;
use super::manifest::{FORMAT_MAJOR, FORMAT_MINOR, FileEntry, Manifest, Noun, SourceEntry};
use super::raw::RawAnswer;
use super::reader::Bundle;
use crate::case::Case;
use anyhow::Context as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// Collects files into a folder and seals it.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    files: Vec<FileEntry>,
    changes: Option<Lines>,
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
            changes: None,
        })
    }

    /// Says that a trail was read, even if it holds nothing.
    ///
    /// # Errors
    /// When the file of the changes cannot be created.
    pub fn trail(&mut self) -> anyhow::Result<()> {
        if self.changes.is_none() {
            self.changes = Some(Lines::create(&self.dir, layout::CHANGES)?);
        }
        Ok(())
    }

    /// Writes one hour of the trail. Hours must come in order of time, each once.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn hour(&mut self, hour: &HourFiles) -> anyhow::Result<()> {
        self.trail()?;
        if let Some(changes) = &mut self.changes {
            changes.add(&hour.changes, hour.change_rows)?;
        }
        for file in &hour.files {
            // Not synced one by one: hundreds of hours would wait for the disk, and the hash in
            // the manifest shows a file that power took away.
            let whole = folder_of(&self.dir, &file.path)?;
            fs::write(&whole, &file.bytes)
                .with_context(|| format!("failed to write {}", whole.display()))?;
            self.files.push(FileEntry {
                path: file.path.clone(),
                rows: file.rows,
                sha256: file.sha256.clone(),
            });
        }
        Ok(())
    }

    /// Writes the verbatim answers of one source.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn answers(&mut self, noun: Noun, answers: &[RawAnswer]) -> anyhow::Result<()> {
        self.lines(&layout::answers_file(noun), answers)
    }

    /// Writes the log of the requests that collected the bundle.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn log<T: Serialize>(&mut self, requests: &[T]) -> anyhow::Result<()> {
        self.lines(layout::LOG, requests)
    }

    /// Writes the manifest and gives back the sealed bundle.
    ///
    /// # Errors
    /// When the manifest cannot be written.
    pub fn seal(mut self, case: &Case, mut sources: Vec<SourceEntry>) -> anyhow::Result<Bundle> {
        self.end_changes()?;
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

    fn end_changes(&mut self) -> anyhow::Result<()> {
        if let Some(changes) = self.changes.take() {
            self.files.push(changes.end()?);
        }
        Ok(())
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
        write_whole(&folder_of(&self.dir, path)?, bytes)?;
        self.files.push(FileEntry {
            path: path.to_owned(),
            rows: rows as u64,
            sha256: layout::sha256(bytes),
        });
        Ok(())
    }
}

/// A file of JSON lines that grows hour by hour, hashed as it is written.
#[derive(Debug)]
struct Lines {
    path: &'static str,
    whole: PathBuf,
    to: BufWriter<fs::File>,
    hash: Sha256,
    rows: u64,
}

impl Lines {
    fn create(dir: &Path, path: &'static str) -> anyhow::Result<Self> {
        let whole = folder_of(dir, path)?;
        let file = fs::File::create(&whole)
            .with_context(|| format!("failed to write {}", whole.display()))?;
        Ok(Self {
            path,
            whole,
            to: BufWriter::new(file),
            hash: Sha256::new(),
            rows: 0,
        })
    }

    fn add(&mut self, lines: &[u8], rows: u64) -> anyhow::Result<()> {
        self.hash.update(lines);
        self.rows += rows;
        self.to
            .write_all(lines)
            .with_context(|| format!("failed to write {}", self.whole.display()))
    }

    fn end(mut self) -> anyhow::Result<FileEntry> {
        self.to
            .flush()
            .and_then(|()| self.to.get_ref().sync_all())
            .with_context(|| format!("failed to write {}", self.whole.display()))?;
        Ok(FileEntry {
            path: self.path.to_owned(),
            rows: self.rows,
            sha256: layout::hex(&self.hash.finalize()),
        })
    }
}

/// Where a file of the bundle goes; its folder is made.
fn folder_of(dir: &Path, path: &str) -> anyhow::Result<PathBuf> {
    let whole = dir.join(path);
    if let Some(parent) = whole.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("failed to create the folder {}", parent.display()))?;
    }
    Ok(whole)
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
