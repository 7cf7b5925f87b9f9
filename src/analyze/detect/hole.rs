//! Holes in the trail: minutes in which CloudWatch counted calls and CloudTrail shows none.
//!
//! Either the calls went unrecorded or the records were not delivered; the judge decides, but such
//! a span must never pass as quiet.

use super::failures::is_ongoing;
use super::grid::{Grid, add, total};
use super::limits::limits;
use crate::analyze::types::{Episode, Signal, Significance, method};
use crate::case::Minute;
use crate::facts::types::{Facts, Meaning, MetricSeries, TrailFacts};
use std::collections::BTreeMap;

/// Calls counted in `[from, to)` minutes of the axis.
#[derive(Debug, Clone, Copy)]
struct Count {
    from: usize,
    to: usize,
    calls: f64,
}

/// A stretch of silent points.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: usize,
    to: usize,
    calls: f64,
    peak: (f64, usize),
}

/// One episode per hole and API, unsorted.
///
/// A hole is looked for in every API and in all of them together: a short one, or one of a quiet
/// place, shows in no API alone.
pub(super) fn holes(facts: &Facts, grid: &Grid) -> Vec<Episode> {
    let alone = facts.trail.len() == 1;
    let mut episodes: Vec<Episode> = Vec::new();
    for trail in &facts.trail {
        let mut by_api: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for series in &trail.series {
            let sum = by_api
                .entry(series.api.as_str())
                .or_insert_with(|| vec![0; grid.len]);
            add(sum, &grid.calls(series));
        }
        // An API the trail never shows at all is a matter of coverage, not of one span.
        by_api.retain(|_, calls| total(calls, 0, grid.len) > 0);
        let mut counts: Vec<(&str, &Vec<u32>, Vec<Count>)> = Vec::new();
        let (mut all, mut pooled) = (vec![0; grid.len], BTreeMap::<(usize, usize), f64>::new());
        for (api, calls) in &by_api {
            let counted = counted(facts, trail, api, alone, grid);
            if counted.is_empty() {
                continue;
            }
            add(&mut all, calls);
            for count in &counted {
                *pooled.entry((count.from, count.to)).or_default() += count.calls;
            }
            counts.push((api, calls, counted));
        }
        let pooled: Vec<Count> = pooled
            .into_iter()
            .map(|((from, to), calls)| Count { from, to, calls })
            .collect();
        let together = runs(&pooled, &all);
        for (api, calls, counted) in &counts {
            let own = runs(counted, calls);
            let part = |whole: &Run| -> Option<Run> {
                let told = own
                    .iter()
                    .any(|run| run.from < whole.to && whole.from < run.to);
                let missed = counted
                    .iter()
                    .filter(|count| whole.from <= count.from && count.to <= whole.to)
                    .filter(|count| count.calls > 0.0);
                let peak = missed
                    .clone()
                    .map(|count| (count.calls, count.from))
                    .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
                let calls: f64 = missed.map(|count| count.calls).sum();
                (!told).then_some(Run {
                    calls,
                    peak,
                    ..*whole
                })
            };
            let parts: Vec<Run> = together.iter().filter_map(part).collect();
            for run in own.into_iter().chain(parts) {
                episodes.push(told(trail, api, calls, run, grid));
            }
        }
    }
    episodes
}

