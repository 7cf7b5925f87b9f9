//! The summary as plain data: `nightly.json`, in the order of its parts.

use super::change::News;
use super::{Input, health, status_word, trend};
use crate::bundle::manifest::Outcome as Read;
use crate::case::{Instant, Minute, rfc3339_serde};
use crate::ecr::Class;
use crate::facts::types::Relation;
use crate::report::contract::Stamp;
use crate::state::types::{Night, Revision};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Version of `nightly.json`.
pub const SCHEMA_VERSION: &str = "1.0";

/// Calls CloudWatch must have counted before the share says anything.
const COUNTED_ENOUGH: f64 = 20.0;

/// `nightly.json`.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// [`SCHEMA_VERSION`].
    pub schema_version: &'static str,
    /// Name of the night.
    pub night: String,
    /// `attention`, `changed`, `quiet`, `inconclusive`.
    pub status: String,
    /// Why, when inconclusive; what was found otherwise.
    pub status_reason: String,
    /// The subject line.
    pub subject: String,
    /// Start of the span.
    #[serde(with = "rfc3339_serde")]
    pub from: Instant,
    /// End of the span (exclusive).
    #[serde(with = "rfc3339_serde")]
    pub to: Instant,
    /// From here on records were read again.
    #[serde(with = "rfc3339_serde")]
    pub reread_from: Instant,
    /// Later minutes may still change; the next night reads them again.
    #[serde(with = "rfc3339_serde")]
    pub settled_until: Instant,
    /// Regions with calls, sorted.
    pub regions: Vec<String>,
    /// Calls of the span.
    pub calls: u64,
    /// Failed ones, `not_found` left out.
    pub failures: u64,
    /// Trail calls per CloudWatch call, or null when CloudWatch did not count enough.
    pub coverage_ratio: Option<f64>,
    /// Sources and what became of them.
    pub sources: Vec<Source>,
    /// New, worse, recurring.
    pub attention: Vec<Item>,
    /// Started, ended, grew, shrank, acknowledged.
    pub changed: Vec<Change>,
    /// Quota headroom, tightest first.
    pub headroom: Vec<Headroom>,
    /// Health events worth watching.
    pub health: Vec<Watch>,
    /// Old reports that late Health events changed.
    pub revisions: Vec<Revision>,
    /// A week and a day, oldest day first.
    pub trends: Vec<Trend>,
    /// APIs that differ most from the week before.
    pub movers: Vec<Mover>,
    /// Callers and codes that incidents of the night met for the first time.
    pub first_seen: Vec<String>,
    /// Unusual intervals of metrics that are no incident.
    pub anomalies: u64,
    /// Gate decisions of the span.
    pub gates: Vec<GateCount>,
    /// What acknowledgements hid, one entry each, also when it hid nothing.
    pub suppressed: Vec<Suppressed>,
    /// Seen again in the hours read again, and told before.
    pub known_again: u64,
    /// The tool itself.
    pub tool: Health,
}

/// One source.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// `trail`, `metrics`, …
    pub noun: String,
    /// `complete`, `partial`, `unavailable`.
    pub outcome: &'static str,
    /// Why not complete, or empty.
    pub why: String,
    /// Records read.
    pub read: u64,
    /// Inputs refused.
    pub refused: u64,
}

/// How an incident stands to what was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Never seen before.
    New,
    /// Seen before, and more of it now.
    Worse,
    /// One of its kind was seen before.
    Recurring,
}

impl Standing {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Recurring => "recurring",
        }
    }
}

