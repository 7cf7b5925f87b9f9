//! Places labels on a line of rows so that neighbours never overlap.
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

/// Width of `text` at 11 px in a wide sans-serif font, pixels.
pub(crate) fn width(text: &str) -> f64 {
    text.chars()
        .map(|c| {
            if !c.is_ascii() {
                11.5
            } else if c.is_ascii_uppercase() || c == 'm' || c == 'w' || c == '%' {
                8.2
            } else {
                6.6
            }
        })
        .sum()
}

/// Puts each wish in the first row where it fits within `[left, right]`, to the right of its point
/// when there is room and to the left otherwise. Wishes are served in the order given, so put the
/// important ones first. Returns the placed ones; the rest found no room.
pub(crate) fn stagger(wishes: &[Wish], left: f64, right: f64, rows: usize) -> Vec<Placed> {
    const OFFSET: f64 = 5.0;
    const AIR: f64 = 8.0;
    let mut taken: Vec<(usize, f64, f64)> = Vec::new();
    let mut placed = Vec::new();
    for (index, wish) in wishes.iter().enumerate() {
        let wide = width(&wish.text);
        let options = [
            (
                Anchor::Start,
                wish.x + OFFSET,
                wish.x,
                wish.x + OFFSET + wide,
            ),
            (Anchor::End, wish.x - OFFSET, wish.x - OFFSET - wide, wish.x),
        ];
        let found = (0..rows).find_map(|row| {
            options.iter().find_map(|(anchor, x, from, to)| {
                let inside = *from >= left - 1.0 && *to <= right + 1.0;
                let free = taken
                    .iter()
                    .all(|(r, a, b)| *r != row || *to + AIR <= *a || *from >= *b + AIR);
                (inside && free).then_some((row, *anchor, *x, *from, *to))
            })
        });
        if let Some((row, anchor, x, from, to)) = found {
            taken.push((row, from, to));
            placed.push(Placed {
                wish: index,
                row,
                x,
                anchor,
            });
        }
    }
    placed
}
