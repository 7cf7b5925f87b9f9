#![no_main]
//! A bundle whose manifest is anything: opened whole, or refused; never a file outside of it.

use ecr_incident::bundle::manifest::Noun;
use ecr_incident::bundle::{self, State};
use ecr_incident_fuzz::folder;
use libfuzzer_sys::fuzz_target;
use std::fs;

/// The one answer the bundle holds, so that a listed file can be there.
const ANSWER: &[u8] =
    b"{\"input\":\"a\",\"shape\":\"describe-events\",\"answer\":{\"events\":[]}}\n";

fuzz_target!(|data: &[u8]| {
    let dir = folder().join("bundle");
    let raw = dir.join("raw");
    if !raw.is_dir() {
        fs::create_dir_all(&raw).expect("room for temporary files");
        fs::write(raw.join("health.ndjson"), ANSWER).expect("room for temporary files");
        fs::write(folder().join("outside"), b"").expect("room for temporary files");
    }
    fs::write(dir.join("manifest.json"), data).expect("room for temporary files");
    let inspected = bundle::inspect(&dir);
    if let Ok(found) = &inspected {
        for (path, state) in &found.files {
            assert!(
                *state != State::Same || path == "raw/health.ndjson",
                "{path}"
            );
        }
    }
    if let Ok(opened) = bundle::open(&dir) {
        let inspected = inspected.expect("what opens can be looked at");
        assert!(inspected.files.iter().all(|(path, state)| {
            *state == State::Same || (*state == State::Unlisted && path == "raw/health.ndjson")
        }));
        for noun in Noun::ALL {
            let _ = opened.answers(noun);
        }
        let _ = (opened.changes(), opened.calls(), opened.controls());
        let again = serde_json::to_string(&opened.manifest).expect("it was read from JSON");
        assert_eq!(
            opened.manifest,
            serde_json::from_str(&again).expect("it was written by us")
        );
    }
});
