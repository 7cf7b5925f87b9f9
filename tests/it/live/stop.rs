//! Runs that are killed anywhere, and go on: the same findings, and nothing that was answered is
//! asked again.
//!
//! `ECR_KILLS=100` kills that often; the default is a sample.

use super::whole::{difference, found, whole};
use super::world::World;
use super::{command, finish};
use crate::story::{Report, Story};
use crate::tool;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Kills when nobody says how many.
const FEW: u64 = 6;

/// A number that looks random and is the same every time.
fn dice(seed: u64, of: u64) -> u64 {
    let mut x = seed
        .wrapping_add(0x9e37_79b9_7f4a_7c15)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 29;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 32)) % of.max(1)
}

/// The world of a case whose answers come in many pieces.
fn in_pieces(story: &Story) -> Arc<World> {
    let mut world = whole(story);
    world.page = 200;
    world.latency = Duration::from_millis(5);
    {
        let mut logs = world.trail().logs.lock().unwrap();
        logs.pages = false;
        // Fewer rows than any AWS gives: so there are many queries.
        logs.rows = 600;
    }
    world.trail().bucket.lock().unwrap().page = 20;
    Arc::new(world)
}

/// What of a run is surely done: it stands on disk, or its results were asked for.
#[derive(Debug, Default)]
struct Done {
    /// Sources and regions, as the names of their files.
    parts: BTreeSet<String>,
    objects: BTreeSet<String>,
    /// Requests to the bucket so far; a file on its way at an earlier kill is rightly asked for again.
    of_bucket: usize,
    queries: BTreeSet<String>,
    /// Requests so far.
    requests: usize,
    /// Queries started so far; one whose ID was lost with the program is started again, rightly.
    starts: usize,
}

fn names_below(folder: &Path) -> BTreeSet<String> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let inside = entry.path().strip_prefix(folder).ok()?;
            Some(inside.to_string_lossy().into_owned())
        })
        .collect()
}

/// Texts of queries whose results were asked for at least once: then their ID was written down.
fn asked_for(world: &World) -> BTreeSet<String> {
    let logs = world.trail().logs.lock().unwrap();
    let asked = logs
        .seen
        .iter()
        .filter(|(name, _)| name == "GetQueryResults");
    asked
        .filter_map(|(_, id)| {
            let number: usize = id.trim_start_matches("q-").parse().ok()?;
            logs.started.get(number - 1).cloned()
        })
        .collect()
}

fn done(world: &World, kept: &Path) -> Done {
    let parts = names_below(&kept.join("parts"));
    Done {
        parts: parts
            .into_iter()
            .filter(|name| name.ends_with(".json"))
            .collect(),
        objects: names_below(&kept.join("records/s3/trail-bucket")),
        of_bucket: world.trail().bucket.lock().unwrap().seen.len(),
        queries: asked_for(world),
        requests: world.seen().len(),
        starts: world.trail().logs.lock().unwrap().started.len(),
    }
}

/// What was asked since although it was done.
fn repeated(world: &World, done: &Done) -> Vec<String> {
    let mut again = Vec::new();
    let of_noun = |operation: &str| match operation {
        "ListMetrics" | "GetMetricData" | "DescribeMetricFilters" => "metrics",
        "ListServiceQuotas" | "ListAWSDefaultServiceQuotas" => "quotas",
        "DescribeEvents" | "DescribeEventDetails" => "health",
        _ => "",
    };
    for (operation, region) in &world.seen()[done.requests..] {
        let noun = of_noun(operation);
        let region = if noun == "health" {
            ""
        } else {
            region.as_str()
        };
        let part = format!("{noun}-{}-{region}.json", world.account);
        if !noun.is_empty() && done.parts.contains(&part) {
            again.push(format!("{operation} {region}"));
        }
    }
    let logs = world.trail().logs.lock().unwrap();
    let since = logs.started.iter().skip(done.starts);
    again.extend(since.filter(|text| done.queries.contains(*text)).cloned());
    drop(logs);
    let bucket = world.trail().bucket.lock().unwrap();
    for object in &done.objects {
        let is_it = |target: &&String| target.contains(object) && !target.contains("list-type");
        if bucket
            .seen
            .iter()
            .skip(done.of_bucket)
            .any(|target| is_it(&target))
        {
            again.push(object.clone());
        }
    }
    again
}

struct Way {
    name: &'static str,
    more: &'static [&'static str],
}

const WAYS: [Way; 2] = [
    Way {
        name: "logs",
        more: &[],
    },
    Way {
        name: "bucket",
        more: &["--cloudtrail", "s3://trail-bucket"],
    },
];

