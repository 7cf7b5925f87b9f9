//! A bundle reads back what was written, and refuses what was changed or is too new.

use super::manifest::{Noun, Outcome, SourceEntry, Tally};
use super::raw::{RawAnswer, Shape};
use super::rows::{CallRow, ChangeRow, ControlRow};
use super::sheet::Sheet;
use super::{Bundle, HourFiles, Writer, open};
use crate::case::{Case, Interval, Scope, instant};
use std::fs;
use std::path::Path;

fn case() -> Case {
    Case {
        window: Interval::new(instant(7200), instant(14400)),
        baseline: Interval::new(instant(0), instant(7200)),
        scope: Scope::everything(),
        now: instant(20000),
    }
}

fn sealed(dir: &Path) -> Bundle {
    let mut writer = Writer::create(dir).unwrap();
    let row = |event_time: i64, api: &str| CallRow {
        event_time,
        event_id: format!("event-{event_time}"),
        api: api.to_owned(),
        error_message: "λ \"quoted\"\nline".to_owned(),
        ..CallRow::default()
    };
    let change = ChangeRow {
        event_time: 5,
        api: "PutRolePolicy".to_owned(),
        ..ChangeRow::default()
    };
    let control = ControlRow {
        minute: 1,
        calls: 3,
        ..ControlRow::default()
    };
    for hour in [
        HourFiles::encode(
            0,
            &Sheet::of(&[row(10, "A"), row(3599, "B")]),
            &[change],
            &[control],
        ),
        HourFiles::encode(3600, &Sheet::of(&[row(3600, "C")]), &[], &[]),
    ] {
        writer.hour(&hour.unwrap()).unwrap();
    }
    writer
        .answers(
            Noun::Health,
            &[RawAnswer {
                input: "health.json".to_owned(),
                shape: Shape::DescribeEvents,
                answer: serde_json::json!({"events": [{"arn": "a"}]}),
            }],
        )
        .unwrap();
    let entry = SourceEntry {
        noun: Noun::Trail,
        outcome: Outcome::Complete,
        asked: vec!["trail".to_owned()],
        tally: Tally::default(),
        by_scope: std::collections::BTreeMap::new(),
        refusals: Vec::new(),
        files_read: 1,
        files_pruned: 0,
        files_late: 0,
        signed: None,
        lateness_s: 0,
        bytes_read: 10,
        bill: None,
    };
    writer.seal(&case(), vec![entry]).unwrap()
}

#[test]
fn reads_back_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let written = sealed(dir.path());
    let read = open(dir.path()).unwrap();
    assert_eq!(read.manifest, written.manifest);
    let hours: Vec<_> = read.calls().into_iter().map(|file| file.hour).collect();
    assert_eq!(hours.len(), 2, "one partition per hour");
    let hour = hours[0].unwrap();
    assert_eq!((hour.from.timestamp() % 3_600, hour.seconds()), (0, 3_600));
    assert_eq!(Some(hour.to), hours[1].map(|next| next.from));
    assert_eq!(read.changes().unwrap()[0].api, "PutRolePolicy");
    assert_eq!(
        read.answers(Noun::Health).unwrap()[0].shape,
        Shape::DescribeEvents
    );
    assert!(read.answers(Noun::Quotas).unwrap().is_empty());
}

#[test]
fn same_rows_give_the_same_seal() {
    let one = tempfile::tempdir().unwrap();
    let two = tempfile::tempdir().unwrap();
    assert_eq!(
        sealed(one.path()).manifest.seal,
        sealed(two.path()).manifest.seal
    );
}

#[test]
fn a_changed_file_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    sealed(dir.path());
    let file = dir.path().join("raw/health.ndjson");
    fs::write(&file, "{}\n").unwrap();
    let failure = open(dir.path()).unwrap_err();
    assert!(failure.to_string().contains("health.ndjson"), "{failure}");
}

#[test]
fn a_newer_format_is_refused_with_what_to_install() {
    let dir = tempfile::tempdir().unwrap();
    sealed(dir.path());
    let file = dir.path().join("manifest.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replace("\"format_minor\": 0", "\"format_minor\": 99")
            .replace("\"tool_version\": \"", "\"tool_version\": \"9."),
    )
    .unwrap();
    let failure = open(dir.path()).unwrap_err();
    assert!(failure.to_string().contains("install ecr-incident 9."));
}

#[test]
fn a_folder_without_manifest_is_no_bundle() {
    let dir = tempfile::tempdir().unwrap();
    let failure = open(dir.path()).unwrap_err();
    assert!(failure.to_string().contains("not a sealed bundle"));
}

/// A bundle from a stranger may list anything: `/dev/zero` once was read until the memory was gone.
#[test]
fn files_outside_of_the_bundle_are_never_read() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle");
    sealed(&bundle);
    let health = fs::read(bundle.join("raw/health.ndjson")).unwrap();
    fs::write(dir.path().join("outside.ndjson"), &health).unwrap();
    let absolute = dir.path().join("outside.ndjson").display().to_string();
    let manifest = bundle.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let mut paths = vec![
        "../outside.ndjson",
        "raw/../../outside.ndjson",
        "./raw/health.ndjson",
        absolute.as_str(),
        "/dev/zero",
        "raw",
        "",
    ];
    if cfg!(unix) {
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), bundle.join("link")).unwrap();
        paths.push("link/outside.ndjson");
    }
    for path in paths {
        fs::write(&manifest, text.replace("raw/health.ndjson", path)).unwrap();
        assert!(open(&bundle).is_err(), "{path}");
        let looked_at = super::inspect(&bundle).unwrap();
        assert!(
            looked_at
                .files
                .contains(&(path.to_owned(), super::State::Missing)),
            "{path}"
        );
    }
}

#[test]
fn an_hour_in_pieces_is_read_in_order_and_from_its_second_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path()).unwrap();
    for start in [0, 3_600, 3_600 + 1_215, 7_200] {
        let row = CallRow {
            event_time: start,
            ..CallRow::default()
        };
        let control = ControlRow {
            minute: (start + 59) / 60,
            ..ControlRow::default()
        };
        let files = HourFiles::encode(start, &Sheet::of(&[row]), &[], &[control]);
        writer.hour(&files.unwrap()).unwrap();
    }
    let bundle = writer.seal(&case(), Vec::new()).unwrap();
    for files in [bundle.calls(), bundle.controls()] {
        let spans: Vec<_> = files.iter().map(|file| file.hour.unwrap()).collect();
        let span = |from, to| Interval::new(instant(from), instant(to));
        let expected = [
            span(0, 3_600),
            span(3_600, 7_200),
            span(4_815, 7_200),
            span(7_200, 10_800),
        ];
        assert_eq!(spans, expected);
    }
}
