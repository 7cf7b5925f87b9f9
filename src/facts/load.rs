//! Everything the evidence says before any episode is known: series, controls, changes, metrics,
//! quotas, notices, coverage and the evidence ledger.

use super::frames::{self, class_at, numbers, texts};
use super::ledger;
use super::types::{CallSeries, Change, ControlSeries, Facts, Gap, Place, TrailFacts};
use super::{coverage, metrics, notices, quotas};
use crate::bundle::Bundle;
use crate::bundle::manifest::Noun;
use crate::bundle::raw::RawAnswer;
use crate::case::{Case, Interval, Minute, instant};
use crate::ecr::{self, Class};
use chrono::Duration;
use polars::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// CloudTrail delivers about five minutes late on average with no promise (CloudTrail user guide,
/// how-cloudtrail-works); minutes younger than this may still change.
pub const SETTLING_MINUTES: i64 = 15;

/// Reads a bundle for the question asked, which may be narrower than the one it was collected for.
///
/// # Errors
/// When the bundle cannot be read; missing evidence is not an error.
pub fn load(bundle: &Bundle, case: &Case) -> anyhow::Result<Facts> {
    let ledger = ledger::build(bundle)?;
    let of = |noun: Noun| -> Vec<(RawAnswer, String)> { ledger.answers(noun) };
    let metrics = metrics::series(&of(Noun::Metrics), case.whole());
    let mut known_notices = of(Noun::Health);
    known_notices.extend(of(Noun::Status));

    let trail = trail(bundle, case)?;
    let mut gaps: Vec<Gap> = Vec::new();
    let coverage = coverage::against_call_count(case, &trail, &metrics, &mut gaps);
    gaps.sort();
    gaps.dedup();
    Ok(Facts {
        case: case.clone(),
        settled_until: case
            .window
            .to
            .min(case.now - Duration::minutes(SETTLING_MINUTES))
            .max(case.window.from),
        trail,
        coverage,
        quotas: quotas::quotas(&of(Noun::Quotas)),
        notices: notices::notices(&known_notices),
        metrics,
        gaps,
        evidence: ledger.lines,
        sources: bundle.manifest.sources.clone(),
        seal: bundle.manifest.seal.clone(),
    })
}

/// What is being put together for one place.
#[derive(Default)]
struct Draft {
    series: BTreeMap<(String, String), BTreeMap<Class, Vec<u32>>>,
    controls: BTreeMap<String, [Vec<u32>; 3]>,
    seen: Option<(i64, i64)>,
    days: BTreeSet<i64>,
}

impl Draft {
    fn sees(&mut self, first_second: i64, last_second: i64) {
        let (first, last) = self.seen.unwrap_or((first_second, last_second));
        self.seen = Some((first.min(first_second), last.max(last_second)));
    }
}

fn trail(bundle: &Bundle, case: &Case) -> anyhow::Result<Vec<TrailFacts>> {
    let whole = case.whole();
    let start = Minute::of(whole.from);
    let len = usize::try_from(whole.minutes()).unwrap_or(0);
    let mut drafts: BTreeMap<Place, Draft> = BTreeMap::new();
    add_calls(bundle, case, start, len, &mut drafts)?;
    add_controls(bundle, case, start, len, &mut drafts)?;
    let changes = changes(bundle, case)?;

    Ok(drafts
        .into_iter()
        .map(|(place, draft)| TrailFacts {
            series: draft
                .series
                .into_iter()
                .map(|((event_source, api), classes)| CallSeries {
                    place: place.clone(),
                    event_source,
                    api,
                    start,
                    len,
                    classes,
                })
                .collect(),
            observed: draft.seen.map(|(first, last)| {
                Interval::new(instant(first), instant(last.saturating_add(1)))
            }),
            days_with_calls: draft.days.len() as u32,
            changes: changes
                .iter()
                .filter(|change| reaches(change, &place))
                .cloned()
                .collect(),
            controls: draft
                .controls
                .into_iter()
                .map(|(event_source, [calls, errors, faults])| ControlSeries {
                    event_source,
                    start,
                    calls,
                    errors,
                    faults,
                })
                .collect(),
            place,
        })
        .collect())
}

