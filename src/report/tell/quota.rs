//! The section on quota and throttling: replays of the arrivals, or how sure it is that there was no
//! throttling. Where the trail holds no record, it says that nothing can be said.

use super::signal;
use super::story::{Story, minutes};
use super::words::{cell, list, name, say, table};
use crate::analyze::types::{Incident, QuotaReplay};
use crate::bundle::manifest::{Noun, Outcome};
use crate::ecr::Class;
use crate::report::fmt;
use crate::report::model::{Block, Label, Text};

/// Consumers named per quota.
const CONSUMERS: usize = 3;
/// Below this share of CloudWatch's count a figure from the trail is called a lower bound.
const FULL: f64 = 0.9;

/// Quota replays, or how sure we are that there was no throttling.
pub(super) fn blocks(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let near: Vec<&QuotaReplay> = incident
        .quota
        .iter()
        .filter(|replay| signal::is_near_quota(replay))
        .collect();
    if near.is_empty() {
        let (throttles, calls) = throttles(story, incident);
        if calls == 0 {
            return vec![unknown(story, incident)];
        }
        let mut blocks = vec![no_throttling(story, incident, throttles, calls)];
        blocks.extend(headroom(story, incident));
        return blocks;
    }
    let rows = near.iter().map(|replay| quota_row(replay)).collect();
    let mut cites = story.cites_of(incident);
    cites.extend(near.iter().map(|replay| replay.evidence.as_str()));
    let mut blocks = vec![table(
        &[
            "API", ">Quota", ">Busiest second", ">Of quota", ">Seconds over", ">Throttled, seen",
            ">Throttled, modelled",
        ],
        rows,
        say("Modelled: our recorded arrivals replayed second by second through a token bucket with the quota as rate; CloudTrail times are whole seconds.")
            .cite(&cites)
            .and(" ")
            .label(Label::Inferred)
            .done(),
    )];
    blocks.extend(list(basis_and_callers(&near)));
    if !is_full(story, incident) {
        let held = match share_held(story, incident) {
            Some(share) => format!(
                "The trail holds {} of the calls CloudWatch counted",
                fmt::percent(share)
            ),
            None => "How many of the calls the trail holds is not known".to_owned(),
        };
        blocks.push(
            say(format!(
                "{held}: arrivals and throttles seen are lower bounds."
            ))
            .para(),
        );
    }
    for replay in &near {
        if let Some((seconds, avoided)) = replay.spread {
            blocks.push(
                say("Spreading the arrivals of ")
                    .code(&replay.api)
                    .and(format!(
                        " over {} would have avoided {} of the {} modelled throttles ",
                        fmt::duration(seconds),
                        fmt::percent(avoided),
                        fmt::count(replay.modelled_throttles)
                    ))
                    .label(Label::Inferred)
                    .and(".")
                    .para(),
            );
        }
    }
    if story
        .source(Noun::Quotas)
        .is_none_or(|entry| matches!(entry.outcome, Outcome::Unavailable { .. }))
    {
        blocks.push(
            say("No quota was given, so nothing here says whether the arrivals were within it.")
                .para(),
        );
    }
    for index in 0..incident.quota.len() {
        if let Some(id) = signal::quota_id(incident, index) {
            blocks.push(Block::Chart(id));
        }
    }
    blocks
}

fn quota_row(replay: &QuotaReplay) -> Vec<Text> {
    let limit = match replay.limit_per_s {
        Some(limit) => say(format!("{}/s ", fmt::number(limit)))
            .code(&replay.code)
            .done(),
        None => cell("unknown"),
    };
    // Without a limit nothing was over it and nothing was modelled: that is no zero.
    let against_limit = |count: u64| match replay.limit_per_s {
        Some(_) => cell(fmt::count(count)),
        None => cell("unknown"),
    };
    vec![
        name(&replay.api),
        limit,
        cell(format!(
            "{} at {}",
            fmt::count(u64::from(replay.peak_per_s)),
            fmt::second(replay.peak_at)
        )),
        cell(
            replay
                .peak_factor
                .map_or_else(|| "unknown".to_owned(), fmt::percent),
        ),
        against_limit(u64::from(replay.seconds_over)),
        cell(fmt::count(replay.observed_throttles)),
        against_limit(replay.modelled_throttles),
    ]
}

