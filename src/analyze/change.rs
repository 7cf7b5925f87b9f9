//! Own changes ranked as possible causes of one incident. A change is a candidate because of what it
//! can do and when it was made; it is never called the cause here.
//!
//! A failed change explains nothing and is listed last.

use super::types::{ChangeCandidate, IncidentDraft, Signal};
use super::verdict::rulebook;
use super::words;
use crate::case::Instant;
use crate::ecr::knowledge;
use crate::facts::types::{Change, Facts, Profile};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Changes up to this long before the onset are looked at: six hours.
const BEFORE_S: i64 = 6 * 3600;
/// Changes up to this long after the onset still count: clocks of two services differ.
const SLACK_S: i64 = 120;
/// A change this long before the recovery can be what ended it: IAM and KMS take minutes to spread.
const REPAIR_S: i64 = 600;
/// At most so many are kept.
const KEPT: usize = 20;

/// Services whose writes name a role or user by its last part.
pub(super) const SHORT_NAMES: [&str; 2] = ["iam.amazonaws.com", "ec2.amazonaws.com"];
/// What stands before the last part of a principal's ARN.
pub(super) const PRINCIPAL_PREFIXES: [&str; 3] = ["role/", "user/", "instance-profile/"];

/// The candidates, best first.
pub(super) fn candidates(
    facts: &Facts,
    draft: &IncidentDraft,
    profile: &Profile,
) -> Vec<ChangeCandidate> {
    let mut found: Vec<ChangeCandidate> = reaching(facts, draft)
        .into_iter()
        .filter_map(|change| candidate(change, draft, profile))
        .collect();
    let rank = |candidate: &ChangeCandidate| {
        (
            !candidate.change.error_code.is_empty(),
            Reverse(candidate.explains && candidate.touches),
            Reverse(candidate.explains),
            Reverse(candidate.touches),
            candidate.lead_s.unsigned_abs(),
        )
    };
    found.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.change.cmp(&b.change)));
    found.truncate(KEPT);
    found
}

/// The changes that can matter in the place of an incident, each once.
fn reaching<'a>(facts: &'a Facts, draft: &IncidentDraft) -> Vec<&'a Change> {
    let mut seen = BTreeSet::new();
    facts
        .trail
        .iter()
        .filter(|trail| trail.place.account == draft.place.account)
        .flat_map(|trail| &trail.changes)
        .filter(|change| {
            change.region == draft.place.region
                || knowledge().global(&change.event_source).is_some()
        })
        // Global services land in every place of the account: one change, one candidate.
        .filter(|change| seen.insert((change.event_id.clone(), change.time, change.api.clone())))
        .collect()
}

/// The first failure of the incident's class, to the second. The onset is the start of its minute.
fn first_failure(draft: &IncidentDraft, profile: &Profile) -> Option<Instant> {
    let class = draft.signal.class()?;
    let of_class = profile.codes.iter().filter(|code| code.class == class);
    of_class.map(|code| code.first).min()
}

/// Successful changes right before the recovery that undo or redo what the candidates changed, or
/// name what failed: possibly what ended the incident. The latest first.
pub(super) fn repairs(
    facts: &Facts,
    draft: &IncidentDraft,
    profile: &Profile,
    candidates: &[ChangeCandidate],
) -> Vec<ChangeCandidate> {
    if draft.ongoing {
        return Vec::new();
    }
    let (onset, recovery) = (draft.span.from, draft.span.to);
    let first = first_failure(draft, profile);
    let causes = || candidates.iter().filter(|known| known.explains);
    let mut found: Vec<ChangeCandidate> = reaching(facts, draft)
        .into_iter()
        .filter(|change| change.error_code.is_empty())
        .filter(|change| change.time > first.unwrap_or(onset) && change.time <= recovery)
        .filter(|change| (recovery - change.time).num_seconds() <= REPAIR_S)
        // What may have begun it did not end it.
        .filter(|change| !causes().any(|known| known.change.event_id == change.event_id))
        .filter_map(|change| {
            let fits = can_explain(change, draft.signal);
            let named = touched(change, profile).filter(|_| fits);
            let same = causes().map(|known| &known.change).find(|known| {
                (!known.resource.is_empty() && known.resource == change.resource)
                    || (known.kind == change.kind && known.principal == change.principal)
            });
            let what = match (same, &named) {
                (Some(known), _) if known.resource == change.resource => {
                    format!("changes the same thing as {} before the onset", known.api)
                }
                (_, Some(name)) => format!("names {name}, which was affected"),
                (Some(known), None) => {
                    format!("of the same kind and by the same caller as {}", known.api)
                }
                (None, None) => return None,
            };
            Some(ChangeCandidate {
                change: change.clone(),
                lead_s: (onset - change.time).num_seconds(),
                first_failure_lead_s: first.map(|first| (first - change.time).num_seconds()),
                why: format!(
                    "{} before the recovery; {what}.",
                    words::precise((recovery - change.time).num_seconds())
                ),
                touches: named.is_some(),
                explains: fits,
            })
        })
        .collect();
    found.sort_by(|a, b| {
        let by_time = b.change.time.cmp(&a.change.time);
        by_time.then_with(|| a.change.cmp(&b.change))
    });
    found.truncate(KEPT);
    found
}

