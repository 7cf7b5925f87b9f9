//! Failures of one caller or one repository, found in its own series.
//!
//! Ten denials of one role are nothing among five thousand calls of all, and everything to that role.
//! A part's failures are tested against the calls of the same APIs in the place, calibrated on its own
//! days; its own calls only have to confirm that a fair share of them failed. Speaks only where the
//! series of the APIs are silent.

use super::baseline::{self, Normal};
use super::calibrate::{self, Gumbel};
use super::failures::is_ongoing;
use super::grid::{DAY, Grid, add, total};
use super::limits::limits;
use super::scan::{Cost, Hit, Scan, joined};
use crate::analyze::types::{Episode, Signal, Significance, method};
use crate::case::Minute;
use crate::ecr::Class;
use crate::facts::types::{Dimension, Facts, FailingPart, TrailFacts};
use std::collections::BTreeMap;

/// One part with all its APIs.
struct Part<'a> {
    trail: &'a TrailFacts,
    class: Class,
    apis: Vec<&'a FailingPart>,
    /// Its failures.
    k: Vec<u32>,
    /// The calls of all, by API.
    calls: &'a Calls<'a>,
}

/// The calls of a place by API.
type Calls<'a> = BTreeMap<&'a str, Vec<u32>>;

impl Part<'_> {
    /// Failures beyond what is expected without which nothing is large, and the share of its own calls.
    fn floor(&self, calibrated: bool) -> (f64, f64) {
        let limits_p = &limits().part;
        match (limits().class(self.class).benign, calibrated) {
            (true, _) => (limits_p.excess_benign, limits_p.own_ratio_benign),
            (false, true) => (limits_p.excess, limits_p.own_ratio),
            (false, false) => (limits_p.excess_uncalibrated, limits_p.own_ratio),
        }
    }

    /// Whether the failures inside the window would do if they were all in one interval. Most parts
    /// fail too little, and the scan is what costs.
    fn can_be_large(&self, grid: &Grid) -> bool {
        let inside = self.k.get(grid.split..grid.len).unwrap_or_default();
        let minutes = inside.iter().filter(|count| **count > 0).count();
        minutes >= limits().part.minutes
            && total(&self.k, grid.split, grid.len) as f64 >= self.floor(true).0
    }

    /// Its own calls in `[from, to)`.
    fn own(&self, from: usize, to: usize, grid: &Grid) -> u64 {
        let (from, to) = (grid.minute(from), grid.minute(to));
        let inside = self.apis.iter().flat_map(|api| {
            let before = |end: Minute| api.calls.partition_point(|(minute, _)| *minute < end);
            api.calls.get(before(from)..before(to)).unwrap_or_default()
        });
        inside.map(|(_, count)| u64::from(*count)).sum()
    }

    /// Its past, and its failures against it.
    fn scanned(&self, grid: &Grid) -> Scanned {
        let mut n = vec![0; grid.len];
        for api in &self.apis {
            if let Some(calls) = self.calls.get(api.api.as_str()) {
                add(&mut n, calls);
            }
        }
        let prior = limits().class(self.class);
        let normal = baseline::learn(&self.k, &n, grid.split, prior.prior);
        // Half a failure for what the past was too short to show.
        let rate = normal.rate.max(0.5 / (normal.calls as f64 + 1.0)).min(1.0);
        let expected: Vec<f64> = n.iter().map(|n| f64::from(*n) * rate).collect();
        let dispersion = baseline::dispersion(&self.k, &n, &expected, grid.split, &normal.dropped);
        Scanned {
            scan: Scan::new(Cost::Failures, &self.k, &n, &expected, dispersion),
            lengths: limits().lengths((grid.len - grid.split).max(1)),
            normal,
            dispersion,
        }
    }
}

/// The failures of a part, ready to be searched.
struct Scanned {
    normal: Normal,
    dispersion: f64,
    scan: Scan,
    lengths: Vec<usize>,
}

impl Scanned {
    /// Everything inside the window that is worth a look.
    fn hits(&self, grid: &Grid) -> Vec<Hit> {
        self.scan.all(
            grid.split,
            grid.len,
            &self.lengths,
            limits().scan.candidate_score,
            limits().episode.gap,
        )
    }

