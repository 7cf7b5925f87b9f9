//! Many rows: counted exactly, with few requests, in the time that latency and rates force, and in
//! memory that does not grow with them.
//!
//! `ECR_ROWS=1000000` takes that many; the default is a sample. The figures are printed
//! (`--nocapture`) and stand in docs/performance.md.

use super::command;
use super::whole::whole;
use super::world::World;
use crate::loopback::insights::LogEvent;
use crate::story::Report;
use crate::tool;
use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The window: two hours, in which everything was delivered.
const FROM_MS: i64 = 1_773_244_800_000;
const LENGTH_MS: i64 = 7_200_000;

fn rows_asked(few: u64) -> u64 {
    let asked = std::env::var("ECR_ROWS").ok();
    asked.map_or(few, |text| text.parse().unwrap())
}

/// So many pulls in two hours, half of them in ten minutes, of which a tenth is throttled; and a
/// control group a fiftieth as large.
fn events(count: u64, is_kept_apart: bool) -> Vec<LogEvent> {
    let make = if is_kept_apart {
        LogEvent::new
    } else {
        LogEvent::bare
    };
    let time = |ms: i64| {
        let at = chrono::DateTime::from_timestamp_millis(ms).unwrap();
        at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    let mut out = Vec::new();
    let half = count / 2;
    for at in 0..count {
        let ms = if at < half {
            (at as i64) * LENGTH_MS / half.max(1) as i64
        } else {
            3_600_000 + ((at - half) as i64) * 600_000 / (count - half).max(1) as i64
        };
        let delivered = FROM_MS + ms;
        let error = if at >= half && at % 10 == 0 {
            "\"errorCode\":\"ThrottlingException\",\"errorMessage\":\"Rate exceeded\","
        } else {
            ""
        };
        let id = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let text = format!(
            "{{\"eventVersion\":\"1.10\",\"userIdentity\":{{\"type\":\"AssumedRole\",\"principalId\":\"AROA:x\",\
             \"arn\":\"arn:aws:sts::111122223333:assumed-role/node/i-{:03}\",\"accountId\":\"111122223333\"}},\
             \"eventTime\":\"{}\",\"eventSource\":\"ecr.amazonaws.com\",\"eventName\":\"BatchGetImage\",\
             \"awsRegion\":\"us-east-1\",\"sourceIPAddress\":\"10.0.0.1\",\"userAgent\":\"containerd/1.7\",{error}\
             \"requestParameters\":{{\"repositoryName\":\"team/app-{}\"}},\"requestID\":\"{id:016x}\",\
             \"eventID\":\"{id:016x}-{at:08x}\",\"readOnly\":true,\"eventType\":\"AwsApiCall\",\
             \"managementEvent\":true,\"recipientAccountId\":\"111122223333\",\"eventCategory\":\"Management\"}}",
            at % 300,
            time(delivered - 60_000),
            at % 20,
        );
        out.push(make(delivered, text));
        if at % 50 == 0 {
            let text = format!(
                "{{\"eventVersion\":\"1.10\",\"eventTime\":\"{}\",\"eventSource\":\"sts.amazonaws.com\",\
                 \"eventName\":\"AssumeRole\",\"awsRegion\":\"us-east-1\",\"eventID\":\"c-{at:08x}\",\
                 \"eventType\":\"AwsApiCall\",\"recipientAccountId\":\"111122223333\",\
                 \"eventCategory\":\"Management\"}}",
                time(delivered - 60_000)
            );
            out.push(make(delivered, text));
        }
    }
    out.sort_by_key(|event| event.timestamp_ms);
    out
}

fn world(events: Vec<LogEvent>) -> World {
    let mut world = whole(super::story(super::CASE));
    "111122223333".clone_into(&mut world.account);
    {
        let mut logs = world.trail().logs.lock().unwrap();
        logs.home.0 = "111122223333".to_owned();
        logs.events = events;
        logs.running = 0;
        let arn = logs.arn();
        let mut trails = world.trail().trails.lock().unwrap();
        trails.trails[0]["CloudWatchLogsLogGroupArn"] = format!("{arn}:*").into();
    }
    world
}

/// What a run took.
struct Taken {
    report: Report,
    /// From the start of the program to its end.
    wall: Duration,
    /// From the first request to the last.
    collecting: Duration,
    /// Peak resident memory, MiB.
    peak_mib: u64,
    /// The same until the last request.
    collecting_mib: u64,
    starts: u64,
    results: u64,
}

fn run(world: World, into: &str) -> Taken {
    let world = Arc::new(world);
    let server = world.serve();
    let folder = tool::scratch(&format!("live/scale/{into}"));
    let out = folder.join("report");
    let mut command = command(&server.url, &folder);
    command
        .args([
            "report",
            "--from",
            "2026-03-11T16:00Z",
            "--to",
            "2026-03-11T18:00Z",
        ])
        .args([
            "--baseline",
            "1d",
            "--now",
            "2026-03-11T18:30Z",
            "--patience",
            "300s",
        ])
        .args(["--region", "us-east-1", "--out"])
        .arg(&out);
    let begun = Instant::now();
    let log = fs::File::create(folder.join("stderr")).unwrap();
    let mut child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let (mut first, mut last, mut seen) = (None, begun, 0);
    let (mut peak_mib, mut collecting_mib) = (0, 0);
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
        // Until it has become the program, a child wears the memory of this one.
        let status = status.unwrap_or_default();
        let status = match status.starts_with("Name:\tecr-incident\n") {
            true => status,
            false => String::new(),
        };
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
        peak_mib = peak_mib.max(peak.unwrap_or_default() / 1_024);
        let now = world.seen().len();
        if now > seen {
            (seen, last) = (now, Instant::now());
            first.get_or_insert(last);
            collecting_mib = peak_mib;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let wall = begun.elapsed();
    let said = fs::read_to_string(folder.join("stderr")).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    let logs = world.trail().logs.lock().unwrap();
    let count = |name: &str| logs.seen.iter().filter(|(seen, _)| seen == name).count() as u64;
    Taken {
        report: Report::read(&out).unwrap_or_else(|why| panic!("{why}\n{said}")),
        wall,
        collecting: last - first.unwrap_or(last),
        peak_mib,
        collecting_mib,
        starts: count("StartQuery"),
        results: count("GetQueryResults"),
    }
}

fn used(report: &Report) -> u64 {
    let rows = report.json["coverage"].as_array().unwrap();
    let row = rows.iter().find(|row| row["noun"] == "trail").unwrap();
    assert_eq!(row["outcome"], "complete", "{row}");
    row["used"].as_u64().unwrap()
}

#[test]
fn rows_behind_the_limit_are_counted_exactly_with_few_requests_and_flat_memory() {
    let most = rows_asked(40_000);
    let mut peaks = Vec::new();
    for count in [10_000, 40_000, 100_000, 250_000, 1_000_000] {
        if count > most {
            break;
        }
        let world = world(events(count, true));
        {
            let mut logs = world.trail().logs.lock().unwrap();
            logs.pages = false;
            logs.rows = 10_000;
        }
        let taken = run(world, &format!("exact-{count}"));
        assert_eq!(used(&taken.report), count);
        // Whoever may have 10,000 rows at a time needs so many queries for the records and one for
        // the control group, each started once and read once.
        let fewest = 2 * (count.div_ceil(10_000) + 1);
        let asked = taken.starts + taken.results;
        println!(
            "{count} rows: {asked} requests ({} starts, {} results), {fewest} at least, {:.3} times; \
             {:.1} s, peak {} MiB, {} of them collecting",
            taken.starts,
            taken.results,
            asked as f64 / fewest as f64,
            taken.wall.as_secs_f64(),
            taken.peak_mib,
            taken.collecting_mib
        );
        // What finds out where to cut is a fixed number of requests.
        assert!(asked <= fewest + 12.max(fewest / 10), "{asked} of {fewest}");
        peaks.push(taken.peak_mib);
    }
    // A page of 10,000 rows for each of the queries under way, what the threads of the scan hold, and
    // what the allocator keeps of both; whatever the number of rows. A million rows that were held,
    // an hour of them, took 511 MiB.
    assert!(peaks.iter().all(|peak| *peak <= 256), "{peaks:?}");
}

#[test]
fn the_wait_is_what_latency_and_rates_force() {
    let latency = 0.1;
    let query = 1.5;
    let count = rows_asked(40_000).min(200_000);
    let mut world = world(events(count, true));
    world.latency = Duration::from_secs_f64(latency);
    {
        let mut logs = world.trail().logs.lock().unwrap();
        logs.pages = false;
        logs.rows = 10_000;
        logs.takes = Duration::from_secs_f64(query);
    }
    let taken = run(world, "wait");
    assert_eq!(used(&taken.report), count);
    // Who we are, which trail, what it sees; then three queries that wait for one another (does it
    // fit, how much is where, and finer), each started, run and read; then the parts: side by side
    // they are held up by a quarter of ten starts a second alone, and the last has to run as well.
    let parts = count.div_ceil(9_999);
    let before = 3.0 * latency + 3.0 * (query + 2.0 * latency);
    let held_up = (parts as f64 - 3.0).max(0.0) / 2.5;
    let forced = before + held_up + query + 2.0 * latency;
    let took = taken.collecting.as_secs_f64();
    println!(
        "{count} rows, {latency} s a request, {query} s a query: {took:.1} s, {forced:.1} s forced, {:.2} times; \
         {} starts, {} results; whole run {:.1} s",
        took / forced,
        taken.starts,
        taken.results,
        taken.wall.as_secs_f64()
    );
    assert!(took <= forced * 1.3 + 2.0, "{took} s, {forced} s forced");
}
