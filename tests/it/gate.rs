//! The gate on a registry that works, fails, recovers, flaps and falls silent.

use crate::archive::{self, Call, at};
use crate::tool::{Answer, run, scratch};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// us-east-1 fails from 10:00 to 10:30, flaps from 12:00 to 12:25 in spells of five minutes, and is
/// healthy otherwise. In eu-west-1 every single call is denied. us-west-2 is not there at all.
fn fails(call: &Call) -> Option<&'static str> {
    let minute = (call.time - at("2026-03-11T00:00:00Z")).num_minutes();
    let flaps = [720, 730, 740]
        .iter()
        .any(|from| (*from..from + 5).contains(&minute));
    let down = (600..630).contains(&minute);
    match call.region {
        "eu-west-1" => Some("AccessDeniedException"),
        _ => ((down || flaps) && call.percent < 80).then_some("ServerException"),
    }
}

fn estate(name: &str) -> PathBuf {
    let folder = scratch(name);
    let span = (at("2026-03-11T08:00:00Z"), at("2026-03-11T15:00:00Z"));
    archive::write(
        &folder.join("trail"),
        &["us-east-1", "eu-west-1"],
        span,
        30,
        &fails,
    );
    folder
}

fn gate(folder: &Path, region: &str, clock: &str, more: &[&str]) -> Answer {
    let now = format!("2026-03-11T{clock}Z");
    let mut words = vec![
        "gate",
        "--cloudtrail",
        "trail",
        "--offline",
        "--state",
        "state",
        "--region",
        region,
        "--now",
        &now,
    ];
    words.extend(more);
    run(folder, words)
}

/// What `gate report` says of the decisions kept in the folder, on the day after.
pub(crate) fn decisions(folder: &Path) -> String {
    let words = "gate report --state state --now 2026-03-12T00:00Z";
    run(folder, words.split(' ')).exits(0).out
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out).unwrap()
}

fn time(value: &Value) -> DateTime<Utc> {
    at(value.as_str().unwrap())
}

#[test]
fn exit_codes_follow_the_registry() {
    let folder = estate("gate-codes");
    for (region, clock, code) in [
        ("us-east-1", "09:30:00", 0),
        ("us-east-1", "10:03:00", 3),
        ("us-east-1", "10:29:00", 3),
        ("us-east-1", "10:40:00", 3),
        ("us-east-1", "10:55:00", 0),
        ("eu-west-1", "09:30:00", 3),
        ("us-west-2", "09:30:00", 5),
        // The newest record is half an hour old.
        ("us-east-1", "15:30:00", 5),
    ] {
        let answer = gate(&folder, region, clock, &[]);
        assert_eq!(
            answer.code, code,
            "{region} {clock}: {}{}",
            answer.out, answer.err
        );
        assert_eq!(answer.out.lines().count(), 1, "one line: {}", answer.out);
    }
}

#[test]
fn what_cannot_be_told_opens_only_when_asked_to_and_all_errors_never() {
    let folder = estate("gate-policy");
    for (region, policy, code) in [
        ("us-west-2", "open", 0),
        ("us-west-2", "closed", 3),
        ("us-west-2", "5", 5),
        ("eu-west-1", "open", 3),
    ] {
        let answer = gate(&folder, region, "09:30:00", &["--on-inconclusive", policy]);
        assert_eq!(answer.code, code, "{region} {policy}: {}", answer.out);
    }
}

#[test]
fn a_flapping_registry_does_not_open_between_its_spells() {
    let folder = estate("gate-flaps");
    let more = ["--wait", "90m", "--every", "1m", "--json"];
    let answer = gate(&folder, "us-east-1", "12:02:00", &more).exits(0);
    let opened = time(&json(&answer)["at"]);
    assert!(opened >= at("2026-03-11T12:55:00Z"), "{opened}");
    assert!(opened <= at("2026-03-11T13:00:00Z"), "{opened}");
}

