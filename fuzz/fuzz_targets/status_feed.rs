#![no_main]
//! The public status feed, also as UTF-16 in either byte order, which is how it travels: the encoding
//! must not change what it says.

use ecr_incident::bundle::manifest::Noun;
use ecr_incident::facts::notices;
use ecr_incident_fuzz::{answers, file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let read = |bytes: &[u8]| notices::notices(&answers(Noun::Status, &file("feed.json", bytes)));
    let plain = read(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Text without a zero in its first characters is told apart by its bytes; with a mark, always.
    if text.starts_with('\u{feff}') || data.contains(&0) || data.starts_with(&[0x1F, 0x8B]) {
        return;
    }
    let mut wide = vec![0xFE, 0xFF];
    wide.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    assert_eq!(plain, read(&wide));
});
