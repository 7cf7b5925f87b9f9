//! Who and what was hit: impact, error breakdown, request evidence, comparison groups.
//!
//! Tables only, already sorted by the findings; cut tables say so.

use super::story::Story;
use super::words::{cell, cut_note, name, plural, say, strong, table};
use crate::analyze::types::{Episode, Incident, Signal};
use crate::facts::types::{ControlGroup, Share};
use crate::report::fmt;
use crate::report::model::{Block, Label, Text};

/// Rows shown of a breakdown; the rest stands in report.json.
const ROWS: usize = 10;
/// Rows shown of one dimension in the scope table.
const PER_DIMENSION: usize = 4;
/// Request rows shown: what AWS Support can look at.
const REQUESTS: usize = 30;

/// What the API did over the baseline, with its denominator.
fn past(story: &Story<'_>, incident: &Incident, episode: &Episode) -> String {
    let api = &episode.api;
    let Some(class) = incident.draft.signal.class() else {
        return match story.has_before(&incident.draft.place, std::slice::from_ref(api)) {
            true => format!("{}/min", fmt::number(episode.baseline_ratio)),
            false => "no calls".to_owned(),
        };
    };
    match story.before(&incident.draft.place, std::slice::from_ref(api), class) {
        (_, 0) => "no calls".to_owned(),
        (failures, calls) => fmt::share(failures, calls),
    }
}

/// Per API: calls, failures, baseline, coverage, times; then what it cost.
pub(super) fn impact(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let volume = incident.draft.signal.class().is_none();
    let mut rows = Vec::new();
    for episode in &incident.draft.episodes {
        let size = if volume {
            vec![
                cell(fmt::count(episode.calls)),
                cell(fmt::count(episode.failures)),
                cell(past(story, incident, episode)),
            ]
        } else {
            vec![
                cell(fmt::count(episode.calls)),
                cell(fmt::share(episode.failures, episode.calls)),
                cell(past(story, incident, episode)),
            ]
        };
        let end = if episode.ongoing {
            "ongoing".to_owned()
        } else {
            fmt::moment(episode.end.start())
        };
        let mut row = vec![name(&episode.api)];
        row.extend(size);
        row.push(coverage(story, incident, &episode.api));
        row.push(cell(fmt::moment(episode.onset.start())));
        row.push(cell(end));
        rows.push(row);
    }
    let columns: &[&'static str] = if volume {
        &[
            "API",
            ">Calls",
            ">Expected",
            ">Baseline",
            ">Coverage",
            "Onset",
            "Recovery",
        ]
    } else {
        &[
            "API",
            ">Calls",
            ">Failures",
            ">Baseline",
            ">Coverage",
            "Onset",
            "Recovery",
        ]
    };
    let note = say("Each row counts from its own onset to its own recovery; the other tables count the whole incident. Coverage: CloudTrail calls against CloudWatch CallCount over the window.")
        .cite(&story.cites_of(incident))
        .and(" ")
        .label(Label::Observed)
        .done();
    vec![
        table(columns, rows, note),
        say("Business effect: ")
            .label(Label::Human)
            .and(". Deployments or scaling blocked: ")
            .label(Label::Human)
            .and(".")
            .para(),
    ]
}

fn coverage(story: &Story<'_>, incident: &Incident, api: &str) -> Text {
    let apis = [api.to_owned()];
    match story.coverage(Some(&incident.draft.place), &apis) {
        Some((trail, counted)) => cell(format!(
            "{} ({} of {})",
            fmt::percent(trail as f64 / counted),
            fmt::count(trail),
            fmt::number(counted)
        )),
        None => cell("unknown"),
    }
}

/// Class, API and code with one message each.
pub(super) fn errors(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    if incident.codes.is_empty() {
        return vec![
            say("No failed call in this incident's span; the signal is in the number of calls.")
                .cite(&story.cites_of(incident))
                .para(),
        ];
    }
    let rows = incident
        .codes
        .iter()
        .take(ROWS)
        .map(|code| {
            let before = if code.baseline_count == 0 {
                "0 (new)".to_owned()
            } else {
                fmt::count(code.baseline_count)
            };
            vec![
                cell(code.class.word()),
                name(&code.api),
                name(&code.code),
                cell(fmt::share(code.count, code.calls)),
                cell(before),
                cell(fmt::seconds_from_to(code.first, code.last)),
                say("").code_capped(&code.message, 120).done(),
            ]
        })
        .collect();
    let note =
        say("Share is of all calls of the API during the incident; one message of each code.")
            .then(cut_note(ROWS, incident.codes.len(), "codes"))
            .cite(&story.cites_of(incident))
            .and(" ")
            .label(Label::Observed)
            .done();
    vec![table(
        &[
            "Class",
            "API",
            "Code",
            ">Calls",
            ">In baseline",
            "First, last seen",
            "Message",
        ],
        rows,
        note,
    )]
}