#[test]
fn waiting_ends_on_time_with_the_last_answer() {
    let folder = estate("gate-waits");
    let more = ["--wait", "10m", "--every", "1m", "--json"];
    let answer = json(&gate(&folder, "us-east-1", "10:05:00", &more).exits(3));
    assert_eq!(time(&answer["at"]), at("2026-03-11T10:15:00Z"));
    assert_eq!(
        (&answer["asked"], &answer["waited_s"]),
        (&Value::from(11), &Value::from(600))
    );
    for check in answer["checks"].as_array().unwrap() {
        for field in [
            "rule",
            "value",
            "threshold",
            "samples",
            "verdict",
            "text",
            "flips",
        ] {
            assert!(check.get(field).is_some(), "{field}: {check}");
        }
    }
    // By the real clock: the archive is old, so the answer stays inconclusive and the time is kept.
    let begun = Instant::now();
    let words = [
        "gate",
        "--cloudtrail",
        "trail",
        "--offline",
        "--state",
        "state",
        "--region",
        "us-east-1",
        "--wait",
        "3s",
        "--every",
        "1s",
    ];
    run(&folder, words).exits(5);
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_secs(2) && took < Duration::from_secs(30),
        "{took:?}"
    );
}

#[test]
fn a_shadow_never_blocks_and_is_reported_later() {
    let folder = estate("gate-shadow");
    gate(&folder, "us-east-1", "10:10:00", &["--shadow"]).exits(0);
    gate(&folder, "us-east-1", "09:30:00", &["--shadow"]).exits(0);
    gate(&folder, "us-west-2", "09:30:00", &["--shadow"]).exits(0);
    let report = decisions(&folder);
    assert!(report.contains("1 closed without an incident"), "{report}");
    assert!(
        report.contains("1 inconclusive without an incident"),
        "{report}"
    );
    assert!(report.contains("closed, would have blocked"), "{report}");
    // Once a night has found the incident, the decision agrees with it.
    let words = [
        "nightly",
        "--cloudtrail",
        "trail",
        "--offline",
        "--state",
        "state",
        "--now",
        "2026-03-11T15:30Z",
        "--window",
        "2026-03-11T09:00Z/2026-03-11T15:00Z",
    ];
    run(&folder, words).exits(0);
    let report = decisions(&folder);
    assert!(
        report.contains("1 closed with an incident found later"),
        "{report}"
    );
}

#[test]
fn an_unreadable_trail_and_an_open_health_issue_do_not_open() {
    let folder = estate("gate-evidence");
    // Half of what is given is no CloudTrail file at all.
    for number in 0..30 {
        std::fs::write(
            folder.join(format!("trail/broken-{number}.json.gz")),
            "not gzip",
        )
        .unwrap();
    }
    let answer = gate(&folder, "us-east-1", "09:30:00", &[]).exits(5);
    assert!(answer.out.contains("could not be read"), "{}", answer.out);
    let folder = estate("gate-health");
    let span = (at("2026-03-11T09:00:00Z"), at("2026-03-11T23:00:00Z"));
    archive::health(
        &folder.join("health.json"),
        "us-east-1",
        span,
        span.0,
        "We are investigating.",
    );
    let text = std::fs::read_to_string(folder.join("health.json")).unwrap();
    let open = text
        .replace("closed", "open")
        .replace(&format!("\"endTime\":{},", span.1.timestamp()), "");
    std::fs::write(folder.join("health.json"), open).unwrap();
    let more = ["--health", "health.json"];
    let answer = gate(&folder, "us-east-1", "09:30:00", &more).exits(3);
    assert!(answer.out.contains("open issue of ECR"), "{}", answer.out);
    // Another region is not concerned by it; its own trouble is another matter.
    assert!(
        !gate(&folder, "eu-west-1", "09:30:00", &more)
            .out
            .contains("open issue")
    );
}

#[test]
fn a_gate_without_one_region_is_refused() {
    let folder = scratch("gate-usage");
    run(&folder, ["gate", "--offline"]).fails_with_hint(2, "one region");
    let words = ["gate", "--region", "us-east-1", "--for", "1m"];
    run(&folder, words).fails_with_hint(2, "between 5m and 6h");
}
