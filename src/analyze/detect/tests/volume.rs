//! Calls against their daily profile, and against CallCount.

use super::*;
use crate::analyze::types::Signal;
use crate::facts::types::Meaning;

const WEEK: i64 = 7 * DAY;

/// Traffic with a daily rhythm: busy from 08:00 to 20:00.
fn office(seed: u64) -> World {
    let mut world = World::new(WEEK, DAY);
    let mut dice = Lcg(seed);
    for minute in -WEEK..DAY {
        let hour = minute.rem_euclid(DAY) / 60;
        let mean = if (8..20).contains(&hour) { 12.0 } else { 3.0 };
        let calls = dice.bursty(mean);
        world.add("BatchGetImage", Class::Success, minute, calls);
        world.add("GetAuthorizationToken", Class::Success, minute, calls / 3);
    }
    world
}

fn drop_of(detected: &Detected) -> Vec<&IncidentDraft> {
    let drafts = detected.drafts.iter();
    drafts
        .filter(|draft| draft.signal == Signal::TrafficDrop)
        .collect()
}

#[test]
fn a_daily_rhythm_is_neither_surge_nor_collapse() {
    for seed in 1..6 {
        let detected = office(seed).detect();
        assert!(detected.drafts.is_empty(), "{:#?}", detected.drafts);
        assert!(detected.anomalies.is_empty(), "{:#?}", detected.anomalies);
    }
}

#[test]
fn weekends_and_mondays_are_neither_surge_nor_collapse() {
    for today in 0..7 {
        let mut world = World::new(WEEK, DAY);
        let mut dice = Lcg(99 + today as u64);
        for minute in -WEEK..DAY {
            let weekday = (today + minute.div_euclid(DAY)).rem_euclid(7);
            let busy = weekday < 5 && (480..1200).contains(&minute.rem_euclid(DAY));
            let calls = dice.bursty(if busy { 20.0 } else { 1.5 });
            world.add("BatchGetImage", Class::Success, minute, calls);
        }
        let detected = world.detect();
        assert!(
            detected.drafts.is_empty(),
            "{today}: {:#?}",
            detected.drafts
        );
        // A busy Saturday would be news; a Monday after a weekend is not.
        assert!(
            detected.anomalies.is_empty(),
            "{today}: {:#?}",
            detected.anomalies
        );
    }
}

#[test]
fn a_collapse_is_an_incident_while_the_trail_goes_on() {
    let mut world = office(1);
    for api in ["BatchGetImage", "GetAuthorizationToken"] {
        world.silence(api, (700, 760));
    }
    let detected = world.detect();
    let drops = drop_of(&detected);
    assert_eq!(drops.len(), 1, "{drops:#?}");
    near(span(drops[0]), (700, 760), 2);
    assert_eq!(drops[0].apis, ["BatchGetImage", "GetAuthorizationToken"]);
    let pulls = &drops[0].episodes[0];
    assert!(
        pulls.calls < 20 && (600..900).contains(&pulls.failures),
        "{pulls:?}"
    );
    assert_eq!(pulls.significance.calibrated_days, 7);
}

#[test]
fn silence_at_the_end_of_the_archive_is_a_gap() {
    let mut world = office(1);
    for api in ["BatchGetImage", "GetAuthorizationToken"] {
        world.silence(api, (700, DAY));
    }
    world.observed = Some((-WEEK, 700));
    assert!(drop_of(&world.detect()).is_empty());
    // Other services went on: now it is a collapse.
    world.observed = Some((-WEEK, DAY));
    let detected = world.detect();
    assert_eq!(drop_of(&detected).len(), 1);
    assert!(drop_of(&detected)[0].ongoing);
}

#[test]
fn a_flow_that_ends_or_comes_late_says_nothing_without_any_past() {
    for (from, to) in [(0, 120), (120, 240)] {
        let mut world = World::new(0, 240);
        world.steady("BatchGetImage", Class::Denied, (from, to), 10, 0.0);
        assert!(world.detect().drafts.is_empty());
    }
}

/// Ten calls a minute, with or without a pause in the middle.
fn paused(calls_each: i64, pause: (i64, i64)) -> World {
    let mut world = World::new(0, 600);
    for minute in (0..600).step_by(usize::try_from(calls_each).unwrap()) {
        if minute < pause.0 || minute >= pause.1 {
            world.add("BatchGetImage", Class::Success, minute, 10);
        }
    }
    world
}

