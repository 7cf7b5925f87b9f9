//! Reports written by hand for the tests of the inks: one that reads like a real incident, and one
//! with the same text in every field.

mod charts;
mod filled;

pub(crate) use charts::{calls_chart, seconds_chart};
pub(crate) use filled::filled;

use super::contract::{Baseline, Contract, Health, SCHEMA_VERSION, Scope, Stamp, Tool, Window};
use super::escape::Untrusted;
use super::model::{
    Align, Band, BandKind, Block, Label, Mark, MarkKind, Report, Section, Span, Sparkline,
    Sparklines, Table, Text, Tone, VerdictLine,
};
use crate::case::{Instant, instant};

/// 2026-03-11 06:00 UTC.
pub(crate) const START: i64 = 1_773_208_800;

fn at(minute: i64) -> Instant {
    instant(START + 60 * minute)
}

fn plain(words: &str) -> Text {
    vec![Span::Plain(words.to_owned())]
}

fn code(words: &str) -> Text {
    vec![Span::Code(words.into())]
}

fn evidence(id: &str) -> Span {
    Span::Evidence(id.to_owned())
}

fn mark(minute: i64, label: &str, kind: MarkKind) -> Mark {
    Mark {
        at: at(minute),
        label: label.into(),
        kind,
    }
}

fn band(from: i64, to: i64, label: &str, kind: BandKind) -> Band {
    Band {
        from: at(from),
        to: at(to),
        label: label.into(),
        kind,
    }
}

/// A report with the length and the parts of a real one.
pub(crate) fn report() -> Report {
    Report {
        title: plain("ECR incident report: us-east-1, eu-central-1, 2026-03-11"),
        tone: Tone::Aws,
        verdicts: vec![
            VerdictLine {
                id: "I1".to_owned(),
                tone: Tone::Aws,
                headline: "Verdict: AWS side (service fault), confidence high.".to_owned(),
                story: vec![
                    Span::Code("BatchGetImage".into()),
                    Span::Plain(" and ".to_owned()),
                    Span::Code("GetDownloadUrlForLayer".into()),
                    Span::Plain(
                        " in us-east-1 failed from 07:02Z to 07:38Z: 4,811 of 17,930 calls \
                         (26.8 %) returned server errors; before, 1.2 % did."
                            .to_owned(),
                    ),
                ],
                reasons: vec![
                    vec![
                        Span::Plain("AWS Health reports an ECR issue from 06:55Z to 07:44Z that covers the whole incident. ".to_owned()),
                        evidence("E4"),
                    ],
                    vec![
                        Span::Plain("All 31 principals and all 4 endpoints failed alike; no own change touches them. ".to_owned()),
                        evidence("E1"),
                    ],
                ],
            },
            VerdictLine {
                id: "I2".to_owned(),
                tone: Tone::Ours,
                headline: "Verdict: our side (retry storm), confidence medium.".to_owned(),
                story: plain("GetAuthorizationToken in eu-central-1 was throttled for 2 minutes: 11,204 of 240,118 calls."),
                reasons: vec![plain("One role made 88 % of the calls and its rate rose 40-fold at 06:05Z.")],
            },
        ],
        header: vec![
            ("Window".to_owned(), plain("2026-03-11 06:00Z to 09:00Z")),
            ("Settled until".to_owned(), plain("2026-03-11 08:45Z")),
            ("Baseline".to_owned(), plain("7 days, 2026-03-04 06:00Z to 2026-03-11 06:00Z")),
            ("Accounts".to_owned(), code("111122223333")),
            ("Regions".to_owned(), plain("us-east-1, eu-central-1")),
            ("Tool".to_owned(), plain("ecr-incident 0.1.0")),
            ("Generated".to_owned(), plain("2026-03-11 09:12Z")),
            ("Evidence hash".to_owned(), code("9f2c5a1e7d3b8c6f4a0e9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a39281706f5e4")),
        ],
        sections: sections(),
        charts: vec![calls_chart(), seconds_chart()],
        contract: contract(""),
    }
}

fn section(id: &'static str, number: &str, title: &'static str, blocks: Vec<Block>) -> Section {
    Section {
        id,
        number: number.to_owned(),
        title,
        appendix: number.chars().all(char::is_alphabetic),
        blocks,
    }
}

