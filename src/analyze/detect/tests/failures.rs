//! Failures against calls.

use super::*;
use crate::analyze::types::Signal;

const WEEK: i64 = 7 * DAY;

/// A week and a day of pulls with the usual rare failures.
fn registry() -> World {
    let mut world = World::new(WEEK, DAY);
    world.steady(
        "BatchGetImage",
        Class::ServerError,
        (-WEEK, DAY),
        15,
        0.0005,
    );
    world.steady(
        "GetAuthorizationToken",
        Class::Denied,
        (-WEEK, DAY),
        4,
        0.01,
    );
    world
}

#[test]
fn a_quiet_day_with_benign_background_says_nothing() {
    let mut world = registry();
    // Scanners ask for what is not there, all day and in storms, one of them at an odd hour.
    world.steady("DescribeImages", Class::NotFound, (-WEEK, DAY), 5, 0.3);
    world.steady("DescribeRepositories", Class::NotFound, (300, 330), 10, 0.4);
    for day in -7..1 {
        world.steady(
            "DescribeRepositories",
            Class::NotFound,
            (day * DAY + 600, day * DAY + 630),
            10,
            0.4,
        );
    }
    let detected = world.detect();
    assert!(detected.drafts.is_empty(), "{:#?}", detected.drafts);
}

#[test]
fn twelve_minutes_of_server_errors_are_found_with_their_ends() {
    let mut world = registry();
    world.silence("BatchGetImage", (700, 712));
    world.steady("BatchGetImage", Class::ServerError, (700, 712), 15, 0.2);
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 1, "{drafts:#?}");
    near(span(&drafts[0]), (700, 712), 2);
    assert_eq!(drafts[0].signal, Signal::Failures(Class::ServerError));
    assert_eq!(drafts[0].apis, ["BatchGetImage"]);
    assert!(!drafts[0].ongoing);
    let episode = &drafts[0].episodes[0];
    assert_eq!((episode.calls, episode.failures), (180, 36));
    assert!((episode.baseline_ratio - 0.0005).abs() < 1e-4);
    assert_eq!(episode.significance.calibrated_days, 7);
    assert!(episode.significance.q.unwrap() < 0.001);
}

#[test]
fn an_incident_at_the_end_of_settled_data_is_ongoing() {
    let mut world = registry();
    world.silence("BatchGetImage", (DAY - 20, DAY));
    world.steady(
        "BatchGetImage",
        Class::ServerError,
        (DAY - 20, DAY),
        15,
        0.3,
    );
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 1);
    assert!(drafts[0].ongoing);
    assert!(drafts[0].span.to <= at(DAY));
}

/// SSM calls per minute of the public invictus-ir data set (MIT): minute after 11:50, API, calls,
/// throttles. One principal over its own rate quota, one hour of archive, nothing before it.
const THROTTLED: &[(i64, &str, u32, u32)] = &[
    (6, "DescribeInstanceInformation", 12, 0),
    (7, "DescribeInstanceInformation", 15, 0),
    (7, "SendCommand", 9, 0),
    (8, "DescribeParameters", 48, 1),
    (8, "GetParameter", 42, 0),
    (8, "GetParameters", 5, 0),
    (8, "ListTagsForResource", 42, 0),
    (8, "PutParameter", 67, 25),
    (8, "UpdateInstanceInformation", 4, 0),
    (12, "UpdateInstanceInformation", 1, 0),
    (15, "UpdateInstanceInformation", 8, 0),
    (17, "DescribeParameters", 35, 17),
    (17, "GetParameter", 28, 0),
    (17, "ListTagsForResource", 20, 0),
    (17, "UpdateInstanceInformation", 3, 0),
    (18, "DeleteParameter", 78, 38),
    (18, "DescribeParameters", 39, 21),
    (18, "GetParameter", 12, 0),
    (18, "ListTagsForResource", 20, 0),
];

