//! What is missing, what no run can see, and how to make the report again.
//!
//! Gaps come from the facts, from the judgement and from the sources' own outcomes; none is
//! dropped, equal ones are told once.

use super::causes;
use super::story::Story;
use super::words::{cell, list, plural, say, strong, table};
use crate::bundle::manifest::{Noun, Outcome};
use crate::case::rfc3339;
use crate::facts::types::Gap;
use crate::report::fmt;
use crate::report::model::{Block, Text, Untrusted};
use std::collections::BTreeSet;

/// Refused inputs listed; the rest are counted.
const REFUSALS: usize = 8;

/// `complete`, `partial` or `missing`: the state of a source in a word.
pub(super) fn state(story: &Story<'_>, noun: Noun) -> &'static str {
    match story.source(noun).map(|entry| &entry.outcome) {
        Some(Outcome::Complete) => "complete",
        Some(Outcome::Partial { .. }) => "partial",
        Some(Outcome::Unavailable { .. }) | None => "missing",
    }
}

/// Every gap, sorted, each once.
pub(super) fn all(story: &Story<'_>) -> Vec<Gap> {
    let mut gaps: BTreeSet<Gap> = story
        .facts
        .gaps
        .iter()
        .chain(&story.findings.gaps)
        .cloned()
        .collect();
    for noun in Noun::ALL {
        // A source somebody already spoke about needs no second line from its outcome.
        let told = gaps.iter().any(|gap| gap.noun == noun.word());
        if noun == Noun::Status && state(story, Noun::Health) != "missing" {
            // The public feed adds little to an account's own Health events.
            continue;
        }
        let entry = story.source(noun);
        match entry.map(|entry| &entry.outcome) {
            Some(Outcome::Complete) => {}
            Some(Outcome::Partial { why }) => {
                if !gaps
                    .iter()
                    .any(|gap| gap.noun == noun.word() && gap.what.contains(why))
                {
                    gaps.insert(gap(
                        noun,
                        why,
                        "Refused or missing parts were not counted.",
                        "Give the missing inputs and run again.",
                    ));
                }
            }
            Some(Outcome::Unavailable { why, hint }) if !told => {
                gaps.insert(gap(noun, why, consequence(noun), hint));
            }
            None if !told => {
                gaps.insert(gap(noun, "not given", consequence(noun), how_to_get(noun)));
            }
            Some(Outcome::Unavailable { .. }) | None => {}
        }
    }
    let case = &story.facts.case;
    let settled_told = gaps
        .iter()
        .any(|gap| gap.noun == Noun::Trail.word() && gap.what.contains("settled"));
    if story.facts.settled_until < case.window.to && !settled_told {
        let late = (case.window.to - story.facts.settled_until).num_seconds();
        gaps.insert(gap(
            Noun::Trail,
            &format!(
                "the last {} of the window are not settled (after {})",
                fmt::duration(late),
                fmt::moment(story.facts.settled_until)
            ),
            "Counts of these minutes may still grow; a recovery there is not proven.",
            "Run again once the records have arrived (CloudTrail delivers within about five minutes on average, without a guarantee).",
        ));
    }
    gaps.into_iter().collect()
}

fn gap(noun: Noun, what: &str, consequence: &str, hint: &str) -> Gap {
    Gap {
        noun: noun.word().to_owned(),
        what: what.to_owned(),
        consequence: consequence.to_owned(),
        hint: hint.to_owned(),
    }
}

fn consequence(noun: Noun) -> &'static str {
    match noun {
        Noun::Trail => "No calls, errors, callers or changes are known.",
        Noun::Metrics => "How complete the trail is cannot be told.",
        Noun::Quotas => "Whether calls were above their quota cannot be told.",
        Noun::Health => "What AWS told this account cannot be told.",
        Noun::Status => "What AWS told the public cannot be told.",
    }
}

fn how_to_get(noun: Noun) -> &'static str {
    match noun {
        Noun::Trail => "Add --cloudtrail PATH.",
        Noun::Metrics => "Add --metrics FILE with the output of aws cloudwatch get-metric-data.",
        Noun::Quotas => {
            "Add --quotas FILE with the output of aws service-quotas list-service-quotas --service-code ecr."
        }
        Noun::Health => {
            "Add --health FILE with the output of aws health describe-events (needs a paid support plan)."
        }
        Noun::Status => "Add --health FILE with a saved public status feed (needs no account).",
    }
}

