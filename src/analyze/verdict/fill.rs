//! Values for the placeholders of the rules' sentences.

use super::breadth::Breadth;
use super::scene::Scene;
use crate::analyze::cite;
use crate::analyze::health::{self, Link};
use crate::analyze::types::ChangeCandidate;
use crate::analyze::words;
use crate::facts::types::ControlGroup;

/// Names and values of one sentence.
pub(super) type Fill = Vec<(&'static str, String)>;

/// A Health link.
pub(super) fn of_health(link: &Link) -> Fill {
    let matched = &link.matched;
    vec![
        ("arn", matched.arn.clone()),
        ("service", matched.service.clone()),
        ("region", matched.region.clone()),
        ("overlap", words::length(matched.overlap_s)),
        ("score", format!("{:.2}", matched.score)),
        ("coincidence", words::percent(matched.coincidence)),
    ]
}

/// An own change.
pub(super) fn of_change(candidate: &ChangeCandidate) -> Fill {
    vec![
        ("api", candidate.change.api.clone()),
        ("principal", candidate.change.principal.clone()),
        ("time", words::time(candidate.change.time)),
        (
            "lead",
            words::lead_of(candidate.lead_s, candidate.first_failure_lead_s),
        ),
    ]
}

/// Ledger lines of a change.
pub(super) fn change_evidence(scene: &Scene<'_>) -> Vec<String> {
    cite::changes(scene.facts)
}

/// A dimension with its top unit.
pub(super) fn of_breadth(breadth: &Breadth) -> Fill {
    let top = breadth.top.as_ref();
    let name = top.map_or("", |unit| unit.name.as_str());
    vec![
        ("units", words::count(breadth.failing)),
        ("tested", words::count(breadth.tested)),
        ("within", words::count(breadth.similar.len() as u64)),
        ("name", words::list([name], 1)),
        ("part", words::count(top.map_or(0, |unit| unit.failures))),
        ("whole", words::count(breadth.failures)),
        ("others", others(breadth.rest.0)),
        ("rest_calls", words::count(breadth.rest.1)),
        ("rest_failures", words::count(breadth.rest.2)),
    ]
}

/// How many principals are left without the top one.
pub(super) fn others(count: u64) -> String {
    match count {
        0 => "nobody else".to_owned(),
        1 => "the one other principal".to_owned(),
        n => format!("the {} other principals", words::count(n)),
    }
}

/// `none of the 63 failures carries`, `only 3 of 63 failures carry`: too few to carry a cause.
pub(super) fn few_of(part: u64, whole: u64, one: &str, many: &str) -> String {
    match part {
        0 => format!("none of the {} failures {one}", words::count(whole)),
        1 => format!("only 1 of {} failures {one}", words::count(whole)),
        n => format!(
            "only {} of {} failures {many}",
            words::count(n),
            words::count(whole)
        ),
    }
}

/// The calls around the onset.
pub(super) fn of_volume(scene: &Scene<'_>) -> Fill {
    let volume = &scene.volume;
    let lead = volume.rise_lead_s.map_or(
        "at no time that can be told".to_owned(),
        |lead| match lead {
            0 => "in the minute of the onset".to_owned(),
            lead => words::lead(lead),
        },
    );
    vec![
        (
            "before",
            volume
                .before
                .map_or("an unknown number".to_owned(), words::number),
        ),
        ("around", words::number(volume.around)),
        ("peak", words::number(volume.peak)),
        (
            "after",
            if volume.follows {
                format!(
                    "; they rose, to {} per minute, only once calls failed",
                    words::number(volume.peak)
                )
            } else {
                String::new()
            },
        ),
        ("lead", lead),
    ]
}

/// What came before the edge.
pub(super) fn of_calm(scene: &Scene<'_>) -> Fill {
    let (calls, failures) = scene.calm();
    vec![
        ("calm_calls", words::count(calls)),
        ("calm_failures", words::count(failures)),
        ("failures", words::count(scene.numbers.failures)),
        ("calls", words::count(scene.numbers.calls)),
    ]
}

/// Control groups by name with their counts.
pub(super) fn of_groups(groups: &[&ControlGroup]) -> Fill {
    let each: Vec<String> = groups
        .iter()
        .map(|group| {
            format!(
                "{} ({} of {} calls)",
                group.name,
                words::count(group.failures),
                words::count(group.calls)
            )
        })
        .collect();
    vec![("names", words::list(each.iter().map(String::as_str), 4))]
}

/// The incident itself, for `would_change`.
pub(super) fn of_incident(scene: &Scene<'_>) -> Fill {
    let onset = scene.draft.span.from;
    let age = health::age_s(scene.facts, onset);
    let unposted = health::unposted_share(age);
    let weight = if unposted >= 0.2 {
        "little"
    } else if unposted >= 0.05 {
        "something"
    } else {
        "that AWS published nothing, which is still no proof"
    };
    vec![
        ("region", scene.draft.place.region.clone()),
        ("span", words::span(&scene.draft.span)),
        ("onset", words::minute(onset)),
        ("age", words::length(age)),
        ("unposted", words::percent(unposted)),
        ("weight", weight.to_owned()),
    ]
}

/// Several fills as one; the first value of a name stands.
pub(super) fn join(parts: impl IntoIterator<Item = Fill>) -> Fill {
    parts.into_iter().flatten().collect()
}
