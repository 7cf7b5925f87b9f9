//! The summary as plain data: `nightly.json`, in the order of its parts.

use crate::case::{Instant, rfc3339_serde};
use crate::report::contract::Stamp;
use crate::state::types::Revision;
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of `nightly.json`.
pub const SCHEMA_VERSION: &str = "1.0";

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
    /// Callers and repositories that differ most from the week before.
    pub party_movers: Vec<PartyMover>,
    /// Callers of the night, and codes of its incidents, that the week before never held.
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
    /// Whom it hit, when that is not everybody, or empty.
    pub callers: String,
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
    /// Whether the number of calls moved, not that of the failures alone.
    pub traffic_moved: bool,
}

/// One caller or repository that moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartyMover {
    /// `caller` or `repository`.
    pub kind: &'static str,
    /// Role, user or repository.
    pub name: String,
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Calls of the night.
    pub calls: u64,
    /// Median of the days before, for as long a span.
    pub calls_before: f64,
    /// Failures of the night, `not_found` left out.
    pub failures: u64,
    /// Median of the days before.
    pub failures_before: f64,
    /// Whether the number of calls moved, not that of the failures alone.
    pub traffic_moved: bool,
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
    /// Digits that differ when flags or acknowledgements do.
    pub config: String,
    /// Seconds of collecting and judging, or null.
    pub took_s: Option<u64>,
    /// Milliseconds spent waiting for a turn, for AWS to calm down and between tries.
    pub waited_ms: u64,
}
