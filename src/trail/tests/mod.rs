//! Whole scans of small archives.

mod archive;
mod faults;
mod finding;
mod rows;
mod same;
mod spelling;

use super::{Progress, ScanRequest, Silent, scan};
use crate::bundle::manifest::{Outcome, SourceEntry};
use crate::bundle::rows::{CallRow, ChangeRow, ControlRow};
use crate::case::{Case, Interval, Scope};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A whole scan in memory.
#[derive(Debug, Default, PartialEq)]
struct TrailScan {
    calls: Vec<CallRow>,
    changes: Vec<ChangeRow>,
    controls: Vec<ControlRow>,
    entry: Option<SourceEntry>,
}

impl TrailScan {
    fn entry(&self) -> &SourceEntry {
        self.entry.as_ref().unwrap()
    }
}

fn whole_scan(request: &ScanRequest, progress: &dyn Progress) -> TrailScan {
    let mut whole = TrailScan::default();
    let mut last = i64::MIN;
    let entry = scan(request, progress, Ok, |hour| {
        assert!(hour.start > last, "hours come in order, each once");
        last = hour.start;
        whole.calls.extend(hour.calls.rows());
        whole.changes.extend(hour.changes);
        whole.controls.extend(hour.controls);
        Ok(())
    });
    whole.entry = Some(entry.unwrap());
    whole
}

/// A case whose window is the whole span.
fn case(span: Interval, scope: Scope) -> Case {
    Case {
        window: span,
        baseline: Interval::new(span.from, span.from),
        scope,
        now: span.to,
    }
}

/// 11 March 2026.
fn day() -> Interval {
    Interval::new(
        "2026-03-11T00:00:00Z".parse().unwrap(),
        "2026-03-12T00:00:00Z".parse().unwrap(),
    )
}

/// A successful pull, the `n`th of the day.
fn pull(n: u32) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:i-0abc",
            "arn": "arn:aws:sts::111122223333:assumed-role/node/i-0abc",
            "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/node"}}
        },
        "eventTime": format!("2026-03-11T{:02}:{:02}:{:02}Z", n / 3600 % 24, n / 60 % 60, n % 60),
        "eventSource": "ecr.amazonaws.com",
        "eventName": "BatchGetImage",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "ecr.amazonaws.com",
        "userAgent": "ecr.amazonaws.com",
        "requestParameters": {"registryId": "111122223333", "repositoryName": "team/app"},
        "responseElements": null,
        "requestID": format!("request-{n}"),
        "eventID": format!("event-{n}"),
        "readOnly": true,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
        "eventCategory": "Management"
    })
}

/// The value with some fields set.
#[expect(
    clippy::needless_pass_by_value,
    reason = "json!() is written at every call"
)]
fn with(mut record: Value, fields: Value) -> Value {
    for (key, value) in fields.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

fn file_of(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

pub(super) fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// A folder that goes away with the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Scans the folder for the day.
    fn scan(&self) -> TrailScan {
        scan_of(&[self.path()])
    }
}

fn scan_of(inputs: &[&Path]) -> TrailScan {
    scan_for(inputs, case(day(), Scope::everything()))
}

fn scan_for(inputs: &[&Path], case: Case) -> TrailScan {
    let inputs = inputs.iter().map(|path| path.to_path_buf()).collect();
    let scan = whole_scan(&ScanRequest::everything(inputs, case), &Silent);
    check_laws(&scan);
    scan
}

/// What holds of every scan.
fn check_laws(scan: &TrailScan) {
    let entry = scan.entry();
    assert!(entry.tally.balances(), "{:?}", entry.tally);
    for (place, tally) in &entry.by_scope {
        assert!(tally.balances(), "{place}: {tally:?}");
    }
    assert!(scan.calls.is_sorted());
    assert!(scan.changes.is_sorted());
    assert!(scan.controls.is_sorted());
    assert!(entry.refusals.is_sorted());
    let controls: u64 = scan.controls.iter().map(|row| u64::from(row.calls)).sum();
    let other = entry.tally.skipped_by.get("other_service").copied();
    assert_eq!(controls, other.unwrap_or_default());
}

/// A scan of one file with this content.
fn scan_text(content: impl AsRef<[u8]>) -> TrailScan {
    let folder = Folder::new();
    folder.put("trail.json", content);
    folder.scan()
}

fn event_ids(scan: &TrailScan) -> Vec<&str> {
    scan.calls
        .iter()
        .map(|call| call.event_id.as_str())
        .collect()
}

fn skipped(scan: &TrailScan, reason: &str) -> u64 {
    scan.entry()
        .tally
        .skipped_by
        .get(reason)
        .copied()
        .unwrap_or_default()
}

/// The only refusal.
fn refusal(scan: &TrailScan) -> (&str, &str, bool) {
    match scan.entry().refusals.as_slice() {
        [one] => (&one.input, &one.why, one.partly_used),
        other => panic!("{other:?}"),
    }
}

fn is_partial(scan: &TrailScan) -> bool {
    matches!(scan.entry().outcome, Outcome::Partial { .. })
}

fn is_unavailable(scan: &TrailScan) -> bool {
    matches!(scan.entry().outcome, Outcome::Unavailable { .. })
}
