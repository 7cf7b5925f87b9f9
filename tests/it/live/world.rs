//! A loopback AWS: CloudWatch, metric filters, Service Quotas, Health, STS and the status feed of one
//! fixture case, in the wire shapes AWS documents, with a plan of faults.
//!
//! What it does not have it denies, so that nothing passes by chance.

use super::cbor;
use crate::loopback::http::{self, Reply, Request, STALL, Server};
use crate::loopback::{self, archive};
use crate::story::Story;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
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
    /// Answered, but every series with this status and no points.
    Status(&'static str),
    /// Answered with nothing and a token.
    EmptyPage,
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
    /// Event and description.
    events: Vec<(Value, String)>,
    status: Vec<u8>,
    /// The services that hold the trail, when it is read from AWS as well.
    trail: Option<loopback::World>,
    /// Points on a page of GetMetricData.
    pub(crate) page: usize,
    faults: Mutex<Vec<(String, Fault, usize)>>,
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
        let events = archive::events(&objects);
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

    /// From now on `times` calls of `operation` (`*`: of any) meet a fault.
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

    fn planned(&self, operation: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let hit = faults
            .iter_mut()
            .find(|(name, _, times)| *times > 0 && (name == operation || name == "*"))?;
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
        let fault = self.planned(&operation);
        match &fault {
            Some(Fault::Throttle) => return refuse(400, "ThrottlingException"),
            Some(Fault::Internal) => return refuse(500, "InternalServiceError"),
            Some(Fault::Expired) => return refuse(400, "ExpiredTokenException"),
            Some(Fault::Denied) => return refuse(403, "AccessDeniedException"),
            Some(Fault::Subscription) => return refuse(400, "SubscriptionRequiredException"),
            Some(Fault::Reset) => return None,
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
            "GetCallerIdentity" => return Some(self.identity()),
            "ListMetrics" => self.list_metrics(&region, &body),
            "GetMetricData" => self.metric_data(&region, &body, fault.as_ref()),
            "DescribeMetricFilters" => json!({ "metricFilters": [] }),
            "ListServiceQuotas" => self.quotas(&region, true),
            "ListAWSDefaultServiceQuotas" => self.quotas(&region, false),
            "DescribeEvents" => self.health(&body),
            "DescribeEventDetails" => self.details(&body),
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
                return match &self.trail {
                    Some(trail) => Some(trail.answer(request)),
                    None => refuse(403, "AccessDeniedException"),
                };
            }
        };
        let said = match fault {
            Some(Fault::EmptyPage) => empty(said),
            _ => said,
        };
        let bytes = if cbor {
            cbor::encode(&said)
        } else {
            said.to_string().into_bytes()
        };
        let mut head = headers(cbor);
        match fault {
            Some(Fault::Truncate) => {
                head.push(("content-length", bytes.len().to_string()));
                let half = bytes[..bytes.len() / 2].to_vec();
                return Some((200, head, half));
            }
            Some(Fault::StallBody(seconds)) => head.push((STALL, seconds.to_string())),
            _ => {}
        }
        Some((200, head, bytes))
    }

    fn identity(&self) -> Reply {
        let account = &self.account;
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

    fn health(&self, ask: &Value) -> Value {
        let filter = &ask["filter"];
        let services = list(filter, "services");
        assert!(services.len() <= 10, "AWS refuses more than ten services");
        let since = list(filter, "startTimes")
            .first()
            .map(|one| seconds(&one["from"]));
        let open = !list(filter, "eventStatusCodes").is_empty();
        let found: Vec<Value> = self
            .events
            .iter()
            .map(|(event, _)| event)
            .filter(|event| services.contains(&event["service"]))
            .filter(|event| since.is_none_or(|since| seconds(&event["startTime"]) >= since))
            .filter(|event| !open || event["statusCode"] == "open")
            .map(timed)
            .collect();
        json!({ "events": found })
    }

    fn details(&self, ask: &Value) -> Value {
        let arns = list(ask, "eventArns");
        assert!((1..=10).contains(&arns.len()), "AWS takes one to ten ARNs");
        let found: Vec<Value> = self
            .events
            .iter()
            .filter(|(event, _)| arns.contains(&event["arn"]))
            .map(|(event, text)| json!({"event": timed(event), "eventDescription": {"latestDescription": text}}))
            .collect();
        json!({"successfulSet": found, "failedSet": []})
    }
}

/// Times as CBOR carries them.
fn timed(event: &Value) -> Value {
    let mut event = event.clone();
    for key in ["startTime", "endTime", "lastUpdatedTime"] {
        if event.get(key).is_some() {
            event[key] = cbor::time(seconds(&event[key]));
        }
    }
    event
}

/// The same answer without its entries, and more to come.
fn empty(mut said: Value) -> Value {
    for key in ["Metrics", "Quotas", "events"] {
        if said.get(key).is_some() {
            said[key] = json!([]);
            let token = if key == "events" {
                "nextToken"
            } else {
                "NextToken"
            };
            said[token] = "0".into();
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

fn refusal(cbor: bool, operation: &str, status: u16, code: &str) -> Reply {
    let said = json!({"__type": code, "message": "so the loopback was told"});
    if cbor {
        return (status, headers(true), cbor::encode(&said));
    }
    if operation == "GetCallerIdentity" {
        let text = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error><RequestId>request-1</RequestId></ErrorResponse>"
        );
        return (
            status,
            vec![("content-type", "text/xml".to_owned())],
            text.into_bytes(),
        );
    }
    (status, headers(false), said.to_string().into_bytes())
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
    let form = String::from_utf8_lossy(&request.body).into_owned();
    let action = form
        .split('&')
        .find_map(|pair| pair.strip_prefix("Action="));
    action.unwrap_or("?").to_owned()
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

fn list(value: &Value, key: &str) -> Vec<Value> {
    value[key].as_array().cloned().unwrap_or_default()
}

fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn seconds(value: &Value) -> f64 {
    match value.as_str() {
        Some(text) => chrono::DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp() as f64,
        None => value.as_f64().unwrap(),
    }
}
