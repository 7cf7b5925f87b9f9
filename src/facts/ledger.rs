//! The evidence ledger: one line per body of evidence in the bundle, numbered `E1`, `E2`, ….
//!
//! The order is fixed (calls, changes, control group, then answers by source and input), so the
//! same bundle always gives the same numbers.

use super::types::Evidence;
use crate::bundle::Bundle;
use crate::bundle::manifest::{FileEntry, Noun};
use crate::bundle::raw::RawAnswer;
use serde_json::Value;
use std::collections::BTreeMap;

/// The ledger with the answers its lines stand for.
pub(super) struct Ledger {
    /// `E1` first.
    pub(super) lines: Vec<Evidence>,
    answers: BTreeMap<Noun, Vec<(RawAnswer, String)>>,
}

impl Ledger {
    /// The answers of a source, each with its evidence ID.
    pub(super) fn answers(&self, noun: Noun) -> Vec<(RawAnswer, String)> {
        self.answers.get(&noun).cloned().unwrap_or_default()
    }
}

/// Numbers everything the bundle holds.
pub(super) fn build(bundle: &Bundle) -> anyhow::Result<Ledger> {
    let mut lines = Vec::new();
    let files = &bundle.manifest.files;
    let asked = bundle
        .manifest
        .source(Noun::Trail)
        .map(|entry| entry.asked.join(" "))
        .unwrap_or_default();
    for (what, prefix) in [
        ("classified, deduplicated API calls", "calls/"),
        ("changes that can break a registry", "raw/trail-changes"),
        ("per-minute counts of other services", "controls/"),
    ] {
        let of: Vec<&FileEntry> = files
            .iter()
            .filter(|file| file.path.starts_with(prefix) && file.rows > 0)
            .collect();
        if of.is_empty() {
            continue;
        }
        push(
            &mut lines,
            Noun::Trail,
            format!("{prefix}* ({what})"),
            asked.clone(),
            of.iter().map(|file| file.rows).sum(),
            digest(&of),
        );
    }
    let mut answers: BTreeMap<Noun, Vec<(RawAnswer, String)>> = BTreeMap::new();
    for noun in Noun::ALL {
        let path = Bundle::answers_path(noun);
        let Some(file) = files.iter().find(|file| file.path == path) else {
            continue;
        };
        for answer in bundle.answers(noun)? {
            let shape = serde_json::to_value(answer.shape)
                .ok()
                .and_then(|value| value.as_str().map(str::to_owned))
                .unwrap_or_default();
            let id = push(
                &mut lines,
                noun,
                format!("{path} ({shape})"),
                answer.input.clone(),
                rows(&answer.answer),
                file.sha256.clone(),
            );
            answers.entry(noun).or_default().push((answer, id));
        }
    }
    Ok(Ledger { lines, answers })
}

fn push(
    lines: &mut Vec<Evidence>,
    noun: Noun,
    query: String,
    params: String,
    rows: u64,
    sha256: String,
) -> String {
    let id = format!("E{}", lines.len() + 1);
    lines.push(Evidence {
        id: id.clone(),
        noun: noun.word().to_owned(),
        query,
        params,
        rows,
        sha256,
    });
    id
}

/// One hash for several files: the files' own hashes when there is one, else the seal over them.
fn digest(files: &[&FileEntry]) -> String {
    match files {
        [one] => one.sha256.clone(),
        several => crate::bundle::seal_of(several.iter().copied()),
    }
}

/// How many records an answer holds, whatever its shape.
fn rows(answer: &Value) -> u64 {
    let length = |value: &Value| value.as_array().map_or(0, Vec::len) as u64;
    if let Some(results) = answer.get("MetricDataResults").and_then(Value::as_array) {
        return results
            .iter()
            .filter_map(|result| result.get("Values"))
            .map(length)
            .sum();
    }
    ["Quotas", "events", "successfulSet", "MetricDataQueries"]
        .iter()
        .find_map(|key| answer.get(key).map(length))
        .unwrap_or(match answer {
            Value::Array(list) => list.len() as u64,
            _ => 1,
        })
}
