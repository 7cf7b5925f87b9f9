//! The file of channels, read strictly: a misspelt field is an error, a secret in it as well.

use crate::failure::Failure;
use serde::Deserialize;

/// Where a secret is kept. Its value is never part of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// In a file, whose surrounding white space is dropped.
    File(String),
    /// In an environment variable.
    Env(String),
    /// In AWS Secrets Manager, by name or ARN.
    Secret(String),
}

/// One place to send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Name, unique in the file.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Attempts at most.
    pub attempts: u32,
    /// Wait after the first failure; doubles.
    pub backoff_ms: u64,
    /// How long an attempt may take.
    pub patience_s: u64,
}

/// Kinds of channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `POST` of a JSON object.
    Webhook {
        /// Address.
        url: Reference,
        /// Value of the `authorization` header.
        authorization: Option<Reference>,
    },
    /// `POST` as Slack's incoming webhooks take it.
    Slack {
        /// Address.
        url: Reference,
    },
    /// Amazon SNS.
    Sns {
        /// ARN of the topic, which names its region.
        topic: String,
        /// Another endpoint than AWS's own.
        endpoint: Option<String>,
    },
    /// Upload of the night's files to Amazon S3.
    S3 {
        /// Bucket.
        bucket: String,
        /// Put before every key.
        prefix: String,
        /// Its region; the configured one otherwise.
        region: Option<String>,
        /// Another endpoint than AWS's own.
        endpoint: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    channel: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    kind: String,
    url: Option<toml::Value>,
    authorization: Option<toml::Value>,
    topic: Option<String>,
    bucket: Option<String>,
    #[serde(default)]
    prefix: String,
    region: Option<String>,
    endpoint: Option<String>,
    attempts: Option<u32>,
    backoff_ms: Option<u64>,
    patience_s: Option<u64>,
}

const HINT: &str = "write [[channel]] with name, kind = \"slack\", \"webhook\", \"sns\" or \"s3\"; \
                    addresses by reference: url = { file = \"/run/secrets/slack\" }, { env = \"NAME\" } \
                    or { secret = \"ARN\" }; docs/guide.md has examples";

/// Reads the file's text.
///
/// # Errors
/// It is not what it should be.
pub fn parse(text: &str) -> Result<Vec<Channel>, Failure> {
    let refuse = |what: String| Failure::usage(format!("the channels: {what}"), HINT);
    let file: File = toml::from_str(text).map_err(|error| {
        // The parser quotes what it cannot read, which may be an address: only names of fields are told.
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map_or(0, |before| before.lines().count().max(1));
        let field = ["unknown field", "missing field", "duplicate key"]
            .iter()
            .any(|start| error.message().starts_with(start));
        refuse(if field {
            format!("line {line}: {}", error.message())
        } else {
            format!("line {line} is not what is expected there")
        })
    })?;
    let mut list: Vec<Channel> = Vec::with_capacity(file.channel.len());
    for entry in file.channel {
        let name = entry.name.clone();
        if name.trim().is_empty() || list.iter().any(|other| other.name == name) {
            return Err(refuse(format!(
                "the name \"{name}\" is empty or used twice"
            )));
        }
        let channel = Channel {
            kind: kind(&entry).map_err(|what| refuse(format!("{name}: {what}")))?,
            attempts: entry.attempts.unwrap_or(4).clamp(1, 10),
            backoff_ms: entry.backoff_ms.unwrap_or(1_000).min(60_000),
            patience_s: entry.patience_s.unwrap_or(15).clamp(1, 300),
            name,
        };
        list.push(channel);
    }
    Ok(list)
}

fn kind(entry: &Entry) -> Result<Kind, String> {
    let url = || {
        let value = entry.url.as_ref().ok_or("url is missing")?;
        reference("url", value)
    };
    match entry.kind.as_str() {
        "webhook" => Ok(Kind::Webhook {
            url: url()?,
            authorization: entry
                .authorization
                .as_ref()
                .map(|value| reference("authorization", value))
                .transpose()?,
        }),
        "slack" => Ok(Kind::Slack { url: url()? }),
        "sns" => {
            let topic = entry.topic.clone().unwrap_or_default();
            if topic.split(':').count() != 6 || !topic.starts_with("arn:") {
                return Err("topic is not the ARN of an SNS topic".to_owned());
            }
            Ok(Kind::Sns {
                topic,
                endpoint: entry.endpoint.clone(),
            })
        }
        "s3" => Ok(Kind::S3 {
            bucket: entry.bucket.clone().ok_or("bucket is missing")?,
            prefix: entry.prefix.clone(),
            region: entry.region.clone(),
            endpoint: entry.endpoint.clone(),
        }),
        other => Err(format!("there is no kind {other}")),
    }
}

/// A table of one entry that says where the secret is; anything else may be the secret itself and is
/// not repeated.
fn reference(name: &str, value: &toml::Value) -> Result<Reference, String> {
    let one = value
        .as_table()
        .filter(|table| table.len() == 1)
        .and_then(|table| table.iter().next());
    match one {
        Some((kind, toml::Value::String(at))) => match kind.as_str() {
            "file" => Ok(Reference::File(at.clone())),
            "env" => Ok(Reference::Env(at.clone())),
            "secret" => Ok(Reference::Secret(at.clone())),
            _ => Err(format!("{name} must be a reference: file, env or secret")),
        },
        _ => Err(format!(
            "{name} must be a reference, not the value itself: file, env or secret"
        )),
    }
}
