//! The machine contract: `report.json` field by field, in the order it is written.
//!
//! Names and meanings are fixed within major version 1 (`docs/report-schema.json`); a field may be
//! added in a minor version, none changes meaning. Only `Serialize` lives here, no wording and no
//! computing. Text from logs stays [`Untrusted`]: JSON writes it byte for byte, other formats escape it.

use super::escape::Untrusted;
use crate::case::{Instant, rfc3339};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Version of the contract.
pub const SCHEMA_VERSION: &str = "1.0";

/// An instant written as RFC 3339 UTC with `Z`, whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub Instant);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&rfc3339(self.0))
    }
}

/// The whole of `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contract {
    /// [`SCHEMA_VERSION`].
    pub schema_version: &'static str,
    /// What made it.
    pub tool: Tool,
    /// When it was made.
    pub generated_at: Stamp,
    /// The spans judged and compared with.
    pub window: Window,
    /// What was asked about; empty lists mean everything in the evidence.
    pub scope: Scope,
    /// `incident`, `quiet` or `inconclusive`.
    pub status: &'static str,
    /// Why that word.
    pub status_reason: Untrusted,
    /// By onset (`I1` first).
    pub incidents: Vec<Incident>,
    /// By start, then series.
    pub anomalies: Vec<Anomaly>,
    /// What Health had to say.
    pub health: Health,
    /// By noun, account, region.
    pub coverage: Vec<Coverage>,
    /// By place and step of the funnel.
    pub funnel: Vec<FunnelStep>,
    /// `E1` first.
    pub evidence: Vec<Evidence>,
    /// Sorted.
    pub gaps: Vec<Gap>,
    /// SHA-256 that seals the evidence bundle.
    pub seal: String,
    /// How much was hidden, `ids` or `all`; absent when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redaction: Option<&'static str>,
}

/// What made the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Program name.
    pub name: String,
    /// Program version.
    pub version: String,
}

/// The spans judged and compared with, half-open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Start of the window.
    pub from: Stamp,
    /// End of the window (exclusive).
    pub to: Stamp,
    /// Later minutes may still change.
    pub settled_until: Stamp,
    /// What the window is compared with.
    pub baseline: Baseline,
}

/// The baseline span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Baseline {
    /// Start.
    pub from: Stamp,
    /// End (exclusive).
    pub to: Stamp,
    /// Whole days in it.
    pub days: i64,
    /// Those of them that hold calls, in the place with most.
    pub days_with_calls: i64,
}

/// What was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// Account IDs, sorted.
    pub accounts: Vec<String>,
    /// Region codes, sorted.
    pub regions: Vec<String>,
    /// Repository names, sorted.
    pub repositories: Vec<String>,
    /// CloudTrail event sources, sorted.
    pub event_sources: Vec<String>,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incident {
    /// `I1`, `I2`, ….
    pub id: String,
    /// Account ID, or `?`.
    pub account: Untrusted,
    /// Region code, or `?`.
    pub region: Untrusted,
    /// Kind of trouble.
    pub signal: &'static str,
    /// Affected APIs, sorted.
    pub apis: Vec<Untrusted>,
    /// First impaired minute.
    pub onset: Stamp,
    /// Minute with most failures.
    pub peak: Stamp,
    /// First healthy minute, or null while it lasts.
    pub recovery: Option<Stamp>,
    /// Whether it touches the end of the settled data.
    pub ongoing: bool,
    /// Calls inside.
    pub calls: u64,
    /// Failures inside (for traffic signals: calls the baseline leads one to expect).
    pub failures: u64,
    /// Failures per call (for traffic signals: calls per expected call).
    pub failure_ratio: f64,
    /// The same over the baseline (for traffic signals: calls per minute); `null` when the baseline
    /// holds no call to compare with.
    pub baseline_ratio: Option<f64>,
    /// Distinct minutes with failures.
    pub minutes_impaired: u64,
    /// Attempts against operations.
    pub operations: Operations,
    /// Statistics.
    pub significance: Significance,
    /// The answer.
    pub verdict: Verdict,
    /// Best first.
    pub health_matches: Vec<HealthMatch>,
    /// Best first.
    pub changes: Vec<Change>,
    /// Changes right before the recovery that may have ended it, latest first.
    pub repairs: Vec<Change>,
    /// By failures.
    pub principals: Vec<Share>,
    /// By failures.
    pub repositories: Vec<Share>,
    /// By failures; the empty name is "not through an endpoint".
    pub vpc_endpoints: Vec<Share>,
    /// By API.
    pub quota: BTreeMap<String, Quota>,
    /// Error breakdown, by count.
    pub codes: Vec<Code>,
    /// The comparison groups.
    pub controls: Vec<Control>,
    /// By time.
    pub requests: Vec<Request>,
    /// Ledger IDs the numbers rest on.
    pub evidence: Vec<String>,
}