fn sections() -> Vec<Section> {
    vec![
        section(
            "ask",
            "1",
            "Ask",
            vec![
                Block::Para(plain(
                    "Confirm whether a service-side fault affected BatchGetImage in us-east-1 between 07:02Z and 07:38Z; explain the requests in section 7; advise prevention.",
                )),
                Block::Para(vec![
                    Span::Strong("Suggested severity: ".to_owned()),
                    Span::Plain("high, because deployments were blocked. ".to_owned()),
                    Span::Label(Label::Human),
                ]),
            ],
        ),
        section(
            "summary",
            "2",
            "Summary",
            vec![
                Block::List {
                    ordered: false,
                    items: vec![
                        vec![
                            Span::Label(Label::Observed),
                            Span::Plain(" 4,811 of 17,930 calls failed in 36 minutes. ".to_owned()),
                            evidence("E1"),
                        ],
                        vec![
                            Span::Label(Label::Inferred),
                            Span::Plain(" The fault was on the AWS side. ".to_owned()),
                            evidence("E1"),
                            evidence("E4"),
                        ],
                        vec![
                            Span::Label(Label::Human),
                            Span::Plain(" Business effect.".to_owned()),
                        ],
                    ],
                },
                Block::Callout {
                    tone: Tone::Unknown,
                    text: plain(
                        "The last 15 minutes of the window are not settled: CloudTrail may still deliver records for them.",
                    ),
                },
            ],
        ),
        section("impact", "3", "Impact", vec![Block::Table(impact())]),
        section(
            "signal",
            "4",
            "Signal at a glance",
            vec![
                Block::Heading(vec![
                    Span::Plain("I1: ".to_owned()),
                    Span::Code("BatchGetImage".into()),
                ]),
                Block::Sparklines(sparklines()),
                Block::Chart("i1-calls".to_owned()),
                Block::Heading(plain("I2: GetAuthorizationToken")),
                Block::Chart("i2-seconds".to_owned()),
            ],
        ),
        section("timeline", "5", "Timeline", vec![Block::Table(timeline())]),
        section("requests", "7", "Requests", vec![Block::Table(requests())]),
        section(
            "assessment",
            "12",
            "Assessment",
            vec![
                Block::Heading(plain("Evidence for")),
                Block::List {
                    ordered: true,
                    items: vec![
                        plain("Two independent legs: control groups and AWS Health."),
                        plain("No own change within six hours touches the failing principals."),
                    ],
                },
                Block::Heading(plain("Alternatives considered")),
                Block::Para(plain(
                    "Retry storm: rejected, because calls did not rise before onset.",
                )),
            ],
        ),
        section(
            "gaps",
            "15",
            "Gaps and limits",
            vec![
                Block::Callout {
                    tone: Tone::Quiet,
                    text: plain("CloudTrail coverage of CallCount is 98 %."),
                },
                Block::Para(plain(
                    "Layer downloads from S3 leave no ECR record and are not visible here.",
                )),
            ],
        ),
        section(
            "reproduce",
            "16",
            "Reproduce",
            vec![Block::Code {
                language: "sh",
                text: Untrusted::capped(
                    "ecr-incident report --from 2026-03-11T06:00Z --to 2026-03-11T09:00Z \\\n  --region us-east-1,eu-central-1 --cloudtrail AWSLogs --metrics metrics.json --health health.json --quotas quotas.json\nsha256sum --check bundle.sha256",
                    4000,
                ),
            }],
        ),
        section(
            "ledger",
            "A",
            "Evidence ledger",
            vec![Block::Table(ledger())],
        ),
        section(
            "classes",
            "B",
            "Classes of failures",
            vec![Block::Para(plain(
                "Classes come from errorCode through a table; unknown codes are shown raw.",
            ))],
        ),
    ]
}

fn impact() -> Table {
    let row = |api: &str, numbers: [&str; 7]| {
        let mut row = vec![code(api)];
        row.extend(numbers.map(plain));
        row
    };
    Table {
        header: vec![
            "API",
            "Calls",
            "Server faults",
            "Throttles",
            "Other errors",
            "Error share",
            "Coverage",
            "Minutes impaired",
        ],
        align: [vec![Align::Left], vec![Align::Right; 7]].concat(),
        rows: vec![
            row(
                "BatchGetImage",
                ["9,214", "2,817", "0", "12", "30.6 %", "98.1 %", "36"],
            ),
            row(
                "GetDownloadUrlForLayer",
                ["8,716", "1,994", "0", "3", "22.9 %", "97.4 %", "35"],
            ),
            row(
                "GetAuthorizationToken",
                ["240,118", "0", "11,204", "0", "4.7 %", "–", "2"],
            ),
        ],
        note: plain("Coverage is CloudTrail records divided by CloudWatch CallCount."),
    }
}

