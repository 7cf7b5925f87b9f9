//! What recurs too sharply for the slots of a daily profile: edges and jobs on the minute.

use super::super::limits::Metric as Rules;
use super::days::Days;
use super::order::{quantile_of, spread, thinned};

impl Days {
    /// Where the profile jumps (working hours begin, a batch ends), anything between the levels on
    /// both sides of the edge is expected: edges are not on the same minute every day.
    pub(super) fn allow_edges(
        &self,
        values: &[f64],
        level: &[f64],
        shift: &[f64],
        slope_per_slot: f64,
        expected: &mut [f64],
        rules: &Rules,
    ) {
        let noise = noise(values, expected);
        for slot in 0..level.len() {
            let near = level.get(slot.saturating_sub(1)..(slot + 2).min(level.len()));
            let near = near.unwrap_or_default().iter().copied();
            let low = near.clone().fold(f64::INFINITY, f64::min);
            let high = near.fold(f64::NEG_INFINITY, f64::max);
            if high - low <= rules.edge * noise {
                continue;
            }
            let moved = shift.get(slot).copied().unwrap_or(0.0) + slope_per_slot * slot as f64;
            let from = self.first + (slot * self.slot) as i64;
            for at in from.max(0)..(from + self.slot as i64).min(values.len() as i64) {
                let at = at as usize;
                if let (Some(value), Some(expected)) = (values.get(at), expected.get_mut(at))
                    && value.is_finite()
                {
                    *expected = value.clamp(low + moved, high + moved);
                }
            }
        }
    }

    /// Adds what recurs to the minute every day (an hourly job, a nightly sync) and is too sharp
    /// for the slots.
    pub(super) fn add_recurring(&self, values: &[f64], expected: &mut [f64], rules: &Rules) {
        let off: Vec<f64> = values
            .iter()
            .zip(expected.iter())
            .map(|(v, e)| v - e)
            .collect();
        let noise = noise(values, expected);
        let at = |row: usize, phase: i64| {
            let index = self.first + (row * self.day) as i64 + phase;
            let index = usize::try_from(index).ok()?;
            off.get(index).copied().filter(|v| v.is_finite())
        };
        let day = self.day as i64;
        let recurring: Vec<f64> = (0..day)
            .map(|phase| {
                let mut near: Vec<f64> = Vec::with_capacity(self.base.len() * 3);
                for row in &self.base {
                    near.extend((-1..=1).filter_map(|step| at(*row, phase + step)));
                }
                let middle = quantile_of(&mut near, 0.5);
                if middle.abs() > rules.recurring * noise {
                    middle
                } else {
                    0.0
                }
            })
            .collect();
        if recurring.iter().all(|v| *v == 0.0) {
            return;
        }
        for (index, (value, expected)) in off.iter().zip(expected.iter_mut()).enumerate() {
            let phase = (index as i64 - self.first).rem_euclid(day);
            let mut best: f64 = 0.0;
            for step in -2..=2 {
                let shift = usize::try_from((phase + step).rem_euclid(day))
                    .ok()
                    .and_then(|phase| recurring.get(phase).copied())
                    .unwrap_or(0.0);
                if (value - shift).abs() < (value - best).abs() {
                    best = shift;
                }
            }
            *expected += best;
        }
    }
}

/// The usual departure from what was expected.
fn noise(values: &[f64], expected: &[f64]) -> f64 {
    let off: Vec<f64> = values.iter().zip(expected).map(|(v, e)| v - e).collect();
    spread(&thinned(&off, 4000)).max(1e-9)
}
