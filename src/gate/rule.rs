//! Rules on calls: each gives its value, its limit, its verdict and what would flip it.

use super::Limits;
use super::Outcome;
use super::recent::Recent;
use crate::case::Interval;
use serde::Serialize;

/// Open, closed, or cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Go ahead.
    Open,
    /// Do not.
    Closed,
    /// The evidence does not say.
    Inconclusive,
}

impl Verdict {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// One rule and what it says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Name.
    pub rule: &'static str,
    /// What was measured, or null when it could not be.
    pub value: Option<f64>,
    /// What it is compared with.
    pub threshold: f64,
    /// What it was measured on.
    pub samples: u64,
    /// What follows.
    pub verdict: Verdict,
    /// The same in words.
    pub text: String,
    /// What would flip it.
    pub flips: String,
}

impl Check {
    pub(super) fn open(
        rule: &'static str,
        value: Option<f64>,
        threshold: f64,
        samples: u64,
    ) -> Self {
        Self {
            rule,
            value,
            threshold,
            samples,
            verdict: Verdict::Open,
            text: String::new(),
            flips: String::new(),
        }
    }

    pub(super) fn closed(mut self) -> Self {
        self.verdict = Verdict::Closed;
        self
    }

    pub(super) fn inconclusive(mut self) -> Self {
        self.verdict = Verdict::Inconclusive;
        self
    }

    pub(super) fn says(mut self, text: impl Into<String>, flips: impl Into<String>) -> Self {
        self.text = text.into();
        self.flips = flips.into();
        self
    }
}

/// Whether the evidence can answer at all: its age, its amount, its coverage.
pub(super) fn evidence(
    recent: &Recent,
    span: Interval,
    coverage: Option<f64>,
    limits: &Limits,
) -> Vec<Check> {
    let mut list = Vec::new();
    let oldest = limits.oldest_evidence_min as f64;
    let age = recent.age_min();
    let check = Check::open("evidence_age", age, oldest, 0);
    list.push(match age {
        None => check.inconclusive().says(
            "there is no record of this region in the time read",
            "any fresh CloudTrail record of the region would help",
        ),
        Some(age) if age > oldest => check.inconclusive().says(
            format!("the newest record is {age:.0} minutes old"),
            format!("needs records younger than {oldest:.0} minutes"),
        ),
        Some(age) => check.says(format!("the newest record is {age:.0} minutes old"), ""),
    });
    let of = recent.count(span);
    let check = Check::open(
        "evidence_calls",
        Some(of.calls as f64),
        limits.fewest_calls as f64,
        of.calls,
    );
    let text = format!(
        "{} calls in {} of the {} minutes judged",
        of.calls,
        of.minutes,
        span.minutes()
    );
    let few = of.calls < limits.fewest_calls || of.minutes < limits.fewest_minutes;
    list.push(if few {
        check.inconclusive().says(
            text,
            format!(
                "needs {} calls in {} minutes; a longer --for reads more",
                limits.fewest_calls, limits.fewest_minutes
            ),
        )
    } else {
        check.says(text, "")
    });
    if let Some(ratio) = coverage {
        let check = Check::open("coverage", Some(ratio), limits.least_coverage, of.calls);
        let text = format!(
            "CloudTrail holds {:.0} % of the calls CloudWatch counted",
            ratio * 100.0
        );
        list.push(if ratio < limits.least_coverage {
            check.inconclusive().says(
                text,
                format!("needs {:.0} %", limits.least_coverage * 100.0),
            )
        } else {
            check.says(text, "")
        });
    }
    list
}

/// What the calls say.
pub(super) fn calls(recent: &Recent, span: Interval, limits: &Limits) -> Vec<Check> {
    let of = recent.count(span);
    let mut list = Vec::new();
    let failing = of.failures as f64 / of.calls.max(1) as f64;
    let check = Check::open("failures", Some(failing), limits.failure_limit, of.calls);
    let text = format!(
        "{} of {} calls failed ({:.0} %)",
        of.failures,
        of.calls,
        failing * 100.0
    );
    let flips = format!("opens below {:.0} %", limits.failure_limit * 100.0);
    list.push(if of.failures == of.calls {
        check.closed().says("every call failed", flips)
    } else if failing >= limits.failure_limit && of.failures >= limits.fewest_failures {
        check.closed().says(text, flips)
    } else {
        check.says(text, "")
    });
    list.push(faults(recent, span, limits));
    list.push(latest(recent, limits));
    list.push(flapping(recent, limits));
    list
}