fn timeline() -> Table {
    let row = |time: &str, event: Text, source: &str, id: &str| {
        vec![plain(time), event, plain(source), vec![evidence(id)]]
    };
    Table {
        header: vec!["Time (UTC)", "Event", "Source", "Evidence"],
        align: vec![Align::Left; 4],
        rows: vec![
            row("06:41:07Z", vec![Span::Code("PutRegistryPolicy".into()), Span::Plain(" by ".to_owned()), Span::Code("arn:aws:sts::111122223333:assumed-role/platform-deployer-with-a-rather-long-name/session".into())], "trail", "E1"),
            row("06:55:00Z", plain("AWS Health: impact begins (read from the text of the event)"), "health", "E4"),
            row("07:02:11Z", plain("First server error of the incident"), "trail", "E1"),
            row("07:24:00Z", plain("Peak: 214 of 511 calls failed in this minute"), "trail", "E1"),
            row("07:38:00Z", plain("First healthy minute"), "trail", "E1"),
        ],
        note: vec![],
    }
}

fn requests() -> Table {
    let rows = (0..14)
        .map(|i| {
            vec![
                plain(&format!("07:{:02}:{:02}Z", 2 + i * 2, (i * 17) % 60)),
                code(if i % 2 == 0 { "BatchGetImage" } else { "GetDownloadUrlForLayer" }),
                code(&format!("{:08x}-5717-4562-b3fc-2c963f66af{:02x}", 0x1a2b_3c4d + i * 977, i)),
                code(&format!("{:08x}-9c4e-4a6b-8f1d-0e2a4c6b8d{:02x}", 0x7e6f_5a4b + i * 613, i)),
                code(if i == 13 { "" } else { "ServerException" }),
                code("These errors are usually caused by a server-side issue. (Service: ECR, Status Code: 500)"),
                code("arn:aws:iam::111122223333:role/eks-node-group-production-blue"),
                code("payments/checkout-service"),
                code("vpce-0a1b2c3d4e5f67890"),
                plain(if i == 13 { "successful twin" } else { "peak" }),
            ]
        })
        .collect();
    Table {
        header: vec![
            "Time",
            "API",
            "Request ID",
            "Event ID",
            "Error code",
            "Message",
            "Principal",
            "Repository",
            "Endpoint",
            "Chosen as",
        ],
        align: vec![Align::Left; 10],
        rows,
        note: plain("14 of 4,811 failed requests; the full list is in report.json."),
    }
}

fn ledger() -> Table {
    let rows = (1..=6)
        .map(|i| {
            vec![
                vec![evidence(&format!("E{i}"))],
                plain(["trail", "trail", "metrics", "health", "quotas", "status"][i - 1]),
                code(&format!("calls/2026-03-11T{:02}.parquet", 5 + i)),
                code("region=us-east-1 account=111122223333"),
                plain(&format!("{},{:03}", i * 13, i * 71)),
                code("3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855e"),
            ]
        })
        .collect();
    Table {
        header: vec!["ID", "Source", "Query", "Parameters", "Rows", "SHA-256"],
        align: vec![
            Align::Left,
            Align::Left,
            Align::Left,
            Align::Left,
            Align::Right,
            Align::Left,
        ],
        rows,
        note: vec![],
    }
}

fn sparklines() -> Sparklines {
    let line = |label: &str, unit, lift: f64| Sparkline {
        label: label.into(),
        unit,
        values: (0..60)
            .map(|i| match i {
                50..53 => None,
                21..33 => Some((lift * (0.5 + charts::wobble(i))).round()),
                _ => Some((charts::wobble(i) * 3.0 - 2.0).max(0.0).round()),
            })
            .collect(),
        note: "max 182 at 07:14Z".to_owned(),
    };
    Sparklines {
        start: at(0),
        step_s: 180,
        lines: vec![
            line("BatchGetImage", "failures/min", 180.0),
            line("GetDownloadUrlForLayer", "failures/min", 90.0),
            line("BatchGetImage", "calls/min", 500.0),
        ],
        marks: vec![
            mark(62, "onset", MarkKind::Onset),
            mark(98, "recovery", MarkKind::Recovery),
        ],
    }
}

fn contract(text: &str) -> Contract {
    Contract {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            name: text.to_owned(),
            version: text.to_owned(),
        },
        generated_at: Stamp(at(0)),
        window: Window {
            from: Stamp(at(0)),
            to: Stamp(at(180)),
            settled_until: Stamp(at(165)),
            baseline: Baseline {
                from: Stamp(at(-10_080)),
                to: Stamp(at(0)),
                days: 7,
                days_with_calls: 7,
            },
        },
        scope: Scope {
            accounts: vec![],
            regions: vec![],
            repositories: vec![],
            event_sources: vec![],
        },
        status: "incident",
        status_reason: text.into(),
        incidents: vec![],
        anomalies: vec![],
        health: Health {
            outcome: "complete",
            searched: 0,
            matched: 0,
            rejected: vec![],
        },
        coverage: vec![],
        funnel: vec![],
        evidence: vec![],
        gaps: vec![],
        seal: text.to_owned(),
        redaction: None,
    }
}
