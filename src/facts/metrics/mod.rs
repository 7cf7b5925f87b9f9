//! CloudWatch answers to series: pages joined, points sorted, each told what it measures.
//!
//! GetMetricData prints only an ID and a label, so the queries are joined in when they were given.
//! It must never merge two series that are not the same one, and never turn an absent point into
//! a zero: both would invent calls that nobody counted.

mod meaning;
mod query;

use super::regions;
use super::types::{Meaning, MetricSeries};
use crate::bundle::raw::{RawAnswer, Shape};
use crate::bundle::stamp;
use crate::case::{Instant, Interval};
use query::{Queries, Query};
use serde_json::Value;
use std::collections::BTreeMap;

/// The series of all answers, sorted by name, with their points inside `whole`. A series without
/// points is kept: it was asked for and has nothing, which is worth knowing.
///
/// Each answer comes with the ID of its line in the evidence ledger.
#[must_use]
pub fn series(answers: &[(RawAnswer, String)], whole: Interval) -> Vec<MetricSeries> {
    let queries = Queries::of(answers);
    let mut groups: BTreeMap<Key, Vec<Draft>> = BTreeMap::new();
    for (index, (answer, evidence)) in answers.iter().enumerate() {
        if answer.shape != Shape::GetMetricData {
            continue;
        }
        for result in answer.items("MetricDataResults") {
            let page = Draft::of(result, answer, evidence);
            let key = Key::of(result, answer, queries.find(index, &answer.input, result));
            add(groups.entry(key).or_default(), page);
        }
    }
    let mut all = Vec::new();
    for (key, drafts) in groups {
        let alone = drafts.len() == 1;
        for draft in drafts {
            all.push(finish(&key, draft, alone, &queries, whole));
        }
    }
    all.sort_by(|a, b| {
        (&a.name, &a.account, &a.region, &a.meaning, &a.evidence).cmp(&(
            &b.name,
            &b.account,
            &b.region,
            &b.meaning,
            &b.evidence,
        ))
    });
    all
}

/// What makes two pages the same series.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    id: String,
    label: String,
    account: Option<String>,
    region: Option<String>,
    query: Option<Query>,
}

impl Key {
    fn of(result: &Value, answer: &RawAnswer, query: Option<&Query>) -> Self {
        let label = text(result, "Label").to_owned();
        let told = |key: &str| {
            answer
                .answer
                .get(key)
                .and_then(Value::as_str)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        Self {
            id: text(result, "Id").to_owned(),
            account: told("AccountId")
                .or_else(|| query.and_then(Query::account))
                .or_else(|| account_in(&label)),
            region: told("Region")
                .or_else(|| query.and_then(Query::region))
                .or_else(|| regions::only_one_in(&label).map(str::to_owned)),
            query: query.cloned(),
            label,
        }
    }

    fn name(&self) -> &str {
        [&self.label, &self.id]
            .into_iter()
            .find(|name| !name.is_empty())
            .map_or("unnamed series", String::as_str)
    }
}

/// The one twelve-digit number of a label, as `${PROP('AccountId')}` prints it.
fn account_in(label: &str) -> Option<String> {
    let mut ids = label
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit()));
    let first = ids.next()?;
    ids.all(|other| other == first).then(|| first.to_owned())
}

/// One series being joined from its pages.
struct Draft {
    points: BTreeMap<Instant, f64>,
    states: Vec<State>,
    evidence: String,
    input: String,
}

/// What CloudWatch said of one page, worst last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Complete,
    /// `PartialData` on a page with a token: the rest is on the next page.
    GoesOn,
    PartialData,
    Other(String),
    InternalError,
    Forbidden,
}

impl State {
    fn of(word: &str, goes_on: bool) -> Self {
        match word {
            "" | "Complete" => Self::Complete,
            "PartialData" if goes_on => Self::GoesOn,
            "PartialData" => Self::PartialData,
            "InternalError" => Self::InternalError,
            "Forbidden" => Self::Forbidden,
            other => Self::Other(other.chars().take(60).collect()),
        }
    }

