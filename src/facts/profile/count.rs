//! One chunk of calls counted for some requests: by kind, by dimension, by message.

use super::draft::{DIMENSIONS, Draft};
use super::kind::{Kind, Period};
use super::row::Model;
use crate::case::Minute;
use crate::ecr;
use crate::facts::frames::{self, Cell, numbers, texts};
use polars::prelude::*;

/// What counting needs besides the columns every reader gets.
pub(super) const COLUMNS: [&str; 5] = DIMENSIONS;

/// Stands for "no request asks for this row".
const NOBODY: u32 = u32::MAX;

/// Adds the chunk to the requests. Messages and times are kept of incidents only.
pub(super) fn add(
    mut chunk: DataFrame,
    period: Period,
    drafts: &mut [Draft<'_>],
) -> anyhow::Result<()> {
    let cells = frames::cells(&chunk, ["recipient_account", "region", "api", "error_code"])?;
    let kinds: Vec<Kind<'_>> = cells.iter().map(kind).collect();
    let mut cell_of_row = vec![NOBODY; chunk.height()];
    // The requests each cell belongs to.
    let mut asked: Vec<Vec<usize>> = Vec::with_capacity(cells.len());
    for (number, (cell, kind)) in (0..NOBODY).zip(cells.iter().zip(&kinds)) {
        for draft in &mut *drafts {
            draft.add(*kind, period, cell.rows.len() as u64);
        }
        let by: Vec<usize> = (0..drafts.len())
            .filter(|index| drafts.get(*index).is_some_and(|draft| draft.affects(*kind)))
            .collect();
        if !by.is_empty() {
            for row in &cell.rows {
                if let Some(slot) = cell_of_row.get_mut(*row as usize) {
                    *slot = number;
                }
            }
        }
        asked.push(by);
    }
    if period == Period::Incident {
        for draft in &mut *drafts {
            find_failures(&chunk, &cells, &kinds, draft)?;
        }
    }
    chunk.with_column(Column::new("cell".into(), cell_of_row))?;
    let rows = frames::collect(chunk.lazy().filter(col("cell").neq(lit(NOBODY))))?;
    if rows.height() == 0 {
        return Ok(());
    }
    let of_cell = |cell: i64| {
        let cell = usize::try_from(cell).unwrap_or(usize::MAX);
        Some((asked.get(cell)?, *kinds.get(cell)?))
    };
    for (dimension, column) in DIMENSIONS.iter().enumerate() {
        let counted = frames::count_by(rows.clone().lazy(), &["cell", column])?;
        let counts = frames::counts(&counted)?;
        for ((cell, name), calls) in numbers(&counted, "cell")?
            .into_iter()
            .zip(texts(&counted, column)?)
            .zip(counts)
        {
            let Some((by, kind)) = of_cell(cell) else {
                continue;
            };
            for index in by {
                if let Some(draft) = drafts.get_mut(*index) {
                    draft.share(dimension, kind, name, period, calls);
                }
            }
        }
    }
    if period == Period::Incident {
        let counted = frames::collect(
            rows.lazy()
                .filter(col("error_code").neq(lit("")))
                .group_by([col("cell"), col("error_message")])
                .agg([
                    len().alias("n"),
                    col("event_time").min().alias("first"),
                    col("event_time").max().alias("last"),
                ]),
        )?;
        let counts = frames::counts(&counted)?;
        let spans = numbers(&counted, "first")?
            .into_iter()
            .zip(numbers(&counted, "last")?);
        for (((cell, message), calls), (first, last)) in numbers(&counted, "cell")?
            .into_iter()
            .zip(texts(&counted, "error_message")?)
            .zip(counts)
            .zip(spans)
        {
            let Some((by, kind)) = of_cell(cell) else {
                continue;
            };
            for index in by {
                if let Some(draft) = drafts.get_mut(*index) {
                    draft.codes.message(kind, message, calls, first, last);
                    draft.deny(kind, message, calls);
                }
            }
        }
    }
    Ok(())
}

fn kind(cell: &Cell<4>) -> Kind<'_> {
    let [account, region, api, code] = &cell.key;
    Kind {
        account,
        region,
        api,
        code,
        class: ecr::knowledge().classify(code),
    }
}

/// The minutes that failed, and the first failures, after which the sample is modelled.
fn find_failures(
    chunk: &DataFrame,
    cells: &[Cell<4>],
    kinds: &[Kind<'_>],
    draft: &mut Draft<'_>,
) -> anyhow::Result<()> {
    let times = numbers(chunk, "event_time")?;
    let mut first: Option<IdxSize> = None;
    let mut peak: Option<IdxSize> = None;
    for (cell, kind) in cells.iter().zip(kinds) {
        if !draft.affects(*kind) || !draft.fails(*kind) {
            continue;
        }
        let earliest = |known: Option<IdxSize>, row: Option<&IdxSize>| {
            known.into_iter().chain(row.copied()).min()
        };
        // Rows stand by time, so the least row is the earliest call.
        first = earliest(first, cell.rows.first());
        let minutes = || cell.of(&times).map(|time| Minute::of_second(time).0);
        draft.impaired.extend(minutes());
        let at_peak = minutes().position(|minute| minute == draft.request.peak.0);
        peak = earliest(peak, at_peak.and_then(|index| cell.rows.get(index)));
    }
    if draft.first.is_none()
        && let Some(row) = first
    {
        draft.first = Some(Model::at(chunk, row)?);
    }
    if draft.peak.is_none()
        && let Some(row) = peak
    {
        draft.peak = Some(Model::at(chunk, row)?);
    }
    Ok(())
}
