#![no_main]
//! CloudTrail bytes: whatever they are, every record read is counted once, and the same text says the
//! same thing plain and compressed.

use ecr_incident::bundle::manifest::Tally;
use ecr_incident::bundle::rows::CallRow;
use ecr_incident::trail::{self, HourRows, ScanRequest, Silent};
use ecr_incident_fuzz::{case, file};
use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use std::io::Write as _;
use std::path::PathBuf;

fn scan(path: PathBuf) -> (Tally, Vec<CallRow>, usize) {
    let request = ScanRequest::everything(vec![path], case());
    let (mut calls, mut changes) = (Vec::new(), 0);
    let entry = trail::scan(
        &request,
        &Silent,
        |hour: HourRows| {
            assert_eq!(hour.start.rem_euclid(3_600), 0);
            Ok((hour.calls.rows().collect::<Vec<_>>(), hour.changes.len()))
        },
        |(rows, more)| {
            calls.extend(rows);
            changes += more;
            Ok(())
        },
    )
    .expect("only a full disk fails a scan");
    assert!(entry.tally.balances(), "{:?}", entry.tally);
    let mut sum = Tally::default();
    entry.by_scope.values().for_each(|tally| sum.add(tally));
    assert_eq!(sum, entry.tally);
    (entry.tally, calls, changes)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text).expect("memory");
    packed.finish().expect("memory")
}

fuzz_target!(|data: &[u8]| {
    let plain = scan(file("trail.json", data));
    if data.first().is_none_or(|first| first % 4 == 3) && !data.starts_with(&[0x1F, 0x8B]) {
        // One member is unfolded at once, two go through the stream and its careful reader.
        let (left, right) = data.split_at(data.len() / 2 * (data.len() % 2));
        let packed = match left.is_empty() {
            true => gzip(right),
            false => [gzip(left), gzip(right)].concat(),
        };
        assert_eq!(plain, scan(file("trail.json.gz", &packed)));
    }
});
