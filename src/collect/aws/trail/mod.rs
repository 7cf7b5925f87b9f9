//! The trail, live: its log group by Logs Insights, its bucket, or LookupEvents as the last resort.
//!
//! ```text
//! wish ─(discover, choice)─▶ places ─(logs | bucket | lookup)─▶ spool ─▶ trail::scan, as for files
//! ```
//!
//! Whatever the way, records come in whole and are read by the one scanner, so that live and offline
//! give one truth; only the control group is counted by the server. It must never call a part of the
//! trail the whole, and never scan more than was allowed.

mod bucket;
mod choice;
mod discover;
mod harvest;
mod logs;
mod lookup;
mod places;
mod spool;
mod young;

pub use harvest::Harvest;

use super::step::Step;
use super::{Field, State};
use crate::bundle::manifest::{Noun, SourceEntry};
use crate::case::{Case, Interval};
use harvest::Got;
use places::{Place, Source};
use spool::Spool;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How the trail is to be read: what was typed, or nothing, which means discovery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// `--log-group`: names or ARNs.
    pub log_groups: Vec<String>,
    /// `--cloudtrail s3://…`.
    pub buckets: Vec<String>,
    /// `--lookup-events`.
    pub lookup_events: bool,
    /// Where to keep what is fetched, so that a run can go on.
    pub folder: PathBuf,
    /// Margin for late delivery, seconds.
    pub lateness_s: i64,
}

impl Wish {
    /// Whether nothing was typed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.log_groups.is_empty() && self.buckets.is_empty() && !self.lookup_events
    }
}

/// The trail as far as it was read.
#[derive(Debug, Default)]
pub struct Found {
    /// Its line of the ledger when nothing could be read; `None` when it was not asked for, or when
    /// the scan over the harvest makes the line.
    pub entry: Option<SourceEntry>,
    /// What was fetched, for the scanner.
    pub harvest: Option<Harvest>,
    /// The credentials ran out on the way.
    pub is_expired: bool,
}

/// Places read at a time.
const AT_ONCE: usize = 4;

/// What will be asked.
#[must_use]
pub fn ask(case: &Case, wish: &Wish, regions: &[String], accounts: usize) -> Vec<Step> {
    let places = (accounts.max(1) * regions.len().max(1)) as u64;
    let accounts = accounts.max(1) as u64;
    let days = u64::try_from(case.whole().seconds() / 86_400 + 1).unwrap_or(1);
    let mut steps = Vec::new();
    if wish.is_open() {
        steps.push(Step::calls("cloudtrail", "DescribeTrails", accounts).or_more());
        steps.push(Step::calls("cloudtrail", "GetTrailStatus", accounts).or_more());
        steps.push(Step::calls("cloudtrail", "GetEventSelectors", accounts).or_more());
    }
    if wish.is_open() || !wish.log_groups.is_empty() {
        // Records and control group in one query each, as long as they fit into one answer.
        let groups = (wish.log_groups.len() as u64).div_ceil(50).max(accounts);
        steps.push(Step::calls("logs", "DescribeLogGroups", groups).or_more());
        steps.push(Step::calls("logs", "StartQuery", 2 * groups).or_more());
        steps.push(Step::calls("logs", "GetQueryResults", 2 * groups).or_more());
    }
    if !wish.buckets.is_empty() {
        let buckets = wish.buckets.len() as u64;
        steps.push(Step::calls("s3", "GetBucketLocation", buckets));
        steps.push(Step::calls("s3", "ListObjectsV2", places + 2 * buckets).or_more());
        steps.push(Step::calls("s3", "GetObject", places * days).or_more());
    }
    if wish.lookup_events {
        steps.push(Step::calls("cloudtrail", "LookupEvents", places * (days + 12)).or_more());
    }
    steps
}

/// Asks.
pub async fn fetch(field: &Field) -> Found {
    let wish = &field.request.trail;
    field.watch.at(Noun::Trail, "", State::Begun);
    let bill = || field.control.receipt.bill(Noun::Trail);
    let case = &field.request.case;
    let spool = match Spool::open(&wish.folder) {
        Ok(spool) => spool,
        Err(error) => {
            let got = Got {
                place: "the trail".to_owned(),
                missing: vec![format!("no folder to keep it in could be made: {error}")],
                ..Got::default()
            };
            let harvest = harvest::merge(case, PathBuf::new(), &[got], bill());
            return Found {
                entry: Some(harvest.unavailable()),
                ..Found::default()
            };
        }
    };
    let span = bucket::keys::deliveries(case, wish.lateness_s);
    let source = Source {
        case: case.clone(),
        span,
        lateness_s: wish.lateness_s,
        control: Arc::clone(&field.control),
        watch: Arc::clone(&field.watch),
        spool: spool.clone(),
    };
    let (plans, mut parts) = places::plan(field).await;
    parts.extend(all(&source, plans).await);
    parts.sort_by(|a, b| a.place.cmp(&b.place));
    let harvest = harvest::merge(case, spool.records(), &parts, bill());
    let words = format!("{} places read", harvest.asked.len());
    field.watch.at(Noun::Trail, "", State::Done(&words));
    let is_expired = harvest.is_expired;
    if harvest.records.is_none() {
        return Found {
            entry: Some(harvest.unavailable()),
            harvest: None,
            is_expired,
        };
    }
    Found {
        entry: None,
        harvest: Some(harvest),
        is_expired,
    }
}

/// Reads all places, a few at a time; each is a chain of which the first that can be read counts.
async fn all(source: &Source, plans: Vec<Vec<Place>>) -> Vec<Got> {
    let mut out = Vec::new();
    let mut waiting = plans.into_iter();
    let mut tasks: JoinSet<Vec<Got>> = JoinSet::new();
    loop {
        while tasks.len() < AT_ONCE
            && let Some(chain) = waiting.next()
        {
            let source = source.clone();
            tasks.spawn(async move { first_readable(&source, chain).await });
        }
        match tasks.join_next().await {
            None => return out,
            Some(Ok(parts)) => out.extend(parts),
            Some(Err(_)) => out.push(Got {
                place: "the trail".to_owned(),
                missing: vec!["a task that read part of it ended early".to_owned()],
                ..Got::default()
            }),
        }
    }
}

/// Reads the first place that can be read; where that is a log group younger than the case, the bucket
/// behind it as well, for what is older.
async fn first_readable(source: &Source, chain: Vec<Place>) -> Vec<Got> {
    let mut out: Vec<Got> = Vec::new();
    let mut waiting = chain.into_iter();
    while let Some(place) = waiting.next() {
        let got = source.read(&place).await;
        let (was_read, stopped) = (got.was_read, source.control.stopped().is_some());
        let begins = got.youth.as_ref().map(|youth| youth.from);
        out.push(got);
        if stopped {
            break;
        }
        if was_read {
            let bucket = waiting.find(|place| matches!(place, Place::Bucket(..)));
            if let (Some(from), Some(bucket)) = (begins, bucket) {
                out.push(source.read_before(&bucket, from).await);
            }
            break;
        }
    }
    young::settle(&source.case, &mut out);
    out
}

/// The span of delivery times a live run reads, for those who plan with it.
#[must_use]
pub fn deliveries(case: &Case, lateness_s: i64) -> Interval {
    bucket::keys::deliveries(case, lateness_s)
}
