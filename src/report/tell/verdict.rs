//! The answer: the first lines of the report, the ask, the summary and the assessment.
//!
//! Every cause is labelled as inferred; "cannot tell" is said as plainly as any other answer.

use super::causes::{self, Kind, Slots, Worth};
use super::outline;
use super::story::{IN_FULL, Story};
use super::words::{self, cell, list, name, plural, say, strong, table};
use crate::analyze::types::{Hypothesis, Incident, Side, Signal, Status};
use crate::report::fmt;
use crate::report::model::{Block, Label, Text, Tone, Untrusted, VerdictLine};

/// Alternatives told with their reason; the rest are named.
const ALTERNATIVES: usize = 4;

/// The first lines: one per incident told in full, or one about the whole run.
pub(super) fn lines(story: &Story<'_>) -> Vec<VerdictLine> {
    match story.status() {
        Status::Incident if !story.findings.incidents.is_empty() => story
            .in_full()
            .into_iter()
            .map(|incident| line(story, incident))
            .collect(),
        Status::Quiet => vec![whole_run(
            story,
            Tone::Quiet,
            "Verdict: quiet. No incident in the window.",
        )],
        // An incident status without incidents is told as what it is: nothing to go by.
        Status::Inconclusive | Status::Incident => vec![whole_run(
            story,
            Tone::Unknown,
            "Verdict: cannot tell. Too little evidence to say either way.",
        )],
    }
}

fn whole_run(story: &Story<'_>, tone: Tone, headline: &str) -> VerdictLine {
    VerdictLine {
        id: String::new(),
        tone,
        headline: headline.to_owned(),
        story: say("").prose(&story.findings.status_reason).done(),
        reasons: Vec::new(),
    }
}

/// What was looked at, with its evidence: silence must not look like health.
fn looked_at(story: &Story<'_>) -> Text {
    let (calls, failures) = story.window_totals();
    let coverage = match story.coverage(None, &[]) {
        Some((trail, counted)) => format!(
            "; CloudTrail holds {} of CloudWatch's {} counted calls ({})",
            fmt::count(trail),
            fmt::number(counted),
            fmt::percent(trail as f64 / counted)
        ),
        None => "; completeness unknown (no CallCount to compare with)".to_owned(),
    };
    strong("Looked at:")
        .and(format!(
            " {} in {} against {} of baseline; {} failed, not-found answers aside{coverage}.",
            plural(calls, "call", "calls"),
            plural(
                story.facts.trail.len() as u64,
                "account-region",
                "account-regions"
            ),
            days(story.baseline_days()),
            fmt::share(failures, calls),
        ))
        .cite(&story.cites_trail("calls"))
        .and(" ")
        .label(Label::Observed)
        .done()
}

pub(super) fn days(days: i64) -> String {
    plural(u64::try_from(days).unwrap_or(0), "day", "days")
}

fn line(story: &Story<'_>, incident: &Incident) -> VerdictLine {
    let mut reasons: Vec<Text> = incident
        .verdict
        .evidence_for
        .iter()
        .take(2)
        .map(words::reason)
        .collect();
    // Without a verdict the most useful line is what would give one.
    if incident.verdict.side == Side::Undetermined {
        reasons.truncate(1);
        reasons.extend(
            incident
                .verdict
                .would_change
                .iter()
                .take(2)
                .map(|text| strong("Would tell:").and(" ").prose(text).done()),
        );
    }
    // With several incidents the first screen has to hold them all: one reason each.
    if story.findings.incidents.len() > 1 {
        reasons.truncate(1);
    }
    VerdictLine {
        id: incident.id.clone(),
        tone: words::tone(incident.verdict.side),
        headline: headline(incident),
        story: what_happened(story, incident),
        reasons,
    }
}

/// `Verdict: our side (retry storm), confidence high.`
fn headline(incident: &Incident) -> String {
    let verdict = &incident.verdict;
    let phrase = causes::cause(&verdict.cause).phrase;
    let confidence = words::confidence(verdict.confidence);
    if verdict.side == Side::Undetermined {
        if phrase == words::side(Side::Undetermined) {
            return format!("Verdict: cannot tell, confidence {confidence}.");
        }
        return format!("Verdict: cannot tell ({phrase}), confidence {confidence}.");
    }
    format!(
        "Verdict: {} ({phrase}), confidence {confidence}.",
        words::side(verdict.side)
    )
}

