//! Sending a pack: shows exactly what would go, asks, and goes on where an earlier run stopped.

use super::args::PackArgs;
use super::talk::{self, Volume, say};
use crate::case::Case;
use crate::failure::{Failure, Kind};
use crate::pack::send::{self, Parcel, Progress, Target};
use crate::pack::{desk, form};
use anyhow::Context as _;
use std::fs;
use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::Path;

/// Where a pack keeps how far it has come.
const PROGRESS: &str = "sent.json";

/// The text of a file of the pack, unpacked.
pub(super) fn text_of(name: &str, bytes: &[u8]) -> Result<String, Failure> {
    if !name.ends_with(".gz") {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut text)
        .with_context(|| format!("failed to read {name} back"))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Sends the pack to a case.
pub(super) fn send(
    args: &PackArgs,
    case: &Case,
    parcel: &Parcel,
    target: &Path,
    volume: Volume,
) -> Result<u8, Failure> {
    if parcel.files.iter().any(|(_, bytes)| is_map(bytes)) {
        return Err(unsent(
            target,
            "a file of the pack is a redaction map, which must never be sent",
        ));
    }
    let mut parcel = parcel.clone();
    if let Some(severity) = &args.severity {
        parcel.severity.clone_from(severity);
    }
    let to = match &args.attach {
        Some(case) => Target::Case(case.clone()),
        None => Target::New,
    };
    let path = target.join(PROGRESS);
    let progress: Progress = fs::read_to_string(&path)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    if progress.marker == parcel.marker()
        && let Some(case) = &progress.case
    {
        say(volume, &format!("already in case {case}; nothing was sent"));
        return Ok(0);
    }
    show(&parcel, &to)?;
    if !args.yes && !confirmed()? {
        say(volume, "not sent; everything is on disk");
        return Ok(0);
    }
    let mut save = |progress: &Progress| -> Result<(), String> {
        let text = serde_json::to_string_pretty(progress).map_err(|why| why.to_string())?;
        let beside = path.with_extension("json.part");
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, &path))
            .map_err(|why| format!("failed to note the progress in {}: {why}", path.display()))
    };
    let seconds = form::form().set_seconds;
    let done = desk::at_the_desk(case, &identity(args), &wish(args), |desk| {
        send::send(&parcel, &to, progress, seconds, desk, &mut save)
    })?;
    let done = done.map_err(|why| unsent(target, &why))?;
    say(
        volume,
        &format!("sent: case {}", done.case.unwrap_or_default()),
    );
    Ok(0)
}

fn identity(args: &PackArgs) -> crate::collect::aws::session::Identity {
    crate::collect::aws::session::Identity {
        profile: args.profile.clone(),
        regions: vec!["us-east-1".to_owned()],
        ..Default::default()
    }
}

fn wish(args: &PackArgs) -> desk::Wish {
    desk::Wish {
        service: args.service_code.clone(),
        category: args.category_code.clone(),
        hint: form::form().service_hint.clone(),
    }
}

/// Prints what would be sent, to the last character.
fn show(parcel: &Parcel, to: &Target) -> Result<(), Failure> {
    let mut text = match to {
        Target::Case(id) => format!("To AWS Support, case {id}:\n\n"),
        Target::New => format!(
            "To AWS Support, a new case, severity {}:\n\nSubject: {}\n\n",
            parcel.severity, parcel.subject
        ),
    };
    text.push_str(&parcel.letter());
    text.push('\n');
    for (name, bytes) in &parcel.files {
        text.push_str(&format!("File: {name}, {} bytes\n", bytes.len()));
    }
    talk::data(text.as_bytes())
}

/// Asks; without a terminal nobody can answer, so nothing is sent.
fn confirmed() -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "nobody is there to say that this may be sent",
            "look at what would be sent above, then add --yes",
        ));
    }
    say(Volume::Normal, "Send this? Type yes:");
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("failed to read the answer")?;
    Ok(answer.trim() == "yes")
}

/// A failure that leaves the pack on disk.
fn unsent(target: &Path, why: &str) -> Failure {
    Failure {
        kind: Kind::Failed,
        error: anyhow::anyhow!("{why}"),
        hints: vec![format!(
            "everything is in {}: paste body.txt and attach the files in the console, or run the same command again",
            target.display()
        )],
    }
}

/// Whether a file is a map of pseudonyms, which never leaves.
fn is_map(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(crate::redact::MAGIC)
}
