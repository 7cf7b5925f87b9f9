//! Plain facts: what the evidence says, with no judgement and no data frames.
//!
//! Everything right of this room is built from these values alone, so a test can write them by
//! hand. All series are dense minutes in UTC.

use crate::bundle::manifest::Noun;
use crate::case::{Case, Instant, Interval, Minute};
use crate::ecr::Class;
use std::collections::BTreeMap;

mod profile;

pub use profile::*;

/// One account in one region: the unit in which everything is judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Twelve-digit account ID (recipient of the records), or `?`.
    pub account: String,
    /// Region code, or `?`.
    pub region: String,
}

impl Place {
    /// With `?` for what is not known.
    pub(super) fn of(account: &str, region: &str) -> Self {
        let known = |text: &str| if text.is_empty() { "?" } else { text }.to_owned();
        Self {
            account: known(account),
            region: known(region),
        }
    }
}

/// Calls of one API in one place, by minute and class.
///
/// Invariant: every vector in `classes` has `len` entries; entry `i` is minute `start + i`.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSeries {
    /// Where.
    pub place: Place,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub api: String,
    /// First minute: the start of the baseline or, when that begins later, a day before the first evidence.
    pub start: Minute,
    /// Number of minutes, up to the end of the window.
    pub len: usize,
    /// Calls by class; classes that never occur are absent. `Success` is included.
    pub classes: BTreeMap<Class, Vec<u32>>,
}

impl CallSeries {
    /// All calls per minute, whatever became of them.
    #[must_use]
    pub fn calls(&self) -> Vec<u32> {
        let mut sum = vec![0u32; self.len];
        for counts in self.classes.values() {
            for (total, count) in sum.iter_mut().zip(counts) {
                *total = total.saturating_add(*count);
            }
        }
        sum
    }

    /// Calls of one class per minute (zeros when it never occurs).
    #[must_use]
    pub fn of(&self, class: Class) -> Vec<u32> {
        self.classes
            .get(&class)
            .cloned()
            .unwrap_or_else(|| vec![0; self.len])
    }

    /// Calls and calls of `class` inside `[from, to)` minutes.
    #[must_use]
    pub fn sum(&self, class: Class, from: Minute, to: Minute) -> (u64, u64) {
        let lo = (from.0 - self.start.0).clamp(0, self.len as i64) as usize;
        let hi = (to.0 - self.start.0).clamp(lo as i64, self.len as i64) as usize;
        let total = self
            .classes
            .values()
            .flat_map(|counts| counts.get(lo..hi).unwrap_or_default())
            .map(|count| u64::from(*count))
            .sum();
        let hit = self
            .classes
            .get(&class)
            .and_then(|counts| counts.get(lo..hi))
            .unwrap_or_default()
            .iter()
            .map(|count| u64::from(*count))
            .sum();
        (total, hit)
    }
}

/// What CloudTrail shows of one place.
#[derive(Debug, Clone, PartialEq)]
pub struct TrailFacts {
    /// Where.
    pub place: Place,
    /// One series per API, sorted by event source and API.
    pub series: Vec<CallSeries>,
    /// First and last event time of any record of the place, control group included; `None` when
    /// only metrics know the place. Outside it the trail is silent, which is not the same as zero.
    pub observed: Option<Interval>,
    /// Baseline UTC days (complete 24 h blocks back from the window) with at least one call.
    pub days_with_calls: u32,
    /// Changes in the place (global services land in every place of the account), by time.
    pub changes: Vec<Change>,
    /// Other services in the same trail, by event source.
    pub controls: Vec<ControlSeries>,
    /// Calls by VPC endpoint and API, sorted; empty when no call came through an endpoint.
    pub paths: Vec<PathSeries>,
    /// Failures by caller and by repository, on the APIs that pull and push, sorted.
    pub parts: Vec<FailingPart>,
}

/// Calls of one VPC endpoint to one API by minute.
#[derive(Debug, Clone, PartialEq)]
pub struct PathSeries {
    /// `vpce-…`; empty for calls through none.
    pub endpoint: String,
    /// `eventName`.
    pub api: String,
    /// First minute, as in [`CallSeries`].
    pub start: Minute,
    /// Calls per minute.
    pub calls: Vec<u32>,
}

