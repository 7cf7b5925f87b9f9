//! Fourteen nights read in order tell one story; the state survives whatever ends a run.

use crate::archive::{self, Call, at};
use crate::tool::{Answer, run, scratch};
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "us-west-2"];

/// The estate's three weeks. Everything is healthy but:
/// - 2 March, 10:00 to 11:00: throttles in us-east-1; again on 10 March.
/// - 4 March, 20:00: denials of one role in eu-west-1 begin, get worse on the 5th, end on the 6th.
/// - 7 March, 14:00 to 15:00: server faults in us-east-1, which Health admits on the 10th only.
/// - 8 and 9 March, 12:00 to 15:00: known mistakes of a caller in us-west-2; many more on the 12th.
fn fails(call: &Call) -> Option<&'static str> {
    let inside = |from: &str, to: &str| at(from) <= call.time && call.time < at(to);
    match call.region {
        "us-east-1" => {
            let throttled = inside("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z")
                || inside("2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z");
            let broken = inside("2026-03-07T14:00:00Z", "2026-03-07T15:00:00Z");
            if throttled && call.percent < 60 {
                Some("ThrottlingException")
            } else if broken && call.percent < 50 {
                Some("ServerException")
            } else {
                None
            }
        }
        "eu-west-1" => {
            let share = if inside("2026-03-04T20:00:00Z", "2026-03-05T00:00:00Z") {
                40
            } else if inside("2026-03-05T00:00:00Z", "2026-03-06T14:00:00Z") {
                90
            } else {
                0
            };
            (call.role == "deploy" && call.percent < share).then_some("AccessDeniedException")
        }
        _ => {
            let known = inside("2026-03-08T12:00:00Z", "2026-03-08T15:00:00Z")
                || inside("2026-03-09T12:00:00Z", "2026-03-09T15:00:00Z");
            let more = inside("2026-03-12T08:00:00Z", "2026-03-12T20:00:00Z");
            let share = if known { 40 } else { 80 };
            ((known || more) && call.api == "BatchGetImage" && call.percent < share)
                .then_some("InvalidParameterException")
        }
    }
}

fn estate(name: &str) -> PathBuf {
    let folder = scratch(name);
    archive::write(
        &folder.join("trail"),
        &REGIONS,
        (at("2026-02-20T00:00:00Z"), at("2026-03-15T06:00:00Z")),
        180,
        &fails,
    );
    archive::health(
        &folder.join("late.json"),
        "us-east-1",
        (at("2026-03-07T14:02:00Z"), at("2026-03-07T15:01:00Z")),
        at("2026-03-10T20:00:00Z"),
        "[RESOLVED] Increased Error Rates\n\n[12:00 PM PDT] Between 6:00 AM and 7:01 AM PST on March 7 \
         we experienced increased error rates for image pulls in the US-EAST-1 Region. The issue has \
         been resolved and the service is operating normally.",
    );
    fs::write(folder.join("none.json"), "{\"events\": []}").unwrap();
    fs::write(
        folder.join("acks.toml"),
        "[[acknowledge]]\nregion = \"us-west-2\"\nsignal = \"client_error\"\nowner = \"platform\"\n\
         reason = \"old build tool\"\nticket = \"OPS-7\"\nexpires = 2026-04-01\nmax_failures = 60\n",
    )
    .unwrap();
    folder
}

fn night(folder: &Path, day: DateTime<Utc>, more: &[&str]) -> Answer {
    let date = day.format("%Y-%m-%d").to_string();
    let now = (day + Duration::hours(29))
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    // What Health says is asked anew every night.
    let health = if day < at("2026-03-10T00:00:00Z") {
        "none.json"
    } else {
        "late.json"
    };
    let mut words = vec![
        "nightly",
        "--cloudtrail",
        "trail",
        "--health",
        health,
        "--acknowledgements",
        "acks.toml",
        "--offline",
        "--state",
        "state",
        "-o",
        "nights",
        "--day",
        &date,
        "--now",
        &now,
    ];
    words.extend(more);
    run(folder, words)
}

fn read(folder: &Path, day: &str) -> (String, Value) {
    let folder = folder.join("nights").join(day);
    let text = fs::read_to_string(folder.join("nightly.md")).unwrap();
    let json = fs::read_to_string(folder.join("nightly.json")).unwrap();
    (text, serde_json::from_str(&json).unwrap())
}