/// One incident that needs attention.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// Identity over nights.
    pub id: String,
    /// How it stands.
    pub standing: Standing,
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Signal word.
    pub signal: String,
    /// Affected APIs.
    pub apis: Vec<String>,
    /// First impaired minute.
    #[serde(with = "rfc3339_serde")]
    pub onset: Instant,
    /// First healthy minute, or null while it lasts.
    #[serde(serialize_with = "stamp")]
    pub until: Option<Instant>,
    /// Calls of its APIs inside it, this night.
    pub calls: u64,
    /// Failures of the night.
    pub failures: u64,
    /// Failures of the night before.
    pub failures_before: u64,
    /// Failures over all nights.
    pub failures_total: u64,
    /// Failures per call in the incident.
    pub failure_ratio: f64,
    /// The same over the baseline.
    pub baseline_ratio: f64,
    /// Side word.
    pub side: String,
    /// Cause word.
    pub cause: String,
    /// Confidence word.
    pub confidence: String,
    /// Whether only late records show it: it was over before the night began.
    pub late: bool,
    /// Earlier incidents of its kind.
    pub recurrences: u64,
    /// Onset of the last of them, or null.
    #[serde(serialize_with = "stamp")]
    pub last_seen: Option<Instant>,
    /// What an acknowledgement has to do with it, or empty.
    pub note: String,
    /// Its ID in the night's report.
    pub report: String,
    /// Health events that match, by ARN.
    pub health: Vec<String>,
}

fn stamp<S: serde::Serializer>(at: &Option<Instant>, to: S) -> Result<S::Ok, S::Error> {
    at.map(Stamp).serialize(to)
}

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `ended`, `goes on`, `shrank`, `verdict`, `acknowledged`, …
    pub what: String,
    /// Incident, or empty.
    pub id: String,
    /// The rest of the sentence.
    pub text: String,
}

/// An acknowledgement and what it hid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// Pattern in words.
    pub pattern: String,
    /// Who.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Where.
    pub ticket: String,
    /// Until when.
    pub expires: String,
    /// Incidents hidden this night.
    pub incidents: u64,
    /// Their failures this night.
    pub failures: u64,
    /// Their IDs.
    pub ids: Vec<String>,
}

/// One quota.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Headroom {
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// API.
    pub api: String,
    /// Requests per second allowed.
    pub limit_per_s: f64,
    /// Mean rate of the busiest minute.
    pub peak_per_s: f64,
    /// That minute.
    #[serde(with = "rfc3339_serde")]
    pub peak_at: Instant,
    /// Peak over limit.
    pub share: f64,
    /// Days until the peak meets the limit at the growth of the last week, or null.
    pub days_to_limit: Option<f64>,
}

/// One Health event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Watch {
    /// ARN.
    pub arn: String,
    /// Service.
    pub service: String,
    /// Region.
    pub region: String,
    /// `open`, `closed`, `upcoming`.
    pub status: String,
    /// `new`, `updated`, `open`, `upcoming`.
    pub why: &'static str,
}

/// One line of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trend {
    /// What is counted.
    pub name: String,
    /// One value per day, oldest first; null where nothing was observed.
    pub values: Vec<Option<u64>>,
}

/// One API that moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mover {
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// API.
    pub api: String,
    /// Calls of the night.
    pub calls: f64,
    /// Median of the days before, for as long a span.
    pub calls_before: f64,
    /// Failures of the night, `not_found` left out.
    pub failures: f64,
    /// Median of the days before.
    pub failures_before: f64,
    /// Whether it never failed in the days before.
    pub first_failures: bool,
}

/// Gate decisions of one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateCount {
    /// Region.
    pub region: String,
    /// Decisions by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// How many of them only recorded.
    pub shadow: u64,
    /// Reasons of the closed and inconclusive ones, distinct.
    pub reasons: Vec<String>,
}

/// The tool itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// Version.
    pub version: String,
    /// Files read and left out.
    pub files_read: u64,
    /// See `files_read`.
    pub files_left_out: u64,
    /// Inputs refused.
    pub refused: u64,
    /// Records that arrived after the usual time.
    pub late: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// What asking cost, or null when nothing was billed.
    pub cost_usd: Option<f64>,
    /// Requests sent to AWS, retries included.
    pub calls_to_aws: u64,
    /// Of those, tries after the first.
    pub retried: u64,
    /// Seal of the evidence.
    pub seal: String,
}

