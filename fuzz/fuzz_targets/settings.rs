#![no_main]
//! Files people write: acknowledgements and channels (TOML). Refused with a hint or read; what is read
//! twice is the same.

use ecr_incident::{nightly::ack, notify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match ack::parse(text) {
        Ok(list) => assert_eq!(list, ack::parse(text).expect("read before")),
        Err(refused) => assert!(!refused.hints.is_empty()),
    }
    match notify::parse(text) {
        Ok(list) => assert!(list.iter().all(|channel| channel.attempts > 0)),
        Err(refused) => assert!(!refused.hints.is_empty()),
    }
});