fn words(json: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut list: Vec<String> = json["attention"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            format!(
                "{} {} {}",
                text(&item["standing"]),
                text(&item["signal"]),
                text(&item["region"])
            )
        })
        .collect();
    list.extend(
        json["changed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| text(&it["what"])),
    );
    let revised = json["revisions"].as_array().unwrap();
    list.extend(
        revised
            .iter()
            .map(|it| format!("revised {}", text(&it["cause"]))),
    );
    let hidden: u64 = json["suppressed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["incidents"].as_u64().unwrap())
        .sum();
    if hidden > 0 {
        list.push(format!("{hidden} hidden"));
    }
    list
}

#[test]
fn fourteen_nights_tell_the_story_and_nothing_twice() {
    let folder = estate("fourteen-nights");
    let first = at("2026-03-01T00:00:00Z");
    let mut story = Vec::new();
    for number in 0..14 {
        let day = first + Duration::days(number);
        night(&folder, day, &[]).exits(0);
        let key = day.format("%Y-%m-%d").to_string();
        let (text, json) = read(&folder, &key);
        let words = words(&json);
        if words.is_empty() {
            assert_eq!(text.lines().count(), 1, "a quiet night is one line: {text}");
            assert!(text.contains("quiet") && text.contains("calls"), "{text}");
        }
        story.push(
            format!("{} {}", &key[8..], words.join(", "))
                .trim()
                .to_owned(),
        );
    }
    assert_eq!(
        story,
        [
            "01",
            "02 new throttle us-east-1",
            "03",
            "04 new denied eu-west-1",
            "05 worse denied eu-west-1",
            "06 ended",
            "07 new server_error us-east-1",
            "08 1 hidden",
            "09 1 hidden",
            "10 recurring throttle us-east-1, revised aws_service_fault",
            "11",
            "12 recurring client_error us-west-2",
            "13",
            "14",
        ]
    );
    // The night of the late post issues the old report again.
    let revised = folder.join("nights/2026-03-10/revisions");
    let again = fs::read_dir(&revised)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let report = fs::read_to_string(again.join("report.md")).unwrap();
    assert!(
        report.contains("AWS_ECR_OPERATIONAL_ISSUE_LATE1"),
        "{report}"
    );

    // Any night again says the same and changes nothing.
    let history = run(&folder, ["history", "list", "--json", "--state", "state"])
        .exits(0)
        .out;
    for number in [1, 4, 9, 13] {
        let day = first + Duration::days(number);
        let key = day.format("%Y-%m-%d").to_string();
        let before = read(&folder, &key);
        let answer = night(&folder, day, &[]).exits(0);
        assert!(answer.err.contains("nothing changed"), "{}", answer.err);
        assert_eq!(read(&folder, &key), before, "{key}");
    }
    let after = run(&folder, ["history", "list", "--json", "--state", "state"])
        .exits(0)
        .out;
    assert_eq!(history, after);
    let week = run(&folder, ["history", "week", "--state", "state"]).exits(0);
    let recurs = |line: &&str| line.contains("recurs after ECR-");
    assert_eq!(week.out.lines().filter(recurs).count(), 3, "{}", week.out);
    assert!(week.out.contains("in 7 of 7 nights"), "{}", week.out);
    let diff = run(
        &folder,
        [
            "history",
            "diff",
            "2026-03-04",
            "2026-03-07",
            "--state",
            "state",
        ],
    )
    .exits(0);
    assert!(
        diff.out.contains("- ECR-") && diff.out.contains("+ ECR-"),
        "{}",
        diff.out
    );
}

#[test]
fn missed_nights_are_caught_up_in_order_and_only_those() {
    let folder = estate("catch-up");
    let day = |number: i64| at("2026-03-01T00:00:00Z") + Duration::days(number);
    night(&folder, day(1), &[]).exits(0);
    // Two nights without a run; the first one asked with --catch-up does them as well.
    let answer = night(&folder, day(4), &["--catch-up", "3d"]).exits(0);
    let subjects: Vec<&str> = answer.out.lines().collect();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    let (_, json) = read(&folder, "2026-03-05");
    // The incident of the fourth is known by now, so the fifth calls it worse, not new.
    assert_eq!(words(&json), ["worse denied eu-west-1"]);
    let answer = night(&folder, day(4), &["--catch-up", "3d"]).exits(0);
    assert_eq!(answer.out.lines().count(), 1, "{}", answer.out);
    // Nobody asked before the first night, so nothing was missed there.
    assert!(!folder.join("nights/2026-03-01").exists());
}

#[test]
fn records_that_arrive_late_open_the_evening_again() {
    let folder = scratch("late-records");
    let fails = |call: &Call| {
        let inside =
            at("2026-03-05T21:00:00Z") <= call.time && call.time < at("2026-03-05T22:00:00Z");
        (inside && call.percent < 60).then_some("ServerException")
    };
    let span = (at("2026-02-26T00:00:00Z"), at("2026-03-07T06:00:00Z"));
    archive::write(&folder.join("trail"), &["us-east-1"], span, 60, &fails);
    fs::write(folder.join("none.json"), "{\"events\": []}").unwrap();
    fs::write(folder.join("acks.toml"), "").unwrap();
    // The file of that hour is not there when its night is summarised.
    let late = folder.join("trail/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/05");
    let name = "111122223333_CloudTrail_us-east-1_20260305T2205Z_AbCdEfGhIjKlMnOp.json.gz";
    fs::rename(late.join(name), folder.join("held-back.json.gz")).unwrap();
    night(&folder, at("2026-03-05T00:00:00Z"), &[]).exits(0);
    let (_, json) = read(&folder, "2026-03-05");
    assert!(
        !words(&json)
            .iter()
            .any(|word| word.contains("server_error")),
        "{json}"
    );
    fs::rename(folder.join("held-back.json.gz"), late.join(name)).unwrap();
    night(&folder, at("2026-03-06T00:00:00Z"), &[]).exits(0);
    let (text, json) = read(&folder, "2026-03-06");
    assert!(
        words(&json).contains(&"new server_error us-east-1".to_owned()),
        "{json}"
    );
    assert!(
        text.contains("found in records that arrived late"),
        "{text}"
    );
}

#[test]
fn a_night_that_is_not_over_and_a_careless_file_are_refused() {
    let folder = scratch("night-usage");
    let words = [
        "nightly",
        "--state",
        "state",
        "--now",
        "2026-03-11T12:00Z",
        "--day",
        "2026-03-11",
    ];
    run(&folder, words).fails_with_hint(2, "not over");
    let words = ["nightly", "--state", "state", "--day", "11.3.2026"];
    run(&folder, words).fails_with_hint(2, "not a date");
    fs::write(
        folder.join("acks.toml"),
        "[[acknowledge]]\nowner = \"me\"\nreason = \"x\"\nexpires = 2026-04-01\n",
    )
    .unwrap();
    let words = [
        "nightly",
        "--state",
        "state",
        "--acknowledgements",
        "acks.toml",
    ];
    run(&folder, words).fails_with_hint(2, "hide everything");
    run(&folder, ["nightly", "--state", "state", "--offline"]).fails_with_hint(2, "no input");
    assert!(
        !folder.join("state").exists(),
        "a mistake leaves no state behind"
    );
    run(&folder, ["history", "list", "--state", "nowhere"]).fails_with_hint(2, "no state");
}

/// A night killed anywhere leaves a state and a folder in which the next run finishes the job.
#[cfg(unix)]
#[test]
fn a_night_killed_anywhere_is_done_by_the_next_run() {
    let folder = estate("killed-nights");
    let day = at("2026-03-02T00:00:00Z");
    let typed = [
        "nightly",
        "--cloudtrail",
        "trail",
        "--health",
        "none.json",
        "--offline",
        "--state",
        "state",
        "-o",
        "nights",
        "--day",
        "2026-03-02",
        "--now",
        "2026-03-03T05:00:00Z",
    ];
    for round in 0..15u64 {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_ecr-incident"))
            .args(typed)
            .current_dir(&folder)
            .env_clear()
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20 + round * round * 7));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    night(&folder, day, &[]).exits(0);
    let (_, json) = read(&folder, "2026-03-02");
    assert_eq!(words(&json), ["new throttle us-east-1"]);
    let listed = run(&folder, ["history", "list", "--state", "state"])
        .exits(0)
        .out;
    assert_eq!(listed.lines().count(), 2, "one night, kept once: {listed}");
}

/// The policy beside the schedules is the one the tool prints for them.
#[test]
fn the_policy_of_the_schedules_is_printed_by_the_tool() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schedule");
    let typed = [
        "nightly",
        "--region",
        "us-east-1",
        "--cloudtrail",
        "s3://example-trail/AWSLogs/",
        "--notify",
        "channels.toml",
        "--iam-policy",
    ];
    let printed = run(&folder, typed).exits(0).out;
    assert_eq!(
        printed,
        fs::read_to_string(folder.join("policy.json")).unwrap()
    );
    let typed = [
        "gate",
        "--region",
        "us-east-1",
        "--probe",
        "team/app:1",
        "--iam-policy",
    ];
    let printed = run(&folder, typed).exits(0).out;
    for said in [
        "ecr:GetAuthorizationToken",
        "arn:aws:ecr:us-east-1:*:repository/team/app\"",
        "cloudwatch:GetMetricData",
    ] {
        assert!(printed.contains(said), "{said} is not in {printed}");
    }
}
