//! The frame all charts share: title, legend, clock axis, panels, and what is drawn across them
//! (markers, Health bands, own changes, hatched minutes nobody knows).
//!
//! Knows pixels and epoch seconds, not incidents. A column without a value is left open; it is
//! never drawn as zero.

use super::labels::{Placed, Wish, stagger, width};
use super::scale::{clock, tick_label, ticks};
use super::svg::{Anchor, Pen, num, xml};

/// Width of every chart in user units.
const WIDTH: f64 = 960.0;
/// Left edge of the plot; y labels stand left of it.
const LEFT: f64 = 62.0;
/// Right edge of the plot.
const RIGHT: f64 = 940.0;
/// Height of one row of labels.
const ROW: f64 = 16.0;
/// Rows of labels for markers, bands and changes before labels are left out.
const MARK_ROWS: usize = 3;
const BAND_ROWS: usize = 3;
const CHANGE_ROWS: usize = 4;
/// More change ticks than this are a grey wall; the rest is only counted.
const CHANGE_TICKS: usize = 120;
/// Columns that still have about two pixels each.
pub(crate) const COLUMNS: usize = 436;

const STYLE: &str = include_str!("chart.css");

/// One value per column; `None` where nothing is known.
pub(crate) type Column = Option<f64>;

/// One filled series of a panel, drawn in order, so later layers cover earlier ones.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// `calls` or `errors`: colour and outline.
    pub(crate) class: &'static str,
    /// One value per column.
    pub(crate) values: Vec<Column>,
}

/// A line the series is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// `baseline` or `quota`: colour and dash.
    pub(crate) class: &'static str,
    /// Written at the right end of a level line; may be empty.
    pub(crate) label: String,
    /// One value per column.
    pub(crate) values: Vec<Column>,
}

/// A plot with its own y axis.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    /// What is counted, with its unit.
    pub(crate) heading: String,
    /// Plot height in user units.
    pub(crate) height: f64,
    /// Series.
    pub(crate) layers: Vec<Layer>,
    /// Line of comparison.
    pub(crate) reference: Option<Reference>,
}

/// A moment worth a vertical line, epoch seconds.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// `onset`, `peak`, `recovery`: dash.
    pub(crate) class: &'static str,
    /// When.
    pub(crate) at: i64,
    /// What.
    pub(crate) label: String,
}

/// A span with a label, epoch seconds.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    /// First second.
    pub(crate) from: i64,
    /// First second after.
    pub(crate) to: i64,
    /// What.
    pub(crate) label: String,
}

/// How a legend entry is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Filled area of a layer class.
    Area(&'static str),
    /// Line of a reference class.
    Line(&'static str),
    /// Health band.
    Band,
    /// Change tick.
    Change,
    /// Hatched span.
    Unknown,
}

/// Everything of one drawing.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Prefix of every element ID; reduced to `[a-z0-9-]`.
    pub(crate) id: String,
    /// Heading.
    pub(crate) title: String,
    /// The drawing in words, for readers who cannot see it.
    pub(crate) desc: String,
    /// Epoch second of the first column.
    pub(crate) start: i64,
    /// Seconds per column, at least 1.
    pub(crate) column_s: i64,
    /// End of the axis, epoch seconds.
    pub(crate) end: i64,
    /// Plots, top first.
    pub(crate) panels: Vec<Panel>,
    /// Vertical lines.
    pub(crate) marks: Vec<Mark>,
    /// Health windows.
    pub(crate) bands: Vec<Span>,
    /// Own changes: time and label.
    pub(crate) changes: Vec<(i64, String)>,
    /// Spans nobody knows about.
    pub(crate) unknown: Vec<Span>,
    /// Legend, in order.
    pub(crate) legend: Vec<(Key, String)>,
}

impl Frame {
    /// X of an epoch second, not clipped.
    fn x(&self, at: i64) -> f64 {
        let length = self.end.saturating_sub(self.start).max(1) as f64;
        LEFT + (RIGHT - LEFT) * (at.saturating_sub(self.start) as f64 / length)
    }

    fn shows(&self, at: i64) -> bool {
        self.start <= at && at <= self.end
    }

    /// The visible part of a span as x from and x to, at least one pixel wide.
    fn clip(&self, from: i64, to: i64) -> Option<(f64, f64)> {
        if to < self.start || from > self.end || to <= from {
            return None;
        }
        let x0 = self.x(from.max(self.start));
        let x1 = self.x(to.min(self.end));
        Some((x0, x1.max((x0 + 1.0).min(RIGHT)).max(x0)))
    }

