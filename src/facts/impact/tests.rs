use super::*;
use crate::case::rfc3339;
use crate::facts::types::ReadFrom;
use chrono::DateTime;
use proptest::prelude::*;

fn at(text: &str) -> Instant {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// The stated impact of one text of a Health event that started at `start`.
fn health(start: &str, end: &str, text: &str) -> String {
    let published = Published {
        start: Some(at(start)),
        end: Some(at(end)),
        updated: Some(at(end)),
    };
    let post = Post { at: None, text };
    stated(&[post], published).map_or("nothing".to_owned(), |impact| impact.to_string())
}

/// The stated impact of one post of the feed.
fn posted(when: &str, text: &str) -> String {
    let at = at(when);
    let published = Published {
        start: Some(at),
        ..Published::default()
    };
    stated(&[Post { at: Some(at), text }], published)
        .map_or("nothing".to_owned(), |impact| impact.to_string())
}

#[test]
fn the_sample_of_the_cli_reference() {
    let text = "[RESOLVED] Increased API Error Rates and Latencies\n\n[02:45 AM PDT] We are \
        investigating increased API error rates and latencies in the US-EAST-1 Region.\n\n[03:16 AM \
        PDT] Between 2:10 AM and 2:59 AM PDT we experienced increased API error rates and \
        latencies in the US-EAST-1 Region. The issue has been resolved and the service is \
        operating normally.";
    assert_eq!(
        health("2020-04-21T09:45:25Z", "2020-04-21T10:16:44Z", text),
        "[2020-04-21T09:10:00Z, 2020-04-21T09:59:00Z)"
    );
}

#[test]
fn statements_with_two_ends() {
    for (when, text, expected) in [
        (
            "2025-11-06T10:00:00Z",
            "Between 10:33 PM PST on November 5 and 1:15 AM PST on November 6, image pulls failed.",
            "[2025-11-06T06:33:00Z, 2025-11-06T09:15:00Z)",
        ),
        (
            "2025-11-06T10:00:00Z",
            "Between 10:33 PM and 1:15 AM PST, image pulls failed.",
            "[2025-11-06T06:33:00Z, 2025-11-06T09:15:00Z)",
        ),
        (
            "2025-06-03T12:30:00Z",
            "Customers saw errors from 3:13 AM to 4:51 AM PDT in one Region.",
            "[2025-06-03T10:13:00Z, 2025-06-03T11:51:00Z)",
        ),
        (
            "2025-06-03T12:30:00Z",
            "Requests failed between 09:17 and 10:05 UTC.",
            "[2025-06-03T09:17:00Z, 2025-06-03T10:05:00Z)",
        ),
        (
            "2024-07-31T05:00:00Z",
            "On July 30th, between 2:45 PM and 9:37 PM PDT, log delivery was delayed.",
            "[2024-07-30T21:45:00Z, 2024-07-31T04:37:00Z)",
        ),
        (
            "2025-10-20T22:30:00Z",
            "Between 11:49 PM PDT on October 19 and 2:24 AM PDT on October 20, errors rose.",
            "[2025-10-20T06:49:00Z, 2025-10-20T09:24:00Z)",
        ),
        (
            "2025-10-29T06:00:00Z",
            "From approximately 9:00 AM PDT until 10:43 PM PDT on October 28 launches failed.",
            "[2025-10-28T16:00:00Z, 2025-10-29T05:43:00Z)",
        ),
        (
            "2025-06-03T12:30:00Z",
            "Between 2:10 and 2:59 a.m. PDT. All is well.",
            "[2025-06-03T09:10:00Z, 2025-06-03T09:59:00Z)",
        ),
        (
            "2025-06-03T19:40:00Z",
            "Between 11:50 and 12:20 PM PDT, some pulls failed.",
            "[2025-06-03T18:50:00Z, 2025-06-03T19:20:00Z)",
        ),
        (
            "2025-06-03T12:30:00Z",
            "Between 2025-06-03 09:17 UTC and 2025-06-03 10:05 UTC, pulls failed.",
            "[2025-06-03T09:17:00Z, 2025-06-03T10:05:00Z)",
        ),
        (
            "2026-01-01T09:00:00Z",
            "Between 11:10 PM PST on December 31 and 12:20 AM PST on January 1, pulls failed.",
            "[2026-01-01T07:10:00Z, 2026-01-01T08:20:00Z)",
        ),
        (
            "2025-06-03T12:30:00Z",
            "Starting at 2:10 AM PDT and ending at 2:59 AM PDT, pulls failed.",
            "[2025-06-03T09:10:00Z, 2025-06-03T09:59:00Z)",
        ),
        (
            "2025-06-03T12:30:00Z",
            "Between 2:10 AM (09:10 UTC) and 2:59 AM (PDT) pulls failed.",
            "[2025-06-03T09:10:00Z, 2025-06-03T09:59:00Z)",
        ),
    ] {
        assert_eq!(posted(when, text), expected, "{text}");
    }
}

#[test]
fn winter_word_in_summer_means_the_pacific_clock_of_that_day() {
    let text = |zone: &str| format!("Between 2:10 AM and 2:59 AM {zone} we saw errors.");
    let expected = "[2025-07-01T09:10:00Z, 2025-07-01T09:59:00Z)";
    for zone in ["PDT", "PST", "PT"] {
        assert_eq!(posted("2025-07-01T11:00:00Z", &text(zone)), expected);
    }
    assert_eq!(
        posted("2025-07-01T11:00:00Z", &text("UTC")),
        "[2025-07-01T02:10:00Z, 2025-07-01T02:59:00Z)"
    );
}

#[test]
fn the_hour_that_happens_twice_and_the_hour_that_never_happens() {
    let autumn = |zone: &str| format!("Between 12:30 AM PDT and 1:30 AM {zone} pulls failed.");
    assert_eq!(
        posted("2025-11-02T12:00:00Z", &autumn("PDT")),
        "[2025-11-02T07:30:00Z, 2025-11-02T08:30:00Z)"
    );
    assert_eq!(
        posted("2025-11-02T12:00:00Z", &autumn("PST")),
        "[2025-11-02T07:30:00Z, 2025-11-02T09:30:00Z)"
    );
    assert_eq!(
        posted(
            "2025-03-09T14:00:00Z",
            "Between 1:30 AM and 2:30 AM PST pulls failed."
        ),
        "[2025-03-09T09:30:00Z, 2025-03-09T10:30:00Z)"
    );
}

#[test]
fn the_last_complete_statement_wins() {
    let text = "Between 1:00 AM and 1:30 AM PDT pulls failed. Correction: between 12:50 AM and \
        1:40 AM PDT pulls failed. Beginning at 12:55 AM PDT pushes were slow.";
    assert_eq!(
        posted("2025-06-03T09:00:00Z", text),
        "[2025-06-03T07:50:00Z, 2025-06-03T08:40:00Z)"
    );
}

#[test]
fn a_start_alone_runs_to_the_end_of_the_event() {
    for text in [
        "Beginning at 5:47 AM PDT, we experienced elevated errors.",
        "Starting at approximately 12:47 UTC customers saw errors.",
        "Beginning approximately at 5:47 AM PDT. We are looking into it.",
        "We began to see errors. Since 5:47 AM PDT pulls fail.",
    ] {
        assert_eq!(
            health("2025-06-03T13:20:00Z", "2025-06-03T15:00:00Z", text),
            "[2025-06-03T12:47:00Z, 2025-06-03T15:00:00Z)",
            "{text}"
        );
    }
}

#[test]
fn the_onset_is_the_earliest_start_and_never_the_recovery() {
    let text = "Beginning at 5:47 AM PDT, pulls failed. Starting at 7:02 AM PDT, we see \
        recovery. Starting at 6:30 AM PDT pushes failed as well.";
    assert_eq!(
        health("2025-06-03T13:20:00Z", "2025-06-03T15:00:00Z", text),
        "[2025-06-03T12:47:00Z, 2025-06-03T15:00:00Z)"
    );
    let recovery = "Starting at 7:02 AM PDT, error rates are improving.";
    assert_eq!(
        health("2025-06-03T13:20:00Z", "2025-06-03T15:00:00Z", recovery),
        "nothing"
    );
}

#[test]
fn what_states_no_impact_is_left_alone() {
    for text in [
        "",
        "We will provide another update by 11:30 AM PDT.",
        "Our team was engaged at 9:54 AM to begin investigating.",
        "We expect full recovery between 2:00 PM and 3:00 PM PDT.",
        "Between 2:00 AM and 3:00 AM PDT we will be replacing hardware.",
        "Between 3 and 5 services are affected.",
        "Requests failed between 09:17 and 10:05.",
        "from 3:13 AM PDT",
        "Between 25:10 and 26:59 UTC.",
        "Between 2:10 AM and 2:10 AM PDT on June 3 nothing happened.",
        "Between 2:10 AM and 2:59 AM PDT on February 30, 2025 errors rose.",
    ] {
        assert_eq!(posted("2025-06-03T12:30:00Z", text), "nothing", "{text}");
    }
}

#[test]
fn a_post_speaks_of_what_is_before_it() {
    // 13 hours before the post is nearer in truth than 11 hours after it is on the clock.
    assert_eq!(
        posted(
            "2025-06-03T12:00:00Z",
            "Between 4:00 PM and 4:30 PM PDT errors rose."
        ),
        "[2025-06-02T23:00:00Z, 2025-06-02T23:30:00Z)"
    );
    assert_eq!(
        posted(
            "2025-06-03T12:00:00Z",
            "Between 4:00 PM and 4:30 PM PDT on June 5 errors rose."
        ),
        "nothing"
    );
}

#[test]
fn several_posts_are_read_newest_first_each_by_its_own_time() {
    let posts = [
        Post {
            at: Some(at("2025-06-03T12:00:00Z")),
            text: "Between 3:00 AM and 3:30 AM PDT errors rose.",
        },
        Post {
            at: Some(at("2025-06-05T12:00:00Z")),
            text: "Between 3:10 AM and 4:30 AM PDT errors rose again.",
        },
        Post {
            at: Some(at("2025-06-05T13:00:00Z")),
            text: "All is well. Beginning at 5:30 AM PDT caches fill.",
        },
    ];
    let impact = stated(&posts, Published::default()).unwrap();
    assert_eq!(
        impact.to_string(),
        "[2025-06-05T10:10:00Z, 2025-06-05T11:30:00Z)"
    );
}

#[test]
fn without_a_statement_the_published_times_stand_in() {
    let mut published = Published {
        start: Some(at("2025-06-03T12:00:00Z")),
        end: None,
        updated: Some(at("2025-06-03T13:00:00Z")),
    };
    let seen = |published| read(&[], published).map(|(impact, from)| (rfc3339(impact.to), from));
    assert_eq!(
        seen(published),
        Some(("2025-06-03T13:00:00Z".to_owned(), ReadFrom::Published))
    );
    published.end = Some(at("2025-06-03T12:30:00Z"));
    assert_eq!(
        seen(published),
        Some(("2025-06-03T12:30:00Z".to_owned(), ReadFrom::Published))
    );
    published.start = None;
    assert_eq!(seen(published), None);
}

const PIECES: [&str; 34] = [
    "Between",
    "from",
    "beginning",
    "since",
    "and",
    "to",
    "-",
    "until",
    "at",
    "on",
    "2:10",
    "14:05",
    "AM",
    "p.m.",
    "PDT",
    "UTC",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "\n\n",
    "November",
    "5th",
    "31",
    "2025",
    "99999999999",
    "2025-10-20",
    "10/20/25",
    "é",
    "12:00 AM",
    "0:00",
    "May",
];

proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}", second in 0i64..4_000_000_000) {
        let at = crate::case::instant(second);
        let published = Published { start: Some(at), end: None, updated: Some(at) };
        let _ = read(&[Post { at: Some(at), text: &text }, Post { at: None, text: &text }], published);
    }

    #[test]
    fn any_heap_of_the_right_words_gives_a_span_in_order(
        picks in proptest::collection::vec(0..PIECES.len(), 0..24),
        second in 0i64..32_000_000_000,
    ) {
        let text = picks.iter().map(|pick| PIECES[*pick]).collect::<Vec<_>>().join(" ");
        let at = crate::case::instant(second);
        let published = Published { start: Some(at), end: None, updated: Some(at) };
        for post in [Post { at: Some(at), text: &text }, Post { at: None, text: &text }] {
            if let Some(impact) = stated(&[post], published) {
                prop_assert!(impact.from < impact.to, "{text}");
                prop_assert!((impact.from - at).num_days().abs() <= 31, "{text}");
            }
        }
    }

    #[test]
    fn a_stated_span_is_read_back(
        second in 1_500_000_000i64..1_900_000_000,
        length in 1i64..1_400,
        lag in 1i64..600,
    ) {
        let from = crate::case::floor_minute(crate::case::instant(second));
        let to = from + chrono::Duration::minutes(length);
        let pacific = |at: Instant| {
            at.with_timezone(&chrono_tz::America::Los_Angeles).format("%-I:%M %p %Z on %B %-d").to_string()
        };
        let text = format!("Between {} and {}, image pulls failed.", pacific(from), pacific(to));
        let published = Published::default();
        let post = Post { at: Some(to + chrono::Duration::minutes(lag)), text: &text };
        prop_assert_eq!(stated(&[post], published), Some(Interval::new(from, to)), "{}", text);
    }
}

