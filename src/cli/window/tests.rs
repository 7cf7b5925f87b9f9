//! Times and durations as typed, windows refused, and no text that panics.

use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Instant {
    time("--from", text).unwrap().0
}

#[test]
fn times_with_and_without_zone() {
    assert_eq!(rfc3339(at("2026-03-11T07:02Z")), "2026-03-11T07:02:00Z");
    assert_eq!(
        rfc3339(at("2026-03-11T08:02+01:00")),
        "2026-03-11T07:02:00Z"
    );
    assert_eq!(rfc3339(at("2026-03-11")), "2026-03-11T00:00:00Z");
    assert!(!time("--from", "2026-03-11 07:02").unwrap().1);
    for wrong in [
        "2026-02-30",
        "yesterday-ish",
        "",
        "2026-03-11T25:00Z",
        "07:02",
    ] {
        assert!(time("--from", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn durations() {
    assert_eq!(duration("--since", "1d12h").unwrap(), Duration::hours(36));
    assert_eq!(duration("--since", "90s").unwrap(), Duration::seconds(90));
    for wrong in [
        "",
        "0m",
        "2",
        "h",
        "2y",
        "-2h",
        "99999999999999999999d",
        "9999d",
    ] {
        assert!(duration("--since", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn reversed_and_future_windows_are_refused() {
    let now = at("2026-03-12");
    let window = |from: &str, to: &str| {
        let args = WindowArgs {
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            ..WindowArgs::default()
        };
        interval(&args, now, &mut Vec::new())
    };
    assert!(window("2026-03-11T08:00Z", "2026-03-11T07:00Z").is_err());
    assert!(window("2026-03-13T08:00Z", "2026-03-13T09:00Z").is_err());
    let read = window("2026-03-11T07:00:20Z", "2026-03-11T08:00:20Z").unwrap();
    assert_eq!(
        read.unwrap().to_string(),
        "[2026-03-11T07:00:00Z, 2026-03-11T08:01:00Z)"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        let _ = time("--from", &text);
        let _ = duration("--since", &text);
    }
}
