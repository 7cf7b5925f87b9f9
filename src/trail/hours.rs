//! The end of a scan, hour by hour: parts merged, copies folded, rows sorted, records accounted for.
//!
//! An hour at a time is what keeps memory flat; an hour with more rows than there is room for is cut
//! into seconds first (`full`). Hours are finished side by side and handed on in their order.

use super::HourRows;
use super::dedupe::{Read, dedupe};
use super::full;
use super::gather::{Gather, HOUR_S, place};
use super::part::{Kept, Part};
use crate::bundle::manifest::Tally;
use crate::bundle::rows::{ChangeRow, ControlRow};
use crate::bundle::sheet::{Field, Sheet};
use anyhow::Context as _;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Hours finished at a time per thread; more would only hold more memory.
const AHEAD: usize = 2;

/// What became of the kept records, by place.
type Tallies = BTreeMap<String, Tally>;

/// How much is held at a time. A row takes about 600 bytes while its hour is finished: itself, its
/// IDs, the hash that finds its copies, and its place in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Rows of all that is finished side by side; an hour with more is cut.
    pub(super) rows: usize,
    /// Rows of a stretch of an hour that is cut.
    pub(super) stretch: usize,
    /// Names compared at a time to find copies that carry another time, 8 bytes each.
    pub(super) names: usize,
}

impl Room {
    /// About 30 MB: no more than what the threads hold while they read.
    pub(super) const USUAL: Self = Self {
        rows: 50_000,
        stretch: 25_000,
        names: 500_000,
    };

    /// How much is finished side by side.
    pub(super) fn side_by_side() -> usize {
        rayon::current_num_threads().max(1) * AHEAD
    }
}

/// A span of time with everything that was kept of it.
#[derive(Debug)]
pub(super) struct Stretch {
    /// Epoch seconds, half open.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) parts: Vec<Part>,
}

/// Finishes every hour, in order of time.
pub(super) fn finish<T: Send>(
    gathers: &mut [Gather],
    tallies: &mut Tallies,
    room: &Room,
    make: &(impl Fn(HourRows) -> anyhow::Result<T> + Sync),
    take: &mut impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut hours: BTreeMap<i64, usize> = BTreeMap::new();
    for (hour, rows) in gathers.iter().flat_map(Gather::hours) {
        *hours.entry(hour).or_default() += rows;
    }
    let mut few: Vec<i64> = Vec::new();
    let mut held = 0;
    for (hour, rows) in hours {
        let is_full = few.len() >= Room::side_by_side() || held + rows > room.rows;
        if is_full && !few.is_empty() {
            together(load(&few, gathers)?, tallies, make, take)?;
            few.clear();
            held = 0;
        }
        if rows <= room.rows {
            few.push(hour);
            held += rows;
            continue;
        }
        let mut folded = Tallies::new();
        full::cut(
            hour,
            gathers,
            room,
            |twice| folded = named(&counted_twice(&twice.kept), twice),
            |stretches| together(stretches, tallies, make, take),
        )
        .context("failed to go through a very full hour")?;
        add(tallies, folded);
    }
    together(load(&few, gathers)?, tallies, make, take)
}

fn load(hours: &[i64], gathers: &mut [Gather]) -> anyhow::Result<Vec<Stretch>> {
    let mut loaded = Vec::with_capacity(hours.len());
    for hour in hours {
        let mut parts = Vec::new();
        for gather in gathers.iter_mut() {
            parts.extend(
                gather
                    .take(*hour)
                    .context("failed to read a temporary file back; is the disk full?")?,
            );
        }
        loaded.push(Stretch {
            from: hour * HOUR_S,
            to: (hour + 1) * HOUR_S,
            parts,
        });
    }
    Ok(loaded)
}

