//! The scale on which a series is judged: as it is, as a square root, or as a logarithm.
//!
//! Noise of a count grows with its root, noise of a latency with its level. On the right scale the
//! noise is about as large upwards as downwards and by night as by day, so that one yardstick fits.

use super::order::{quantile, thinned};

/// A monotone change of scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// As it is.
    Linear,
    /// Anscombe's `2 sqrt(v + 3/8)`: a Poisson count has a standard deviation of 1 on it.
    Root,
    /// `ln(v + offset)`.
    Log { offset: f64 },
}

/// Values the choice is made on.
const SAMPLE: usize = 2000;

impl Scale {
    /// Chooses by the shape of the noise: the differences of neighbours' departures from their
    /// surroundings. A logarithm is taken only where it is clearly the more even scale.
    pub(super) fn choose(values: &[f64], is_count: bool) -> Self {
        let own = if is_count { Self::Root } else { Self::Linear };
        let sample: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let thin = thinned(&sample, SAMPLE);
        let (low, middle) = (quantile(&thin, 0.05), quantile(&thin, 0.5));
        // Near zero a logarithm makes mountains of nothing.
        let least = if is_count { 10.0 } else { 0.0 };
        if low <= least || middle <= 0.0 {
            return own;
        }
        let log = Self::Log {
            offset: 0.05 * middle,
        };
        if sample.iter().any(|v| *v < 0.0) {
            return own;
        }
        let (plain, logged) = (own.skew(&sample), log.skew(&sample));
        if plain > 0.15 && logged.abs() < 0.6 * plain {
            log
        } else {
            own
        }
    }

    /// Quantile skewness of the departures from a short surrounding, -1 to 1.
    fn skew(self, values: &[f64]) -> f64 {
        // Differences would be symmetric whatever the noise; departures from a median of nine keep
        // its shape and lose season and trend.
        let step = values.len().div_ceil(SAMPLE).max(1);
        let off: Vec<f64> = values
            .windows(9)
            .step_by(step)
            .filter_map(|near| {
                let middle = super::order::median(near);
                let own = near.get(4)?;
                Some(self.to(*own) - self.to(middle))
            })
            .collect();
        let (low, mid, high) = (
            quantile(&off, 0.05),
            quantile(&off, 0.5),
            quantile(&off, 0.95),
        );
        if high - low > 0.0 {
            (high + low - 2.0 * mid) / (high - low)
        } else {
            0.0
        }
    }

    /// Onto the scale; what is unknown stays unknown.
    pub(super) fn to(self, value: f64) -> f64 {
        if value.is_nan() {
            return value;
        }
        match self {
            Self::Linear => value,
            Self::Root => 2.0 * (value.max(0.0) + 0.375).sqrt(),
            Self::Log { offset } => (value.max(0.0) + offset).ln(),
        }
    }

    /// Back to the series' own unit.
    pub(super) fn back(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Root => ((value / 2.0).max(0.0).powi(2) - 0.375).max(0.0),
            Self::Log { offset } => (value.min(700.0).exp() - offset).max(0.0),
        }
    }

    /// Smallest standard deviation believed around an expected value (both on the scale): a share
    /// of the level for gauges, the chance of a Poisson count for counts.
    pub(super) fn least_spread(self, expected: f64, typical: f64, share: f64, count: bool) -> f64 {
        let level = self.back(expected);
        let poisson = |slope: f64| slope * level.max(0.02).sqrt();
        match self {
            Self::Linear => (share * level.abs().max(typical)).max(1e-9),
            Self::Root => poisson(1.13).min(1.0),
            Self::Log { offset } if count => share.max(poisson(1.0) / (level + offset).max(1e-9)),
            Self::Log { .. } => share,
        }
    }
}