/// CallCount of one API inside the settled window, by time.
fn counted(facts: &Facts, trail: &TrailFacts, api: &str, alone: bool, grid: &Grid) -> Vec<Count> {
    let place = &trail.place;
    let is_here = |series: &&MetricSeries| {
        // A series that does not say where it is from fits only when there is one place.
        let fits = |stated: &Option<String>, value: &str| match stated {
            Some(stated) => stated == value,
            None => alone,
        };
        matches!(&series.meaning, Meaning::CallCount { api: of } if of == api)
            && fits(&series.account, &place.account)
            && fits(&series.region, &place.region)
    };
    let mut counts: Vec<Count> = facts
        .metrics
        .iter()
        .filter(is_here)
        .flat_map(|series| {
            let minutes = (series.period_s / 60).clamp(1, 1440);
            series.points.iter().map(move |(at, calls)| {
                let start = Minute::of(*at);
                (start, start.plus(minutes), *calls)
            })
        })
        .filter(|(from, to, _)| {
            grid.minute(grid.split) <= *from && *to <= grid.minute(grid.settled)
        })
        .map(|(from, to, calls)| Count {
            from: grid.index(from),
            to: grid.index(to),
            calls: calls.max(0.0),
        })
        .collect();
    if counts.is_empty() {
        counts = facts
            .coverage
            .iter()
            .filter(|coverage| coverage.place == *place && coverage.api == api)
            .flat_map(|coverage| &coverage.silent_minutes)
            .map(|minute| grid.index(*minute))
            .filter(|at| grid.split <= *at && *at < grid.settled)
            .map(|at| Count {
                from: at,
                to: at + 1,
                calls: 1.0,
            })
            .collect();
    }
    counts.sort_by_key(|count| (count.from, count.to));
    counts
}

/// Stretches in which the trail shows next to nothing of what was counted. Points of zero calls
/// bridge, points the trail does show end a stretch.
fn runs(counts: &[Count], calls: &[u32]) -> Vec<Run> {
    let limits_v = &limits().volume;
    // Minutes in which nothing was counted and nothing shown say nothing either way.
    let gap = 6 * limits().episode.gap;
    let mut runs: Vec<Run> = Vec::new();
    let mut open: Option<Run> = None;
    for count in counts {
        let shown = total(calls, count.from, count.to) as f64;
        let is_silent = count.calls > 0.0 && shown <= limits_v.hole_share * count.calls;
        let broken = open.as_ref().is_some_and(|run| {
            total(calls, run.to, count.from) > 0
                || count.from.saturating_sub(run.to) > gap
                || (!is_silent && shown > 0.0)
        });
        if broken {
            runs.extend(open.take());
        }
        if is_silent {
            let run = open.get_or_insert(Run {
                from: count.from,
                to: count.to,
                calls: 0.0,
                peak: (0.0, count.from),
            });
            run.to = run.to.max(count.to);
            run.calls += count.calls;
            if count.calls > run.peak.0 {
                run.peak = (count.calls, count.from);
            }
        }
    }
    runs.extend(open);
    let sum = |of: &dyn Fn(&Count) -> f64| counts.iter().map(of).sum::<f64>();
    let counted = sum(&|count| count.calls);
    let shown = sum(&|count| total(calls, count.from, count.to) as f64);
    runs.retain(|run| {
        // How surely the trail shows a call, told by the rest of the window.
        let rest = (counted - run.calls).max(0.0);
        let coverage = if rest > 0.0 { shown / rest } else { 1.0 };
        let score = -run.calls * (1.0 - coverage.clamp(0.0, limits_v.hole_coverage)).ln();
        i64::try_from(run.to - run.from).unwrap_or(0) >= limits_v.hole_minutes
            && run.calls >= limits_v.hole_calls
            && score >= limits_v.hole_score
    });
    runs
}

fn told(trail: &TrailFacts, api: &str, calls: &[u32], run: Run, grid: &Grid) -> Episode {
    Episode {
        place: trail.place.clone(),
        api: api.to_owned(),
        signal: Signal::TrafficDrop,
        onset: grid.minute(run.from),
        end: grid.minute(run.to),
        peak: grid.minute(run.peak.1),
        ongoing: is_ongoing(run.to, grid),
        calls: total(calls, run.from, run.to),
        failures: run.calls.round() as u64,
        baseline_ratio: run.calls / (run.to - run.from).max(1) as f64,
        significance: Significance {
            method: method::HOLE,
            // Seeing none where `calls` were counted has this log-likelihood ratio.
            score: run.calls,
            q: None,
            // The count needs no calibration; these are the days it could be compared with.
            calibrated_days: trail.days_with_calls,
            dispersion: 1.0,
        },
    }
}
