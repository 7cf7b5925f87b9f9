//! Members, padding, cuts, damage and bombs of one compressed file.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn read(bytes: Vec<u8>) -> (Vec<u8>, Vec<Fault>, u64) {
    let mut source = unfold(Box::new(io::Cursor::new(bytes)));
    let mut text = Vec::new();
    source.read_to_end(&mut text).unwrap();
    let inner = source.into_inner();
    (text, inner.faults().to_vec(), inner.bytes_read())
}

#[test]
fn members_in_a_row_are_one_text() {
    let bytes = [gzip(b"{\"a\":1}"), gzip(b""), gzip(b"{\"b\":2}")].concat();
    let len = bytes.len() as u64;
    assert_eq!(read(bytes), (b"{\"a\":1}{\"b\":2}".to_vec(), vec![], len));
}

#[test]
fn padding_is_silent_and_trailing_bytes_are_not() {
    let member = gzip(b"{}");
    let at = member.len() as u64;
    let padded = [member.clone(), vec![0; 512]].concat();
    assert_eq!(read(padded).1, vec![]);
    let tail = [member, b"not gzip".to_vec()].concat();
    let (text, faults, _) = read(tail);
    assert_eq!(text, b"{}");
    assert_eq!(faults, vec![Fault::Trailing { at, bytes: 8 }]);
}

#[test]
fn a_cut_keeps_what_stands_before_it() {
    let text: Vec<u8> = (0..40_000u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let mut bytes = gzip(&text);
    bytes.truncate(bytes.len() / 2);
    let cut = bytes.len() as u64;
    let (got, faults, _) = read(bytes);
    assert!(got.len() > 50_000 && text.starts_with(&got));
    assert_eq!(faults, vec![Fault::Truncated { at: cut }]);
}

#[test]
fn damage_inside_and_a_wrong_checksum_are_told() {
    let mut wrong_sum = gzip(b"{\"a\":1}");
    let crc = wrong_sum.len() - 8;
    wrong_sum[crc] ^= 0xff;
    let (text, faults, _) = read(wrong_sum);
    assert_eq!(text, b"{\"a\":1}");
    assert!(
        matches!(faults.as_slice(), [Fault::Damaged { .. }]),
        "{faults:?}"
    );
    let (text, faults, _) = read(vec![0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
    assert_eq!(text, b"");
    assert!(
        matches!(faults.as_slice(), [Fault::Damaged { .. }]),
        "{faults:?}"
    );
}

#[test]
fn a_bomb_stops_at_the_cap() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let block = vec![b' '; 1 << 20];
    for _ in 0..80 {
        encoder.write_all(&block).unwrap();
    }
    let (text, faults, _) = read(encoder.finish().unwrap());
    assert!(text.len() as u64 <= RATIO_FROM + (1 << 20));
    assert!(
        matches!(faults.as_slice(), [Fault::Bomb { .. }]),
        "{faults:?}"
    );
}
