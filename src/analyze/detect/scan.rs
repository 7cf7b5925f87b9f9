//! The multi-window likelihood-ratio scan: finds the intervals of a minute series that fit their
//! expectation worst, with exact ends.
//!
//! Errors are compared with calls (binomial), calls with their expected number (Poisson, deflated
//! by the dispersion). Never the error count or the ratio alone: both fail on sparse series. The
//! scan chooses its own window length and hands back onset and end, which a threshold cannot.

use super::limits::limits;

/// What counts as a deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// More failures than expected among the calls.
    Failures,
    /// More calls than expected.
    Surge,
    /// Fewer calls than expected.
    Drop,
}

/// An interval of indices `[from, to)` with its deflated log-likelihood ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) score: f64,
}

/// Prefix sums of one series under one cost.
#[derive(Debug)]
pub(super) struct Scan {
    cost: Cost,
    dispersion: f64,
    /// Failures (or calls), calls, and the expected number of the first; entry `i` sums `[0, i)`.
    hit: Vec<f64>,
    all: Vec<f64>,
    expected: Vec<f64>,
}

fn prefix(values: impl ExactSizeIterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let mut sums = Vec::with_capacity(values.len() + 1);
    sums.push(sum);
    sums.extend(values.map(|value| {
        sum += value;
        sum
    }));
    sums
}

/// Log-likelihood ratio of `k` failures in `n` calls against `e` expected ones; zero unless there
/// are more than expected.
pub(super) fn failures_llr(k: f64, n: f64, e: f64) -> f64 {
    if n <= 0.0 || k <= e {
        return 0.0;
    }
    let p = (e / n).clamp(1e-9, 1.0 - 1e-9);
    let q = (k / n).min(1.0);
    let rest = if k >= n {
        0.0
    } else {
        (n - k) * ((1.0 - q) / (1.0 - p)).ln()
    };
    (k * (q / p).ln() + rest).max(0.0)
}

/// Log-likelihood ratio of `c` calls against `e` expected ones, both directions.
fn calls_llr(c: f64, e: f64) -> f64 {
    let e = e.max(1e-9);
    let log = if c > 0.0 { c * (c / e).ln() } else { 0.0 };
    (log - (c - e)).max(0.0)
}

impl Scan {
    /// `expected` is the expected number of failures (or calls) of every minute.
    pub(super) fn new(
        cost: Cost,
        hit: &[u32],
        all: &[u32],
        expected: &[f64],
        dispersion: f64,
    ) -> Self {
        Self {
            cost,
            dispersion: dispersion.max(1.0),
            hit: prefix(hit.iter().map(|count| f64::from(*count))),
            all: prefix(all.iter().map(|count| f64::from(*count))),
            expected: prefix(expected.iter().copied()),
        }
    }

    fn len(&self) -> usize {
        self.hit
            .len()
            .min(self.all.len())
            .min(self.expected.len())
            .saturating_sub(1)
    }

    /// Failures (or calls), calls, and expected failures (or calls) of `[from, to)`.
    pub(super) fn sums(&self, from: usize, to: usize) -> (f64, f64, f64) {
        let part = |sums: &[f64]| match (sums.get(from), sums.get(to)) {
            (Some(before), Some(after)) => after - before,
            _ => 0.0,
        };
        (part(&self.hit), part(&self.all), part(&self.expected))
    }

    /// The deflated log-likelihood ratio of `[from, to)`.
    pub(super) fn score(&self, from: usize, to: usize) -> f64 {
        let (k, n, e) = self.sums(from, to);
        let ratio = match self.cost {
            Cost::Failures => failures_llr(k, n, e),
            Cost::Surge if k > e => calls_llr(k, e),
            Cost::Drop if k < e => calls_llr(k, e),
            Cost::Surge | Cost::Drop => 0.0,
        };
        ratio / self.dispersion
    }

