//! A path, a place or a whole trail is silent for longer than it ever is.
//!
//! The other detectors of missing calls ask how many are missing, which says little where calls come in
//! bursts. The length of a silence needs no rate: it is held against the longest one at the same time
//! of day before, and around it on the same day. Speaks only where those detectors are silent, and
//! never of the silence behind the last record: that is an archive that ends.

use super::failures::is_ongoing;
use super::grid::{DAY, Grid, add, total};
use super::limits::limits;
use super::passage;
use crate::analyze::types::{Episode, Signal, Significance, method};
use crate::facts::types::TrailFacts;
use std::collections::BTreeMap;

/// Minutes without a call, `[from, to)`, and how that compares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Silence {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Calls that would have come.
    pub(super) hoped: f64,
    /// How many times as long as the longest comparable one.
    pub(super) times: f64,
    /// Prior days it was compared with.
    pub(super) days: usize,
    /// Whether it is long enough by itself.
    pub(super) is_plain: bool,
    /// Whether it is long enough behind a change of the way.
    pub(super) is_behind_change: bool,
}

/// One series of calls, and where it is known.
pub(super) struct Flow<'a> {
    pub(super) calls: &'a [u32],
    /// First minute of the archive and the minute behind the last one it can speak of.
    pub(super) known: (usize, usize),
    /// Calls that would have had to come.
    pub(super) least_hoped: f64,
    /// Minutes there must be to compare with.
    pub(super) least_known: usize,
    /// Whether a prior day at the same time is asked for, or that calls go on as before: without either
    /// an evening looks like an end.
    pub(super) needs_days: bool,
    /// Minutes at which the way of the calls was changed.
    pub(super) changed: Vec<usize>,
}

