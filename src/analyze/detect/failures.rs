//! Failing intervals of every API and, pooled, of every place, class by class.
//!
//! Each series is scanned against its own past; what is too small, too short or too old is dropped
//! before anything is called significant. Benign classes and series without a past meet higher
//! floors. Never judges why something failed.

use super::baseline::{self, Normal};
use super::calibrate::{self, Gumbel};
use super::grid::{DAY, Grid, add, total};
use super::limits::{Floor, limits};
use super::scan::{Cost, Hit, Scan, joined};
use crate::analyze::types::{Episode, IncidentDraft, Signal, Significance, method};
use crate::ecr::Class;
use crate::facts::types::{Facts, Place, TrailFacts};
use std::borrow::Cow;

/// Failures and calls of one API (or of the whole place) in one class.
struct Series<'a> {
    place: &'a Place,
    /// Empty for the pooled series.
    api: &'a str,
    class: Class,
    k: Vec<u32>,
    n: &'a [u32],
    /// Expected failures of every minute of the pooled series; a single one expects its rate.
    expected: Option<Vec<f64>>,
    normal: Normal,
    dispersion: f64,
    /// Whether the rate rests on enough calls before the window.
    trusted: bool,
    /// Series with the same number belong to one place and class.
    family: usize,
}

impl Series<'_> {
    fn scan(&self) -> Scan {
        Scan::new(
            Cost::Failures,
            &self.k,
            self.n,
            &self.expected(),
            self.dispersion,
        )
    }

    fn expected(&self) -> Cow<'_, [f64]> {
        match &self.expected {
            Some(expected) => Cow::Borrowed(expected),
            None => Cow::Owned(at_rate(self.n, self.normal.rate)),
        }
    }
}

fn at_rate(n: &[u32], rate: f64) -> Vec<f64> {
    n.iter().map(|calls| f64::from(*calls) * rate).collect()
}

/// The calls of one place on the axis.
struct Calls<'a> {
    trail: &'a TrailFacts,
    /// One per series of the trail.
    single: Vec<Vec<u32>>,
    pooled: Vec<u32>,
}

/// Intervals of one series that belong together, with what they weigh.
struct Candidate {
    series: usize,
    from: usize,
    to: usize,
    score: f64,
    /// Chance of it, by the series' own prior days; `None` when uncalibrated.
    p: Option<f64>,
    days: usize,
}

/// All significant failing intervals, one episode per API, unsorted.
pub(super) fn episodes(facts: &Facts, grid: &Grid) -> Vec<Episode> {
    let places: Vec<Calls<'_>> = facts
        .trail
        .iter()
        .map(|trail| {
            let single: Vec<Vec<u32>> = trail.series.iter().map(|s| grid.calls(s)).collect();
            let mut pooled = vec![0; grid.len];
            for one in &single {
                add(&mut pooled, one);
            }
            Calls {
                trail,
                single,
                pooled,
            }
        })
        .collect();
    let mut series = Vec::new();
    let mut family = 0;
    for calls in &places {
        for class in Class::ALL.into_iter().filter(|c| *c != Class::Success) {
            series.extend(of_class(calls, class, family, grid));
            family += 1;
        }
    }
    let mut tests = 0;
    let mut candidates = Vec::new();
    for index in 0..series.len() {
        tests += 1;
        candidates.extend(candidates_of(index, &series, grid));
    }
    let calibrated: Vec<f64> = candidates.iter().filter_map(|c| c.p).collect();
    let mut q = calibrate::q_values(&calibrated, tests).into_iter();
    let found: Vec<(Candidate, Option<f64>)> = candidates
        .into_iter()
        .map(|candidate| {
            let q = candidate.p.and_then(|_| q.next());
            (candidate, q)
        })
        .filter(|(_, q)| q.is_none_or(|q| q <= limits().calibration.false_discovery))
        .collect();
    told(&series, &found, grid)
}