#[test]
fn a_real_throttling_burst_without_any_past_is_one_incident() {
    let mut world = World::new(WEEK, 60);
    for (minute, api, calls, throttled) in THROTTLED {
        world.add(api, Class::Throttle, *minute, *throttled);
        world.add(api, Class::Success, *minute, calls - throttled);
    }
    world.observed = Some((0, 60));
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 1, "{drafts:#?}");
    // 11:58 to 12:09.
    assert_eq!(span(&drafts[0]), (8, 19));
    assert_eq!(
        drafts[0].apis,
        ["DeleteParameter", "DescribeParameters", "PutParameter"]
    );
    assert_eq!(drafts[0].peak, Minute(MIDNIGHT + 18));
    let failures: u64 = drafts[0].episodes.iter().map(|e| e.failures).sum();
    // The single throttle of DescribeParameters at 11:58 lies outside its own interval.
    assert_eq!(failures, 101);
    for episode in &drafts[0].episodes {
        assert_eq!(episode.significance.calibrated_days, 0);
        assert_eq!(episode.significance.q, None);
    }
}

#[test]
fn thin_apis_are_seen_together() {
    let mut world = World::new(WEEK, DAY);
    let apis = ["PutImage", "CompleteLayerUpload", "InitiateLayerUpload"];
    for (index, api) in apis.into_iter().enumerate() {
        let index = index as i64;
        for minute in (-WEEK..DAY).filter(|minute| minute % 20 == index * 5) {
            world.add(api, Class::Success, minute, 1);
        }
        // Three failures each: too few for one API, too many for all of them.
        for minute in [900 + index, 907 + index, 913 + index] {
            world.add(api, Class::ServerError, minute, 1);
        }
    }
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 1, "{drafts:#?}");
    near(span(&drafts[0]), (900, 916), 2);
    assert_eq!(drafts[0].apis.len(), 3);
}

#[test]
fn a_past_incident_does_not_hide_a_new_one() {
    let mut world = registry();
    for start in [-3 * DAY + 200, 700] {
        world.silence("BatchGetImage", (start, start + 60));
        world.steady(
            "BatchGetImage",
            Class::ServerError,
            (start, start + 60),
            15,
            0.3,
        );
    }
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 1, "{drafts:#?}");
    near(span(&drafts[0]), (700, 760), 2);
    assert!(drafts[0].episodes[0].baseline_ratio < 0.001);
}

#[test]
fn what_happens_every_day_is_not_an_incident() {
    let mut world = registry();
    for day in -7..1 {
        let start = day * DAY + 120;
        world.silence("BatchGetImage", (start, start + 15));
        world.steady("BatchGetImage", Class::Denied, (start, start + 15), 15, 0.3);
    }
    assert!(world.detect().drafts.is_empty());
}

#[test]
fn two_incidents_hours_apart_are_two() {
    let mut world = registry();
    for start in [300, 420] {
        world.silence("BatchGetImage", (start, start + 12));
        world.steady(
            "BatchGetImage",
            Class::ServerError,
            (start, start + 12),
            15,
            0.2,
        );
    }
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 2, "{drafts:#?}");
    near(span(&drafts[0]), (300, 312), 2);
    near(span(&drafts[1]), (420, 432), 2);
}

#[test]
fn classes_stay_separate_and_apis_come_together() {
    let mut world = registry();
    world.silence("BatchGetImage", (500, 520));
    world.silence("GetAuthorizationToken", (500, 520));
    world.steady("BatchGetImage", Class::ServerError, (500, 520), 15, 0.4);
    world.steady(
        "GetAuthorizationToken",
        Class::ServerError,
        (502, 520),
        4,
        0.5,
    );
    world.steady("BatchGetImage", Class::Throttle, (500, 520), 15, 0.4);
    let drafts = world.detect().drafts;
    let signals: Vec<_> = drafts.iter().map(|draft| draft.signal).collect();
    assert_eq!(
        signals,
        [
            Signal::Failures(Class::ServerError),
            Signal::Failures(Class::Throttle)
        ]
    );
    assert_eq!(drafts[0].apis, ["BatchGetImage", "GetAuthorizationToken"]);
}

