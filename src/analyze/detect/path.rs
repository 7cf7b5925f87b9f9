//! One path falls silent: the calls of a VPC endpoint vanish while those of other paths go on.
//!
//! Calls that do not arrive leave no record, and a path is only a part of a place, so neither the
//! failures nor the volume of the place show it. The share of the path in the calls of the place does:
//! the other paths' calls are tested against all calls with the same scan as failures. A place
//! that falls silent as a whole says nothing here; that is a collapse or a hole.

use super::baseline;
use super::calibrate::{self, Gumbel};
use super::failures::is_ongoing;
use super::grid::{Grid, add, total};
use super::limits::limits;
use super::passage;
use super::scan::{Cost, Scan, joined};
use super::silence::{self, Flow};
use crate::analyze::types::{Episode, Signal, Significance, method};
use crate::facts::types::{ControlSeries, Facts, TrailFacts};
use std::collections::BTreeMap;

/// A silent stretch of one path.
struct Silence<'a> {
    trail: &'a TrailFacts,
    endpoint: &'a str,
    from: usize,
    to: usize,
    method: &'static str,
    /// Calls missing.
    missing: f64,
    score: f64,
    p: Option<f64>,
    days: usize,
    dispersion: f64,
    /// Whether a change of the way came just before it.
    is_behind_change: bool,
}

impl Silence<'_> {
    fn meets(&self, other: &Silence<'_>) -> bool {
        self.trail.place == other.trail.place
            && self.endpoint == other.endpoint
            && self.from < other.to
            && other.from < self.to
    }
}

