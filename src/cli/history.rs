//! `history`: what the state knows, for people and as JSON.

use super::night_args::{HistoryArgs, HistoryWhat, StateArgs};
use super::{state_dir, talk};
use crate::case::{Interval, rfc3339};
use crate::failure::Failure;
use crate::nightly::{self, Known};
use crate::report::escape::Untrusted;
use crate::state::Store;
use crate::state::types::Night;
use anyhow::Context as _;
use chrono::{Duration, NaiveDate, NaiveTime};
use serde_json::json;
use std::collections::BTreeSet;

/// Runs one of the three.
pub(super) fn run(args: &HistoryArgs) -> Result<u8, Failure> {
    let text = match &args.what {
        HistoryWhat::List { state, json } => {
            let (nights, known) = read(state)?;
            if *json {
                as_json(&nights, &known)?
            } else {
                list(&nights, &known)
            }
        }
        HistoryWhat::Week { until, state } => week(until.as_deref(), state)?,
        HistoryWhat::Show { what, state } => {
            let (nights, known) = read(state)?;
            show(what, &nights, &known)?
        }
        HistoryWhat::Diff {
            before,
            after,
            state,
        } => {
            let (nights, known) = read(state)?;
            diff(before, after, &nights, &known)?
        }
    };
    talk::data(text.as_bytes())?;
    Ok(0)
}

/// Seven days up to a date, or up to the last night that is a UTC day.
fn week(until: Option<&str>, args: &StateArgs) -> Result<String, Failure> {
    let store = open(args)?;
    let (nights, known) = (store.nights()?, store.sightings()?);
    let last = match until {
        Some(text) => Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| {
            Failure::usage(
                format!("--until {text} is not a date"),
                "write it as 2026-03-11",
            )
        })?),
        None => nights
            .iter()
            .filter(|night| !night.key.contains('/'))
            .map(|night| night.span.from.date_naive())
            .max(),
    };
    let Some(last) = last else {
        return Ok("no night has been kept yet\n".to_owned());
    };
    let end = last.and_time(NaiveTime::MIN).and_utc() + Duration::days(1);
    let span = Interval::new(end - Duration::days(7), end);
    let gates = store.gates(&span)?;
    let mut text = String::new();
    for line in nightly::week(span, &nights, &known, &gates) {
        text.push_str(&safe(&line));
        text.push('\n');
    }
    Ok(text)
}

fn read(args: &StateArgs) -> Result<(Vec<Night>, Vec<Known>), Failure> {
    let store = open(args)?;
    Ok((store.nights()?, store.sightings()?))
}

fn open(args: &StateArgs) -> Result<Store, Failure> {
    let dir = state_dir::of(args)?;
    if !dir.exists() {
        return Err(Failure::usage(
            format!("there is no state in {}", dir.display()),
            "run `ecr-incident nightly` first, or name the folder with --state DIR",
        ));
    }
    Store::open(&dir)
}

fn safe(text: &str) -> String {
    Untrusted::capped(text, 400).terminal()
}

fn as_json(nights: &[Night], known: &[Known]) -> Result<String, Failure> {
    let nights: Vec<_> = nights
        .iter()
        .map(|night| {
            let seen: Vec<_> = known
                .iter()
                .filter(|(_, of, _)| *of == night.key)
                .map(|(identity, _, sighting)| json!({"identity": identity, "sighting": sighting}))
                .collect();
            json!({"night": night.key, "from": rfc3339(night.span.from),
                   "to": rfc3339(night.span.to), "said": night.body, "incidents": seen})
        })
        .collect();
    let mut text =
        serde_json::to_string_pretty(&json!({"schema_version": "1.0", "nights": nights}))
            .context("failed to write the history")?;
    text.push('\n');
    Ok(text)
}

fn list(nights: &[Night], known: &[Known]) -> String {
    let mut out = String::new();
    for night in nights.iter().rev() {
        let seen = known.iter().filter(|(_, of, _)| *of == night.key).count();
        out.push_str(&format!(
            "{}\n    incidents seen: {seen}\n",
            safe(&night.body.subject)
        ));
    }
    if nights.is_empty() {
        out.push_str("no night has been kept yet\n");
    }
    out
}

