//! One message in the shape and size each channel takes.
//!
//! Sizes: SNS takes 256 KiB and a subject of 100 ASCII characters (SNS API, Publish). Slack cuts a
//! text at 40,000 characters and asks for 4,000 (chat.postMessage). Nothing is cut silently.

use serde_json::{Value, json};
use std::path::PathBuf;

/// What is to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Equal for equal news: the receiver may drop what it has seen.
    pub key: String,
    /// One line.
    pub subject: String,
    /// The lines under it.
    pub lines: Vec<String>,
    /// The whole summary.
    pub summary: Value,
    /// Folder of the night in an upload.
    pub folder: String,
    /// Files for an upload: name and path.
    pub files: Vec<(String, PathBuf)>,
}

/// Characters of a Slack text.
const SLACK: usize = 3_500;
/// Bytes of an SNS message, below its limit of 262,144.
const SNS: usize = 200_000;
/// Bytes of a webhook's body.
const WEBHOOK: usize = 1_000_000;

/// The text up to so many characters, whole lines only, and a word on what is left out.
fn text(message: &Message, most: usize) -> String {
    let mut out: String = message.subject.chars().take(most).collect();
    let mut used = out.chars().count();
    for (index, line) in message.lines.iter().enumerate() {
        let length = line.chars().count() + 1;
        if used + length + 60 > most {
            let left = message.lines.len() - index;
            out.push_str(&format!("\n({left} more lines: see the report)"));
            break;
        }
        out.push('\n');
        out.push_str(line);
        used += length;
    }
    out
}

/// What Slack would take for a mention, a link or a tag is made plain text (Slack: escaping text).
fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

pub(super) fn slack(message: &Message) -> Vec<u8> {
    // Escaping makes a text longer, so it is cut after it.
    let escaped = Message {
        subject: plain(&message.subject),
        lines: message.lines.iter().map(|line| plain(line)).collect(),
        ..message.clone()
    };
    let body = json!({"text": text(&escaped, SLACK), "mrkdwn": false,
                      "unfurl_links": false, "unfurl_media": false});
    body.to_string().into_bytes()
}

pub(super) fn webhook(message: &Message) -> Vec<u8> {
    let mut body = json!({"key": message.key, "subject": message.subject,
                          "text": text(message, 20_000), "summary": message.summary});
    let whole = body.to_string().into_bytes();
    if whole.len() <= WEBHOOK {
        return whole;
    }
    if let Some(fields) = body.as_object_mut() {
        fields.insert("summary".to_owned(), Value::Null);
        fields.insert(
            "summary_left_out".to_owned(),
            json!("too large; see the report"),
        );
    }
    body.to_string().into_bytes()
}

/// Subject and body for SNS.
pub(super) fn sns(message: &Message) -> (String, String) {
    let subject: String = message
        .subject
        .replace('·', "-")
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .take(99)
        .collect();
    // A character has at most four bytes.
    let mut most = SNS;
    let mut body = text(message, most);
    while body.len() > SNS {
        most /= 2;
        body = text(message, most);
    }
    (subject, body)
}

#[cfg(test)]
mod tests;
