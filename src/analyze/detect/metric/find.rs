//! From a series to its unusual stretches: expectation, noise, three readings, one list of events.

use super::super::limits::Metric as Rules;
use super::axis::{Asked, Axis};
use super::channel::{CLIP, Channel, Hit};
use super::expect;
use super::level::{Expected, Middle};
use super::order::{median, quantile_of, spread, thinned};
use super::scale::Scale;

/// An unusual stretch of one series, in seconds and in the series' own unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// Start of the first unusual period.
    pub(super) from: i64,
    /// End of the last.
    pub(super) to: i64,
    /// Standard deviations, at the length at which it stands out most.
    pub(super) score: f64,
    /// `-ln` of the chance that a quiet window of this series reaches it.
    pub(super) surprise: f64,
    /// At the period that is furthest off.
    pub(super) expected: f64,
    /// At the same period.
    pub(super) observed: f64,
}

/// Events of a series inside its window, by start.
pub(super) fn events(points: &[(i64, f64)], asked: &Asked, rules: &Rules) -> Vec<Event> {
    let Some(axis) = Axis::new(points, asked, rules) else {
        return Vec::new();
    };
    let known = axis.values.iter().filter(|v| v.is_finite()).count();
    if known < rules.least_points {
        return Vec::new();
    }
    // A window of many days without a past is judged by its own first days: what changes later is
    // the news.
    let day = axis.periods(86_400);
    let days = axis.values.len() / day;
    let until = if axis.split < day && days >= 5 {
        axis.split + (days * 2 / 5).max(3) * day
    } else {
        axis.split
    };
    let first = Reading::new(axis, until, asked.is_count, rules);
    let (found, extra) = first.stretches_of_all(rules);
    if let Some(turn) = first.turn(&found) {
        let again = Reading::new(first.axis.clone(), turn, asked.is_count, rules);
        let (later, extra) = again.stretches_of_all(rules);
        if !later.is_empty() {
            return later
                .iter()
                .map(|stretch| again.told(stretch, extra))
                .collect();
        }
    }
    found
        .iter()
        .map(|stretch| first.told(stretch, extra))
        .collect()
}

/// A series with its expectation and its noise.
struct Reading {
    axis: Axis,
    scale: Scale,
    is_count: bool,
    /// Whether a count is mostly zero: it has no surroundings and no unrest, only a rate.
    is_sparse: bool,
    expected: Expected,
    /// On the scale.
    off: Vec<f64>,
    /// Whether what was learnt from lies before the window, or is so much that an event spoils few
    /// of its days.
    is_before: bool,
}

/// A stretch on the axis.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: usize,
    to: usize,
    z: f64,
    surprise: f64,
}

impl Reading {
    /// Learns from what lies before `until`, where there is enough.
    fn new(axis: Axis, until: usize, is_count: bool, rules: &Rules) -> Self {
        let scale = Scale::choose(&axis.values, is_count);
        let scaled: Vec<f64> = axis.values.iter().map(|v| scale.to(*v)).collect();
        // Counts that are often zero: by night, at least, their median is zero whatever their rate.
        let active = axis.values.iter().filter(|v| **v > 0.0).count();
        let is_sparse = is_count && active * 5 < axis.values.len() * 4;
        let middle = if is_sparse {
            Middle::Mean(scale)
        } else {
            Middle::Median
        };
        let expected = expect::learn(&scaled, &axis, until, middle, rules);
        let off = scaled
            .iter()
            .zip(&expected.values)
            .map(|(seen, expected)| seen - expected)
            .collect();
        Self {
            is_before: expected.past && (until <= axis.split || expected.blocks.len() >= 5),
            axis,
            scale,
            is_count,
            is_sparse,
            expected,
            off,
        }
    }

    /// Where a series without a past turned from its first level to another one.
    ///
    /// The level that most of a window shows is not the normal one when the window began at
    /// another: what came first is normal until something is known of the days before.
    fn turn(&self, found: &[Stretch]) -> Option<usize> {
        let (split, end) = (self.axis.split, self.axis.values.len());
        let first = found.first().filter(|_| !self.expected.past)?;
        let length = first.to - first.from;
        let is_whole = length >= self.axis.periods(3600).max(30) && length * 5 <= (end - split) * 3;
        (first.from <= split + 2 && is_whole).then_some(first.to)
    }

