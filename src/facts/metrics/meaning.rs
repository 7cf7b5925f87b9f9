//! What a series measures: by its query when there is one, else by the words of its label.
//!
//! The words stand in `queries/metrics/known.toml`. Only a series that is nothing but a call count
//! may become the denominator of coverage: a label that names an API beside an unknown word is a
//! plain count, because `BatchGetImage 5xx` names the API too.

use super::query::{Queries, Query, unfilled};
use crate::case::Instant;
use crate::catalog;
use crate::ecr;
use crate::facts::regions;
use crate::facts::types::Meaning;
use serde::Deserialize;
use std::sync::OnceLock;

const PRIVATE_REGISTRY: &str = "ecr.amazonaws.com";

/// References of expressions to expressions followed at most so far; deeper ones are unknown.
const DEPTH: usize = 4;

#[derive(Deserialize)]
struct Known {
    counting_statistics: Vec<String>,
    call_count_words: Vec<String>,
    other_than_calls_words: Vec<String>,
    gauge_words: Vec<String>,
    count_words: Vec<String>,
    gauge_expressions: Vec<String>,
    metric: Vec<Metric>,
}

#[derive(Deserialize)]
struct Metric {
    namespace: String,
    name: String,
    meaning: Kind,
    alone: bool,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    CallCount,
    PullCount,
    PrivateLink,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| catalog::table("metrics/known"))
}

/// What a series measures. A count that does not count (negative or broken values) is a level.
pub(super) fn of(
    query: Option<&Query>,
    id: &str,
    label: &str,
    points: &[(Instant, f64)],
    queries: &Queries,
) -> Meaning {
    let counts = points
        .iter()
        .all(|(_, value)| *value >= 0.0 && value.fract() == 0.0);
    let told = match query {
        Some(query) => by_query(query, id, label, queries, DEPTH),
        None => by_label(id, label),
    };
    match told {
        Some(Meaning::CallCount { .. } | Meaning::PullCount { .. }) if !counts => Meaning::Gauge,
        Some(meaning) => meaning,
        None if counts => Meaning::Count,
        None => Meaning::Gauge,
    }
}

fn by_query(
    query: &Query,
    id: &str,
    label: &str,
    queries: &Queries,
    depth: usize,
) -> Option<Meaning> {
    if !query.expression.is_empty() {
        return by_expression(&query.expression, id, label, queries, depth);
    }
    let counting = query.stat.is_empty() || is_counting(&query.stat);
    let listed = known()
        .metric
        .iter()
        .find(|metric| metric.namespace == query.namespace && metric.name == query.metric);
    match listed.map(|metric| metric.meaning) {
        Some(Kind::PrivateLink) => {
            return Some(Meaning::PrivateLink {
                metric: query.metric.clone(),
                endpoint: query.dimension("VPC Endpoint Id").to_owned(),
            });
        }
        Some(Kind::PullCount) if counting => {
            return Some(Meaning::PullCount {
                repository: query.dimension("RepositoryName").to_owned(),
            });
        }
        // `ECR Public` has APIs of the same names; its calls are not the private registry's.
        Some(Kind::CallCount) if counting && query.dimension("Service") == "ECR" => {
            let api = ecr::knowledge().api(PRIVATE_REGISTRY, query.dimension("Resource"));
            if let Some(api) = api {
                return Some(Meaning::CallCount {
                    api: api.name.clone(),
                });
            }
        }
        _ => {}
    }
    let has_gauge_word = any_word(&words(&query.metric), &known().gauge_words);
    if query.stat.is_empty() {
        return by_words(id, label).or(has_gauge_word.then_some(Meaning::Gauge));
    }
    Some(if is_counting(&query.stat) && !has_gauge_word {
        Meaning::Count
    } else {
        Meaning::Gauge
    })
}

fn by_expression(
    expression: &str,
    id: &str,
    label: &str,
    queries: &Queries,
    depth: usize,
) -> Option<Meaning> {
    let inner = unfilled(expression);
    if let Some(named) = queries.named(inner) {
        let deeper = depth.checked_sub(1)?;
        return by_query(named, id, label, queries, deeper);
    }
    if let Some(search) = inner.strip_prefix("SEARCH(") {
        return by_search(search, id, label);
    }
    let bare = outside_quotes(inner).to_uppercase();
    if known()
        .gauge_expressions
        .iter()
        .any(|part| bare.contains(part.as_str()))
    {
        return Some(Meaning::Gauge);
    }
    by_words(id, label)
}

