//! Writing a report folder: staged beside its final place, moved when whole, never clobbering.

use crate::failure::{Failure, Kind};
use anyhow::Context as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Names this tool writes into a report folder; only these are replaced with `--force`.
const OURS: [&str; 5] = [
    "report.md",
    "report.html",
    "report.json",
    "charts",
    EVIDENCE,
];

/// The one entry that cannot be made again from the others.
const EVIDENCE: &str = "bundle";

/// A folder under construction.
#[derive(Debug)]
pub(super) struct Stage {
    target: PathBuf,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Starts a folder that will become `target`.
    pub(super) fn new(target: &Path, force: bool) -> Result<Self, Failure> {
        refuse_clobber(target, force)?;
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let made = fs::create_dir_all(&parent).and_then(|()| {
            tempfile::Builder::new()
                .prefix(".ecr-incident-")
                .tempdir_in(&parent)
        });
        let folder = made.map_err(|error| Failure {
            kind: Kind::Failed,
            error: anyhow::Error::new(error)
                .context(format!("failed to write into {}", parent.display())),
            hints: vec!["choose a folder you can write to with --out DIR".to_owned()],
        })?;
        Ok(Self {
            target: target.to_owned(),
            folder,
        })
    }

    /// Where files are written until the folder is whole.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes one file of the folder.
    pub(super) fn file(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path().join(name);
        let write = || -> std::io::Result<()> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = fs::File::create(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write()
            .with_context(|| format!("failed to write {name} of {}", self.target.display()))
            .map_err(Failure::from)
    }

    /// Moves everything to its final place.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let moved = || -> std::io::Result<()> {
            fs::create_dir_all(&self.target)?;
            for name in OURS {
                let (from, to) = (self.path().join(name), self.target.join(name));
                // A drawing that is not made again must not survive beside new ones; evidence is
                // only ever replaced by evidence.
                if name == EVIDENCE && !from.exists() {
                    continue;
                }
                if to.is_dir() {
                    fs::remove_dir_all(&to)?;
                } else if to.exists() {
                    fs::remove_file(&to)?;
                }
                if from.exists() {
                    fs::rename(&from, &to)?;
                }
            }
            Ok(())
        };
        moved()
            .with_context(|| format!("failed to move the report to {}", self.target.display()))
            .map_err(Failure::from)
    }
}

/// Refuses a folder that already holds a report, unless forced.
pub(super) fn refuse_clobber(target: &Path, force: bool) -> Result<(), Failure> {
    if target.exists() && !target.is_dir() {
        return Err(Failure::usage(
            format!("{} is not a folder", target.display()),
            "choose another place with --out DIR",
        ));
    }
    let taken = OURS.iter().find(|name| target.join(name).exists());
    match taken {
        Some(name) if !force => Err(Failure::usage(
            format!("{} already holds a {name}", target.display()),
            "choose another folder with --out DIR, or replace it with --force",
        )),
        _ => Ok(()),
    }
}
