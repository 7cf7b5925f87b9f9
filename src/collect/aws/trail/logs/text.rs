//! The text of each Logs Insights query: the files under `queries/logs/` with the case filled in.
//!
//! Must never let a value of the case end a text or an expression: values are quoted, and what
//! cannot be quoted is refused. Syntax: CloudWatch Logs user guide, "CloudWatch Logs Insights
//! language query syntax".

use crate::case::{Case, Interval, instant};
use crate::catalog;
use crate::ecr::knowledge;
use chrono::{Duration, Timelike as _};
use std::collections::BTreeMap;

/// Longest query text that StartQuery takes, characters (API reference).
pub(crate) const LONGEST: usize = 10_000;

/// A query under `queries/logs/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Whole records of calls and changes.
    Records,
    /// The same by fields.
    Fields,
    /// Their number per slot of delivery.
    Volume,
    /// The control group.
    Controls,
}

impl Kind {
    /// The ID of its file.
    #[must_use]
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Records => "logs/records",
            Self::Fields => "logs/fields",
            Self::Volume => "logs/volume",
            Self::Controls => "logs/controls",
        }
    }
}

/// A part of the range of delivery times, half-open, epoch milliseconds UTC; `share` narrows it to
/// event IDs that begin with one hexadecimal digit, for moments too full to be cut in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Part {
    /// First millisecond inside.
    pub(crate) from_ms: i64,
    /// First millisecond after.
    pub(crate) to_ms: i64,
    /// First digit of the event ID.
    pub(crate) share: Option<char>,
}

impl Part {
    /// A part without a share.
    #[must_use]
    pub(crate) fn new(from_ms: i64, to_ms: i64) -> Self {
        Self {
            from_ms,
            to_ms: to_ms.max(from_ms),
            share: None,
        }
    }

    /// The range for StartQuery: epoch seconds, both inclusive; the filter on milliseconds does the
    /// rest, so a second shared by two parts is read by both and counted by one.
    #[must_use]
    pub(crate) fn seconds(&self) -> (i64, i64) {
        let last = self.to_ms.saturating_sub(1).max(self.from_ms);
        (
            self.from_ms.div_euclid(1_000),
            last.div_euclid(1_000).saturating_add(1),
        )
    }
}

/// The filters that follow from the case, ready to be filled into any query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filters {
    wanted: String,
    others: String,
    event_time: String,
}

impl Filters {
    /// The filters of a case.
    ///
    /// # Errors
    /// When a value of the scope cannot stand in a query.
    pub(crate) fn of(case: &Case) -> Result<Self, String> {
        let scope = &case.scope;
        let sources = list(&scope.event_sources)?;
        let mut place = String::new();
        if !scope.regions.is_empty() {
            place.push_str(&format!(" and awsRegion in {}", list(&scope.regions)?));
        }
        let mut account = String::new();
        if !scope.accounts.is_empty() {
            account = format!(" and recipientAccountId in {}", list(&scope.accounts)?);
        }
        let calls = format!("(eventSource in {sources}{place}{account})");
        let changes = changes(&place, &account)?;
        Ok(Self {
            wanted: format!("{calls} or {changes}"),
            others: format!(
                "not (eventSource in {sources}) and not ({}){place}{account}",
                writes()?
            ),
            event_time: event_time(&case.whole()),
        })
    }

    /// The whole query text.
    ///
    /// # Errors
    /// When it is longer than StartQuery takes.
    pub(crate) fn text(&self, kind: Kind, part: &Part, bin: &str) -> Result<String, String> {
        let mut delivered = format!(
            "toMillis(@timestamp) >= {} and toMillis(@timestamp) < {}",
            part.from_ms, part.to_ms
        );
        if let Some(digit) = part.share {
            delivered.push_str(&format!(" and eventID like /^{digit}/"));
        }
        let mut text = catalog::query(kind.id()).trim().to_owned();
        for (name, value) in [
            ("{{wanted}}", self.wanted.as_str()),
            ("{{others}}", self.others.as_str()),
            ("{{event_time}}", self.event_time.as_str()),
            ("{{delivered}}", delivered.as_str()),
            ("{{bin}}", bin),
        ] {
            text = text.replace(name, value);
        }
        let length = text.chars().count();
        if length > LONGEST {
            return Err(format!(
                "the query {} is {length} characters long, and CloudWatch Logs takes {LONGEST}: ask \
                 about fewer accounts or regions",
                kind.id()
            ));
        }
        Ok(text)
    }
}