    /// The same, and the best of the past.
    fn bursts(&self, grid: &Grid) -> Vec<Hit> {
        let mut bursts = self.hits(grid);
        bursts.extend(self.scan.best(0, grid.split, &self.lengths));
        bursts
    }
}

/// An interval of one part.
struct Found {
    part: usize,
    from: usize,
    to: usize,
    score: f64,
    p: Option<f64>,
    days: usize,
    dispersion: f64,
    seen: f64,
}

/// Episodes of parts that no episode in `known` tells already, unsorted.
pub(super) fn episodes(facts: &Facts, grid: &Grid, known: &[Episode]) -> Vec<Episode> {
    let calls: Vec<Calls<'_>> = facts.trail.iter().map(|one| calls_of(one, grid)).collect();
    let parts: Vec<Part<'_>> = facts
        .trail
        .iter()
        .zip(&calls)
        .flat_map(|(trail, calls)| parts_of(trail, calls, grid))
        .collect();
    let mut found = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if part.can_be_large(grid) {
            found.extend(of_part(index, part, grid));
        }
    }
    found.retain(|one| stands_out(one, &parts, grid));
    let p: Vec<f64> = found.iter().filter_map(|one| one.p).collect();
    let mut q = calibrate::q_values(&p, parts.len()).into_iter();
    let mut episodes = Vec::new();
    for one in found {
        let q = one.p.and_then(|_| q.next());
        let Some(part) = parts.get(one.part) else {
            continue;
        };
        let significant = q.is_none_or(|q| q <= limits().calibration.false_discovery);
        if significant && !is_told(part, &one, known, grid) {
            told(part, &one, q, grid, &mut episodes);
        }
    }
    episodes
}

/// Many parts share few APIs, so their calls are laid out once.
fn calls_of<'a>(trail: &'a TrailFacts, grid: &Grid) -> Calls<'a> {
    let mut calls = Calls::new();
    if trail.parts.is_empty() {
        return calls;
    }
    for series in &trail.series {
        let sum = calls
            .entry(&series.api)
            .or_insert_with(|| vec![0; grid.len]);
        add(sum, &grid.calls(series));
    }
    calls
}

fn parts_of<'a>(trail: &'a TrailFacts, calls: &'a Calls<'a>, grid: &Grid) -> Vec<Part<'a>> {
    let mut groups: BTreeMap<(Dimension, &str, Class), Vec<&FailingPart>> = BTreeMap::new();
    for part in &trail.parts {
        let key = (part.dimension, part.name.as_str(), part.class);
        groups.entry(key).or_default().push(part);
    }
    groups
        .into_iter()
        .map(|((_, _, class), apis)| {
            let mut k = vec![0; grid.len];
            for part in &apis {
                lay(&mut k, &part.minutes, grid);
            }
            Part {
                trail,
                class,
                apis,
                k,
                calls,
            }
        })
        .collect()
}

fn lay(into: &mut [u32], minutes: &[(Minute, u32)], grid: &Grid) {
    for (minute, count) in minutes {
        let slot = minute
            .0
            .checked_sub(grid.start.0)
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| into.get_mut(at));
        if let Some(slot) = slot {
            *slot = slot.saturating_add(*count);
        }
    }
}

