//! Numbers and times for people: one form each, the same in every section.
//!
//! A share always shows its count and its denominator; times are UTC with `Z`; durations name
//! their unit. No wording and no judgement here.

use crate::case::{Instant, Interval};
use chrono::Timelike;

/// `12,345`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `12.3 %` of a ratio between 0 and 1 (larger ratios are shown as they are). Small shares keep two
/// significant digits, so that a non-zero share never reads as zero.
#[must_use]
pub fn percent(ratio: f64) -> String {
    if !ratio.is_finite() {
        return "n/a".to_owned();
    }
    let value = ratio * 100.0;
    let size = value.abs();
    if size == 0.0 {
        "0 %".to_owned()
    } else if size >= 99.95 || size.fract() == 0.0 {
        // Not quite everything must not read as everything.
        if size < 100.0 && size > 99.0 {
            "99.9 %".to_owned()
        } else {
            format!("{value:.0} %")
        }
    } else if size >= 1.0 {
        format!("{value:.1} %")
    } else if size >= 0.01 {
        format!("{value:.2} %")
    } else {
        "under 0.01 %".to_owned()
    }
}

/// `182 of 1,480 (12.3 %)`; without a denominator the share is not invented.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return format!("{} of 0", count(part));
    }
    format!(
        "{} of {} ({})",
        count(part),
        count(whole),
        percent(part as f64 / whole as f64)
    )
}

/// A measured number with about three significant digits: `0.31`, `18.4`, `1,480`.
#[must_use]
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    let size = value.abs();
    let digits = match size {
        s if s >= 100.0 || s == 0.0 => 0,
        s if s >= 10.0 => 1,
        s if s >= 0.1 => 2,
        _ => 4,
    };
    if digits == 0 && size < 1e15 {
        let sign = if value < 0.0 { "-" } else { "" };
        // Rounded and below 1e15, so the cast is exact.
        return format!("{sign}{}", count(size.round() as u64));
    }
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `2026-03-11 07:02Z`, with seconds when they are not zero.
#[must_use]
pub fn moment(at: Instant) -> String {
    format!("{} {}", at.format("%Y-%m-%d"), clock(at))
}

/// `2026-03-11 07:02:00Z`: the time of a record, always to the second.
#[must_use]
pub fn second(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// [`second`] of two times, once when they are the same, the second date only when it differs.
#[must_use]
pub fn seconds_from_to(from: Instant, to: Instant) -> String {
    if from == to {
        second(from)
    } else if from.date_naive() == to.date_naive() {
        format!("{} to {}", second(from), to.format("%H:%M:%SZ"))
    } else {
        format!("{} to {}", second(from), second(to))
    }
}

/// `07:02Z`, with seconds when they are not zero.
#[must_use]
pub fn clock(at: Instant) -> String {
    if at.second() == 0 {
        at.format("%H:%MZ").to_string()
    } else {
        at.format("%H:%M:%SZ").to_string()
    }
}

/// `2026-03-11 07:02Z to 07:41Z`; the second date only when it differs.
#[must_use]
pub fn from_to(from: Instant, to: Instant) -> String {
    if from.date_naive() == to.date_naive() {
        format!("{} to {}", moment(from), clock(to))
    } else {
        format!("{} to {}", moment(from), moment(to))
    }
}

/// [`from_to`] of an interval.
#[must_use]
pub fn interval(span: &Interval) -> String {
    from_to(span.from, span.to)
}

/// `39 min`, `2 h 5 min`, `3 d 4 h`, `45 s`; the sign is dropped.
#[must_use]
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |a: u64, unit_a: &str, b: u64, unit_b: &str| {
        if b == 0 {
            format!("{a} {unit_a}")
        } else {
            format!("{a} {unit_a} {b} {unit_b}")
        }
    };
    if days > 0 {
        two(days, "d", hours % 24, "h")
    } else if hours > 0 {
        two(hours, "h", minutes % 60, "min")
    } else if minutes > 0 {
        two(minutes, "min", seconds % 60, "s")
    } else {
        format!("{seconds} s")
    }
}

/// `3 min after`, `2 min before`, `at the same time as`: for `x {lag} y`.
#[must_use]
pub fn lag(seconds: i64) -> String {
    match seconds {
        0 => "at the same time as".to_owned(),
        s if s > 0 => format!("{} after", duration(s)),
        s => format!("{} before", duration(s)),
    }
}

/// `one`, `two`, … for small counts in prose, digits above twelve.
#[must_use]
pub fn small(n: usize) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    WORDS
        .get(n)
        .map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::instant;

    #[test]
    fn counts_have_separators() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
    }

    #[test]
    fn shares_never_round_to_nothing_or_to_everything() {
        assert_eq!(share(1, 3), "1 of 3 (33.3 %)");
        assert_eq!(share(0, 3), "0 of 3 (0 %)");
        assert_eq!(share(3, 3), "3 of 3 (100 %)");
        assert_eq!(share(99_999, 100_000), "99,999 of 100,000 (99.9 %)");
        assert_eq!(share(1, 100_000_000), "1 of 100,000,000 (under 0.01 %)");
        assert_eq!(share(5, 0), "5 of 0");
    }

    #[test]
    fn numbers_keep_three_digits() {
        assert_eq!(number(0.0), "0");
        assert_eq!(number(0.314), "0.31");
        assert_eq!(number(18.44), "18.4");
        assert_eq!(number(1_480.4), "1,480");
        assert_eq!(number(-1_480.4), "-1,480");
        assert_eq!(number(2.0), "2");
        assert_eq!(number(f64::NAN), "n/a");
    }

    #[test]
    fn times_name_the_day_once() {
        let from = instant(1_773_212_520);
        assert_eq!(moment(from), "2026-03-11 07:02Z");
        assert_eq!(
            from_to(from, instant(1_773_214_860)),
            "2026-03-11 07:02Z to 07:41Z"
        );
        assert_eq!(clock(instant(1_773_212_533)), "07:02:13Z");
        assert_eq!(second(from), "2026-03-11 07:02:00Z");
        assert_eq!(seconds_from_to(from, from), "2026-03-11 07:02:00Z");
        assert_eq!(
            seconds_from_to(from, instant(1_773_212_533)),
            "2026-03-11 07:02:00Z to 07:02:13Z"
        );
        assert_eq!(duration(2_340), "39 min");
        assert_eq!(duration(7_500), "2 h 5 min");
        assert_eq!(lag(-120), "2 min before");
    }
}
