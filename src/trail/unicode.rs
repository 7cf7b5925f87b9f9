//! Byte order marks and UTF-16: whatever the file was saved as, the splitter sees UTF-8.
//!
//! Windows shells save redirected output as UTF-16. UTF-8 itself passes through unchecked here;
//! bytes that are no UTF-8 are a matter of the single record that holds them.

use std::io::{self, Read};

/// How the text of a stream is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Unknown,
    Utf8,
    Utf16 { big_endian: bool },
}

/// A reader that hands out UTF-8 without a leading byte order mark.
#[derive(Debug)]
pub(super) struct Unicode<R> {
    inner: R,
    encoding: Encoding,
    /// UTF-8 ready to be handed out, and how much of it is gone.
    ready: Vec<u8>,
    gone: usize,
    /// Raw bytes not decoded yet: an odd byte or half of a surrogate pair.
    rest: Vec<u8>,
    ended: bool,
}

const UTF8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

impl<R: Read> Unicode<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            encoding: Encoding::Unknown,
            ready: Vec::new(),
            gone: 0,
            rest: Vec::new(),
            ended: false,
        }
    }

    /// The reader below, for what it has to report.
    pub(super) fn into_inner(self) -> R {
        self.inner
    }

    /// Reads the first four bytes and decides; the mark is swallowed.
    fn decide(&mut self) -> io::Result<()> {
        let mut head = [0u8; 4];
        let mut have = 0;
        while let Some(room) = head.get_mut(have..).filter(|room| !room.is_empty()) {
            match self.inner.read(room)? {
                0 => break,
                more => have += more,
            }
        }
        let head = head.get(..have).unwrap_or_default();
        let (encoding, mark) = match head {
            [0xff, 0xfe, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            [b'{' | b'[', 0, _, _] => (Encoding::Utf16 { big_endian: false }, 0),
            [0, b'{' | b'[', 0, _] => (Encoding::Utf16 { big_endian: true }, 0),
            _ if head.starts_with(&UTF8_MARK) => (Encoding::Utf8, 3),
            _ => (Encoding::Utf8, 0),
        };
        self.encoding = encoding;
        let kept = head.get(mark..).unwrap_or_default().to_vec();
        match encoding {
            Encoding::Utf16 { .. } => self.rest = kept,
            _ => self.ready = kept,
        }
        Ok(())
    }

    /// Fills `ready` with the next decoded stretch of a UTF-16 stream.
    fn decode(&mut self, big_endian: bool) -> io::Result<()> {
        self.ready.clear();
        self.gone = 0;
        while self.ready.is_empty() && !self.ended {
            let mut chunk = [0u8; 16 * 1024];
            let count = self.inner.read(&mut chunk)?;
            self.ended = count == 0;
            self.rest
                .extend_from_slice(chunk.get(..count).unwrap_or_default());
            let mut units: Vec<u16> = self
                .rest
                .chunks_exact(2)
                .map(|pair| {
                    let pair = [pair.first().copied(), pair.get(1).copied()]
                        .map(Option::unwrap_or_default);
                    if big_endian {
                        u16::from_be_bytes(pair)
                    } else {
                        u16::from_le_bytes(pair)
                    }
                })
                .collect();
            // The second half of a pair may still be to come.
            if !self.ended
                && units
                    .last()
                    .is_some_and(|unit| (0xd800..0xdc00).contains(unit))
            {
                units.pop();
            }
            let mut utf8 = [0u8; 4];
            for unit in char::decode_utf16(units.iter().copied()) {
                let unit = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
                self.ready
                    .extend_from_slice(unit.encode_utf8(&mut utf8).as_bytes());
            }
            self.rest.drain(..units.len() * 2);
        }
        Ok(())
    }
}

impl<R: Read> Read for Unicode<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.encoding == Encoding::Unknown {
            self.decide()?;
        }
        if self.gone >= self.ready.len() {
            match self.encoding {
                Encoding::Utf16 { big_endian } => self.decode(big_endian)?,
                _ => return self.inner.read(into),
            }
        }
        let ready = self.ready.get(self.gone..).unwrap_or_default();
        let count = ready.len().min(into.len());
        for (to, from) in into.iter_mut().zip(ready) {
            *to = *from;
        }
        self.gone += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
