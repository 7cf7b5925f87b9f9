//! What was fetched of the trail, from however many places, made into one: pure.
//!
//! ```text
//! places ─▶ Got, Got, … ─merge─▶ Harvest ─scan (by the pipeline)─▶ SourceEntry ─amend─▶ the ledger
//! ```
//!
//! Must never let a place that failed go unsaid, nor let the ledger count less than was read.

use super::logs::row::Controls;
use super::young::Youth;
use crate::bundle::manifest::{Bill, Noun, Outcome, Refusal, SourceEntry, Tally};
use crate::bundle::rows::ControlRow;
use crate::case::{Case, Instant, Interval, Minute, ceil_minute};
use crate::collect::aws::fault::Trouble;
use crate::collect::aws::known::Kind;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The word under which the ledger counts records of other services.
const OTHER_SERVICE: &str = "other_service";

/// What one place gave: a log group, a bucket, the event history of a region.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Got {
    /// The place, as people name it.
    pub(crate) place: String,
    /// Whether anything of it could be read.
    pub(crate) was_read: bool,
    /// Everything delivered from this time on was read; `None` when all of it was.
    pub(crate) covered_from: Option<Instant>,
    /// Evidence that is missing, clauses.
    pub(crate) missing: Vec<String>,
    /// For the reader's information, clauses.
    pub(crate) said: Vec<String>,
    /// Calls that AWS refused or did not answer.
    pub(crate) troubles: Vec<Trouble>,
    /// Counts of other services, made by the server.
    pub(crate) controls: Controls,
    /// It begins inside the case, and what is older has not been looked for yet.
    pub(crate) youth: Option<Youth>,
    /// The server's counts hold from this time on; what is older is counted by the scan.
    pub(crate) counted_from: Option<Instant>,
}

/// Everything fetched, ready for the scanner.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Harvest {
    /// The folder of records; `None` when nothing could be read.
    pub records: Option<PathBuf>,
    /// The places read, in order.
    pub asked: Vec<String>,
    /// Counts of other services, sorted.
    pub controls: Vec<ControlRow>,
    /// The minute from which on the counts above stand for all calls of an account, where files of a
    /// bucket hold some of the same calls.
    counted_from: BTreeMap<String, i64>,
    /// How many of their calls lay outside the case.
    pub controls_outside: u64,
    /// The baseline, when it had to be cut shorter.
    pub baseline: Option<Interval>,
    /// Evidence that is missing, sentences.
    pub missing: Vec<String>,
    /// What to do about it, sentences.
    pub hints: Vec<String>,
    /// For the reader's information: place and clause.
    pub said: Vec<(String, String)>,
    /// What asking took.
    pub bill: Bill,
    /// The credentials ran out on the way: with fresh ones the rest can be had.
    pub is_expired: bool,
}

/// Makes one harvest of what all places gave.
#[must_use]
pub(crate) fn merge(case: &Case, records: PathBuf, parts: &[Got], bill: Bill) -> Harvest {
    let mut out = Harvest {
        bill,
        ..Harvest::default()
    };
    let mut covered: Option<Instant> = None;
    if parts.iter().any(|part| part.was_read) {
        out.records = Some(records);
    }
    for part in parts {
        if part.was_read {
            covered = covered.max(part.covered_from);
        }
        if !out.asked.contains(&part.place) {
            out.asked.push(part.place.clone());
        }
        for what in &part.missing {
            out.missing.push(format!("{}: {what}", part.place));
        }
        for trouble in &part.troubles {
            out.is_expired |= matches!(trouble.kind, Kind::Expired | Kind::NoCredentials);
            let told = part
                .missing
                .iter()
                .any(|clause| clause.contains(&trouble.sentence()));
            if !told {
                out.missing
                    .push(format!("{}: {}", part.place, trouble.sentence()));
            }
            if !trouble.hint.is_empty() && !out.hints.contains(&trouble.hint) {
                out.hints.push(trouble.hint.clone());
            }
        }
        out.said.extend(
            part.said
                .iter()
                .map(|what| (part.place.clone(), what.clone())),
        );
        // A place whose records did not come gives way to the next, which holds the same calls again.
        if part.was_read {
            out.controls_outside += part.controls.out_of_window;
            let mut rows = part.controls.rows();
            if let Some(from) = part.counted_from {
                let first = Minute::of(ceil_minute(from)).0;
                rows.retain(|row| row.minute >= first);
                for row in &rows {
                    out.counted_from.insert(row.account.clone(), first);
                }
            }
            out.controls.extend(rows);
        }
    }
    out.controls = summed(out.controls);
    out.baseline = covered.and_then(|from| shorter(case, from));
    if let Some(baseline) = out.baseline {
        out.missing.push(format!(
            "the baseline was cut to {baseline}, because no more of it could be read"
        ));
    }
    out.missing.dedup();
    out
}