/// Attempts against operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operations {
    /// Failed calls.
    pub failed_attempts: u64,
    /// Operations that failed at first and then succeeded.
    pub recovered_by_retry: u64,
    /// Operations that never succeeded.
    pub lost: u64,
}

/// How sure the statistics are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Significance {
    /// Name of the test.
    pub method: &'static str,
    /// Its score.
    pub score: f64,
    /// Corrected chance, or null when uncalibrated.
    pub q: Option<f64>,
    /// Prior days used; below three means uncalibrated.
    pub calibrated_days: u32,
    /// Over-dispersion the score was divided by.
    pub dispersion: f64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// `aws`, `customer`, `third_party`, `undetermined`.
    pub side: &'static str,
    /// Cause word.
    pub cause: String,
    /// `high`, `medium`, `low`.
    pub confidence: &'static str,
    /// Reasons for.
    pub evidence_for: Vec<Reason>,
    /// Reasons against.
    pub evidence_against: Vec<Reason>,
    /// What further evidence would change it.
    pub would_change: Vec<Untrusted>,
    /// Hypotheses that lost, best first.
    pub rejected: Vec<Rejected>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// A sentence.
    pub text: Untrusted,
    /// Ledger IDs.
    pub evidence: Vec<String>,
}

/// A hypothesis that lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Cause word.
    pub cause: String,
    /// Why not.
    pub why: Untrusted,
    /// Points for minus points against.
    pub score: i32,
}

/// A Health or status event that fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HealthMatch {
    /// Event.
    pub arn: Untrusted,
    /// Its service.
    pub service: Untrusted,
    /// Its region.
    pub region: Untrusted,
    /// 0 to 1.
    pub score: f64,
    /// Rule that gave the score.
    pub rule: Untrusted,
    /// Impact on customers.
    pub impact: Impact,
    /// Our onset minus the impact's start, seconds.
    pub onset_lag_s: i64,
    /// Shared time, seconds.
    pub overlap_s: i64,
    /// Chance that an unrelated event overlaps.
    pub coincidence: f64,
    /// First post minus our onset, seconds, or null.
    pub posted_lag_s: Option<i64>,
    /// Whether `posted_lag_s` is only the latest it can have been.
    pub posted_at_latest: bool,
    /// Ledger ID.
    pub evidence: String,
}

/// An impact span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Impact {
    /// Start.
    pub from: Stamp,
    /// End (exclusive).
    pub to: Stamp,
    /// `text` or `published`.
    pub read_from: &'static str,
}

/// One of our own changes that could explain the incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When.
    pub time: Stamp,
    /// `eventName`.
    pub api: Untrusted,
    /// Who.
    pub principal: Untrusted,
    /// What.
    pub resource: Untrusted,
    /// Onset minus change, seconds (positive: before onset). The onset is the start of a minute.
    pub lead_s: i64,
    /// First failure minus change, seconds (positive: before it), or null without a failure.
    pub first_failure_lead_s: Option<i64>,
    /// Why it could explain the incident.
    pub why: Untrusted,
    /// Ledger ID, or empty.
    pub evidence: String,
    /// CloudTrail event ID.
    pub event_id: Untrusted,
    /// Service.
    pub event_source: Untrusted,
    /// Empty when it succeeded.
    pub error_code: Untrusted,
}

/// One value of a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Name.
    pub name: Untrusted,
    /// Calls in the incident.
    pub calls: u64,
    /// Failures in the incident.
    pub failures: u64,
    /// Calls in the baseline.
    pub baseline_calls: u64,
    /// Failures in the baseline.
    pub baseline_failures: u64,
}

/// Replay of arrivals against the quota of one API.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quota {
    /// Quota code, or empty.
    pub code: String,
    /// Requests per second, or null when unknown.
    pub limit_per_s: Option<f64>,
    /// `applied`, `default`, `unknown`.
    pub basis: String,
    /// Busiest second.
    pub peak_per_s: u32,
    /// When.
    pub peak_at: Stamp,
    /// Peak divided by the limit, or null.
    pub peak_factor: Option<f64>,
    /// Seconds with more arrivals than the limit.
    pub seconds_over: u32,
    /// Throttles the bucket model produces.
    pub modelled_throttles: u64,
    /// Throttles observed.
    pub observed_throttles: u64,
    /// What spreading would have avoided, or null.
    pub spread: Option<Spread>,
    /// Top consumers.
    pub consumers: Vec<Consumer>,
    /// Ledger ID, or empty.
    pub evidence: String,
}

/// The counterfactual of a quota replay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// Seconds the arrivals would be spread over.
    pub seconds: i64,
    /// Share of modelled throttles avoided, 0 to 1.
    pub avoided: f64,
}

/// A consumer of a quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consumer {
    /// Principal.
    pub name: Untrusted,
    /// Calls.
    pub calls: u64,
}

