//! SNS, S3 and Secrets Manager; the one file of this room that names AWS services.

use super::Trouble;
use super::shape::{self, Message};
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_types::byte_stream::ByteStream;

/// Credentials and region as the AWS CLI finds them. Retries are this room's own, so the SDK makes
/// one attempt.
async fn config(region: Option<&str>) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .retry_config(RetryConfig::disabled());
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

/// Publishes to a topic.
pub(super) async fn publish(
    topic: &str,
    endpoint: Option<&str>,
    message: &Message,
) -> Result<(), Trouble> {
    let base = config(topic.split(':').nth(3)).await;
    let mut own = aws_sdk_sns::config::Builder::from(&base);
    if let Some(endpoint) = endpoint {
        own = own.endpoint_url(endpoint);
    }
    let (subject, body) = shape::sns(message);
    aws_sdk_sns::Client::from_conf(own.build())
        .publish()
        .topic_arn(topic)
        .subject(subject)
        .message(body)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| trouble("sns:Publish", &error))
}

/// Puts the night's files under prefix and folder.
pub(super) async fn upload(
    bucket: &str,
    prefix: &str,
    region: Option<&str>,
    endpoint: Option<&str>,
    message: &Message,
) -> Result<(), Trouble> {
    let base = config(region).await;
    let mut own = aws_sdk_s3::config::Builder::from(&base);
    if let Some(endpoint) = endpoint {
        own = own.endpoint_url(endpoint).force_path_style(true);
    }
    let client = aws_sdk_s3::Client::from_conf(own.build());
    for (name, path) in &message.files {
        let bytes = std::fs::read(path)
            .map_err(|error| Trouble::Lasting(format!("{name} cannot be read: {error}")))?;
        let key = format!("{prefix}{}/{name}", message.folder);
        client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(kind(name))
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| trouble("s3:PutObject", &error))?;
    }
    Ok(())
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        _ => "text/markdown; charset=utf-8",
    }
}

/// The value of a secret.
pub(super) async fn secret(name: &str) -> Result<String, Trouble> {
    let region = name
        .starts_with("arn:")
        .then(|| name.split(':').nth(3))
        .flatten();
    let base = config(region).await;
    let answer = aws_sdk_secretsmanager::Client::new(&base)
        .get_secret_value()
        .secret_id(name)
        .send()
        .await
        .map_err(|error| trouble("secretsmanager:GetSecretValue", &error))?;
    answer
        .secret_string()
        .map(str::to_owned)
        .ok_or_else(|| Trouble::Lasting("the secret holds no text".to_owned()))
}

/// An error of the SDK: whether it passes, and what it says with the action it belongs to.
fn trouble<E, R>(action: &str, error: &SdkError<E, R>) -> Trouble
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ServiceError(inner) => {
            let code = inner.err().code().unwrap_or("unknown error").to_owned();
            let text = format!("{action} answered {code}");
            let lasting = [
                "AccessDenied",
                "AuthorizationError",
                "NotFound",
                "NoSuchBucket",
                "InvalidParameter",
            ]
            .iter()
            .any(|word| code.starts_with(word));
            if lasting {
                Trouble::Lasting(format!("{text}; check that the role may {action}"))
            } else {
                Trouble::Passing(text)
            }
        }
        SdkError::ConstructionFailure(_) => Trouble::Lasting(format!(
            "{action} could not be asked: no region or no credentials are configured"
        )),
        SdkError::TimeoutError(_) => Trouble::Passing(format!("{action} did not answer in time")),
        _ => Trouble::Passing(format!("{action} was not answered")),
    }
}
