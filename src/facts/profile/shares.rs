//! One dimension (principal, repository, endpoint, …) of an incident, with its baseline.

use crate::ecr::Class;
use crate::facts::frames::{collect, failures_of, numbers, texts};
use crate::facts::types::Share;
use polars::prelude::*;
use std::collections::BTreeMap;

/// Calls and failures by value of `column`, most failures first.
pub(super) fn by(
    column: &str,
    inside: &LazyFrame,
    before: &LazyFrame,
    class: Option<Class>,
) -> anyhow::Result<Vec<Share>> {
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    for (name, calls, failures) in counts(column, inside, class)? {
        shares.insert(
            name.clone(),
            Share {
                name,
                calls,
                failures,
                ..Share::default()
            },
        );
    }
    for (name, calls, failures) in counts(column, before, class)? {
        // Whoever is silent now failed no call; but when calls themselves went missing, the silent
        // ones are the story.
        if class.is_none() {
            shares.entry(name.clone()).or_insert_with(|| Share {
                name: name.clone(),
                ..Share::default()
            });
        }
        if let Some(share) = shares.get_mut(&name) {
            share.baseline_calls = calls;
            share.baseline_failures = failures;
        }
    }
    let mut list: Vec<Share> = shares.into_values().collect();
    list.sort_by(|a, b| {
        (b.failures, b.calls)
            .cmp(&(a.failures, a.calls))
            .then_with(|| a.name.cmp(&b.name))
    });
    Ok(list)
}

fn counts(
    column: &str,
    frame: &LazyFrame,
    class: Option<Class>,
) -> anyhow::Result<Vec<(String, u64, u64)>> {
    let counted = collect(
        frame
            .clone()
            .group_by([col(column)])
            .agg([len().alias("calls"), failures_of(class).alias("failures")]),
    )?;
    let names = texts(&counted, column)?;
    let calls = numbers(&counted, "calls")?;
    let failures = numbers(&counted, "failures")?;
    Ok(names
        .into_iter()
        .zip(calls)
        .zip(failures)
        .map(|((name, calls), failures)| (name, calls.unsigned_abs(), failures.unsigned_abs()))
        .collect())
}
