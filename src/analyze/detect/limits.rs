//! The constants of `queries/detect/thresholds.toml` as typed values. Nothing in this room may
//! compare data with a number that does not come from here.

use crate::catalog;
use crate::ecr::Class;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// All constants.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "explain")]
    _explain: String,
    pub(crate) scan: Scan,
    pub(crate) baseline: Baseline,
    class: BTreeMap<Class, ClassLimits>,
    pub(crate) floor: Floor,
    pub(crate) floor_uncalibrated: Floor,
    pub(crate) floor_benign: Floor,
    pub(crate) calibration: Calibration,
    pub(crate) episode: EpisodeLimits,
    pub(crate) volume: Volume,
    pub(crate) path: PathLimits,
    pub(crate) silence: SilenceLimits,
    pub(crate) part: PartLimits,
    pub(crate) metric: Metric,
}

/// How intervals are tried.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    pub(crate) lengths: Vec<usize>,
    pub(crate) growth: f64,
    pub(crate) candidate_score: f64,
    pub(crate) split_score: f64,
    pub(crate) fringe_failures: f64,
    pub(crate) fringe_expected: f64,
    pub(crate) piece_failures: f64,
    pub(crate) most_intervals: usize,
    pub(crate) least_failures: u64,
}

/// How the normal failure rate is learnt.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    pub(crate) block_minutes: usize,
    pub(crate) drop_share: f64,
    pub(crate) drop_blocks: usize,
    pub(crate) drop_score: f64,
    pub(crate) least_calls: u64,
    pub(crate) shrink_calls: f64,
    pub(crate) cell_errors: f64,
}

/// What is assumed of a class before any data.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassLimits {
    pub(crate) prior: f64,
    pub(crate) window_only_cap: f64,
    pub(crate) benign: bool,
}

/// The smallest effect worth an episode.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Floor {
    pub(crate) excess: f64,
    pub(crate) ratio_times: f64,
    pub(crate) ratio_plus: f64,
    pub(crate) minutes: usize,
    pub(crate) burst_excess: f64,
    pub(crate) burst_minutes: usize,
    pub(crate) flood_excess: f64,
    pub(crate) large_excess: f64,
    pub(crate) large_ratio_plus: f64,
}

impl Floor {
    /// The ratio that an interval with this many failures above the expected must reach against the
    /// expected ratio `p0`.
    pub(crate) fn ratio(&self, p0: f64, excess: f64) -> f64 {
        let plus = if excess >= self.large_excess {
            self.large_ratio_plus
        } else {
            self.ratio_plus
        };
        (self.ratio_times * p0).max(p0 + plus)
    }
}

/// How scores become p-values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calibration {
    pub(crate) least_days: usize,
    pub(crate) most_days: usize,
    pub(crate) days_per_drop: usize,
    pub(crate) outlier_times: f64,
    pub(crate) least_p: f64,
    pub(crate) false_discovery: f64,
    pub(crate) uncalibrated_p: f64,
    pub(crate) rival_minutes: usize,
    pub(crate) rival_margin_minutes: usize,
    pub(crate) rival_times: f64,
    pub(crate) rival_past_calls: u64,
    pub(crate) overwhelming_failures: f64,
    pub(crate) overwhelming_ratio: f64,
    pub(crate) overwhelming_times: f64,
}

/// How intervals become episodes and incidents; minutes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EpisodeLimits {
    pub(crate) gap: usize,
    pub(crate) ongoing: usize,
    pub(crate) merge: i64,
    pub(crate) member_share: f64,
    pub(crate) member_failures: u64,
}

/// Surge and collapse of calls.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Volume {
    pub(crate) profile_half_width: usize,
    pub(crate) least_rate: f64,
    pub(crate) surge_times: f64,
    pub(crate) surge_excess: f64,
    pub(crate) drop_share: f64,
    pub(crate) drop_minutes: usize,
    pub(crate) drop_expected: f64,
    pub(crate) drop_minutes_api: usize,
    pub(crate) drop_against_minutes: usize,
    pub(crate) drop_expected_api: f64,
    pub(crate) score: f64,
    pub(crate) score_uncalibrated: f64,
    pub(crate) flat_high: f64,
    pub(crate) flat_low: f64,
    pub(crate) dominant_share: f64,
    pub(crate) member_share: f64,
    pub(crate) dispersion_unknown: f64,
    pub(crate) hole_minutes: i64,
    pub(crate) hole_calls: f64,
    pub(crate) hole_share: f64,
    pub(crate) hole_score: f64,
    pub(crate) hole_coverage: f64,
}

