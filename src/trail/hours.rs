//! The end of a scan, hour by hour: parts merged, copies folded, rows sorted, records accounted for.
//!
//! An hour at a time is what keeps memory flat. Hours are finished side by side and handed on in
//! their order.

use super::HourRows;
use super::dedupe::{Read, dedupe};
use super::gather::{Gather, HOUR_S, place};
use super::part::{Kept, Part};
use crate::bundle::manifest::Tally;
use crate::bundle::rows::{ChangeRow, ControlRow};
use crate::bundle::sheet::{Field, Sheet};
use anyhow::Context as _;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Hours finished at a time per thread; more would only hold more memory.
const AHEAD: usize = 2;

/// What became of the kept records, by place.
type Tallies = BTreeMap<String, Tally>;

/// Finishes every hour, in order of time.
pub(super) fn finish<T: Send>(
    gathers: &mut [Gather],
    tallies: &mut Tallies,
    make: &(impl Fn(HourRows) -> anyhow::Result<T> + Sync),
    take: &mut impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let hours: BTreeSet<i64> = gathers.iter().flat_map(Gather::hours).collect();
    let hours: Vec<i64> = hours.into_iter().collect();
    for few in hours.chunks(rayon::current_num_threads().max(1) * AHEAD) {
        let mut loaded: Vec<(i64, Vec<Part>)> = Vec::with_capacity(few.len());
        for hour in few {
            let mut parts = Vec::new();
            for gather in gathers.iter_mut() {
                parts.extend(
                    gather
                        .take(*hour)
                        .context("failed to read a temporary file back; is the disk full?")?,
                );
            }
            loaded.push((*hour, parts));
        }
        let done: Vec<anyhow::Result<(T, Tallies)>> = loaded
            .into_par_iter()
            .map(|(hour, parts)| {
                let (rows, tallies) = one(hour, parts);
                Ok((make(rows)?, tallies))
            })
            .collect();
        for result in done {
            let (made, counted) = result?;
            for (place, tally) in counted {
                tallies.entry(place).or_default().add(&tally);
            }
            take(made)?;
        }
    }
    Ok(())
}

fn one(hour: i64, parts: Vec<Part>) -> (HourRows, Tallies) {
    let whole = merged(parts);
    let Part {
        texts,
        kept,
        controls,
        ..
    } = whole;
    let (kept, twice) = dedupe(kept, &texts);
    let mut counted: BTreeMap<(u32, u32), Tally> = BTreeMap::new();
    let key = |kept: &Kept| {
        (
            kept.line.number(Field::RecipientAccount),
            kept.line.number(Field::Region),
        )
    };
    for kept in &twice {
        counted.entry(key(kept)).or_default().duplicate += 1;
    }
    let mut changes = Vec::new();
    for kept in &kept {
        let read = Read {
            kept,
            texts: &texts,
        };
        let tally = counted.entry(key(kept)).or_default();
        tally.used += 1;
        tally.late += u64::from(read.is_late());
        if kept.is_change() {
            changes.push(change_row(read));
        }
    }
    changes.sort();
    let mut tallies = Tallies::new();
    for ((account, region), tally) in counted {
        let place = place(texts.get(account), texts.get(region));
        tallies.entry(place).or_default().add(&tally);
    }
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
        start: hour * HOUR_S,
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