/// The nearest the arrivals came to any known quota.
fn headroom(story: &Story<'_>, incident: &Incident) -> Option<Block> {
    let (replay, limit, factor) = incident
        .quota
        .iter()
        .filter_map(|replay| Some((replay, replay.limit_per_s?, replay.peak_factor?)))
        .max_by(|a, b| a.2.total_cmp(&b.2))?;
    let mut cites = story.cites_of(incident);
    cites.push(&replay.evidence);
    Some(
        say(if is_full(story, incident) {
            "Arrivals stayed well below the quotas: at most "
        } else {
            "The recorded arrivals, a lower bound, stayed well below the quotas: at most "
        })
        .code(&replay.api)
        .and(format!(
            " with {} of {} per second ({}) at {}.",
            fmt::count(u64::from(replay.peak_per_s)),
            fmt::number(limit),
            fmt::percent(factor),
            fmt::second(replay.peak_at)
        ))
        .cite(&cites)
        .and(" ")
        .label(Label::Observed)
        .para(),
    )
}

/// What each quota rests on, and who used it most.
fn basis_and_callers(near: &[&QuotaReplay]) -> Vec<Text> {
    near.iter()
        .map(|replay| {
            let words = say("").code(&replay.api);
            let mut words = match replay.limit_per_s {
                Some(_) => words.and(": quota from ").prose(&replay.basis),
                None => words.and(": quota not collected"),
            };
            for (index, (who, calls)) in replay.consumers.iter().take(CONSUMERS).enumerate() {
                let lead = if index == 0 { "; most calls by " } else { ", " };
                words = words
                    .and(lead)
                    .code(who)
                    .and(format!(" ({})", fmt::count(*calls)));
            }
            words.and(".").done()
        })
        .collect()
}

/// Throttled calls and all calls of the place in the incident's span.
fn throttles(story: &Story<'_>, incident: &Incident) -> (u64, u64) {
    let (from, to) = minutes(&incident.draft.span);
    let here = story
        .facts
        .trail
        .iter()
        .filter(|trail| trail.place == incident.draft.place);
    here.flat_map(|trail| &trail.series)
        .map(|series| series.sum(Class::Throttle, from, to))
        .fold((0, 0), |(throttles, calls), (all, hit)| {
            (throttles + hit, calls + all)
        })
}

/// Silence is not health: without a record nothing is said about throttles or quotas.
fn unknown(story: &Story<'_>, incident: &Incident) -> Block {
    say(format!(
        "Nothing can be said: the trail holds no call of this place from {}. A call that left no record may have been throttled like any other.",
        fmt::interval(&incident.draft.span)
    ))
    .cite(&story.cites_trail("calls"))
    .and(" ")
    .label(Label::Observed)
    .para()
}

fn no_throttling(story: &Story<'_>, incident: &Incident, throttles: u64, calls: u64) -> Block {
    let coverage = match share_held(story, incident) {
        Some(share) => format!("coverage {}", fmt::percent(share)),
        None => "coverage unknown".to_owned(),
    };
    let lead = if throttles == 0 {
        "No throttling seen in this place during the incident"
    } else {
        "Throttled calls in this place during the incident, none replayed for lack of a quota"
    };
    say(format!(
        "{lead}: {} calls ({coverage}).{}",
        fmt::share(throttles, calls),
        if is_full(story, incident) {
            ""
        } else {
            " That is a lower bound: calls without a record are not in it."
        }
    ))
    .cite(&story.cites_trail("calls"))
    .and(" ")
    .label(Label::Observed)
    .para()
}

/// Trail calls divided by CallCount in the place, over the window.
fn share_held(story: &Story<'_>, incident: &Incident) -> Option<f64> {
    let (trail, counted) = story.coverage(Some(&incident.draft.place), &[])?;
    Some(trail as f64 / counted)
}

/// Whether the trail is known to hold nearly all calls.
fn is_full(story: &Story<'_>, incident: &Incident) -> bool {
    share_held(story, incident).is_some_and(|share| share >= FULL)
}
