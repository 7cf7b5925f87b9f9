//! CloudTrail digest files: which log files were delivered, signed hour by hour in a chain.
//!
//! A digest lists the SHA-256 of the text of each log file, and the hash and signature of the digest
//! before it. Its own signature is not in it: S3 holds it as metadata of the object, and the next
//! digest repeats it as `previousDigestSignature`. What is signed (CloudTrail user guide, custom
//! validation): the end time, the place in S3, the SHA-256 of the digest's text and the previous
//! signature, joined by line feeds; RSASSA-PKCS1-v1_5 with SHA-256, keys from `aws cloudtrail
//! list-public-keys` as PKCS#1 DER in base64. A digest whose signature is not at hand is said to be
//! unsigned, never taken for good.

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A digest file as CloudTrail writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    digest_end_time: String,
    digest_s3_bucket: String,
    digest_s3_object: String,
    digest_public_key_fingerprint: String,
    previous_digest_s3_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_signature: Option<String>,
    #[serde(default)]
    log_files: Vec<LogFile>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogFile {
    s3_object: String,
    hash_value: String,
}

/// Public keys by fingerprint, PKCS#1 DER.
pub type Keys = BTreeMap<String, Vec<u8>>;

/// What a check of digests says; every list is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Digests whose signature holds.
    pub signed: usize,
    /// Digests whose signature is not at hand (the newest of a chain, unless given).
    pub unsigned: Vec<String>,
    /// Log files that are what a signed digest lists.
    pub valid: usize,
    /// Log files that only an unsigned digest lists, and match it.
    pub unproven: Vec<String>,
    /// Whatever is wrong, each a sentence.
    pub faults: Vec<String>,
}

impl Stamp {
    /// Whether every file at hand is proven and nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.faults.is_empty() && self.unproven.is_empty() && self.valid > 0
    }

    /// The stamp a report carries: validated or not, and why not. Names no file, and says "digests",
    /// never the singular, which begins a secret where a header may stand ("Digest username=...").
    #[must_use]
    pub fn sentence(&self) -> String {
        let counts = format!(
            "{} log files are as CloudTrail signed them ({} signed digests)",
            self.valid, self.signed
        );
        if self.holds() {
            return format!("validated: {counts}");
        }
        let mut why = Vec::new();
        if !self.faults.is_empty() {
            why.push(format!("{} faults", self.faults.len()));
        }
        if !self.unproven.is_empty() {
            why.push(format!(
                "{} log files that nothing signed at hand covers",
                self.unproven.len()
            ));
        }
        if why.is_empty() {
            why.push("no log file of the digests was read".to_owned());
        }
        format!("not validated: {}; {counts}", why.join(", "))
    }
}

/// Reads the answer of `aws cloudtrail list-public-keys`.
///
/// # Errors
/// A sentence when it is something else.
pub fn keys(answer: &str) -> Result<Keys, String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "PublicKeyList")]
        list: Vec<Key>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Key {
        fingerprint: String,
        value: String,
    }
    let answer: Answer = serde_json::from_str(answer)
        .map_err(|why| format!("it is no answer of list-public-keys: {why}"))?;
    answer
        .list
        .into_iter()
        .map(|key| {
            let der = base64(&key.value).ok_or("a key in it is not base64")?;
            Ok((key.fingerprint, der))
        })
        .collect()
}

