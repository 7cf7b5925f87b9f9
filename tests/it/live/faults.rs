//! Every fault a service can have, on the way of a run that asks AWS for everything: a passing one
//! costs nothing but time, a lasting one is a gap, and the rest is there.
//!
//! `ECR_FAULTS=all` tries each lasting fault at each call; the default takes turns.

use super::whole::{difference, found, run, whole};
use super::world::{Fault, World};
use super::{command, finish, gaps};
use crate::story::{Report, Story};
use crate::tool;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn story() -> &'static Story {
    super::story(super::CASE)
}

/// Two hours and a day before them, and the flags of a way.
fn words<'a>(more: &'a [&'a str]) -> impl FnOnce(&Path) -> Vec<String> + 'a {
    move |out| {
        let out = out.to_string_lossy();
        let fixed = ["report", "--since", "5h", "--baseline", "1d", "--now"];
        fixed
            .into_iter()
            .chain([story().case.now.as_str(), "--out", &out])
            .chain(more.iter().copied())
            .map(str::to_owned)
            .collect()
    }
}

fn asked(
    into: &str,
    more: &[&str],
    prepare: impl FnOnce(&mut World),
) -> (
    Arc<World>,
    Duration,
    crate::tool::Answer,
    Result<Report, String>,
) {
    let mut world = whole(story());
    prepare(&mut world);
    let world = Arc::new(world);
    let begun = Instant::now();
    let (answer, report) = run(story(), &world, &format!("faults/{into}"), words(more));
    (world, begun.elapsed(), answer, report)
}

fn undisturbed() -> &'static Report {
    static REPORT: std::sync::OnceLock<Report> = std::sync::OnceLock::new();
    REPORT.get_or_init(|| asked("none", &[], |_| ()).3.unwrap())
}

/// Every call of a run with a log group; and those of a run with a bucket.
const BY_LOGS: [&str; 12] = [
    "GetCallerIdentity",
    "ListMetrics",
    "GetMetricData",
    "DescribeMetricFilters",
    "ListServiceQuotas",
    "ListAWSDefaultServiceQuotas",
    "DescribeEvents",
    "DescribeEventDetails",
    "DescribeTrails",
    "GetTrailStatus",
    "StartQuery",
    "GetQueryResults",
];
const BY_BUCKET: [&str; 3] = ["GetBucketLocation", "ListObjectsV2", "GetObject"];
const BUCKET: [&str; 2] = ["--cloudtrail", "s3://trail-bucket"];

#[test]
fn every_call_may_meet_every_fault_once() {
    let faults = [
        Fault::Throttle,
        Fault::Internal,
        Fault::Html503,
        Fault::Reset,
        Fault::Truncate,
        Fault::SlowHead(2.5),
        Fault::StallBody(7.0),
        Fault::Skew(3_600),
    ];
    let whole = found(undisturbed());
    let mut runs = Vec::new();
    for (index, fault) in faults.iter().enumerate() {
        runs.push((format!("once-{index}"), fault, &BY_LOGS[..], &[][..]));
        runs.push((
            format!("once-{index}-s3"),
            fault,
            &BY_BUCKET[..],
            &BUCKET[..],
        ));
    }
    tool::for_each(&runs, |(into, fault, calls, more)| {
        let (_, took, answer, report) = asked(into, more, |world| {
            for call in *calls {
                let times = if matches!(fault, Fault::Skew(_)) {
                    usize::MAX
                } else {
                    1
                };
                world.fault(call, (*fault).clone(), times);
            }
        });
        let report = report.map_err(|why| format!("{fault:?} {calls:?}: {why}"))?;
        difference(&format!("{fault:?} {calls:?}"), &whole, &found(&report))
            .map_err(|why| format!("{why}\n{}", answer.err))?;
        if took > Duration::from_secs(60) {
            return Err(format!("{fault:?} {calls:?} took {took:?}"));
        }
        let missing: Vec<_> = report.json["coverage"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["noun"] != "status" && row["outcome"] != "complete")
            .collect();
        if !missing.is_empty() {
            return Err(format!("{fault:?} {calls:?}: {missing:?}\n{}", answer.err));
        }
        Ok(())
    });
}

/// A lasting fault: call, source, flags, what the gap says.
fn lasting() -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    vec![
        ("ListMetrics", "metrics", &[]),
        ("GetMetricData", "metrics", &[]),
        ("ListServiceQuotas", "quotas", &[]),
        ("DescribeEvents", "health", &[]),
        ("DescribeEventDetails", "health", &[]),
        ("DescribeTrails", "trail", &[]),
        ("StartQuery", "trail", &[]),
        ("GetQueryResults", "trail", &[]),
        ("ListObjectsV2", "trail", &BUCKET),
        ("GetObject", "trail", &BUCKET),
        ("LookupEvents", "trail", &["--lookup-events"]),
    ]
}

