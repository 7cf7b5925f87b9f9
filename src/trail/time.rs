//! `eventTime` in the spellings that archives and exports use, to epoch seconds UTC.
//!
//! Must never guess a time zone other than UTC: CloudTrail has no other.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Epoch seconds of a CloudTrail time, fractions cut off; `None` when it cannot be read.
///
/// CloudTrail writes `2026-03-11T07:02:43Z`; Athena exports write `2026-03-11 07:02:43.000`.
pub(super) fn epoch_seconds(text: &str) -> Option<i64> {
    plain(text.as_bytes()).or_else(|| {
        let text = text.trim();
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(at.timestamp());
        }
        let bare = text.strip_suffix(['Z', 'z']).unwrap_or(text);
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(bare, form).ok())
            .map(|at| at.and_utc().timestamp())
    })
}

/// The form of nearly every record, without the cost of a general parser.
fn plain(text: &[u8]) -> Option<i64> {
    let [
        a,
        b,
        c,
        d,
        b'-',
        e,
        f,
        b'-',
        g,
        h,
        b'T',
        i,
        j,
        b':',
        k,
        l,
        b':',
        m,
        n,
        b'Z',
    ] = text
    else {
        return None;
    };
    let pair = |x: &u8, y: &u8| {
        (x.is_ascii_digit() && y.is_ascii_digit())
            .then(|| u32::from(x - b'0') * 10 + u32::from(y - b'0'))
    };
    let year = i32::try_from(pair(a, b)? * 100 + pair(c, d)?).ok()?;
    NaiveDate::from_ymd_opt(year, pair(e, f)?, pair(g, h)?)?
        .and_hms_opt(pair(i, j)?, pair(k, l)?, pair(m, n)?)
        .map(|at| at.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_the_same_second() {
        let second = Some(1_773_212_563);
        for text in [
            "2026-03-11T07:02:43Z",
            "2026-03-11 07:02:43.000",
            "2026-03-11T07:02:43.999Z",
            "2026-03-11T08:02:43+01:00",
            "2026-03-11T07:02:43",
            " 2026-03-11 07:02:43Z ",
        ] {
            assert_eq!(epoch_seconds(text), second, "{text}");
        }
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-03-11",
            "07:02",
            "2026-03-11T0:02:43ZZ",
        ] {
            assert_eq!(epoch_seconds(text), None, "{text}");
        }
    }
}