/// The writes that can break a registry, grouped by service, with the places they act in.
fn changes(place: &str, account: &str) -> Result<String, String> {
    let mut parts = Vec::new();
    for (source, apis) in by_source() {
        // As in the scan: a global service's record stands in one region, and an organisation's in
        // one account, and acts elsewhere too.
        let (place, account) = match knowledge().global(&source) {
            None => (place, account),
            Some(global) if global.other_accounts => ("", ""),
            Some(_) => ("", account),
        };
        let api = list(&apis)?;
        parts.push(format!(
            "(eventSource = {} and eventName in {api}{place}{account})",
            quoted(&source)?
        ));
    }
    Ok(parts.join(" or "))
}

/// The same writes wherever they act: what is never part of the control group.
fn writes() -> Result<String, String> {
    let mut parts = Vec::new();
    for (source, apis) in by_source() {
        parts.push(format!(
            "(eventSource = {} and eventName in {})",
            quoted(&source)?,
            list(&apis)?
        ));
    }
    Ok(parts.join(" or "))
}

fn by_source() -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rule in knowledge().changes() {
        let apis = out.entry(rule.event_source.clone()).or_default();
        apis.extend(rule.apis.iter().cloned());
    }
    for apis in out.values_mut() {
        apis.sort();
        apis.dedup();
    }
    out
}

fn list(values: &[String]) -> Result<String, String> {
    let quoted: Result<Vec<String>, String> = values.iter().map(|value| quoted(value)).collect();
    Ok(format!("[{}]", quoted?.join(", ")))
}

/// A text of the query language. Names of services, regions and accounts hold none of the letters
/// that would need an escape, so one that does is a mistake or worse.
fn quoted(value: &str) -> Result<String, String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_.:/".contains(letter);
    if value.is_empty() || !value.chars().all(is_name) {
        return Err(format!(
            "\"{}\" cannot stand in a query: names hold letters, digits and -_.:/ only",
            value.escape_debug()
        ));
    }
    Ok(format!("\"{value}\""))
}

/// A filter that keeps calls of the case by the beginning of their `eventTime`. Texts are compared
/// by pattern, because the language documents an order of numbers only. Rounded out to whole hours:
/// the rest is for the reader.
fn event_time(whole: &Interval) -> String {
    let mut starts: Vec<String> = Vec::new();
    let hour = 3_600;
    let mut at = whole.from.timestamp().div_euclid(hour) * hour;
    let last = whole.to.timestamp().saturating_sub(1);
    while at <= last {
        let time = instant(at);
        let day = instant(at) + Duration::seconds(24 * hour - 1);
        if time.hour() == 0 && day.timestamp() <= last {
            starts.push(time.format("%Y-%m-%dT").to_string());
            at += 24 * hour;
        } else {
            starts.push(time.format("%Y-%m-%dT%H").to_string());
            at += hour;
        }
    }
    format!("eventTime like /^({})/", starts.join("|"))
}

/// The finest usual bin with which a span has no more than `slots` bins: its name in the language
/// and its length in milliseconds.
#[must_use]
pub(crate) fn bin(span_ms: i64, slots: i64) -> (&'static str, i64) {
    const BINS: [(&str, i64); 10] = [
        ("10ms", 10),
        ("100ms", 100),
        ("1s", 1_000),
        ("5s", 5_000),
        ("15s", 15_000),
        ("1m", 60_000),
        ("5m", 300_000),
        ("15m", 900_000),
        ("1h", 3_600_000),
        ("6h", 21_600_000),
    ];
    BINS.into_iter()
        .find(|(_, length)| span_ms / length < slots)
        .unwrap_or(("1d", 86_400_000))
}

#[cfg(test)]
mod tests;
