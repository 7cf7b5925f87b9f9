//! The parts of the summary as blocks, in reading order; a part without content is empty.

use super::summary::{Item, Standing, Summary};
use crate::report::fmt;
use crate::report::model::{Align, Block, Span, Sparkline, Sparklines, Table, Text, Untrusted};

/// Incidents listed one by one; the rest is counted.
const SHOWN: usize = 5;

pub(super) fn attention(of: &Summary) -> Vec<Block> {
    let mut items: Vec<Text> = of.attention.iter().take(SHOWN).map(line).collect();
    let more = of.attention.len().saturating_sub(SHOWN);
    if more > 0 {
        items.push(plain(&format!("and {more} more: see nightly.json")));
    }
    list(items)
}

/// What, where, how much against expected, since when, and where to read on.
pub(super) fn line(item: &Item) -> Text {
    let mut text: Text = vec![
        Span::Strong(item.standing.word().to_owned()),
        Span::Plain(format!(" {} ", item.id)),
        Span::Prose(Untrusted::new(format!(
            "{} in {} ({})",
            item.signal.replace('_', " "),
            item.region,
            item.account
        ))),
        Span::Plain(": ".to_owned()),
    ];
    for (index, api) in item.apis.iter().take(3).enumerate() {
        if index > 0 {
            text.push(Span::Plain(", ".to_owned()));
        }
        text.push(Span::Code(Untrusted::new(api.clone())));
    }
    if item.apis.len() > 3 {
        text.push(Span::Plain(format!(" and {} more", item.apis.len() - 3)));
    }
    let when = match item.until {
        Some(until) => fmt::from_to(item.onset, until),
        None => format!("since {}, still going on", fmt::moment(item.onset)),
    };
    let volume = matches!(item.signal.as_str(), "traffic_surge" | "traffic_drop");
    let size = if volume {
        format!("{} minutes", fmt::count(item.failures))
    } else {
        format!(
            "{} failed calls this night ({} of the calls in it, usually {})",
            fmt::count(item.failures),
            fmt::percent(item.failure_ratio),
            fmt::percent(item.baseline_ratio)
        )
    };
    text.push(Span::Plain(format!(", {when}; {size}")));
    if item.standing == Standing::Worse && item.failures_total > item.failures {
        text.push(Span::Plain(format!(
            ", {} the night before, {} in all",
            fmt::count(item.failures_before),
            fmt::count(item.failures_total)
        )));
    }
    if let Some(last) = item.last_seen {
        text.push(Span::Plain(format!(
            "; seen {} before, last on {}",
            plural(item.recurrences, "time", "times"),
            last.format("%Y-%m-%d")
        )));
    }
    if item.late {
        text.push(Span::Plain(
            "; found in records that arrived late".to_owned(),
        ));
    }
    text.push(Span::Plain(format!(
        "; cause: {} (side {}, confidence {}); report.md, {}",
        item.cause.replace('_', " "),
        item.side.replace('_', " "),
        item.confidence,
        item.report
    )));
    if !item.note.is_empty() {
        text.push(Span::Plain("; ".to_owned()));
        text.push(Span::Prose(Untrusted::new(item.note.clone())));
    }
    text
}

pub(super) fn changed(of: &Summary) -> Vec<Block> {
    let mut items: Vec<Text> = of
        .changed
        .iter()
        .map(|change| {
            let id = if change.id.is_empty() {
                String::new()
            } else {
                format!(" {}", change.id)
            };
            vec![
                Span::Strong(change.what.clone()),
                Span::Plain(format!("{id}: ")),
                Span::Prose(Untrusted::capped(change.text.clone(), 600)),
            ]
        })
        .collect();
    for revision in &of.revisions {
        let says = if revision.cause == revision.cause_before {
            format!("the cause stays {}", revision.cause)
        } else {
            format!(
                "the cause was {} and is now {} (side {}, confidence {})",
                revision.cause_before, revision.cause, revision.side, revision.confidence
            )
        };
        items.push(vec![
            Span::Strong("revised".to_owned()),
            Span::Plain(format!(
                " {}: a Health event that arrived late, ",
                revision.incident
            )),
            Span::Code(Untrusted::new(revision.arn.clone())),
            Span::Plain(format!(
                ", overlaps it; {}; revisions/{}/report.md",
                says.replace('_', " "),
                revision.incident
            )),
        ]);
    }
    list(items)
}

pub(super) fn headroom(of: &Summary) -> Vec<Block> {
    let rows: Vec<Vec<Text>> = of
        .headroom
        .iter()
        .map(|row| {
            vec![
                code(&row.api),
                prose(&format!("{} ({})", row.region, row.account)),
                plain(&format!("{}/s", fmt::number(row.peak_per_s))),
                plain(&format!("{}/s", fmt::number(row.limit_per_s))),
                plain(&fmt::percent(row.share)),
                plain(&row.days_to_limit.map_or_else(
                    || "no growth".to_owned(),
                    |days| format!("{} days", fmt::number(days.ceil())),
                )),
            ]
        })
        .collect();
    table(
        vec![
            "API",
            "Place",
            "Busiest minute",
            "Quota",
            "Share",
            "To the limit",
        ],
        &[
            Align::Left,
            Align::Left,
            Align::Right,
            Align::Right,
            Align::Right,
            Align::Right,
        ],
        rows,
        "The busiest minute is a mean over its sixty seconds; single seconds may have been higher.",
    )
}