    /// The finished drawing: one `<svg>` element, usable as a file and inline in HTML.
    pub(crate) fn draw(&self) -> String {
        let id = slug(&self.id);
        let mut pen = Pen::default();
        let mut y = 24.0;
        pen.text("title", (LEFT, y), Anchor::Start, &self.title);
        y = self.draw_legend(&mut pen, &id, y + 22.0);

        let bands: Vec<(&Span, f64, f64)> = self
            .bands
            .iter()
            .filter_map(|band| {
                self.clip(band.from, band.to)
                    .map(|(x0, x1)| (band, x0, x1))
            })
            .collect();
        let band_top = y;
        y += ROW * bands.len().min(BAND_ROWS) as f64;
        let marks = self.place_marks();
        let mark_top = y + 4.0;
        let mark_rows = marks.iter().map(|(_, p)| p.row + 1).max().unwrap_or(0);
        y = mark_top + ROW * mark_rows as f64 + 2.0;

        let plot_top = y;
        let mut plots = Vec::new();
        for panel in &self.panels {
            let top = y + 20.0;
            plots.push((panel, top));
            y = top + panel.height + 10.0;
        }
        let plot_bottom = y - 10.0;

        // Bands lie under the data, hatching and markers over it.
        for (_, x0, x1) in &bands {
            for (panel, top) in &plots {
                pen.rect("band", (*x0, *top), (x1 - x0, panel.height));
            }
        }
        for (panel, top) in &plots {
            self.draw_panel(&mut pen, panel, *top);
        }
        for span in merged(&self.unknown) {
            if let Some((x0, x1)) = self.clip(span.0, span.1) {
                for (panel, top) in &plots {
                    pen.hatch(&format!("{id}-hatch"), (x0, *top), (x1 - x0, panel.height));
                }
            }
        }
        draw_bands(&mut pen, &bands, band_top, plot_top);
        for (mark, placed) in &marks {
            let x = self.x(mark.at);
            let text_y = mark_top + ROW * placed.row as f64 + 12.0;
            pen.line(mark.class, (x, text_y - 10.0), (x, plot_bottom));
            pen.text("mark", (placed.x, text_y), placed.anchor, &mark.label);
        }
        y = self.draw_clock(&mut pen, plot_bottom);
        y = self.draw_changes(&mut pen, plot_top, plot_bottom, y);
        self.wrap(&id, y + 6.0, &pen.finish())
    }

