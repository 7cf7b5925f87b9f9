//! Parts of hours on disk, so that memory does not grow with the archive.
//!
//! A nameless temporary file that only this process reads and that is gone when it ends; its layout
//! is nobody's contract. What cannot be written stays in memory: slower, never wrong.

use super::control::{Control, ControlKey};
use super::known::Known;
use super::part::{Kept, Part};
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
    /// Lengths of its lists, in the order in which they stand there.
    ends: usize,
    kept: usize,
    controls: usize,
    text: usize,
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
        let (text, ends) = part.texts.parts();
        let controls: Vec<Counted> = part.controls.iter().map(Counted::of).collect();
        self.file.seek(SeekFrom::Start(self.end))?;
        // Straight from where they stand: a part is large enough to be held once.
        let lists: [&[u8]; 4] = [
            bytemuck::cast_slice(ends),
            bytemuck::cast_slice(&part.kept),
            bytemuck::cast_slice(&controls),
            text.as_bytes(),
        ];
        for list in lists {
            self.file.write_all(list)?;
        }
        let place = Place {
            at: self.end,
            ends: ends.len(),
            kept: part.kept.len(),
            controls: controls.len(),
            text: text.len(),
        };
        self.end += lists.iter().map(|list| list.len() as u64).sum::<u64>();
        Ok(place)
    }

    /// Reads a part back.
    pub(super) fn read(&mut self, place: Place) -> io::Result<Part> {
        self.file.seek(SeekFrom::Start(place.at))?;
        let ends = self.list::<usize>(place.ends)?;
        let kept = self.list::<Kept>(place.kept)?;
        let controls = self.list::<Counted>(place.controls)?;
        let text = String::from_utf8(self.list::<u8>(place.text)?).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "a temporary file was changed by someone else",
            )
        })?;
        Ok(Part {
            texts: Texts::restored(text, ends),
            kept,
            controls: controls.into_iter().map(Counted::apart).collect(),
            callers: Known::default(),
        })
    }

    fn list<T: Pod>(&mut self, length: usize) -> io::Result<Vec<T>> {
        let mut list = vec![T::zeroed(); length];
        self.file.read_exact(bytemuck::cast_slice_mut(&mut list))?;
        Ok(list)
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

impl Counted {
    fn of(((minute, account, region, source), control): &(ControlKey, Control)) -> Self {
        Self {
            minute: *minute,
            account: *account,
            region: *region,
            source: *source,
            control: *control,
        }
    }

    fn apart(self) -> (ControlKey, Control) {
        let key = (self.minute, self.account, self.region, self.source);
        (key, self.control)
    }
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
        part.controls.add(
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
        assert!(back.controls.iter().eq(part.controls.iter()));
        assert_eq!(back.texts.parts(), part.texts.parts());
    }
}
