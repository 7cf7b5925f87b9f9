//! The one word of the whole run and why. Silence is never called health: without calls, a readable
//! trail and enough settled time the answer is `inconclusive`.

use super::control::ratio;
use super::funnel::minutes;
use super::types::Status;
use super::words;
use crate::bundle::manifest::{Noun, Outcome, SourceEntry};
use crate::case::Interval;
use crate::ecr::Class;
use crate::facts::types::Facts;

/// Below this share of CallCount the trail misses too much to call a window quiet.
pub(super) const GOOD_COVERAGE: f64 = 0.7;
/// Below this many counted calls the share says nothing.
const COUNTED_ENOUGH: f64 = 20.0;
/// More than this share of the window unsettled: nothing can be said of it yet.
const UNSETTLED: f64 = 0.5;

/// Status and its sentence.
pub(super) fn status(facts: &Facts, incidents: usize, anomalies: usize) -> (Status, String) {
    let calls = window_calls(facts);
    let scope = subject(facts);
    if incidents > 0 {
        let what = if incidents == 1 {
            "incident"
        } else {
            "incidents"
        };
        return (
            Status::Incident,
            format!(
                "{incidents} {what} in {} {scope} calls of the window.",
                words::count(calls)
            ),
        );
    }
    if let Some(why) = inconclusive(facts, calls, &scope) {
        return (Status::Inconclusive, why);
    }
    let failures = window_failures(facts);
    let unusual = match anomalies {
        0 => String::new(),
        1 => " One unusual interval of a series is listed.".to_owned(),
        n => format!(" {n} unusual intervals of series are listed."),
    };
    (
        Status::Quiet,
        format!(
            "{} {scope} calls with {} failures ({}), none beyond what is usual here.{unusual}",
            words::count(calls),
            words::count(failures),
            words::percent(ratio(failures, calls)),
        ),
    )
}

fn inconclusive(facts: &Facts, calls: u64, scope: &str) -> Option<String> {
    let trail = source(facts, Noun::Trail);
    match trail.map(|entry| &entry.outcome) {
        None => return Some("CloudTrail was not read, so no call is known.".to_owned()),
        Some(Outcome::Unavailable { why, .. }) => {
            return Some(format!("CloudTrail could not be read: {why}."));
        }
        Some(Outcome::Complete | Outcome::Partial { .. }) => {}
    }
    let read = trail.map_or(0, |entry| entry.tally.read);
    let refused = trail.map_or(0, refused);
    let opened = trail.map_or(0, |entry| entry.files_read);
    if refused > 0 && refused >= opened {
        return Some(format!(
            "CloudTrail was mostly unreadable: {} of {} files were refused.",
            words::count(refused),
            words::count(refused.saturating_add(opened)),
        ));
    }
    // Silence is not health: no calls is not the same as no failures.
    if calls == 0 {
        return Some(format!(
            "There are no {scope} calls in {} records read.",
            words::count(read)
        ));
    }
    if let Some((share, counted)) = coverage(facts)
        && share < GOOD_COVERAGE
    {
        return Some(format!(
            "The trail holds only {} of the {} calls CloudWatch counted, so most failures could be missing.",
            words::percent(share),
            words::count(counted.round() as u64),
        ));
    }
    let window = facts.case.window;
    let unsettled = unsettled(facts);
    let share = unsettled.seconds() as f64 / window.seconds().max(1) as f64;
    (share > UNSETTLED).then(|| {
        format!(
            "{} of the window ({}) is younger than the time records need to arrive; ask again later.",
            words::percent(share),
            words::length(unsettled.seconds()),
        )
    })
}

/// Trail rows per counted call over the window, with the count; `None` when too few were counted.
pub(super) fn coverage(facts: &Facts) -> Option<(f64, f64)> {
    let mut held = 0u64;
    let mut counted = 0.0;
    for row in &facts.coverage {
        if row.call_count.is_finite() && row.call_count > 0.0 {
            held = held.saturating_add(row.trail_calls);
            counted += row.call_count;
        }
    }
    (counted >= COUNTED_ENOUGH).then(|| (held as f64 / counted, counted))
}