/// Silence of one path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PathLimits {
    pub(crate) expected: f64,
    pub(crate) expected_uncalibrated: f64,
    pub(crate) share: f64,
    pub(crate) minutes: usize,
    pub(crate) least_calls: u64,
}

/// Silences longer than any before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SilenceLimits {
    pub(crate) minutes: usize,
    pub(crate) times: f64,
    pub(crate) times_uncalibrated: f64,
    pub(crate) times_alone: f64,
    pub(crate) times_after_change: f64,
    pub(crate) change_minutes: usize,
    pub(crate) change_others: usize,
    pub(crate) change_kinds: Vec<String>,
    pub(crate) known_minutes: usize,
    pub(crate) known_minutes_path: usize,
    pub(crate) pause_minutes: usize,
    pub(crate) others: u64,
    pub(crate) before_minutes: usize,
    pub(crate) around_minutes: usize,
    pub(crate) hoped: f64,
    pub(crate) others_share: f64,
    pub(crate) path_times: f64,
    pub(crate) path_times_uncalibrated: f64,
    pub(crate) broken_off_minutes: usize,
    pub(crate) plain_hoped: f64,
}

/// Failures of one caller or repository.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartLimits {
    pub(crate) excess: f64,
    pub(crate) excess_uncalibrated: f64,
    pub(crate) excess_benign: f64,
    pub(crate) minutes: usize,
    pub(crate) own_ratio: f64,
    pub(crate) own_ratio_benign: f64,
    pub(crate) own_ratio_alone: f64,
}

/// Unusual stretches of CloudWatch series.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metric {
    pub(crate) false_discovery: f64,
    pub(crate) least_points: usize,
    pub(crate) busy_counts: f64,
    pub(crate) lost_periods: usize,
    pub(crate) least_days: usize,
    pub(crate) slot_minutes: i64,
    pub(crate) slot_minutes_sparse: i64,
    pub(crate) wander_slots: usize,
    pub(crate) trend_share: f64,
    pub(crate) edge: f64,
    pub(crate) recurring: f64,
    pub(crate) scale_share: f64,
    pub(crate) lengths: Vec<usize>,
    pub(crate) surprise: f64,
    pub(crate) lone_times: f64,
    pub(crate) effect_noise: f64,
    pub(crate) effect_noise_long: f64,
    pub(crate) effect_counts: f64,
    pub(crate) effect_share: f64,
    pub(crate) effect_share_gauge: f64,
    pub(crate) gap_minutes: i64,
    pub(crate) gap_points: usize,
}

impl Limits {
    /// What is assumed of `class`.
    ///
    /// # Panics
    /// Never on data: a test reads the table for every failing class.
    pub(crate) fn class(&self, class: Class) -> ClassLimits {
        *self
            .class
            .get(&class)
            .unwrap_or_else(|| panic!("queries/detect/thresholds.toml lacks {}", class.word()))
    }

    /// Window lengths in minutes up to `most`, ascending, `most` included.
    pub(crate) fn lengths(&self, most: usize) -> Vec<usize> {
        let mut lengths = self.scan.lengths.clone();
        while let Some(last) = lengths.last().copied().filter(|last| *last < most) {
            lengths.push(((last as f64 * self.scan.growth) as usize).max(last + 1));
        }
        lengths.retain(|length| *length < most);
        lengths.push(most);
        lengths
    }
}

/// The embedded constants, parsed once.
pub(crate) fn limits() -> &'static Limits {
    static LIMITS: OnceLock<Limits> = OnceLock::new();
    LIMITS.get_or_init(|| catalog::table("detect/thresholds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failing_class_has_its_assumptions() {
        for class in Class::ALL.into_iter().filter(|c| *c != Class::Success) {
            assert!(limits().class(class).prior > 0.0, "{}", class.word());
        }
    }

    #[test]
    fn lengths_end_with_the_longest_and_ascend() {
        for most in [1, 2, 60, 224, 225, 10_080] {
            let lengths = limits().lengths(most);
            assert_eq!(lengths.last(), Some(&most));
            assert!(lengths.is_sorted() && lengths.len() < 40);
        }
    }
}
