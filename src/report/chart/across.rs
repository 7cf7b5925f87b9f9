//! What is drawn across the plots: Health windows, the incident, hatched spans nobody knows,
//! moments as lines and own changes as ticks, with labels that keep out of each other's way.

use super::axes::{Axis, LEFT, RIGHT};
use super::labels::{Placed, Tie, Wish, stagger, width};
use super::scale::clock_minute;
use super::svg::{Anchor, Pen, cut, num};
use super::{ROW, is_line, shown};
use crate::report::model::{BandKind, Chart, MarkKind};

/// Rows of labels before labels are left out.
const MARK_ROWS: usize = 4;
const BAND_ROWS: usize = 3;
const CHANGE_ROWS: usize = 4;

/// More change ticks than this are a wall; the rest is only counted.
const CHANGE_TICKS: usize = 120;

/// Longest label of a mark or band, characters.
const LABEL: usize = 48;

#[derive(Debug)]
struct Shade {
    kind: BandKind,
    left: f64,
    right: f64,
    label: String,
}

#[derive(Debug)]
struct Line {
    kind: MarkKind,
    x: f64,
    label: String,
    placed: Placed,
}

/// Everything across the plots of one chart, already placed.
#[derive(Debug)]
pub(super) struct Across {
    shades: Vec<Shade>,
    lines: Vec<Line>,
    /// X and label, in the model's order.
    changes: Vec<Wish>,
}

impl Across {
    pub(super) fn of(chart: &Chart, axis: &Axis) -> Self {
        let shades = chart
            .bands
            .iter()
            .filter_map(|band| {
                let (left, right) = axis.clip(band.from.timestamp(), band.to.timestamp())?;
                Some(Shade {
                    kind: band.kind,
                    left,
                    right,
                    label: cut(&shown(&band.label), LABEL + 24),
                })
            })
            .collect();
        let wish = |mark: &crate::report::model::Mark| Wish {
            x: axis.x(mark.at.timestamp()),
            text: format!(
                "{} {}",
                clock_minute(mark.at),
                cut(&shown(&mark.label), LABEL)
            ),
        };
        let mut moments: Vec<_> = chart
            .marks
            .iter()
            .filter(|mark| is_line(mark.kind) && axis.shows(mark.at.timestamp()))
            .collect();
        moments.sort_by_key(|mark| (mark.at, mark.kind));
        let wishes: Vec<Wish> = moments.iter().map(|mark| wish(mark)).collect();
        let lines = stagger(&wishes, (LEFT, RIGHT), MARK_ROWS, Tie::Down)
            .into_iter()
            .filter_map(|placed| {
                let mark = moments.get(placed.wish)?;
                let wish = wishes.get(placed.wish)?;
                Some(Line {
                    kind: mark.kind,
                    x: wish.x,
                    label: wish.text.clone(),
                    placed,
                })
            })
            .collect();
        let changes = chart
            .marks
            .iter()
            .filter(|mark| !is_line(mark.kind) && axis.shows(mark.at.timestamp()))
            .map(wish)
            .collect();
        Self {
            shades,
            lines,
            changes,
        }
    }

    fn health(&self) -> impl Iterator<Item = &Shade> {
        self.shades.iter().filter(|s| s.kind == BandKind::Health)
    }

    /// The y below the rows of Health bars.
    pub(super) fn below_bands(&self, y: f64) -> f64 {
        y + ROW * self.health().take(BAND_ROWS).count() as f64
    }

    /// The y below the rows of mark labels.
    pub(super) fn below_marks(&self, y: f64) -> f64 {
        let rows = self.lines.iter().map(|l| l.placed.row + 1).max();
        y + rows.map_or(0.0, |rows| ROW * rows as f64 + 6.0)
    }

    /// Tints under the data.
    pub(super) fn shade(&self, pen: &mut Pen, top: f64, bottom: f64) {
        for shade in &self.shades {
            let wide = shade.right - shade.left;
            match shade.kind {
                BandKind::Health => pen.rect("health", (shade.left, top), (wide, bottom - top)),
                // A bar and not a tint: it often lies inside a Health window, and two tints mix.
                BandKind::Incident => pen.rect("incident", (shade.left, top - 4.0), (wide, 4.0)),
                BandKind::Unsettled | BandKind::Silent => {}
            }
        }
    }

