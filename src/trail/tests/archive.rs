//! Data that is never committed, named by the tester and run by hand:
//!
//! ```sh
//! export TRAIL_ARCHIVE=<folder with AWSLogs/ and truth.csv; any archive for the laws>
//! cargo test --release --lib equal_the_truth -- --ignored --nocapture
//! cargo test --release --lib laws_hold -- --ignored --nocapture
//! ```

use super::{case, scan_for};
use crate::case::{Interval, Minute, Scope};
use crate::ecr::{Class, knowledge};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

#[expect(
    clippy::disallowed_methods,
    reason = "the archive is named by the tester"
)]
fn archive() -> PathBuf {
    PathBuf::from(std::env::var("TRAIL_ARCHIVE").unwrap())
}

fn span(from: &str, to: &str) -> Interval {
    Interval::new(from.parse().unwrap(), to.parse().unwrap())
}

#[test]
#[ignore = "needs data named by TRAIL_ARCHIVE"]
fn laws_hold_for_anything() {
    let all = span("2010-01-01T00:00:00Z", "2030-01-01T00:00:00Z");
    let began = Instant::now();
    let scan = scan_for(&[&archive()], case(all, Scope::everything()));
    println!(
        "{:?}: {} calls, {} changes, {} control rows\n{:#?}",
        began.elapsed(),
        scan.calls.len(),
        scan.changes.len(),
        scan.controls.len(),
        scan.entry()
    );
}

#[test]
#[ignore = "needs a generated archive named by TRAIL_ARCHIVE"]
fn counts_equal_the_truth() {
    let folder = archive();
    let march = span("2026-03-01T00:00:00Z", "2026-03-31T00:00:00Z");
    let began = Instant::now();
    let scan = scan_for(&[&folder.join("AWSLogs")], case(march, Scope::everything()));
    println!("{:?} {:?}", began.elapsed(), scan.entry());

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
    assert_eq!(
        scan.entry().outcome,
        crate::bundle::manifest::Outcome::Complete
    );
}
