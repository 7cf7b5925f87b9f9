//! One reading of a series (its level, its short departures, its unrest) scanned over windows of
//! many lengths, each length against what prior days showed at that length.
//!
//! The spread of a mean over many periods is measured, never derived from the spread of one: noise
//! of real series is correlated, so that means of an hour wander far more than theory says.

use super::order::{median, quantile_of, spread};

/// A stretch that no prior day matched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// Indices, half-open.
    pub(super) from: usize,
    pub(super) to: usize,
    /// 1 upwards, -1 downwards.
    pub(super) sign: f64,
    /// Standard deviations of a mean of this length.
    pub(super) z: f64,
    /// Minus the logarithm of the chance that a day reaches this.
    pub(super) surprise: f64,
}

/// What is normal at one length.
#[derive(Debug, Clone, Copy)]
struct Length {
    periods: usize,
    middle: f64,
    spread: f64,
    up: Tail,
    down: Tail,
}

/// A Gumbel distribution of the largest value of a day.
#[derive(Debug, Clone, Copy)]
struct Tail {
    location: f64,
    scale: f64,
}

/// A reading in units of its own usual noise, by prefix sums.
#[derive(Debug)]
pub(super) struct Channel {
    /// Noise units, clipped; NaN where unknown.
    pub(super) units: Vec<f64>,
    /// Whether the blocks lie before what is judged.
    is_past: bool,
    /// Whether most periods hold the same value, zero.
    is_sparse: bool,
    sums: Vec<f64>,
    known: Vec<u32>,
    raw: Vec<f64>,
    lengths: Vec<Length>,
}

/// Noise units beyond which a period says no more in a mean of several: one wild period must not
/// carry an hour.
pub(super) const CLIP: f64 = 8.0;

impl Channel {
    /// Learns what is normal for windows of `lengths` periods from the blocks.
    pub(super) fn new(
        units: Vec<f64>,
        blocks: &[(usize, usize)],
        is_past: bool,
        is_sparse: bool,
        lengths: &[usize],
    ) -> Self {
        let mut sums = vec![0.0];
        let mut known = vec![0];
        let (mut sum, mut count) = (0.0, 0u32);
        for unit in &units {
            if unit.is_finite() {
                sum += unit.clamp(-CLIP, CLIP);
                count = count.saturating_add(1);
            }
            sums.push(sum);
            known.push(count);
        }
        let mut channel = Self {
            raw: units.clone(),
            units: units
                .into_iter()
                .map(|unit| unit.clamp(-CLIP, CLIP))
                .collect(),
            is_past,
            is_sparse,
            sums,
            known,
            lengths: Vec::new(),
        };
        let mut before: Option<Length> = None;
        for periods in lengths {
            let length = channel.learnt(*periods, blocks, before);
            channel.lengths.push(length);
            before = Some(length);
        }
        channel
    }

    /// Mean of a window; `None` when less than half of it is known.
    fn mean(&self, from: usize, periods: usize) -> Option<f64> {
        if periods == 1 {
            return self.raw.get(from).copied().filter(|v| v.is_finite());
        }
        let to = from + periods;
        let known = self.known.get(to)? - self.known.get(from)?;
        (known as usize * 2 >= periods)
            .then(|| {
                (self.sums.get(to).zip(self.sums.get(from)))
                    .map(|(b, a)| (b - a) / f64::from(known))
            })
            .flatten()
    }

    /// Mean noise units of `[from, to)`.
    pub(super) fn mean_of(&self, from: usize, to: usize) -> f64 {
        self.mean(from, to.saturating_sub(from)).unwrap_or(0.0)
    }

