//! Many accounts and regions in one run, linked log groups, and what our own calls leave behind.

use super::whole::{difference, found, run, whole};
use super::world::{Fault, World};
use super::{CASE, gaps, story};
use crate::loopback::insights::LogEvent;
use crate::story::Report;
use crate::tool::{self, Answer};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn asked(
    into: &str,
    more: &[&str],
    prepare: impl FnOnce(&mut World),
) -> (Arc<World>, Answer, Report) {
    let story = story(CASE);
    let mut world = whole(story);
    prepare(&mut world);
    let world = Arc::new(world);
    let words = |out: &Path| -> Vec<String> {
        let out = out.to_string_lossy();
        let fixed = ["report", "--since", "5h", "--baseline", "1d", "--now"];
        let given = [story.case.now.as_str(), "--out", &out];
        let all = fixed.into_iter().chain(given).chain(more.iter().copied());
        all.map(str::to_owned).collect()
    };
    let (answer, report) = run(story, &world, &format!("accounts/{into}"), words);
    (world, answer, report.unwrap())
}

#[test]
fn accounts_and_regions_are_asked_side_by_side_and_one_that_fails_stops_none() {
    let file = tool::scratch("live/accounts/list").join("accounts.txt");
    fs::write(
        &file,
        "# ours\n111122223333\n444455556666, the other\n777788889999\n",
    )
    .unwrap();
    let file = file.to_string_lossy();
    let more = [
        "--region",
        "us-east-1,us-west-2",
        "--assume-role",
        "reader",
        "--accounts",
        &file,
    ];
    let (world, _, report) = asked("many", &more, |world| {
        world.fault("AssumeRole@777788889999", Fault::Denied, usize::MAX);
        // One region of one service fails in every account.
        world.fault("ListMetrics@us-west-2", Fault::Denied, usize::MAX);
    });
    let count = |name: &str| world.seen().iter().filter(|(seen, _)| seen == name).count();
    assert_eq!(count("ListServiceQuotas"), 4);
    // Once to see whether it may be, and once more for its first call.
    assert!(count("AssumeRole") <= 5, "{}", count("AssumeRole"));
    // Both accounts name the same trail, which is read once.
    let logs = world.trail().logs.lock().unwrap();
    let starts: Vec<&String> = logs
        .seen
        .iter()
        .filter(|(name, _)| name == "StartQuery")
        .map(|(_, text)| text)
        .collect();
    assert_eq!(starts.len(), starts.iter().collect::<BTreeSet<_>>().len());
    for noun in ["trail", "metrics", "quotas", "health"] {
        let told = gaps(&report, noun).join(" ");
        assert!(told.contains("777788889999"), "{noun}: {told}");
        assert!(told.contains("sts:AssumeRole"), "{noun}: {told}");
    }
    let told = gaps(&report, "metrics").join(" ");
    assert!(
        told.contains("us-west-2") && told.contains("cloudwatch:ListMetrics"),
        "{told}"
    );
    let rows = report.json["coverage"].as_array().unwrap();
    assert!(
        rows.iter()
            .all(|row| row["noun"] == "status" || row["outcome"] == "partial")
    );
    assert_eq!(report.json["status"], "incident");
}

#[test]
fn a_linked_accounts_log_group_is_read_by_its_arn() {
    let (_, _, plain) = asked("own-group", &["--log-group", "trail-logs"], |_| ());
    let arn = "arn:aws:logs:us-east-1:999900001111:log-group:trail-logs:*";
    let (world, answer, linked) = asked("linked", &["--log-group", arn], |world| {
        world.trail().logs.lock().unwrap().home.0 = "999900001111".to_owned();
    });
    difference("linked", &found(&plain), &found(&linked))
        .unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    // It is not listed in the monitoring account, and that is no trouble.
    let logs = world.trail().logs.lock().unwrap();
    assert!(
        !logs
            .seen
            .iter()
            .any(|(name, _)| name == "DescribeLogGroups")
    );
}

#[test]
fn our_own_calls_are_no_control_group() {
    let (_, _, plain) = asked("alone", &[], |_| ());
    let (_, answer, beside) = asked("beside", &[], |world| {
        let mut logs = world.trail().logs.lock().unwrap();
        let like: Vec<LogEvent> = logs.events.iter().rev().take(400).cloned().collect();
        for (at, event) in like.into_iter().enumerate() {
            let mut record: serde_json::Value = serde_json::from_str(&event.message).unwrap();
            record["eventSource"] = "logs.amazonaws.com".into();
            record["eventName"] = "GetQueryResults".into();
            record["eventID"] = format!("own-{at}").into();
            record["errorCode"] = "ThrottlingException".into();
            record["userAgent"] = "aws-sdk-rust/1.3 os/linux app/ecr-incident".into();
            logs.events
                .push(LogEvent::new(event.timestamp_ms, record.to_string()));
        }
        logs.events.sort_by_key(|event| event.timestamp_ms);
    });
    difference("own calls", &found(&plain), &found(&beside))
        .unwrap_or_else(|why| panic!("{why}\n{}", answer.err));
    let skipped = |report: &Report| {
        let rows = report.json["coverage"].as_array().unwrap();
        let rows = rows.iter().filter(|row| row["noun"] == "trail");
        rows.map(|row| row["skipped"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(skipped(&plain), skipped(&beside));
}

#[test]
fn the_receipt_stands_in_the_report() {
    let (world, _, report) = asked("receipt", &[], |_| ());
    assert!(report.md.contains("What asking AWS took"));
    assert!(report.html.contains("What asking AWS took"));
    let sent = world.seen().len();
    let log = fs::read_to_string(report.folder.join("bundle/log.ndjson")).unwrap();
    // The feed is not signed and not asked when Health answers: every line is a request seen.
    assert_eq!(log.lines().count(), sent);
}

#[test]
fn every_region_of_the_partition_is_planned_and_permitted() {
    let story = story(CASE);
    let world = Arc::new(whole(story));
    let server = world.serve();
    let plan = |more: &[&str]| {
        let mut command = super::command(&server.url, &story.folder);
        command
            .args(["report", "--since", "2h", "--plan"])
            .args(more);
        super::finish(command).exits(0).out
    };
    let all = plan(&["--all-regions"]);
    assert!(all.contains("regions for"), "{all}");
    for action in [
        "logs:StartQuery",
        "cloudwatch:GetMetricData",
        "health:DescribeEvents",
    ] {
        assert!(all.contains(action), "{action} is not in {all}");
    }
    let file = tool::scratch("live/accounts/plan").join("accounts.txt");
    fs::write(&file, "111122223333\n444455556666\n").unwrap();
    let roles = plan(&[
        "--assume-role",
        "r",
        "--accounts",
        &file.to_string_lossy(),
        "--org",
    ]);
    for said in [
        "sts:AssumeRole",
        "2 accounts",
        "health:DescribeEventsForOrganization",
    ] {
        assert!(roles.contains(said), "{said} is not in {roles}");
    }
    assert!(world.seen().is_empty());
}
