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
    if !item.callers.is_empty() {
        text.push(Span::Plain("; ".to_owned()));
        text.push(Span::Prose(Untrusted::capped(item.callers.clone(), 200)));
    }
    if !item.note.is_empty() {
        text.push(Span::Plain("; ".to_owned()));
        text.push(Span::Prose(Untrusted::new(item.note.clone())));
    }
    if item.late {
        text.push(Span::Plain(
            "; found in records that arrived late".to_owned(),
        ));
    }
    text.push(Span::Plain(format!(
        "; cause {}; report.md, {}",
        cause(&item.cause, &item.side, &item.confidence),
        item.report
    )));
    text
}

/// A cause in words; side and confidence only where one was found.
fn cause(cause: &str, side: &str, confidence: &str) -> String {
    let word = cause.replace('_', " ");
    if side == "undetermined" {
        word
    } else {
        format!(
            "{word} (side {}, confidence {confidence})",
            side.replace('_', " ")
        )
    }
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
                "the cause was {} and is now {}",
                revision.cause_before,
                cause(&revision.cause, &revision.side, &revision.confidence)
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
                    "{}{first}",
                    moved(
                        mover.calls,
                        mover.calls_before,
                        mover.failures,
                        mover.failures_before
                    )
                )),
            ]
        })
        .collect();
    for mover in &of.party_movers {
        items.push(vec![
            Span::Plain(format!("{} ", mover.kind)),
            Span::Code(Untrusted::new(mover.name.clone())),
            Span::Prose(Untrusted::new(format!(
                " in {} ({})",
                mover.region, mover.account
            ))),
            Span::Plain(moved(
                mover.calls as f64,
                mover.calls_before,
                mover.failures as f64,
                mover.failures_before,
            )),
        ]);
    }
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

/// Both pairs of numbers; failures only where there were any.
fn moved(calls: f64, calls_before: f64, failures: f64, failures_before: f64) -> String {
    let mut text = format!(
        ": {} calls, usually {} a night",
        fmt::number(calls),
        fmt::number(calls_before)
    );
    if failures > 0.0 || failures_before > 0.0 {
        text.push_str(&format!(
            "; {} failures, usually {}",
            fmt::number(failures),
            fmt::number(failures_before)
        ));
    }
    text
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
                let ids = if entry.ids.is_empty() {
                    String::new()
                } else {
                    format!(" {}", entry.ids.join(" "))
                };
                prose(&format!(
                    "{}{ids} ({} failures) by \"{}\": {} ({}{}), until {}",
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
                "{} calls to AWS, {} of them retries, {:.1} s of waiting, about {usd:.2} USD",
                fmt::count(tool.calls_to_aws),
                fmt::count(tool.retried),
                tool.waited_ms as f64 / 1000.0
            )
        },
    );
    list(vec![
        plain(&format!(
            "ecr-incident {}, settings {}{}: {} files read, {} left out by date, {} inputs refused, {} records \
             late; {cost}.",
            tool.version,
            tool.config,
            tool.took_s
                .map_or_else(String::new, |took| format!(", {took} s")),
            fmt::count(tool.files_read),
            fmt::count(tool.files_left_out),
            fmt::count(tool.refused),
            fmt::count(tool.late),
        )),
        plain(&format!(
            "The whole evidence: report.md. The numbers: nightly.json. To acknowledge an incident, add \
             it to the file given with --acknowledgements. To tell this night again: the same command \
             with {} {}.",
            if of.night.contains('/') {
                "--window"
            } else {
                "--day"
            },
            of.night
        )),
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
