//! Parts of hours on disk, so that memory does not grow with the archive.
//!
//! A nameless temporary file that only this process reads and that is gone when it ends; its layout
//! is nobody's contract. What cannot be written stays in memory: slower, never wrong.

use super::known::Known;
use super::part::{Control, Kept, Part};
use crate::bundle::texts::Texts;
use bytemuck::{Pod, Zeroable};
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

/// A control count as it stands in the file.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Counted {
    minute: i64,
    account: u32,
    region: u32,
    source: u32,
    control: Control,
}

fn encode(part: &Part) -> Vec<u8> {
    let (text, ends) = part.texts.parts();
    let controls: Vec<Counted> = part
        .controls
        .iter()
        .map(|((minute, account, region, source), control)| Counted {
            minute: *minute,
            account: *account,
            region: *region,
            source: *source,
            control: *control,
        })
        .collect();
    let lists: [&[u8]; 4] = [
        bytemuck::cast_slice(ends),
        bytemuck::cast_slice(&part.kept),
        bytemuck::cast_slice(&controls),
        text.as_bytes(),
    ];
    let length: usize = lists.iter().map(|list| list.len() + 8).sum();
    let mut bytes = Vec::with_capacity(length);
    for list in lists {
        bytes.extend((list.len() as u64).to_le_bytes());
    }
    for list in lists {
        bytes.extend(list);
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Part> {
    let mut rest = bytes;
    let mut lengths = [0; 4];
    for length in &mut lengths {
        let (head, tail) = rest.split_first_chunk()?;
        *length = usize::try_from(u64::from_le_bytes(*head)).ok()?;
        rest = tail;
    }
    let mut take = |length: usize| {
        let (head, tail) = rest.split_at_checked(length)?;
        rest = tail;
        Some(head)
    };
    let [ends, kept, controls, text] = lengths;
    let ends = pods::<usize>(take(ends)?)?;
    let kept = pods::<Kept>(take(kept)?)?;
    let controls = pods::<Counted>(take(controls)?)?;
    let text = String::from_utf8(take(text)?.to_vec()).ok()?;
    Some(Part {
        texts: Texts::restored(text, ends),
        kept,
        controls: controls
            .into_iter()
            .map(|one| {
                let key = (one.minute, one.account, one.region, one.source);
                (key, one.control)
            })
            .collect(),
        callers: Known::default(),
    })
}

/// Plain values out of bytes, wherever the bytes stand.
fn pods<T: Pod>(bytes: &[u8]) -> Option<Vec<T>> {
    let mut list = vec![T::zeroed(); bytes.len() / size_of::<T>()];
    let room: &mut [u8] = bytemuck::cast_slice_mut(&mut list);
    (room.len() == bytes.len()).then(|| room.copy_from_slice(bytes))?;
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::sheet::{FIELDS, Line};

    #[test]
    fn parts_come_back_as_they_went() {
        let mut part = Part::default();
        for (index, word) in ["é", "two", "", "three"].iter().enumerate() {
            let number = part.texts.number(word);
            part.kept.push(Kept {
                line: Line {
                    event_time: -5,
                    text: [number; FIELDS],
                    unused: 0,
                },
                flags: index as u32 % 4,
                resource: number,
                detail: 1,
                original_event: 2,
                original_request: 3,
                unused: 0,
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