impl Flow<'_> {
    /// The silences inside the window that are longer than any comparable one.
    pub(super) fn silences(&self, grid: &Grid) -> Vec<Silence> {
        let quiet = self.quiet();
        quiet
            .iter()
            .filter(|(from, _)| *from >= grid.split)
            .filter_map(|run| self.judged(*run, &quiet))
            .collect()
    }

    /// How long the longest silence is that one at `run` may be compared with.
    pub(super) fn usual(&self, run: (usize, usize)) -> usize {
        self.compared(run, &self.quiet()).longest
    }

    /// Runs of minutes without a call.
    fn quiet(&self) -> Vec<(usize, usize)> {
        let mut runs = Vec::new();
        let mut start = None;
        let (from, to) = (self.known.0, self.known.1.min(self.calls.len()));
        for at in from..to {
            match (self.calls.get(at), start) {
                (Some(0), None) => start = Some(at),
                (Some(0), Some(_)) => {}
                (_, Some(begun)) => {
                    runs.push((begun, at));
                    start = None;
                }
                (_, None) => {}
            }
        }
        runs.extend(start.map(|begun| (begun, to)));
        runs
    }

    fn judged(&self, run: (usize, usize), quiet: &[(usize, usize)]) -> Option<Silence> {
        let rules = &limits().silence;
        let length = run.1 - run.0;
        if length < rules.minutes.min(rules.broken_off_minutes) {
            return None;
        }
        let compared = self.compared(run, quiet);
        let (times_needed, has_days) = match compared.days {
            0 => (rules.times_uncalibrated, false),
            _ => (rules.times, true),
        };
        let is_pause = || self.needs_days && !has_days && !self.goes_on(run);
        if compared.minutes < self.least_known || is_pause() {
            return None;
        }
        let usual = compared.longest.max(1) as f64;
        let times = length as f64 / usual;
        let hoped = self.hoped(run, compared.days);
        let is_long = length >= rules.minutes && times >= times_needed;
        let is_behind_change = length >= rules.minutes
            && self
                .since_change(run, compared.longest)
                .is_some_and(|minutes| minutes as f64 >= rules.times_after_change * usual);
        // Only where others prove that the trail itself goes on.
        let breaks_off = !self.needs_days
            && compared.longest == 0
            && length >= rules.broken_off_minutes
            && hoped >= rules.plain_hoped;
        let is_plain = is_long || breaks_off;
        ((is_plain || is_behind_change) && hoped >= self.least_hoped).then_some(Silence {
            from: run.0,
            to: run.1,
            hoped,
            times,
            days: compared.days,
            is_plain,
            is_behind_change,
        })
    }

    /// Minutes of a silence behind a change of its way, if one was made shortly before it or, because the
    /// last call comes some time before the first one missing, no more than a usual silence into it.
    /// Where such changes are made all day long, one of them says nothing.
    fn since_change(&self, run: (usize, usize), usual: usize) -> Option<usize> {
        let rules = &limits().silence;
        let from = run.0.saturating_sub(rules.change_minutes);
        let earlier = run.0.saturating_sub(rules.before_minutes)..from;
        let others = self
            .changed
            .iter()
            .filter(|at| earlier.contains(at))
            .count();
        if others > rules.change_others {
            return None;
        }
        let into = (run.0 + usual).min(run.1);
        let change = self.changed.iter().find(|at| (from..=into).contains(at))?;
        Some(run.1 - (*change).max(run.0))
    }

    /// The minutes a silence may be compared with: around the same time on prior days, and the half day
    /// before it and a little after it on its own.
    fn compared(&self, run: (usize, usize), quiet: &[(usize, usize)]) -> Compared {
        let rules = &limits().silence;
        let mut spans = vec![
            (run.0.saturating_sub(rules.before_minutes), run.0),
            (run.1, run.1 + rules.around_minutes),
        ];
        let mut days = 0;
        for back in 1..=limits().calibration.most_days {
            let Some(from) = run.0.checked_sub(back * DAY) else {
                break;
            };
            if from < self.known.0 {
                break;
            }
            let to = run.1 - back * DAY;
            spans.push((
                from.saturating_sub(rules.around_minutes),
                to + rules.around_minutes,
            ));
            days += 1;
        }
        let mut compared = Compared {
            days,
            ..Compared::default()
        };
        for (from, to) in spans {
            let (from, to) = (from.max(self.known.0), to.min(self.known.1));
            compared.minutes += to.saturating_sub(from);
            for other in quiet.iter().filter(|other| **other != run) {
                let shared = other.1.min(to).saturating_sub(other.0.max(from));
                compared.longest = compared.longest.max(shared);
            }
        }
        compared
    }

    /// Calls a minute between two minutes, the fullest ten of them left out: one burst is no pace.
    fn pace(&self, from: usize, to: usize) -> f64 {
        let block = limits().baseline.block_minutes.max(1);
        let (from, to) = (from.max(self.known.0), to.min(self.known.1));
        let mut blocks: Vec<u64> = (from..to.saturating_sub(block - 1))
            .step_by(block)
            .map(|at| total(self.calls, at, at + block))
            .collect();
        blocks.sort_unstable();
        blocks.pop();
        blocks.iter().sum::<u64>() as f64 / (blocks.len() * block).max(1) as f64
    }

    /// Whether a short silence ends with calls at half the pace before it, or more.
    fn goes_on(&self, run: (usize, usize)) -> bool {
        let before = self.pace(run.0.saturating_sub(RECENT), run.0);
        let after = self.pace(run.1, run.1 + RECENT);
        run.1 - run.0 <= limits().silence.pause_minutes && after > 0.0 && after >= 0.5 * before
    }

    /// Calls to be expected in a run: at the pace of the two hours before, and no more than the middle
    /// prior day brought at that time.
    fn hoped(&self, run: (usize, usize), days: usize) -> f64 {
        let recent = self.pace(run.0.saturating_sub(RECENT), run.0) * (run.1 - run.0) as f64;
        let mut same: Vec<u64> = (1..=days)
            .map(|back| total(self.calls, run.0 - back * DAY, run.1 - back * DAY))
            .collect();
        match days {
            0 => recent,
            _ => recent.min(middle(&mut same) as f64),
        }
    }
}

/// Minutes that say what a flow did just before.
const RECENT: usize = 120;

#[derive(Debug, Default)]
struct Compared {
    longest: usize,
    minutes: usize,
    days: usize,
}

