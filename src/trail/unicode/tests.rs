//! Every encoding gives the same text, and half a pair at the end is replaced.

use super::*;

fn decoded(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    Unicode::new(bytes).read_to_end(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark
        .then_some(0xfeff)
        .into_iter()
        .chain(text.encode_utf16());
    units
        .flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

#[test]
fn every_encoding_gives_the_same_text() {
    let text = format!("{{\"a\":\"{}😀\"}}", "ü".repeat(20_000));
    for (big, mark) in [(false, false), (false, true), (true, false), (true, true)] {
        assert_eq!(decoded(&utf16(&text, big, mark)), text, "{big} {mark}");
    }
    assert_eq!(decoded(format!("\u{feff}{text}").as_bytes()), text);
    assert_eq!(decoded(text.as_bytes()), text);
    assert_eq!(decoded(b""), "");
    assert_eq!(decoded(b"{"), "{");
}

#[test]
fn half_a_pair_at_the_end_is_replaced() {
    assert_eq!(decoded(&[0xff, 0xfe, b'a', 0, 0x00, 0xd8]), "a\u{fffd}");
}
