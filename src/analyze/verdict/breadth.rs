//! How failures are spread over callers, repositories or APIs: alike, confined to one, or uneven.
//!
//! The question behind it is leave-one-out: without the worst unit, is there still an incident?

use crate::analyze::control::{ratio, rose};
use crate::facts::types::Share;
use statrs::distribution::{Binomial, DiscreteCDF as _};

/// One unit holding this share of the failures is what the incident is about.
const DOMINANT: f64 = 0.8;
/// A unit is tested when the pooled ratio would give it at least so many failures.
const EXPECTED: f64 = 3.0;
/// Ratios within this factor of the pooled one are called similar. Generous on purpose: retries and
/// caching shift ratios, a fault of one caller shifts them far more.
const SIMILAR: f64 = 4.0;
/// Similar units must hold this share of the tested calls.
const MOSTLY: f64 = 0.8;

/// Chance at which fewer failures of others count as a difference.
const CHANCE: f64 = 0.01;

/// One value of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub name: String,
    pub calls: u64,
    pub failures: u64,
}

impl From<&Share> for Unit {
    fn from(share: &Share) -> Self {
        Self {
            name: share.name.clone(),
            calls: share.calls,
            failures: share.failures,
        }
    }
}

/// The reading of one dimension.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Breadth {
    /// Units with failures.
    pub failing: u64,
    /// Units with enough calls to judge.
    pub tested: u64,
    /// Tested units at a similar ratio, with their names.
    pub similar: Vec<String>,
    /// Whether the failures are spread alike over the units that could show it.
    pub even: bool,
    /// The unit with most failures.
    pub top: Option<Unit>,
    /// Failures of all units.
    pub failures: u64,
    /// Units, calls and failures without the top one.
    pub rest: (u64, u64, u64),
    /// Whether the top unit holds nearly all failures.
    pub dominant: bool,
    /// Whether the rest made enough calls to show the same trouble.
    pub comparable: bool,
}

impl Breadth {
    /// Reads the units; those without calls and failures count nothing.
    pub(super) fn of(units: impl IntoIterator<Item = Unit>, baseline_ratio: f64) -> Self {
        let mut units: Vec<Unit> = units
            .into_iter()
            .filter(|unit| unit.calls > 0 || unit.failures > 0)
            .collect();
        units.sort_by(|a, b| (b.failures, b.calls, &a.name).cmp(&(a.failures, a.calls, &b.name)));
        let sum = |pick: fn(&Unit) -> u64| units.iter().map(pick).fold(0, u64::saturating_add);
        let (calls, failures) = (sum(|u| u.calls), sum(|u| u.failures));
        let pooled = ratio(failures, calls);
        let top = units.first().filter(|unit| unit.failures > 0).cloned();
        let rest = units.iter().skip(1).fold((0u64, 0u64, 0u64), |sum, unit| {
            (
                sum.0 + 1,
                sum.1.saturating_add(unit.calls),
                sum.2.saturating_add(unit.failures),
            )
        });
        let failing = units.iter().filter(|unit| unit.failures > 0).count() as u64;
        let tested: Vec<&Unit> = units
            .iter()
            .filter(|unit| pooled * unit.calls as f64 >= EXPECTED)
            .collect();
        let similar: Vec<&Unit> = tested
            .iter()
            .copied()
            .filter(|unit| {
                let own = ratio(unit.failures, unit.calls);
                own >= pooled / SIMILAR && own <= pooled * SIMILAR
            })
            .collect();
        let calls_of = |units: &[&Unit]| units.iter().map(|u| u.calls as f64).sum::<f64>();
        let top_share = top
            .as_ref()
            .map_or(0.0, |unit| ratio(unit.failures, failures));
        let top_calls = top.as_ref().map_or(0.0, |unit| ratio(unit.calls, calls));
        let even = if tested.len() >= 3 {
            calls_of(&similar) >= MOSTLY * calls_of(&tested)
        } else {
            // Many small units: none can be judged alone, but none stands out either.
            failing >= 3 && top_share <= (top_calls + 0.2).max(0.6)
        };
        let top_ratio = top
            .as_ref()
            .map_or(0.0, |unit| ratio(unit.failures, unit.calls));
        Self {
            failing,
            tested: tested.len() as u64,
            similar: similar.iter().map(|unit| unit.name.clone()).collect(),
            even,
            dominant: top_share >= DOMINANT && !rose(rest.2, rest.1, baseline_ratio),
            comparable: rest.1 as f64 * top_ratio >= EXPECTED
                && would_show(rest.1, rest.2, top_ratio),
            top,
            failures,
            rest,
        }
    }

    /// Whether the trouble is one unit's alone, with others there to show the difference.
    pub(super) fn confined(&self) -> bool {
        self.dominant && self.comparable
    }

    /// Whether at least three units fail alike.
    pub(super) fn wide(&self) -> bool {
        self.even && self.failing >= 3
    }
}

/// Whether so few failures of the others are no accident: at the ratio of the top unit as few would
/// come by chance less than once in a hundred.
fn would_show(calls: u64, failures: u64, ratio: f64) -> bool {
    Binomial::new(ratio.clamp(0.0, 1.0), calls).is_ok_and(|others| others.cdf(failures) <= CHANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(list: &[(&str, u64, u64)]) -> Vec<Unit> {
        list.iter()
            .map(|(name, calls, failures)| Unit {
                name: (*name).into(),
                calls: *calls,
                failures: *failures,
            })
            .collect()
    }

    #[test]
    fn alike_over_many_is_wide() {
        let all = Breadth::of(
            units(&[("a", 100, 30), ("b", 50, 12), ("c", 80, 30), ("d", 4, 0)]),
            0.0,
        );
        assert!(all.wide() && !all.confined());
        assert_eq!((all.failing, all.tested), (3, 3));
    }

    #[test]
    fn one_of_many_is_confined() {
        let one = Breadth::of(
            units(&[("a", 200, 104), ("b", 2000, 0), ("c", 1010, 1)]),
            0.0,
        );
        assert!(one.confined() && !one.wide());
        assert_eq!(one.rest, (2, 3010, 1));
    }

    #[test]
    fn one_without_others_is_not_confined_because_nothing_compares() {
        let alone = Breadth::of(units(&[("a", 200, 104), ("b", 2, 0)]), 0.0);
        assert!(alone.dominant && !alone.confined() && !alone.comparable);
    }

    #[test]
    fn few_calls_of_others_do_not_confine() {
        // Nine of 46 and two of 22 are not different enough to call it one caller's trouble.
        let few = Breadth::of(units(&[("a", 46, 9), ("b", 22, 2)]), 0.0);
        assert!(!few.confined());
        let many = Breadth::of(units(&[("a", 46, 9), ("b", 220, 2)]), 0.01);
        assert!(many.confined());
    }

    #[test]
    fn three_failing_of_twelve_is_uneven() {
        let mut list: Vec<(String, u64, u64)> =
            (0..9).map(|n| (format!("clean{n}"), 100, 0)).collect();
        list.extend((0..3).map(|n| (format!("bad{n}"), 100, 60)));
        let uneven = Breadth::of(
            list.iter().map(|(name, calls, failures)| Unit {
                name: name.clone(),
                calls: *calls,
                failures: *failures,
            }),
            0.0,
        );
        assert!(!uneven.even && !uneven.wide() && !uneven.confined());
    }
}
