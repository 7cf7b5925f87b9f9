//! A whole file unfolded at once: what nearly every file of a trail is small enough for.
//!
//! Only for files that are plainly one gzip member, or plain text, and within [`TEXT_CAP`]. Anything
//! else (several members, damage, a size that is not what the end of the file says) is left to the
//! stream, which knows how to tell what is wrong.

use super::found::{Found, Origin};
use libdeflater::Decompressor;
use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};

/// Most text unfolded into memory at once; CloudTrail's own files hold a few megabytes.
pub(super) const TEXT_CAP: usize = 32 << 20;

/// Compressed files above this are asked for their size first; trails write smaller ones.
const PEEK_ABOVE: u64 = 1 << 20;

/// What unfolding needs, kept from file to file to save the allocations.
#[derive(Default)]
pub(super) struct Unfolding {
    /// The bytes as they stand on disk.
    disk: Vec<u8>,
    /// The text; only the beginning of it is of the last file.
    pub(super) text: Vec<u8>,
    decompressor: Decompressor,
}

impl std::fmt::Debug for Unfolding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Megabytes of somebody's text are of no use in a message.
        out.debug_struct("Unfolding").finish_non_exhaustive()
    }
}

/// Reads and unfolds a file: how many bytes of it are text, or `None` when the file is not for this
/// reader.
pub(super) fn unfold(file: &Found, into: &mut Unfolding) -> Option<usize> {
    let Unfolding {
        disk,
        text,
        decompressor,
    } = into;
    let Origin::File(located) = &file.origin else {
        return None;
    };
    if file.bytes == 0 || file.bytes > TEXT_CAP as u64 {
        return None;
    }
    disk.clear();
    // One byte more, so that the end is met without growing.
    disk.reserve(usize::try_from(file.bytes).map_or(0, |bytes| bytes + 1));
    let mut source = File::open(located.path()).ok()?;
    (&mut source)
        .take(TEXT_CAP as u64 + 1)
        .read_to_end(disk)
        .ok()?;
    if disk.len() > TEXT_CAP {
        return None;
    }
    if !disk.starts_with(&[0x1f, 0x8b]) {
        std::mem::swap(disk, text);
        return Some(text.len());
    }
    let size = unfolded_size(disk)?;
    if has_another_member(disk) {
        return None;
    }
    if text.len() < size {
        text.resize(size, 0);
    }
    let got = decompressor
        .gzip_decompress(disk, text.get_mut(..size)?)
        .ok()?;
    // A shorter first member followed by something else: the stream will tell.
    (got == size).then_some(size)
}

/// Whether a file is worth reading whole, by its size on disk and, when that is large, by the size
/// its end says it unfolds to.
pub(super) fn is_small(file: &Found) -> bool {
    let Origin::File(located) = &file.origin else {
        return false;
    };
    if file.bytes == 0 || file.bytes > TEXT_CAP as u64 {
        return false;
    }
    file.bytes <= PEEK_ABOVE || !unfolds_large(&located.path())
}

/// Whether a file is gzip and says that it unfolds beyond the cap.
fn unfolds_large(path: &std::path::Path) -> bool {
    let peek = || -> std::io::Result<bool> {
        let mut file = File::open(path)?;
        let mut head = [0; 2];
        file.read_exact(&mut head)?;
        let mut tail = [0; 4];
        file.seek(SeekFrom::End(-4))?;
        file.read_exact(&mut tail)?;
        Ok(head == [0x1f, 0x8b] && u32::from_le_bytes(tail) as usize > TEXT_CAP)
    };
    // Whoever reads the file meets the error again and tells it.
    peek().unwrap_or(false)
}

/// The size a gzip file says its (last) member unfolds to, when that is within the cap.
fn unfolded_size(disk: &[u8]) -> Option<usize> {
    let (_, tail) = disk.split_last_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*tail)).ok()?;
    (size <= TEXT_CAP).then_some(size)
}

/// Whether a second gzip header may stand behind the first. By accident one file in a thousand
/// has such bytes; it is then only read the slower way.
fn has_another_member(disk: &[u8]) -> bool {
    let behind = disk.get(10..).unwrap_or_default();
    memchr::memmem::find_iter(behind, &[0x1f, 0x8b, 0x08])
        // The upper bits of the flags are reserved and zero (RFC 1952).
        .any(|at| behind.get(at + 3).is_none_or(|flags| flags & 0xe0 == 0))
}

#[cfg(test)]
mod tests;