    /// The root element around the body, with the words for readers who cannot see.
    fn wrap(&self, id: &str, height: f64, body: &str) -> String {
        let mut pen = Pen::default();
        let height = num(height.ceil());
        let width = num(WIDTH);
        pen.raw(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ecr-chart\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
            xml(&self.title, 200),
            xml(&self.desc, 2000),
        ));
        pen.raw("<style>");
        pen.raw(STYLE);
        pen.raw("</style>\n");
        pen.raw(&format!(
            "<defs><pattern id=\"{id}-hatch\" width=\"6\" height=\"6\" \
             patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect class=\"hatch-ground\" width=\"6\" height=\"6\"/>\
             <line class=\"hatch-line\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\"/></pattern></defs>\n"
        ));
        pen.raw(&format!(
            "<rect class=\"ground\" x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\"/>\n"
        ));
        pen.raw(body);
        pen.raw("</svg>\n");
        pen.finish()
    }

    /// Entries in reading order, wrapped; returns the y below them.
    fn draw_legend(&self, pen: &mut Pen, id: &str, top: f64) -> f64 {
        const SWATCH: f64 = 18.0;
        let mut x = LEFT;
        let mut y = top;
        for (key, words) in &self.legend {
            let wide = SWATCH + 6.0 + width(words) + 16.0;
            if x > LEFT && x + wide > RIGHT + 16.0 {
                x = LEFT;
                y += 17.0;
            }
            let middle = y - 4.0;
            match key {
                Key::Area(class) => pen.rect(class, (x, y - 9.0), (SWATCH, 10.0)),
                Key::Line(class) => pen.line(class, (x, middle), (x + SWATCH, middle)),
                Key::Band => {
                    pen.rect("band", (x, y - 9.0), (SWATCH, 10.0));
                    pen.rect("band-bar", (x, y - 9.0), (SWATCH, 3.0));
                }
                Key::Change => pen.path("change", &triangle(x + SWATCH / 2.0, y - 9.0)),
                Key::Unknown => {
                    pen.hatch(&format!("{id}-hatch"), (x, y - 9.0), (SWATCH, 10.0));
                }
            }
            pen.text("legend", (x + SWATCH + 6.0, y), Anchor::Start, words);
            x += wide;
        }
        y + 12.0
    }

    fn place_marks(&self) -> Vec<(&Mark, Placed)> {
        let mut visible: Vec<&Mark> = self.marks.iter().filter(|m| self.shows(m.at)).collect();
        visible.sort_by_key(|mark| mark.at);
        let wishes: Vec<Wish> = visible
            .iter()
            .map(|mark| Wish {
                x: self.x(mark.at),
                text: mark.label.clone(),
            })
            .collect();
        stagger(&wishes, LEFT, RIGHT, MARK_ROWS)
            .into_iter()
            .filter_map(|placed| visible.get(placed.wish).map(|mark| (*mark, placed)))
            .collect()
    }

    fn draw_panel(&self, pen: &mut Pen, panel: &Panel, top: f64) {
        let bottom = top + panel.height;
        let known = panel
            .layers
            .iter()
            .flat_map(|layer| &layer.values)
            .chain(panel.reference.iter().flat_map(|line| &line.values))
            .flatten();
        let max = known.fold(0.0f64, |max, value| max.max(*value));
        let marks = ticks(max);
        let full = marks.last().copied().unwrap_or(1.0);
        let height_of = |value: f64| bottom - panel.height * (value / full).clamp(0.0, 1.0);
        pen.text("heading", (LEFT, top - 7.0), Anchor::Start, &panel.heading);
        for tick in &marks {
            let y = height_of(*tick);
            pen.line(if *tick == 0.0 { "axis" } else { "grid" }, (LEFT, y), (RIGHT, y));
            pen.text("tick", (LEFT - 7.0, y + 4.0), Anchor::End, &tick_label(*tick));
        }
        for layer in &panel.layers {
            pen.path(layer.class, &self.area(&layer.values, bottom, &height_of));
        }
        if let Some(line) = &panel.reference {
            pen.path(line.class, &self.steps(&line.values, &height_of));
            if let (false, Some(last)) = (
                line.label.is_empty(),
                line.values.iter().rev().find_map(|value| *value),
            ) {
                // Above the line when there is room under the heading, below it otherwise.
                let y = height_of(last);
                let y = if y - top < 14.0 { y + 13.0 } else { y - 4.0 };
                pen.text("level", (RIGHT - 4.0, y), Anchor::End, &line.label);
            }
        }
        if panel.layers.iter().all(|l| l.values.iter().all(Option::is_none)) {
            let middle = ((LEFT + RIGHT) / 2.0, top + panel.height / 2.0);
            pen.text("empty", middle, Anchor::Middle, "no data for this span");
        }
    }

    /// X of a column edge, clipped to the axis.
    fn edge(&self, index: usize) -> f64 {
        let offset = i64::try_from(index).unwrap_or(i64::MAX);
        self.x(self
            .start
            .saturating_add(offset.saturating_mul(self.column_s.max(1)))
            .min(self.end))
    }

    /// Closed step areas, one per run of known columns that is not all zero.
    fn area(&self, values: &[Column], bottom: f64, height_of: &dyn Fn(f64) -> f64) -> String {
        let mut data = String::new();
        for (first, run) in runs(values) {
            if run.iter().all(|value| *value <= 0.0) {
                continue;
            }
            data.push_str(&format!("M{} {}", num(self.edge(first)), num(bottom)));
            let mut level = None;
            for (offset, value) in run.iter().enumerate() {
                let y = num(height_of(*value));
                if level.as_ref() != Some(&y) {
                    data.push_str(&format!("H{}V{y}", num(self.edge(first + offset))));
                    level = Some(y);
                }
            }
            let last = num(self.edge(first + run.len()));
            data.push_str(&format!("H{last}V{}Z", num(bottom)));
        }
        data
    }

    /// Open step lines, one per run of known columns.
    fn steps(&self, values: &[Column], height_of: &dyn Fn(f64) -> f64) -> String {
        let mut data = String::new();
        for (first, run) in runs(values) {
            let mut level: Option<String> = None;
            for (offset, value) in run.iter().enumerate() {
                let y = num(height_of(*value));
                let x = num(self.edge(first + offset));
                match &level {
                    None => data.push_str(&format!("M{x} {y}")),
                    Some(old) if *old != y => data.push_str(&format!("H{x}V{y}")),
                    Some(_) => {}
                }
                level = Some(y);
            }
            data.push_str(&format!("H{}", num(self.edge(first + run.len()))));
        }
        data
    }

    /// Clock ticks and days under the plots; returns the y below them.
    fn draw_clock(&self, pen: &mut Pen, bottom: f64) -> f64 {
        let mut has_days = false;
        let mut day_end = f64::MIN;
        for tick in clock(self.start, self.end) {
            let x = self.x(tick.at);
            pen.line("axis", (x, bottom), (x, bottom + 5.0));
            pen.text("tick", (x, bottom + 18.0), Anchor::Middle, &tick.label);
            if let Some(day) = tick.day {
                has_days = true;
                let from = (x - 14.0).min(RIGHT - width(&day));
                if from > day_end {
                    pen.text("day", (from, bottom + 33.0), Anchor::Start, &day);
                    day_end = from + width(&day) + 6.0;
                }
            }
        }
        pen.text("tick", (LEFT - 7.0, bottom + 18.0), Anchor::End, "UTC");
        bottom + if has_days { 38.0 } else { 24.0 }
    }

    /// Triangles on a line of their own with staggered labels; returns the y below.
    fn draw_changes(&self, pen: &mut Pen, plot_top: f64, plot_bottom: f64, top: f64) -> f64 {
        let visible: Vec<&(i64, String)> =
            self.changes.iter().filter(|(at, _)| self.shows(*at)).collect();
        if visible.is_empty() {
            return top;
        }
        let y = top + 8.0;
        pen.line("grid", (LEFT, y), (RIGHT, y));
        for (at, _) in visible.iter().take(CHANGE_TICKS) {
            let x = self.x(*at);
            pen.line("change-line", (x, plot_top + 20.0), (x, plot_bottom));
            pen.path("change", &triangle(x, y));
        }
        let wishes: Vec<Wish> = visible
            .iter()
            .map(|(at, label)| Wish {
                x: self.x(*at),
                text: label.clone(),
            })
            .collect();
        let placed = stagger(&wishes, LEFT, RIGHT, CHANGE_ROWS);
        let mut rows = 0;
        for label in &placed {
            let (Some(wish), text_y) = (
                wishes.get(label.wish),
                y + 22.0 + ROW * label.row as f64,
            ) else {
                continue;
            };
            pen.line("leader", (wish.x, y + 11.0), (wish.x, text_y - 1.0));
            pen.text("change-label", (label.x, text_y), label.anchor, &wish.text);
            rows = rows.max(label.row + 1);
        }
        let mut end = y + 14.0 + ROW * rows as f64;
        let left_out = visible.len() - placed.len();
        if left_out > 0 {
            let words = format!("{left_out} more changes without room for a label: see the list of changes");
            pen.text("tick", (RIGHT, end + 12.0), Anchor::End, &words);
            end += 18.0;
        }
        end
    }
}

