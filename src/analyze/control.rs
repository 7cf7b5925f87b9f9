//! Control groups read as "shares the trouble" or "is clean". A group with too few calls says
//! neither.

use crate::facts::types::ControlGroup;

/// Effect floor of detection: at least so many failures make an excess.
const MIN_FAILURES: u64 = 3;
/// ... and a ratio of three times the baseline or two points above it.
const MIN_EXCESS: f64 = 0.02;

/// Failures per call; no calls, no ratio.
pub(super) fn ratio(failures: u64, calls: u64) -> f64 {
    if calls == 0 {
        0.0
    } else {
        failures as f64 / calls as f64
    }
}

/// Whether failures rose well above what was usual.
pub(super) fn rose(failures: u64, calls: u64, baseline_ratio: f64) -> bool {
    let floor = (3.0 * baseline_ratio).max(baseline_ratio + MIN_EXCESS);
    failures >= MIN_FAILURES && ratio(failures, calls) >= floor
}

/// Groups of one kind whose failures rose with the incident.
pub(super) fn sharing<'a>(controls: &'a [ControlGroup], kind: &str) -> Vec<&'a ControlGroup> {
    controls
        .iter()
        .filter(|group| group.kind == kind)
        .filter(|group| {
            rose(
                group.failures,
                group.calls,
                ratio(group.baseline_failures, group.baseline_calls),
            )
        })
        .collect()
}

/// Groups of one kind that made calls without trouble.
pub(super) fn clean<'a>(controls: &'a [ControlGroup], kind: &str) -> Vec<&'a ControlGroup> {
    controls
        .iter()
        .filter(|group| group.kind == kind && group.calls > 0)
        .filter(|group| {
            group.failures < MIN_FAILURES
                || !rose(
                    group.failures,
                    group.calls,
                    ratio(group.baseline_failures, group.baseline_calls),
                )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(kind: &str, calls: u64, failures: u64) -> ControlGroup {
        ControlGroup {
            kind: kind.into(),
            name: "x".into(),
            calls,
            failures,
            baseline_calls: 1000,
            baseline_failures: 10,
        }
    }

    #[test]
    fn an_excess_needs_failures_and_a_ratio_above_the_usual() {
        let groups = [
            group("region", 100, 20),
            group("region", 100, 2),
            group("region", 1000, 25),
            group("service", 100, 20),
        ];
        assert_eq!(sharing(&groups, "region").len(), 1);
        assert_eq!(clean(&groups, "region").len(), 2);
        assert_eq!(sharing(&groups, "service").len(), 1);
        assert_eq!(ratio(1, 0), 0.0);
    }
}
