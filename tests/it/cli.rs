//! The command line's contract: exit codes, streams, windows, tables, and never overwriting work.

use crate::story;
use crate::tool::{run, scratch};
use std::fs;
use std::path::{Path, PathBuf};

/// A small archive: one call a minute for two hours, written by hand.
fn archive(folder: &Path) -> PathBuf {
    let records: Vec<String> = (0..120)
        .map(|minute| {
            let (hour, minute_of_hour) = (6 + minute / 60, minute % 60);
            format!(
                r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/deployer","accountId":"111122223333"}},"eventTime":"2026-03-11T{hour:02}:{minute_of_hour:02}:07Z","eventSource":"ecr.amazonaws.com","eventName":"BatchGetImage","awsRegion":"us-east-1","requestID":"r-{minute}","eventID":"e-{minute}","recipientAccountId":"111122223333","eventType":"AwsApiCall","requestParameters":{{"repositoryName":"team/web"}}}}"#
            )
        })
        .collect();
    let path = folder.join("archive.json");
    fs::write(&path, format!("{{\"Records\":[{}]}}", records.join(","))).unwrap();
    path
}

const WINDOW: [&str; 7] = [
    "--from",
    "2026-03-11T06:00Z",
    "--to",
    "2026-03-11T08:00Z",
    "--offline",
    "--now",
    "2026-03-11T12:00Z",
];

#[test]
fn help_and_version_go_to_stdout() {
    let folder = scratch("cli-help");
    let help = run(&folder, ["--help"]).exits(0);
    for command in [
        "report",
        "analyze",
        "demo",
        "calls",
        "catalog",
        "completions",
        "man",
    ] {
        assert!(help.out.contains(command), "--help lacks {command}");
    }
    assert!(help.out.contains("Exit codes"), "{}", help.out);
    let report = run(&folder, ["report", "--help"]).exits(0);
    for flag in [
        "--cloudtrail",
        "--metrics",
        "--health",
        "--quotas",
        "--from",
        "--since",
        "--around",
        "--pad",
        "--baseline",
        "--out",
        "--force",
    ] {
        assert!(report.out.contains(flag), "report --help lacks {flag}");
    }
    assert!(!report.out.contains("--now"), "--now is for tests only");
    let version = run(&folder, ["--version"]).exits(0);
    assert!(version.out.contains(env!("CARGO_PKG_VERSION")));
    assert!(version.err.is_empty());
}

#[test]
fn what_cannot_be_obeyed_exits_two() {
    let folder = scratch("cli-usage");
    archive(&folder);
    for words in [
        vec!["--no-such-flag"],
        vec!["no-such-command"],
        vec!["report", "--form", "md"],
        vec!["report", "--cloudtrail", "archive.json", "--format", "pdf"],
        vec!["report", "--cloudtrail", "archive.json"],
        vec![
            "report",
            "--offline",
            "--from",
            "2026-03-11T06:00Z",
            "--to",
            "2026-03-11T07:00Z",
        ],
        vec![
            "report",
            "--offline",
            "--cloudtrail",
            "s3://bucket/AWSLogs",
            "--since",
            "2h",
        ],
        vec![
            "report",
            "--cloudtrail",
            "archive.json",
            "--since",
            "2h",
            "--account",
            "1234",
        ],
        vec![
            "report",
            "--cloudtrail",
            "archive.json",
            "--to",
            "2026-03-11T07:00Z",
        ],
        vec!["catalog", "show", "no/such"],
    ] {
        let answer = run(&folder, &words).exits(2);
        assert!(!answer.err.is_empty(), "{words:?} fails without a word");
        assert!(answer.out.is_empty(), "{words:?} talks on stdout");
    }
    let entries: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert_eq!(
        entries.len(),
        1,
        "a refused run leaves nothing behind: {entries:?}"
    );
}

