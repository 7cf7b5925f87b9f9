//! A file's bytes as text: gunzipped when compressed, decoded from UTF-8 or UTF-16 by its bytes.
//!
//! The public status feed travels as UTF-16 in either byte order and other tools on the way may
//! have dropped its byte-order mark. It must never decode by force: text that is damaged is
//! refused, because a replaced character would change the evidence.

use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// More than any of these answers can be (a page of GetMetricData holds 100,800 points, about
/// 6 MB); beyond it the file is something else, or a decompression bomb.
const CAP_BYTES: u64 = 256 * 1024 * 1024;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The text of a file and its size on disk, or why it cannot be read.
pub(super) fn text(path: &Path) -> Result<(String, u64), String> {
    let about = std::fs::metadata(path).map_err(|error| format!("cannot be opened: {error}"))?;
    if about.is_dir() {
        return Err("is a folder; name the files in it".to_owned());
    }
    let file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let stored = capped(file)?;
    let size = stored.len() as u64;
    let bytes = if stored.starts_with(&GZIP) {
        capped(MultiGzDecoder::new(stored.as_slice()))
            .map_err(|why| format!("is gzip, but {why}"))?
    } else {
        stored
    };
    Ok((decode(&bytes)?, size))
}

fn capped(from: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(CAP_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > CAP_BYTES {
        return Err(format!(
            "holds more than {} MiB, which no answer of this kind does",
            CAP_BYTES / 1024 / 1024
        ));
    }
    Ok(bytes)
}

/// The text of the bytes. JSON opens with an ASCII character, so the place of the first zero byte
/// tells the byte order when there is no mark.
pub(super) fn decode(bytes: &[u8]) -> Result<String, String> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0, ascii, ..] if *ascii != 0 => utf16(bytes, u16::from_be_bytes),
        [ascii, 0, ..] if *ascii != 0 => utf16(bytes, u16::from_le_bytes),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        format!(
            "is neither UTF-8 nor UTF-16 text (first bad byte at {})",
            error.utf8_error().valid_up_to()
        )
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    // An editor or shell may have added one newline byte; anything else is a cut character.
    if !matches!(rest, [] | [b'\n']) {
        return Err("is UTF-16 cut off inside a character".to_owned());
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map_err(|_| "is damaged UTF-16".to_owned())
}