/// The rows AWS Support can look up.
pub(super) fn requests(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    if incident.requests.is_empty() {
        return vec![
            say("No request was sampled: ")
                .and(match incident.draft.signal {
                    Signal::TrafficDrop => "the calls that are missing left no record.",
                    _ => "no failed call with a record falls into the incident's span.",
                })
                .para(),
        ];
    }
    let rows = incident
        .requests
        .iter()
        .take(REQUESTS)
        .enumerate()
        .map(|(index, request)| {
            let code = if request.error_code.is_empty() {
                cell("success")
            } else {
                name(&request.error_code)
            };
            vec![
                cell(format!("R{}", index + 1)),
                cell(fmt::second(request.time)),
                name(&request.api),
                code,
                name(&request.request_id),
                name(&request.event_id),
                name(&request.repository),
                name(&request.vpc_endpoint),
                name(&request.why_chosen),
            ]
        })
        .collect();
    let note = say("Picked by rule: first, last, peak minute, each API and endpoint, and a successful twin for contrast. Callers, sources and messages of the same rows stand in report.json.")
        .then(cut_note(REQUESTS, incident.requests.len(), "requests"))
        .cite(&story.cites_trail("calls"))
        .and(" ")
        .label(Label::Observed)
        .done();
    vec![
        say("Region ")
            .prose(&incident.draft.place.region)
            .and(", account ")
            .prose(&incident.draft.place.account)
            .and(", event times as CloudTrail recorded them (UTC, whole seconds).")
            .para(),
        table(
            &[
                "",
                "Time",
                "API",
                "Code",
                "Request ID",
                "Event ID",
                "Repository",
                "VPC endpoint",
                "Picked as",
            ],
            rows,
            note,
        ),
    ]
}

/// Callers, repositories, endpoints; then the groups that may or may not share the trouble.
pub(super) fn scope(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rows = Vec::new();
    let mut left_out = 0;
    let volume = incident.draft.signal.class().is_none();
    let no_repository = if story.facts.case.scope.is_ecr() {
        "no repository (e.g. tokens)"
    } else {
        "no repository"
    };
    for (dimension, shares, none) in [
        ("caller", &incident.principals, "not recorded"),
        ("repository", &incident.repositories, no_repository),
        (
            "endpoint",
            &incident.vpc_endpoints,
            "not through an endpoint",
        ),
        ("session", &incident.sessions, "not recorded"),
        ("client", &incident.user_agents, "not recorded"),
    ] {
        // Single sessions and clients say little once the callers are known.
        let most = match dimension {
            "session" | "client" => PER_DIMENSION / 2,
            _ => PER_DIMENSION,
        };
        left_out += shares.len().saturating_sub(most);
        let mut shares: Vec<&Share> = shares.iter().collect();
        if volume {
            // Without failures the busiest are the ones to look at.
            shares.sort_by_key(|share| std::cmp::Reverse(share.calls.max(share.baseline_calls)));
        }
        for share in shares.iter().take(most) {
            let mut row = who_row(dimension, share, none, shares.len());
            if volume {
                row.extend(moved(story, incident, share));
            } else {
                row.extend([
                    of_calls(share.failures, share.calls),
                    of_calls(share.baseline_failures, share.baseline_calls),
                ]);
            }
            rows.push(row);
        }
    }
    if rows.is_empty() {
        blocks.push(say("No breakdown: the calls of this span carry no names.").para());
    } else {
        let by = if volume { "by calls" } else { "by failures" };
        let mut note = say(match left_out {
            0 => format!("Sorted {by}."),
            n => format!(
                "The first of each kind {by}; {} left out (report.json has all callers, repositories and endpoints).",
                plural(n as u64, "more is", "more are")
            ),
        });
        note = note
            .cite(&story.cites_of(incident))
            .and(" ")
            .label(Label::Observed);
        let columns: &[&'static str] = if volume {
            &[
                "Kind",
                "Name",
                ">Calls during",
                ">Per minute",
                ">Calls in baseline",
                ">Per minute then",
            ]
        } else {
            &["Kind", "Name", ">Failures of calls", ">In baseline"]
        };
        blocks.push(table(columns, rows, note.done()));
    }
    blocks.extend(comparison(story, incident));
    blocks
}

fn who_row(dimension: &str, share: &Share, none: &str, of: usize) -> Vec<Text> {
    let who = if share.name.is_empty() {
        cell(none)
    } else {
        say("").code_capped(&share.name, 90).done()
    };
    vec![cell(format!("{dimension} (of {of})")), who]
}

/// `3 of 40 (7.5 %)`; without a call there is nothing to be a share of.
fn of_calls(failures: u64, calls: u64) -> Text {
    match calls {
        0 => cell("no calls"),
        _ => cell(fmt::share(failures, calls)),
    }
}

