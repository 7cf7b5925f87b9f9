//! Parts that came whole, kept on disk until the report is, so that a stopped run asks nothing twice.
//!
//! A part with a trouble is not kept: it is to be asked again. It must never serve another question
//! than the one its folder was made for, which the command line sees to, and never stop a run: what
//! cannot be kept is asked again.

use super::{Part, Request};
use crate::bundle::manifest::Noun;
use std::fs;
use std::path::{Path, PathBuf};

fn path(folder: &Path, noun: Noun, account: &str, region: &str) -> PathBuf {
    folder
        .join("parts")
        .join(format!("{}-{account}-{region}.json", noun.word()))
}

/// The part a stopped run kept.
pub(super) fn find(request: &Request, noun: Noun, account: &str, region: &str) -> Option<Part> {
    if !request.resume || request.folder.as_os_str().is_empty() {
        return None;
    }
    let text = fs::read_to_string(path(&request.folder, noun, account, region)).ok()?;
    let part: Part = serde_json::from_str(&text).ok()?;
    (part.noun == noun && part.account == account && part.region == region).then_some(part)
}

/// Keeps a part that came whole.
pub(super) fn keep(request: &Request, part: &Part) {
    // An account without a name could be any account.
    if !part.troubles.is_empty() || part.account == "?" || request.folder.as_os_str().is_empty() {
        return;
    }
    let path = path(&request.folder, part.noun, &part.account, &part.region);
    let half = path.with_extension("half");
    let write = || -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&half, serde_json::to_vec(part)?)?;
        fs::rename(&half, &path)
    };
    // Losing it costs a question, nothing else.
    let _ = write();
}
