//! `gate`: asks until the answer is open or the time is up, and says why in one line or JSON.

use super::night_args::{GateArgs, GateAsk, GateWhat, OnInconclusive, StateArgs};
use super::policy::Statements;
use super::talk::{self, Volume, say};
use super::{live, nightly, pipeline, state_dir, window};
use crate::case::{Case, Instant, Interval, floor_minute, rfc3339};
use crate::collect::aws;
use crate::collect::aws::control::Stop;
use crate::collect::aws::pull::{End, Step};
use crate::failure::{EXIT_FINDINGS, EXIT_INCONCLUSIVE, Failure, Kind};
use crate::gate::agree::{Agreement, agreement};
use crate::gate::{Check, Decision, Limits, Outcome, Verdict, decide, probed, unread};
use crate::report::escape::Untrusted;
use crate::state::Store;
use crate::state::types::GateMark;
use crate::{facts, trail};
use anyhow::Context as _;
use chrono::Duration;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Asks, or reports on what was asked.
pub(super) fn run(args: &GateArgs) -> Result<u8, Failure> {
    match &args.what {
        Some(GateWhat::Report { since, state, now }) => report(since, state, now.as_deref()),
        None => ask(&args.ask),
    }
}

fn ask(args: &GateAsk) -> Result<u8, Failure> {
    let volume = args.talk.volume();
    let [region] = args.inputs.scope.region.as_slice() else {
        return Err(Failure::usage(
            "the gate answers for one region",
            "name it with --region us-east-1",
        ));
    };
    let gate = Gate {
        args,
        region,
        for_min: minutes("--for", &args.span)?,
        limits: Limits::embedded(),
        lateness_s: window::lateness_s(&args.inputs.trail, trail::LATENESS_S)?,
    };
    let begun = window::instant_or_now("--now", args.inputs.now.as_deref())?;
    let every = window::duration("--every", &args.every)?;
    let until = match &args.wait {
        Some(text) => begun + window::duration("--wait", text)?,
        None => begun,
    };
    let inputs = nightly::inputs(
        &args.inputs,
        gate.lateness_s,
        &gate.case(begun)?,
        Path::new(""),
    )?;
    if let (Some(request), true) = (&inputs.live, args.inputs.aws.plan) {
        return live::print_plan(request);
    }
    if args.inputs.aws.iam_policy {
        let mut policy = Statements::of(inputs.live.as_ref());
        if let Some(image) = &args.probe {
            policy.probe(region, image.split(':').next().unwrap_or_default());
        }
        return policy.print();
    }
    let mut now = begun;
    let mut asked = 1u64;
    let decision = loop {
        let decision = gate.once(now)?;
        // Waiting past the end would keep a pipeline longer than it allowed.
        let next = now + every;
        if decision.verdict == Verdict::Open || next > until {
            break decision;
        }
        say(volume, &decision.line());
        now = gate.rest(now, every)?;
        asked += 1;
    };
    gate.record(&decision, volume);
    gate.answer(&decision, now - begun, asked)
}

fn minutes(flag: &str, text: &str) -> Result<i64, Failure> {
    let length = window::duration(flag, text)?;
    if length < Duration::minutes(5) || length > Duration::hours(6) {
        return Err(Failure::usage(
            format!("{flag} {text} is not between 5m and 6h"),
            "a gate judges the recent past: 15m is usual",
        ));
    }
    Ok(length.num_minutes())
}

struct Gate<'a> {
    args: &'a GateAsk,
    region: &'a str,
    for_min: i64,
    limits: Limits,
    lateness_s: i64,
}