    fn learnt(&self, periods: usize, blocks: &[(usize, usize)], before: Option<Length>) -> Length {
        // A median of three thousand windows is as good as one of all; only maxima need them all.
        const SAMPLE: usize = 3000;
        let starts = |step: usize| {
            blocks.iter().flat_map(move |(from, to)| {
                (*from..(to + 1).saturating_sub(periods).max(*from)).step_by(step)
            })
        };
        let whole: usize = blocks.iter().map(|(from, to)| to - from).sum();
        let mut all: Vec<f64> = starts((whole / SAMPLE).max(periods / 4).max(1))
            .filter_map(|at| self.mean(at, periods))
            .collect();
        let middle = median(&all);
        // Independent means of white noise of one unit; never believed smaller.
        let mut wide = spread(&all).max(0.8 / (periods as f64).sqrt());
        if self.is_sparse {
            // A count that is mostly zero has no spread by its median, but it reaches up.
            wide = wide.max((quantile_of(&mut all, 0.95) - middle) / 1.645);
        }
        if let Some(before) = before {
            // Too few to measure: the spread of a mean falls with the root of its length at best.
            if whole / periods < 12 {
                wide = wide.max(before.spread);
            }
            let theory = before.spread * (before.periods as f64 / periods as f64).sqrt();
            wide = wide.max(0.8 * theory);
        }
        let (mut highest, mut lowest) = (Vec::new(), Vec::new());
        for (from, to) in blocks {
            let (mut high, mut low) = (f64::NEG_INFINITY, f64::INFINITY);
            let last = (to + 1).saturating_sub(periods).max(*from);
            for at in (*from..last).step_by((periods / 4).max(1)) {
                if let Some(mean) = self.mean(at, periods) {
                    high = high.max(mean);
                    low = low.min(mean);
                }
            }
            if high.is_finite() {
                highest.push((high - middle) / wide);
                lowest.push((middle - low) / wide);
            }
        }
        Length {
            periods,
            middle,
            spread: wide,
            up: Tail::fit(&mut highest, self.is_past),
            down: Tail::fit(&mut lowest, self.is_past),
        }
    }

    /// Every window of `[from, to)` that reaches `least` surprise, most surprising first.
    pub(super) fn hits(&self, from: usize, to: usize, least: f64) -> Vec<Hit> {
        let mut hits = Vec::new();
        for length in &self.lengths {
            let last = to.saturating_sub(length.periods);
            let mut run: Option<Hit> = None;
            for at in from..=last {
                let found = self.mean(at, length.periods).and_then(|mean| {
                    let z = (mean - length.middle) / length.spread;
                    let (tail, sign) = if z >= 0.0 {
                        (length.up, 1.0)
                    } else {
                        (length.down, -1.0)
                    };
                    let surprise = tail.surprise(z.abs());
                    (surprise >= least).then_some(Hit {
                        from: at,
                        to: at + length.periods,
                        sign,
                        z: z.abs(),
                        surprise,
                    })
                });
                // Of windows that overlap at one length only the best is kept.
                match (&mut run, found) {
                    (Some(best), Some(hit)) if hit.sign == best.sign && hit.from < best.to => {
                        if hit.surprise > best.surprise {
                            *best = hit;
                        }
                    }
                    (_, Some(hit)) => hits.extend(run.replace(hit)),
                    (_, None) => {}
                }
            }
            hits.extend(run);
        }
        hits.sort_by(|a, b| {
            b.surprise
                .total_cmp(&a.surprise)
                .then(a.from.cmp(&b.from))
                .then(a.to.cmp(&b.to))
        });
        hits
    }
}

impl Tail {
    /// By L-moments, without days that hold an event of their own. Noise units never fall below
    /// what normal noise would reach, and few days never claim to know their own spread well.
    fn fit(maxima: &mut Vec<f64>, is_past: bool) -> Self {
        maxima.sort_by(f64::total_cmp);
        // Without a past the event itself lies in these pieces, and may lie in half of them.
        let (drops, rank) = if is_past {
            (maxima.len() / 4, 0.5)
        } else {
            (maxima.len() / 2, 0.25)
        };
        for _ in 0..drops {
            let Some((largest, others)) = maxima.split_last() else {
                break;
            };
            let usual = quantile_of(&mut others.to_vec(), rank);
            if *largest <= (3.0 * usual).max(8.0) {
                break;
            }
            maxima.pop();
        }
        let n = maxima.len() as f64;
        if maxima.len() < 2 {
            return Self {
                location: 4.0,
                scale: 1.0,
            };
        }
        let mean = maxima.iter().sum::<f64>() / n;
        let ranked = maxima
            .iter()
            .enumerate()
            .map(|(rank, value)| rank as f64 / (n - 1.0) * value)
            .sum::<f64>()
            / n;
        let scale = ((2.0 * ranked - mean) / std::f64::consts::LN_2).max(0.0);
        let location = (mean - 0.577_215_664_901_532_9 * scale).max(2.0);
        Self {
            location,
            scale: (scale * (1.0 + 2.0 / n)).max(0.12 * location).max(0.35),
        }
    }

    /// `-ln` of the chance that a day reaches `z`, for small chances.
    fn surprise(self, z: f64) -> f64 {
        (z - self.location) / self.scale
    }
}
