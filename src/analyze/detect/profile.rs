//! The daily profile of a call series: how many calls a minute of the day usually brings, how few
//! at least, and how much that wobbles.

use super::grid::{DAY, Grid, total};
use super::limits::limits;

/// Which of the comparable days is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// The median day.
    Middle,
    /// The quietest day but one: weekends and holidays are normal, one past collapse is not.
    Low,
}

/// What is known about the usual volume.
#[derive(Debug)]
enum Basis {
    /// Prior days, latest first.
    Days(Vec<PastDay>),
    /// Too few days for a profile: one middle and one low rate for every minute.
    Flat { middle: f64, low: f64, past: bool },
}

/// One prior day.
#[derive(Debug)]
struct PastDay {
    from: usize,
    to: usize,
    /// Smoothed calls per minute; `None` where the archive had not begun.
    rates: Vec<Option<f64>>,
}

/// The usual calls per minute of one flow.
#[derive(Debug)]
pub(super) struct Profile {
    basis: Basis,
    /// Mean Pearson chi-square of the blocks before the window, at least 1.
    pub(super) dispersion: f64,
}

impl Profile {
    /// Learns from the minutes before the window. `days` are the prior days with calls, latest
    /// first; minutes before `known_from` lie before the archive.
    pub(super) fn new(
        calls: &[u32],
        grid: &Grid,
        days: &[(usize, usize)],
        known_from: usize,
    ) -> Self {
        let basis = if days.len() >= limits().calibration.least_days {
            Basis::Days(
                days.iter()
                    .map(|&(from, to)| PastDay {
                        from,
                        to,
                        rates: smoothed(calls, from, to, known_from, grid.split),
                    })
                    .collect(),
            )
        } else {
            flat(calls, grid, known_from)
        };
        let mut profile = Self {
            basis,
            dispersion: limits().volume.dispersion_unknown,
        };
        if profile.has_past() {
            profile.dispersion = profile.wobble(calls, grid, known_from);
        }
        profile
    }

    /// Whether there is a profile by time of day.
    pub(super) fn has_days(&self) -> bool {
        matches!(self.basis, Basis::Days(_))
    }

    /// Whether anything before the window is known.
    pub(super) fn has_past(&self) -> bool {
        match self.basis {
            Basis::Days(_) => true,
            Basis::Flat { past, .. } => past,
        }
    }

    /// Whether nothing is known before the window and the window itself is mostly silent: then any
    /// use at all would look like a surge.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.basis, Basis::Flat { middle, past: false, .. } if middle <= 0.0)
    }

    /// Expected calls of every minute of the axis.
    pub(super) fn expected(&self, level: Level, grid: &Grid) -> Vec<f64> {
        match &self.basis {
            Basis::Flat { .. } => vec![self.at(0, level, None); grid.len],
            Basis::Days(_) => {
                let day: Vec<f64> = (0..DAY).map(|phase| self.at(phase, level, None)).collect();
                (0..grid.len)
                    .map(|index| day.get(phase(index, grid)).copied().unwrap_or(0.0))
                    .collect()
            }
        }
    }

    /// The same, but every prior day is expected from the other days only: what a day looks like
    /// that does not know itself.
    pub(super) fn left_one_out(&self, level: Level, grid: &Grid) -> Vec<f64> {
        let mut expected = self.expected(level, grid);
        if let Basis::Days(days) = &self.basis {
            for (day, past) in days.iter().enumerate() {
                let slots = expected.get_mut(past.from..past.to).into_iter().flatten();
                for (phase, slot) in slots.enumerate() {
                    *slot = self.at(phase, level, Some(day));
                }
            }
        }
        expected
    }

    /// Expected calls at a minute of the day, optionally without one day.
    fn at(&self, phase: usize, level: Level, without: Option<usize>) -> f64 {
        let rate = match &self.basis {
            Basis::Flat { middle, low, .. } => match level {
                Level::Middle => *middle,
                Level::Low => *low,
            },
            Basis::Days(days) => {
                let mut rates: Vec<f64> = days
                    .iter()
                    .enumerate()
                    .filter(|(day, _)| Some(*day) != without)
                    .filter_map(|(_, past)| past.rates.get(phase).copied().flatten())
                    .collect();
                rates.sort_by(f64::total_cmp);
                let rank = match level {
                    Level::Middle => rates.len() / 2,
                    Level::Low => usize::from(rates.len() >= 5),
                };
                rates.get(rank).copied().unwrap_or(0.0)
            }
        };
        rate.max(limits().volume.least_rate)
    }

    /// Dispersion of ten-minute blocks around the middle profile, without the worst of them.
    fn wobble(&self, calls: &[u32], grid: &Grid, known_from: usize) -> f64 {
        let limits_b = &limits().baseline;
        let minutes = limits_b.block_minutes.max(1);
        let expected = self.expected(Level::Middle, grid);
        let mut cells = Vec::new();
        let (mut seen, mut hoped) = (0.0, 0.0);
        for at in (known_from..grid.split).step_by(minutes) {
            let to = (at + minutes).min(grid.split);
            seen += total(calls, at, to) as f64;
            hoped += expected.get(at..to).unwrap_or_default().iter().sum::<f64>();
            if hoped >= limits_b.cell_errors {
                cells.push((seen - hoped) * (seen - hoped) / hoped);
                (seen, hoped) = (0.0, 0.0);
            }
        }
        cells.sort_by(f64::total_cmp);
        let dropped = (cells.len() as f64 * limits_b.drop_share) as usize;
        cells.truncate(cells.len() - dropped);
        if cells.is_empty() {
            1.0
        } else {
            (cells.iter().sum::<f64>() / cells.len() as f64).max(1.0)
        }
    }
}

/// Minute of the day, counted from the start of the window.
fn phase(index: usize, grid: &Grid) -> usize {
    let shift = DAY - grid.split % DAY;
    (index + shift) % DAY
}

/// Calls per minute around every minute of `[from, to)`, smoothed over the half width; the window
/// itself (from `split`) is never looked at.
fn smoothed(
    calls: &[u32],
    from: usize,
    to: usize,
    known_from: usize,
    split: usize,
) -> Vec<Option<f64>> {
    let half = limits().volume.profile_half_width;
    (from..to)
        .map(|at| {
            let lo = at.saturating_sub(half).max(known_from);
            let hi = (at + half + 1).min(split);
            (at >= known_from && lo < hi).then(|| total(calls, lo, hi) as f64 / (hi - lo) as f64)
        })
        .collect()
}

/// Quantiles of ten-minute rates: before the window if anything is known there, else inside it.
fn flat(calls: &[u32], grid: &Grid, known_from: usize) -> Basis {
    let minutes = limits().baseline.block_minutes.max(1);
    let past = total(calls, 0, grid.split) > 0;
    let (from, to) = if past {
        (known_from, grid.split)
    } else {
        (grid.split.max(known_from), grid.len)
    };
    let mut rates: Vec<f64> = (from..to)
        .step_by(minutes)
        .map(|at| {
            let end = (at + minutes).min(to);
            total(calls, at, end) as f64 / (end - at) as f64
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let rank = (rates.len().saturating_sub(1) as f64 * share).round() as usize;
        rates.get(rank).copied().unwrap_or(0.0)
    };
    let shares = &limits().volume;
    Basis::Flat {
        middle: quantile(if past { shares.flat_high } else { 0.5 }),
        low: quantile(shares.flat_low),
        past,
    }
}
