//! The request sampler: twenty good request IDs beat twenty thousand.
//!
//! Stratified, deterministic: first, peak, last, two of each API and code, one of each endpoint,
//! an even spread over time up to [`AT_LEAST`], and one successful twin for contrast.

use super::rows::Row;
use crate::case::{Interval, Minute, instant};
use crate::ecr::Class;
use crate::facts::types::{ProfileRequest, RequestSample};
use std::collections::{BTreeMap, BTreeSet};

/// Rows a support engineer can look up by hand.
const AT_MOST: usize = 30;
/// Fewer than this only when the incident has fewer.
const AT_LEAST: usize = 12;

/// Picks the sample from the incident's rows (by time).
pub(super) fn sample(rows: &[Row], request: &ProfileRequest, class: Class) -> Vec<RequestSample> {
    let inside = |row: &&Row| within(request.span, row.time);
    let failing: Vec<&Row> = rows
        .iter()
        .filter(inside)
        .filter(|row| row.class == class)
        .collect();
    let mut picked = Picked::new();
    choose(failing.first(), "first", &mut picked);
    choose(failing.last(), "last", &mut picked);
    for row in failing
        .iter()
        .filter(|row| Minute::of_second(row.time) == request.peak)
        .take(3)
    {
        choose(Some(row), "peak", &mut picked);
    }
    let mut per_code: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in &failing {
        let seen = per_code
            .entry((row.api.as_str(), row.error_code.as_str()))
            .or_default();
        if *seen < 2 {
            *seen += 1;
            choose(Some(row), &format!("api:{}", row.api), &mut picked);
        }
    }
    let mut endpoints: BTreeSet<&str> = BTreeSet::new();
    for row in &failing {
        if !row.vpc_endpoint.is_empty() && endpoints.insert(&row.vpc_endpoint) {
            choose(
                Some(row),
                &format!("endpoint:{}", row.vpc_endpoint),
                &mut picked,
            );
        }
    }
    let wanted = AT_LEAST.min(failing.len());
    for step in 0..AT_LEAST {
        if picked.len() >= wanted {
            break;
        }
        choose(
            failing.get(step * failing.len() / AT_LEAST),
            "spread",
            &mut picked,
        );
    }
    if let Some(twin) = twin(rows, request, &failing) {
        picked.insert((twin.time, &twin.event_id), (twin, "twin".to_owned()));
    }
    picked
        .into_values()
        .map(|(row, why)| told(row, why))
        .collect()
}

/// By time and event ID: the row and why it was chosen (the first reason stands).
type Picked<'a> = BTreeMap<(i64, &'a str), (&'a Row, String)>;

fn choose<'a>(row: Option<&&'a Row>, why: &str, picked: &mut Picked<'a>) {
    let Some(row) = row else { return };
    // One place is kept for the twin.
    if picked.len() + 1 < AT_MOST {
        picked
            .entry((row.time, row.event_id.as_str()))
            .or_insert_with(|| (row, why.to_owned()));
    }
}

/// A successful call as like the peak failure as there is: same API, then same repository, then
/// nearest in time.
fn twin<'a>(rows: &'a [Row], request: &ProfileRequest, failing: &[&Row]) -> Option<&'a Row> {
    let model = failing
        .iter()
        .find(|row| Minute::of_second(row.time) == request.peak)
        .or_else(|| failing.first())?;
    rows.iter()
        .filter(|row| row.class == Class::Success && row.api == model.api)
        .filter(|row| within(request.span, row.time))
        .min_by_key(|row| {
            (
                row.repository != model.repository,
                row.principal != model.principal,
                (row.time - model.time).abs(),
                row.event_id.clone(),
            )
        })
}

fn within(span: Interval, second: i64) -> bool {
    span.contains(instant(second))
}

fn told(row: &Row, why_chosen: String) -> RequestSample {
    RequestSample {
        request_id: row.request_id.clone(),
        event_id: row.event_id.clone(),
        time: instant(row.time),
        api: row.api.clone(),
        class: row.class,
        error_code: row.error_code.clone(),
        error_message: row.error_message.clone(),
        principal: row.principal.clone(),
        session: row.session.clone(),
        repository: row.repository.clone(),
        vpc_endpoint: row.vpc_endpoint.clone(),
        source: row.source.clone(),
        user_agent: row.user_agent.clone(),
        why_chosen,
    }
}
