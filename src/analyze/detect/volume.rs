//! Surge and collapse of calls against the daily profile of prior days.
//!
//! A surge is only an anomaly: traffic may grow for any reason. A collapse is an incident, but only
//! where the trail demonstrably went on; silence at the end of an archive is a gap, not a collapse.

use super::calibrate::{self, Gumbel};
use super::failures::is_ongoing;
use super::grid::{Grid, add, total};
use super::limits::limits;
use super::profile::{Level, Profile};
use super::scan::{Cost, Hit, Scan, joined};
use crate::analyze::types::{Anomaly, Episode, Signal, Significance, method};
use crate::facts::types::{Facts, Place, TrailFacts};

/// Calls of one API, or of the whole place when `api` is empty.
struct Flow<'a> {
    place: &'a Place,
    api: &'a str,
    calls: Vec<u32>,
    profile: Profile,
    /// Minutes that can show a collapse: settled, and not after the last record of the trail.
    heard: usize,
}

/// An interval of one flow.
#[derive(Clone, Copy)]
struct Swing {
    flow: usize,
    hit: Hit,
    p: Option<f64>,
    days: usize,
}

/// Surges as anomalies and collapses as episodes, unsorted.
pub(super) fn swings(facts: &Facts, grid: &Grid) -> (Vec<Anomaly>, Vec<Episode>) {
    let (mut anomalies, mut episodes) = (Vec::new(), Vec::new());
    for trail in &facts.trail {
        let flows = flows(trail, grid);
        let surges = significant(&flows, Cost::Surge, grid);
        anomalies.extend(surges_told(&flows, &surges, grid));
        let drops = significant(&flows, Cost::Drop, grid);
        episodes.extend(drops_told(&flows, &drops, grid));
    }
    (anomalies, episodes)
}

/// The flows of a place, the pooled one first.
fn flows<'a>(trail: &'a TrailFacts, grid: &Grid) -> Vec<Flow<'a>> {
    let known_from = trail
        .observed
        .map_or(0, |observed| grid.index_of(observed.from));
    let heard = trail
        .observed
        .map_or(0, |observed| grid.index_of(observed.to).saturating_add(1))
        .min(grid.settled);
    let mut pooled = vec![0; grid.len];
    let single: Vec<(&str, Vec<u32>)> = trail
        .series
        .iter()
        .map(|series| (series.api.as_str(), grid.calls(series)))
        .collect();
    for (_, calls) in &single {
        add(&mut pooled, calls);
    }
    // A prior day on which the place was silent altogether is a day without archive.
    let days: Vec<(usize, usize)> = grid
        .days(limits().calibration.most_days)
        .into_iter()
        .filter(|(from, to)| total(&pooled, *from, *to) > 0)
        .collect();
    std::iter::once(("", pooled))
        .chain(single)
        .map(|(api, calls)| Flow {
            place: &trail.place,
            api,
            profile: Profile::new(&calls, grid, &days, known_from),
            calls,
            heard,
        })
        .collect()
}

