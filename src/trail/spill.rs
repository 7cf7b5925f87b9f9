//! Parts of hours on disk, so that memory does not grow with the archive.
//!
//! A nameless temporary file that only this process reads and that is gone when it ends; its layout
//! is nobody's contract. What cannot be written stays in memory: slower, never wrong.

use super::gather::Control;
use super::part::{Kept, Part};
use crate::bundle::sheet::{FIELDS, Line};
use crate::bundle::texts::Texts;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

/// A file of parts.
#[derive(Debug)]
pub(super) struct Spill {
    file: File,
    end: u64,
}

/// Where a part stands in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    at: u64,
    len: usize,
}

impl Spill {
    /// A new file in the system's folder for temporary files.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            file: tempfile::tempfile()?,
            end: 0,
        })
    }

    /// Writes a part at the end.
    pub(super) fn write(&mut self, part: &Part) -> io::Result<Place> {
        let bytes = encode(part);
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&bytes)?;
        let place = Place {
            at: self.end,
            len: bytes.len(),
        };
        self.end += bytes.len() as u64;
        Ok(place)
    }

    /// Reads a part back.
    pub(super) fn read(&mut self, place: Place) -> io::Result<Part> {
        self.file.seek(SeekFrom::Start(place.at))?;
        let mut bytes = vec![0; place.len];
        self.file.read_exact(&mut bytes)?;
        decode(&bytes).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "a temporary file was changed by someone else",
            )
        })
    }
}

fn encode(part: &Part) -> Vec<u8> {
    let (text, ends) = part.texts.parts();
    let mut bytes = Vec::with_capacity(text.len() + ends.len() * 8 + part.kept.len() * 112 + 64);
    let number = |bytes: &mut Vec<u8>, value: u64| bytes.extend(value.to_le_bytes());
    for count in [text.len(), ends.len(), part.kept.len(), part.controls.len()] {
        number(&mut bytes, count as u64);
    }
    bytes.extend(text.as_bytes());
    for end in ends {
        number(&mut bytes, *end as u64);
    }
    for kept in &part.kept {
        bytes.extend(kept.line.event_time.to_le_bytes());
        for text in kept.line.text {
            bytes.extend(text.to_le_bytes());
        }
        for text in [
            kept.resource,
            kept.detail,
            kept.original_event,
            kept.original_request,
        ] {
            bytes.extend(text.to_le_bytes());
        }
        bytes.push(u8::from(kept.is_call) | (u8::from(kept.is_change) << 1));
    }
    #[expect(
        clippy::iter_over_hash_type,
        reason = "they go back into such a map; no output sees the order"
    )]
    for ((minute, account, region, source), control) in &part.controls {
        bytes.extend(minute.to_le_bytes());
        for value in [
            *account,
            *region,
            *source,
            control.calls,
            control.errors,
            control.faults,
        ] {
            bytes.extend(value.to_le_bytes());
        }
    }
    bytes
}

/// Takes numbers off the front of bytes.
struct Front<'a>(&'a [u8]);

impl<'a> Front<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn u32(&mut self) -> Option<u32> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*head))
    }

    fn u64(&mut self) -> Option<u64> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*head))
    }

    fn i64(&mut self) -> Option<i64> {
        self.u64().map(u64::cast_signed)
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.u64()?).ok()
    }
}

fn decode(bytes: &[u8]) -> Option<Part> {
    let mut front = Front(bytes);
    let (text, ends) = (front.count()?, front.count()?);
    let (kept, controls) = (front.count()?, front.count()?);
    let text = String::from_utf8(front.take(text)?.to_vec()).ok()?;
    let ends: Vec<usize> = (0..ends).map(|_| front.count()).collect::<Option<_>>()?;
    let mut part = Part {
        texts: Texts::restored(text, ends),
        kept: Vec::with_capacity(kept),
        controls: Default::default(),
    };
    for _ in 0..kept {
        let event_time = front.i64()?;
        let mut text = [0; FIELDS];
        for number in &mut text {
            *number = front.u32()?;
        }
        let (resource, detail) = (front.u32()?, front.u32()?);
        let (original_event, original_request) = (front.u32()?, front.u32()?);
        let flags = *front.take(1)?.first()?;
        part.kept.push(Kept {
            line: Line { event_time, text },
            is_call: flags & 1 != 0,
            is_change: flags & 2 != 0,
            resource,
            detail,
            original_event,
            original_request,
        });
    }
    for _ in 0..controls {
        let key = (front.i64()?, front.u32()?, front.u32()?, front.u32()?);
        let control = Control {
            calls: front.u32()?,
            errors: front.u32()?,
            faults: front.u32()?,
        };
        part.controls.insert(key, control);
    }
    front.0.is_empty().then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_as_they_went() {
        let mut part = Part::default();
        for (index, word) in ["é", "two", "", "three"].iter().enumerate() {
            let number = part.texts.number(word);
            part.kept.push(Kept {
                line: Line {
                    event_time: -5,
                    text: [number; FIELDS],
                },
                is_call: index % 2 == 0,
                is_change: index % 2 == 1,
                resource: number,
                detail: 1,
                original_event: 2,
                original_request: 3,
            });
        }
        part.controls.insert(
            (-1, 1, 2, 3),
            Control {
                calls: 4,
                errors: 5,
                faults: 6,
            },
        );
        let mut spill = Spill::new().unwrap();
        let first = spill.write(&part).unwrap();
        let second = spill.write(&Part::default()).unwrap();
        assert!(spill.read(second).unwrap().kept.is_empty());
        let back = spill.read(first).unwrap();
        assert_eq!(back.kept, part.kept);
        assert_eq!(back.controls, part.controls);
        assert_eq!(back.texts.parts(), part.texts.parts());
    }
}
