//! One caller made the extra calls and got the throttles: leave it out and nothing is wrong.

use super::breadth::Unit;
use super::card::Card;
use super::fill::{self, Fill};
use super::rulebook;
use super::scene::{FAR_BELOW, Scene};
use super::shared;
use super::volume::excess_share;
use crate::analyze::control::{clean, ratio, sharing};
use crate::analyze::types::{Confidence, Signal};
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;

/// Share of failures and of extra calls the one caller must hold.
pub(super) const NEARLY_ALL: f64 = 0.8;
/// Sessions that carry the failures of one role: so many are a fleet that shares a role (instances,
/// tasks, jobs), and no single one is to be calmed. A program that runs wild does so in one session, or
/// in the few replicas of one deployment.
const FLEET: u64 = 20;
/// From so many on it may be either, which is not said with high confidence.
const SOME: u64 = 6;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "retry_storm";
    match scene.draft.signal {
        Signal::Failures(Class::Throttle) => throttles(scene),
        Signal::TrafficSurge => surge(scene),
        _ => Card::foreign(
            cause,
            format!(
                "a storm of calls shows as throttles or as a surge; {}.",
                scene.signal_words()
            ),
        ),
    }
}

fn throttles(scene: &Scene<'_>) -> Card {
    let cause = "retry_storm";
    let callers = &scene.principals;
    let fill = fill::of_breadth(callers);
    let Some(top) = holder(scene) else {
        return Card::blocked(
            cause,
            rulebook::render(
                "{units} principals were throttled; the largest, {name}, holds {part} of {whole} throttles, where a storm of one caller holds nearly all of them and of the extra calls.",
                &fill,
            ),
        );
    };
    let mut card = Card::new(cause);
    let trail = scene.cite(Noun::Trail);
    let word = ("failure_word", "throttles".to_owned());
    // Nobody else to compare with is a weaker form of the same leg, never a stronger one.
    if !callers.dominant {
        // Others were hit too: on a shared quota that is what a storm of one does to all.
        let share = excess_share(scene.facts, scene.profile, scene.draft.span, &top.name)
            .map_or(0.0, |(share, _)| share);
        let fill = fill::join([fill, vec![word, ("share", words::percent(share))]]);
        card.hold("collateral", &fill, trail.clone());
    } else if callers.comparable {
        let rest = match callers.rest.2 {
            0 => "no throttle".to_owned(),
            1 => "1 throttle".to_owned(),
            n => format!("{} throttles", words::count(n)),
        };
        let fill = fill::join([vec![("rest_failures", rest), word], fill]);
        card.hold("one_principal", &fill, trail.clone());
    } else {
        let fill = fill::join([fill, vec![word, ("control", control(scene))]]);
        card.hold("only_principal", &fill, trail.clone());
    }
    if callers.dominant {
        excess(scene, &mut card, &top.name);
    }
    if is_fleet(scene) {
        card.hold("fleet", &of_sessions(scene), scene.cite(Noun::Trail));
    } else if is_between(scene) {
        card.cap(Confidence::Medium);
    }
    shared::rise(scene, &mut card, "no_rise");
    if scene.profile.operations.recovered_by_retry > 0 {
        let recovered = words::count(scene.profile.operations.recovered_by_retry);
        card.hold("retried", &[("recovered", recovered)], trail);
    }
    quota(scene, &mut card);
    let accounts = sharing(&scene.profile.controls, "account");
    if !accounts.is_empty() {
        card.hold(
            "several_accounts",
            &fill::of_groups(&accounts),
            scene.cite(Noun::Trail),
        );
    }
    shared::echoes(scene, &mut card);
    shared::health_for_customer(scene, &mut card);
    card
}

/// The one principal whose storm it would be: nearly all throttles, and either nobody else in
/// trouble or nearly all of the extra calls as well.
pub(super) fn holder<'a>(scene: &'a Scene<'_>) -> Option<&'a Unit> {
    let callers = &scene.principals;
    let top = callers.top.as_ref()?;
    let nearly_all = ratio(top.failures, callers.failures) >= NEARLY_ALL;
    let extra = excess_share(scene.facts, scene.profile, scene.draft.span, &top.name)
        .is_some_and(|(share, _)| share >= NEARLY_ALL);
    (nearly_all && (callers.dominant || extra)).then_some(top)
}

/// Whether the throttles are spread over so many sessions that they are many callers under one name.
pub(super) fn is_fleet(scene: &Scene<'_>) -> bool {
    scene.profile.sessions_carrying >= FLEET
}

