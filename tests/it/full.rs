//! A minute so full that its hour is cut: every call is counted once, a minute stays one row, and what
//! was cut is read back whole.

use crate::story::Report;
use crate::tool::{run, scratch};
use serde_json::Value;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// More than is held of an hour at a time.
const FULL: usize = 60_000;

/// A minute with that many calls, a tenth of them throttled, and one call in every other minute of
/// two hours. Every hundredth record comes twice, the second time with another second.
fn write(path: &Path) -> usize {
    let mut file = BufWriter::new(fs::File::create(path).unwrap());
    let mut written = 0;
    let mut line = |id: usize, minute: usize, second: usize| {
        let error = if id % 10 == 3 {
            "\"errorCode\":\"ThrottlingException\","
        } else {
            ""
        };
        written += 1;
        writeln!(
            file,
            "{{\"eventVersion\":\"1.11\",\"userIdentity\":{{\"type\":\"AssumedRole\",\"arn\":\
             \"arn:aws:sts::111122223333:assumed-role/node/i-1\",\"accountId\":\"111122223333\"}},\
             \"eventTime\":\"2026-03-11T{:02}:{:02}:{second:02}Z\",\"eventSource\":\"ecr.amazonaws.com\",\
             \"eventName\":\"BatchGetImage\",\"awsRegion\":\"us-east-1\",{error}\"requestID\":\"r-{id}\",\
             \"eventID\":\"e-{id}\",\"eventType\":\"AwsApiCall\",\"recipientAccountId\":\"111122223333\"}}",
            6 + minute / 60,
            minute % 60,
        )
        .unwrap();
    };
    for id in 0..FULL {
        line(id, 62, id % 60);
        if id % 100 == 0 {
            line(id, 62, (id + 30) % 60);
        }
    }
    for minute in (0..120).filter(|minute| *minute != 62) {
        line(FULL + minute * 10, minute, 5);
    }
    written
}

#[test]
fn a_minute_that_is_cut_is_counted_whole() {
    let folder = scratch("full");
    let written = write(&folder.join("trail.jsonl"));
    for more in [["--format", "csv"], ["--format", "json"]] {
        let words = ["calls", "--cloudtrail", "trail.jsonl", "--by", "minute,api"];
        let answer = run(&folder, words.iter().chain(&more)).exits(0);
        let rows: Vec<&str> = answer
            .out
            .lines()
            .filter(|line| line.contains("BatchGetImage"))
            .collect();
        assert_eq!(rows.len(), 120, "{}", answer.err);
        let full: Vec<&&str> = rows
            .iter()
            .filter(|row| row.contains(&FULL.to_string()))
            .collect();
        assert_eq!(full.len(), 1, "{rows:?}");
        assert!(full[0].contains("07:02"), "{full:?}");
        let minutes: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.split_once("2026-03-11T"))
            .map(|(_, minute)| &minute[..5])
            .collect();
        assert_eq!(minutes.len(), 120);
        assert!(minutes.is_sorted(), "{minutes:?}");
    }

    let words = "report --offline --cloudtrail trail.jsonl --from 2026-03-11T07:00Z --to 2026-03-11T08:00Z \
                 --baseline 1h --now 2026-03-11T09:00Z --out report";
    run(&folder, words.split_whitespace()).exits(0);
    let report = Report::read(&folder.join("report")).unwrap();
    let trail = &report.json["coverage"][0];
    assert_eq!(trail["noun"], "trail");
    assert_eq!(trail["used"], FULL + 119);
    assert_eq!(trail["duplicate"], written - FULL - 119);
    let manifest = fs::read_to_string(folder.join("report/bundle/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let hour: Vec<u64> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| {
            file["path"]
                .as_str()
                .unwrap()
                .starts_with("calls/2026-03-11T07")
        })
        .map(|file| file["rows"].as_u64().unwrap())
        .collect();
    assert!(hour.len() > 2, "{hour:?}");
    assert_eq!(hour.iter().sum::<u64>(), FULL as u64 + 59);
    run(&folder, ["analyze", "report", "--out", "again"]).exits(0);
    let again = Report::read(&folder.join("again")).unwrap();
    for part in ["status", "incidents", "coverage"] {
        assert_eq!(report.json[part], again.json[part]);
    }
}
