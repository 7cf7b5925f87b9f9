//! The hours a thread holds in memory, found again at once when the record before was of the same
//! hour. Emptied parts are kept for the next hours, because giving memory back and asking for it again
//! costs more than filling it. Never writes to disk; `gather` decides when.

use super::part::{Amount, Part};
use std::collections::BTreeMap;

/// Parts without content keep no more than this, bytes.
const SPARE_ROOM: usize = 4 << 20;

/// Parts by hour.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Where the part of an hour stands.
    at: BTreeMap<i64, usize>,
    parts: Vec<Part>,
    /// The hour asked for last, if it is still held.
    last: Option<(i64, usize)>,
    /// Parts without content, and the memory they keep, bytes.
    spare: Vec<Part>,
    spare_room: usize,
    /// What an hour held on average when that was looked at last.
    usual: Amount,
}

impl Held {
    /// The part of an hour, made when there is none. A new one begins with memory that served
    /// before, or with as much room as the others use: growing by and by would copy every row about
    /// once.
    #[inline(always)]
    pub(super) fn part(&mut self, hour: i64) -> &mut Part {
        let index = match self.last {
            Some((last, index)) if last == hour => index,
            _ => self.look_up(hour),
        };
        &mut self.parts[index]
    }

    #[inline(never)]
    fn look_up(&mut self, hour: i64) -> usize {
        let (next, usual) = (self.parts.len(), self.usual);
        let index = *self.at.entry(hour).or_insert(next);
        if index == next {
            let spare = self.spare.pop();
            self.spare_room -= spare.as_ref().map_or(0, Part::room).min(self.spare_room);
            self.parts
                .push(spare.unwrap_or_else(|| Part::with_room(usual)));
        }
        self.last = Some((hour, index));
        index
    }

    /// What is held, in no order of hours.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What is held, in order of hours.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &Part)> {
        self.at
            .iter()
            .filter_map(|(hour, index)| Some((*hour, self.parts.get(*index)?)))
    }

    /// The part of an hour, if there is one.
    pub(super) fn get(&self, hour: i64) -> Option<&Part> {
        self.parts.get(*self.at.get(&hour)?)
    }

    /// Takes the part of an hour out.
    pub(super) fn take(&mut self, hour: i64) -> Option<Part> {
        self.last = None;
        let index = self.at.remove(&hour)?;
        self.parts.get_mut(index).map(std::mem::take)
    }

    /// Takes everything out, in order of hours.
    pub(super) fn take_all(&mut self) -> Vec<(i64, Part)> {
        self.last = None;
        let at = std::mem::take(&mut self.at);
        let mut parts = std::mem::take(&mut self.parts);
        at.into_iter()
            .filter_map(|(hour, index)| Some((hour, std::mem::take(parts.get_mut(index)?))))
            .collect()
    }

    /// Puts a part in the place of an hour that is not held.
    pub(super) fn put(&mut self, hour: i64, part: Part) {
        *self.part(hour) = part;
    }

    /// Takes a part that is not needed any more, for its memory. Each has room for the fullest hour it
    /// ever served, so over months they would come to hold more than all hours at hand.
    pub(super) fn recycle(&mut self, part: Part) {
        let room = part.room();
        if self.spare_room + room <= SPARE_ROOM {
            self.spare_room += room;
            self.spare.push(part.emptied());
        }
    }

    /// Looks at what an hour usually holds.
    pub(super) fn estimate(&mut self) {
        self.usual = Amount::average(&self.parts);
    }

    /// Gives back the memory kept for hours to come.
    pub(super) fn rest(&mut self) {
        self.spare = Vec::new();
        self.spare_room = 0;
    }
}
