//! Small bars in plain text: a series the reader sees without a picture.
//!
//! Zero, little and "no data" look different: `▁` is zero, `▂` the least that is not zero, `·` no
//! data. Bars are scaled to the highest value of their own line.

use super::fmt;
use super::model::{Mark, MarkKind, Sparklines};
use crate::case::instant;

const BARS: [char; 7] = ['▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One character per value.
#[must_use]
pub fn bars(values: &[Option<f64>]) -> String {
    let top = values
        .iter()
        .flatten()
        .copied()
        .filter(|value| value.is_finite())
        .fold(0.0, f64::max);
    values
        .iter()
        .map(|value| match value {
            Some(value) if !value.is_finite() => '·',
            Some(value) if *value <= 0.0 => '▁',
            Some(value) => {
                let rank = (value / top * BARS.len() as f64).ceil().max(1.0) as usize - 1;
                BARS.get(rank).copied().unwrap_or('█')
            }
            None => '·',
        })
        .collect()
}

/// The letters of the marks under their columns; two marks in one column show the first.
#[must_use]
pub fn mark_row(lines: &Sparklines) -> String {
    let columns = lines.lines.iter().map(|line| line.values.len()).max();
    let mut row = vec![' '; columns.unwrap_or(0)];
    for mark in &lines.marks {
        if let Some(cell) = column(lines, mark).and_then(|at| row.get_mut(at))
            && *cell == ' '
        {
            *cell = mark.kind.letter();
        }
    }
    let text: String = row.into_iter().collect();
    text.trim_end().to_owned()
}

/// Changes are records and have seconds; everything else marked is a minute.
fn mark_time(mark: &Mark) -> String {
    match mark.kind {
        MarkKind::Change => mark.at.format("%H:%M:%SZ").to_string(),
        _ => fmt::clock(mark.at),
    }
}

/// What the letters mean, e.g. `O onset 07:02Z · P peak 07:14Z`.
#[must_use]
pub fn legend(lines: &Sparklines) -> String {
    lines
        .marks
        .iter()
        .filter(|mark| column(lines, mark).is_some())
        .map(|mark| {
            format!(
                "{} {} {}",
                mark.kind.letter(),
                mark.kind.word().replace('-', " "),
                mark_time(mark)
            )
        })
        .collect::<Vec<_>>()
        .join(" · ")
}

/// The axis: first instant, last instant, and what one column is worth.
#[must_use]
pub fn axis(lines: &Sparklines) -> String {
    let columns = lines.lines.iter().map(|line| line.values.len()).max();
    let length = i64::try_from(columns.unwrap_or(0)).unwrap_or(i64::MAX);
    let end = lines
        .start
        .timestamp()
        .saturating_add(length.saturating_mul(lines.step_s));
    format!(
        "{}, one column = {}",
        fmt::from_to(lines.start, instant(end)),
        fmt::duration(lines.step_s)
    )
}

fn column(lines: &Sparklines, mark: &Mark) -> Option<usize> {
    if lines.step_s <= 0 {
        return None;
    }
    let offset = (mark.at - lines.start).num_seconds();
    let at = usize::try_from(offset.div_euclid(lines.step_s)).ok()?;
    let columns = lines.lines.iter().map(|line| line.values.len()).max()?;
    (at < columns).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_little_and_nothing_differ() {
        assert_eq!(bars(&[Some(0.0), Some(0.001), Some(100.0), None]), "▁▂█·");
        assert_eq!(bars(&[Some(0.0), Some(0.0)]), "▁▁");
        assert_eq!(bars(&[]), "");
        assert_eq!(bars(&[Some(f64::NAN), Some(1.0)]), "·█");
    }
}
