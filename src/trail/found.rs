//! What was found to read: inputs with their names, and what was left out for its time.
//!
//! Must stay small: an archive has tens of thousands of files, and all are listed before one is read.

use super::gather::Note;
use crate::case::Instant;
use chrono::Duration;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the bytes of one input come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Stdin,
    File(Located),
}

/// A file by its folder, of which there is one for hundreds of files, and its name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) folder: Arc<Path>,
    pub(super) name: Arc<OsStr>,
}

impl Located {
    /// The way to the file, made when it is needed.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&*self.name)
    }
}

impl From<&Path> for Located {
    fn from(path: &Path) -> Self {
        match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => Self {
                folder: folder.into(),
                name: name.into(),
            },
            // What ends in `..` has no name of its own.
            _ => Self {
                folder: Path::new("").into(),
                name: path.as_os_str().into(),
            },
        }
    }
}

/// One input to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) origin: Origin,
    pub(super) name: Name,
    /// Size on disk; 0 when unknown (pipes).
    pub(super) bytes: u64,
    /// Whether the user named it, rather than a folder it stands in.
    pub(super) is_named: bool,
    /// When it was delivered, by its name or folder.
    pub(super) delivered: Option<Instant>,
}

/// The name shown to people. Made when it is asked for: paths are most of what a list takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// As the user typed it.
    Typed(String),
    /// By its place in a folder the user named.
    Inside(Arc<Root>),
}

/// A folder the user named.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) folder: PathBuf,
    /// What stands in front of the names, when there are several inputs.
    pub(super) prefix: Option<String>,
}

impl Found {
    /// The name shown to people.
    pub(super) fn shown(&self) -> String {
        let (root, path) = match (&self.name, &self.origin) {
            (Name::Typed(typed), _) => return typed.clone(),
            (Name::Inside(_), Origin::Stdin) => return "-".to_owned(),
            (Name::Inside(root), Origin::File(file)) => (root, file.path()),
        };
        let inside = relative(&root.folder, Some(&path));
        match &root.prefix {
            Some(prefix) => format!("{prefix}/{inside}"),
            None => inside,
        }
    }
}

/// The files to read and what was left out.
#[derive(Debug, Default)]
pub(super) struct Finding {
    pub(super) files: Vec<Found>,
    /// Delivered after the margin, not opened unless the trail proves to lag.
    pub(super) later: Vec<Found>,
    /// Files delivered before the case begins.
    pub(super) before: u64,
    /// Files delivered more than two days after the margin.
    pub(super) beyond: u64,
    pub(super) notes: Vec<Note>,
}

impl Finding {
    /// Takes out those of the later files that were delivered within `margin_s` after the last file
    /// that still held a record of the case.
    pub(super) fn later_than_expected(
        &mut self,
        last_useful: Option<Instant>,
        margin_s: i64,
    ) -> Vec<Found> {
        let Some(bound) = last_useful.and_then(|at| plus(at, margin_s)) else {
            return Vec::new();
        };
        let (next, later) = std::mem::take(&mut self.later)
            .into_iter()
            .partition(|file| file.delivered.is_some_and(|at| at <= bound));
        self.later = later;
        next
    }
}

/// `None` beyond the end of the calendar, which means no bound.
pub(super) fn plus(at: Instant, seconds: i64) -> Option<Instant> {
    at.checked_add_signed(Duration::try_seconds(seconds)?)
}

/// The way to a file from a folder above it.
pub(super) fn relative(root: &Path, path: Option<&Path>) -> String {
    let Some(path) = path else {
        return "an entry".to_owned();
    };
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = inside
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}
