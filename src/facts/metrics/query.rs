//! The queries behind the series: names and dimensions that CloudWatch does not print with the
//! data.
//!
//! A query is joined by its ID, nearest first: from the same answer, then the same input, then any
//! input when only one query has that ID. It must never join by chance: IDs like `m1` are reused.

use super::text;
use crate::bundle::raw::{RawAnswer, Shape};
use crate::facts::regions;
use serde_json::Value;
use std::collections::BTreeMap;

/// One MetricDataQuery, as far as it tells what a series is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Query {
    /// `m1`.
    pub(super) id: String,
    /// Label asked for, if any; CloudWatch prints it back unless it is a template.
    label: String,
    /// `AWS/Usage`; empty for expressions.
    pub(super) namespace: String,
    /// `CallCount`; empty for expressions.
    pub(super) metric: String,
    /// Dimensions by name.
    pub(super) dimensions: BTreeMap<String, String>,
    /// Stated period in seconds.
    period_s: Option<i64>,
    /// `Sum`, `Average`, `p99`, …; empty when not stated.
    pub(super) stat: String,
    /// Metric math, SEARCH or SQL; empty for plain metrics.
    pub(super) expression: String,
    account: Option<String>,
}

impl Query {
    fn of(value: &Value) -> Option<Self> {
        let id = text(value, "Id");
        if id.is_empty() {
            return None;
        }
        let stat = value.get("MetricStat").unwrap_or(&Value::Null);
        let metric = stat.get("Metric").unwrap_or(&Value::Null);
        let dimensions = metric
            .get("Dimensions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|one| (text(one, "Name").to_owned(), text(one, "Value").to_owned()))
            .collect();
        Some(Self {
            id: id.to_owned(),
            label: text(value, "Label").to_owned(),
            namespace: text(metric, "Namespace").to_owned(),
            metric: text(metric, "MetricName").to_owned(),
            dimensions,
            period_s: [stat.get("Period"), value.get("Period")]
                .into_iter()
                .flatten()
                .find_map(Value::as_i64)
                .filter(|seconds| *seconds > 0),
            stat: text(stat, "Stat").to_owned(),
            expression: text(value, "Expression").trim().to_owned(),
            account: Some(text(value, "AccountId").to_owned()).filter(|id| !id.is_empty()),
        })
    }

    /// Account the query was sent for.
    pub(super) fn account(&self) -> Option<String> {
        self.account.clone()
    }

    /// Region named by a dimension (`com.amazonaws.us-east-1.ecr.api`, an ARN, a custom `Region`).
    pub(super) fn region(&self) -> Option<String> {
        self.dimensions
            .values()
            .find_map(|value| regions::only_one_in(value))
            .map(str::to_owned)
    }

    /// A dimension by name.
    pub(super) fn dimension(&self, name: &str) -> &str {
        self.dimensions.get(name).map_or("", String::as_str)
    }

    /// Whether the label printed with a series can be this query's.
    fn prints(&self, label: &str) -> bool {
        self.label.is_empty() || self.label.contains("${") || self.label == label
    }
}

/// All queries given.
pub(super) struct Queries {
    by_answer: BTreeMap<(usize, String), Query>,
    by_input: BTreeMap<(String, String), Vec<Query>>,
    by_id: BTreeMap<String, Vec<Query>>,
}

impl Queries {
    /// Collects them from answers that carry their queries and from query files.
    pub(super) fn of(answers: &[(RawAnswer, String)]) -> Self {
        let mut all = Self {
            by_answer: BTreeMap::new(),
            by_input: BTreeMap::new(),
            by_id: BTreeMap::new(),
        };
        for (index, (answer, _)) in answers.iter().enumerate() {
            let own = answer.answer.get("MetricDataQueries").is_some();
            if !own && answer.shape != Shape::MetricDataQueries {
                continue;
            }
            for query in answer.items("MetricDataQueries") {
                let Some(query) = Query::of(query) else {
                    continue;
                };
                let id = query.id.clone();
                let input = answer.input.clone();
                all.by_answer.insert((index, id.clone()), query.clone());
                put(all.by_input.entry((input, id.clone())).or_default(), &query);
                put(all.by_id.entry(id).or_default(), &query);
            }
        }
        all
    }

    /// The query of one series.
    pub(super) fn find(&self, answer: usize, input: &str, result: &Value) -> Option<&Query> {
        let id = text(result, "Id").to_owned();
        if let Some(own) = self.by_answer.get(&(answer, id.clone())) {
            return Some(own);
        }
        let label = text(result, "Label");
        let known = self
            .by_input
            .get(&(input.to_owned(), id.clone()))
            .or_else(|| self.by_id.get(&id))?;
        let mut fitting = known.iter().filter(|query| query.prints(label));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// The query an expression refers to by its ID, when only one has it.
    pub(super) fn named(&self, id: &str) -> Option<&Query> {
        match self.by_id.get(id)?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Stated period in seconds, of the query or of the one its expression is about.
    pub(super) fn period(&self, query: &Query) -> Option<i64> {
        query.period_s.or_else(|| {
            let inner = unfilled(&query.expression);
            if let Some(named) = self.named(inner) {
                return named.period_s;
            }
            // SEARCH('…', 'Sum', 60)
            let search = inner.strip_prefix("SEARCH(")?.strip_suffix(')')?;
            let (_, last) = search.rsplit_once(',')?;
            last.trim().parse().ok().filter(|seconds| *seconds > 0)
        })
    }
}

fn put(list: &mut Vec<Query>, query: &Query) {
    if !list.contains(query) {
        list.push(query.clone());
    }
}

/// The expression inside `FILL(…, value)`, which changes gaps but not what is measured.
pub(super) fn unfilled(expression: &str) -> &str {
    let mut inner = expression.trim();
    while let Some((first, _)) = inner
        .strip_prefix("FILL(")
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|rest| rest.rsplit_once(','))
    {
        inner = first.trim();
    }
    inner
}