    /// An upper bound of the score without logarithms: the Kullback-Leibler divergence never
    /// exceeds the chi-square divergence. It spares most of the logarithms of a long scan.
    fn bound(&self, from: usize, to: usize) -> f64 {
        let (k, n, e) = self.sums(from, to);
        let excess = k - e;
        let wanted = match self.cost {
            Cost::Failures | Cost::Surge => excess > 0.0,
            Cost::Drop => excess < 0.0,
        };
        if !wanted {
            return 0.0;
        }
        let variance = match self.cost {
            Cost::Failures => e * (1.0 - e / n),
            Cost::Surge | Cost::Drop => e,
        };
        if variance > 1e-12 {
            excess * excess / variance / self.dispersion
        } else {
            f64::INFINITY
        }
    }

    /// Whether a minute deviates in the wanted direction: an interval starts and ends with one.
    pub(super) fn is_active(&self, at: usize) -> bool {
        let (k, _, e) = self.sums(at, at + 1);
        match self.cost {
            Cost::Failures => k > 0.0,
            Cost::Surge => k > e,
            Cost::Drop => k < e,
        }
    }

    /// The best interval within `[lo, hi)`, its ends refined; `None` when nothing deviates.
    pub(super) fn best(&self, lo: usize, hi: usize, lengths: &[usize]) -> Option<Hit> {
        let hi = hi.min(self.len());
        let mut best: Option<Hit> = None;
        for from in (lo..hi).filter(|at| self.is_active(*at)) {
            for length in lengths {
                let to = from.saturating_add(*length).min(hi);
                let least = best.map_or(0.0, |hit| hit.score);
                if self.bound(from, to) > least {
                    let score = self.score(from, to);
                    if score > least {
                        best = Some(Hit { from, to, score });
                    }
                }
                if to == hi {
                    break;
                }
            }
        }
        best.map(|hit| self.refined(hit, lo, hi))
    }

    /// Moves one end at a time to its best place near the interval until neither improves.
    fn refined(&self, hit: Hit, lo: usize, hi: usize) -> Hit {
        let mut best = hit;
        // Coordinate ascent converges in two or three rounds; the cap only bounds the time.
        for _ in 0..4 {
            let before = best;
            let reach = (best.to - best.from).max(10);
            let (from, to) = (best.from, best.to);
            for start in lo.max(from.saturating_sub(reach))..to {
                if self.is_active(start) && self.bound(start, to) > best.score {
                    let score = self.score(start, to);
                    if score > best.score {
                        best = Hit {
                            from: start,
                            to,
                            score,
                        };
                    }
                }
            }
            let from = best.from;
            for end in (from + 1)..=hi.min(to + reach) {
                if self.is_active(end - 1) && self.bound(from, end) > best.score {
                    let score = self.score(from, end);
                    if score > best.score {
                        best = Hit {
                            from,
                            to: end,
                            score,
                        };
                    }
                }
            }
            if best == before {
                break;
            }
        }
        self.trimmed(best)
    }

    /// Without calm minutes at either end.
    fn trimmed(&self, hit: Hit) -> Hit {
        let Some(from) = (hit.from..hit.to).find(|at| self.is_active(*at)) else {
            return hit;
        };
        let to = (from..hit.to)
            .rfind(|at| self.is_active(*at))
            .map_or(hit.to, |last| last + 1);
        Hit {
            from,
            to,
            score: self.score(from, to).max(hit.score),
        }
    }

