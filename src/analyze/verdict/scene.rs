//! Everything a hypothesis may look at, measured once: counts, spread, volume, links and what was
//! read at all. Measures only; weighing belongs to the hypotheses.

use super::breadth::{Breadth, Unit};
use super::volume::Volume;
use crate::analyze::cite;
use crate::analyze::health::{self, Link};
use crate::analyze::status;
use crate::analyze::types::{ChangeCandidate, IncidentDraft, QuotaReplay, Signal};
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;
use crate::facts::types::{CodeShare, Facts, Profile};

/// A quota counts as far away when the busiest second stayed below this share of it.
pub(super) const FAR_BELOW: f64 = 0.5;
/// Share of the throttles that stands for all of them: what a quota cannot explain for most of them is
/// not explained by a quota.
pub(super) const MOST_THROTTLES: f64 = 0.6;
/// Failures below this are thin data, whatever the ratio.
const THIN: u64 = 5;

/// What others found out about the incident.
#[derive(Debug, Clone, Copy)]
pub(in crate::analyze) struct Leads<'a> {
    /// Health links, best first.
    pub health: &'a [Link],
    /// Own changes, best first.
    pub changes: &'a [ChangeCandidate],
    /// Quota replays, one per API.
    pub replays: &'a [QuotaReplay],
    /// Sentences on faults this may be the echo of.
    pub echo_of: &'a [String],
}

/// The head numbers of an incident.
///
/// For failures: calls and failures of the affected APIs inside the span, their ratio, and the
/// ratio before. For volume: calls inside, expected calls, calls per minute, and the usual calls
/// per minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::analyze) struct Numbers {
    /// Calls inside.
    pub calls: u64,
    /// Failures inside, or expected calls.
    pub failures: u64,
    /// Failures per call, or calls per minute.
    pub ratio: f64,
    /// The same before, as detection believes it.
    pub baseline_ratio: f64,
    /// Calls of the incident's APIs over the baseline; zero means there is nothing to compare with.
    pub baseline_calls: u64,
    /// Failures of the class among them.
    pub baseline_failures: u64,
}

/// One incident, measured.
#[derive(Debug)]
pub(in crate::analyze) struct Scene<'a> {
    pub(super) facts: &'a Facts,
    pub(super) draft: &'a IncidentDraft,
    pub(super) profile: &'a Profile,
    pub(super) numbers: Numbers,
    pub(super) leads: Leads<'a>,
    pub(super) principals: Breadth,
    pub(super) repositories: Breadth,
    pub(super) apis: Breadth,
    pub(super) volume: Volume,
}

impl<'a> Scene<'a> {
    /// Measures an incident.
    pub(in crate::analyze) fn new(
        facts: &'a Facts,
        draft: &'a IncidentDraft,
        profile: &'a Profile,
        numbers: Numbers,
        leads: Leads<'a>,
    ) -> Self {
        let usual = match draft.signal {
            Signal::Failures(_) => numbers.baseline_ratio,
            Signal::TrafficSurge | Signal::TrafficDrop => 0.0,
        };
        Self {
            principals: Breadth::of(profile.principals.iter().map(Unit::from), usual),
            repositories: Breadth::of(
                profile
                    .repositories
                    .iter()
                    .filter(|share| !share.name.is_empty())
                    .map(Unit::from),
                usual,
            ),
            apis: Breadth::of(api_units(facts, draft), usual),
            volume: Volume::of(facts, draft, profile),
            facts,
            draft,
            profile,
            numbers,
            leads,
        }
    }

    /// Ledger lines of a source, for a reason.
    pub(super) fn cite(&self, noun: Noun) -> Vec<String> {
        cite::of(self.facts, noun)
    }

    /// All ledger lines the incident rests on: the trail, and what its links cite.
    pub(in crate::analyze) fn evidence(&self) -> Vec<String> {
        let mut ids = self.cite(Noun::Trail);
        let linked = self.leads.health.iter().map(|link| &link.matched.evidence);
        let replayed = self.leads.replays.iter().map(|replay| &replay.evidence);
        for id in linked.chain(replayed) {
            if !id.is_empty() && !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        ids
    }

    /// The failing class, if the signal is one.
    pub(super) fn class(&self) -> Option<Class> {
        self.draft.signal.class()
    }

    /// The signal as the end of a sentence: `these are server errors`, `this is a drop in calls`.
    pub(super) fn signal_words(&self) -> &'static str {
        match self.draft.signal {
            Signal::TrafficSurge => "this is a rise in calls",
            Signal::TrafficDrop => "this is a drop in calls",
            Signal::Failures(class) => match class {
                Class::ServerError => "these are server errors",
                Class::Throttle => "these are throttles",
                Class::Denied => "these are denials",
                Class::NotFound => "these are not-found answers",
                Class::Dependency => "these are errors of a dependency",
                Class::ResourceQuota => "these are refusals by a resource quota",
                Class::ClientError => "these are client errors",
                Class::Unclassified | Class::Success => "these are errors of no known class",
            },
        }
    }

