//! One plot: value axis from zero, filled series, lines of comparison, levels.
//!
//! When there are more points than columns, a column shows the mean of its known points, or the
//! busiest of them for arrivals (a mean would hide the bursts a rate quota punishes); the heading
//! says which. A column without a known point stays open.

use super::axes::{Axis, LEFT, RIGHT};
use super::plain;
use super::scale::{span_in_words, tick_label, ticks};
use super::svg::{Anchor, Pen, cut, num};
use crate::report::model::{Level, Line, Panel, Role};

/// One value per column; `None` where nothing is known.
type Column = Option<f64>;

/// Room for the heading above the plot.
const HEAD: f64 = 22.0;

/// A panel at its place.
#[derive(Debug)]
pub(super) struct Plot<'a> {
    panel: &'a Panel,
    lines: Vec<(&'a Line, Vec<Column>)>,
    /// Invariant: at least two, ascending, from zero to the top of the plot.
    ticks: Vec<f64>,
    top: f64,
    height: f64,
}

impl<'a> Plot<'a> {
    /// Places the panel below `y`; a chart with few panels gives each more room.
    pub(super) fn new(panel: &'a Panel, axis: &Axis, y: f64, panels: usize) -> Self {
        let busiest = is_busiest(panel);
        let lines: Vec<(&Line, Vec<Column>)> = panel
            .lines
            .iter()
            .map(|line| (line, columns(&line.values, axis.per_column, busiest)))
            .collect();
        let max = lines
            .iter()
            .flat_map(|(_, values)| values.iter().flatten().copied())
            .chain(
                panel
                    .levels
                    .iter()
                    .filter_map(|level| drawable(level.value)),
            )
            .fold(0.0f64, f64::max);
        Self {
            panel,
            lines,
            ticks: ticks(max),
            top: y + HEAD,
            height: match panels {
                0 | 1 => 180.0,
                2 => 130.0,
                _ => 92.0,
            },
        }
    }

    fn y(&self, value: f64) -> f64 {
        let full = self.ticks.last().copied().unwrap_or(1.0);
        self.bottom() - self.height * (value / full).clamp(0.0, 1.0)
    }

    pub(super) fn top(&self) -> f64 {
        self.top
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Grid and areas; what stands over them comes with [`Plot::draw_lines`] and then
    /// [`Plot::draw_words`].
    pub(super) fn draw(&self, pen: &mut Pen, axis: &Axis) {
        let lines = &self.lines;
        self.grid(pen);
        let y = |value: f64| self.y(value);

        // Areas from the largest down, so that a part stands in front of its whole; lines on top.
        for role in [Role::Arrivals, Role::Calls, Role::Failures] {
            for (_, values) in lines.iter().filter(|(line, _)| line.role == role) {
                pen.path(role.word(), &area(values, axis, self.bottom(), &y));
            }
        }
    }

    /// Lines of comparison and levels: over the hatching, for what another source counted while the
    /// trail was silent is the evidence for its silence.
    pub(super) fn draw_lines(&self, pen: &mut Pen, axis: &Axis) {
        let y = |value: f64| self.y(value);
        for role in [Role::CallCount, Role::Expected] {
            for (_, values) in self.lines.iter().filter(|(line, _)| line.role == role) {
                pen.path(role.word(), &steps(values, axis, &y));
            }
        }
        for level in self.levels() {
            let line_y = self.y(level.1);
            pen.line("level", (LEFT, line_y), (RIGHT, line_y));
        }
    }

    /// Heading, words of the levels, and what to say of an empty plot. Levels are named at the
    /// left end: the right end of a fresh report is hatched.
    pub(super) fn draw_words(&self, pen: &mut Pen, axis: &Axis) {
        self.heading(pen, axis);
        for (level, value) in self.levels() {
            let line_y = self.y(value);
            let text_y = if line_y - self.top < 14.0 {
                line_y + 14.0
            } else {
                line_y - 5.0
            };
            let words = cut(&level.label, 60);
            pen.text("level-label", (LEFT + 6.0, text_y), Anchor::Start, &words);
        }
        let mut values = self.lines.iter().flat_map(|(_, values)| values);
        if !values.any(Option::is_some) {
            let middle = ((LEFT + RIGHT) / 2.0, self.top + self.height / 2.0);
            pen.text("empty", middle, Anchor::Middle, "no data for this span");
        }
    }

    fn heading(&self, pen: &mut Pen, axis: &Axis) {
        let mut heading = cut(&plain(&self.panel.title), 90);
        if !self.panel.unit.is_empty() {
            heading.push_str(", ");
            heading.push_str(self.panel.unit);
        }
        if axis.per_column > 1 {
            let how = if is_busiest(self.panel) {
                "busiest"
            } else {
                "mean"
            };
            let span = span_in_words(axis.column_s());
            heading.push_str(&format!(" ({how} of every {span})"));
        }
        pen.text("heading", (LEFT, self.top - 8.0), Anchor::Start, &heading);
    }

    /// Grid and value labels.
    fn grid(&self, pen: &mut Pen) {
        for tick in &self.ticks {
            let y = self.y(*tick);
            let class = if *tick == 0.0 { "axis" } else { "grid" };
            pen.line(class, (LEFT, y), (RIGHT, y));
            pen.text(
                "tick",
                (LEFT - 7.0, y + 4.0),
                Anchor::End,
                &tick_label(*tick),
            );
        }
    }

    /// Levels with a value that can be drawn.
    fn levels(&self) -> impl Iterator<Item = (&Level, f64)> {
        self.panel
            .levels
            .iter()
            .filter_map(|level| Some((level, drawable(level.value)?)))
    }
}

/// Whether columns show their busiest point.
fn is_busiest(panel: &Panel) -> bool {
    panel.lines.iter().any(|line| line.role == Role::Arrivals)
}

/// A value as it can be drawn: not finite is unknown, below zero is zero, and what no count can
/// reach is cut, so that sums stay finite.
fn drawable(value: f64) -> Option<f64> {
    value.is_finite().then(|| value.clamp(0.0, 1e15))
}

/// Points as columns of `size` points: mean or maximum of the known ones.
fn columns(points: &[Option<f64>], size: usize, busiest: bool) -> Vec<Column> {
    points
        .chunks(size.max(1))
        .map(|chunk| {
            let known: Vec<f64> = chunk
                .iter()
                .flatten()
                .copied()
                .filter_map(drawable)
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

/// Closed step areas, one per run of values above zero: zero has no area, and its outline would
/// look like a little.
fn area(values: &[Column], axis: &Axis, bottom: f64, y: &dyn Fn(f64) -> f64) -> String {
    let above: Vec<Column> = values
        .iter()
        .map(|value| value.filter(|value| *value > 0.0))
        .collect();
    let mut data = String::new();
    for (first, run) in runs(&above) {
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
