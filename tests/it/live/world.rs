//! A loopback AWS: CloudWatch, metric filters, Service Quotas, Health, STS and the status feed of one
//! fixture case, in the wire shapes AWS documents, with a plan of faults.
//!
//! What it does not have it denies, so that nothing passes by chance.

use super::{cbor, health};
use crate::loopback::http::{self, Reply, Request, STALL, Server};
use crate::loopback::{self, archive};
use crate::story::Story;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is done to a call instead of answering it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    Throttle,
    Internal,
    Html503,
    Reset,
    Truncate,
    SlowHead(f64),
    StallBody(f64),
    Expired,
    Denied,
    Subscription,
    /// Status, code and AWS's own words.
    Coded(u16, &'static str, &'static str),
    /// The signature is refused until it is made by a clock so many seconds ahead of ours.
    Skew(i64),
    /// Answered, but every series with this status and no points.
    Status(&'static str),
    /// Answered with nothing and a new token.
    EmptyPage,
    /// Answered with nothing and the token of the page before.
    SameToken,
    /// Answered as it should be.
    Pass,
    /// Answered by something that speaks XML whatever was asked.
    Xml(u16, &'static str),
    /// The details of no event are given.
    FailedSet,
}

/// Writes a person's credentials of a profile `dev`, whole or not at all, as the AWS CLI does.
pub(crate) fn log_in(file: &Path, number: usize) {
    let fresh = file.with_extension("fresh");
    let text = format!(
        "[dev]\naws_access_key_id = AKIDFILE{number}\naws_secret_access_key = s\n\
         aws_session_token = t{number}\n"
    );
    fs::write(&fresh, text).unwrap();
    fs::rename(&fresh, file).unwrap();
}

/// One series of one region.
#[derive(Debug, Clone)]
struct Series {
    region: String,
    namespace: String,
    name: String,
    dimensions: BTreeSet<(String, String)>,
    points: Vec<(i64, f64)>,
}

/// The account as the services see it.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) account: String,
    /// Regions with a trail.
    pub(crate) regions: Vec<String>,
    series: Vec<Series>,
    quotas: Vec<Value>,
    pub(crate) events: Vec<health::Event>,
    status: Vec<u8>,
    /// The services that hold the trail, when it is read from AWS as well.
    trail: Option<loopback::World>,
    /// Points on a page of GetMetricData.
    pub(crate) page: usize,
    /// How long every answer takes.
    pub(crate) latency: Duration,
    faults: Mutex<Vec<(String, Fault, usize)>>,
    /// Requests that credentials are good for from when they are first seen, and by access key how many
    /// there have been; `None` for ever.
    pub(crate) good_for: Option<usize>,
    /// A credentials file with a profile `dev`, in which somebody logs in again as soon as the
    /// credentials in it are good no more.
    pub(crate) login: Option<PathBuf>,
    used: Mutex<BTreeMap<String, usize>>,
    seen: Mutex<Vec<(String, String)>>,
}

impl World {
    /// The world in which a case happened.
    pub(crate) fn of(story: &Story) -> Self {
        let read = |name: &str| -> Value {
            fs::read_to_string(story.folder.join(name))
                .ok()
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default()
        };
        let given = |name: &str| story.case.args.iter().any(|word| word == name);
        let trail = story.folder.join("trail/AWSLogs");
        let account = names(&trail)
            .into_iter()
            .next()
            .unwrap_or("111122223333".into());
        let mut regions = names(&trail.join(&account).join("CloudTrail"));
        if regions.is_empty() {
            regions.push("us-east-1".to_owned());
        }
        let queries = read("metric-queries.json");
        let mut series = Vec::new();
        for result in list(&read("metrics.json"), "MetricDataResults") {
            let query = queries.as_array().into_iter().flatten();
            let query = query.clone().find(|one| one["Id"] == result["Id"]);
            let Some(query) = query else { continue };
            let metric = &query["MetricStat"]["Metric"];
            let label = result["Label"].as_str().unwrap_or_default();
            let region = regions
                .iter()
                .find(|region| label.contains(region.as_str()));
            let dimensions = list(metric, "Dimensions");
            series.push(Series {
                region: region.or(regions.first()).cloned().unwrap_or_default(),
                namespace: word(metric, "Namespace"),
                name: word(metric, "MetricName"),
                dimensions: dimensions
                    .iter()
                    .map(|one| (word(one, "Name"), word(one, "Value")))
                    .collect(),
                points: list(&result, "Timestamps")
                    .iter()
                    .zip(list(&result, "Values"))
                    .map(|(at, value)| (seconds(at) as i64, value.as_f64().unwrap()))
                    .collect(),
            });
        }
        let mut details = read("health-details.json");
        let details: Vec<Value> = details["successfulSet"]
            .as_array_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        let mut events = Vec::new();
        if given("health-events.json") {
            for event in list(&read("health-events.json"), "events") {
                let text = details
                    .iter()
                    .find(|one| one["event"]["arn"] == event["arn"]);
                let text = text.map(|one| word(&one["eventDescription"], "latestDescription"));
                events.push((event, text.unwrap_or_default()));
            }
        }
        Self {
            account,
            regions,
            series,
            quotas: list(&read("quotas.json"), "Quotas"),
            events,
            status: fs::read(story.folder.join("currentevents.json")).unwrap_or(b"[]".to_vec()),
            page: 100_800,
            ..Self::default()
        }
    }

