//! The clock axis: where an instant stands, and the ticks below the plots.

use super::labels::width;
use super::scale::{clock, points_per_column};
use super::svg::{Anchor, Pen};
use crate::report::model::Chart;

/// Left edge of the plots; value labels stand left of it.
pub(super) const LEFT: f64 = 62.0;

/// Right edge of the plots.
pub(super) const RIGHT: f64 = 944.0;

/// Columns that still have about two units each.
const COLUMNS: usize = 440;

/// No window is longer than a century; a cap keeps a broken model from breaking arithmetic.
const LONGEST_S: i64 = 100 * 366 * 86_400;

/// The time axis of one chart, in epoch seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    start: i64,
    end: i64,
    /// Seconds between points, at least 1.
    step_s: i64,
    /// Points drawn as one column, at least 1.
    pub(super) per_column: usize,
}

impl Axis {
    pub(super) fn of(chart: &Chart) -> Self {
        let step_s = chart.step_s.max(1);
        let start = chart.start.timestamp();
        let points = i64::try_from(chart.len.max(1)).unwrap_or(i64::MAX);
        let length = points.saturating_mul(step_s).min(LONGEST_S);
        Self {
            start,
            end: start.saturating_add(length),
            step_s,
            per_column: points_per_column(chart.len, step_s, COLUMNS),
        }
    }

    /// Seconds of one column.
    pub(super) fn column_s(&self) -> i64 {
        self.step_s
            .saturating_mul(i64::try_from(self.per_column).unwrap_or(i64::MAX))
    }

    /// X of an epoch second, not clipped.
    pub(super) fn x(&self, at: i64) -> f64 {
        let length = self.end.saturating_sub(self.start).max(1) as f64;
        LEFT + (RIGHT - LEFT) * (at.saturating_sub(self.start) as f64 / length)
    }

    /// X of the left edge of a column, clipped to the axis.
    pub(super) fn edge(&self, column: usize) -> f64 {
        let offset = i64::try_from(column)
            .unwrap_or(i64::MAX)
            .saturating_mul(self.column_s());
        self.x(self.start.saturating_add(offset).min(self.end))
    }

    /// Whether the instant is on the axis.
    pub(super) fn shows(&self, at: i64) -> bool {
        self.start <= at && at <= self.end
    }

    /// The visible part of `[from, to)` as two x, at least one unit apart.
    pub(super) fn clip(&self, from: i64, to: i64) -> Option<(f64, f64)> {
        if to <= from || to <= self.start || from >= self.end {
            return None;
        }
        let left = self.x(from.max(self.start)).min(RIGHT - 1.0);
        let right = self.x(to.min(self.end));
        Some((left, right.max(left + 1.0)))
    }

    /// Ticks, hours and days under `bottom`; returns the y below them.
    pub(super) fn draw(&self, pen: &mut Pen, bottom: f64) -> f64 {
        let mut below = bottom + 24.0;
        let mut day_end = f64::MIN;
        for tick in clock(self.start, self.end) {
            let x = self.x(tick.at);
            pen.line("axis", (x, bottom), (x, bottom + 5.0));
            pen.text("tick", (x, bottom + 18.0), Anchor::Middle, &tick.label);
            let Some(day) = tick.day else { continue };
            let wide = width(&day);
            let from = (x - 15.0).min(RIGHT - wide);
            if from > day_end {
                pen.text("day", (from, bottom + 33.0), Anchor::Start, &day);
                day_end = from + wide + 6.0;
                below = bottom + 38.0;
            }
        }
        pen.text("tick", (LEFT - 22.0, bottom + 18.0), Anchor::End, "UTC");
        below
    }
}
