//! The trails of a region: whether they log, what they see, and whether their homes can be read.
//!
//! The traps are those that give no error: a write-only trail looks calm in a pull storm.

use super::{Answer, Findings};
use crate::bundle::manifest::Noun;
use crate::case::{instant, rfc3339};
use crate::collect::aws::session::Account;
use crate::collect::aws::{Field, known};
use aws_sdk_cloudtrail::types::{ReadWriteType, Trail};

/// Tries what reading the trail needs.
pub(super) async fn trails(
    field: &Field,
    account: &Account,
    region: &str,
    findings: &mut Findings,
) {
    let noun = Some(Noun::Trail);
    let asker = account.asker(region);
    let client = account.cloudtrail(region);
    let call = known::call("cloudtrail", "DescribeTrails");
    let described = field
        .control
        .call(call, &asker, || {
            client.describe_trails().include_shadow_trails(true).send()
        })
        .await;
    match described {
        Err(trouble) => findings.trouble(
            noun,
            "trails",
            &trouble,
            "The trail must be named with --log-group or --cloudtrail.",
        ),
        Ok(page) => {
            let trails = page.trail_list();
            if trails.is_empty() {
                let check = findings.add(
                    noun,
                    "trails",
                    Answer::No,
                    "no trail covers the region".to_owned(),
                );
                "Only LookupEvents is left: 90 days, two requests a second."
                    .clone_into(&mut check.effect);
                "Create a trail that logs read and write management events."
                    .clone_into(&mut check.hint);
            }
            for trail in trails {
                one_trail(field, account, region, trail, findings).await;
            }
        }
    }
    let call = known::call("cloudtrail", "LookupEvents");
    let looked = field
        .control
        .call(call, &asker, || {
            client.lookup_events().max_results(1).send()
        })
        .await;
    match looked {
        Err(trouble) => findings.trouble(
            noun,
            "LookupEvents",
            &trouble,
            "Without a trail there is no last resort.",
        ),
        Ok(_) => {
            findings.add(
                noun,
                "LookupEvents",
                Answer::Yes,
                "the last resort".to_owned(),
            );
        }
    }
}

async fn one_trail(
    field: &Field,
    account: &Account,
    region: &str,
    trail: &Trail,
    findings: &mut Findings,
) {
    let noun = Some(Noun::Trail);
    let name = trail.name().unwrap_or("?");
    let home = trail.home_region().unwrap_or(region);
    let arn = trail.trail_arn().or(trail.name()).unwrap_or_default();
    let asker = account.asker(home);
    let client = account.cloudtrail(home);
    let call = known::call("cloudtrail", "GetTrailStatus");
    let status = field
        .control
        .call(call, &asker, || client.get_trail_status().name(arn).send())
        .await;
    let what = format!("trail {name}: logging");
    match status {
        Err(trouble) => findings.trouble(
            noun,
            &what,
            &trouble,
            "Whether the trail delivers is not known.",
        ),
        Ok(status) if status.is_logging() != Some(true) => {
            let check = findings.add(
                noun,
                &what,
                Answer::No,
                "logging is switched off".to_owned(),
            );
            "No call since then was recorded.".clone_into(&mut check.effect);
            "Start it: aws cloudtrail start-logging.".clone_into(&mut check.hint);
        }
        Ok(status) => {
            let error = status
                .latest_cloud_watch_logs_delivery_error()
                .or(status.latest_delivery_error())
                .unwrap_or_default();
            let answer = if error.is_empty() {
                Answer::Yes
            } else {
                Answer::Limited
            };
            findings.add(noun, &what, answer, error.to_owned());
        }
    }
    selectors(field, account, home, arn, name, findings).await;
    if let Some(group) = trail.cloud_watch_logs_log_group_arn() {
        log_group(field, account, home, group, findings).await;
    }
    if let Some(bucket) = trail.s3_bucket_name() {
        bucket_of(
            field,
            account,
            home,
            bucket,
            trail.s3_key_prefix(),
            findings,
        )
        .await;
    }
}

async fn selectors(
    field: &Field,
    account: &Account,
    home: &str,
    arn: &str,
    name: &str,
    findings: &mut Findings,
) {
    let noun = Some(Noun::Trail);
    let client = account.cloudtrail(home);
    let call = known::call("cloudtrail", "GetEventSelectors");
    let what = format!("trail {name}: what it sees");
    let selected = field
        .control
        .call(call, &account.asker(home), || {
            client.get_event_selectors().trail_name(arn).send()
        })
        .await;
    let selected = match selected {
        Ok(selected) => selected,
        Err(trouble) => {
            findings.trouble(
                noun,
                &what,
                &trouble,
                "A write-only trail sees no pull, and would look calm.",
            );
            return;
        }
    };
    let plain = selected.event_selectors();
    let reads = |kind: Option<&ReadWriteType>| {
        !matches!(
            kind,
            Some(ReadWriteType::WriteOnly | ReadWriteType::ReadOnly)
        )
    };
    let management: Vec<_> = plain
        .iter()
        .filter(|one| one.include_management_events() != Some(false))
        .collect();
    let write_only = management
        .iter()
        .any(|one| one.read_write_type() == Some(&ReadWriteType::WriteOnly));
    let all = management.iter().any(|one| reads(one.read_write_type()));
    let advanced = selected.advanced_event_selectors();
    let narrowed = advanced.iter().any(|one| {
        one.field_selectors()
            .iter()
            .any(|field| matches!(field.field(), "readOnly" | "eventName" | "eventSource"))
    });
    if write_only && !all {
        let check = findings.add(
            noun,
            &what,
            Answer::Limited,
            "it records writes only".to_owned(),
        );
        "Pulls are reads: none of them is in the trail, and their failures cannot be counted."
            .clone_into(&mut check.effect);
        "Log read management events as well: aws cloudtrail put-event-selectors with ReadWriteType=All."
            .clone_into(&mut check.hint);
    } else if !plain.is_empty() && management.is_empty() {
        let check = findings.add(
            noun,
            &what,
            Answer::No,
            "it records no management events".to_owned(),
        );
        "ECR calls are management events: none is in the trail.".clone_into(&mut check.effect);
    } else if narrowed {
        let check = findings.add(
            noun,
            &what,
            Answer::Limited,
            "advanced selectors narrow what is recorded".to_owned(),
        );
        "Calls they leave out look as if they had not happened.".clone_into(&mut check.effect);
    } else {
        findings.add(noun, &what, Answer::Yes, "reads and writes".to_owned());
    }
}