impl Gate<'_> {
    fn case(&self, now: Instant) -> Result<Case, Failure> {
        let to = crate::case::ceil_minute(now);
        let from = floor_minute(now - self.limits.reach(self.for_min));
        let mut scope = window::scope_of(&self.args.inputs.scope)?;
        scope.regions = vec![self.region.to_owned()];
        Ok(Case {
            window: Interval::new(from, to),
            baseline: Interval::new(from, from),
            scope,
            now,
        })
    }

    /// Reads the inputs anew, or asks AWS anew, and decides. What could not be read or asked is no
    /// reason to end a wait, and never one to open: it is an inconclusive answer.
    fn once(&self, now: Instant) -> Result<Decision, Failure> {
        match self.read(now) {
            Ok(decision) => Ok(decision),
            Err(failure) if matches!(failure.kind, Kind::Usage | Kind::Interrupted) => Err(failure),
            Err(failure) => {
                let why = format!("{:#}", failure.error);
                let hint = failure.hints.first().cloned();
                let hint = hint.unwrap_or_else(|| "needs evidence to judge".to_owned());
                Ok(unread(self.region, now, why, hint))
            }
        }
    }

    fn read(&self, now: Instant) -> Result<Decision, Failure> {
        let case = self.case(now)?;
        let work = tempfile::tempdir().context("failed to make a temporary folder")?;
        let inputs = nightly::inputs(
            &self.args.inputs,
            self.lateness_s,
            &case,
            &work.path().join("live"),
        )?;
        let dir = work.path().join("bundle");
        let collected = pipeline::collect(inputs, &case, &dir, Volume::Quiet)?;
        if collected.stop == Some(Stop::Interrupted) {
            return Err(Failure {
                kind: Kind::Interrupted,
                error: anyhow::anyhow!("interrupted while asking AWS"),
                hints: Vec::new(),
            });
        }
        let facts = facts::load(&collected.bundle, &case)?;
        let probe = self.probe(&case)?;
        Ok(decide(
            &facts,
            self.region,
            self.for_min,
            &self.limits,
            probe,
        ))
    }

    /// Pulls by hand, when that was asked for. Credentials that do not work are an answer as well.
    fn probe(&self, case: &Case) -> Result<Vec<Check>, Failure> {
        let Some(image) = &self.args.probe else {
            return Ok(Vec::new());
        };
        let (repository, tag) = image.split_once(':').unwrap_or((image, "latest"));
        let args = &self.args.inputs;
        let none = Vec::new();
        let request = live::request(case, &args.aws, &args.scope, none, Vec::new(), 0)?;
        let watch: Arc<dyn aws::Watch> = Arc::new(aws::Unwatched);
        let (region, repository, tag) = (
            self.region.to_owned(),
            repository.to_owned(),
            tag.to_owned(),
        );
        let pulled = aws::probe(&request, &watch, |field| async move {
            aws::pull::pull(&field, &region, &repository, &tag).await
        });
        let steps = match pulled {
            Ok(steps) => steps,
            Err(failure) if matches!(failure.kind, Kind::Usage | Kind::Interrupted) => {
                return Err(failure);
            }
            Err(failure) => vec![Step {
                what: "sign-in".to_owned(),
                end: End::Unanswerable(format!("{:#}", failure.error)),
                took_ms: 0,
            }],
        };
        let checks = steps.into_iter().map(|step| {
            let outcome = match step.end {
                End::Answered => Outcome::Answered,
                End::Failed(why) => Outcome::Failed(why),
                End::Unanswerable(why) => Outcome::Untried(why),
            };
            probed(&step.what, step.took_ms, &outcome, &self.limits)
        });
        Ok(checks.collect())
    }

    /// Waits, and says what time it is then. With a given `--now` time passes without waiting.
    fn rest(&self, now: Instant, every: Duration) -> Result<Instant, Failure> {
        if self.args.inputs.now.is_some() {
            return Ok(now + every);
        }
        std::thread::sleep(every.to_std().unwrap_or_default());
        window::instant_or_now("--now", None)
    }

    /// Keeps the decision. A state that cannot be written is no reason to stop a deployment.
    fn record(&self, decision: &Decision, volume: Volume) {
        let mark = GateMark {
            at: decision.at,
            region: decision.region.clone(),
            verdict: decision.verdict.word().to_owned(),
            rule: decision.rule.to_owned(),
            reason: decision.reason.clone(),
            shadow: self.args.shadow,
        };
        let kept = state_dir::of(&self.args.state)
            .and_then(|dir| Store::open(&dir))
            .and_then(|mut store| store.gate(&mark));
        if let Err(failure) = kept {
            say(
                volume,
                &format!(
                    "warning: the decision was not recorded: {:#}",
                    failure.error
                ),
            );
        }
    }

    fn answer(&self, decision: &Decision, waited: Duration, asked: u64) -> Result<u8, Failure> {
        let code = self.code(decision.verdict);
        if self.args.json {
            let mut value =
                serde_json::to_value(decision).context("failed to write the decision")?;
            if let Some(fields) = value.as_object_mut() {
                fields.insert("exit_code".to_owned(), json!(code));
                fields.insert("shadow".to_owned(), json!(self.args.shadow));
                fields.insert("waited_s".to_owned(), json!(waited.num_seconds()));
                fields.insert("asked".to_owned(), json!(asked));
            }
            let mut text =
                serde_json::to_string_pretty(&value).context("failed to write the decision")?;
            text.push('\n');
            talk::data(text.as_bytes())?;
        } else {
            let line = Untrusted::capped(decision.line(), 800).terminal();
            talk::data(format!("{line}\n").as_bytes())?;
        }
        Ok(code)
    }

    fn code(&self, verdict: Verdict) -> u8 {
        if self.args.shadow {
            return 0;
        }
        match (verdict, self.args.on_inconclusive) {
            (Verdict::Open, _) | (Verdict::Inconclusive, OnInconclusive::Open) => 0,
            (Verdict::Closed, _) | (Verdict::Inconclusive, OnInconclusive::Closed) => EXIT_FINDINGS,
            (Verdict::Inconclusive, OnInconclusive::Five) => EXIT_INCONCLUSIVE,
        }
    }
}

fn report(since: &str, state: &StateArgs, now: Option<&str>) -> Result<u8, Failure> {
    let now = window::instant_or_now("--now", now)?;
    let span = Interval::new(now - window::duration("--since", since)?, now);
    let dir = state_dir::of(state)?;
    if !dir.exists() {
        return Err(Failure::usage(
            format!("there is no state in {}", dir.display()),
            "ask the gate first (`ecr-incident gate --region R --shadow …`)",
        ));
    }
    let store = Store::open(&dir)?;
    let agreement = agreement(&store.gates(&span)?, &store.sightings()?);
    talk::data(told(&agreement, span).as_bytes())?;
    Ok(0)
}

fn told(of: &Agreement, span: Interval) -> String {
    let mut out = format!("gate decisions of {span}\n");
    if of.by.is_empty() {
        out.push_str("none\n");
    }
    for ((verdict, incident), count) in &of.by {
        let with = if *incident {
            "with an incident found later"
        } else {
            "without an incident"
        };
        out.push_str(&format!("{count} {verdict} {with}\n"));
    }
    let safe = |text: &str| Untrusted::capped(text, 400).terminal();
    for (mark, incident) in &of.blocks {
        out.push_str(&safe(&format!(
            "{} {} {}{}: {} [{}]",
            rfc3339(mark.at),
            mark.region,
            mark.verdict,
            if mark.shadow {
                ", would have blocked"
            } else {
                ""
            },
            mark.reason,
            incident.as_deref().unwrap_or("no incident"),
        )));
        out.push('\n');
    }
    for (mark, incident) in &of.missed {
        out.push_str(&safe(&format!(
            "{} {} open although {incident} was there",
            rfc3339(mark.at),
            mark.region,
        )));
        out.push('\n');
    }
    out
}
