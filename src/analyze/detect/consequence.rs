//! Calls that are missing because the step before them failed: who gets no manifest asks for no layer.
//!
//! Such a collapse is a consequence of failures that are told already, not an incident of its own.

use crate::analyze::types::{Episode, Signal};
use crate::case::ECR_EVENT_SOURCES;
use crate::ecr::{self, Plane};

/// Steps of a pull or a push in their order (`queries/ecr/api.toml`).
const STEPS: [&str; 6] = ["auth", "manifest", "layer", "check", "upload", "publish"];

/// Whether failures in the same place explain a collapse: most calls of the same step or of one
/// before it failed during at least half of it.
pub(super) fn is_consequence(drop: &Episode, failures: &[Episode]) -> bool {
    let length = drop.end.0 - drop.onset.0;
    failures.iter().any(|failing| {
        let shared = failing.end.0.min(drop.end.0) - failing.onset.0.max(drop.onset.0);
        failing.place == drop.place
            && matches!(failing.signal, Signal::Failures(_))
            && shared.saturating_mul(2) >= length
            && failing.failures.saturating_mul(2) >= failing.calls
            && leads_to(&failing.api, &drop.api)
    })
}

/// Whether clients make calls of `first` before calls of `then`, or they are the same.
fn leads_to(first: &str, then: &str) -> bool {
    let known = |name: &str| {
        let api = ECR_EVENT_SOURCES
            .iter()
            .find_map(|source| ecr::knowledge().api(source, name))?;
        let step = api.step.as_deref()?;
        let place = STEPS.iter().position(|known| *known == step)?;
        Some((api.plane, place))
    };
    if first == then {
        return true;
    }
    match (known(first), known(then)) {
        (Some((Plane::Auth, _)), Some(_)) => true,
        (Some((plane, first)), Some((other, then))) => plane == other && first <= then,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_each_other_within_a_pull_or_a_push() {
        assert!(leads_to("BatchGetImage", "GetDownloadUrlForLayer"));
        assert!(leads_to("GetAuthorizationToken", "PutImage"));
        assert!(!leads_to("GetDownloadUrlForLayer", "BatchGetImage"));
        assert!(!leads_to("BatchGetImage", "PutImage"));
    }
}
