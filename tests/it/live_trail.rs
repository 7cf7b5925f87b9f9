//! The trail from a loopback AWS: log group, bucket and event history of a fixture case.
//!
//! The other sources come from the case's files, so that every difference is the trail's.

use crate::loopback::bucket::Bucket;
use crate::loopback::http::Server;
use crate::loopback::logs::Logs;
use crate::loopback::trails::Trails;
use crate::loopback::{World, archive};
use crate::story::{self, Report, Story};
use crate::tool::{self, Answer};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// The account of a case as AWS would hold it.
fn world(story: &Story) -> Arc<World> {
    let objects = archive::objects(story);
    let first = objects.keys().next().unwrap();
    let account = first.split('/').nth(1).unwrap().to_owned();
    let events = archive::events(&objects);
    let logs = Logs::new(&account, "us-east-1", "trail-logs", events.clone());
    let mut trails = Trails::one(&account, "us-east-1", "trail-bucket", &logs.arn());
    trails.events = events;
    Arc::new(World {
        account,
        logs: Mutex::new(logs),
        trails: Mutex::new(trails),
        bucket: Mutex::new(Bucket::new("trail-bucket", objects)),
        refused: Mutex::default(),
        seen: Mutex::default(),
    })
}

fn case(name: &str) -> &'static Story {
    story::all().iter().find(|one| one.name == name).unwrap()
}

/// The command for a live trail with everything else from the case's files.
fn command(story: &Story, server: &Server, out: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecr-incident"));
    command
        .current_dir(&story.folder)
        .env_clear()
        .env("HOME", out)
        .env("AWS_ENDPOINT_URL", &server.url)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("ECR_INCIDENT_STATUS_URL", format!("{}/status", server.url))
        .stdin(Stdio::null())
        .arg("report")
        .args(story.args_without(&["--cloudtrail"]))
        .args(["--now", &story.case.now, "--live", "--out"])
        .arg(out)
        .args(more);
    command
}

fn finish(command: &mut Command) -> Answer {
    let output = command.output().unwrap();
    Answer {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// One live run into a fresh folder.
fn live(story: &Story, world: &Arc<World>, into: &str, more: &[&str]) -> (Answer, Report) {
    let out = fresh(into);
    let server = world.serve();
    let answer = finish(&mut command(story, &server, &out, more)).sane();
    let report = Report::read(&out).unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    (answer, report)
}

fn fresh(into: &str) -> PathBuf {
    let folder = tool::scratch(&format!("live_trail/{into}"));
    folder.join("report")
}

/// What a report found of the incidents, without the names of its evidence and without what depends
/// on which other sources there were.
fn findings(report: &Report) -> Value {
    report.claims()
}

fn coverage<'a>(report: &'a Report, key: &str) -> &'a Value {
    let rows = report.json["coverage"].as_array().unwrap();
    let row = rows.iter().find(|row| row["noun"] == "trail").unwrap();
    &row[key]
}

#[test]
fn every_case_reads_the_same_from_its_log_group_and_its_bucket() {
    tool::for_each(story::all(), |story| {
        let offline = story::first(story)?;
        for (name, more) in [
            ("logs", ["--log-group", "trail-logs"]),
            ("bucket", ["--cloudtrail", "s3://trail-bucket"]),
        ] {
            let world = world(story);
            let (answer, report) =
                live(story, &world, &format!("same/{}/{name}", story.name), &more);
            if findings(offline) != findings(&report) {
                return Err(format!(
                    "{} from {name}:\n{}\nis not\n{}\n{}",
                    story.name,
                    findings(&report),
                    findings(offline),
                    answer.err
                ));
            }
        }
        Ok(())
    });
}

