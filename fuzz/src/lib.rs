//! What the fuzz targets share: a case around the day of the fixtures, and a file the size of the
//! input, because the parsers under test read files as people name them.

use ecr_incident::bundle::manifest::Noun;
use ecr_incident::bundle::raw::RawAnswer;
use ecr_incident::case::{Case, Instant, Interval, Scope};
use ecr_incident::collect::local::{self, LocalInputs};
use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

fn at(text: &str) -> Instant {
    chrono::DateTime::parse_from_rfc3339(text)
        .expect("a literal")
        .to_utc()
}

/// Wide enough for every date of the fixtures.
#[must_use]
pub fn case() -> Case {
    Case {
        window: Interval::new(at("2026-01-10T00:00:00Z"), at("2026-06-30T00:00:00Z")),
        baseline: Interval::new(at("2026-01-03T00:00:00Z"), at("2026-01-10T00:00:00Z")),
        scope: Scope::everything(),
        now: at("2026-07-01T00:00:00Z"),
    }
}

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

/// A folder of this process, kept from one input to the next.
#[must_use]
pub fn folder() -> PathBuf {
    FOLDER.with(|folder| {
        folder
            .get_or_init(|| tempfile::tempdir().expect("room for temporary files"))
            .path()
            .to_owned()
    })
}

/// Writes an input to a file of that name.
#[must_use]
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("room for temporary files");
    path
}

/// Reads a file as the flag of one source does; what it recognised, each answer with a line ID. No
/// record may be lost on the way.
#[must_use]
pub fn answers(noun: Noun, path: &Path) -> Vec<(RawAnswer, String)> {
    let paths = vec![path.to_owned()];
    let mut inputs = LocalInputs::default();
    match noun {
        Noun::Metrics => inputs.metrics = paths,
        Noun::Quotas => inputs.quotas = paths,
        _ => inputs.health = paths,
    }
    let evidence = local::read(&inputs, &case());
    assert!(!evidence.entries.is_empty(), "an input left no trace");
    for entry in &evidence.entries {
        assert!(entry.tally.balances(), "{:?}", entry.tally);
    }
    evidence
        .answers
        .into_values()
        .flatten()
        .enumerate()
        .map(|(index, answer)| (answer, format!("line-{index}")))
        .collect()
}
