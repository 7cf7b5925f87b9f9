//! Notifications of a night: whether, to whom, and what became of it. Never an error of the run.

use super::night_args::NotifyOn;
use super::talk::{Volume, say};
use crate::failure::Failure;
use crate::nightly::summary::{Standing, Summary};
use crate::nightly::tell;
use crate::notify::{self, Channel, Message};
use crate::state::Store;
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::Path;

/// Reads the channels before anything else is done, so that a mistake in them costs no night.
pub(super) fn channels(file: Option<&Path>) -> Result<Vec<Channel>, Failure> {
    let Some(path) = file else {
        return Ok(Vec::new());
    };
    let text =
        fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    notify::parse(&text)
}

/// Whether a night is worth a message.
fn worth(summary: &Summary, on: &[NotifyOn]) -> bool {
    let has = |standing| {
        summary
            .attention
            .iter()
            .any(|item| item.standing == standing)
    };
    let never = on.contains(&NotifyOn::Never);
    !never
        && on.iter().any(|when| match when {
            NotifyOn::Always => true,
            NotifyOn::Never => false,
            NotifyOn::New => {
                has(Standing::New) || has(Standing::Recurring) || !summary.revisions.is_empty()
            }
            NotifyOn::Worse => has(Standing::Worse),
        })
}

/// Sends what a night has to say to every channel that has not got it yet, and records the outcome.
pub(super) fn night(
    summary: &Summary,
    folder: &Path,
    name: &str,
    channels: &[Channel],
    on: &[NotifyOn],
    store: &mut Store,
    volume: Volume,
) {
    if channels.is_empty() || !worth(summary, on) {
        return;
    }
    let sent = message(summary, folder, name).and_then(|message| {
        let mut due = Vec::new();
        for channel in channels {
            if store.delivered(&channel.name, &message.key)? {
                say(volume, &format!("{}: has this message already", channel.name));
            } else {
                due.push(channel.clone());
            }
        }
        for delivery in notify::send(&due, &message)? {
            let tries = delivery.attempts;
            if delivery.why.is_empty() {
                say(volume, &format!("{}: notified", delivery.channel));
            } else {
                say(
                    volume,
                    &format!(
                        "warning: {}: not notified after {tries} attempts: {}; run this night again \
                         to send it to the channels that did not get it",
                        delivery.channel, delivery.why
                    ),
                );
            }
            store.delivery(&delivery.channel, &message.key, &summary.night, &delivery.why)?;
        }
        Ok(())
    });
    if let Err(failure) = sent {
        say(
            volume,
            &format!("warning: nobody was notified: {:#}", failure.error),
        );
    }
}

fn message(summary: &Summary, folder: &Path, name: &str) -> Result<Message, Failure> {
    let value = serde_json::to_value(summary).context("failed to write the message")?;
    // Equal news have an equal key, however often a night is run.
    let mut hash = Sha256::new();
    hash.update(value["night"].to_string());
    hash.update(&summary.subject);
    for part in ["attention", "changed", "revisions"] {
        hash.update(value[part].to_string());
    }
    let key: String = hash
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let files = [
        "nightly.md",
        "nightly.html",
        "nightly.json",
        "report.md",
        "report.html",
        "report.json",
    ];
    Ok(Message {
        key,
        subject: summary.subject.clone(),
        lines: tell::lines(summary),
        summary: value,
        folder: name.to_owned(),
        files: files
            .iter()
            .map(|name| ((*name).to_owned(), folder.join(name)))
            .filter(|(_, path)| path.exists())
            .collect(),
    })
}
