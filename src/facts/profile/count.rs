//! One chunk of calls counted for some requests: by kind, by dimension, by message.

use super::draft::{DIMENSIONS, Draft};
use super::kind::{Kind, Period};
use super::row::Model;
use crate::case::Minute;
use crate::ecr;
use crate::facts::frames::{self, Cell, numbers};
use polars::prelude::*;

/// What counting needs besides the columns every reader gets.
pub(super) const COLUMNS: [&str; 5] = DIMENSIONS;

/// Adds the chunk to the requests. Messages and times are kept of incidents only.
pub(super) fn add(
    chunk: &DataFrame,
    period: Period,
    drafts: &mut [Draft<'_>],
) -> anyhow::Result<()> {
    let cells = frames::cells(chunk, ["recipient_account", "region", "api", "error_code"])?;
    let kinds: Vec<Kind<'_>> = cells.iter().map(kind).collect();
    let mut cell_of_row: Vec<Option<usize>> = vec![None; chunk.height()];
    // The requests each cell belongs to.
    let mut asked: Vec<Vec<usize>> = Vec::with_capacity(cells.len());
    for (number, (cell, kind)) in cells.iter().zip(&kinds).enumerate() {
        for draft in &mut *drafts {
            draft.add(*kind, period, cell.rows.len() as u64);
        }
        let by: Vec<usize> = (0..drafts.len())
            .filter(|index| drafts.get(*index).is_some_and(|draft| draft.affects(*kind)))
            .collect();
        if !by.is_empty() {
            for row in &cell.rows {
                if let Some(slot) = cell_of_row.get_mut(*row as usize) {
                    *slot = Some(number);
                }
            }
        }
        asked.push(by);
    }
    if period == Period::Incident {
        for draft in &mut *drafts {
            find_failures(chunk, &cells, &kinds, draft)?;
        }
    }
    let rows = frames::masked(chunk, cell_of_row.iter().map(Option::is_some).collect())?;
    let cell_of_row: Vec<usize> = cell_of_row.into_iter().flatten().collect();
    if cell_of_row.is_empty() {
        return Ok(());
    }
    let of_cell = |cell: usize| Some((asked.get(cell)?, *kinds.get(cell)?));
    for (dimension, column) in DIMENSIONS.iter().enumerate() {
        for (cell, name, rows) in frames::within(&rows, &cell_of_row, column)? {
            let Some((by, kind)) = of_cell(cell) else {
                continue;
            };
            for index in by {
                if let Some(draft) = drafts.get_mut(*index) {
                    draft.share(dimension, kind, name, period, rows.len() as u64);
                }
            }
        }
    }
    if period == Period::Incident {
        let times = numbers(&rows, "event_time")?;
        for (cell, message, rows) in frames::within(&rows, &cell_of_row, "error_message")? {
            let Some((by, kind)) = of_cell(cell) else {
                continue;
            };
            let times = rows.iter().filter_map(|row| times.get(*row as usize));
            let (Some(first), Some(last), false) =
                (times.clone().min(), times.max(), kind.code.is_empty())
            else {
                continue;
            };
            let calls = rows.len() as u64;
            for index in by {
                if let Some(draft) = drafts.get_mut(*index) {
                    draft.codes.message(kind, message, calls, *first, *last);
                    draft.deny(kind, message, calls);
                }
            }
        }
    }
    Ok(())
}

fn kind<'a>(cell: &Cell<'a, 4>) -> Kind<'a> {
    let [account, region, api, code] = cell.key;
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
    cells: &[Cell<'_, 4>],
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
