//! Places labels on rows so that neighbours never overlap.
//!
//! Widths are estimates (the reader's font is unknown), taken on the wide side; a label that finds
//! no room is left out and counted, never drawn over another.

use super::svg::Anchor;

/// A label that wants to stand near `x`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wish {
    /// Where the marked thing is.
    pub(crate) x: f64,
    /// What to write.
    pub(crate) text: String,
}

/// Where a label came to stand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    /// Index of the wish.
    pub(crate) wish: usize,
    /// Row, 0 first.
    pub(crate) row: usize,
    /// Text position.
    pub(crate) x: f64,
    /// Side of the position the text is on.
    pub(crate) anchor: Anchor,
}

/// Width of `text` at 11 px in a wide sans-serif font (DejaVu Sans), pixels.
pub(crate) fn width(text: &str) -> f64 {
    text.chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | ';' | '\'' | '|'
            | '!' | '(' | ')' | '[' | ']' | '/' | '-' => 4.4,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 10.8,
            'A'..='Z' => 8.0,
            c if c.is_ascii() => 6.9,
            _ => 11.5,
        })
        .sum()
}

/// Which way the line runs that ties a label to its point: a label must not stand in the way of
/// another one's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tie {
    /// From the label's row down through all later rows.
    Down,
    /// From above the rows through all earlier rows.
    Up,
}

/// A label that already stands.
#[derive(Debug, Clone, Copy)]
struct Stand {
    row: usize,
    from: f64,
    to: f64,
    point: f64,
}

impl Stand {
    /// Whether the two disturb each other, by their text or by the line of either.
    fn disturbs(&self, other: &Self, tie: Tie) -> bool {
        const AIR: f64 = 8.0;
        if self.row == other.row {
            return self.from < other.to + AIR && other.from < self.to + AIR;
        }
        let (first, later) = if self.row < other.row {
            (self, other)
        } else {
            (other, self)
        };
        let (text, line) = match tie {
            Tie::Down => (later, first),
            Tie::Up => (first, later),
        };
        text.from - 2.0 < line.point && line.point < text.to + 2.0
    }
}

/// Puts each wish in the first row where it fits within `[left, right]`, to the right of its point
/// when there is room and to the left otherwise. Wishes are served in the order given, so put the
/// important ones first. Returns the placed ones; the rest found no room.
pub(crate) fn stagger(
    wishes: &[Wish],
    (left, right): (f64, f64),
    rows: usize,
    tie: Tie,
) -> Vec<Placed> {
    const OFFSET: f64 = 5.0;
    let mut standing: Vec<Stand> = Vec::new();
    let mut placed = Vec::new();
    for (index, wish) in wishes.iter().enumerate() {
        let wide = width(&wish.text) * 1.08;
        let after = wish.x + OFFSET;
        let before = wish.x - OFFSET;
        let options = [
            (Anchor::Start, after, after, after + wide),
            (Anchor::End, before, before - wide, before),
        ];
        // A deeper row on the right is better than the left side, where a label lies in the way
        // of the lines of its neighbours.
        let found = options.iter().find_map(|(anchor, x, from, to)| {
            (0..rows).find_map(|row| {
                let stand = Stand {
                    row,
                    from: *from,
                    to: *to,
                    point: wish.x,
                };
                let inside = *from >= left - 1.0 && *to <= right + 1.0;
                let free = standing.iter().all(|other| !stand.disturbs(other, tie));
                (inside && free).then_some((stand, *anchor, *x))
            })
        });
        if let Some((stand, anchor, x)) = found {
            standing.push(stand);
            placed.push(Placed {
                wish: index,
                row: stand.row,
                x,
                anchor,
            });
        }
    }
    placed
}
