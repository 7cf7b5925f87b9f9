//! Whether the account's own calls rose before the failures did, and who made the extra calls.

use super::breadth::Unit;
use crate::analyze::types::IncidentDraft;
use crate::case::{Interval, Minute};
use crate::ecr::Class;
use crate::facts::types::{Facts, Profile};

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
/// Failures that pause no longer than this many minutes have one beginning. Longer than the pause of a
/// rise, because a quiet registry makes a call every few minutes.
const BREAK: i64 = 5;
/// Failures before the onset are its beginning when they fail at least this share of the incident's
/// ratio; a stray error of the usual kind is not.
const ALIKE: f64 = 0.5;
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
    /// Seconds from the rise to the onset; zero is the same minute, negative is after it. `None` also
    /// when the failures began first: calls that rise then may be their retries.
    pub rise_lead_s: Option<i64>,
    /// Whether the calls rose only once they failed.
    pub follows: bool,
}

impl Volume {
    /// Reads the dense minutes of the incident's APIs, and around the first failure the seconds.
    pub(super) fn of(facts: &Facts, draft: &IncidentDraft, profile: &Profile) -> Self {
        let span = draft.span;
        let onset = Minute::of(span.from).0;
        let end = Minute::of(span.to).0.max(onset.saturating_add(1));
        let Some(trail) = facts.trail.iter().find(|trail| trail.place == draft.place) else {
            return Self::default();
        };
        let observed = trail
            .observed
            .map(|seen| (Minute::of(seen.from).0, Minute::of(seen.to).0));
        let own = || {
            trail
                .series
                .iter()
                .filter(|series| draft.apis.contains(&series.api))
        };
        let series: Vec<(i64, Vec<u32>)> = own()
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
        let (mut rise_lead_s, mut follows) = (None, false);
        if let Some(before) = before {
            let threshold = (RISE_FACTOR * before).max(before + RISE_CALLS);
            let raised = |minute: &i64| at(*minute).is_some_and(|calls| calls >= threshold);
            // A day is longer than any rise worth the name; bounds the search on odd spans.
            let stop = end.min(onset.saturating_add(1440));
            let rise =
                lasting(onset, &raised).or_else(|| (onset.saturating_add(1)..stop).find(raised));
            let sums = |from: i64, to: i64| -> (u64, u64) {
                let class = draft.signal.class().unwrap_or(Class::Success);
                own()
                    .map(|series| series.sum(class, Minute(from), Minute(to)))
                    .fold((0, 0), |sum, next| {
                        (sum.0.saturating_add(next.0), sum.1.saturating_add(next.1))
                    })
            };
            let begun = match draft.signal.class() {
                Some(_) => begun(onset, end, &sums),
                None => onset,
            };
            follows = draft.signal.class().is_some()
                && rise.is_some_and(|rise| {
                    let late = arrived(draft, profile, begun).is_some_and(|n| n < threshold);
                    // A throttle can come within a second of a burst. What was let through is no
                    // retry of what was turned away: more of it than any minute before held is a rise.
                    let let_through = |minute: i64| {
                        let (calls, failures) = sums(minute, minute.saturating_add(1));
                        calls.saturating_sub(failures)
                    };
                    let more = || {
                        let first = observed.map_or(onset, |(from, _)| from);
                        let past = (first..begun).filter_map(at).fold(0.0, f64::max);
                        (begun..stop)
                            .map(let_through)
                            .any(|n| n as f64 >= threshold && n as f64 > past)
                    };
                    rise > begun || (rise == begun && late && !more())
                });
            rise_lead_s = rise
                .filter(|_| !follows)
                .map(|minute| onset.saturating_sub(minute).saturating_mul(60));
        }
        let stop = end.min(onset.saturating_add(7 * 1440));
        Self {
            around: last.or(before).unwrap_or(0.0),
            before,
            peak: (onset..stop).filter_map(at).fold(0.0, f64::max),
            rise_lead_s,
            follows,
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

    /// Whether nothing rose up to the first failure, in its own minute neither.
    pub(super) fn steady(&self) -> bool {
        self.flat() && !self.rose()
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

/// The minute in which the failures began. Detection needs several before it calls an onset; those
/// that lead up to it without a break and fail as much are the same trouble.
fn begun(onset: i64, end: i64, sums: &impl Fn(i64, i64) -> (u64, u64)) -> i64 {
    let share = |(calls, failures): (u64, u64)| failures as f64 / calls.max(1) as f64;
    let whole = share(sums(onset, end));
    let (mut first, mut calm) = (onset, 0);
    for minute in (onset.saturating_sub(USUAL.1)..onset).rev() {
        if sums(minute, minute.saturating_add(1)).1 > 0 {
            first = minute;
            calm = 0;
        } else {
            calm += 1;
            if calm > BREAK {
                break;
            }
        }
    }
    if first < onset && share(sums(first, onset)) >= ALIKE * whole {
        first
    } else {
        onset
    }
}

/// Calls in the minute up to the first failure, its own second among them: what arrives in that second
/// can be what was too much. `None` when the seconds are not known.
fn arrived(draft: &IncidentDraft, profile: &Profile, begun: i64) -> Option<f64> {
    let class = draft.signal.class()?;
    let from = begun.saturating_mul(60);
    let own = || {
        profile
            .seconds
            .iter()
            .filter(|series| draft.apis.contains(&series.api))
            .flat_map(|series| &series.seconds)
    };
    let by_second = || own().filter(|(second, _, hit)| *hit > 0 && *second >= from);
    let first = if class == Class::Throttle {
        by_second().map(|(second, _, _)| *second).min()?
    } else {
        let of_class = profile.codes.iter().filter(|code| code.class == class);
        let first = of_class.map(|code| code.first.timestamp()).min()?;
        // The codes are those of the span: of failures before it only the minute is known.
        if Minute::of(draft.span.from).0 != begun || first < from {
            return None;
        }
        first
    };
    let lead_up =
        own().filter(|(second, _, _)| *second > first.saturating_sub(60) && *second <= first);
    let (seen, sum) = lead_up.fold((false, 0.0), |(_, sum), (_, arrivals, _)| {
        (true, sum + f64::from(*arrivals))
    });
    seen.then_some(sum)
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
    use crate::analyze::types::Signal;

    fn read(facts: &Facts) -> Volume {
        read_with(facts, &Profile::default())
    }

    fn read_with(facts: &Facts, profile: &Profile) -> Volume {
        let signal = Signal::Failures(Class::Throttle);
        let draft = stage::draft(signal, &["BatchGetImage"], (9, 0), (9, 10));
        Volume::of(facts, &draft, profile)
    }

    #[test]
    fn calls_that_rise_after_the_first_throttle_follow_it() {
        let mut facts = stage::facts();
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (7, 0), 120, 8);
        stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (9, 0), 10, 86);
        let mut seconds = stage::seconds("BatchGetImage", 60, 2, 1);
        let after = read_with(
            &facts,
            &Profile {
                seconds: vec![seconds.clone()],
                ..Profile::default()
            },
        );
        assert!(after.follows && !after.rose() && after.steady() && after.no_rise());
        // The same minute, but the first thirty seconds pass before anything is throttled.
        for (_, _, throttled) in seconds.seconds.iter_mut().take(30) {
            *throttled = 0;
        }
        let first = read_with(
            &facts,
            &Profile {
                seconds: vec![seconds],
                ..Profile::default()
            },
        );
        assert!(!first.follows && first.rose() && !first.steady());
    }

    #[test]
    fn failures_before_the_detected_onset_come_before_a_rise_after_them() {
        let mut facts = stage::facts();
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (7, 0), 120, 8);
        stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (9, 0), 10, 86);
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (8, 54), 6, 1);
        stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (8, 54), 2, 7);
        stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (8, 56), 4, 86);
        let volume = read(&facts);
        assert!(volume.follows && !volume.rose_first());
        // One stray error does not make the calls of a storm its retries.
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (8, 54), 2, 80);
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (8, 56), 4, 86);
        stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (8, 54), 6, 0);
        stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (8, 54), 1, 1);
        assert!(read(&facts).rose_first());
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