    /// Splits an interval at calm stretches longer than `gap`: a scan prefers the hull of two
    /// incidents hours apart to either of them, people do not.
    fn split(&self, hit: Hit, gap: usize, lengths: &[usize], into: &mut Vec<Hit>) {
        let mut best: Option<(f64, Hit, Hit)> = None;
        let gain_needed = limits().scan.split_score;
        for calm in lengths.iter().copied().filter(|length| *length > gap) {
            for last in hit.from..hit.to.saturating_sub(calm + 1) {
                // The left part ends with a deviating minute; the right one is trimmed to one.
                if !self.is_active(last) {
                    continue;
                }
                let (end, start) = (last + 1, last + 1 + calm);
                let (left, right) = (self.score(hit.from, end), self.score(start, hit.to));
                let gain = left + right - hit.score;
                if left > 0.0 && right > 0.0 && gain > best.map_or(gain_needed, |found| found.0) {
                    let part = |from, to, score| Hit { from, to, score };
                    best = Some((gain, part(hit.from, end, left), part(start, hit.to, right)));
                }
            }
        }
        match best {
            Some((_, left, right)) => {
                for part in [left, right] {
                    let part = self.refined(part, part.from, part.to);
                    self.split(part, gap, lengths, into);
                }
            }
            None => into.push(self.without_fringe(hit)),
        }
    }

    /// Without a stray failure or two at either end that a calm stretch parts from the rest.
    ///
    /// To the likelihood a single failure is so rare that it belongs to any incident near it. But
    /// when the calls in between would have failed several times at the interval's own rate and
    /// did not, the trouble had not begun yet, and an onset too early clears the wrong change.
    fn without_fringe(&self, hit: Hit) -> Hit {
        if self.cost != Cost::Failures {
            return hit;
        }
        let limits = &limits().scan;
        let (mut from, mut to) = (hit.from, hit.to);
        let rate = |from, to| {
            let (k, n, _) = self.sums(from, to);
            if n > 0.0 { k / n } else { 0.0 }
        };
        let is_stray = |edge: (usize, usize), calm: (usize, usize), rest: (usize, usize)| {
            self.sums(edge.0, edge.1).0 <= limits.fringe_failures
                && self.sums(calm.0, calm.1).1 * rate(rest.0, rest.1) >= limits.fringe_expected
        };
        let active: Vec<usize> = (from..to).filter(|at| self.is_active(*at)).collect();
        for pair in active.windows(2) {
            if let [last, next] = *pair
                && is_stray((from, last + 1), (last + 1, next), (next, to))
            {
                from = next;
            }
        }
        for pair in active.windows(2).rev() {
            if let [last, next] = *pair
                && from <= last
                && is_stray((next, to), (last + 1, next), (from, last + 1))
            {
                to = last + 1;
            }
        }
        Hit {
            from,
            to,
            score: self.score(from, to),
        }
    }

    /// Every interval within `[lo, hi)` whose score reaches `least`: the best one is taken out and
    /// both sides are scanned again. By start.
    pub(super) fn all(
        &self,
        lo: usize,
        hi: usize,
        lengths: &[usize],
        least: f64,
        gap: usize,
    ) -> Vec<Hit> {
        let most = limits().scan.most_intervals;
        let mut found: Vec<Hit> = Vec::new();
        let mut segments = vec![(lo, hi)];
        while let Some((lo, hi)) = segments.pop() {
            if found.len() >= most {
                break;
            }
            let Some(hit) = self.best(lo, hi, lengths).filter(|hit| hit.score >= least) else {
                continue;
            };
            self.split(hit, gap, lengths, &mut found);
            segments.push((hit.to, hi));
            segments.push((lo, hit.from));
        }
        found.retain(|hit| hit.score >= least);
        found.sort_by_key(|hit| (hit.from, hit.to));
        found
    }
}

/// Neighbours not further apart than `gap` minutes.
pub(super) fn joined(hits: &[Hit], gap: usize) -> Vec<Vec<Hit>> {
    let mut groups: Vec<Vec<Hit>> = Vec::new();
    for hit in hits {
        match groups.last_mut() {
            Some(group)
                if group
                    .last()
                    .is_some_and(|last| hit.from.saturating_sub(last.to) <= gap) =>
            {
                group.push(*hit);
            }
            _ => groups.push(vec![*hit]),
        }
    }
    groups
}
