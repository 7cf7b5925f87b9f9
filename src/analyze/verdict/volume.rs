//! Whether the account's own calls rose before the failures did, and who made the extra calls.

use super::breadth::Unit;
use crate::case::{Interval, Minute};
use crate::facts::types::{Facts, Place, Profile};

/// The usual volume is read from this span before the onset, minutes: far enough from it that a rise
/// just before is not taken for usual.
const USUAL: (i64, i64) = (75, 15);
/// A trail that starts late is compared with these minutes instead.
const SHORT: (i64, i64) = (15, 1);
/// Fewer minutes than this are no usual volume.
const ENOUGH_MINUTES: usize = 5;
/// A rise is at least this factor ...
const RISE_FACTOR: f64 = 3.0;
/// ... and so many calls per minute.
const RISE_CALLS: f64 = 10.0;
/// A rise that pauses no longer than this many minutes is one rise.
const PAUSE: i64 = 2;
/// Flat means at most this factor, plus a few calls of noise.
const FLAT_FACTOR: f64 = 1.5;
const FLAT_CALLS: f64 = 3.0;

/// Calls per minute of the affected APIs around the onset.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Volume {
    /// Usual calls per minute before; `None` when the trail does not reach back.
    pub before: Option<f64>,
    /// Calls per minute in the five minutes before the onset.
    pub around: f64,
    /// Busiest minute of the incident.
    pub peak: f64,
    /// Seconds from the rise to the onset; zero is the same minute, negative is after it.
    pub rise_lead_s: Option<i64>,
}

impl Volume {
    /// Reads the dense minutes of `apis` in one place.
    pub(super) fn of(facts: &Facts, place: &Place, apis: &[String], span: Interval) -> Self {
        let onset = Minute::of(span.from).0;
        let end = Minute::of(span.to).0.max(onset.saturating_add(1));
        let Some(trail) = facts.trail.iter().find(|trail| trail.place == *place) else {
            return Self::default();
        };
        let observed = trail
            .observed
            .map(|seen| (Minute::of(seen.from).0, Minute::of(seen.to).0));
        let series: Vec<(i64, Vec<u32>)> = trail
            .series
            .iter()
            .filter(|series| apis.contains(&series.api))
            .map(|series| (series.start.0, series.calls()))
            .collect();
        // `None` outside what the trail holds: absence of a record is not absence of calls there.
        let at = |minute: i64| -> Option<f64> {
            let (from, to) = observed?;
            if minute < from || minute > to {
                return None;
            }
            let mut sum = None;
            for (start, calls) in &series {
                let index = usize::try_from(minute.saturating_sub(*start)).ok();
                if let Some(count) = index.and_then(|index| calls.get(index)) {
                    sum = Some(sum.unwrap_or(0.0) + f64::from(*count));
                }
            }
            sum
        };
        let known = |(far, near): (i64, i64)| -> Vec<f64> {
            (onset.saturating_sub(far)..onset.saturating_sub(near))
                .filter_map(at)
                .collect()
        };
        let usual = [known(USUAL), known(SHORT)]
            .into_iter()
            .find(|minutes| minutes.len() >= ENOUGH_MINUTES);
        let before = usual.as_deref().and_then(mean);
        let last = mean(&known((5, 0)));
        let rise_lead_s = before.and_then(|before| {
            let threshold = (RISE_FACTOR * before).max(before + RISE_CALLS);
            let raised = |minute: &i64| at(*minute).is_some_and(|calls| calls >= threshold);
            // A day is longer than any rise worth the name; bounds the search on odd spans.
            let stop = end.min(onset.saturating_add(1440));
            lasting(onset, &raised)
                .or_else(|| (onset.saturating_add(1)..stop).find(raised))
                .map(|minute| onset.saturating_sub(minute).saturating_mul(60))
        });
        let stop = end.min(onset.saturating_add(7 * 1440));
        Self {
            around: last.or(before).unwrap_or(0.0),
            before,
            peak: (onset..stop).filter_map(at).fold(0.0, f64::max),
            rise_lead_s,
        }
    }

    /// Whether the calls rose at or before the first failure.
    pub(super) fn rose(&self) -> bool {
        self.rise_lead_s.is_some_and(|lead| lead >= 0)
    }

    /// Whether they rose at least a minute before it: then failures followed calls.
    pub(super) fn rose_first(&self) -> bool {
        self.rise_lead_s.is_some_and(|lead| lead >= 60)
    }