#[test]
fn without_a_word_about_it_the_trail_is_found_and_said() {
    let story = case("quota_exhaustion_scale_out");
    let world = world(story);
    let (answer, report) = live(story, &world, "found", &[]);
    assert_eq!(findings(story::first(story).unwrap()), findings(&report));
    assert!(
        answer.err.contains("reading the trail arn:aws:cloudtrail:"),
        "{}",
        answer.err
    );
    assert_eq!(world.trails.lock().unwrap().seen[0], "DescribeTrails");
    assert_eq!(coverage(&report, "outcome"), "complete");
}

#[test]
fn a_trail_that_records_writes_only_is_a_gap() {
    let story = case("quota_exhaustion_scale_out");
    let world = world(story);
    world.trails.lock().unwrap().selectors = json!({"EventSelectors": [
        {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}
    ]});
    let (answer, report) = live(story, &world, "write-only", &[]);
    assert!(answer.err.contains("pulls are reads"), "{}", answer.err);
    assert_eq!(coverage(&report, "outcome"), "partial");
}

#[test]
fn answers_that_do_not_fit_are_cut_until_they_do_and_nothing_is_counted_twice() {
    let story = case("quota_exhaustion_scale_out");
    for pages in [true, false] {
        let world = world(story);
        {
            let mut logs = world.logs.lock().unwrap();
            // Small pages stand for large rows: ten of them are an answer where there are pages.
            logs.rows = 10_000;
            logs.pages = pages;
        }
        let (_, report) = live(
            story,
            &world,
            &format!("fit-{pages}"),
            &["--log-group", "trail-logs"],
        );
        assert_eq!(findings(story::first(story).unwrap()), findings(&report));
        let logs = world.logs.lock().unwrap();
        let records = logs
            .seen
            .iter()
            .filter(|(name, text)| name == "StartQuery" && text.starts_with("fields @message"))
            .count();
        // 22,000 records: one answer of three pages; or three answers of one page after a limit that
        // was refused and an answer that was full.
        assert!(
            records <= if pages { 1 } else { 5 },
            "{records} queries of records"
        );
    }
}

#[test]
fn messages_cut_short_are_mended_or_asked_for_by_field() {
    let story = case("quota_exhaustion_scale_out");
    let world = world(story);
    world.logs.lock().unwrap().cut_at = Some(900);
    let (_, report) = live(story, &world, "cut", &["--log-group", "trail-logs"]);
    assert_eq!(findings(story::first(story).unwrap()), findings(&report));
    let logs = world.logs.lock().unwrap();
    assert!(
        logs.seen
            .iter()
            .any(|(_, text)| text.contains("userIdentity.arn"))
    );
}

#[test]
fn queries_that_fail_are_started_anew_and_at_last_told() {
    let story = case("quota_exhaustion_scale_out");
    let more = ["--log-group", "trail-logs"];
    let world_once = world(story);
    world_once.logs.lock().unwrap().endings = vec!["Failed", "Cancelled"];
    let (_, report) = live(story, &world_once, "failed-once", &more);
    assert_eq!(findings(story::first(story).unwrap()), findings(&report));

    let slow = world(story);
    slow.logs.lock().unwrap().endings = vec!["Timeout"];
    let (_, report) = live(story, &slow, "timeout", &more);
    assert_eq!(findings(story::first(story).unwrap()), findings(&report));

    let never = world(story);
    never.logs.lock().unwrap().endings = vec!["Failed"; 100];
    let (answer, _) = live(story, &never, "failed", &more);
    assert!(
        answer.err.contains("the query ended Failed 3 times"),
        "{}",
        answer.err
    );
}

#[test]
fn pages_that_lead_in_a_circle_are_no_answer() {
    let story = case("quota_exhaustion_scale_out");
    let world = world(story);
    world.logs.lock().unwrap().circle = true;
    let (answer, report) = live(story, &world, "circle", &["--log-group", "trail-logs"]);
    assert!(answer.err.contains("lead in a circle"), "{}", answer.err);
    assert_ne!(coverage(&report, "outcome"), "complete");
}

