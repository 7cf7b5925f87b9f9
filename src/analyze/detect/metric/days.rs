//! A series cut into days: what other days showed at the same time.
//!
//! A day is never among the days it is compared with, or prior days would look calmer than the
//! window can be.

use super::super::limits::Metric as Rules;
use super::axis::Axis;
use super::level::{DAY_S, Expected, Middle, between};
use super::order::{median, spread};

/// Days compared with, at most.
const MOST_DAYS: usize = 14;

/// A series cut into days that begin at the window's time of day, and days into slots.
pub(super) struct Days {
    /// Index of the first period of row 0; may lie before the axis.
    pub(super) first: i64,
    /// Periods per day and per slot.
    pub(super) day: usize,
    pub(super) slot: usize,
    /// Medians of the slots, row after row; NaN where nothing is known.
    medians: Vec<f64>,
    /// Rows that speak for the past, ascending.
    pub(super) base: Vec<usize>,
    /// Rows before the window.
    past: usize,
    /// Whether most of a row lies on a Saturday or Sunday (UTC).
    weekend: Vec<bool>,
    /// Whether the past was too short and the window's own days are compared with each other.
    own: bool,
}

impl Days {
    /// `None` with too few days to compare.
    pub(super) fn new(
        values: &[f64],
        axis: &Axis,
        until: usize,
        middle: Middle,
        rules: &Rules,
    ) -> Option<Self> {
        if DAY_S % axis.period != 0 || DAY_S / axis.period < 24 {
            return None;
        }
        let day = axis.periods(DAY_S);
        let slot = axis.periods(middle.slot_minutes(rules) * 60);
        let slot = if day.is_multiple_of(slot) { slot } else { 1 };
        let past = until.div_ceil(day);
        let rows = past + values.len().saturating_sub(until).div_ceil(day);
        let first = until as i64 - (past * day) as i64;
        let mut medians = Vec::with_capacity(rows * day / slot);
        for index in 0..rows * day / slot {
            let lo = first + (index * slot) as i64;
            let hi = usize::try_from(lo + slot as i64).unwrap_or(0);
            let part = values.get(usize::try_from(lo).unwrap_or(0)..hi.min(values.len()));
            medians.push(middle.of(part.unwrap_or_default()));
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

    /// The expectation of every period.
    pub(super) fn expected(mut self, values: &[f64], rules: &Rules) -> Expected {
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