/// How long one request may take: short where that is what is tried, and else so long that no busy
/// machine makes an answer late that is not meant to be.
fn patience(fault: &Fault) -> Duration {
    Duration::from_secs(match fault {
        Fault::SlowHead(_) | Fault::StallBody(_) => 4,
        Fault::Throttle => 5,
        _ => 20,
    })
}

/// Requests for one call at most: three by the SDK, in seven rounds while AWS throttles.
const REQUESTS: usize = 21;

/// How often each call is made by a run with these flags that nothing disturbs.
fn calm(more: &'static [&'static str]) -> BTreeMap<String, usize> {
    let into = format!("calm-{}", more.first().unwrap_or(&"").trim_matches('-'));
    let (world, _, _, report) = asked(&into, more, short_history);
    report.unwrap();
    let mut counts = BTreeMap::new();
    for (name, _) in world.seen() {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// A short history, because it is read at a page in two seconds.
fn short_history(world: &mut World) {
    world.trail().trails.lock().unwrap().events.truncate(30);
}

#[test]
fn every_lasting_fault_is_a_gap_and_ends_in_time() {
    let faults = [
        (Fault::Internal, "own fault"),
        (Fault::Html503, "HTTP 503"),
        (Fault::Reset, "no connection"),
        (Fault::Truncate, ""),
        (Fault::SlowHead(6.0), "answer came"),
        (Fault::StallBody(60.0), ""),
        (Fault::Expired, "expired"),
        (Fault::Xml(403, "AccessDenied"), "Allow"),
        (Fault::Coded(400, "Nonsense", "no such thing"), "Nonsense"),
        (Fault::Throttle, "throttled"),
        (
            Fault::Coded(400, "UnrecognizedClientException", "x"),
            "not accepted",
        ),
    ];
    let all = std::env::var("ECR_FAULTS").is_ok();
    let mut runs = Vec::new();
    let mut undisturbed: BTreeMap<&[&str], BTreeMap<String, usize>> = BTreeMap::new();
    for (at, (call, noun, more)) in lasting().into_iter().enumerate() {
        for (number, (fault, says)) in faults.iter().enumerate() {
            if all || (at + number) % faults.len() == 0 {
                undisturbed.entry(more).or_insert_with(|| calm(more));
                runs.push((call, noun, more, fault, *says));
            }
        }
    }
    tool::for_each(&runs, |(call, noun, more, fault, says)| {
        let name = format!("{fault:?}").replace(|c: char| !c.is_alphanumeric(), "");
        let patience = patience(fault);
        let limit = format!("{}s", patience.as_secs());
        let words = [more, &["--patience", limit.as_str()][..]].concat();
        let (world, took, answer, report) =
            asked(&format!("lasting-{call}-{name}"), &words, |world| {
                world.fault(call, (*fault).clone(), usize::MAX);
                short_history(world);
            });
        let at = format!("{call} {fault:?} ({took:?})");
        let report = report.map_err(|why| format!("{at}: {why}"))?;
        // A call ends within six times the patience and half a minute, and no more than a query, its
        // results and the place behind them wait for one another.
        if took > 3 * (6 * patience + Duration::from_secs(30)) {
            return Err(format!("{at} took too long"));
        }
        let requests = world.seen().iter().filter(|(seen, _)| seen == call).count();
        let most = REQUESTS * undisturbed[more].get(*call).copied().unwrap_or(1);
        if requests > most {
            return Err(format!(
                "{at}: {requests} requests, at most {most} were to be made"
            ));
        }
        let told = gaps(&report, noun);
        // One call has another name as a permission.
        let action = match *call {
            "ListObjectsV2" => "ListBucket",
            call => call,
        };
        if !told
            .iter()
            .any(|gap| gap.contains(action) && gap.contains(says))
        {
            return Err(format!(
                "{at}: {says:?} of {call} is not in {told:#?}\n{}",
                answer.err
            ));
        }
        let others: Vec<_> = report.json["coverage"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["noun"] != *noun && row["noun"] != "status")
            .filter(|row| row["outcome"] != "complete")
            // The short history hides nothing of the others.
            .collect();
        if !others.is_empty() {
            return Err(format!("{at}: others lack something: {others:?}"));
        }
        println!("{at}: {requests} requests");
        Ok(())
    });
}

#[test]
fn tokens_may_repeat_and_pages_may_be_empty() {
    let whole = found(undisturbed());
    let passing = [
        ("ListMetrics", Fault::SameToken, 3),
        ("ListMetrics", Fault::EmptyPage, 20),
        ("GetMetricData", Fault::SameToken, 2),
        ("ListServiceQuotas", Fault::SameToken, 2),
        ("DescribeEvents", Fault::EmptyPage, 20),
        ("DescribeEvents", Fault::SameToken, 2),
    ];
    let (_, _, answer, report) = asked("tokens", &[], |world| {
        for (call, fault, times) in passing {
            world.fault(call, fault, times);
        }
    });
    difference("tokens", &whole, &found(&report.unwrap()))
        .unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    let for_ever = [
        ("ListMetrics", "metrics"),
        ("GetMetricData", "metrics"),
        ("DescribeMetricFilters", "metrics"),
        ("ListServiceQuotas", "quotas"),
        ("DescribeEvents", "health"),
    ];
    tool::for_each(&for_ever, |(call, noun)| {
        let (_, _, _, report) = asked(&format!("circle-{call}"), &[], |world| {
            world.fault(call, Fault::SameToken, usize::MAX);
        });
        let told = gaps(&report?, noun);
        let is_told = |gap: &String| gap.contains(call) || gap.contains("circle");
        if told
            .iter()
            .any(|gap| is_told(gap) && gap.contains("circle"))
        {
            Ok(())
        } else {
            Err(format!("{call}: {told:?}"))
        }
    });
}

#[test]
fn what_came_before_a_fault_is_kept() {
    // On the third page of points the credentials run out, or the token has.
    for (name, fault) in [
        ("expired", Fault::Expired),
        ("token", Fault::Coded(400, "InvalidNextToken", "it ran out")),
        ("throttled", Fault::Coded(500, "InternalServiceFault", "x")),
    ] {
        let (_, _, answer, report) = asked(&format!("middle-{name}"), &[], |world| {
            world.page = 200;
            world.fault("GetMetricData", Fault::Pass, 2);
            world.fault("GetMetricData", fault, usize::MAX);
        });
        let report = report.unwrap();
        let rows = report.json["coverage"].as_array().unwrap();
        let row = rows.iter().find(|row| row["noun"] == "metrics").unwrap();
        assert_eq!(row["outcome"], "partial", "{name}: {row}");
        assert_eq!(row["used"], 400, "{name}: {row}\n{}", answer.err);
        if name == "expired" {
            let told = gaps(&report, "metrics").join(" ");
            assert!(
                told.contains("AWS_SESSION_TOKEN") && told.contains("--resume"),
                "{told}"
            );
        }
    }
}

#[test]
fn credentials_that_run_out_keep_what_came_and_fresh_ones_fetch_the_rest() {
    let world = Arc::new(whole(story()));
    world.fault("GetMetricData", Fault::Expired, 1);
    let server = world.serve();
    let out = tool::scratch("live/faults/expired").join("report");
    let again = |more: &[&str]| {
        let mut run = command(&server.url, &story().folder);
        run.args(words(more)(&out)).args(["--patience", "2s"]);
        finish(run).exits(0)
    };
    let answer = again(&[]);
    assert!(answer.err.contains("--resume --force"), "{}", answer.err);
    let before = world.seen().len();
    let answer = again(&["--resume", "--force"]);
    let report = Report::read(&out).unwrap();
    difference("fresh", &found(undisturbed()), &found(&report))
        .unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    for (name, _) in &world.seen()[before..] {
        let is_done =
            ["StartQuery", "ListServiceQuotas", "DescribeEvents"].contains(&name.as_str());
        assert!(!is_done, "{name} was asked again");
    }
    assert!(!out.with_file_name("report.resume").exists());
}

#[test]
fn queries_that_run_for_ever_are_stopped_at_the_deadline() {
    let (world, took, answer, _) = asked("endless", &["--max-time", "3s"], |world| {
        world.trail().logs.lock().unwrap().running = u32::MAX;
    });
    answer.exits(7);
    assert!(took < Duration::from_secs(20), "{took:?}");
    let logs = world.trail().logs.lock().unwrap();
    let asked = |name: &str| logs.seen.iter().filter(|(seen, _)| seen == name).count();
    assert!(asked("StartQuery") > 0);
    assert_eq!(asked("StopQuery"), asked("StartQuery"));
}

#[test]
fn a_full_account_and_a_rare_class_are_waited_for() {
    let whole = found(undisturbed());
    let (_, _, answer, report) = asked("concurrency", &[], |world| {
        let mut logs = world.trail().logs.lock().unwrap();
        logs.at_once = 1;
        logs.running = 3;
    });
    difference("concurrency", &whole, &found(&report.unwrap()))
        .unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    let (world, _, answer, report) = asked("rare", &[], |world| {
        let mut logs = world.trail().logs.lock().unwrap();
        logs.class = "INFREQUENT_ACCESS";
        logs.at_once = 5;
    });
    difference("rare", &whole, &found(&report.unwrap()))
        .unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    assert!(answer.err.contains("INFREQUENT_ACCESS"), "{}", answer.err);
    let most = world.trail().logs.lock().unwrap().most_at_once;
    assert!(most < 5, "{most} queries at a time leave no room");
}

#[test]
fn a_region_that_is_not_enabled_is_named_and_the_others_answer() {
    let (_, _, answer, report) = asked(
        "region-off",
        &["--region", "us-east-1,us-west-2"],
        |world| {
            world.fault(
                "*@us-west-2",
                Fault::Coded(400, "UnrecognizedClientException", "x"),
                usize::MAX,
            );
        },
    );
    let report = report.unwrap();
    for noun in ["metrics", "quotas"] {
        let told = gaps(&report, noun).join(" ");
        assert!(
            told.contains("us-west-2") && told.contains("not enabled"),
            "{told}\n{}",
            answer.err
        );
    }
    let rows = report.json["coverage"].as_array().unwrap();
    let row = rows.iter().find(|row| row["noun"] == "quotas").unwrap();
    assert_eq!(row["outcome"], "partial");
    assert!(row["used"].as_u64().unwrap() > 0);
}

#[test]
fn a_clock_that_is_wrong_is_said_and_mended() {
    let (_, _, answer, report) = asked("clock", &[], |world| {
        world.fault("*", Fault::Skew(3_600), usize::MAX);
    });
    report.unwrap();
    assert!(answer.err.contains("s behind AWS's"), "{}", answer.err);
}

#[test]
fn health_is_asked_where_it_is_and_details_that_fail_are_named() {
    let (world, _, _, report) = asked("health", &["--region", "us-west-2"], |world| {
        world.fault("DescribeEventDetails", Fault::FailedSet, usize::MAX);
    });
    let regions: std::collections::BTreeSet<String> = world
        .seen()
        .into_iter()
        .filter(|(name, _)| name.starts_with("DescribeEvent"))
        .map(|(_, region)| region)
        .collect();
    // The endpoint rules make global.health.amazonaws.com, signed for us-east-1, of it.
    assert_eq!(regions.into_iter().collect::<Vec<_>>(), ["aws-global"]);
    let told = gaps(&report.unwrap(), "health").join(" ");
    assert!(told.contains("the details of arn:aws:health:"), "{told}");
}

#[test]
fn an_endpoint_of_ones_own_is_said_in_the_report() {
    let report = undisturbed();
    assert!(report.md.contains("AWS\\_ENDPOINT\\_URL") || report.md.contains("AWS_ENDPOINT_URL"));
}

#[test]
fn nowhere_to_ask_is_a_failure_that_names_the_host() {
    for (name, url) in [
        ("dns", "http://nobody.invalid"),
        ("refused", "http://127.0.0.1:9"),
    ] {
        let out = tool::scratch(&format!("live/faults/{name}")).join("report");
        let mut nowhere = command(url, &story().folder);
        nowhere.args(words(&[])(&out)).args(["--patience", "1s"]);
        let begun = Instant::now();
        let answer = finish(nowhere).sane();
        assert_ne!(answer.code, 0, "{name}");
        assert!(answer.err.contains("hint:"), "{name}: {}", answer.err);
        assert!(begun.elapsed() < Duration::from_secs(60), "{name}");
    }
}

#[test]
fn a_one_time_code_is_asked_for_before_anything_is_sent() {
    let world = Arc::new(whole(story()));
    let server = world.serve();
    let folder = tool::scratch("live/faults/mfa");
    let config = folder.join("config");
    let text = "[profile careful]\nrole_arn = arn:aws:iam::111122223333:role/x\n\
                mfa_serial = arn:aws:iam::111122223333:mfa/me\nsource_profile = default\n\
                region = us-east-1\n[default]\naws_access_key_id = A\naws_secret_access_key = b\n";
    std::fs::write(&config, text).unwrap();
    let mut careful = command(&server.url, &story().folder);
    careful
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_CONFIG_FILE", &config)
        .args(words(&["--profile", "careful"])(&folder.join("report")));
    finish(careful).fails_with_hint(4, "mfa_serial");
    assert!(world.seen().is_empty());
}
