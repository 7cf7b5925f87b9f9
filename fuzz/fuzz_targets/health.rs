#![no_main]
//! AWS Health outputs and EventBridge events: one notice per ARN, whatever the order of the answers.

use ecr_incident::bundle::manifest::Noun;
use ecr_incident::facts::notices;
use ecr_incident_fuzz::{answers, file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut read = answers(Noun::Health, &file("health.json", data));
    let found = notices::notices(&read);
    assert!(found.is_sorted_by(|a, b| a.arn < b.arn));
    read.reverse();
    assert_eq!(found, notices::notices(&read));
});