fn candidate(change: &Change, draft: &IncidentDraft, profile: &Profile) -> Option<ChangeCandidate> {
    let signal = draft.signal;
    let lead_s = (draft.span.from - change.time).num_seconds();
    if !(-SLACK_S..=BEFORE_S).contains(&lead_s) {
        return None;
    }
    let worked = change.error_code.is_empty();
    let fits = can_explain(change, signal);
    let named = touched(change, profile);
    if !fits && named.is_none() {
        return None;
    }
    let first_failure_lead_s =
        first_failure(draft, profile).map(|first| (first - change.time).num_seconds());
    let mut parts = vec![words::lead_of(lead_s, first_failure_lead_s)];
    if let Some(name) = &named {
        parts.push(format!("names {name}, which is affected"));
    }
    if !worked {
        parts.push(format!(
            "but it failed ({}), so it changed nothing",
            change.error_code
        ));
    } else if !fits {
        parts.push(format!(
            "not known to cause {}",
            signal.word().replace('_', " ")
        ));
    }
    let mut why = format!("{}.", parts.join("; "));
    if fits && worked {
        why.push(' ');
        why.push_str(&change.why);
    }
    Some(ChangeCandidate {
        change: change.clone(),
        lead_s,
        first_failure_lead_s,
        why,
        touches: named.is_some(),
        explains: fits && worked,
    })
}

/// By the class list of the change table; for volume, by the kinds the verdicts' files name.
fn can_explain(change: &Change, signal: Signal) -> bool {
    let kind_of = |cause: &str| rulebook::of(cause).change_kinds.contains(&change.kind);
    match signal {
        Signal::Failures(class) => change.explains.contains(&class),
        Signal::TrafficDrop => kind_of("network_path") || kind_of("evidence_gap"),
        Signal::TrafficSurge => kind_of("quota_exhaustion"),
    }
}

/// The first affected thing the change names: endpoint, repository (its own record's or
/// its message's), principal, or key of a message.
fn touched(change: &Change, profile: &Profile) -> Option<String> {
    let texts = [change.resource.as_str(), change.detail.as_str()];
    let named =
        |name: &str, prefixes: &[&str]| texts.iter().any(|text| mentions(text, name, prefixes));
    let failing = |shares: &[crate::facts::types::Share]| -> Vec<String> {
        // A volume incident has no failures: then everything in it is affected.
        let any = shares.iter().any(|share| share.failures > 0);
        shares
            .iter()
            .filter(|share| !share.name.is_empty() && (!any || share.failures > 0))
            .map(|share| share.name.clone())
            .collect()
    };
    for endpoint in failing(&profile.vpc_endpoints) {
        if named(&endpoint, &[]) {
            return Some(endpoint);
        }
    }
    for repository in failing(&profile.repositories) {
        if named(&repository, &["repository/"]) {
            return Some(repository);
        }
    }
    // A denial may name its repository in its message alone. One of the same name in another account
    // or region is another repository.
    for denied in &profile.denied {
        if denied.account == change.account
            && denied.region == change.region
            && named(&denied.repository, &["repository/"])
        {
            return Some(denied.repository.clone());
        }
    }
    // Only IAM and its like name a role by its last part alone; elsewhere that word is something else.
    let by_short_name = SHORT_NAMES.contains(&change.event_source.as_str());
    for principal in failing(&profile.principals) {
        let short = principal.rsplit('/').next().unwrap_or(&principal);
        if named(&principal, &[])
            || (by_short_name && principal.contains('/') && named(short, &PRINCIPAL_PREFIXES))
        {
            return Some(principal);
        }
    }
    key_in_messages(change, profile)
}

/// A key's ID (last part of its ARN) found in an error message of the incident.
fn key_in_messages(change: &Change, profile: &Profile) -> Option<String> {
    if change.kind != "kms" {
        return None;
    }
    let key = change.resource.rsplit('/').next().unwrap_or_default();
    // Anything shorter than an alias or key ID would match by accident.
    if key.chars().count() < 8 {
        return None;
    }
    let said = profile
        .codes
        .iter()
        .map(|code| code.message.as_str())
        .chain(profile.requests.iter().map(|r| r.error_message.as_str()))
        .any(|message| mentions(message, key, &["key/", "alias/"]));
    said.then(|| change.resource.clone())
}

/// Whether `text` holds `name` as a whole name: `app` is not in `my-app` nor in `team/app`. A `/`
/// before it is allowed only as the end of one of `prefixes` (`repository/`, `role/`).
pub(super) fn mentions(text: &str, name: &str, prefixes: &[&str]) -> bool {
    if name.is_empty() {
        return false;
    }
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    memchr::memmem::find_iter(text.as_bytes(), name).any(|start| {
        let before = text.get(..start).unwrap_or_default();
        let after = text.get(start + name.len()..).unwrap_or_default();
        let free_before = before.chars().next_back().is_none_or(|c| !part_of_name(c))
            || prefixes.iter().any(|prefix| before.ends_with(prefix));
        // A full stop may end a sentence.
        let rest = after.strip_prefix('.').unwrap_or(after);
        let free_after = rest.chars().next().is_none_or(|c| !part_of_name(c));
        free_before && free_after
    })
}

#[cfg(test)]
mod tests;