/// Intervals large enough and beyond what prior days showed.
fn significant(flows: &[Flow<'_>], cost: Cost, grid: &Grid) -> Vec<Swing> {
    let mut tests = 0;
    let mut swings = Vec::new();
    for (index, flow) in flows.iter().enumerate() {
        tests += 1;
        swings.extend(swings_of(index, flow, cost, grid));
    }
    let p: Vec<f64> = swings.iter().filter_map(|swing| swing.p).collect();
    let mut q = calibrate::q_values(&p, tests).into_iter();
    swings
        .into_iter()
        .filter_map(|swing| {
            let q = swing.p.and_then(|_| q.next());
            q.is_none_or(|q| q <= limits().calibration.false_discovery)
                .then_some(Swing { p: q, ..swing })
        })
        .collect()
}

fn level(cost: Cost) -> Level {
    if cost == Cost::Drop {
        Level::Low
    } else {
        Level::Middle
    }
}

fn swings_of(index: usize, flow: &Flow<'_>, cost: Cost, grid: &Grid) -> Vec<Swing> {
    let limits_v = &limits().volume;
    let to = match cost {
        Cost::Drop if flow.profile.has_past() => flow.heard,
        // Without any past nothing says that calls were to be expected.
        Cost::Drop => grid.split,
        Cost::Surge | Cost::Failures => grid.len,
    };
    if to <= grid.split || flow.profile.is_idle() {
        return Vec::new();
    }
    let expected = flow.profile.expected(level(cost), grid);
    let scan = |expected: &[f64]| {
        Scan::new(
            cost,
            &flow.calls,
            &flow.calls,
            expected,
            flow.profile.dispersion,
        )
    };
    let lengths = limits().lengths((to - grid.split).max(1));
    let window = scan(&expected);
    let gap = limits().episode.gap;
    let mut hits = window.all(grid.split, to, &lengths, limits_v.score, gap);
    hits.retain(|hit| is_large(hit, flow, cost, &window));
    let hits: Vec<Hit> = joined(&hits, gap)
        .iter()
        .filter_map(|group| {
            let (first, last) = (group.first()?, group.last()?);
            Some(Hit {
                from: first.from,
                to: last.to,
                score: group.iter().map(|hit| hit.score).fold(0.0, f64::max),
            })
        })
        .collect();
    if hits.is_empty() {
        return Vec::new();
    }
    let history = if flow.profile.has_days() {
        calibrate::history(&scan(&flow.profile.left_one_out(level(cost), grid)), grid)
    } else {
        Vec::new()
    };
    let gumbel = Gumbel::fit(&history);
    hits.into_iter()
        .filter(|hit| gumbel.is_some() || hit.score >= limits_v.score_uncalibrated)
        .map(|hit| Swing {
            flow: index,
            hit,
            p: gumbel.map(|gumbel| gumbel.tail(hit.score)),
            days: history.len(),
        })
        .collect()
}

fn is_large(hit: &Hit, flow: &Flow<'_>, cost: Cost, scan: &Scan) -> bool {
    let limits = &limits().volume;
    let (calls, _, expected) = scan.sums(hit.from, hit.to);
    if cost == Cost::Surge {
        return calls >= limits.surge_times * expected && calls - expected >= limits.surge_excess;
    }
    let (minutes, least) = if flow.api.is_empty() {
        (limits.drop_minutes, limits.drop_expected)
    } else {
        (limits.drop_minutes_api, limits.drop_expected_api)
    };
    let by_profile = expected >= least && calls <= limits.drop_share * expected;
    hit.to - hit.from >= minutes && by_profile && (flow.profile.has_days() || is_sudden(hit, flow))
}

/// Without a profile by time of day an evening looks like a collapse: then calls must be nearly gone
/// against the quietest ten minutes of the two hours before, too.
fn is_sudden(hit: &Hit, flow: &Flow<'_>) -> bool {
    let limits_d = limits();
    let block = limits_d.baseline.block_minutes.max(1);
    let before = hit
        .from
        .saturating_sub(limits_d.volume.drop_against_minutes);
    let quietest = (before..hit.from.saturating_sub(block - 1))
        .step_by(block)
        .map(|at| total(&flow.calls, at, at + block))
        .min()
        .unwrap_or(0) as f64
        / block as f64;
    let hoped = quietest * (hit.to - hit.from) as f64;
    let least = if flow.api.is_empty() {
        limits_d.volume.drop_expected
    } else {
        limits_d.volume.drop_expected_api
    };
    hoped >= least
        && total(&flow.calls, hit.from, hit.to) as f64 <= limits_d.volume.drop_share * hoped
}

/// The level a collapse is told against: without days the middle would be a busy hour's.
fn usual(flow: &Flow<'_>) -> Level {
    if flow.profile.has_days() {
        Level::Middle
    } else {
        Level::Low
    }
}

/// Whether a swing of one API is already told by the place's.
fn is_told(swing: &Swing, swings: &[Swing]) -> bool {
    swing.flow != 0
        && swings.iter().any(|pooled| {
            pooled.flow == 0 && pooled.hit.from < swing.hit.to && swing.hit.from < pooled.hit.to
        })
}

fn surges_told(flows: &[Flow<'_>], swings: &[Swing], grid: &Grid) -> Vec<Anomaly> {
    swings
        .iter()
        .filter(|swing| !is_told(swing, swings))
        .filter_map(|swing| {
            let flow = flows.get(swing.flow)?;
            let Hit { from, to, score } = swing.hit;
            let expected = flow.profile.expected(Level::Middle, grid);
            let at = (from..to).max_by_key(|at| (flow.calls.get(*at), std::cmp::Reverse(*at)))?;
            let api = if flow.api.is_empty() {
                dominant(flows, from, to, grid).unwrap_or_default()
            } else {
                flow.api
            };
            let Place { account, region } = flow.place;
            let series = if api.is_empty() {
                format!("calls of all APIs ({account}/{region})")
            } else {
                format!("{api} calls ({account}/{region})")
            };
            Some(Anomaly {
                series,
                span: clamped(grid, from, to),
                score,
                expected: expected.get(at).copied().unwrap_or(0.0),
                observed: flow.calls.get(at).copied().map_or(0.0, f64::from),
                unit: "calls/min".to_owned(),
            })
        })
        .collect()
}

fn clamped(grid: &Grid, from: usize, to: usize) -> crate::case::Interval {
    crate::case::Interval::new(grid.minute(from).start(), grid.minute(to).start())
}

/// The API that carries a pooled surge, if one does.
fn dominant<'a>(flows: &[Flow<'a>], from: usize, to: usize, grid: &Grid) -> Option<&'a str> {
    let excess = |flow: &Flow<'_>| {
        let expected = flow.profile.expected(Level::Middle, grid);
        total(&flow.calls, from, to) as f64 - sum(&expected, from, to)
    };
    let (pooled, single) = flows.split_first()?;
    let whole = excess(pooled);
    single
        .iter()
        .find(|flow| excess(flow) >= limits().volume.dominant_share * whole)
        .map(|flow| flow.api)
}

