//! What a series should have shown: its own time of day on other days, with the trend taken out and
//! the day of the week and a new level from yesterday allowed for.
//!
//! Medians throughout, so that a past event does not become normal. A day is never among the days
//! it is compared with, or prior days would look calmer than the window can be.

use super::super::limits::Metric as Rules;
use super::axis::Axis;
use super::days::Days;
use super::scale::Scale;

/// Expectation of a series and where it was learnt. Values are on the series' scale.
#[derive(Debug)]
pub(super) struct Expected {
    /// One per period.
    pub(super) values: Vec<f64>,
    /// Pieces of the past (or, without one, of everything) that speak for what is normal: days
    /// where there are enough, else shorter pieces. Ascending, not overlapping.
    pub(super) blocks: Vec<(usize, usize)>,
    /// Days of a kind (weekend or not) that none of the days compared with is of. Ascending.
    pub(super) strange: Vec<(usize, usize)>,
    /// Whether there was a past to learn from; else the window was compared with itself.
    pub(super) past: bool,
    /// Whether `values` follow the time of day.
    pub(super) by_day: bool,
}

/// Seconds of a day.
pub(super) const DAY_S: i64 = 86_400;
/// Pieces a past without days is cut into.
const PIECES: usize = 8;

/// What is taken for the middle of a slot.
#[derive(Debug, Clone, Copy)]
pub(super) enum Middle {
    /// The median, which one wild period does not move.
    Median,
    /// The mean on the series' own unit, for counts that are mostly zero: their median is zero
    /// whatever their rate. Medians over days still keep a past event out.
    Mean(Scale),
}

impl Middle {
    /// The middle of the known values; NaN when there are none.
    pub(super) fn of(self, values: &[f64]) -> f64 {
        let Self::Mean(scale) = self else {
            return median_or_nan(values);
        };
        let known = values.iter().copied().filter(|v| v.is_finite());
        let (sum, count) = known.fold((0.0, 0.0), |(sum, count), value| {
            (sum + scale.back(value), count + 1.0)
        });
        if count > 0.0 {
            scale.to(sum / count)
        } else {
            f64::NAN
        }
    }

    /// Rare calls need longer slots before their rate can be told.
    pub(super) fn slot_minutes(self, rules: &Rules) -> i64 {
        match self {
            Self::Median => rules.slot_minutes,
            Self::Mean(_) => rules.slot_minutes_sparse,
        }
    }
}

/// Learns from values on the series' scale (NaN where unknown).
///
/// `until` is the end of what came before: the start of the window, or later where the window's own
/// beginning is all there is.
pub(super) fn learn(
    values: &[f64],
    axis: &Axis,
    until: usize,
    middle: Middle,
    rules: &Rules,
) -> Expected {
    Days::new(values, axis, until, middle, rules).map_or_else(
        || flat(values, axis, until, middle, rules),
        |days| days.expected(values, rules),
    )
}

/// One level for all times, learnt before the window if enough is known there.
fn flat(values: &[f64], axis: &Axis, until: usize, middle: Middle, rules: &Rules) -> Expected {
    let past = until.min(values.len());
    let known = |part: &[f64]| part.iter().filter(|v| v.is_finite()).count();
    let before = values.get(..past).unwrap_or_default();
    let is_past = known(before) >= rules.least_points.max((values.len() - past) / 4);
    let to = if is_past { past } else { values.len() };
    let learnt = values.get(..to).unwrap_or_default();
    let piece = to.div_ceil(PIECES).max(1);
    let level = middle.of(learnt);
    let mut expected = vec![level; values.len()];
    let day = axis.periods(DAY_S);
    let reach = axis.periods(rules.slot_minutes * 90);
    if is_past && past >= day {
        // One day is no profile, but what yesterday showed at this hour is no news either.
        let mut usual = (usize::MAX, level);
        for at in past..(past + day).min(values.len()) {
            let centre = at - day;
            if centre / reach != usual.0 {
                let lo = (centre / reach * reach).saturating_sub(reach / 2);
                let hi = (lo + 2 * reach).min(past);
                usual = (
                    centre / reach,
                    middle.of(values.get(lo..hi).unwrap_or_default()),
                );
            }
            if let (Some(value), Some(expected)) = (values.get(at), expected.get_mut(at))
                && (value - usual.1).abs() < (value - level).abs()
            {
                *expected = usual.1;
            }
        }
    }
    Expected {
        values: expected,
        past: is_past,
        blocks: (0..to)
            .step_by(piece)
            .map(|from| (from, (from + piece).min(to)))
            .collect(),
        strange: Vec::new(),
        by_day: false,
    }
}

/// Linear interpolation, the nearest known value beyond the ends.
pub(super) fn between(values: &[f64], place: f64) -> f64 {
    let last = values.len().saturating_sub(1) as f64;
    let place = place.clamp(0.0, last);
    let low = place.floor();
    let get = |at: f64| values.get(at as usize).copied().unwrap_or(f64::NAN);
    let (a, b) = (get(low), get((low + 1.0).min(last)));
    match (a.is_finite(), b.is_finite()) {
        (true, true) => a + (b - a) * (place - low),
        (true, false) => a,
        (false, _) => b,
    }
}

/// Departures without what changes more slowly than an event: the running median of the slots
/// around each is taken out. Finds short events in series that wander.
pub(super) fn without_wander(off: &[f64], slot: usize, half: usize) -> Vec<f64> {
    let slot = slot.max(1);
    let medians: Vec<f64> = off.chunks(slot).map(median_or_nan).collect();
    let width = 2 * half + 1;
    let smooth: Vec<f64> = (0..medians.len())
        .map(|at| {
            // The whole width also at the ends, or the end would only be compared with itself.
            let lo = at
                .saturating_sub(half)
                .min(medians.len().saturating_sub(width));
            let hi = (lo + width).min(medians.len());
            median_or_nan(medians.get(lo..hi).unwrap_or_default())
        })
        .collect();
    let reference = |at: Option<usize>| at.and_then(|at| smooth.get(at).copied());
    off.iter()
        .enumerate()
        .map(|(index, value)| {
            let at = index / slot;
            let next = if index % slot * 2 >= slot {
                Some(at + 1)
            } else {
                at.checked_sub(1)
            };
            // Of the two slots a period lies between, the one that fits: an average of both would
            // invent a departure on either side of every sharp edge.
            let own = value - reference(Some(at)).unwrap_or(f64::NAN);
            let other = value - reference(next).unwrap_or(f64::NAN);
            if other.abs() < own.abs() || own.is_nan() {
                other
            } else {
                own
            }
        })
        .collect()
}

fn median_or_nan(values: &[f64]) -> f64 {
    let mut known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if known.is_empty() {
        f64::NAN
    } else {
        super::order::quantile_of(&mut known, 0.5)
    }
}
