//! Which incident is which: the same one grown, one of a kind that came back, or a new one.
//!
//! The rule, in full. Two sightings are the same incident when account, region and signal are equal,
//! they share an API, and their spans overlap or are at most an hour apart. An incident is a
//! recurrence of an earlier one when account, region and signal are equal, they share an API, and
//! their causes do not contradict each other (two different causes, both determined). Cause, number
//! of calls and the rest of the API set are no part of the identity, because late records and late
//! Health posts change them.

use super::Known;
use crate::case::{Instant, rfc3339};
use crate::state::types::{Identity, Quarter, Sighting};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Sightings this far apart may be the same incident, seconds.
const REACH_S: i64 = 3600;

/// How long an incident is remembered as one that could come back, days.
const MEMORY_DAYS: i64 = 90;

/// A sighting before it is known whose it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fresh {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) signal: String,
    pub(super) sighting: Sighting,
}

/// All that some nights saw of one incident.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct History<'a> {
    pub(super) identity: &'a Identity,
    pub(super) onset: Instant,
    pub(super) until: Instant,
    pub(super) apis: BTreeSet<&'a str>,
    /// Latest sighting.
    pub(super) last: &'a Sighting,
    /// Night of it.
    pub(super) last_night: &'a str,
    /// Counts by quarter, the latest night's word for each.
    pub(super) quarters: BTreeMap<i64, Quarter>,
}

/// The histories of all incidents over the nights admitted, by ID. `known` is ordered by night.
pub(super) fn histories<'a>(
    known: &'a [Known],
    admit: impl Fn(&str) -> bool,
) -> BTreeMap<&'a str, History<'a>> {
    let mut all: BTreeMap<&str, History<'_>> = BTreeMap::new();
    for (identity, night, sighting) in known.iter().filter(|(_, night, _)| admit(night)) {
        let history = all.entry(&identity.id).or_insert_with(|| History {
            identity,
            onset: sighting.onset,
            until: sighting.until,
            apis: BTreeSet::new(),
            last: sighting,
            last_night: night,
            quarters: BTreeMap::new(),
        });
        history.onset = history.onset.min(sighting.onset);
        history.until = history.until.max(sighting.until);
        history
            .apis
            .extend(sighting.apis.iter().map(String::as_str));
        history.last = sighting;
        history.last_night = night;
        for quarter in &sighting.quarters {
            history.quarters.insert(quarter.start_s, *quarter);
        }
    }
    all
}

/// Gives every sighting its identity. Each known incident is claimed by at most one sighting, the
/// nearest first; what is left over is new.
pub(super) fn recognise(
    fresh: Vec<Fresh>,
    known: &[Known],
    night: &str,
) -> Vec<(Identity, Sighting)> {
    let histories = histories(known, |_| true);
    let mut pairs = Vec::new();
    for (index, one) in fresh.iter().enumerate() {
        for history in histories.values() {
            if let Some(gap) = gap(one, history).filter(|gap| *gap <= REACH_S) {
                let shift = (history.onset - one.sighting.onset).num_seconds().abs();
                pairs.push((gap, shift, index, history.identity));
            }
        }
    }
    pairs.sort();
    let mut owner: BTreeMap<usize, &Identity> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (_, _, index, identity) in pairs {
        if !owner.contains_key(&index) && taken.insert(&identity.id) {
            owner.insert(index, identity);
        }
    }
    fresh
        .into_iter()
        .enumerate()
        .map(|(index, one)| match owner.get(&index) {
            Some(identity) => ((*identity).clone(), one.sighting),
            None => {
                let family = kin(&one, &histories);
                let id = name(&one);
                let identity = Identity {
                    family: family.unwrap_or_else(|| id.clone()),
                    id,
                    account: one.account,
                    region: one.region,
                    signal: one.signal,
                    first_night: night.to_owned(),
                };
                (identity, one.sighting)
            }
        })
        .collect()
}

/// Seconds between a sighting and an incident of the same kind, 0 when they overlap.
fn gap(one: &Fresh, history: &History<'_>) -> Option<i64> {
    alike(one, history).then(|| {
        let after = (one.sighting.onset - history.until).num_seconds();
        let before = (history.onset - one.sighting.until).num_seconds();
        after.max(before).max(0)
    })
}

fn alike(one: &Fresh, history: &History<'_>) -> bool {
    let identity = history.identity;
    identity.account == one.account
        && identity.region == one.region
        && identity.signal == one.signal
        && one
            .sighting
            .apis
            .iter()
            .any(|api| history.apis.contains(api.as_str()))
}

