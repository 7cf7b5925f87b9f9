//! What has been counted for one request so far.

use super::codes::Codes;
use super::controls::Groups;
use super::denied;
use super::kind::{Kind, Period};
use super::row::Model;
use super::shares::Shares;
use crate::ecr::Class;
use crate::facts::frames::Only;
use crate::facts::types::{Denied, Place, ProfileRequest};
use std::collections::{BTreeMap, BTreeSet};

/// Callers named of each API.
const CONSUMERS: usize = 5;

/// The columns an incident is broken down by.
pub(super) const DIMENSIONS: [&str; 5] = [
    "principal",
    "repository",
    "vpc_endpoint",
    "session",
    "user_agent",
];

/// One request and its sums.
pub(super) struct Draft<'a> {
    pub(super) request: &'a ProfileRequest,
    /// By dimension, in the order of [`DIMENSIONS`].
    pub(super) shares: [Shares; 5],
    pub(super) codes: Codes,
    pub(super) groups: Groups,
    /// Calls by API and principal.
    consumers: BTreeMap<String, BTreeMap<String, u64>>,
    /// Denials by the account, region and name of the repository their messages name.
    denied: BTreeMap<[String; 3], u64>,
    /// Minutes with a failure.
    pub(super) impaired: BTreeSet<i64>,
    /// The first failure.
    pub(super) first: Option<Model>,
    /// The first failure in the minute with most.
    pub(super) peak: Option<Model>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(request: &'a ProfileRequest) -> Self {
        Self {
            request,
            shares: std::array::from_fn(|_| Shares::default()),
            codes: Codes::default(),
            groups: Groups::default(),
            consumers: BTreeMap::new(),
            denied: BTreeMap::new(),
            impaired: BTreeSet::new(),
            first: None,
            peak: None,
        }
    }

    /// Whether calls of this kind are the incident's own.
    pub(super) fn affects(&self, kind: Kind<'_>) -> bool {
        let place = &self.request.place;
        recorded(&place.account) == kind.account
            && recorded(&place.region) == kind.region
            && self.request.apis.iter().any(|api| api == kind.api)
    }

    /// Whether calls of this kind are failures as the request means them.
    pub(super) fn fails(&self, kind: Kind<'_>) -> bool {
        self.request.class == Some(kind.class)
    }

    /// Counts the calls of one kind.
    pub(super) fn add(&mut self, kind: Kind<'_>, period: Period, calls: u64) {
        let failures = if self.fails(kind) { calls } else { 0 };
        let here = recorded(&self.request.place.account) == kind.account
            && recorded(&self.request.place.region) == kind.region;
        self.groups
            .add(self.request, kind, here, period, [calls, failures]);
        if self.affects(kind) {
            self.codes.add(kind, period, calls);
        }
    }

    /// Counts the incident's own calls of one kind and one value of a dimension.
    pub(super) fn share(
        &mut self,
        dimension: usize,
        kind: Kind<'_>,
        name: &str,
        period: Period,
        calls: u64,
    ) {
        let failures = if self.fails(kind) { calls } else { 0 };
        if let Some(shares) = self.shares.get_mut(dimension) {
            shares.add(name, period, [calls, failures], self.request.class);
        }
        if dimension == 0 && period == Period::Incident {
            let of_api = match self.consumers.get_mut(kind.api) {
                Some(of_api) => of_api,
                None => self.consumers.entry(kind.api.to_owned()).or_default(),
            };
            match of_api.get_mut(name) {
                Some(sum) => *sum += calls,
                None => {
                    of_api.insert(name.to_owned(), calls);
                }
            }
        }
    }

    /// Counts denials of one message by what it names.
    pub(super) fn deny(&mut self, kind: Kind<'_>, message: &str, calls: u64) {
        if kind.class != Class::Denied || !self.fails(kind) {
            return;
        }
        if let Some(named) = denied::repository(message) {
            *self.denied.entry(named.map(str::to_owned)).or_default() += calls;
        }
    }

    /// Most denials first, ties by name.
    pub(super) fn denied(&mut self) -> Vec<Denied> {
        let mut list: Vec<Denied> = std::mem::take(&mut self.denied)
            .into_iter()
            .map(|([account, region, repository], denials)| Denied {
                account,
                region,
                repository,
                denials,
            })
            .collect();
        // Stable: what comes from a sorted map stays by name.
        list.sort_by_key(|denied| std::cmp::Reverse(denied.denials));
        list
    }

    /// Most calls first, ties by name.
    pub(super) fn consumers(&mut self) -> BTreeMap<String, Vec<(String, u64)>> {
        std::mem::take(&mut self.consumers)
            .into_iter()
            .map(|(api, callers)| {
                let mut list: Vec<(String, u64)> = callers.into_iter().collect();
                list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                list.truncate(CONSUMERS);
                (api, list)
            })
            .collect()
    }
}

/// What the incident's own calls have in common.
pub(super) fn own(request: &ProfileRequest) -> Vec<Only> {
    let Place { account, region } = &request.place;
    let one = |text: &str| [recorded(text).to_owned()];
    vec![
        Only::any_of("recipient_account", &one(account)),
        Only::any_of("region", &one(region)),
        Only::any_of("api", &request.apis),
    ]
}

/// A part of a place as the rows have it.
fn recorded(text: &str) -> &str {
    if text == "?" { "" } else { text }
}
