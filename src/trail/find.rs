//! Which files to read: folders walked, siblings of the trail left out, days outside the case pruned.
//!
//! Must never open a file it can judge by its name, and must account for every file it leaves out
//! with one line per kind and folder, so that a hundred thousand odd files stay one sentence.

use super::found::{Finding, Found, Located, Name, Origin, Root, plus, relative};
use super::gather::Note;
use crate::case::{Instant, Interval};
use chrono::{Duration, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::WalkDir;

/// Days after the margin within which a lagging trail is followed.
const LATER_DAYS: i64 = 2;
/// A name's time is the minute of delivery; clocks of AWS are allowed to differ by this much.
const CLOCKS_S: i64 = 5 * 60;

/// A delivery time with its resolution: first and last instant it can mean.
type Delivery = (Instant, Instant);

/// Where a delivery lies relative to the case.
enum When {
    Before,
    Inside(Option<Instant>),
    Later(Instant),
    Beyond,
}

/// Folders beside `CloudTrail/` that hold something other than API calls.
/// Source: CloudTrail user guide, "Finding your CloudTrail log files".
const SIBLINGS: [(&str, &str); 4] = [
    (
        "CloudTrail-Digest",
        "digest files hold hashes of log files, not calls",
    ),
    (
        "CloudTrail-Insight",
        "Insights events are AWS's own summaries, not calls",
    ),
    (
        "CloudTrail-NetworkActivity",
        "network activity events of VPC endpoints are not part of this analysis",
    ),
    (
        "CloudTrail-Aggregated",
        "aggregated events are sums over five minutes, not calls",
    ),
];

/// Extensions under which people keep CloudTrail records.
const EXTENSIONS: [&str; 6] = ["json", "gz", "jsonl", "ndjson", "log", "cloudtrail"];

/// Resolves the inputs to files, in a stated order: inputs as given, names sorted inside a folder.
pub(super) fn find(inputs: &[PathBuf], whole: &Interval, lateness_s: i64) -> Finding {
    let mut finder = Finder {
        from: whole.from,
        until: plus(whole.to, lateness_s),
        several: inputs.len() > 1,
        seen: BTreeMap::new(),
        last: None,
        out: Finding::default(),
    };
    for input in inputs {
        finder.input(input);
    }
    finder.out
}

struct Finder {
    /// No file delivered before this can hold a record of the case.
    from: Instant,
    /// Files delivered after this are left out at first.
    until: Option<Instant>,
    several: bool,
    /// Real files already listed, by folder: a file named twice must not be counted twice.
    seen: BTreeMap<PathBuf, BTreeSet<Arc<OsStr>>>,
    /// The last folder seen and its real path: resolving every file anew would double the walk.
    last: Option<(Arc<Path>, PathBuf)>,
    out: Finding,
}

/// What one folder holds beside files to read.
#[derive(Default)]
struct LeftOut {
    siblings: BTreeMap<&'static str, u64>,
    unlike: BTreeMap<String, u64>,
    empty: u64,
    special: u64,
    twice: u64,
    loops: u64,
    unreadable: Vec<String>,
}

impl Finder {
    fn input(&mut self, input: &Path) {
        let typed = input.to_string_lossy().into_owned();
        if input == Path::new("-") {
            if self.insert(Path::new(""), OsStr::new("-").into()) {
                self.out.files.push(Found {
                    origin: Origin::Stdin,
                    name: Name::Typed(typed),
                    bytes: 0,
                    is_named: true,
                    delivered: None,
                });
            }
            return;
        }
        match std::fs::metadata(input) {
            Err(error) => self
                .out
                .notes
                .push(Note::lost(typed, missing(input, &error))),
            Ok(meta) if meta.is_dir() => self.walk(input, &typed),
            Ok(meta) if meta.is_file() && meta.len() == 0 => {
                self.out.notes.push(Note::lost(typed, "the file is empty"));
            }
            Ok(meta) => {
                if let Some(located) = self.first_time(input, false) {
                    self.out.files.push(Found {
                        origin: Origin::File(located),
                        name: Name::Typed(typed),
                        bytes: if meta.is_file() { meta.len() } else { 0 },
                        is_named: true,
                        delivered: None,
                    });
                } else {
                    let why = "another input names the same file; it is read once";
                    self.out.notes.push(Note::told(typed, why));
                }
            }
        }
    }

    fn walk(&mut self, root: &Path, typed: &str) {
        let mut left = LeftOut::default();
        let of = Arc::new(Root {
            folder: root.to_path_buf(),
            prefix: self.several.then(|| typed.trim_end_matches('/').to_owned()),
        });
        for entry in WalkDir::new(root).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => self.file(&of, &entry, &mut left),
                Err(error) if error.loop_ancestor().is_some() => left.loops += 1,
                Err(error) => left.unreadable.push(match error.io_error() {
                    Some(cause) => format!("{} ({cause})", relative(root, error.path())),
                    None => relative(root, error.path()),
                }),
            }
        }
        self.tell(typed, left);
    }

    fn file(&mut self, root: &Arc<Root>, entry: &walkdir::DirEntry, left: &mut LeftOut) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy();
        if let Some(kind) = sibling(path, &name) {
            *left.siblings.entry(kind).or_default() += 1;
            return;
        }
        if !entry.file_type().is_file() {
            left.special += 1;
            return;
        }
        let extension = extension(&name);
        let known = EXTENSIONS.contains(&extension.as_str());
        if !known && !extension.is_empty() {
            *left.unlike.entry(format!(".{extension}")).or_default() += 1;
            return;
        }
        // The time is judged before the size: a year of other days must not cost a stat each.
        let when = self.when(path, &name);
        if known && self.is_left_out(&when) {
            return;
        }
        let bytes = match entry.metadata() {
            Ok(meta) => meta.len(),
            Err(error) => {
                left.unreadable
                    .push(format!("{} ({error})", relative(&root.folder, Some(path))));
                return;
            }
        };
        if bytes == 0 {
            left.empty += 1;
            return;
        }
        // What has no name like a log's is judged by its content first.
        if !known && !looks_like_records(path) {
            *left.unlike.entry("no extension".to_owned()).or_default() += 1;
            return;
        }
        if !known && self.is_left_out(&when) {
            return;
        }
        let Some(located) = self.first_time(path, entry.path_is_symlink()) else {
            left.twice += 1;
            return;
        };
        let (list, delivered) = match when {
            When::Later(at) => (&mut self.out.later, Some(at)),
            When::Inside(at) => (&mut self.out.files, at),
            When::Before | When::Beyond => return,
        };
        list.push(Found {
            origin: Origin::File(located),
            name: Name::Inside(Arc::clone(root)),
            bytes,
            is_named: false,
            delivered,
        });
    }

    /// Counts a file that is left out for its time.
    fn is_left_out(&mut self, when: &When) -> bool {
        match when {
            When::Before => self.out.before += 1,
            When::Beyond => self.out.beyond += 1,
            When::Inside(_) | When::Later(_) => return false,
        }
        true
    }

    fn when(&self, path: &Path, name: &str) -> When {
        let Some((first, last)) = minute_of_name(name).or_else(|| day_of_folders(path)) else {
            return When::Inside(None);
        };
        if last <= self.from {
            return When::Before;
        }
        match self.until {
            Some(until) if first > until => {
                let days = Duration::days(LATER_DAYS).num_seconds();
                if plus(until, days).is_some_and(|limit| first > limit) {
                    When::Beyond
                } else {
                    When::Later(first)
                }
            }
            _ => When::Inside(Some(first)),
        }
    }

    /// The file at `path`, unless the real file behind it was listed before.
    fn first_time(&mut self, path: &Path, is_link: bool) -> Option<Located> {
        let mut located = Located::from(path);
        if is_link
            || path
                .parent()
                .is_none_or(|parent| parent.as_os_str().is_empty())
        {
            let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
            let name = real.file_name().unwrap_or_default().into();
            let folder = real.parent().unwrap_or_else(|| Path::new(""));
            return self.insert(folder, name).then_some(located);
        }
        let real = match self.last.take() {
            Some((folder, real)) if folder == located.folder => {
                located.folder = folder;
                real
            }
            _ => located
                .folder
                .canonicalize()
                .unwrap_or_else(|_| located.folder.to_path_buf()),
        };
        let is_new = self.insert(&real, Arc::clone(&located.name));
        self.last = Some((Arc::clone(&located.folder), real));
        is_new.then_some(located)
    }

    fn insert(&mut self, folder: &Path, name: Arc<OsStr>) -> bool {
        match self.seen.get_mut(folder) {
            Some(names) => names.insert(name),
            None => {
                let names = self.seen.entry(folder.to_path_buf()).or_default();
                names.insert(name)
            }
        }
    }

    fn tell(&mut self, typed: &str, left: LeftOut) {
        let notes = &mut self.out.notes;
        for (kind, count) in left.siblings {
            let why = SIBLINGS
                .iter()
                .find_map(|(name, why)| (*name == kind).then_some(*why))
                .unwrap_or_default();
            notes.push(Note::told(
                typed,
                format!("{} of {kind} not read: {why}", files(count)),
            ));
        }
        if !left.unlike.is_empty() {
            let total = left.unlike.values().sum();
            let kinds: Vec<String> = left
                .unlike
                .iter()
                .take(8)
                .map(|(kind, count)| format!("{kind}: {count}"))
                .collect();
            notes.push(Note::told(
                typed,
                format!(
                    "{} not read: not named like CloudTrail logs ({}{})",
                    files(total),
                    kinds.join(", "),
                    if left.unlike.len() > 8 { ", …" } else { "" }
                ),
            ));
        }
        if left.empty > 0 {
            let verb = if left.empty == 1 { "is" } else { "are" };
            notes.push(Note::lost(
                typed,
                format!(
                    "{} {verb} empty (0 bytes), which CloudTrail never writes: the copy may be incomplete",
                    files(left.empty)
                ),
            ));
        }
        if left.special > 0 {
            let why = format!(
                "{} not read: pipes, sockets or devices",
                files(left.special)
            );
            notes.push(Note::told(typed, why));
        }
        if left.twice > 0 {
            let why = format!("{} reached twice; read once", files(left.twice));
            notes.push(Note::told(typed, why));
        }
        if left.loops > 0 {
            let why = "a link leads back to a folder above it; it was not followed again";
            notes.push(Note::told(typed, why));
        }
        if let Some(first) = left.unreadable.first() {
            let why = format!(
                "{} could not be opened, first {first}",
                files(left.unreadable.len() as u64)
            );
            notes.push(Note::lost(typed, why));
        }
    }
}

