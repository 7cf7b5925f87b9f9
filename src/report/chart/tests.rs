//! The drawing is well-formed, deterministic, and honest about what is unknown.

use super::svg;
use crate::case::instant;
use crate::report::markup::check;
use crate::report::model::{Band, BandKind, Chart, Level, Line, Mark, MarkKind, Panel, Role, Span};
use crate::report::sample::{START, calls_chart, filled, seconds_chart};
use proptest::prelude::*;

fn chart(step_s: i64, role: Role, values: Vec<Option<f64>>) -> Chart {
    Chart {
        id: "i1".to_owned(),
        title: vec![Span::Plain("t".to_owned())],
        alt: vec![Span::Plain("a".to_owned())],
        start: instant(START),
        step_s,
        len: values.len(),
        panels: vec![Panel {
            title: vec![Span::Plain("p".to_owned())],
            unit: "calls/min",
            lines: vec![Line {
                label: "calls",
                role,
                values,
            }],
            levels: vec![],
        }],
        marks: vec![],
        bands: vec![],
    }
}

/// The path data drawn with this class.
fn paths<'a>(drawing: &'a str, class: &str) -> Vec<&'a str> {
    drawing
        .split(&format!("<path class=\"{class}\" d=\""))
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect()
}

#[test]
fn samples_are_well_formed_and_name_no_address() {
    for chart in [calls_chart(), seconds_chart()] {
        let drawing = svg(&chart);
        check(&drawing).unwrap();
        let rest = drawing.replacen("http://www.w3.org/2000/svg", "", 1);
        assert!(!rest.contains("http"), "an address besides the namespace");
        assert_eq!(drawing, svg(&chart), "equal input, equal bytes");
    }
}

#[test]
fn ids_are_plain_and_carry_the_chart() {
    for text in ["\"><x", "A b", "é", ""] {
        let drawing = svg(&filled(text).charts[0]);
        check(&drawing).unwrap();
        for id in drawing.split(" id=\"").skip(1) {
            let id = id.split('"').next().unwrap();
            assert!(id.starts_with("chart-"), "{id}");
            assert!(
                id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
                "{id}"
            );
        }
    }
}

#[test]
fn nothing_known_is_said_and_never_drawn_as_zero() {
    for values in [vec![], vec![None; 90], vec![Some(f64::NAN); 3]] {
        let drawing = svg(&chart(60, Role::Calls, values));
        check(&drawing).unwrap();
        assert!(drawing.contains("no data for this span"));
        assert!(paths(&drawing, "calls").is_empty());
    }
}

#[test]
fn zero_is_known_and_is_not_the_same_as_nothing() {
    let drawing = svg(&chart(60, Role::Calls, vec![Some(0.0); 90]));
    check(&drawing).unwrap();
    assert!(!drawing.contains("no data for this span"));
    assert!(paths(&drawing, "calls").is_empty(), "a zero has no area");
}

#[test]
fn a_gap_splits_the_area() {
    let mut values = vec![Some(5.0); 10];
    values[4] = None;
    let drawing = svg(&chart(60, Role::Calls, values));
    let path = paths(&drawing, "calls")[0];
    assert_eq!(path.matches('M').count(), 2, "{path}");
    assert_eq!(path.matches('Z').count(), 2, "{path}");
}

#[test]
fn one_minute_is_a_whole_plot() {
    let drawing = svg(&chart(60, Role::Failures, vec![Some(7.0)]));
    check(&drawing).unwrap();
    // From the left edge to the right edge, 7 of 8 of the height.
    assert_eq!(
        paths(&drawing, "failures"),
        ["M62.0 260.0H62.0V102.5H944.0V260.0Z"]
    );
}

#[test]
fn thirty_days_fit_and_say_how_they_were_folded() {
    let drawing = svg(&chart(60, Role::Calls, vec![Some(3.0); 30 * 1440]));
    check(&drawing).unwrap();
    assert!(drawing.contains("(mean of every 2 hours)"), "{drawing}");
    assert!(drawing.len() < 40_000, "{}", drawing.len());
}

#[test]
fn folding_keeps_the_burst_of_arrivals_and_the_mean_of_calls() {
    let mut values = vec![Some(0.0); 1760];
    values[800] = Some(1000.0);
    let arrivals = svg(&chart(1, Role::Arrivals, values.clone()));
    assert!(arrivals.contains("(busiest of every 5 seconds)"));
    assert!(
        arrivals.contains(">1,000</text>"),
        "the axis reaches the burst"
    );
    let calls = svg(&chart(1, Role::Calls, values));
    assert!(calls.contains("(mean of every 5 seconds)"));
    assert!(calls.contains(">200</text>") && !calls.contains(">1,000</text>"));
}

