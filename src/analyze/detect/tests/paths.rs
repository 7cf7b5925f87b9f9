//! One path falls silent while another goes on.

use super::{DAY, MIDNIGHT, World, near, span};
use crate::analyze::types::Signal;
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

#[test]
fn a_long_silence_is_told_although_its_share_may_be_chance() {
    // The other path comes in bursts every ten minutes, so shares say little.
    let hour = |silence: i64| {
        place(
            (3 * DAY, 300),
            move |at| match (180..180 + silence).contains(&at) {
                true => 0,
                false => [6, 4, 0, 7, 0][at.rem_euclid(5) as usize],
            },
            |at| if at.rem_euclid(9) == 0 { 14 } else { 0 },
        )
    };
    let told = silences(&hour(22));
    assert_eq!(told.len(), 1, "{told:?}");
    near(told[0], (180, 202), 1);
    assert!(silences(&hour(2)).is_empty());
}
