//! What the sections say where the evidence is thin: silence is not told as health, days without
//! calls are not told as a baseline, a bound is told as a bound.

use super::tell;
use crate::analyze::types::{Anomaly, Findings, Signal};
use crate::bundle::manifest::{Noun, Outcome};
use crate::facts::types::Facts;
use crate::report::{json, markdown, stories};

/// The Markdown of a story after something was done to it.
fn told(of: (Facts, Findings), change: impl FnOnce(&mut Facts, &mut Findings)) -> String {
    let (mut facts, mut findings) = of;
    change(&mut facts, &mut findings);
    markdown::render(&tell(&facts, &findings, &stories::meta()))
}

/// The section of a report by the words of its heading.
fn section<'a>(report: &'a str, heading: &str) -> &'a str {
    let (_, rest) = report
        .split_once(&format!("{heading}\n"))
        .expect("the heading is in the report");
    rest.split_once("\n## ")
        .map_or(rest, |(section, _)| section)
}

#[test]
fn nothing_is_said_of_quotas_over_minutes_without_a_record() {
    let full = told(stories::aws_fault(), |_, _| ());
    let quota = section(&full, "Quota and throttling");
    assert!(quota.contains("No throttling seen"), "{quota}");
    assert!(!quota.contains("lower bound"), "{quota}");

    let silent = told(stories::aws_fault(), |facts, _| {
        for series in facts.trail.iter_mut().flat_map(|trail| &mut trail.series) {
            series.classes.clear();
        }
    });
    let quota = section(&silent, "Quota and throttling");
    assert!(quota.contains("Nothing can be said"), "{quota}");
    for health in ["No throttling seen", "well below", "0 of 0"] {
        assert!(!quota.contains(health), "{quota}");
    }

    for share in [Some(0.5), None] {
        let thin = told(stories::aws_fault(), |facts, _| match share {
            Some(share) => facts.coverage[0].call_count = 7_200.0 / share,
            None => facts.coverage.clear(),
        });
        let quota = section(&thin, "Quota and throttling");
        assert!(quota.contains("lower bound"), "{quota}");
    }
}

#[test]
fn days_without_calls_are_no_baseline() {
    let held = |days: u32| {
        told(stories::aws_fault(), |facts, _| {
            facts.trail[0].days_with_calls = days;
        })
    };
    let all = held(7);
    assert!(all.contains("(7 days)") && all.contains("over 7 days"));
    let some = held(3);
    assert!(some.contains("(7 days, 3 of them with calls)"));
    assert!(some.contains("over the 3 of 7 baseline days that hold calls"));
    assert!(held(1).contains("the 1 of 7 baseline days that holds calls"));
    let none = held(0);
    assert!(none.contains("(7 days, none of them with calls)"));
    let anomalies = told(stories::aws_fault(), |facts, findings| {
        facts.trail[0].days_with_calls = 0;
        findings.anomalies.clear();
    });
    let unusual = section(&anomalies, "Other unusual series");
    assert!(unusual.contains("Nothing can be said of call volumes"));
    assert!(!unusual.contains("None:"), "{unusual}");
}

#[test]
fn health_that_nobody_read_is_not_health_without_an_event() {
    let unread = told(stories::retry_storm(), |facts, findings| {
        facts.notices.clear();
        findings.health_rejected.clear();
        for entry in &mut facts.sources {
            if matches!(entry.noun, Noun::Health | Noun::Status) {
                entry.outcome = Outcome::Unavailable {
                    why: "no input was given".to_owned(),
                    hint: String::new(),
                };
            }
        }
    });
    assert!(unread.contains("**AWS Health:** not read"));
    assert!(!unread.contains("no event matches"));
}

#[test]
fn a_bound_of_the_first_post_is_told_as_one() {
    let exact = told(stories::aws_fault(), |_, _| ());
    assert!(exact.contains("first posted 33 min after our onset"));
    assert!(exact.contains("AWS Health, first post:"));
    let bound = told(stories::aws_fault(), |facts, findings| {
        facts.notices[0].posted_at_latest = true;
        findings.incidents[0].health_matches[0].posted_at_latest = true;
    });
    assert!(bound.contains("posted no later than 33 min after our onset"));
    assert!(bound.contains("AWS Health, posted by then:"));
    assert!(!bound.contains("first post"));
}

#[test]
fn a_possible_repair_is_told_and_not_called_the_reason() {
    let (facts, mut findings) = stories::retry_storm();
    let incident = &mut findings.incidents[0];
    let mut repair = incident.changes[0].clone();
    repair.change.api = "DeleteLifecyclePolicy".to_owned();
    repair.change.time = incident.recovery.unwrap() - chrono::Duration::seconds(55);
    repair.why = "55 s before the recovery.".to_owned();
    incident.repairs = vec![repair];
    let report = tell(&facts, &findings, &stories::meta());
    let text = markdown::render(&report);
    let changes = section(&text, "Our own changes");
    assert!(changes.contains("Possibly what ended it"), "{changes}");
    assert!(changes.contains("Before is not because"), "{changes}");
    let timeline = section(&text, "Timeline (UTC)");
    let row = timeline
        .lines()
        .find(|line| line.contains("DeleteLifecyclePolicy"))
        .unwrap();
    assert!(row.contains("possible repair") && row.contains("(inferred)"));
    let value: serde_json::Value = serde_json::from_str(&json::render(&report)).unwrap();
    let told = &value["incidents"][0]["repairs"][0]["api"];
    assert_eq!(told.as_str(), Some("DeleteLifecyclePolicy"));
}

#[test]
fn a_surge_that_two_sources_saw_is_told_once() {
    let surge = |series: &str, from: i64, observed: f64| {
        let (facts, _) = stories::aws_fault();
        let start = facts.case.window.from + chrono::Duration::minutes(from);
        Anomaly {
            series: series.to_owned(),
            span: crate::case::Interval::new(start, start + chrono::Duration::minutes(5)),
            score: 12.0,
            expected: 2.0,
            observed,
            unit: "calls/min".to_owned(),
        }
    };
    let calls = "BatchGetImage calls (111122223333/us-east-1)";
    let rows = |anomalies: Vec<Anomaly>| {
        let text = told(stories::aws_fault(), |_, findings| {
            findings.anomalies = anomalies;
        });
        let section = section(&text, "Other unusual series");
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    let once = rows(vec![
        surge("CallCount BatchGetImage", 10, 77.0),
        surge(calls, 11, 75.0),
    ]);
    assert_eq!(once.len(), 1, "{once:?}");
    assert!(once[0].contains("75 (77)") && once[0].contains(calls));
    // At another time, in another region or of another API they are two.
    for other in [
        surge(calls, 30, 75.0),
        surge("BatchGetImage calls (111122223333/eu-west-1)", 11, 75.0),
        surge("PutImage calls (111122223333/us-east-1)", 11, 75.0),
    ] {
        let two = rows(vec![surge("CallCount BatchGetImage", 10, 77.0), other]);
        assert_eq!(two.len(), 2, "{two:?}");
    }
}

#[test]
fn incidents_of_volume_compare_calls_with_calls() {
    let text = told(stories::aws_fault(), |_, findings| {
        findings.incidents[0].draft.signal = Signal::TrafficDrop;
    });
    let scope = section(&text, "Scope and comparison");
    assert!(scope.contains("| Calls during | Per minute |"), "{scope}");
}