#[test]
fn new_denials_count_without_calibration_but_need_more() {
    // Half an hour of past: learnt from, not calibrated on.
    let mut world = World::new(30, 60);
    world.steady("BatchGetImage", Class::Denied, (-30, 20), 10, 0.0);
    world.steady("BatchGetImage", Class::Denied, (20, 40), 10, 0.5);
    world.steady("BatchGetImage", Class::Denied, (40, 60), 10, 0.0);
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 1, "{drafts:#?}");
    near(span(&drafts[0]), (20, 40), 2);
    assert_eq!(drafts[0].episodes[0].significance.q, None);

    let mut world = World::new(30, 60);
    world.steady("BatchGetImage", Class::Denied, (-30, 60), 10, 0.0);
    for minute in [20, 22, 24] {
        world.add("BatchGetImage", Class::Denied, minute, 2);
    }
    assert!(world.detect().drafts.is_empty());
}

#[test]
fn a_steady_rate_of_benign_failures_without_a_past_is_not_news() {
    let mut world = World::new(0, 120);
    world.steady("DescribeImages", Class::NotFound, (0, 120), 10, 0.4);
    world.steady("BatchGetImage", Class::Denied, (0, 120), 10, 0.05);
    assert!(world.detect().drafts.is_empty());
}

#[test]
fn a_window_that_fails_throughout_is_found_without_a_past() {
    let mut world = World::new(0, 60);
    world.steady("BatchGetImage", Class::ServerError, (0, 60), 10, 0.4);
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 1);
    assert!(drafts[0].ongoing);
}

#[test]
fn a_storm_of_missing_images_must_be_clearly_new() {
    let mut world = registry();
    world.silence("BatchGetImage", (400, 430));
    world.steady("BatchGetImage", Class::NotFound, (400, 430), 15, 0.15);
    assert!(world.detect().drafts.is_empty());
    world.silence("BatchGetImage", (400, 430));
    world.steady("BatchGetImage", Class::NotFound, (400, 430), 15, 0.6);
    assert_eq!(world.detect().drafts.len(), 1);
}

#[test]
fn the_same_facts_give_the_same_findings() {
    let mut world = registry();
    world.silence("BatchGetImage", (700, 712));
    world.steady("BatchGetImage", Class::ServerError, (700, 712), 15, 0.2);
    assert_eq!(world.detect(), world.detect());
}

#[test]
fn an_incident_that_began_before_the_window_is_still_seen() {
    // Two hours of past, the last twenty minutes of it already failing.
    let mut world = World::new(120, 60);
    world.steady("BatchGetImage", Class::ServerError, (-120, -20), 10, 0.0);
    world.steady("BatchGetImage", Class::ServerError, (-20, 30), 10, 0.3);
    world.steady("BatchGetImage", Class::ServerError, (30, 60), 10, 0.0);
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 1);
    near(span(&drafts[0]), (0, 30), 2);
}

#[test]
fn an_api_used_for_the_first_time_brings_its_own_normal() {
    let mut world = registry();
    world.steady("DescribeImages", Class::NotFound, (600, 900), 10, 0.5);
    world.steady("ListImages", Class::Denied, (600, 900), 10, 0.08);
    assert!(world.detect().drafts.is_empty());
}

#[test]
fn a_stray_failure_before_does_not_move_the_onset() {
    let mut world = registry();
    world.silence("BatchGetImage", (700, 730));
    world.steady("BatchGetImage", Class::ServerError, (700, 730), 15, 0.3);
    world.add("BatchGetImage", Class::ServerError, 694, 1);
    world.add("BatchGetImage", Class::ServerError, 736, 2);
    let drafts = world.detect().drafts;
    assert_eq!(drafts.len(), 1, "{drafts:#?}");
    near(span(&drafts[0]), (700, 730), 0);
}