/// Puts the parts together; the subject is left to the words.
pub(super) fn build(input: &Input<'_>, earlier: &[&Night], news: &News) -> Summary {
    let facts = input.facts;
    let (calls, failures) = counts(input);
    let watch = watch(input, earlier);
    let status = if !news.attention.is_empty() {
        "attention"
    } else if status_word(input.findings) == "inconclusive" {
        "inconclusive"
    } else if !news.changed.is_empty() || !input.revisions.is_empty() {
        "changed"
    } else {
        "quiet"
    };
    Summary {
        schema_version: SCHEMA_VERSION,
        night: input.key.to_owned(),
        status: status.to_owned(),
        status_reason: input.findings.status_reason.clone(),
        subject: String::new(),
        from: input.span.from,
        to: input.span.to,
        reread_from: facts.case.window.from,
        settled_until: facts.settled_until,
        regions: regions(input),
        calls,
        failures,
        coverage_ratio: coverage(input),
        sources: sources(input),
        attention: news.attention.clone(),
        changed: news.changed.clone(),
        headroom: trend::headroom(facts, input.span),
        health: watch,
        revisions: input.revisions.to_vec(),
        trends: trend::trends(facts, input.span.to),
        movers: trend::movers(facts, input.span),
        first_seen: first_seen(input, news),
        anomalies: input.findings.anomalies.len() as u64,
        gates: gates(input),
        suppressed: news.suppressed.clone(),
        known_again: news.known_again,
        tool: tool(input),
    }
}

fn counts(input: &Input<'_>) -> (u64, u64) {
    let (from, to) = (Minute::of(input.span.from), Minute::of(input.span.to));
    let mut sums = (0u64, 0u64);
    for series in input.facts.trail.iter().flat_map(|trail| &trail.series) {
        let (calls, good) = series.sum(Class::Success, from, to);
        let (_, missing) = series.sum(Class::NotFound, from, to);
        sums.0 = sums.0.saturating_add(calls);
        sums.1 = sums
            .1
            .saturating_add(calls.saturating_sub(good).saturating_sub(missing));
    }
    sums
}

fn regions(input: &Input<'_>) -> Vec<String> {
    let (from, to) = (Minute::of(input.span.from), Minute::of(input.span.to));
    let set: BTreeSet<String> = input
        .facts
        .trail
        .iter()
        .filter(|trail| {
            trail
                .series
                .iter()
                .any(|series| series.sum(Class::Success, from, to).0 > 0)
        })
        .map(|trail| trail.place.region.clone())
        .collect();
    set.into_iter().collect()
}

fn coverage(input: &Input<'_>) -> Option<f64> {
    let (mut held, mut counted) = (0u64, 0.0);
    for row in &input.facts.coverage {
        if row.call_count.is_finite() && row.call_count > 0.0 {
            held = held.saturating_add(row.trail_calls);
            counted += row.call_count;
        }
    }
    (counted >= COUNTED_ENOUGH).then(|| held as f64 / counted)
}

fn sources(input: &Input<'_>) -> Vec<Source> {
    input
        .facts
        .sources
        .iter()
        .map(|entry| {
            let (outcome, why) = match &entry.outcome {
                Read::Complete => ("complete", ""),
                Read::Partial { why } => ("partial", why.as_str()),
                Read::Unavailable { why, .. } => ("unavailable", why.as_str()),
            };
            Source {
                noun: entry.noun.word().to_owned(),
                outcome,
                why: why.to_owned(),
                read: entry.tally.read,
                refused: entry.refusals.len() as u64,
            }
        })
        .collect()
}

