//! Times as AWS writes them on the wire: ISO 8601, RFC 1123, epoch seconds, epoch milliseconds.
//!
//! One reader for all small answers, because the same field changes form between the API, its CLI,
//! EventBridge and the public feed. It must never fail on data: an unreadable time is `None` (the
//! AWS documentation's own sample has 2023-02-29), and it must never guess a zone other than UTC.

use crate::case::Instant;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;

/// Epoch numbers from here on are milliseconds: as seconds this would be the year 5138, as
/// milliseconds it is March 1973, and no AWS answer is that old.
const MILLISECONDS_FROM: f64 = 1e11;

/// Layouts without a zone; read as UTC, which is what every AWS API means by them.
const ZONELESS: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
];

/// The instant of a JSON time, to the whole second (rounded down).
#[must_use]
pub fn read(value: &Value) -> Option<Instant> {
    match value {
        Value::Number(number) => epoch(number.as_f64()?),
        Value::String(text) => read_text(text),
        _ => None,
    }
}

/// The instant of a time in text form, to the whole second (rounded down).
#[must_use]
pub fn read_text(text: &str) -> Option<Instant> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return epoch(number);
    }
    let zoned = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f %z"))
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .map(|at| at.with_timezone(&Utc));
    zoned.ok().or_else(|| zoneless(text)).and_then(whole)
}

fn zoneless(text: &str) -> Option<Instant> {
    let bare = text
        .strip_suffix(" UTC")
        .or_else(|| text.strip_suffix(" GMT"))
        .unwrap_or(text);
    ZONELESS
        .iter()
        .find_map(|layout| NaiveDateTime::parse_from_str(bare, layout).ok())
        // `Fri, 27 Jan 2023 06:02:51 GMT` whose weekday is wrong is still a time.
        .or_else(|| {
            let (_, rest) = bare.split_once(", ")?;
            NaiveDateTime::parse_from_str(rest, "%d %b %Y %H:%M:%S").ok()
        })
        .or_else(|| {
            let day = NaiveDate::parse_from_str(bare, "%Y-%m-%d").ok()?;
            day.and_hms_opt(0, 0, 0)
        })
        .map(|at| at.and_utc())
}

fn epoch(number: f64) -> Option<Instant> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    let seconds = if number >= MILLISECONDS_FROM {
        number / 1000.0
    } else {
        number
    };
    // Saturates, and chrono refuses what it cannot hold.
    within_reason(DateTime::from_timestamp(seconds.floor() as i64, 0)?)
}

fn whole(at: Instant) -> Option<Instant> {
    within_reason(DateTime::from_timestamp(at.timestamp(), 0)?)
}

/// Keeps room for arithmetic: a time near the edge of what chrono holds would make every later
/// widening of an interval a panic. No AWS answer lies outside these centuries.
fn within_reason(at: Instant) -> Option<Instant> {
    let earliest = DateTime::UNIX_EPOCH;
    let latest = DateTime::from_timestamp(32_503_680_000, 0)?;
    (earliest <= at && at < latest).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::rfc3339;
    use proptest::prelude::*;
    use serde_json::json;

    fn seen(value: &Value) -> String {
        read(value).map(rfc3339).unwrap_or_default()
    }

    #[test]
    fn every_wire_form_of_one_instant_is_the_same() {
        for value in [
            json!(1_674_799_371),
            json!(1_674_799_371.917),
            json!(1_674_799_371_917_u64),
            json!("1674799371"),
            json!("1674799371.917"),
            json!("2023-01-27T06:02:51Z"),
            json!("2023-01-27T06:02:51.917000+00:00"),
            json!("2023-01-26T22:02:51-08:00"),
            json!("2023-01-26T22:02:51-0800"),
            json!("2023-01-27 06:02:51 UTC"),
            json!("2023-01-27T06:02:51"),
            json!("Fri, 27 Jan 2023 06:02:51 GMT"),
            json!("Mon, 27 Jan 2023 06:02:51 GMT"),
        ] {
            assert_eq!(seen(&value), "2023-01-27T06:02:51Z", "{value}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in [
            json!("2023-02-29T06:02:51Z"),
            json!("Wed, 29 Feb 2023 06:02:51 GMT"),
            json!("soon"),
            json!(""),
            json!(null),
            json!(-5),
            json!("NaN"),
            json!(1e300),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_and_number_is_survived(text in ".{0,40}", number in any::<f64>()) {
            let _ = read_text(&text);
            let _ = epoch(number);
        }
    }
}
