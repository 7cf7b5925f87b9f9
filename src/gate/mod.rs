//! The gate: may a deployment pull or push now? Open, closed, or inconclusive, and which rule says so.
//!
//! Pure: facts of the last hour come in, a decision goes out. It must never call silence health:
//! no calls, old evidence or a trail with holes is inconclusive, and calls that all fail are closed.
//! What it remembers of earlier trouble it reads from the evidence of the last hour itself, so two
//! runs at the same instant agree whatever was asked before.

pub mod agree;
mod recent;
mod rule;

pub use rule::{Check, Verdict, probed};

use crate::bundle::manifest::{Refusal, SourceEntry};
use crate::case::{Instant, Interval, rfc3339, rfc3339_serde};
use crate::catalog;
use crate::facts::types::{Facts, Meaning, Relation};
use recent::Recent;
use serde::{Deserialize, Serialize};

/// Version of the gate's JSON.
pub const SCHEMA_VERSION: &str = "1.0";

/// `queries/gate/rules.toml`.
#[derive(Debug, Clone, Deserialize)]
pub struct Limits {
    oldest_evidence_min: i64,
    fewest_calls: u64,
    fewest_minutes: u64,
    least_coverage: f64,
    fault_limit: f64,
    fault_limit_after_trouble: f64,
    fewest_failures: u64,
    recent_min: i64,
    recent_limit: f64,
    failure_limit: f64,
    smooth_min: i64,
    memory_min: i64,
    flapping_spells: usize,
    flapping_calm_min: i64,
    headroom_limit: f64,
    probe_slowest_ms: u64,
}

impl Limits {
    /// The embedded limits.
    #[must_use]
    pub fn embedded() -> Self {
        catalog::table("gate/rules")
    }

    /// How much time before `now` must be read to judge the last `for_min` minutes.
    #[must_use]
    pub fn reach(&self, for_min: i64) -> chrono::Duration {
        let longest = self.memory_min.max(for_min);
        chrono::Duration::minutes(longest.saturating_add(self.oldest_evidence_min))
    }
}

/// How a step of a probe ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered,
    /// It failed, and not because of who asked or for what.
    Failed(String),
    /// It could not be tried.
    Untried(String),
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// [`SCHEMA_VERSION`].
    pub schema_version: &'static str,
    /// Region asked about.
    pub region: String,
    /// When it was asked.
    #[serde(with = "rfc3339_serde")]
    pub at: Instant,
    /// The answer.
    pub verdict: Verdict,
    /// Name of the rule that decided.
    pub rule: &'static str,
    /// Why, one sentence.
    pub reason: String,
    /// What would flip it.
    pub flips: String,
    /// First instant judged.
    #[serde(with = "rfc3339_serde")]
    pub judged_from: Instant,
    /// End of what was judged: the minute after the newest record.
    #[serde(with = "rfc3339_serde")]
    pub judged_to: Instant,
    /// Calls judged, missing images left out.
    pub samples: u64,
    /// Trail calls per CloudWatch call, or null.
    pub coverage: Option<f64>,
    /// Every rule with its value.
    pub checks: Vec<Check>,
}

impl Decision {
    /// The answer in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let coverage = self.coverage.map_or_else(
            || "coverage not measured".to_owned(),
            |ratio| format!("coverage {:.0} %", ratio.min(1.0) * 100.0),
        );
        format!(
            "gate {}: {} · {} · {} calls, {} to {}, {coverage} · {}",
            self.region,
            self.verdict.word(),
            self.reason,
            self.samples,
            self.judged_from.format("%H:%MZ"),
            self.judged_to.format("%H:%MZ"),
            self.flips
        )
    }
}

/// Decides on a region from facts whose window ends now, and from what a probe met, if there was one.
#[must_use]
pub fn decide(
    facts: &Facts,
    region: &str,
    for_min: i64,
    limits: &Limits,
    probe: Vec<Check>,
) -> Decision {
    let now = facts.case.now;
    let recent = Recent::of(facts, region, now);
    let span = recent.judged(for_min);
    let coverage = coverage(facts, region);
    let mut checks = rule::evidence(&recent, span, coverage, limits);
    checks.push(readable(facts));
    if recent.count(span).calls > 0 {
        checks.extend(rule::calls(&recent, span, limits));
    }
    checks.push(headroom(facts, region, span, limits));
    checks.push(health(facts, region, span, now));
    checks.extend(probe);
    // A closed rule decides before one that cannot be answered: half an answer can say "no".
    let decisive = checks
        .iter()
        .find(|check| check.verdict == Verdict::Closed)
        .or_else(|| {
            checks
                .iter()
                .find(|check| check.verdict == Verdict::Inconclusive)
        });
    let (verdict, rule, reason, flips) = match decisive {
        Some(check) => (
            check.verdict,
            check.rule,
            check.text.clone(),
            check.flips.clone(),
        ),
        None => {
            let of = recent.count(span);
            (
                Verdict::Open,
                "all",
                format!(
                    "{} of {} calls failed on AWS's side of the call",
                    of.faults, of.calls
                ),
                format!(
                    "closes above {:.0} % faults, on an open Health issue, or at {:.0} % of a quota",
                    limits.fault_limit * 100.0,
                    limits.headroom_limit * 100.0
                ),
            )
        }
    };
    Decision {
        schema_version: SCHEMA_VERSION,
        region: region.to_owned(),
        at: now,
        verdict,
        rule,
        reason,
        flips,
        judged_from: span.from,
        judged_to: span.to,
        samples: recent.count(span).calls,
        coverage,
        checks,
    }
}

