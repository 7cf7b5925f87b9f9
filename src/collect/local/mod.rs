//! Small answers saved by the user: CloudWatch, Service Quotas, AWS Health and the status feed.
//!
//! Every file is recognised by its content, not by the flag it came with. It must never drop an
//! input without a reason: what is not read is a refusal, what is cut short makes the source
//! partial, and every record read is used, skipped by name, duplicate or out of the window.

mod open;
mod recognise;

use super::count;
use crate::bundle::manifest::{Noun, Outcome, Refusal, SourceEntry, Tally};
use crate::bundle::raw::{RawAnswer, Shape};
use crate::case::Case;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The files named on the command line, in the order given.
#[derive(Debug, Clone, Default)]
pub struct LocalInputs {
    /// `--metrics`.
    pub metrics: Vec<PathBuf>,
    /// `--health`.
    pub health: Vec<PathBuf>,
    /// `--quotas`.
    pub quotas: Vec<PathBuf>,
}

/// What the files held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LocalEvidence {
    /// Verbatim answers by source, in the order read; sources without an answer are absent.
    pub answers: BTreeMap<Noun, Vec<RawAnswer>>,
    /// One entry per source asked for or found, in [`Noun::ALL`] order.
    pub entries: Vec<SourceEntry>,
}

/// The source a shape belongs to.
fn noun_of(shape: Shape) -> Noun {
    match shape {
        Shape::GetMetricData | Shape::MetricDataQueries => Noun::Metrics,
        Shape::ListServiceQuotas | Shape::GetServiceQuota => Noun::Quotas,
        Shape::DescribeEvents | Shape::DescribeEventDetails | Shape::EventBridgeHealth => {
            Noun::Health
        }
        Shape::StatusFeed => Noun::Status,
    }
}

/// Whether a source is what the flag is for; `--health` takes the public feed as well.
fn belongs(flag: Noun, noun: Noun) -> bool {
    flag == noun || (flag == Noun::Health && noun == Noun::Status)
}

/// Reads every file; never fails, because a file that cannot be read is a finding of its own.
#[must_use]
pub fn read(inputs: &LocalInputs, case: &Case) -> LocalEvidence {
    let mut drafts: BTreeMap<Noun, Draft> = BTreeMap::new();
    for (flag, paths) in [
        (Noun::Metrics, &inputs.metrics),
        (Noun::Quotas, &inputs.quotas),
        (Noun::Health, &inputs.health),
    ] {
        for path in paths {
            read_one(flag, path, &mut drafts);
        }
    }
    let mut evidence = LocalEvidence::default();
    for (noun, draft) in drafts {
        evidence.entries.push(draft.entry(noun, case));
        if !draft.answers.is_empty() {
            evidence.answers.insert(noun, draft.answers);
        }
    }
    evidence
}

fn read_one(flag: Noun, path: &Path, drafts: &mut BTreeMap<Noun, Draft>) {
    let input = path.display().to_string();
    let (text, bytes) = match open::text(path) {
        Ok(opened) => opened,
        Err(why) => {
            let draft = drafts.entry(flag).or_default();
            draft.ask(input.clone());
            draft.refuse(&input, why, false);
            return;
        }
    };
    let found = recognise::answers(&text, flag);
    let nouns: BTreeSet<Noun> = found.answers.iter().map(|(s, _)| noun_of(*s)).collect();
    for noun in &nouns {
        let draft = drafts.entry(*noun).or_default();
        draft.files += 1;
        draft.bytes = draft.bytes.saturating_add(bytes);
        let note = match (&found.note, belongs(flag, *noun)) {
            (_, false) => format!(" (given as --{})", flag.word()),
            (Some(note), true) => format!(" ({note})"),
            (None, true) => String::new(),
        };
        draft.ask(format!("{input}{note}"));
    }
    // The flag asked for its own source: its entry must say that the file held something else.
    if !nouns.iter().any(|noun| belongs(flag, *noun)) {
        let draft = drafts.entry(flag).or_default();
        draft.ask(input.clone());
        if let Some(noun) = nouns.first() {
            draft
                .elsewhere
                .insert(format!("{input} holds {}", noun.word()));
        }
    }
    if let Some(why) = found.unread {
        // What went wrong in a file that was partly used stands with the source that used it.
        let blamed = nouns.first().copied().unwrap_or(flag);
        let draft = drafts.entry(blamed).or_default();
        draft.refuse(&input, why, !nouns.is_empty());
    }
    for (shape, answer) in found.answers {
        let draft = drafts.entry(noun_of(shape)).or_default();
        draft.answers.push(RawAnswer {
            input: input.clone(),
            shape,
            answer,
        });
    }
}