#[test]
fn a_file_that_breaks_off_is_fetched_again_and_one_that_is_denied_is_told() {
    let story = case("quota_exhaustion_scale_out");
    let world = world(story);
    {
        let mut bucket = world.bucket.lock().unwrap();
        bucket.page = 3;
        let keys: Vec<String> = bucket.objects.keys().cloned().collect();
        bucket.breaks.insert(keys[2].clone());
        bucket.denied.insert(keys[keys.len() / 2].clone());
    }
    let more = ["--cloudtrail", "s3://trail-bucket/AWSLogs"];
    let (answer, _) = live(story, &world, "broken-file", &more);
    assert!(
        answer.err.contains("1 file of s3://trail-bucket/AWSLogs/"),
        "{}",
        answer.err
    );
    assert!(answer.err.contains("s3:GetObject"), "{}", answer.err);
}

#[test]
fn a_trail_that_cannot_be_looked_for_leaves_the_event_history() {
    let story = case("invictus_ssm_burst");
    let world = world(story);
    world
        .refused
        .lock()
        .unwrap()
        .insert("DescribeTrails".to_owned());
    world.trails.lock().unwrap().events.truncate(40);
    let (answer, _) = live(story, &world, "no-discovery", &[]);
    assert!(
        answer.err.contains("Allow cloudtrail:DescribeTrails"),
        "{}",
        answer.err
    );
}

#[test]
fn a_killed_run_goes_on_where_it_stopped() {
    let story = case("quota_exhaustion_scale_out");
    for (name, more) in [
        ("logs", ["--log-group", "trail-logs"]),
        ("bucket", ["--cloudtrail", "s3://trail-bucket"]),
    ] {
        for stop_after in [4, 6, 9, 12, 20] {
            let world = world(story);
            {
                let mut logs = world.logs.lock().unwrap();
                logs.pages = false;
                world.bucket.lock().unwrap().page = 5;
            }
            let out = fresh(&format!("killed/{name}-{stop_after}"));
            let server = world.serve();
            let mut child = command(story, &server, &out, &more)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            world.wait_for(stop_after, &mut child);
            child.kill().unwrap();
            child.wait().unwrap();
            let answered = world.answered();
            let resume: &[&str] = if out.join("report.md").exists() {
                // It was quicker than the kill.
                &["--force"]
            } else {
                &["--resume"]
            };
            let all: Vec<&str> = more.iter().chain(resume).copied().collect();
            let answer = finish(&mut command(story, &server, &out, &all)).sane();
            let report = Report::read(&out).unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
            assert_eq!(
                findings(story::first(story).unwrap()),
                findings(&report),
                "{name} {stop_after}: {}",
                answer.err
            );
            if resume == ["--resume"] {
                let again = world.asked_again(&answered);
                assert!(
                    again.is_empty(),
                    "{name} {stop_after}: asked again: {again:?}"
                );
            }
        }
    }
}

#[test]
fn the_event_history_is_the_last_resort_and_said_to_be_partial() {
    let story = case("invictus_ssm_burst");
    let world = world(story);
    {
        let mut trails = world.trails.lock().unwrap();
        trails.trails.clear();
        trails.events.truncate(120);
        trails.empty_before = Some("ssm.amazonaws.com");
    }
    let (answer, report) = live(story, &world, "history", &[]);
    assert!(
        answer.err.contains("the event history is not a trail"),
        "{}",
        answer.err
    );
    assert_eq!(coverage(&report, "outcome"), "partial");
    // The page without events was not taken for the last.
    assert!(coverage(&report, "used").as_u64().unwrap() > 0);
}

