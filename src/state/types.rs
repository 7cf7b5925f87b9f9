//! What is kept, as plain data. Bodies are JSON in the database, so a field may be added with a
//! default; none may change its meaning without a step of the schema.

use crate::case::{Instant, Interval, rfc3339_serde};
use serde::{Deserialize, Serialize};

/// One summarised span: a UTC day, or a window asked for by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Night {
    /// `2026-03-11` for a UTC day, `FROM/TO` for any other span.
    pub key: String,
    /// The span, without the hours read again before it.
    pub span: Interval,
    /// What it said.
    pub body: NightBody,
}

/// What a night said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NightBody {
    /// `incident`, `quiet`, `inconclusive`.
    pub status: String,
    /// The subject line.
    pub subject: String,
    /// Up to here the trail had settled.
    #[serde(with = "rfc3339_serde")]
    pub settled_until: Instant,
    /// ECR calls of the span.
    pub calls: u64,
    /// Failed ones, `not_found` left out.
    pub failures: u64,
    /// Trail calls per CloudWatch call, when CloudWatch counted enough.
    pub coverage: Option<f64>,
    /// Health events looked at, by ARN.
    #[serde(default)]
    pub notices: Vec<NoticeMark>,
    /// Old incidents this night changed its mind about.
    #[serde(default)]
    pub revisions: Vec<Revision>,
    /// Version of the tool.
    pub tool_version: String,
}

/// What was known of a Health event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NoticeMark {
    /// ARN.
    pub arn: String,
    /// `open`, `closed`, `upcoming`.
    pub status: String,
    /// Last update, RFC 3339, or empty.
    pub updated: String,
}

/// A later answer to an old incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Revision {
    /// Incident.
    pub incident: String,
    /// The Health event that arrived late.
    pub arn: String,
    /// Cause word before.
    pub cause_before: String,
    /// Cause word now; equal to the one before when only the link is new.
    pub cause: String,
    /// Side now.
    pub side: String,
    /// Confidence now.
    pub confidence: String,
}

/// An incident's identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// `ECR-` and ten hexadecimal digits.
    pub id: String,
    /// ID of the first incident of its kind: equal for incidents that recur.
    pub family: String,
    /// Account ID.
    pub account: String,
    /// Region code.
    pub region: String,
    /// Kind of trouble.
    pub signal: String,
    /// Night that saw it first.
    pub first_night: String,
}

/// An incident as one night saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// `I1` in that night's report.
    pub local_id: String,
    /// Affected APIs, sorted.
    pub apis: Vec<String>,
    /// First impaired minute.
    #[serde(with = "rfc3339_serde")]
    pub onset: Instant,
    /// First healthy minute, or the end of what was judged.
    #[serde(with = "rfc3339_serde")]
    pub until: Instant,
    /// Whether it lasted to the end of what was judged.
    pub ongoing: bool,
    /// Side word.
    pub side: String,
    /// Cause word.
    pub cause: String,
    /// Confidence word.
    pub confidence: String,
    /// What the calls of each quarter of a day were, by start.
    pub quarters: Vec<Quarter>,
    /// Health events that matched, by ARN.
    #[serde(default)]
    pub health: Vec<String>,
    /// Owner of the acknowledgement that covered it, or empty.
    #[serde(default)]
    pub acknowledged: String,
}

/// Calls of an incident's APIs inside it, in six hours of UTC. Nights read six hours again, so only
/// counts per quarter can be added up without counting twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Quarter {
    /// Epoch second of its start.
    pub start_s: i64,
    /// Calls.
    pub calls: u64,
    /// Failures of the signal; for volume, minutes.
    pub failures: u64,
}

/// A decision of the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateMark {
    /// When it was taken.
    #[serde(with = "rfc3339_serde")]
    pub at: Instant,
    /// Region asked about.
    pub region: String,
    /// `open`, `closed`, `inconclusive`.
    pub verdict: String,
    /// Rule that decided.
    pub rule: String,
    /// Why, one sentence.
    pub reason: String,
    /// Whether it was only recorded.
    pub shadow: bool,
}