/// Calls during and before with their rates, for incidents of volume. The baseline's rate is over
/// the days that hold calls.
fn moved(story: &Story<'_>, incident: &Incident, share: &Share) -> [Text; 4] {
    let minutes = incident.draft.span.minutes().max(1);
    let usual = story.baseline_rate(&incident.draft.place, share.baseline_calls);
    [
        cell(fmt::count(share.calls)),
        cell(fmt::number(share.calls as f64 / minutes as f64)),
        cell(fmt::count(share.baseline_calls)),
        cell(usual.map_or_else(|| "unknown".to_owned(), fmt::number)),
    ]
}

fn comparison(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    if incident.controls.is_empty() {
        return vec![
            say("Comparison: no other region, account, service, caller, repository or endpoint with calls in the same span, so nothing to compare with.")
                .para(),
        ];
    }
    let mut groups: Vec<&ControlGroup> = incident
        .controls
        .iter()
        .filter(|group| group.calls > 0)
        .collect();
    let silent = incident.controls.len() - groups.len();
    groups.sort_by_key(|group| (!is_affected(group), std::cmp::Reverse(group.calls)));
    let rows: Vec<Vec<Text>> = groups
        .iter()
        .take(ROWS + 4)
        .map(|group| {
            vec![
                say("").prose(kind_word(&group.kind)).done(),
                name(&group.name),
                of_calls(group.failures, group.calls),
                of_calls(group.baseline_failures, group.baseline_calls),
                cell(if is_affected(group) {
                    "affected"
                } else {
                    "not affected"
                }),
            ]
        })
        .collect();
    if rows.is_empty() {
        return vec![
            say(format!(
                "Comparison: none of {} other groups had a call in the same span.",
                incident.controls.len()
            ))
            .cite(&story.cites_trail("calls"))
            .para(),
        ];
    }
    let mut cites = story.cites_trail("calls");
    cites.extend(story.cites_trail("controls"));
    let mut note = say("Largest first, those that share it on top.");
    if silent > 0 {
        note = note.and(format!(
            " {} without a call in the span left out.",
            plural(silent as u64, "group", "groups")
        ));
    }
    let cut = cut_note(ROWS + 4, groups.len(), "groups");
    if !cut.is_empty() {
        note = note.and(" ").text(cut);
    }
    vec![
        strong("Comparison in the same span:")
            .and(format!(
                " shared by {}. A group counts as affected with at least three failures, a failure share of at least 1 %, and three times its own baseline.",
                by_kind(&groups).join(", ")
            ))
            .cite(&cites)
            .and(" ")
            .label(Label::Inferred)
            .para(),
        table(
            &["Kind", "Name", ">Failures of calls", ">In baseline", "Shared the trouble?"],
            rows,
            note.cite(&cites).done(),
        ),
    ]
}

/// Which kinds of groups share the trouble, in one line; `None` without any group.
pub(super) fn elsewhere(incident: &Incident) -> Option<String> {
    let groups: Vec<&ControlGroup> = incident
        .controls
        .iter()
        .filter(|group| group.calls > 0)
        .collect();
    let kinds = by_kind(&groups);
    (!kinds.is_empty()).then(|| kinds.join(", "))
}

/// One line per kind: how many of its groups share the trouble.
fn by_kind(groups: &[&ControlGroup]) -> Vec<String> {
    [
        "region",
        "account",
        "service",
        "principal",
        "repository",
        "endpoint",
        "api",
    ]
    .iter()
    .filter_map(|kind| {
        let of: Vec<_> = groups.iter().filter(|group| group.kind == *kind).collect();
        if of.is_empty() {
            return None;
        }
        let hit = of.iter().filter(|group| is_affected(group)).count();
        let word = if of.len() == 1 {
            kind_word(kind)
        } else {
            many(kind)
        };
        Some(format!("{hit} of {} other {word}", of.len()))
    })
    .collect()
}

/// `principal` is called caller everywhere else.
fn kind_word(kind: &str) -> &str {
    match kind {
        "principal" => "caller",
        "api" => "API",
        other => other,
    }
}

fn many(kind: &str) -> &str {
    match kind {
        "region" => "regions",
        "account" => "accounts",
        "service" => "services",
        "principal" => "callers",
        "repository" => "repositories",
        "endpoint" => "endpoints",
        _ => "APIs",
    }
}

/// The rule stated above the table.
fn is_affected(group: &ControlGroup) -> bool {
    let share = |failures: u64, calls: u64| {
        if calls == 0 {
            0.0
        } else {
            failures as f64 / calls as f64
        }
    };
    let now = share(group.failures, group.calls);
    let before = share(group.baseline_failures, group.baseline_calls);
    group.failures >= 3 && now >= 0.01 && now >= 3.0 * before
}
