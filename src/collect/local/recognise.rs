//! What a text is, told by its content: which answers it holds, or why it is none of them.
//!
//! One text may hold one answer, a list of answers or several answers in a row (lines, or
//! `aws … >> file`). Anything not recognised is named with its position; nothing is guessed.

use crate::bundle::manifest::Noun;
use crate::bundle::raw::Shape;
use crate::catalog;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Longest piece of a refused file quoted back, in characters.
const QUOTED: usize = 120;

/// What a text held.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    /// The answers, in order.
    pub(super) answers: Vec<(Shape, Value)>,
    /// Why the text, or a part of it, was not read.
    pub(super) unread: Option<String>,
    /// What a reader should know about how it was read.
    pub(super) note: Option<String>,
}

#[derive(Deserialize)]
struct Mistakes {
    mistaken: Vec<Mistaken>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mistaken {
    key: String,
    what: String,
    instead: String,
}

fn mistakes() -> &'static [Mistaken] {
    static MISTAKES: OnceLock<Mistakes> = OnceLock::new();
    &MISTAKES
        .get_or_init(|| catalog::table("inputs/mistaken"))
        .mistaken
}

/// The answers in a text. `flag` decides only what an empty list means.
pub(super) fn answers(text: &str, flag: Noun) -> Found {
    let mut found = Found::default();
    if text.trim().is_empty() {
        found.unread = Some(format!("is empty; expected {}", super::expected(flag)));
        return found;
    }
    let (values, broken) = values(text);
    let mut reasons = Unknown::default();
    for value in values {
        sort_in(value, flag, &mut found, &mut reasons);
    }
    if let Some(broken) = broken {
        reasons.add(if reasons.total == 0 && found.answers.is_empty() {
            not_json(text, &broken)
        } else {
            format!("stops being JSON at {broken}")
        });
    }
    found.unread = reasons.text(flag, !found.answers.is_empty());
    found
}

/// The JSON values of a text in a row, and where it stops being JSON.
fn values(text: &str) -> (Vec<Value>, Option<String>) {
    let (values, broken) = stream(text);
    if broken.is_none() {
        return (values, None);
    }
    // The AWS CLI prints Python's JSON, which knows numbers that JSON does not.
    match quoted_non_numbers(text) {
        Some(repaired) => match stream(&repaired) {
            (repaired, None) => (repaired, None),
            _ => (values, broken),
        },
        None => (values, broken),
    }
}

fn stream(text: &str) -> (Vec<Value>, Option<String>) {
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value {
            Ok(value) => values.push(value),
            Err(error) => return (values, Some(error.to_string())),
        }
    }
    (values, None)
}

