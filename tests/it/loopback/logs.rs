//! CloudWatch Logs: queries, their states and pages, as the API reference describes them.
//!
//! Knows nothing of HTTP: operation and body in, body or error out.

use super::insights::{self, LogEvent, Row};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// An error as the JSON protocol carries it: status, code, message.
pub(crate) type Refusal = (u16, &'static str, String);

/// A log group and how the service treats it.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    /// Name.
    pub(crate) group: String,
    /// Account and region it lives in.
    pub(crate) home: (String, String),
    pub(crate) events: Vec<LogEvent>,
    pub(crate) retention_days: Option<i64>,
    pub(crate) created_ms: i64,
    /// Rows in one answer at most; with pages up to ten times as many.
    pub(crate) rows: usize,
    pub(crate) pages: bool,
    /// How long a query runs before it is complete.
    pub(crate) takes: Duration,
    /// Answers that say `Running`, with part of the rows, before the complete one.
    pub(crate) running: u32,
    /// States in which the next queries end instead of `Complete`.
    pub(crate) endings: Vec<&'static str>,
    /// Messages longer than this come back cut short.
    pub(crate) cut_at: Option<usize>,
    /// Queries under way at most.
    pub(crate) at_once: usize,
    /// Queries under way at most so far.
    pub(crate) most_at_once: usize,
    /// Class of the group.
    pub(crate) class: &'static str,
    /// Pages lead in a circle.
    pub(crate) circle: bool,
    queries: BTreeMap<String, Query>,
    /// Operations asked, in order, with the query text or ID.
    pub(crate) seen: Vec<(String, String)>,
    /// Texts of the queries that were started, in the order of their IDs.
    pub(crate) started: Vec<String>,
    /// Bytes scanned so far.
    pub(crate) scanned: u64,
}

#[derive(Debug)]
struct Query {
    rows: Vec<Row>,
    matched: u64,
    scanned: u64,
    bytes: u64,
    running: u32,
    ready: Instant,
    ending: &'static str,
}

impl Logs {
    pub(crate) fn new(account: &str, region: &str, group: &str, events: Vec<LogEvent>) -> Self {
        Self {
            group: group.to_owned(),
            home: (account.to_owned(), region.to_owned()),
            events,
            rows: 10_000,
            pages: true,
            running: 1,
            at_once: 100,
            class: "STANDARD",
            ..Self::default()
        }
    }

    /// The ARN as DescribeTrails writes it.
    pub(crate) fn arn(&self) -> String {
        let (account, region) = &self.home;
        format!("arn:aws:logs:{region}:{account}:log-group:{}", self.group)
    }

    pub(crate) fn answer(&mut self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let of = body["queryString"].as_str().or(body["queryId"].as_str());
        self.seen
            .push((operation.to_owned(), of.unwrap_or_default().to_owned()));
        match operation {
            "StartQuery" => self.start(body),
            "GetQueryResults" => self.results(body),
            "StopQuery" => self.stop(body),
            "GetLogRecord" => self.record(body),
            "DescribeLogGroups" => Ok(self.describe(body)),
            other => Err((400, "UnknownOperationException", other.to_owned())),
        }
    }

    fn start(&mut self, body: &Value) -> Result<Value, Refusal> {
        let invalid = |why: &str| (400, "InvalidParameterException", why.to_owned());
        let now = Instant::now();
        let runs = |query: &&Query| query.running > 0 || now < query.ready;
        let under_way = self.queries.values().filter(runs);
        let under_way = under_way.count();
        self.most_at_once = self.most_at_once.max(under_way + 1);
        if under_way >= self.at_once {
            let why = "Account maximum query concurrency limit of [100] reached".to_owned();
            return Err((400, "LimitExceededException", why));
        }
        let empty = Vec::new();
        let groups = body["logGroupIdentifiers"].as_array().unwrap_or(&empty);
        if groups.is_empty() || groups.len() > 50 {
            return Err(invalid("1 to 50 log groups"));
        }
        let known = |group: &Value| {
            group
                .as_str()
                .is_some_and(|name| name == self.group || name == self.arn())
        };
        if !groups.iter().any(known) {
            return Err((
                400,
                "ResourceNotFoundException",
                "Log group does not exist".to_owned(),
            ));
        }
        if groups
            .iter()
            .any(|group| group.as_str().is_some_and(|name| name.ends_with(":*")))
        {
            return Err(invalid("an ARN without :*"));
        }
        let most = if self.pages {
            self.rows * 10
        } else {
            self.rows
        };
        let limit = body["limit"]
            .as_u64()
            .map_or(most.min(10_000), |limit| limit as usize);
        if limit > most.max(10_000) {
            return Err(invalid("limit is too high"));
        }
        let text = body["queryString"].as_str().unwrap_or_default();
        if text.len() > 10_000 {
            return Err(invalid("the query is too long"));
        }
        let times = (body["startTime"].as_i64(), body["endTime"].as_i64());
        let (Some(from), Some(to)) = times else {
            return Err(invalid("times are epoch seconds"));
        };
        let found = insights::run(text, &self.events, (from, to), limit.min(most));
        self.scanned += found.bytes;
        let id = format!("q-{:04}", self.queries.len() + 1);
        self.started.push(text.to_owned());
        let ending = if self.endings.is_empty() {
            "Complete"
        } else {
            self.endings.remove(0)
        };
        self.queries.insert(
            id.clone(),
            Query {
                rows: found.rows,
                matched: found.matched,
                scanned: found.scanned,
                bytes: found.bytes,
                running: self.running,
                ready: Instant::now() + self.takes,
                ending,
            },
        );
        Ok(json!({ "queryId": id }))
    }