/// The first post a text tells of an event, and whether it opened it.
fn opened(start: &str, updated: &str, text: &str) -> String {
    let published = Published {
        start: Some(at(start)),
        end: None,
        updated: Some(at(updated)),
    };
    first_post(text, published).map_or("nothing".to_owned(), |first| {
        let bound = if first.opening { "" } else { " at the latest" };
        format!("{}{bound}", rfc3339(first.at))
    })
}

#[test]
fn the_first_post_of_the_cli_reference() {
    // The published start has seconds, the stamp in the text has none.
    let text = "[RESOLVED] Increased API Error Rates and Latencies\n\n[02:45 AM PDT] We are \
        investigating increased API error rates and latencies in the US-EAST-1 Region.\n\n[03:16 AM \
        PDT] Between 2:10 AM and 2:59 AM PDT we experienced increased API error rates and \
        latencies in the US-EAST-1 Region. The issue has been resolved and the service is \
        operating normally.";
    assert_eq!(
        opened("2020-04-21T09:45:25Z", "2020-04-21T10:16:44Z", text),
        "2020-04-21T09:45:00Z"
    );
}

#[test]
fn stamps_tell_the_first_post() {
    let (start, updated) = ("2026-03-11T14:04:00Z", "2026-03-11T15:46:31Z");
    for (text, expected) in [
        (
            "[07:52 AM PDT] We are investigating. [08:21 AM PDT] Cause found.",
            "2026-03-11T14:52:00Z",
        ),
        // The newest on top.
        (
            "[08:21 AM PDT] Cause found. [07:52 AM PDT] Looking into it.",
            "2026-03-11T14:52:00Z",
        ),
        // One post alone opens an event only when it says so.
        (
            "[07:52 AM PDT] We are investigating.",
            "2026-03-11T14:52:00Z",
        ),
        (
            "[08:46 AM PDT] Between 7:04 AM and 8:20 AM PDT pulls failed.",
            "2026-03-11T15:46:00Z at the latest",
        ),
        (
            "[2026-03-11 14:52 UTC] We are investigating.",
            "2026-03-11T14:52:00Z",
        ),
        (
            "[Mar 11, 7:52 AM PDT] We are investigating.",
            "2026-03-11T14:52:00Z",
        ),
        // The first stamp has no zone: what follows is not the first post.
        (
            "[07:52 AM] We are investigating. [08:21 AM PDT] Cause found. [08:30 AM PDT] Over.",
            "2026-03-11T15:21:00Z at the latest",
        ),
        // Never invented: no zone, no half of the day, after the last update, long before, no time.
        ("[07:52 AM] We are investigating.", "nothing"),
        ("[7:52 PDT] We are investigating.", "nothing"),
        ("[09:30 AM PDT] We are investigating.", "nothing"),
        ("[05:00 AM PDT] We are investigating.", "nothing"),
        ("[March 9, 7:52 AM PDT] We are investigating.", "nothing"),
        (
            "[RESOLVED] [1] It [was 7:52 AM PDT or so] over [",
            "nothing",
        ),
        ("At 07:52 AM PDT we began to look.", "nothing"),
    ] {
        assert_eq!(opened(start, updated, text), expected, "{text}");
    }
    // Past midnight on the clock of the text.
    assert_eq!(
        opened(
            "2026-03-12T06:50:00Z",
            "2026-03-12T09:00:00Z",
            "[12:20 AM PDT] We are investigating. [1:30 AM PDT] Over."
        ),
        "2026-03-12T07:20:00Z"
    );
    let nothing_known = first_post("[07:52 AM PDT] We are investigating.", Published::default());
    assert_eq!(nothing_known, None);
}

proptest! {
    #[test]
    fn a_stamp_is_never_read_outside_the_event(text in "[\\[\\]0-9: AMPDTUC]{0,60}") {
        let published = Published {
            start: Some(at("2026-03-11T14:04:00Z")),
            end: None,
            updated: Some(at("2026-03-11T15:46:31Z")),
        };
        if let Some(first) = first_post(&text, published) {
            prop_assert!(first.at >= at("2026-03-11T13:49:00Z"));
            prop_assert!(first.at <= at("2026-03-11T15:46:31Z"));
        }
    }
}