fn add_calls(
    bundle: &Bundle,
    case: &Case,
    start: Minute,
    len: usize,
    drafts: &mut BTreeMap<Place, Draft>,
) -> anyhow::Result<()> {
    let Some(calls) = frames::calls(bundle, case)? else {
        return Ok(());
    };
    let counted = frames::collect(
        calls
            .group_by([
                col("recipient_account"),
                col("region"),
                col("event_source"),
                col("api"),
                col("class"),
                col("minute"),
            ])
            .agg([
                polars::prelude::len().alias("n"),
                col("event_time").min().alias("first"),
                col("event_time").max().alias("last"),
            ]),
    )?;
    let accounts = texts(&counted, "recipient_account")?;
    let regions = texts(&counted, "region")?;
    let sources = texts(&counted, "event_source")?;
    let apis = texts(&counted, "api")?;
    let classes = numbers(&counted, "class")?;
    let minutes = numbers(&counted, "minute")?;
    let counts = numbers(&counted, "n")?;
    let firsts = numbers(&counted, "first")?;
    let lasts = numbers(&counted, "last")?;
    let window_from = case.window.from.timestamp();
    for row in 0..counted.height() {
        let draft = drafts
            .entry(Place {
                account: known(&accounts[row]),
                region: known(&regions[row]),
            })
            .or_default();
        draft.sees(firsts[row], lasts[row]);
        if firsts[row] < window_from {
            draft.days.insert((window_from - 1 - firsts[row]) / 86_400);
        }
        let series = draft
            .series
            .entry((sources[row].clone(), apis[row].clone()))
            .or_default()
            .entry(class_at(u32::try_from(classes[row]).unwrap_or(u32::MAX)))
            .or_insert_with(|| vec![0; len]);
        add_at(series, minutes[row] - start.0, counts[row]);
    }
    Ok(())
}

fn add_controls(
    bundle: &Bundle,
    case: &Case,
    start: Minute,
    len: usize,
    drafts: &mut BTreeMap<Place, Draft>,
) -> anyhow::Result<()> {
    let Some(controls) = frames::controls(bundle)? else {
        return Ok(());
    };
    let whole = case.whole();
    let counted = frames::collect(
        controls.filter(
            col("minute")
                .gt_eq(lit(Minute::of(whole.from).0))
                .and(col("minute").lt(lit(start.0 + len as i64))),
        ),
    )?;
    let accounts = texts(&counted, "account")?;
    let regions = texts(&counted, "region")?;
    let sources = texts(&counted, "event_source")?;
    let minutes = numbers(&counted, "minute")?;
    let columns = [
        numbers(&counted, "calls")?,
        numbers(&counted, "errors")?,
        numbers(&counted, "faults")?,
    ];
    for row in 0..counted.height() {
        let place = Place {
            account: known(&accounts[row]),
            region: known(&regions[row]),
        };
        if !case.scope.admits(&place.account, &place.region) {
            continue;
        }
        let draft = drafts.entry(place).or_default();
        draft.sees(minutes[row] * 60, minutes[row] * 60 + 59);
        let series = draft
            .controls
            .entry(sources[row].clone())
            .or_insert_with(|| [vec![0; len], vec![0; len], vec![0; len]]);
        for (into, from) in series.iter_mut().zip(&columns) {
            add_at(into, minutes[row] - start.0, from[row]);
        }
    }
    Ok(())
}

fn changes(bundle: &Bundle, case: &Case) -> anyhow::Result<Vec<Change>> {
    let whole = case.whole();
    let mut changes: Vec<Change> = bundle
        .changes()?
        .into_iter()
        .filter(|row| whole.contains(instant(row.event_time)))
        .filter_map(|row| {
            let rule = ecr::knowledge().change(&row.event_source, &row.api)?;
            Some(Change {
                time: instant(row.event_time),
                event_id: row.event_id,
                request_id: row.request_id,
                account: row.account,
                region: row.region,
                event_source: row.event_source,
                api: row.api,
                principal: row.principal,
                session: row.session,
                resource: row.resource,
                error_code: row.error_code,
                detail: row.detail,
                explains: rule.explains.clone(),
                kind: rule.kind.clone(),
                why: rule.why.clone(),
            })
        })
        .collect();
    changes.sort();
    Ok(changes)
}

/// Whether a change can matter in a place: same account, and same region unless the service is
/// global. An organisation's policies are written in another account and rule them all.
fn reaches(change: &Change, place: &Place) -> bool {
    match ecr::knowledge().global(&change.event_source) {
        Some(global) => global.other_accounts || change.account == place.account,
        None => change.account == place.account && change.region == place.region,
    }
}

fn add_at(series: &mut [u32], index: i64, count: i64) {
    if let Ok(index) = usize::try_from(index)
        && let Some(slot) = series.get_mut(index)
    {
        *slot = slot.saturating_add(u32::try_from(count).unwrap_or(0));
    }
}

fn known(text: &str) -> String {
    if text.is_empty() {
        "?".to_owned()
    } else {
        text.to_owned()
    }
}
