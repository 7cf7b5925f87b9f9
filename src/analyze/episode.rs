//! Episodes of single APIs become incidents: same place, same signal, near in time.
//!
//! Different classes stay different incidents even at the same minute, because their causes differ;
//! the judge may connect them, the merge may not.

use super::detect::limits;
use super::types::{Episode, IncidentDraft, Signal, method};
use crate::case::{Interval, Minute};
use crate::facts::types::Place;
use std::collections::BTreeMap;

/// Merges episodes into drafts, clamped to `window`; by onset, place, signal.
#[must_use]
pub fn merge(episodes: Vec<Episode>, window: Interval) -> Vec<IncidentDraft> {
    let holes: Vec<(Place, Minute, Minute)> = episodes
        .iter()
        .filter(|episode| episode.significance.method == method::HOLE)
        .map(|hole| (hole.place.clone(), hole.onset, hole.end))
        .collect();
    let mut by_kind: BTreeMap<(Place, Signal, bool), Vec<Episode>> = BTreeMap::new();
    for episode in episodes {
        let of_hole = episode.signal == Signal::TrafficDrop && belongs(&episode, &holes);
        by_kind
            .entry((episode.place.clone(), episode.signal, of_hole))
            .or_default()
            .push(episode);
    }
    let mut drafts: Vec<IncidentDraft> = by_kind
        .into_values()
        .flat_map(groups)
        .filter_map(|members| draft(members, window))
        .collect();
    drafts.sort_by(|a, b| {
        (a.span.from, &a.place, a.signal, a.span.to).cmp(&(
            b.span.from,
            &b.place,
            b.signal,
            b.span.to,
        ))
    });
    drafts
}

/// Whether missing calls are those of a hole in the trail: the hole itself, or a fall of which at least
/// half lies inside one. A path that falls silent for longer than records are missing is another story.
fn belongs(episode: &Episode, holes: &[(Place, Minute, Minute)]) -> bool {
    let length = episode.end.0.saturating_sub(episode.onset.0);
    let inside: i64 = holes
        .iter()
        .filter(|(place, _, _)| *place == episode.place)
        .map(|(_, from, to)| (episode.end.0.min(to.0) - episode.onset.0.max(from.0)).max(0))
        .max()
        .unwrap_or(0);
    episode.significance.method == method::HOLE || inside.saturating_mul(2) >= length.max(1)
}

/// Chains of episodes whose spans overlap or lie within the merge distance.
fn groups(mut episodes: Vec<Episode>) -> Vec<Vec<Episode>> {
    episodes.sort_by(|a, b| (a.onset, &a.api, a.end).cmp(&(b.onset, &b.api, b.end)));
    let near = limits::limits().episode.merge;
    let mut groups: Vec<Vec<Episode>> = Vec::new();
    let mut reach = Minute(i64::MIN);
    for episode in episodes {
        let end = episode.end;
        match groups.last_mut() {
            Some(group) if episode.onset.0 <= reach.0.saturating_add(near) => {
                group.push(episode);
                reach = reach.max(end);
            }
            _ => {
                groups.push(vec![episode]);
                reach = end;
            }
        }
    }
    groups
}

fn draft(episodes: Vec<Episode>, window: Interval) -> Option<IncidentDraft> {
    let first = episodes.first()?;
    let (place, signal) = (first.place.clone(), first.signal);
    let onset = episodes.iter().map(|episode| episode.onset).min()?;
    let end = episodes.iter().map(|episode| episode.end).max()?;
    // The busiest minute of the hardest-hit member: minutes of different members cannot be added
    // here, and the member with most failures carries the incident.
    let peak = episodes
        .iter()
        .max_by(|a, b| {
            (a.failures, b.onset)
                .cmp(&(b.failures, a.onset))
                .then_with(|| b.api.cmp(&a.api))
        })
        .map(|episode| episode.peak)?;
    let mut apis: Vec<String> = episodes.iter().map(|episode| episode.api.clone()).collect();
    apis.sort();
    apis.dedup();
    let from = onset.start().max(window.from);
    Some(IncidentDraft {
        place,
        signal,
        apis,
        span: Interval::new(from, end.start().min(window.to)),
        peak,
        ongoing: episodes.iter().any(|episode| episode.ongoing),
        episodes,
    })
}
