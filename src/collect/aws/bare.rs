//! One HTTP request outside of the SDKs: it takes its turn, keeps the patience of the run, and stands in
//! the receipt and the log like every other. It knows neither what is asked nor what an answer means.

use super::control::{Control, stopped};
use super::fault::{self, Trouble};
use super::known::Call;
use super::limiter::Key;
use super::receipt::LogLine;
use super::wire;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use std::time::Duration;
use tokio::time::Instant;

/// Status and whole body, or why none came.
pub(super) type Answer = Result<(u16, Vec<u8>), String>;

/// Whose request it is; both are empty where nobody is asked as somebody.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
}

/// A connector with the patience of the run.
pub(super) fn connector(control: &Control) -> Connector {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(control.limits.patience.min(Duration::from_secs(10)))
        .read_timeout(control.limits.patience)
        .build();
    Connector::builder()
        .connector_settings(settings)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build()
}

/// Sends one request and reads at most `largest` bytes of its answer.
///
/// # Errors
/// When the run was stopped first. That no answer came is an answer.
pub(super) async fn send(
    control: &Control,
    call: &Call,
    place: Place<'_>,
    connector: &Connector,
    (attempt, request): (u32, HttpRequest),
    largest: usize,
) -> Result<Answer, Trouble> {
    let key = Key {
        who: place.account.to_owned(),
        region: place.region.to_owned(),
        service: call.service.clone(),
        operation: call.operation.clone(),
    };
    let waited = control.limiter.turn(&key, call, Instant::now());
    if !waited.is_zero() {
        control.pause(call, waited).await?;
    }
    let (sent_at, sent) = (control.elapsed(), Instant::now());
    let answer = tokio::select! {
        answer = whole(connector, request, largest) => answer,
        why = control.until_stopped() => return Err(stopped(call, why)),
        () = tokio::time::sleep(control.limits.patience.saturating_mul(2)) => {
            Err("no whole answer came in time".to_owned())
        }
    };
    let line = LogLine {
        at: String::new(),
        region: place.region.to_owned(),
        call: call.name(),
        attempt,
        waited_ms: 0,
        took_ms: u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX),
        status: answer.as_ref().map_or(0, |(status, _)| *status),
        request_id: String::new(),
        error: answer.as_ref().err().cloned().unwrap_or_default(),
    };
    control.receipt.request(call, sent_at, line);
    Ok(answer)
}

async fn whole(connector: &Connector, request: HttpRequest, largest: usize) -> Answer {
    let answer = connector
        .call(request)
        .await
        .map_err(|error| fault::capped(&fault::chain(&error).join(": ")))?;
    let status = answer.status().as_u16();
    let bytes = wire::collect(answer.into_body(), largest).await?;
    Ok((status, bytes))
}