/// What, where, when, how much, in one sentence.
pub(super) fn what_happened(story: &Story<'_>, incident: &Incident) -> Text {
    let draft = &incident.draft;
    let start = match draft.signal {
        Signal::Failures(class) => say(format!(
            "{} of {} ",
            fmt::count(incident.failures),
            fmt::count(incident.calls)
        ))
        .codes(&draft.apis, 4)
        .and(format!(
            " calls ({}) {}",
            fmt::percent(incident.failures as f64 / incident.calls.max(1) as f64),
            words::failed_how(class)
        )),
        Signal::TrafficSurge | Signal::TrafficDrop => {
            let moved = if draft.signal == Signal::TrafficSurge {
                "rose"
            } else {
                "fell"
            };
            say("Calls of ").codes(&draft.apis, 4).and(format!(
                " {moved} to {} where the baseline leads to expect {}",
                fmt::count(incident.calls),
                fmt::count(incident.failures)
            ))
        }
    };
    let when = match incident.recovery {
        Some(recovery) => format!(
            " from {} ({})",
            fmt::from_to(incident.onset, recovery),
            fmt::duration((recovery - incident.onset).num_seconds())
        ),
        None => format!(
            " since {}, still going on when the settled data ends at {}",
            fmt::moment(incident.onset),
            fmt::moment(story.facts.settled_until)
        ),
    };
    let before = match draft.signal {
        Signal::Failures(class) => match story.before(&draft.place, &draft.apis, class) {
            (_, 0) => "; no earlier calls to compare with.".to_owned(),
            (failures, calls) => {
                format!("; baseline {}.", fmt::share(failures, calls))
            }
        },
        Signal::TrafficSurge | Signal::TrafficDrop => format!(
            "; baseline {} calls/min.",
            fmt::number(incident.baseline_ratio)
        ),
    };
    start
        .and(" in ")
        .prose(&draft.place.region)
        .and(", account ")
        .prose(&draft.place.account)
        .and(format!(",{when}{before}"))
        .cite(&story.cites_of(incident))
        .done()
}

/// What to write to AWS, and whether to write at all.
pub(super) fn ask(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let cause = causes::cause(&incident.verdict.cause);
    let slots = Slots::of(incident, &story.facts.case);
    let mut items = Vec::new();
    if cause.ask.case != Worth::No {
        items.push(
            strong("Subject:")
                .and(" ")
                .text(slots.subject(&cause.ask.subject))
                .done(),
        );
    }
    for line in &cause.ask.lines {
        items.push(slots.text(line));
    }
    items.push(severity(incident, cause.ask.case));
    list(items).into_iter().collect()
}

/// The suggested severity, with its reason. Words and response times as AWS Support defines them;
/// what the business feels only a human knows.
fn severity(incident: &Incident, worth: Worth) -> Text {
    if worth == Worth::No {
        return strong("Case:")
            .and(" none suggested ")
            .label(Label::Inferred)
            .and(". If people see it otherwise, severity follows business impact ")
            .label(Label::Human)
            .and(".")
            .done();
    }
    let heavy = incident.failure_ratio >= 0.5 || incident.operations.lost > 0;
    let (word, why) = match (incident.draft.ongoing, heavy) {
        (true, true) => (
            "high (production system impaired)",
            "it is still going on and operations are being lost or most calls fail",
        ),
        (true, false) => (
            "normal (system impaired)",
            "it is still going on, but most operations get through",
        ),
        (false, _) => (
            "normal (system impaired)",
            "it is over; this is about cause and prevention",
        ),
    };
    strong("Suggested severity:")
        .and(format!(" {word}, because {why} "))
        .label(Label::Inferred)
        .and(". Raise it only for business impact ")
        .label(Label::Human)
        .and("; it cannot be changed later.")
        .done()
}