    /// Puts the case's trail into a log group and a bucket.
    pub(crate) fn with_trail(&mut self, story: &Story) {
        let objects = archive::objects(story);
        // A case can hold a file stamped after its own question; AWS has it by then or not at all.
        let now = chrono::DateTime::parse_from_rfc3339(&story.case.now).unwrap();
        let mut events = archive::events(&objects);
        for event in &mut events {
            event.timestamp_ms = event.timestamp_ms.min(now.timestamp_millis() - 60_000);
        }
        events.sort_by_key(|event| event.timestamp_ms);
        let region = self.regions.first().cloned().unwrap_or_default();
        let logs = loopback::logs::Logs::new(&self.account, &region, "trail-logs", events.clone());
        let arn = logs.arn();
        let mut trails =
            loopback::trails::Trails::one(&self.account, &region, "trail-bucket", &arn);
        trails.events = events;
        self.trail = Some(loopback::World {
            account: self.account.clone(),
            logs: Mutex::new(logs),
            trails: Mutex::new(trails),
            bucket: Mutex::new(loopback::bucket::Bucket::new("trail-bucket", objects)),
            ..loopback::World::default()
        });
    }

    /// The services that hold the trail.
    pub(crate) fn trail(&self) -> &loopback::World {
        self.trail.as_ref().unwrap()
    }

    /// From now on `times` calls of `operation` (`*`: of any; `@us-east-1` behind it: there only, for
    /// AssumeRole an account) meet a fault.
    pub(crate) fn fault(&self, operation: &str, fault: Fault, times: usize) {
        self.faults
            .lock()
            .unwrap()
            .push((operation.to_owned(), fault, times));
    }

    /// Operation and region of every request so far.
    pub(crate) fn seen(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().clone()
    }

    /// Answers until the server is dropped.
    pub(crate) fn serve(self: &Arc<Self>) -> Server {
        let world = Arc::clone(self);
        http::serve(move |request| world.answer(request))
    }

    fn planned(&self, operation: &str, place: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let hit = faults.iter_mut().find(|(name, _, times)| {
            let (name, there) = name.split_once('@').unwrap_or((name, place));
            *times > 0 && (name == operation || name == "*") && there == place
        })?;
        hit.2 -= 1;
        Some(hit.1.clone())
    }

