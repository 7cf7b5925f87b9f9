//! What was fetched of the trail, from however many places, made into one: pure.
//!
//! ```text
//! places ─▶ Got, Got, … ─merge─▶ Harvest ─scan (by the pipeline)─▶ SourceEntry ─amend─▶ the ledger
//! ```
//!
//! Must never let a place that failed go unsaid, nor let the ledger count less than was read.

use super::logs::row::Controls;
use crate::bundle::manifest::{Bill, Noun, Outcome, Refusal, SourceEntry, Tally};
use crate::bundle::rows::ControlRow;
use crate::case::{Case, Instant, Interval, ceil_minute};
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
            out.is_expired |= trouble.kind == Kind::Expired;
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
            out.controls.extend(part.controls.rows());
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
mod tests {
    use super::*;
    use crate::case::Scope;

    fn case() -> Case {
        let at = |text: &str| text.parse().unwrap();
        Case {
            window: Interval::new(at("2026-03-11T06:30:00Z"), at("2026-03-11T09:00:00Z")),
            baseline: Interval::new(at("2026-03-04T06:30:00Z"), at("2026-03-11T06:30:00Z")),
            scope: Scope::everything(),
            now: at("2026-03-11T12:00:00Z"),
        }
    }

    fn trouble() -> Trouble {
        Trouble {
            kind: Kind::Denied,
            action: "logs:StartQuery".to_owned(),
            what: "permission was denied".to_owned(),
            hint: "Allow logs:StartQuery for the identity that runs this.".to_owned(),
            code: "AccessDeniedException".to_owned(),
            request_id: String::new(),
        }
    }

    fn read(place: &str) -> Got {
        Got {
            place: place.to_owned(),
            was_read: true,
            ..Got::default()
        }
    }

    fn scanned() -> SourceEntry {
        SourceEntry {
            outcome: Outcome::Complete,
            asked: vec!["stage/records".to_owned()],
            refusals: vec![Refusal {
                input: "s3/logs/AWSLogs/x.json.gz".to_owned(),
                why: "cut short".to_owned(),
                partly_used: true,
            }],
            ..Harvest::default().unavailable()
        }
    }

    fn merged(parts: &[Got]) -> Harvest {
        merge(
            &case(),
            PathBuf::from("stage/records"),
            parts,
            Bill::default(),
        )
    }

    #[test]
    fn a_place_that_failed_is_said_with_its_permission_though_another_was_read() {
        let failed = Got {
            place: "log group trail".to_owned(),
            troubles: vec![trouble()],
            ..Got::default()
        };
        let harvest = merged(&[failed.clone(), read("s3://logs/")]);
        let mut entry = scanned();
        harvest.amend(&mut entry);
        let Outcome::Partial { why } = &entry.outcome else {
            panic!("{entry:?}")
        };
        assert!(
            why.contains("logs:StartQuery: permission was denied"),
            "{why}"
        );
        assert!(why.contains("Allow logs:StartQuery"), "{why}");
        assert_eq!(entry.asked, ["log group trail", "s3://logs/"]);
        assert_eq!(entry.refusals[0].input, "s3://logs/AWSLogs/x.json.gz");

        let nothing = merged(&[failed]).unavailable();
        assert!(
            matches!(nothing.outcome, Outcome::Unavailable { ref hint, .. }
            if hint.contains("Allow logs:StartQuery"))
        );
    }

    #[test]
    fn other_services_are_not_counted_by_a_place_that_gave_way() {
        let cell = |field: &str, value: &str| (field.to_owned(), value.to_owned());
        let row = vec![
            cell("minute", "2026-03-11T07:02"),
            cell("recipientAccountId", "111122223333"),
            cell("awsRegion", "us-east-1"),
            cell("eventSource", "sts.amazonaws.com"),
            cell("calls", "10"),
        ];
        let mut controls = Controls::default();
        controls.add(&[row], &case().whole());
        let mut group = Got {
            troubles: vec![trouble()],
            controls,
            ..Got::default()
        };
        assert!(merged(&[group.clone(), read("bucket")]).controls.is_empty());
        group.was_read = true;
        assert_eq!(merged(&[group]).controls.len(), 1);
    }

    #[test]
    fn the_baseline_is_cut_to_what_every_place_holds() {
        let at = |text: &str| Some(text.parse().unwrap());
        let one = Got {
            covered_from: at("2026-03-06T00:00:00Z"),
            ..read("a")
        };
        let two = Got {
            covered_from: at("2026-03-09T10:00:30Z"),
            ..read("b")
        };
        let harvest = merged(&[one, two, read("c")]);
        let baseline = harvest.baseline.unwrap();
        assert_eq!(Some(baseline.from), at("2026-03-09T10:01:00Z"));
        assert_eq!(baseline.to, case().window.from);
        assert_eq!(merged(&[read("c")]).baseline, None);
        assert!(harvest.missing.iter().any(|what| what.contains("baseline")));
    }

    #[test]
    fn what_the_server_counted_is_in_the_ledger() {
        let row = |calls: u32| ControlRow {
            minute: 29_000_000,
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            event_source: "sts.amazonaws.com".to_owned(),
            calls,
            errors: 1,
            faults: 0,
        };
        let harvest = Harvest {
            controls: summed(vec![row(3), row(4)]),
            controls_outside: 2,
            records: Some(PathBuf::from("stage/records")),
            ..Harvest::default()
        };
        assert_eq!(
            harvest.controls,
            [ControlRow {
                errors: 2,
                ..row(7)
            }]
        );
        let mut entry = scanned();
        harvest.amend(&mut entry);
        assert!(entry.tally.balances(), "{:?}", entry.tally);
        assert_eq!((entry.tally.read, entry.tally.skipped), (9, 7));
        assert!(entry.by_scope.values().all(Tally::balances));
        assert_eq!(entry.outcome, Outcome::Complete);
    }
}
