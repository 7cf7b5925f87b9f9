//! One series on its own even axis: index 0 is the first period known, unknown periods are NaN.
//!
//! An absent period of a count is a zero only where nothing else explains the absence: CloudWatch
//! writes no point for a minute without calls, but it also loses or delays a point now and then. An
//! absent period of a gauge is never a zero.

use super::super::limits::Metric as Rules;
use super::order::{median, thinned};

/// Longest axis, ten weeks of minutes: a stray ancient point must not make millions of periods.
const MOST_PERIODS: i64 = 100_000;

/// What is known about a series before it is looked at. Seconds are Unix seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Length of a period in seconds, at least 1.
    pub(super) period: i64,
    /// Whether values are counts per period.
    pub(super) is_count: bool,
    /// Start of the window.
    pub(super) from: i64,
    /// End of what may be judged: the window's, or earlier where data are still arriving.
    pub(super) to: i64,
    /// First and last point of any series of the same answer: where a count without a point was
    /// asked for and is therefore zero.
    pub(super) answered: (i64, i64),
}

/// A series laid out evenly.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// Start of period 0.
    pub(super) start: i64,
    /// Seconds.
    pub(super) period: i64,
    /// Index of the first period of the window.
    pub(super) split: usize,
    /// One value per period, NaN where unknown.
    pub(super) values: Vec<f64>,
}

impl Axis {
    /// Lays out points that ascend in time; `None` when there are none to judge.
    pub(super) fn new(points: &[(i64, f64)], asked: &Asked, rules: &Rules) -> Option<Self> {
        let period = asked.period.max(1);
        let known: Vec<(i64, f64)> = points
            .iter()
            .copied()
            .filter(|(at, value)| *at < asked.to && value.is_finite())
            .collect();
        let (first, last) = (known.first()?.0, known.last()?.0);
        let (mut lo, mut hi) = (first, last);
        if asked.is_count {
            let earliest = asked.answered.0.min(first);
            let latest = asked.answered.1.min(asked.to - period).max(last);
            lo -= (first - earliest) / period * period;
            hi += (latest - last) / period * period;
        }
        lo = lo.max(hi.saturating_sub(MOST_PERIODS * period));
        let index = |at: i64| usize::try_from((at - lo).div_euclid(period)).ok();
        let mut values = vec![f64::NAN; index(hi)? + 1];
        for (at, value) in known {
            if let Some(slot) = index(at).and_then(|index| values.get_mut(index)) {
                *slot = value;
            }
        }
        if asked.is_count {
            fill(&mut values, rules);
        }
        // The first period that starts inside the window.
        let split = (asked.from - lo + period - 1).div_euclid(period).max(0);
        let split = usize::try_from(split).ok()?;
        (split < values.len()).then_some(Self {
            start: lo,
            period,
            split,
            values,
        })
    }

    /// Periods that make up so many seconds, at least one.
    pub(super) fn periods(&self, seconds: i64) -> usize {
        usize::try_from((seconds / self.period).max(1)).unwrap_or(1)
    }

    /// Start of a period in seconds.
    pub(super) fn at(&self, index: usize) -> i64 {
        self.start + i64::try_from(index).unwrap_or(i64::MAX / 4) * self.period
    }
}

/// Absent periods of a count become zero, except short holes in a series that is otherwise busy.
fn fill(values: &mut [f64], rules: &Rules) {
    let is_busy = median(&thinned(values, 4000)) >= rules.busy_counts;
    let mut at = 0;
    while at < values.len() {
        let Some(run) = values.get(at..) else { break };
        let absent = run.iter().take_while(|v| v.is_nan()).count();
        if absent == 0 {
            at += 1;
            continue;
        }
        let is_lost = is_busy && absent < rules.lost_periods && at + absent < values.len();
        if !is_lost && let Some(hole) = values.get_mut(at..at + absent) {
            hole.fill(0.0);
        }
        at += absent;
    }
}
