//! `POST` of a JSON body over HTTP or HTTPS; the address is a secret and appears in no text.

use super::Trouble;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use std::error::Error;
use std::time::Duration;

/// Posts once.
pub(super) async fn post(
    url: &str,
    authorization: Option<&str>,
    body: Vec<u8>,
    key: &str,
    patience_s: u64,
) -> Result<(), Trouble> {
    let lasting = |what: &str| Trouble::Lasting(what.to_owned());
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(lasting("the address is no http(s) address"));
    }
    let patience = Duration::from_secs(patience_s);
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(patience.min(Duration::from_secs(10)))
        .read_timeout(patience)
        .build();
    let connector = Connector::builder()
        .connector_settings(settings)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    let length = body.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(body));
    // The errors of these would quote the address, so they are not told.
    request
        .set_method("POST")
        .map_err(|_| lasting("the request cannot be made"))?;
    request
        .set_uri(url)
        .map_err(|_| lasting("the address cannot be read"))?;
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("content-length", length),
        (
            "user-agent",
            concat!("ecr-incident/", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
        ("idempotency-key", key.to_owned()),
    ];
    if let Some(token) = authorization {
        headers.push(("authorization", token.to_owned()));
    }
    for (name, value) in headers {
        request
            .headers_mut()
            .try_insert(name, value)
            .map_err(|_| lasting("a header cannot be made of a secret"))?;
    }
    match connector.call(request).await {
        Err(error) => Err(Trouble::Passing(why(&error, url))),
        Ok(answer) => {
            let status = answer.status();
            match status.as_u16() {
                200..=299 => Ok(()),
                408 | 425 | 429 | 500..=599 => Err(Trouble::Passing(format!(
                    "the receiver answered HTTP {}",
                    status.as_u16()
                ))),
                code => Err(Trouble::Lasting(format!(
                    "the receiver answered HTTP {code}"
                ))),
            }
        }
    }
}

/// The causes of an error, one after the other, without the address or its parts.
fn why(error: &dyn Error, url: &str) -> String {
    let mut parts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !parts.contains(&text) {
            parts.push(text);
        }
        next = error.source();
    }
    let mut text = parts.join(": ");
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    for secret in std::iter::once(url).chain(rest.split(['/', '?'])) {
        if secret.len() > 3 {
            text = text.replace(secret, "…");
        }
    }
    text.chars().take(300).collect()
}
