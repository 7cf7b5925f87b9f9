//! Findings: what the judgement says, as plain data with its numbers and evidence IDs.
//!
//! No wording beyond the short sentences of the verdict; the report room tells the story.

use crate::case::{Instant, Interval, Minute};
use crate::ecr::Class;
use crate::facts::types::{
    Change, CodeShare, ControlGroup, Gap, Operations, Place, ProfileRequest, ReadFrom,
    RequestSample, SecondSeries, Share,
};

/// What kind of trouble an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Failures of one class. Unclassified codes travel as `client_error` in the contract, with
    /// their raw code in the breakdown.
    Failures(Class),
    /// More calls than the baseline explains.
    TrafficSurge,
    /// Fewer calls than the baseline explains.
    TrafficDrop,
}

impl Signal {
    /// The contract's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Failures(Class::Unclassified | Class::Success) => "client_error",
            Self::Failures(class) => class.word(),
            Self::TrafficSurge => "traffic_surge",
            Self::TrafficDrop => "traffic_drop",
        }
    }

    /// The failing class, if the signal is one.
    #[must_use]
    pub fn class(self) -> Option<Class> {
        match self {
            Self::Failures(class) => Some(class),
            Self::TrafficSurge | Self::TrafficDrop => None,
        }
    }
}

/// The words of [`Significance::method`], as `report.json` states them.
pub mod method {
    /// Failures against calls.
    pub const FAILURES: &str = "binomial_llr_scan";
    /// Failures of one principal or one repository against the calls of its place.
    pub const FAILURES_OF_PARTS: &str = "binomial_llr_scan_of_parts";
    /// Calls against their daily profile.
    pub const VOLUME: &str = "dispersed_poisson_scan";
    /// Calls of one path against its usual share of all calls. The counts of such an episode are those
    /// of all paths together, so that a report must word them differently.
    pub const SHARE_OF_CALLS: &str = "share_of_calls_scan";
    /// A silence longer than any comparable one; the score says how many times as long.
    pub const SILENCE: &str = "longest_silence";
    /// The same of one path. Its counts are those of all paths, as for [`SHARE_OF_CALLS`].
    pub const SILENCE_OF_PATH: &str = "longest_silence_of_path";
    /// [`SILENCE`], long enough only because what the calls pass on their way was changed just before.
    pub const SILENCE_BEHIND_CHANGE: &str = "longest_silence_behind_change";
    /// The same of one path.
    pub const SILENCE_OF_PATH_BEHIND_CHANGE: &str = "longest_silence_of_path_behind_change";
    /// CloudWatch counted calls that the trail does not hold.
    pub const HOLE: &str = "call_count_against_trail";
    /// No episode carries the incident, so that nothing was scanned.
    pub const NONE: &str = "none";

    /// Whether one path is silent, so that the counts are those of all paths together.
    #[must_use]
    pub fn is_of_path(method: &str) -> bool {
        [
            SHARE_OF_CALLS,
            SILENCE_OF_PATH,
            SILENCE_OF_PATH_BEHIND_CHANGE,
        ]
        .contains(&method)
    }

    /// Whether a change of the way was needed to tell it.
    #[must_use]
    pub fn is_behind_change(method: &str) -> bool {
        [SILENCE_BEHIND_CHANGE, SILENCE_OF_PATH_BEHIND_CHANGE].contains(&method)
    }
}

/// How sure the statistics are that an interval differs from its baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Significance {
    /// One of the words in [`method`].
    pub method: &'static str,
    /// Deflated log-likelihood ratio.
    pub score: f64,
    /// Benjamini-Hochberg q over all series, or `None` when uncalibrated.
    pub q: Option<f64>,
    /// Prior days the calibration used; below three means "uncalibrated".
    pub calibrated_days: u32,
    /// Over-dispersion the score was divided by, at least 1.
    pub dispersion: f64,
}

/// One interval of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Where.
    pub place: Place,
    /// API.
    pub api: String,
    /// What kind.
    pub signal: Signal,
    /// First impaired minute.
    pub onset: Minute,
    /// First minute after the last impaired one.
    pub end: Minute,
    /// Minute with most failures (or the largest deviation).
    pub peak: Minute,
    /// Whether it touches the end of the settled data.
    pub ongoing: bool,
    /// Calls inside.
    pub calls: u64,
    /// Failures inside (for volume: expected calls, rounded).
    pub failures: u64,
    /// Baseline failure ratio (for volume: baseline calls per minute).
    pub baseline_ratio: f64,
    /// Statistics.
    pub significance: Significance,
}

