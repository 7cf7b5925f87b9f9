//! A folder as one `.tar.gz`, the same bytes for the same files: sorted, no owner, one fixed time.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// A record of a tar file, bytes.
const BLOCK: usize = 512;

/// Packs files (path, bytes) in the order given. Paths must be shorter than 100 bytes, which those of
/// a bundle are.
///
/// # Errors
/// When a path is too long for the format.
pub fn tar_gz(files: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    for (path, bytes) in files {
        out.write_all(&header(path, bytes.len())?)?;
        out.write_all(bytes)?;
        let rest = (BLOCK - bytes.len() % BLOCK) % BLOCK;
        out.write_all(&vec![0; rest])?;
    }
    out.write_all(&[0; BLOCK * 2])?;
    Ok(out.finish()?)
}

/// Compressed bytes of a text.
///
/// # Errors
/// Never in practice: writing into memory does not fail.
pub fn gz(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(text.as_bytes())?;
    Ok(out.finish()?)
}

/// The header of the ustar format (POSIX.1-1988).
fn header(path: &str, size: usize) -> anyhow::Result<[u8; BLOCK]> {
    anyhow::ensure!(path.len() < 100, "{path} is too long a name for an archive");
    let mut block = [0_u8; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| {
        for (slot, byte) in block.iter_mut().skip(at).zip(bytes) {
            *slot = *byte;
        }
    };
    put(0, path.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    for (slot, byte) in block
        .iter_mut()
        .skip(148)
        .zip(format!("{sum:06o}\0 ").bytes())
    {
        *slot = byte;
    }
    Ok(block)
}