/// The series of one class in one place that have enough failures inside the window, pooled last.
fn of_class<'a>(calls: &'a Calls<'a>, class: Class, family: usize, grid: &Grid) -> Vec<Series<'a>> {
    let trail = calls.trail;
    let least = limits().scan.least_failures;
    let prior = limits().class(class);
    let failing: Vec<Option<Vec<u32>>> = trail
        .series
        .iter()
        .map(|one| {
            let counts = one.classes.get(&class)?;
            Some(grid.lay(one.start, counts))
        })
        .collect();
    let mut pooled_k = vec![0; grid.len];
    for k in failing.iter().flatten() {
        add(&mut pooled_k, k);
    }
    if total(&pooled_k, grid.split, grid.len) < least {
        return Vec::new();
    }
    let trusted = |normal: &Normal| normal.calls >= limits().baseline.least_calls;
    let learn = |k: &[u32], n: &[u32], rate: f64| {
        let past = baseline::learn(k, n, grid.split, rate);
        if trusted(&past) {
            return past;
        }
        let window = baseline::learn_from_window(k, n, grid.split, grid.len, prior);
        Normal {
            rate: past.rate.max(window.rate),
            seen: if past.calls > 0 {
                past.seen
            } else {
                window.seen
            },
            ..past
        }
    };
    let pool = learn(&pooled_k, &calls.pooled, prior.prior);

    let mut pooled_expected = vec![0.0; grid.len];
    let mut series = Vec::new();
    let never = vec![0; grid.len];
    for ((one, n), k) in trail.series.iter().zip(&calls.single).zip(failing) {
        let normal = learn(k.as_ref().unwrap_or(&never), n, pool.rate);
        for (sum, calls) in pooled_expected.iter_mut().zip(n) {
            *sum += f64::from(*calls) * normal.rate;
        }
        let Some(k) = k.filter(|k| total(k, grid.split, grid.len) > 0) else {
            continue;
        };
        let expected = at_rate(n, normal.rate);
        let dispersion = baseline::dispersion(&k, n, &expected, grid.split, &normal.dropped);
        series.push(Series {
            place: &trail.place,
            api: &one.api,
            class,
            trusted: trusted(&normal),
            k,
            n,
            expected: None,
            normal,
            dispersion,
            family,
        });
    }
    // The mix of APIs changes with the hour, so the pool expects what its members expect together.
    let dispersion = baseline::dispersion(
        &pooled_k,
        &calls.pooled,
        &pooled_expected,
        grid.split,
        &pool.dropped,
    );
    series.push(Series {
        place: &trail.place,
        api: "",
        class,
        trusted: trusted(&pool),
        k: pooled_k,
        n: &calls.pooled,
        expected: Some(pooled_expected),
        normal: pool,
        dispersion,
        family,
    });
    series
}

