//! The caller asked for something wrong or was set up wrongly. Server faults count here only when
//! they stay with one caller after its own change.

use super::card::Card;
use super::fill;
use super::network_path::lone_fall;
use super::rulebook;
use super::scene::Scene;
use super::shared;
use crate::analyze::types::{ChangeCandidate, Confidence, Signal};
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;
use std::collections::BTreeSet;

/// A caller's own change may act late (a deployment picks it up): six hours are looked at.
const WITHIN_S: i64 = 6 * 3600;
/// Share of failures that must carry a caller's code.
const MOST: f64 = 0.8;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    match scene.draft.signal {
        Signal::Failures(Class::Throttle) => {
            foreign("throttles are about the rate of calls, not about what they ask.")
        }
        Signal::Failures(Class::ResourceQuota) => {
            foreign("a limit on resources is a cause of its own.")
        }
        Signal::Failures(Class::Unclassified | Class::Success) => {
            foreign("the codes are not known, so nobody can say whose mistake they mark.")
        }
        Signal::Failures(class) => failures(scene, class),
        Signal::TrafficDrop => drop(scene),
        Signal::TrafficSurge => surge(scene),
    }
}

fn foreign(why: &str) -> Card {
    Card::foreign("caller_configuration", why)
}

fn failures(scene: &Scene<'_>, class: Class) -> Card {
    let mut card = Card::new("caller_configuration");
    confinement(scene, &mut card, class);
    codes(scene, &mut card, class);
    other_registry(scene, &mut card);
    let change = own_change(scene, class);
    if let Some(candidate) = change {
        card.hold(
            "own_change",
            &fill::of_change(candidate),
            fill::change_evidence(scene),
        );
    } else if class == Class::ServerError {
        card.block("no own change came before, and AWS marks the faults as its own.");
    } else if class == Class::NotFound && !scene.changes_known() {
        // The same answers follow from a removal, and that would not be seen.
        card.block("the trail holds no change of any kind, so the caller's mistake and a removal look alike.");
    }
    // AWS calls server faults its own: only one caller's change turns them round, and only for it.
    if class == Class::ServerError && !scene.principals.dominant {
        card.block(rulebook::render(
            "{units} principals got server faults, so no single caller's set-up explains them.",
            &fill::of_breadth(&scene.principals),
        ));
    }
    shared::health_for_customer(scene, &mut card);
    card
}

fn confinement(scene: &Scene<'_>, card: &mut Card, class: Class) {
    let callers = &scene.principals;
    let trail = scene.cite(Noun::Trail);
    let fill = fill::of_breadth(callers);
    if callers.confined() {
        card.hold("confined", &fill, trail.clone());
    } else if callers.dominant {
        card.hold("nobody_else", &fill, trail.clone());
        if class == Class::ServerError {
            card.cap(Confidence::Low);
        }
    } else if callers.failing > 1 {
        card.hold("several", &fill, trail.clone());
    }
    // Only a baseline with calls can tell that a caller is new.
    let others = scene
        .profile
        .principals
        .iter()
        .any(|share| share.baseline_calls > 0);
    let top = callers.top.as_ref().filter(|_| callers.dominant);
    let is_new = top.is_some_and(|top| {
        scene
            .profile
            .principals
            .iter()
            .any(|share| share.name == top.name && share.baseline_calls == 0)
    });
    if others && is_new {
        card.hold("new_caller", &fill, trail);
    }
}

/// Codes that mark the caller's mistake: all of `client_error` and `not_found`, credentials among
/// denials, secrets among dependencies.
fn codes(scene: &Scene<'_>, card: &mut Card, class: Class) {
    let by_class = matches!(class, Class::ClientError | Class::NotFound);
    let (part, whole, codes) = scene.codes_like(|code| by_class || card.book.has_code(&code.code));
    if whole > 0 && part as f64 >= MOST * whole as f64 {
        card.hold(
            "caller_codes",
            &[
                ("part", words::count(part)),
                ("whole", words::count(whole)),
                ("codes", codes),
            ],
            scene.cite(Noun::Trail),
        );
    }
}

/// Denials at a registry of another account. The caller may ask the wrong one, or that account may have
/// withdrawn what it allowed, which a trail of this account does not show: never more than low.
fn other_registry(scene: &Scene<'_>, card: &mut Card) {
    let elsewhere = || {
        let own = &scene.draft.place.account;
        let denied = scene.profile.denied.iter();
        denied.filter(move |denied| denied.account != *own)
    };
    let part = elsewhere()
        .map(|denied| denied.denials)
        .fold(0, u64::saturating_add);
    let whole = scene.principals.failures;
    if part == 0 || (part as f64) < MOST * whole as f64 {
        return;
    }
    let accounts: BTreeSet<&str> = elsewhere().map(|denied| denied.account.as_str()).collect();
    card.hold(
        "other_registry",
        &[
            ("part", words::count(part)),
            ("whole", words::count(whole)),
            ("accounts", words::list(accounts, 3)),
            ("own", scene.draft.place.account.clone()),
        ],
        scene.cite(Noun::Trail),
    );
    card.cap(Confidence::Low);
}

/// A change of the failing caller's own set-up. What has a cause of its own (permissions, keys,
/// removals) is not counted twice.
fn own_change<'a>(scene: &Scene<'a>, class: Class) -> Option<&'a ChangeCandidate> {
    let elsewhere: &[&str] = match class {
        Class::Denied => &["permission_change", "kms_key"],
        Class::Dependency => &["kms_key"],
        _ => &[],
    };
    let counted = |candidate: &ChangeCandidate| {
        elsewhere.iter().any(|cause| {
            rulebook::of(cause)
                .change_kinds
                .contains(&candidate.change.kind)
        }) || (class == Class::NotFound
            && rulebook::of("image_removed")
                .change_apis
                .contains(&candidate.change.api))
    };
    let top = scene.principals.top.as_ref();
    shared::changes_before(scene, &[], WITHIN_S)
        .into_iter()
        .filter(|candidate| !counted(candidate))
        .find(|candidate| {
            let by_caller = top.is_some_and(|top| top.name == candidate.change.principal);
            // A setting of the registry names nobody. Where it can cause the class, came right before
            // and one caller alone fails while others make the same calls, it is that caller's
            // set-up that did not keep up with it.
            let registry = class == Class::ServerError
                && scene.principals.confined()
                && candidate.lead_s <= shared::RIGHT_BEFORE_S;
            candidate.explains && (candidate.touches || by_caller || registry)
        })
}

fn drop(scene: &Scene<'_>) -> Card {
    let mut card = Card::new("caller_configuration");
    if scene.call_count_goes_on() {
        card.block("CloudWatch counted calls all the while, so no caller stopped.");
    }
    if scene.others_vanish() {
        card.block("every other service of the trail vanished as well.");
    }
    if let Some(fell) = lone_fall(scene, &scene.profile.principals) {
        card.hold("stopped_caller", &fell, scene.cite(Noun::Trail));
    }
    shared::others_continue(scene, &mut card);
    // A caller that stops may just be done: never more than a hint.
    card.cap(Confidence::Medium);
    card
}

fn surge(scene: &Scene<'_>) -> Card {
    let mut card = Card::new("caller_configuration");
    let kinds = &card.book.change_kinds;
    match shared::changes_before(scene, kinds, shared::RIGHT_BEFORE_S).first() {
        Some(candidate) => {
            card.hold(
                "scale_out",
                &fill::of_change(candidate),
                fill::change_evidence(scene),
            );
        }
        None => card.block("no scale-out or deployment came before the surge."),
    }
    card
}