/// What a [`FailingPart`] is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// A principal.
    Caller,
    /// A repository.
    Repository,
}

/// Failures of one class of one caller or repository to one API. Sparse: a place has many parts and
/// few failures.
#[derive(Debug, Clone, PartialEq)]
pub struct FailingPart {
    /// What it is a part of.
    pub dimension: Dimension,
    /// Principal or repository.
    pub name: String,
    /// `eventName`.
    pub api: String,
    /// Class of the failures.
    pub class: Class,
    /// Minutes with failures and how many, ascending.
    pub minutes: Vec<(Minute, u32)>,
    /// All calls of the same part and API inside the window by minute, ascending; empty when they
    /// were not asked for.
    pub calls: Vec<(Minute, u32)>,
}

/// A write that could explain an incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// When it completed.
    pub time: Instant,
    /// CloudTrail event ID: its evidence.
    pub event_id: String,
    /// Request ID.
    pub request_id: String,
    /// Recipient account.
    pub account: String,
    /// Region of the record.
    pub region: String,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub api: String,
    /// Who, without session.
    pub principal: String,
    /// Session.
    pub session: String,
    /// What was changed.
    pub resource: String,
    /// Empty when it succeeded; a failed change explains nothing but is shown.
    pub error_code: String,
    /// `requestParameters`, compact and capped.
    pub detail: String,
    /// Classes of failure it can explain (from `queries/ecr/changes.toml`).
    pub explains: Vec<Class>,
    /// Its kind in the table: `permission`, `kms`, `endpoint`, `image`, `policy`, `quota`, `organization`, …
    pub kind: String,
    /// Why it can break a registry, one sentence from the table.
    pub why: String,
}

/// Another service in the same trail: the control group.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlSeries {
    /// `eventSource`.
    pub event_source: String,
    /// First minute, as in [`CallSeries`].
    pub start: Minute,
    /// Calls per minute.
    pub calls: Vec<u32>,
    /// Failed calls per minute, any code.
    pub errors: Vec<u32>,
    /// Server errors and throttles per minute.
    pub faults: Vec<u32>,
}

/// How a metric series is to be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// `AWS/Usage` CallCount of one API: the denominator of coverage.
    CallCount {
        /// ECR API name.
        api: String,
    },
    /// `AWS/ECR` RepositoryPullCount.
    PullCount {
        /// Repository, if named.
        repository: String,
    },
    /// `AWS/PrivateLinkEndpoints` counter.
    PrivateLink {
        /// `RstPacketsReceived` and the like.
        metric: String,
        /// `vpce-…`, if named.
        endpoint: String,
    },
    /// Counts per period; absent minutes may be zero.
    Count,
    /// A level; absent points are unknown.
    Gauge,
}

/// One CloudWatch series, oldest point first, one point per timestamp.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSeries {
    /// Name for people: label or ID (untrusted text).
    pub name: String,
    /// What it measures.
    pub meaning: Meaning,
    /// Region, when the input says so.
    pub region: Option<String>,
    /// Account, when the input says so.
    pub account: Option<String>,
    /// Period in seconds: stated, else the smallest spacing seen, else 60.
    pub period_s: i64,
    /// Points, ascending, finite values only.
    pub points: Vec<(Instant, f64)>,
    /// `Complete`, or CloudWatch's word for what is wrong.
    pub status: String,
    /// Evidence ID of the answer.
    pub evidence: String,
}

/// A rate or resource quota as Service Quotas stated it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// `ecr`.
    pub service: String,
    /// `L-…`.
    pub code: String,
    /// AWS's name.
    pub name: String,
    /// Limit.
    pub value: f64,
    /// Requests per how many seconds (1 for ECR rates); `None` for resource quotas.
    pub per_seconds: Option<i64>,
    /// Whether it can be raised.
    pub adjustable: bool,
    /// The API it limits, when known.
    pub api: Option<String>,
    /// Region from the ARN.
    pub region: Option<String>,
    /// Account from the ARN.
    pub account: Option<String>,
    /// Evidence ID.
    pub evidence: String,
}

