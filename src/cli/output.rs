//! Writing a report folder: staged beside its final place, moved when whole, never clobbering.

use crate::failure::{Failure, Kind};
use anyhow::Context as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Names this tool writes into a report folder; only these are replaced with `--force`.
const OURS: [&str; 10] = [
    "report.md",
    "report.html",
    "report.json",
    "charts",
    "nightly.md",
    "nightly.html",
    "nightly.json",
    "revisions",
    EVIDENCE,
    MAP,
];

/// What cannot be made again from the others.
const EVIDENCE: &str = "bundle";

/// The map from pseudonyms to values.
pub(super) const MAP: &str = "redaction-map.json";

/// How folders under construction are called.
const STAGE: &str = ".ecr-incident-";

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
        let made = fs::create_dir_all(&parent)
            .and_then(|()| tempfile::Builder::new().prefix(STAGE).tempdir_in(&parent));
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

    /// Removes what runs that were killed left beside `target` more than a day ago. Younger ones may
    /// still be at work.
    pub(super) fn sweep(target: &Path) {
        let day = std::time::Duration::from_secs(86_400);
        let parent = target
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let entries = fs::read_dir(parent.unwrap_or(Path::new("."))).into_iter();
        for entry in entries.flatten().flatten() {
            let name = entry.file_name();
            let age = entry.metadata().and_then(|data| data.modified());
            let old = age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > day));
            if old && name.to_string_lossy().starts_with(STAGE) {
                // What cannot be removed is only in the way.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
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

    /// Writes one file of the folder that only its owner may read.
    pub(super) fn private_file(&self, name: &str, text: &str) -> Result<(), Failure> {
        private(&self.path().join(name), text.as_bytes())
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
                if [EVIDENCE, MAP].contains(&name) && !from.exists() {
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

/// Writes a new file with mode 0600.
fn private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Takes everybody but the owner out of a folder.
pub(super) fn owner_only(folder: &Path) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .with_context(|| format!("failed to close {} to others", folder.display()))?;
    }
    Ok(())
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
