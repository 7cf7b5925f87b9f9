//! The honest answer when no cause is carried: what came nearest, what it lacks, what to fetch.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use crate::analyze::types::Reason;
use crate::analyze::words;
use crate::bundle::manifest::Noun;

/// Weighs against the other cards, which are in catalogue order.
pub(super) fn weigh(scene: &Scene<'_>, others: &[Card]) -> Card {
    let mut card = Card::new("undetermined");
    let trail = scene.cite(Noun::Trail);
    if let Some((count, codes)) = scene.unclassified() {
        card.hold(
            "unclassified",
            &[("part", words::count(count)), ("codes", codes)],
            trail.clone(),
        );
    }
    for other in others.iter().filter(|other| !other.is_foreign()) {
        let why = other.shortfall().unwrap_or_default();
        card.hold(
            "not_carried",
            &[("cause", other.book.title.clone()), ("why", why)],
            Vec::new(),
        );
    }
    if let Some(nearest) = nearest(others) {
        // What speaks for the nearest cause is all that speaks for anything.
        card.reasons_for.extend(nearest.reasons_for.iter().cloned());
        for reason in &nearest.reasons_against {
            if !contains(&card.reasons_against, reason) {
                card.reasons_against.push(reason.clone());
            }
        }
    }
    let callers = &scene.principals;
    if scene.leads.changes.is_empty() {
        if callers.confined() {
            card.hold("one_principal_no_change", &fill::of_breadth(callers), trail);
        } else if scene.changes_known() {
            card.hold("no_change", &[], trail);
        }
    }
    card
}

/// The cause of this kind of trouble with something for it: one that is not ruled out before one that
/// is, then most points, then the first.
pub(super) fn nearest(others: &[Card]) -> Option<&Card> {
    let mut best: Option<&Card> = None;
    for card in others {
        if card.is_foreign() || card.reasons_for.is_empty() {
            continue;
        }
        let rank = |card: &Card| (!card.is_blocked(), card.score());
        if best.is_none_or(|known| rank(card) > rank(known)) {
            best = Some(card);
        }
    }
    best
}

fn contains(reasons: &[Reason], one: &Reason) -> bool {
    reasons.iter().any(|known| known.text == one.text)
}
