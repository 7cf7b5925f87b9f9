//! The public status feed: what AWS told everyone, without an account.
//!
//! Read when AWS Health could not be asked. The feed is UTF-16 with a byte-order mark, in either
//! order. Its RSS twins are not read. It must never be fetched by an
//! offline run, and an unreadable feed is never a quiet one.

use super::control::Control;
use super::fault::Trouble;
use super::known::{Call, Kind};
use super::step::Step;
use super::{Field, Part, State, bare, known};
use crate::bundle::manifest::Noun;
use crate::bundle::raw::{RawAnswer, Shape};
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;
use std::time::Duration;

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
    let connector = bare::connector(control);
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
    let place = bare::Place::default();
    let answer = bare::send(control, call, place, connector, (attempt, request), LARGEST).await?;
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
