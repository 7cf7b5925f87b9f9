//! Acknowledgements: a file in which people say what they know of already.
//!
//! An acknowledgement hides an incident from the list of what needs attention, never from the
//! counts. One that has expired, or whose incident outgrew it, hides nothing and is told.

use crate::case::{Instant, instant};
use crate::failure::Failure;
use serde::Deserialize;

/// One entry of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// Account, or a pattern with `*`; empty for any.
    pub account: String,
    /// Region, or a pattern.
    pub region: String,
    /// Signal word, or a pattern.
    pub signal: String,
    /// API that must be among the affected, or a pattern.
    pub api: String,
    /// Cause word, or a pattern.
    pub cause: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is known.
    pub reason: String,
    /// Where it is followed up.
    pub ticket: String,
    /// From then on it hides nothing.
    pub expires: Instant,
    /// More failures than this in one night are told.
    pub max_failures: Option<u64>,
}

/// What is compared with a pattern.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Account.
    pub account: &'a str,
    /// Region.
    pub region: &'a str,
    /// Signal word.
    pub signal: &'a str,
    /// Affected APIs.
    pub apis: &'a [String],
    /// Cause word.
    pub cause: &'a str,
}

impl Ack {
    /// Whether the pattern fits.
    #[must_use]
    pub fn fits(&self, of: &Subject<'_>) -> bool {
        let fits = |pattern: &str, text: &str| pattern.is_empty() || glob(pattern, text);
        fits(&self.account, of.account)
            && fits(&self.region, of.region)
            && fits(&self.signal, of.signal)
            && fits(&self.cause, of.cause)
            && (self.api.is_empty() || of.apis.iter().any(|api| glob(&self.api, api)))
    }

    /// The pattern in words, for the list of what is suppressed.
    #[must_use]
    pub fn pattern(&self) -> String {
        let parts = [
            ("account", &self.account),
            ("region", &self.region),
            ("signal", &self.signal),
            ("api", &self.api),
            ("cause", &self.cause),
        ];
        parts
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    acknowledge: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    account: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    signal: String,
    #[serde(default)]
    api: String,
    #[serde(default)]
    cause: String,
    owner: String,
    reason: String,
    #[serde(default)]
    ticket: String,
    expires: toml::Value,
    max_failures: Option<u64>,
}

/// Reads the file's text.
///
/// # Errors
/// It is not what it should be: unknown fields, no owner, no reason, no expiry, no pattern at all.
pub fn parse(text: &str) -> Result<Vec<Ack>, Failure> {
    const HINT: &str = "write entries as [[acknowledge]] with region, signal, api or cause (patterns \
                        with *), owner, reason, ticket, expires = 2026-04-01 and max_failures = 500";
    let refuse = |what: String| Failure::usage(format!("the acknowledgements: {what}"), HINT);
    let file: File = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
    let mut list = Vec::with_capacity(file.acknowledge.len());
    for (number, entry) in (1..).zip(file.acknowledge) {
        let expires = moment(&entry.expires)
            .ok_or_else(|| refuse(format!("entry {number}: `expires` is not a date")))?;
        let ack = Ack {
            account: entry.account,
            region: entry.region,
            signal: entry.signal,
            api: entry.api,
            cause: entry.cause,
            owner: entry.owner,
            reason: entry.reason,
            ticket: entry.ticket,
            expires,
            max_failures: entry.max_failures,
        };
        if ack.owner.trim().is_empty() || ack.reason.trim().is_empty() {
            return Err(refuse(format!("entry {number} has no owner or no reason")));
        }
        if ack.pattern().is_empty() {
            return Err(refuse(format!(
                "entry {number} has no pattern and would hide everything"
            )));
        }
        list.push(ack);
    }
    Ok(list)
}

/// A TOML date (midnight UTC), a date with time, or either as text.
fn moment(value: &toml::Value) -> Option<Instant> {
    let text = match value {
        toml::Value::Datetime(at) => at.to_string(),
        toml::Value::String(text) => text.clone(),
        _ => return None,
    };
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(&text) {
        return Some(at.to_utc());
    }
    let day = chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?;
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
    Some(instant(midnight.timestamp()))
}

/// Whether a text fits a pattern in which `*` stands for any run of characters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests;
