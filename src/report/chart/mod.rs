//! The chart ink: one [`model::Chart`] becomes one hand-written `<svg>`.
//!
//! The drawing works as a file of its own and inline in HTML: no script, no external font or image,
//! light and dark by the reader's preference, its content repeated in words in `<desc>`. Equal
//! input gives equal bytes. Colour never carries a meaning alone (line style, pattern, position and
//! a label carry it too), and a point nobody knows is left open or hatched, never drawn as zero.
//! Like every ink it words and decides nothing: what is not in the model is not in the picture.

mod across;
mod axes;
mod labels;
mod legend;
mod panel;
mod scale;
mod spark;
mod svg;

pub(super) use spark::sparkline;

use super::escape::Untrusted;
use super::model::{self, BandKind, MarkKind, Span, Text};
use across::Across;
use axes::Axis;
use svg::{Anchor, Pen, num, words};

/// Width of every chart in user units; the height follows from the content.
const WIDTH: f64 = 960.0;

/// Height of one row of labels.
const ROW: f64 = 16.0;

/// The look of every chart, scoped to its class. A file carries it inside; a page has it once.
pub(super) const STYLE: &str = include_str!("chart.css");

/// One chart as an `<svg>` element with a line feed at its end.
///
/// Element IDs start with the chart's ID, so charts with different IDs can share one HTML page.
#[must_use]
pub fn svg(chart: &model::Chart) -> String {
    draw(
        chart,
        &slug(&chart.id),
        &format!("<style>{STYLE}</style>\n"),
    )
}

/// As [`svg()`] for a page that already holds [`STYLE`]; `prefix` starts the element IDs (a page may
/// show one chart twice).
pub(super) fn inline(chart: &model::Chart, prefix: &str) -> String {
    draw(chart, &slug(prefix), "")
}

/// The tenth of the width (0 to 9) in which the first moment lies, the middle without one: where a
/// reader whose screen is narrower than the chart should begin.
pub(super) fn tenth(chart: &model::Chart) -> usize {
    let axis = Axis::of(chart);
    let first = chart
        .marks
        .iter()
        .filter(|mark| is_line(mark.kind))
        .map(|mark| mark.at.timestamp())
        .find(|at| axis.shows(*at));
    let share = first.map_or(0.5, |at| axis.x(at) / WIDTH);
    (0..9)
        .find(|tenth| share < (*tenth as f64 + 1.0) / 10.0)
        .unwrap_or(9)
}

fn draw(chart: &model::Chart, id: &str, style: &str) -> String {
    let axis = Axis::of(chart);
    let across = Across::of(chart, &axis);
    let title = plain(&chart.title);
    let mut pen = Pen::default();

    pen.text("title", (axes::LEFT, 24.0), Anchor::Start, &title);
    let mut y = legend::draw(&mut pen, chart, id, 46.0);
    let bands_top = y;
    y = across.below_bands(y);
    let marks_top = y;
    y = across.below_marks(y);

    let plots_top = y;
    let mut plots = Vec::new();
    for panel in &chart.panels {
        let plot = panel::Plot::new(panel, &axis, y, chart.panels.len());
        y = plot.bottom() + 12.0;
        plots.push(plot);
    }
    let plots_bottom = plots.last().map_or(y, panel::Plot::bottom);

    // Shaded spans lie under the data; hatching, marks and their labels over it.
    for plot in &plots {
        across.shade(&mut pen, plot.top(), plot.bottom());
    }
    for plot in &plots {
        plot.draw(&mut pen, &axis);
    }
    for plot in &plots {
        across.hatch(&mut pen, id, plot.top(), plot.bottom());
    }
    for plot in &plots {
        plot.draw_lines(&mut pen, &axis);
    }
    across.draw_bands(&mut pen, bands_top, plots_top);
    across.draw_marks(&mut pen, marks_top, plots_bottom);
    for plot in &plots {
        plot.draw_words(&mut pen, &axis);
    }
    y = axis.draw(&mut pen, plots_bottom);
    y = across.draw_changes(&mut pen, (plots_top, plots_bottom), y);
    wrap(chart, id, style, (y + 8.0, &pen.finish()))
}

/// The root element around the body, with the words for readers who cannot see.
fn wrap(chart: &model::Chart, id: &str, style: &str, (height, body): (f64, &str)) -> String {
    let (width, height) = (num(WIDTH), num(height.ceil()));
    let title = words(&plain(&chart.title), 200);
    let desc = words(&plain(&chart.alt), 2000);
    let hatches: String = [BandKind::Silent, BandKind::Unsettled]
        .into_iter()
        .filter(|kind| chart.bands.iter().any(|band| band.kind == *kind))
        .map(|kind| hatch_pattern(id, kind))
        .collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ecr-chart\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\">\n\
         <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{desc}</desc>\n\
         {style}<defs>{hatches}</defs>\n\
         <rect class=\"ground\" x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\"/>\n\
         {body}</svg>\n"
    )
}

/// Silent minutes lean right, unsettled ones lean left and are wider: told apart without colour.
fn hatch_pattern(id: &str, kind: BandKind) -> String {
    let word = kind.word();
    let (size, turn) = match kind {
        BandKind::Unsettled => (9, -45),
        _ => (6, 45),
    };
    format!(
        "<pattern id=\"{id}-{word}\" width=\"{size}\" height=\"{size}\" \
         patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate({turn})\">\
         <rect class=\"hatch-ground\" width=\"{size}\" height=\"{size}\"/>\
         <line class=\"hatch-line\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"{size}\"/></pattern>"
    )
}

/// An element-ID prefix of plain ASCII, so that nothing can break out of an attribute or `url()`.
fn slug(id: &str) -> String {
    let mut out = String::from("chart-");
    for c in id.chars().take(60) {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            'A'..='Z' => out.push(c.to_ascii_lowercase()),
            _ => out.push('-'),
        }
    }
    out
}

/// The words of a text with nothing a reader cannot see; not yet escaped for markup.
pub(super) fn plain(text: &Text) -> String {
    text.iter()
        .map(|span| match span {
            Span::Plain(words) | Span::Strong(words) => words.clone(),
            Span::Prose(words) | Span::Code(words) => shown(words),
            Span::Evidence(id) => format!("[{id}]"),
            Span::Label(label) => label.word().to_owned(),
        })
        .collect()
}

/// One visible line of untrusted text; the pen escapes it for markup.
fn shown(text: &Untrusted) -> String {
    text.terminal()
}

/// Whether the mark is a line through the plots (and not a tick under them).
fn is_line(kind: MarkKind) -> bool {
    kind != MarkKind::Change
}

#[cfg(test)]
mod tests;
