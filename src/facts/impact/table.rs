//! The words and zones of `queries/health/impact.toml` as values.

use crate::catalog;
use chrono_tz::Tz;
use serde::Deserialize;
use std::str::FromStr;
use std::sync::OnceLock;

/// The table as written.
#[derive(Deserialize)]
pub(super) struct Table {
    pub(super) spans: Vec<String>,
    pub(super) starts: Vec<String>,
    pub(super) fillers: Vec<String>,
    pub(super) joins: Vec<String>,
    pub(super) future: Vec<String>,
    pub(super) plans: Vec<String>,
    pub(super) recovery: Vec<String>,
    pub(super) opening: Vec<String>,
    zone: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    words: Vec<String>,
    tz: String,
}

/// A zone as written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Zone {
    /// Its rules.
    pub(super) tz: Tz,
    /// Whether the word says daylight or standard time; decides only the doubled autumn hour.
    pub(super) daylight: Option<bool>,
}

/// The zone AWS means when a text gives AM or PM and no zone.
pub(super) const UNSTATED: Zone = Zone {
    tz: chrono_tz::America::Los_Angeles,
    daylight: None,
};

impl Table {
    /// The zone of a word in lower case.
    pub(super) fn zone(&self, word: &str) -> Option<Zone> {
        let entry = self
            .zone
            .iter()
            .find(|entry| entry.words.iter().any(|known| known == word))?;
        Some(Zone {
            tz: Tz::from_str(&entry.tz).ok()?,
            daylight: match word.as_bytes() {
                [.., b'd', b't'] => Some(true),
                [_, .., b's', b't'] => Some(false),
                _ => None,
            },
        })
    }
}

/// The table, parsed once.
pub(super) fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| catalog::table("health/impact"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_of_the_table_is_known() {
        for entry in &table().zone {
            for word in &entry.words {
                assert!(table().zone(word).is_some(), "{word} {}", entry.tz);
            }
        }
        assert_eq!(table().zone("pdt").and_then(|z| z.daylight), Some(true));
        assert_eq!(table().zone("pst").and_then(|z| z.daylight), Some(false));
        assert_eq!(table().zone("pt").and_then(|z| z.daylight), None);
    }
}
