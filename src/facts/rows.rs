//! Calls as rows and names as sets, for what leaves the machine: the evidence table of a support case
//! and the names redaction has to know. Rows pass by in chunks; nobody may collect the archive.

use super::frames::{self, numbers, texts};
use crate::bundle::Bundle;
use crate::bundle::rows::CallRow;
use crate::case::{Case, Interval, Scope};
use polars::prelude::DataFrame;
use std::collections::{BTreeMap, BTreeSet};

/// The columns that name somebody or something of the customer's.
const NAMING: [&str; 8] = [
    "recipient_account",
    "caller_account",
    "principal",
    "session",
    "source",
    "vpc_endpoint",
    "repository",
    "registry",
];

/// The other columns a row has beyond those every reader gets.
const MORE: [&str; 14] = [
    "event_id",
    "request_id",
    "caller_account",
    "error_message",
    "principal",
    "session",
    "source",
    "user_agent",
    "vpc_endpoint",
    "repository",
    "registry",
    "shared_event_id",
    "event_type",
    "addendum_reason",
];

/// Every distinct value of the naming columns in the whole bundle, by column, whatever is asked about.
///
/// # Errors
/// When the bundle cannot be read.
pub fn names(
    bundle: &Bundle,
    case: &Case,
) -> anyhow::Result<BTreeMap<&'static str, BTreeSet<String>>> {
    let everything = Case {
        scope: Scope {
            accounts: Vec::new(),
            regions: Vec::new(),
            repositories: Vec::new(),
            event_sources: Vec::new(),
        },
        ..case.clone()
    };
    let mut names: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let span = bundle.manifest.case.whole().hull(&case.whole());
    for chunk in frames::calls(bundle, &everything, span, &NAMING[1..], Vec::new()) {
        let chunk = chunk?;
        for column in NAMING {
            let known = names.entry(column).or_default();
            let unique = chunk.column(column)?.unique()?;
            for name in unique.str()?.iter().flatten() {
                if !name.is_empty() && !known.contains(name) {
                    known.insert(name.to_owned());
                }
            }
        }
    }
    Ok(names)
}

/// Hands out the calls in scope inside `span`, by time, until `take` says that it wants no more.
///
/// # Errors
/// When the bundle cannot be read, or `take` fails.
pub fn calls(
    bundle: &Bundle,
    case: &Case,
    span: Interval,
    mut take: impl FnMut(CallRow) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    for chunk in frames::calls(bundle, case, span, &MORE, Vec::new()) {
        for row in rows(&chunk?)? {
            if !take(row)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn rows(frame: &DataFrame) -> anyhow::Result<Vec<CallRow>> {
    let mut rows: Vec<CallRow> = numbers(frame, "event_time")?
        .into_iter()
        .map(|event_time| CallRow {
            event_time,
            ..CallRow::default()
        })
        .collect();
    let mut fill = |column: &str, field: fn(&mut CallRow) -> &mut String| -> anyhow::Result<()> {
        for (row, text) in rows.iter_mut().zip(texts(frame, column)?) {
            text.clone_into(field(row));
        }
        Ok(())
    };
    fill("event_id", |row| &mut row.event_id)?;
    fill("request_id", |row| &mut row.request_id)?;
    fill("recipient_account", |row| &mut row.recipient_account)?;
    fill("caller_account", |row| &mut row.caller_account)?;
    fill("region", |row| &mut row.region)?;
    fill("event_source", |row| &mut row.event_source)?;
    fill("api", |row| &mut row.api)?;
    fill("error_code", |row| &mut row.error_code)?;
    fill("error_message", |row| &mut row.error_message)?;
    fill("principal", |row| &mut row.principal)?;
    fill("session", |row| &mut row.session)?;
    fill("source", |row| &mut row.source)?;
    fill("user_agent", |row| &mut row.user_agent)?;
    fill("vpc_endpoint", |row| &mut row.vpc_endpoint)?;
    fill("repository", |row| &mut row.repository)?;
    fill("registry", |row| &mut row.registry)?;
    fill("shared_event_id", |row| &mut row.shared_event_id)?;
    fill("event_type", |row| &mut row.event_type)?;
    fill("addendum_reason", |row| &mut row.addendum_reason)?;
    Ok(rows)
}