/// A log group that holds nothing delivered before a moment.
fn begins(world: &World, at: &str, is_created: bool, now: &str) {
    let moment = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    let mut logs = world.logs.lock().unwrap();
    let from = moment(at).timestamp_millis();
    if is_created {
        logs.created_ms = from;
    } else {
        let days = (moment(now) - moment(at)).num_days();
        assert_eq!((moment(now) - moment(at)).num_seconds(), days * 86_400);
        logs.retention_days = Some(days);
    }
    logs.events.retain(|event| event.timestamp_ms >= from);
    assert!(!logs.events.is_empty());
}

/// Keys of the files that were fetched.
fn fetched(world: &World) -> Vec<String> {
    let bucket = world.bucket.lock().unwrap();
    let paths = bucket
        .seen
        .iter()
        .filter(|target| target.contains(".json.gz"));
    let paths = paths.filter(|target| !target.contains("list-type"));
    paths.cloned().collect()
}

#[test]
fn what_is_older_than_the_log_group_comes_from_the_bucket() {
    let story = case("quota_exhaustion_scale_out");
    let (_, whole) = live(story, &world(story), "young/not", &[]);
    let all = world(story).bucket.lock().unwrap().objects.len();
    let window = whole.json["window"]["from"].as_str().unwrap().to_owned();
    let moment = chrono::DateTime::parse_from_rfc3339(&window).unwrap();
    let shifted = |minutes: i64| (moment + chrono::Duration::minutes(minutes)).to_rfc3339();
    let days = |days: i64| {
        let now = chrono::DateTime::parse_from_rfc3339(&story.case.now).unwrap();
        (now - chrono::Duration::days(days)).to_rfc3339()
    };
    // Younger than the baseline; than the window; and with a retention shorter than the baseline.
    for (name, at, is_created) in [
        ("baseline", shifted(-3 * 1_440), true),
        ("window", shifted(25), true),
        ("retention", days(1), false),
    ] {
        let world = world(story);
        begins(&world, &at, is_created, &story.case.now);
        let (answer, report) = live(story, &world, &format!("young/{name}"), &[]);
        assert_eq!(
            findings(&whole),
            findings(&report),
            "{name}: {}",
            answer.err
        );
        assert_eq!(
            coverage(&report, "outcome"),
            "complete",
            "{name}: {}",
            answer.err
        );
        assert!(
            answer.err.contains("what is older was read from s3://"),
            "{name}: {}",
            answer.err
        );
        // No call of another service is counted by both.
        assert_eq!(
            whole.json["incidents"], report.json["incidents"],
            "{name}: {}",
            answer.err
        );
        let files = fetched(&world).len();
        assert!(files > 0 && files <= all, "{name}: {files} of {all} files");
        if name == "baseline" {
            assert!(files < all, "{files} of {all} files: all of them");
        }
    }
}

#[test]
fn a_young_log_group_without_a_readable_bucket_is_a_gap_that_says_so() {
    let story = case("quota_exhaustion_scale_out");
    let (_, whole) = live(story, &world(story), "young/whole", &[]);
    let window = whole.json["window"]["from"].as_str().unwrap().to_owned();
    let from =
        chrono::DateTime::parse_from_rfc3339(&window).unwrap() + chrono::Duration::minutes(25);
    for (name, more, says) in [
        ("denied", &[][..], "which has what is older, was not read"),
        (
            "typed",
            &["--log-group", "trail-logs"][..],
            "name the trail's bucket with --cloudtrail",
        ),
    ] {
        let world = world(story);
        begins(&world, &from.to_rfc3339(), true, &story.case.now);
        world.bucket.lock().unwrap().denied.insert(String::new());
        let (answer, report) = live(story, &world, &format!("young/{name}"), more);
        assert_eq!(coverage(&report, "outcome"), "partial", "{name}");
        assert!(
            answer.err.contains("part of the window cannot be in it"),
            "{name}: {}",
            answer.err
        );
        assert!(answer.err.contains(says), "{name}: {}", answer.err);
        if name == "denied" {
            assert!(answer.err.contains("Allow s3:ListBucket"), "{}", answer.err);
        }
    }
}