    /// Calls of one API in the place during the incident.
    pub(super) fn calls_of(&self, api: &str) -> u64 {
        let (from, to) = crate::analyze::funnel::minutes(self.draft.span);
        self.facts
            .trail
            .iter()
            .filter(|trail| trail.place == self.draft.place)
            .flat_map(|trail| &trail.series)
            .filter(|series| series.api == api)
            .map(|series| series.sum(Class::Success, from, to).0)
            .fold(0, u64::saturating_add)
    }

    /// Failing codes of the incident's class.
    pub(super) fn codes(&self) -> impl Iterator<Item = &CodeShare> {
        let class = self.class();
        self.profile
            .codes
            .iter()
            .filter(move |code| Some(code.class) == class)
    }

    /// How many failures of the class carry a code that fits, of how many, and those codes.
    pub(super) fn codes_like(&self, fits: impl Fn(&CodeShare) -> bool) -> (u64, u64, String) {
        let whole = self
            .codes()
            .map(|code| code.count)
            .fold(0, u64::saturating_add);
        let mut names: Vec<&str> = Vec::new();
        let mut part = 0u64;
        for code in self.codes().filter(|code| fits(code)) {
            part = part.saturating_add(code.count);
            if !names.contains(&code.code.as_str()) {
                names.push(&code.code);
            }
        }
        (part, whole, words::list(names, 4))
    }

    /// Calls with codes no table knows, when they outnumber the failures of the class.
    pub(super) fn unclassified(&self) -> Option<(u64, String)> {
        let unknown: Vec<&CodeShare> = self
            .profile
            .codes
            .iter()
            .filter(|code| code.class == Class::Unclassified)
            .collect();
        let count = unknown
            .iter()
            .map(|code| code.count)
            .fold(0, u64::saturating_add);
        let own = self.class() == Some(Class::Unclassified);
        let is_failure = self.class().is_some();
        let dominates = count > 0 && is_failure && (own || count > self.numbers.failures);
        dominates.then(|| {
            let names = unknown.iter().map(|code| code.code.as_str());
            (count, words::list(names, 5))
        })
    }