    fn results(&mut self, body: &Value) -> Result<Value, Refusal> {
        let id = body["queryId"].as_str().unwrap_or_default();
        let from: usize = match body["nextToken"].as_str() {
            None => 0,
            Some(token) => token.parse().unwrap_or_default(),
        };
        let Some(query) = self.queries.get_mut(id) else {
            return Err((400, "ResourceNotFoundException", "no such query".to_owned()));
        };
        let statistics = json!({
            "recordsMatched": query.matched as f64,
            "recordsScanned": query.scanned as f64,
            "bytesScanned": query.bytes as f64,
        });
        if query.running > 0 || Instant::now() < query.ready {
            query.running = query.running.saturating_sub(1);
            // Part of the rows, and not even the right ones for counts.
            let some: Vec<Row> = query.rows.iter().take(3).cloned().collect();
            let rows = self.shown(&some);
            return Ok(json!({"status": "Running", "results": rows, "statistics": statistics}));
        }
        if query.ending != "Complete" {
            return Ok(json!({"status": query.ending, "results": [], "statistics": statistics}));
        }
        let page: Vec<Row> = query
            .rows
            .iter()
            .skip(from)
            .take(self.rows)
            .cloned()
            .collect();
        let is_last = from + page.len() >= query.rows.len();
        let mut answer = json!({
            "status": "Complete",
            "results": self.shown(&page),
            "statistics": statistics,
        });
        if self.pages && self.circle {
            answer["nextToken"] = json!("0");
        } else if self.pages && !is_last {
            answer["nextToken"] = json!((from + page.len()).to_string());
        }
        Ok(answer)
    }

    fn shown(&self, rows: &[Row]) -> Vec<Value> {
        rows.iter()
            .map(|(event, fields)| {
                let mut row: Vec<Value> = fields
                    .iter()
                    .map(|(name, value)| {
                        let value = match self.cut_at {
                            Some(length) if name == "@message" => {
                                value.chars().take(length).collect()
                            }
                            _ => value.clone(),
                        };
                        json!({"field": name, "value": value})
                    })
                    .collect();
                if let Some(at) = event {
                    row.push(json!({"field": "@ptr", "value": format!("ptr-{at}")}));
                }
                Value::from(row)
            })
            .collect()
    }

    fn stop(&mut self, body: &Value) -> Result<Value, Refusal> {
        let id = body["queryId"].as_str().unwrap_or_default();
        match self.queries.get_mut(id) {
            Some(query) if query.running > 0 => {
                query.running = 0;
                query.ending = "Cancelled";
                Ok(json!({"success": true}))
            }
            _ => Err((
                400,
                "InvalidParameterException",
                "the query has ended".to_owned(),
            )),
        }
    }

    fn record(&self, body: &Value) -> Result<Value, Refusal> {
        let pointer = body["logRecordPointer"].as_str().unwrap_or_default();
        let at: Option<usize> = pointer.strip_prefix("ptr-").and_then(|at| at.parse().ok());
        match at.and_then(|at| self.events.get(at)) {
            Some(event) => Ok(json!({"logRecord": {"@message": event.message}})),
            None => Err((
                400,
                "ResourceNotFoundException",
                "no such record".to_owned(),
            )),
        }
    }

    fn describe(&self, body: &Value) -> Value {
        let prefix = body["logGroupNamePrefix"].as_str().unwrap_or_default();
        if !self.group.starts_with(prefix) {
            return json!({"logGroups": []});
        }
        let mut group = json!({
            "logGroupName": self.group,
            "arn": format!("{}:*", self.arn()),
            "logGroupArn": self.arn(),
            "creationTime": self.created_ms,
            "logGroupClass": self.class,
            "storedBytes": 0,
        });
        if let Some(days) = self.retention_days {
            group["retentionInDays"] = json!(days);
        }
        json!({"logGroups": [group]})
    }
}
