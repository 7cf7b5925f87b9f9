//! The trail into the bundle, from files, from what was fetched, or from both.
//!
//! What was fetched is read by the same scan as files; the calls of other services that AWS counted
//! join the hours they belong to, or the part that an hour is cut into. Must never write an hour twice or
//! out of order.

use crate::bundle::manifest::SourceEntry;
use crate::bundle::rows::ControlRow;
use crate::bundle::sheet::Sheet;
use crate::bundle::{HourFiles, Writer};
use crate::collect::aws::trail::Harvest;
use crate::trail::{self, Progress, ScanRequest};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 3_600;

/// Counts by the epoch second at which their minute begins.
type Counted = BTreeMap<i64, Vec<ControlRow>>;

/// Reads files and harvest into the bundle and gives the ledger's line.
pub(super) fn trail(
    mut request: ScanRequest,
    harvest: Option<&Harvest>,
    writer: &mut Writer,
    progress: &dyn Progress,
) -> anyhow::Result<SourceEntry> {
    writer.trail()?;
    request
        .inputs
        .extend(harvest.and_then(|harvest| harvest.records.clone()));
    let counted = Mutex::new(by_minute(harvest));
    let waiting = || -> MutexGuard<'_, Counted> {
        // Taking a row out is one step, so the map is sound whoever panicked.
        counted.lock().unwrap_or_else(PoisonError::into_inner)
    };
    let mut entry = trail::scan(
        &request,
        progress,
        |mut hour| {
            let mut all = waiting();
            let mut counted = all.split_off(&hour.start);
            all.append(&mut counted.split_off(&hour.end));
            drop(all);
            if let Some(harvest) = harvest {
                hour.controls.retain(|row| !harvest.has_counted(row));
            }
            hour.controls.extend(counted.into_values().flatten());
            hour.controls.sort();
            let files = HourFiles::encode(hour.start, &hour.calls, &hour.changes, &hour.controls)?;
            Ok((hour.start, files))
        },
        |(start, files)| {
            // Hours before this one that only AWS counted.
            let mut before = waiting();
            let later = before.split_off(&start);
            let only_counted = std::mem::replace(&mut *before, later);
            drop(before);
            write_counts(only_counted, writer)?;
            writer.hour(&files)
        },
    )?;
    write_counts(std::mem::take(&mut *waiting()), writer)?;
    if let Some(harvest) = harvest {
        harvest.amend(&mut entry);
    }
    Ok(entry)
}

/// Writes hours of which nothing but counts is known.
fn write_counts(counted: Counted, writer: &mut Writer) -> anyhow::Result<()> {
    let mut hours: BTreeMap<i64, Vec<ControlRow>> = BTreeMap::new();
    for (minute, rows) in counted {
        let hour = minute.div_euclid(HOUR_S) * HOUR_S;
        hours.entry(hour).or_default().extend(rows);
    }
    for (start, mut rows) in hours {
        rows.sort();
        writer.hour(&HourFiles::encode(start, &Sheet::default(), &[], &rows)?)?;
    }
    Ok(())
}

fn by_minute(harvest: Option<&Harvest>) -> Counted {
    let mut out = Counted::new();
    for row in harvest.iter().flat_map(|harvest| &harvest.controls) {
        out.entry(row.minute * MINUTE_S)
            .or_default()
            .push(row.clone());
    }
    out
}