pub(super) fn health(of: &Summary) -> Vec<Block> {
    list(
        of.health
            .iter()
            .map(|watch| {
                vec![
                    Span::Strong(watch.why.to_owned()),
                    Span::Plain(" ".to_owned()),
                    Span::Prose(Untrusted::new(format!(
                        "{} in {}, {}: ",
                        watch.service, watch.region, watch.status
                    ))),
                    Span::Code(Untrusted::new(watch.arn.clone())),
                ]
            })
            .collect(),
    )
}

pub(super) fn trends(of: &Summary) -> Vec<Block> {
    let days = of.trends.first().map_or(0, |trend| trend.values.len());
    let lines: Vec<Sparkline> = of
        .trends
        .iter()
        .map(|trend| {
            let last = trend.values.last().copied().flatten();
            let week = trend.values.first().copied().flatten();
            let words = |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), fmt::count);
            Sparkline {
                label: Untrusted::new(trend.name.clone()),
                unit: "per day",
                values: trend.values.iter().map(|v| v.map(|n| n as f64)).collect(),
                note: format!("{}, a week before {}", words(last), words(week)),
            }
        })
        .collect();
    if days == 0 {
        return Vec::new();
    }
    vec![Block::Sparklines(Sparklines {
        start: of.to - chrono::Duration::days(days as i64),
        step_s: 86_400,
        lines,
        marks: Vec::new(),
    })]
}

pub(super) fn movers(of: &Summary) -> Vec<Block> {
    let mut items: Vec<Text> = of
        .movers
        .iter()
        .map(|mover| {
            let first = if mover.first_failures {
                "; it never failed in the days before"
            } else {
                ""
            };
            vec![
                Span::Code(Untrusted::new(mover.api.clone())),
                Span::Prose(Untrusted::new(format!(
                    " in {} ({})",
                    mover.region, mover.account
                ))),
                Span::Plain(format!(
                    ": {} calls after {} a day, {} failures after {} a day{first}",
                    fmt::number(mover.calls),
                    fmt::number(mover.calls_before),
                    fmt::number(mover.failures),
                    fmt::number(mover.failures_before),
                )),
            ]
        })
        .collect();
    for first in &of.first_seen {
        items.push(vec![
            Span::Plain("first seen: ".to_owned()),
            Span::Prose(Untrusted::new(first.clone())),
        ]);
    }
    if of.anomalies > 0 {
        items.push(plain(&format!(
            "{} of metrics that are no incident: report.md",
            plural(of.anomalies, "unusual interval", "unusual intervals")
        )));
    }
    list(items)
}

pub(super) fn gates(of: &Summary) -> Vec<Block> {
    list(
        of.gates
            .iter()
            .map(|gate| {
                let counts: Vec<String> = gate
                    .verdicts
                    .iter()
                    .map(|(verdict, count)| format!("{count} {verdict}"))
                    .collect();
                let shadow = if gate.shadow > 0 {
                    format!(" ({} only recorded)", gate.shadow)
                } else {
                    String::new()
                };
                let why = gate.reasons.join(" / ");
                vec![Span::Prose(Untrusted::capped(
                    format!("{}: {}{shadow}. {why}", gate.region, counts.join(", ")),
                    800,
                ))]
            })
            .collect(),
    )
}

pub(super) fn suppressed(of: &Summary) -> Vec<Block> {
    list(
        of.suppressed
            .iter()
            .map(|entry| {
                prose(&format!(
                    "{} ({} failures) by \"{}\": {} ({}{}), until {}",
                    plural(entry.incidents, "incident", "incidents"),
                    fmt::count(entry.failures),
                    entry.pattern,
                    entry.reason,
                    entry.owner,
                    if entry.ticket.is_empty() {
                        String::new()
                    } else {
                        format!(", {}", entry.ticket)
                    },
                    entry.expires
                ))
            })
            .collect(),
    )
}

pub(super) fn tool(of: &Summary) -> Vec<Block> {
    let tool = &of.tool;
    let cost = tool.cost_usd.map_or_else(
        || "nothing was billed".to_owned(),
        |usd| {
            format!(
                "{} calls to AWS, {} of them retries, about {usd:.2} USD",
                fmt::count(tool.calls_to_aws),
                fmt::count(tool.retried)
            )
        },
    );
    list(vec![
        plain(&format!(
            "ecr-incident {}: {} files read, {} left out by date, {} inputs refused, {} records late; {cost}.",
            tool.version,
            fmt::count(tool.files_read),
            fmt::count(tool.files_left_out),
            fmt::count(tool.refused),
            fmt::count(tool.late),
        )),
        plain(
            "The whole evidence: report.md. The numbers: nightly.json. To acknowledge an incident, add \
             it to the file given with --acknowledgements.",
        ),
    ])
}

pub(super) fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", fmt::count(n), if n == 1 { one } else { many })
}

pub(super) fn plain(words: &str) -> Text {
    vec![Span::Plain(words.to_owned())]
}

pub(super) fn prose(words: &str) -> Text {
    vec![Span::Prose(Untrusted::capped(words, 1000))]
}

pub(super) fn code(name: &str) -> Text {
    vec![Span::Code(Untrusted::new(name))]
}

pub(super) fn list(items: Vec<Text>) -> Vec<Block> {
    if items.is_empty() {
        return Vec::new();
    }
    vec![Block::List {
        ordered: false,
        items,
    }]
}

pub(super) fn table(
    header: Vec<&'static str>,
    align: &[Align],
    rows: Vec<Vec<Text>>,
    note: &str,
) -> Vec<Block> {
    if rows.is_empty() {
        return Vec::new();
    }
    vec![Block::Table(Table {
        header,
        align: align.to_vec(),
        rows,
        note: plain(note),
    })]
}
