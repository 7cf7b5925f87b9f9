//! `nightly`: the same arrows over a fixed day, what is new against earlier nights, and the state.

use super::live::{self, Asked};
use super::night_args::{InputArgs, NightlyArgs};
use super::output::Stage;
use super::pipeline::{self, Inputs, Judged};
use super::policy::Statements;
use super::talk::{self, Volume, say};
use super::{report, state_dir, tell_others, window};
use crate::bundle::Bundle;
use crate::case::{Case, Instant, Interval, Scope, ceil_minute, floor_minute, rfc3339};
use crate::collect::aws::control::Stop;
use crate::failure::{EXIT_FINDINGS, EXIT_INCONCLUSIVE, Failure, Kind};
use crate::nightly::{self, Input, Known, Late, Outcome, ack, summary::Summary, tell};
use crate::notify::Channel;
use crate::report::model::Report;
use crate::report::{html, json, markdown};
use crate::state::types::{Night, Revision};
use crate::state::{Kept, Lock, Store};
use crate::{facts, trail};
use anyhow::Context as _;
use chrono::{Duration, NaiveDate, NaiveTime};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant as Clock;

/// Records that arrive late are read again this long, seconds.
const REREAD_S: i64 = 6 * 3600;
/// An open incident is followed back to its onset at most this far.
const FOLLOWED_DAYS: i64 = 7;
/// A revised report shows this much before and after its incident.
const AROUND_MIN: i64 = 45;
/// Old incidents reported again in one night at most; a wave of late posts must not fill the night.
const MOST_REVISIONS: usize = 10;

/// Summarises one night, and those missed before it.
pub(super) fn run(args: &NightlyArgs) -> Result<u8, Failure> {
    let volume = args.talk.volume();
    let now = window::instant_or_now("--now", args.inputs.now.as_deref())?;
    let span = span(args, now)?;
    let text = match &args.acknowledgements {
        Some(path) => fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?,
        None => String::new(),
    };
    let acks = ack::parse(&text)?;
    let channels = tell_others::channels(args.notify.as_deref())?;
    let job = Job {
        args,
        channels,
        scope: window::scope_of(&args.inputs.scope)?,
        baseline: window::duration("--baseline", &args.inputs.baseline)?,
        lateness_s: window::lateness_s(&args.inputs.trail, trail::LATENESS_OF_EVIDENCE_S)?,
        acks,
        config: config(args, &text),
        now,
        volume,
    };
    // Looked at before anything else, so that a mistake in the flags leaves no state behind.
    let first = job.case(Interval::new(
        span.from - Duration::seconds(REREAD_S),
        span.to,
    ));
    let inputs = inputs(&args.inputs, job.lateness_s, &first, Path::new(""))?;
    if let (Some(request), true) = (&inputs.live, args.inputs.aws.plan) {
        return live::print_plan(request);
    }
    if args.inputs.aws.iam_policy {
        let mut policy = Statements::of(inputs.live.as_ref());
        policy.channels(&job.channels);
        return policy.print();
    }
    let dir = state_dir::of(&args.state)?;
    let mut store = Store::open(&dir)?;
    let _lock = Lock::take(&dir)?;
    let mut code = 0;
    for span in job.due(&store, span)? {
        code = job.night(&mut store, span)?;
        if code == Kind::Interrupted.exit_code() {
            break;
        }
    }
    Ok(code)
}

