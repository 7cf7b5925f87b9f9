//! Control groups: the same APIs elsewhere, other APIs here, other services here.

use super::kind::{Kind, Period};
use crate::case::{Interval, Minute};
use crate::facts::types::{ControlGroup, ControlSeries, Facts, ProfileRequest};
use std::collections::BTreeMap;

/// Calls and failures during the incident and over the baseline, by kind of group and name.
#[derive(Default)]
pub(super) struct Groups(BTreeMap<(&'static str, String), [u64; 4]>);

impl Groups {
    /// Adds calls and failures of one kind to the group they belong to, if any: the same APIs in
    /// other regions of the account and in other accounts of the region, and other APIs `here`.
    pub(super) fn add(
        &mut self,
        request: &ProfileRequest,
        kind: Kind<'_>,
        here: bool,
        period: Period,
        counts: [u64; 2],
    ) {
        let place = &request.place;
        if request.apis.iter().any(|api| api == kind.api) {
            if kind.account == place.account && kind.region != place.region {
                self.put(("region", kind.region.to_owned()), period, counts);
            } else if kind.account != place.account && kind.region == place.region {
                self.put(("account", kind.account.to_owned()), period, counts);
            }
        } else if here {
            self.put(("api", kind.api.to_owned()), period, counts);
        }
    }

    fn put(&mut self, group: (&'static str, String), period: Period, counts: [u64; 2]) {
        let [calls, failures, baseline_calls, baseline_failures] = self.0.entry(group).or_default();
        let [more_calls, more_failures] = counts;
        match period {
            Period::Incident => {
                *calls += more_calls;
                *failures += more_failures;
            }
            Period::Baseline => {
                *baseline_calls += more_calls;
                *baseline_failures += more_failures;
            }
        }
    }

    /// Places by kind and name, then APIs, then services.
    pub(super) fn list(self, services: Vec<ControlGroup>) -> Vec<ControlGroup> {
        let (apis, mut places): (Vec<ControlGroup>, Vec<ControlGroup>) = self
            .0
            .into_iter()
            .map(
                |((kind, name), [calls, failures, baseline_calls, baseline_failures])| {
                    ControlGroup {
                        kind: kind.to_owned(),
                        name,
                        calls,
                        failures,
                        baseline_calls,
                        baseline_failures,
                    }
                },
            )
            .partition(|group| group.kind == "api");
        places.extend(apis);
        places.extend(services);
        places
    }
}

/// Other services of the same trail in the same place; their failures are server errors and
/// throttles. A service without a call in incident and baseline is left out.
pub(super) fn services(facts: &Facts, request: &ProfileRequest) -> Vec<ControlGroup> {
    facts
        .trail
        .iter()
        .filter(|trail| trail.place == request.place)
        .flat_map(|trail| &trail.controls)
        .map(|series| {
            let during = |span: Interval| {
                (
                    of(series, &series.calls, span),
                    of(series, &series.faults, span),
                )
            };
            let (calls, failures) = during(request.span);
            let (baseline_calls, baseline_failures) = during(facts.case.baseline);
            ControlGroup {
                kind: "service".to_owned(),
                name: series.event_source.clone(),
                calls,
                failures,
                baseline_calls,
                baseline_failures,
            }
        })
        .filter(|group| group.calls + group.baseline_calls > 0)
        .collect()
}

/// The sum of a series over the minutes of a span.
fn of(series: &ControlSeries, counts: &[u32], span: Interval) -> u64 {
    let index = |minute: i64| {
        usize::try_from(minute - series.start.0)
            .unwrap_or(0)
            .min(counts.len())
    };
    let from = Minute::of(span.from).0;
    counts
        .get(index(from)..index(from + span.minutes()))
        .unwrap_or_default()
        .iter()
        .map(|count| u64::from(*count))
        .sum()
}
