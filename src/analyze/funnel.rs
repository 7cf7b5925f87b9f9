//! The pull and push funnel: calls and failures per step, so that one sees where images get stuck.
//!
//! The last step of a pull, reading layer bytes from S3, leaves no record here and is not shown.

use super::types::FunnelStep;
use crate::case::{Interval, Minute};
use crate::ecr::{Class, Plane, knowledge};
use crate::facts::types::{Facts, TrailFacts};
use std::collections::BTreeSet;

/// Steps in the order images travel, as `queries/ecr/api.toml` names them, with their plane.
const STEPS: [(&str, Plane); 6] = [
    ("auth", Plane::Auth),
    ("manifest", Plane::Pull),
    ("layer", Plane::Pull),
    ("check", Plane::Push),
    ("upload", Plane::Push),
    ("publish", Plane::Push),
];

/// All steps of every place that pulled or pushed in the window, by place and step order. A step
/// without calls is shown when another step of the same plane has some: the gap is the message.
pub(super) fn steps(facts: &Facts) -> Vec<FunnelStep> {
    let mut out = Vec::new();
    for trail in &facts.trail {
        let steps: Vec<(FunnelStep, Plane)> = STEPS
            .iter()
            .map(|(step, plane)| (step_of(trail, step, facts.case.window), *plane))
            .collect();
        let used: BTreeSet<Plane> = steps
            .iter()
            .filter(|(step, _)| step.calls > 0)
            .map(|(_, plane)| *plane)
            .collect();
        out.extend(
            steps
                .into_iter()
                .filter(|(_, plane)| used.contains(plane))
                .map(|(step, _)| step),
        );
    }
    out
}

fn step_of(trail: &TrailFacts, step: &str, window: Interval) -> FunnelStep {
    let mut sum = FunnelStep {
        place: trail.place.clone(),
        step: step.to_owned(),
        apis: Vec::new(),
        calls: 0,
        failures: 0,
        not_found: 0,
    };
    let (from, to) = minutes(window);
    for series in &trail.series {
        let known = knowledge().api(&series.event_source, &series.api);
        if known.and_then(|api| api.step.as_deref()) != Some(step) {
            continue;
        }
        let (calls, not_found) = series.sum(Class::NotFound, from, to);
        let (_, success) = series.sum(Class::Success, from, to);
        if calls == 0 {
            continue;
        }
        sum.calls += calls;
        sum.not_found += not_found;
        sum.failures += calls.saturating_sub(success).saturating_sub(not_found);
        if !sum.apis.contains(&series.api) {
            sum.apis.push(series.api.clone());
        }
    }
    sum.apis.sort();
    sum
}

/// The minutes of a span: from the one that holds its start to the first after its end.
pub(super) fn minutes(span: Interval) -> (Minute, Minute) {
    (
        Minute::of(span.from),
        Minute::of(crate::case::ceil_minute(span.to)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::stage;

    #[test]
    fn a_pull_without_layers_shows_the_empty_step() {
        let mut facts = stage::facts();
        stage::calls(
            &mut facts,
            "GetAuthorizationToken",
            Class::Success,
            (8, 0),
            10,
            2,
        );
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (8, 0), 10, 5);
        stage::calls(
            &mut facts,
            "BatchGetImage",
            Class::ServerError,
            (8, 0),
            10,
            1,
        );
        stage::calls(&mut facts, "BatchGetImage", Class::NotFound, (8, 0), 10, 3);
        let steps = steps(&facts);
        let words: Vec<&str> = steps.iter().map(|step| step.step.as_str()).collect();
        assert_eq!(words, ["auth", "manifest", "layer"]);
        let counts: Vec<(u64, u64, u64)> = steps
            .iter()
            .map(|step| (step.calls, step.failures, step.not_found))
            .collect();
        assert_eq!(counts, [(20, 0, 0), (90, 10, 30), (0, 0, 0)]);
    }
}