fn middle(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// Calls of every ECR path and service of a place on the axis.
struct Sums {
    ecr: Vec<u32>,
    others: Vec<u32>,
}

/// Silences of whole places and whole trails, one episode per API, unsorted.
pub(super) fn silences(trails: &[TrailFacts], grid: &Grid) -> Vec<Episode> {
    trails
        .iter()
        .flat_map(|trail| of_place(trail, grid))
        .collect()
}

fn of_place(trail: &TrailFacts, grid: &Grid) -> Vec<Episode> {
    let Some(observed) = trail.observed else {
        return Vec::new();
    };
    let rules = &limits().silence;
    let known = (
        grid.index_of(observed.from),
        (grid.index_of(observed.to).saturating_add(1)).min(grid.settled),
    );
    let sums = sums(trail, grid);
    let mut whole = sums.ecr.clone();
    add(&mut whole, &sums.others);
    let flow = |calls| Flow {
        calls,
        known,
        least_hoped: rules.hoped,
        least_known: rules.known_minutes,
        needs_days: true,
        changed: passage::changed(trail, None, grid),
    };
    let mut found = flow(&whole).silences(grid);
    for silence in flow(&sums.ecr).silences(grid) {
        let is_known = found
            .iter()
            .any(|other| other.from < silence.to && silence.from < other.to);
        // A trail that ended would look the same, were it not for what the others left in it.
        let others = total(&sums.others, silence.from, silence.to);
        if !is_known && others >= rules.others {
            found.push(silence);
        }
    }
    let mut episodes = Vec::new();
    for silence in found {
        told(trail, &silence, grid, &mut episodes);
    }
    episodes
}

fn sums(trail: &TrailFacts, grid: &Grid) -> Sums {
    let mut sums = Sums {
        ecr: vec![0; grid.len],
        others: vec![0; grid.len],
    };
    for series in &trail.series {
        add(&mut sums.ecr, &grid.calls(series));
    }
    for series in &trail.controls {
        add(&mut sums.others, &grid.lay(series.start, &series.calls));
    }
    sums
}

/// One episode for each API that used to be called, with its share of the missing calls.
fn told(trail: &TrailFacts, silence: &Silence, grid: &Grid, episodes: &mut Vec<Episode>) {
    let before = (silence.from.saturating_sub(RECENT), silence.from);
    let mut by_api: BTreeMap<&str, u64> = BTreeMap::new();
    for series in &trail.series {
        let recent = total(&grid.calls(series), before.0, before.1);
        *by_api.entry(series.api.as_str()).or_default() += recent;
    }
    let all: u64 = by_api.values().sum();
    let length = (silence.to - silence.from) as f64;
    for (api, recent) in by_api {
        let share = recent as f64 / all.max(1) as f64;
        let hoped = recent as f64 / (before.1 - before.0).max(1) as f64 * length;
        if share < limits().volume.member_share || hoped < 1.0 {
            continue;
        }
        episodes.push(Episode {
            place: trail.place.clone(),
            api: api.to_owned(),
            signal: Signal::TrafficDrop,
            onset: grid.minute(silence.from),
            end: grid.minute(silence.to),
            peak: grid.minute(silence.from),
            ongoing: is_ongoing(silence.to, grid),
            calls: 0,
            failures: hoped.round() as u64,
            baseline_ratio: hoped / length,
            significance: Significance {
                method: match silence.is_plain {
                    true => method::SILENCE,
                    false => method::SILENCE_BEHIND_CHANGE,
                },
                score: silence.times,
                q: None,
                calibrated_days: u32::try_from(silence.days).unwrap_or(u32::MAX),
                dispersion: 1.0,
            },
        });
    }
}

/// Whether another drop tells at least half of this one already.
pub(super) fn is_told(silence: &Episode, drops: &[Episode]) -> bool {
    drops.iter().any(|drop| {
        let shared = drop.end.0.min(silence.end.0) - drop.onset.0.max(silence.onset.0);
        drop.place == silence.place && shared.saturating_mul(2) >= silence.end.0 - silence.onset.0
    })
}