/// A table of all incidents, when there are several.
pub(super) fn all_incidents(story: &Story<'_>) -> Vec<Block> {
    let incidents = &story.findings.incidents;
    if incidents.len() < 2 {
        return Vec::new();
    }
    let rows = incidents
        .iter()
        .map(|incident| {
            let place = &incident.draft.place;
            let end = incident
                .recovery
                .map_or_else(|| "ongoing".to_owned(), fmt::moment);
            let size = match incident.draft.signal {
                Signal::Failures(_) => fmt::share(incident.failures, incident.calls),
                Signal::TrafficSurge | Signal::TrafficDrop => format!(
                    "{}, expected {}",
                    fmt::count(incident.calls),
                    fmt::count(incident.failures)
                ),
            };
            vec![
                cell(incident.id.as_str()),
                say("")
                    .prose(&place.region)
                    .and(" / ")
                    .prose(&place.account)
                    .done(),
                cell(words::signal(incident.draft.signal)),
                say("").codes(&incident.draft.apis, 3).done(),
                cell(format!("{} to {end}", fmt::moment(incident.onset))),
                cell(size),
                cell(short_verdict(incident)),
            ]
        })
        .collect();
    let note = if incidents.len() > IN_FULL {
        say(format!(
            "{} of {} incidents are told in full below, the weightiest by class and failures; the others stand in report.json.",
            IN_FULL,
            incidents.len()
        ))
        .done()
    } else {
        Vec::new()
    };
    vec![table(
        &[
            "ID", "Where", "Signal", "API", "From, to", "Size", "Verdict",
        ],
        rows,
        note,
    )]
}

fn short_verdict(incident: &Incident) -> String {
    let verdict = &incident.verdict;
    if verdict.side == Side::Undetermined {
        return "cannot tell".to_owned();
    }
    format!(
        "{} ({}), {}",
        words::side(verdict.side),
        causes::cause(&verdict.cause).phrase,
        words::confidence(verdict.confidence)
    )
}

/// The answer of a run without an incident, what it rests on, and what to do with it.
pub(super) fn no_incident(story: &Story<'_>) -> Vec<Block> {
    let status = story.status();
    let gaps = outline::place_of(Status::Quiet, "gaps");
    let next = match status {
        Status::Quiet => format!(
            "Nothing to do. What the evidence cannot show stands in {gaps}; if people saw failures all the same, look there first: layer downloads and refused connections leave no record."
        ),
        Status::Inconclusive | Status::Incident => format!(
            "Close the gaps in {gaps} and run the same command again. Until then this report neither blames nor clears anybody."
        ),
    };
    let health = match story.findings.health_searched {
        0 => format!(
            "no event was looked at, see {}.",
            outline::place_of(Status::Quiet, "health")
        ),
        searched => format!("{} looked at.", plural(searched, "event", "events")),
    };
    let items = vec![
        looked_at(story),
        strong("Settled:")
            .and(format!(
                " up to {}; later minutes may still change.",
                fmt::moment(story.facts.settled_until)
            ))
            .done(),
        strong("AWS Health:").and(format!(" {health}")).done(),
        strong("Next:").and(format!(" {next}")).done(),
    ];
    let mut blocks: Vec<Block> = list(items).into_iter().collect();
    blocks.extend(super::signal::window(story));
    blocks
}

/// The lines a reader needs after the verdict: scale, loss, state.
pub(super) fn summary(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let mut items = vec![scale(story, incident)];
    items.extend(operations(story, incident));
    items.extend(elsewhere(story, incident));
    items.push(aws_said(story, incident));
    items.push(state(story, incident));
    items.extend(do_now(story, incident));
    list(items).into_iter().collect()
}

/// Whether others shared the trouble: the strongest hint at whose doing it was.
fn elsewhere(story: &Story<'_>, incident: &Incident) -> Option<Text> {
    let groups = super::breakdown::elsewhere(incident)?;
    Some(
        strong("Elsewhere:")
            .and(format!(
                " shared by {groups} ({}).",
                outline::place_of(story.status(), "scope")
            ))
            .cite(&story.cites_of(incident))
            .and(" ")
            .label(Label::Inferred)
            .done(),
    )
}