    /// Health events strong enough to be a leg.
    pub(super) fn strong_health(&self) -> Option<&'a Link> {
        self.leads.health.iter().find(|link| link.is_strong())
    }

    /// What a source-word, leg or gap asks for: whether it is there.
    pub(super) fn knows(&self, what: &str) -> bool {
        match what {
            "health" => health::was_read(self.facts),
            "quotas" => self.limits_known(),
            "metrics" => {
                status::was_read(self.facts, Noun::Metrics)
                    && status::coverage(self.facts)
                        .is_none_or(|(share, _)| share >= status::GOOD_COVERAGE)
            }
            "changes" => self.changes_known(),
            _ => false,
        }
    }

    /// Replays of APIs that were throttled.
    pub(super) fn throttled(&self) -> impl Iterator<Item = &'a QuotaReplay> {
        self.leads
            .replays
            .iter()
            .filter(|replay| replay.observed_throttles > 0)
    }

    /// Whether the quotas are known of the APIs that hold most throttles: some have none that
    /// Service Quotas lists.
    pub(super) fn limits_known(&self) -> bool {
        let (mut all, mut known) = (0u64, 0u64);
        for replay in self.throttled() {
            all = all.saturating_add(replay.observed_throttles);
            if replay.limit_per_s.is_some() {
                known = known.saturating_add(replay.observed_throttles);
            }
        }
        if all == 0 {
            return self.leads.replays.iter().any(|r| r.limit_per_s.is_some());
        }
        known as f64 >= MOST_THROTTLES * all as f64
    }

    /// The busiest second as a share of its quota, over the whole load CloudWatch counted, when that is
    /// far below: then our own calls cannot be what was too much, however they rose. `None` too while
    /// the limits of the APIs with most of the calls, or the count, are not known.
    pub(super) fn small_load(&self) -> Option<f64> {
        let (share, _) = status::coverage(self.facts)?;
        let (mut all, mut known, mut worst) = (0u64, 0u64, None::<f64>);
        for series in &self.profile.seconds {
            let calls = self.calls_of(&series.api);
            all = all.saturating_add(calls);
            let replay = self.leads.replays.iter().find(|r| r.api == series.api);
            if let Some(factor) = replay.and_then(|replay| replay.peak_factor) {
                known = known.saturating_add(calls);
                worst = Some(worst.map_or(factor, |worst| worst.max(factor)));
            }
        }
        let whole = worst? / share.clamp(0.01, 1.0);
        (known as f64 >= MOST_THROTTLES * all as f64 && whole < FAR_BELOW).then_some(whole)
    }

    /// Whether the trail holds own changes at all, so that the absence of one means something.
    pub(super) fn changes_known(&self) -> bool {
        self.facts
            .trail
            .iter()
            .any(|trail| !trail.changes.is_empty())
    }

    /// Whether it records writes of the registry: the weaker sign that own changes would be seen.
    pub(super) fn writes_known(&self) -> bool {
        const WRITES: [&str; 8] = [
            "Put",
            "Create",
            "Delete",
            "Update",
            "Upload",
            "Initiate",
            "Complete",
            "BatchDelete",
        ];
        self.facts.trail.iter().any(|trail| {
            !trail.changes.is_empty()
                || trail.series.iter().any(|series| {
                    WRITES.iter().any(|verb| series.api.starts_with(verb))
                        && series.calls().iter().any(|count| *count > 0)
                })
        })
    }

    /// Whether there is enough past to compare with, or the effect needs none.
    pub(super) fn calibrated(&self) -> bool {
        self.has_past() || self.overwhelming()
    }

    fn has_past(&self) -> bool {
        self.draft
            .episodes
            .iter()
            .any(|episode| episode.significance.calibrated_days >= 3)
    }

    /// At least 30 failures, one call in ten, ten times the usual: no statistics needed.
    fn overwhelming(&self) -> bool {
        self.class().is_some()
            && self.numbers.failures >= 30
            && self.numbers.ratio >= 0.1
            && self.numbers.ratio >= 10.0 * self.numbers.baseline_ratio
    }

    /// Too few failures for more than low confidence.
    pub(super) fn thin(&self) -> bool {
        self.class().is_some() && self.numbers.failures < THIN
    }

    /// How much closing a gap would tell, the smaller the more: the limit decides about throttles;
    /// what can only be waited for comes after what can be fetched.
    pub(super) fn use_of(&self, when: &str) -> u8 {
        match when {
            "quota_missing" | "quota_unlisted" if self.class() == Some(Class::Throttle) => 0,
            "health_silent" => 2,
            _ => 1,
        }
    }

    /// Which gaps of the evidence hold, in the words of `would_change.when`.
    pub(super) fn misses(&self, when: &str) -> bool {
        match when {
            "always" => true,
            // The public feed may have told what Health would have.
            "health_missing" => !health::was_read(self.facts) && self.strong_health().is_none(),
            "health_silent" => health::was_read(self.facts) && self.leads.health.is_empty(),
            "quota_missing" => !status::was_read(self.facts, Noun::Quotas),
            // Quotas were read, but of another region, or not of what was throttled.
            "quota_unlisted" => {
                status::was_read(self.facts, Noun::Quotas)
                    && self.class() == Some(Class::Throttle)
                    && !self.limits_known()
            }
            "metrics_missing" => !status::was_read(self.facts, Noun::Metrics),
            "changes_unknown" => !self.changes_known(),
            "uncalibrated" => !self.has_past(),
            _ => false,
        }
    }

    /// Calls and failures of the failing principals before the incident: the calm before the edge.
    pub(super) fn calm(&self) -> (u64, u64) {
        let failing = |name: &str| {
            self.profile
                .principals
                .iter()
                .any(|share| share.name == name && share.failures > 0)
        };
        let baseline = self
            .profile
            .principals
            .iter()
            .filter(|share| share.failures > 0)
            .fold((0u64, 0u64), |sum, share| {
                (
                    sum.0.saturating_add(share.baseline_calls),
                    sum.1.saturating_add(share.baseline_failures),
                )
            });
        let onset = crate::case::Minute::of(self.draft.span.from).0;
        let mut hour = (0u64, 0u64);
        for series in &self.profile.principal_series {
            if !failing(&series.principal) {
                continue;
            }
            let lead = usize::try_from(onset.saturating_sub(series.start.0)).unwrap_or(0);
            let sum = |counts: &[u32]| {
                let head = counts.get(..lead.min(counts.len())).unwrap_or_default();
                head.iter().map(|c| u64::from(*c)).sum::<u64>()
            };
            hour.0 = hour.0.saturating_add(sum(&series.calls));
            hour.1 = hour.1.saturating_add(sum(&series.failures));
        }
        if baseline.0 >= hour.0 { baseline } else { hour }
    }

    /// Whether the failures begin with a sharp edge: enough calls before, of which at most 2 % failed,
    /// or a twentieth of the share that failed then (Terraform asks for what it may not see all day).
    pub(super) fn sharp_edge(&self) -> bool {
        let (calls, failures) = self.calm();
        let before = failures as f64 / calls.max(1) as f64;
        calls >= 10 && before <= f64::max(0.02, self.numbers.ratio / 20.0)
    }
}

/// The class by API of the place, every API with calls: those that stayed clean are the comparison.
fn api_units(facts: &Facts, draft: &IncidentDraft) -> Vec<Unit> {
    let Some(class) = draft.signal.class() else {
        return Vec::new();
    };
    let (from, to) = crate::analyze::funnel::minutes(draft.span);
    facts
        .trail
        .iter()
        .filter(|trail| trail.place == draft.place)
        .flat_map(|trail| &trail.series)
        .map(|series| {
            let (calls, failures) = series.sum(class, from, to);
            Unit {
                name: series.api.clone(),
                calls,
                failures,
            }
        })
        .collect()
}