/// The family of the latest earlier incident of which this one is a recurrence.
fn kin(one: &Fresh, histories: &BTreeMap<&str, History<'_>>) -> Option<String> {
    let oldest = one.sighting.onset - chrono::Duration::days(MEMORY_DAYS);
    histories
        .values()
        .filter(|history| history.until <= one.sighting.onset && history.until > oldest)
        .filter(|history| alike(one, history))
        .filter(|history| !contradict(&history.last.cause, &one.sighting.cause))
        .max_by_key(|history| (history.until, &history.identity.id))
        .map(|history| history.identity.family.clone())
}

/// Whether two causes are both determined and different.
fn contradict(a: &str, b: &str) -> bool {
    let open = |cause: &str| matches!(cause, "undetermined" | "evidence_gap" | "");
    a != b && !open(a) && !open(b)
}

/// The ID of a new incident: 40 bits of its account, region, signal and first minute.
fn name(one: &Fresh) -> String {
    let mut hash = Sha256::new();
    for part in [
        one.account.as_str(),
        &one.region,
        &one.signal,
        &one.sighting.apis.join("+"),
        &rfc3339(one.sighting.onset),
    ] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digits: String = hash
        .finalize()
        .iter()
        .take(5)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("ECR-{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fresh(from_min: i64, to_min: i64, api: &str, cause: &str) -> Fresh {
        let at = |minute: i64| crate::case::instant(1_772_323_200 + minute * 60);
        Fresh {
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            signal: "throttle".to_owned(),
            sighting: Sighting {
                local_id: "I1".to_owned(),
                apis: vec![api.to_owned()],
                onset: at(from_min),
                until: at(to_min),
                ongoing: false,
                side: "customer".to_owned(),
                cause: cause.to_owned(),
                confidence: "low".to_owned(),
                quarters: Vec::new(),
                health: Vec::new(),
                acknowledged: String::new(),
            },
        }
    }

    fn known(list: Vec<(Identity, Sighting)>, night: &str) -> Vec<Known> {
        list.into_iter()
            .map(|(identity, sighting)| (identity, night.to_owned(), sighting))
            .collect()
    }

    #[test]
    fn what_grows_keeps_its_identity_whatever_becomes_of_its_cause() {
        let first = recognise(vec![fresh(0, 60, "A", "undetermined")], &[], "n1");
        let seen = known(first.clone(), "n1");
        let mut grown = fresh(30, 500, "A", "quota_exhaustion");
        grown.sighting.apis.push("B".to_owned());
        let again = recognise(vec![grown], &seen, "n2");
        assert_eq!(again[0].0, first[0].0);
    }

    #[test]
    fn what_comes_back_is_of_the_family_unless_its_cause_contradicts() {
        let first = recognise(vec![fresh(0, 60, "A", "quota_exhaustion")], &[], "n1");
        let seen = known(first.clone(), "n1");
        let later = |cause| recognise(vec![fresh(3000, 3060, "A", cause)], &seen, "n2");
        let (back, _) = &later("undetermined")[0];
        assert_eq!(back.family, first[0].0.id);
        assert_ne!(back.id, first[0].0.id);
        let (other, _) = &later("aws_service_fault")[0];
        assert_eq!(other.family, other.id);
        let elsewhere = recognise(vec![fresh(3000, 3060, "B", "undetermined")], &seen, "n2");
        assert_eq!(elsewhere[0].0.family, elsewhere[0].0.id);
    }

    proptest! {
        #[test]
        fn the_same_night_again_gives_the_same_identities(
            spans in proptest::collection::vec((0i64..1440, 1i64..200), 1..8),
            turn in 0usize..8,
        ) {
            // Incidents of one night never overlap in one place and signal.
            let mut starts = spans;
            starts.sort_unstable();
            let mut list: Vec<Fresh> = Vec::new();
            let mut free = 0;
            for (from, length) in starts {
                let from = from.max(free);
                list.push(fresh(from, from + length, "A", "undetermined"));
                free = from + length + 1;
            }
            let first = recognise(list.clone(), &[], "n1");
            let ids: BTreeSet<&str> = first.iter().map(|(identity, _)| identity.id.as_str()).collect();
            prop_assert_eq!(ids.len(), list.len(), "every incident has an ID of its own");
            let seen = known(first.clone(), "n1");
            let turn = turn % list.len();
            list.rotate_left(turn);
            let mut again = recognise(list, &seen, "n1");
            again.rotate_right(turn);
            prop_assert_eq!(again, first);
        }
    }
}