#[test]
fn unknown_spans_are_hatched_once_and_told_apart() {
    let mut sample = chart(60, Role::Calls, vec![Some(1.0); 60]);
    let band = |from: i64, to: i64, kind| Band {
        from: instant(START + 60 * from),
        to: instant(START + 60 * to),
        label: "x".into(),
        kind,
    };
    sample.bands = vec![
        band(10, 20, BandKind::Silent),
        band(15, 25, BandKind::Silent),
        band(50, 60, BandKind::Unsettled),
        band(90, 95, BandKind::Silent),
    ];
    let drawing = svg(&sample);
    check(&drawing).unwrap();
    // One swatch and one merged span; what lies outside the axis is not drawn.
    assert_eq!(drawing.matches("url(#chart-i1-silent)").count(), 2);
    assert_eq!(drawing.matches("url(#chart-i1-unsettled)").count(), 2);
    assert!(drawing.contains(">no data</text>") && drawing.contains(">not settled yet</text>"));
}

#[test]
fn a_quota_above_the_data_is_still_on_the_axis() {
    let mut sample = chart(1, Role::Arrivals, vec![Some(10.0); 60]);
    sample.panels[0].levels = vec![Level {
        label: "quota 2,000/s".to_owned(),
        value: 2000.0,
    }];
    let drawing = svg(&sample);
    assert!(drawing.contains(">2,000</text>") && drawing.contains(">quota 2,000/s</text>"));
}

#[test]
fn crowded_changes_are_counted_not_stacked() {
    let mut sample = chart(60, Role::Calls, vec![Some(1.0); 60]);
    sample.marks = (0..400)
        .map(|i| Mark {
            at: instant(START + i * 9),
            label: "SetRepositoryPolicy".into(),
            kind: MarkKind::Change,
        })
        .collect();
    let drawing = svg(&sample);
    check(&drawing).unwrap();
    let labels = drawing.matches("class=\"change-label\"").count();
    let words = format!(">{} more without room for a label", 400 - labels);
    assert!(labels > 4 && drawing.contains(&words), "{labels}");
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![
        Role::Failures,
        Role::Calls,
        Role::Arrivals,
        Role::CallCount,
        Role::Expected,
    ])
}

fn kind() -> impl Strategy<Value = MarkKind> {
    prop::sample::select(vec![
        MarkKind::Onset,
        MarkKind::Peak,
        MarkKind::Recovery,
        MarkKind::Change,
        MarkKind::HealthPost,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_series_is_drawn_inside_the_picture(
        values in prop::collection::vec(prop::option::of(prop_oneof![
            4 => 0.0..5000.0f64,
            1 => prop::num::f64::ANY,
        ]), 0..900),
        role in role(),
        step_s in prop_oneof![Just(1i64), Just(60), Just(0), Just(i64::MAX), -5i64..4000],
        start in prop_oneof![Just(START), prop::num::i64::ANY],
        len in prop_oneof![Just(0usize), 0usize..900, Just(usize::MAX)],
        marks in prop::collection::vec((prop::num::i64::ANY, -100i64..60_000, kind()), 0..40),
        level in prop::num::f64::ANY,
    ) {
        let mut sample = chart(step_s, role, values);
        sample.start = instant(start);
        sample.len = len;
        sample.panels[0].levels = vec![Level { label: "l".to_owned(), value: level }];
        for (far, near, kind) in marks {
            for at in [far, START + near] {
                sample.marks.push(Mark { at: instant(at), label: "m".into(), kind });
                sample.bands.push(Band {
                    from: instant(at),
                    to: instant(START + near),
                    label: "b".into(),
                    kind: BandKind::Health,
                });
            }
        }
        let drawing = svg(&sample);
        prop_assert!(check(&drawing).is_ok(), "{:?}", check(&drawing));
        prop_assert!(!drawing.contains("NaN") && !drawing.contains("inf"));
        for class in ["calls", "failures", "arrivals", "expected", "call-count"] {
            for path in paths(&drawing, class) {
                for part in path.split(['M', 'H', ' ']).skip(1).filter(|p| !p.is_empty()) {
                    let number = part.split(['V', 'Z']).next().unwrap();
                    if let Ok(number) = number.parse::<f64>() {
                        prop_assert!((0.0..=1200.0).contains(&number), "{}", path);
                    }
                }
            }
        }
        prop_assert_eq!(&drawing, &svg(&sample));
    }
}
