//! What a series should have shown: its own time of day on other days, with the trend taken out and
//! the day of the week and a new level from yesterday allowed for.
//!
//! Medians throughout, so that a past event does not become normal. A day is never among the days
//! it is compared with, or prior days would look calmer than the window can be.

use super::super::limits::Metric as Rules;
use super::axis::Axis;
use super::days::Days;
use super::level::{DAY_S, Expected, Middle, median_or_nan};

/// Pieces a past without days is cut into.
const PIECES: usize = 8;

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
