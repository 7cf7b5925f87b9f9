//! `calls`: the classified, deduplicated call table, for people who want the numbers.

use super::args::{CallsArgs, Column, TableFormat};
use super::progress::Bar;
use super::talk::{Volume, say};
use super::window;
use crate::bundle;
use crate::bundle::manifest::Outcome;
use crate::bundle::sheet::Field;
use crate::case::{Case, Instant, Interval, Minute, instant};
use crate::ecr::{self, Class};
use crate::failure::{Failure, Kind};
use crate::report::escape::Untrusted;
use crate::report::fmt;
use crate::trail::{self, HourRows};
use anyhow::Context as _;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufWriter, ErrorKind, Stdout, Write as _};
use std::path::PathBuf;

/// Counts the calls by the columns asked for and prints them, sorted.
pub(super) fn run(args: &CallsArgs) -> Result<u8, Failure> {
    let volume = args.talk.volume();
    let case = case(args, volume)?;
    if let Some(path) = &args.out
        && path.exists()
        && !args.force
    {
        return Err(Failure::usage(
            format!("{} exists", path.display()),
            "choose another file, or replace it with --force",
        ));
    }
    if args.format == TableFormat::Parquet && args.out.is_none() {
        return Err(Failure::usage(
            "a Parquet table needs a file",
            "name one with --out calls.parquet",
        ));
    }
    let request = trail::ScanRequest {
        inputs: args.cloudtrail.clone(),
        case: case.clone(),
        lateness_s: window::lateness_s(&args.trail, trail::LATENESS_S)?,
        with_callers: !case.scope.repositories.is_empty() || args.by.iter().any(is_of_caller),
        with_changes: false,
        with_controls: false,
    };
    let mut table = Table::new(args)?;
    let entry = trail::scan(
        &request,
        &Bar::new(volume),
        |hour| {
            let cells = count(&hour, &args.by, &case.scope.repositories);
            Ok((cells, hour.end.rem_euclid(MINUTE_S) == 0))
        },
        |(cells, ends_a_minute)| table.add(cells, ends_a_minute),
    )?;
    let tally = &entry.tally;
    let mut line = format!(
        "trail: {} read = {} used + {} skipped + {} duplicate + {} out of window",
        tally.read, tally.used, tally.skipped, tally.duplicate, tally.out_of_window
    );
    if entry.files_pruned > 0 {
        line.push_str(&format!(
            " ({} files read, {} left out by date, {} of them delivered more than {} after the \
             window; --lateness reads more)",
            entry.files_read,
            entry.files_pruned,
            entry.files_late,
            fmt::duration(request.lateness_s),
        ));
    }
    say(volume, &line);
    for refusal in &entry.refusals {
        say(
            volume,
            &format!("warning: {}: {}", refusal.input, refusal.why),
        );
    }
    if let Outcome::Unavailable { why, hint } = &entry.outcome {
        return Err(Failure {
            kind: Kind::Failed,
            error: anyhow::anyhow!("no CloudTrail record could be read: {why}"),
            hints: vec![hint.clone()],
        });
    }
    table.end()?;
    Ok(0)
}

/// The numbers behind a key; columns that are not asked for stay 0.
type Key = [u32; COLUMNS];

/// How many columns there are at most.
const COLUMNS: usize = 13;

const MINUTE_S: i64 = 60;

/// The counted cells of one hour, sorted by their texts.
struct Cells {
    /// For each column its distinct texts, sorted.
    texts: Vec<Vec<String>>,
    /// Keys as ranks among these texts.
    rows: Vec<(Key, u64)>,
}

impl Cells {
    fn key<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a str> {
        self.texts
            .iter()
            .zip(key)
            .map(|(texts, rank)| texts.get(*rank as usize).map_or("", String::as_str))
    }
}

/// Counts the calls of one hour. Keys are counted as numbers; only what differs becomes text.
fn count(hour: &HourRows, by: &[Column], repositories: &[String]) -> Cells {
    let calls = &hour.calls;
    let mut classes: HashMap<u32, u32> = HashMap::new();
    let mut counts: HashMap<Key, u64, foldhash::fast::RandomState> = HashMap::default();
    for line in &calls.lines {
        if !repositories.is_empty()
            && !repositories
                .iter()
                .any(|wanted| wanted == calls.text(line, Field::Repository))
        {
            continue;
        }
        let mut key = Key::default();
        for (slot, column) in key.iter_mut().zip(by) {
            *slot = match source(*column) {
                Source::Minute => {
                    let first = Minute::of_second(hour.start).0;
                    u32::try_from(Minute::of_second(line.event_time).0 - first).unwrap_or(0)
                }
                Source::Class => {
                    let code = line.number(Field::ErrorCode);
                    *classes.entry(code).or_insert_with(|| {
                        let class = ecr::knowledge().classify(calls.texts.get(code));
                        Class::ALL
                            .iter()
                            .position(|known| *known == class)
                            .and_then(|index| u32::try_from(index).ok())
                            .unwrap_or(0)
                    })
                }
                Source::Text(field) => line.number(field),
            };
        }
        *counts.entry(key).or_default() += 1;
    }
    let mut rows: Vec<(Key, u64)> = counts.into_iter().collect();
    let texts = by
        .iter()
        .enumerate()
        .map(|(slot, column)| rank(&mut rows, slot, |number| text(*column, number, hour)))
        .collect();
    rows.sort_unstable();
    // Two numbers can mean one text.
    rows.dedup_by(|next, first| {
        let same = next.0 == first.0;
        if same {
            first.1 += next.1;
        }
        same
    });
    Cells { texts, rows }
}