/// Every silence, one episode per API of the path, unsorted.
pub(super) fn silences(facts: &Facts, grid: &Grid) -> Vec<Episode> {
    let mut tests = 0;
    let (mut by_share, mut by_length) = (Vec::new(), Vec::new());
    for trail in &facts.trail {
        let mut paths: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut all = vec![0; grid.len];
        for path in &trail.paths {
            let laid = grid.lay(path.start, &path.calls);
            add(&mut all, &laid);
            let sum = paths
                .entry(path.endpoint.as_str())
                .or_insert_with(|| vec![0; grid.len]);
            add(sum, &laid);
        }
        for (endpoint, calls) in &paths {
            tests += 1;
            let path = Path::new(trail, endpoint, calls, &all, grid);
            by_share.extend(path.by_share(grid));
            by_length.extend(path.by_length(grid));
        }
    }
    let p: Vec<f64> = by_share.iter().filter_map(|one| one.p).collect();
    let mut q = calibrate::q_values(&p, tests).into_iter();
    let mut episodes = Vec::new();
    let (mut known, mut doubted): (Vec<Silence<'_>>, Vec<Silence<'_>>) = (Vec::new(), Vec::new());
    for silence in by_share {
        let q = silence.p.and_then(|_| q.next());
        if q.is_none_or(|q| q <= limits().calibration.false_discovery) {
            told(&silence, q, grid, &mut episodes);
            known.push(silence);
        } else {
            doubted.push(silence);
        }
    }
    // What the share may leave to chance, the length may still show, but then more must be missing.
    by_length.retain_mut(|long| {
        let is_met = |by: &[Silence<'_>]| by.iter().any(|one| one.meets(long));
        let is_plain = long.missing >= limits().silence.plain_hoped || !is_met(&doubted);
        let is_told = !is_met(&known) && (is_plain || long.is_behind_change);
        if !is_plain {
            long.method = method::SILENCE_OF_PATH_BEHIND_CHANGE;
        }
        is_told
    });
    for silence in by_length {
        told(&silence, None, grid, &mut episodes);
    }
    episodes
}

/// One path beside the others of its place.
struct Path<'a, 'b> {
    trail: &'a TrailFacts,
    endpoint: &'a str,
    calls: &'b [u32],
    all: &'b [u32],
    others: Vec<u32>,
    flow: Flow<'b>,
}

impl<'a, 'b> Path<'a, 'b> {
    fn new(
        trail: &'a TrailFacts,
        endpoint: &'a str,
        calls: &'b [u32],
        all: &'b [u32],
        grid: &Grid,
    ) -> Self {
        let others = all
            .iter()
            .zip(calls)
            .map(|(all, own)| all.saturating_sub(*own))
            .collect();
        let known_from = trail
            .observed
            .map_or(0, |observed| grid.index_of(observed.from));
        Self {
            trail,
            endpoint,
            calls,
            all,
            others,
            flow: Flow {
                calls,
                known: (known_from, grid.settled.min(grid.len)),
                least_hoped: limits().silence.hoped,
                least_known: limits().silence.known_minutes_path,
                needs_days: false,
                changed: passage::changed(trail, Some(endpoint), grid),
            },
        }
    }

    /// Silences longer than any comparable one, while the other paths go on.
    fn by_length(&self, grid: &Grid) -> Vec<Silence<'a>> {
        let silences = self.flow.silences(grid).into_iter();
        let lonely = silences.filter(|one| self.others_go_on(one.from, one.to, grid));
        // Nothing before the window says what is usual: a long window then has quiet nights of its own.
        let has_past = total(self.calls, 0, grid.split) > 0;
        let rules = &limits().silence;
        let stands_out = |one: &silence::Silence| {
            one.hoped >= rules.plain_hoped || one.times >= rules.times_alone
        };
        lonely
            .filter(|one| has_past || stands_out(one))
            .map(|silence| Silence {
                trail: self.trail,
                endpoint: self.endpoint,
                from: silence.from,
                to: silence.to,
                method: match silence.is_plain {
                    true => method::SILENCE_OF_PATH,
                    false => method::SILENCE_OF_PATH_BEHIND_CHANGE,
                },
                missing: silence.hoped,
                score: silence.times,
                p: None,
                days: silence.days,
                dispersion: 1.0,
                is_behind_change: silence.is_behind_change,
            })
            .collect()
    }

    /// Whether the other paths go on while this one is silent. Where they are called little, other
    /// services must show that the trail goes on.
    fn others_go_on(&self, from: usize, to: usize, grid: &Grid) -> bool {
        let rules = &limits().silence;
        let hoped = recent(&self.others, from) * (to - from) as f64;
        let heard = total(&self.others, from, to);
        let goes_on = || {
            let controls = self.trail.controls.iter();
            let records = |one: &ControlSeries| total(&grid.lay(one.start, &one.calls), from, to);
            heard >= rules.others && controls.map(records).sum::<u64>() >= rules.others
        };
        heard as f64 >= rules.others_share * hoped && (heard as f64 >= rules.hoped || goes_on())
    }

    /// Silences that the share of the path in all calls shows.
    fn by_share(&self, grid: &Grid) -> Vec<Silence<'a>> {
        let Self {
            trail,
            endpoint,
            calls,
            all,
            others,
            flow,
        } = self;
        let limits_p = &limits().path;
        if total(calls, 0, grid.split) < limits_p.least_calls {
            return Vec::new();
        }
        let before = |counts: &[u32]| total(counts, 0, grid.split) as f64;
        let raw = before(others) / before(all).max(1.0);
        let normal = baseline::learn(others, all, grid.split, raw);
        // Without others there is nobody to compare with; with next to nothing of its own, nothing to miss.
        if !(0.02..=0.98).contains(&normal.rate) {
            return Vec::new();
        }
        let expected: Vec<f64> = all.iter().map(|n| f64::from(*n) * normal.rate).collect();
        let dispersion = baseline::dispersion(others, all, &expected, grid.split, &normal.dropped);
        let scan = Scan::new(Cost::Failures, others, all, &expected, dispersion);
        let end = grid.settled.min(grid.len);
        let lengths = limits().lengths(end.saturating_sub(grid.split).max(1));
        let gap = limits().episode.gap;
        let least = limits().scan.candidate_score;
        let hits = scan.all(grid.split, end, &lengths, least, gap);
        if hits.is_empty() {
            return Vec::new();
        }
        let history = calibrate::history(&scan, grid);
        let gumbel = Gumbel::fit(&history);
        let wobble = wobble(calls, grid.split);
        let looks = ((end - grid.split) * lengths.len()).max(1) as f64;
        let days = ((grid.len - grid.split) as f64 / super::grid::DAY as f64).max(1.0);
        joined(&hits, gap)
            .iter()
            .filter_map(|group| {
                let (first, last) = (group.first()?, group.last()?);
                let (from, to) = core(calls, (first.from, last.to), (grid.split, end))?;
                let heard = total(calls, from, to) as f64;
                let by_others = total(others, from, to) as f64 * (1.0 / normal.rate - 1.0);
                // A burst of the others raises what their share lets one expect; what the path itself
                // did just before is not raised by it.
                let pace = match gumbel.is_some() {
                    true => recent(calls, from),
                    // No prior day says how high it goes: the end of a busy hour is no silence.
                    false => usual_pace(calls, from),
                };
                let hoped = by_others.min(pace * (to - from) as f64);
                let missing = hoped - heard;
                let enough = if gumbel.is_some() {
                    limits_p.expected
                } else {
                    limits_p.expected_uncalibrated
                };
                let silent = heard <= limits_p.share * hoped;
                if !silent || missing < enough * wobble || to - from < limits_p.minutes {
                    return None;
                }
                let rules = &limits().silence;
                let times = match gumbel.is_some() {
                    true => rules.path_times,
                    false => rules.path_times_uncalibrated,
                };
                let usual = flow.usual((from, to)) as f64;
                if ((to - from) as f64) < times * usual {
                    return None;
                }
                let score = group.iter().map(|hit| hit.score).fold(0.0, f64::max);
                let bound = calibrate::bound(score, looks);
                let p = gumbel.map(|gumbel| (gumbel.tail(score) * days).min(1.0).max(bound));
                (p.is_some() || bound <= limits().calibration.uncalibrated_p).then_some(Silence {
                    trail,
                    endpoint,
                    from,
                    to,
                    method: method::SHARE_OF_CALLS,
                    missing,
                    score,
                    p,
                    days: history.len(),
                    dispersion,
                    is_behind_change: false,
                })
            })
            .collect()
    }
}

