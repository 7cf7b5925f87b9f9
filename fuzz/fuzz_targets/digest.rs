#![no_main]
//! CloudTrail digest files and public keys: nothing is proven without a signature that holds.

use ecr_incident::verify::digest::{self, Keys};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

fuzz_target!(|data: &[u8]| {
    let keys = std::str::from_utf8(data)
        .ok()
        .and_then(|text| digest::keys(text).ok())
        .unwrap_or_else(|| Keys::from([("f".to_owned(), data.to_vec())]));
    let halves: Vec<&[u8]> = data.split(|byte| *byte == 0).take(4).collect();
    let digests: Vec<(String, Vec<u8>)> = halves
        .iter()
        .enumerate()
        .map(|(index, text)| (format!("digest-{index}"), text.to_vec()))
        .collect();
    let logs = BTreeMap::from([("AWSLogs/a.json.gz".to_owned(), digest::sha256(b"{}"))]);
    let stamp = digest::check(&digests, &logs, &keys, &BTreeMap::new());
    assert!(!stamp.holds(), "{stamp:?}");
});