#[test]
fn windows_are_checked_when_typed() {
    let folder = scratch("cli-window");
    archive(&folder);
    let report = |words: &[&str], out: &str| {
        let mut all = vec![
            "report",
            "--cloudtrail",
            "archive.json",
            "--offline",
            "--now",
            "2026-03-11T12:00Z",
            "--out",
            out,
        ];
        all.extend_from_slice(words);
        run(&folder, all)
    };
    // One instant, four ways to say it.
    let plain = report(
        &[
            "--from",
            "2026-03-11T06:00:00Z",
            "--to",
            "2026-03-11T08:00:00Z",
        ],
        "a",
    )
    .exits(0);
    assert!(
        plain
            .err
            .contains("[2026-03-11T06:00:00Z, 2026-03-11T08:00:00Z)"),
        "{}",
        plain.err
    );
    assert!(!plain.err.contains("no zone"), "{}", plain.err);
    let zoned = report(
        &[
            "--from",
            "2026-03-11T07:00+01:00",
            "--to",
            "2026-03-11T09:00+01:00",
        ],
        "b",
    )
    .exits(0);
    assert!(
        zoned
            .err
            .contains("[2026-03-11T06:00:00Z, 2026-03-11T08:00:00Z)"),
        "{}",
        zoned.err
    );
    let around = report(&["--around", "2026-03-11T07:00Z", "--pad", "1h"], "c").exits(0);
    assert!(
        around
            .err
            .contains("[2026-03-11T06:00:00Z, 2026-03-11T08:00:00Z)"),
        "{}",
        around.err
    );
    let since = report(&["--since", "6h"], "d").exits(0);
    assert!(
        since
            .err
            .contains("[2026-03-11T06:00:00Z, 2026-03-11T12:00:00Z)"),
        "{}",
        since.err
    );
    // Without a zone it is UTC, and that is said.
    let bare = report(
        &["--from", "2026-03-11T06:00", "--to", "2026-03-11T08:00"],
        "e",
    )
    .exits(0);
    assert!(
        bare.err.contains("UTC") && bare.err.contains("no zone"),
        "{}",
        bare.err
    );
    assert!(
        bare.err
            .contains("[2026-03-11T06:00:00Z, 2026-03-11T08:00:00Z)"),
        "{}",
        bare.err
    );

    for wrong in [
        ["--from", "2026-03-11T08:00Z", "--to", "2026-03-11T06:00Z"],
        ["--from", "2026-03-11T08:00Z", "--to", "2026-03-11T08:00Z"],
        ["--from", "2026-02-30", "--to", "2026-03-11T06:00Z"],
        ["--from", "yesterday", "--to", "2026-03-11T06:00Z"],
        ["--from", "2027-03-11T08:00Z", "--to", "2027-03-11T09:00Z"],
        ["--around", "2026-03-11T07:00Z", "--pad", "soon"],
        ["--since", "2h", "--baseline", "0d"],
    ] {
        report(&wrong, "refused").fails_with_hint(2, "error");
    }
    report(&["--since", "2h", "--from", "2026-03-11T06:00Z"], "refused").exits(2);
    assert!(!folder.join("refused").exists());
}

#[test]
fn an_earlier_report_is_never_overwritten_unasked() {
    let folder = scratch("cli-clobber");
    archive(&folder);
    let report = |more: &[&str]| {
        let mut words = vec!["report", "--cloudtrail", "archive.json", "--out", "report"];
        words.extend_from_slice(&WINDOW);
        words.extend_from_slice(more);
        run(&folder, words)
    };
    report(&[]).exits(0);
    for name in [
        "report.md",
        "report.html",
        "report.json",
        "bundle/manifest.json",
    ] {
        assert!(
            folder.join("report").join(name).is_file(),
            "{name} is missing"
        );
    }
    let mine = folder.join("report/notes.txt");
    fs::write(&mine, "my own notes").unwrap();
    let md = folder.join("report/report.md");
    fs::write(&md, "edited by hand").unwrap();
    report(&[]).fails_with_hint(2, "already holds");
    assert_eq!(fs::read_to_string(&md).unwrap(), "edited by hand");
    report(&["--force"]).exits(0);
    assert_ne!(fs::read_to_string(&md).unwrap(), "edited by hand");
    assert_eq!(
        fs::read_to_string(&mine).unwrap(),
        "my own notes",
        "--force replaces only its own files"
    );
    let left: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "staging folders are left behind: {left:?}");
}

