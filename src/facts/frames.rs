//! How the tables of a bundle become frames: hour by hour, never whole.
//!
//! A bundle is cut into one file an hour, so the span asked for decides which files are opened; only
//! the columns asked for are decoded, and no more than [`CHUNK_ROWS`] rows stand in memory at once,
//! however long the baseline and however busy the account. Whoever reads sums up as it goes. An hour
//! is one row group, or a few in a very busy account: statistics could skip next to nothing that the
//! name has not skipped already, so files are read one by one. What is asked of the rows is asked of
//! their distinct texts, on the thread that read them: a lazy plan wakes two thread pools, which for
//! some ten thousand rows costs more than the answer. Nothing outside `facts` sees a frame.

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
    only: Vec<Only>,
) -> Chunks {
    let scope = &case.scope;
    let mut columns: Vec<&str> = CALL.iter().chain(more).copied().collect();
    let mut conditions = vec![
        Only::any_of("recipient_account", &scope.accounts),
        Only::any_of("region", &scope.regions),
        Only::any_of("event_source", &scope.event_sources),
    ];
    if !scope.repositories.is_empty() {
        if !columns.contains(&"repository") {
            columns.push("repository");
        }
        // Calls without a repository (tokens) belong to every repository's story.
        let mut named = Only::any_of("repository", &scope.repositories);
        named.texts.push(String::new());
        conditions.push(named);
    }
    // An empty list asks for nothing.
    conditions.retain(|only| !only.texts.is_empty());
    conditions.extend(only);
    let wanted = Wanted {
        time: "event_time",
        from: span.from.timestamp(),
        to: ceil_second(span),
        conditions,
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
        conditions: Vec::new(),
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
    /// Everything else; all must hold.
    conditions: Vec<Only>,
}

/// Rows whose column has one of some texts, or none of them; nulls read as empty.
pub(super) struct Only {
    column: &'static str,
    texts: Vec<String>,
    is_one: bool,
}

impl Only {
    pub(super) fn any_of(column: &'static str, texts: &[String]) -> Self {
        Self {
            column,
            texts: texts.to_vec(),
            is_one: true,
        }
    }

    pub(super) fn none_of(column: &'static str, texts: &[String]) -> Self {
        Self {
            is_one: false,
            ..Self::any_of(column, texts)
        }
    }

    fn admits(&self, text: &str) -> bool {
        self.texts.iter().any(|one| one == text) == self.is_one
    }
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
        let inside = times.iter().map(|time| (from..to).contains(time));
        return masked(chunk, inside.collect());
    }
    let before = |end: i64| times.partition_point(|time| *time < end);
    let (from, to) = (before(from), before(to));
    let offset = i64::try_from(from).unwrap_or(i64::MAX);
    Ok(chunk.slice(offset, to.saturating_sub(from)))
}

/// The rows that satisfy every condition.
fn filtered(chunk: &DataFrame, conditions: &[Only]) -> anyhow::Result<DataFrame> {
    let mut wanted = vec![true; chunk.height()];
    for only in conditions {
        for cell in cells(chunk, [only.column])? {
            let [text] = &cell.key;
            if only.admits(text) {
                continue;
            }
            for row in &cell.rows {
                if let Some(wanted) = wanted.get_mut(*row as usize) {
                    *wanted = false;
                }
            }
        }
    }
    masked(chunk, wanted)
}

/// The rows marked, one mark for each.
pub(super) fn masked(chunk: &DataFrame, wanted: Vec<bool>) -> anyhow::Result<DataFrame> {
    // To find out that all are costs less than to copy them.
    if wanted.iter().all(|wanted| *wanted) {
        return Ok(chunk.clone());
    }
    Ok(chunk.filter_seq(&BooleanChunked::from_iter_values(
        PlSmallStr::EMPTY,
        wanted.into_iter(),
    ))?)
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

    /// The next chunk's wanted rows.
    fn wanted(&mut self) -> anyhow::Result<Option<DataFrame>> {
        while let Some(chunk) = self.chunk()? {
            let Wanted {
                time,
                from,
                to,
                conditions,
            } = &self.wanted;
            let mut wanted = between(&chunk, time, *from, *to)?;
            if wanted.height() > 0 {
                wanted = filtered(&wanted, conditions)?;
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
pub(super) struct Cell<'a, const N: usize> {
    /// The texts they share.
    pub(super) key: [&'a str; N],
    /// Where the rows stand in the frame, ascending.
    pub(super) rows: Vec<IdxSize>,
}

impl<const N: usize> Cell<'_, N> {
    /// The values of a number column at these rows.
    pub(super) fn of<'b>(&'b self, column: &'b [i64]) -> impl Iterator<Item = i64> + Clone + 'b {
        self.rows
            .iter()
            .filter_map(|row| column.get(*row as usize).copied())
    }
}

/// The cells of a frame, in the order in which they first occur.
///
/// Polars' own grouping copies the rows together, writes the texts of each out as one key and hashes
/// that, which was the dearest step behind the scan; here a text is looked at the first time it occurs.
pub(super) fn cells<'a, const N: usize>(
    frame: &'a DataFrame,
    columns: [&str; N],
) -> anyhow::Result<Vec<Cell<'a, N>>> {
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
    let mut cells: Vec<Cell<'a, N>> = keys
        .into_iter()
        .zip(sizes)
        .map(|(key, size)| Cell {
            key,
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

/// The cell each row belongs to.
pub(super) fn cell_of_row<const N: usize>(cells: &[Cell<'_, N>], height: usize) -> Vec<usize> {
    let mut cell_of_row = vec![0; height];
    for (number, cell) in cells.iter().enumerate() {
        for row in &cell.rows {
            if let Some(slot) = cell_of_row.get_mut(*row as usize) {
                *slot = number;
            }
        }
    }
    cell_of_row
}

/// Cells divided by the texts of one more column: the old cell, the text, and the rows, ascending.
/// `cell_of_row` numbers the old ones from zero.
pub(super) fn within<'a>(
    frame: &'a DataFrame,
    cell_of_row: &[usize],
    column: &str,
) -> anyhow::Result<Vec<(usize, &'a str, Vec<IdxSize>)>> {
    let cells = cell_of_row.iter().max().map_or(0, |last| last + 1);
    let mut new_of_row = cell_of_row.to_vec();
    let texts = frame.column(column)?.str()?;
    let texts = refined(&vec![[""]; cells], &mut new_of_row, 0, texts);
    let mut divided: Vec<(usize, &str, Vec<IdxSize>)> = texts
        .into_iter()
        .map(|[text]| (0, text, Vec::new()))
        .collect();
    for (row, (old, new)) in (0..).zip(cell_of_row.iter().zip(new_of_row)) {
        if let Some((cell, _, rows)) = divided.get_mut(new) {
            *cell = *old;
            rows.push(row);
        }
    }
    Ok(divided)
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
    let column = cast.i64()?;
    if column.null_count() > 0 {
        return Ok(column.iter().map(Option::unwrap_or_default).collect());
    }
    let mut numbers = Vec::with_capacity(column.len());
    for array in column.downcast_iter() {
        numbers.extend_from_slice(array.values());
    }
    Ok(numbers)
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