/// Bars with labels above the plots, one row each; the last row says how many more there are.
fn draw_bands(pen: &mut Pen, bands: &[(&Span, f64, f64)], top: f64, plot_top: f64) {
    for (row, (band, x0, x1)) in bands.iter().take(BAND_ROWS).enumerate() {
        let y = top + ROW * row as f64;
        let more = bands.len().saturating_sub(BAND_ROWS);
        let label = if row + 1 == BAND_ROWS && more > 0 {
            format!("{} (and {more} more)", band.label)
        } else {
            band.label.clone()
        };
        pen.rect("band-bar", (*x0, y + 9.0), (x1 - x0, 3.0));
        pen.line("band-edge", (*x0, y + 9.0), (*x0, plot_top));
        pen.line("band-edge", (*x1, y + 9.0), (*x1, plot_top));
        let wide = width(&label);
        if x0 + 4.0 + wide <= RIGHT {
            pen.text("band-label", (x0 + 4.0, y + 6.0), Anchor::Start, &label);
        } else {
            pen.text("band-label", (RIGHT, y + 6.0), Anchor::End, &label);
        }
    }
}

/// A triangle with its tip at `(x, y)`, pointing up.
fn triangle(x: f64, y: f64) -> String {
    format!(
        "M{} {}L{} {}H{}Z",
        num(x),
        num(y),
        num(x + 4.5),
        num(y + 9.0),
        num(x - 4.5),
    )
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

/// Spans as sorted, disjoint pairs, so that hatching never lies on hatching.
fn merged(spans: &[Span]) -> Vec<(i64, i64)> {
    let mut pairs: Vec<(i64, i64)> = spans
        .iter()
        .filter(|span| span.from < span.to)
        .map(|span| (span.from, span.to))
        .collect();
    pairs.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::new();
    for (from, to) in pairs {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

/// An element-ID prefix of plain ASCII, so that no data can break out of an attribute or `url()`.
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
