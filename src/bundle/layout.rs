//! File names inside a bundle and the way they are hashed: the one place that knows both.

use super::manifest::{FileEntry, Noun};
use crate::case::{Instant, Interval, instant};
use chrono::NaiveDateTime;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::{Component, Path};
use std::{fs, io};

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const CHANGES: &str = "raw/trail-changes.ndjson";
pub(super) const LOG: &str = "log.ndjson";
pub(super) const CONTROLS_PREFIX: &str = "controls/";
pub(super) const CALLS_PREFIX: &str = "calls/";

const HOUR_S: i64 = 3_600;

/// The calls of an hour, or from a second of it on, by the epoch second at which they begin.
pub(super) fn calls_file(second: i64) -> String {
    format!("{CALLS_PREFIX}{}.parquet", span(second))
}

/// The control counts of the same.
pub(super) fn controls_file(second: i64) -> String {
    format!("{CONTROLS_PREFIX}{}.parquet", span(second))
}

/// The hour a file of a table holds, or what of it begins inside, read back from its name;
/// `None` when the name is another.
pub(super) fn hour_of(path: &str, prefix: &str) -> Option<Interval> {
    let name = path.strip_prefix(prefix)?.strip_suffix(".parquet")?;
    let (hour, inside) = name.split_once('_').unwrap_or((name, "00_00"));
    let text = format!("{hour}_{inside}");
    let from = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H_%M_%S").ok()?;
    let from = from.and_utc();
    Some(Interval::new(from, next_hour(from)?))
}

fn next_hour(from: Instant) -> Option<Instant> {
    let hour = from.timestamp().div_euclid(HOUR_S).checked_add(1)?;
    chrono::DateTime::from_timestamp(hour.checked_mul(HOUR_S)?, 0)
}

/// `2026-03-11T07`, or `2026-03-11T07_20_00` inside the hour. The line sorts after the dot, so that files
/// sort by time.
fn span(second: i64) -> impl std::fmt::Display {
    let is_inside = second.rem_euclid(HOUR_S) != 0;
    let form = if is_inside {
        "%Y-%m-%dT%H_%M_%S"
    } else {
        "%Y-%m-%dT%H"
    };
    instant(second).format(form)
}

/// The hash of a file's bytes as the manifest writes it.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn answers_file(noun: Noun) -> String {
    format!("raw/{}.ndjson", noun.word())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of a file the manifest lists. A bundle may come from a stranger: a path that leaves its
/// folder, and a link, a pipe or a device in it, is refused unread.
pub(super) fn read(dir: &Path, path: &str) -> io::Result<Vec<u8>> {
    let plain = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let mut whole = dir.to_owned();
    for part in Path::new(path).components() {
        whole.push(part);
        if !plain || fs::symlink_metadata(&whole)?.is_symlink() {
            return Err(io::Error::other("it is no plain path inside the bundle"));
        }
    }
    if path.is_empty() || path.contains('\\') || !fs::symlink_metadata(&whole)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    fs::read(&whole)
}

/// The seal: SHA-256 over `path sha256\n` of every file, sorted by path.
pub(super) fn seal<'a>(files: impl IntoIterator<Item = &'a FileEntry>) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(format!("{} {}\n", file.path, file.sha256));
    }
    hex(&hash.finalize())
}