/// Replaces the numbers in one column by the ranks of their texts, which are given back sorted.
fn rank(rows: &mut [(Key, u64)], slot: usize, text: impl Fn(u32) -> String) -> Vec<String> {
    let mut numbers: Vec<u32> = rows
        .iter()
        .filter_map(|(key, _)| key.get(slot).copied())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut known: Vec<(String, u32)> = numbers
        .into_iter()
        .map(|number| (text(number), number))
        .collect();
    known.sort_unstable();
    let mut texts: Vec<String> = Vec::with_capacity(known.len());
    let mut ranks: HashMap<u32, u32> = HashMap::with_capacity(known.len());
    for (text, number) in known {
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        ranks.insert(number, u32::try_from(texts.len() - 1).unwrap_or(0));
    }
    for (key, _) in rows {
        if let Some(number) = key.get_mut(slot) {
            *number = ranks.get(number).copied().unwrap_or(0);
        }
    }
    texts
}

fn text(column: Column, number: u32, hour: &HourRows) -> String {
    match source(column) {
        Source::Minute => Minute::of_second(hour.start)
            .plus(i64::from(number))
            .to_string(),
        Source::Class => Class::ALL
            .get(number as usize)
            .map_or_else(String::new, |class| class.word().to_owned()),
        Source::Text(_) => hour.calls.texts.get(number).to_owned(),
    }
}

/// What a column is made of.
enum Source {
    Minute,
    Class,
    Text(Field),
}

fn source(column: Column) -> Source {
    Source::Text(match column {
        Column::Minute => return Source::Minute,
        Column::Class => return Source::Class,
        Column::Account => Field::RecipientAccount,
        Column::Region => Field::Region,
        Column::EventSource => Field::EventSource,
        Column::Api => Field::Api,
        Column::ErrorCode => Field::ErrorCode,
        Column::Principal => Field::Principal,
        Column::Session => Field::Session,
        Column::Repository => Field::Repository,
        Column::VpcEndpoint => Field::VpcEndpoint,
        Column::Source => Field::Source,
        Column::UserAgent => Field::UserAgent,
    })
}

/// Whether a column needs more of a record than its top-level names.
fn is_of_caller(column: &Column) -> bool {
    match column {
        Column::Minute
        | Column::Account
        | Column::Region
        | Column::EventSource
        | Column::Api
        | Column::Class
        | Column::ErrorCode => false,
        Column::Principal
        | Column::Session
        | Column::Repository
        | Column::VpcEndpoint
        | Column::Source
        | Column::UserAgent => true,
    }
}

/// The table as it grows. Sorted by minute first it is written hour by hour; else the cells of all
/// hours have to meet before the first can be written.
struct Table {
    format: TableFormat,
    header: Vec<String>,
    in_order: bool,
    rows: u64,
    cells: BTreeMap<Vec<String>, u64>,
    to: Target,
}

/// Where the table goes: a file gets its name only when it is complete.
enum Target {
    Stdout(BufWriter<Stdout>),
    File(BufWriter<tempfile::NamedTempFile>, PathBuf),
}

impl Target {
    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            // A reader that went away (`| head`) is not a failure.
            Self::Stdout(out) => match out.write_all(bytes) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    Err(error).context("failed to write to stdout")
                }
                _ => Ok(()),
            },
            Self::File(file, path) => file
                .write_all(bytes)
                .with_context(|| format!("failed to write {}", path.display())),
        }
    }

    fn end(self) -> anyhow::Result<()> {
        match self {
            Self::Stdout(mut out) => match out.flush() {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    Err(error).context("failed to write to stdout")
                }
                _ => Ok(()),
            },
            Self::File(file, path) => {
                let persist = || -> anyhow::Result<()> {
                    file.into_inner()?.persist(&path)?;
                    Ok(())
                };
                persist().with_context(|| format!("failed to write {}", path.display()))
            }
        }
    }
}