    /// Whether the calls were as usual right before the first failure.
    pub(super) fn flat(&self) -> bool {
        !self.rose_first()
            && self
                .before
                .is_some_and(|before| self.around <= before * FLAT_FACTOR + FLAT_CALLS)
    }

    /// Whether it is known that nothing rose at or before the first failure.
    pub(super) fn no_rise(&self) -> bool {
        self.before.is_some() && !self.rose()
    }
}

/// The first minute of the rise that still lasts at the onset. A burst that was over before anything
/// failed had its chance to do harm and did none.
fn lasting(onset: i64, raised: &impl Fn(&i64) -> bool) -> Option<i64> {
    let mut first = None;
    let mut calm = 0;
    for minute in (onset.saturating_sub(USUAL.1)..=onset).rev() {
        if raised(&minute) {
            first = Some(minute);
            calm = 0;
        } else {
            calm += 1;
            if calm > PAUSE {
                break;
            }
        }
    }
    first
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Share of the calls above the usual that one principal made, and their number. Read from the
/// principals' minutes where they are known, else from their baseline.
pub(super) fn excess_share(
    facts: &Facts,
    profile: &Profile,
    span: Interval,
    name: &str,
) -> Option<(f64, u64)> {
    let onset = Minute::of(span.from).0;
    let by_minutes: Vec<Unit> = profile
        .principal_series
        .iter()
        .map(|series| {
            let lead = usize::try_from(onset.saturating_sub(series.start.0)).unwrap_or(0);
            let calm = lead.saturating_sub(5);
            let sum = |range: &[u32]| range.iter().map(|c| f64::from(*c)).sum::<f64>();
            let usual = series.calls.get(..calm).map_or(0.0, sum) / calm.max(1) as f64;
            let during = series.calls.get(lead..).unwrap_or_default();
            unit(&series.principal, sum(during) - usual * during.len() as f64)
        })
        .collect();
    let by_baseline: Vec<Unit> = profile
        .principals
        .iter()
        .map(|share| {
            let minutes = facts.case.baseline.minutes().max(1) as f64;
            let usual = share.baseline_calls as f64 / minutes;
            unit(
                &share.name,
                share.calls as f64 - usual * span.minutes() as f64,
            )
        })
        .collect();
    let units = if by_minutes.is_empty() {
        by_baseline
    } else {
        by_minutes
    };
    let total: u64 = units.iter().map(|u| u.calls).fold(0, u64::saturating_add);
    let own = units.iter().find(|u| u.name == name)?.calls;
    (total > 0).then(|| (own as f64 / total as f64, own))
}

fn unit(name: &str, excess: f64) -> Unit {
    Unit {
        name: name.to_owned(),
        calls: excess.max(0.0).round() as u64,
        failures: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::stage::{self, at};
    use crate::ecr::Class;

    fn read(facts: &Facts) -> Volume {
        Volume::of(
            facts,
            &stage::place(),
            &["BatchGetImage".to_owned()],
            Interval::new(at(9, 0), at(9, 10)),
        )
    }

    #[test]
    fn a_rise_in_the_minute_of_the_onset_counts_as_before_but_not_as_first() {
        let mut facts = stage::facts();
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (7, 0), 120, 8);
        stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (9, 0), 10, 86);
        let volume = read(&facts);
        assert_eq!(volume.before, Some(8.0));
        assert_eq!(volume.rise_lead_s, Some(0));
        assert!(volume.rose() && !volume.rose_first() && volume.flat());
    }

    #[test]
    fn a_rise_five_minutes_before_comes_first_and_is_not_flat() {
        let mut facts = stage::facts();
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (7, 0), 120, 8);
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (8, 55), 15, 90);
        let volume = read(&facts);
        assert_eq!(volume.rise_lead_s, Some(300));
        assert!(volume.rose_first() && !volume.flat());
    }

    #[test]
    fn a_burst_that_was_over_before_the_onset_is_no_rise() {
        let mut facts = stage::facts();
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (7, 0), 120, 8);
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (8, 48), 4, 90);
        stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (9, 0), 10, 4);
        let volume = read(&facts);
        assert_eq!(volume.rise_lead_s, None);
        assert!(!volume.rose() && volume.flat() && volume.no_rise());
    }

    #[test]
    fn before_the_first_record_nothing_is_known() {
        let mut facts = stage::facts();
        stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (9, 0), 10, 86);
        for trail in &mut facts.trail {
            trail.observed = Some(Interval::new(at(9, 0), at(9, 30)));
        }
        let volume = read(&facts);
        assert_eq!(volume.before, None);
        assert!(!volume.rose() && !volume.flat() && !volume.no_rise());
    }
}
