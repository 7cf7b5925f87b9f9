//! Health over several nights: what is new or updated, and which late event reaches back to an
//! incident that has been reported without it.

use super::Known;
use super::identity::histories;
use crate::case::{Interval, rfc3339};
use crate::facts::types::{Facts, Notice, Relation};
use crate::state::types::{Identity, Night, NoticeMark};
use std::collections::BTreeSet;

/// Incidents older than this are not reported again, days (Health keeps events for ninety).
const REACH_DAYS: i64 = 30;

/// An old incident that a Health event now overlaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// The incident.
    pub identity: Identity,
    /// From its onset to its end.
    pub span: Interval,
    /// The event.
    pub arn: String,
    /// What was said to be the cause.
    pub cause: String,
    /// The same side and confidence.
    pub side: String,
    /// See `side`.
    pub confidence: String,
}

/// Old incidents that Health events of these facts overlap and that were reported without them, by
/// onset, ID and ARN. Incidents inside the window of the facts are left to the judgement.
#[must_use]
pub fn late(facts: &Facts, span: Interval, nights: &[Night], known: &[Known]) -> Vec<Late> {
    let earlier = super::earlier_than(nights, span);
    let keys: BTreeSet<&str> = earlier.iter().map(|night| night.key.as_str()).collect();
    let revised: BTreeSet<(&str, &str)> = earlier
        .iter()
        .flat_map(|night| &night.body.revisions)
        .map(|revision| (revision.incident.as_str(), revision.arn.as_str()))
        .collect();
    let oldest = span.from - chrono::Duration::days(REACH_DAYS);
    let mut list = Vec::new();
    for history in histories(known, |night| keys.contains(night)).into_values() {
        if history.until > facts.case.window.from || history.onset < oldest {
            continue;
        }
        let of = Interval::new(history.onset, history.until);
        let told: BTreeSet<&str> = known
            .iter()
            .filter(|(identity, night, _)| {
                identity.id == history.identity.id && keys.contains(night.as_str())
            })
            .flat_map(|(_, _, sighting)| sighting.health.iter().map(String::as_str))
            .collect();
        for notice in &facts.notices {
            let new = !told.contains(notice.arn.as_str())
                && !revised.contains(&(history.identity.id.as_str(), notice.arn.as_str()));
            if new && reaches(notice, &history.identity.region, of) {
                list.push(Late {
                    identity: history.identity.clone(),
                    span: of,
                    arn: notice.arn.clone(),
                    cause: history.last.cause.clone(),
                    side: history.last.side.clone(),
                    confidence: history.last.confidence.clone(),
                });
            }
        }
    }
    list.sort_by(|a, b| (a.span, &a.identity, &a.arn).cmp(&(b.span, &b.identity, &b.arn)));
    list
}

/// Whether an event about the registry or what it rests on covers part of a span in a region.
fn reaches(notice: &Notice, region: &str, span: Interval) -> bool {
    notice.relation != Relation::Unrelated
        && (notice.region == region || notice.region == "global")
        && notice.category != "scheduledChange"
        && notice
            .impact
            .is_some_and(|impact| impact.overlap(&span).is_some())
}

/// What is remembered of every event about the registry or what it rests on.
pub(super) fn marks(facts: &Facts) -> Vec<NoticeMark> {
    let mut list: Vec<NoticeMark> = facts
        .notices
        .iter()
        .filter(|notice| notice.relation != Relation::Unrelated)
        .map(|notice| NoticeMark {
            arn: notice.arn.clone(),
            status: notice.status.clone(),
            updated: notice.updated.map(rfc3339).unwrap_or_default(),
        })
        .collect();
    list.sort();
    list
}