/// What AWS had published, and when.
fn aws_said(story: &Story<'_>, incident: &Incident) -> Text {
    let words = strong("AWS Health:");
    let Some(found) = incident.health_matches.first() else {
        return words
            .and(format!(
                " no event matches; the search stands in {}.",
                outline::place_of(story.status(), "health")
            ))
            .done();
    };
    let posted = found.posted_lag_s.map_or_else(String::new, |lag| {
        format!(", first posted {} our onset", fmt::lag(lag))
    });
    words
        .and(" an event of ")
        .code(&found.service)
        .and(" in ")
        .prose(&found.region)
        .and(format!(
            " states impact {}{posted}.",
            fmt::interval(&found.impact)
        ))
        .cite(&[found.evidence.as_str()])
        .and(" ")
        .label(Label::Observed)
        .done()
}

/// The first thing to do, for somebody who reads no further.
fn do_now(story: &Story<'_>, incident: &Incident) -> Option<Text> {
    let cause = causes::cause(&incident.verdict.cause);
    let step = cause
        .steps
        .iter()
        .find(|step| step.kind == Kind::Mitigate)?;
    Some(
        strong("First step:")
            .and(" ")
            .text(Slots::of(incident, &story.facts.case).text(&step.text))
            .and(format!(
                " More in {}.",
                outline::place_of(story.status(), "steps")
            ))
            .done(),
    )
}

fn scale(story: &Story<'_>, incident: &Incident) -> Text {
    let hit = |shares: &[crate::facts::types::Share]| {
        let named = shares.iter().filter(|share| !share.name.is_empty());
        let all = named.clone().count() as u64;
        let failing = named.filter(|share| share.failures > 0).count() as u64;
        format!("{} of {}", fmt::count(failing), fmt::count(all))
    };
    let peak = format!("peak at {}", fmt::moment(incident.peak));
    let minutes = plural(incident.minutes_impaired, "minute", "minutes");
    let text = match incident.draft.signal {
        Signal::Failures(_) => format!(
            " {minutes} with failures, {peak}; {} callers and {} repositories with calls saw failures.",
            hit(&incident.principals),
            hit(&incident.repositories),
        ),
        Signal::TrafficSurge | Signal::TrafficDrop => format!(
            " {}, largest deviation at {}.",
            fmt::duration(incident.draft.span.seconds()),
            fmt::moment(incident.peak)
        ),
    };
    strong("Scale:")
        .and(text)
        .cite(&story.cites_of(incident))
        .and(" ")
        .label(Label::Observed)
        .done()
}

fn operations(story: &Story<'_>, incident: &Incident) -> Option<Text> {
    incident.draft.signal.class()?;
    let operations = incident.operations;
    Some(
        strong("After retries:")
            .and(format!(
                " {}, {} saved by a retry, {} never succeeded.",
                plural(
                    operations.failed_attempts,
                    "failed attempt",
                    "failed attempts"
                ),
                plural(operations.recovered_by_retry, "operation", "operations"),
                plural(operations.lost, "operation", "operations"),
            ))
            .cite(&story.cites_of(incident))
            .and(" ")
            .label(Label::Inferred)
            .done(),
    )
}

fn state(story: &Story<'_>, incident: &Incident) -> Text {
    let words = strong("State:");
    let words = match incident.recovery {
        Some(recovery) => words.and(format!(" over since {} ", fmt::moment(recovery))),
        None => words.and(format!(
            " still going on at {} (end of settled data) ",
            fmt::moment(story.facts.settled_until)
        )),
    };
    words
        .label(Label::Inferred)
        .and(". Workaround in place: ")
        .label(Label::Human)
        .and(".")
        .done()
}

/// Verdict, for, against, alternatives, what would change it.
pub(super) fn assessment(_story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let verdict = &incident.verdict;
    let mut blocks = vec![Block::Callout {
        tone: words::tone(verdict.side),
        text: strong(headline(incident))
            .and(" ")
            .label(Label::Inferred)
            .done(),
    }];
    let mut side = |title: &str, empty: &str, reasons: Vec<Text>| {
        blocks.push(strong(title).para());
        blocks.push(list(reasons).unwrap_or_else(|| say(empty).para()));
    };
    side(
        "For",
        "Nothing in the evidence speaks for one cause.",
        verdict.evidence_for.iter().map(words::reason).collect(),
    );
    side(
        "Against",
        "Nothing in the evidence speaks against it.",
        verdict.evidence_against.iter().map(words::reason).collect(),
    );
    side(
        "What would change this verdict",
        "Nothing further is known that could be collected.",
        verdict
            .would_change
            .iter()
            .map(|text| say("").prose(text).done())
            .collect(),
    );
    blocks.push(strong("Alternatives considered").para());
    blocks.extend(alternatives(incident));
    blocks.push(statistics(incident));
    blocks
}

