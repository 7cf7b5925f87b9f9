//! LookupEvents, the last resort where no trail can be read: 90 days, 50 events a page, two pages a
//! second for the whole account, one condition.
//!
//! Must never pass for a trail: the control group is missing, changes are looked up for a short time
//! only, and a busy registry is read in part; each is said. Newest first, so that what is missing is
//! missing at the far end. Source: CloudTrail API reference, LookupEvents.

use super::bucket::keys::global_region;
use super::spool::{Note, Spool, Unit};
use crate::case::{Case, Instant, Interval, rfc3339};
use crate::collect::aws::control::Control;
use crate::collect::aws::fault::Trouble;
use crate::collect::aws::known::{self, Kind};
use crate::collect::aws::session::Account;
use crate::ecr::knowledge;
use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use chrono::Duration;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Pages of one region's calls, and of its changes: at our pace five minutes each.
const MOST_PAGES: u64 = 150;
/// How long before the window changes are looked up.
const CHANGES_S: i64 = 24 * 3_600;
/// Events stay for 90 days.
const KEPT_DAYS: i64 = 90;

/// What the last resort gave in one region.
#[derive(Debug, Default)]
pub(super) struct LookedUp {
    pub(super) records: u64,
    pub(super) covered_from: Option<Instant>,
    pub(super) missing: Vec<String>,
    pub(super) trouble: Option<Trouble>,
}

/// One region of one account.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) account: Account,
    pub(super) region: String,
    pub(super) control: Arc<Control>,
    pub(super) spool: Spool,
}

/// A stretch of time and service looked up in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    region: String,
    source: String,
    span: Interval,
    changes_only: bool,
}

/// Looks up the calls of the case, newest first, then the changes around the window.
pub(super) async fn fetch(desk: &Desk, case: &Case) -> LookedUp {
    let mut got = LookedUp::default();
    let oldest = case
        .now
        .checked_sub_signed(Duration::days(KEPT_DAYS))
        .unwrap_or(case.now);
    let whole = case.whole();
    let from = whole.from.max(oldest);
    if from > whole.from {
        got.covered_from = Some(from);
    }
    if from >= case.window.to {
        got.missing.push(format!(
            "CloudTrail's event history reaches back to {}, and the window ends before",
            rfc3339(oldest)
        ));
        return got;
    }
    let mut pages = 0;
    for stretch in calls(case, &desk.region, Interval::new(from, whole.to)) {
        let read = desk.stretch(&stretch, &mut pages, case).await;
        got.records += read.rows;
        if let Some(trouble) = read.trouble {
            let until = read.newer_than.unwrap_or(stretch.span.to);
            shorten(&mut got, case, until, &trouble.sentence());
            got.trouble = Some(trouble);
            return got;
        }
        if let Some(until) = read.newer_than {
            let why = format!(
                "more than {} events would have to be looked up",
                MOST_PAGES * 50
            );
            shorten(&mut got, case, until, &why);
            break;
        }
    }
    let mut pages = 0;
    for stretch in changes(case, &desk.region) {
        let read = desk.stretch(&stretch, &mut pages, case).await;
        got.records += read.rows;
        if let Some(trouble) = read.trouble {
            got.missing.push(format!(
                "changes of {} could not be looked up: {}",
                stretch.source,
                trouble.sentence()
            ));
            if matches!(trouble.kind, Kind::Stopped | Kind::Expired) {
                got.trouble = Some(trouble);
                break;
            }
        } else if read.newer_than.is_some() {
            got.missing
                .push("there are too many events to look up all changes".to_owned());
            break;
        }
    }
    got
}

/// What was not looked up lies before `until`: a shorter baseline, or part of the window.
fn shorten(got: &mut LookedUp, case: &Case, until: Instant, why: &str) {
    if until > case.window.from {
        got.missing.push(format!(
            "calls before {} were not looked up: {why}",
            rfc3339(until)
        ));
    }
    got.covered_from = got.covered_from.max(Some(until));
}

/// The calls asked about, by day, newest first, so that a day is asked for once.
fn calls(case: &Case, region: &str, span: Interval) -> Vec<Stretch> {
    days(span)
        .into_iter()
        .flat_map(|day| {
            case.scope.event_sources.iter().map(move |source| Stretch {
                region: region.to_owned(),
                source: source.clone(),
                span: day,
                changes_only: false,
            })
        })
        .filter(|stretch| {
            // The public registry has its API in one region.
            stretch.source != "ecr-public.amazonaws.com" || region == "us-east-1"
        })
        .collect()
}

fn changes(case: &Case, region: &str) -> Vec<Stretch> {
    let from = case
        .window
        .from
        .checked_sub_signed(Duration::seconds(CHANGES_S))
        .unwrap_or(case.window.from);
    let sources: BTreeSet<&str> = knowledge()
        .changes()
        .iter()
        .map(|rule| rule.event_source.as_str())
        .filter(|source| !case.scope.event_sources.iter().any(|own| own == source))
        .collect();
    sources
        .into_iter()
        .map(|source| Stretch {
            region: match knowledge().global(source) {
                Some(_) => global_region(region).to_owned(),
                None => region.to_owned(),
            },
            source: source.to_owned(),
            span: Interval::new(from, case.window.to),
            changes_only: true,
        })
        .collect()
}

