//! Every query is filled, short enough, and lets no value end its text.

use super::*;
use crate::case::Scope;

fn case(from: &str, window: &str, to: &str) -> Case {
    let at = |text: &str| text.parse().unwrap();
    Case {
        window: Interval::new(at(window), at(to)),
        baseline: Interval::new(at(from), at(window)),
        scope: Scope::everything(),
        now: at(to),
    }
}

fn week() -> Case {
    case(
        "2026-03-04T06:30:00Z",
        "2026-03-11T06:30:00Z",
        "2026-03-11T09:00:00Z",
    )
}

#[test]
fn every_query_is_filled_and_short_enough() {
    let mut case = week();
    case.scope.regions = (0..17).map(|n| format!("ap-southeast-{n}")).collect();
    case.scope.accounts = vec!["111122223333".into()];
    let filters = Filters::of(&case).unwrap();
    for kind in [Kind::Records, Kind::Fields, Kind::Volume, Kind::Controls] {
        let part = Part::new(1_773_000_000_000, 1_773_000_600_000);
        let text = filters.text(kind, &part, "1m").unwrap();
        assert!(!text.contains("{{"), "{text}");
        assert!(
            text.contains("toMillis(@timestamp) < 1773000600000"),
            "{text}"
        );
        assert!(text.contains("awsRegion in [\"ap-southeast-0\""), "{text}");
    }
}

#[test]
fn the_time_of_the_call_is_asked_for_by_days_and_hours() {
    let filter = event_time(&week().whole());
    assert!(filter.starts_with("eventTime like /^(2026-03-04T06|2026-03-04T07|"));
    assert!(filter.contains("|2026-03-05T|2026-03-06T|"), "{filter}");
    assert!(filter.ends_with("|2026-03-11T08)/"), "{filter}");
    let exact = case(
        "2026-03-04T00:00:00Z",
        "2026-03-05T00:00:00Z",
        "2026-03-05T01:00:00Z",
    );
    assert_eq!(
        event_time(&exact.whole()),
        "eventTime like /^(2026-03-04T|2026-03-05T00)/"
    );
}

#[test]
fn no_value_ends_its_text() {
    let mut case = week();
    case.scope.regions = vec!["eu-west-1\"] or 1=1".into()];
    assert!(Filters::of(&case).is_err());
    case.scope.regions = Vec::new();
    case.scope.event_sources = vec!["x | delete".into()];
    assert!(Filters::of(&case).is_err());
}

#[test]
fn global_changes_are_asked_for_everywhere_and_are_no_controls() {
    let mut case = week();
    case.scope.regions = vec!["eu-west-1".into()];
    case.scope.accounts = vec!["111122223333".into()];
    let filters = Filters::of(&case).unwrap();
    let iam = filters
        .wanted
        .split(" or ")
        .find(|part| part.contains("iam.amazonaws.com"))
        .unwrap();
    assert!(
        !iam.contains("awsRegion") && iam.contains("recipientAccountId"),
        "{iam}"
    );
    let organizations = filters
        .wanted
        .split(" or ")
        .find(|part| part.contains("organizations.amazonaws.com"))
        .unwrap();
    assert!(
        !organizations.contains("recipientAccountId"),
        "{organizations}"
    );
    assert!(
        filters
            .others
            .contains("not (eventSource in [\"ecr.amazonaws.com\"")
    );
}

#[test]
fn ranges_cover_their_milliseconds() {
    assert_eq!(Part::new(1_000, 2_000).seconds(), (1, 2));
    assert_eq!(Part::new(1_500, 1_501).seconds(), (1, 2));
    assert_eq!(Part::new(1_000, 1_000).seconds(), (1, 2));
}

#[test]
fn bins_fit() {
    assert_eq!(bin(8 * 86_400_000, 9_000).0, "5m");
    assert_eq!(bin(2 * 3_600_000, 9_000).0, "1s");
    assert_eq!(bin(1_000, 9_000).0, "10ms");
    assert_eq!(bin(i64::MAX, 9_000).0, "1d");
}
