//! Detection: which intervals of which series are unlike their past.
//!
//! Failures against calls, calls against their daily profile, CloudWatch series against theirs.
//! Nothing here says why; nothing here looks at anything outside the window except to learn what is
//! normal. Minutes after the settled end may still fill up, so silence there proves nothing.

mod baseline;
mod calibrate;
mod failures;
mod grid;
pub(crate) mod limits;
mod scan;
#[cfg(test)]
mod tests;

use super::episode::merge;
use super::types::Detected;
use crate::facts::types::Facts;
use grid::Grid;

/// Every unusual interval inside the case's window.
#[must_use]
pub fn detect(facts: &Facts) -> Detected {
    let grid = Grid::new(facts);
    if grid.split >= grid.len {
        return Detected::default();
    }
    let episodes = failures::episodes(facts, &grid);
    Detected {
        drafts: merge(episodes, facts.case.window),
        anomalies: Vec::new(),
    }
}