/// Whether they are neither few nor a fleet.
pub(super) fn is_between(scene: &Scene<'_>) -> bool {
    (SOME..FLEET).contains(&scene.profile.sessions_carrying)
}

/// The sessions, for a sentence.
pub(super) fn of_sessions(scene: &Scene<'_>) -> Fill {
    let name = scene.principals.top.as_ref().map_or("", |top| &top.name);
    vec![
        ("name", words::list([name], 1)),
        ("sessions", words::count(scene.profile.sessions_failing)),
        ("carrying", words::count(scene.profile.sessions_carrying)),
    ]
}

/// A surge has no failures: the one caller is found by its extra calls.
fn surge(scene: &Scene<'_>) -> Card {
    let cause = "retry_storm";
    let busiest = scene
        .profile
        .principals
        .iter()
        .map(|share| share.name.as_str())
        .filter_map(|name| {
            excess_share(scene.facts, scene.profile, scene.draft.span, name)
                .map(|(share, _)| (name, share))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.cmp(a.0)));
    let Some((name, _)) = busiest.filter(|(_, share)| *share >= NEARLY_ALL) else {
        return Card::blocked(
            cause,
            "no single principal made nearly all of the extra calls.",
        );
    };
    let mut card = Card::new(cause);
    let of_caller = |pick: fn(&crate::facts::types::Share) -> u64, own: bool| {
        scene
            .profile
            .principals
            .iter()
            .filter(|share| (share.name == name) == own)
            .map(pick)
            .fold(0, u64::saturating_add)
    };
    let (own, rest) = (of_caller(|s| s.calls, true), of_caller(|s| s.calls, false));
    let others = scene.profile.principals.len().saturating_sub(1) as u64;
    card.hold(
        "one_principal",
        &[
            ("part", words::count(own)),
            ("whole", words::count(own.saturating_add(rest))),
            ("failure_word", "calls".to_owned()),
            ("name", words::list([name], 1)),
            ("others", fill::others(others)),
            ("rest_calls", words::count(rest)),
            ("rest_failures", "no surge".to_owned()),
        ],
        scene.cite(Noun::Trail),
    );
    excess(scene, &mut card, name);
    shared::rise(scene, &mut card, "no_rise");
    shared::echoes(scene, &mut card);
    shared::health_for_customer(scene, &mut card);
    card
}

/// Other callers or services seen clean meanwhile, for the sentence without a direct comparison.
fn control(scene: &Scene<'_>) -> String {
    let controls = &scene.profile.controls;
    for (kind, what) in [
        ("principal", "Other principals"),
        ("service", "Other services"),
    ] {
        let groups = clean(controls, kind);
        let calls = groups.iter().map(|g| g.calls).fold(0, u64::saturating_add);
        if calls > 0 {
            let failures = groups
                .iter()
                .map(|g| g.failures)
                .fold(0, u64::saturating_add);
            return format!(
                " {what} ({}) made {} calls meanwhile with {} faults.",
                words::count(groups.len() as u64),
                words::count(calls),
                words::count(failures)
            );
        }
    }
    String::new()
}

fn excess(scene: &Scene<'_>, card: &mut Card, name: &str) {
    let Some((share, calls)) = excess_share(scene.facts, scene.profile, scene.draft.span, name)
    else {
        return;
    };
    if share >= NEARLY_ALL {
        card.hold(
            "excess",
            &[
                ("name", words::list([name], 1)),
                ("share", words::percent(share)),
                ("excess", words::count(calls)),
            ],
            scene.cite(Noun::Trail),
        );
    }
}

fn quota(scene: &Scene<'_>, card: &mut Card) {
    // Above the quota confirms the storm; far below speaks against it, but not for AWS: calls turned
    // away may be missing from the trail, so the replayed rate is a lower bound.
    let busiest = scene
        .throttled()
        .filter_map(|replay| replay.peak_factor.map(|factor| (factor, replay)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let Some((factor, replay)) = busiest else {
        return;
    };
    let fill = [
        ("peak", words::count(u64::from(replay.peak_per_s))),
        ("factor", words::percent(factor)),
        (
            "limit",
            words::number(replay.limit_per_s.unwrap_or_default()),
        ),
    ];
    if factor >= 1.0 {
        card.hold("over_quota", &fill, scene.cite(Noun::Quotas));
    } else if factor < FAR_BELOW {
        card.hold("below_quota", &fill, scene.cite(Noun::Quotas));
    }
}
