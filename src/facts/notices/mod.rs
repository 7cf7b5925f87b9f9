//! AWS Health answers, EventBridge events and the status feed to notices, one per event.
//!
//! The same event comes in pieces: a list entry, its details, several EventBridge updates, the
//! public feed. They meet by ARN. It must never lose an event for a malformed date, and never let
//! the feed overrule what Health told the account itself.

mod read;

use super::impact::{self, Post, Published};
use super::types::{Notice, ReadFrom, Relation};
use crate::bundle::manifest::Noun;
use crate::bundle::raw::RawAnswer;
use crate::case::Instant;
use crate::ecr;
use read::Piece;
use std::collections::BTreeMap;

/// Longest text kept of an event, in characters. The end is kept: AWS sums up last.
const TEXT_CAP: usize = 4_000;

/// The events of all answers, one per ARN, sorted by ARN. Entries of one ARN are merged: Health
/// before the feed, the latest update first, gaps filled from the others.
///
/// Each answer comes with the ID of its line in the evidence ledger.
#[must_use]
pub fn notices(answers: &[(RawAnswer, String)]) -> Vec<Notice> {
    let mut by_arn: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
    for (answer, evidence) in answers {
        for piece in read::pieces(answer, evidence) {
            by_arn.entry(piece.arn.clone()).or_default().push(piece);
        }
    }
    by_arn
        .into_iter()
        .map(|(arn, pieces)| merge(arn, pieces))
        .collect()
}

fn merge(arn: String, mut pieces: Vec<Piece>) -> Notice {
    // Newest first. A list entry and its details carry the same update time; the one with a text
    // speaks. The rest only makes the order independent of the order of the files.
    pieces.sort_by(|a, b| {
        a.noun
            .cmp(&b.noun)
            .then_with(|| b.updated.cmp(&a.updated))
            .then_with(|| b.posts.len().cmp(&a.posts.len()))
            .then_with(|| a.evidence.cmp(&b.evidence))
            .then_with(|| a.cmp(b))
    });
    let first = |of: fn(&Piece) -> &str| -> String {
        pieces
            .iter()
            .map(of)
            .find(|text| !text.is_empty())
            .unwrap_or_default()
            .to_owned()
    };
    let time = |of: fn(&Piece) -> Option<Instant>| pieces.iter().find_map(of);
    let (status, end) = state(&pieces);
    let published = Published {
        start: time(|piece| piece.start),
        end,
        updated: pieces.iter().filter_map(|piece| piece.updated).max(),
    };
    let service = first(|piece| &piece.service);
    let region = first(|piece| &piece.region);
    let category = first(|piece| &piece.category);
    let mut impacted: Vec<String> = pieces
        .iter()
        .flat_map(|piece| &piece.impacted)
        .map(|(service, at)| match at {
            Some(other) if !region.is_empty() && *other != region => format!("{service}-{other}"),
            _ => service.clone(),
        })
        .collect();
    impacted.sort();
    impacted.dedup();
    let (impact, read_from) = match impact_of(&pieces, &category, published) {
        Some((impact, from)) => (Some(impact), from),
        None => (None, ReadFrom::Published),
    };
    let (posted, posted_at_latest) = first_post(&pieces, published);
    Notice {
        noun: pieces.first().map_or(Noun::Health, |piece| piece.noun),
        type_code: first(|piece| &piece.type_code),
        status,
        scope: first(|piece| &piece.scope),
        start: published.start,
        end: published.end,
        updated: published.updated,
        posted,
        posted_at_latest,
        impact,
        read_from,
        relation: relation(&service, &impacted),
        impacted_services: impacted,
        text: pieces
            .iter()
            .find(|piece| !piece.posts.is_empty())
            .map(Piece::text)
            .map(|text| capped(&text))
            .unwrap_or_default(),
        evidence: first(|piece| &piece.evidence),
        arn,
        service,
        category,
        region,
    }
}

/// When AWS first posted, and whether that is only the latest it can have been: the feed states it,
/// the stamps of a Health text tell it, and an EventBridge message was sent once it was posted.
fn first_post(pieces: &[Piece], published: Published) -> (Option<Instant>, bool) {
    let known = pieces.iter().flat_map(|piece| {
        let stamped = piece
            .posts
            .iter()
            .filter(|(at, _)| at.is_none())
            .filter_map(|(_, text)| impact::first_post(text, published))
            .map(|found| (found.at, !found.opening));
        let stated = piece.posted.map(|at| (at, false));
        let sent = piece.sent.map(|at| (at, true));
        stamped.chain(stated).chain(sent)
    });
    // Of equal times the certain one comes first.
    match known.min() {
        Some((at, bound)) => (Some(at), bound),
        None => (None, false),
    }
}

/// Whether the event is over, by whoever spoke last, with the end that goes with it: an event that
/// was opened again has no end, and a feed saved later knows of an end Health had not told yet.
fn state(pieces: &[Piece]) -> (String, Option<Instant>) {
    let any_end = || pieces.iter().find_map(|piece| piece.end);
    let latest = pieces
        .iter()
        .rev()
        .filter(|piece| !piece.status.is_empty())
        .max_by_key(|piece| piece.updated);
    match latest {
        Some(piece) if piece.status == "closed" => {
            (piece.status.clone(), piece.end.or_else(any_end))
        }
        Some(piece) => (piece.status.clone(), piece.end),
        None => (String::new(), any_end()),
    }
}

/// Health's own words before the feed's, the latest before the earlier, any words before the
/// published times. A scheduled change states when it will be done, which is its published time.
fn impact_of(
    pieces: &[Piece],
    category: &str,
    published: Published,
) -> Option<(crate::case::Interval, ReadFrom)> {
    if category != "scheduledChange" {
        for piece in pieces {
            let posts: Vec<Post<'_>> = piece
                .posts
                .iter()
                .map(|(at, text)| Post { at: *at, text })
                .collect();
            if let Some(impact) = impact::stated(&posts, published) {
                return Some((impact, ReadFrom::Text));
            }
        }
    }
    impact::read(&[], published)
}

/// How near the event is to the registry; an impacted service of another region does not count.
fn relation(service: &str, impacted: &[String]) -> Relation {
    let known = ecr::knowledge();
    if known.is_registry(service) || impacted.iter().any(|one| known.is_registry(one)) {
        Relation::Same
    } else if known.is_multiple(service) {
        Relation::Multiple
    } else if known.dependency(service).is_some() {
        Relation::Dependency
    } else {
        Relation::Unrelated
    }
}

/// The last characters of a text, with a mark where it was cut.
fn capped(text: &str) -> String {
    let length = text.chars().count();
    if length <= TEXT_CAP {
        return text.to_owned();
    }
    let kept = text.chars().skip(length - TEXT_CAP + 1);
    std::iter::once('…').chain(kept).collect()
}

#[cfg(test)]
mod tests;