/// Episodes of one place and signal that belong together, before any breakdown is known.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentDraft {
    /// Where.
    pub place: Place,
    /// What kind.
    pub signal: Signal,
    /// Sorted, distinct.
    pub apis: Vec<String>,
    /// Members, by onset then API.
    pub episodes: Vec<Episode>,
    /// Earliest onset to latest end.
    pub span: Interval,
    /// Minute with most failures over all members.
    pub peak: Minute,
    /// Whether any member is ongoing.
    pub ongoing: bool,
}

/// An unusual interval of a metric or volume series that is not an incident by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Anomaly {
    /// Series name.
    pub series: String,
    /// Span.
    pub span: Interval,
    /// Robust score.
    pub score: f64,
    /// Expected per period.
    pub expected: f64,
    /// Observed per period (extreme of the interval).
    pub observed: f64,
    /// Unit, e.g. `calls/min`.
    pub unit: String,
}

/// What detection hands on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detected {
    /// Sorted by onset, place, signal.
    pub drafts: Vec<IncidentDraft>,
    /// Sorted by start, series.
    pub anomalies: Vec<Anomaly>,
}

impl Detected {
    /// What must be known of each draft's calls, in draft order.
    #[must_use]
    pub fn profile_requests(&self) -> Vec<ProfileRequest> {
        self.drafts
            .iter()
            .map(|draft| ProfileRequest {
                place: draft.place.clone(),
                apis: draft.apis.clone(),
                class: draft.signal.class(),
                span: draft.span,
                peak: draft.peak,
            })
            .collect()
    }
}

/// Whose doing it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// AWS.
    Aws,
    /// The account's own doing.
    Customer,
    /// An upstream registry.
    ThirdParty,
    /// Cannot tell from this evidence.
    Undetermined,
}

impl Side {
    /// The contract's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Customer => "customer",
            Self::ThirdParty => "third_party",
            Self::Undetermined => "undetermined",
        }
    }
}

/// How much the evidence carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// One leg, or thin data.
    Low,
    /// Two legs.
    Medium,
    /// Two independent legs and nothing against.
    High,
}

impl Confidence {
    /// The contract's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One reason with the evidence it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A plain sentence with its numbers.
    pub text: String,
    /// Ledger IDs.
    pub evidence: Vec<String>,
}

/// One hypothesis, scored on visible rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypothesis {
    /// The contract's cause word; also the file stem under `queries/verdicts/`.
    pub cause: String,
    /// Whose doing it would be.
    pub side: Side,
    /// Points for minus points against; at or above zero is plausible.
    pub score: i32,
    /// Number of independent legs that hold.
    pub legs: u32,
    /// Reasons for.
    pub evidence_for: Vec<Reason>,
    /// Reasons against.
    pub evidence_against: Vec<Reason>,
    /// Why it was rejected, or empty for the winner.
    pub rejected_because: String,
}

/// The answer for one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whose doing.
    pub side: Side,
    /// The contract's cause word.
    pub cause: String,
    /// How sure.
    pub confidence: Confidence,
    /// Why.
    pub evidence_for: Vec<Reason>,
    /// What speaks against it.
    pub evidence_against: Vec<Reason>,
    /// What further evidence would change it.
    pub would_change: Vec<String>,
    /// Every hypothesis considered, best first, the winner included.
    pub hypotheses: Vec<Hypothesis>,
}

/// A Health or status event that fits an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthMatch {
    /// Event.
    pub arn: String,
    /// Its service.
    pub service: String,
    /// Its region.
    pub region: String,
    /// 0 to 1, by the rule named.
    pub score: f64,
    /// Rule that gave the score, for people.
    pub rule: String,
    /// Impact span.
    pub impact: Interval,
    /// Where it was read.
    pub read_from: ReadFrom,
    /// Our onset minus the impact's start, seconds (negative: we saw it first).
    pub onset_lag_s: i64,
    /// Shared time, seconds.
    pub overlap_s: i64,
    /// Chance that an unrelated event overlaps, 0 to 1.
    pub coincidence: f64,
    /// First post minus our onset, seconds, when the source tells it.
    pub posted_lag_s: Option<i64>,
    /// Whether that is only the latest it can have been.
    pub posted_at_latest: bool,
    /// Evidence ID.
    pub evidence: String,
}

/// A Health event that was looked at and does not fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HealthRejection {
    /// Event.
    pub arn: String,
    /// Why not.
    pub why: String,
}

/// A change ranked as a possible cause.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeCandidate {
    /// The change.
    pub change: Change,
    /// Onset minus change, seconds (positive: before onset). The onset is the start of a minute.
    pub lead_s: i64,
    /// First failure of the incident minus change, seconds (positive: before it); `None` without a
    /// failure, as in incidents of volume.
    pub first_failure_lead_s: Option<i64>,
    /// Why it could explain this incident.
    pub why: String,
    /// Whether it touches a failing principal, repository or endpoint by name.
    pub touches: bool,
    /// Whether its class list covers the failing class.
    pub explains: bool,
}