/// The text with bare `NaN`, `Infinity` and `-Infinity` outside strings put in quotes, if it has
/// any. They are counted as not finite later instead of costing the whole file.
fn quoted_non_numbers(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut changed = false;
    let (mut inside, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = ["-Infinity", "Infinity", "NaN"]
            .into_iter()
            .find(|word| !inside && rest.starts_with(word));
        let step = match word {
            Some(word) => {
                out.push('"');
                out.push_str(word);
                out.push('"');
                changed = true;
                word.len()
            }
            None => {
                (inside, escaped) = match (inside, escaped, first) {
                    (true, true, _) => (true, false),
                    (true, false, '\\') => (true, true),
                    (inside, _, '"') => (!inside, false),
                    (inside, ..) => (inside, false),
                };
                out.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(step..).unwrap_or_default();
    }
    changed.then_some(out)
}

/// Files one value: an answer, a list of bare entries that is one answer, or a list of answers.
fn sort_in(value: Value, flag: Noun, found: &mut Found, unknown: &mut Unknown) {
    let Value::Array(list) = value else {
        match shape(&value) {
            Ok(known) => found.answers.push((known.shape, value)),
            Err(why) => unknown.add(why),
        }
        return;
    };
    if list.is_empty() {
        // The quiet status feed is an empty list, and nothing else that is asked for looks so.
        if flag == Noun::Health {
            found.note = Some("an empty list, read as a quiet status feed".to_owned());
            found.answers.push((Shape::StatusFeed, Value::Array(list)));
        } else {
            unknown.add("is an empty list".to_owned());
        }
        return;
    }
    let shapes: Vec<Result<Known, String>> = list.iter().map(shape).collect();
    let bare: BTreeSet<Option<Shape>> = shapes
        .iter()
        .map(|known| match known {
            Ok(known) if known.bare => Some(known.shape),
            _ => None,
        })
        .collect();
    if let (1, Some(Some(shape))) = (bare.len(), bare.first()) {
        found.answers.push((*shape, Value::Array(list)));
        return;
    }
    for (entry, known) in list.into_iter().zip(shapes) {
        match known {
            Ok(known) => found.answers.push((known.shape, entry)),
            Err(why) => unknown.add(why),
        }
    }
}

/// A recognised value; `bare` when it is one entry of the answer instead of the whole.
struct Known {
    shape: Shape,
    bare: bool,
}

/// The shape of one value, or what it is instead.
fn shape(value: &Value) -> Result<Known, String> {
    let Value::Object(map) = value else {
        return Err(format!(
            "holds {} where an answer was expected",
            match value {
                Value::Array(_) => "a list in a list",
                Value::String(_) => "a text",
                Value::Number(_) => "a number",
                _ => "a bare value",
            }
        ));
    };
    let whole = |shape| Ok(Known { shape, bare: false });
    let entry = |shape| Ok(Known { shape, bare: true });
    let is_list = |key: &str| map.get(key).is_some_and(Value::is_array);
    let is_map = |key: &str| map.get(key).is_some_and(Value::is_object);
    let is_text = |key: &str| map.get(key).is_some_and(Value::is_string);

    if is_list("MetricDataResults") {
        whole(Shape::GetMetricData)
    } else if is_list("MetricDataQueries") {
        whole(Shape::MetricDataQueries)
    } else if is_list("Quotas") {
        whole(Shape::ListServiceQuotas)
    } else if is_map("Quota") {
        whole(Shape::GetServiceQuota)
    } else if is_list("successfulSet") || is_list("failedSet") {
        whole(Shape::DescribeEventDetails)
    } else if map.get("source").and_then(Value::as_str) == Some("aws.health") && is_map("detail") {
        whole(Shape::EventBridgeHealth)
    } else if is_list("events") && !is_log_output(map) {
        whole(Shape::DescribeEvents)
    } else if is_list("event_log") || is_feed_event(map) {
        entry(Shape::StatusFeed)
    } else if is_text("arn") && is_text("eventTypeCode") {
        entry(Shape::DescribeEvents)
    } else if is_map("event") && is_map("eventDescription") {
        entry(Shape::DescribeEventDetails)
    } else if is_text("QuotaCode") && map.contains_key("Value") {
        entry(Shape::ListServiceQuotas)
    } else if is_text("Id") && is_list("Timestamps") && is_list("Values") {
        entry(Shape::GetMetricData)
    } else if is_text("Id") && (is_map("MetricStat") || is_text("Expression")) {
        entry(Shape::MetricDataQueries)
    } else if is_feed_history(map) {
        whole(Shape::StatusFeed)
    } else {
        Err(mistaken(map))
    }
}

/// CloudWatch Logs answers have `events` too; theirs are log lines.
fn is_log_output(map: &Map<String, Value>) -> bool {
    let lines = map
        .get("events")
        .and_then(Value::as_array)
        .is_some_and(|events| events.iter().any(|event| event.get("arn").is_none()));
    lines || map.contains_key("searchedLogStreams") || map.contains_key("nextForwardToken")
}

/// One event of the dashboard's API-like list (`/public/events`).
fn is_feed_event(map: &Map<String, Value>) -> bool {
    map.contains_key("typeCode")
        && map
            .get("metadata")
            .is_some_and(|metadata| metadata.get("EVENT_LOG").is_some())
}

/// The dashboard's history: service keys, each with its events. Lists that are all empty could be
/// anything.
fn is_feed_history(map: &Map<String, Value>) -> bool {
    let is_event = |event: &Value| event.get("event_log").is_some();
    let lists: Vec<&Vec<Value>> = map.values().filter_map(Value::as_array).collect();
    lists.len() == map.len()
        && lists.iter().any(|list| !list.is_empty())
        && lists.iter().all(|list| list.iter().all(is_event))
}

/// What an unknown object most likely is.
fn mistaken(map: &Map<String, Value>) -> String {
    if let Some(known) = mistakes().iter().find(|known| map.contains_key(&known.key)) {
        return format!("looks like {}; {}", known.what, known.instead);
    }
    let error = ["__type", "Error", "Code"]
        .iter()
        .find_map(|key| match map.get(*key)? {
            Value::String(code) => Some(code.clone()),
            error => Some(error.get("Code")?.as_str()?.to_owned()),
        });
    if let Some(error) = error {
        return format!("is an AWS error answer ({})", quote(&error));
    }
    let keys: Vec<&str> = map.keys().take(5).map(String::as_str).collect();
    if keys.is_empty() {
        return "is an empty object".to_owned();
    }
    format!(
        "is an object with unknown keys ({})",
        quote(&keys.join(", "))
    )
}

/// Why a text is not JSON, in the words of what it probably is.
fn not_json(text: &str, broken: &str) -> String {
    let start = text.trim_start();
    if let Some((_, error)) = text.split_once("An error occurred (") {
        let code: String = error.chars().take_while(|c| *c != ')').take(80).collect();
        return format!(
            "holds an AWS CLI error instead of an answer ({})",
            quote(&code)
        );
    }
    let lower: String = start.chars().take(200).collect::<String>().to_lowercase();
    let kind = if lower.starts_with("<?xml") || lower.starts_with("<rss") {
        "XML; the status RSS feed is not read, save \
         https://health.aws.amazon.com/public/currentevents instead"
    } else if lower.starts_with('<') {
        "a web page"
    } else if start.starts_with("--") || start.starts_with("+-") || start.starts_with('|') {
        "a table; repeat the command with --output json"
    } else if start.starts_with('{') || start.starts_with('[') {
        return format!("is damaged JSON: {broken}");
    } else {
        "plain text; repeat the command with --output json"
    };
    format!("is not JSON but {kind}")
}

/// Text of a file, shortened to one line for a message.
fn quote(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(QUOTED)
        .collect();
    line.trim().to_owned()
}

/// Parts of a text that were not recognised.
#[derive(Default)]
struct Unknown {
    total: usize,
    first: Option<String>,
}

impl Unknown {
    fn add(&mut self, why: String) {
        self.total += 1;
        self.first.get_or_insert(why);
    }

    fn text(self, flag: Noun, partly: bool) -> Option<String> {
        let first = self.first?;
        // A reason that already says what to do needs no list of what would do.
        let instead = if first.contains("; ") {
            String::new()
        } else {
            format!("; expected {}", super::expected(flag))
        };
        Some(match (partly, self.total) {
            (false, 1) => format!("{first}{instead}"),
            (false, total) => {
                format!("none of its {total} values was recognised; the first {first}{instead}")
            }
            (true, 1) => format!("a part was not recognised: it {first}"),
            (true, total) => {
                format!("{total} parts were not recognised; the first of them {first}")
            }
        })
    }
}
