//! Failures by caller and by repository before any episode is known, so that trouble of one of them
//! does not drown in the calls of all.
//!
//! Reads failing rows of the APIs that pull and push only: settings are probed by tools that expect
//! not to find them. The calls of a part are counted inside the window alone; its past is known by its
//! failures.

use super::frames::{self, Cell, Only, numbers};
use super::types::{Dimension, FailingPart, Place};
use crate::bundle::Bundle;
use crate::case::{Case, Minute};
use crate::ecr::{self, Class, Plane};
use polars::prelude::DataFrame;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Fewer failures inside the window are no incident, whoever they belong to.
const LEAST_FAILURES: u32 = 5;
/// Parts kept per place, dimension and class: those with most failures inside the window.
const MOST_PARTS: usize = 40;

type Key = (Place, Dimension, String, String, Class);
type Minutes = BTreeMap<i64, u32>;

/// The parts worth watching, and their calls as they are counted.
///
/// Which parts matter is known once their failures are; all calls are then counted in the pass that
/// reads every call anyway, so that no row is read for them alone.
pub(super) struct Watched {
    failures: BTreeMap<Key, Minutes>,
    /// The window in Unix seconds.
    seconds: (i64, i64),
    calls: BTreeMap<Place, BTreeMap<String, [Names; 2]>>,
}

/// Calls of the watched callers, or of the watched repositories, by name.
type Names = HashMap<String, Counts, foldhash::fast::RandomState>;
/// Minutes and calls, in the order they came.
type Counts = Vec<(i64, u32)>;

const DIMENSIONS: [Dimension; 2] = [Dimension::Caller, Dimension::Repository];
/// The columns that name them.
pub(super) const NAMING: [&str; 2] = ["principal", "repository"];

impl Watched {
    /// The failing parts of every place that failed inside the window.
    pub(super) fn find(bundle: &Bundle, case: &Case) -> anyhow::Result<Self> {
        let mut failures = failures(bundle, case)?;
        let first = Minute::of(case.window.from).0;
        keep_large(&mut failures, (first, first + case.window.minutes()));
        let mut calls: BTreeMap<Place, BTreeMap<String, [Names; 2]>> = BTreeMap::new();
        for (place, dimension, name, api, _) in failures.keys() {
            let apis = calls.entry(place.clone()).or_default();
            let both = apis.entry(api.clone()).or_default();
            for (of, names) in DIMENSIONS.iter().zip(both) {
                if of == dimension {
                    names.entry(name.clone()).or_default();
                }
            }
        }
        Ok(Self {
            failures,
            seconds: (
                case.window.from.timestamp(),
                frames::ceil_second(case.window),
            ),
            calls,
        })
    }

    /// Counts the calls of a chunk, whose cells begin with account, region, source and API.
    pub(super) fn count<const N: usize>(
        &mut self,
        chunk: &DataFrame,
        cells: &[Cell<'_, N>],
        times: &[i64],
    ) -> anyhow::Result<()> {
        if self.calls.is_empty() {
            return Ok(());
        }
        let cell_of_row = frames::cell_of_row(cells, chunk.height());
        for (index, column) in NAMING.into_iter().enumerate() {
            for (cell, name, rows) in frames::within(chunk, &cell_of_row, column)? {
                let Some([account, region, _, api, ..]) = cells.get(cell).map(|cell| &cell.key[..])
                else {
                    continue;
                };
                let counts = self
                    .calls
                    .get_mut(&Place::of(account, region))
                    .and_then(|apis| apis.get_mut(*api)?.get_mut(index)?.get_mut(name));
                let Some(counts) = counts else {
                    continue;
                };
                for row in rows {
                    let Some(time) = times.get(row as usize) else {
                        continue;
                    };
                    if *time < self.seconds.0 || *time >= self.seconds.1 {
                        continue;
                    }
                    let minute = time.div_euclid(60);
                    match counts.last_mut() {
                        Some((last, count)) if *last == minute => *count = count.saturating_add(1),
                        _ => counts.push((minute, 1)),
                    }
                }
            }
        }
        Ok(())
    }

    /// What was found, by place.
    pub(super) fn parts(mut self) -> BTreeMap<Place, Vec<FailingPart>> {
        let sums = self.calls.values_mut().flat_map(BTreeMap::values_mut);
        for counts in sums.flatten().flat_map(HashMap::values_mut) {
            sum_up(counts);
        }
        let mut parts: BTreeMap<Place, Vec<FailingPart>> = BTreeMap::new();
        for ((place, dimension, name, api, class), minutes) in self.failures {
            let both = self.calls.get(&place).and_then(|apis| apis.get(&api));
            let counts = DIMENSIONS
                .iter()
                .zip(both.into_iter().flatten())
                .find(|(of, _)| **of == dimension)
                .and_then(|(_, names)| names.get(&name));
            let calls = counts.map(|counts| listed(counts.iter().copied()));
            parts.entry(place).or_default().push(FailingPart {
                dimension,
                name,
                api,
                class,
                minutes: listed(minutes),
                calls: calls.unwrap_or_default(),
            });
        }
        parts
    }
}

/// One entry a minute, ascending.
fn sum_up(counts: &mut Counts) {
    counts.sort_unstable();
    counts.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 = kept.1.saturating_add(later.1);
        }
        same
    });
}

fn listed(minutes: impl IntoIterator<Item = (i64, u32)>) -> Vec<(Minute, u32)> {
    minutes
        .into_iter()
        .map(|(minute, count)| (Minute(minute), count))
        .collect()
}

fn failures(bundle: &Bundle, case: &Case) -> anyhow::Result<BTreeMap<Key, Minutes>> {
    let mut found: BTreeMap<Key, Minutes> = BTreeMap::new();
    let failed = vec![Only::none_of("error_code", &[String::new()])];
    for chunk in frames::calls(bundle, case, case.whole(), &NAMING, failed) {
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
            for (dimension, name) in DIMENSIONS.into_iter().zip([principal, repository]) {
                if name.is_empty() {
                    continue;
                }
                let key = (
                    place.clone(),
                    dimension,
                    (*name).to_owned(),
                    (*api).to_owned(),
                    class,
                );
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
