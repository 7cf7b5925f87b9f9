//! How the gate's decisions agree with the incidents found later.

use crate::case::Interval;
use crate::state::types::{GateMark, Identity, Sighting};
use std::collections::BTreeMap;

/// An incident that begins this long after a decision still speaks about it, seconds.
const AFTER_S: i64 = 3600;
/// One that ended this long before does as well: the gate judges the minutes before now.
const BEFORE_S: i64 = 900;

/// Decisions by what they were and whether an incident was there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Agreement {
    /// Count by verdict, with and without an incident.
    pub by: BTreeMap<(String, bool), u64>,
    /// Decisions that were not open, in order, with the incident if there was one.
    pub blocks: Vec<(GateMark, Option<String>)>,
    /// Open decisions although an incident was there.
    pub missed: Vec<(GateMark, String)>,
}

/// Compares decisions with incidents of the same region.
#[must_use]
pub fn agreement(gates: &[GateMark], known: &[(Identity, String, Sighting)]) -> Agreement {
    let mut result = Agreement::default();
    for mark in gates {
        let near = Interval::new(
            mark.at - chrono::Duration::seconds(BEFORE_S),
            mark.at + chrono::Duration::seconds(AFTER_S),
        );
        let incident = known
            .iter()
            .filter(|(identity, _, _)| identity.region == mark.region)
            // The gate does not speak about the callers' own mistakes and permissions.
            .filter(|(identity, _, _)| {
                matches!(
                    identity.signal.as_str(),
                    "server_error" | "throttle" | "dependency"
                )
            })
            .find(|(_, _, seen)| {
                Interval::new(seen.onset, seen.until)
                    .overlap(&near)
                    .is_some()
            })
            .map(|(identity, _, _)| identity.id.clone());
        let key = (mark.verdict.clone(), incident.is_some());
        *result.by.entry(key).or_default() += 1;
        if mark.verdict != "open" {
            result.blocks.push((mark.clone(), incident));
        } else if let Some(id) = incident {
            result.missed.push((mark.clone(), id));
        }
    }
    result
}
