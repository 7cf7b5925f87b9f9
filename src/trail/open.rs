//! One file as a stream of UTF-8: gzip by content (never by name), members in a row, caps.
//!
//! Damage ends the stream instead of failing it, and is remembered: what stands before a cut is
//! evidence. Memory is bounded by the chunk, whatever a file claims to hold.

use super::found::Origin;
use super::unicode::Unicode;
use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

/// Most text one compressed file may unfold to: 8 GiB. CloudTrail's own files stay below 50 MB.
pub(super) const UNFOLDED_CAP: u64 = 8 << 30;
/// Text per compressed byte above [`RATIO_FROM`]: real trails reach 10, the worst of storms 50,
/// deflate itself ends at 1,032.
const RATIO_CAP: u64 = 1_000;
/// Small files may repeat themselves as they like.
const RATIO_FROM: u64 = 64 << 20;

/// What was wrong with the container of a stream. Offsets count bytes on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The compressed data end early.
    Truncated { at: u64 },
    /// The compressed data do not unfold, or not to what their checksum says.
    Damaged { at: u64, why: String },
    /// Bytes that are not gzip follow the compressed data.
    Trailing { at: u64, bytes: u64 },
    /// The data unfold beyond a cap.
    Bomb { at: u64, text: u64 },
    /// The system refused to read on.
    Io { at: u64, why: String },
}

impl Fault {
    /// Whether records may be missing because of it.
    pub(super) fn is_loss(&self) -> bool {
        !matches!(self, Self::Trailing { .. })
    }

    /// The sentence for people.
    pub(super) fn why(&self) -> String {
        match self {
            Self::Truncated { at } => {
                format!("the gzip data end early at byte {at}: the file was cut off, copy it again")
            }
            Self::Damaged { at, why } => {
                format!("the gzip data are damaged near byte {at} ({why}): copy the file again")
            }
            Self::Trailing { at, bytes } => format!(
                "{bytes} bytes after the end of the gzip data (byte {at}) were ignored: CloudTrail \
                 does not write such files"
            ),
            Self::Bomb { at, text } if *text > UNFOLDED_CAP => format!(
                "reading stopped after {} MiB of text from {at} compressed bytes, the most that is \
                 read of one file: split it",
                text >> 20
            ),
            Self::Bomb { at, text } => format!(
                "reading stopped after {} MiB of text from {at} compressed bytes: no log unfolds \
                 like this",
                text >> 20
            ),
            Self::Io { at, why } => format!("reading failed at byte {at}: {why}"),
        }
    }
}

/// Counts the bytes taken from disk.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

type Disk = BufReader<Counted<Box<dyn Read + Send>>>;

enum Stage {
    /// Nothing read yet.
    Sealed(Disk),
    Plain(Disk),
    Member(Box<GzDecoder<Disk>>),
    /// Over, with the bytes taken from disk.
    Over(u64),
}

/// The unfolding layer.
pub(super) struct Unfold {
    stage: Stage,
    text: u64,
    faults: Vec<Fault>,
}

/// Where in the file the next unread byte stands.
fn position(disk: &Disk) -> u64 {
    disk.get_ref()
        .bytes
        .saturating_sub(disk.buffer().len() as u64)
}

impl Unfold {
    fn new(bytes: Box<dyn Read + Send>) -> Self {
        let counted = Counted {
            inner: bytes,
            bytes: 0,
        };
        Self {
            stage: Stage::Sealed(BufReader::with_capacity(64 << 10, counted)),
            text: 0,
            faults: Vec::new(),
        }
    }

    /// What was wrong, in the order met.
    pub(super) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Bytes taken from disk so far.
    pub(super) fn bytes_read(&self) -> u64 {
        match &self.stage {
            Stage::Sealed(disk) | Stage::Plain(disk) => disk.get_ref().bytes,
            Stage::Member(gzip) => gzip.get_ref().get_ref().bytes,
            Stage::Over(bytes) => *bytes,
        }
    }

    fn end(&mut self, fault: Option<Fault>) {
        self.faults.extend(fault);
        self.stage = Stage::Over(self.bytes_read());
    }

