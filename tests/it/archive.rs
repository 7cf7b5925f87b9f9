//! A small estate written as a CloudTrail archive, so that many nights can be told in a few lines.

use chrono::{DateTime, Duration, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// An instant from `2026-03-11T07:02:00Z`.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// The account of the estate.
pub(crate) const ACCOUNT: &str = "111122223333";

/// One call about to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) time: DateTime<Utc>,
    pub(crate) region: &'static str,
    pub(crate) api: &'static str,
    pub(crate) role: &'static str,
    /// Runs from 0 to 99 evenly over the calls of a region, for shares of failures.
    pub(crate) percent: u64,
}

const ROLES: [&str; 3] = ["node", "build", "deploy"];
const APIS: [&str; 4] = [
    "GetAuthorizationToken",
    "BatchGetImage",
    "GetDownloadUrlForLayer",
    "GetDownloadUrlForLayer",
];

/// Writes the calls of some regions over a span: four every `every_s` seconds, in files of an hour
/// each, delivered five minutes after the hour. `fails` gives the error code of a call, or nothing.
pub(crate) fn write(
    folder: &Path,
    regions: &[&'static str],
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    every_s: i64,
    fails: &dyn Fn(&Call) -> Option<&'static str>,
) {
    for region in regions {
        let mut number = 0u64;
        let mut hour = from;
        while hour < to {
            let end = (hour + Duration::hours(1)).min(to);
            let mut records = Vec::new();
            let mut time = hour;
            while time < end {
                for (index, api) in APIS.iter().enumerate() {
                    // A step that shares no factor with 100 visits every residue.
                    let call = Call {
                        time: time + Duration::seconds(index as i64),
                        region,
                        api,
                        role: ROLES[(number / 4 % 3) as usize],
                        percent: number * 37 % 100,
                    };
                    records.push(record(&call, number, fails(&call)));
                    number += 1;
                }
                time += Duration::seconds(every_s);
            }
            file(folder, region, end + Duration::minutes(5), &records);
            hour = end;
        }
    }
}

fn record(call: &Call, number: u64, code: Option<&str>) -> String {
    let Call {
        region, api, role, ..
    } = call;
    let time = call.time.format("%Y-%m-%dT%H:%M:%SZ");
    let id = format!(
        "{:08x}-{:04x}-4000-9000-{number:012x}",
        call.time.timestamp(),
        region.bytes().map(u64::from).sum::<u64>()
    );
    let parameters = if *api == "GetAuthorizationToken" {
        "null".to_owned()
    } else {
        format!("{{\"repositoryName\":\"shop/api\",\"registryId\":\"{ACCOUNT}\"}}")
    };
    let error = code.map_or_else(String::new, |code| {
        format!("\"errorCode\":\"{code}\",\"errorMessage\":\"{code} from the test\",")
    });
    format!(
        "{{\"eventVersion\":\"1.11\",\"userIdentity\":{{\"type\":\"AssumedRole\",\"principalId\":\"AROA{role}:s\",\
         \"arn\":\"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/s{}\",\"accountId\":\"{ACCOUNT}\",\
         \"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"arn\":\"arn:aws:iam::{ACCOUNT}:role/{role}\",\
         \"accountId\":\"{ACCOUNT}\",\"userName\":\"{role}\"}}}}}},\"eventTime\":\"{time}\",\
         \"eventSource\":\"ecr.amazonaws.com\",\"eventName\":\"{api}\",\"awsRegion\":\"{region}\",\
         \"sourceIPAddress\":\"10.0.0.7\",\"userAgent\":\"containerd/1.7\",{error}\
         \"requestParameters\":{parameters},\"responseElements\":null,\"requestID\":\"r{id}\",\
         \"eventID\":\"{id}\",\"readOnly\":true,\"eventType\":\"AwsApiCall\",\"managementEvent\":true,\
         \"recipientAccountId\":\"{ACCOUNT}\",\"eventCategory\":\"Management\"}}",
        number % 7
    )
}

fn file(folder: &Path, region: &str, delivered: DateTime<Utc>, records: &[String]) {
    let day = delivered.format("%Y/%m/%d");
    let folder = folder.join(format!("AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day}"));
    fs::create_dir_all(&folder).unwrap();
    let stamp = delivered.format("%Y%m%dT%H%MZ");
    let name = format!("{ACCOUNT}_CloudTrail_{region}_{stamp}_AbCdEfGhIjKlMnOp.json.gz");
    let mut zip = GzEncoder::new(
        fs::File::create(folder.join(name)).unwrap(),
        Compression::fast(),
    );
    write!(zip, "{{\"Records\":[{}]}}", records.join(",")).unwrap();
    zip.finish().unwrap();
}

/// A Health event of ECR as `aws health describe-event-details` gives it. `text` holds the impact.
pub(crate) fn health(
    path: &Path,
    region: &str,
    (start, end): (DateTime<Utc>, DateTime<Utc>),
    posted: DateTime<Utc>,
    text: &str,
) -> String {
    let arn = format!(
        "arn:aws:health:{region}::event/ECR/AWS_ECR_OPERATIONAL_ISSUE/AWS_ECR_OPERATIONAL_ISSUE_LATE1"
    );
    let status = "closed";
    let body = serde_json::json!({
        "failedSet": [],
        "successfulSet": [{
            "event": {
                "arn": arn, "service": "ECR", "eventTypeCode": "AWS_ECR_OPERATIONAL_ISSUE",
                "eventTypeCategory": "issue", "region": region, "statusCode": status,
                "eventScopeCode": "PUBLIC", "startTime": start.timestamp(),
                "endTime": end.timestamp(), "lastUpdatedTime": posted.timestamp()
            },
            "eventDescription": {"latestDescription": text}
        }]
    });
    fs::write(path, body.to_string()).unwrap();
    arn
}