/// The table of gaps, refused inputs, and standing limits.
pub(super) fn blocks(story: &Story<'_>) -> Vec<Block> {
    let gaps = all(story);
    let mut blocks = Vec::new();
    if gaps.is_empty() {
        blocks.push(say("Every source was given and read completely.").para());
    } else {
        let rows = alike(&gaps)
            .into_iter()
            .map(|(gap, more)| {
                let mut what = say("").prose(&gap.what);
                if more > 0 {
                    what = what.and(format!(" (and {more} more like this, all in report.json)"));
                }
                vec![
                    cell(gap.noun.as_str()),
                    what.done(),
                    say("").prose(&gap.consequence).done(),
                    say("").prose(&gap.hint).done(),
                ]
            })
            .collect();
        blocks.push(table(
            &[
                "Source",
                "What is missing",
                "What we cannot say",
                "What to do",
            ],
            rows,
            Vec::new(),
        ));
    }
    blocks.push(strong("What no run can see").para());
    blocks.extend(list(
        causes::limits()
            .iter()
            .map(|limit| {
                strong(format!("{}.", limit.what))
                    .and(format!(" {}", limit.why))
                    .done()
            })
            .collect(),
    ));
    blocks
}

/// Gaps with the same consequence and the same way out are told once, with their number.
fn alike(gaps: &[Gap]) -> Vec<(&Gap, usize)> {
    let mut told: Vec<(&Gap, usize)> = Vec::new();
    for gap in gaps {
        let same = |other: &Gap| {
            other.noun == gap.noun && other.consequence == gap.consequence && other.hint == gap.hint
        };
        match told.iter_mut().find(|(first, _)| same(first)) {
            Some((_, more)) => *more += 1,
            None => told.push((gap, 0)),
        }
    }
    told
}

/// Inputs refused or read in part, with their reason.
pub(super) fn refusals(story: &Story<'_>) -> Option<Block> {
    let all: Vec<_> = story
        .facts
        .sources
        .iter()
        .flat_map(|entry| &entry.refusals)
        .collect();
    let mut items: Vec<Text> = all
        .iter()
        .take(REFUSALS)
        .map(|refusal| {
            let part = if refusal.partly_used {
                " (read in part): "
            } else {
                ": "
            };
            say("")
                .code(&refusal.input)
                .and(part)
                .prose(&refusal.why)
                .done()
        })
        .collect();
    if all.len() > REFUSALS {
        items.push(cell(format!(
            "and {} more in the bundle's manifest",
            all.len() - REFUSALS
        )));
    }
    list(items)
}

/// Commands, inputs and the seal.
pub(super) fn reproduce(story: &Story<'_>) -> Vec<Block> {
    let program = story.meta.tool_name.as_str();
    let mut blocks = Vec::new();
    if story.meta.command.is_empty() {
        blocks.push(say("The command line was not recorded.").para());
    } else {
        blocks.push(say("Made by:").para());
        blocks.push(code(command_line(&story.meta.command)));
    }
    blocks.push(
        say("The same report from the sealed evidence beside this file, without any input or network:")
            .para(),
    );
    blocks.push(code(format!("{program} analyze bundle --out again")));
    let case = &story.facts.case;
    let mut items = vec![
        say("Evidence seal (SHA-256): ")
            .code_capped(&story.facts.seal, 80)
            .done(),
        cell(format!(
            "Window {} to {}, baseline {} to {}; the end is not included.",
            rfc3339(case.window.from),
            rfc3339(case.window.to),
            rfc3339(case.baseline.from),
            rfc3339(case.baseline.to)
        )),
        cell(
            "What is marked observed stands in the evidence; what is marked inferred follows from it by fixed rules. The same evidence always gives the same report.",
        ),
    ];
    for entry in &story.facts.sources {
        if entry.asked.is_empty() {
            continue;
        }
        let files = if entry.files_read > 0 {
            format!(
                " ({} read, {} left out by their date)",
                plural(entry.files_read, "file", "files"),
                fmt::count(entry.files_pruned)
            )
        } else {
            String::new()
        };
        items.push(
            say(format!("Asked of {}: ", entry.noun.word()))
                .codes(&entry.asked, 6)
                .and(files)
                .done(),
        );
    }
    blocks.extend(list(items));
    blocks
}

fn code(text: String) -> Block {
    Block::Code {
        language: "sh",
        text: Untrusted::capped(text, 4_000),
    }
}

/// Arguments as one line; those with anything but plain characters in single quotes (POSIX).
fn command_line(arguments: &[String]) -> String {
    arguments
        .iter()
        .map(|argument| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._/:@=+,-".contains(c);
            if !argument.is_empty() && argument.chars().all(plain) {
                argument.clone()
            } else {
                format!("'{}'", argument.replace('\'', r"'\''"))
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}
