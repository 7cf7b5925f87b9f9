//! What a series should have shown: its own time of day on other days, with the trend taken out and
//! the day of the week and a new level from yesterday allowed for.
//!
//! Medians throughout, so that a past event does not become normal. A day is never among the days
//! it is compared with, or prior days would look calmer than the window can be.

use super::super::limits::Metric as Rules;
use super::axis::Axis;
use super::order::{median, spread, thinned};

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

const DAY_S: i64 = 86_400;
/// Days compared with, at most.
const MOST_DAYS: usize = 14;
/// Pieces a past without days is cut into.
const PIECES: usize = 8;

/// Learns from values on the series' scale (NaN where unknown).
///
/// `until` is the end of what came before: the start of the window, or later where the window's own
/// beginning is all there is.
pub(super) fn learn(values: &[f64], axis: &Axis, until: usize, rules: &Rules) -> Expected {
    Days::new(values, axis, until, rules).map_or_else(
        || flat(values, axis, until, rules),
        |days| days.expected(values, rules),
    )
}

/// One level for all times, learnt before the window if enough is known there.
fn flat(values: &[f64], axis: &Axis, until: usize, rules: &Rules) -> Expected {
    let past = until.min(values.len());
    let known = |part: &[f64]| part.iter().filter(|v| v.is_finite()).count();
    let before = values.get(..past).unwrap_or_default();
    let is_past = known(before) >= rules.least_points.max((values.len() - past) / 4);
    let to = if is_past { past } else { values.len() };
    let learnt = values.get(..to).unwrap_or_default();
    let piece = to.div_ceil(PIECES).max(1);
    let level = median(learnt);
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
                    median_or_nan(values.get(lo..hi).unwrap_or_default()),
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

/// A series cut into days that begin at the window's time of day, and days into slots.
struct Days {
    /// Index of the first period of row 0; may lie before the axis.
    first: i64,
    /// Periods per day and per slot.
    day: usize,
    slot: usize,
    /// Medians of the slots, row after row; NaN where nothing is known.
    medians: Vec<f64>,
    /// Rows that speak for the past, ascending.
    base: Vec<usize>,
    /// Rows before the window.
    past: usize,
    /// Whether most of a row lies on a Saturday or Sunday (UTC).
    weekend: Vec<bool>,
    /// Whether the past was too short and the window's own days are compared with each other.
    own: bool,
}

impl Days {
    fn new(values: &[f64], axis: &Axis, until: usize, rules: &Rules) -> Option<Self> {
        if DAY_S % axis.period != 0 || DAY_S / axis.period < 24 {
            return None;
        }
        let day = axis.periods(DAY_S);
        let slot = axis.periods(rules.slot_minutes * 60);
        let slot = if day % slot == 0 { slot } else { 1 };
        let past = until.div_ceil(day);
        let rows = past + values.len().saturating_sub(until).div_ceil(day);
        let first = until as i64 - (past * day) as i64;
        let mut medians = Vec::with_capacity(rows * day / slot);
        for index in 0..rows * day / slot {
            let lo = first + (index * slot) as i64;
            let hi = usize::try_from(lo + slot as i64).unwrap_or(0);
            let part = values.get(usize::try_from(lo).unwrap_or(0)..hi.min(values.len()));
            medians.push(median_or_nan(part.unwrap_or_default()));
        }
        let per_day = day / slot;
        let full: Vec<usize> = medians
            .chunks(per_day)
            .enumerate()
            .filter(|(_, row)| row.iter().filter(|v| v.is_finite()).count() * 2 >= per_day)
            .map(|(row, _)| row)
            .collect();
        let before: Vec<usize> = full.iter().copied().filter(|row| *row < past).collect();
        let own = before.len() < rules.least_days;
        let base = if own {
            full
        } else {
            before.iter().rev().take(MOST_DAYS).rev().copied().collect()
        };
        let weekend = (0..rows as i64)
            .map(|row| {
                let noon = axis.start + (first + row * day as i64) * axis.period + DAY_S / 2;
                // 1970-01-01 was a Thursday.
                (noon.div_euclid(DAY_S) + 3).rem_euclid(7) >= 5
            })
            .collect();
        // Two days cannot say which of them is odd, and without a past one of them may be.
        let least = rules.least_days + usize::from(own);
        (base.len() >= least).then_some(Self {
            first,
            day,
            slot,
            medians,
            base,
            past,
            weekend,
            own,
        })
    }

    fn per_day(&self) -> usize {
        self.day / self.slot
    }

    fn rows(&self) -> usize {
        self.medians.len() / self.per_day().max(1)
    }

    /// The days a row is compared with.
    fn peers(&self, row: usize) -> Vec<usize> {
        let others = self.base.iter().copied().filter(|other| *other != row);
        if !self.own {
            return others.collect();
        }
        // Without a past the days before come first: what changed is the later part.
        let before: Vec<usize> = others.clone().filter(|other| *other < row).collect();
        if before.len() >= 3 {
            return before;
        }
        let mut near: Vec<usize> = others.collect();
        near.sort_by_key(|other| (other.abs_diff(row), *other));
        near.truncate(4);
        near
    }

    fn expected(mut self, values: &[f64], rules: &Rules) -> Expected {
        let slope = self.slope(rules);
        let slope_per_slot = slope / self.per_day() as f64;
        for (index, value) in self.medians.iter_mut().enumerate() {
            *value -= slope_per_slot * index as f64;
        }
        let level = self.profile();
        let off: Vec<f64> = self
            .medians
            .iter()
            .zip(&level)
            .map(|(seen, level)| seen - level)
            .collect();
        let shift = self.shifts(&off);
        let mut expected: Vec<f64> = (0..values.len())
            .map(|index| {
                let place = (index as i64 - self.first) as f64 / self.slot as f64;
                between(&level, place - 0.5 + 0.5 / self.slot as f64)
                    + shift.get(place as usize).copied().unwrap_or(0.0)
                    + slope_per_slot * (place - 0.5)
            })
            .collect();
        self.allow_edges(values, &level, &shift, slope_per_slot, &mut expected, rules);
        if self.base.len() >= 4 {
            self.add_recurring(values, &mut expected, rules);
        }
        let blocks = self
            .base
            .iter()
            .map(|row| {
                let from = self.first + (row * self.day) as i64;
                let to = usize::try_from(from + self.day as i64).unwrap_or(0);
                (usize::try_from(from).unwrap_or(0), to.min(values.len()))
            })
            .collect();
        Expected {
            values: expected,
            strange: self.strange(values.len()),
            past: !self.own,
            blocks,
            by_day: true,
        }
    }

    /// Weekend days where only working days are known, and the other way round.
    fn strange(&self, len: usize) -> Vec<(usize, usize)> {
        let kind = |row: usize| self.weekend.get(row).copied().unwrap_or(false);
        let is_known = |row: usize| self.base.iter().any(|other| kind(*other) == kind(row));
        (0..self.rows())
            .filter(|row| !is_known(*row))
            .map(|row| {
                let from = (self.first + (row * self.day) as i64).max(0) as usize;
                let to = (self.first + ((row + 1) * self.day) as i64).max(0) as usize;
                (from.min(len), to.min(len))
            })
            .collect()
    }

    /// Change per day: the Theil-Sen slope of the daily medians, taken only where a line fits them
    /// much better than a level does. Otherwise a weekend at one end would look like a trend.
    fn slope(&self, rules: &Rules) -> f64 {
        let days: Vec<(f64, f64)> = self
            .base
            .iter()
            .map(|row| {
                let from = row * self.per_day();
                let part = self.medians.get(from..from + self.per_day());
                (*row as f64, median(part.unwrap_or_default()))
            })
            .collect();
        let mut slopes = Vec::new();
        for (index, (day, value)) in days.iter().enumerate() {
            for (other, level) in days.iter().skip(index + 1) {
                slopes.push((level - value) / (other - day));
            }
        }
        let slope = median(&slopes);
        let plain: Vec<f64> = days.iter().map(|(_, value)| *value).collect();
        let lined: Vec<f64> = days
            .iter()
            .map(|(day, value)| value - slope * day)
            .collect();
        let share = if days.len() >= 5 {
            spread(&lined) / spread(&plain).max(1e-12)
        } else if days.len() >= 3 {
            2.0 * mean_off(&lined) / mean_off(&plain).max(1e-12)
        } else {
            1.0
        };
        if share <= rules.trend_share {
            slope
        } else {
            0.0
        }
    }

    /// Median over the compared days of each slot and its neighbours, one per slot.
    fn profile(&self) -> Vec<f64> {
        let mut level = Vec::with_capacity(self.medians.len());
        // Window rows of a series with a past share one profile: it is worked out once.
        let mut shared: Option<Vec<f64>> = None;
        for row in 0..self.rows() {
            let is_shared = !self.own && !self.base.contains(&row);
            if is_shared && let Some(known) = &shared {
                level.extend_from_slice(known);
                continue;
            }
            let peers = self.peers(row);
            let all = self.per_day() as i64;
            let own: Vec<f64> = (0..all)
                .map(|slot| {
                    let mut near: Vec<f64> = Vec::with_capacity(peers.len() * 3);
                    for peer in &peers {
                        for step in -1..=1 {
                            let at = *peer as i64 * all + slot + step;
                            let value = usize::try_from(at).ok().and_then(|at| self.known(at));
                            near.extend(value);
                        }
                    }
                    if near.is_empty() {
                        f64::NAN
                    } else {
                        super::order::quantile_of(&mut near, 0.5)
                    }
                })
                .collect();
            if is_shared {
                shared = Some(own.clone());
            }
            level.extend(own);
        }
        level
    }

    /// A slot's median, unless it is unknown or belongs to a window that is not learnt from.
    fn known(&self, at: usize) -> Option<f64> {
        if !self.own && at >= self.past * self.per_day() {
            return None;
        }
        self.medians.get(at).copied().filter(|v| v.is_finite())
    }

    /// Departures that are no news: what the day before showed throughout, and what the same
    /// weekday showed at this time. Of these and none, the one that explains most of a slot is
    /// taken: a departure must be news by every account.
    fn shifts(&self, off: &[f64]) -> Vec<f64> {
        let per_day = self.per_day();
        let rows = self.rows();
        let daily: Vec<f64> = (0..rows)
            .map(|row| {
                median(
                    off.get(row * per_day..(row + 1) * per_day)
                        .unwrap_or_default(),
                )
            })
            .collect();
        let is_base = |row: usize| self.base.contains(&row);
        let mut shifts = Vec::with_capacity(off.len());
        for row in 0..rows {
            // The window's days are compared with the last day before it, so that a change that
            // stays remains news to its end.
            let anchor = if self.own { row } else { row.min(self.past) };
            let before = anchor.checked_sub(1).filter(|row| is_base(*row));
            let after = Some(row + 1).filter(|next| !self.own && row < self.past && is_base(*next));
            let recent: Vec<f64> = [before, after]
                .into_iter()
                .flatten()
                .filter_map(|row| daily.get(row).copied())
                .collect();
            let weeks: Vec<usize> = [row.checked_sub(7), row.checked_sub(14), Some(row + 7)]
                .into_iter()
                .flatten()
                .filter(|week| is_base(*week) && (*week < row || row < self.past))
                .take(2)
                .collect();
            for slot in 0..per_day {
                let seen = off.get(row * per_day + slot).copied().unwrap_or(f64::NAN);
                let weekly = weeks.iter().map(|week| {
                    let at = week * per_day + slot;
                    let near = off.get(at.saturating_sub(6)..(at + 7).min(off.len()));
                    median(near.unwrap_or_default())
                });
                let candidates = recent.iter().copied().chain(agreed(weekly));
                let mut best: f64 = 0.0;
                for shift in candidates {
                    if (seen - shift).abs() < (seen - best).abs() {
                        best = shift;
                    }
                }
                shifts.push(best);
            }
        }
        shifts
    }

    /// Where the profile jumps (working hours begin, a batch ends), anything between the levels on
    /// both sides of the edge is expected: edges are not on the same minute every day.
    fn allow_edges(
        &self,
        values: &[f64],
        level: &[f64],
        shift: &[f64],
        slope_per_slot: f64,
        expected: &mut [f64],
        rules: &Rules,
    ) {
        let noise = noise(values, expected);
        for slot in 0..level.len() {
            let near = level.get(slot.saturating_sub(1)..(slot + 2).min(level.len()));
            let near = near.unwrap_or_default().iter().copied();
            let low = near.clone().fold(f64::INFINITY, f64::min);
            let high = near.fold(f64::NEG_INFINITY, f64::max);
            if !(high - low > rules.edge * noise) {
                continue;
            }
            let moved = shift.get(slot).copied().unwrap_or(0.0) + slope_per_slot * slot as f64;
            let from = self.first + (slot * self.slot) as i64;
            for at in from.max(0)..(from + self.slot as i64).min(values.len() as i64) {
                let at = at as usize;
                if let (Some(value), Some(expected)) = (values.get(at), expected.get_mut(at))
                    && value.is_finite()
                {
                    *expected = value.clamp(low + moved, high + moved);
                }
            }
        }
    }

    /// Adds what recurs to the minute every day (an hourly job, a nightly sync) and is too sharp
    /// for the slots.
    fn add_recurring(&self, values: &[f64], expected: &mut [f64], rules: &Rules) {
        let off: Vec<f64> = values
            .iter()
            .zip(expected.iter())
            .map(|(v, e)| v - e)
            .collect();
        let noise = noise(values, expected);
        let at = |row: usize, phase: i64| {
            let index = self.first + (row * self.day) as i64 + phase;
            let index = usize::try_from(index).ok()?;
            off.get(index).copied().filter(|v| v.is_finite())
        };
        let day = self.day as i64;
        let recurring: Vec<f64> = (0..day)
            .map(|phase| {
                let mut near: Vec<f64> = Vec::with_capacity(self.base.len() * 3);
                for row in &self.base {
                    near.extend((-1..=1).filter_map(|step| at(*row, phase + step)));
                }
                let middle = super::order::quantile_of(&mut near, 0.5);
                if middle.abs() > rules.recurring * noise {
                    middle
                } else {
                    0.0
                }
            })
            .collect();
        if recurring.iter().all(|v| *v == 0.0) {
            return;
        }
        for (index, (value, expected)) in off.iter().zip(expected.iter_mut()).enumerate() {
            let phase = (index as i64 - self.first).rem_euclid(day);
            let mut best: f64 = 0.0;
            for step in -2..=2 {
                let shift = usize::try_from((phase + step).rem_euclid(day))
                    .ok()
                    .and_then(|phase| recurring.get(phase).copied())
                    .unwrap_or(0.0);
                if (value - shift).abs() < (value - best).abs() {
                    best = shift;
                }
            }
            *expected += best;
        }
    }
}

/// The usual departure from what was expected.
fn noise(values: &[f64], expected: &[f64]) -> f64 {
    let off: Vec<f64> = values.iter().zip(expected).map(|(v, e)| v - e).collect();
    spread(&thinned(&off, 4000)).max(1e-9)
}

/// The smaller of two departures that point the same way; nothing when they disagree.
fn agreed(mut weekly: impl Iterator<Item = f64>) -> Option<f64> {
    let first = weekly.next()?;
    Some(match weekly.next() {
        Some(second) if first * second <= 0.0 => 0.0,
        Some(second) if second.abs() < first.abs() => second,
        _ => first,
    })
}

fn mean_off(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|v| (v - mean).abs()).sum::<f64>() / values.len().max(1) as f64
}

/// Linear interpolation, the nearest known value beyond the ends.
fn between(values: &[f64], place: f64) -> f64 {
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
