//! A loopback AWS of our own: real HTTP on 127.0.0.1, filled with a fixture case, answering what the
//! API references document.

pub(crate) mod archive;
pub(crate) mod bucket;
pub(crate) mod http;
pub(crate) mod insights;
pub(crate) mod logs;
pub(crate) mod trails;

use bucket::Bucket;
use http::{Reply, Request, Server};
use logs::{Logs, Refusal};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use trails::Trails;

/// The services that hold a trail.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) account: String,
    pub(crate) logs: Mutex<Logs>,
    pub(crate) trails: Mutex<Trails>,
    pub(crate) bucket: Mutex<Bucket>,
    /// Operations that are denied.
    pub(crate) refused: Mutex<BTreeSet<String>>,
    /// Every request and whether its answer went out whole: operation and what it was about.
    pub(crate) seen: Mutex<Vec<String>>,
}

impl World {
    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let reply = self.reply(request);
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let about = body["queryString"].as_str().unwrap_or(&request.target);
        let operation = request
            .header("x-amz-target")
            .rsplit('.')
            .next()
            .unwrap_or_default();
        self.seen
            .lock()
            .unwrap()
            .push(format!("{operation} {about}"));
        reply
    }

    fn reply(&self, request: &Request) -> Reply {
        let target = request.header("x-amz-target");
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some((service, operation)) = target.rsplit_once('.') {
            if self.refused.lock().unwrap().contains(operation) {
                let why = "User is not authorized".to_owned();
                return json_reply(Err((400, "AccessDeniedException", why)));
            }
            let result = if service.starts_with("Logs_") {
                self.logs.lock().unwrap().answer(operation, &body)
            } else if service.starts_with("CloudTrail_") || service.contains("cloudtrail") {
                let mut trails = self.trails.lock().unwrap();
                trails.answer(operation, request.region(), &body)
            } else {
                Err((400, "AccessDeniedException", operation.to_owned()))
            };
            return json_reply(result);
        }
        if request.target.contains("/service/") || request.target == "/status" {
            // Sources that these tests give as files.
            return (403, Vec::new(), Vec::new());
        }
        if request.method == "POST" {
            let text = format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <GetCallerIdentityResult><Arn>arn:aws:iam::{0}:user/x</Arn><UserId>AIDA</UserId>\
                 <Account>{0}</Account></GetCallerIdentityResult><ResponseMetadata>\
                 <RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
                self.account
            );
            let head = vec![("content-type", "text/xml".to_owned())];
            return (200, head, text.into_bytes());
        }
        self.bucket.lock().unwrap().answer(&request.target)
    }

    /// Waits until so many requests were answered, or the program has ended.
    pub(crate) fn wait_for(&self, requests: usize, child: &mut Child) {
        while self.seen.lock().unwrap().len() < requests && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// What was surely finished so far, with how often it was asked: queries with all their pages,
    /// and files; but for the last few, whose answers may not have been written down before the end.
    pub(crate) fn answered(&self) -> Vec<(String, usize)> {
        let seen = self.seen.lock().unwrap();
        let count = |line: &String| seen.iter().filter(|one| *one == line).count();
        let sure = seen.len().saturating_sub(30);
        let files = seen
            .iter()
            .take(sure)
            .filter(|line| line.contains("GetObject"));
        // Four queries are under way at a time, beside the one that counts.
        let queries: Vec<&String> = seen
            .iter()
            .filter(|line| line.starts_with("StartQuery"))
            .collect();
        let done = queries.len().saturating_sub(5);
        let done = queries.into_iter().take(done);
        files
            .chain(done)
            .map(|line| (line.clone(), count(line)))
            .collect()
    }

    /// Those of the finished that were asked again since.
    pub(crate) fn asked_again(&self, answered: &[(String, usize)]) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let count = |line: &String| seen.iter().filter(|one| *one == line).count();
        answered
            .iter()
            .filter(|(line, before)| count(line) > *before)
            .map(|(line, _)| line.clone())
            .collect()
    }

    pub(crate) fn serve(self: &Arc<Self>) -> Server {
        let world = Arc::clone(self);
        http::serve(move |request| Some(world.answer(request)))
    }
}

/// An answer of a JSON service.
pub(crate) fn json_reply(result: Result<Value, Refusal>) -> Reply {
    let head = vec![
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amzn-requestid", "r-1".to_owned()),
    ];
    match result {
        Ok(body) => (200, head, body.to_string().into_bytes()),
        Err((status, code, message)) => {
            let body = json!({"__type": code, "message": message});
            (status, head, body.to_string().into_bytes())
        }
    }
}