/// Where an impact time was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadFrom {
    /// Stated in the text ("Between 2:10 AM and 2:59 AM PDT").
    Text,
    /// Only the published times of the event.
    Published,
}

/// How near a Health event's service is to ECR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// ECR itself, or named among the impacted services.
    Same,
    /// Several services without ECR named.
    Multiple,
    /// A service ECR depends on (S3, IAM, STS, KMS, EC2 networking, …).
    Dependency,
    /// Anything else.
    Unrelated,
}

/// An AWS Health or status-feed event.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// ARN: its identity; entries of several sources with one ARN are merged.
    pub arn: String,
    /// Which source said so first.
    pub noun: Noun,
    /// `ECR`, `MULTIPLE_SERVICES`, …
    pub service: String,
    /// `AWS_ECR_OPERATIONAL_ISSUE` and the like, or empty.
    pub type_code: String,
    /// `issue`, `investigation`, `accountNotification`, `scheduledChange`.
    pub category: String,
    /// Region code or `global`.
    pub region: String,
    /// `open`, `closed`, `upcoming`.
    pub status: String,
    /// `PUBLIC`, `ACCOUNT_SPECIFIC`, …
    pub scope: String,
    /// Published start (AWS back-dates it).
    pub start: Option<Instant>,
    /// Published end.
    pub end: Option<Instant>,
    /// Last update.
    pub updated: Option<Instant>,
    /// First post, when the source tells it: the feed's own time, or the first stamp of the text.
    pub posted: Option<Instant>,
    /// Whether `posted` is only the latest it can have been (an EventBridge message was sent then,
    /// or the only stamp known is not that of an opening post).
    pub posted_at_latest: bool,
    /// Impact on customers, when it can be told.
    pub impact: Option<Interval>,
    /// Where the impact was read; meaningless without `impact`.
    pub read_from: ReadFrom,
    /// Distance to ECR.
    pub relation: Relation,
    /// Impacted services named by the event.
    pub impacted_services: Vec<String>,
    /// Latest text, capped (untrusted).
    pub text: String,
    /// Evidence ID.
    pub evidence: String,
}

/// A missing or limited source, for the report's gaps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Source.
    pub noun: String,
    /// What is missing.
    pub what: String,
    /// What the report therefore cannot say.
    pub consequence: String,
    /// What to do about it.
    pub hint: String,
}

/// One line of the evidence ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// `E1`, `E2`, … in ledger order.
    pub id: String,
    /// Source.
    pub noun: String,
    /// What produced it: a bundle file or query ID.
    pub query: String,
    /// Parameters.
    pub params: String,
    /// Rows behind it.
    pub rows: u64,
    /// SHA-256 of the file's bytes.
    pub sha256: String,
}

/// Trail rows against CallCount for one API in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiCoverage {
    /// Where.
    pub place: Place,
    /// API.
    pub api: String,
    /// CloudTrail calls in the window.
    pub trail_calls: u64,
    /// CallCount sum in the window.
    pub call_count: f64,
    /// Minutes with CallCount above zero but no trail call.
    pub silent_minutes: Vec<Minute>,
}

/// Everything the evidence says before any episode is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The question.
    pub case: Case,
    /// Up to here the trail has had time to arrive; later minutes may still change.
    pub settled_until: Instant,
    /// One entry per place, sorted.
    pub trail: Vec<TrailFacts>,
    /// Sorted by name.
    pub metrics: Vec<MetricSeries>,
    /// Sorted by code.
    pub quotas: Vec<Quota>,
    /// Sorted by ARN.
    pub notices: Vec<Notice>,
    /// Trail against CallCount, sorted.
    pub coverage: Vec<ApiCoverage>,
    /// Sorted.
    pub gaps: Vec<Gap>,
    /// The ledger, `E1` first.
    pub evidence: Vec<Evidence>,
    /// The bundle's own account of its sources, for the coverage table.
    pub sources: Vec<crate::bundle::manifest::SourceEntry>,
    /// Evidence hash of the bundle.
    pub seal: String,
}
