//! Records are missing, not calls: the trail fell silent while an independent count went on, or
//! everything in it fell silent at once. Blames nobody.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use super::shared;
use crate::analyze::cite;
use crate::analyze::types::Signal;
use crate::analyze::words;
use crate::bundle::manifest::Noun;

/// A stopped trail is silent from then on; an hour allows for what was still on its way.
const WITHIN_S: i64 = 3600;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "evidence_gap";
    if scene.draft.signal != Signal::TrafficDrop {
        return Card::foreign(
            cause,
            format!(
                "a hole in the evidence shows as missing calls; {}.",
                scene.signal_words()
            ),
        );
    }
    let mut card = Card::new(cause);
    if let Some((before, during)) = scene.call_count().filter(|_| scene.call_count_goes_on()) {
        card.hold(
            "call_count_goes_on",
            &[
                ("during", words::number(during)),
                ("before", words::number(before)),
                ("trail_calls", words::count(scene.numbers.calls)),
            ],
            scene.cite(Noun::Metrics),
        );
    }
    if let Some((before, during)) = scene.other_services().filter(|_| scene.others_vanish()) {
        card.hold(
            "all_services",
            &[
                ("during", words::count(during)),
                ("before", words::count(before)),
            ],
            cite::other_services(scene.facts),
        );
    }
    let kinds = &card.book.change_kinds;
    if let Some(candidate) = shared::changes_before(scene, kinds, WITHIN_S).first() {
        card.hold(
            "trail_change",
            &fill::of_change(candidate),
            fill::change_evidence(scene),
        );
    }
    let settled = scene.facts.settled_until;
    if scene.draft.span.from >= settled {
        let fill = fill::join([
            fill::of_incident(scene),
            vec![("settled", words::time(settled))],
        ]);
        card.hold("unsettled", &fill, scene.cite(Noun::Trail));
    }
    card
}
