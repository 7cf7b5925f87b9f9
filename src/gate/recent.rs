//! The last hour of one region, minute by minute, counted back from its newest record.

use super::Limits;
use crate::case::{Instant, Interval, Minute};
use crate::ecr::Class;
use crate::facts::types::{CallSeries, Facts};

/// Counts of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Count {
    /// Calls, those for missing images left out: they say nothing about the registry.
    pub(super) calls: u64,
    /// Failed ones of any class.
    pub(super) failures: u64,
    /// Server faults, throttles, dependencies, unknown codes.
    pub(super) faults: u64,
    /// Minutes with calls.
    pub(super) minutes: u64,
}

/// One minute.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    calls: u64,
    failures: u64,
    faults: u64,
}

/// The calls of a region.
#[derive(Debug)]
pub(super) struct Recent {
    now: Instant,
    /// First instant after the newest record's minute.
    end: Option<Instant>,
    start: Minute,
    cells: Vec<Cell>,
}

impl Recent {
    pub(super) fn of(facts: &Facts, region: &str, now: Instant) -> Self {
        let whole = facts.case.whole();
        let start = Minute::of(whole.from);
        let len = usize::try_from(whole.minutes()).unwrap_or_default();
        let mut cells = vec![Cell::default(); len];
        let places = || {
            facts
                .trail
                .iter()
                .filter(|trail| trail.place.region == region)
        };
        for series in places().flat_map(|trail| &trail.series) {
            for (class, counts) in &series.classes {
                for (offset, count) in counts.iter().enumerate() {
                    let minute = series.start.plus(offset as i64);
                    let cell = usize::try_from(minute.0 - start.0)
                        .ok()
                        .and_then(|index| cells.get_mut(index));
                    if let (Some(cell), true) = (cell, *class != Class::NotFound) {
                        let count = u64::from(*count);
                        cell.calls += count;
                        if *class != Class::Success {
                            cell.failures += count;
                        }
                        if is_fault(*class) {
                            cell.faults += count;
                        }
                    }
                }
            }
        }
        let newest = places()
            .filter_map(|trail| trail.observed)
            .map(|seen| seen.to)
            .max();
        Self {
            now,
            end: newest.map(|at| crate::case::ceil_minute(at).min(crate::case::ceil_minute(now))),
            start,
            cells,
        }
    }

    /// Minutes since the newest record.
    pub(super) fn age_min(&self) -> Option<f64> {
        let end = self.end?;
        Some(((self.now - end).num_seconds() as f64 / 60.0).max(0.0))
    }

    /// The last minutes up to the newest record; up to now when there is none.
    pub(super) fn judged(&self, minutes: i64) -> Interval {
        let end = self.end.unwrap_or(self.now);
        Interval::new(end - chrono::Duration::minutes(minutes), end)
    }

    pub(super) fn count(&self, span: Interval) -> Count {
        let index =
            |at: Instant| usize::try_from(Minute::of(at).0 - self.start.0).unwrap_or_default();
        let (from, to) = (index(span.from), index(span.to).min(self.cells.len()));
        let mut sum = Count::default();
        for cell in self.cells.get(from..to).unwrap_or_default() {
            sum.calls += cell.calls;
            sum.failures += cell.failures;
            sum.faults += cell.faults;
            sum.minutes += u64::from(cell.calls > 0);
        }
        sum
    }

    /// Bad minutes of the memory, numbered back from the newest record (0 is the last). A minute is
    /// judged with those before it, so that a spell is not cut by one good minute.
    pub(super) fn bad_minutes(&self, limits: &Limits) -> Vec<i64> {
        let end = self.end.unwrap_or(self.now);
        let length = chrono::Duration::minutes(limits.smooth_min.max(1));
        (0..limits.memory_min)
            .filter(|back| {
                let to = end - chrono::Duration::minutes(*back);
                let of = self.count(Interval::new(to - length, to));
                of.faults >= limits.fewest_failures
                    && of.faults as f64 > of.calls as f64 * limits.fault_limit
            })
            .collect()
    }
}

/// Classes that hit whoever deploys next; a denial or a client's mistake is the caller's own.
fn is_fault(class: Class) -> bool {
    matches!(
        class,
        Class::ServerError | Class::Throttle | Class::Dependency | Class::Unclassified
    )
}

/// Calls of the busiest minute of a span.
pub(super) fn busiest(series: &CallSeries, span: Interval) -> u32 {
    let (from, to) = (Minute::of(span.from), Minute::of(span.to));
    series
        .calls()
        .into_iter()
        .enumerate()
        .filter(|(index, _)| {
            let minute = series.start.plus(*index as i64);
            from <= minute && minute < to
        })
        .map(|(_, calls)| calls)
        .max()
        .unwrap_or_default()
}