fn files(count: u64) -> String {
    if count == 1 {
        "1 file".to_owned()
    } else {
        format!("{count} files")
    }
}

fn missing(input: &Path, error: &std::io::Error) -> String {
    let typed = input.to_string_lossy();
    if error.kind() != std::io::ErrorKind::NotFound {
        return format!("cannot be opened: {error}");
    }
    if typed.starts_with("s3://") {
        return "a bucket cannot be read from here: copy it first (aws s3 cp --recursive) and name \
                the folder"
            .to_owned();
    }
    if typed.contains(['*', '?']) {
        return "no file matches this pattern: check the folder, or name the folder itself"
            .to_owned();
    }
    "no such file or folder: check the spelling and the current directory".to_owned()
}

fn extension(name: &str) -> String {
    Path::new(name)
        .extension()
        .map(|end| end.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default()
}

/// The sibling kind a file belongs to, by its folders or its own name.
fn sibling(path: &Path, name: &str) -> Option<&'static str> {
    SIBLINGS.iter().map(|(kind, _)| *kind).find(|kind| {
        name.split('_').any(|part| part == *kind)
            || path
                .parent()
                .is_some_and(|parent| parent.iter().any(|part| part == *kind))
    })
}

/// The minute of delivery in a name like
/// `111122223333_CloudTrail_us-east-1_20260311T0705Z_ab….json.gz`. AWS prints the name with and
/// without the underscore after `Z`.
fn minute_of_name(name: &str) -> Option<Delivery> {
    let mut parts = name.split('_');
    parts.find(|part| *part == "CloudTrail")?;
    let stamp = parts.nth(1)?;
    let (date, time) = (stamp.get(..8)?, stamp.get(8..14)?);
    let digits = time.strip_prefix('T')?.strip_suffix('Z')?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let first = day(date.get(..4)?, date.get(4..6)?, date.get(6..8)?)?
        .and_hms_opt(
            digits.get(..2)?.parse().ok()?,
            digits.get(2..)?.parse().ok()?,
            0,
        )?
        .and_utc();
    Some((first, first + Duration::seconds(60 + CLOCKS_S)))
}