/// One source while its files are being read.
#[derive(Default)]
struct Draft {
    answers: Vec<RawAnswer>,
    asked: Vec<String>,
    refusals: BTreeSet<Refusal>,
    elsewhere: BTreeSet<String>,
    files: u64,
    bytes: u64,
}

impl Draft {
    fn ask(&mut self, what: String) {
        if !self.asked.contains(&what) {
            self.asked.push(what);
        }
    }

    fn refuse(&mut self, input: &str, why: String, partly_used: bool) {
        self.refusals.insert(Refusal {
            input: input.to_owned(),
            why,
            partly_used,
        });
    }

    fn entry(&self, noun: Noun, case: &Case) -> SourceEntry {
        let counted = count::records(noun, &self.answers, case.whole());
        let mut refusals = self.refusals.clone();
        refusals.extend(counted.refusals);
        let mut tally = Tally::default();
        for part in counted.by_scope.values() {
            tally.add(part);
        }
        SourceEntry {
            noun,
            outcome: self.outcome(noun, &refusals, &counted.missing),
            asked: self.asked.clone(),
            tally,
            by_scope: counted.by_scope,
            refusals: refusals.into_iter().collect(),
            files_read: self.files,
            files_pruned: 0,
            files_late: 0,
            signed: None,
            lateness_s: 0,
            bytes_read: self.bytes,
            bill: None,
        }
    }

    fn outcome(&self, noun: Noun, refusals: &BTreeSet<Refusal>, missing: &[String]) -> Outcome {
        if self.answers.is_empty() {
            let mut reasons: Vec<String> = refusals
                .iter()
                .map(|refusal| format!("{}: {}", refusal.input, refusal.why))
                .collect();
            reasons.extend(self.elsewhere.iter().cloned());
            return Outcome::Unavailable {
                why: format!(
                    "no file given holds {}: {}",
                    noun.word(),
                    reasons.join("; ")
                ),
                hint: format!("give {}", expected(noun)),
            };
        }
        let mut reasons: Vec<String> = missing.to_vec();
        let unread = refusals.iter().filter(|refusal| !refusal.partly_used);
        match unread.count() {
            0 => {}
            1 => reasons.push("1 input could not be read".to_owned()),
            several => reasons.push(format!("{several} inputs could not be read")),
        }
        let partly = refusals.iter().filter(|refusal| refusal.partly_used);
        match partly.count() {
            0 => {}
            1 => reasons.push("1 input was read in part".to_owned()),
            several => reasons.push(format!("{several} inputs were read in part")),
        }
        if reasons.is_empty() {
            Outcome::Complete
        } else {
            Outcome::Partial {
                why: reasons.join("; "),
            }
        }
    }
}

/// What a source is read from, for hints.
fn expected(noun: Noun) -> &'static str {
    match noun {
        Noun::Trail => "CloudTrail records with --cloudtrail",
        Noun::Metrics => {
            "the JSON output of aws cloudwatch get-metric-data, or its MetricDataQueries file"
        }
        Noun::Quotas => {
            "the JSON output of aws service-quotas list-service-quotas, \
             list-aws-default-service-quotas or get-service-quota"
        }
        Noun::Health | Noun::Status => {
            "the JSON output of aws health describe-events or describe-event-details, EventBridge \
             events of aws.health, or a saved https://health.aws.amazon.com/public/currentevents"
        }
    }
}

#[cfg(test)]
mod tests;