fn sum(values: &[f64], from: usize, to: usize) -> f64 {
    values.get(from..to).unwrap_or_default().iter().sum()
}

/// A pooled collapse speaks through the APIs whose calls were expected.
fn drops_told(flows: &[Flow<'_>], swings: &[Swing], grid: &Grid) -> Vec<Episode> {
    let mut episodes = Vec::new();
    for swing in swings.iter().filter(|swing| !is_told(swing, swings)) {
        let Some(flow) = flows.get(swing.flow) else {
            continue;
        };
        let expected = |flow: &Flow<'_>| {
            let expected = flow.profile.expected(usual(flow), grid);
            sum(&expected, swing.hit.from, swing.hit.to)
        };
        let least = expected(flow) * limits().volume.member_share;
        let members: Vec<&Flow<'_>> = if flow.api.is_empty() {
            flows
                .iter()
                .skip(1)
                .filter(|one| expected(one) >= least)
                .collect()
        } else {
            vec![flow]
        };
        for member in members {
            episodes.push(collapse(member, flow, swing, grid));
        }
    }
    episodes
}

fn collapse(member: &Flow<'_>, carrier: &Flow<'_>, swing: &Swing, grid: &Grid) -> Episode {
    let Hit { from, to, score } = swing.hit;
    let expected = member.profile.expected(usual(member), grid);
    let missing = |at: &usize| {
        expected.get(*at).copied().unwrap_or(0.0)
            - member.calls.get(*at).copied().map_or(0.0, f64::from)
    };
    let peak = (from..to)
        .max_by(|a, b| missing(a).total_cmp(&missing(b)).then(b.cmp(a)))
        .unwrap_or(from);
    let whole = sum(&expected, from, to);
    Episode {
        place: member.place.clone(),
        api: member.api.to_owned(),
        signal: Signal::TrafficDrop,
        onset: grid.minute(from),
        end: grid.minute(to),
        peak: grid.minute(peak),
        ongoing: is_ongoing(to, grid),
        calls: total(&member.calls, from, to),
        failures: whole.round() as u64,
        baseline_ratio: whole / (to - from).max(1) as f64,
        significance: Significance {
            method: method::VOLUME,
            score,
            q: swing.p,
            calibrated_days: u32::try_from(swing.days).unwrap_or(u32::MAX),
            dispersion: carrier.profile.dispersion,
        },
    }
}
