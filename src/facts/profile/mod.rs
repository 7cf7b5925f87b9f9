//! The calls of one incident, broken down: who, what, where, when, and which requests to name.
//!
//! Everything is counted over the incident's APIs in its place; "failures" are calls of the
//! incident's class. Sorted by failures, then calls, descending, then name.

mod codes;
mod controls;
mod operations;
mod requests;
mod rows;
mod shares;

use super::frames;
use super::types::{Place, PrincipalSeries, Profile, ProfileRequest, SecondSeries};
use crate::bundle::Bundle;
use crate::case::{Case, Interval, Minute};
use crate::ecr::Class;
use chrono::Duration;
use polars::prelude::*;
use std::collections::BTreeMap;

/// Principals whose minutes are kept one by one.
const PRINCIPALS_BY_MINUTE: usize = 20;
/// Callers named of each API.
const CONSUMERS: usize = 5;
/// Minutes before onset in which the lead-up is shown.
const LEAD_UP_MINUTES: i64 = 60;
/// Minutes before onset from which seconds are counted, so that a bucket can be seen draining.
const SECONDS_LEAD_UP_MINUTES: i64 = 5;
/// Seconds after the end in which a retry still counts as the same operation.
const RETRY_WINDOW_S: i64 = 120;

/// Answers one request from the bundle's calls.
///
/// # Errors
/// When the bundle cannot be read; an incident without calls gives an empty profile.
pub fn profile(bundle: &Bundle, case: &Case, request: &ProfileRequest) -> anyhow::Result<Profile> {
    let Some(calls) = frames::calls(bundle, case)? else {
        return Ok(Profile {
            controls: controls::services(bundle, case, request)?,
            ..Profile::default()
        });
    };
    let here = calls.clone().filter(in_place(&request.place));
    let affected = here.clone().filter(frames::any_of("api", &request.apis));
    let baseline = case.baseline;
    let inside = affected.clone().filter(frames::inside(request.span));
    let before = affected.clone().filter(frames::inside(baseline));

    let share = |column: &str, keep: usize| {
        shares::by(column, &inside, &before, request.class).map(|mut list| {
            list.truncate(keep);
            list
        })
    };
    let principals = share("principal", usize::MAX)?;
    let rows = rows::read(affected.clone().filter(frames::inside(Interval::new(
        request.span.from,
        request.span.to + Duration::seconds(RETRY_WINDOW_S),
    ))))?;
    let mut groups = controls::places(&calls, case, request)?;
    groups.extend(controls::apis(&here, case, request)?);
    groups.extend(controls::services(bundle, case, request)?);
    Ok(Profile {
        codes: codes::breakdown(&inside, &before)?,
        repositories: share("repository", usize::MAX)?,
        vpc_endpoints: share("vpc_endpoint", usize::MAX)?,
        sessions: share("session", 50)?,
        user_agents: share("user_agent", 20)?,
        principal_series: principal_series(&affected, request, &principals)?,
        principals,
        seconds: seconds(&affected, request.span)?,
        consumers: consumers(&inside)?,
        requests: request
            .class
            .map(|class| requests::sample(&rows, request, class))
            .unwrap_or_default(),
        operations: request
            .class
            .map(|class| operations::count(&rows, request.span, class, RETRY_WINDOW_S))
            .unwrap_or_default(),
        controls: groups,
        minutes_impaired: minutes_impaired(&inside, request.class)?,
    })
}

fn in_place(place: &Place) -> Expr {
    let unknown = |text: &str| {
        if text == "?" {
            String::new()
        } else {
            text.to_owned()
        }
    };
    col("recipient_account")
        .eq(lit(unknown(&place.account)))
        .and(col("region").eq(lit(unknown(&place.region))))
}

fn minutes_impaired(inside: &LazyFrame, class: Option<Class>) -> anyhow::Result<u64> {
    let Some(class) = class else { return Ok(0) };
    let minutes = frames::collect(
        inside
            .clone()
            .filter(frames::is_class(class))
            .group_by([col("minute")])
            .agg([len().alias("n")]),
    )?;
    Ok(minutes.height() as u64)
}