    /// CloudWatch's word for the worst page; a series all of whose pages go on has lost its end.
    fn worst(states: &[Self]) -> String {
        match states.iter().max() {
            Some(Self::GoesOn) if !states.contains(&Self::Complete) => "PartialData".to_owned(),
            None | Some(Self::Complete | Self::GoesOn) => "Complete".to_owned(),
            Some(Self::PartialData) => "PartialData".to_owned(),
            Some(Self::InternalError) => "InternalError".to_owned(),
            Some(Self::Forbidden) => "Forbidden".to_owned(),
            Some(Self::Other(word)) => word.clone(),
        }
    }
}

impl Draft {
    fn of(result: &Value, answer: &RawAnswer, evidence: &str) -> Self {
        let times = result.get("Timestamps").and_then(Value::as_array);
        let values = result.get("Values").and_then(Value::as_array);
        let goes_on = !text(&answer.answer, "NextToken").is_empty();
        Self {
            points: times
                .into_iter()
                .flatten()
                .zip(values.into_iter().flatten())
                .filter_map(|(time, value)| {
                    let value = value.as_f64().filter(|value| value.is_finite())?;
                    Some((stamp::read(time)?, value))
                })
                .collect(),
            states: vec![State::of(text(result, "StatusCode"), goes_on)],
            evidence: evidence.to_owned(),
            input: answer.input.clone(),
        }
    }

    /// Whether a page tells another story than this series. Late data changes the newest points of
    /// a series fetched twice; when more than a fifth differ, it is another account or region.
    fn contradicts(&self, page: &Self) -> bool {
        let shared: Vec<bool> = page
            .points
            .iter()
            .filter_map(|(at, value)| Some(self.points.get(at)?.to_bits() != value.to_bits()))
            .collect();
        let differing = shared.iter().filter(|differs| **differs).count();
        differing >= 2 && differing * 5 > shared.len()
    }

    fn absorb(&mut self, page: Self) {
        for (at, value) in page.points {
            // Late data only ever adds to a count, so the larger value is the newer one whatever
            // the order of the files.
            let known = self.points.entry(at).or_insert(value);
            *known = known.max(value);
        }
        self.states.extend(page.states);
    }
}

fn add(drafts: &mut Vec<Draft>, page: Draft) {
    match drafts.iter_mut().find(|draft| !draft.contradicts(&page)) {
        Some(draft) => draft.absorb(page),
        None => drafts.push(page),
    }
}

fn finish(
    key: &Key,
    draft: Draft,
    alone: bool,
    queries: &Queries,
    whole: Interval,
) -> MetricSeries {
    let points: Vec<(Instant, f64)> = draft
        .points
        .into_iter()
        .filter(|(at, _)| whole.contains(*at))
        .collect();
    let mut meaning = meaning::of(key.query.as_ref(), &key.id, &key.label, &points, queries);
    let mut name = key.name().to_owned();
    if !alone {
        // Two inputs give different values under one name: nobody can tell whose calls these are,
        // so they must not become the denominator of anything.
        if matches!(meaning, Meaning::CallCount { .. }) {
            meaning = Meaning::Count;
        }
        name = format!("{name} ({})", draft.input);
    }
    MetricSeries {
        name,
        meaning,
        region: key.region.clone(),
        account: key.account.clone(),
        period_s: key
            .query
            .as_ref()
            .and_then(|query| queries.period(query))
            .or_else(|| spacing(&points))
            .unwrap_or(60),
        points,
        status: State::worst(&draft.states),
        evidence: draft.evidence,
    }
}

/// The smallest spacing of the points in seconds.
fn spacing(points: &[(Instant, f64)]) -> Option<i64> {
    points
        .iter()
        .zip(points.iter().skip(1))
        .map(|((earlier, _), (later, _))| (*later - *earlier).num_seconds())
        .filter(|seconds| *seconds > 0)
        .min()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
