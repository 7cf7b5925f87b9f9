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
