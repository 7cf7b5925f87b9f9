//! Calls that no longer arrive. They leave no record, so the reasoning is about who else went on.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use super::shared;
use crate::analyze::funnel::minutes;
use crate::analyze::types::{Signal, method};
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;
use crate::facts::types::{Meaning, Share};
use std::collections::BTreeMap;

/// A change of the path acts at once; an hour allows for DNS and connection lifetimes.
const WITHIN_S: i64 = 3600;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "network_path";
    if scene.draft.signal != Signal::TrafficDrop {
        return Card::foreign(
            cause,
            format!(
                "a broken path shows as missing calls; {}.",
                scene.signal_words()
            ),
        );
    }
    let mut card = Card::new(cause);
    if scene.call_count_goes_on() {
        card.block("CloudWatch counted calls all the while, so they arrived.");
    }
    // Both witnesses point to missing records instead, which is a cause of its own.
    if scene.others_vanish() {
        card.block(
            "every other service of the trail vanished as well, which no path to one service does.",
        );
    }
    let trail = scene.cite(Noun::Trail);
    let fell = lone_fall(scene, &scene.profile.vpc_endpoints).or_else(|| lone_path(scene));
    if let Some(fell) = fell {
        card.hold("one_endpoint", &fell, trail.clone());
    }
    if let Some((failed, calls)) = turned_away(scene) {
        card.hold(
            "turned_away",
            &[
                ("failed", words::count(failed)),
                ("calls", words::count(calls)),
                ("ratio", words::percent(failed as f64 / calls.max(1) as f64)),
            ],
            trail,
        );
    }
    let kinds = &card.book.change_kinds;
    let changes = shared::changes_before(scene, kinds, WITHIN_S);
    match changes
        .iter()
        .find(|c| c.touches)
        .or_else(|| changes.first())
    {
        Some(candidate) if candidate.touches => {
            card.hold(
                "named_change",
                &fill::of_change(candidate),
                fill::change_evidence(scene),
            );
        }
        Some(candidate) => {
            card.hold(
                "change",
                &fill::of_change(candidate),
                fill::change_evidence(scene),
            );
        }
        None => {}
    }
    told_by_change(scene, &mut card);
    shared::others_continue(scene, &mut card);
    resets(scene, &mut card);
    if let Some((before, during)) = scene.call_count()
        && during <= 0.5 * before
    {
        card.hold(
            "call_count_fell",
            &[
                ("before", words::number(before)),
                ("after", words::number(during)),
            ],
            scene.cite(Noun::Metrics),
        );
    }
    card
}

/// A silence that was told because a change came just before it cannot have that change as a second witness.
fn told_by_change(scene: &Scene<'_>, card: &mut Card) {
    let statistics = || scene.draft.episodes.iter().map(|one| &one.significance);
    let times = statistics().map(|one| one.score).fold(0.0, f64::max);
    if times > 0.0 && statistics().all(|one| method::is_behind_change(one.method)) {
        card.hold(
            "told_by_change",
            &[("times", words::number(times))],
            scene.cite(Noun::Trail),
        );
    }
}

/// Share of the arriving calls that must fail to be an explanation of those that do not arrive.
const MOSTLY: f64 = 0.5;

/// Failed and all calls of the place during the incident, when most failed: a pull that is refused its
/// token asks for no layers, so their calls are missing although every path works.
fn turned_away(scene: &Scene<'_>) -> Option<(u64, u64)> {
    let place = &scene.draft.place;
    let trail = scene.facts.trail.iter().find(|one| one.place == *place)?;
    let (from, to) = minutes(scene.draft.span);
    let (mut failed, mut calls) = (0_u64, 0_u64);
    for series in &trail.series {
        let index =
            |minute: i64| usize::try_from(minute.saturating_sub(series.start.0)).unwrap_or(0);
        for (class, counts) in &series.classes {
            let inside = counts.get(index(from.0)..index(to.0).min(counts.len()));
            let sum: u64 = inside.into_iter().flatten().map(|c| u64::from(*c)).sum();
            calls = calls.saturating_add(sum);
            if !matches!(class, Class::Success | Class::NotFound) {
                failed = failed.saturating_add(sum);
            }
        }
    }
    (failed as f64 >= MOSTLY * calls as f64 && failed > 0).then_some((failed, calls))
}

