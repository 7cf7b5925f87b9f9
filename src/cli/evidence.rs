//! The trail into the bundle, from files, from what was fetched, or from both.
//!
//! What was fetched is read by the same scan as files; the calls of other services that AWS counted
//! join the hours they belong to. Must never write an hour twice or out of order.

use crate::bundle::manifest::SourceEntry;
use crate::bundle::rows::ControlRow;
use crate::bundle::sheet::Sheet;
use crate::bundle::{HourFiles, Writer};
use crate::collect::aws::trail::Harvest;
use crate::trail::{self, Progress, ScanRequest};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const HOUR_MINUTES: i64 = 60;

/// Counts by the epoch second at which their hour begins.
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
    let counted = Mutex::new(by_hour(harvest));
    let waiting = || -> MutexGuard<'_, Counted> {
        // Taking a row out is one step, so the map is sound whoever panicked.
        counted.lock().unwrap_or_else(PoisonError::into_inner)
    };
    let mut entry = trail::scan(
        &request,
        progress,
        |mut hour| {
            let counted = waiting().remove(&hour.start);
            hour.controls.extend(counted.unwrap_or_default());
            hour.controls.sort();
            let files = HourFiles::encode(hour.start, &hour.calls, &hour.changes, &hour.controls)?;
            Ok((hour.start, files))
        },
        |(start, files)| {
            // Hours before this one that only AWS counted.
            let mut before = waiting();
            let later = before.split_off(&start);
            for (start, rows) in std::mem::replace(&mut *before, later) {
                writer.hour(&only_counted(start, &rows)?)?;
            }
            drop(before);
            writer.hour(&files)
        },
    )?;
    for (start, rows) in std::mem::take(&mut *waiting()) {
        writer.hour(&only_counted(start, &rows)?)?;
    }
    if let Some(harvest) = harvest {
        harvest.amend(&mut entry);
    }
    Ok(entry)
}

fn only_counted(start: i64, rows: &[ControlRow]) -> anyhow::Result<HourFiles> {
    HourFiles::encode(start, &Sheet::default(), &[], rows)
}

fn by_hour(harvest: Option<&Harvest>) -> Counted {
    let mut out = Counted::new();
    for row in harvest.iter().flat_map(|harvest| &harvest.controls) {
        let start = row.minute.div_euclid(HOUR_MINUTES) * HOUR_MINUTES * 60;
        out.entry(start).or_default().push(row.clone());
    }
    out
}
