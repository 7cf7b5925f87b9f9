//! Denials that follow a change of permissions. Only a change that can reach the denied callers
//! counts; an edit of another repository's policy does not.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use super::shared;
use crate::analyze::change::{PRINCIPAL_PREFIXES, SHORT_NAMES, mentions};
use crate::analyze::types::ChangeCandidate;
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::case::Minute;
use crate::ecr::Class;
use crate::facts::types::{Change, Denied, Dimension, Share};

/// Whether a change covers one value of a dimension.
type Covers<'a> = dyn Fn(&Share) -> bool + 'a;

/// A change that its caller met with its next call is looked for in the six hours of the change list.
const LATE_S: i64 = 6 * 3600;
/// Most denials must be on what the change covers.
const COVERED: f64 = 0.8;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "permission_change";
    if scene.class() != Some(Class::Denied) {
        return Card::foreign(
            cause,
            format!("a permission shows as denials; {}.", scene.signal_words()),
        );
    }
    let mut card = Card::new(cause);
    let book = card.book;
    let near: Vec<&ChangeCandidate> =
        shared::changes_before(scene, &book.change_kinds, shared::RIGHT_BEFORE_S)
            .into_iter()
            .filter(|candidate| candidate.explains)
            .collect();
    // A change that names what is denied beats one that may reach it; any other is a coincidence,
    // however close in time: accounts edit policies all day.
    let recent = near.iter().copied().find(|candidate| candidate.touches);
    // A caller that rests learns of a change with its next call, however long after.
    let named = recent.or_else(|| {
        shared::changes_before(scene, &book.change_kinds, LATE_S)
            .into_iter()
            .filter(|candidate| candidate.explains && candidate.touches)
            .find(|candidate| rested(scene, candidate))
    });
    let wide = near
        .iter()
        .find(|candidate| book.wide_changes.contains(&candidate.change.api));
    if let Some(candidate) = named {
        card.hold(
            "named_change",
            &fill::of_change(candidate),
            fill::change_evidence(scene),
        );
        coverage(scene, &mut card, candidate);
        if recent.is_none() {
            card.hold("rested", &[], scene.cite(Noun::Trail));
        }
    } else if let Some(candidate) = wide {
        card.hold(
            "wide_change",
            &fill::of_change(candidate),
            fill::change_evidence(scene),
        );
    } else {
        card.block(
            "no successful change of permissions in the 30 minutes before the first denial reaches what is denied, nor an earlier one since which the denied callers made no successful call.",
        );
    }
    if scene.sharp_edge() {
        card.hold("sharp_edge", &fill::of_calm(scene), scene.cite(Noun::Trail));
    }
    let (part, whole, codes) = scene.codes_like(|code| book.has_code(&code.code));
    if part.saturating_mul(2) > whole {
        card.hold(
            "credentials",
            &[
                ("part", words::count(part)),
                ("whole", words::count(whole)),
                ("codes", codes),
            ],
            scene.cite(Noun::Trail),
        );
    }
    card
}

/// Whether all denied callers are named by the change, and made no successful call of the denied APIs
/// since: the first they tried was denied. Unknown counts as no.
fn rested(scene: &Scene<'_>, candidate: &ChangeCandidate) -> bool {
    let change = &candidate.change;
    // Calls of single callers are counted inside the window only.
    if change.time < scene.facts.case.window.from {
        return false;
    }
    let (from, to) = (
        Minute::of(change.time).0.saturating_add(1),
        Minute::of(scene.draft.span.from).0,
    );
    let parts = || {
        scene
            .facts
            .trail
            .iter()
            .filter(|trail| trail.place == scene.draft.place)
            .flat_map(|trail| &trail.parts)
            .filter(|part| part.dimension == Dimension::Caller && part.class == Class::Denied)
    };
    let sum = |minutes: &[(Minute, u32)]| -> u64 {
        minutes
            .iter()
            .filter(|(minute, _)| (from..to).contains(&minute.0))
            .map(|(_, count)| u64::from(*count))
            .sum()
    };
    let mut denied = scene
        .profile
        .principals
        .iter()
        .filter(|share| share.failures > 0)
        .peekable();
    denied.peek().is_some()
        && denied.all(|share| {
            let silent = |api: &String| {
                parts()
                    .find(|part| part.name == share.name && part.api == *api)
                    .is_some_and(|part| {
                        !part.calls.is_empty() && sum(&part.calls) <= sum(&part.minutes)
                    })
            };
            names_caller(change, share) && scene.draft.apis.iter().all(silent)
        })
}