impl Table {
    fn new(args: &CallsArgs) -> anyhow::Result<Self> {
        let to = match &args.out {
            None => Target::Stdout(BufWriter::with_capacity(1 << 16, std::io::stdout())),
            Some(path) => {
                let folder = match path.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent,
                    _ => std::path::Path::new("."),
                };
                let file = tempfile::NamedTempFile::new_in(folder)
                    .with_context(|| format!("failed to write {}", path.display()))?;
                Target::File(BufWriter::new(file), path.clone())
            }
        };
        let mut table = Self {
            format: args.format,
            header: args.by.iter().map(|column| name(*column)).collect(),
            in_order: args.by.first() == Some(&Column::Minute)
                && args.format != TableFormat::Parquet,
            rows: 0,
            cells: BTreeMap::new(),
            to,
        };
        match table.format {
            TableFormat::Csv => {
                let header = format!("{},count\n", table.header.join(","));
                table.to.write(header.as_bytes())?;
            }
            TableFormat::Json => table.to.write(b"[")?,
            TableFormat::Parquet => {}
        }
        Ok(table)
    }

    /// Takes in the cells of an hour, or of a part of a very full one that may end inside a minute.
    fn add(&mut self, cells: Cells, ends_a_minute: bool) -> anyhow::Result<()> {
        if self.in_order && ends_a_minute && self.cells.is_empty() {
            return self.write(cells);
        }
        for (key, count) in &cells.rows {
            let key = cells.key(key).map(str::to_owned).collect();
            *self.cells.entry(key).or_default() += count;
        }
        if self.in_order && ends_a_minute {
            let cells = std::mem::take(&mut self.cells);
            return self.write(as_cells(&cells, self.header.len()));
        }
        Ok(())
    }

    fn write(&mut self, mut cells: Cells) -> anyhow::Result<()> {
        let mut text = String::new();
        if self.format == TableFormat::Csv {
            // Escaped once per text, not once per cell.
            for cell in cells.texts.iter_mut().flatten() {
                *cell = Untrusted::new(cell.as_str()).csv();
            }
        }
        for (key, count) in &cells.rows {
            if self.format == TableFormat::Json {
                text.push_str(if self.rows == 0 { "\n  " } else { ",\n  " });
                text.push_str(&self.object(cells.key(key), *count)?);
            } else {
                for cell in cells.key(key) {
                    text.push_str(cell);
                    text.push(',');
                }
                text.push_str(&count.to_string());
                text.push('\n');
            }
            self.rows += 1;
        }
        self.to.write(text.as_bytes())
    }

    fn object<'a>(&self, key: impl Iterator<Item = &'a str>, count: u64) -> anyhow::Result<String> {
        let object: serde_json::Map<String, serde_json::Value> = self
            .header
            .iter()
            .cloned()
            .zip(key.map(Into::into))
            .chain([("count".to_owned(), count.into())])
            .collect();
        Ok(serde_json::to_string(&object)?)
    }

    fn end(mut self) -> anyhow::Result<()> {
        let cells = std::mem::take(&mut self.cells);
        match self.format {
            TableFormat::Parquet => {
                let bytes = bundle::count_table(&self.header, &cells)?;
                self.to.write(&bytes)?;
            }
            TableFormat::Csv => self.write(as_cells(&cells, self.header.len()))?,
            TableFormat::Json => {
                self.write(as_cells(&cells, self.header.len()))?;
                self.to
                    .write(if self.rows == 0 { b"]\n" } else { b"\n]\n" })?;
            }
        }
        self.to.end()
    }
}

/// Sorted cells as [`Cells`]; each row has texts of its own.
fn as_cells(cells: &BTreeMap<Vec<String>, u64>, columns: usize) -> Cells {
    let mut texts = vec![Vec::with_capacity(cells.len()); columns];
    let mut rows = Vec::with_capacity(cells.len());
    for (rank, (key, count)) in (0..).zip(cells) {
        for (column, cell) in texts.iter_mut().zip(key) {
            column.push(cell.clone());
        }
        rows.push(([rank; COLUMNS], *count));
    }
    Cells { texts, rows }
}

/// Without a window flag everything in the archive is counted.
fn case(args: &CallsArgs, volume: Volume) -> Result<Case, Failure> {
    let now = window::now(&args.window)?;
    let mut notes = Vec::new();
    let window = window::interval(&args.window, now, &mut notes)?.unwrap_or_else(everything);
    for note in &notes {
        say(volume, note);
    }
    Ok(Case {
        window,
        baseline: Interval::new(window.from, window.from),
        scope: window::scope_of(&args.scope)?,
        now,
    })
}

/// From before CloudTrail existed to far beyond any clock.
fn everything() -> Interval {
    let far: Instant = instant(253_370_764_800);
    Interval::new(instant(0), far)
}

fn name(column: Column) -> String {
    clap::ValueEnum::to_possible_value(&column)
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}
