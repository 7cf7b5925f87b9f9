//! A fault of the AWS service. Needs breadth (callers and APIs alike, or trouble elsewhere) and a
//! second, independent leg; one caller's faults are never an outage.

use super::card::Card;
use super::fill;
use super::scene::{FAR_BELOW, Scene};
use super::shared;
use crate::analyze::cite;
use crate::analyze::control::sharing;
use crate::analyze::status;
use crate::analyze::types::Confidence;
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "aws_service_fault";
    if scene.class() != Some(Class::ServerError) {
        return Card::foreign(
            cause,
            format!(
                "a service fault shows as server errors; {}.",
                scene.signal_words()
            ),
        );
    }
    let mut card = Card::new(cause);
    let callers = &scene.principals;
    // Checked before anything else and whatever Health says: AWS's own codes do not make a fault of
    // one caller an outage when others made the same calls cleanly.
    if callers.confined() {
        let fill = fill::of_breadth(callers);
        card.block(super::rulebook::render(
            "{part} of {whole} faults came from one principal, {name}, while {others} made {rest_calls} of the same calls with {rest_failures} faults.",
            &fill,
        ));
    }
    shared::needs_a_past(scene, &mut card);
    shared::needs_failures(scene, &mut card);
    let trail = scene.cite(Noun::Trail);
    let (_, _, codes) = scene.codes_like(|_| true);
    card.hold(
        "server_codes",
        &[
            ("failures", words::count(scene.numbers.failures)),
            ("calls", words::count(scene.numbers.calls)),
            ("ratio", words::percent(scene.numbers.ratio)),
            ("codes", codes),
            (
                "before",
                if scene.numbers.baseline_calls == 0 {
                    "there are no earlier calls to compare with".to_owned()
                } else {
                    format!(
                        "before, it was {} of {}",
                        words::count(scene.numbers.baseline_failures),
                        words::count(scene.numbers.baseline_calls)
                    )
                },
            ),
        ],
        trail.clone(),
    );
    spread(scene, &mut card);
    elsewhere(scene, &mut card);
    shared::health_for_aws(scene, &mut card);
    // An own change that names what failed takes the quiet of our side away, so that leg falls with
    // it; so does a rise of our calls before the first fault.
    let blamed = shared::own_change_against(scene, &mut card);
    if scene.volume.rose_first() {
        shared::volume_first(scene, &mut card);
    }
    if !blamed {
        headroom(scene, &mut card);
    }
    if scene.repositories.confined() {
        card.hold(
            "one_repository",
            &fill::of_breadth(&scene.repositories),
            trail,
        );
    }
    card
}

fn spread(scene: &Scene<'_>, card: &mut Card) {
    let trail = scene.cite(Noun::Trail);
    let apis = &scene.apis;
    let names = fill::join([
        fill::of_breadth(&scene.principals),
        vec![
            ("apis", words::count(apis.similar.len() as u64)),
            (
                "api_names",
                words::list(scene.draft.apis.iter().map(String::as_str), 4),
            ),
        ],
    ]);
    if scene.principals.wide() {
        // One API alone can be a fault of AWS, but also a permission of a linked service that
        // surfaces as a server fault: never more than medium.
        if apis.similar.len() >= 2 {
            card.hold("spread_full", &names, trail.clone());
        } else {
            card.hold("spread_one_api", &names, trail.clone());
            card.cap(Confidence::Medium);
        }
    } else if alone(scene) {
        card.hold("one_caller", &names, trail.clone());
    } else {
        shared::spread_over_callers(scene, card, "spread_full");
    }
    if apis.confined() {
        let clean = fill::join([
            names,
            vec![
                ("clean_calls", words::count(apis.rest.1)),
                ("clean_failures", words::count(apis.rest.2)),
            ],
        ]);
        card.hold("one_api", &clean, trail);
    }
}

/// Whether one caller failed with nobody to compare it with, and no Health event speaks.
fn alone(scene: &Scene<'_>) -> bool {
    let callers = &scene.principals;
    callers.failing == 1 && !callers.comparable && scene.strong_health().is_none()
}

/// The same trouble in other accounts, regions or services at the same time.
fn elsewhere(scene: &Scene<'_>, card: &mut Card) {
    let controls = &scene.profile.controls;
    let trail = scene.cite(Noun::Trail);
    for (kind, rule, enough) in [
        ("account", "several_accounts", 1),
        ("region", "sibling_region", 1),
        // Throttles of other services count as faults there, so one alone may be our own load.
        ("service", "other_services", 2),
    ] {
        let groups = sharing(controls, kind);
        if groups.len() >= enough {
            let evidence = if kind == "service" {
                cite::other_services(scene.facts)
            } else {
                trail.clone()
            };
            card.hold(rule, &fill::of_groups(&groups), evidence);
        }
    }
}

/// Our own side was quiet: flat calls, and no change that explains it. That the trail alone says so is
/// not independent of the trail; a quota we stayed far below, or CloudWatch's own count of calls, is.
/// With both, calls need not have been flat: so few are no burden, however they came.
fn headroom(scene: &Scene<'_>, card: &mut Card) {
    if !scene.writes_known() {
        return;
    }
    if !scene.volume.flat() {
        if let Some(load) = scene.small_load() {
            let mut evidence = scene.cite(Noun::Trail);
            evidence.extend(scene.cite(Noun::Quotas));
            evidence.extend(scene.cite(Noun::Metrics));
            let fill = [("factor", words::percent(load))];
            card.hold("small_load", &fill, evidence);
        }
        return;
    }
    let factor = scene
        .leads
        .replays
        .iter()
        .filter_map(|replay| replay.peak_factor)
        .fold(None, |worst: Option<f64>, next| {
            Some(worst.map_or(next, |w| w.max(next)))
        });
    let mut evidence = scene.cite(Noun::Trail);
    let mut fill = fill::of_volume(scene);
    if let Some(factor) = factor.filter(|factor| *factor < FAR_BELOW) {
        evidence.extend(scene.cite(Noun::Quotas));
        fill.push(("factor", words::percent(factor)));
        card.hold("headroom", &fill, evidence);
    } else if status::coverage(scene.facts).is_some_and(|(share, _)| share >= status::GOOD_COVERAGE)
    {
        // Retries after the onset may well have come near a quota; server faults have no quota.
        evidence.extend(scene.cite(Noun::Metrics));
        card.hold("flat_load", &fill, evidence);
    }
}