/// Whether a short and moderate burst of a part is more than the bursts of the parts around it, where no
/// prior day can tell what bursts are usual. A part that failed for the most part needs no comparison.
fn stands_out(one: &Found, parts: &[Part<'_>], grid: &Grid) -> bool {
    let rules = &limits().calibration;
    let Some(part) = parts.get(one.part) else {
        return false;
    };
    let k = total(&part.k, one.from, one.to);
    let own = part.own(one.from, one.to, grid);
    let is_alone = k as f64 >= limits().part.own_ratio_alone * own as f64;
    if one.p.is_some() || one.to - one.from > rules.rival_minutes || is_alone {
        return true;
    }
    let is_elsewhen = |hit: &Hit| {
        hit.to + rules.rival_margin_minutes <= one.from
            || hit.from >= one.to + rules.rival_margin_minutes
    };
    let rival = parts
        .iter()
        .filter(|other| other.class == part.class && other.trail.place == part.trail.place)
        .flat_map(|other| other.scanned(grid).bursts(grid))
        .filter(is_elsewhen)
        .map(|hit| hit.score)
        .fold(0.0, f64::max);
    one.score >= rules.rival_times * rival
}

/// The intervals of a part that are large enough.
fn of_part(index: usize, part: &Part<'_>, grid: &Grid) -> Vec<Found> {
    let scanned = part.scanned(grid);
    let (scan, normal) = (&scanned.scan, &scanned.normal);
    let groups = joined(&scanned.hits(grid), limits().episode.gap);
    let reaches = |group: &[Hit], calibrated: bool| is_large(group, part, scan, grid, calibrated);
    if !groups.iter().any(|group| reaches(group, true)) {
        return Vec::new();
    }
    let trusted = normal.calls >= limits().baseline.least_calls;
    let history = if trusted {
        calibrate::history(scan, grid)
    } else {
        Vec::new()
    };
    let gumbel = Gumbel::fit(&history);
    let looks = ((grid.len - grid.split) * scanned.lengths.len()).max(1) as f64;
    let days = ((grid.len - grid.split) as f64 / DAY as f64).max(1.0);
    groups
        .iter()
        .filter(|group| reaches(group, gumbel.is_some()))
        .filter_map(|group| {
            let (first, last) = (group.first()?, group.last()?);
            let score = group.iter().map(|hit| hit.score).fold(0.0, f64::max);
            let bound = calibrate::bound(score, looks);
            let p = gumbel.map(|gumbel| (gumbel.tail(score) * days).min(1.0).max(bound));
            (p.is_some() || bound <= limits().calibration.uncalibrated_p).then_some(Found {
                part: index,
                from: first.from,
                to: last.to,
                score,
                p,
                days: history.len(),
                dispersion: scanned.dispersion,
                seen: normal.seen,
            })
        })
        .collect()
}

fn is_large(group: &[Hit], part: &Part<'_>, scan: &Scan, grid: &Grid, calibrated: bool) -> bool {
    let (mut k, mut e, mut own, mut minutes) = (0.0, 0.0, 0.0, 0);
    for hit in group {
        let sums = scan.sums(hit.from, hit.to);
        k += sums.0;
        e += sums.2;
        own += part.own(hit.from, hit.to, grid) as f64;
        minutes += (hit.from..hit.to).filter(|at| scan.is_active(*at)).count();
    }
    let (excess, ratio) = part.floor(calibrated);
    k - e >= excess && minutes >= limits().part.minutes && own > 0.0 && k / own >= ratio
}

fn is_told(part: &Part<'_>, found: &Found, known: &[Episode], grid: &Grid) -> bool {
    let gap = i64::try_from(limits().episode.gap).unwrap_or(0);
    let (from, to) = (grid.minute(found.from).0, grid.minute(found.to).0);
    known.iter().any(|episode| {
        episode.place == part.trail.place
            && episode.signal == Signal::Failures(part.class)
            && episode.onset.0 < to.saturating_add(gap)
            && from < episode.end.0.saturating_add(gap)
    })
}

/// One episode per API that failed in the interval.
fn told(part: &Part<'_>, found: &Found, q: Option<f64>, grid: &Grid, episodes: &mut Vec<Episode>) {
    for one in &part.apis {
        let mut k = vec![0; grid.len];
        lay(&mut k, &one.minutes, grid);
        let failing = |at: &usize| k.get(*at).is_some_and(|count| *count > 0);
        let Some(from) = (found.from..found.to).find(failing) else {
            continue;
        };
        let to = (from..found.to).rfind(failing).map_or(from, |last| last) + 1;
        let peak = (from..to)
            .max_by_key(|at| (k.get(*at), std::cmp::Reverse(*at)))
            .unwrap_or(from);
        let calls: u64 = part
            .trail
            .series
            .iter()
            .filter(|series| series.api == one.api)
            .map(|series| total(&grid.calls(series), from, to))
            .sum();
        episodes.push(Episode {
            place: part.trail.place.clone(),
            api: one.api.clone(),
            signal: Signal::Failures(part.class),
            onset: grid.minute(from),
            end: grid.minute(to),
            peak: grid.minute(peak),
            ongoing: is_ongoing(to, grid),
            calls,
            failures: total(&k, from, to),
            baseline_ratio: found.seen,
            significance: Significance {
                method: method::FAILURES_OF_PARTS,
                score: found.score,
                q,
                calibrated_days: u32::try_from(found.days).unwrap_or(u32::MAX),
                dispersion: found.dispersion,
            },
        });
    }
}