/// Scans one series and keeps what is large enough.
fn candidates_of(index: usize, all: &[Series<'_>], grid: &Grid) -> Vec<Candidate> {
    let Some(series) = all.get(index) else {
        return Vec::new();
    };
    if total(&series.k, grid.split, grid.len) < limits().scan.least_failures {
        return Vec::new();
    }
    let scan = series.scan();
    let lengths = limits().lengths((grid.len - grid.split).max(1));
    let gap = limits().episode.gap;
    let floor = |calibrated: bool| match (limits().class(series.class).benign, calibrated) {
        (true, _) => &limits().floor_benign,
        (false, true) => &limits().floor,
        (false, false) => &limits().floor_uncalibrated,
    };
    let mut hits = scan.all(
        grid.split,
        grid.len,
        &lengths,
        limits().scan.candidate_score,
        gap,
    );
    hits.retain(|hit| {
        let (k, n, e) = scan.sums(hit.from, hit.to);
        k >= limits().scan.piece_failures && n > 0.0 && k / n >= floor(true).ratio(e / n, k - e)
    });
    let groups = joined(&hits, gap);
    if !groups.iter().any(|g| reaches(g, &scan, floor(true))) {
        return Vec::new();
    }
    // Looking at the past costs time, so it is only done for what would matter.
    let history = if series.trusted {
        calibrate::history(&scan, grid)
    } else {
        Vec::new()
    };
    let gumbel = Gumbel::fit(&history);
    let active = (grid.split..grid.len)
        .filter(|at| scan.sums(*at, at + 1).1 > 0.0)
        .count();
    let looks = (active * lengths.len()).max(1) as f64;
    let days = ((grid.len - grid.split) as f64 / DAY as f64).max(1.0);
    groups
        .into_iter()
        .filter(|group| reaches(group, &scan, floor(gumbel.is_some())))
        .filter_map(|group| {
            let (first, last) = (group.first()?, group.last()?);
            let score = group.iter().map(|hit| hit.score).fold(0.0, f64::max);
            let bound = calibrate::bound(score, looks);
            let p = gumbel.map(|gumbel| (gumbel.tail(score) * days).min(1.0).max(bound));
            let is_sure = p.is_some()
                || (bound <= limits().calibration.uncalibrated_p
                    && stands_out(
                        &scan,
                        (first.from, last.to),
                        score,
                        has_past(series.n, grid).then_some(grid.split),
                        || {
                            let of_family = |other: &&Series<'_>| other.family == series.family;
                            all.iter().filter(of_family).map(Series::scan).collect()
                        },
                        &lengths,
                    ));
            is_sure.then_some(Candidate {
                series: index,
                from: first.from,
                to: last.to,
                score,
                p,
                days: history.len(),
            })
        })
        .collect()
}

/// Whether enough came before the window to tell by itself what bursts are usual.
fn has_past(n: &[u32], grid: &Grid) -> bool {
    let first = n.iter().position(|calls| *calls > 0).unwrap_or(grid.len);
    first + DAY <= grid.split && total(n, 0, grid.split) >= limits().calibration.rival_past_calls
}

/// Whether a short and moderate burst is more than the bursts around it, where no prior day can tell
/// what bursts are usual; with a `past` that ends where the window begins, than those in it. Bursts of the other APIs of the place count: what comes in bursts now here,
/// now there, is usual in each of them.
fn stands_out(
    scan: &Scan,
    (from, to): (usize, usize),
    score: f64,
    past: Option<usize>,
    family: impl FnOnce() -> Vec<Scan>,
    lengths: &[usize],
) -> bool {
    let rules = &limits().calibration;
    let (k, n, e) = scan.sums(from, to);
    let overwhelming = k >= rules.overwhelming_failures
        && k >= rules.overwhelming_ratio * n
        && k >= rules.overwhelming_times * e;
    if overwhelming || to - from > rules.rival_minutes {
        return true;
    }
    let near = from.saturating_sub(rules.rival_margin_minutes);
    let ends = past.map_or(near, |split| near.min(split));
    let begins = match past {
        Some(_) => usize::MAX,
        None => to.saturating_add(rules.rival_margin_minutes),
    };
    let rival = family()
        .iter()
        .flat_map(|scan| {
            [
                scan.best(0, ends, lengths),
                scan.best(begins, usize::MAX, lengths),
            ]
        })
        .flatten()
        .map(|hit| hit.score)
        .fold(0.0, f64::max);
    score >= rules.rival_times * rival
}

/// Whether a group is large enough, quiet minutes between its parts not counted.
fn reaches(group: &[Hit], scan: &Scan, floor: &Floor) -> bool {
    let (mut k, mut n, mut e, mut minutes) = (0.0, 0.0, 0.0, 0);
    for hit in group {
        let sums = scan.sums(hit.from, hit.to);
        k += sums.0;
        n += sums.1;
        e += sums.2;
        minutes += (hit.from..hit.to).filter(|at| scan.is_active(*at)).count();
    }
    let excess = k - e;
    let long_enough = minutes >= floor.minutes
        || (minutes >= floor.burst_minutes && excess >= floor.burst_excess)
        || excess >= floor.flood_excess;
    n > 0.0 && excess >= floor.excess && long_enough && k / n >= floor.ratio(e / n, excess)
}

/// Candidates as episodes. A pooled interval speaks through its members: the APIs that hold a fair
/// share of its failures and have no interval of their own there.
fn told(series: &[Series<'_>], found: &[(Candidate, Option<f64>)], grid: &Grid) -> Vec<Episode> {
    let limits = &limits().episode;
    let mut episodes = Vec::new();
    for (candidate, q) in found {
        let Some(hit) = series.get(candidate.series) else {
            continue;
        };
        if !hit.api.is_empty() {
            episodes.push(episode(hit, candidate, hit.dispersion, *q, grid));
            continue;
        }
        let pooled = total(&hit.k, candidate.from, candidate.to);
        let least = ((pooled as f64 * limits.member_share) as u64).max(limits.member_failures);
        let excess = |member: &Series<'_>| {
            let k = total(&member.k, candidate.from, candidate.to) as f64;
            let e: f64 = member
                .expected()
                .get(candidate.from..candidate.to)
                .unwrap_or_default()
                .iter()
                .sum();
            k - e
        };
        let has_own = |index: usize| {
            found.iter().any(|(own, _)| {
                own.series == index
                    && own.from < candidate.to.saturating_add(limits.gap)
                    && candidate.from < own.to.saturating_add(limits.gap)
            })
        };
        let family = || {
            series
                .iter()
                .enumerate()
                .filter(|(_, one)| one.family == hit.family && !one.api.is_empty())
        };
        let mut members: Vec<usize> = family()
            .filter(|(index, one)| {
                let k = total(&one.k, candidate.from, candidate.to);
                !has_own(*index) && k >= least && excess(one) >= 0.5 * k as f64
            })
            .map(|(index, _)| index)
            .collect();
        if members.is_empty() && !family().any(|(index, _)| has_own(index)) {
            members.extend(
                family()
                    .max_by(|a, b| excess(a.1).total_cmp(&excess(b.1)).then(b.0.cmp(&a.0)))
                    .map(|(index, _)| index),
            );
        }
        for member in members.into_iter().filter_map(|index| series.get(index)) {
            episodes.extend(member_episode(member, hit, candidate, *q, grid));
        }
    }
    episodes
}

/// The part of a pooled interval in which this API failed.
fn member_episode(
    member: &Series<'_>,
    pooled: &Series<'_>,
    candidate: &Candidate,
    q: Option<f64>,
    grid: &Grid,
) -> Option<Episode> {
    let failing = |at: &usize| member.k.get(*at).is_some_and(|k| *k > 0);
    let from = (candidate.from..candidate.to).find(failing)?;
    let to = (from..candidate.to).rfind(failing)? + 1;
    let own = Candidate {
        from,
        to,
        ..*candidate
    };
    Some(episode(member, &own, pooled.dispersion, q, grid))
}

fn episode(
    series: &Series<'_>,
    candidate: &Candidate,
    dispersion: f64,
    q: Option<f64>,
    grid: &Grid,
) -> Episode {
    let (from, to) = (candidate.from, candidate.to);
    let peak = (from..to)
        .max_by_key(|at| (series.k.get(*at), std::cmp::Reverse(*at)))
        .unwrap_or(from);
    Episode {
        place: series.place.clone(),
        api: series.api.to_owned(),
        signal: Signal::Failures(series.class),
        onset: grid.minute(from),
        end: grid.minute(to),
        peak: grid.minute(peak),
        ongoing: is_ongoing(to, grid),
        calls: total(series.n, from, to),
        failures: total(&series.k, from, to),
        baseline_ratio: series.normal.seen,
        significance: Significance {
            method: method::FAILURES,
            score: candidate.score,
            q,
            calibrated_days: u32::try_from(candidate.days).unwrap_or(u32::MAX),
            dispersion,
        },
    }
}

/// Whether an interval reaches the end of the settled data.
pub(super) fn is_ongoing(to: usize, grid: &Grid) -> bool {
    to.saturating_add(limits().episode.ongoing) >= grid.settled.min(grid.len)
}

/// Sets the peak of every draft of failures to the minute with most failures over its members.
pub(super) fn find_peaks(drafts: &mut [IncidentDraft], facts: &Facts, grid: &Grid) {
    for draft in drafts {
        let Some(class) = draft.signal.class() else {
            continue;
        };
        let mut sum = vec![0; grid.len];
        for series in facts
            .trail
            .iter()
            .filter(|trail| trail.place == draft.place)
            .flat_map(|trail| &trail.series)
            .filter(|series| draft.apis.contains(&series.api))
        {
            if let Some(counts) = series.classes.get(&class) {
                add(&mut sum, &grid.lay(series.start, counts));
            }
        }
        let (from, to) = (grid.index_of(draft.span.from), grid.index_of(draft.span.to));
        let peak = (from..to).max_by_key(|at| (sum.get(*at), std::cmp::Reverse(*at)));
        if let Some(peak) = peak {
            draft.peak = grid.minute(peak);
        }
    }
}