fn failures(sighting: &crate::state::types::Sighting) -> u64 {
    sighting
        .quarters
        .iter()
        .fold(0, |sum, quarter| sum.saturating_add(quarter.failures))
}

fn line(known: &Known) -> String {
    let (identity, night, seen) = known;
    let until = if seen.ongoing {
        "still going on".to_owned()
    } else {
        format!("to {}", rfc3339(seen.until))
    };
    let hidden = if seen.acknowledged.is_empty() {
        String::new()
    } else {
        format!(", acknowledged by {}", seen.acknowledged)
    };
    safe(&format!(
        "{} {night}: {} in {} ({}), {}, from {} {until}, {} failures, cause {} ({}, {}){hidden}",
        identity.id,
        identity.signal,
        identity.region,
        identity.account,
        seen.apis.join("+"),
        rfc3339(seen.onset),
        failures(seen),
        seen.cause,
        seen.side,
        seen.confidence,
    ))
}

fn show(what: &str, nights: &[Night], known: &[Known]) -> Result<String, Failure> {
    let mut out = String::new();
    if let Some(night) = nights.iter().find(|night| night.key == what) {
        out.push_str(&format!("{}\n", safe(&night.body.subject)));
        out.push_str(&format!(
            "{} calls, {} failures, settled until {}\n",
            night.body.calls,
            night.body.failures,
            rfc3339(night.body.settled_until)
        ));
        for one in known.iter().filter(|(_, of, _)| of == what) {
            out.push_str(&format!("  {}\n", line(one)));
        }
        for revision in &night.body.revisions {
            out.push_str(&format!("  {}\n", revised(revision)));
        }
        return Ok(out);
    }
    let mine: Vec<&Known> = known
        .iter()
        .filter(|(identity, _, _)| identity.id == what)
        .collect();
    let Some((identity, _, _)) = mine.first() else {
        return Err(Failure::usage(
            format!("{what} is neither a night nor an incident of this state"),
            "see `ecr-incident history list`",
        ));
    };
    let kin: BTreeSet<&str> = known
        .iter()
        .filter(|(other, _, _)| other.family == identity.family && other.id != identity.id)
        .map(|(other, _, _)| other.id.as_str())
        .collect();
    for one in &mine {
        out.push_str(&format!("{}\n", line(one)));
    }
    for night in nights {
        for revision in night.body.revisions.iter().filter(|it| it.incident == what) {
            out.push_str(&format!("{}: {}\n", night.key, revised(revision)));
        }
    }
    for id in kin {
        out.push_str(&format!("same kind: {id}\n"));
    }
    Ok(out)
}

fn revised(revision: &crate::state::types::Revision) -> String {
    safe(&format!(
        "{} revised: {} overlaps it; cause {}, before {}",
        revision.incident, revision.arn, revision.cause, revision.cause_before
    ))
}

fn diff(before: &str, after: &str, nights: &[Night], known: &[Known]) -> Result<String, Failure> {
    for key in [before, after] {
        if !nights.iter().any(|night| night.key == key) {
            return Err(Failure::usage(
                format!("{key} is no night of this state"),
                "see `ecr-incident history list`",
            ));
        }
    }
    let of = |key: &str, id: &str| {
        known
            .iter()
            .find(|(identity, night, _)| night == key && identity.id == id)
    };
    let ids: BTreeSet<&str> = known
        .iter()
        .filter(|(_, night, _)| night == before || night == after)
        .map(|(identity, _, _)| identity.id.as_str())
        .collect();
    let mut out = String::new();
    for id in ids {
        match (of(before, id), of(after, id)) {
            (Some(old), None) => out.push_str(&format!("- {}\n", line(old))),
            (None, Some(new)) => out.push_str(&format!("+ {}\n", line(new))),
            (Some(old), Some(new)) if old.2 != new.2 => {
                out.push_str(&format!("- {}\n+ {}\n", line(old), line(new)));
            }
            _ => {}
        }
    }
    if out.is_empty() {
        out.push_str("the two nights saw the same incidents\n");
    }
    Ok(out)
}
