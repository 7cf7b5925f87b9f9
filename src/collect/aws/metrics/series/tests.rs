//! Periods by age, what of an old baseline is kept, and which series are asked for.

use super::*;
use crate::case::Scope;
use chrono::Duration;

fn case(age_days: i64, baseline_days: i64) -> Case {
    let now = instant(1_770_000_000);
    let to = now - Duration::days(age_days);
    let from = to - Duration::hours(2);
    Case {
        window: Interval::new(from, to),
        baseline: Interval::new(from - Duration::days(baseline_days), from),
        scope: Scope::everything(),
        now,
    }
}

#[test]
fn the_period_follows_the_age_of_the_window() {
    let period = |age| span(&case(age, 3)).map(|span| span.period_s);
    assert_eq!(period(0), Some(60));
    assert_eq!(period(14), Some(60));
    assert_eq!(period(16), Some(300));
    assert_eq!(period(100), Some(3600));
    assert_eq!(period(500), None);
}

#[test]
fn an_old_baseline_is_cut_rather_than_the_window_coarsened() {
    let case = case(12, 7);
    let span = span(&case).unwrap();
    assert!(span.cut && span.period_s == 60);
    assert!(span.over.from > case.baseline.from);
    assert_eq!(span.over.to, case.window.to);
}

#[test]
fn a_quiet_account_is_asked_for_what_is_documented() {
    let (wanted, _) = choose(Vec::new(), Vec::new(), &case(0, 1), 60);
    assert_eq!(wanted.len(), 8);
    assert_eq!(wanted[1].label, "CallCount BatchGetImage");
    assert_eq!(
        wanted[1].row()["MetricStat"]["Metric"]["Namespace"],
        "AWS/Usage"
    );
}

#[test]
fn other_services_subnets_and_other_repositories_are_left_alone() {
    let metric = |namespace: &str, name: &str, dimensions: &[(&str, &str)]| Metric {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let ecr = ("Service Name", "com.amazonaws.us-east-1.ecr.api");
    let listed = vec![
        metric(
            "AWS/Usage",
            "CallCount",
            &[("Resource", "PutImage"), ("Service", "ECR")],
        ),
        metric(
            "AWS/Usage",
            "CallCount",
            &[("Resource", "PutImage"), ("Service", "ECR Public")],
        ),
        metric("AWS/ECR", "RepositoryPullCount", &[("RepositoryName", "a")]),
        metric("AWS/ECR", "RepositoryPullCount", &[("RepositoryName", "b")]),
        metric("AWS/PrivateLinkEndpoints", "PacketsDropped", &[ecr]),
        metric(
            "AWS/PrivateLinkEndpoints",
            "PacketsDropped",
            &[ecr, ("Subnet Id", "s")],
        ),
    ];
    let mut case = case(0, 1);
    case.scope.repositories = vec!["b".to_owned()];
    let (wanted, _) = choose(listed, Vec::new(), &case, 60);
    let ids: Vec<&str> = wanted.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["c1", "p1", "e1"]);
    assert_eq!(wanted[1].label, "RepositoryPullCount b");
}
