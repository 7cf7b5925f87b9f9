//! Which files are unfolded at once, and which are left to the stream.

use super::super::tests::gzip;
use super::*;
use crate::trail::found::Name;

fn unfolded(bytes: &[u8]) -> Option<Vec<u8>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let found = Found {
        origin: Origin::File(file.path().into()),
        name: Name::Typed(String::new()),
        bytes: bytes.len() as u64,
        is_named: true,
        delivered: None,
    };
    let mut into = Unfolding {
        text: vec![b'x'; 7],
        ..Unfolding::default()
    };
    let size = unfold(&found, &mut into)?;
    Some(into.text[..size].to_vec())
}

#[test]
fn one_sound_member_or_plain_text_is_unfolded() {
    let text = b"{\"Records\":[]}".repeat(50);
    assert_eq!(unfolded(&gzip(&text)).as_deref(), Some(&*text));
    assert_eq!(unfolded(&text).as_deref(), Some(&*text));
}

#[test]
fn anything_else_is_left_to_the_stream() {
    let member = gzip(b"{\"a\":1}");
    let cut = member[..member.len() - 3].to_vec();
    let mut wrong = member.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let tail = [member.clone(), b"tail".to_vec()].concat();
    let padded = [member.clone(), vec![0; 8]].concat();
    let twice = [member.clone(), member].concat();
    for bytes in [
        cut,
        wrong,
        tail,
        padded,
        twice,
        Vec::new(),
        vec![0x1f, 0x8b],
    ] {
        assert_eq!(unfolded(&bytes), None, "{bytes:?}");
    }
}
