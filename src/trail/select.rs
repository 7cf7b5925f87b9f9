//! What a record is to the case: a call, a change, one of the control group, or nothing of ours.
//!
//! Every record that comes in is counted here exactly once. Order of the questions: is it a call
//! at all, can it be placed in time, was it asked about, does it lie in the case, what is it.

use super::change::change;
use super::dedupe::Kept;
use super::gather::{Gather, Skip};
use super::identity::who;
use super::record::{Addendum, Identity, Record, Resource, Target, unwrapped, view};
use super::time::epoch_seconds;
use crate::bundle::rows::{CallRow, caps};
use crate::case::{Case, instant};
use crate::ecr::{Class, knowledge};

/// Services whose writes are recorded in one region and act in all of them.
const REGIONLESS: [&str; 2] = ["iam.amazonaws.com", ORGANIZATIONS];

/// Its policies are written in the management account and act in every member.
const ORGANIZATIONS: &str = "organizations.amazonaws.com";

/// An ECR change that AWS makes on the account's behalf and marks as read-only.
const EXPIRY: &str = "PolicyExecutionEvent";

/// Counts the record and keeps what the case needs of it. The answer is why it was skipped, for
/// the caller's notes; control group and window are not worth one.
pub(super) fn select(record: &Record<'_>, case: &Case, gather: &mut Gather) -> Option<Skip> {
    let identity: Identity<'_>;
    let account = if record.recipient.is_empty() {
        identity = view(record.identity);
        &*identity.account
    } else {
        &*record.recipient
    };
    let account = head(account, caps::NAME);
    let region = head(&record.region, caps::NAME);
    let mut skip = |why| {
        gather.skip(account, region, why, 1);
        Some(why)
    };
    if is_insight(record) {
        return skip(Skip::Insight);
    }
    if !is_known_version(&record.event_version) {
        return skip(Skip::UnknownVersion);
    }
    let Some(second) = epoch_seconds(&record.event_time) else {
        return skip(Skip::BadTime);
    };
    let source = &*record.event_source;
    let is_change = is_change(record);
    if !is_asked(case, account, region, source, is_change) {
        return skip(Skip::OutOfScope);
    }
    if !case.whole().contains(instant(second)) {
        gather.out_of_window(account, region);
        return None;
    }
    let is_call = case.scope.event_sources.iter().any(|asked| asked == source);
    if is_call || is_change {
        gather.keep(kept(record, second, account, is_call, is_change));
    } else {
        let class = knowledge().classify(&record.error_code);
        let is_fault = matches!(class, Class::ServerError | Class::Throttle);
        gather.control(
            second.div_euclid(60),
            account,
            region,
            head(source, caps::NAME),
            (class != Class::Success, is_fault),
        );
    }
    None
}

fn is_insight(record: &Record<'_>) -> bool {
    &*record.event_category == "Insight" || &*record.event_type == "AwsCloudTrailInsight"
}

/// Versions are two numbers, not a decimal: 1.11 is newer than 1.9, and all of 1 can be read.
/// Records without a version occur in hand-made exports and have the shape of version 1.
fn is_known_version(version: &str) -> bool {
    let major = version.split('.').next().unwrap_or_default();
    version.is_empty() || major.parse() == Ok(1u32)
}

fn is_change(record: &Record<'_>) -> bool {
    let known = knowledge();
    (&*record.read_only != "true" || &*record.event_name == EXPIRY)
        && known.has_changes_of(&record.event_source)
        && known
            .change(&record.event_source, &record.event_name)
            .is_some()
}

fn is_asked(case: &Case, account: &str, region: &str, source: &str, is_change: bool) -> bool {
    if case.scope.admits(account, region) {
        return true;
    }
    // A role's policy changed in us-east-1 breaks pulls in every region.
    let any_region = |account: &str| {
        case.scope.accounts.is_empty() || case.scope.accounts.iter().any(|asked| asked == account)
    };
    is_change && REGIONLESS.contains(&source) && (source == ORGANIZATIONS || any_region(account))
}

fn kept(record: &Record<'_>, second: i64, account: &str, is_call: bool, is_change: bool) -> Kept {
    let identity: Identity<'_> = view(record.identity);
    let addendum: Addendum<'_> = view(record.addendum);
    let (principal, session) = who(&identity);
    let caller = if identity.account.is_empty() {
        account
    } else {
        &*identity.account
    };
    let (repository, registry) = target(record, caller);
    let name = |text: &str| capped(text, caps::NAME);
    let call = CallRow {
        event_time: second,
        event_id: name(&record.event_id),
        request_id: name(&record.request_id),
        recipient_account: account.to_owned(),
        caller_account: name(caller),
        region: name(&record.region),
        event_source: name(&record.event_source),
        api: name(&record.event_name),
        error_code: name(&record.error_code),
        error_message: capped(&record.error_message, caps::ERROR_MESSAGE),
        principal: name(&principal),
        session: name(session),
        source: name(&record.source_address),
        user_agent: capped(&record.user_agent, caps::USER_AGENT),
        // CloudTrail also writes service names here, which are no endpoint.
        vpc_endpoint: if record.vpc_endpoint.starts_with("vpce-") {
            name(&record.vpc_endpoint)
        } else {
            String::new()
        },
        repository: name(&repository),
        registry: name(&registry),
        shared_event_id: name(&record.shared_event_id),
        event_type: name(&record.event_type),
        addendum_reason: name(&addendum.reason),
    };
    let change = is_change.then(|| Box::new(change(record, &call)));
    Kept {
        call,
        is_call,
        change,
        original_event: name(&addendum.original_event),
        original_request: name(&addendum.original_request),
    }
}

/// Repository and registry: from the parameters, else from the resource, else from the details of
/// a service event. A registry that is not named is the caller's own (ECR API reference).
fn target(record: &Record<'_>, caller: &str) -> (String, String) {
    let parameters = unwrapped(record.parameters);
    let asked: Target<'_> = serde_json::from_str(&parameters).unwrap_or_default();
    let resources: Vec<Resource<'_>> = view(record.resources);
    let arn_of = |resource: &Resource<'_>| {
        [&*resource.arn, &*resource.arn_lower]
            .iter()
            .find_map(|arn| Some(arn.split_once(":repository/")?.1.to_owned()))
    };
    let mut repository = asked.repository.to_string();
    if repository.is_empty() {
        repository = resources.iter().find_map(arn_of).unwrap_or_default();
    }
    if repository.is_empty() {
        let details: Target<'_> = view(record.service_details);
        repository = details.repository.to_string();
    }
    let registry = Some(&*asked.registry)
        .into_iter()
        .chain(resources.iter().map(|resource| &*resource.account))
        .find(|registry| !registry.is_empty())
        .unwrap_or(caller);
    (repository, registry.to_owned())
}

/// The first `cap` characters.
pub(super) fn capped(text: &str, cap: usize) -> String {
    head(text, cap).to_owned()
}

fn head(text: &str, cap: usize) -> &str {
    if text.len() <= cap {
        return text;
    }
    match text.char_indices().nth(cap) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_parts() {
        for known in ["1.04", "1.9", "1.11", "1", "1.99", ""] {
            assert!(is_known_version(known), "{known}");
        }
        for unknown in ["2.0", "11.1", "0.9", "x", "-1", "10"] {
            assert!(!is_known_version(unknown), "{unknown}");
        }
    }

    #[test]
    fn caps_count_characters() {
        assert_eq!(capped("éé", 1), "é");
        assert_eq!(capped("éé", 2), "éé");
        assert_eq!(capped("abc", 0), "");
    }
}