async fn log_group(
    field: &Field,
    account: &Account,
    home: &str,
    arn: &str,
    findings: &mut Findings,
) {
    let noun = Some(Noun::Trail);
    // arn:aws:logs:us-east-1:111122223333:log-group:NAME:*
    let name = arn.split(':').nth(6).unwrap_or(arn);
    let what = format!("log group {name}");
    let client = account.logs(home);
    let asker = account.asker(home);
    let call = known::call("logs", "DescribeLogGroups");
    let groups = field
        .control
        .call(call, &asker, || {
            client
                .describe_log_groups()
                .log_group_name_prefix(name)
                .send()
        })
        .await;
    match groups {
        Err(trouble) => findings.trouble(
            noun,
            &what,
            &trouble,
            "Its retention and class are not known.",
        ),
        Ok(page) => match page
            .log_groups()
            .iter()
            .find(|one| one.log_group_name() == Some(name))
        {
            None => {
                let check = findings.add(
                    noun,
                    &what,
                    Answer::No,
                    "it is not in this account".to_owned(),
                );
                "Name it with --log-group and its ARN from a monitoring account."
                    .clone_into(&mut check.hint);
            }
            Some(group) => {
                let case = &field.request.case;
                let asked = case.now - case.whole().from;
                let kept = i64::from(group.retention_in_days().unwrap_or(i32::MAX));
                let created = group
                    .creation_time()
                    .map(|ms| instant(ms.div_euclid(1_000)));
                let begins = match created {
                    _ if asked.num_days() >= kept => Some(format!(
                        "it keeps {kept} days, the question reaches back {}",
                        asked.num_days() + 1
                    )),
                    Some(created) if created > case.whole().from => Some(format!(
                        "it was created at {}, the question reaches back to {}",
                        rfc3339(created),
                        rfc3339(case.whole().from)
                    )),
                    _ => None,
                };
                match begins {
                    None => {
                        findings.add(noun, &what, Answer::Yes, String::new());
                    }
                    Some(begins) => {
                        let check = findings.add(noun, &what, Answer::Limited, begins);
                        "Older events are not in it; they are read from the trail's bucket."
                            .clone_into(&mut check.effect);
                    }
                }
            }
        },
    }
    queries(field, account, home, name, findings).await;
}

/// Whether the group can be queried.
async fn queries(
    field: &Field,
    account: &Account,
    home: &str,
    name: &str,
    findings: &mut Findings,
) {
    let noun = Some(Noun::Trail);
    let client = account.logs(home);
    let asker = account.asker(home);
    // A query over one second costs nothing that can be measured, and no other call shows the permission.
    let call = known::call("logs", "StartQuery");
    let now = field.request.case.now.timestamp();
    let started = field
        .control
        .call(call, &asker, || {
            client
                .start_query()
                .log_group_name(name)
                .start_time(now - 1)
                .end_time(now)
                .query_string("fields @timestamp | limit 1")
                .send()
        })
        .await;
    match started {
        Err(trouble) => findings.trouble(
            noun,
            "queries over the log group",
            &trouble,
            "The trail is read from its bucket, which takes longer.",
        ),
        Ok(query) => {
            let call = known::call("logs", "GetQueryResults");
            let id = query.query_id().unwrap_or_default();
            let read = field
                .control
                .call(call, &asker, || {
                    client.get_query_results().query_id(id).send()
                })
                .await;
            match read {
                Err(trouble) => findings.trouble(
                    noun,
                    "queries over the log group",
                    &trouble,
                    "The trail is read from its bucket, which takes longer.",
                ),
                Ok(_) => {
                    findings.add(
                        noun,
                        "queries over the log group",
                        Answer::Yes,
                        String::new(),
                    );
                }
            }
        }
    }
}

async fn bucket_of(
    field: &Field,
    account: &Account,
    home: &str,
    bucket: &str,
    prefix: Option<&str>,
    findings: &mut Findings,
) {
    let client = account.s3(home);
    let call = known::call("s3", "ListObjectsV2");
    let prefix = match prefix {
        Some(prefix) => format!("{prefix}/AWSLogs/"),
        None => "AWSLogs/".to_owned(),
    };
    let listed = field
        .control
        .call(call, &account.asker(home), || {
            client
                .list_objects_v2()
                .bucket(bucket)
                .prefix(&prefix)
                .max_keys(1)
                .send()
        })
        .await;
    let what = format!("bucket {bucket}");
    match listed {
        Err(trouble) => findings.trouble(
            Some(Noun::Trail),
            &what,
            &trouble,
            "What the log group does not have cannot be read from the bucket.",
        ),
        Ok(_) => {
            findings.add(Some(Noun::Trail), &what, Answer::Yes, String::new());
        }
    }
}
