//! The counts as Markdown tables.

use super::score::{Score, quantile};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Causes and sides in the order of the contract.
const ORDER: [&str; 18] = [
    "aws",
    "customer",
    "third_party",
    "aws_service_fault",
    "aws_side_throttling",
    "quota_exhaustion",
    "retry_storm",
    "permission_change",
    "kms_key",
    "image_removed",
    "resource_quota",
    "network_path",
    "caller_configuration",
    "upstream_registry",
    "evidence_gap",
    "undetermined",
    "missed",
    "",
];

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    format!("{:.1} %", 100.0 * part as f64 / whole as f64)
}

/// The tables; `how` is the command that makes them again.
#[must_use]
pub fn markdown(score: &Score, how: &str, with_lines: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} runs, by `{how}`.\n", score.runs);
    head(score, &mut out);
    matrix(
        "Side: true (rows) against said (columns)",
        &score.sides,
        &mut out,
    );
    matrix(
        "Cause: true (rows) against said (columns)",
        &score.causes,
        &mut out,
    );
    let _ = writeln!(
        out,
        "### By what happened\n\n| what happened | incidents | detected | side right | cause right |\n|---|--:|--:|--:|--:|"
    );
    for (cause, (all, detected, side, right)) in &score.by_cause {
        let _ = writeln!(
            out,
            "| {cause} | {all} | {detected} | {} | {} |",
            percent(*side, *detected),
            percent(*right, *detected)
        );
    }
    let _ = writeln!(
        out,
        "\n### Calibration of confidence\n\n| said | answers | side right | cause right |\n|---|--:|--:|--:|"
    );
    for word in ["high", "medium", "low"] {
        let (all, side, cause) = score.confidence.get(word).copied().unwrap_or_default();
        let _ = writeln!(
            out,
            "| {word} | {all} | {} | {} |",
            percent(side, all),
            percent(cause, all)
        );
    }
    if with_lines && !score.wrong.is_empty() {
        let _ = writeln!(out, "\n### What went wrong\n\n```text");
        for line in &score.wrong {
            let _ = writeln!(out, "{line}");
        }
        let _ = writeln!(out, "```");
    }
    out
}

fn head(score: &Score, out: &mut String) {
    let minutes = |sorted: &[i64], share| {
        quantile(sorted, share).map_or("–".to_owned(), |value| format!("{value} min"))
    };
    let rate = |(count, days): (u64, f64)| {
        if days > 0.0 {
            format!("{:.3} ({count} in {days:.0})", count as f64 / days)
        } else {
            "–".to_owned()
        }
    };
    let (detected, side, cause) = score.right;
    let of = |(part, whole): (u64, u64)| format!("{} ({part} of {whole})", percent(part, whole));
    let matched = detected;
    let rows = [
        ("side right, of detected", of((side, detected)), "≥ 97 %"),
        ("cause right, of detected", of((cause, detected)), "≥ 92 %"),
        (
            "AWS blamed wrongly, customer-caused, undetermined and quiet",
            of(score.aws_blamed),
            "< 0.5 %",
        ),
        ("abstained, evidence complete", of(score.abstained), "≤ 8 %"),
        (
            "abstained, decisive source removed",
            of(score.abstained_blind),
            "≥ 90 %",
        ),
        ("recall, all sizes", of(score.recall[0]), ""),
        ("recall, ≥ 8 failed calls", of(score.recall[1]), "≥ 85 %"),
        ("recall, ≥ 20 failed calls", of(score.recall[2]), "≥ 95 %"),
        (
            "precision (incidents that speak of something)",
            of((matched, matched + score.invented)),
            "",
        ),
        (
            "incidents of another kind beside one that happened",
            score.echoes.to_string(),
            "",
        ),
        (
            "onset error, median",
            minutes(&score.onset_errors, 0.5),
            "0",
        ),
        (
            "onset error, 90 %",
            minutes(&score.onset_errors, 0.9),
            "≤ 2 min",
        ),
        (
            "recovery error, median",
            minutes(&score.recovery_errors, 0.5),
            "",
        ),
        (
            "recovery error, 90 %",
            minutes(&score.recovery_errors, 0.9),
            "≤ 5 min",
        ),
        (
            "false incidents per quiet region-day",
            rate(score.quiet),
            "< 0.02",
        ),
        (
            "… with background errors in bursts",
            rate(score.quiet_bursty),
            "< 0.02",
        ),
    ];
    let _ = writeln!(out, "| measure | value | bar |\n|---|--:|--:|");
    for (name, value, bar) in rows {
        let _ = writeln!(out, "| {name} | {value} | {bar} |");
    }
    out.push('\n');
}

fn place(word: &str) -> usize {
    ORDER
        .iter()
        .position(|known| *known == word)
        .unwrap_or(ORDER.len())
}

fn sorted(words: BTreeSet<&str>) -> Vec<&str> {
    let mut words: Vec<&str> = words.into_iter().collect();
    words.sort_by_key(|word| place(word));
    words
}

fn matrix(title: &str, cells: &BTreeMap<(String, String), u64>, out: &mut String) {
    let rows = sorted(cells.keys().map(|(truth, _)| truth.as_str()).collect());
    let columns = sorted(cells.keys().map(|(_, said)| said.as_str()).collect());
    let _ = writeln!(out, "### {title}\n");
    let _ = writeln!(out, "| | {} |", columns.join(" | "));
    let _ = writeln!(out, "|---|{}", "--:|".repeat(columns.len()));
    for row in rows {
        let counts: Vec<String> = columns
            .iter()
            .map(|column| {
                let count = cells.get(&(row.to_owned(), (*column).to_owned()));
                count.map_or("".to_owned(), ToString::to_string)
            })
            .collect();
        let _ = writeln!(out, "| {row} | {} |", counts.join(" | "));
    }
    out.push('\n');
}
