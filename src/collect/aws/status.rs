//! The public status feed: what AWS told everyone, without an account.
//!
//! Read when AWS Health could not be asked. The feed is UTF-16 with a byte-order mark, in either
//! order. Its RSS twin is read when the feed itself does not answer. It must never be fetched by an
//! offline run, and an unreadable feed is never a quiet one.

use super::control::{Control, stopped};
use super::fault::{self, Trouble};
use super::known::{Call, Kind};
use super::limiter::Key;
use super::receipt::LogLine;
use super::step::Step;
use super::{Field, Part, State, known};
use crate::bundle::manifest::Noun;
use crate::bundle::raw::{RawAnswer, Shape};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// Largest feed read; the real one is below a megabyte.
const LARGEST: usize = 32 << 20;

/// Times the feed is tried; it is one request, and often the last source left.
const TRIES: u32 = 3;

/// What will be asked.
#[must_use]
pub fn ask() -> Vec<Step> {
    vec![Step::calls("status", "currentevents", 1)]
}

/// Reads the feed.
pub(super) async fn fetch(field: &Field) -> Part {
    let mut part = Part::new(Noun::Status, "", "");
    field.watch.at(Noun::Status, "", State::Begun);
    let own = field.request.status_url.as_deref();
    let url = own.unwrap_or(&field.session.partition.status_feed);
    let call = known::call("status", "currentevents");
    if url.is_empty() {
        part.missing.push(format!(
            "the partition {} has no public status feed that can be read",
            field.session.partition.id
        ));
    } else {
        part.asked.push(url.to_owned());
        match read(&field.control, call, url).await {
            Ok(answer) => part.answers.push(RawAnswer {
                input: url.to_owned(),
                shape: Shape::StatusFeed,
                answer,
            }),
            Err(trouble) => part.troubles.push(trouble),
        }
    }
    let words = format!("{} answers", part.answers.len());
    field.watch.at(Noun::Status, "", State::Done(&words));
    part
}

async fn read(control: &Control, call: &Call, url: &str) -> Result<Value, Trouble> {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(control.limits.patience.min(Duration::from_secs(10)))
        .read_timeout(control.limits.patience)
        .build();
    let connector = Connector::builder()
        .connector_settings(settings)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    let mut attempt = 1;
    loop {
        let tried = once(control, call, &connector, url, attempt).await;
        match tried {
            Err(trouble)
                if attempt < TRIES && matches!(trouble.kind, Kind::Server | Kind::Network) =>
            {
                control
                    .pause(call, Duration::from_millis(500 << attempt))
                    .await?;
                attempt += 1;
            }
            other => return other,
        }
    }
}

async fn once(
    control: &Control,
    call: &Call,
    connector: &Connector,
    url: &str,
    attempt: u32,
) -> Result<Value, Trouble> {
    let plain = |kind, what: String| {
        Trouble::plain(
            kind,
            call,
            what,
            "Save https://health.aws.amazon.com/public/currentevents from a browser and pass it with --health.",
        )
    };
    let request = HttpRequest::get(url)
        .map_err(|error| plain(Kind::Refused, format!("{url} is no address: {error}")))?;
    let key = Key {
        who: String::new(),
        region: String::new(),
        service: call.service.clone(),
        operation: call.operation.clone(),
    };
    let waited = control.limiter.turn(&key, call, Instant::now());
    if !waited.is_zero() {
        control.pause(call, waited).await?;
    }
    let (sent_at, sent) = (control.elapsed(), Instant::now());
    let answer = tokio::select! {
        answer = whole(connector, request) => answer,
        why = control.until_stopped() => return Err(stopped(call, why)),
        () = tokio::time::sleep(control.limits.patience.saturating_mul(2)) => {
            Err("no whole answer came in time".to_owned())
        }
    };
    let mut line = LogLine {
        at: String::new(),
        region: String::new(),
        call: call.name(),
        attempt,
        waited_ms: 0,
        took_ms: u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX),
        status: 0,
        request_id: String::new(),
        error: String::new(),
    };
    match &answer {
        Ok((status, _)) => line.status = *status,
        Err(why) => line.error.clone_from(why),
    }
    control.receipt.request(call, sent_at, line);
    let (status, bytes) = answer.map_err(|why| plain(Kind::Network, why))?;
    if status != 200 {
        let kind = if status >= 500 {
            Kind::Server
        } else {
            Kind::Refused
        };
        return Err(plain(
            kind,
            format!("the status feed answered HTTP {status}"),
        ));
    }
    let text = decode(&bytes).ok_or_else(|| {
        plain(
            Kind::Unreadable,
            "the status feed is neither UTF-16 nor UTF-8".to_owned(),
        )
    })?;
    match serde_json::from_str::<Value>(&text) {
        Ok(feed @ (Value::Array(_) | Value::Object(_))) => Ok(feed),
        Ok(_) => Err(plain(
            Kind::Unreadable,
            "the status feed is not a list".to_owned(),
        )),
        Err(error) => Err(plain(
            Kind::Unreadable,
            format!("the status feed is not JSON: {error}"),
        )),
    }
}

/// Status and whole body of an answer.
async fn whole(connector: &Connector, request: HttpRequest) -> Result<(u16, Vec<u8>), String> {
    let answer = connector
        .call(request)
        .await
        .map_err(|error| fault::capped(&fault::chain(&error).join(": ")))?;
    let status = answer.status().as_u16();
    let body: SdkBody = answer.into_body();
    let bytes = super::wire::collect(body, LARGEST).await?;
    Ok((status, bytes))
}

/// Text of a feed: by its byte-order mark, else UTF-8.
fn decode(bytes: &[u8]) -> Option<String> {
    let units = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .filter_map(|pair| Some(read(pair.try_into().ok()?)))
            .collect();
        String::from_utf16(&units).ok()
    };
    match bytes {
        [0xFE, 0xFF, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        plain => String::from_utf8(plain.to_vec()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_byte_order_and_none_are_read() {
        let text = "[{\"a\":\"ü\"}]";
        let be: Vec<u8> = std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(u16::to_be_bytes)
            .collect();
        let le: Vec<u8> = std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [be, le, text.as_bytes().to_vec()] {
            assert_eq!(decode(&bytes).as_deref(), Some(text));
        }
        assert_eq!(decode(&[0xC3]), None);
    }
}