/// Checks digests (name and text, already unpacked), log files (name as the digests spell it, and
/// SHA-256 of the text) and signatures given besides (by digest object, hexadecimal).
#[must_use]
pub fn check(
    digests: &[(String, Vec<u8>)],
    logs: &BTreeMap<String, String>,
    keys: &Keys,
    signatures: &BTreeMap<String, String>,
) -> Stamp {
    let mut stamp = Stamp::default();
    let mut known: BTreeMap<String, (Document, String)> = BTreeMap::new();
    for (name, bytes) in digests {
        match serde_json::from_slice::<Document>(bytes) {
            Ok(document) => {
                let hash = sha256(bytes);
                known.insert(document.digest_s3_object.clone(), (document, hash));
            }
            Err(why) => stamp
                .faults
                .push(format!("{name} is no digest file: {why}")),
        }
    }
    // The signature of a digest stands in the one after it.
    let mut signed_by_next: BTreeMap<&str, &str> = BTreeMap::new();
    for (document, _) in known.values() {
        if let (Some(previous), Some(signature)) = (
            &document.previous_digest_s3_object,
            &document.previous_digest_signature,
        ) {
            signed_by_next.insert(previous, signature);
        }
        let Some(previous) = &document.previous_digest_s3_object else {
            continue;
        };
        match (known.get(previous), &document.previous_digest_hash_value) {
            (Some((_, hash)), Some(stated)) if !hash.eq_ignore_ascii_case(stated) => {
                stamp.faults.push(format!(
                    "{previous} is not the digest that {} follows: its hash differs",
                    document.digest_s3_object
                ));
            }
            // Before the first digest at hand nothing can be asked for; a folder holds many chains.
            (None, _)
                if known
                    .keys()
                    .any(|object| chain(object) == chain(previous) && object < previous) =>
            {
                stamp
                    .faults
                    .push(format!("the chain has a hole: {previous} is not at hand"));
            }
            _ => {}
        }
    }
    let covered = known
        .values()
        .map(|(document, _)| bare(&document.digest_end_time))
        .max()
        .unwrap_or_default();
    let mut listed: BTreeMap<&str, (&str, bool)> = BTreeMap::new();
    for (object, (document, hash)) in &known {
        let signature = signatures
            .get(object)
            .map(String::as_str)
            .or_else(|| signed_by_next.get(object.as_str()).copied());
        let proven = match signature {
            None => {
                stamp.unsigned.push(object.clone());
                false
            }
            Some(signature) => match verify(document, hash, signature, keys) {
                Ok(()) => {
                    stamp.signed += 1;
                    true
                }
                Err(why) => {
                    stamp.faults.push(format!("{object}: {why}"));
                    false
                }
            },
        };
        for file in &document.log_files {
            listed.insert(&file.s3_object, (&file.hash_value, proven));
        }
    }
    for (name, hash) in logs {
        match listed.get(name.as_str()) {
            // A digest is written up to an hour after the files it lists.
            None if delivered(name).is_some_and(|at| at > covered) => {
                stamp.unproven.push(name.clone());
            }
            None => stamp.faults.push(format!("{name} is in no digest at hand")),
            Some((stated, _)) if !hash.eq_ignore_ascii_case(stated) => stamp
                .faults
                .push(format!("{name} was changed after CloudTrail delivered it")),
            Some((_, true)) => stamp.valid += 1,
            Some((_, false)) => stamp.unproven.push(name.clone()),
        }
    }
    for name in listed.keys() {
        if !logs.contains_key(*name) {
            stamp
                .faults
                .push(format!("{name} was delivered and is not at hand"));
        }
    }
    stamp.faults.sort();
    stamp.unproven.sort();
    stamp
}

/// What the names of the digests of one trail, region and account have in common: the file name
/// without its time (`ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOME_TIME.json.gz`).
fn chain(object: &str) -> &str {
    let name = object.rsplit('/').next().unwrap_or(object);
    name.rsplit_once('_')
        .map_or("", |(chain_name, _)| chain_name)
}

/// Digits and letters of a time, so that `2026-03-11T07:00:00Z` and `20260311T0700Z` compare.
fn bare(time: &str) -> String {
    time.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(13)
        .collect()
}

/// The minute a log file was delivered, from its name (`ACCOUNT_CloudTrail_REGION_TIME_ID.json.gz`).
fn delivered(object: &str) -> Option<String> {
    let name = object.rsplit('/').next()?;
    let time = name.rsplit('_').nth(1)?;
    let plain = time.len() == 14 && time.ends_with('Z') && time.as_bytes().get(8) == Some(&b'T');
    plain.then(|| bare(time))
}

fn verify(document: &Document, hash: &str, signature: &str, keys: &Keys) -> Result<(), String> {
    let key = keys
        .get(&document.digest_public_key_fingerprint)
        .ok_or("the public key it was signed with is not among those given")?;
    let signature = unhex(signature).ok_or("its signature is not hexadecimal")?;
    let message = format!(
        "{}\n{}/{}\n{hash}\n{}",
        document.digest_end_time,
        document.digest_s3_bucket,
        document.digest_s3_object,
        document
            .previous_digest_signature
            .as_deref()
            .unwrap_or("null")
    );
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
        .verify(message.as_bytes(), &signature)
        .map_err(|_| {
            "its signature does not hold: it was changed, or the key is another".to_owned()
        })
}

/// The hash digests use, lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if !text.is_ascii() || text.len() % 2 == 1 {
        return None;
    }
    (0..text.len() / 2)
        .map(|index| u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok())
        .collect()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=')
        .map(|byte| {
            Some(u32::from(match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            }))
        })
        .collect::<Option<_>>()?;
    let mut bytes = Vec::with_capacity(digits.len());
    for four in digits.chunks(4) {
        let value =
            four.iter().fold(0, |value, digit| value << 6 | digit) << (6 * (4 - four.len()));
        let three = [value >> 16, value >> 8, value].map(|part| (part & 0xFF) as u8);
        bytes.extend(three.iter().take(four.len().saturating_sub(1)));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
