//! Live collection against a loopback AWS: real HTTP on 127.0.0.1, the same answers as the files of
//! the case, and a plan of faults. Nothing here can reach the real AWS: every endpoint is overridden.

mod accounts;
mod cbor;
mod faults;
mod health;
mod logins;
mod nights;
mod permissions;
mod scale;
mod stop;
mod whole;
mod world;

use crate::loopback::http::Server;
use crate::story::{self, Report, Story};
use crate::tool::{self, Answer};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use world::{Fault, World};

/// The case with every source and two regions.
const CASE: &str = "aws_fault_late_health";

fn story(name: &str) -> &'static Story {
    story::all().iter().find(|one| one.name == name).unwrap()
}

/// The binary with nothing but the loopback AWS in its environment.
fn command(url: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecr-incident"));
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("ECR_INCIDENT_STATUS_URL", format!("{url}/status"))
        .stdin(Stdio::null());
    command
}

fn finish(mut command: Command) -> Answer {
    let output = command.output().unwrap();
    Answer {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The case's question with the trail from files and the rest from AWS.
fn words(story: &Story, world: &World, out: &Path) -> Vec<String> {
    let mut words = vec!["report".to_owned(), "--live".to_owned()];
    let mut args = story.case.args.iter();
    while let Some(flag) = args.next() {
        let value = args.next().unwrap();
        let served = [
            "metrics.json",
            "metric-queries.json",
            "quotas.json",
            "health-events.json",
            "health-details.json",
            "currentevents.json",
        ];
        if !served.contains(&value.as_str()) {
            words.extend([flag.clone(), value.clone()]);
        }
    }
    let regions = world.regions.join(",");
    let out = out.to_string_lossy();
    words.extend(
        [
            "--region",
            &regions,
            "--now",
            &story.case.now,
            "--out",
            &out,
        ]
        .map(str::to_owned),
    );
    words
}

fn world(story: &Story) -> Arc<World> {
    let world = Arc::new(World::of(story));
    let given = |name: &str| story.case.args.iter().any(|word| word == name);
    if !given("health-events.json") {
        world.fault("DescribeEvents", Fault::Subscription, usize::MAX);
    }
    if !given("currentevents.json") {
        world.fault("status", Fault::Html503, usize::MAX);
    }
    if !given("quotas.json") {
        world.fault("ListServiceQuotas", Fault::Denied, usize::MAX);
        world.fault("ListAWSDefaultServiceQuotas", Fault::Denied, usize::MAX);
    }
    if !given("metrics.json") {
        world.fault("ListMetrics", Fault::Denied, usize::MAX);
        world.fault("GetMetricData", Fault::Denied, usize::MAX);
    }
    world
}

/// One live run of a case into a folder of its own.
fn live(
    story: &Story,
    world: &Arc<World>,
    into: &str,
    more: &[&str],
) -> (Answer, Result<Report, String>) {
    let server = world.serve();
    let folder = tool::scratch(&format!("live/{into}"));
    let out = folder.join("report");
    let mut command = command(&server.url, &story.folder);
    command.args(words(story, world, &out)).args(more);
    if !more.contains(&"--patience") {
        command.args(["--patience", "1s"]);
    }
    let answer = finish(command).sane();
    (answer, Report::read(&out))
}

/// What a report found, without the names of its evidence.
fn findings(report: &Report) -> Value {
    let mut found = serde_json::json!({
        "status": report.json["status"], "incidents": report.json["incidents"],
    });
    strip(&mut found);
    found
}

/// Evidence is numbered by what was collected, and numbers stand in sentences too.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in [
                "evidence",
                "evidence_for",
                "evidence_against",
                "would_change",
                "rejected",
                "read_from",
            ] {
                map.remove(key);
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Gaps of a source, in words.
fn gaps(report: &Report, noun: &str) -> Vec<String> {
    report.json["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|gap| gap["noun"] == noun)
        .map(|gap| format!("{} {}", gap["what"], gap["hint"]))
        .collect()
}

#[test]
fn live_and_files_find_the_same() {
    tool::for_each(story::all(), |story| {
        let offline = story::first(story)?;
        let (answer, report) = live(story, &world(story), &format!("same/{}", story.name), &[]);
        let report = report.map_err(|why| format!("{}: {why}\n{}", story.name, answer.err))?;
        let (ours, theirs) = (findings(&report), findings(offline));
        if ours == theirs {
            return Ok(());
        }
        let text = |value: &Value| serde_json::to_string_pretty(value).unwrap();
        let difference = similar::TextDiff::from_lines(&text(&theirs), &text(&ours))
            .unified_diff()
            .context_radius(2)
            .to_string();
        Err(format!(
            "{}:\n{}",
            story.name,
            difference.chars().take(3_000).collect::<String>()
        ))
    });
}

#[test]
fn a_passing_fault_costs_nothing_but_time() {
    let story = story(CASE);
    let (_, whole) = live(story, &world(story), "passing/none", &[]);
    let whole = findings(&whole.unwrap());
    let faults = [
        ("GetMetricData", Fault::Throttle, 4),
        ("GetMetricData", Fault::Internal, 1),
        ("GetMetricData", Fault::Html503, 1),
        ("GetMetricData", Fault::Reset, 1),
        ("GetMetricData", Fault::Truncate, 1),
        ("GetMetricData", Fault::SlowHead(1.5), 1),
        ("GetMetricData", Fault::Status("PartialData"), 1),
        ("ListMetrics", Fault::EmptyPage, 1),
        ("DescribeEvents", Fault::Throttle, 2),
        ("DescribeEvents", Fault::Truncate, 1),
        ("ListServiceQuotas", Fault::EmptyPage, 1),
        ("ListServiceQuotas", Fault::Reset, 2),
        ("GetCallerIdentity", Fault::Internal, 1),
    ];
    let numbered: Vec<_> = faults.iter().enumerate().collect();
    tool::for_each(&numbered, |(index, (operation, fault, times))| {
        let world = world(story);
        world.fault(operation, fault.clone(), *times);
        let (answer, report) = live(story, &world, &format!("passing/{index}"), &[]);
        let report =
            report.map_err(|why| format!("{operation} {fault:?}: {why}\n{}", answer.err))?;
        if findings(&report) != whole {
            return Err(format!(
                "{operation} {fault:?} changed the findings\n{}",
                answer.err
            ));
        }
        Ok(())
    });
}

#[test]
fn a_lasting_fault_is_a_gap_and_the_rest_is_there() {
    let story = story(CASE);
    let faults = [
        ("GetMetricData", Fault::Internal, "own fault"),
        ("GetMetricData", Fault::Html503, "HTTP 503"),
        ("GetMetricData", Fault::Reset, "no connection"),
        ("GetMetricData", Fault::Truncate, "could not be read"),
        ("GetMetricData", Fault::SlowHead(3.0), "in time"),
        ("GetMetricData", Fault::StallBody(20.0), "no whole answer"),
        ("GetMetricData", Fault::Status("Forbidden"), "Forbidden"),
        (
            "GetMetricData",
            Fault::Status("InternalError"),
            "InternalError",
        ),
        ("GetMetricData", Fault::Expired, "expired"),
    ];
    let numbered: Vec<_> = faults.iter().enumerate().collect();
    tool::for_each(&numbered, |(index, (operation, fault, says))| {
        let world = world(story);
        world.fault(operation, fault.clone(), usize::MAX);
        let begun = Instant::now();
        let (answer, report) = live(story, &world, &format!("lasting/{index}"), &[]);
        let report = report.map_err(|why| format!("{fault:?}: {why}\n{}", answer.err))?;
        if begun.elapsed() > Duration::from_secs(90) {
            return Err(format!("{fault:?} took {:?}", begun.elapsed()));
        }
        if !gaps(&report, "metrics")
            .iter()
            .any(|gap| gap.contains(says))
        {
            return Err(format!(
                "{fault:?}: no {says:?} in {:?}",
                gaps(&report, "metrics")
            ));
        }
        let quotas = &report.json["coverage"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["noun"] == "quotas")
            .unwrap()["outcome"];
        if quotas != "complete" {
            return Err(format!("{fault:?}: quotas are {quotas}"));
        }
        Ok(())
    });
}

#[test]
fn without_the_plan_the_public_feed_is_read() {
    let story = story("aws_throttling_below_quota");
    let (_, report) = live(story, &world(story), "subscription", &[]);
    let report = report.unwrap();
    let rows = report.json["coverage"].as_array().unwrap();
    let of = |noun: &str| rows.iter().find(|row| row["noun"] == noun).unwrap()["outcome"].clone();
    assert_eq!(
        (of("health"), of("status")),
        ("unavailable".into(), "complete".into())
    );
    assert!(
        gaps(&report, "health")
            .iter()
            .any(|gap| gap.contains("support plan"))
    );
}

#[test]
fn points_come_whole_over_many_pages() {
    let story = story(CASE);
    let mut world = World::of(story);
    world.page = 97;
    world.fault("status", Fault::Html503, usize::MAX);
    let world = Arc::new(world);
    let (_, report) = live(story, &world, "pages", &[]);
    let (_, whole) = live(story, &self::world(story), "pages-one", &[]);
    assert_eq!(findings(&report.unwrap()), findings(&whole.unwrap()));
    let pages = world
        .seen()
        .iter()
        .filter(|(name, _)| name == "GetMetricData")
        .count();
    assert!(pages > 5, "{pages}");
}

#[test]
fn a_limit_of_time_or_money_ends_with_a_partial_report() {
    let story = story(CASE);
    let slow = world(story);
    slow.fault("GetMetricData", Fault::SlowHead(30.0), usize::MAX);
    let (answer, report) = live(
        story,
        &slow,
        "time",
        &["--patience", "60s", "--max-time", "2s"],
    );
    let report = report.unwrap();
    answer.exits(7);
    assert!(
        gaps(&report, "metrics")
            .iter()
            .any(|gap| gap.contains("--max-time"))
    );
    let (answer, report) = live(story, &world(story), "money", &["--max-cost", "0"]);
    answer.exits(7);
    assert!(
        gaps(&report.unwrap(), "metrics")
            .iter()
            .any(|gap| gap.contains("--max-cost"))
    );
}

#[test]
fn nothing_at_all_is_a_failure_that_says_what_to_do() {
    let story = story(CASE);
    let begin = |server: &Server, into: &str, more: &[&str]| {
        let out = tool::scratch(&format!("live/{into}")).join("report");
        let mut command = command(&server.url, &story.folder);
        command.args([
            "report",
            "--from",
            "2026-03-11T13:00Z",
            "--to",
            "2026-03-11T16:30Z",
        ]);
        command
            .args(["--now", &story.case.now, "--patience", "1s", "--out"])
            .arg(&out)
            .args(more);
        command
    };
    let expired = world(story);
    expired.fault("GetCallerIdentity", Fault::Expired, usize::MAX);
    let server = expired.serve();
    finish(begin(&server, "expired", &[])).fails_with_hint(4, "the credentials expired");
    let denied = world(story);
    denied.fault("*", Fault::Denied, usize::MAX);
    let server = denied.serve();
    finish(begin(&server, "denied", &[])).fails_with_hint(4, "nothing was collected");
    let server = world(story).serve();
    let mut nobody = begin(&server, "nobody", &[]);
    nobody
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    finish(nobody).fails_with_hint(4, "no credentials could be loaded");
    let typo = begin(&server, "typo", &["--region", "us-esat-1"]);
    finish(typo).fails_with_hint(2, "is no region of AWS");
}

#[test]
fn a_plan_makes_no_call() {
    let story = story(CASE);
    let world = world(story);
    let server = world.serve();
    let mut command = command(&server.url, &story.folder);
    command.args([
        "report",
        "--since",
        "2h",
        "--region",
        "us-east-1,eu-west-1",
        "--plan",
    ]);
    let answer = finish(command).exits(0);
    for said in [
        "GetMetricData",
        "servicequotas:ListServiceQuotas",
        "health:DescribeEvents",
        "Estimated cost",
    ] {
        assert!(answer.out.contains(said), "{said} is not in {}", answer.out);
    }
    assert!(world.seen().is_empty());
}

fn wait(child: &mut Child) -> i32 {
    child.wait().unwrap().code().unwrap_or(-1)
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_what_it_has_and_goes_on() {
    let story = story(CASE);
    let world = world(story);
    world.fault("DescribeEvents", Fault::SlowHead(60.0), 1);
    let server = world.serve();
    let out = tool::scratch("live/interrupted").join("report");
    let mut first = command(&server.url, &story.folder);
    first
        .args(words(story, &world, &out))
        .args(["--patience", "90s"]);
    let mut child = first
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let asked = |name: &str| world.seen().iter().filter(|(seen, _)| seen == name).count();
    while asked("DescribeEvents") == 0
        || asked("ListAWSDefaultServiceQuotas") < 2
        || asked("GetMetricData") < 2
    {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{:?}",
            world.seen()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(300));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(wait(&mut child), 130);
    let report = Report::read(&out).unwrap();
    assert!(
        gaps(&report, "health")
            .iter()
            .any(|gap| gap.contains("interrupted"))
    );
    let before = world.seen().len();

    let mut again = command(&server.url, &story.folder);
    again
        .args(words(story, &world, &out))
        .args(["--resume", "--force"]);
    finish(again).exits(0);
    let asked_again: Vec<String> = world.seen()[before..]
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    for done in ["GetMetricData", "ListServiceQuotas"] {
        assert!(
            !asked_again.iter().any(|name| name == done),
            "{asked_again:?}"
        );
    }
    assert_eq!(
        findings(&Report::read(&out).unwrap()),
        findings(
            &live(story, &self::world(story), "undisturbed", &[])
                .1
                .unwrap()
        )
    );
}

#[test]
fn one_flag_is_enough() {
    let story = story(CASE);
    let mut world = World::of(story);
    world.with_trail(story);
    let server = Arc::new(world).serve();
    let out = tool::scratch("live/one-flag").join("report");
    let mut command = command(&server.url, &story.folder);
    // Without --out and --now a person would type `report --since 2h`; the case is not of today.
    command.args([
        "report",
        "--since",
        "5h",
        "--baseline",
        "3d",
        "--now",
        &story.case.now,
        "--out",
    ]);
    let answer = finish({
        command.arg(&out);
        command
    })
    .exits(0);
    let report = Report::read(&out).unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    let of = |noun: &str| {
        let rows = report.json["coverage"].as_array().unwrap();
        let mut rows = rows.iter().filter(|row| row["noun"] == noun);
        rows.next().unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (of("metrics"), of("quotas"), of("health")),
        ("complete".into(), "complete".into(), "complete".into()),
        "{}",
        answer.err
    );
    assert_ne!(of("trail"), "unavailable", "{}", answer.err);
    let incidents = report.json["incidents"].as_array().unwrap();
    assert!(
        incidents
            .iter()
            .any(|one| one["verdict"]["cause"] == "aws_service_fault"),
        "{}",
        answer.err
    );
}

#[test]
fn doctor_says_what_is_missing_and_what_it_costs() {
    let story = story(CASE);
    let mut world = World::of(story);
    world.with_trail(story);
    world.fault("ListServiceQuotas", Fault::Denied, usize::MAX);
    world.fault("DescribeEvents", Fault::Subscription, usize::MAX);
    let server = Arc::new(world).serve();
    let mut command = command(&server.url, &story.folder);
    command.args(["doctor", "--now", &story.case.now, "--patience", "2s"]);
    let answer = finish(command).exits(0);
    for said in [
        "yes      session  credentials",
        "Missing permissions: servicequotas:ListServiceQuotas",
        "support plan",
        "Smallest policy",
        "reads and writes",
    ] {
        assert!(answer.out.contains(said), "{said} is not in {}", answer.out);
    }
}
