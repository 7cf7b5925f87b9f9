//! The second look at an incident, once it is known who and how many: call by call from its
//! lead-up to the last retry.

use super::draft::{self, Draft};
use super::operations::Retries;
use super::requests::Sampler;
use super::row;
use crate::bundle::Bundle;
use crate::case::{Case, Interval, Minute};
use crate::ecr::{self, Class};
use crate::facts::frames::{self, numbers};
use crate::facts::types::{
    ControlGroup, PrincipalSeries, Profile, ProfileRequest, SecondSeries, Share,
};
use chrono::Duration;
use polars::prelude::*;
use std::collections::BTreeMap;

/// Principals whose minutes are kept one by one.
const PRINCIPALS_BY_MINUTE: usize = 20;
/// Sessions kept.
const SESSIONS: usize = 50;
/// User agents kept.
const USER_AGENTS: usize = 20;
/// Minutes before onset in which the lead-up is shown.
const LEAD_UP_MINUTES: i64 = 60;
/// Minutes before onset from which seconds are counted, so that a bucket can be seen draining.
const SECONDS_LEAD_UP_MINUTES: i64 = 5;
/// Seconds after the end in which a retry still counts as the same operation.
const RETRY_WINDOW_S: i64 = 120;

/// Follows the calls of a counted incident and closes its profile.
pub(super) fn finish(
    bundle: &Bundle,
    case: &Case,
    mut draft: Draft<'_>,
    services: Vec<ControlGroup>,
) -> anyhow::Result<Profile> {
    let request = draft.request;
    let consumers = draft.consumers();
    let denied = draft.denied();
    let Draft {
        shares,
        codes,
        groups,
        impaired,
        first,
        peak,
        ..
    } = draft;
    let [
        principals,
        repositories,
        vpc_endpoints,
        sessions,
        user_agents,
    ] = shares;
    let failures = usize::try_from(principals.failures()).unwrap_or(usize::MAX);
    let principals = principals.list(usize::MAX);
    let (sessions_failing, sessions_carrying) = sessions.spread();

    let mut minutes = ByMinute::new(request, &principals);
    let mut seconds = BySecond::new(request);
    let mut single = request.class.map(|class| {
        (
            Sampler::new(request, class, failures, peak.or(first)),
            Retries::new(request.span, class, RETRY_WINDOW_S),
        )
    });
    let span = Interval::new(
        request.span.from - Duration::minutes(LEAD_UP_MINUTES),
        request.span.to + Duration::seconds(RETRY_WINDOW_S),
    );
    let columns: &[&str] = if single.is_some() {
        &row::COLUMNS
    } else {
        &["principal"]
    };
    for chunk in frames::calls(bundle, case, span, columns, draft::own(request)) {
        let chunk = chunk?;
        minutes.add(&chunk)?;
        seconds.add(&chunk)?;
        if let Some((sampler, retries)) = &mut single {
            let begun = request.span.from.timestamp();
            let chunk = frames::between(&chunk, "event_time", begun, i64::MAX)?;
            let classes = classes(&chunk)?;
            sampler.add(row::of(&chunk, &classes)?);
            retries.add(row::of(&chunk, &classes)?);
        }
    }
    let (requests, operations) = single
        .map(|(sampler, retries)| (sampler.sample(), retries.count()))
        .unwrap_or_default();
    Ok(Profile {
        codes: codes.list(),
        repositories: repositories.list(usize::MAX),
        vpc_endpoints: vpc_endpoints.list(usize::MAX),
        sessions: sessions.list(SESSIONS),
        sessions_failing,
        sessions_carrying,
        user_agents: user_agents.list(USER_AGENTS),
        principal_series: minutes.list(&principals),
        principals,
        seconds: seconds.list(),
        consumers,
        denied,
        requests,
        operations,
        controls: groups.list(services),
        minutes_impaired: impaired.len() as u64,
    })
}

/// The class of each row.
fn classes(chunk: &DataFrame) -> anyhow::Result<Vec<Class>> {
    let mut classes = vec![Class::Unclassified; chunk.height()];
    for cell in frames::cells(chunk, ["error_code"])? {
        let [code] = &cell.key;
        let class = ecr::knowledge().classify(code);
        for row in &cell.rows {
            if let Some(slot) = classes.get_mut(*row as usize) {
                *slot = class;
            }
        }
    }
    Ok(classes)
}

