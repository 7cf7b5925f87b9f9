//! The state against `kill -9`: a child writes nights as fast as it can and is killed at random points.

use crate::archive::at;
use crate::tool::scratch;
use chrono::Duration;
use ecr_incident::case::Interval;
use ecr_incident::state::Store;
use ecr_incident::state::types::{Identity, Night, NightBody, Quarter, Sighting};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const KILLS: u32 = 220;
/// Names the folder to the child.
const FOLDER: &str = "ECR_INCIDENT_TEST_KILL";

fn night(number: i64) -> (Night, Vec<(Identity, Sighting)>) {
    let from = at("2026-01-01T00:00:00Z") + Duration::days(number);
    let key = from.format("%Y-%m-%d").to_string();
    let night = Night {
        key: key.clone(),
        span: Interval::new(from, from + Duration::days(1)),
        body: NightBody {
            status: "attention".to_owned(),
            subject: "x".repeat(300),
            settled_until: from,
            calls: 1,
            failures: 1,
            coverage: None,
            notices: Vec::new(),
            revisions: Vec::new(),
            tool_version: "0".to_owned(),
        },
    };
    // Every night sees an incident of its own and the one of the night before.
    let seen = [number - 1, number]
        .into_iter()
        .map(|of| {
            let identity = Identity {
                id: format!("ECR-{of}"),
                family: "ECR-f".to_owned(),
                account: "111122223333".to_owned(),
                region: "us-east-1".to_owned(),
                signal: "throttle".to_owned(),
                first_night: key.clone(),
            };
            let sighting = Sighting {
                local_id: "I1".to_owned(),
                apis: vec!["BatchGetImage".to_owned(); 20],
                onset: from,
                until: from,
                ongoing: false,
                side: "aws".to_owned(),
                cause: "undetermined".to_owned(),
                confidence: "low".to_owned(),
                quarters: vec![
                    Quarter {
                        start_s: 0,
                        calls: 2,
                        failures: 1
                    };
                    40
                ],
                health: Vec::new(),
                acknowledged: String::new(),
            };
            (identity, sighting)
        })
        .collect();
    (night, seen)
}

/// Not a test: what the killed process does. Says so after each night that was kept.
#[test]
#[ignore = "runs only as a child of the test below"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let mut said = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("said"))
        .unwrap();
    let mut store = Store::open(&folder.join("state")).unwrap();
    let first = store.nights().unwrap().len() as i64;
    for number in first.. {
        let (night, seen) = night(number);
        store.keep(&night, &seen).unwrap();
        writeln!(said, "{}", night.key).unwrap();
    }
}

#[test]
fn killed_at_any_point_the_state_keeps_what_it_said_it_kept() {
    let folder = scratch("kill");
    let mut random = 0x9e37_79b9_u64;
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--ignored", "--nocapture"])
            .env(FOLDER, &folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(std::time::Duration::from_micros(
            2_000 + (random >> 33) % 58_000,
        ));
        // SIGKILL on Unix: nothing is flushed, nothing is cleaned up.
        child.kill().unwrap();
        child.wait().unwrap();
        if round % 20 == 19 || round + 1 == KILLS {
            check(&folder);
        }
    }
    let said = fs::read_to_string(folder.join("said")).unwrap();
    assert!(
        said.lines().count() > 200,
        "the children hardly wrote: {}",
        said.lines().count()
    );
}

fn check(folder: &Path) {
    let store = Store::open(&folder.join("state")).unwrap();
    store.check().unwrap();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, night, _) in store.sightings().unwrap() {
        *seen.entry(night).or_default() += 1;
    }
    let nights = store.nights().unwrap();
    for night in &nights {
        assert_eq!(
            seen.get(&night.key),
            Some(&2),
            "{} is half there",
            night.key
        );
    }
    let kept: Vec<&str> = nights.iter().map(|night| night.key.as_str()).collect();
    for key in fs::read_to_string(folder.join("said")).unwrap().lines() {
        // The last line may be cut; a cut date is no date.
        if key.len() == 10 {
            assert!(kept.contains(&key), "{key} was said to be kept and is lost");
        }
    }
}
