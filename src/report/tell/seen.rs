//! Which minutes the trail speaks of. Outside them a count of zero is not a zero.
//!
//! Two things make a minute unseen: it lies before the first or after the last record of the
//! place, or the trail holds no ECR call at all in a stretch in which CloudWatch went on counting
//! some. A single such minute proves nothing (a call at the turn of a minute is counted in the
//! next), so a stretch needs several.

use super::story::{Story, minutes};
use crate::case::{Interval, Minute};
use crate::facts::types::Place;
use std::collections::BTreeSet;

/// Minutes CloudWatch counted calls in, before a stretch without trail calls is called silent.
const COUNTED: usize = 5;

/// What the trail can tell of one place in one span.
pub(super) struct Seen {
    /// Sorted and disjoint, inside the span.
    gaps: Vec<Interval>,
}

impl Seen {
    pub(super) fn of(story: &Story<'_>, place: &Place, span: &Interval) -> Self {
        let (from, to) = minutes(span);
        let mut gaps = silent(story, place, (from, to));
        if let Some(observed) = story.observed(place) {
            // The last record belongs to a minute that is seen.
            let last = Minute::of(observed.to).plus(1);
            gaps.push(Interval::new(
                from.start(),
                Minute::of(observed.from).start().min(to.start()),
            ));
            gaps.push(Interval::new(last.start().max(from.start()), to.start()));
        }
        gaps.retain(|gap| !gap.is_empty());
        gaps.sort();
        Self { gaps }
    }

    /// Whether a count of this minute means what it says.
    pub(super) fn holds(&self, minute: Minute) -> bool {
        let at = minute.start();
        !self.gaps.iter().any(|gap| gap.contains(at))
    }

    /// The stretches that are not seen.
    pub(super) fn gaps(&self) -> &[Interval] {
        &self.gaps
    }
}

/// Stretches without a single ECR call in the trail while CallCount went on, trimmed to the first
/// and last minute CloudWatch counted in.
fn silent(story: &Story<'_>, place: &Place, (from, to): (Minute, Minute)) -> Vec<Interval> {
    let counted: BTreeSet<i64> = story
        .facts
        .coverage
        .iter()
        .filter(|row| row.place == *place)
        .flat_map(|row| row.silent_minutes.iter().map(|minute| minute.0))
        .filter(|minute| (from.0..to.0).contains(minute))
        .collect();
    if counted.len() < COUNTED {
        return Vec::new();
    }
    let trail = story.facts.trail.iter().find(|trail| trail.place == *place);
    let mut heard = BTreeSet::new();
    for series in trail.iter().flat_map(|trail| &trail.series) {
        for (index, calls) in series.calls().iter().enumerate() {
            let minute = series
                .start
                .0
                .saturating_add(i64::try_from(index).unwrap_or(i64::MAX));
            if *calls > 0 && (from.0..to.0).contains(&minute) {
                heard.insert(minute);
            }
        }
    }
    let mut stretches: Vec<Vec<i64>> = Vec::new();
    for minute in counted.into_iter().filter(|minute| !heard.contains(minute)) {
        match stretches.last_mut() {
            Some(stretch)
                if stretch
                    .last()
                    .is_some_and(|last| heard.range(last..&minute).next().is_none()) =>
            {
                stretch.push(minute);
            }
            _ => stretches.push(vec![minute]),
        }
    }
    stretches
        .iter()
        .filter(|stretch| stretch.len() >= COUNTED)
        .filter_map(|stretch| Some((stretch.first()?, stretch.last()?)))
        .map(|(first, last)| Interval::new(Minute(*first).start(), Minute(*last).plus(1).start()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Seen;
    use crate::case::{Interval, Minute};
    use crate::ecr::Class;
    use crate::facts::types::Facts;
    use crate::report::stories;
    use crate::report::tell::story::Story;

    /// The first story with the trail of its window emptied in `[from, to)` minutes, while
    /// CloudWatch counts calls in all but every third minute of it.
    fn emptied(from: i64, to: i64) -> Facts {
        let (mut facts, _) = stories::aws_fault();
        let zero = Minute::of(facts.case.window.from).0;
        for series in facts.trail.iter_mut().flat_map(|trail| &mut trail.series) {
            let start = series.start.0;
            for counts in series.classes.values_mut() {
                for (index, count) in counts.iter_mut().enumerate() {
                    if (zero + from..zero + to).contains(&(start + index as i64)) {
                        *count = 0;
                    }
                }
            }
        }
        facts.coverage[0].silent_minutes = (zero + from..zero + to)
            .filter(|minute| minute % 3 != 0)
            .map(Minute)
            .collect();
        facts
    }

    fn gaps(facts: &Facts) -> Vec<Interval> {
        let (_, findings) = stories::aws_fault();
        let meta = stories::meta();
        let story = Story {
            facts,
            findings: &findings,
            meta: &meta,
        };
        let place = facts.trail[0].place.clone();
        assert!(
            facts.trail[0].series[0]
                .classes
                .contains_key(&Class::Success)
        );
        Seen::of(&story, &place, &facts.case.window).gaps().to_vec()
    }

    #[test]
    fn a_trail_that_stops_while_cloudwatch_counts_is_not_zero() {
        let facts = emptied(30, 60);
        let gaps = gaps(&facts);
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        let zero = facts.case.window.from;
        let from = (gaps[0].from - zero).num_minutes();
        let to = (gaps[0].to - zero).num_minutes();
        assert!(
            (30..=31).contains(&from) && (59..=60).contains(&to),
            "{from} {to}"
        );
    }

    #[test]
    fn single_minutes_at_odds_are_no_gap() {
        assert_eq!(gaps(&emptied(30, 34)), []);
        assert_eq!(gaps(&stories::aws_fault().0), []);
    }

    #[test]
    fn minutes_before_the_first_record_are_not_zero() {
        let (mut facts, _) = stories::aws_fault();
        let window = facts.case.window;
        let first = Minute::of(window.from).plus(12).start();
        facts.trail[0].observed = Some(Interval::new(first, window.to));
        assert_eq!(gaps(&facts), [Interval::new(window.from, first)]);
    }
}
