//! How the tables of a bundle become frames: hour by hour, never whole.
//!
//! A bundle is cut into one file an hour, so the span asked for decides which files are opened; only
//! the columns asked for are decoded, and no more than [`CHUNK_ROWS`] rows stand in memory at once,
//! however long the baseline and however busy the account. Whoever reads sums up as it goes. An hour
//! is one row group, or a few in a very busy account: statistics could skip next to nothing that the
//! name has not skipped already, so files are read one by one, and lazy expressions run on what was
//! read. Nothing outside `facts` sees a frame.

use crate::bundle::{Bundle, HourFile};
use crate::case::{Case, Interval, Minute};
use polars::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows read before anything is counted. Fewer cost more queries, more cost memory (about 200 bytes
/// a row with all columns); between 25,000 and 100,000 the time hardly changes.
const CHUNK_ROWS: usize = 50_000;

/// The columns every reader of calls gets.
const CALL: [&str; 6] = [
    "event_time",
    "recipient_account",
    "region",
    "event_source",
    "api",
    "error_code",
];

/// Calls in scope inside `span` that `only` admits, by time: the columns of [`CALL`] and `more`.
pub(super) fn calls(
    bundle: &Bundle,
    case: &Case,
    span: Interval,
    more: &[&str],
    only: Option<Expr>,
) -> Chunks {
    let scope = &case.scope;
    let mut columns: Vec<&str> = CALL.iter().chain(more).copied().collect();
    let mut conditions = vec![
        any_of("recipient_account", &scope.accounts),
        any_of("region", &scope.regions),
        any_of("event_source", &scope.event_sources),
    ];
    if !scope.repositories.is_empty() {
        if !columns.contains(&"repository") {
            columns.push("repository");
        }
        // Calls without a repository (tokens) belong to every repository's story.
        let named = any_of("repository", &scope.repositories);
        conditions.push(named.map(|named| named.or(col("repository").eq(lit("")))));
    }
    conditions.push(only);
    let wanted = Wanted {
        time: "event_time",
        from: span.from.timestamp(),
        to: ceil_second(span),
        condition: conditions.into_iter().flatten().reduce(Expr::and),
    };
    Chunks::new(bundle.calls(), span, &columns, wanted)
}

/// Control counts of the minutes that begin inside `span`, by time, all columns.
pub(super) fn controls(bundle: &Bundle, span: Interval) -> Chunks {
    let from = Minute::of(span.from).0;
    let wanted = Wanted {
        time: "minute",
        from,
        to: from + span.minutes(),
        condition: None,
    };
    let columns = [
        "minute",
        "account",
        "region",
        "event_source",
        "calls",
        "errors",
        "faults",
    ];
    Chunks::new(bundle.controls(), whole_minutes(span), &columns, wanted)
}

/// Which rows are wanted.
struct Wanted {
    /// The column that says when, and the half-open span it must lie in.
    time: &'static str,
    from: i64,
    to: i64,
    /// Everything else.
    condition: Option<Expr>,
}

/// The rows whose `time` lies in `[from, to)`. They stand by time, so a span is a slice: no row is
/// looked at and none is copied.
pub(super) fn between(
    chunk: &DataFrame,
    time: &str,
    from: i64,
    to: i64,
) -> anyhow::Result<DataFrame> {
    let times = numbers(chunk, time)?;
    if !times.is_sorted() {
        let inside = col(time).gt_eq(lit(from)).and(col(time).lt(lit(to)));
        return filtered(chunk, &inside);
    }
    let before = |end: i64| times.partition_point(|time| *time < end);
    let (from, to) = (before(from), before(to));
    let offset = i64::try_from(from).unwrap_or(i64::MAX);
    Ok(chunk.slice(offset, to.saturating_sub(from)))
}

/// The rows of which an expression is true.
fn filtered(chunk: &DataFrame, wanted: &Expr) -> anyhow::Result<DataFrame> {
    let is_wanted = collect(chunk.clone().lazy().select([wanted.clone()]))?;
    let [column] = is_wanted.columns() else {
        return Ok(chunk.clone());
    };
    let is_wanted = column.bool()?;
    // To find out that all are costs less than to copy them.
    Ok(match is_wanted.null_count() == 0 && is_wanted.all() {
        true => chunk.clone(),
        false => chunk.filter_seq(is_wanted)?,
    })
}

/// The rows of a table, a few files or a part of one at a time.
pub(super) struct Chunks {
    files: VecDeque<Rest>,
    columns: Vec<String>,
    wanted: Wanted,
    most: usize,
}

/// What is left to read of a file.
struct Rest {
    path: PathBuf,
    from: usize,
    rows: usize,
}

impl Chunks {
    fn new(files: Vec<HourFile>, span: Interval, columns: &[&str], wanted: Wanted) -> Self {
        Self {
            files: files
                .into_iter()
                .filter(|file| file.hour.is_none_or(|hour| hour.overlap(&span).is_some()))
                .map(|file| Rest {
                    path: file.path,
                    from: 0,
                    rows: usize::try_from(file.rows).unwrap_or(usize::MAX),
                })
                .collect(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            wanted,
            most: CHUNK_ROWS,
        }
    }

    /// Reads at most so many rows at once.
    #[cfg(test)]
    pub(super) fn of_rows(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// The rows of a part of a file.
    fn read(&self, path: &Path, from: usize, rows: usize) -> PolarsResult<DataFrame> {
        ParquetReader::new(File::open(path)?)
            .with_columns(Some(self.columns.clone()))
            .with_slice(Some((from, rows)))
            // Waking a thread pool costs more than an hour of calls.
            .read_parallel(ParallelStrategy::None)
            .finish()
    }

    /// The next rows that fit into `room`.
    fn part(&mut self, room: usize) -> Option<anyhow::Result<DataFrame>> {
        let mut rest = self
            .files
            .pop_front_if(|rest| rest.rows.min(self.most) <= room)?;
        let rows = rest.rows.min(self.most);
        let read = self.read(&rest.path, rest.from, rows).map_err(|error| {
            let what = format!("failed to read {}", rest.path.display());
            anyhow::Error::new(error).context(what)
        });
        rest.from += rows;
        rest.rows -= rows;
        if rest.rows > 0 {
            self.files.push_front(rest);
        }
        Some(read)
    }

    /// As many rows as fit, wanted or not.
    fn chunk(&mut self) -> anyhow::Result<Option<DataFrame>> {
        let mut chunk: Option<DataFrame> = None;
        let mut room = self.most;
        while let Some(frame) = self.part(room).transpose()? {
            room = room.saturating_sub(frame.height());
            match &mut chunk {
                None => chunk = Some(frame),
                Some(chunk) => {
                    chunk.vstack_mut_owned(frame)?;
                }
            }
        }
        Ok(chunk)
    }

    /// The next chunk's wanted rows. One expression over all of them: planning it for every file would
    /// cost more than the filter.
    fn wanted(&mut self) -> anyhow::Result<Option<DataFrame>> {
        while let Some(chunk) = self.chunk()? {
            let Wanted {
                time,
                from,
                to,
                condition,
            } = &self.wanted;
            let mut wanted = between(&chunk, time, *from, *to)?;
            if let (Some(condition), true) = (condition, wanted.height() > 0) {
                wanted = filtered(&wanted, condition)?;
            }
            if wanted.height() > 0 {
                return Ok(Some(wanted));
            }
        }
        Ok(None)
    }
}

impl Iterator for Chunks {
    type Item = anyhow::Result<DataFrame>;

    fn next(&mut self) -> Option<Self::Item> {
        self.wanted().transpose()
    }
}

/// The rows of a frame that share the texts of some columns.
///
/// There are hundreds of combinations of place, API and error code and millions of rows; whatever
/// depends on them alone (class, request it belongs to) is decided once for each, not joined to rows.
pub(super) struct Cell<const N: usize> {
    /// The texts they share.
    pub(super) key: [String; N],
    /// Where the rows stand in the frame, ascending.
    pub(super) rows: Vec<IdxSize>,
}

impl<const N: usize> Cell<N> {
    /// The values of a number column at these rows.
    pub(super) fn of<'a>(&'a self, column: &'a [i64]) -> impl Iterator<Item = i64> + Clone + 'a {
        self.rows
            .iter()
            .filter_map(|row| column.get(*row as usize).copied())
    }
}

/// The cells of a frame, in the order in which they first occur.
///
/// Polars' own grouping copies the rows together, writes the texts of each out as one key and hashes
/// that, which was the dearest step behind the scan; here a text is looked at the first time it occurs.
pub(super) fn cells<const N: usize>(
    frame: &DataFrame,
    columns: [&str; N],
) -> anyhow::Result<Vec<Cell<N>>> {
    let mut keys = vec![[""; N]];
    let mut cell_of_row = vec![0; frame.height()];
    for (place, name) in columns.into_iter().enumerate() {
        let texts = frame.column(name)?.str()?;
        keys = refined(&keys, &mut cell_of_row, place, texts);
    }
    let mut sizes = vec![0; keys.len()];
    for cell in &cell_of_row {
        if let Some(size) = sizes.get_mut(*cell) {
            *size += 1;
        }
    }
    let mut cells: Vec<Cell<N>> = keys
        .into_iter()
        .zip(sizes)
        .map(|(key, size)| Cell {
            key: key.map(str::to_owned),
            rows: Vec::with_capacity(size),
        })
        .collect();
    for (row, cell) in (0..).zip(cell_of_row) {
        if let Some(cell) = cells.get_mut(cell) {
            cell.rows.push(row);
        }
    }
    cells.retain(|cell| !cell.rows.is_empty());
    Ok(cells)
}

/// Divides cells by the texts of one more column, nulls read as empty: the keys of the new ones, and
/// the new one of each row.
fn refined<'a, const N: usize>(
    keys: &[[&'a str; N]],
    cell_of_row: &mut [usize],
    place: usize,
    texts: &'a StringChunked,
) -> Vec<[&'a str; N]> {
    let mut new_keys: Vec<[&'a str; N]> = Vec::new();
    let mut known: Known<&str> = Known::default();
    let mut rows = cell_of_row.iter_mut();
    for array in texts.downcast_iter() {
        // A view is 16 bytes that mean a text inside its own array: equal views are equal texts, so
        // most rows are told without looking at a text at all.
        let mut known_views: Known<u128> = Known::default();
        // What the row before of each old cell became.
        let mut last: Vec<Option<(u128, usize)>> = vec![None; keys.len()];
        for ((text, view), cell) in array.iter().zip(array.views().iter()).zip(&mut rows) {
            let view = text.map_or(0, |_| view.as_u128());
            let (Some(key), Some(last)) = (keys.get(*cell), last.get_mut(*cell)) else {
                continue;
            };
            let new = match last {
                Some((same, new)) if *same == view => *new,
                _ => *known_views.entry((*cell, view)).or_insert_with(|| {
                    let text = text.unwrap_or_default();
                    *known.entry((*cell, text)).or_insert_with(|| {
                        let mut key = *key;
                        if let Some(slot) = key.get_mut(place) {
                            *slot = text;
                        }
                        new_keys.push(key);
                        new_keys.len() - 1
                    })
                }),
            };
            *last = Some((view, new));
            *cell = new;
        }
    }
    new_keys
}

/// What an old cell becomes with a text.
type Known<T> = HashMap<(usize, T), usize, foldhash::fast::RandomState>;

/// Rows whose column equals one of the values; an empty list asks for nothing.
pub(super) fn any_of(column: &str, values: &[String]) -> Option<Expr> {
    values
        .iter()
        .map(|value| col(column).eq(lit(value.as_str())))
        .reduce(Expr::or)
}

/// A text column by value, borrowed; nulls read as empty.
pub(super) fn texts<'a>(
    frame: &'a DataFrame,
    name: &str,
) -> anyhow::Result<impl Iterator<Item = &'a str>> {
    Ok(frame
        .column(name)?
        .str()?
        .iter()
        .map(Option::unwrap_or_default))
}

/// An integer column by value; nulls read as zero.
pub(super) fn numbers(frame: &DataFrame, name: &str) -> anyhow::Result<Vec<i64>> {
    let cast = frame.column(name)?.cast(&DataType::Int64)?;
    Ok(cast.i64()?.iter().map(Option::unwrap_or_default).collect())
}

/// How often each row of a group-by occurred.
pub(super) fn counts(frame: &DataFrame) -> anyhow::Result<Vec<u64>> {
    let counts = numbers(frame, "n")?;
    Ok(counts.into_iter().map(i64::unsigned_abs).collect())
}

/// Rows of each combination of columns as `n`.
pub(super) fn count_by(frame: LazyFrame, columns: &[&str]) -> anyhow::Result<DataFrame> {
    let columns: Vec<Expr> = columns.iter().map(|name| col(*name)).collect();
    collect(frame.group_by(columns).agg([len().alias("n")]))
}

/// Collects with a message for people.
pub(super) fn collect(frame: LazyFrame) -> anyhow::Result<DataFrame> {
    frame.collect().map_err(|error| {
        anyhow::Error::new(error).context("failed to read the calls of the bundle")
    })
}

/// The span with its first minute made whole.
fn whole_minutes(span: Interval) -> Interval {
    let from = Minute::of(span.from);
    Interval::new(from.start(), from.plus(span.minutes()).start())
}

/// Event times are whole seconds, so a span that ends inside a second still admits that second.
pub(super) fn ceil_second(span: Interval) -> i64 {
    let second = span.to.timestamp();
    if span.to.timestamp_subsec_nanos() > 0 {
        second.saturating_add(1)
    } else {
        second
    }
}