fn principal_series(
    affected: &LazyFrame,
    request: &ProfileRequest,
    principals: &[super::types::Share],
) -> anyhow::Result<Vec<PrincipalSeries>> {
    let span = Interval::new(
        request.span.from - Duration::minutes(LEAD_UP_MINUTES),
        request.span.to,
    );
    let start = Minute::of(span.from);
    let length = usize::try_from(span.minutes()).unwrap_or(0);
    let names: Vec<String> = principals
        .iter()
        .take(PRINCIPALS_BY_MINUTE)
        .map(|share| share.name.clone())
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let counted = frames::collect(
        affected
            .clone()
            .filter(frames::inside(span))
            .filter(frames::any_of("principal", &names))
            .group_by([col("principal"), col("minute")])
            .agg([
                len().alias("calls"),
                frames::failures_of(request.class).alias("failures"),
            ]),
    )?;
    let mut by_name: BTreeMap<String, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
    let who = frames::texts(&counted, "principal")?;
    let when = frames::numbers(&counted, "minute")?;
    let calls = frames::numbers(&counted, "calls")?;
    let failures = frames::numbers(&counted, "failures")?;
    for (((name, minute), calls), failures) in who.into_iter().zip(when).zip(calls).zip(failures) {
        let entry = by_name
            .entry(name)
            .or_insert_with(|| (vec![0; length], vec![0; length]));
        let Ok(index) = usize::try_from(minute - start.0) else {
            continue;
        };
        for (series, count) in [(&mut entry.0, calls), (&mut entry.1, failures)] {
            if let Some(slot) = series.get_mut(index) {
                *slot = u32::try_from(count).unwrap_or(u32::MAX);
            }
        }
    }
    // In the order of the shares: most failures first.
    Ok(names
        .into_iter()
        .filter_map(|principal| {
            let (calls, failures) = by_name.remove(&principal)?;
            Some(PrincipalSeries {
                principal,
                start,
                calls,
                failures,
            })
        })
        .collect())
}

/// Who called each API most: a quota is counted per API, so its consumers are too.
fn consumers(inside: &LazyFrame) -> anyhow::Result<BTreeMap<String, Vec<(String, u64)>>> {
    let counted = frames::collect(
        inside
            .clone()
            .group_by([col("api"), col("principal")])
            .agg([len().alias("calls")]),
    )?;
    let mut by_api: BTreeMap<String, Vec<(String, u64)>> = BTreeMap::new();
    let apis = frames::texts(&counted, "api")?;
    let who = frames::texts(&counted, "principal")?;
    let calls = frames::numbers(&counted, "calls")?;
    for ((api, who), calls) in apis.into_iter().zip(who).zip(calls) {
        by_api
            .entry(api)
            .or_default()
            .push((who, calls.unsigned_abs()));
    }
    for list in by_api.values_mut() {
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list.truncate(CONSUMERS);
    }
    Ok(by_api)
}

fn seconds(affected: &LazyFrame, span: Interval) -> anyhow::Result<Vec<SecondSeries>> {
    let span = Interval::new(
        span.from - Duration::minutes(SECONDS_LEAD_UP_MINUTES),
        span.to,
    );
    let counted = frames::collect(
        affected
            .clone()
            .filter(frames::inside(span))
            .group_by([col("api"), col("event_time")])
            .agg([
                len().alias("arrivals"),
                frames::failures_of(Some(Class::Throttle)).alias("throttled"),
            ])
            .sort(["api", "event_time"], SortMultipleOptions::default()),
    )?;
    let mut by_api: BTreeMap<String, Vec<(i64, u32, u32)>> = BTreeMap::new();
    let apis = frames::texts(&counted, "api")?;
    let times = frames::numbers(&counted, "event_time")?;
    let arrivals = frames::numbers(&counted, "arrivals")?;
    let throttled = frames::numbers(&counted, "throttled")?;
    for (((api, second), arrivals), throttled) in
        apis.into_iter().zip(times).zip(arrivals).zip(throttled)
    {
        by_api.entry(api).or_default().push((
            second,
            u32::try_from(arrivals).unwrap_or(u32::MAX),
            u32::try_from(throttled).unwrap_or(u32::MAX),
        ));
    }
    Ok(by_api
        .into_iter()
        .map(|(api, seconds)| SecondSeries { api, seconds })
        .collect())
}
