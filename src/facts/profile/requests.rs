//! The request sampler: twenty good request IDs beat twenty thousand.
//!
//! Stratified, deterministic: first, peak, last, two of each API and code, one of each endpoint,
//! an even spread over time up to [`AT_LEAST`], and one successful twin for contrast. Calls pass by
//! in order of time and only candidates are kept, so a long incident needs no more memory.

use super::row::{Model, Row};
use crate::case::{Instant, Minute, instant};
use crate::ecr::Class;
use crate::facts::types::{ProfileRequest, RequestSample};
use std::collections::BTreeMap;

/// Rows a support engineer can look up by hand.
const AT_MOST: usize = 30;
/// Fewer than this only when the incident has fewer.
const AT_LEAST: usize = 12;
/// Failures shown of the minute with most.
const AT_PEAK: usize = 3;
/// Failures shown of each API and code.
const OF_CODE: usize = 2;

/// How unlike the peak failure a successful call is: other repository, other principal, seconds
/// apart; the event ID decides between equals.
type Unlike = (bool, bool, i64, String);

/// Candidates for the sample of one incident.
pub(super) struct Sampler<'a> {
    request: &'a ProfileRequest,
    class: Class,
    /// Failures the incident has in all.
    failures: usize,
    model: Option<Model>,
    /// Failures seen so far.
    seen: usize,
    first: Option<RequestSample>,
    last: Option<RequestSample>,
    peak: Vec<RequestSample>,
    of_codes: Vec<RequestSample>,
    of_endpoints: Vec<RequestSample>,
    /// By the number of the failure.
    spread: BTreeMap<usize, RequestSample>,
    twin: Option<(Unlike, RequestSample)>,
}

impl<'a> Sampler<'a> {
    /// A sampler for an incident with so many failures; `model` is the failure its successful twin
    /// should resemble.
    pub(super) fn new(
        request: &'a ProfileRequest,
        class: Class,
        failures: usize,
        model: Option<Model>,
    ) -> Self {
        Self {
            request,
            class,
            failures,
            model,
            seen: 0,
            first: None,
            last: None,
            peak: Vec::new(),
            of_codes: Vec::new(),
            of_endpoints: Vec::new(),
            spread: BTreeMap::new(),
            twin: None,
        }
    }

    /// Looks at further rows; all rows come by time, then event ID.
    pub(super) fn add<'r>(&mut self, rows: impl Iterator<Item = Row<'r>>) {
        let mut last = None;
        for row in rows.filter(|row| self.request.span.contains(instant(row.time))) {
            if row.class == self.class {
                self.fails(&row);
                last = Some(row);
            }
            if row.class == Class::Success {
                self.succeeds(&row);
            }
        }
        if let Some(row) = last {
            self.last = Some(told(&row, "last"));
        }
    }

    fn fails(&mut self, row: &Row<'_>) {
        if self.first.is_none() {
            self.first = Some(told(row, "first"));
        }
        if Minute::of_second(row.time) == self.request.peak && self.peak.len() < AT_PEAK {
            self.peak.push(told(row, "peak"));
        }
        // More than the sample holds could not be chosen.
        if self.of_codes.len() < AT_MOST {
            let alike =
                |known: &&RequestSample| known.api == row.api && known.error_code == row.error_code;
            if self.of_codes.iter().filter(alike).count() < OF_CODE {
                self.of_codes.push(told(row, &format!("api:{}", row.api)));
            }
        }
        if !row.vpc_endpoint.is_empty()
            && self.of_endpoints.len() < AT_MOST
            && self
                .of_endpoints
                .iter()
                .all(|known| known.vpc_endpoint != row.vpc_endpoint)
        {
            let why = format!("endpoint:{}", row.vpc_endpoint);
            self.of_endpoints.push(told(row, &why));
        }
        if self.steps().any(|number| number == self.seen) {
            self.spread.insert(self.seen, told(row, "spread"));
        }
        self.seen += 1;
    }

    /// The numbers of failures spread evenly over the incident.
    fn steps(&self) -> impl Iterator<Item = usize> + use<> {
        let failures = self.failures;
        (0..AT_LEAST).map(move |step| step.saturating_mul(failures) / AT_LEAST)
    }

    /// A successful call as like the peak failure as there is: same API, then same repository, then
    /// same principal, then nearest in time.
    fn succeeds(&mut self, row: &Row<'_>) {
        let Some(model) = self.model.as_ref().filter(|model| model.api == row.api) else {
            return;
        };
        let unlike = (
            row.repository != model.repository,
            row.principal != model.principal,
            (row.time - model.time).abs(),
        );
        let nearer = self
            .twin
            .as_ref()
            .is_none_or(|((repository, principal, apart, id), _)| {
                (unlike, row.event_id) < ((*repository, *principal, *apart), id.as_str())
            });
        if nearer {
            let (repository, principal, apart) = unlike;
            self.twin = Some((
                (repository, principal, apart, row.event_id.to_owned()),
                told(row, "twin"),
            ));
        }
    }

    /// The sample, by time.
    pub(super) fn sample(mut self) -> Vec<RequestSample> {
        let mut picked = Picked::new();
        let strata = [
            self.first.take().into_iter().collect(),
            self.last.take().into_iter().collect(),
            std::mem::take(&mut self.peak),
            std::mem::take(&mut self.of_codes),
            std::mem::take(&mut self.of_endpoints),
        ];
        for call in strata.into_iter().flatten() {
            choose(call, &mut picked);
        }
        let wanted = AT_LEAST.min(self.seen);
        for number in self.steps() {
            if picked.len() >= wanted {
                break;
            }
            if let Some(call) = self.spread.get(&number) {
                choose(call.clone(), &mut picked);
            }
        }
        if let Some((_, twin)) = self.twin {
            picked.insert((twin.time, twin.event_id.clone()), twin);
        }
        picked.into_values().collect()
    }
}

/// By time and event ID; the first reason a call was chosen for stands.
type Picked = BTreeMap<(Instant, String), RequestSample>;

fn choose(call: RequestSample, picked: &mut Picked) {
    // One place is kept for the twin.
    if picked.len() + 1 < AT_MOST {
        picked
            .entry((call.time, call.event_id.clone()))
            .or_insert(call);
    }
}

fn told(row: &Row<'_>, why_chosen: &str) -> RequestSample {
    RequestSample {
        request_id: row.request_id.to_owned(),
        event_id: row.event_id.to_owned(),
        time: instant(row.time),
        api: row.api.to_owned(),
        class: row.class,
        error_code: row.error_code.to_owned(),
        error_message: row.error_message.to_owned(),
        principal: row.principal.to_owned(),
        session: row.session.to_owned(),
        repository: row.repository.to_owned(),
        vpc_endpoint: row.vpc_endpoint.to_owned(),
        source: row.source.to_owned(),
        user_agent: row.user_agent.to_owned(),
        why_chosen: why_chosen.to_owned(),
    }
}
