//! Looks at a bundle file by file without refusing it: for telling people which files still are what
//! was sealed. Opening a bundle for work goes through [`super::open`], which refuses any change.

use super::layout;
use super::manifest::Manifest;
use super::reader::Bundle;
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What became of one file since the bundle was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its bytes have the hash of the manifest.
    Same,
    /// They have another.
    Changed,
    /// It is not there.
    Missing,
    /// It is there and the manifest does not know it.
    Unlisted,
}

/// A bundle looked at.
#[derive(Debug)]
pub struct Inspection {
    /// The bundle; use it only when [`Inspection::is_whole`].
    pub bundle: Bundle,
    /// Every file but the manifest, by path.
    pub files: Vec<(String, State)>,
    /// Whether the seal is the hash of the list of files.
    pub seal_holds: bool,
    /// Whether the manifest reads byte for byte as this version writes it (`None`: another version
    /// wrote it).
    pub manifest_as_written: Option<bool>,
}

impl Inspection {
    /// Whether nothing was changed, as far as hashes can tell.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.seal_holds
            && self.manifest_as_written != Some(false)
            && self.files.iter().all(|(_, state)| *state == State::Same)
    }
}

/// Looks at the bundle in `dir` (or in `dir/bundle`).
///
/// # Errors
/// When there is no readable manifest.
pub fn inspect(dir: &Path) -> anyhow::Result<Inspection> {
    let dir = if dir.join(layout::MANIFEST).is_file() {
        dir.to_owned()
    } else {
        dir.join("bundle")
    };
    let path = dir.join(layout::MANIFEST);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("{} is not a sealed bundle", path.display()))?;
    let manifest: Manifest = serde_json::from_str(&text)
        .with_context(|| format!("failed to read the manifest {}", path.display()))?;
    let mut files: Vec<(String, State)> = manifest
        .files
        .iter()
        .map(|file| {
            let state = match layout::read(&dir, &file.path) {
                Ok(bytes) if layout::sha256(&bytes) == file.sha256 => State::Same,
                Ok(_) => State::Changed,
                Err(_) => State::Missing,
            };
            (file.path.clone(), state)
        })
        .collect();
    let listed: BTreeSet<&str> = manifest
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    for entry in walkdir::WalkDir::new(&dir).sort_by_file_name() {
        let Ok(entry) = entry else { continue };
        let Ok(below) = entry.path().strip_prefix(&dir) else {
            continue;
        };
        let below = below.to_string_lossy().replace('\\', "/");
        if entry.file_type().is_file()
            && below != layout::MANIFEST
            && !listed.contains(below.as_str())
        {
            files.push((below, State::Unlisted));
        }
    }
    files.sort();
    let seal_holds = layout::seal(&manifest.files) == manifest.seal;
    let same_version = manifest.tool_version == env!("CARGO_PKG_VERSION");
    let mut again = serde_json::to_string_pretty(&manifest)?;
    again.push('\n');
    Ok(Inspection {
        files,
        seal_holds,
        manifest_as_written: same_version.then_some(again == text),
        bundle: Bundle { dir, manifest },
    })
}
