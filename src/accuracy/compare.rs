//! One run: which incident of the report speaks of which that happened.

use crate::simulate::truth::{Happened, Truth};
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// What a report says of one incident; a part of `report.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Said {
    account: String,
    region: String,
    signal: String,
    onset: DateTime<Utc>,
    recovery: Option<DateTime<Utc>>,
    failures: u64,
    verdict: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Answer {
    side: String,
    cause: String,
    confidence: String,
}

/// What became of one incident that happened.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Cause and side that were right, the cause that really was, and whether it could be told.
    pub(super) cause: String,
    pub(super) side: String,
    pub(super) really: String,
    pub(super) decidable: bool,
    pub(super) failed_calls: u64,
    /// The answer, when it was detected.
    pub(super) answer: Option<Told>,
}

/// The answer to a detected incident.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) side: String,
    pub(super) cause: String,
    pub(super) confidence: String,
    pub(super) side_right: bool,
    pub(super) cause_right: bool,
    /// Minutes said minus minutes true.
    pub(super) onset_error: i64,
    /// `None` when it outlasts the window.
    pub(super) recovery_error: Option<i64>,
}

/// One run, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub(super) scenario: String,
    pub(super) blind: bool,
    pub(super) bursty: bool,
    pub(super) found: Vec<Found>,
    /// Incidents of the report that speak of nothing that happened.
    pub(super) invented: u64,
    /// Incidents of another kind beside one that happened.
    pub(super) echoes: u64,
    /// Incidents that blame AWS where nothing of AWS happened.
    pub(super) aws_blamed: u64,
    /// Region-days of the window.
    pub(super) region_days: f64,
    /// What went wrong, one line each.
    pub(super) wrong: Vec<String>,
}

/// Minutes by which an incident may miss one that happened and still speak of it.
const NEAR: i64 = 10;

fn time(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).map_or(0, |at| at.timestamp().div_euclid(60))
}

fn minute(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(60)
}

impl Said {
    fn span(&self, end: i64) -> (i64, i64) {
        (minute(self.onset), self.recovery.map_or(end, minute))
    }

    fn is_at(&self, happened: &Happened) -> bool {
        self.account == happened.account && self.region == happened.region
    }

    fn overlap(&self, happened: &Happened, end: i64) -> i64 {
        let (from, to) = self.span(end);
        let (onset, recovery) = (time(&happened.onset), time(&happened.recovery));
        to.min(recovery) - from.max(onset)
    }

    fn line(&self) -> String {
        format!(
            "{} {} from {} to {} with {} failures: {} / {} ({})",
            self.region,
            self.signal,
            self.onset.format("%m-%d %H:%M"),
            self.recovery
                .map_or("…".to_owned(), |at| at.format("%H:%M").to_string()),
            self.failures,
            self.verdict.side,
            self.verdict.cause,
            self.verdict.confidence
        )
    }
}

/// Compares a report with the truth of its run.
#[must_use]
pub fn compare(truth: &Truth, said: &[Said]) -> Seen {
    let end = time(&truth.to);
    let label = format!(
        "{} {}{}",
        truth.scenario,
        truth.seed,
        if truth.removed.is_empty() {
            String::new()
        } else {
            format!(" without {}", truth.removed)
        }
    );
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for happened in &truth.incidents {
        let mut about: Vec<&Said> = said
            .iter()
            .filter(|one| one.is_at(happened) && one.signal == happened.signal)
            .filter(|one| one.overlap(happened, end) > -NEAR)
            .collect();
        about.sort_by_key(|one| std::cmp::Reverse((one.overlap(happened, end), one.failures)));
        let answer = about
            .first()
            .map(|best| told(truth, happened, best, &about, end));
        complain(&label, happened, answer.as_ref(), &mut wrong);
        found.push(Found {
            cause: happened.cause.clone(),
            side: happened.side.clone(),
            really: happened.really.clone(),
            decidable: happened.decidable,
            failed_calls: happened.failed_calls,
            answer,
        });
    }
    let (mut invented, mut echoes, mut aws_blamed) = (0, 0, 0);
    for one in said {
        let near: Vec<&Happened> = truth
            .incidents
            .iter()
            .filter(|happened| one.is_at(happened) && one.overlap(happened, end) > -30)
            .collect();
        if near.is_empty() {
            invented += 1;
            wrong.push(format!("{label}: invented {}", one.line()));
        } else if near.iter().all(|happened| happened.signal != one.signal) {
            echoes += 1;
            wrong.push(format!("{label}: beside it {}", one.line()));
        }
        let of_aws =
            |happened: &&Happened| happened.side == "aws" || happened.really.starts_with("aws_");
        if one.verdict.side == "aws" && !near.iter().any(of_aws) {
            aws_blamed += 1;
            wrong.push(format!("{label}: AWS BLAMED {}", one.line()));
        }
    }
    Seen {
        scenario: truth.scenario.clone(),
        blind: !truth.removed.is_empty(),
        bursty: truth.background.iter().any(|word| word == "bursts"),
        found,
        invented,
        echoes,
        aws_blamed,
        region_days: (end - time(&truth.from)) as f64 / 1440.0 * truth.places.len() as f64,
        wrong,
    }
}

fn told(truth: &Truth, happened: &Happened, best: &Said, about: &[&Said], end: i64) -> Told {
    let answer = &best.verdict;
    // A place whose trail has holes may be told in pieces; its ends are those of all pieces. Pieces
    // that speak of another incident of the same kind do not count.
    let own = |one: &&&Said| {
        truth.incidents.iter().all(|other| {
            std::ptr::eq(other, happened)
                || other.signal != happened.signal
                || !one.is_at(other)
                || one.overlap(other, end) <= one.overlap(happened, end)
        })
    };
    let pieces = || about.iter().filter(own);
    let onset = pieces()
        .map(|one| minute(one.onset))
        .min()
        .unwrap_or_else(|| minute(best.onset));
    let recovery = pieces().map(|one| one.span(end).1).max().unwrap_or(end);
    let cause_right = answer.cause == happened.cause || happened.also.contains(&answer.cause);
    Told {
        side: answer.side.clone(),
        cause: answer.cause.clone(),
        confidence: answer.confidence.clone(),
        side_right: cause_right || answer.side == happened.side,
        cause_right,
        onset_error: onset - time(&happened.onset),
        recovery_error: (!happened.ongoing).then(|| recovery - time(&happened.recovery)),
    }
}

fn complain(label: &str, happened: &Happened, answer: Option<&Told>, wrong: &mut Vec<String>) {
    let what = format!(
        "{label}: {} in {} with {} failed calls at {:.0} %, {} to {}",
        happened.really,
        happened.region,
        happened.failed_calls,
        100.0 * happened.severity,
        happened.onset.get(5..16).unwrap_or_default(),
        happened.recovery.get(11..16).unwrap_or_default(),
    );
    match answer {
        None if happened.failed_calls >= 8 => wrong.push(format!("{what}: MISSED")),
        Some(told) if !told.side_right || !told.cause_right => wrong.push(format!(
            "{what}: called {} / {} ({})",
            told.side, told.cause, told.confidence
        )),
        _ => {}
    }
    if let Some(told) = answer {
        if told.onset_error.abs() > 2 {
            wrong.push(format!("{what}: onset off by {} min", told.onset_error));
        }
        if let Some(off) = told.recovery_error.filter(|off| off.abs() > 5) {
            wrong.push(format!("{what}: recovery off by {off} min"));
        }
    }
}
