//! Everything the evidence says before any episode is known: series, controls, changes, metrics,
//! quotas, notices, coverage and the evidence ledger.

use super::frames::{self, numbers};
use super::ledger;
use super::parts::{self, Watched};
use super::types::{CallSeries, Change, ControlSeries, Facts, Gap, PathSeries, Place, TrailFacts};
use super::{coverage, metrics, notices, quotas};
use crate::bundle::Bundle;
use crate::bundle::manifest::Noun;
use crate::bundle::raw::RawAnswer;
use crate::case::{Case, Instant, Interval, Minute, instant};
use crate::ecr::{self, Class};
use chrono::Duration;
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

/// Calls by endpoint and API.
type Paths = BTreeMap<String, BTreeMap<String, Vec<u32>>>;

/// What is being put together for one place.
#[derive(Default)]
struct Draft {
    /// By event source and API.
    series: BTreeMap<String, BTreeMap<String, BTreeMap<Class, Vec<u32>>>>,
    controls: BTreeMap<String, [Vec<u32>; 3]>,
    paths: Paths,
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
    let whole = from_first_evidence(bundle, case);
    let start = Minute::of(whole.from);
    let len = usize::try_from(whole.minutes()).unwrap_or(0);
    let mut drafts: BTreeMap<Place, Draft> = BTreeMap::new();
    let mut watched = Watched::find(bundle, case)?;
    add_calls(bundle, case, start, len, &mut drafts, &mut watched)?;
    add_controls(bundle, case, start, len, &mut drafts)?;
    let changes = changes(bundle, case)?;
    let mut parts = watched.parts();

    Ok(drafts
        .into_iter()
        .map(|(place, draft)| TrailFacts {
            series: draft
                .series
                .into_iter()
                .flat_map(|(event_source, apis)| {
                    apis.into_iter()
                        .map(move |(api, classes)| (event_source.clone(), api, classes))
                })
                .map(|(event_source, api, classes)| CallSeries {
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
            paths: paths(draft.paths, start),
            parts: parts.remove(&place).unwrap_or_default(),
            place,
        })
        .collect())
}

/// The span of every series: baseline and window, less the days before the first evidence but one.
/// A baseline asked for and not held would be zeros, 5,760 bytes a day
/// for every API and class of every place.
fn from_first_evidence(bundle: &Bundle, case: &Case) -> Interval {
    let whole = case.whole();
    let files = bundle.calls().into_iter().chain(bundle.controls());
    let firsts: Option<Vec<Instant>> = files.map(|file| Some(file.hour?.from)).collect();
    let Some(first) = firsts.map(|firsts| firsts.into_iter().min()) else {
        return whole;
    };
    let first = first.unwrap_or(whole.to).min(case.window.from);
    let from = first.checked_sub_signed(Duration::days(1));
    Interval::new(from.unwrap_or(whole.from).max(whole.from), whole.to)
}

/// The paths of a place that has endpoints; one without them has no paths to tell apart.
fn paths(paths: Paths, start: Minute) -> Vec<PathSeries> {
    if paths.keys().all(String::is_empty) {
        return Vec::new();
    }
    paths
        .into_iter()
        .flat_map(|(endpoint, apis)| {
            apis.into_iter()
                .map(move |(api, calls)| (endpoint.clone(), api, calls))
        })
        .map(|(endpoint, api, calls)| PathSeries {
            endpoint,
            api,
            start,
            calls,
        })
        .collect()
}

fn add_calls(
    bundle: &Bundle,
    case: &Case,
    start: Minute,
    len: usize,
    drafts: &mut BTreeMap<Place, Draft>,
    watched: &mut Watched,
) -> anyhow::Result<()> {
    let kinds = [
        "recipient_account",
        "region",
        "event_source",
        "api",
        "error_code",
        "vpc_endpoint",
    ];
    let window_from = case.window.from.timestamp();
    let [principal, repository] = parts::NAMING;
    let more = ["vpc_endpoint", principal, repository];
    for chunk in frames::calls(bundle, case, case.whole(), &more, Vec::new()) {
        let chunk = chunk?;
        let column = numbers(&chunk, "event_time")?;
        let cells = frames::cells(&chunk, kinds)?;
        watched.count(&chunk, &cells, &column)?;
        for cell in cells {
            let [account, region, event_source, api, code, endpoint] = &cell.key;
            let place = Place::of(account, region);
            let draft = drafts.entry(place).or_default();
            let times = cell.of(&column);
            if let (Some(first), Some(last)) = (times.clone().min(), times.clone().max()) {
                draft.sees(first, last);
            }
            let mut days: Vec<i64> = times
                .clone()
                .filter(|time| *time < window_from)
                .map(|time| (window_from - 1 - time) / 86_400)
                .collect();
            // Rows stand by time, so this leaves one a day.
            days.dedup();
            draft.days.extend(days);
            let apis = match draft.series.get_mut(*event_source) {
                Some(apis) => apis,
                None => draft.series.entry((*event_source).to_owned()).or_default(),
            };
            let classes = match apis.get_mut(*api) {
                Some(classes) => classes,
                None => apis.entry((*api).to_owned()).or_default(),
            };
            let series = classes
                .entry(ecr::knowledge().classify(code))
                .or_insert_with(|| vec![0; len]);
            let apis = match draft.paths.get_mut(*endpoint) {
                Some(apis) => apis,
                None => draft.paths.entry((*endpoint).to_owned()).or_default(),
            };
            let path = match apis.get_mut(*api) {
                Some(path) => path,
                None => apis
                    .entry((*api).to_owned())
                    .or_insert_with(|| vec![0; len]),
            };
            for time in times {
                let index = Minute::of_second(time).0 - start.0;
                add_at(series, index, 1);
                add_at(path, index, 1);
            }
        }
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
    for chunk in frames::controls(bundle, case.whole()) {
        let chunk = chunk?;
        let column = numbers(&chunk, "minute")?;
        let counts = [
            numbers(&chunk, "calls")?,
            numbers(&chunk, "errors")?,
            numbers(&chunk, "faults")?,
        ];
        for cell in frames::cells(&chunk, ["account", "region", "event_source"])? {
            let [account, region, event_source] = &cell.key;
            let place = Place::of(account, region);
            if !case.scope.admits(&place.account, &place.region) {
                continue;
            }
            let draft = drafts.entry(place).or_default();
            let minutes = cell.of(&column);
            if let (Some(first), Some(last)) = (minutes.clone().min(), minutes.clone().max()) {
                draft.sees(first * 60, last * 60 + 59);
            }
            let series = draft
                .controls
                .entry((*event_source).to_owned())
                .or_insert_with(|| [vec![0; len], vec![0; len], vec![0; len]]);
            for (into, counts) in series.iter_mut().zip(&counts) {
                for (minute, count) in minutes.clone().zip(cell.of(counts)) {
                    add_at(into, minute - start.0, count);
                }
            }
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
