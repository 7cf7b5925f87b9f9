//! Every IAM action the tool uses, denied alone: the report is made, and what is missing names the
//! action to add and nothing else.

use super::whole::{run, whole};
use super::world::{Fault, World};
use crate::story::Report;
use crate::tool;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// One action and a run that needs it.
struct Row {
    action: &'static str,
    /// The operation to deny, with a place when it is denied there only.
    operation: &'static str,
    /// The source that lacks something; empty for all of them.
    noun: &'static str,
    /// Flags beside `--since`.
    more: &'static [&'static str],
    /// What the run needs to meet the call at all.
    prepare: fn(&mut World),
}

fn nothing(_: &mut World) {}

/// A short history, because it is read at a page in two seconds.
fn little(world: &mut World) {
    world.trail().trails.lock().unwrap().events.truncate(30);
}

/// Some messages come back cut short, too few to ask for fields.
fn cut_messages(world: &mut World) {
    let mut logs = world.trail().logs.lock().unwrap();
    let mut lengths: Vec<usize> = logs.events.iter().map(|one| one.message.len()).collect();
    lengths.sort_unstable_by_key(|length| std::cmp::Reverse(*length));
    let longest = lengths[0];
    let next = lengths.iter().find(|length| **length < longest).unwrap();
    logs.cut_at = Some(*next);
}

/// Queries never end.
fn endless(world: &mut World) {
    world.trail().logs.lock().unwrap().running = u32::MAX;
}

/// One event is of an account alone.
fn own_event(world: &mut World) {
    for (event, _) in &mut world.events {
        event["eventScopeCode"] = "ACCOUNT_SPECIFIC".into();
    }
}

/// The bucket's files are encrypted with a key of their own.
fn row(action: &'static str, operation: &'static str, noun: &'static str) -> Row {
    Row {
        action,
        operation,
        noun,
        more: &[],
        prepare: nothing,
    }
}

const BUCKET: &[&str] = &["--cloudtrail", "s3://trail-bucket"];
const ROLES: &[&str] = &["--assume-role", "reader", "--accounts", "ACCOUNTS"];

fn rows() -> Vec<Row> {
    let of_trail = |action, operation| row(action, operation, "trail");
    let of_bucket = |action, operation| Row {
        more: BUCKET,
        ..of_trail(action, operation)
    };
    let of_org = |action, operation| Row {
        more: &["--org"],
        prepare: own_event,
        ..row(action, operation, "health")
    };
    vec![
        Row {
            more: ROLES,
            ..row("sts:AssumeRole", "AssumeRole@444455556666", "")
        },
        row("cloudwatch:ListMetrics", "ListMetrics", "metrics"),
        row("cloudwatch:GetMetricData", "GetMetricData", "metrics"),
        row(
            "logs:DescribeMetricFilters",
            "DescribeMetricFilters",
            "metrics",
        ),
        row(
            "servicequotas:ListServiceQuotas",
            "ListServiceQuotas",
            "quotas",
        ),
        row(
            "servicequotas:ListAWSDefaultServiceQuotas",
            "ListAWSDefaultServiceQuotas",
            "quotas",
        ),
        row("health:DescribeEvents", "DescribeEvents", "health"),
        row(
            "health:DescribeEventDetails",
            "DescribeEventDetails",
            "health",
        ),
        of_org(
            "health:DescribeEventsForOrganization",
            "DescribeEventsForOrganization",
        ),
        of_org(
            "health:DescribeEventDetailsForOrganization",
            "DescribeEventDetailsForOrganization",
        ),
        of_org(
            "health:DescribeAffectedAccountsForOrganization",
            "DescribeAffectedAccountsForOrganization",
        ),
        Row {
            prepare: little,
            ..of_trail("cloudtrail:DescribeTrails", "DescribeTrails")
        },
        of_trail("cloudtrail:GetTrailStatus", "GetTrailStatus"),
        of_trail("cloudtrail:GetEventSelectors", "GetEventSelectors"),
        Row {
            more: &["--lookup-events"],
            prepare: little,
            ..of_trail("cloudtrail:LookupEvents", "LookupEvents")
        },
        of_trail("logs:DescribeLogGroups", "DescribeLogGroups"),
        of_trail("logs:StartQuery", "StartQuery"),
        of_trail("logs:GetQueryResults", "GetQueryResults"),
        Row {
            more: &["--max-time", "2s"],
            prepare: endless,
            ..of_trail("logs:StopQuery", "StopQuery")
        },
        Row {
            prepare: cut_messages,
            ..of_trail("logs:GetLogRecord", "GetLogRecord")
        },
        of_bucket("s3:GetBucketLocation", "GetBucketLocation"),
        of_bucket("s3:ListBucket", "ListObjectsV2"),
        of_bucket("s3:GetObject", "GetObject"),
        of_bucket("kms:Decrypt", "GetObject"),
    ]
}

