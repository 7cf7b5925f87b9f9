//! What every section reads: facts, findings and the questions asked of them again and again.
//!
//! Look-ups only; no wording and no judgement.

use super::words;
use crate::analyze::types::{Findings, Incident, Status};
use crate::bundle::manifest::{Noun, SourceEntry};
use crate::case::{Interval, Minute};
use crate::ecr::Class;
use crate::facts::types::{CallSeries, Facts, Notice, Place};
use crate::report::Meta;
use std::collections::BTreeSet;

/// Incidents told in full; more than this and the rest stands in the summary table and in
/// report.json only (which the summary says).
pub(super) const IN_FULL: usize = 5;

/// Everything a section may look at.
#[derive(Clone, Copy)]
pub(super) struct Story<'a> {
    pub(super) facts: &'a Facts,
    pub(super) findings: &'a Findings,
    pub(super) meta: &'a Meta,
}

impl<'a> Story<'a> {
    pub(super) fn status(&self) -> Status {
        self.findings.status
    }

    /// The incidents told in full, by onset: all of them, or the weightiest.
    pub(super) fn in_full(&self) -> Vec<&'a Incident> {
        let mut all: Vec<&Incident> = self.findings.incidents.iter().collect();
        if all.len() > IN_FULL {
            all.sort_by_key(|incident| std::cmp::Reverse(weight(incident)));
            all.truncate(IN_FULL);
            all.sort_by_key(|incident| {
                self.findings
                    .incidents
                    .iter()
                    .position(|other| other.id == incident.id)
            });
        }
        all
    }

    /// Failures and calls of these APIs over the baseline; no calls means there is nothing to
    /// compare with, which is not a baseline of zero.
    pub(super) fn before(&self, place: &Place, apis: &[String], class: Class) -> (u64, u64) {
        let baseline = self.facts.case.baseline;
        let (from, to) = (Minute::of(baseline.from), Minute::of(baseline.to));
        self.facts
            .trail
            .iter()
            .filter(|trail| trail.place == *place)
            .flat_map(|trail| &trail.series)
            .filter(|series| apis.contains(&series.api))
            .map(|series| series.sum(class, from, to))
            .fold((0, 0), |(failures, calls), (all, hit)| {
                (failures + hit, calls + all)
            })
    }

    /// Whether any call of these APIs came in the baseline; without one nothing may be called a baseline.
    pub(super) fn has_before(&self, place: &Place, apis: &[String]) -> bool {
        self.before(place, apis, Class::Success).1 > 0
    }

    /// Ledger IDs of a source.
    pub(super) fn cites(&self, noun: Noun) -> Vec<&'a str> {
        self.ledger(|evidence| evidence.noun == noun.word())
    }

    /// Ledger IDs of the calls, the changes or the control group, by the word in their query.
    pub(super) fn cites_trail(&self, word: &str) -> Vec<&'a str> {
        self.ledger(|evidence| evidence.noun == Noun::Trail.word() && evidence.query.contains(word))
    }

    fn ledger(&self, wanted: impl Fn(&crate::facts::types::Evidence) -> bool) -> Vec<&'a str> {
        self.facts
            .evidence
            .iter()
            .filter(|evidence| wanted(evidence))
            .map(|evidence| evidence.id.as_str())
            .collect()
    }

    /// Ledger IDs an incident's figures rest on: the calls, else its own list.
    pub(super) fn cites_of(&self, incident: &'a Incident) -> Vec<&'a str> {
        let calls = self.cites_trail("calls");
        if calls.is_empty() {
            incident.evidence.iter().map(String::as_str).collect()
        } else {
            calls
        }
    }

    /// The series of one API in one place (both registries may have the API: the busier one).
    pub(super) fn series(&self, place: &Place, api: &str) -> Option<&'a CallSeries> {
        self.facts
            .trail
            .iter()
            .filter(|trail| trail.place == *place)
            .flat_map(|trail| &trail.series)
            .filter(|series| series.api == api)
            .max_by_key(|series| {
                series
                    .calls()
                    .iter()
                    .map(|count| u64::from(*count))
                    .sum::<u64>()
            })
    }

    /// The span in which the trail of a place shows any record at all.
    pub(super) fn observed(&self, place: &Place) -> Option<Interval> {
        self.facts
            .trail
            .iter()
            .find(|trail| trail.place == *place)
            .and_then(|trail| trail.observed)
    }

    /// Trail calls against CallCount of a place (`None`: all places), over the given APIs (empty: all).
    pub(super) fn coverage(&self, place: Option<&Place>, apis: &[String]) -> Option<(u64, f64)> {
        let mut known = false;
        let mut trail: u64 = 0;
        let mut counted = 0.0;
        for row in &self.facts.coverage {
            let here = place.is_none_or(|place| row.place == *place);
            if here && (apis.is_empty() || apis.contains(&row.api)) {
                known = true;
                trail = trail.saturating_add(row.trail_calls);
                counted += row.call_count;
            }
        }
        (known && counted > 0.0).then_some((trail, counted))
    }

    /// The entry of a source, if the bundle has one.
    pub(super) fn source(&self, noun: Noun) -> Option<&'a SourceEntry> {
        self.facts.sources.iter().find(|entry| entry.noun == noun)
    }

    /// A Health event by its ARN.
    pub(super) fn notice(&self, arn: &str) -> Option<&'a Notice> {
        self.facts.notices.iter().find(|notice| notice.arn == arn)
    }

    /// Calls and failures of any class but `not_found` in the window, all places.
    pub(super) fn window_totals(&self) -> (u64, u64) {
        let (from, to) = minutes(&self.facts.case.window);
        let mut calls: u64 = 0;
        let mut failures: u64 = 0;
        for series in self.facts.trail.iter().flat_map(|trail| &trail.series) {
            let (total, success) = series.sum(Class::Success, from, to);
            let (_, not_found) = series.sum(Class::NotFound, from, to);
            calls = calls.saturating_add(total);
            failures =
                failures.saturating_add(total.saturating_sub(success).saturating_sub(not_found));
        }
        (calls, failures)
    }

    /// Regions in the evidence, sorted; `?` left out.
    pub(super) fn regions(&self) -> Vec<String> {
        self.places(|place| &place.region, &self.facts.case.scope.regions)
    }

    /// Accounts in the evidence, sorted; `?` left out.
    pub(super) fn accounts(&self) -> Vec<String> {
        self.places(|place| &place.account, &self.facts.case.scope.accounts)
    }

    /// Values of the evidence; what was asked for when there is no evidence.
    fn places(&self, part: impl Fn(&Place) -> &String, asked: &[String]) -> Vec<String> {
        let seen: BTreeSet<String> = self
            .facts
            .trail
            .iter()
            .map(|trail| part(&trail.place).clone())
            .filter(|name| name != "?")
            .collect();
        if seen.is_empty() {
            asked
                .iter()
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect()
        } else {
            seen.into_iter().collect()
        }
    }

    /// Whole days of the baseline.
    pub(super) fn baseline_days(&self) -> i64 {
        self.facts.case.baseline.seconds() / 86_400
    }

    /// Days of the baseline that hold calls, of a place or of the place with most; never more than
    /// the baseline has.
    pub(super) fn days_with_calls(&self, place: Option<&Place>) -> i64 {
        let held = self
            .facts
            .trail
            .iter()
            .filter(|trail| place.is_none_or(|place| trail.place == *place))
            .map(|trail| i64::from(trail.days_with_calls))
            .max();
        held.unwrap_or(0).min(self.baseline_days())
    }

    /// `4 days`; `the 3 of 7 baseline days that hold calls` where some hold none. Days without calls
    /// compare with nothing.
    pub(super) fn baseline_words(&self, place: Option<&Place>) -> String {
        let (held, asked) = (self.days_with_calls(place), self.baseline_days());
        match held {
            held if held == asked => words::days(asked),
            0 => format!("a baseline of {} without any call", words::days(asked)),
            held => format!(
                "the {held} of {asked} baseline days that {} calls",
                if held == 1 { "holds" } else { "hold" }
            ),
        }
    }

    /// Calls per minute over the baseline days that hold calls; `None` without such a day.
    pub(super) fn baseline_rate(&self, place: &Place, calls: u64) -> Option<f64> {
        let days = self.days_with_calls(Some(place));
        (days > 0).then(|| calls as f64 / (days as f64 * 1440.0))
    }
}

/// First minute of a span and first minute after it.
pub(super) fn minutes(span: &Interval) -> (Minute, Minute) {
    (
        Minute::of(span.from),
        Minute::of(crate::case::ceil_minute(span.to)),
    )
}

/// Which incidents matter most: server errors, throttles, refusals, then the rest; then failures.
pub(super) fn weight(incident: &Incident) -> (u8, u64) {
    let class = match incident.draft.signal.class() {
        Some(Class::ServerError) => 4,
        Some(Class::Throttle) => 3,
        Some(Class::Denied | Class::Dependency | Class::ResourceQuota) => 2,
        Some(_) => 1,
        None => 0,
    };
    (class, incident.failures)
}
