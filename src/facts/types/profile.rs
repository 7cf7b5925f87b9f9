//! The calls of one incident, broken down, as plain values: who, what, where, when, which requests.
//!
//! No judgement and no data frames, like everything in [`super`].

use super::Place;
use crate::case::{Instant, Interval, Minute};
use crate::ecr::Class;
use std::collections::BTreeMap;

/// One value of a breakdown dimension during an incident.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Share {
    /// Principal, repository, endpoint, … Empty means "none recorded".
    pub name: String,
    /// Calls to the incident's APIs in the incident.
    pub calls: u64,
    /// Failures of the incident's class in the incident.
    pub failures: u64,
    /// Calls of the same value and APIs over the baseline.
    pub baseline_calls: u64,
    /// Failures of the class over the baseline.
    pub baseline_failures: u64,
}

/// Calls and failures of one principal by minute.
#[derive(Debug, Clone, PartialEq)]
pub struct PrincipalSeries {
    /// Role or user.
    pub principal: String,
    /// First minute (an hour before onset).
    pub start: Minute,
    /// Calls to the incident's APIs.
    pub calls: Vec<u32>,
    /// Failures of the class.
    pub failures: Vec<u32>,
}

/// One cell of the error breakdown.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeShare {
    /// API.
    pub api: String,
    /// Class.
    pub class: Class,
    /// Raw code.
    pub code: String,
    /// Calls in the incident.
    pub count: u64,
    /// All calls of the API in the incident.
    pub calls: u64,
    /// Calls with this code over the baseline.
    pub baseline_count: u64,
    /// First seen in the incident.
    pub first: Instant,
    /// Last seen in the incident.
    pub last: Instant,
    /// One message, the most frequent (ties: smallest text).
    pub message: String,
}

/// Calls per second of one API around the incident (seconds without calls are absent).
#[derive(Debug, Clone, PartialEq)]
pub struct SecondSeries {
    /// API.
    pub api: String,
    /// Epoch second, arrivals, throttled of these; ascending.
    pub seconds: Vec<(i64, u32, u32)>,
}

/// One request picked as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSample {
    /// Request ID, what Support wants.
    pub request_id: String,
    /// CloudTrail event ID.
    pub event_id: String,
    /// When.
    pub time: Instant,
    /// API.
    pub api: String,
    /// Class.
    pub class: Class,
    /// Raw code; empty for the successful twin.
    pub error_code: String,
    /// Message, capped.
    pub error_message: String,
    /// Principal.
    pub principal: String,
    /// Session.
    pub session: String,
    /// Repository.
    pub repository: String,
    /// Endpoint ID or empty.
    pub vpc_endpoint: String,
    /// IP or service.
    pub source: String,
    /// User agent.
    pub user_agent: String,
    /// `first`, `peak`, `last`, `api:<name>`, `endpoint:<id>`, `twin`.
    pub why_chosen: String,
}

/// Attempts against operations: a caller asking the same again within two minutes is retrying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Operations {
    /// Failed calls.
    pub failed_attempts: u64,
    /// Operations that failed at first and then succeeded.
    pub recovered_by_retry: u64,
    /// Operations that never succeeded in the window.
    pub lost: u64,
}

/// The same APIs and class somewhere else, or another service here, during the incident.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlGroup {
    /// `region`, `account`, `service`, `principal`, `repository`, `endpoint`, `api`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Calls during the incident.
    pub calls: u64,
    /// Failures (of the class; for other services faults) during the incident.
    pub failures: u64,
    /// Calls in the baseline.
    pub baseline_calls: u64,
    /// Failures in the baseline.
    pub baseline_failures: u64,
}

/// What is asked of the calls of one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRequest {
    /// Where.
    pub place: Place,
    /// Which APIs are affected (never empty).
    pub apis: Vec<String>,
    /// The failing class; `None` for volume incidents.
    pub class: Option<Class>,
    /// Onset to recovery (or end of window).
    pub span: Interval,
    /// Minute with most failures.
    pub peak: Minute,
}

/// Denials that name one repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denied {
    /// Who owns it, twelve digits.
    pub account: String,
    /// Where it is.
    pub region: String,
    /// Its name.
    pub repository: String,
    /// Denied calls.
    pub denials: u64,
}

/// The calls of one incident, broken down. Vectors are sorted by failures, then calls, descending,
/// then name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    /// All failing classes, not just the incident's.
    pub codes: Vec<CodeShare>,
    /// By principal.
    pub principals: Vec<Share>,
    /// By repository.
    pub repositories: Vec<Share>,
    /// By VPC endpoint; the empty name is "not through an endpoint".
    pub vpc_endpoints: Vec<Share>,
    /// By session (node, task), at most 50.
    pub sessions: Vec<Share>,
    /// Sessions with failures, all of them.
    pub sessions_failing: u64,
    /// The fewest of them that together hold four fifths of the failures.
    pub sessions_carrying: u64,
    /// By user agent, at most 20.
    pub user_agents: Vec<Share>,
    /// The 20 principals with most failures, then most calls.
    pub principal_series: Vec<PrincipalSeries>,
    /// Per second, from five minutes before onset.
    pub seconds: Vec<SecondSeries>,
    /// Calls inside by principal for each API, most first, ties by name; at most five of each.
    pub consumers: BTreeMap<String, Vec<(String, u64)>>,
    /// Denials by the repository their messages name, whoever owns it; most first, then by name. Records
    /// of denials often name none themselves.
    pub denied: Vec<Denied>,
    /// Stratified sample, 12 to 30 rows, by time.
    pub requests: Vec<RequestSample>,
    /// Retries.
    pub operations: Operations,
    /// Everything that may or may not share the trouble.
    pub controls: Vec<ControlGroup>,
    /// Distinct minutes with at least one failure.
    pub minutes_impaired: u64,
}
