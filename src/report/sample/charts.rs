//! Charts that show everything a chart can show.

use super::{at, band, code, mark, plain};
use crate::report::model::{BandKind, Chart, Level, Line, MarkKind, Panel, Role, Span};

/// A deterministic wobble, so that a sample looks like traffic.
pub(super) fn wobble(index: usize) -> f64 {
    let mixed = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    (mixed % 1000) as f64 / 1000.0
}

/// Three hours of calls with a burst of failures, everything a chart can show.
pub(crate) fn calls_chart() -> Chart {
    let calls: Vec<Option<f64>> = (0..180)
        .map(|i| match i {
            150..158 => None,
            172..180 => None,
            i => Some((420.0 + 160.0 * wobble(i)).round()),
        })
        .collect();
    let failures = calls
        .iter()
        .enumerate()
        .map(|(i, calls)| {
            calls.map(|calls| match i {
                62..75 => (calls * 0.12 * wobble(i + 7)).round(),
                75..98 => (calls * (0.25 + 0.2 * wobble(i + 3))).round(),
                _ => f64::from(u8::from(wobble(i) > 0.9)),
            })
        })
        .collect();
    let expected = calls.iter().map(|c| c.map(|c| c * 0.012)).collect();
    Chart {
        id: "i1-calls".to_owned(),
        title: vec![
            Span::Code("BatchGetImage".into()),
            Span::Plain(" in us-east-1, account 111122223333: calls and server errors".to_owned()),
        ],
        alt: plain(
            "Server errors rise from 07:02 UTC, peak at 07:24 with 214 of 511 calls, and end at 07:38.",
        ),
        start: at(0),
        step_s: 60,
        len: 180,
        panels: vec![
            Panel {
                title: plain("Server errors"),
                unit: "failures/min",
                lines: vec![
                    Line {
                        label: "server errors",
                        role: Role::Failures,
                        values: failures,
                    },
                    Line {
                        label: "expected at the baseline ratio",
                        role: Role::Expected,
                        values: expected,
                    },
                ],
                levels: vec![],
            },
            Panel {
                title: plain("All calls"),
                unit: "calls/min",
                lines: vec![Line {
                    label: "calls",
                    role: Role::Calls,
                    values: calls,
                }],
                levels: vec![Level {
                    label: "baseline 496/min".to_owned(),
                    value: 496.0,
                }],
            },
        ],
        marks: vec![
            mark(41, "PutRegistryPolicy", MarkKind::Change),
            mark(44, "SetRepositoryPolicy", MarkKind::Change),
            mark(45, "UpdateService", MarkKind::Change),
            mark(62, "onset", MarkKind::Onset),
            mark(71, "first Health post", MarkKind::HealthPost),
            mark(84, "peak", MarkKind::Peak),
            mark(98, "recovery", MarkKind::Recovery),
            mark(176, "PutLifecyclePolicy", MarkKind::Change),
        ],
        bands: vec![
            band(
                55,
                104,
                "AWS Health: ECR operational issue",
                BandKind::Health,
            ),
            band(62, 98, "incident", BandKind::Incident),
            band(150, 158, "trail silent", BandKind::Silent),
            band(165, 180, "not settled", BandKind::Unsettled),
        ],
    }
}

/// Fifteen minutes of arrivals by second against a quota.
pub(crate) fn seconds_chart() -> Chart {
    let arrivals: Vec<Option<f64>> = (0..900)
        .map(|i| {
            let burst = if (300..420).contains(&i) {
                2600.0
            } else {
                300.0
            };
            Some((burst * (0.6 + 0.5 * wobble(i))).round())
        })
        .collect();
    let throttled = arrivals
        .iter()
        .map(|v| v.map(|v| (v - 2000.0).max(0.0)))
        .collect();
    Chart {
        id: "i2-seconds".to_owned(),
        title: plain("GetAuthorizationToken in eu-central-1: arrivals by second"),
        alt: plain("Arrivals reach 2,860 per second at 06:05:31, above the quota of 2,000."),
        start: at(0),
        step_s: 1,
        len: 900,
        panels: vec![Panel {
            title: code("GetAuthorizationToken"),
            unit: "calls/s",
            lines: vec![
                Line {
                    label: "arrivals",
                    role: Role::Arrivals,
                    values: arrivals,
                },
                Line {
                    label: "throttled",
                    role: Role::Failures,
                    values: throttled,
                },
            ],
            levels: vec![Level {
                label: "quota 2,000/s".to_owned(),
                value: 2000.0,
            }],
        }],
        marks: vec![
            mark(5, "onset", MarkKind::Onset),
            mark(6, "peak", MarkKind::Peak),
            mark(7, "recovery", MarkKind::Recovery),
        ],
        bands: vec![band(5, 7, "incident", BandKind::Incident)],
    }
}
