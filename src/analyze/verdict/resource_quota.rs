//! A limit on how many things may exist. AWS says so itself, in its own code.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use super::shared;
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;
use crate::facts::types::Quota;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "resource_quota";
    if scene.class() != Some(Class::ResourceQuota) {
        return Card::foreign(
            cause,
            format!(
                "a limit on resources has its own code; {}.",
                scene.signal_words()
            ),
        );
    }
    let mut card = Card::new(cause);
    let trail = scene.cite(Noun::Trail);
    let (_, _, codes) = scene.codes_like(|_| true);
    card.hold(
        "codes",
        &[
            ("failures", words::count(scene.numbers.failures)),
            ("calls", words::count(scene.numbers.calls)),
            ("codes", codes),
        ],
        trail.clone(),
    );
    // The value confirms that such a limit exists; how many things exist is not in the evidence.
    let limits: Vec<&Quota> = scene
        .facts
        .quotas
        .iter()
        .filter(|quota| quota.per_seconds.is_none())
        .filter(|quota| {
            quota
                .region
                .as_deref()
                .is_none_or(|r| r == scene.draft.place.region)
        })
        .collect();
    if !limits.is_empty() {
        let names: Vec<String> = limits
            .iter()
            .map(|quota| format!("{} = {}", quota.name, words::number(quota.value)))
            .collect();
        card.hold(
            "known_limit",
            &[("names", words::list(names.iter().map(String::as_str), 3))],
            scene.cite(Noun::Quotas),
        );
    }
    if scene.sharp_edge() {
        card.hold("edge", &fill::of_calm(scene), trail);
    }
    let asked = ["quota".to_owned()];
    if let Some(request) = shared::changes_before(scene, &asked, i64::MAX).first() {
        card.hold(
            "request",
            &fill::of_change(request),
            fill::change_evidence(scene),
        );
    }
    card
}
