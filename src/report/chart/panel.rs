//! One plot: value axis from zero, filled series, lines of comparison, levels.
//!
//! When there are more points than columns, a column shows the mean of its known points, or the
//! busiest of them for arrivals (a mean would hide the bursts a rate quota punishes); the heading
//! says which. A column without a known point stays open.

use super::axes::{Axis, LEFT, RIGHT};
use super::plain;
use super::scale::{span_in_words, tick_label, ticks};
use super::svg::{Anchor, Pen, cut, num};
use crate::report::model::{Line, Panel, Role};

/// One value per column; `None` where nothing is known.
type Column = Option<f64>;

/// Room for the heading above the plot.
const HEAD: f64 = 22.0;

/// A panel at its place.
#[derive(Debug)]
pub(super) struct Plot<'a> {
    panel: &'a Panel,
    top: f64,
    height: f64,
}

impl<'a> Plot<'a> {
    /// Places the panel below `y`; a chart with few panels gives each more room.
    pub(super) fn new(panel: &'a Panel, y: f64, panels: usize) -> Self {
        Self {
            panel,
            top: y + HEAD,
            height: match panels {
                0 | 1 => 180.0,
                2 => 130.0,
                _ => 92.0,
            },
        }
    }

    pub(super) fn top(&self) -> f64 {
        self.top
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(super) fn draw(&self, pen: &mut Pen, axis: &Axis) {
        let busiest = self.panel.lines.iter().any(|l| l.role == Role::Arrivals);
        let lines: Vec<(&Line, Vec<Column>)> = self
            .panel
            .lines
            .iter()
            .map(|line| (line, columns(&line.values, axis.per_column, busiest)))
            .collect();
        self.heading(pen, axis, busiest);
        let full = self.grid(pen, &lines);
        let y = |value: f64| self.bottom() - self.height * (value / full).clamp(0.0, 1.0);

        // Areas from the largest down, so that a part stands in front of its whole; lines on top.
        for role in [Role::Arrivals, Role::Calls, Role::Failures] {
            for (_, values) in lines.iter().filter(|(line, _)| line.role == role) {
                pen.path(role.word(), &area(values, axis, self.bottom(), &y));
            }
        }
        for role in [Role::CallCount, Role::Expected] {
            for (_, values) in lines.iter().filter(|(line, _)| line.role == role) {
                pen.path(role.word(), &steps(values, axis, &y));
            }
        }
        self.levels(pen, &y);
        let known = lines.iter().any(|(_, v)| v.iter().any(Option::is_some));
        if !known {
            let middle = ((LEFT + RIGHT) / 2.0, self.top + self.height / 2.0);
            pen.text("empty", middle, Anchor::Middle, "no data for this span");
        }
    }

    fn heading(&self, pen: &mut Pen, axis: &Axis, busiest: bool) {
        let mut heading = cut(&plain(&self.panel.title), 90);
        if !self.panel.unit.is_empty() {
            heading.push_str(", ");
            heading.push_str(self.panel.unit);
        }
        if axis.per_column > 1 {
            let span = span_in_words(axis.column_s());
            heading.push_str(if busiest {
                " (busiest of every "
            } else {
                " (mean of every "
            });
            heading.push_str(&span);
            heading.push(')');
        }
        pen.text("heading", (LEFT, self.top - 8.0), Anchor::Start, &heading);
    }

    /// Grid and value labels; returns the value at the top of the plot.
    fn grid(&self, pen: &mut Pen, lines: &[(&Line, Vec<Column>)]) -> f64 {
        let max = lines
            .iter()
            .flat_map(|(_, values)| values.iter().flatten())
            .chain(self.panel.levels.iter().map(|level| &level.value))
            .filter(|value| value.is_finite())
            .fold(0.0f64, |max, value| max.max(*value));
        let marks = ticks(max);
        let full = marks.last().copied().unwrap_or(1.0);
        for tick in &marks {
            let y = self.bottom() - self.height * (tick / full);
            let class = if *tick == 0.0 { "axis" } else { "grid" };
            pen.line(class, (LEFT, y), (RIGHT, y));
            pen.text(
                "tick",
                (LEFT - 7.0, y + 4.0),
                Anchor::End,
                &tick_label(*tick),
            );
        }
        full
    }

    /// Levels with their words at the right end, above the line when there is room there.
    fn levels(&self, pen: &mut Pen, y: &dyn Fn(f64) -> f64) {
        for level in &self.panel.levels {
            if !level.value.is_finite() {
                continue;
            }
            let line_y = y(level.value);
            pen.line("level", (LEFT, line_y), (RIGHT, line_y));
            let text_y = if line_y - self.top < 14.0 {
                line_y + 14.0
            } else {
                line_y - 5.0
            };
            let words = cut(&level.label, 60);
            pen.text("level-label", (RIGHT - 4.0, text_y), Anchor::End, &words);
        }
    }
}

/// Points as columns of `size` points: mean or maximum of the known ones. Values that are not
/// finite are unknown; values below zero are drawn at zero.
fn columns(points: &[Option<f64>], size: usize, busiest: bool) -> Vec<Column> {
    points
        .chunks(size.max(1))
        .map(|chunk| {
            let known: Vec<f64> = chunk
                .iter()
                .flatten()
                .copied()
                .filter(|value| value.is_finite())
                .collect();
            if known.is_empty() {
                None
            } else if busiest {
                Some(known.iter().fold(0.0, |max: f64, value| max.max(*value)))
            } else {
                Some(known.iter().sum::<f64>() / known.len() as f64)
            }
        })
        .collect()
}

/// The stretches of known values with their first column.
fn runs(values: &[Column]) -> Vec<(usize, Vec<f64>)> {
    let mut out: Vec<(usize, Vec<f64>)> = Vec::new();
    let mut open = false;
    for (index, value) in values.iter().enumerate() {
        match (value, out.last_mut()) {
            (Some(value), Some((_, run))) if open => run.push(*value),
            (Some(value), _) => out.push((index, vec![*value])),
            (None, _) => {}
        }
        open = value.is_some();
    }
    out
}

/// Closed step areas, one per known run that is not all zero.
fn area(values: &[Column], axis: &Axis, bottom: f64, y: &dyn Fn(f64) -> f64) -> String {
    let mut data = String::new();
    for (first, run) in runs(values) {
        if run.iter().all(|value| *value <= 0.0) {
            continue;
        }
        data.push_str(&format!("M{} {}", num(axis.edge(first)), num(bottom)));
        let mut level = None;
        for (offset, value) in run.iter().enumerate() {
            let height = num(y(*value));
            if level.as_ref() != Some(&height) {
                let x = num(axis.edge(first + offset));
                data.push_str(&format!("H{x}V{height}"));
                level = Some(height);
            }
        }
        let last = num(axis.edge(first + run.len()));
        data.push_str(&format!("H{last}V{}Z", num(bottom)));
    }
    data
}

/// Open step lines, one per known run.
fn steps(values: &[Column], axis: &Axis, y: &dyn Fn(f64) -> f64) -> String {
    let mut data = String::new();
    for (first, run) in runs(values) {
        let mut level: Option<String> = None;
        for (offset, value) in run.iter().enumerate() {
            let height = num(y(*value));
            let x = num(axis.edge(first + offset));
            match &level {
                None => data.push_str(&format!("M{x} {height}")),
                Some(old) if *old != height => data.push_str(&format!("H{x}V{height}")),
                Some(_) => {}
            }
            level = Some(height);
        }
        data.push_str(&format!("H{}", num(axis.edge(first + run.len()))));
    }
    data
}