/// A SEARCH gives many series under one ID: the metric is in its text, the dimension in the label.
fn by_search(search: &str, id: &str, label: &str) -> Option<Meaning> {
    let stated = |word: &str| search.contains(&format!("'{word}'"));
    let counting = known().counting_statistics.iter().any(|stat| stated(stat));
    let level = known()
        .gauge_expressions
        .iter()
        .filter(|part| part.starts_with('\''))
        .any(|part| search.contains(part.as_str()));
    let metric = known().metric.iter().find(|metric| {
        search
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word == metric.name)
    });
    if level || !counting {
        return Some(Meaning::Gauge);
    }
    match metric {
        Some(metric) if metric.meaning == Kind::PullCount => Some(Meaning::PullCount {
            repository: label
                .split_whitespace()
                .find(|word| *word != metric.name)
                .unwrap_or_default()
                .to_owned(),
        }),
        Some(metric) if metric.meaning == Kind::CallCount => {
            let public = search.contains("ECR Public");
            calls(id, label)
                .filter(|_| !public)
                .or(Some(Meaning::Count))
        }
        Some(metric) => Some(Meaning::PrivateLink {
            metric: metric.name.clone(),
            endpoint: endpoint(label),
        }),
        None => Some(Meaning::Count),
    }
}

fn outside_quotes(expression: &str) -> String {
    expression
        .split('\'')
        .step_by(2)
        .collect::<Vec<_>>()
        .join("''")
}

fn is_counting(stat: &str) -> bool {
    known()
        .counting_statistics
        .iter()
        .any(|known| known == stat)
}

fn by_label(id: &str, label: &str) -> Option<Meaning> {
    let all = words(&format!("{label} {id}"));
    let endpoint = endpoint(&format!("{label} {id}"));
    let listed = known().metric.iter().find(|metric| {
        (metric.alone || !endpoint.is_empty()) && all.contains(&metric.name.to_ascii_lowercase())
    });
    match listed.map(|metric| (metric.meaning, metric)) {
        Some((Kind::PrivateLink, metric)) => {
            return Some(Meaning::PrivateLink {
                metric: metric.name.clone(),
                endpoint,
            });
        }
        Some((Kind::PullCount, metric)) => {
            return Some(Meaning::PullCount {
                repository: repository(label, &metric.name),
            });
        }
        _ => {}
    }
    calls(id, label).or_else(|| by_words(id, label))
}

/// A call count told by its label alone: exactly one API with CallCount, and no other word that
/// could mean something else.
fn calls(id: &str, label: &str) -> Option<Meaning> {
    let table = known();
    if any_word(&words(id), &table.other_than_calls_words)
        || any_word(&words(id), &table.gauge_words)
    {
        return None;
    }
    let api_of = |word: &str| {
        ecr::knowledge().apis().find(|api| {
            api.event_source == PRIVATE_REGISTRY
                && api.call_count
                && api.name.eq_ignore_ascii_case(word)
        })
    };
    let mut found = None;
    let named = if label.is_empty() { id } else { label };
    for word in named
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
    {
        if let Some(api) = api_of(word) {
            if found.is_some_and(|known: &ecr::Api| known.name != api.name) {
                return None;
            }
            found = Some(api);
            continue;
        }
        let lower = word.to_ascii_lowercase();
        let allowed = table.call_count_words.contains(&lower)
            || regions::is_code(word)
            || (word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit()));
        if !allowed {
            return None;
        }
    }
    found.map(|api| Meaning::CallCount {
        api: api.name.clone(),
    })
}

fn by_words(id: &str, label: &str) -> Option<Meaning> {
    let all = words(&format!("{label} {id}"));
    if any_word(&all, &known().gauge_words) || label.contains('%') {
        Some(Meaning::Gauge)
    } else if any_word(&all, &known().count_words) {
        Some(Meaning::Count)
    } else {
        None
    }
}

/// The repository of a label that is a pull count and one more word.
fn repository(label: &str, metric: &str) -> String {
    let mut others = label.split_whitespace().filter(|word| {
        !word.eq_ignore_ascii_case(metric)
            && !regions::is_code(word)
            && !word.eq_ignore_ascii_case("AWS/ECR")
    });
    match (others.next(), others.next()) {
        (Some(only), None) => only.to_owned(),
        _ => String::new(),
    }
}

/// The endpoint ID in a text, if any.
fn endpoint(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .find(|word| word.starts_with("vpce-") && !word.starts_with("vpce-svc-"))
        .unwrap_or_default()
        .to_owned()
}

fn any_word(words: &[String], table: &[String]) -> bool {
    words.iter().any(|word| table.contains(word))
}

/// The words of a name in lower case: as written, and split where the case changes
/// (`CPUUtilization` gives `cpuutilization`, `cpu`, `utilization`).
fn words(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for word in text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        all.push(word.to_ascii_lowercase());
        let letters: Vec<char> = word.chars().collect();
        let mut piece = String::new();
        for (index, letter) in letters.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|at| letters.get(at));
            let after = letters.get(index + 1);
            let starts = letter.is_ascii_uppercase()
                && (before.is_some_and(char::is_ascii_lowercase)
                    || (before.is_some() && after.is_some_and(char::is_ascii_lowercase)));
            if starts && !piece.is_empty() {
                all.push(std::mem::take(&mut piece));
            }
            piece.push(letter.to_ascii_lowercase());
        }
        all.push(piece);
    }
    all
}
