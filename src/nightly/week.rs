//! A week at a glance, from the state alone: which nights were told, what they counted, and each
//! incident once with its last word. It must never count a night twice or pass over a missing one.

use super::Known;
use super::identity::histories;
use crate::case::Interval;
use crate::report::fmt;
use crate::state::types::{GateMark, Night};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of the seven days up to `until` (exclusive midnight).
#[must_use]
pub fn week(span: Interval, nights: &[Night], known: &[Known], gates: &[GateMark]) -> Vec<String> {
    let day = chrono::Duration::days(1);
    let told: BTreeMap<&str, &Night> = nights
        .iter()
        .filter(|night| !night.key.contains('/') && span.contains(night.span.from))
        .map(|night| (night.key.as_str(), night))
        .collect();
    let sum = |of: fn(&Night) -> u64| {
        let counts = told.values().map(|night| of(night));
        fmt::count(counts.fold(0, u64::saturating_add))
    };
    let mut lines = vec![format!(
        "week of {}: {} calls, {} failures in {} of 7 nights",
        fmt::interval(&span),
        sum(|night| night.body.calls),
        sum(|night| night.body.failures),
        told.len()
    )];
    let mut at = span.from;
    while at < span.to {
        let key = at.format("%Y-%m-%d").to_string();
        lines.push(match told.get(key.as_str()) {
            Some(night) => night.body.subject.clone(),
            None => format!(
                "{key}: no night was told; `ecr-incident nightly --day {key}` makes up for it"
            ),
        });
        at += day;
    }
    lines.extend(incidents(&told, known));
    let mut by: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for mark in gates {
        *by.entry((&mark.region, &mark.verdict)).or_default() += 1;
    }
    for ((region, verdict), count) in by {
        lines.push(format!("gate {region}: {count} {verdict}"));
    }
    lines
}

fn incidents(told: &BTreeMap<&str, &Night>, known: &[Known]) -> Vec<String> {
    let revised: BTreeMap<&str, &str> = told
        .values()
        .flat_map(|night| &night.body.revisions)
        .map(|revision| (revision.incident.as_str(), revision.cause.as_str()))
        .collect();
    let mut ids: BTreeSet<&str> = revised.keys().copied().collect();
    ids.extend(
        known
            .iter()
            .filter(|(_, night, _)| told.contains_key(night.as_str()))
            .map(|(identity, _, _)| identity.id.as_str()),
    );
    let all = histories(known, |_| true);
    let mut list: Vec<_> = ids.iter().filter_map(|id| all.get(id)).collect();
    list.sort_by_key(|history| (history.onset, &history.identity.id));
    list.into_iter()
        .map(|history| {
            let identity = history.identity;
            let failures = history.quarters.values();
            let failures = failures.fold(0u64, |sum, of| sum.saturating_add(of.failures));
            let when = if history.last.ongoing {
                format!("since {}, still going on", fmt::moment(history.onset))
            } else {
                fmt::from_to(history.onset, history.until)
            };
            let cause = revised.get(identity.id.as_str()).copied();
            let mut line = format!(
                "{}: {} in {} ({}), {when}, {} failures, cause {}",
                identity.id,
                identity.signal.replace('_', " "),
                identity.region,
                identity.account,
                fmt::count(failures),
                cause.unwrap_or(&history.last.cause).replace('_', " ")
            );
            if identity.family != identity.id {
                line.push_str(&format!(", recurs after {}", identity.family));
            }
            if !history.last.acknowledged.is_empty() {
                line.push_str(&format!(", acknowledged by {}", history.last.acknowledged));
            }
            line
        })
        .collect()
}
