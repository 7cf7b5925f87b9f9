//! Detection on hand-written facts. One file per kind of series; `null` holds the Monte Carlo and
//! the property tests.

mod failures;
mod gauges;
mod metrics;
mod null;
mod paths;
mod series;
mod volume;

use crate::analyze::types::{Detected, IncidentDraft};
use crate::case::{Case, Instant, Interval, Minute, Scope};
use crate::ecr::Class;
use crate::facts::types::{CallSeries, Facts, MetricSeries, Place, TrailFacts};
use std::collections::BTreeMap;

/// 2026-03-11T00:00Z, in minutes.
const MIDNIGHT: i64 = 29_553_120;
/// A day of minutes.
const DAY: i64 = 1440;

/// A seeded generator (Knuth's MMIX constants), so that no run depends on chance.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// Uniform in (0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() as f64 + 0.5) / (1u64 << 31) as f64
    }

    fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }

    fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 12.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u32;
        }
        let floor = (-mean).exp();
        let (mut count, mut product) = (0, self.unit());
        while product > floor {
            product *= self.unit();
            count += 1;
        }
        count
    }

    fn binomial(&mut self, n: u32, p: f64) -> u32 {
        if p < 0.05 {
            return self.poisson(f64::from(n) * p).min(n);
        }
        (0..n).map(|_| u32::from(self.unit() < p)).sum()
    }

    /// Negative binomial with shape 2, as real traffic is: variance above the mean.
    fn bursty(&mut self, mean: f64) -> u32 {
        let gamma = (self.exponential() + self.exponential()) / 2.0;
        self.poisson(mean * gamma)
    }
}

/// A little world with one place: minutes count from the start of the window.
struct World {
    baseline: i64,
    window: i64,
    apis: BTreeMap<String, BTreeMap<Class, Vec<u32>>>,
    observed: Option<(i64, i64)>,
    metrics: Vec<MetricSeries>,
}

impl World {
    fn new(baseline: i64, window: i64) -> Self {
        Self {
            baseline,
            window,
            apis: BTreeMap::new(),
            observed: Some((-baseline, window)),
            metrics: Vec::new(),
        }
    }

    /// Adds `count` calls of a class at `minute`; earlier than the baseline is ignored.
    fn add(&mut self, api: &str, class: Class, minute: i64, count: u32) {
        let len = (self.baseline + self.window) as usize;
        let counts = self
            .apis
            .entry(api.to_owned())
            .or_default()
            .entry(class)
            .or_insert_with(|| vec![0; len]);
        if let Some(slot) = counts.get_mut((minute + self.baseline) as usize) {
            *slot += count;
        }
    }

    /// `per_minute` calls in every minute of `[from, to)`, of which a share fails: every call is
    /// counted through, so the share is exact in the long run and nothing is random.
    fn steady(
        &mut self,
        api: &str,
        class: Class,
        (from, to): (i64, i64),
        per_minute: u32,
        share: f64,
    ) {
        let mut due = 0.0;
        for minute in from..to {
            due += f64::from(per_minute) * share;
            let failed = due as u32;
            due -= f64::from(failed);
            self.add(api, class, minute, failed);
            self.add(api, Class::Success, minute, per_minute - failed);
        }
    }

    /// All calls of one minute, whatever became of them.
    fn calls(&self, api: &str, minute: i64) -> u32 {
        let at = (minute + self.baseline) as usize;
        let classes = &self.apis[api];
        classes.values().map(|counts| counts[at]).sum()
    }

    /// Removes every call of `[from, to)`.
    fn silence(&mut self, api: &str, (from, to): (i64, i64)) {
        for counts in self.apis.get_mut(api).unwrap().values_mut() {
            counts[(from + self.baseline) as usize..(to + self.baseline) as usize].fill(0);
        }
    }

    fn facts(&self) -> Facts {
        let window = Interval::new(at(0), at(self.window));
        let place = place();
        let series = self
            .apis
            .iter()
            .map(|(api, classes)| CallSeries {
                place: place.clone(),
                event_source: "ecr.amazonaws.com".to_owned(),
                api: api.clone(),
                start: Minute(MIDNIGHT - self.baseline),
                len: (self.baseline + self.window) as usize,
                classes: classes.clone(),
            })
            .collect();
        Facts {
            case: Case {
                window,
                baseline: Interval::new(at(-self.baseline), at(0)),
                scope: Scope::everything(),
                now: at(self.window + 60),
            },
            settled_until: at(self.window),
            trail: vec![TrailFacts {
                place,
                series,
                observed: self
                    .observed
                    .map(|(from, to)| Interval::new(at(from), at(to))),
                days_with_calls: 0,
                changes: Vec::new(),
                controls: Vec::new(),
                paths: Vec::new(),
                parts: Vec::new(),
            }],
            metrics: self.metrics.clone(),
            quotas: Vec::new(),
            notices: Vec::new(),
            coverage: Vec::new(),
            gaps: Vec::new(),
            evidence: Vec::new(),
            sources: Vec::new(),
            seal: String::new(),
        }
    }

    fn detect(&self) -> Detected {
        super::detect(&self.facts())
    }
}

fn place() -> Place {
    Place {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
    }
}

/// The instant `minute` minutes after the start of the window.
fn at(minute: i64) -> Instant {
    Minute(MIDNIGHT + minute).start()
}

/// The span of a draft in minutes of the window.
fn span(draft: &IncidentDraft) -> (i64, i64) {
    (
        Minute::of(draft.span.from).0 - MIDNIGHT,
        Minute::of(draft.span.to).0 - MIDNIGHT,
    )
}

/// Asserts that both ends are within `tolerance` minutes.
fn near(got: (i64, i64), want: (i64, i64), tolerance: i64) {
    assert!(
        (got.0 - want.0).abs() <= tolerance && (got.1 - want.1).abs() <= tolerance,
        "got {got:?}, want {want:?}"
    );
}
