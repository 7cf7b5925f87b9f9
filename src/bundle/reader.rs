//! Opens a sealed bundle and hands out its parts; never writes, so a read-only disk is enough.

use super::layout;
use super::manifest::{FORMAT_MAJOR, FORMAT_MINOR, Manifest, Noun};
use super::raw::RawAnswer;
use super::rows::ChangeRow;
use crate::case::Interval;
use crate::failure::{Failure, Kind};
use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// A sealed bundle.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(super) dir: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
}

/// One hour of a table of the bundle, or a part of it; rows are sorted as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourFile {
    /// Where it stands.
    pub path: PathBuf,
    /// How many rows it holds; never zero.
    pub rows: u64,
    /// The hour all its rows lie in, from their first second on; `None` when its name does not say,
    /// so that a reader looks.
    pub hour: Option<Interval>,
}

#[derive(Deserialize)]
struct Version {
    format_major: u32,
    format_minor: u32,
    tool_version: String,
}

/// Opens the bundle in `dir` (or in `dir/bundle`, the layout of a report folder) and checks that
/// every file still has the hash it was sealed with.
///
/// # Errors
/// When it is no bundle, was written by a newer format, or was changed since it was sealed.
pub fn open(dir: &Path) -> Result<Bundle, Failure> {
    let dir = if dir.join(layout::MANIFEST).is_file() {
        dir.to_owned()
    } else {
        dir.join("bundle")
    };
    let path = dir.join(layout::MANIFEST);
    let text = fs::read_to_string(&path).map_err(|error| Failure {
        kind: Kind::Failed,
        error: anyhow::Error::new(error)
            .context(format!("{} is not a sealed bundle", path.display())),
        hints: vec![
            "a bundle is the `bundle` folder inside a report folder; make one with \
             `ecr-incident report --cloudtrail PATH --from T --to T --offline`"
                .to_owned(),
        ],
    })?;
    let version: Version = serde_json::from_str(&text)
        .with_context(|| format!("failed to read the manifest {}", path.display()))?;
    if version.format_major != FORMAT_MAJOR || version.format_minor > FORMAT_MINOR {
        return Err(Failure {
            kind: Kind::Failed,
            error: anyhow::anyhow!(
                "this bundle has format {}.{}, written by ecr-incident {}; this version reads \
                 {FORMAT_MAJOR}.0 to {FORMAT_MAJOR}.{FORMAT_MINOR}",
                version.format_major,
                version.format_minor,
                version.tool_version,
            ),
            hints: vec![format!(
                "install ecr-incident {} or newer to read it",
                version.tool_version
            )],
        });
    }
    let manifest: Manifest = serde_json::from_str(&text)
        .with_context(|| format!("failed to read the manifest {}", path.display()))?;
    let bundle = Bundle { dir, manifest };
    bundle.check_hashes()?;
    Ok(bundle)
}

impl Bundle {
    /// Where it stands.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The Parquet files of the calls, in time order.
    #[must_use]
    pub fn calls(&self) -> Vec<HourFile> {
        self.hours(layout::CALLS_PREFIX)
    }

    /// The Parquet files of the control counts, in time order.
    #[must_use]
    pub fn controls(&self) -> Vec<HourFile> {
        self.hours(layout::CONTROLS_PREFIX)
    }

    fn hours(&self, prefix: &str) -> Vec<HourFile> {
        self.manifest
            .files
            .iter()
            .filter(|file| file.path.starts_with(prefix) && file.rows > 0)
            .map(|file| HourFile {
                path: self.dir.join(&file.path),
                rows: file.rows,
                hour: layout::hour_of(&file.path, prefix),
            })
            .collect()
    }

    /// The change rows, sorted as written.
    ///
    /// # Errors
    /// When the file cannot be read back.
    pub fn changes(&self) -> anyhow::Result<Vec<ChangeRow>> {
        self.lines(layout::CHANGES)
    }

    /// The verbatim answers of one source with the bundle file they stand in.
    ///
    /// # Errors
    /// When the file cannot be read back.
    pub fn answers(&self, noun: Noun) -> anyhow::Result<Vec<RawAnswer>> {
        self.lines(&layout::answers_file(noun))
    }

    /// The bundle file that holds a noun's answers.
    #[must_use]
    pub fn answers_path(noun: Noun) -> String {
        layout::answers_file(noun)
    }

    fn lines<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        if !self.manifest.files.iter().any(|file| file.path == path) {
            return Ok(Vec::new());
        }
        let whole = self.dir.join(path);
        let text = fs::read_to_string(&whole)
            .with_context(|| format!("failed to read {}", whole.display()))?;
        text.lines()
            .map(|line| {
                serde_json::from_str(line)
                    .with_context(|| format!("failed to read a row of {}", whole.display()))
            })
            .collect()
    }

    fn check_hashes(&self) -> Result<(), Failure> {
        for file in &self.manifest.files {
            let whole = self.dir.join(&file.path);
            let bytes = layout::read(&self.dir, &file.path)
                .with_context(|| format!("failed to read {}", whole.display()))?;
            if layout::hex(&Sha256::digest(&bytes)) != file.sha256 {
                return Err(Failure {
                    kind: Kind::Failed,
                    error: anyhow::anyhow!(
                        "{} was changed after the bundle was sealed: its SHA-256 differs from \
                         the manifest",
                        whole.display()
                    ),
                    hints: vec!["restore the original bundle, or collect it again".to_owned()],
                });
            }
        }
        Ok(())
    }
}