    /// All stretches by start, and what the length of the window costs in surprise.
    fn stretches_of_all(&self, rules: &Rules) -> (Vec<Stretch>, f64) {
        let slot = self.axis.periods(rules.slot_minutes * 60);
        let local = expect::without_wander(&self.off, slot, rules.wander_slots);
        let longest = self.axis.values.len() - self.axis.split;
        let mut level = self.units(&self.off, rules);
        for (from, to) in &self.expected.strange {
            // Nobody knows the level of such a day: when the whole of it is on one side, only what
            // stands out within it is judged.
            if let Some(day) = level.get_mut(*from..*to) {
                let quarter = |share| super::order::quantile(day, share);
                if quarter(0.25) > 1.0 || quarter(0.75) < -1.0 {
                    day.fill(f64::NAN);
                }
            }
        }
        let short = self.units(&local, rules);
        let unrest = unrest(&short);
        let hour = self.axis.periods(3600);
        let half_day = self.axis.periods(43_200);
        let lengths = |least: usize, most: usize| {
            let most = most.min(longest.max(1));
            rules
                .lengths
                .iter()
                .copied()
                .filter(|length| (least..=most).contains(length))
                .collect::<Vec<usize>>()
        };
        let blocks = &self.expected.blocks;
        let window = longest as f64;
        let block = blocks
            .first()
            .map_or(window, |(from, to)| (to - from) as f64);
        // A longer window has more chances than a day had.
        let extra = (window / block.max(1.0)).ln().max(0.0);
        let least = rules.surprise + extra;
        let mut found: Vec<Stretch> = Vec::new();
        let readings = [
            (level, lengths(1, half_day), true),
            (short, lengths(1, hour), true),
            (unrest, lengths(8, half_day), false),
        ];
        let readings = readings
            .into_iter()
            .take(if self.is_sparse { 1 } else { 3 });
        for (units, lengths, is_level) in readings {
            let channel = Channel::new(units, blocks, self.is_before, self.is_sparse, &lengths);
            found.extend(self.stretches(&channel, least, is_level, rules));
        }
        let mut found = without_fringes(found);
        found.sort_by(|a, b| a.from.cmp(&b.from).then(a.to.cmp(&b.to)));
        (self.merged(found, rules), extra)
    }

    /// Departures in units of the noise that is usual at their expected level.
    fn units(&self, off: &[f64], rules: &Rules) -> Vec<f64> {
        // A spread of some thousand periods is as good as one of all.
        let blocks = &self.expected.blocks;
        let step = (blocks.iter().map(|(from, to)| to - from).sum::<usize>() / 8000).max(1);
        let learnt: Vec<(f64, f64)> = blocks
            .iter()
            .flat_map(|(from, to)| (*from..*to).step_by(step))
            .filter_map(|at| Some((*self.expected.values.get(at)?, *off.get(at)?)))
            .filter(|(expected, off)| expected.is_finite() && off.is_finite())
            .collect();
        let offs: Vec<f64> = learnt.iter().map(|pair| pair.1).collect();
        let whole = spread(&offs);
        let sizes = thinned(&self.axis.values, 4000);
        let typical = median(&sizes.iter().map(|v| v.abs()).collect::<Vec<f64>>());
        // Noise by level, in four bands of as many periods each.
        let mut levels: Vec<f64> = learnt.iter().map(|pair| pair.0).collect();
        let bounds = [0.25, 0.5, 0.75].map(|share| quantile_of(&mut levels, share));
        let band = |expected: f64| bounds.iter().filter(|bound| expected > **bound).count();
        let mut bands: Vec<Vec<f64>> = vec![Vec::new(); 4];
        for (expected, off) in &learnt {
            if let Some(band) = bands.get_mut(band(*expected)) {
                band.push(*off);
            }
        }
        let noise: Vec<f64> = bands
            .iter()
            .map(|band| {
                if self.expected.by_day && band.len() >= 150 {
                    spread(band).max(0.5 * whole)
                } else {
                    whole
                }
            })
            .collect();
        off.iter()
            .zip(&self.expected.values)
            .map(|(off, expected)| {
                let usual = noise.get(band(*expected)).copied().unwrap_or(whole);
                let least =
                    self.scale
                        .least_spread(*expected, typical, rules.scale_share, self.is_count);
                off / usual.max(least)
            })
            .collect()
    }

    /// The channel's hits, each stretched to its real ends; what overlaps a better one is part of it.
    fn stretches(
        &self,
        channel: &Channel,
        least: f64,
        is_level: bool,
        rules: &Rules,
    ) -> Vec<Stretch> {
        let (from, to) = (self.axis.split, self.axis.values.len());
        let mut kept: Vec<Stretch> = Vec::new();
        for hit in channel.hits(from, to, least) {
            let inside = |stretch: &Stretch| hit.from < stretch.to && stretch.from < hit.to;
            if kept.iter().any(inside) || kept.len() >= 200 {
                continue;
            }
            let stretch = grown(channel, &hit, from, to);
            if !is_level || self.is_large(&stretch, channel, rules) {
                kept.push(stretch);
            }
        }
        kept
    }

    /// Whether a stretch is large, not only unlikely.
    fn is_large(&self, stretch: &Stretch, channel: &Channel, rules: &Rules) -> bool {
        let length = stretch.to - stretch.from;
        let (mut seen, mut hoped, mut known) = (0.0, 0.0, 0.0);
        for at in stretch.from..stretch.to {
            let value = self.axis.values.get(at).copied().unwrap_or(f64::NAN);
            let expected = self.expected.values.get(at).copied().unwrap_or(f64::NAN);
            if value.is_finite() && expected.is_finite() {
                seen += value;
                hoped += self.scale.back(expected);
                known += 1.0;
            }
        }
        if known == 0.0 {
            return false;
        }
        let change = (seen - hoped).abs();
        // A single period must stand out twice as far: it has no neighbour to confirm it.
        let lone = if length == 1 { rules.lone_times } else { 1.0 };
        let steps = channel.mean_of(stretch.from, stretch.to).abs();
        if steps < rules.effect_noise * lone && length < 60 || steps < rules.effect_noise_long {
            return false;
        }
        if self.is_count {
            change >= rules.effect_counts && change >= lone * rules.effect_share * hoped
        } else {
            change >= lone * rules.effect_share_gauge * hoped.abs()
        }
    }