/// Finishes some stretches side by side and hands them on in order.
fn together<T: Send>(
    loaded: Vec<Stretch>,
    tallies: &mut Tallies,
    make: &(impl Fn(HourRows) -> anyhow::Result<T> + Sync),
    take: &mut impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let done: Vec<anyhow::Result<(T, Tallies)>> = loaded
        .into_par_iter()
        .map(|stretch| {
            let (rows, tallies) = one(stretch);
            Ok((make(rows)?, tallies))
        })
        .collect();
    for result in done {
        let (made, counted) = result?;
        add(tallies, counted);
        take(made)?;
    }
    Ok(())
}

fn add(tallies: &mut Tallies, more: Tallies) {
    for (place, tally) in more {
        tallies.entry(place).or_default().add(&tally);
    }
}

/// Counts by the numbers of account and region.
type Counted = BTreeMap<(u32, u32), Tally>;

fn key(kept: &Kept) -> (u32, u32) {
    (
        kept.line.number(Field::RecipientAccount),
        kept.line.number(Field::Region),
    )
}

fn counted_twice(twice: &[Kept]) -> Counted {
    let mut counted = Counted::new();
    for kept in twice {
        counted.entry(key(kept)).or_default().duplicate += 1;
    }
    counted
}

fn named(counted: &Counted, part: &Part) -> Tallies {
    let mut tallies = Tallies::new();
    for ((account, region), tally) in counted {
        let place = place(part.texts.get(*account), part.texts.get(*region));
        tallies.entry(place).or_default().add(tally);
    }
    tallies
}

fn one(stretch: Stretch) -> (HourRows, Tallies) {
    let Stretch { from, to, parts } = stretch;
    let mut whole = merged(parts);
    let (kept, twice) = dedupe(std::mem::take(&mut whole.kept), &whole.texts);
    let mut counted = counted_twice(&twice);
    drop(twice);
    let mut changes = Vec::new();
    for kept in &kept {
        let read = Read {
            kept,
            texts: &whole.texts,
        };
        let tally = counted.entry(key(kept)).or_default();
        tally.used += 1;
        tally.late += u64::from(read.is_late());
        if kept.is_change() {
            changes.push(change_row(read));
        }
    }
    changes.sort();
    let tallies = named(&counted, &whole);
    let Part {
        texts, controls, ..
    } = whole;
    let mut control_rows: Vec<ControlRow> = controls
        .iter()
        .map(|((minute, account, region, source), control)| ControlRow {
            minute: *minute,
            account: texts.get(*account).to_owned(),
            region: texts.get(*region).to_owned(),
            event_source: texts.get(*source).to_owned(),
            calls: control.calls,
            errors: control.errors,
            faults: control.faults,
        })
        .collect();
    control_rows.sort();
    let lines = kept
        .into_iter()
        .filter(Kept::is_call)
        .map(|kept| kept.line)
        .collect();
    let rows = HourRows {
        start: from,
        end: to,
        calls: Sheet { texts, lines },
        changes,
        controls: control_rows,
    };
    (rows, tallies)
}

fn merged(mut parts: Vec<Part>) -> Part {
    // Parts read back do not know their texts any more, so they are the ones to be absorbed.
    let base = parts
        .iter()
        .position(|part| part.texts.is_searchable())
        .or_else(|| (parts.len() == 1).then_some(0));
    let mut whole = base.map_or_else(Part::default, |base| parts.swap_remove(base));
    for part in &parts {
        whole.absorb(part);
    }
    whole
}

fn change_row(read: Read<'_>) -> ChangeRow {
    let text = |field| read.field(field).to_owned();
    ChangeRow {
        event_time: read.kept.line.event_time,
        event_id: text(Field::EventId),
        request_id: text(Field::RequestId),
        account: text(Field::RecipientAccount),
        region: text(Field::Region),
        event_source: text(Field::EventSource),
        api: text(Field::Api),
        principal: text(Field::Principal),
        session: text(Field::Session),
        resource: read.texts.get(read.kept.resource).to_owned(),
        error_code: text(Field::ErrorCode),
        detail: read.texts.get(read.kept.detail).to_owned(),
    }
}
