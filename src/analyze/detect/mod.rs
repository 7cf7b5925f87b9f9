//! Detection: which intervals of which series are unlike their past.
//!
//! Failures against calls, calls against their daily profile, CloudWatch series against theirs.
//! Nothing here says why; nothing here looks at anything outside the window except to learn what is
//! normal, or, of changes of the way, how rare they are. Minutes after the settled end may still fill up, so silence there proves nothing.

mod baseline;
mod calibrate;
mod consequence;
mod failures;
mod grid;
mod hole;
pub(crate) mod limits;
mod metric;
mod part;
mod passage;
mod path;
mod profile;
mod scan;
mod silence;
#[cfg(test)]
mod tests;
mod volume;

use super::episode::merge;
use super::types::{Detected, Episode};
use crate::case::Interval;
use crate::facts::types::Facts;
use grid::Grid;

/// Every unusual interval inside the case's window.
#[must_use]
pub fn detect(facts: &Facts) -> Detected {
    let grid = Grid::new(facts);
    if grid.split >= grid.len {
        return Detected::default();
    }
    let mut episodes = failures::episodes(facts, &grid);
    let parts = part::episodes(facts, &grid, &episodes);
    episodes.extend(parts);
    let (mut anomalies, mut drops) = volume::swings(facts, &grid);
    let holes = hole::holes(facts, &grid);
    drops.extend(path::silences(facts, &grid));
    drops.retain(|drop| !is_hole(drop, &holes) && !consequence::is_consequence(drop, &episodes));
    let mut silences = silence::silences(&facts.trail, &grid);
    silences.retain(|one| {
        !is_hole(one, &holes)
            && !silence::is_told(one, &drops)
            && !consequence::is_consequence(one, &episodes)
    });
    episodes.extend(drops);
    episodes.extend(silences);
    episodes.extend(holes);
    anomalies.extend(metric::anomalies(facts));
    // The grid counts whole minutes; the window may begin or end inside one.
    let window = facts.case.window;
    for anomaly in &mut anomalies {
        let span = anomaly.span;
        anomaly.span = Interval::new(span.from.max(window.from), span.to.min(window.to));
    }
    anomalies.sort_by(|a, b| {
        (a.span.from, &a.series, a.span.to)
            .cmp(&(b.span.from, &b.series, b.span.to))
            .then(a.score.total_cmp(&b.score))
    });
    let mut drafts = merge(episodes, window);
    failures::find_peaks(&mut drafts, facts, &grid);
    Detected { drafts, anomalies }
}

/// Whether counted calls tell most of this collapse already. CloudWatch's count says how many calls
/// are missing, the profile only how many are usual: telling both would count every call twice.
fn is_hole(drop: &Episode, holes: &[Episode]) -> bool {
    let told: i64 = holes
        .iter()
        .filter(|hole| hole.place == drop.place && hole.api == drop.api)
        .map(|hole| hole.end.0.min(drop.end.0) - hole.onset.0.max(drop.onset.0))
        .filter(|minutes| *minutes > 0)
        .sum();
    told * 2 >= drop.end.0 - drop.onset.0
}
