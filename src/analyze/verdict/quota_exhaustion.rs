//! The account's own calls ran above its fetched quota and the throttles follow from that.

use super::card::Card;
use super::fill;
use super::retry_storm;
use super::scene::Scene;
use super::shared;
use super::volume::excess_share;
use crate::analyze::types::{Confidence, QuotaReplay};
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "quota_exhaustion";
    if scene.class() != Some(Class::Throttle) {
        return Card::foreign(
            cause,
            format!("it is about throttles; {}.", scene.signal_words()),
        );
    }
    let known = scene.throttled().any(|replay| replay.limit_per_s.is_some());
    if !known {
        return Card::blocked(
            cause,
            "the quota was not collected, so nobody can say that the calls were above it.",
        );
    }
    let over = scene
        .throttled()
        .filter(|replay| replay.peak_factor.is_some_and(|factor| factor >= 1.0))
        .max_by_key(|replay| (replay.observed_throttles, std::cmp::Reverse(&replay.api)));
    let Some(over) = over else {
        return Card::blocked(cause, "in no second did the calls reach the known quota.");
    };
    let mut card = Card::new(cause);
    let trail = scene.cite(Noun::Trail);
    let mut quota = trail.clone();
    quota.extend(Some(over.evidence.clone()).filter(|id| !id.is_empty()));
    replay(over, &mut card, &quota);
    shared::rise(scene, &mut card, "flat_volume");
    if scene.principals.failing >= 2 {
        card.hold(
            "several_principals",
            &fill::of_breadth(&scene.principals),
            trail.clone(),
        );
    }
    // Both causes hold when one caller exceeds the shared quota: the one that names the caller wins,
    // unless that name stands for a fleet.
    if retry_storm::holder(scene).is_some() && retry_storm::is_fleet(scene) {
        let fill = retry_storm::of_sessions(scene);
        card.hold("fleet", &fill, trail.clone());
    } else if let Some(top) = retry_storm::holder(scene)
        && let Some((share, _)) =
            excess_share(scene.facts, scene.profile, scene.draft.span, &top.name)
        && share >= retry_storm::NEARLY_ALL
    {
        let fill = fill::join([
            fill::of_breadth(&scene.principals),
            vec![("share", words::percent(share))],
        ]);
        card.hold("one_storm", &fill, trail.clone());
        if retry_storm::is_between(scene) {
            card.cap(Confidence::Medium);
        }
    }
    // The quota is the API's own, and so are those who use it up.
    let calls = scene.calls_of(&over.api);
    if let Some((name, own)) = over.consumers.first()
        && own.saturating_mul(2) >= calls
    {
        card.hold(
            "one_consumer",
            &[
                ("name", words::list([name.as_str()], 1)),
                ("part", words::count(*own)),
                ("whole", words::count(calls)),
                ("api", over.api.clone()),
            ],
            trail,
        );
    }
    let kinds = &card.book.change_kinds;
    if let Some(scale_out) = shared::changes_before(scene, kinds, shared::RIGHT_BEFORE_S).first() {
        card.hold(
            "scale_out",
            &fill::of_change(scale_out),
            fill::change_evidence(scene),
        );
    }
    shared::echoes(scene, &mut card);
    shared::health_for_customer(scene, &mut card);
    card
}

fn replay(over: &QuotaReplay, card: &mut Card, evidence: &[String]) {
    let fill = fill::join([
        vec![
            ("api", over.api.clone()),
            ("peak", words::count(u64::from(over.peak_per_s))),
            ("limit", words::number(over.limit_per_s.unwrap_or_default())),
            (
                "factor",
                words::percent(over.peak_factor.unwrap_or_default()),
            ),
            ("seconds", words::count(u64::from(over.seconds_over))),
            ("modelled", words::count(over.modelled_throttles)),
            ("observed", words::count(over.observed_throttles)),
        ],
        over.spread.map_or_else(Vec::new, |(seconds, avoided)| {
            vec![
                ("spread", words::length(seconds)),
                ("avoided", words::percent(avoided)),
            ]
        }),
    ]);
    card.hold("over_quota", &fill, evidence.to_vec());
    if shared::is_modelled(over) {
        card.hold("modelled", &fill, evidence.to_vec());
    } else {
        card.hold("not_modelled", &fill, evidence.to_vec());
    }
    if over.spread.is_some() {
        card.hold("spread_helps", &fill, evidence.to_vec());
    }
}