/// The span asked for: a day that is over, or a window.
fn span(args: &NightlyArgs, now: Instant) -> Result<Interval, Failure> {
    let day = |date: NaiveDate| {
        let from = date.and_time(NaiveTime::MIN).and_utc();
        Interval::new(from, from + Duration::days(1))
    };
    let span = match (&args.day, &args.window) {
        (Some(text), _) => {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| {
                Failure::usage(
                    format!("--day {text} is not a date"),
                    "write it as 2026-03-11, or use --window FROM/TO for any other span",
                )
            })?;
            day(date)
        }
        (None, Some(text)) => {
            let (from, to) = text.split_once('/').ok_or_else(|| {
                Failure::usage(
                    format!("--window {text} is not a span"),
                    "write it as 2026-03-11T06:00Z/2026-03-11T18:00Z",
                )
            })?;
            let from = window::instant_or_now("--window", Some(from))?;
            let to = window::instant_or_now("--window", Some(to))?;
            if from >= to || to - from > Duration::days(31) {
                return Err(Failure::usage(
                    format!("--window {text} is empty, reversed or longer than 31 days"),
                    "put the earlier time first",
                ));
            }
            Interval::new(floor_minute(from), ceil_minute(to))
        }
        (None, None) => day(now.date_naive() - Duration::days(1)),
    };
    if span.to > now {
        return Err(Failure::usage(
            format!("{span} is not over yet"),
            "a night is summarised when it is over; leave --day out for yesterday",
        ));
    }
    Ok(span)
}

/// The name of a night: its date when it is a UTC day.
fn key(span: Interval) -> String {
    let midnight = span.from.time() == NaiveTime::MIN;
    if midnight && span.seconds() == 86_400 {
        span.from.format("%Y-%m-%d").to_string()
    } else {
        format!("{}/{}", rfc3339(span.from), rfc3339(span.to))
    }
}

/// The name as a folder.
fn folder(key: &str) -> String {
    key.replace([':', '-'], if key.contains('/') { "" } else { "-" })
        .replace('/', "-")
}

/// What all nights of a run share.
struct Job<'a> {
    args: &'a NightlyArgs,
    scope: Scope,
    baseline: Duration,
    lateness_s: i64,
    acks: Vec<ack::Ack>,
    config: String,
    channels: Vec<Channel>,
    now: Instant,
    volume: Volume,
}

