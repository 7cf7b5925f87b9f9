//! What a level of a series is: the middle of a slot, and the expectation made of many. It knows
//! neither days nor seasons.

use super::super::limits::Metric as Rules;
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

pub(super) fn median_or_nan(values: &[f64]) -> f64 {
    let mut known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if known.is_empty() {
        f64::NAN
    } else {
        super::order::quantile_of(&mut known, 0.5)
    }
}