/// All gaps of a report, as text.
fn gaps(report: &Report) -> BTreeSet<(String, String)> {
    let gaps = report.json["gaps"].as_array().unwrap();
    gaps.iter()
        .map(|gap| {
            let text = format!("{} {}", gap["what"], gap["hint"]);
            (gap["noun"].as_str().unwrap_or_default().to_owned(), text)
        })
        .collect()
}

/// Every action that some text says to allow.
fn allowed(gaps: &BTreeSet<(String, String)>) -> BTreeSet<String> {
    gaps.iter()
        .flat_map(|(_, text)| text.split("Allow ").skip(1))
        .filter_map(|rest| rest.split_whitespace().next())
        .filter(|word| word.contains(':'))
        .map(|word| word.trim_end_matches(['.', '"']).to_owned())
        .collect()
}

fn asked(row: &Row, name: &str, is_denied: bool) -> Result<Report, String> {
    let story = super::story(super::CASE);
    let mut world = whole(story);
    (row.prepare)(&mut world);
    if is_denied {
        let fault = if row.action == "kms:Decrypt" {
            let words = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: \
                         kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:key/k";
            Fault::Coded(403, "AccessDenied", words)
        } else {
            Fault::Denied
        };
        world.fault(row.operation, fault, usize::MAX);
    }
    let accounts = tool::scratch(&format!("live/accounts/{name}")).join("accounts.txt");
    std::fs::write(&accounts, format!("{}\n444455556666\n", world.account)).unwrap();
    let world = Arc::new(world);
    let words = |out: &Path| -> Vec<String> {
        let accounts = accounts.to_string_lossy();
        let fixed = ["report", "--since", "5h", "--baseline", "1d", "--now"];
        let more = row.more.iter().map(|word| match *word {
            "ACCOUNTS" => accounts.as_ref(),
            word => word,
        });
        let out = out.to_string_lossy();
        fixed
            .into_iter()
            .chain([story.case.now.as_str(), "--out", &out])
            .chain(more)
            .map(str::to_owned)
            .collect()
    };
    let (answer, report) = run(story, &world, &format!("permissions/{name}"), words);
    let operation = row.operation.split('@').next().unwrap();
    if !world.seen().iter().any(|(seen, _)| seen == operation) {
        return Err(format!("{operation} was never asked\n{}", answer.err));
    }
    report
}

#[test]
fn each_missing_permission_is_one_gap_with_its_action() {
    let rows = rows();
    tool::for_each(&rows, |row| {
        let name = row.action.replace(':', "-");
        let whole = gaps(&asked(row, &format!("{name}-given"), false)?);
        let lacking = gaps(&asked(row, &name, true)?);
        let new: BTreeSet<_> = lacking.difference(&whole).cloned().collect();
        let said = allowed(&new);
        let elsewhere: Vec<_> = new
            .iter()
            .chain(whole.difference(&lacking))
            .filter(|(noun, _)| !row.noun.is_empty() && noun != row.noun)
            // Without AWS Health the public feed is read, which says what it is.
            .filter(|(noun, _)| !(row.noun == "health" && noun == "status"))
            .collect();
        if said != BTreeSet::from([row.action.to_owned()]) {
            return Err(format!("{}: allows {said:?}: {new:#?}", row.action));
        }
        if !elsewhere.is_empty() {
            return Err(format!("{}: also changes {elsewhere:#?}", row.action));
        }
        Ok(())
    });
}

/// Calls of a report that are not in the table, each with its reason.
const EXCUSED: [&str; 1] = [
    // AWS answers it to everyone, also against an explicit denial.
    "sts:GetCallerIdentity",
];

#[test]
fn the_table_holds_every_action_there_is() {
    let listed: BTreeSet<&str> = rows().iter().map(|row| row.action).collect();
    let text = std::fs::read_to_string(tool::root().join("queries/aws/calls.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    for call in table["call"].as_array().unwrap() {
        let action = call["action"].as_str().unwrap();
        // Support is asked by `pack` and the registry by `gate --probe`, which have tests of their own.
        let is_others = action.starts_with("support:") || action.starts_with("ecr:");
        if action.is_empty() || is_others || EXCUSED.contains(&action) {
            continue;
        }
        assert!(listed.contains(action), "{action} is not in the table");
    }
}
