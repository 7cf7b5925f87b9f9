//! `nightly` and `gate` straight from a loopback AWS: the same answers as from files, and never open
//! because nothing was heard.

use super::{CASE, Fault, World, command, finish, story};
use crate::gate::decisions;
use crate::story::Story;
use crate::tool::{self, Answer};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn account() -> Arc<World> {
    let story = story(CASE);
    let mut world = World::of(story);
    world.with_trail(story);
    Arc::new(world)
}

fn nightly(world: &Arc<World>, folder: &Path, more: &[&str]) -> Answer {
    let server = world.serve();
    let mut command = command(&server.url, folder);
    command
        .args([
            "nightly",
            "--region",
            "us-east-1,us-west-2",
            "--baseline",
            "3d",
        ])
        .args(["--window", "2026-03-11T13:00Z/2026-03-11T16:30Z"])
        .args([
            "--now",
            &story(CASE).case.now,
            "--state",
            "state",
            "-o",
            "nights",
        ])
        .args(["--patience", "2s"])
        .args(more);
    finish(command).sane()
}

fn read(folder: &Path) -> Value {
    let night = "nights/20260311T130000Z-20260311T163000Z/nightly.json";
    let text = fs::read_to_string(folder.join(night)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What a summary says of the registry, without the names of its evidence.
fn said(json: &Value) -> Value {
    let mut items = json["attention"].clone();
    for item in items.as_array_mut().unwrap() {
        item["report"] = Value::Null;
    }
    serde_json::json!([json["calls"], json["failures"], json["regions"], items])
}

fn offline(story: &Story, folder: &Path) -> Value {
    let files = ["metric-queries.json", "metrics.json"].map(|name| story.folder.join(name));
    let health = ["health-events.json", "health-details.json"].map(|name| story.folder.join(name));
    let mut words = vec!["nightly".to_owned(), "--offline".to_owned()];
    let mut push = |flag: &str, value: &Path| {
        words.extend([flag.to_owned(), value.to_string_lossy().into_owned()]);
    };
    push("--cloudtrail", &story.folder.join("trail"));
    push("--quotas", &story.folder.join("quotas.json"));
    files.iter().for_each(|file| push("--metrics", file));
    health.iter().for_each(|file| push("--health", file));
    words.extend(
        [
            "--region",
            "us-east-1,us-west-2",
            "--baseline",
            "3d",
            "--window",
            "2026-03-11T13:00Z/2026-03-11T16:30Z",
            "--now",
            &story.case.now,
            "--state",
            "state",
            "-o",
            "nights",
        ]
        .map(str::to_owned),
    );
    tool::run(folder, words).exits(0);
    read(folder)
}

#[test]
fn a_night_from_aws_says_what_a_night_from_files_says() {
    let story = story(CASE);
    let files = offline(story, &tool::scratch("live/night-files"));
    assert_eq!(files["attention"].as_array().unwrap().len(), 1, "{files}");
    for (name, more) in [
        ("found", vec![]),
        ("logs", vec!["--log-group", "trail-logs"]),
        ("bucket", vec!["--cloudtrail", "s3://trail-bucket"]),
    ] {
        let folder = tool::scratch(&format!("live/night-{name}"));
        let answer = nightly(&account(), &folder, &more).exits(0);
        let live = read(&folder);
        assert_eq!(said(&live), said(&files), "{name}: {}", answer.err);
        assert!(live["tool"]["calls_to_aws"].as_u64().unwrap() > 5, "{live}");
    }
}

#[test]
fn a_night_without_credentials_fails_and_keeps_nothing() {
    let world = account();
    world.fault("*", Fault::Denied, usize::MAX);
    let folder = tool::scratch("live/night-denied");
    nightly(&world, &folder, &[]).fails_with_hint(4, "nothing was collected");
    let listed = tool::run(&folder, ["history", "list", "--state", "state"]);
    assert!(!listed.out.contains("2026-03-11"), "{}", listed.out);
}

fn gate(world: &Arc<World>, into: &str, clock: &str, more: &[&str]) -> Answer {
    let server = world.serve();
    let folder = tool::scratch(&format!("live/gate-{into}"));
    let mut command = command(&server.url, &folder);
    let now = format!("2026-03-11T{clock}Z");
    command
        .args(["gate", "--region", "us-east-1", "--state", "state"])
        .args(["--now", &now, "--for", "30m", "--patience", "1s"])
        .args(more);
    finish(command).sane()
}

#[test]
fn a_gate_asks_aws_and_follows_the_registry() {
    for (name, clock, code) in [
        ("before", "13:40:00", 0),
        ("during", "14:45:00", 3),
        ("after", "16:10:00", 0),
        // The trail of the case ends at 16:00.
        ("silence", "18:25:00", 5),
    ] {
        let answer = gate(&account(), name, clock, &[]);
        assert_eq!(answer.code, code, "{name}: {}{}", answer.out, answer.err);
        assert_eq!(answer.out.lines().count(), 1, "{}", answer.out);
    }
}

#[test]
fn a_gate_that_hears_nothing_is_not_open_and_goes_on_asking() {
    let mute = account();
    mute.fault("*", Fault::Denied, usize::MAX);
    let answer = gate(&mute, "mute", "13:40:00", &[]).exits(5);
    assert!(
        answer.out.contains("nothing was collected"),
        "{}",
        answer.out
    );
    gate(&mute, "mute", "13:40:00", &["--on-inconclusive", "closed"]).exits(3);
    gate(&mute, "mute", "13:40:00", &["--on-inconclusive", "open"]).exits(0);
    // A shadow never blocks, and what it would have done is on record.
    gate(&mute, "mute-shadow", "13:40:00", &["--shadow"]).exits(0);
    let folder = tool::scratch("live/gate-none").with_file_name("gate-mute-shadow");
    let report = decisions(&folder);
    assert!(report.contains("1 inconclusive"), "{report}");
    // It is heard at the second question only.
    let late = account();
    late.fault("GetCallerIdentity", Fault::Expired, 1);
    let more = ["--wait", "5m", "--every", "60s", "--json"];
    let answer = gate(&late, "late", "13:40:00", &more).exits(0);
    let answer: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(answer["asked"], 2, "{answer}");
}

#[test]
fn a_probe_pulls_by_hand_and_what_it_meets_counts() {
    let image = ["--probe", "team/app:1.2", "--json"];
    let said = |answer: &Answer| -> Vec<Value> {
        let json: Value = serde_json::from_str(&answer.out).unwrap();
        let checks = json["checks"].as_array().unwrap().clone();
        checks
            .into_iter()
            .filter(|one| one["rule"] == "probe")
            .collect()
    };
    let world = account();
    let answer = gate(&world, "probe", "13:40:00", &image).exits(0);
    let steps = said(&answer);
    assert_eq!(steps.len(), 2, "{}", answer.out);
    assert!(
        steps[1]["text"].as_str().unwrap().contains("team/app:1.2"),
        "{steps:?}"
    );
    let asked = world
        .seen()
        .into_iter()
        .filter(|(name, _)| name == "HeadManifest");
    assert_eq!(asked.count(), 1);
    // One failure is tried again; two close, whichever step they meet.
    let world = account();
    world.fault("HeadManifest", Fault::Internal, 1);
    gate(&world, "probe-once", "13:40:00", &image).exits(0);
    for operation in ["GetAuthorizationToken", "HeadManifest"] {
        let world = account();
        world.fault(operation, Fault::Internal, 2);
        let answer = gate(&world, &format!("probe-{operation}"), "13:40:00", &image).exits(3);
        assert!(answer.out.contains("the probe failed"), "{}", answer.out);
    }
    // Whoever may not pull, or names no image, learns nothing about the registry.
    let world = account();
    world.fault("GetAuthorizationToken", Fault::Denied, 2);
    gate(&world, "probe-denied", "13:40:00", &image).exits(5);
    gate(
        &account(),
        "probe-missing",
        "13:40:00",
        &["--probe", "no/missing/app"],
    )
    .exits(5);
    // The token is nobody's business.
    assert!(!answer.out.contains("QVdTOnRva2Vu") && !answer.err.contains("QVdTOnRva2Vu"));
}
