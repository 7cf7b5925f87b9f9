//! Assembly: identifiers, head numbers, and which Health events are set aside.

use super::*;
use crate::analyze::stage::{self, at};
use crate::analyze::types::Status;
use crate::facts::types::Notice;

fn two_drafts() -> Detected {
    let late = stage::draft(
        Signal::Failures(Class::Throttle),
        &["BatchGetImage"],
        (9, 0),
        (9, 10),
    );
    let early = stage::draft(
        Signal::Failures(Class::Denied),
        &["PutImage"],
        (8, 10),
        (8, 20),
    );
    Detected {
        drafts: vec![late, early],
        anomalies: Vec::new(),
    }
}

#[test]
fn ids_follow_the_onset_and_profiles_stay_with_their_drafts() {
    let mut facts = stage::facts();
    stage::calls(&mut facts, "BatchGetImage", Class::Success, (9, 0), 10, 6);
    stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (9, 0), 10, 4);
    let profiles = vec![
        Profile {
            minutes_impaired: 9,
            ..Profile::default()
        },
        Profile {
            minutes_impaired: 8,
            ..Profile::default()
        },
    ];
    let found = judge(&facts, two_drafts(), profiles);
    let seen: Vec<(&str, u64)> = found
        .incidents
        .iter()
        .map(|i| (i.id.as_str(), i.minutes_impaired))
        .collect();
    assert_eq!(seen, [("I1", 8), ("I2", 9)]);
    let throttled = found.incidents.last().unwrap();
    assert_eq!((throttled.calls, throttled.failures), (100, 40));
    assert_eq!(throttled.failure_ratio, 0.4);
    assert_eq!(throttled.baseline_ratio, 0.001);
    assert_eq!(throttled.recovery, Some(at(9, 10)));
    assert_eq!(found.status, Status::Incident);
}

#[test]
fn an_ongoing_incident_has_no_recovery_and_missing_profiles_are_empty() {
    let mut detected = two_drafts();
    for draft in &mut detected.drafts {
        draft.ongoing = true;
    }
    let found = judge(&stage::facts(), detected, Vec::new());
    assert_eq!(found.incidents.len(), 2);
    assert!(found.incidents.iter().all(|i| i.recovery.is_none()));
    // Without any series the episodes' own counts stand.
    assert!(
        found
            .incidents
            .iter()
            .all(|i| i.calls == 100 && i.failures == 50)
    );
}

#[test]
fn a_health_event_that_fits_one_incident_is_not_rejected_for_the_other() {
    let mut facts = stage::facts();
    let elsewhere = Notice {
        arn: "arn:b".into(),
        region: "us-east-1".into(),
        ..stage::notice((8, 58), (9, 30))
    };
    facts.notices = vec![stage::notice((8, 58), (9, 30)), elsewhere];
    let found = judge(&facts, two_drafts(), Vec::new());
    assert_eq!(found.health_searched, 2);
    let arns: Vec<&str> = found
        .health_rejected
        .iter()
        .map(|r| r.arn.as_str())
        .collect();
    assert_eq!(arns, ["arn:b"]);
}

#[test]
fn without_incidents_every_event_gets_its_reason() {
    let mut facts = stage::facts();
    stage::calls(&mut facts, "BatchGetImage", Class::Success, (8, 0), 60, 5);
    let outside = Notice {
        arn: "arn:b".into(),
        ..stage::notice((2, 0), (3, 0))
    };
    facts.notices = vec![stage::notice((8, 58), (9, 30)), outside];
    let found = judge(&facts, Detected::default(), Vec::new());
    assert_eq!(found.status, Status::Quiet);
    let whys: Vec<&str> = found
        .health_rejected
        .iter()
        .map(|r| r.why.as_str())
        .collect();
    assert!(whys.iter().any(|why| why.contains("no incident was found")));
    assert!(whys.iter().any(|why| why.contains("outside the window")));
}

#[test]
fn a_volume_incident_compares_calls_per_minute() {
    let mut facts = stage::facts();
    stage::calls(&mut facts, "BatchGetImage", Class::Success, (9, 0), 10, 30);
    let mut draft = stage::draft(Signal::TrafficSurge, &["BatchGetImage"], (9, 0), (9, 10));
    for episode in &mut draft.episodes {
        episode.baseline_ratio = 5.0;
    }
    let found = stage::judged(&facts, draft, Profile::default());
    let surge = found.incidents.first().unwrap();
    assert_eq!((surge.calls, surge.failures), (300, 50));
    assert_eq!((surge.failure_ratio, surge.baseline_ratio), (30.0, 5.0));
}