/// One line of the error breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    /// API.
    pub api: Untrusted,
    /// Class word.
    pub class: &'static str,
    /// Raw code.
    pub code: Untrusted,
    /// Calls with this code in the incident.
    pub count: u64,
    /// All calls of the API in the incident.
    pub calls: u64,
    /// Calls with this code in the baseline.
    pub baseline_count: u64,
    /// First seen in the incident.
    pub first: Stamp,
    /// Last seen in the incident.
    pub last: Stamp,
    /// The most frequent message.
    pub message: Untrusted,
}

/// One comparison group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Control {
    /// `region`, `account`, `service`, `principal`, `repository`, `endpoint`, `api`.
    pub kind: String,
    /// Name.
    pub name: Untrusted,
    /// Calls during the incident.
    pub calls: u64,
    /// Failures during the incident.
    pub failures: u64,
    /// Calls in the baseline.
    pub baseline_calls: u64,
    /// Failures in the baseline.
    pub baseline_failures: u64,
}

/// One request picked as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Request ID.
    pub request_id: Untrusted,
    /// CloudTrail event ID.
    pub event_id: Untrusted,
    /// When.
    pub time: Stamp,
    /// API.
    pub api: Untrusted,
    /// Raw code; empty for a successful twin.
    pub error_code: Untrusted,
    /// Message.
    pub error_message: Untrusted,
    /// Principal.
    pub principal: Untrusted,
    /// Repository.
    pub repository: Untrusted,
    /// Why it was picked.
    pub why_chosen: Untrusted,
    /// Class word.
    pub class: &'static str,
    /// Session.
    pub session: Untrusted,
    /// Endpoint ID or empty.
    pub vpc_endpoint: Untrusted,
    /// IP or service.
    pub source: Untrusted,
    /// User agent.
    pub user_agent: Untrusted,
}

/// An unusual interval that is not an incident by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Anomaly {
    /// Series name.
    pub series: Untrusted,
    /// Start.
    pub from: Stamp,
    /// End (exclusive).
    pub to: Stamp,
    /// Robust score.
    pub score: f64,
    /// Expected per period.
    pub expected: f64,
    /// Observed per period.
    pub observed: f64,
    /// Unit.
    pub unit: String,
}

/// What Health had to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// `complete`, `partial`, `unavailable`: the better of Health and status feed.
    pub outcome: &'static str,
    /// Events looked at.
    pub searched: u64,
    /// Events that match an incident.
    pub matched: u64,
    /// Events that do not, with the reason.
    pub rejected: Vec<HealthRejected>,
}

/// A Health event that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthRejected {
    /// Event.
    pub arn: Untrusted,
    /// Why not.
    pub why: Untrusted,
}

/// What one source contributed in one account and region.
/// `read = used + skipped + duplicate + out_of_window`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Source.
    pub noun: &'static str,
    /// Account, or `?`.
    pub account: Untrusted,
    /// Region, or `?`.
    pub region: Untrusted,
    /// `complete`, `partial`, `unavailable`.
    pub outcome: &'static str,
    /// Why it is not complete, or empty.
    pub why: Untrusted,
    /// Records read.
    pub read: u64,
    /// Records used.
    pub used: u64,
    /// Records not asked about.
    pub skipped: u64,
    /// Records seen before.
    pub duplicate: u64,
    /// Records outside baseline and window.
    pub out_of_window: u64,
    /// Of those used, delivered late.
    pub late: u64,
    /// Breakdown of `skipped` by reason.
    pub skipped_by: BTreeMap<String, u64>,
    /// What CloudTrail's signed digests say about the log files; absent without digests and keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Untrusted>,
    /// CloudWatch's count of the same calls, or null when it is not known.
    pub call_count: Option<f64>,
    /// Trail calls divided by `call_count`, or null.
    pub ratio: Option<f64>,
    /// Compressed bytes read, of the whole source.
    pub bytes_scanned: u64,
    /// Cost of asking, of the whole source, or null when nothing was billed or it is not known.
    pub cost_usd: Option<f64>,
}

/// One step of the pull or push funnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunnelStep {
    /// Account.
    pub account: Untrusted,
    /// Region.
    pub region: Untrusted,
    /// Step.
    pub step: String,
    /// APIs of the step that were seen.
    pub apis: Vec<Untrusted>,
    /// Calls.
    pub calls: u64,
    /// Failures except `not_found`.
    pub failures: u64,
    /// `not_found` failures.
    pub not_found: u64,
}

/// One line of the evidence ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// `E1`, `E2`, ….
    pub id: String,
    /// Source.
    pub noun: String,
    /// What produced it.
    pub query: Untrusted,
    /// Parameters.
    pub params: Untrusted,
    /// Rows behind it.
    pub rows: u64,
    /// SHA-256 of the file's bytes.
    pub sha256: String,
}

/// A missing or limited source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Gap {
    /// Source.
    pub noun: String,
    /// What is missing.
    pub what: Untrusted,
    /// What the report therefore cannot say.
    pub consequence: Untrusted,
    /// What to do about it.
    pub hint: Untrusted,
}
