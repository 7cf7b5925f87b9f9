//! The calls of some incidents, broken down: who, what, where, when, and which requests to name.
//!
//! Everything is counted over an incident's APIs in its place; "failures" are calls of the
//! incident's class. Sorted by failures, then calls, descending, then name. Nothing here holds the
//! calls of an incident or a baseline: they pass by in chunks, three times (the incident counted,
//! the baseline counted for all incidents at once, the incident followed call by call), and only
//! names, counts and the sample stay.

mod codes;
mod controls;
mod count;
mod denied;
mod draft;
mod follow;
mod kind;
mod operations;
mod requests;
mod row;
mod shares;

use super::frames;
use super::types::{Facts, Profile, ProfileRequest};
use crate::bundle::Bundle;
use draft::Draft;
use kind::Period;

/// Answers requests from the bundle's calls, in their order. `facts` are those of the same bundle:
/// the control group has been counted there.
///
/// # Errors
/// When the bundle cannot be read; an incident without calls gives an empty profile.
pub fn profile(
    bundle: &Bundle,
    facts: &Facts,
    requests: &[ProfileRequest],
) -> anyhow::Result<Vec<Profile>> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let case = &facts.case;
    let mut drafts: Vec<Draft<'_>> = requests.iter().map(Draft::new).collect();
    for draft in &mut drafts {
        let columns = [&count::COLUMNS[..], &["error_message"]].concat();
        for chunk in frames::calls(bundle, case, draft.request.span, &columns, Vec::new()) {
            count::add(&chunk?, Period::Incident, std::slice::from_mut(draft))?;
        }
    }
    // After the incidents, because of most names only those met there are counted.
    for chunk in frames::calls(bundle, case, case.baseline, &count::COLUMNS, Vec::new()) {
        count::add(&chunk?, Period::Baseline, &mut drafts)?;
    }
    drafts
        .into_iter()
        .map(|draft| {
            let services = controls::services(facts, draft.request);
            follow::finish(bundle, case, draft, services)
        })
        .collect()
}