    fn answer(&self, request: &Request) -> Option<Reply> {
        let operation = operation(request);
        let region = request.region().to_owned();
        self.seen
            .lock()
            .unwrap()
            .push((operation.clone(), region.clone()));
        let cbor = request.header("smithy-protocol") == "rpc-v2-cbor";
        let refuse = |status, code: &str| Some(refusal(cbor, &operation, status, code));
        let form = form(request);
        let role = form.get("RoleArn").map(|arn| account_in(arn));
        if self.is_stale(request) {
            return refuse(400, "ExpiredTokenException");
        }
        let fault = self.planned(&operation, role.as_deref().unwrap_or(&region));
        std::thread::sleep(self.latency);
        match &fault {
            Some(Fault::Throttle) => return refuse(400, "ThrottlingException"),
            Some(Fault::Internal) => return refuse(500, "InternalServiceError"),
            Some(Fault::Expired) => return refuse(400, "ExpiredTokenException"),
            Some(Fault::Denied) => return refuse(403, "AccessDeniedException"),
            Some(Fault::Subscription) => return refuse(400, "SubscriptionRequiredException"),
            Some(Fault::Coded(status, code, words)) => {
                return Some(refused(cbor, &operation, *status, code, words));
            }
            Some(Fault::Skew(ahead)) => {
                let now = chrono::Utc::now() + chrono::Duration::seconds(*ahead);
                let signed = request.header("x-amz-date");
                let signed =
                    chrono::NaiveDateTime::parse_from_str(signed, "%Y%m%dT%H%M%SZ").unwrap();
                if (now.naive_utc() - signed).num_seconds().abs() > 300 {
                    let mut reply = refused(
                        cbor,
                        &operation,
                        403,
                        "InvalidSignatureException",
                        "Signature expired",
                    );
                    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
                    reply.1.push(("date", date));
                    return Some(reply);
                }
            }
            Some(Fault::Reset) => return None,
            Some(Fault::Xml(status, code)) => {
                let page =
                    format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
                let head = vec![("content-type", "text/xml".to_owned())];
                return Some((*status, head, page.into_bytes()));
            }
            Some(Fault::Html503) => {
                let page = b"<html><body>Service unavailable</body></html>".to_vec();
                return Some((503, vec![("content-type", "text/html".to_owned())], page));
            }
            Some(Fault::SlowHead(seconds)) => std::thread::sleep(Duration::from_secs_f64(*seconds)),
            _ => {}
        }
        if operation == "status" {
            return Some((
                200,
                vec![("content-type", "application/json".to_owned())],
                self.status.clone(),
            ));
        }
        let body: Value = if cbor {
            cbor::decode(&request.body)
        } else {
            serde_json::from_slice(&request.body).unwrap_or_default()
        };
        let said = match operation.as_str() {
            "GetCallerIdentity" => return Some(self.identity(request)),
            "AssumeRole" => {
                let seen = self.seen();
                let times = seen.iter().filter(|(name, _)| name == "AssumeRole").count();
                return Some(assumed(&role.unwrap_or_default(), times));
            }
            "ListMetrics" => self.list_metrics(&region, &body),
            "GetMetricData" => self.metric_data(&region, &body, fault.as_ref()),
            "DescribeMetricFilters" => json!({ "metricFilters": [] }),
            "ListServiceQuotas" => self.quotas(&region, true),
            "ListAWSDefaultServiceQuotas" => self.quotas(&region, false),
            "DescribeEvents" => health::events(&self.events, &body),
            "DescribeEventDetails" => health::details(&self.events, &body),
            "DescribeEventsForOrganization" => health::org_events(&self.events, &body),
            "DescribeEventDetailsForOrganization" => health::org_details(&self.events, &body),
            "DescribeAffectedAccountsForOrganization" => {
                json!({ "affectedAccounts": [self.account] })
            }
            "GetAuthorizationToken" => json!({"authorizationData": [{
                "authorizationToken": "QVdTOnRva2Vu",
                "proxyEndpoint": format!("http://{}", request.header("host")),
            }]}),
            "HeadManifest" if request.header("authorization") != "Basic QVdTOnRva2Vu" => {
                return Some((401, Vec::new(), Vec::new()));
            }
            "HeadManifest" if request.target.contains("/missing/") => {
                return Some((404, Vec::new(), Vec::new()));
            }
            "HeadManifest" => return Some((200, Vec::new(), Vec::new())),
            _ => {
                let Some(trail) = &self.trail else {
                    return refuse(403, "AccessDeniedException");
                };
                let (status, mut head, bytes) = trail.answer(request);
                head.retain(|(name, _)| *name != "content-length");
                return Some(broken(status, head, bytes, fault.as_ref()));
            }
        };
        let token = body["NextToken"].as_str().or(body["nextToken"].as_str());
        let said = match fault {
            // Zeros more are another token for the same place.
            Some(Fault::EmptyPage) => empty(said, &format!("0{}", token.unwrap_or_default())),
            Some(Fault::SameToken) => empty(said, token.unwrap_or("0")),
            Some(Fault::FailedSet) => {
                let arns = list(&body, "eventArns");
                let failed = arns
                    .iter()
                    .map(|arn| json!({"eventArn": arn, "errorName": "Oops"}));
                json!({"successfulSet": [], "failedSet": failed.collect::<Vec<_>>()})
            }
            _ => said,
        };
        let bytes = if cbor {
            cbor::encode(&said)
        } else {
            said.to_string().into_bytes()
        };
        Some(broken(200, headers(cbor), bytes, fault.as_ref()))
    }

    /// Whether the credentials that signed a request have had their time.
    fn is_stale(&self, request: &Request) -> bool {
        let Some(most) = self.good_for else {
            return false;
        };
        let signed = request.header("authorization").split_once("Credential=");
        let Some((key, _)) = signed.and_then(|(_, rest)| rest.split_once('/')) else {
            return false;
        };
        let mut used = self.used.lock().unwrap();
        let times = used.entry(key.to_owned()).or_default();
        *times += 1;
        let is_stale = *times > most;
        // Before the refusal is heard, and while no other request can be judged.
        if *times == most + 1
            && let Some(file) = &self.login
        {
            log_in(file, used.len() + 1);
        }
        is_stale
    }

