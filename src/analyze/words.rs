//! Numbers and times as the verdict's sentences say them. No sentence lives here.

use crate::case::{Instant, Interval};

/// A count with thousands separators: `3,010`.
pub(super) fn count(value: u64) -> String {
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

/// A share as a percentage; small ones keep two significant digits, so that 0.03 % is not 0 %.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    if value == 0.0 {
        "0 %".to_owned()
    } else if value.abs() >= 10.0 {
        format!("{value:.0} %")
    } else if value.abs() >= 1.0 {
        format!("{value:.1} %")
    } else if value.abs() >= 0.01 {
        format!("{value:.2} %")
    } else {
        "below 0.01 %".to_owned()
    }
}

/// A rate or factor with at most one decimal; thousands are separated.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        "unknown".to_owned()
    } else if (1000.0..1e15).contains(&value) {
        // Rounded and below 1e15, so the cast is exact.
        count(value.round() as u64)
    } else if value.abs() >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value.abs() >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A length of time: `45 s`, `12 min`, `3.5 h`, `2.0 days`. The sign is dropped.
pub(super) fn length(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", (seconds + 30) / 60),
        7200..=172_799 => format!("{:.1} h", seconds as f64 / 3600.0),
        _ => format!("{:.1} days", seconds as f64 / 86_400.0),
    }
}

/// A short length to the second, as records allow: `44 s`, `3 min 44 s`; from an hour on as
/// [`length`] says it. The sign is dropped.
pub(super) fn precise(seconds: i64) -> String {
    let size = seconds.unsigned_abs();
    match (size / 60, size % 60) {
        (60.., _) => length(seconds),
        (0, rest) => format!("{rest} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, rest) => format!("{minutes} min {rest} s"),
    }
}

/// How far before the onset something was: the onset is the start of a minute, so up to a minute
/// after it is the same minute.
pub(super) fn lead(seconds: i64) -> String {
    match seconds {
        0.. => format!("{} before the onset", length(seconds)),
        -59..0 => "in the minute of the onset".to_owned(),
        _ => format!("{} after the onset, within clock slack", length(seconds)),
    }
}

/// How far before the first failure a change was made; without a failure, how far before the onset.
pub(super) fn lead_of(lead_s: i64, first_failure_lead_s: Option<i64>) -> String {
    match first_failure_lead_s {
        Some(0) => "in the same second as the first failure".to_owned(),
        Some(before @ 1..) => format!("{} before the first failure", precise(before)),
        Some(after) => format!(
            "{} after the first failure, within clock slack",
            precise(after)
        ),
        None => lead(lead_s),
    }
}

/// A minute: `2026-03-11 07:02Z`.
pub(super) fn minute(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}

/// A span of minutes, the second date only when it differs: `2026-03-11 07:02Z to 07:41Z`.
pub(super) fn span(span: &Interval) -> String {
    let end = if span.from.date_naive() == span.to.date_naive() {
        span.to.format("%H:%MZ").to_string()
    } else {
        minute(span.to)
    };
    format!("{} to {end}", minute(span.from))
}

/// A time of day with its date, to the second: `2026-03-11 07:02:00Z`.
pub(super) fn time(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// At most `max` names joined, then how many were left out; an empty name reads `(none)`.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>, max: usize) -> String {
    let names: Vec<&str> = names
        .into_iter()
        .map(|name| if name.is_empty() { "(none)" } else { name })
        .collect();
    let shown: Vec<&str> = names.iter().take(max).copied().collect();
    let left = names.len().saturating_sub(shown.len());
    match (shown.is_empty(), left) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, left) => format!("{} and {left} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(3_010), "3,010");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.345), "34 %");
        assert_eq!(percent(0.0003), "0.03 %");
        assert_eq!(percent(f64::NAN), "unknown");
        assert_eq!(number(208.0), "208");
        assert_eq!(number(1.25), "1.2");
        assert_eq!(number(1397.4), "1,397");
        assert_eq!(number(0.5), "0.50");
        assert_eq!(length(90), "90 s");
        assert_eq!(lead(0), "0 s before the onset");
        assert_eq!(lead(-10), "in the minute of the onset");
        assert_eq!(lead(-90), "90 s after the onset, within clock slack");
        assert_eq!(lead_of(-10, Some(4)), "4 s before the first failure");
        assert_eq!(
            lead_of(-10, Some(0)),
            "in the same second as the first failure"
        );
        assert_eq!(
            lead_of(-10, Some(-7)),
            "7 s after the first failure, within clock slack"
        );
        assert_eq!(
            lead_of(209, Some(224)),
            "3 min 44 s before the first failure"
        );
        assert_eq!(precise(-120), "2 min");
        assert_eq!(precise(5400), "90 min");
        assert_eq!(lead_of(60, None), "60 s before the onset");
        let day = Interval::new(
            crate::case::instant(1_773_212_520),
            crate::case::instant(1_773_214_860),
        );
        assert_eq!(span(&day), "2026-03-11 07:02Z to 07:41Z");
        assert_eq!(length(-240), "4 min");
        assert_eq!(
            length(i64::MIN),
            format!("{:.1} days", 9.223_372_036_854_776e18 / 86_400.0)
        );
        assert_eq!(list(["a", "", "c"], 2), "a, (none) and 1 more");
        assert_eq!(list([], 2), "none");
    }
}