/// Calls a minute of the path in the two hours before.
fn recent(calls: &[u32], before: usize) -> f64 {
    let from = before.saturating_sub(RECENT);
    total(calls, from, before) as f64 / (before - from).max(1) as f64
}

/// The same in the middle of the ten-minute counts.
fn usual_pace(calls: &[u32], before: usize) -> f64 {
    let block = limits().baseline.block_minutes.max(1);
    let from = before.saturating_sub(RECENT);
    let mut blocks: Vec<u64> = (from..before.saturating_sub(block - 1))
        .step_by(block)
        .map(|at| total(calls, at, at + block))
        .collect();
    blocks.sort_unstable();
    blocks.get(blocks.len() / 2).copied().unwrap_or(0) as f64 / block as f64
}

/// Minutes that say what the path did just before.
const RECENT: usize = 120;

/// How unevenly the path's own calls come: Pearson chi-square of its ten-minute blocks against the two
/// hours before each, at least 1. Calls of one pull come together, so that the number of calls
/// missing overstates the number of pulls missing. The median over that of the distribution (0.455
/// with one degree of freedom), because bursts say nothing about silence.
fn wobble(calls: &[u32], split: usize) -> f64 {
    let block = limits().baseline.block_minutes.max(1);
    let mut cells: Vec<f64> = (RECENT..split.saturating_sub(block))
        .step_by(block)
        .filter_map(|at| {
            let hoped = recent(calls, at) * block as f64;
            let off = total(calls, at, at + block) as f64 - hoped;
            (hoped >= limits().baseline.cell_errors).then(|| off * off / hoped)
        })
        .collect();
    cells.sort_by(f64::total_cmp);
    let middle = cells.get(cells.len() / 2).copied().unwrap_or(1.0);
    (middle / 0.455).max(1.0)
}

/// The silence itself, near an interval of the scan: the stretch in which most calls are missing and
/// at most the allowed share of the usual ones arrives (maximal sum of what each minute misses). On a
/// slow path the first missing call comes some time after the last one, on average the usual distance
/// of two.
fn core(calls: &[u32], hit: (usize, usize), bounds: (usize, usize)) -> Option<(usize, usize)> {
    let usual = recent(calls, hit.0);
    let reach = (hit.1 - hit.0).max(limits().episode.gap);
    let (lo, hi) = (
        hit.0.saturating_sub(reach).max(bounds.0),
        hit.1.saturating_add(reach).min(bounds.1),
    );
    let (mut best, mut sum, mut start) = (None, 0.0, lo);
    let mut most = 0.0;
    for at in lo..hi {
        let heard = calls.get(at).copied().map_or(0.0, f64::from);
        sum += usual - heard / limits().path.share;
        if sum <= 0.0 {
            (sum, start) = (0.0, at + 1);
        } else if sum > most {
            (best, most) = (Some((start, at + 1)), sum);
        }
    }
    let (from, to) = best?;
    let distance = (1.0 / usual.max(0.03)).round() as usize;
    let from = if from > bounds.0 && from + distance < to {
        from + distance.saturating_sub(1)
    } else {
        from
    };
    Some((from, to))
}

fn told(silence: &Silence<'_>, q: Option<f64>, grid: &Grid, episodes: &mut Vec<Episode>) {
    let Silence {
        trail, from, to, ..
    } = *silence;
    let own_until = |api: Option<&str>, end: usize| -> f64 {
        trail
            .paths
            .iter()
            .filter(|path| path.endpoint == silence.endpoint)
            .filter(|path| api.is_none_or(|api| path.api == api))
            .map(|path| total(&grid.lay(path.start, &path.calls), 0, end) as f64)
            .sum()
    };
    // An archive that begins with its window has no other past than what came before the silence.
    let end = match own_until(None, grid.split) > 0.0 {
        true => grid.split,
        false => from,
    };
    let own = |api: Option<&str>| own_until(api, end);
    let whole = own(None).max(1.0);
    let mut apis: Vec<&str> = trail
        .paths
        .iter()
        .filter(|path| path.endpoint == silence.endpoint)
        .map(|path| path.api.as_str())
        .collect();
    apis.sort_unstable();
    apis.dedup();
    for api in apis {
        let share = own(Some(api)) / whole;
        if share < limits().volume.member_share {
            continue;
        }
        // All calls of the API, and how many there would have been with those missing.
        let calls: u64 = trail
            .series
            .iter()
            .filter(|series| series.api == api)
            .map(|series| total(&grid.calls(series), from, to))
            .sum();
        let hoped = calls as f64 + silence.missing * share;
        episodes.push(Episode {
            place: trail.place.clone(),
            api: api.to_owned(),
            signal: Signal::TrafficDrop,
            onset: grid.minute(from),
            end: grid.minute(to),
            peak: grid.minute(from),
            ongoing: is_ongoing(to, grid),
            calls,
            failures: hoped.round() as u64,
            baseline_ratio: hoped / (to - from).max(1) as f64,
            significance: Significance {
                method: silence.method,
                score: silence.score,
                q,
                calibrated_days: u32::try_from(silence.days).unwrap_or(u32::MAX),
                dispersion: silence.dispersion,
            },
        });
    }
}
