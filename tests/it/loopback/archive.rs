//! The trail of a fixture case as a bucket and as a log group would hold it.

use super::insights::LogEvent;
use crate::story::Story;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Objects by key, as the trail wrote them.
pub(crate) type Objects = BTreeMap<String, Vec<u8>>;

/// The bucket of a case: every file of its trail under the key that CloudTrail gives it.
pub(crate) fn objects(story: &Story) -> Objects {
    let mut out = Objects::new();
    for input in story.values("--cloudtrail") {
        let mut files = Vec::new();
        gather(&story.folder.join(input), &mut files);
        for file in files {
            out.insert(key(&file), fs::read(&file).unwrap());
        }
    }
    out
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(path).unwrap() {
        gather(&entry.unwrap().path(), files);
    }
}

/// `AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/NAME`; files in a flat folder get it by their name.
fn key(file: &Path) -> String {
    let path = file.to_string_lossy().replace('\\', "/");
    if let Some(at) = path.find("AWSLogs/") {
        return path[at..].to_owned();
    }
    let name = path.rsplit('/').next().unwrap();
    let parts: Vec<&str> = name.split('_').collect();
    match parts.as_slice() {
        [account, "CloudTrail", region, stamp, ..] if stamp.len() >= 8 => format!(
            "AWSLogs/{account}/CloudTrail/{region}/{}/{}/{}/{name}",
            &stamp[..4],
            &stamp[4..6],
            &stamp[6..8]
        ),
        _ => format!("AWSLogs/other/{name}"),
    }
}

/// The log group of a case: its records in order of delivery. The minute of delivery is in the name
/// of the file; inside it the records follow one another as CloudTrail sends them on.
pub(crate) fn events(objects: &Objects) -> Vec<LogEvent> {
    let mut out = Vec::new();
    for (key, bytes) in objects {
        let Some(minute) = delivered_ms(key) else {
            continue;
        };
        let mut text = String::new();
        let unfolded =
            flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text);
        if unfolded.is_err() {
            text = String::from_utf8_lossy(bytes).into_owned();
        }
        let file: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let records = file["Records"].as_array().cloned().unwrap_or_default();
        let step = 59_000 / i64::try_from(records.len().max(1)).unwrap();
        for (at, record) in (0..).zip(records) {
            out.push(LogEvent::new(minute + at * step, record.to_string()));
        }
    }
    out.sort_by_key(|event| event.timestamp_ms);
    out
}

fn delivered_ms(key: &str) -> Option<i64> {
    let name = key.rsplit('/').next()?;
    let stamp = name.split('_').nth(3)?.get(..14)?;
    let at = chrono::NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%MZ").ok()?;
    Some(at.and_utc().timestamp_millis())
}
