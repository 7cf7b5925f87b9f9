//! `calls`: the classified, deduplicated call table, for people who want the numbers.

use super::args::{CallsArgs, Column, TableFormat};
use super::progress::Bar;
use super::talk::{self, Volume, say};
use super::window;
use crate::bundle;
use crate::bundle::manifest::Outcome;
use crate::bundle::rows::CallRow;
use crate::case::{Case, Instant, Interval, Minute, instant};
use crate::ecr;
use crate::failure::{Failure, Kind};
use crate::report::escape::Untrusted;
use crate::trail;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::io::Write as _;

/// Counts the calls by the columns asked for and prints them, sorted.
pub(super) fn run(args: &CallsArgs) -> Result<u8, Failure> {
    let volume = if args.quiet {
        Volume::Quiet
    } else {
        Volume::Normal
    };
    let case = case(args, volume)?;
    if let Some(path) = &args.out
        && path.exists()
        && !args.force
    {
        return Err(Failure::usage(
            format!("{} exists", path.display()),
            "choose another file, or replace it with --force",
        ));
    }
    if args.format == TableFormat::Parquet && args.out.is_none() {
        return Err(Failure::usage(
            "a Parquet table needs a file",
            "name one with --out calls.parquet",
        ));
    }
    let scan = trail::scan(
        &trail::ScanRequest {
            inputs: args.cloudtrail.clone(),
            case: case.clone(),
        },
        &Bar::new(volume),
    );
    let tally = &scan.entry.tally;
    say(
        volume,
        &format!(
            "trail: {} read = {} used + {} skipped + {} duplicate + {} out of window",
            tally.read, tally.used, tally.skipped, tally.duplicate, tally.out_of_window
        ),
    );
    for refusal in &scan.entry.refusals {
        say(
            volume,
            &format!("warning: {}: {}", refusal.input, refusal.why),
        );
    }
    if let Outcome::Unavailable { why, hint } = &scan.entry.outcome {
        return Err(Failure {
            kind: Kind::Failed,
            error: anyhow::anyhow!("no CloudTrail record could be read: {why}"),
            hints: vec![hint.clone()],
        });
    }
    let wanted = |row: &&CallRow| {
        let list = &case.scope.repositories;
        list.is_empty() || list.contains(&row.repository)
    };
    let mut counts: BTreeMap<Vec<String>, u64> = BTreeMap::new();
    for row in scan.calls.iter().filter(wanted) {
        let key = args.by.iter().map(|column| value(*column, row)).collect();
        *counts.entry(key).or_default() += 1;
    }
    let header: Vec<String> = args.by.iter().map(|column| name(*column)).collect();
    let bytes = match args.format {
        TableFormat::Csv => csv(&header, &counts),
        TableFormat::Json => json(&header, &counts)?,
        TableFormat::Parquet => bundle::count_table(&header, &counts)?,
    };
    match &args.out {
        None => talk::data(&bytes)?,
        Some(path) => {
            let write = || -> anyhow::Result<()> {
                let folder = match path.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent,
                    _ => std::path::Path::new("."),
                };
                let mut file = tempfile::NamedTempFile::new_in(folder)?;
                file.write_all(&bytes)?;
                file.persist(path)?;
                Ok(())
            };
            write().with_context(|| format!("failed to write {}", path.display()))?;
        }
    }
    Ok(0)
}

/// Without a window flag everything in the archive is counted.
fn case(args: &CallsArgs, volume: Volume) -> Result<Case, Failure> {
    let now = window::now(&args.window)?;
    let mut notes = Vec::new();
    let window = window::interval(&args.window, now, &mut notes)?.unwrap_or_else(everything);
    for note in &notes {
        say(volume, note);
    }
    Ok(Case {
        window,
        baseline: Interval::new(window.from, window.from),
        scope: window::scope_of(&args.scope)?,
        now,
    })
}

/// From before CloudTrail existed to far beyond any clock.
fn everything() -> Interval {
    let far: Instant = instant(253_370_764_800);
    Interval::new(instant(0), far)
}

fn name(column: Column) -> String {
    clap::ValueEnum::to_possible_value(&column)
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

fn value(column: Column, row: &CallRow) -> String {
    match column {
        Column::Minute => Minute::of_second(row.event_time).to_string(),
        Column::Account => row.recipient_account.clone(),
        Column::Region => row.region.clone(),
        Column::EventSource => row.event_source.clone(),
        Column::Api => row.api.clone(),
        Column::Class => ecr::knowledge().classify(&row.error_code).word().to_owned(),
        Column::ErrorCode => row.error_code.clone(),
        Column::Principal => row.principal.clone(),
        Column::Session => row.session.clone(),
        Column::Repository => row.repository.clone(),
        Column::VpcEndpoint => row.vpc_endpoint.clone(),
        Column::Source => row.source.clone(),
        Column::UserAgent => row.user_agent.clone(),
    }
}

fn csv(header: &[String], counts: &BTreeMap<Vec<String>, u64>) -> Vec<u8> {
    let mut text = format!("{},count\n", header.join(","));
    for (key, count) in counts {
        for cell in key {
            text.push_str(&Untrusted::new(cell).csv());
            text.push(',');
        }
        text.push_str(&format!("{count}\n"));
    }
    text.into_bytes()
}

fn json(header: &[String], counts: &BTreeMap<Vec<String>, u64>) -> anyhow::Result<Vec<u8>> {
    let rows: Vec<serde_json::Map<String, serde_json::Value>> = counts
        .iter()
        .map(|(key, count)| {
            header
                .iter()
                .cloned()
                .zip(
                    key.iter()
                        .map(|cell| serde_json::Value::from(cell.as_str())),
                )
                .chain([("count".to_owned(), serde_json::Value::from(*count))])
                .collect()
        })
        .collect();
    let mut bytes = serde_json::to_vec_pretty(&rows)?;
    bytes.push(b'\n');
    Ok(bytes)
}
