//! One dense minute axis for everything detection looks at: baseline, then window. Facts that cover
//! another span are cut or padded here, so that no later step indexes past an end.

use crate::case::{Instant, Minute, ceil_minute};
use crate::facts::types::{CallSeries, Facts};

/// Minutes in a day.
pub(super) const DAY: usize = 1440;

/// Longest axis, about 14 months: a guard against absurd windows, not a limit anybody meets.
const MOST_MINUTES: i64 = 600_000;

/// The minute axis of a case. Index 0 is the first baseline minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// Minute of index 0.
    pub(super) start: Minute,
    /// Index of the first minute of the window; minutes before it are baseline.
    pub(super) split: usize,
    /// Number of minutes.
    pub(super) len: usize,
    /// Index of the first minute whose trail may still be incomplete, at most `len`.
    pub(super) settled: usize,
}

impl Grid {
    pub(super) fn new(facts: &Facts) -> Self {
        let window = facts.case.window;
        let to = Minute::of(ceil_minute(window.to)).0;
        let earliest = to.saturating_sub(MOST_MINUTES);
        let split = Minute::of(window.from).0.clamp(earliest, to);
        let start = Minute::of(facts.case.baseline.from)
            .0
            .clamp(earliest, split);
        let start = start + silent_days(facts, start, split);
        let settled = Minute::of(facts.settled_until).0.clamp(split, to);
        let index = |minute: i64| usize::try_from(minute - start).unwrap_or(0);
        Self {
            start: Minute(start),
            split: index(split),
            len: index(to),
            settled: index(settled),
        }
    }

    /// The minute of an index.
    pub(super) fn minute(&self, index: usize) -> Minute {
        self.start
            .plus(i64::try_from(index).unwrap_or(i64::MAX / 2))
    }

    /// The index of a minute, clamped to the axis.
    pub(super) fn index(&self, minute: Minute) -> usize {
        let offset = minute.0.saturating_sub(self.start.0);
        usize::try_from(offset).unwrap_or(0).min(self.len)
    }

    /// The index of the minute that holds `at`, clamped to the axis.
    pub(super) fn index_of(&self, at: Instant) -> usize {
        self.index(Minute::of(at))
    }

    /// Counts that start at `start`, laid on the axis; minutes they do not cover are zero.
    pub(super) fn lay(&self, start: Minute, counts: &[u32]) -> Vec<u32> {
        let mut laid = vec![0; self.len];
        let offset = start.0.saturating_sub(self.start.0);
        let (skip, at) = if offset < 0 {
            (usize::try_from(-offset).unwrap_or(usize::MAX), 0)
        } else {
            (0, usize::try_from(offset).unwrap_or(usize::MAX))
        };
        let source = counts.get(skip..).unwrap_or_default();
        let target = laid.get_mut(at..).unwrap_or_default();
        for (to, from) in target.iter_mut().zip(source) {
            *to = *from;
        }
        laid
    }

    /// All calls of a series on the axis.
    pub(super) fn calls(&self, series: &CallSeries) -> Vec<u32> {
        let mut sum = vec![0; self.len];
        for counts in series.classes.values() {
            add(&mut sum, &self.lay(series.start, counts));
        }
        sum
    }

    /// The complete days before the window as index ranges, latest first.
    pub(super) fn days(&self, most: usize) -> Vec<(usize, usize)> {
        (1..=most)
            .map_while(|back| {
                let from = self.split.checked_sub(back * DAY)?;
                Some((from, from + DAY))
            })
            .collect()
    }
}

/// Minutes to leave out between `start` and `split` because the archive had not begun: whole days, so
/// that the days counted back from the window stay the same, and all but the last of them, so that
/// whoever looks back from the first record sees that nothing is there. A day without an archive
/// teaches nothing and would cost as much as one with it.
fn silent_days(facts: &Facts, start: i64, split: i64) -> i64 {
    let day = i64::try_from(DAY).unwrap_or(i64::MAX);
    let observed = facts.trail.iter().filter_map(|trail| trail.observed);
    let first = observed.map(|span| Minute::of(span.from).0).min();
    let silent = first.unwrap_or(start).clamp(start, split) - start;
    (silent / day - 1).max(0) * day
}

/// Adds `more` to `sum`, minute by minute.
pub(super) fn add(sum: &mut [u32], more: &[u32]) {
    for (total, count) in sum.iter_mut().zip(more) {
        *total = total.saturating_add(*count);
    }
}

/// The sum of a range; empty outside the slice.
pub(super) fn total(counts: &[u32], from: usize, to: usize) -> u64 {
    counts
        .get(from..to.min(counts.len()))
        .unwrap_or_default()
        .iter()
        .map(|count| u64::from(*count))
        .sum()
}
