//! The legend: one entry per thing that is really drawn, in reading order, wrapped.

use super::across::triangle;
use super::axes::{LEFT, RIGHT};
use super::labels::width;
use super::svg::{Anchor, Pen};
use crate::report::model::{BandKind, Chart, MarkKind, Role};

const SWATCH: f64 = 18.0;

/// How an entry is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Series(Role),
    Band(BandKind),
    Change,
}

/// Draws the entries from `top`; returns the y below them.
pub(super) fn draw(pen: &mut Pen, chart: &Chart, id: &str, top: f64) -> f64 {
    let mut x = LEFT;
    let mut y = top;
    for (key, words) in entries(chart) {
        let wide = SWATCH + 6.0 + width(&words) + 14.0;
        if x > LEFT && x + wide > RIGHT + 14.0 {
            x = LEFT;
            y += 17.0;
        }
        let (corner, size) = ((x, y - 9.0), (SWATCH, 10.0));
        match key {
            Key::Series(role @ (Role::Failures | Role::Calls | Role::Arrivals)) => {
                pen.rect(role.word(), corner, size);
            }
            Key::Series(role) => pen.line(role.word(), (x, y - 4.0), (x + SWATCH, y - 4.0)),
            Key::Band(BandKind::Health) => {
                pen.rect("health", corner, size);
                pen.rect("health-bar", corner, (SWATCH, 3.0));
            }
            Key::Band(BandKind::Incident) => pen.rect("incident", (x, y - 6.0), (SWATCH, 4.0)),
            Key::Band(kind) => pen.hatch(&format!("{id}-{}", kind.word()), corner, size),
            Key::Change => pen.path("change", &triangle(x + SWATCH / 2.0, y - 9.0)),
        }
        pen.text("legend", (x + SWATCH + 6.0, y), Anchor::Start, &words);
        x += wide;
    }
    y + 12.0
}

/// What there is to explain: series by first use, then bands, then changes.
fn entries(chart: &Chart) -> Vec<(Key, String)> {
    let mut out: Vec<(Key, String)> = Vec::new();
    let mut add = |key: Key, words: &str| {
        if !out.iter().any(|(k, w)| *k == key && w == words) {
            out.push((key, words.to_owned()));
        }
    };
    for line in chart.panels.iter().flat_map(|panel| &panel.lines) {
        add(Key::Series(line.role), line.label);
    }
    for (kind, words) in [
        (BandKind::Incident, "incident"),
        (BandKind::Health, "AWS Health impact"),
        (BandKind::Silent, "no data"),
        (BandKind::Unsettled, "not settled yet"),
    ] {
        if chart.bands.iter().any(|band| band.kind == kind) {
            add(Key::Band(kind), words);
        }
    }
    if chart.marks.iter().any(|mark| mark.kind == MarkKind::Change) {
        add(Key::Change, "own change");
    }
    out
}