fn alternatives(incident: &Incident) -> Vec<Block> {
    let others: Vec<&Hypothesis> = incident
        .verdict
        .hypotheses
        .iter()
        .filter(|hypothesis| hypothesis.cause != incident.verdict.cause)
        .collect();
    if others.is_empty() {
        return vec![say("No other hypothesis was considered.").para()];
    }
    let rows = others
        .iter()
        .take(ALTERNATIVES)
        .map(|hypothesis| {
            let why = if hypothesis.rejected_because.is_empty() {
                cell("weaker than the verdict")
            } else {
                say("").prose(&hypothesis.rejected_because).done()
            };
            vec![
                cell(causes::cause(&hypothesis.cause).phrase),
                cell(hypothesis.score.to_string()),
                cell(hypothesis.legs.to_string()),
                why,
            ]
        })
        .collect();
    let mut note =
        say("Points for minus points against; legs are independent kinds of evidence that hold.");
    let rest: Vec<String> = others
        .iter()
        .skip(ALTERNATIVES)
        .map(|hypothesis| causes::cause(&hypothesis.cause).phrase)
        .collect();
    if !rest.is_empty() {
        note = note.and(format!(
            " Further off, with reasons in report.json: {}.",
            rest.join(", ")
        ));
    }
    vec![table(
        &["Cause", ">Points", ">Legs", "Why not"],
        rows,
        note.done(),
    )]
}

fn statistics(incident: &Incident) -> Block {
    let statistics = &incident.significance;
    let sure = match statistics.q {
        Some(q) if q < 1e-4 => "false-discovery rate under 1 in 10,000".to_owned(),
        Some(q) => format!("false-discovery rate {}", fmt::number(q)),
        None => "uncalibrated (fewer than three prior days of data), so the rate of false alarms is unknown"
            .to_owned(),
    };
    say("Statistics: ")
        .code(statistics.method)
        .and(format!(
            ", score {}, {sure}; calibrated on {}, over-dispersion {}.",
            fmt::number(statistics.score),
            plural(
                u64::from(statistics.calibrated_days),
                "prior day",
                "prior days"
            ),
            fmt::number(statistics.dispersion),
        ))
        .para()
}

/// Numbered, each tied to its evidence.
pub(super) fn questions(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let cause = causes::cause(&incident.verdict.cause);
    let slots = Slots::of(incident, &story.facts.case);
    let cites = story.cites_of(incident);
    let mut items: Vec<Text> = cause
        .ask
        .questions
        .iter()
        .map(|question| say("").text(slots.text(question)).cite(&cites).done())
        .collect();
    if let Some(first) = incident.health_matches.first() {
        items.push(
            say("Does Health event ")
                .code(&first.arn)
                .and(" cover the listed requests, and is its impact span exact?")
                .cite(&[first.evidence.as_str()])
                .done(),
        );
    }
    let mut blocks = Vec::new();
    if cause.ask.case == Worth::No {
        blocks.push(say("No case is suggested; if one is opened all the same, ask:").para());
    }
    blocks.push(Block::List {
        ordered: true,
        items,
    });
    blocks
}

/// Mitigate now, prevent, detect earlier.
pub(super) fn steps(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let cause = causes::cause(&incident.verdict.cause);
    let slots = Slots::of(incident, &story.facts.case);
    let mut blocks = Vec::new();
    for (kind, title) in [
        (Kind::Mitigate, "Mitigate now"),
        (Kind::Prevent, "Prevent"),
        (Kind::Detect, "Detect earlier"),
    ] {
        blocks.push(strong(title).para());
        for step in cause.steps.iter().filter(|step| step.kind == kind) {
            blocks.push(Block::List {
                ordered: false,
                items: vec![slots.text(&step.text)],
            });
            if !step.command.is_empty() {
                blocks.push(Block::Code {
                    language: "sh",
                    text: Untrusted::capped(slots.command(&step.command), 4_000),
                });
            }
        }
    }
    blocks.push(
        say("Names in angle brackets are for you to fill in. Commands are offered, not run; look at each before use.")
            .para(),
    );
    blocks
}

