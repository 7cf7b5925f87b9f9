//! Telling others: webhooks, Slack-compatible webhooks, SNS, and upload to S3.
//!
//! The report and the state are on disk before anything here begins, and nothing here can take them
//! back: a channel that fails is a line in the answer, never an error of the run. Addresses of
//! webhooks are secrets: they come from a file, the environment or Secrets Manager, and no text made
//! here may hold one. Every send ends within a bounded time.

mod aws;
mod config;
mod secret;
mod shape;
mod webhook;

pub use config::{Channel, Kind, Reference, parse};
pub use shape::Message;

use crate::failure::Failure;
use anyhow::Context as _;
use std::time::Duration;

/// What became of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Name of the channel.
    pub channel: String,
    /// Attempts made.
    pub attempts: u32,
    /// Why it failed, without secrets; empty when it arrived.
    pub why: String,
}

/// What one attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Worth another attempt.
    Passing(String),
    /// The same again would fail the same.
    Lasting(String),
}

/// Sends a message to every channel, one after the other, each with its retries.
///
/// # Errors
/// The machinery itself cannot be started; a channel that fails is in the answer instead.
pub fn send(channels: &[Channel], message: &Message) -> Result<Vec<Delivery>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("failed to start the network threads")?;
    Ok(runtime.block_on(all(channels, message)))
}

async fn all(channels: &[Channel], message: &Message) -> Vec<Delivery> {
    let mut list = Vec::with_capacity(channels.len());
    for channel in channels {
        list.push(one(channel, message).await);
    }
    list
}

async fn one(channel: &Channel, message: &Message) -> Delivery {
    let mut attempts = 0;
    let mut pause = Duration::from_millis(channel.backoff_ms);
    loop {
        attempts += 1;
        // An attempt that hangs anywhere is over when the patience is.
        let limit = Duration::from_secs(channel.patience_s);
        let answer = match tokio::time::timeout(limit, attempt(channel, message)).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::Passing(format!(
                "no answer within {} s",
                channel.patience_s
            ))),
        };
        let why = match answer {
            Ok(()) => String::new(),
            Err(Trouble::Passing(_)) if attempts < channel.attempts => {
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(Duration::from_secs(60));
                continue;
            }
            Err(Trouble::Passing(why) | Trouble::Lasting(why)) => why,
        };
        return Delivery {
            channel: channel.name.clone(),
            attempts,
            why,
        };
    }
}

async fn attempt(channel: &Channel, message: &Message) -> Result<(), Trouble> {
    match &channel.kind {
        Kind::Webhook { url, authorization } => {
            let url = secret::read(url).await?;
            let token = match authorization {
                Some(token) => Some(secret::read(token).await?),
                None => None,
            };
            let body = shape::webhook(message);
            webhook::post(
                &url,
                token.as_deref(),
                body,
                &message.key,
                channel.patience_s,
            )
            .await
        }
        Kind::Slack { url } => {
            let url = secret::read(url).await?;
            webhook::post(
                &url,
                None,
                shape::slack(message),
                &message.key,
                channel.patience_s,
            )
            .await
        }
        Kind::Sns { topic, endpoint } => aws::publish(topic, endpoint.as_deref(), message).await,
        Kind::S3 {
            bucket,
            prefix,
            region,
            endpoint,
        } => {
            aws::upload(
                bucket,
                prefix,
                region.as_deref(),
                endpoint.as_deref(),
                message,
            )
            .await
        }
    }
}
