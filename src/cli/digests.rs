//! CloudTrail's digest files on disk: finds them beside the log files, and gives what they prove.
//!
//! Reads; the proof is [`crate::verify::digest`]'s. Must never take a file for proven because it could
//! not be read.

use super::shared_args::SignedArgs;
use crate::failure::Failure;
use crate::verify::digest::{self, Stamp};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Checks every log file below the roots against the digests below them, with the keys of a file
/// (`aws cloudtrail list-public-keys`) and signatures given as `OBJECT=HEX`.
pub(super) fn check(roots: &[PathBuf], keys: &Path, given: &[String]) -> Result<Stamp, Failure> {
    let answer = fs::read_to_string(keys)
        .with_context(|| format!("failed to read the public keys {}", keys.display()))?;
    let keys = digest::keys(&answer).map_err(|why| {
        Failure::usage(
            format!("{} cannot be used: {why}", keys.display()),
            "save the answer of: aws cloudtrail list-public-keys --region REGION --start-time T --end-time T --output json",
        )
    })?;
    let mut signatures = BTreeMap::new();
    for pair in given {
        let (object, signature) = pair.split_once('=').ok_or_else(|| {
            Failure::usage(
                format!("--signature {pair} is not OBJECT=HEX"),
                "the object as the digest names it, and x-amz-meta-signature of: aws s3api head-object --bucket B --key OBJECT",
            )
        })?;
        signatures.insert(object.to_owned(), signature.to_owned());
    }
    let (mut digests, mut logs) = (Vec::new(), BTreeMap::new());
    for (object, path) in objects(roots)? {
        if is_digest(&object) {
            digests.push((object, unpacked(&path)?));
        } else if object.contains("/CloudTrail/") {
            logs.insert(object, digest::sha256(&unpacked(&path)?));
        }
    }
    Ok(digest::check(&digests, &logs, &keys, &signatures))
}

/// The sentence a report carries; `None` when there is neither a digest nor a key, which is the usual.
pub(super) fn stamp(roots: &[PathBuf], signed: &SignedArgs) -> Result<Option<String>, Failure> {
    if let Some(keys) = &signed.public_keys {
        return Ok(Some(check(roots, keys, &signed.signature)?.sentence()));
    }
    let digests = objects(roots)?
        .iter()
        .filter(|(object, _)| is_digest(object))
        .count();
    Ok((digests > 0).then(|| {
        format!("not validated: signed digests are there ({digests} files), and no public keys were given (--public-keys)")
    }))
}

fn is_digest(object: &str) -> bool {
    object.contains("/CloudTrail-Digest/")
}

/// Every file in the layout of a trail's bucket, by the key it has there, and where it is.
fn objects(roots: &[PathBuf]) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut found = BTreeMap::new();
    for root in roots.iter().filter(|root| root.exists()) {
        // The layout may begin above the folder that was named.
        let root = fs::canonicalize(root).map_err(anyhow::Error::from)?;
        for entry in walkdir::WalkDir::new(root) {
            // What cannot be listed is named as a refusal where the calls are read.
            let Ok(entry) = entry else { continue };
            if !entry.file_type().is_file() {
                continue;
            }
            let text = entry.path().to_string_lossy().replace('\\', "/");
            let key = text.rfind("/AWSLogs/").and_then(|at| text.get(at + 1..));
            if let Some(key) = key {
                found.insert(key.to_owned(), entry.path().to_owned());
            }
        }
    }
    Ok(found)
}

/// The text of a file, without its compression; digests hash the text.
fn unpacked(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    if !bytes.starts_with(&[0x1F, 0x8B]) {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    // No log of CloudTrail is larger than this unpacked; a bomb stops here and its hash differs.
    flate2::read::MultiGzDecoder::new(bytes.as_slice())
        .take(1 << 30)
        .read_to_end(&mut text)
        .with_context(|| format!("failed to unpack {}", path.display()))?;
    Ok(text)
}
