//! Failures by caller and by repository before any episode is known, so that trouble of one of them
//! does not drown in the calls of all.
//!
//! Reads failing rows of the APIs that pull and push only: settings are probed by tools that expect
//! not to find them. The calls of a part are counted inside the window alone; its past is known by its
//! failures.

use super::frames::{self, any_of, numbers};
use super::types::{Dimension, FailingPart, Place};
use crate::bundle::Bundle;
use crate::case::{Case, Minute};
use crate::ecr::{self, Class, Plane};
use polars::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Fewer failures inside the window are no incident, whoever they belong to.
const LEAST_FAILURES: u32 = 5;
/// Parts kept per place, dimension and class: those with most failures inside the window.
const MOST_PARTS: usize = 40;

type Key = (Place, Dimension, String, String, Class);
type Minutes = BTreeMap<i64, u32>;

/// The failing parts of every place that failed inside the window.
pub(super) fn parts(
    bundle: &Bundle,
    case: &Case,
) -> anyhow::Result<BTreeMap<Place, Vec<FailingPart>>> {
    let mut failures = failures(bundle, case)?;
    let window = (
        Minute::of(case.window.from).0,
        Minute::of(case.window.from).0 + case.window.minutes(),
    );
    keep_large(&mut failures, window);
    let mut calls = calls(bundle, case, &failures)?;
    let mut parts: BTreeMap<Place, Vec<FailingPart>> = BTreeMap::new();
    for ((place, dimension, name, api, class), minutes) in failures {
        let counted = calls
            .get_mut(&(place.clone(), dimension, name.clone(), api.clone()))
            .map(|minutes| listed(minutes))
            .unwrap_or_default();
        parts.entry(place).or_default().push(FailingPart {
            dimension,
            name,
            api,
            class,
            minutes: listed(&minutes),
            calls: counted,
        });
    }
    Ok(parts)
}

fn listed(minutes: &Minutes) -> Vec<(Minute, u32)> {
    minutes
        .iter()
        .map(|(minute, count)| (Minute(*minute), *count))
        .collect()
}

fn failures(bundle: &Bundle, case: &Case) -> anyhow::Result<BTreeMap<Key, Minutes>> {
    let mut found: BTreeMap<Key, Minutes> = BTreeMap::new();
    let failed = col("error_code").neq(lit(""));
    let more = ["principal", "repository"];
    for chunk in frames::calls(bundle, case, case.whole(), &more, Some(failed)) {
        let chunk = chunk?;
        let times = numbers(&chunk, "event_time")?;
        let kinds = [
            "recipient_account",
            "region",
            "event_source",
            "api",
            "error_code",
            "principal",
            "repository",
        ];
        for cell in frames::cells(&chunk, kinds)? {
            let [account, region, source, api, code, principal, repository] = &cell.key;
            if !moves_images(source, api) {
                continue;
            }
            let class = ecr::knowledge().classify(code);
            let place = Place::of(account, region);
            for (dimension, name) in [
                (Dimension::Caller, principal),
                (Dimension::Repository, repository),
            ] {
                if name.is_empty() {
                    continue;
                }
                let key = (place.clone(), dimension, name.clone(), api.clone(), class);
                let minutes = found.entry(key).or_default();
                for time in cell.of(&times) {
                    let slot = minutes.entry(time.div_euclid(60)).or_default();
                    *slot = slot.saturating_add(1);
                }
            }
        }
    }
    Ok(found)
}

fn moves_images(source: &str, api: &str) -> bool {
    ecr::knowledge()
        .api(source, api)
        .is_some_and(|api| matches!(api.plane, Plane::Auth | Plane::Pull | Plane::Push))
}

fn keep_large(found: &mut BTreeMap<Key, Minutes>, window: (i64, i64)) {
    let inside = |minutes: &Minutes| -> u32 {
        minutes
            .range(window.0..window.1)
            .map(|(_, count)| *count)
            .fold(0, u32::saturating_add)
    };
    // By part and class over all its APIs: a pull fails at several steps.
    type Part = (Place, Dimension, String, Class);
    let mut sums: BTreeMap<Part, u32> = BTreeMap::new();
    for ((place, dimension, name, _, class), minutes) in &*found {
        let key = (place.clone(), *dimension, name.clone(), *class);
        let sum = sums.entry(key).or_default();
        *sum = sum.saturating_add(inside(minutes));
    }
    let mut ranks: BTreeMap<(Place, Dimension, Class), Vec<(u32, String)>> = BTreeMap::new();
    for ((place, dimension, name, class), sum) in sums {
        if sum >= LEAST_FAILURES {
            let key = (place, dimension, class);
            ranks.entry(key).or_default().push((sum, name));
        }
    }
    let mut kept: BTreeSet<Part> = BTreeSet::new();
    for ((place, dimension, class), mut names) in ranks {
        names.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
        for (_, name) in names.into_iter().take(MOST_PARTS) {
            kept.insert((place.clone(), dimension, name, class));
        }
    }
    found.retain(|(place, dimension, name, _, class), _| {
        kept.contains(&(place.clone(), *dimension, name.clone(), *class))
    });
}

type Counted = BTreeMap<(Place, Dimension, String, String), Minutes>;

/// All calls of these parts inside the window.
fn calls(
    bundle: &Bundle,
    case: &Case,
    failures: &BTreeMap<Key, Minutes>,
) -> anyhow::Result<Counted> {
    let mut counted: Counted = failures
        .keys()
        .map(|(place, dimension, name, api, _)| {
            let key = (place.clone(), *dimension, name.clone(), api.clone());
            (key, Minutes::new())
        })
        .collect();
    if counted.is_empty() {
        return Ok(counted);
    }
    for (dimension, column) in [
        (Dimension::Caller, "principal"),
        (Dimension::Repository, "repository"),
    ] {
        let distinct: BTreeSet<&String> = counted
            .keys()
            .filter(|(_, of, _, _)| *of == dimension)
            .map(|(_, _, name, _)| name)
            .collect();
        let names: Vec<String> = distinct.into_iter().cloned().collect();
        if names.is_empty() {
            continue;
        }
        let only = any_of(column, &names);
        for chunk in frames::calls(bundle, case, case.window, &[column], Some(only)) {
            let chunk = chunk?;
            let times = numbers(&chunk, "event_time")?;
            for cell in frames::cells(&chunk, ["recipient_account", "region", "api", column])? {
                let [account, region, api, name] = &cell.key;
                let place = Place::of(account, region);
                let key = (place, dimension, name.clone(), api.clone());
                let Some(minutes) = counted.get_mut(&key) else {
                    continue;
                };
                for time in cell.of(&times) {
                    let slot = minutes.entry(time.div_euclid(60)).or_default();
                    *slot = slot.saturating_add(1);
                }
            }
        }
    }
    Ok(counted)
}
