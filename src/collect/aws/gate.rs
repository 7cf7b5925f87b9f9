//! The one way out: every HTTP request of every client passes here, takes its turn and is noted.
//!
//! It stands below the SDK, so that retries, sign-in and assumed roles are counted too. It must never
//! let out a call that `queries/aws/calls.toml` does not list (sign-in services excepted), nor keep a
//! body or an authorization header.

use super::control::{Control, stopped};
use super::fault;
use super::known::{self, Call};
use super::limiter::Key;
use super::receipt::LogLine;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// An HTTP client that asks [`Control`] before each request.
#[derive(Debug)]
pub(super) struct Gate {
    inner: SharedHttpClient,
    control: Arc<Control>,
}

impl Gate {
    /// Puts the gate before a client.
    pub(super) fn new(inner: SharedHttpClient, control: Arc<Control>) -> Self {
        Self { inner, control }
    }
}

impl HttpClient for Gate {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Turnstile {
            inner: self.inner.http_connector(settings, components),
            control: Arc::clone(&self.control),
        })
    }
}

#[derive(Debug)]
struct Turnstile {
    inner: SharedHttpConnector,
    control: Arc<Control>,
}

impl HttpConnector for Turnstile {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, control) = (self.inner.clone(), Arc::clone(&self.control));
        HttpConnectorFuture::new(async move {
            let Some((key, call)) = asked(&request) else {
                // Sign-in services (SSO, instance metadata, containers) have no quota of ours.
                return inner.call(request).await;
            };
            let Some(call) = call else {
                let name = format!("{}:{}", key.service, key.operation);
                return Err(ConnectorError::user(
                    format!("{name} is not among the calls this tool may make").into(),
                ));
            };
            let waited = control.limiter.wait(&key, call).await;
            // A query nobody waits for goes on costing: ending it is the one thing still to do.
            if let Some(why) = control.stopped()
                && call.operation != "StopQuery"
            {
                let trouble = stopped(call, why);
                return Err(ConnectorError::user(trouble.what.into()));
            }
            let attempt = attempt(&request);
            let (sent_at, sent) = (control.elapsed(), Instant::now());
            let answer = inner.call(request).await;
            let mut line = LogLine {
                at: String::new(),
                region: key.region,
                call: call.name(),
                attempt,
                waited_ms: ms(waited),
                took_ms: ms(sent.elapsed()),
                status: 0,
                request_id: String::new(),
                error: String::new(),
            };
            match &answer {
                Ok(answer) => {
                    line.status = answer.status().as_u16();
                    line.request_id = fault::request_id(answer);
                    if let Some(ahead) = ahead(answer.headers().get("date")) {
                        control.stamped(ahead);
                    }
                }
                Err(error) => line.error = fault::capped(&fault::chain(error).join(": ")),
            }
            control.receipt.request(call, sent_at, line);
            answer
        })
    }
}

/// Whose bucket a request draws from and which call it is; `None` for what is not signed.
fn asked(request: &HttpRequest) -> Option<(Key, Option<&'static Call>)> {
    let header = |name: &str| request.headers().get(name);
    // Credential=AKID/20260311/us-east-1/monitoring/aws4_request
    let (_, scope) = header("authorization")?.split_once("Credential=")?;
    let mut scope = scope.split([',', ' ']).next()?.split('/');
    let (who, _, region, service) = (scope.next()?, scope.next()?, scope.next()?, scope.next()?);
    let operation = operation(request, service);
    let call = known::find(service, &operation);
    let key = Key {
        who: who.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        operation,
    };
    Some((key, call))
}

/// The operation of a request, in the words of whichever protocol carries it.
fn operation(request: &HttpRequest, service: &str) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let uri = request.uri();
    let path = uri.split('?').next().unwrap_or_default();
    if let Some((_, operation)) = path.rsplit_once("/operation/") {
        return operation.to_owned();
    }
    if service == "s3" {
        let query = uri.split_once('?').map_or("", |(_, query)| query);
        let word = if query.contains("list-type=2") {
            "ListObjectsV2"
        } else if query.split('&').any(|part| part.starts_with("location")) {
            "GetBucketLocation"
        } else {
            "GetObject"
        };
        return word.to_owned();
    }
    // The query protocol of STS carries it in the form.
    let body = request.body().bytes().unwrap_or_default();
    let form = std::str::from_utf8(body).unwrap_or_default();
    form.split('&')
        .find_map(|pair| pair.strip_prefix("Action="))
        .unwrap_or_default()
        .to_owned()
}

/// Which try of its call a request is: the SDK says so.
fn attempt(request: &HttpRequest) -> u32 {
    request
        .headers()
        .get("amz-sdk-request")
        .and_then(|header| {
            header
                .split(';')
                .find_map(|part| part.trim().strip_prefix("attempt=")?.parse().ok())
        })
        .unwrap_or(1)
}

/// Seconds the clock behind a `Date` header is ahead of ours.
#[expect(
    clippy::disallowed_methods,
    reason = "signatures depend on the machine's clock, whatever now the question was asked at"
)]
fn ahead(date: Option<&str>) -> Option<i64> {
    let theirs = DateTime::from_str(date?, Format::HttpDate).ok()?.secs();
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    theirs.checked_sub(i64::try_from(ours).ok()?)
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
