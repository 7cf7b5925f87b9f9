//! Parts of hours on disk, so that memory does not grow with the archive.
//!
//! A nameless temporary file that only this process reads and that is gone when it ends; its layout
//! is nobody's contract. What cannot be written stays in memory: slower, never wrong.

use super::control::{Control, ControlKey};
use super::part::Part;
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

    /// Reads a part back, into the memory of another one.
    pub(super) fn read(&mut self, place: Place, into: Part) -> io::Result<Part> {
        let mut part = into.emptied();
        let (mut text, mut ends) = part.texts.take_buffers();
        self.file.seek(SeekFrom::Start(place.at))?;
        self.fill(&mut ends, place.ends)?;
        self.fill(&mut part.kept, place.kept)?;
        let mut controls: Vec<Counted> = Vec::new();
        self.fill(&mut controls, place.controls)?;
        self.fill(&mut text, place.text)?;
        let text = String::from_utf8(text).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "a temporary file was changed by someone else",
            )
        })?;
        part.texts = Texts::restored(text, ends);
        for counted in controls {
            let (key, control) = counted.apart();
            part.controls.add(key, control);
        }
        Ok(part)
    }

    fn fill<T: Pod>(&mut self, list: &mut Vec<T>, length: usize) -> io::Result<()> {
        list.clear();
        list.resize(length, T::zeroed());
        self.file.read_exact(bytemuck::cast_slice_mut(list))
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
mod tests;