    /// Hatching over the data: what has arrived shows through, its absence means nothing.
    pub(super) fn hatch(&self, pen: &mut Pen, id: &str, top: f64, bottom: f64) {
        for kind in [BandKind::Silent, BandKind::Unsettled] {
            let spans = merged(self.shades.iter().filter(|s| s.kind == kind));
            for (left, right) in spans {
                let pattern = format!("{id}-{}", kind.word());
                pen.hatch(&pattern, (left, top), (right - left, bottom - top));
            }
        }
    }

    /// Health bars with labels above the plots, one row each; the last row counts the rest.
    pub(super) fn draw_bands(&self, pen: &mut Pen, top: f64, plots_top: f64) {
        let more = self.health().count().saturating_sub(BAND_ROWS);
        for (row, shade) in self.health().take(BAND_ROWS).enumerate() {
            let y = top + ROW * row as f64;
            let label = if row + 1 == BAND_ROWS && more > 0 {
                format!("{} (and {more} more)", shade.label)
            } else {
                shade.label.clone()
            };
            let (left, right) = (shade.left, shade.right);
            for x in [left, right] {
                pen.line("health-edge", (x, y + 11.0), (x, plots_top + 20.0));
            }
            pen.rect("health-bar", (left, y + 9.0), (right - left, 3.0));
            let fits = left + width(&label) <= RIGHT;
            let (x, anchor) = if fits {
                (left, Anchor::Start)
            } else {
                (RIGHT, Anchor::End)
            };
            pen.text("health-label", (x, y + 6.0), anchor, &label);
        }
    }

    /// Moments as lines from their label down through the plots.
    pub(super) fn draw_marks(&self, pen: &mut Pen, top: f64, bottom: f64) {
        for line in &self.lines {
            let y = top + ROW * line.placed.row as f64 + 14.0;
            pen.line(line.kind.word(), (line.x, y - 10.0), (line.x, bottom));
            pen.text("mark", (line.placed.x, y), line.placed.anchor, &line.label);
        }
    }

    /// Changes as triangles on a line of their own; returns the y below their labels.
    pub(super) fn draw_changes(&self, pen: &mut Pen, plots: (f64, f64), top: f64) -> f64 {
        if self.changes.is_empty() {
            return top;
        }
        let y = top + 8.0;
        pen.line("grid", (LEFT, y), (RIGHT, y));
        let ticks = self.changes.get(..CHANGE_TICKS).unwrap_or(&self.changes);
        for change in ticks {
            pen.line(
                "change-line",
                (change.x, plots.0 + 20.0),
                (change.x, plots.1),
            );
            pen.path("change", &triangle(change.x, y));
        }
        // From right to left: then each leader passes left of all labels above its own.
        let mut wishes = ticks.to_vec();
        wishes.sort_by(|a, b| b.x.total_cmp(&a.x));
        let placed = stagger(&wishes, (LEFT, RIGHT), CHANGE_ROWS, Tie::Up);
        let mut end = y + 14.0;
        for label in &placed {
            let Some(wish) = wishes.get(label.wish) else {
                continue;
            };
            let text_y = y + 22.0 + ROW * label.row as f64;
            pen.line("leader", (wish.x, y + 9.0), (wish.x, text_y));
            pen.text("change-label", (label.x, text_y), label.anchor, &wish.text);
            end = end.max(text_y + 6.0);
        }
        let left_out = self.changes.len().saturating_sub(placed.len());
        if left_out > 0 {
            let words = format!("{left_out} more without room for a label; all are in the tables");
            pen.text("tick", (RIGHT, end + 12.0), Anchor::End, &words);
            end += 18.0;
        }
        end
    }
}

/// A triangle with its tip at `(x, y)`, pointing up.
pub(super) fn triangle(x: f64, y: f64) -> String {
    let (right, left) = (num(x + 4.5), num(x - 4.5));
    format!("M{} {}L{right} {}H{left}Z", num(x), num(y), num(y + 9.0))
}

/// Spans of one kind, sorted and disjoint, so that hatching never lies on hatching.
fn merged<'a>(shades: impl Iterator<Item = &'a Shade>) -> Vec<(f64, f64)> {
    let mut pairs: Vec<(f64, f64)> = shades.map(|s| (s.left, s.right)).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut out: Vec<(f64, f64)> = Vec::new();
    for (left, right) in pairs {
        match out.last_mut() {
            Some(last) if left <= last.1 => last.1 = last.1.max(right),
            _ => out.push((left, right)),
        }
    }
    out
}
