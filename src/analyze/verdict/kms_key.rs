//! Repositories whose KMS key was changed. Without a change of a key this cause is out: the codes
//! alone do not say who broke it.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use super::shared;
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;

/// A key's change shows at the latest when cached data keys run out: six hours are looked at.
const WITHIN_S: i64 = 6 * 3600;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "kms_key";
    if !matches!(scene.class(), Some(Class::Dependency | Class::Denied)) {
        return Card::foreign(
            cause,
            format!(
                "a key shows as a refused dependency or as denials; {}.",
                scene.signal_words()
            ),
        );
    }
    let mut card = Card::new(cause);
    let book = card.book;
    let (part, whole, codes) = scene.codes_like(|code| {
        // Denials of the key itself name the KMS action in their message.
        book.has_code(&code.code) || code.message.contains("kms:")
    });
    if part == 0 && scene.class() == Some(Class::Denied) {
        return Card::foreign(cause, "no denial speaks of KMS.");
    }
    // Four of five, so that a few denials of another kind do not hide the key.
    if part.saturating_mul(5) < whole.saturating_mul(4) || part == 0 {
        card.block(format!(
            "{} a code or message of KMS.",
            fill::few_of(part, whole, "carries", "carry")
        ));
    } else {
        card.hold(
            "codes",
            &[
                ("part", words::count(part)),
                ("whole", words::count(whole)),
                ("codes", codes),
            ],
            scene.cite(Noun::Trail),
        );
    }
    let trail = scene.cite(Noun::Trail);
    // A key that was enabled is named by the failures as well, but broke nothing.
    let mut changes = shared::changes_before(scene, &book.change_kinds, WITHIN_S);
    changes.retain(|candidate| candidate.explains);
    match changes
        .iter()
        .find(|c| c.touches)
        .or_else(|| changes.first())
    {
        Some(candidate) if candidate.touches => {
            card.hold(
                "named_change",
                &fill::of_change(candidate),
                fill::change_evidence(scene),
            );
        }
        Some(candidate) => {
            card.hold(
                "change",
                &fill::of_change(candidate),
                fill::change_evidence(scene),
            );
        }
        None => card.block("no successful change of a key in the six hours before was found."),
    }
    if scene.repositories.dominant {
        card.hold(
            "one_repository",
            &fill::of_breadth(&scene.repositories),
            trail.clone(),
        );
    }
    if scene.sharp_edge() {
        card.hold("edge", &fill::of_calm(scene), trail);
    }
    card
}