    /// After a gzip member: another one, padding, the end, or something that does not belong there.
    fn after_member(&mut self, mut disk: Disk) -> io::Result<()> {
        let at = position(&disk);
        let mut bytes = 0u64;
        let mut is_padding = true;
        loop {
            let rest = disk.fill_buf()?;
            if rest.is_empty() {
                break;
            }
            if bytes == 0 && rest.first() == Some(&0x1f) {
                self.stage = Stage::Member(Box::new(GzDecoder::new(disk)));
                return Ok(());
            }
            is_padding &= rest.iter().all(|b| *b == 0);
            let count = rest.len();
            bytes += count as u64;
            disk.consume(count);
        }
        self.stage = Stage::Over(disk.get_ref().bytes);
        // Zeros are how tapes and some copy tools fill a block.
        if !is_padding {
            self.faults.push(Fault::Trailing { at, bytes });
        }
        Ok(())
    }

    fn step(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.stage {
                Stage::Over(_) => return Ok(0),
                Stage::Plain(disk) => return disk.read(into),
                Stage::Sealed(_) => {
                    let Stage::Sealed(mut disk) =
                        std::mem::replace(&mut self.stage, Stage::Over(0))
                    else {
                        continue;
                    };
                    let gzip = disk.fill_buf().map(|head| head.starts_with(&[0x1f, 0x8b]));
                    self.stage = match gzip {
                        Ok(true) => Stage::Member(Box::new(GzDecoder::new(disk))),
                        _ => Stage::Plain(disk),
                    };
                    gzip?;
                }
                Stage::Member(gzip) => {
                    let count = gzip.read(into)?;
                    if count > 0 || into.is_empty() {
                        self.text += count as u64;
                        return Ok(count);
                    }
                    if let Stage::Member(gzip) = std::mem::replace(&mut self.stage, Stage::Over(0))
                    {
                        self.after_member(gzip.into_inner())?;
                    }
                }
            }
        }
    }
}

impl Read for Unfold {
    /// Never an error: a fault is remembered and ends the stream.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let is_gzip = matches!(self.stage, Stage::Member(_));
        match self.step(into) {
            Ok(count) => {
                let disk = self.bytes_read();
                // Told once: what is over stays over however often the end is read.
                let is_over = self.text > UNFOLDED_CAP
                    || (self.text > RATIO_FROM && self.text / RATIO_CAP > disk);
                if is_over && count > 0 {
                    let fault = Fault::Bomb {
                        at: disk,
                        text: self.text,
                    };
                    self.end(Some(fault));
                    return Ok(0);
                }
                Ok(count)
            }
            Err(error) => {
                let at = match &self.stage {
                    Stage::Sealed(disk) | Stage::Plain(disk) => position(disk),
                    Stage::Member(gzip) => position(gzip.get_ref()),
                    Stage::Over(bytes) => *bytes,
                };
                let why = error.to_string();
                let is_gzip = is_gzip || matches!(self.stage, Stage::Member(_));
                let fault = match error.kind() {
                    io::ErrorKind::UnexpectedEof if is_gzip => Fault::Truncated { at },
                    io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput if is_gzip => {
                        Fault::Damaged { at, why }
                    }
                    _ => Fault::Io { at, why },
                };
                self.end(Some(fault));
                Ok(0)
            }
        }
    }
}

/// Opens one input as UTF-8 text.
///
/// # Errors
/// The system refuses to open the file.
pub(super) fn open(origin: &Origin) -> io::Result<Unicode<Unfold>> {
    let bytes: Box<dyn Read + Send> = match origin {
        Origin::Stdin => Box::new(io::stdin()),
        Origin::File(file) => Box::new(File::open(file.path())?),
    };
    Ok(unfold(bytes))
}

/// Bytes from anywhere as UTF-8 text.
pub(super) fn unfold(bytes: Box<dyn Read + Send>) -> Unicode<Unfold> {
    Unicode::new(Unfold::new(bytes))
}

#[cfg(test)]
mod tests;