impl Job<'_> {
    /// The nights to do, oldest first: those missed since the state began, then the one asked for.
    fn due(&self, store: &Store, span: Interval) -> Result<Vec<Interval>, Failure> {
        let mut list = Vec::new();
        if let Some(text) = &self.args.catch_up {
            let back = window::duration("--catch-up", text)?;
            let nights = store.nights()?;
            let done: Vec<&str> = nights.iter().map(|night| night.key.as_str()).collect();
            // A night before the first one was not missed: nobody had asked yet.
            let first = nights.iter().map(|night| night.span.from).min();
            let mut from = span.from - Duration::days(back.num_days().max(1));
            while from < span.from {
                let day = Interval::new(from, from + Duration::days(1));
                let missed = first.is_some_and(|first| first < from);
                if missed && !done.contains(&key(day).as_str()) {
                    list.push(day);
                }
                from += Duration::days(1);
            }
        }
        list.push(span);
        Ok(list)
    }

    /// One night: judge, compare, write, keep, tell.
    fn night(&self, store: &mut Store, span: Interval) -> Result<u8, Failure> {
        let key = key(span);
        let (nights, known) = (store.nights()?, store.sightings()?);
        let from = nightly::window_from(span, REREAD_S, &nights, &known, FOLLOWED_DAYS);
        let case = self.case(Interval::new(from, span.to));
        say(
            self.volume,
            &format!(
                "night {key}: window {} UTC, baseline {}",
                case.window, case.baseline
            ),
        );
        let target = self.args.out.join(folder(&key));
        Stage::sweep(&target);
        let stage = Stage::new(&target, true)?;
        let begun = Clock::now();
        let Day {
            judged,
            bundle,
            stop,
        } = self.judge(&case, &stage.path().join("work"))?;
        if stop == Some(Stop::Interrupted) {
            say(
                self.volume,
                "interrupted: this night is not kept; run it again",
            );
            return Ok(live::early(Stop::Interrupted));
        }
        let revisions = self.revise(&stage, &judged, span, &nights, &known)?;
        let gates = store.gates(&span)?;
        let compared = nightly::days_compared(span);
        let daily = facts::daily(&bundle, &judged.facts.case, &compared)?;
        let outcome = nightly::summarise(&Input {
            key: &key,
            span,
            facts: &judged.facts,
            findings: &judged.findings,
            daily: &daily,
            nights: &nights,
            known: &known,
            gates: &gates,
            acks: &self.acks,
            revisions: &revisions,
            tool_version: env!("CARGO_PKG_VERSION"),
            config: &self.config,
            // A clock that stands still has nothing to measure with.
            took_s: self
                .args
                .inputs
                .now
                .is_none()
                .then(|| begun.elapsed().as_secs()),
        });
        write(&stage, &outcome.summary, &judged.report)?;
        stage.finish()?;
        let kept = store.keep(&outcome.night, &outcome.seen)?;
        self.told(&outcome, kept, &target)?;
        // Last, because nothing that happens here may cost the report or the state.
        tell_others::night(
            &outcome.summary,
            &target,
            &folder(&key),
            &self.channels,
            &self.args.notify_on,
            store,
            self.volume,
        );
        Ok(stop.map_or_else(|| self.code(&outcome.summary), live::early))
    }

    fn case(&self, window: Interval) -> Case {
        Case {
            window,
            baseline: Interval::new(floor_minute(window.from - self.baseline), window.from),
            scope: self.scope.clone(),
            now: self.now,
        }
    }

    fn judge(&self, case: &Case, dir: &Path) -> Result<Day, Failure> {
        let inputs = inputs(
            &self.args.inputs,
            self.lateness_s,
            case,
            &dir.with_extension("live"),
        )?;
        let collected = pipeline::collect(inputs, case, dir, self.volume)?;
        let bundle = collected.bundle;
        let case = report::within(case, &bundle);
        let command = report::command(&bundle, &case);
        let judged = pipeline::understand(&bundle, &case, command)?;
        Ok(Day {
            judged,
            bundle,
            stop: collected.stop,
        })
    }

    /// Reports old incidents again that a Health event has reached by now.
    fn revise(
        &self,
        stage: &Stage,
        judged: &Judged,
        span: Interval,
        nights: &[Night],
        known: &[Known],
    ) -> Result<Vec<Revision>, Failure> {
        let mut by_incident: BTreeMap<String, Vec<Late>> = BTreeMap::new();
        for late in nightly::late(&judged.facts, span, nights, known) {
            by_incident
                .entry(late.identity.id.clone())
                .or_default()
                .push(late);
        }
        if by_incident.len() > MOST_REVISIONS {
            say(
                self.volume,
                &format!(
                    "warning: {} old incidents are touched by late Health events; {MOST_REVISIONS} \
                     are reported again, the others without a new verdict",
                    by_incident.len()
                ),
            );
        }
        let mut list = Vec::new();
        for (number, (id, late)) in by_incident.into_iter().enumerate() {
            let Some(first) = late.first() else { continue };
            let mut verdict = (
                first.cause.clone(),
                first.side.clone(),
                first.confidence.clone(),
            );
            if number < MOST_REVISIONS {
                say(
                    self.volume,
                    &format!("{id}: reported again with a late Health event"),
                );
                let around = first.span.widened(AROUND_MIN * 60);
                let work = stage.path().join("work").join("again").join(&id);
                let again = self.judge(&self.case(around), &work)?.judged;
                if let Some(found) = same_incident(&again, first) {
                    verdict = found;
                    files(stage, &format!("revisions/{id}/"), &again.report)?;
                }
            }
            for late in late {
                list.push(Revision {
                    incident: id.clone(),
                    arn: late.arn,
                    cause_before: late.cause,
                    cause: verdict.0.clone(),
                    side: verdict.1.clone(),
                    confidence: verdict.2.clone(),
                });
            }
        }
        list.sort();
        Ok(list)
    }

    /// What the reader sees at once: the subject, and for a quiet night the proof.
    fn told(&self, outcome: &Outcome, kept: Kept, target: &Path) -> Result<(), Failure> {
        let summary = &outcome.summary;
        talk::data(format!("{}\n", summary.subject).as_bytes())?;
        if kept == Kept::Unchanged {
            say(
                self.volume,
                "the state already said so: nothing changed in it",
            );
        }
        say(
            self.volume,
            &format!("wrote {}", target.join("nightly.md").display()),
        );
        Ok(())
    }

    fn code(&self, summary: &Summary) -> u8 {
        match summary.status.as_str() {
            "attention" if self.args.detailed_exitcode => EXIT_FINDINGS,
            "inconclusive" if self.args.detailed_exitcode => EXIT_INCONCLUSIVE,
            _ => 0,
        }
    }
}