/// The answer when no evidence could be read or asked for at all.
#[must_use]
pub fn unread(region: &str, now: Instant, why: String, flips: String) -> Decision {
    Decision {
        schema_version: SCHEMA_VERSION,
        region: region.to_owned(),
        at: now,
        verdict: Verdict::Inconclusive,
        rule: "evidence_readable",
        reason: why,
        flips,
        judged_from: now,
        judged_to: now,
        samples: 0,
        coverage: None,
        checks: Vec::new(),
    }
}

/// Whether the trail could be read: files that were refused may hold the failures.
fn readable(facts: &Facts) -> Check {
    let trail = facts
        .sources
        .iter()
        .find(|entry| entry.noun.word() == "trail");
    // A note on an input that was used is no refusal.
    let lost = |entry: &SourceEntry| -> Vec<Refusal> {
        let lost = entry.refusals.iter().filter(|one| !one.partly_used);
        lost.cloned().collect()
    };
    let refusals = trail.map(lost).unwrap_or_default();
    let refused = refusals.len() as u64;
    let read = trail.map_or(0, |entry| entry.files_read);
    let share = refused as f64 / (refused + read).max(1) as f64;
    let check = Check::open("evidence_readable", Some(share), 0.5, refused + read);
    let mut text = format!(
        "{refused} of {} CloudTrail files could not be read",
        refused + read
    );
    if let Some(first) = refusals.first() {
        text.push_str(&format!(" ({}: {})", first.input, first.why));
    }
    if refused > 0 && share >= 0.5 {
        check
            .inconclusive()
            .says(text, "needs most of the files readable")
    } else {
        check.says(text, "")
    }
}

fn coverage(facts: &Facts, region: &str) -> Option<f64> {
    let (mut held, mut counted) = (0u64, 0.0);
    for row in facts
        .coverage
        .iter()
        .filter(|row| row.place.region == region)
    {
        if row.call_count.is_finite() && row.call_count > 0.0 {
            held = held.saturating_add(row.trail_calls);
            counted += row.call_count;
        }
    }
    (counted >= 20.0).then(|| held as f64 / counted)
}

/// The tightest quota against the busiest minute of the span.
fn headroom(facts: &Facts, region: &str, span: Interval, limits: &Limits) -> Check {
    let mut tightest: Option<(f64, String)> = None;
    for quota in &facts.quotas {
        let (Some(api), Some(seconds)) = (&quota.api, quota.per_seconds) else {
            continue;
        };
        if quota.region.as_deref().is_some_and(|of| of != region) || seconds <= 0 {
            continue;
        }
        let limit = quota.value / seconds as f64;
        let counted = counted_per_s(facts, region, api, span);
        let mut note = |share: f64| {
            let first = tightest.as_ref().is_none_or(|(known, _)| share > *known);
            if share.is_finite() && first {
                tightest = Some((share, api.clone()));
            }
        };
        if let Some(rate) = counted {
            note(rate / limit);
        }
        for trail in facts
            .trail
            .iter()
            .filter(|trail| trail.place.region == region)
        {
            for series in trail.series.iter().filter(|series| series.api == *api) {
                let peak = recent::busiest(series, span);
                note(f64::from(peak) / 60.0 / limit);
            }
        }
    }
    let Some((share, api)) = tightest else {
        return Check::open("headroom", None, limits.headroom_limit, 0).says(
            "no quota of an API in use was given",
            "pass --quotas to have headroom checked",
        );
    };
    let check = Check::open("headroom", Some(share), limits.headroom_limit, 0);
    let text = format!(
        "{api} takes {:.0} % of its quota in the busiest minute",
        share * 100.0
    );
    if share >= limits.headroom_limit {
        check.closed().says(
            text,
            format!("opens below {:.0} %", limits.headroom_limit * 100.0),
        )
    } else {
        check.says(
            text,
            format!("closes at {:.0} %", limits.headroom_limit * 100.0),
        )
    }
}

/// The highest rate CloudWatch counted for an API in a span, if it counted at all. Its points may be
/// there minutes before CloudTrail's records.
fn counted_per_s(facts: &Facts, region: &str, api: &str, span: Interval) -> Option<f64> {
    facts
        .metrics
        .iter()
        .filter(|series| matches!(&series.meaning, Meaning::CallCount { api: of } if of == api))
        .filter(|series| series.region.as_deref().is_none_or(|of| of == region))
        .flat_map(|series| {
            let period = series.period_s.max(1) as f64;
            series
                .points
                .iter()
                .filter(move |(at, _)| span.from <= *at && *at < facts.case.now)
                .map(move |(_, count)| count / period)
        })
        .max_by(f64::total_cmp)
}

/// An open issue of the registry, or of several services at once, in the region.
fn health(facts: &Facts, region: &str, span: Interval, now: Instant) -> Check {
    let open = facts.notices.iter().find(|notice| {
        matches!(notice.relation, Relation::Same | Relation::Multiple)
            && (notice.region == region || notice.region == "global")
            && notice.category != "scheduledChange"
            && notice.category != "accountNotification"
            && notice.status == "open"
            && notice.start.is_none_or(|start| start <= now)
            && notice.end.is_none_or(|end| end > span.from)
    });
    let count = facts.notices.len() as u64;
    let check = Check::open("health", open.map(|_| 1.0), 1.0, count);
    match open {
        Some(notice) => check.closed().says(
            format!(
                "AWS Health has an open issue of {}: {}",
                notice.service, notice.arn
            ),
            "opens when AWS closes it",
        ),
        None => check.says(
            "no open issue of ECR is among the Health events given",
            format!("closes when AWS opens one (asked at {})", rfc3339(now)),
        ),
    }
}