/// Replay of arrivals through a token bucket at the quota.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaReplay {
    /// API.
    pub api: String,
    /// Quota per second, if known.
    pub limit_per_s: Option<f64>,
    /// Quota code.
    pub code: String,
    /// Applied, default, or unknown.
    pub basis: String,
    /// Busiest second.
    pub peak_per_s: u32,
    /// When.
    pub peak_at: Instant,
    /// Peak divided by the limit.
    pub peak_factor: Option<f64>,
    /// Seconds whose arrivals exceed the limit.
    pub seconds_over: u32,
    /// Throttles the bucket model produces at this quota.
    pub modelled_throttles: u64,
    /// Throttles observed.
    pub observed_throttles: u64,
    /// Share of modelled throttles avoided if the arrivals were spread, with the spread in seconds.
    pub spread: Option<(i64, f64)>,
    /// Top consumers, name and calls.
    pub consumers: Vec<(String, u64)>,
    /// Evidence ID of the quota, or empty.
    pub evidence: String,
}

/// One incident with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// `I1`, `I2`, … by onset.
    pub id: String,
    /// The episodes it was made of.
    pub draft: IncidentDraft,
    /// First impaired instant.
    pub onset: Instant,
    /// Minute with most failures.
    pub peak: Instant,
    /// First healthy instant; `None` while ongoing.
    pub recovery: Option<Instant>,
    /// Calls inside, all affected APIs.
    pub calls: u64,
    /// Failures of the signal's class (for volume: expected calls).
    pub failures: u64,
    /// Failures per call.
    pub failure_ratio: f64,
    /// The same before.
    pub baseline_ratio: f64,
    /// Distinct minutes with failures.
    pub minutes_impaired: u64,
    /// Attempts against operations.
    pub operations: Operations,
    /// Statistics of the strongest member.
    pub significance: Significance,
    /// The answer.
    pub verdict: Verdict,
    /// Best first.
    pub health_matches: Vec<HealthMatch>,
    /// Best first.
    pub changes: Vec<ChangeCandidate>,
    /// Successful changes right before the recovery that may have ended it, latest first.
    pub repairs: Vec<ChangeCandidate>,
    /// By failures.
    pub principals: Vec<Share>,
    /// By failures.
    pub repositories: Vec<Share>,
    /// By failures.
    pub vpc_endpoints: Vec<Share>,
    /// By failures.
    pub sessions: Vec<Share>,
    /// By failures.
    pub user_agents: Vec<Share>,
    /// Error breakdown.
    pub codes: Vec<CodeShare>,
    /// Affected or not.
    pub controls: Vec<ControlGroup>,
    /// One per API with throttles or a known quota.
    pub quota: Vec<QuotaReplay>,
    /// Per-second arrivals, for the chart.
    pub seconds: Vec<SecondSeries>,
    /// Request evidence.
    pub requests: Vec<RequestSample>,
    /// Ledger IDs the numbers rest on.
    pub evidence: Vec<String>,
}

/// The answer of a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// At least one incident.
    Incident,
    /// Nothing unusual and enough evidence to say so.
    Quiet,
    /// Too little evidence to say either.
    Inconclusive,
}

impl Status {
    /// The contract's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Quiet => "quiet",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Calls per step of the pull or push funnel in one place over the window.
#[derive(Debug, Clone, PartialEq)]
pub struct FunnelStep {
    /// Where.
    pub place: Place,
    /// `auth`, `manifest`, `layer`, `push` (order of queries/ecr/api.toml).
    pub step: String,
    /// APIs of the step that were seen.
    pub apis: Vec<String>,
    /// Calls.
    pub calls: u64,
    /// Failures of any class except not_found.
    pub failures: u64,
    /// not_found failures (usually benign).
    pub not_found: u64,
}

/// Everything the judgement says.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// The answer in one word.
    pub status: Status,
    /// Why that word, one sentence with numbers.
    pub status_reason: String,
    /// By onset.
    pub incidents: Vec<Incident>,
    /// By start.
    pub anomalies: Vec<Anomaly>,
    /// Pull and push funnels, by place and step.
    pub funnel: Vec<FunnelStep>,
    /// Health events in scope that match no incident, with the reason.
    pub health_rejected: Vec<HealthRejection>,
    /// Number of Health and status events looked at.
    pub health_searched: u64,
    /// Gaps found while judging, on top of those of the facts.
    pub gaps: Vec<Gap>,
}
