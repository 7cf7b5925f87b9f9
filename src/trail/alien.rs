//! What a file is that holds no CloudTrail records, so that its refusal says where it belongs.

use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Keys that give a file away, and what to say.
const KNOWN: [(&str, &str); 9] = [
    (
        "digestStartTime",
        "a CloudTrail digest file: it holds hashes of log files, not calls",
    ),
    (
        "MetricDataResults",
        "an answer of CloudWatch: pass it with --metrics",
    ),
    (
        "MetricDataQueries",
        "a query to CloudWatch: pass it with --metrics",
    ),
    (
        "Datapoints",
        "an answer of CloudWatch: pass it with --metrics",
    ),
    (
        "Quotas",
        "an answer of Service Quotas: pass it with --quotas",
    ),
    (
        "Quota",
        "an answer of Service Quotas: pass it with --quotas",
    ),
    (
        "successfulSet",
        "an answer of AWS Health: pass it with --health",
    ),
    (
        "eventTypeCode",
        "an AWS Health event: pass it with --health",
    ),
    ("event_log", "the public status feed: pass it with --health"),
];

/// The first bytes of other formats.
const MAGIC: [(&[u8], &str); 5] = [
    (
        b"PK\x03\x04",
        "a zip archive: unpack it and name the folder",
    ),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"),
    (b"BZh", "compressed with bzip2: unpack it first"),
    (b"PAR1", "a Parquet file: export the records as JSON"),
    (b"\x1f\x8b", "compressed twice: unpack it once"),
];

/// What a JSON object that is no record seems to be.
pub(super) fn object(text: &str) -> String {
    let keys: BTreeMap<String, IgnoredAny> = serde_json::from_str(text).unwrap_or_default();
    if let Some((_, what)) = KNOWN.iter().find(|(key, _)| keys.contains_key(*key)) {
        return (*what).to_owned();
    }
    let mut some: Vec<String> = keys.keys().take(5).map(|key| shown(key)).collect();
    if keys.len() > some.len() {
        some.push("…".to_owned());
    }
    if some.is_empty() {
        "JSON, but no CloudTrail records".to_owned()
    } else {
        format!(
            "JSON, but no CloudTrail records (keys: {})",
            some.join(", ")
        )
    }
}

/// What bytes that are no JSON seem to be.
pub(super) fn bytes(head: &[u8]) -> String {
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*what).to_owned();
    }
    format!(
        "not JSON: it begins with \"{}\"",
        shown(&String::from_utf8_lossy(head))
    )
}

/// Text of a log, made safe for a sentence.
pub(super) fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(32).flat_map(char::escape_debug).collect();
    if text.chars().nth(32).is_some() {
        out.push('…');
    }
    out
}