/// Events that are open, ahead, new since the night before, or have said something since.
fn watch(input: &Input<'_>, earlier: &[&Night]) -> Vec<Watch> {
    let seen: BTreeMap<&str, &str> = earlier
        .iter()
        .flat_map(|night| &night.body.notices)
        .map(|mark| (mark.arn.as_str(), mark.updated.as_str()))
        .collect();
    let marks = health::marks(input.facts);
    input
        .facts
        .notices
        .iter()
        .filter(|notice| notice.relation != Relation::Unrelated)
        .filter_map(|notice| {
            let mark = marks.iter().find(|mark| mark.arn == notice.arn)?;
            let first = earlier.is_empty();
            let recent = notice
                .updated
                .or(notice.end)
                .or(notice.start)
                .is_some_and(|at| at >= input.span.from);
            let why = match seen.get(notice.arn.as_str()) {
                _ if notice.status == "upcoming" => "upcoming",
                // On the first night everything is new; only what is recent is news.
                None if first && !recent && notice.status != "open" => return None,
                None => "new",
                Some(before) if *before != mark.updated => "updated",
                Some(_) if notice.status == "open" => "open",
                Some(_) => return None,
            };
            Some(Watch {
                arn: notice.arn.clone(),
                service: notice.service.clone(),
                region: notice.region.clone(),
                status: notice.status.clone(),
                why,
            })
        })
        .collect()
}

/// Codes and callers of the night's incidents that the baseline never held.
fn first_seen(input: &Input<'_>, news: &News) -> Vec<String> {
    const MOST: usize = 5;
    let mut set = BTreeSet::new();
    for incident in input.findings.incidents.iter().filter(|incident| {
        // What goes on was told the night it began.
        news.attention
            .iter()
            .any(|item| item.standing != Standing::Worse && item.report == incident.id)
    }) {
        for code in incident.codes.iter().filter(|code| {
            code.baseline_count == 0 && code.count >= 3 && code.class != Class::Success
        }) {
            set.insert(format!("error code {} of {}", code.code, code.api));
        }
        for share in incident
            .principals
            .iter()
            .filter(|share| share.baseline_calls == 0 && share.failures > 0)
            .take(MOST)
        {
            set.insert(format!("caller {}", share.name));
        }
    }
    set.into_iter().take(2 * MOST).collect()
}

fn gates(input: &Input<'_>) -> Vec<GateCount> {
    let mut by: BTreeMap<&str, GateCount> = BTreeMap::new();
    for mark in input.gates {
        let count = by.entry(&mark.region).or_insert_with(|| GateCount {
            region: mark.region.clone(),
            verdicts: BTreeMap::new(),
            shadow: 0,
            reasons: Vec::new(),
        });
        *count.verdicts.entry(mark.verdict.clone()).or_default() += 1;
        count.shadow += u64::from(mark.shadow);
        if mark.verdict != "open" && !count.reasons.contains(&mark.reason) {
            count.reasons.push(mark.reason.clone());
        }
    }
    by.into_values().collect()
}

fn tool(input: &Input<'_>) -> Health {
    let entries = &input.facts.sources;
    let sum = |of: &dyn Fn(&crate::bundle::manifest::SourceEntry) -> u64| {
        entries.iter().map(of).fold(0u64, u64::saturating_add)
    };
    Health {
        version: input.tool_version.to_owned(),
        files_read: sum(&|entry| entry.files_read),
        files_left_out: sum(&|entry| entry.files_pruned),
        refused: sum(&|entry| entry.refusals.len() as u64),
        late: sum(&|entry| entry.tally.late),
        bytes_read: sum(&|entry| entry.bytes_read),
        cost_usd: entries
            .iter()
            .filter_map(|entry| entry.bill.as_ref())
            .map(|bill| bill.cost_usd)
            .reduce(|a, b| a + b),
        calls_to_aws: sum(&|entry| entry.bill.as_ref().map_or(0, |bill| bill.calls)),
        retried: sum(&|entry| entry.bill.as_ref().map_or(0, |bill| bill.retries)),
        seal: input.facts.seal.clone(),
    }
}