/// Whether a change names a caller.
fn names_caller(change: &Change, share: &Share) -> bool {
    let named = |name: &str, prefixes: &[&str]| {
        mentions(&change.resource, name, prefixes) || mentions(&change.detail, name, prefixes)
    };
    let short = share.name.rsplit('/').next().unwrap_or_default();
    named(&share.name, &[])
        || (SHORT_NAMES.contains(&change.event_source.as_str())
            && named(short, &PRINCIPAL_PREFIXES))
}

/// The denials by the repository their messages name; those of other accounts, and those that name
/// none, under no name.
fn denied_here(scene: &Scene<'_>, change: &Change) -> Vec<Share> {
    let of = |name: &str, failures: u64| Share {
        name: name.to_owned(),
        failures,
        ..Share::default()
    };
    let here =
        |denied: &&Denied| denied.account == change.account && denied.region == change.region;
    let mut shares: Vec<Share> = scene
        .profile
        .denied
        .iter()
        .filter(here)
        .map(|denied| of(&denied.repository, denied.denials))
        .collect();
    let told = shares
        .iter()
        .map(|share| share.failures)
        .fold(0, u64::saturating_add);
    shares.push(of("", scene.principals.failures.saturating_sub(told)));
    shares
}

/// How many denials are on the principals, repositories or endpoints the change names: the best of
/// these dimensions, since a change names only one of them.
fn coverage(scene: &Scene<'_>, card: &mut Card, candidate: &ChangeCandidate) {
    let change = &candidate.change;
    let named = |name: &str, prefixes: &[&str]| {
        mentions(&change.resource, name, prefixes) || mentions(&change.detail, name, prefixes)
    };
    let role = |share: &Share| names_caller(change, share);
    let repository = |share: &Share| named(&share.name, &["repository/"]);
    let endpoint = |share: &Share| named(&share.name, &[]);
    let by_message: Vec<Share> = denied_here(scene, change);
    let dimensions: [(&[Share], &Covers<'_>); 4] = [
        (&scene.profile.principals, &role),
        (&scene.profile.repositories, &repository),
        (&by_message, &repository),
        (&scene.profile.vpc_endpoints, &endpoint),
    ];
    let mut best: Option<(u64, u64, String)> = None;
    for (shares, covers) in dimensions {
        let whole = shares
            .iter()
            .map(|s| s.failures)
            .fold(0, u64::saturating_add);
        let covered: Vec<&Share> = shares
            .iter()
            .filter(|share| share.failures > 0 && !share.name.is_empty())
            .filter(|share| covers(share))
            .collect();
        let part = covered
            .iter()
            .map(|s| s.failures)
            .fold(0, u64::saturating_add);
        if part > 0 && best.as_ref().is_none_or(|(known, _, _)| part > *known) {
            let shown = words::list(covered.iter().map(|s| s.name.as_str()), 3);
            best = Some((part, whole, shown));
        }
    }
    let Some((part, whole, name)) = best else {
        return;
    };
    let rule = if part as f64 >= COVERED * whole as f64 {
        "covered"
    } else {
        "uncovered"
    };
    card.hold(
        rule,
        &[
            ("part", words::count(part)),
            ("whole", words::count(whole)),
            ("name", name),
        ],
        scene.cite(Noun::Trail),
    );
}