    /// The access keys that requests were signed with, and how often.
    pub(crate) fn keys_used(&self) -> BTreeMap<String, usize> {
        self.used.lock().unwrap().clone()
    }

    fn identity(&self, request: &Request) -> Reply {
        let key = request
            .header("authorization")
            .split("Credential=AKID")
            .nth(1);
        let account = key
            .and_then(|key| key.get(..12))
            .filter(|key| key.bytes().all(|byte| byte.is_ascii_digit()))
            .unwrap_or(&self.account);
        let text = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/x</Arn><UserId>AIDA</UserId>\
             <Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata>\
             <RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        );
        (
            200,
            vec![("content-type", "text/xml".to_owned())],
            text.into_bytes(),
        )
    }

    fn list_metrics(&self, region: &str, ask: &Value) -> Value {
        let filters = list(ask, "Dimensions");
        let found: Vec<Value> = self
            .series
            .iter()
            .filter(|one| one.region == region && one.namespace == word(ask, "Namespace"))
            .filter(|one| ask["MetricName"].as_str().is_none_or(|name| name == one.name))
            .filter(|one| {
                filters.iter().all(|filter| {
                    one.dimensions.contains(&(word(filter, "Name"), word(filter, "Value")))
                })
            })
            .map(|one| {
                let dimensions: Vec<Value> = one.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
                json!({"Namespace": one.namespace, "MetricName": one.name, "Dimensions": dimensions})
            })
            .collect();
        // Five on a page, so that paging is real.
        let from: usize = ask["NextToken"]
            .as_str()
            .map_or(0, |token| token.parse().unwrap());
        let mut page = json!({ "Metrics": found.iter().skip(from).take(5).collect::<Vec<_>>() });
        if from + 5 < found.len() {
            page["NextToken"] = (from + 5).to_string().into();
        }
        page
    }

    fn metric_data(&self, region: &str, ask: &Value, fault: Option<&Fault>) -> Value {
        let (from, to) = (
            seconds(&ask["StartTime"]) as i64,
            seconds(&ask["EndTime"]) as i64,
        );
        let queries = list(ask, "MetricDataQueries");
        assert!(queries.len() <= 500, "AWS refuses more than 500 queries");
        // Every point of every series in a row; a page is a cut of it.
        let skip: usize = ask["NextToken"]
            .as_str()
            .map_or(0, |token| token.parse().unwrap());
        let (mut at, mut results) = (0, Vec::new());
        let mut left = false;
        for query in &queries {
            let stat = &query["MetricStat"];
            let metric = &stat["Metric"];
            let period = stat["Period"].as_i64().unwrap();
            let dimensions: BTreeSet<_> = list(metric, "Dimensions")
                .iter()
                .map(|one| (word(one, "Name"), word(one, "Value")))
                .collect();
            let series = self.series.iter().find(|one| {
                one.region == region
                    && one.namespace == word(metric, "Namespace")
                    && one.name == word(metric, "MetricName")
                    && one.dimensions == dimensions
            });
            let mut sums = std::collections::BTreeMap::new();
            for (time, value) in series.into_iter().flat_map(|one| &one.points) {
                if (from..to).contains(time) {
                    *sums.entry(time.div_euclid(period) * period).or_insert(0.0) += value;
                }
            }
            if matches!(fault, Some(Fault::Status(_))) {
                sums.clear();
            }
            let (mut times, mut values) = (Vec::new(), Vec::new());
            for (time, value) in sums {
                if at >= skip && at < skip + self.page {
                    times.push(cbor::time(time as f64));
                    values.push(json!(value));
                }
                left |= at >= skip + self.page;
                at += 1;
            }
            let status = match fault {
                Some(Fault::Status(word)) => word,
                _ if left => "PartialData",
                _ => "Complete",
            };
            results.push(json!({"Id": query["Id"], "Label": query["Label"], "Timestamps": times, "Values": values, "StatusCode": status}));
        }
        let mut page = json!({"MetricDataResults": results, "Messages": []});
        if left {
            page["NextToken"] = (skip + self.page).to_string().into();
        }
        page
    }

    fn quotas(&self, region: &str, applied: bool) -> Value {
        let held: Vec<&Value> = self
            .quotas
            .iter()
            .filter(|one| {
                let arn = word(one, "QuotaArn");
                let parts: Vec<&str> = arn.split(':').collect();
                parts[3] == region && parts[4].is_empty() != applied
            })
            .collect();
        json!({ "Quotas": held })
    }
}