/// A span cut at midnight, newest first.
fn days(span: Interval) -> Vec<Interval> {
    let day = 86_400;
    let mut out = Vec::new();
    let mut at = span.from;
    while at < span.to {
        let next = crate::case::instant((at.timestamp().div_euclid(day) + 1) * day).min(span.to);
        if next <= at {
            break;
        }
        out.push(Interval::new(at, next));
        at = next;
    }
    out.reverse();
    out
}

/// What came of a stretch.
#[derive(Debug, Default)]
struct Read {
    rows: u64,
    /// Only what is newer was read.
    newer_than: Option<Instant>,
    trouble: Option<Trouble>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Head {
    event_source: String,
    event_name: String,
}

impl Desk {
    /// Looks up one stretch, or finds it done. What was read before something went wrong is kept.
    async fn stretch(&self, stretch: &Stretch, pages: &mut u64, case: &Case) -> Read {
        let unit = self.spool.unit(
            "lookup",
            &[
                &self.account.id,
                &stretch.region,
                &stretch.source,
                &stretch.span.to_string(),
                &rfc3339(case.now),
            ],
        );
        let at = |second: i64| crate::case::instant(second);
        if let Some(note) = self.spool.done(&unit) {
            return Read {
                rows: note.rows,
                newer_than: note.newer_than.map(at),
                trouble: None,
            };
        }
        let mut note = Note::default();
        let trouble = self.pages(stretch, &unit, pages, &mut note).await.err();
        Read {
            rows: note.rows,
            newer_than: note.newer_than.map(at),
            trouble,
        }
    }

    async fn pages(
        &self,
        stretch: &Stretch,
        unit: &Unit,
        pages: &mut u64,
        note: &mut Note,
    ) -> Result<(), Trouble> {
        let call = known::call("cloudtrail", "LookupEvents");
        let disk = |error: std::io::Error| {
            Trouble::plain(
                Kind::Stopped,
                call,
                format!("the events could not be written to disk: {error}"),
                "Make room on the disk, or choose another folder with --out DIR.",
            )
        };
        let mut lines = self.spool.lines("lookup", unit).map_err(disk)?;
        let mut token: Option<String> = None;
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut oldest = None;
        let ended = loop {
            *pages += 1;
            if *pages > MOST_PAGES {
                note.newer_than = Some(oldest.unwrap_or(stretch.span.to.timestamp()));
                break Ok(());
            }
            let page = match self.page(stretch, token.clone()).await {
                Ok(page) => page,
                Err(trouble) => {
                    note.newer_than = oldest;
                    break Err(trouble);
                }
            };
            for event in page.events() {
                let Some(record) = event.cloud_trail_event() else {
                    note.lost += 1;
                    continue;
                };
                // The second of the oldest event may hold more on the next page.
                oldest = event.event_time().map(|time| time.secs() + 1).or(oldest);
                if !stretch.changes_only || is_change(record) {
                    note.rows += 1;
                    lines.add(record).map_err(disk)?;
                }
            }
            token = page.next_token().map(str::to_owned);
            let Some(next) = &token else { break Ok(()) };
            // Pages can be empty and tokens come twice; one that keeps coming leads in a circle.
            let times = seen.entry(next.clone()).or_default();
            *times += 1;
            if *times > 3 {
                note.newer_than = oldest;
                break Err(Trouble::plain(
                    Kind::Unreadable,
                    call,
                    "the pages of an answer lead in a circle".to_owned(),
                    "Run again later with --resume.",
                ));
            }
        };
        lines.end().map_err(disk)?;
        if ended.is_ok() {
            self.spool.finish(unit, note).map_err(disk)?;
        }
        ended
    }

    async fn page(
        &self,
        stretch: &Stretch,
        token: Option<String>,
    ) -> Result<LookupEventsOutput, Trouble> {
        let call = known::call("cloudtrail", "LookupEvents");
        let client = self.account.cloudtrail(&stretch.region);
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventSource)
            .attribute_value(&stretch.source)
            .build()
            .map_err(|_| {
                let why = "no condition could be made".to_owned();
                Trouble::plain(Kind::Refused, call, why, "")
            })?;
        self.control
            .call(call, &self.account.asker(&stretch.region), || {
                client
                    .lookup_events()
                    .lookup_attributes(attribute.clone())
                    .start_time(DateTime::from_secs(stretch.span.from.timestamp()))
                    // Both ends are inclusive.
                    .end_time(DateTime::from_secs(stretch.span.to.timestamp() - 1))
                    .max_results(50)
                    .set_next_token(token.clone())
                    .send()
            })
            .await
    }
}

fn is_change(record: &str) -> bool {
    let head: Head = serde_json::from_str(record).unwrap_or_default();
    knowledge()
        .change(&head.event_source, &head.event_name)
        .is_some()
}

#[cfg(test)]
mod tests;
