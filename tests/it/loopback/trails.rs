//! CloudTrail: what trails there are, what they see, and the event history.
//!
//! Knows nothing of HTTP: operation and body in, body or error out.

use super::insights::LogEvent;
use super::logs::Refusal;
use serde_json::{Value, json};

/// One trail and the records behind the event history.
#[derive(Debug, Default)]
pub(crate) struct Trails {
    /// As DescribeTrails lists them.
    pub(crate) trails: Vec<Value>,
    /// As GetEventSelectors answers.
    pub(crate) selectors: Value,
    /// As GetTrailStatus answers.
    pub(crate) status: Value,
    /// Sorted by delivery; looked up by the time of the call.
    pub(crate) events: Vec<LogEvent>,
    /// Operations asked, in order.
    pub(crate) seen: Vec<String>,
    /// Of this service a page without events but with a token comes before every other.
    pub(crate) empty_before: Option<&'static str>,
}

impl Trails {
    /// A trail of all regions that sees everything and writes to both.
    pub(crate) fn one(account: &str, region: &str, bucket: &str, log_group_arn: &str) -> Self {
        Self {
            trails: vec![json!({
                "Name": "main",
                "TrailARN": format!("arn:aws:cloudtrail:{region}:{account}:trail/main"),
                "HomeRegion": region,
                "IsMultiRegionTrail": true,
                "IncludeGlobalServiceEvents": true,
                "IsOrganizationTrail": false,
                "S3BucketName": bucket,
                "CloudWatchLogsLogGroupArn": format!("{log_group_arn}:*"),
                "HasCustomEventSelectors": false,
            })],
            selectors: json!({"EventSelectors": [
                {"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}
            ]}),
            status: json!({"IsLogging": true}),
            ..Self::default()
        }
    }

    pub(crate) fn answer(
        &mut self,
        operation: &str,
        region: &str,
        body: &Value,
    ) -> Result<Value, Refusal> {
        self.seen.push(operation.to_owned());
        match operation {
            "DescribeTrails" => Ok(json!({"trailList": self.trails})),
            "GetTrailStatus" => Ok(self.status.clone()),
            "GetEventSelectors" => Ok(self.selectors.clone()),
            "LookupEvents" => self.lookup(region, body),
            other => Err((400, "UnknownOperationException", other.to_owned())),
        }
    }

    fn lookup(&self, region: &str, body: &Value) -> Result<Value, Refusal> {
        let attributes = body["LookupAttributes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let [attribute] = attributes.as_slice() else {
            let why = "exactly one lookup attribute".to_owned();
            return Err((400, "InvalidLookupAttributesException", why));
        };
        assert_eq!(attribute["AttributeKey"], "EventSource");
        let from = body["StartTime"].as_f64().unwrap_or_default() as i64;
        let to = body["EndTime"].as_f64().unwrap_or(1e12) as i64;
        let mut found: Vec<(i64, &LogEvent, Value)> = self
            .events
            .iter()
            .filter_map(|event| {
                let record: Value = serde_json::from_str(&event.message).ok()?;
                let time = record["eventTime"].as_str()?;
                let at = chrono::DateTime::parse_from_rfc3339(time).ok()?.timestamp();
                let is_asked = record["eventSource"] == attribute["AttributeValue"]
                    && record["awsRegion"] == region
                    && (from..=to).contains(&at);
                is_asked.then_some((at, event, record))
            })
            .collect();
        found.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
        let token = body["NextToken"].as_str().unwrap_or_default();
        let is_empty = self
            .empty_before
            .is_some_and(|name| attribute["AttributeValue"] == name);
        if is_empty && !token.starts_with('e') {
            return Ok(json!({"Events": [], "NextToken": format!("e{token}")}));
        }
        let skip: usize = token.trim_start_matches('e').parse().unwrap_or_default();
        let most = body["MaxResults"].as_u64().unwrap_or(50).min(50) as usize;
        let page: Vec<Value> = found
            .iter()
            .skip(skip)
            .take(most)
            .map(|(at, event, record)| {
                json!({
                    "EventId": record["eventID"],
                    "EventName": record["eventName"],
                    "EventTime": *at as f64,
                    "EventSource": record["eventSource"],
                    "ReadOnly": record["readOnly"].to_string(),
                    "Username": "x",
                    "Resources": [],
                    "CloudTrailEvent": event.message,
                })
            })
            .collect();
        let next = skip + page.len();
        let mut answer = json!({ "Events": page });
        if next < found.len() {
            answer["NextToken"] = json!(next.to_string());
        }
        Ok(answer)
    }
}
