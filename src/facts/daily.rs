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
    let more = ["principal", "repository"];
    for chunk in frames::calls(bundle, case, whole, &more, None) {
        let chunk = chunk?;
        let times = numbers(&chunk, "event_time")?;
        for (party, column) in [
            (Party::Caller, "principal"),
            (Party::Repository, "repository"),
        ] {
            let by = ["recipient_account", "region", "error_code", column];
            for cell in frames::cells(&chunk, by)? {
                let [account, region, code, name] = &cell.key;
                if name.is_empty() {
                    continue;
                }
                let key = (party, account.clone(), region.clone(), name.clone());
                if known.len() >= 2 * MOST_NAMES && !known.contains_key(&key) {
                    continue;
                }
                let row = known.entry(key).or_insert_with(|| Daily {
                    party,
                    place: Place::of(account, region),
                    name: name.clone(),
                    calls: vec![0; days.len()],
                    failures: vec![0; days.len()],
                });
                let class = ecr::knowledge().classify(code);
                let failed = !matches!(class, Class::Success | Class::NotFound);
                for time in cell.of(&times) {
                    let day = days.iter().position(|day| {
                        day.from.timestamp() <= time && time < frames::ceil_second(*day)
                    });
                    let Some(day) = day else { continue };
                    if let Some(calls) = row.calls.get_mut(day) {
                        *calls += 1;
                    }
                    if let (true, Some(failures)) = (failed, row.failures.get_mut(day)) {
                        *failures += 1;
                    }
                }
            }
        }
    }
    Ok(known.into_values().collect())
}
