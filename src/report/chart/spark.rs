//! One line of small bars for a table cell: the HTML form of a sparkline.
//!
//! Too small for axes or labels: the words beside it carry the numbers. A column without a value
//! is a dot under the line, so that "no data" never looks like zero.

use super::svg::{Pen, num};
use crate::report::escape;
use crate::report::model::{Mark, Sparkline, Sparklines};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 34.0;
/// The last few units belong to dots and marks.
const BASE: f64 = 28.0;

/// One line as `<svg>`, on the shared time axis of its group.
#[must_use]
pub(in crate::report) fn sparkline(group: &Sparklines, line: &Sparkline) -> String {
    let count = line.values.len().max(1) as f64;
    let column = WIDTH / count;
    let max = line
        .values
        .iter()
        .flatten()
        .filter(|value| value.is_finite())
        .fold(0.0f64, |max, value| max.max(*value));
    let mut pen = Pen::default();
    for mark in &group.marks {
        if let Some(x) = place(group, line, mark) {
            pen.line(mark.kind.word(), (x, 0.0), (x, HEIGHT));
        }
    }
    let mut bars = String::new();
    let mut dots = String::new();
    for (index, value) in line.values.iter().enumerate() {
        let left = column * index as f64;
        match value.filter(|value| value.is_finite()) {
            None => dots.push_str(&format!(
                "M{} {}h1.5",
                num(left + column / 2.0),
                num(HEIGHT - 2.0)
            )),
            // The smallest bar is visible: one failure is not none.
            Some(value) if value > 0.0 => {
                let height = (BASE * value / max).max(1.5);
                let wide = (column - 0.4).max(column * 0.6);
                bars.push_str(&format!(
                    "M{} {}v-{}h{}v{}z",
                    num(left),
                    num(BASE),
                    num(height),
                    num(wide),
                    num(height)
                ));
            }
            Some(_) => {}
        }
    }
    pen.line("axis", (0.0, BASE), (WIDTH, BASE));
    let class = if line.unit.starts_with("calls") {
        "calls"
    } else {
        "failures"
    };
    pen.path(class, &bars);
    pen.path("dots", &dots);
    format!(
        "<svg class=\"ecr-chart spark\" role=\"img\" aria-label=\"{}, {}: {}\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\">\
         {}</svg>",
        line.label.html(),
        escape::html(line.unit),
        escape::html(&line.note),
        num(WIDTH),
        num(HEIGHT),
        pen.finish()
    )
}

/// X of a mark, when it lies on the axis.
fn place(group: &Sparklines, line: &Sparkline, mark: &Mark) -> Option<f64> {
    let step = group.step_s.max(1) as f64;
    let columns = (mark.at.timestamp().saturating_sub(group.start.timestamp())) as f64 / step;
    let count = line.values.len().max(1) as f64;
    (0.0..=count)
        .contains(&columns)
        .then(|| WIDTH * columns / count)
}