/// What only people know.
pub(super) fn tried() -> Vec<Block> {
    let todo = |what: &str| say("").label(Label::Human).and(format!(": {what}")).done();
    list(vec![
        todo("retries, restarts or another region tried, when, with what result"),
        todo("workaround in place (pre-pulled images, pull-through cache, other region)"),
        todo("deployments or scaling blocked, customers affected"),
    ])
    .into_iter()
    .collect()
}

/// A heading for one of several incidents.
pub(super) fn heading(incident: &Incident) -> Block {
    Block::Heading(
        say(format!(
            "{}: {}, ",
            incident.id,
            words::signal(incident.draft.signal)
        ))
        .prose(&incident.draft.place.region)
        .and(format!(", {}", fmt::moment(incident.onset)))
        .done(),
    )
}

/// The subject of the title: where and when.
pub(super) fn title(story: &Story<'_>) -> Text {
    let window = &story.facts.case.window;
    let what = match story.status() {
        Status::Incident => "incident report",
        Status::Quiet => "report, quiet",
        Status::Inconclusive => "report, inconclusive",
    };
    let service = if story.facts.case.scope.is_ecr() {
        "ECR"
    } else {
        "AWS API"
    };
    let mut regions: Vec<String> = story
        .in_full()
        .iter()
        .map(|incident| incident.draft.place.region.clone())
        .collect();
    regions.sort();
    regions.dedup();
    if regions.is_empty() {
        regions = story.regions();
    }
    let words = say(format!("{service} {what}: "));
    let words = match regions.as_slice() {
        [] => words.and("no region in the evidence"),
        [one] => words.prose(one),
        several if several.len() <= 3 => words.prose(&several.join(", ")),
        several => words.and(format!("{} regions", several.len())),
    };
    words
        .and(format!(", {}", window.from.format("%Y-%m-%d")))
        .done()
}

/// Key and value of the header block.
pub(super) fn header(story: &Story<'_>) -> Vec<(String, Text)> {
    let case = &story.facts.case;
    let names = |names: &[String], none: &str| {
        if names.is_empty() {
            cell(none)
        } else {
            say("").prose(&names.join(", ")).done()
        }
    };
    let mut rows = vec![
        (
            "Window",
            cell(format!(
                "{} ({}), settled until {}",
                fmt::interval(&case.window),
                fmt::duration(case.window.seconds()),
                fmt::moment(story.facts.settled_until)
            )),
        ),
        (
            "Baseline",
            cell(format!(
                "{} ({})",
                fmt::interval(&case.baseline),
                days(story.baseline_days())
            )),
        ),
        ("Regions", names(&story.regions(), "none in the evidence")),
        ("Accounts", names(&story.accounts(), "none in the evidence")),
    ];
    if !case.scope.repositories.is_empty() {
        rows.push(("Repositories", names(&case.scope.repositories, "all")));
    }
    if !case.scope.is_ecr() {
        rows.push((
            "Services",
            say("").codes(&case.scope.event_sources, 6).done(),
        ));
    }
    rows.push(("Sources", sources(story)));
    rows.push((
        "Made",
        cell(format!(
            "{} by {} {}",
            fmt::moment(story.meta.generated_at),
            story.meta.tool_name,
            story.meta.tool_version
        )),
    ));
    rows.push(("Evidence seal", name(&story.facts.seal)));
    rows.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// `trail complete, health missing, …`: what the answer rests on, on the first screen.
fn sources(story: &Story<'_>) -> Text {
    let words: Vec<String> = crate::bundle::manifest::Noun::ALL
        .iter()
        .map(|noun| {
            let state = super::gaps::state(story, *noun);
            format!("{} {state}", noun.word())
        })
        .collect();
    cell(words.join(", "))
}
