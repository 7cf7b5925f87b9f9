//! One dimension (principal, repository, endpoint, …) of an incident, with its baseline.

use super::kind::Period;
use crate::ecr::Class;
use crate::facts::types::Share;
use std::collections::BTreeMap;

/// Calls and failures by name.
#[derive(Default)]
pub(super) struct Shares(BTreeMap<String, Share>);

impl Shares {
    /// Adds calls and failures of a name. The incident must have been counted before its baseline.
    pub(super) fn add(
        &mut self,
        name: &str,
        period: Period,
        [calls, failures]: [u64; 2],
        class: Option<Class>,
    ) {
        // Whoever is silent now failed no call; but when calls themselves went missing, the silent
        // ones are the story.
        if !self.0.contains_key(name) && (period == Period::Incident || class.is_none()) {
            self.0.insert(
                name.to_owned(),
                Share {
                    name: name.to_owned(),
                    ..Share::default()
                },
            );
        }
        let Some(share) = self.0.get_mut(name) else {
            return;
        };
        match period {
            Period::Incident => {
                share.calls += calls;
                share.failures += failures;
            }
            Period::Baseline => {
                share.baseline_calls += calls;
                share.baseline_failures += failures;
            }
        }
    }

    /// Failures in the incident.
    pub(super) fn failures(&self) -> u64 {
        self.0.values().map(|share| share.failures).sum()
    }

    /// How many names have failures, and the fewest of them that hold four fifths of all failures: one
    /// that repeats itself among many that were hit by the way is few.
    pub(super) fn spread(&self) -> (u64, u64) {
        let mut failures: Vec<u64> = self
            .0
            .values()
            .map(|share| share.failures)
            .filter(|failures| *failures > 0)
            .collect();
        failures.sort_unstable_by(|a, b| b.cmp(a));
        let whole = failures.iter().copied().fold(0, u64::saturating_add);
        let (mut held, mut carrying) = (0u64, 0u64);
        for part in &failures {
            if held.saturating_mul(5) >= whole.saturating_mul(4) {
                break;
            }
            held = held.saturating_add(*part);
            carrying += 1;
        }
        (failures.len() as u64, carrying)
    }

    /// Most failures first, then most calls, then by name.
    pub(super) fn list(self, keep: usize) -> Vec<Share> {
        let mut list: Vec<Share> = self.0.into_values().collect();
        list.sort_by(|a, b| {
            (b.failures, b.calls)
                .cmp(&(a.failures, a.calls))
                .then_with(|| a.name.cmp(&b.name))
        });
        list.truncate(keep);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_fails_a_lot_carries_and_many_alike_all_do() {
        let mut one = Shares::default();
        one.add("loop", Period::Incident, [900, 900], Some(Class::Throttle));
        let mut fleet = Shares::default();
        for n in 0..50 {
            let name = format!("i-{n}");
            one.add(&name, Period::Incident, [4, 2], Some(Class::Throttle));
            fleet.add(&name, Period::Incident, [40, 20], Some(Class::Throttle));
        }
        fleet.add("clean", Period::Incident, [40, 0], Some(Class::Throttle));
        assert_eq!(one.spread(), (51, 1));
        assert_eq!(fleet.spread(), (50, 40));
        assert_eq!(Shares::default().spread(), (0, 0));
    }
}