/// A span as judged, with its evidence, and why collecting ended early, if it did.
struct Day {
    judged: Judged,
    bundle: Bundle,
    stop: Option<Stop>,
}

/// What decides a summary beside its evidence, in ten digits: two nights told with different flags
/// or acknowledgements can be told apart.
fn config(args: &NightlyArgs, acks: &str) -> String {
    let scope = &args.inputs.scope;
    let mut hash = Sha256::new();
    for list in [
        &scope.account,
        &scope.region,
        &scope.repository,
        &scope.event_source,
    ] {
        hash.update(format!("{list:?}"));
    }
    hash.update(format!("{:?}{:?}", args.inputs.baseline, args.inputs.trail));
    hash.update(acks);
    let digits = hash.finalize();
    let digits = digits.iter().take(5);
    digits.map(|byte| format!("{byte:02x}")).collect()
}

/// The inputs as typed, for one question; what AWS answers is kept in `folder` meanwhile.
pub(super) fn inputs(
    args: &InputArgs,
    lateness_s: i64,
    case: &Case,
    folder: &Path,
) -> Result<Inputs, Failure> {
    if args.aws.resume {
        return Err(Failure::usage(
            "nights and gate decisions are made whole: there is nothing to resume",
            "leave --resume out and run it again",
        ));
    }
    let local = args.local.inputs();
    let asked = Asked {
        aws: &args.aws,
        offline: args.offline,
        cloudtrail: &args.cloudtrail,
        local: &local,
        scope: &args.scope,
        lateness_s,
    };
    let mut live = asked.request(case)?;
    if let Some(request) = &mut live {
        folder.clone_into(&mut request.folder);
        folder.clone_into(&mut request.trail.folder);
    }
    let cloudtrail = asked.local_trail();
    Ok(Inputs {
        cloudtrail,
        lateness_s,
        local,
        live,
        signed: Default::default(),
    })
}

/// Cause, side and confidence of the incident that stands for an old one in a new judgement.
fn same_incident(judged: &Judged, late: &Late) -> Option<(String, String, String)> {
    judged
        .findings
        .incidents
        .iter()
        .filter(|incident| {
            incident.draft.place.account == late.identity.account
                && incident.draft.place.region == late.identity.region
                && incident.draft.signal.word() == late.identity.signal
        })
        .filter_map(|incident| Some((incident, incident.draft.span.overlap(&late.span)?)))
        .max_by_key(|(incident, shared)| (shared.seconds(), std::cmp::Reverse(&incident.id)))
        .map(|(incident, _)| {
            (
                incident.verdict.cause.clone(),
                incident.verdict.side.word().to_owned(),
                incident.verdict.confidence.word().to_owned(),
            )
        })
}

fn write(stage: &Stage, summary: &Summary, full: &Report) -> Result<(), Failure> {
    let mut data = serde_json::to_string_pretty(summary).context("failed to write nightly.json")?;
    data.push('\n');
    stage.file("nightly.json", &data)?;
    let told = tell::report(summary, full.contract.clone());
    let text = if tell::one_line(summary) {
        // A quiet night is one line; the rest is in the JSON. Its first word is ours: escaped it
        // would only look strange to whoever reads the file as text.
        let (ours, rest) = summary.subject.split_at_checked(5).unwrap_or_default();
        format!(
            "{ours}{}: {}\n",
            markdown::line(rest),
            markdown::line(&tell::proof(summary))
        )
    } else {
        markdown::render(&told)
    };
    stage.file("nightly.md", &text)?;
    stage.file("nightly.html", &html::render(&told))?;
    files(stage, "", full)
}

/// A whole report into the stage.
fn files(stage: &Stage, prefix: &str, full: &Report) -> Result<(), Failure> {
    stage.file(&format!("{prefix}report.md"), &markdown::render(full))?;
    stage.file(&format!("{prefix}report.html"), &html::render(full))?;
    stage.file(&format!("{prefix}report.json"), &json::render(full))
}