#[test]
fn a_silence_far_longer_than_any_other_is_told_although_nothing_is_known_before() {
    let detected = paused(1, (300, 330)).detect();
    assert_eq!(detected.drafts.len(), 1, "{:#?}", detected.drafts);
    let draft = &detected.drafts[0];
    assert_eq!(draft.signal, Signal::TrafficDrop);
    near(
        (
            Minute::of(draft.span.from).0 - MIDNIGHT,
            Minute::of(draft.span.to).0 - MIDNIGHT,
        ),
        (300, 330),
        0,
    );
}

#[test]
fn a_silence_between_calls_that_come_every_quarter_of_an_hour_is_none() {
    let detected = paused(15, (300, 330)).detect();
    assert!(detected.drafts.is_empty(), "{:#?}", detected.drafts);
}

#[test]
fn a_surge_is_one_anomaly_that_names_its_api() {
    let mut world = office(1);
    for minute in 300..320 {
        world.add("BatchGetImage", Class::Success, minute, 80);
    }
    let detected = world.detect();
    assert!(detected.drafts.is_empty());
    assert_eq!(detected.anomalies.len(), 1, "{:#?}", detected.anomalies);
    let surge = &detected.anomalies[0];
    assert!(surge.series.starts_with("BatchGetImage calls"), "{surge:?}");
    near(
        (
            Minute::of(surge.span.from).0 - MIDNIGHT,
            Minute::of(surge.span.to).0 - MIDNIGHT,
        ),
        (300, 320),
        2,
    );
    assert!(surge.observed >= 80.0 && surge.expected < 10.0);
}

fn call_count(api: &str, (from, to): (i64, i64), per_minute: f64) -> MetricSeries {
    MetricSeries {
        name: format!("CallCount {api}"),
        meaning: Meaning::CallCount {
            api: api.to_owned(),
        },
        region: None,
        account: None,
        period_s: 60,
        points: (from..to).map(|minute| (at(minute), per_minute)).collect(),
        status: "Complete".to_owned(),
        evidence: "E1".to_owned(),
    }
}

#[test]
fn a_hole_in_the_trail_is_told_even_without_a_past() {
    let mut world = World::new(0, 240);
    world.steady("BatchGetImage", Class::Denied, (0, 60), 10, 0.0);
    world.steady("BatchGetImage", Class::Denied, (120, 240), 10, 0.0);
    world.metrics = vec![call_count("BatchGetImage", (0, 240), 10.0)];
    let detected = world.detect();
    let drops = drop_of(&detected);
    assert_eq!(drops.len(), 1, "{drops:#?}");
    assert_eq!(span(drops[0]), (60, 120));
    assert_eq!(drops[0].episodes[0].failures, 600);

    // The same from the coverage facts alone.
    let mut facts = world.facts();
    facts.metrics.clear();
    facts.coverage = vec![crate::facts::types::ApiCoverage {
        place: place(),
        api: "BatchGetImage".to_owned(),
        trail_calls: 1800,
        call_count: 2400.0,
        silent_minutes: (60..120).map(|minute| Minute(MIDNIGHT + minute)).collect(),
    }];
    let detected = super::super::detect(&facts);
    assert_eq!(span(drop_of(&detected)[0]), (60, 120));
}

#[test]
fn a_collapse_that_is_a_hole_is_told_once() {
    let mut world = office(1);
    // CloudWatch counts what happened, the trail shows all of it but one hour.
    let mut counted = call_count("BatchGetImage", (0, DAY), 0.0);
    for (minute, point) in (0..DAY).zip(&mut counted.points) {
        point.1 = f64::from(world.calls("BatchGetImage", minute));
    }
    let missed: f64 = counted.points[700..760].iter().map(|point| point.1).sum();
    for api in ["BatchGetImage", "GetAuthorizationToken"] {
        world.silence(api, (700, 760));
    }
    world.metrics = vec![counted];
    let detected = world.detect();
    let drops = drop_of(&detected);
    assert_eq!(drops.len(), 1, "{drops:#?}");
    let pulls: Vec<_> = drops[0]
        .episodes
        .iter()
        .filter(|episode| episode.api == "BatchGetImage")
        .collect();
    assert_eq!(pulls.len(), 1, "{pulls:#?}");
    assert_eq!(pulls[0].failures as f64, missed);
    // What CloudWatch does not count is still told by its profile.
    assert_eq!(drops[0].apis, ["BatchGetImage", "GetAuthorizationToken"]);
}

#[test]
fn call_count_beside_a_whole_trail_says_nothing() {
    let mut world = World::new(0, 240);
    world.steady("BatchGetImage", Class::Denied, (0, 240), 10, 0.0);
    world.metrics = vec![
        call_count("BatchGetImage", (0, 240), 10.0),
        // An API the trail never shows is a matter of coverage.
        call_count("PutImage", (0, 240), 10.0),
    ];
    assert!(world.detect().drafts.is_empty());
}
