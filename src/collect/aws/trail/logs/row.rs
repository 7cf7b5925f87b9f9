//! Rows of Logs Insights answers as records: whole messages where they are whole, fields where not.
//!
//! All values are texts, and a field that a record lacks is absent from its row. Must never hand on
//! half a record as a whole one: what does not parse is said to be cut short.

use super::split::Slot;
use crate::bundle::rows::ControlRow;
use crate::case::{Interval, Minute};
use crate::ecr::{Class, knowledge};
use chrono::NaiveDateTime;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One row: fields with their values, in the order answered.
pub(crate) type Row = Vec<(String, String)>;

/// The value of a field.
#[must_use]
pub(crate) fn value<'a>(row: &'a Row, field: &str) -> Option<&'a str> {
    row.iter()
        .find(|(name, _)| name == field)
        .map(|(_, value)| value.as_str())
}

/// A row of the records query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// The record as the trail wrote it.
    Whole(&'a str),
    /// It ends too early; the pointer fetches the whole one.
    Cut(Option<&'a str>),
}

/// The message of a row, whole or cut short.
#[must_use]
pub(crate) fn message(row: &Row) -> Message<'_> {
    match value(row, "@message") {
        Some(text) if is_object(text) => Message::Whole(text),
        _ => Message::Cut(value(row, "@ptr")),
    }
}

/// Whether a text is one whole JSON object.
#[must_use]
pub(crate) fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The record that a row of fields describes; `None` when it lacks what makes it one, which happens
/// when a long list before them used up the fields that are discovered.
#[must_use]
pub(crate) fn record(row: &Row) -> Option<String> {
    for needed in ["eventTime", "eventSource", "eventName", "eventID"] {
        value(row, needed).filter(|text| !text.is_empty())?;
    }
    let mut record = Map::new();
    for (field, value) in row {
        if field.starts_with('@') || value.is_empty() {
            continue;
        }
        let path: Vec<&str> = field.split('.').collect();
        place(&mut record, &path, value);
    }
    // The one list that is asked for, of which one entry is.
    if let Some(first) = record
        .get_mut("resources")
        .and_then(|list| list.get_mut("0"))
        .map(Value::take)
    {
        record.insert("resources".to_owned(), Value::Array(vec![first]));
    }
    if let Some(reads) = record.get_mut("readOnly") {
        *reads = Value::Bool(matches!(reads.as_str(), Some("true" | "1")));
    }
    Some(Value::Object(record).to_string())
}

fn place(into: &mut Map<String, Value>, path: &[&str], value: &str) {
    match path {
        [] => {}
        [last] => {
            into.insert((*last).to_owned(), Value::String(value.to_owned()));
        }
        [first, rest @ ..] => {
            let below = into
                .entry((*first).to_owned())
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(below) = below {
                place(below, rest, value);
            }
        }
    }
}

/// The slots of a volume answer, sorted; `None` when a row cannot be read.
#[must_use]
pub(crate) fn slots(rows: &[Row]) -> Option<Vec<Slot>> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        out.push(Slot {
            from_ms: moment_ms(value(row, "slot")?)?,
            rows: count(value(row, "rows")?)?,
        });
    }
    out.sort();
    Some(out)
}

/// A time as Logs Insights writes it: `2026-03-11 07:00:00.000`, UTC; epoch milliseconds also occur.
fn moment_ms(text: &str) -> Option<i64> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .map(|at| at.and_utc().timestamp_millis())
        .ok()
        .or_else(|| text.parse().ok())
}

/// A count; large ones may come as `1.2E7`.
fn count(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        (0.0..1e15).contains(&number).then_some(number as u64)
    })
}

/// Counts of the control group while answers come in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Controls {
    cells: BTreeMap<(i64, String, String, String), [u64; 3]>,
    /// Calls counted, those outside the case among them.
    pub(crate) read: u64,
    /// Calls outside the case.
    pub(crate) out_of_window: u64,
    /// Rows that could not be read.
    pub(crate) unread: u64,
}

impl Controls {
    /// Adds an answer to the controls query. Classes of error codes are those of the scan.
    pub(crate) fn add(&mut self, rows: &[Row], whole: &Interval) {
        for row in rows {
            let parsed = value(row, "calls").and_then(count).and_then(|calls| {
                let minute = minute(value(row, "minute")?)?;
                Some((calls, minute, value(row, "eventSource")?))
            });
            let Some((calls, minute, source)) = parsed else {
                self.unread += 1;
                continue;
            };
            self.read += calls;
            if !whole.contains(minute.start()) {
                self.out_of_window += calls;
                continue;
            }
            let text = |field| value(row, field).unwrap_or_default().to_owned();
            let class = knowledge().classify(&text("errorCode"));
            let cell = self
                .cells
                .entry((
                    minute.0,
                    text("recipientAccountId"),
                    text("awsRegion"),
                    source.to_owned(),
                ))
                .or_default();
            cell[0] += calls;
            cell[1] += if class == Class::Success { 0 } else { calls };
            if matches!(class, Class::ServerError | Class::Throttle) {
                cell[2] += calls;
            }
        }
    }

    /// The rows, sorted.
    #[must_use]
    pub(crate) fn rows(&self) -> Vec<ControlRow> {
        let short = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        self.cells
            .iter()
            .map(
                |((minute, account, region, source), [calls, errors, faults])| ControlRow {
                    minute: *minute,
                    account: account.clone(),
                    region: region.clone(),
                    event_source: source.clone(),
                    calls: short(*calls),
                    errors: short(*errors),
                    faults: short(*faults),
                },
            )
            .collect()
    }
}

/// `2026-03-11T07:02`.
fn minute(text: &str) -> Option<Minute> {
    NaiveDateTime::parse_from_str(&format!("{text}:00"), "%Y-%m-%dT%H:%M:%S")
        .ok()
        .map(|at| Minute::of(at.and_utc()))
}

#[cfg(test)]
mod tests;