/// Calls and failures, minute by minute.
type Minutes = (Vec<u32>, Vec<u32>);

/// Calls and failures of some principals by minute.
struct ByMinute {
    span: Interval,
    class: Option<Class>,
    length: usize,
    /// `None` until a call is met.
    by_name: BTreeMap<String, Option<Minutes>>,
}

impl ByMinute {
    fn new(request: &ProfileRequest, principals: &[Share]) -> Self {
        let span = Interval::new(
            request.span.from - Duration::minutes(LEAD_UP_MINUTES),
            request.span.to,
        );
        Self {
            span,
            class: request.class,
            length: usize::try_from(span.minutes()).unwrap_or(0),
            by_name: principals
                .iter()
                .take(PRINCIPALS_BY_MINUTE)
                .map(|share| (share.name.clone(), None))
                .collect(),
        }
    }

    fn add(&mut self, chunk: &DataFrame) -> anyhow::Result<()> {
        let start = Minute::of(self.span.from).0;
        let column = numbers(chunk, "event_time")?;
        for cell in frames::cells(chunk, ["principal", "error_code"])? {
            let [principal, code] = cell.key;
            let Some(series) = self.by_name.get_mut(principal) else {
                continue;
            };
            let fails = self.class == Some(ecr::knowledge().classify(code));
            for time in cell.of(&column).filter(|time| before(*time, self.span)) {
                let (calls, failures) =
                    series.get_or_insert_with(|| (vec![0; self.length], vec![0; self.length]));
                let Ok(index) = usize::try_from(Minute::of_second(time).0 - start) else {
                    continue;
                };
                for (series, count) in [(calls, 1), (failures, u32::from(fails))] {
                    if let Some(slot) = series.get_mut(index) {
                        *slot = slot.saturating_add(count);
                    }
                }
            }
        }
        Ok(())
    }

    /// In the order of the shares: most failures first.
    fn list(mut self, principals: &[Share]) -> Vec<PrincipalSeries> {
        principals
            .iter()
            .take(PRINCIPALS_BY_MINUTE)
            .filter_map(|share| {
                let (calls, failures) = self.by_name.remove(&share.name)??;
                Some(PrincipalSeries {
                    principal: share.name.clone(),
                    start: Minute::of(self.span.from),
                    calls,
                    failures,
                })
            })
            .collect()
    }
}

/// Arrivals and throttles of each API by second.
struct BySecond {
    span: Interval,
    by_api: BTreeMap<String, BTreeMap<i64, (u32, u32)>>,
}

impl BySecond {
    fn new(request: &ProfileRequest) -> Self {
        Self {
            span: Interval::new(
                request.span.from - Duration::minutes(SECONDS_LEAD_UP_MINUTES),
                request.span.to,
            ),
            by_api: BTreeMap::new(),
        }
    }

    fn add(&mut self, chunk: &DataFrame) -> anyhow::Result<()> {
        let column = numbers(chunk, "event_time")?;
        for cell in frames::cells(chunk, ["api", "error_code"])? {
            let [api, code] = cell.key;
            let throttled = u32::from(ecr::knowledge().classify(code) == Class::Throttle);
            let from = self.span.from.timestamp();
            for time in cell
                .of(&column)
                .filter(|time| *time >= from && before(*time, self.span))
            {
                let seconds = match self.by_api.get_mut(api) {
                    Some(seconds) => seconds,
                    None => self.by_api.entry(api.to_owned()).or_default(),
                };
                let (arrivals, throttles) = seconds.entry(time).or_default();
                *arrivals = arrivals.saturating_add(1);
                *throttles = throttles.saturating_add(throttled);
            }
        }
        Ok(())
    }

    fn list(self) -> Vec<SecondSeries> {
        self.by_api
            .into_iter()
            .map(|(api, seconds)| SecondSeries {
                api,
                seconds: seconds
                    .into_iter()
                    .map(|(second, (arrivals, throttled))| (second, arrivals, throttled))
                    .collect(),
            })
            .collect()
    }
}

/// Whether a second lies before the end of the span.
fn before(second: i64, span: Interval) -> bool {
    second < frames::ceil_second(span)
}
