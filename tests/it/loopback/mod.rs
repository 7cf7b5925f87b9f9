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
use std::sync::{Arc, Mutex};
use trails::Trails;

/// The services that hold a trail.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) account: String,
    pub(crate) logs: Mutex<Logs>,
    pub(crate) trails: Mutex<Trails>,
    pub(crate) bucket: Mutex<Bucket>,
}

impl World {
    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let target = request.header("x-amz-target");
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some((service, operation)) = target.rsplit_once('.') {
            let result = if service.starts_with("Logs_") {
                self.logs.lock().unwrap().answer(operation, &body)
            } else {
                self.trails
                    .lock()
                    .unwrap()
                    .answer(operation, request.region(), &body)
            };
            return json_reply(result);
        }
        if request.method == "POST" {
            let text = format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::{0}:user/x</Arn><UserId>AIDA</UserId><Account>{0}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
                self.account
            );
            return (
                200,
                vec![("content-type", "text/xml".to_owned())],
                text.into_bytes(),
            );
        }
        self.bucket.lock().unwrap().answer(&request.target)
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