fn words(story: &Story, world: &World, way: &Way, out: &Path) -> Vec<String> {
    let out = out.to_string_lossy();
    let fixed = ["report", "--since", "5h", "--baseline", "1d", "--region"];
    let regions = world.regions.join(",");
    let given = [&regions, "--now", story.case.now.as_str(), "--out", &out];
    let mut words: Vec<String> = fixed
        .iter()
        .chain(&given)
        .map(|word| (*word).to_owned())
        .collect();
    words.extend(way.more.iter().map(|word| (*word).to_owned()));
    words
}

/// An undisturbed run: what it finds and how many requests it takes.
fn undisturbed(story: &Story, way: &Way) -> (Value, usize) {
    let world = in_pieces(story);
    let server = world.serve();
    let out = tool::scratch(&format!("live/killed/{}-never", way.name)).join("report");
    let mut command = command(&server.url, &story.folder);
    command.args(words(story, &world, way, &out));
    let answer = finish(command).exits(0);
    let report = Report::read(&out).unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    (found(&report), world.seen().len())
}

fn kept(out: &Path) -> PathBuf {
    out.with_file_name("report.resume")
}

/// One run, killed once or twice and resumed; how much of it was done at the last kill.
fn one(story: &Story, way: &Way, seed: u64, whole: &(Value, usize)) -> Result<bool, String> {
    let world = in_pieces(story);
    let server = world.serve();
    let out = tool::scratch(&format!("live/killed/{}-{seed}", way.name)).join("report");
    let mut state = Done::default();
    let mut was_stopped = false;
    let kills = 1 + dice(seed * 7 + 1, 3) / 2;
    for kill in 0..kills {
        let is_resumed = kept(&out).join("case.json").is_file();
        let mut run = command(&server.url, &story.folder);
        run.args(words(story, &world, way, &out));
        if is_resumed {
            run.arg("--resume");
        }
        let mut child = run
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Anywhere from the first request to well after the last, and inside a request too.
        let after = world.seen().len() + dice(seed * 31 + kill, whole.1 as u64) as usize;
        let late = Duration::from_micros(dice(seed * 13 + kill, 60_000));
        let begun = Instant::now();
        while world.seen().len() < after && child.try_wait().unwrap().is_none() {
            if begun.elapsed() > Duration::from_secs(120) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(late);
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        if ended.code().is_some() {
            break;
        }
        let again = repeated(&world, &state);
        if !again.is_empty() {
            return Err(format!("kill {kill}: asked again: {again:#?}"));
        }
        was_stopped = true;
        state = done(&world, &kept(&out));
    }
    if out.join("report.json").is_file() && !kept(&out).exists() {
        // It was quicker than the kill.
        let report = Report::read(&out)?;
        return difference("quicker", &whole.0, &found(&report)).map(|()| false);
    }
    let mut run = command(&server.url, &story.folder);
    run.args(words(story, &world, way, &out)).arg("--force");
    if kept(&out).join("case.json").is_file() {
        run.arg("--resume");
    }
    let answer = finish(run);
    if answer.code != 0 {
        return Err(format!("exit {}: {}", answer.code, answer.err));
    }
    let report = Report::read(&out).map_err(|why| format!("{why}\n{}", answer.err))?;
    difference("resumed", &whole.0, &found(&report))
        .map_err(|why| format!("{why}\n{}", answer.err))?;
    let again = repeated(&world, &state);
    if !again.is_empty() {
        let requests = (state.requests, world.seen().len(), whole.1);
        return Err(format!("{requests:?}: asked again: {again:#?}"));
    }
    Ok(was_stopped)
}

#[test]
fn a_run_killed_anywhere_goes_on_and_asks_nothing_twice() {
    let kills = std::env::var("ECR_KILLS").ok();
    let kills: u64 = kills.map_or(FEW, |text| text.parse().unwrap());
    let story = super::story(super::CASE);
    let wholes: Vec<(Value, usize)> = WAYS.iter().map(|way| undisturbed(story, way)).collect();
    let seeds: Vec<u64> = (0..kills).collect();
    let stopped = std::sync::atomic::AtomicU64::new(0);
    tool::for_each(&seeds, |seed| {
        let at = (*seed % 2) as usize;
        let was_stopped = one(story, &WAYS[at], *seed, &wholes[at])
            .map_err(|why| format!("seed {seed} ({}): {why}", WAYS[at].name));
        let word = match &was_stopped {
            Ok(true) => "stopped and resumed: the same".to_owned(),
            Ok(false) => "was quicker".to_owned(),
            Err(why) => why.clone(),
        };
        println!("seed {seed} {}: {word}", WAYS[at].name);
        let was_stopped = was_stopped?;
        stopped.fetch_add(u64::from(was_stopped), std::sync::atomic::Ordering::Relaxed);
        Ok(())
    });
    let stopped = stopped.into_inner();
    println!(
        "{stopped} of {kills} runs were stopped before their end; requests of a whole run: {} and {}",
        wholes[0].1, wholes[1].1
    );
    assert!(
        stopped * 2 >= kills,
        "{stopped} of {kills} kills came in time"
    );
}
