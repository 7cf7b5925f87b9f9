//! Asks CloudTrail for its trails, and what each of them sees; the choice is made in `choice`.
//!
//! Must never fail for a detail: a status or selectors that cannot be read are said to be unknown.

use super::bucket::keys::Place;
use super::choice::{Basic, Condition, Sight, Trail, group, sight_of_advanced, sight_of_basic};
use crate::collect::aws::control::Control;
use crate::collect::aws::fault::Trouble;
use crate::collect::aws::known;
use crate::collect::aws::session::Account;
use aws_sdk_cloudtrail::types;
use std::collections::BTreeMap;

/// What CloudTrail said of its trails.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) trails: Vec<Trail>,
    /// Details that could not be read.
    pub(super) troubles: Vec<Trouble>,
}

/// The trails that record in the regions, each once, with status and selectors.
pub(super) async fn trails(
    account: &Account,
    regions: &[String],
    service: &str,
    control: &Control,
) -> Result<Known, Trouble> {
    let mut found: BTreeMap<String, Trail> = BTreeMap::new();
    for region in regions {
        let call = known::call("cloudtrail", "DescribeTrails");
        let client = account.cloudtrail(region);
        let answer = control
            .call(call, &account.asker(region), || {
                client.describe_trails().send()
            })
            .await?;
        for described in answer.trail_list() {
            let trail = trail(described);
            found.entry(trail.arn.clone()).or_insert(trail);
        }
        // A trail of all regions is known in each of them.
        if found.values().any(|trail| trail.is_multi_region) {
            break;
        }
    }
    let mut known = Known::default();
    for (_, mut trail) in found {
        let (status, sight) = tokio::join!(
            status(account, control, &trail),
            sight(account, control, &trail, service)
        );
        match status {
            Ok(status) => {
                trail.is_logging = status.is_logging;
                trail.log_error = status.log_error;
                trail.bucket_error = status.bucket_error;
            }
            Err(trouble) => known.troubles.push(trouble),
        }
        match sight {
            Ok(sight) => trail.sight = Some(sight),
            Err(trouble) => known.troubles.push(trouble),
        }
        known.trails.push(trail);
    }
    known.troubles.sort();
    known.troubles.dedup_by(|a, b| a.action == b.action);
    Ok(known)
}

fn trail(described: &types::Trail) -> Trail {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let is = |flag: Option<bool>| flag.unwrap_or(false);
    let prefix = described
        .s3_key_prefix()
        .map(|prefix| format!("{}/", prefix.trim_matches('/')))
        .filter(|prefix| prefix != "/")
        .unwrap_or_default();
    Trail {
        arn: text(described.trail_arn().or(described.name())),
        home_region: text(described.home_region()),
        is_multi_region: is(described.is_multi_region_trail()),
        is_organization: is(described.is_organization_trail()),
        sees_global: is(described.include_global_service_events()),
        bucket: described.s3_bucket_name().map(|bucket| Place {
            bucket: bucket.to_owned(),
            prefix: format!("{prefix}AWSLogs/"),
        }),
        log_group: described.cloud_watch_logs_log_group_arn().map(group),
        ..Trail::default()
    }
}

/// How a trail is doing.
struct Status {
    is_logging: Option<bool>,
    log_error: String,
    bucket_error: String,
}

async fn status(account: &Account, control: &Control, trail: &Trail) -> Result<Status, Trouble> {
    let call = known::call("cloudtrail", "GetTrailStatus");
    let client = account.cloudtrail(&trail.home_region);
    let answer = control
        .call(call, &account.asker(&trail.home_region), || {
            client.get_trail_status().name(&trail.arn).send()
        })
        .await?;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(Status {
        is_logging: answer.is_logging(),
        log_error: text(answer.latest_cloud_watch_logs_delivery_error()),
        bucket_error: text(answer.latest_delivery_error()),
    })
}

async fn sight(
    account: &Account,
    control: &Control,
    trail: &Trail,
    service: &str,
) -> Result<Sight, Trouble> {
    let call = known::call("cloudtrail", "GetEventSelectors");
    let client = account.cloudtrail(&trail.home_region);
    let answer = control
        .call(call, &account.asker(&trail.home_region), || {
            client.get_event_selectors().trail_name(&trail.arn).send()
        })
        .await?;
    let advanced: Vec<Vec<Condition>> = answer
        .advanced_event_selectors()
        .iter()
        .map(|selector| selector.field_selectors().iter().map(condition).collect())
        .collect();
    if !advanced.is_empty() {
        return Ok(sight_of_advanced(&advanced, service));
    }
    let basic: Vec<Basic> = answer
        .event_selectors()
        .iter()
        .map(|selector| Basic {
            read_write: selector
                .read_write_type()
                .map_or("All", types::ReadWriteType::as_str)
                .to_owned(),
            management: selector.include_management_events().unwrap_or(true),
            excluded: selector.exclude_management_event_sources().to_vec(),
        })
        .collect();
    Ok(sight_of_basic(&basic, service))
}

fn condition(selector: &types::AdvancedFieldSelector) -> Condition {
    Condition {
        field: selector.field().to_owned(),
        equals: selector.equals().to_vec(),
        starts_with: selector.starts_with().to_vec(),
        ends_with: selector.ends_with().to_vec(),
        not_equals: selector.not_equals().to_vec(),
        not_starts_with: selector.not_starts_with().to_vec(),
        not_ends_with: selector.not_ends_with().to_vec(),
    }
}