#[test]
fn formats_can_be_chosen() {
    let folder = scratch("cli-formats");
    archive(&folder);
    let mut words = vec![
        "report",
        "--cloudtrail",
        "archive.json",
        "--out",
        "only",
        "--format",
        "json",
        "-q",
    ];
    words.extend_from_slice(&WINDOW);
    let quiet = run(&folder, words).exits(0);
    assert!(quiet.err.is_empty(), "-q still says: {}", quiet.err);
    assert!(folder.join("only/report.json").is_file());
    assert!(!folder.join("only/report.md").exists());
    assert!(!folder.join("only/report.html").exists());
}

#[test]
fn findings_reach_the_exit_code_only_when_asked() {
    let incident = story::all()
        .iter()
        .find(|story| story.name == "aws_fault_late_health")
        .unwrap();
    let bundle = story::first(incident).unwrap().folder.join("bundle");
    let folder = scratch("cli-codes");
    let bundle = bundle.to_string_lossy();
    run(&folder, ["analyze", &*bundle, "--out", "plain"]).exits(0);
    run(
        &folder,
        [
            "analyze",
            &*bundle,
            "--out",
            "detailed",
            "--detailed-exitcode",
        ],
    )
    .exits(3);
    let quiet = story::all()
        .iter()
        .find(|story| story.name == "quiet_day")
        .unwrap();
    let bundle = story::first(quiet).unwrap().folder.join("bundle");
    run(
        &folder,
        [
            "analyze",
            &*bundle.to_string_lossy(),
            "--out",
            "quiet",
            "--detailed-exitcode",
        ],
    )
    .exits(0);
    // No public status feed was given, so a strict run is partial.
    run(
        &folder,
        [
            "analyze",
            &*bundle.to_string_lossy(),
            "--out",
            "strict",
            "--strict",
        ],
    )
    .exits(6);
}

