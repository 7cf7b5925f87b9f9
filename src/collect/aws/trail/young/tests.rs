//! Where a group begins, what is read instead, and what is said of it.

use super::*;
use crate::case::Scope;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn case() -> Case {
    Case {
        window: Interval::new(at("2026-03-11T06:30:00Z"), at("2026-03-11T09:00:00Z")),
        baseline: Interval::new(at("2026-03-04T06:30:00Z"), at("2026-03-11T06:30:00Z")),
        scope: Scope::everything(),
        now: at("2026-03-11T12:00:00Z"),
    }
}

fn group(from: &str) -> Got {
    Got {
        place: "trail".to_owned(),
        was_read: true,
        youth: Youth::of(&case(), None, Some(at(from))),
        ..Got::default()
    }
}

fn bucket(was_read: bool) -> Got {
    Got {
        place: "s3://logs/".to_owned(),
        was_read,
        ..Got::default()
    }
}

#[test]
fn the_later_beginning_counts_and_one_before_the_case_does_not() {
    let (old, late) = (at("2020-01-01T00:00:00Z"), at("2026-03-10T00:00:00Z"));
    assert_eq!(Youth::of(&case(), Some(old), None), None);
    let youth = Youth::of(&case(), Some(late), Some(at("2026-03-09T00:00:00Z"))).unwrap();
    assert_eq!(youth.from, late);
    assert!(youth.clause().contains("created"), "{}", youth.clause());
    assert!(Youth::of(&case(), Some(at("2026-03-04T06:30:00Z")), None).is_none());
}

#[test]
fn the_bucket_is_read_up_to_the_group_and_its_late_deliveries() {
    let span = case().whole();
    let part = older(&span, at("2026-03-06T00:00:00Z"), 7_200);
    assert_eq!(part, Interval::new(span.from, at("2026-03-06T02:00:00Z")));
    assert_eq!(older(&span, at("2026-03-11T08:30:00Z"), 7_200), span);
}

#[test]
fn with_the_bucket_nothing_is_missing_and_without_it_the_gap_has_a_name() {
    let mut chain = [group("2026-03-06T00:00:00Z"), bucket(true)];
    settle(&case(), &mut chain);
    assert!(chain[0].missing.is_empty() && chain[0].covered_from.is_none());
    assert_eq!(chain[0].counted_from, Some(at("2026-03-06T00:00:00Z")));
    assert!(chain[0].said[0].contains("read from s3://logs/"));

    // Part of the baseline: it is cut, which the merge says.
    let mut chain = [group("2026-03-06T00:00:00Z"), bucket(false)];
    settle(&case(), &mut chain);
    assert_eq!(chain[0].covered_from, Some(at("2026-03-06T00:00:00Z")));
    assert_eq!(chain[0].counted_from, None);
    assert!(chain[0].said[0].contains("was not read"), "{chain:?}");

    // Part of the window, and no bucket is known.
    let mut chain = [group("2026-03-11T07:00:00Z")];
    settle(&case(), &mut chain);
    assert!(chain[0].missing[0].contains("part of the window"));
    assert!(chain[0].missing[0].contains("--cloudtrail s3://"));
}

#[test]
fn a_group_that_gave_way_says_nothing_of_its_age() {
    let mut chain = [group("2026-03-11T07:00:00Z"), bucket(true)];
    chain[0].was_read = false;
    let before = chain.clone();
    settle(&case(), &mut chain);
    assert_eq!(chain, before);
}
