//! Series of many kinds, quiet and with a planted event: what is found, how early, in how many
//! pieces, and what is told of nothing.
//!
//! `cargo test --release -- --ignored --nocapture study_of_gauges` prints the tables of
//! docs/detectors.md. The test that always runs uses other seeds than the study.

use super::series::{DAY as DAY_MIN, KINDS, Kind, Plan, SHAPES, Shape, Told, draw};
use super::*;
use crate::facts::types::Meaning;

/// How one series came out.
struct Outcome {
    kind: Kind,
    shape: Option<Shape>,
    /// Events told within reach of the planted one.
    pieces: usize,
    /// First minute told minus first minute planted.
    late: i64,
    /// Events told elsewhere.
    false_events: usize,
}

fn judged(told: &Told, past_days: i64) -> Outcome {
    let first = told.first_day * DAY_MIN;
    let metric = |points: Vec<(Instant, f64)>, is_count: bool, name: &str| MetricSeries {
        name: name.to_owned(),
        meaning: if is_count {
            Meaning::Count
        } else {
            Meaning::Gauge
        },
        region: None,
        account: None,
        period_s: told.period_min * 60,
        points,
        status: "Complete".to_owned(),
        evidence: "E1".to_owned(),
    };
    let points = told
        .points
        .iter()
        .map(|(m, v)| (at(first + m), *v))
        .collect();
    // Another count of the same answer says which minutes were asked for.
    let ends = [-past_days * DAY_MIN, told.window_min - told.period_min];
    let beside = ends
        .iter()
        .map(|minute| (at(first + minute), 1.0))
        .collect();
    let mut world = World::new(0, 0);
    world.metrics = vec![
        metric(points, told.is_count, "judged"),
        metric(beside, true, "beside"),
    ];
    let mut facts = world.facts();
    facts.case.window = Interval::new(at(first), at(first + told.window_min));
    facts.case.baseline = Interval::new(at(first - past_days * DAY_MIN), at(first));
    facts.settled_until = facts.case.window.to;
    let found: Vec<(i64, i64)> = super::super::metric::anomalies(&facts)
        .iter()
        .filter(|found| found.series == "judged")
        .map(|found| {
            let minute = |at| Minute::of(at).0 - MIDNIGHT - first;
            (minute(found.span.from), minute(found.span.to))
        })
        .collect();
    let reach = (2 * told.period_min).max(10);
    let near: Vec<&(i64, i64)> = found
        .iter()
        .filter(|(from, to)| {
            told.event
                .is_some_and(|(a, b)| *from < b + reach && *to > a - reach)
        })
        .collect();
    let onset = near.iter().map(|span| span.0).min();
    Outcome {
        kind: told.kind,
        shape: told.shape,
        pieces: near.len(),
        late: onset
            .zip(told.event)
            .map_or(0, |(onset, (from, _))| onset - from),
        false_events: found.len() - near.len(),
    }
}

/// Every kind with every shape and without one, `seeds` times.
fn outcomes(past_days: i64, period_min: i64, seeds: std::ops::Range<u64>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for seed in seeds {
        for kind in KINDS {
            for shape in std::iter::once(None).chain(SHAPES.map(Some)) {
                // A count of nearly nothing cannot fall.
                if matches!(kind, Kind::SparseCount | Kind::Sessions) && shape == Some(Shape::Zero)
                {
                    continue;
                }
                let own = KINDS.iter().position(|k| *k == kind).unwrap_or(0) as u64 * 8
                    + shape.map_or(0, |shape| shape as u64 + 1);
                let told = draw(Plan {
                    kind,
                    shape,
                    past_days,
                    window_min: DAY_MIN,
                    period_min,
                    seed: seed * 1000 + own,
                });
                outcomes.push(judged(&told, past_days));
            }
        }
    }
    outcomes
}

fn quantile(mut values: Vec<i64>, share: f64) -> i64 {
    values.sort_unstable();
    let rank = (values.len().saturating_sub(1) as f64 * share) as usize;
    values.get(rank).copied().unwrap_or(0)
}

/// Share found, pieces per found event, false events per series-day, and onset error (p10, p50, p90).
fn summary(outcomes: &[&Outcome]) -> (f64, f64, f64, [i64; 3]) {
    let all = outcomes.len().max(1) as f64;
    let found: Vec<&&Outcome> = outcomes.iter().filter(|one| one.pieces > 0).collect();
    let pieces: usize = found.iter().map(|one| one.pieces).sum();
    let wrong: usize = outcomes.iter().map(|one| one.false_events).sum();
    let late = |share| quantile(found.iter().map(|one| one.late).collect(), share);
    (
        found.len() as f64 / all,
        pieces as f64 / found.len().max(1) as f64,
        wrong as f64 / all,
        [late(0.1), late(0.5), late(0.9)],
    )
}

#[test]
fn planted_events_are_found_early_in_one_piece_and_quiet_series_are_quiet() {
    let mut all = outcomes(7, 5, 900..902);
    all.extend(outcomes(14, 5, 902..903));
    let (quiet, eventful): (Vec<&Outcome>, Vec<&Outcome>) =
        all.iter().partition(|one| one.shape.is_none());
    let (found, pieces, wrong, late) = summary(&eventful);
    let (_, _, idle, _) = summary(&quiet);
    println!(
        "found {found:.3} in {pieces:.2} pieces, late {late:?}; false {wrong:.3}, quiet {idle:.3}"
    );
    assert!(found >= 0.88, "found {found}");
    assert!(pieces <= 1.15, "{pieces} pieces per event");
    assert!(late[1] == 0 && late[0] >= -10 && late[2] <= 30, "{late:?}");
    assert!(wrong <= 0.05, "{wrong} false events beside true ones");
    assert!(idle <= 0.05, "{idle} false events per quiet series-day");
}

#[test]
#[ignore = "a study of some minutes; prints the tables of docs/detectors.md"]
fn study_of_gauges() {
    let mut all = Vec::new();
    for past_days in [3, 7, 14] {
        for period_min in [1, 5] {
            all.extend(outcomes(past_days, period_min, 0..5));
        }
    }
    let print = |name: String, some: Vec<&Outcome>| {
        let (found, pieces, wrong, late) = summary(&some);
        println!(
            "{name:16} {:4} series, found {found:.3}, pieces {pieces:.2}, false {wrong:.3}, onset error {late:?}",
            some.len()
        );
    };
    for shape in std::iter::once(None).chain(SHAPES.map(Some)) {
        let name = shape.map_or("Quiet".to_owned(), |shape| format!("{shape:?}"));
        print(name, all.iter().filter(|one| one.shape == shape).collect());
    }
    for kind in KINDS {
        let some = all
            .iter()
            .filter(|one| one.kind == kind && one.shape.is_some());
        print(format!("{kind:?}"), some.collect());
    }
}
