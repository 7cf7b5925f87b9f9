//! Pulls that do not find what was removed from the same repository shortly before.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use crate::analyze::change::mentions;
use crate::analyze::types::ChangeCandidate;
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;

/// Most failures must be on the repository the removal names.
const NEARLY_ALL: f64 = 0.8;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "image_removed";
    if scene.class() != Some(Class::NotFound) {
        return Card::foreign(
            cause,
            format!(
                "a removal shows as not-found answers; {}.",
                scene.signal_words()
            ),
        );
    }
    let mut card = Card::new(cause);
    let removal = scene.leads.changes.iter().find(|candidate| {
        candidate.change.error_code.is_empty()
            && card.book.change_apis.contains(&candidate.change.api)
            && named_failures(scene, candidate).1 > 0
    });
    // Not found is everyday background (probes, scanners): without a removal it explains nothing.
    let Some(removal) = removal else {
        card.block("no removal of images from a repository that is not found now was seen in the six hours before.");
        return card;
    };
    let trail = scene.cite(Noun::Trail);
    card.hold(
        "removal",
        &fill::of_change(removal),
        fill::change_evidence(scene),
    );
    let (name, part) = named_failures(scene, removal);
    let whole = scene
        .profile
        .repositories
        .iter()
        .map(|share| share.failures)
        .fold(0, u64::saturating_add);
    let rule = if part as f64 >= NEARLY_ALL * whole as f64 {
        "one_repository"
    } else {
        "elsewhere"
    };
    card.hold(
        rule,
        &[
            ("part", words::count(part)),
            ("whole", words::count(whole)),
            ("name", name),
        ],
        trail.clone(),
    );
    if scene.sharp_edge() {
        card.hold("edge", &fill::of_calm(scene), trail);
    }
    card
}

/// The failing repository a removal names, and its failures.
fn named_failures(scene: &Scene<'_>, candidate: &ChangeCandidate) -> (String, u64) {
    let change = &candidate.change;
    scene
        .profile
        .repositories
        .iter()
        .filter(|share| share.failures > 0)
        .filter(|share| {
            mentions(&change.resource, &share.name, &["repository/"])
                || mentions(&change.detail, &share.name, &["repository/"])
        })
        .map(|share| (share.name.clone(), share.failures))
        .max_by_key(|(_, failures)| *failures)
        .unwrap_or_default()
}