#[test]
fn the_call_table_is_plain_csv() {
    let folder = scratch("cli-calls");
    archive(&folder);
    let table = run(
        &folder,
        [
            "calls",
            "--cloudtrail",
            "archive.json",
            "--by",
            "minute,region,api,class",
            "--format",
            "csv",
        ],
    )
    .exits(0);
    let mut lines = table.out.lines();
    assert_eq!(lines.next(), Some("minute,region,api,class,count"));
    assert_eq!(
        lines.next(),
        Some(r#""2026-03-11T06:00Z","us-east-1","BatchGetImage","success",1"#)
    );
    assert_eq!(table.out.lines().count(), 121);
    // Half-open: the first minute is in, the end is out.
    let narrow = run(
        &folder,
        [
            "calls",
            "--cloudtrail",
            "archive.json",
            "--from",
            "2026-03-11T06:10Z",
            "--to",
            "2026-03-11T06:20Z",
            "--now",
            "2026-03-11T12:00Z",
        ],
    )
    .exits(0);
    let minutes: Vec<&str> = narrow
        .out
        .lines()
        .skip(1)
        .map(|line| &line[12..17])
        .collect();
    assert_eq!(
        minutes,
        [
            "06:10", "06:11", "06:12", "06:13", "06:14", "06:15", "06:16", "06:17", "06:18",
            "06:19"
        ]
    );
    let by_caller = run(
        &folder,
        [
            "calls",
            "--cloudtrail",
            "archive.json",
            "--by",
            "principal,class",
            "--format",
            "json",
        ],
    )
    .exits(0);
    let rows: serde_json::Value = serde_json::from_str(&by_caller.out).unwrap();
    assert_eq!(
        rows[0]["principal"],
        "arn:aws:iam::111122223333:user/deployer"
    );
    assert_eq!(rows[0]["count"], 120);
    run(
        &folder,
        ["calls", "--cloudtrail", "archive.json", "--by", "nonsense"],
    )
    .exits(2);
}

#[test]
fn the_knowledge_can_be_read() {
    let folder = scratch("cli-catalog");
    let list = run(&folder, ["catalog", "list"]).exits(0);
    for id in [
        "ecr/api",
        "ecr/classes",
        "ecr/changes",
        "verdicts/aws_service_fault",
    ] {
        assert!(list.out.contains(id), "catalog list lacks {id}");
    }
    let classes = run(&folder, ["catalog", "show", "ecr/classes"]).exits(0);
    assert!(classes.out.contains("ThrottlingException"));
    let wrong = run(&folder, ["catalog", "show", "ecr/clases"]).fails_with_hint(2, "ecr/clases");
    assert!(wrong.err.contains("catalog list"), "{}", wrong.err);
}

#[test]
fn shells_and_manual_are_served() {
    let folder = scratch("cli-shells");
    let bash = run(&folder, ["completions", "bash"]).exits(0);
    assert!(bash.out.contains("complete") && bash.out.contains("--cloudtrail"));
    run(&folder, ["completions", "tcsh"]).exits(2);
    let manual = run(&folder, ["man"]).exits(0);
    assert!(
        manual.out.contains(".TH") && manual.out.contains("ecr"),
        "{}",
        manual.out
    );
}

#[test]
fn the_demo_needs_nothing() {
    let folder = scratch("cli-demo");
    let demo = run(&folder, ["demo", "--out", "demo"]).exits(0);
    assert!(folder.join("demo/report.html").is_file());
    assert!(
        demo.err.contains("report.html") || demo.out.contains("report.html"),
        "{}",
        demo.err
    );
    let report = fs::read_to_string(folder.join("demo/report.json")).unwrap();
    assert!(
        report.contains("aws_service_fault"),
        "the demo shows the late Health event's case"
    );
    run(&folder, ["demo", "--out", "demo"]).fails_with_hint(2, "already holds");
}

#[test]
fn a_bundle_is_only_read() {
    let folder = scratch("cli-readonly");
    archive(&folder);
    let mut words = vec![
        "report",
        "--cloudtrail",
        "archive.json",
        "--out",
        "made",
        "-q",
    ];
    words.extend_from_slice(&WINDOW);
    run(&folder, words).exits(0);
    let bundle = folder.join("made/bundle");
    let before = listing(&bundle);
    set_writable(&bundle, false);
    let answer = run(&folder, ["analyze", "made/bundle", "--out", "again"]);
    let narrower = run(
        &folder,
        [
            "analyze",
            "made/bundle",
            "--from",
            "2026-03-11T07:00Z",
            "--to",
            "2026-03-11T07:30Z",
            "--out",
            "narrower",
        ],
    );
    set_writable(&bundle, true);
    answer.exits(0);
    narrower.exits(0);
    assert_eq!(listing(&bundle), before, "analyze changed the bundle");
    run(
        &folder,
        [
            "analyze",
            "made/bundle",
            "--from",
            "2026-03-12T07:00Z",
            "--to",
            "2026-03-12T07:30Z",
            "--now",
            "2026-03-13",
            "--out",
            "outside",
        ],
    )
    .fails_with_hint(2, "outside");
    run(&folder, ["analyze", "archive.json", "--out", "no"]).sane();
    // A bundle whose evidence was touched is not believed.
    let manifest = bundle.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replacen("\"format_major\": 1", "\"format_major\": 99", 1),
    )
    .unwrap();
    let newer = run(&folder, ["analyze", "made/bundle", "--out", "newer"]).sane();
    assert!(
        newer.code == 1 || newer.code == 2,
        "a newer format is refused: {}",
        newer.err
    );
}

/// Every file below with its length and bytes' sum.
fn listing(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let sum = fs::read(&path)
                    .unwrap()
                    .iter()
                    .map(|byte| u64::from(*byte))
                    .sum();
                found.push((path.to_string_lossy().into_owned(), sum));
            }
        }
    }
    found.sort();
    found
}

fn set_writable(folder: &Path, writable: bool) {
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        if next.is_dir() {
            open.extend(
                fs::read_dir(&next)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        let mut permissions = fs::metadata(&next).unwrap().permissions();
        permissions.set_readonly(!writable);
        fs::set_permissions(&next, permissions).unwrap();
    }
}
