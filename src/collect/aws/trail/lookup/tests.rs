//! Which days and regions are looked up, what is said to be missing, and what is kept.

use super::*;
use crate::case::Scope;

fn case() -> Case {
    let at = |text: &str| text.parse().unwrap();
    Case {
        window: Interval::new(at("2026-03-11T06:30:00Z"), at("2026-03-11T09:00:00Z")),
        baseline: Interval::new(at("2026-03-10T06:30:00Z"), at("2026-03-11T06:30:00Z")),
        scope: Scope::everything(),
        now: at("2026-03-11T12:00:00Z"),
    }
}

#[test]
fn days_are_asked_newest_first_and_cover_the_span() {
    let days = days(case().whole());
    assert_eq!(days.len(), 2);
    assert_eq!(days[0].to, case().window.to);
    assert_eq!(days[0].from, days[1].to);
    assert_eq!(days[1].from, case().baseline.from);
}

#[test]
fn global_changes_are_looked_up_where_they_are_written() {
    let stretches = changes(&case(), "eu-west-1");
    let of = |source: &str| stretches.iter().find(|one| one.source == source).unwrap();
    assert_eq!(of("iam.amazonaws.com").region, "us-east-1");
    assert_eq!(of("kms.amazonaws.com").region, "eu-west-1");
    assert!(
        stretches
            .iter()
            .all(|one| one.source != "ecr.amazonaws.com")
    );
    let calls = calls(&case(), "eu-west-1", case().whole());
    assert!(calls.iter().all(|one| one.source == "ecr.amazonaws.com"));
}

#[test]
fn what_is_missing_of_the_window_is_said_and_of_the_baseline_shortens_it() {
    let case = case();
    let mut got = LookedUp::default();
    shorten(&mut got, &case, case.baseline.to, "why");
    assert!(got.missing.is_empty());
    assert_eq!(got.covered_from, Some(case.window.from));
    shorten(&mut got, &case, case.window.to, "why");
    assert_eq!(got.missing.len(), 1);
}

#[test]
fn only_changes_are_kept_of_other_services() {
    assert!(is_change(
        r#"{"eventSource":"kms.amazonaws.com","eventName":"DisableKey"}"#
    ));
    assert!(!is_change(
        r#"{"eventSource":"kms.amazonaws.com","eventName":"Decrypt"}"#
    ));
    assert!(!is_change("no json"));
}