    /// Stretches that touch, overlap or nearly do are one event.
    fn merged(&self, found: Vec<Stretch>, rules: &Rules) -> Vec<Stretch> {
        let near = self
            .axis
            .periods(rules.gap_minutes * 60)
            .max(rules.gap_points);
        let mut merged: Vec<Stretch> = Vec::new();
        for stretch in found {
            let Some(last) = merged.last_mut() else {
                merged.push(stretch);
                continue;
            };
            // The reach grows with the events: ten minutes part two spikes, not two halves of a day.
            let longest = (last.to - last.from).max(stretch.to - stretch.from);
            let reach = near.max(longest / 4);
            if stretch.from <= last.to + reach {
                if stretch.surprise > last.surprise {
                    (last.z, last.surprise) = (stretch.z, stretch.surprise);
                }
                last.to = last.to.max(stretch.to);
            } else {
                merged.push(stretch);
            }
        }
        merged
    }

    fn told(&self, stretch: &Stretch, extra: f64) -> Event {
        let far = |at: &usize| {
            let off = self.off.get(*at).copied().unwrap_or(f64::NAN);
            if off.is_finite() { off.abs() } else { -1.0 }
        };
        let furthest = (stretch.from..stretch.to)
            .max_by(|a, b| far(a).total_cmp(&far(b)).then(b.cmp(a)))
            .unwrap_or(stretch.from);
        let get = |values: &[f64]| values.get(furthest).copied().unwrap_or(0.0);
        Event {
            from: self.axis.at(stretch.from),
            to: self.axis.at(stretch.to),
            score: stretch.z,
            surprise: stretch.surprise - extra,
            expected: self.scale.back(get(&self.expected.values)),
            observed: get(&self.axis.values),
        }
    }
}

/// Without what only overlaps a clearer stretch: each reading sees the same event a little wider or
/// narrower, and the clearest one knows its ends best.
fn without_fringes(mut found: Vec<Stretch>) -> Vec<Stretch> {
    found.sort_by(|a, b| {
        b.surprise
            .total_cmp(&a.surprise)
            .then(a.from.cmp(&b.from))
            .then(a.to.cmp(&b.to))
    });
    let mut kept: Vec<Stretch> = Vec::new();
    for stretch in found {
        let shared: usize = kept
            .iter()
            .map(|one| {
                one.to
                    .min(stretch.to)
                    .saturating_sub(one.from.max(stretch.from))
            })
            .sum();
        if shared * 2 < stretch.to - stretch.from {
            kept.push(stretch);
        }
    }
    kept
}

/// How far each period is from its surroundings, whichever way, less what is usual.
fn unrest(units: &[f64]) -> Vec<f64> {
    units
        .iter()
        .map(|unit| unit.abs().min(CLIP) - 0.6745)
        .collect()
}

/// Moves both ends of a hit to where the departure begins and ends.
///
/// From the middle outwards, the departure less half of its usual size is summed up; the end is
/// where that sum is largest. A pause costs, so that a long pause ends the event and a short one
/// does not.
fn grown(channel: &Channel, hit: &Hit, lo: usize, hi: usize) -> Stretch {
    let unit = |at: usize| {
        let unit = channel.units.get(at).copied().unwrap_or(f64::NAN) * hit.sign;
        if unit.is_finite() { unit } else { 0.0 }
    };
    let inside: Vec<f64> = (hit.from..hit.to).map(unit).collect();
    let size = median(&inside).max(inside.iter().sum::<f64>() / inside.len().max(1) as f64);
    let bar = (size / 2.0).clamp(0.5, 3.0);
    let patience = 3.0 * bar + 3.0;
    // The middle of the hit: its best period of the half around its centre.
    let quarter = (hit.to - hit.from) / 4;
    let middle = (hit.from + quarter..hit.to - quarter)
        .max_by(|a, b| unit(*a).total_cmp(&unit(*b)).then(b.cmp(a)))
        .unwrap_or(hit.from);
    let reach = |steps: &mut dyn Iterator<Item = usize>| {
        let (mut sum, mut best, mut end) = (0.0f64, 0.0f64, middle);
        for at in steps {
            sum += unit(at) - bar;
            if sum >= best {
                (best, end) = (sum, at);
            }
            if sum < best - patience && !(hit.from..hit.to).contains(&at) {
                break;
            }
        }
        end
    };
    let first = reach(&mut (lo..middle).rev());
    let last = reach(&mut (middle + 1..hi));
    Stretch {
        from: first.min(middle),
        to: last.max(middle) + 1,
        z: hit.z,
        surprise: hit.surprise,
    }
}
