//! The verdict: every cause weighed on visible rules, one file per cause, and the winner with how
//! sure it is.
//!
//! Laws: AWS is never blamed on one leg; taking a source away never makes the answer surer; ties go
//! to the cause that stands first in the catalogue.

mod aws_service_fault;
mod aws_side_throttling;
mod breadth;
mod caller_configuration;
mod card;
mod evidence_gap;
mod fill;
mod image_removed;
mod kms_key;
mod network_path;
mod permission_change;
mod quota_exhaustion;
mod resource_quota;
mod retry_storm;
pub(super) mod rulebook;
mod scene;
mod shared;
mod undetermined;
mod upstream_registry;
mod volume;
mod witness;

pub(super) use scene::{Leads, Numbers, Scene};

use super::types::{Confidence, Hypothesis, Side, Verdict};
use card::Card;
use rulebook::Book;

/// Weighs all causes and picks one.
pub(super) fn decide(scene: &Scene<'_>) -> Verdict {
    // In the order of `rulebook::CAUSES`, which breaks ties.
    let weighed = vec![
        aws_service_fault::weigh(scene),
        aws_side_throttling::weigh(scene),
        quota_exhaustion::weigh(scene),
        retry_storm::weigh(scene),
        permission_change::weigh(scene),
        kms_key::weigh(scene),
        image_removed::weigh(scene),
        resource_quota::weigh(scene),
        network_path::weigh(scene),
        caller_configuration::weigh(scene),
        upstream_registry::weigh(scene),
        evidence_gap::weigh(scene),
    ];
    let winner = winner(scene, &weighed);
    let fallback = match winner {
        Some(_) => Card::new("undetermined"),
        None => undetermined::weigh(scene, &weighed),
    };
    let nearest = undetermined::nearest(&weighed).map(|card| card.book);
    let (chosen, also) = match winner {
        Some(card) => (card, None),
        None => (&fallback, nearest),
    };
    let confidence = match winner {
        Some(card) => confidence(scene, card),
        None => Confidence::Low,
    };
    Verdict {
        side: chosen.book.side(),
        cause: chosen.cause.to_owned(),
        confidence,
        evidence_for: chosen.reasons_for.clone(),
        evidence_against: chosen.reasons_against.clone(),
        would_change: would_change(scene, chosen.book, also),
        hypotheses: ranked(
            weighed.clone(),
            fallback.clone(),
            chosen.cause,
            chosen.score(),
        ),
    }
}

/// The plausible cause with the highest score. AWS is not blamed while codes nobody can class
/// outnumber the faults.
fn winner<'a>(scene: &Scene<'_>, cards: &'a [Card]) -> Option<&'a Card> {
    let unclassified = scene.unclassified().is_some();
    let mut best: Option<&Card> = None;
    for card in cards {
        let open = card.shortfall().is_none() && !(unclassified && card.book.side() == Side::Aws);
        if open && best.is_none_or(|known| card.score() > known.score()) {
            best = Some(card);
        }
    }
    best
}

/// High needs two legs, nothing serious against, a past to compare with (or an overwhelming effect)
/// and every source that could overturn it; medium needs the cause's legs and more than a handful of
/// failures. A serious reason against leaves the AWS side at low.
fn confidence(scene: &Scene<'_>, card: &Card) -> Confidence {
    let book = card.book;
    if card.legs() < book.medium_legs || scene.thin() || scene.unclassified().is_some() {
        return Confidence::Low;
    }
    if card.is_serious() && book.side() == Side::Aws && !card.holds("own_change") {
        return Confidence::Low;
    }
    let complete = book.high_needs.iter().all(|need| {
        match (need.strip_prefix("leg:"), need.strip_prefix("rule:")) {
            (Some(leg), _) => card.has_leg(leg),
            (_, Some(rule)) => card.holds(rule),
            (None, None) => scene.knows(need),
        }
    });
    // A serious reason against never lowers a customer's cause below medium: it may come from a source
    // whose absence must not make the answer surer.
    let sure = complete && card.legs() >= 2 && !card.is_serious() && scene.calibrated();
    let reached = if sure {
        Confidence::High
    } else {
        Confidence::Medium
    };
    reached.min(card.limit())
}

/// What would change the answer: the cause's own lines, then every missing source it does not name.
fn would_change(scene: &Scene<'_>, book: &Book, also: Option<&Book>) -> Vec<String> {
    let fill = fill::of_incident(scene);
    let general = rulebook::of("undetermined");
    let mut said: Vec<&str> = Vec::new();
    let mut told: Vec<(u8, String)> = Vec::new();
    // "Always" comes last and only from the chosen cause: it is the least specific.
    for source in [Some(book), also, Some(general)].into_iter().flatten() {
        for line in &source.would_change {
            // A source that was read and is silent matters only to causes that say so themselves.
            let silence_of_others = line.when == "health_silent" && !std::ptr::eq(source, book);
            if line.when == "always"
                || silence_of_others
                || said.contains(&line.when.as_str())
                || !line.concerns(scene.draft.signal)
                || !scene.misses(&line.when)
            {
                continue;
            }
            said.push(&line.when);
            told.push((
                scene.use_of(&line.when),
                rulebook::render(&line.text, &fill),
            ));
        }
    }
    for line in book
        .would_change
        .iter()
        .filter(|line| line.when == "always")
    {
        told.push((u8::MAX, rulebook::render(&line.text, &fill)));
    }
    // What would tell most first; the order of the files decides between equals.
    told.sort_by_key(|(rank, _)| *rank);
    told.into_iter().map(|(_, text)| text).collect()
}

/// Every hypothesis with the reason it did not win: the winner first, then open ones by score, then
/// those ruled out, then those about another kind of trouble, each in catalogue order.
fn ranked(cards: Vec<Card>, fallback: Card, chosen: &str, best: i32) -> Vec<Hypothesis> {
    let mut cards = cards;
    cards.push(fallback);
    cards.sort_by_key(|card| {
        (
            card.cause != chosen,
            card.is_foreign(),
            card.is_blocked(),
            std::cmp::Reverse(card.score()),
        )
    });
    cards
        .into_iter()
        .map(|card| {
            let why = if card.cause == chosen {
                String::new()
            } else if card.cause == "undetermined" {
                format!(
                    "the evidence carries a cause: \"{}\".",
                    rulebook::of(chosen).title
                )
            } else {
                let behind = format!(
                    "\"{}\" explains more: it stands {} points above its need, this one {}.",
                    rulebook::of(chosen).title,
                    best,
                    card.score()
                );
                card.shortfall().unwrap_or(behind)
            };
            card.hypothesis(sentence(&why))
        })
        .collect()
}

/// With a capital: the reasons are also used inside longer sentences.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
