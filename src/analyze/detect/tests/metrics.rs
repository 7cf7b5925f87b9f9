//! CloudWatch series.

use super::*;
use crate::analyze::types::Anomaly;
use crate::facts::types::Meaning;

const WEEK: i64 = 7 * DAY;

fn series(meaning: Meaning, period: i64, value: impl FnMut(i64) -> f64) -> MetricSeries {
    let mut value = value;
    MetricSeries {
        name: "m1".to_owned(),
        meaning,
        region: None,
        account: None,
        period_s: period * 60,
        points: (-WEEK..DAY)
            .step_by(period as usize)
            .map(|minute| (at(minute), value(minute)))
            .collect(),
        status: "Complete".to_owned(),
        evidence: "E1".to_owned(),
    }
}

fn anomalies(metric: MetricSeries) -> Vec<Anomaly> {
    let mut world = World::new(WEEK, DAY);
    world.metrics = vec![metric];
    world.detect().anomalies
}

/// A level with a daily wave, noise, and a steady rise.
fn wave(minute: i64, dice: &mut Lcg) -> f64 {
    let day = minute as f64 / DAY as f64;
    100.0 + 40.0 * (std::f64::consts::TAU * day).sin() + 3.0 * dice.normal() + 2.0 * day
}

#[test]
fn flat_seasonal_trending_and_sparse_series_are_quiet() {
    for seed in 1..6 {
        let mut dice = Lcg(seed);
        let quiet = [
            series(Meaning::Gauge, 1, |_| 5.0),
            series(Meaning::Gauge, 1, |_| 0.0),
            series(Meaning::Count, 1, |_| 0.0),
            series(Meaning::Gauge, 5, |minute| {
                wave(minute, &mut Lcg(minute as u64))
            }),
            series(Meaning::Count, 1, |_| f64::from(dice.bursty(2.0))),
            series(Meaning::Count, 1, |minute| {
                let busy = (480..1200).contains(&minute.rem_euclid(DAY));
                f64::from(Lcg(minute as u64 ^ seed << 40).bursty(if busy { 60.0 } else { 10.0 }))
            }),
            series(Meaning::Gauge, 1, |minute| minute as f64),
        ];
        for metric in quiet {
            let found = anomalies(metric.clone());
            assert!(found.is_empty(), "{:?}: {found:?}", metric.meaning);
        }
    }
}

#[test]
fn a_step_in_a_seasonal_gauge_is_one_anomaly() {
    let mut dice = Lcg(7);
    let found = anomalies(series(Meaning::Gauge, 5, |minute| {
        let step = if (600..660).contains(&minute) {
            80.0
        } else {
            0.0
        };
        wave(minute, &mut dice) + step
    }));
    assert_eq!(found.len(), 1, "{found:?}");
    near(
        (
            Minute::of(found[0].span.from).0 - MIDNIGHT,
            Minute::of(found[0].span.to).0 - MIDNIGHT,
        ),
        (600, 660),
        5,
    );
    assert!(found[0].observed > found[0].expected + 50.0);
}

#[test]
fn counts_that_vanish_and_counts_that_jump_are_found() {
    let mut dice = Lcg(3);
    let found = anomalies(series(Meaning::Count, 1, |minute| match minute {
        200..=229 => 0.0,
        900..=929 => f64::from(dice.bursty(900.0)),
        _ => f64::from(dice.poisson(80.0)),
    }));
    let starts: Vec<i64> = found
        .iter()
        .map(|found| Minute::of(found.span.from).0 - MIDNIGHT)
        .collect();
    assert_eq!(starts.len(), 2, "{found:?}");
    near((starts[0], starts[1]), (200, 900), 2);
}

#[test]
fn an_event_before_the_window_is_not_told() {
    let mut dice = Lcg(3);
    let found = anomalies(series(Meaning::Count, 1, |minute| {
        let calm = f64::from(dice.poisson(80.0));
        if (-2000..-1960).contains(&minute) {
            calm * 20.0
        } else {
            calm
        }
    }));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_short_series_without_days_still_shows_its_event() {
    let mut dice = Lcg(5);
    let mut metric = series(Meaning::Count, 1, |minute| {
        let calm = f64::from(dice.poisson(30.0));
        if (60..75).contains(&minute) {
            calm + 400.0
        } else {
            calm
        }
    });
    metric
        .points
        .retain(|(when, _)| *when >= at(0) && *when < at(180));
    let mut world = World::new(0, 180);
    world.metrics = vec![metric];
    let found = world.detect().anomalies;
    assert_eq!(found.len(), 1, "{found:?}");
}
