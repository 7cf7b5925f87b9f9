//! The upstream registry of a pull-through cache, as ECR itself names it in its codes.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use super::shared;
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "upstream_registry";
    if scene.class() != Some(Class::Dependency) {
        return Card::foreign(
            cause,
            format!(
                "an upstream shows as a refused dependency; {}.",
                scene.signal_words()
            ),
        );
    }
    let mut card = Card::new(cause);
    let book = card.book;
    let (part, whole, codes) = scene.codes_like(|code| book.has_code(&code.code));
    if part.saturating_mul(5) < whole.saturating_mul(4) || part == 0 {
        card.block(format!(
            "{} the upstream registry.",
            fill::few_of(part, whole, "names", "name")
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
    others_fine(scene, &mut card);
    // ECR says "could not get upstream" for a bad secret or rule as well, so an own change counts
    // against, without sinking what the code says.
    let change = shared::changes_before(scene, &book.change_kinds, shared::RIGHT_BEFORE_S)
        .into_iter()
        .find(|candidate| candidate.explains || candidate.touches);
    if let Some(candidate) = change {
        card.hold(
            "own_change",
            &fill::of_change(candidate),
            fill::change_evidence(scene),
        );
    }
    card
}

/// Repositories without such failures whose pulls went on.
fn others_fine(scene: &Scene<'_>, card: &mut Card) {
    let clean = scene
        .profile
        .repositories
        .iter()
        .filter(|share| share.failures == 0);
    let (calls, failures) = clean.fold((0u64, 0u64), |sum, share| {
        (
            sum.0.saturating_add(share.calls),
            sum.1.saturating_add(share.failures),
        )
    });
    if calls >= 3 {
        card.hold(
            "others_fine",
            &[
                ("clean_calls", words::count(calls)),
                ("clean_failures", words::count(failures)),
            ],
            scene.cite(Noun::Trail),
        );
    }
}