/// The day of delivery in the folders `…/YYYY/MM/DD/file`.
fn day_of_folders(path: &Path) -> Option<Delivery> {
    let mut up = path.parent()?.iter().rev();
    let (dd, mm, yyyy) = (up.next()?, up.next()?, up.next()?);
    let first = day(yyyy.to_str()?, mm.to_str()?, dd.to_str()?)?
        .and_time(chrono::NaiveTime::MIN)
        .and_utc();
    Some((first, first + Duration::days(1)))
}

fn day(yyyy: &str, mm: &str, dd: &str) -> Option<NaiveDate> {
    let number = |text: &str, len: usize| {
        (text.len() == len && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    NaiveDate::from_ymd_opt(
        i32::try_from(number(yyyy, 4)?).ok()?,
        number(mm, 2)?,
        number(dd, 2)?,
    )
}

/// Whether the first bytes of a file without extension are gzip or the start of JSON.
fn looks_like_records(path: &Path) -> bool {
    let mut head = [0u8; 64];
    let Ok(count) = File::open(path).and_then(|mut file| file.read(&mut head)) else {
        // Let the reader meet the same error and tell it.
        return true;
    };
    let head = head.get(..count).unwrap_or_default();
    if head.starts_with(&[0x1f, 0x8b])
        || head.starts_with(&[0xff, 0xfe])
        || head.starts_with(&[0xfe, 0xff])
    {
        return true;
    }
    let text = head.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(head);
    matches!(
        text.iter().find(|b| !b.is_ascii_whitespace() && **b != 0),
        Some(b'{' | b'[')
    )
}

#[cfg(test)]
mod tests;
