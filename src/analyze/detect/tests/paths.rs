//! One path falls silent while another goes on.

use super::{DAY, MIDNIGHT, World, near, span};
use crate::analyze::types::{Signal, method};
use crate::case::Minute;
use crate::ecr::Class;
use crate::facts::types::{Facts, PathSeries};

const API: &str = "BatchGetImage";

/// A place with two paths, by their calls in each minute since the start of the window.
fn place(
    (baseline, window): (i64, i64),
    own: impl Fn(i64) -> u32,
    other: impl Fn(i64) -> u32,
) -> Facts {
    let mut world = World::new(baseline, window);
    for minute in -baseline..window {
        world.add(API, Class::Success, minute, own(minute) + other(minute));
    }
    let mut facts = world.facts();
    let path = |endpoint: &str, calls: &dyn Fn(i64) -> u32| PathSeries {
        endpoint: endpoint.to_owned(),
        api: API.to_owned(),
        start: Minute(MIDNIGHT - baseline),
        calls: (-baseline..window).map(calls).collect(),
    };
    facts.trail[0].paths = vec![path("", &other), path("vpce-1", &own)];
    facts
}

fn silences(facts: &Facts) -> Vec<(i64, i64)> {
    let drafts = super::super::detect(facts).drafts;
    let drops = drafts
        .iter()
        .filter(|one| one.signal == Signal::TrafficDrop);
    drops.map(span).collect()
}

#[test]
fn a_busy_path_that_breaks_off_is_told_within_minutes_without_any_past() {
    let broken = |from: i64, to: i64, pace: u32| {
        place(
            (0, 200),
            move |at| if (from..to).contains(&at) { 0 } else { pace },
            |_| 20,
        )
    };
    let told = silences(&broken(140, 143, 80));
    assert_eq!(told.len(), 1, "{told:?}");
    near(told[0], (140, 143), 0);
    // Two minutes, or few calls, may be chance.
    assert!(silences(&broken(140, 142, 80)).is_empty());
    assert!(silences(&broken(140, 143, 15)).is_empty());
    // So is what was as silent for a minute before.
    let before = place(
        (0, 200),
        |at| {
            if at == 60 || (140..143).contains(&at) {
                0
            } else {
                80
            }
        },
        |_| 20,
    );
    assert!(silences(&before).is_empty());
}

/// Three days and a window in which the path is silent for 22 minutes. On prior days far louder bursts of the
/// other path come while this one pauses for four minutes, when `doubt` is cast on its share.
fn long(pace: u32, doubt: bool) -> Facts {
    let pauses = move |at: i64| doubt && at < 0 && (600..604).contains(&at.rem_euclid(DAY));
    place(
        (3 * DAY, 300),
        move |at| {
            if (180..202).contains(&at) || pauses(at) {
                0
            } else {
                pace
            }
        },
        move |at| match (pauses(at), at.rem_euclid(3)) {
            (true, _) => 400,
            (false, 0) => 5,
            (false, _) => 0,
        },
    )
}

#[test]
fn a_long_silence_is_told_although_its_share_may_be_chance() {
    for (doubt, method) in [
        (false, method::SHARE_OF_CALLS),
        (true, method::SILENCE_OF_PATH),
    ] {
        let facts = long(5, doubt);
        let told = silences(&facts);
        assert_eq!(told.len(), 1, "{told:?}");
        near(told[0], (180, 202), 0);
        let drafts = super::super::detect(&facts).drafts;
        let methods: Vec<_> = drafts.iter().flat_map(|draft| &draft.episodes).collect();
        assert!(methods.iter().all(|one| one.significance.method == method));
    }
}

#[test]
fn a_long_silence_of_few_calls_is_not_told_where_its_share_may_be_chance() {
    assert_eq!(silences(&long(2, false)).len(), 1);
    assert!(silences(&long(2, true)).is_empty());
}
