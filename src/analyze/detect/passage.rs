//! Changes of what a call passes on its way: endpoints, routes, security groups.
//!
//! They prove nothing here and begin nothing: a silence that follows one needs to stand out less to be
//! told. Whether the change is its cause is for the verdict to weigh.

use super::grid::Grid;
use super::limits::limits;
use crate::facts::types::{Change, TrailFacts};

/// Minutes at which the way of a path was changed; of a whole place without `endpoint`. Sorted.
pub(super) fn changed(trail: &TrailFacts, endpoint: Option<&str>, grid: &Grid) -> Vec<usize> {
    let kinds = &limits().silence.change_kinds;
    let mut minutes: Vec<usize> = trail
        .changes
        .iter()
        .filter(|change| change.error_code.is_empty() && kinds.contains(&change.kind))
        .filter(|change| endpoint.is_none_or(|endpoint| may_concern(change, endpoint)))
        .map(|change| grid.index_of(change.time))
        .collect();
    minutes.sort_unstable();
    minutes.dedup();
    minutes
}

/// A change that names endpoints concerns those alone.
fn may_concern(change: &Change, endpoint: &str) -> bool {
    let names = |name: &str| change.detail.contains(name) || change.resource.contains(name);
    !names("vpce-") || (!endpoint.is_empty() && names(endpoint))
}