/// The part of the window whose records may still be on their way.
pub(super) fn unsettled(facts: &Facts) -> Interval {
    let window = facts.case.window;
    Interval::new(
        window.from.max(facts.settled_until).min(window.to),
        window.to,
    )
}

/// The entry of a source.
pub(super) fn source(facts: &Facts, noun: Noun) -> Option<&SourceEntry> {
    facts.sources.iter().find(|entry| entry.noun == noun)
}

/// Whether a source answered at all.
pub(super) fn was_read(facts: &Facts, noun: Noun) -> bool {
    source(facts, noun).is_some_and(|entry| !matches!(entry.outcome, Outcome::Unavailable { .. }))
}

/// Inputs of a source of which nothing was used.
pub(super) fn refused(entry: &SourceEntry) -> u64 {
    entry
        .refusals
        .iter()
        .filter(|refusal| !refusal.partly_used)
        .count() as u64
}

fn window_calls(facts: &Facts) -> u64 {
    window_sum(facts, |calls, _| calls)
}

fn window_failures(facts: &Facts) -> u64 {
    window_sum(facts, u64::saturating_sub)
}

fn window_sum(facts: &Facts, pick: impl Fn(u64, u64) -> u64) -> u64 {
    let (from, to) = minutes(facts.case.window);
    facts
        .trail
        .iter()
        .flat_map(|trail| &trail.series)
        .map(|series| {
            let (calls, success) = series.sum(Class::Success, from, to);
            pick(calls, success)
        })
        .fold(0, u64::saturating_add)
}

/// What is asked about: `ECR`, or the event sources by name.
fn subject(facts: &Facts) -> String {
    let scope = &facts.case.scope;
    if scope.is_ecr() {
        "ECR".to_owned()
    } else {
        words::list(scope.event_sources.iter().map(String::as_str), 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::stage::{self, at};
    use crate::bundle::manifest::{Refusal, Tally};
    use crate::facts::types::ApiCoverage;

    #[test]
    fn no_calls_is_inconclusive_and_says_how_much_was_read() {
        let mut facts = stage::facts();
        facts.sources = vec![SourceEntry {
            tally: Tally {
                read: 2900,
                ..Tally::default()
            },
            ..stage::source(Noun::Trail)
        }];
        let (status, why) = status(&facts, 0, 0);
        assert_eq!(status, Status::Inconclusive);
        assert_eq!(why, "There are no ECR calls in 2,900 records read.");
    }

    #[test]
    fn calls_make_it_quiet_until_the_evidence_is_too_thin() {
        let mut facts = stage::facts();
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (8, 0), 60, 5);
        assert_eq!(status(&facts, 0, 0).0, Status::Quiet);

        let mut thin = facts.clone();
        thin.coverage = vec![ApiCoverage {
            place: stage::place(),
            api: "BatchGetImage".into(),
            trail_calls: 300,
            call_count: 1000.0,
            silent_minutes: Vec::new(),
        }];
        assert_eq!(status(&thin, 0, 0).0, Status::Inconclusive);

        let mut young = facts.clone();
        young.settled_until = at(7, 30);
        assert_eq!(status(&young, 0, 0).0, Status::Inconclusive);

        let mut broken = facts.clone();
        for entry in &mut broken.sources {
            entry.files_read = 1;
            entry.refusals = vec![
                Refusal {
                    input: "a".into(),
                    why: "x".into(),
                    partly_used: false
                };
                2
            ];
        }
        assert_eq!(status(&broken, 0, 0).0, Status::Inconclusive);

        let mut blind = facts.clone();
        blind.sources.retain(|entry| entry.noun != Noun::Trail);
        assert_eq!(status(&blind, 0, 0).0, Status::Inconclusive);
        assert_eq!(status(&blind, 1, 0).0, Status::Incident);
    }
}
