//! Axes: round ticks, clock ticks and how their labels read.
//!
//! Pure arithmetic; never fails, whatever the data: an empty or flat series still has an axis.

use crate::case::{Instant, instant};
use chrono::Timelike;

/// Round tick values from zero to at least `max`, at most six of them, in steps of 1, 2 or 5 times
/// a power of ten. Counts are whole, so the step is never below one.
pub(crate) fn ticks(max: f64) -> Vec<f64> {
    let max = if max.is_finite() { max.max(1.0) } else { 1.0 };
    let step = round_step(max / 4.0);
    let mut ticks = vec![0.0];
    let mut count = 1u32;
    // The cap guards against a step lost to rounding; five steps of a quarter always reach the top.
    while ticks.last().is_some_and(|last| *last < max) && count <= 6 {
        ticks.push(step * f64::from(count));
        count += 1;
    }
    ticks
}

/// The smallest of 1, 2, 5 × 10ⁿ that is at least `least`, and at least 1.
fn round_step(least: f64) -> f64 {
    if least <= 1.0 {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(power * 10.0)
}

/// An axis label: `0`, `250`, `5,000`, `20k`, `1.5M`.
pub(crate) fn tick_label(value: f64) -> String {
    if value >= 1e9 {
        format!("{}G", trimmed(value / 1e9))
    } else if value >= 1e6 {
        format!("{}M", trimmed(value / 1e6))
    } else if value >= 10_000.0 {
        format!("{}k", trimmed(value / 1e3))
    } else {
        grouped(value.round().clamp(0.0, 1e15) as u64)
    }
}

/// Up to one decimal, none when it is whole.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A whole number with thousands separated by commas.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Tick spacings of a clock axis, in seconds, from one second to a month.
const CLOCK_STEPS: [i64; 22] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
    172_800, 432_000, 864_000, 2_592_000,
];

/// One tick of the clock axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClockTick {
    /// Epoch second.
    pub(crate) at: i64,
    /// `14:05`, `14:05:30`, or the day when the ticks are days apart.
    pub(crate) label: String,
    /// `11 Mar 2026` on the first tick and where a new day begins.
    pub(crate) day: Option<String>,
}

/// At most about ten ticks on round clock times in `[from, to]`, UTC, epoch seconds.
pub(crate) fn clock(from: i64, to: i64) -> Vec<ClockTick> {
    let length = to.saturating_sub(from).max(1);
    let step = CLOCK_STEPS
        .into_iter()
        .find(|step| length / step <= 9)
        .unwrap_or_else(|| (length / 9 / 86_400 + 1).saturating_mul(86_400));
    let first = from.div_euclid(step).saturating_mul(step);
    let mut ticks: Vec<ClockTick> = Vec::new();
    let mut day_before = None;
    for index in 0..13 {
        let at = first.saturating_add(step * index);
        if at < from || at > to {
            continue;
        }
        let moment = instant(at);
        let day = at.div_euclid(86_400);
        let label = if step >= 86_400 {
            moment.format("%-d %b").to_string()
        } else if step < 60 {
            clock_second(moment)
        } else {
            clock_minute(moment)
        };
        ticks.push(ClockTick {
            at,
            label,
            day: (step < 86_400 && day_before != Some(day))
                .then(|| moment.format("%-d %b %Y").to_string()),
        });
        day_before = Some(day);
    }
    ticks
}

/// `14:05`.
pub(crate) fn clock_minute(at: Instant) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// `14:05:30`.
pub(crate) fn clock_second(at: Instant) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// A span of seconds in words: `30 seconds`, `5 minutes`, `hour`, `2 days`.
pub(crate) fn span_in_words(seconds: i64) -> String {
    let (count, one, many) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, "day", "days"),
        s if s % 3600 == 0 => (s / 3600, "hour", "hours"),
        s if s % 60 == 0 => (s / 60, "minute", "minutes"),
        s => (s, "second", "seconds"),
    };
    if count == 1 {
        one.to_owned()
    } else {
        format!("{count} {many}")
    }
}

/// Points per column, so that at most `columns` columns are needed and a column is a round span.
pub(crate) fn points_per_column(points: usize, step_s: i64, columns: usize) -> usize {
    const ROUND: [i64; 17] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400,
    ];
    let columns = columns.max(1);
    if points <= columns {
        return 1;
    }
    let step_s = step_s.max(1);
    ROUND
        .into_iter()
        .filter(|span| span % step_s == 0)
        .filter_map(|span| usize::try_from(span / step_s).ok())
        .find(|size| *size > 0 && points.div_ceil(*size) <= columns)
        .unwrap_or_else(|| points.div_ceil(columns))
}
