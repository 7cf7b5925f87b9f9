//! Rows as they stand on disk. A change here is a format change: see docs/bundle-format.md.
//!
//! Text is what AWS wrote, untouched except for the length caps in [`caps`]; escaping belongs to
//! the renderers.

use serde::{Deserialize, Serialize};

/// Length caps applied when a row is made, in Unicode scalar values.
pub mod caps {
    /// CloudTrail itself caps `errorMessage` at 1 KB.
    pub const ERROR_MESSAGE: usize = 1024;
    /// CloudTrail itself caps `userAgent` at 1 KB.
    pub const USER_AGENT: usize = 1024;
    /// Names, codes, ARNs and identifiers.
    pub const NAME: usize = 512;
    /// The request parameters kept of a change event.
    pub const CHANGE_DETAIL: usize = 2048;
}

/// One API call as CloudTrail recorded it. Empty string means absent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CallRow {
    /// Completion time of the request, epoch seconds UTC (CloudTrail resolves to seconds).
    pub event_time: i64,
    /// GUID of the record: the dedupe key.
    pub event_id: String,
    /// The service's request ID: what AWS Support wants. Absent on service events.
    pub request_id: String,
    /// The account whose trail received the record.
    pub recipient_account: String,
    /// The account that made the call.
    pub caller_account: String,
    /// Region the call was made to.
    pub region: String,
    /// `ecr.amazonaws.com` and the like.
    pub event_source: String,
    /// `eventName`.
    pub api: String,
    /// Empty on success.
    pub error_code: String,
    /// AWS's message, capped.
    pub error_message: String,
    /// Role or user ARN without the session; else `invokedBy`, account, or principal ID.
    pub principal: String,
    /// Session name of an assumed role (often the instance or task ID).
    pub session: String,
    /// IP address or service name.
    pub source: String,
    /// Client's user agent, capped. Attacker-writable.
    pub user_agent: String,
    /// `vpce-…` when the call came through an endpoint.
    pub vpc_endpoint: String,
    /// Repository name without registry.
    pub repository: String,
    /// Registry (account) that owns the repository.
    pub registry: String,
    /// Same GUID on the copies of one call delivered to several accounts.
    pub shared_event_id: String,
    /// `AwsApiCall`, `AwsServiceEvent`, …
    pub event_type: String,
    /// CloudTrail's own note that the record was late or amended.
    pub addendum_reason: String,
}

/// A write by anyone that could break a registry (the list is `queries/ecr/changes.toml`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangeRow {
    /// Epoch seconds UTC.
    pub event_time: i64,
    /// GUID of the record.
    pub event_id: String,
    /// The service's request ID.
    pub request_id: String,
    /// The account whose trail received the record.
    pub account: String,
    /// Region the change was made in (`us-east-1` for global services).
    pub region: String,
    /// `iam.amazonaws.com` and the like.
    pub event_source: String,
    /// `eventName`.
    pub api: String,
    /// Who, without session.
    pub principal: String,
    /// Session name.
    pub session: String,
    /// What was changed: ARN, name or ID, as far as the record says.
    pub resource: String,
    /// Empty when the change succeeded.
    pub error_code: String,
    /// `requestParameters` as compact JSON, capped.
    pub detail: String,
}

/// Calls and errors of one other service in one minute: the control group.
/// Not deduplicated (the records are counted, not kept).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct ControlRow {
    /// Epoch minutes UTC.
    pub minute: i64,
    /// Recipient account.
    pub account: String,
    /// Region.
    pub region: String,
    /// `eventSource` of the other service.
    pub event_source: String,
    /// Records seen.
    pub calls: u32,
    /// Records with an error code.
    pub errors: u32,
    /// Records whose error code is a server error or a throttle.
    pub faults: u32,
}
