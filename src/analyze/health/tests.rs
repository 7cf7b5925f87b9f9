//! Scope before time, impact intervals, scores, coincidence and silence.

use super::*;
use crate::analyze::stage::{self, at};

fn span() -> Interval {
    Interval::new(at(9, 0), at(9, 30))
}

fn try_link(notice: Notice) -> Result<Link, String> {
    let mut facts = stage::facts();
    facts.notices = vec![notice];
    let (mut links, rejected) = links(&facts, &stage::place(), span());
    match links.pop() {
        Some(link) => Ok(link),
        None => Err(rejected.first().unwrap().why.clone()),
    }
}

#[test]
fn a_stated_impact_around_the_onset_is_a_strong_link() {
    let link = try_link(stage::notice((8, 58), (9, 40))).unwrap();
    assert!(link.is_strong());
    assert_eq!(link.matched.score, 1.0);
    assert_eq!(link.matched.onset_lag_s, 120);
    assert_eq!(link.matched.overlap_s, 1800);
    // 3 events in 1826 days; 30 + 42 + 10 minutes.
    let lambda: f64 = 3.0 / (1826.0 * 1440.0);
    assert!((link.matched.coincidence - (1.0 - (-lambda * 82.0).exp())).abs() < 1e-12);
    assert!(link.matched.rule.contains("names ECR"));
}

#[test]
fn scope_is_asked_before_time() {
    let elsewhere = Notice {
        region: "us-east-1".into(),
        ..stage::notice((9, 0), (9, 30))
    };
    assert!(try_link(elsewhere).unwrap_err().contains("another region"));
    let unrelated = Notice {
        relation: Relation::Unrelated,
        service: "GAMELIFT".into(),
        ..stage::notice((9, 0), (9, 30))
    };
    assert!(try_link(unrelated).unwrap_err().contains("GAMELIFT"));
    for category in ["scheduledChange", "accountNotification"] {
        let planned = Notice {
            category: category.into(),
            ..stage::notice((9, 0), (9, 30))
        };
        assert!(try_link(planned).unwrap_err().contains("not a fault"));
    }
}

#[test]
fn what_ended_before_or_starts_after_does_not_fit() {
    assert!(
        try_link(stage::notice((7, 0), (9, 0)))
            .unwrap_err()
            .contains("ended before onset")
    );
    assert!(
        try_link(stage::notice((9, 30), (9, 50)))
            .unwrap_err()
            .contains("starts after")
    );
    assert!(try_link(stage::notice((7, 0), (9, 1))).is_ok());
}

#[test]
fn published_times_are_widened_to_the_left_and_weigh_less() {
    let published = Notice {
        read_from: ReadFrom::Published,
        ..stage::notice((10, 10), (11, 0))
    };
    let link = try_link(published).unwrap();
    assert_eq!(link.matched.impact.from, at(8, 10));
    assert_eq!(link.matched.onset_lag_s, -70 * 60);
    assert!(link.matched.score < 1.0 && link.is_strong());
    assert!(link.matched.rule.contains("widened 120 min"));
    let too_late = Notice {
        read_from: ReadFrom::Published,
        ..stage::notice((11, 31), (11, 40))
    };
    assert!(try_link(too_late).unwrap_err().contains("starts after"));
}

#[test]
fn an_open_event_lasts_until_now() {
    let open = Notice {
        impact: None,
        end: None,
        read_from: ReadFrom::Published,
        ..stage::notice((8, 50), (9, 0))
    };
    assert_eq!(try_link(open).unwrap().matched.impact.to, at(14, 0));
    let timeless = Notice {
        impact: None,
        start: None,
        end: None,
        ..stage::notice((8, 50), (9, 0))
    };
    assert!(try_link(timeless).unwrap_err().contains("no time"));
}

#[test]
fn a_dependency_links_but_is_never_strong() {
    let kms = Notice {
        relation: Relation::Dependency,
        service: "KMS".into(),
        ..stage::notice((8, 58), (9, 40))
    };
    let link = try_link(kms).unwrap();
    assert!(!link.is_strong() && link.matched.score > 0.0);
}

#[test]
fn a_global_event_reaches_every_region_at_a_lower_weight() {
    let global = Notice {
        region: "global".into(),
        ..stage::notice((8, 58), (9, 40))
    };
    let link = try_link(global).unwrap();
    assert_eq!(link.matched.score, 0.8);
    assert!(link.matched.coincidence > 0.01);
}

#[test]
fn the_unposted_share_follows_the_table() {
    assert_eq!(unposted_share(0), 1.0);
    assert_eq!(unposted_share(-60), 1.0);
    assert!((unposted_share(3600) - 0.59).abs() < 1e-9);
    assert!((unposted_share(45 * 60) - 0.735).abs() < 1e-9);
    assert_eq!(unposted_share(86_400), 0.03);
    assert_eq!(unposted_share(i64::MAX), 0.03);
}

#[test]
fn better_links_come_first_and_the_post_lag_is_signed() {
    let mut facts = stage::facts();
    let weak = Notice {
        arn: "arn:a".into(),
        relation: Relation::Multiple,
        ..stage::notice((8, 58), (9, 40))
    };
    let strong = Notice {
        arn: "arn:b".into(),
        posted: Some(at(9, 45)),
        ..stage::notice((8, 58), (9, 40))
    };
    facts.notices = vec![weak, strong];
    let (links, rejected) = links(&facts, &stage::place(), span());
    let arns: Vec<&str> = links.iter().map(|l| l.matched.arn.as_str()).collect();
    assert_eq!(arns, ["arn:b", "arn:a"]);
    assert_eq!(links.first().unwrap().matched.posted_lag_s, Some(2700));
    assert!(rejected.is_empty());
}
