//! Sums over runs: confusion, recall, errors of time, false incidents, abstention, calibration.

use super::compare::{Found, Seen, Told};
use std::collections::BTreeMap;

/// Counts of a set of runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Score {
    /// Runs.
    pub runs: u64,
    /// True side, said side: incidents. `missed` stands for not detected.
    pub sides: BTreeMap<(String, String), u64>,
    /// True cause, said cause.
    pub causes: BTreeMap<(String, String), u64>,
    /// Detected incidents, those with the right side, those with the right cause.
    pub right: (u64, u64, u64),
    /// The same by what really happened, with all that happened first.
    pub by_cause: BTreeMap<String, (u64, u64, u64, u64)>,
    /// Detected of happened, with at least 1, 8 and 20 failed calls.
    pub recall: [(u64, u64); 3],
    /// Absolute errors of onset and recovery in minutes, sorted by [`Score::finish`].
    pub onset_errors: Vec<i64>,
    /// See `onset_errors`.
    pub recovery_errors: Vec<i64>,
    /// Incidents that speak of nothing that happened, over all runs.
    pub invented: u64,
    /// Incidents of another kind beside one that happened.
    pub echoes: u64,
    /// In runs without AWS's doing: incidents that blame AWS, of incidents or quiet runs.
    pub aws_blamed: (u64, u64),
    /// False incidents and region-days of quiet runs, and of those with bursts of background errors.
    pub quiet: (u64, f64),
    /// See `quiet`.
    pub quiet_bursty: (u64, f64),
    /// Answers `undetermined` of detected incidents with complete evidence.
    pub abstained: (u64, u64),
    /// The same with the decisive source removed.
    pub abstained_blind: (u64, u64),
    /// By confidence: answers, right side, right cause.
    pub confidence: BTreeMap<String, (u64, u64, u64)>,
    /// What went wrong, one line each.
    pub wrong: Vec<String>,
}

impl Score {
    /// Adds one run.
    pub fn add(&mut self, seen: &Seen) {
        self.runs += 1;
        self.invented += seen.invented;
        self.echoes += seen.echoes;
        self.wrong.extend(seen.wrong.iter().cloned());
        if seen.scenario == "quiet" {
            let false_ones = seen.invented + seen.echoes;
            self.quiet.0 += false_ones;
            self.quiet.1 += seen.region_days;
            if seen.bursty {
                self.quiet_bursty.0 += false_ones;
                self.quiet_bursty.1 += seen.region_days;
            }
        }
        self.aws_blamed.0 += seen.aws_blamed;
        self.aws_blamed.1 += u64::from(seen.scenario == "quiet");
        for found in &seen.found {
            self.one(found);
        }
    }

    fn one(&mut self, found: &Found) {
        let told = found.answer.as_ref();
        if found.side != "aws" {
            self.aws_blamed.1 += u64::from(told.is_some());
        }
        for (slot, least) in self.recall.iter_mut().zip([1, 8, 20]) {
            if found.failed_calls >= least {
                slot.1 += 1;
                slot.0 += u64::from(told.is_some());
            }
        }
        let said =
            |pick: fn(&Told) -> &String| told.map_or("missed".to_owned(), |t| pick(t).clone());
        let cell = (found.side.clone(), said(|t| &t.side));
        *self.sides.entry(cell).or_default() += 1;
        let cell = (found.cause.clone(), said(|t| &t.cause));
        *self.causes.entry(cell).or_default() += 1;
        let row = if found.decidable {
            found.really.clone()
        } else {
            format!("{} (source removed)", found.really)
        };
        let row = self.by_cause.entry(row).or_default();
        row.0 += 1;
        let Some(told) = told else {
            return;
        };
        let (side, cause) = (u64::from(told.side_right), u64::from(told.cause_right));
        row.1 += 1;
        row.2 += side;
        row.3 += cause;
        self.right.0 += 1;
        self.right.1 += side;
        self.right.2 += cause;
        let known = self.confidence.entry(told.confidence.clone()).or_default();
        known.0 += 1;
        known.1 += side;
        known.2 += cause;
        self.onset_errors.push(told.onset_error.abs());
        self.recovery_errors
            .extend(told.recovery_error.map(i64::abs));
        let open = u64::from(told.side == "undetermined");
        let slot = if found.decidable && found.side != "undetermined" {
            Some(&mut self.abstained)
        } else if !found.decidable {
            Some(&mut self.abstained_blind)
        } else {
            None
        };
        if let Some(slot) = slot {
            slot.0 += open;
            slot.1 += 1;
        }
    }

    /// Sorts what is asked for quantiles.
    pub fn finish(&mut self) {
        self.onset_errors.sort_unstable();
        self.recovery_errors.sort_unstable();
        self.wrong.sort();
    }
}

/// The value below which this share of the sorted values lies; `None` without values.
#[must_use]
pub(super) fn quantile(sorted: &[i64], share: f64) -> Option<i64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}
