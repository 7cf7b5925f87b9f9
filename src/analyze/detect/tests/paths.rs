//! One path falls silent while another goes on.

use super::{DAY, MIDNIGHT, World, near, span};
use crate::analyze::stage;
use crate::analyze::types::{Signal, method};
use crate::case::Minute;
use crate::ecr::Class;
use crate::facts::types::{Change, ControlSeries, Facts, PathSeries};

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

fn methods(facts: &Facts) -> Vec<&'static str> {
    let drafts = super::super::detect(facts).drafts;
    let episodes = drafts.iter().flat_map(|draft| &draft.episodes);
    episodes.map(|one| one.significance.method).collect()
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
        assert_eq!(methods(&facts), [method]);
    }
}

#[test]
fn a_long_silence_of_few_calls_is_not_told_where_its_share_may_be_chance() {
    assert_eq!(silences(&long(2, false)).len(), 1);
    assert!(silences(&long(2, true)).is_empty());
}

fn change(at: i64, api: &str, detail: &str) -> Change {
    let kind = match api.contains("Endpoint") {
        true => "endpoint",
        false => "network",
    };
    Change {
        time: Minute(MIDNIGHT + at).start(),
        detail: detail.to_owned(),
        ..stage::change(kind, api, (0, 0), "", &[])
    }
}

/// Three days of a path that comes every twelve minutes, and then misses one beat.
fn slow_path() -> Facts {
    let own = |at: i64| match (at.rem_euclid(12), at == 300) {
        (0, false) => 12,
        _ => 0,
    };
    place((3 * DAY, 400), own, |_| 20)
}

#[test]
fn behind_a_change_of_its_way_a_silence_needs_to_stand_out_less() {
    let changed = |changes: Vec<Change>| {
        let mut facts = slow_path();
        facts.trail[0].changes = changes;
        facts
    };
    let with = |changes: Vec<Change>| silences(&changed(changes));
    assert!(with(Vec::new()).is_empty(), "a beat may be missed");
    let told = with(vec![change(289, "RevokeSecurityGroupIngress", "{}")]);
    assert_eq!(told.len(), 1, "{told:?}");
    let ours = change(289, "DeleteVpcEndpoints", r#"{"VpcEndpointId":"vpce-1"}"#);
    assert_eq!(
        methods(&changed(vec![ours.clone()])),
        [method::SILENCE_OF_PATH_BEHIND_CHANGE]
    );
    // A silence that is long enough by itself owes the change nothing.
    let mut long = long(5, true);
    long.trail[0].changes = vec![change(179, "DeleteRoute", "{}")];
    assert_eq!(methods(&long), [method::SILENCE_OF_PATH]);
    let others = change(289, "DeleteVpcEndpoints", r#"{"VpcEndpointId":"vpce-2"}"#);
    let failed = Change {
        error_code: "UnauthorizedOperation".to_owned(),
        ..ours.clone()
    };
    let early = change(250, "DeleteRoute", "{}");
    let late = change(298, "DeleteRoute", "{}");
    let kind = Change {
        kind: "permission".to_owned(),
        ..ours.clone()
    };
    for nothing in [others, failed, early, late, kind] {
        let told = with(vec![nothing.clone()]);
        assert!(told.is_empty(), "{nothing:?} {told:?}");
    }
    // A controller that changes groups all day long proves nothing by changing one now.
    let busy = |at: i64| change(at, "AuthorizeSecurityGroupIngress", "{}");
    assert!(with([60, 120, 180, 240, 289].map(busy).to_vec()).is_empty());
}

#[test]
fn without_any_past_a_silence_many_times_as_long_as_any_is_told_though_few_calls_are_missing() {
    let slow = |length: i64| {
        let own = move |at: i64| match (at.rem_euclid(5), (120..120 + length).contains(&at)) {
            (0, false) => 4,
            _ => 0,
        };
        silences(&place((0, 300), own, |_| 20))
    };
    let told = slow(50);
    assert_eq!(told.len(), 1, "{told:?}");
    // Four times as long as any, but not six.
    assert!(slow(15).is_empty());
}

#[test]
fn where_other_paths_are_called_little_other_services_show_that_the_trail_goes_on() {
    let with = |controls: u32| {
        let own = |at: i64| match (300..308).contains(&at) {
            true => 0,
            false => 60,
        };
        let mut facts = place((3 * DAY, 400), own, |_| 1);
        facts.trail[0].controls = vec![ControlSeries {
            event_source: "s3.amazonaws.com".to_owned(),
            start: Minute(MIDNIGHT + 300),
            calls: vec![controls; 8],
            errors: vec![0; 8],
            faults: vec![0; 8],
        }];
        silences(&facts).len()
    };
    assert_eq!((with(1), with(0)), (1, 0));
}
