//! A generated archive with known truth: run by hand on data that is never committed.
//!
//! `TRAIL_ARCHIVE=<folder with AWSLogs/ and truth.csv> cargo test --release archive -- --ignored --nocapture`

use crate::case::{Interval, Minute, Scope};
use crate::ecr::{Class, knowledge};
use crate::trail::{ScanRequest, Silent, scan, tests::case};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

#[test]
#[ignore = "needs a generated archive named by TRAIL_ARCHIVE"]
#[expect(
    clippy::disallowed_methods,
    reason = "the archive is named by the tester"
)]
fn counts_equal_the_truth() {
    let folder = PathBuf::from(std::env::var("TRAIL_ARCHIVE").unwrap());
    let span = Interval::new(
        "2026-03-01T00:00:00Z".parse().unwrap(),
        "2026-03-31T00:00:00Z".parse().unwrap(),
    );
    let request = ScanRequest {
        inputs: vec![folder.join("AWSLogs")],
        case: case(span, Scope::everything()),
    };
    let began = Instant::now();
    let scan = scan(&request, &Silent);
    println!("{:?} {:?}", began.elapsed(), scan.entry);

    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for call in &scan.calls {
        let class = match knowledge().classify(&call.error_code) {
            Class::Success => "success",
            Class::ServerError => "5xx",
            Class::Throttle => "throttle",
            _ => "4xx",
        };
        let minute = Minute::of_second(call.event_time);
        let key = format!("{minute},{},{},{class}", call.region, call.api);
        *counts.entry(key).or_default() += 1;
    }
    let truth = std::fs::read_to_string(folder.join("truth.csv")).unwrap();
    let truth: BTreeMap<String, u64> = truth
        .lines()
        .skip(1)
        .map(|line| {
            let (key, count) = line.rsplit_once(',').unwrap();
            (key.to_owned(), count.parse().unwrap())
        })
        .collect();
    assert_eq!(counts, truth);
    assert!(scan.entry.tally.balances());
    assert_eq!(
        scan.entry.outcome,
        crate::bundle::manifest::Outcome::Complete
    );
}