/// The one value of a dimension whose calls vanished while the others went on, by the incident's
/// share of the baseline. `None` when several fell, or nobody is left to compare with.
pub(super) fn lone_fall(scene: &Scene<'_>, shares: &[Share]) -> Option<fill::Fill> {
    let known = scene.facts.trail.iter();
    let known = known.filter(|trail| trail.place == scene.draft.place);
    let observed = known.filter_map(|trail| trail.observed).next();
    // Only the part of the baseline that the archive holds says how many calls are usual.
    let baseline = scene.facts.case.baseline;
    let held = observed.and_then(|observed| observed.overlap(&baseline));
    let baseline_s = held.unwrap_or(baseline).seconds().max(60) as f64;
    let length = scene.draft.span.seconds().max(60) as f64;
    let parts = shares.iter().map(|share| Part {
        name: &share.name,
        usual: share.baseline_calls as f64 * length / baseline_s,
        calls: share.calls,
    });
    lone(parts.collect())
}

/// The same by the two hours before the incident, for an archive that begins with its window.
fn lone_path(scene: &Scene<'_>) -> Option<fill::Fill> {
    let place = &scene.draft.place;
    let trail = scene.facts.trail.iter().find(|one| one.place == *place)?;
    let (from, to) = minutes(scene.draft.span);
    let mut paths: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for path in &trail.paths {
        let sum = |from: i64, to: i64| -> u64 {
            let index = |minute: i64| usize::try_from(minute - path.start.0).unwrap_or(0);
            let inside = path.calls.get(index(from)..index(to).min(path.calls.len()));
            inside.into_iter().flatten().map(|c| u64::from(*c)).sum()
        };
        let (before, during) = paths.entry(path.endpoint.as_str()).or_default();
        *before += sum(from.0 - LEAD_UP_MINUTES, from.0);
        *during += sum(from.0, to.0);
    }
    let times = (to.0 - from.0).max(1) as f64 / LEAD_UP_MINUTES as f64;
    let parts = paths.into_iter().map(|(name, (before, calls))| Part {
        name,
        usual: before as f64 * times,
        calls,
    });
    lone(parts.collect())
}

/// What an archive that begins with its window is compared with.
const LEAD_UP_MINUTES: i64 = 120;

/// Calls through one path, or of one caller, inside the incident and usually.
struct Part<'a> {
    name: &'a str,
    usual: f64,
    calls: u64,
}

fn lone(mut parts: Vec<Part<'_>>) -> Option<fill::Fill> {
    // Fewer expected calls than this cannot be missed.
    parts.retain(|part| part.usual >= 3.0);
    let fell = |part: &&Part<'_>| part.calls as f64 <= 0.2 * part.usual;
    let mut fallen = parts.iter().filter(fell);
    let one = fallen.next()?;
    if fallen.next().is_some() {
        return None;
    }
    let rest = || parts.iter().filter(|part| part.name != one.name);
    let rest_before: f64 = rest().map(|part| part.usual).sum();
    let rest_after = rest().map(|part| part.calls).fold(0, u64::saturating_add);
    let others_went_on = rest_before > 0.0 && rest_after as f64 >= 0.5 * rest_before;
    others_went_on.then(|| {
        vec![
            ("name", words::list([one.name], 1)),
            ("before", words::number(one.usual.round())),
            ("after", words::count(one.calls)),
            ("others_before", words::number(rest_before.round())),
            ("others_after", words::count(rest_after)),
        ]
    })
}

/// Resets and drops on the endpoints the calls use (or on any, when none is recorded).
fn resets(scene: &Scene<'_>, card: &mut Card) {
    let used: Vec<&str> = scene
        .profile
        .vpc_endpoints
        .iter()
        .map(|share| share.name.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    let broken = |meaning: &Meaning| match meaning {
        Meaning::PrivateLink { metric, endpoint } => {
            matches!(metric.as_str(), "RstPacketsReceived" | "PacketsDropped")
                && (used.is_empty() || endpoint.is_empty() || used.contains(&endpoint.as_str()))
        }
        _ => false,
    };
    let (Some(before), Some(during)) = (
        scene.metric_sum(broken, scene.before()),
        scene.metric_sum(broken, scene.draft.span),
    ) else {
        return;
    };
    if during >= 10.0 && during >= 3.0 * before {
        let name = if used.is_empty() {
            "the endpoints".to_owned()
        } else {
            words::list(used, 3)
        };
        card.hold(
            "resets",
            &[
                ("during", words::number(during)),
                ("before", words::number(before)),
                ("name", name),
            ],
            scene.cite(Noun::Metrics),
        );
    }
}
