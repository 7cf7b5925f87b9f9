//! Callers and repositories day by day, for who compares one day with those before it.
//!
//! Counts only, one pass over the table in chunks. Names are capped in number: it must never grow
//! with an account that makes up a name for every build.

use super::frames::{self, numbers};
use super::parties::{Daily, Party};
use super::types::Place;
use crate::bundle::Bundle;
use crate::case::{Case, Interval};
use crate::ecr::{self, Class};
use std::collections::BTreeMap;

/// Names kept of each kind; later ones are not counted. An account has a thousand roles by default.
const MOST_NAMES: usize = 20_000;

/// The columns that name callers and repositories.
const NAMES: [(Party, &str); 2] = [
    (Party::Caller, "principal"),
    (Party::Repository, "repository"),
];

/// Calls and failures (`not_found` left out) of each caller and repository in each of the spans,
/// which must not overlap. Sorted by kind, place and name; calls without a name are left out.
///
/// # Errors
/// When the bundle cannot be read.
pub fn daily(bundle: &Bundle, case: &Case, days: &[Interval]) -> anyhow::Result<Vec<Daily>> {
    let Some(whole) = days.iter().copied().reduce(|a, b| a.hull(&b)) else {
        return Ok(Vec::new());
    };
    let Some(whole) = whole.overlap(&case.whole()) else {
        return Ok(Vec::new());
    };
    let mut known: BTreeMap<(Party, String, String, String), Daily> = BTreeMap::new();
    let seconds: Vec<(i64, i64)> = days
        .iter()
        .map(|day| (day.from.timestamp(), frames::ceil_second(*day)))
        .collect();
    for chunk in frames::calls(
        bundle,
        case,
        whole,
        &NAMES.map(|(_, column)| column),
        Vec::new(),
    ) {
        let chunk = chunk?;
        let times = numbers(&chunk, "event_time")?;
        let day_of_row: Vec<Option<usize>> = times
            .iter()
            .map(|time| {
                seconds
                    .iter()
                    .position(|(from, to)| (*from..*to).contains(time))
            })
            .collect();
        let cells = frames::cells(&chunk, ["recipient_account", "region", "error_code"])?;
        let cell_of_row = frames::cell_of_row(&cells, chunk.height());
        for (party, column) in NAMES {
            for (cell, name, rows) in frames::within(&chunk, &cell_of_row, column)? {
                let Some(cell) = cells.get(cell).filter(|_| !name.is_empty()) else {
                    continue;
                };
                let [account, region, code] = cell.key;
                let key = (
                    party,
                    account.to_owned(),
                    region.to_owned(),
                    name.to_owned(),
                );
                if known.len() >= 2 * MOST_NAMES && !known.contains_key(&key) {
                    continue;
                }
                let daily = known.entry(key).or_insert_with(|| Daily {
                    party,
                    place: Place::of(account, region),
                    name: name.to_owned(),
                    calls: vec![0; days.len()],
                    failures: vec![0; days.len()],
                });
                let class = ecr::knowledge().classify(code);
                let failed = !matches!(class, Class::Success | Class::NotFound);
                for row in rows {
                    let day = day_of_row.get(row as usize).copied().flatten();
                    let Some(day) = day else { continue };
                    if let Some(calls) = daily.calls.get_mut(day) {
                        *calls += 1;
                    }
                    if let (true, Some(failures)) = (failed, daily.failures.get_mut(day)) {
                        *failures += 1;
                    }
                }
            }
        }
    }
    Ok(known.into_values().collect())
}
