//! The trail, live: Logs Insights over its log group, its bucket, or LookupEvents.
//!
//! It must never call a part of the trail the whole, and never scan more than was allowed.

use super::Field;
use super::plan::Step;
use crate::bundle::manifest::{Noun, Outcome, SourceEntry, Tally};
use crate::case::Case;
use std::collections::BTreeMap;

/// How the trail is to be read: what was typed, or nothing, which means discovery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// `--log-group`: names or ARNs.
    pub log_groups: Vec<String>,
    /// `--cloudtrail s3://…`.
    pub buckets: Vec<String>,
    /// `--lookup-events`.
    pub lookup_events: bool,
}

/// The trail as far as it was read.
#[derive(Debug, Default)]
pub struct Found {
    /// Its line of the ledger; `None` when it was not asked for.
    pub entry: Option<SourceEntry>,
}

/// What will be asked.
#[must_use]
pub fn ask(_case: &Case, _wish: &Wish, _regions: &[String], _accounts: usize) -> Vec<Step> {
    Vec::new()
}

/// Asks.
pub async fn fetch(_field: &Field) -> Found {
    Found {
        entry: Some(SourceEntry {
            noun: Noun::Trail,
            outcome: Outcome::Unavailable {
                why: "reading the trail straight from AWS is not built yet".to_owned(),
                hint:
                    "copy the trail's bucket (aws s3 sync s3://BUCKET/AWSLogs ./AWSLogs) and pass \
                       it with --cloudtrail ./AWSLogs"
                        .to_owned(),
            },
            asked: Vec::new(),
            tally: Tally::default(),
            by_scope: BTreeMap::new(),
            refusals: Vec::new(),
            files_read: 0,
            files_pruned: 0,
            files_late: 0,
            lateness_s: 0,
            bytes_read: 0,
            bill: None,
        }),
    }
}
