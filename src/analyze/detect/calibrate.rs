//! From scores to p-values and from p-values to q-values.
//!
//! Textbook tails are wrong here (errors cluster, windows overlap), so the yardstick is the series'
//! own past: the maxima of the same scan on prior days, a Gumbel distribution fitted to them. A
//! q-value is "calibrated on N prior days", never a probability of anything.

use super::grid::{DAY, Grid};
use super::limits::limits;
use super::scan::Scan;
use statrs::function::erf::erfc;

/// A Gumbel distribution of the daily maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gumbel {
    location: f64,
    scale: f64,
}

/// Euler-Mascheroni constant: the mean of the standard Gumbel distribution.
const EULER: f64 = 0.577_215_664_901_532_9;

impl Gumbel {
    /// Fits by L-moments (Hosking 1990: scale = l2 / ln 2, location = l1 - Euler * scale), which
    /// few values do not upset. The scale is at least 1, the theoretical tail of a log-likelihood
    /// ratio, and widened because so few days underestimate their own spread.
    pub(super) fn fit(maxima: &[f64]) -> Option<Self> {
        let mut sorted = maxima.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        if sorted.len() < 2 {
            return None;
        }
        let mean = sorted.iter().sum::<f64>() / n;
        let b1 = sorted
            .iter()
            .enumerate()
            .map(|(rank, value)| rank as f64 / (n - 1.0) * value)
            .sum::<f64>()
            / n;
        let scale = (2.0 * b1 - mean) / std::f64::consts::LN_2;
        Some(Self {
            location: mean - EULER * scale,
            scale: scale.max(1.0) * (1.0 + 1.0 / n),
        })
    }

    /// Chance that a day's maximum reaches `score`.
    pub(super) fn tail(&self, score: f64) -> f64 {
        let z = (score - self.location) / self.scale;
        (-(-(-z).exp()).exp_m1()).max(limits().calibration.least_p)
    }
}

/// Maxima of the scan on prior days with calls, without outlying days that hold an incident of
/// their own. Empty when too few are left.
pub(super) fn history(scan: &Scan, grid: &Grid) -> Vec<f64> {
    let limits_c = &limits().calibration;
    let lengths = limits().lengths(DAY);
    let mut maxima: Vec<f64> = grid
        .days(limits_c.most_days)
        .into_iter()
        .filter(|(from, to)| scan.sums(*from, *to).1 > 0.0)
        .map(|(from, to)| scan.best(from, to, &lengths).map_or(0.0, |hit| hit.score))
        .collect();
    maxima.sort_by(f64::total_cmp);
    // With three days one may go too: the result is then uncalibrated, which is the truth.
    let most_drops = (maxima.len() / limits_c.days_per_drop).max(1);
    for _ in 0..most_drops {
        let Some((largest, others)) = maxima.split_last() else {
            break;
        };
        let median = others.get(others.len() / 2).copied().unwrap_or(0.0);
        let level = (limits_c.outlier_times * median).max(2.0 * limits().scan.candidate_score);
        if others.len() < 2 || *largest <= level {
            break;
        }
        maxima.pop();
    }
    if maxima.len() < limits_c.least_days {
        maxima.clear();
    }
    maxima
}

/// Chi-square tail of one look times the number of looks: an upper bound when failures are
/// independent.
pub(super) fn bound(score: f64, looks: f64) -> f64 {
    (0.5 * erfc(score.max(0.0).sqrt()) * looks).min(1.0)
}

/// Benjamini-Hochberg q-values of `p` among `tests` tests (tests without a p count as 1).
pub(super) fn q_values(p: &[f64], tests: usize) -> Vec<f64> {
    let m = tests.max(p.len()) as f64;
    let mut order: Vec<usize> = (0..p.len()).collect();
    let at = |index: usize| p.get(index).copied().unwrap_or(1.0);
    order.sort_by(|a, b| at(*a).total_cmp(&at(*b)).then(a.cmp(b)));
    let mut q = vec![1.0; p.len()];
    let mut least: f64 = 1.0;
    for (rank, index) in order.iter().enumerate().rev() {
        least = least.min(at(*index) * m / (rank as f64 + 1.0));
        if let Some(slot) = q.get_mut(*index) {
            *slot = least;
        }
    }
    q
}

#[cfg(test)]
mod tests;