/// Faults over the whole span; the limit is lower after trouble.
fn faults(recent: &Recent, span: Interval, limits: &Limits) -> Check {
    let of = recent.count(span);
    let after = !recent.bad_minutes(limits).is_empty();
    let limit = if after {
        limits.fault_limit_after_trouble
    } else {
        limits.fault_limit
    };
    let ratio = of.faults as f64 / of.calls.max(1) as f64;
    let check = Check::open("faults", Some(ratio), limit, of.calls);
    let text = format!(
        "{} of {} calls met server faults, throttles or failing dependencies ({:.1} %, limit {:.0} %{})",
        of.faults,
        of.calls,
        ratio * 100.0,
        limit * 100.0,
        if after {
            " after trouble in the last hour"
        } else {
            ""
        }
    );
    let flips = format!("opens at {:.0} % or below over the span", limit * 100.0);
    if ratio <= limit {
        check.says(text, "")
    } else if of.faults >= limits.fewest_failures {
        check.closed().says(text, flips)
    } else {
        check.inconclusive().says(text, flips)
    }
}

/// The last minutes on their own.
fn latest(recent: &Recent, limits: &Limits) -> Check {
    let of = recent.count(recent.judged(limits.recent_min));
    let ratio = of.faults as f64 / of.calls.max(1) as f64;
    let check = Check::open("recent_faults", Some(ratio), limits.recent_limit, of.calls);
    let text = format!(
        "{} of {} calls of the last {} minutes met faults",
        of.faults, of.calls, limits.recent_min
    );
    if ratio > limits.recent_limit && of.faults >= limits.fewest_failures {
        let flips = format!("opens at {:.0} % or below", limits.recent_limit * 100.0);
        check.closed().says(text, flips)
    } else {
        check.says(text, "")
    }
}

/// Several spells of trouble within the hour ask for a longer calm.
fn flapping(recent: &Recent, limits: &Limits) -> Check {
    let bad = recent.bad_minutes(limits);
    // Minutes are numbered back from the end; a jump in the numbers parts two spells.
    let parted = bad
        .windows(2)
        .filter(|pair| matches!(pair, [later, earlier] if later + 1 != *earlier))
        .count();
    let spells = parted + usize::from(!bad.is_empty());
    let calm_min = bad.first().copied().unwrap_or(limits.memory_min);
    let check = Check::open(
        "flapping",
        Some(spells as f64),
        limits.flapping_spells as f64,
        bad.len() as u64,
    );
    let text = format!(
        "{spells} separate spells of trouble in the last hour, calm for {calm_min} minutes"
    );
    if spells >= limits.flapping_spells && calm_min < limits.flapping_calm_min {
        let flips = format!("opens after {} calm minutes", limits.flapping_calm_min);
        check.closed().says(text, flips)
    } else {
        check.says(text, "")
    }
}

/// One step of the active probe.
#[must_use]
pub fn probed(what: &str, took_ms: u64, outcome: &Outcome, limits: &Limits) -> Check {
    let slowest = limits.probe_slowest_ms;
    let check = Check::open("probe", Some(took_ms as f64), slowest as f64, 1);
    match outcome {
        Outcome::Failed(why) => check.closed().says(
            format!("the probe failed: {why}, after {took_ms} ms"),
            "opens when the probe is answered",
        ),
        Outcome::Untried(why) => check.inconclusive().says(
            format!("the probe could not be made: {why}"),
            "needs credentials that may pull, and an image that exists",
        ),
        Outcome::Answered if took_ms > slowest => check.closed().says(
            format!("the probe of {what} took {took_ms} ms"),
            format!("opens below {slowest} ms"),
        ),
        Outcome::Answered => check.says(
            format!("the probe of {what} was answered in {took_ms} ms"),
            format!("closes above {slowest} ms"),
        ),
    }
}