/// The same answer without its entries, and more to come.
fn empty(mut said: Value, token: &str) -> Value {
    for key in [
        "Metrics",
        "Quotas",
        "events",
        "MetricDataResults",
        "metricFilters",
    ] {
        if said.get(key).is_some() {
            said[key] = json!([]);
            let name = if key.starts_with(char::is_lowercase) {
                "nextToken"
            } else {
                "NextToken"
            };
            said[name] = token.into();
        }
    }
    said
}

fn headers(cbor: bool) -> Vec<(&'static str, String)> {
    let mut head = vec![("x-amzn-requestid", "request-1".to_owned())];
    if cbor {
        head.push(("smithy-protocol", "rpc-v2-cbor".to_owned()));
        head.push(("content-type", "application/cbor".to_owned()));
    } else {
        head.push(("content-type", "application/x-amz-json-1.1".to_owned()));
    }
    head
}

/// The session of a role in an account; its key tells the account, and which session it is.
fn assumed(account: &str, session: usize) -> Reply {
    let text = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <Credentials><AccessKeyId>AKID{account}S{session}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
         </AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\
         </AssumeRoleResponse>"
    );
    let head = vec![("content-type", "text/xml".to_owned())];
    (200, head, text.into_bytes())
}

/// An answer whose body breaks off or stops half way, when it is to.
fn broken(
    status: u16,
    mut head: Vec<(&'static str, String)>,
    bytes: Vec<u8>,
    fault: Option<&Fault>,
) -> Reply {
    match fault {
        Some(Fault::Truncate) => {
            head.push(("content-length", bytes.len().to_string()));
            let half = bytes[..bytes.len() / 2].to_vec();
            return (status, head, half);
        }
        Some(Fault::StallBody(seconds)) => head.push((STALL, seconds.to_string())),
        _ => {}
    }
    (status, head, bytes)
}

fn refusal(cbor: bool, operation: &str, status: u16, code: &str) -> Reply {
    refused(cbor, operation, status, code, "so the loopback was told")
}

fn refused(cbor: bool, operation: &str, status: u16, code: &str, words: &str) -> Reply {
    let said = json!({"__type": code, "message": words});
    if cbor {
        return (status, headers(true), cbor::encode(&said));
    }
    let error = format!("<Code>{code}</Code><Message>{words}</Message>");
    let text = match operation {
        "GetCallerIdentity" | "AssumeRole" => format!(
            "<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>request-1</RequestId></ErrorResponse>"
        ),
        "GetBucketLocation" | "ListObjectsV2" | "GetObject" => {
            format!("<Error>{error}<RequestId>request-1</RequestId></Error>")
        }
        _ => return (status, headers(false), said.to_string().into_bytes()),
    };
    let head = vec![("content-type", "text/xml".to_owned())];
    (status, head, text.into_bytes())
}

/// The fields of a form.
fn form(request: &Request) -> std::collections::BTreeMap<String, String> {
    let text = String::from_utf8_lossy(&request.body).into_owned();
    if !text.starts_with("Action=") {
        return std::collections::BTreeMap::new();
    }
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| {
            let value = value.replace("%3A", ":").replace("%2F", "/");
            (name.to_owned(), value)
        })
        .collect()
}

fn account_in(arn: &str) -> String {
    arn.split(':').nth(4).unwrap_or_default().to_owned()
}

fn operation(request: &Request) -> String {
    let target = request.header("x-amz-target");
    if !target.is_empty() {
        return target.rsplit('.').next().unwrap().to_owned();
    }
    let path = request.target.split('?').next().unwrap();
    if let Some((_, operation)) = path.rsplit_once("/operation/") {
        return operation.to_owned();
    }
    if path == "/status" {
        return "status".to_owned();
    }
    if request.method == "HEAD" && path.starts_with("/v2/") {
        return "HeadManifest".to_owned();
    }
    if request.method == "GET" {
        let (_, query) = request.target.split_once('?').unwrap_or_default();
        let is_location = query.split('&').any(|part| part.starts_with("location"));
        return match query {
            query if query.contains("list-type=2") => "ListObjectsV2",
            _ if is_location => "GetBucketLocation",
            _ => "GetObject",
        }
        .to_owned();
    }
    form(request).remove("Action").unwrap_or("?".to_owned())
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(super) fn list(value: &Value, key: &str) -> Vec<Value> {
    value[key].as_array().cloned().unwrap_or_default()
}

pub(super) fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

pub(super) fn seconds(value: &Value) -> f64 {
    match value.as_str() {
        Some(text) => chrono::DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp() as f64,
        None => value.as_f64().unwrap(),
    }
}
