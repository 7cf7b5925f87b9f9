//! Independent witnesses of silence: CloudWatch's own count of the calls, and the other services of
//! the same trail. They tell missing calls from missing records.
//!
//! A witness that was not there says nothing: absence of data is never read as zero.

use super::scene::Scene;
use crate::analyze::funnel::minutes;
use crate::case::Interval;
use crate::facts::types::Meaning;

impl Scene<'_> {
    /// As long a time before the incident as the incident itself.
    pub(super) fn before(&self) -> Interval {
        let span = self.draft.span;
        let length = chrono::Duration::seconds(span.seconds());
        let from = span.from.checked_sub_signed(length).unwrap_or(span.from);
        Interval::new(from, span.from)
    }

    /// Sum of the metric series that fit over a span; `None` when none fits or none has a point in
    /// `self.before()` or the incident, since absence of data is not zero.
    pub(super) fn metric_sum(
        &self,
        fits: impl Fn(&Meaning) -> bool,
        span: Interval,
    ) -> Option<f64> {
        let here =
            |stated: &Option<String>, ours: &str| stated.as_deref().is_none_or(|s| s == ours);
        let mut sum = None;
        for series in &self.facts.metrics {
            if !fits(&series.meaning)
                || !here(&series.region, &self.draft.place.region)
                || !here(&series.account, &self.draft.place.account)
            {
                continue;
            }
            let whole = self.before().hull(&self.draft.span);
            if !series.points.iter().any(|(at, _)| whole.contains(*at)) {
                continue;
            }
            let part: f64 = series
                .points
                .iter()
                .filter(|(at, value)| span.contains(*at) && value.is_finite())
                .map(|(_, value)| value)
                .sum();
            sum = Some(sum.unwrap_or(0.0) + part);
        }
        sum
    }

    /// CallCount of the affected APIs before and during, when CloudWatch has it.
    pub(super) fn call_count(&self) -> Option<(f64, f64)> {
        let affected = |meaning: &Meaning| matches!(meaning, Meaning::CallCount { api } if self.draft.apis.contains(api));
        Some((
            self.metric_sum(affected, self.before())?,
            self.metric_sum(affected, self.draft.span)?,
        ))
    }

    /// Whether CloudWatch counted calls the trail does not hold: records are missing, not calls.
    pub(super) fn call_count_goes_on(&self) -> bool {
        // Three times the trail's own count, since neither side is exact, and at least half of what it
        // was before, so that a few stray calls are no witness.
        self.call_count().is_some_and(|(before, during)| {
            during >= 10.0 && during >= 0.5 * before && during >= 3.0 * self.numbers.calls as f64
        })
    }

    /// Records of all other services before and during, when the trail has some.
    pub(super) fn other_services(&self) -> Option<(u64, u64)> {
        let trail = self
            .facts
            .trail
            .iter()
            .find(|trail| trail.place == self.draft.place)?;
        let sum = |span: Interval| -> u64 {
            let (from, to) = minutes(span);
            trail
                .controls
                .iter()
                .map(|control| {
                    let index = |minute: i64| {
                        usize::try_from(minute.saturating_sub(control.start.0))
                            .unwrap_or(0)
                            .min(control.calls.len())
                    };
                    let (lo, hi) = (index(from.0), index(to.0));
                    let inside = control.calls.get(lo..hi.max(lo)).unwrap_or_default();
                    inside.iter().map(|c| u64::from(*c)).sum::<u64>()
                })
                .fold(0, u64::saturating_add)
        };
        let before = sum(self.before());
        // Fewer records than ten before cannot be missed afterwards.
        (before >= 10).then(|| (before, sum(self.draft.span)))
    }

    /// Whether the other services of the trail went on as before.
    pub(super) fn others_continue(&self) -> bool {
        self.other_services()
            .is_some_and(|(before, during)| during.saturating_mul(2) >= before)
    }

    /// Whether they vanished as well.
    pub(super) fn others_vanish(&self) -> bool {
        self.other_services()
            .is_some_and(|(before, during)| during.saturating_mul(10) <= before)
    }
}
