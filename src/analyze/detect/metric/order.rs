//! Order statistics: medians, spreads and quantiles, which a minority of odd values cannot move.

/// Median of the finite values; zero for nothing.
pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Quantile (lower of two neighbours); zero for nothing.
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut kept: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    quantile_of(&mut kept, share)
}

/// The same in place, for values known to be finite.
pub(super) fn quantile_of(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = ((values.len() - 1) as f64 * share.clamp(0.0, 1.0)).round() as usize;
    let (_, value, _) = values.select_nth_unstable_by(rank, f64::total_cmp);
    *value
}

/// Median absolute deviation, scaled to a standard deviation of a normal distribution.
pub(super) fn spread(values: &[f64]) -> f64 {
    let mut kept: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let middle = quantile_of(&mut kept, 0.5);
    for value in &mut kept {
        *value = (*value - middle).abs();
    }
    1.4826 * quantile_of(&mut kept, 0.5)
}

/// Every `n`-th value so that at most `most` are left: order statistics of a few thousand values
/// are as good as those of all.
pub(super) fn thinned(values: &[f64], most: usize) -> Vec<f64> {
    let step = values.len().div_ceil(most.max(1)).max(1);
    values
        .iter()
        .step_by(step)
        .copied()
        .filter(|v| v.is_finite())
        .collect()
}