/// The baseline from a time on; `None` when that is all of it.
fn shorter(case: &Case, from: Instant) -> Option<Interval> {
    let from = ceil_minute(from).clamp(case.baseline.from, case.baseline.to);
    (from > case.baseline.from).then(|| Interval::new(from, case.baseline.to))
}

/// Rows of the same minute, place and service made one; several places can hold the same service.
fn summed(rows: Vec<ControlRow>) -> Vec<ControlRow> {
    let mut cells: BTreeMap<(i64, String, String, String), ControlRow> = BTreeMap::new();
    for row in rows {
        let key = (
            row.minute,
            row.account.clone(),
            row.region.clone(),
            row.event_source.clone(),
        );
        match cells.get_mut(&key) {
            None => {
                cells.insert(key, row);
            }
            Some(cell) => {
                cell.calls = cell.calls.saturating_add(row.calls);
                cell.errors = cell.errors.saturating_add(row.errors);
                cell.faults = cell.faults.saturating_add(row.faults);
            }
        }
    }
    cells.into_values().collect()
}

impl Harvest {
    /// Whether the server has counted what the scan counted here.
    #[must_use]
    pub fn has_counted(&self, row: &ControlRow) -> bool {
        self.counted_from
            .get(&row.account)
            .is_some_and(|first| row.minute >= *first)
    }

    /// The ledger's line when nothing could be read.
    #[must_use]
    pub fn unavailable(&self) -> SourceEntry {
        let why = if self.missing.is_empty() {
            "no trail could be read".to_owned()
        } else {
            self.missing.join("; ")
        };
        let mut hint = self.hints.join(" ");
        if hint.is_empty() {
            "Name the trail's log group with --log-group, its bucket with --cloudtrail s3://…, or \
             files with --cloudtrail PATH."
                .clone_into(&mut hint);
        }
        SourceEntry {
            noun: Noun::Trail,
            outcome: Outcome::Unavailable { why, hint },
            asked: self.asked.clone(),
            tally: Tally::default(),
            by_scope: BTreeMap::new(),
            refusals: self.refusals(),
            files_read: 0,
            files_pruned: 0,
            files_late: 0,
            signed: None,
            lateness_s: 0,
            bytes_read: 0,
            bill: Some(self.bill.clone()),
        }
    }

    /// The ledger's line of the scan over what was fetched: places instead of folders, what is
    /// missing, and the calls the server counted.
    pub fn amend(&self, entry: &mut SourceEntry) {
        let folder = self
            .records
            .as_ref()
            .map(|folder| folder.to_string_lossy().into_owned())
            .unwrap_or_default();
        entry.asked.retain(|asked| *asked != folder);
        entry.asked.extend(self.asked.iter().cloned());
        for refusal in &mut entry.refusals {
            if let Some(inside) = refusal.input.strip_prefix(&folder) {
                refusal.input = inside.trim_start_matches('/').to_owned();
            }
            if let Some(object) = refusal.input.strip_prefix("s3/") {
                refusal.input = format!("s3://{object}");
            }
        }
        entry.refusals.extend(self.refusals());
        entry.refusals.sort();
        for row in &self.controls {
            let place = format!("{}/{}", row.account, row.region);
            let tally = entry.by_scope.entry(place).or_default();
            for tally in [tally, &mut entry.tally] {
                let calls = u64::from(row.calls);
                tally.read += calls;
                tally.skipped += calls;
                *tally
                    .skipped_by
                    .entry(OTHER_SERVICE.to_owned())
                    .or_default() += calls;
            }
        }
        if self.controls_outside > 0 {
            let nowhere = entry.by_scope.entry("?".to_owned()).or_default();
            for tally in [nowhere, &mut entry.tally] {
                tally.read += self.controls_outside;
                tally.out_of_window += self.controls_outside;
            }
        }
        entry.bill = Some(self.bill.clone());
        self.judge(entry);
    }

    fn judge(&self, entry: &mut SourceEntry) {
        if matches!(entry.outcome, Outcome::Unavailable { .. }) && self.records.is_some() {
            // The places were read and hold nothing of the case. That is an answer, and whether it
            // is believable is for the coverage to say.
            entry.outcome = Outcome::Complete;
        }
        if self.missing.is_empty() {
            return;
        }
        let mut why = self.missing.join("; ");
        if let Outcome::Partial { why: own } = &entry.outcome {
            why = format!("{own}; {why}");
        }
        if !self.hints.is_empty() {
            why.push_str(". ");
            why.push_str(self.hints.join(" ").trim_end_matches('.'));
        }
        entry.outcome = Outcome::Partial { why };
    }

    fn refusals(&self) -> Vec<Refusal> {
        self.said
            .iter()
            .map(|(place, what)| Refusal {
                input: place.clone(),
                why: what.clone(),
                partly_used: true,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
