//! `report.json`: the machine contract as it stands, pretty-printed, one line feed at the end.
//!
//! Field names, order and meaning are those of [`super::contract`]; text from logs is written byte
//! for byte (JSON escapes only what JSON must).

use super::contract::Incident;
use super::escape::Untrusted;
use super::model::Report;
use std::collections::BTreeSet;

/// The document.
#[must_use]
pub fn render(report: &Report) -> String {
    // The contract is structs of text, finite numbers and maps with text keys: serde_json has
    // nothing to refuse. Should that ever change, an empty document fails every schema loudly.
    let mut text = serde_json::to_string_pretty(&report.contract).unwrap_or_default();
    text.push('\n');
    text
}

/// The event IDs of the requests an incident names as evidence.
#[must_use]
pub fn picked(incident: &Incident) -> BTreeSet<String> {
    let text = |id: &Untrusted| serde_json::to_value(id).ok()?.as_str().map(str::to_owned);
    incident
        .requests
        .iter()
        .filter_map(|request| text(&request.event_id))
        .collect()
}

#[cfg(test)]
mod tests;
