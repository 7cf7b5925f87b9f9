//! Control groups: the same APIs elsewhere, other APIs here, other services here.

use crate::bundle::Bundle;
use crate::case::{Case, Interval, Minute};
use crate::facts::frames::{any_of, collect, controls, failures_of, inside, numbers, texts};
use crate::facts::types::{ControlGroup, ProfileRequest};
use polars::prelude::*;
use std::collections::BTreeMap;

/// Calls and failures during the incident and over the baseline.
type Counts = [u64; 4];

/// The same APIs in other regions of the account and in other accounts of the region.
pub(super) fn places(
    calls: &LazyFrame,
    case: &Case,
    request: &ProfileRequest,
) -> anyhow::Result<Vec<ControlGroup>> {
    let same = calls.clone().filter(any_of("api", &request.apis));
    let mut groups: BTreeMap<(String, String), Counts> = BTreeMap::new();
    for (slot, span) in [(0, request.span), (2, case.baseline)] {
        let counted = collect(
            same.clone()
                .filter(inside(span))
                .group_by([col("recipient_account"), col("region")])
                .agg([
                    len().alias("calls"),
                    failures_of(request.class).alias("failures"),
                ]),
        )?;
        let accounts = texts(&counted, "recipient_account")?;
        let regions = texts(&counted, "region")?;
        let counts = numbers(&counted, "calls")?
            .into_iter()
            .zip(numbers(&counted, "failures")?);
        for ((account, region), (calls, failures)) in accounts.into_iter().zip(regions).zip(counts)
        {
            let here = &request.place;
            let key = if account == here.account && region != here.region {
                ("region".to_owned(), region)
            } else if account != here.account && region == here.region {
                ("account".to_owned(), account)
            } else {
                continue;
            };
            let entry = groups.entry(key).or_default();
            entry[slot] += calls.unsigned_abs();
            entry[slot + 1] += failures.unsigned_abs();
        }
    }
    Ok(told(groups))
}

/// Other APIs of the same service in the same place.
pub(super) fn apis(
    here: &LazyFrame,
    case: &Case,
    request: &ProfileRequest,
) -> anyhow::Result<Vec<ControlGroup>> {
    let mut groups: BTreeMap<(String, String), Counts> = BTreeMap::new();
    for (slot, span) in [(0, request.span), (2, case.baseline)] {
        let counted = collect(
            here.clone()
                .filter(inside(span))
                .group_by([col("api")])
                .agg([
                    len().alias("calls"),
                    failures_of(request.class).alias("failures"),
                ]),
        )?;
        let counts = numbers(&counted, "calls")?
            .into_iter()
            .zip(numbers(&counted, "failures")?);
        for (api, (calls, failures)) in texts(&counted, "api")?.into_iter().zip(counts) {
            if request.apis.contains(&api) {
                continue;
            }
            let entry = groups.entry(("api".to_owned(), api)).or_default();
            entry[slot] += calls.unsigned_abs();
            entry[slot + 1] += failures.unsigned_abs();
        }
    }
    Ok(told(groups))
}

/// Other services of the same trail in the same place; their failures are server errors and
/// throttles.
pub(super) fn services(
    bundle: &Bundle,
    case: &Case,
    request: &ProfileRequest,
) -> anyhow::Result<Vec<ControlGroup>> {
    let Some(frame) = controls(bundle)? else {
        return Ok(Vec::new());
    };
    let here = frame.filter(
        col("account")
            .eq(lit(request.place.account.as_str()))
            .and(col("region").eq(lit(request.place.region.as_str()))),
    );
    let mut groups: BTreeMap<(String, String), Counts> = BTreeMap::new();
    for (slot, span) in [(0, request.span), (2, case.baseline)] {
        let counted = collect(
            here.clone()
                .filter(minutes_inside(span))
                .group_by([col("event_source")])
                .agg([
                    col("calls").sum().alias("calls"),
                    col("faults").sum().alias("failures"),
                ]),
        )?;
        let counts = numbers(&counted, "calls")?
            .into_iter()
            .zip(numbers(&counted, "failures")?);
        for (service, (calls, failures)) in texts(&counted, "event_source")?.into_iter().zip(counts)
        {
            let entry = groups.entry(("service".to_owned(), service)).or_default();
            entry[slot] += calls.unsigned_abs();
            entry[slot + 1] += failures.unsigned_abs();
        }
    }
    Ok(told(groups))
}

fn minutes_inside(span: Interval) -> Expr {
    let end = Minute::of(span.from).0 + span.minutes();
    col("minute")
        .gt_eq(lit(Minute::of(span.from).0))
        .and(col("minute").lt(lit(end)))
}

/// Groups without a call in incident and baseline never occur; sorted by kind and name.
fn told(groups: BTreeMap<(String, String), Counts>) -> Vec<ControlGroup> {
    groups
        .into_iter()
        .map(
            |((kind, name), [calls, failures, baseline_calls, baseline_failures])| ControlGroup {
                kind,
                name,
                calls,
                failures,
                baseline_calls,
                baseline_failures,
            },
        )
        .collect()
}
