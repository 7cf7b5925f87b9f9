//! The control group: calls of other services, counted per minute, account, region and service.
//!
//! Four of five records end here, so a count is found again without a hash whenever the record
//! before it of the same service was of the same minute and place. Never decides what a fault is.

use bytemuck::{Pod, Zeroable};
use hashbrown::HashTable;
use std::hash::BuildHasher as _;

/// One minute of one other service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Control {
    pub(super) calls: u32,
    pub(super) errors: u32,
    pub(super) faults: u32,
}

impl Control {
    pub(super) fn add(&mut self, more: Self) {
        self.calls = self.calls.saturating_add(more.calls);
        self.errors = self.errors.saturating_add(more.errors);
        self.faults = self.faults.saturating_add(more.faults);
    }
}

/// One minute of one other service: minute of the epoch, account, region and event source.
pub(super) type ControlKey = (i64, u32, u32, u32);

/// Services whose last count is remembered; a clash costs a hash, no more.
const RECENT: usize = 64;

/// Counts by minute, place and service, in the order in which they were met.
#[derive(Debug)]
pub(super) struct Controls {
    entries: Vec<(ControlKey, Control)>,
    table: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    /// The entry met last of each service.
    recent: [u32; RECENT],
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            table: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            recent: [0; RECENT],
        }
    }
}

impl Controls {
    /// Adds to the count of a key.
    #[inline(always)]
    pub(super) fn add(&mut self, key: ControlKey, more: Control) {
        let recent = self.recent[key.3 as usize % RECENT] as usize;
        match self.entries.get_mut(recent) {
            Some((known, control)) if *known == key => control.add(more),
            _ => self.look_up(key, more),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, key: ControlKey, more: Control) {
        let Self {
            entries,
            table,
            hasher,
            recent,
        } = self;
        let hash = hasher.hash_one(key);
        let found = table.find(hash, |index| {
            entries
                .get(*index as usize)
                .is_some_and(|(known, _)| *known == key)
        });
        let index = found.copied().unwrap_or_else(|| {
            // Four billion counts would not fit into memory long before.
            let index = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            entries.push((key, Control::default()));
            table.insert_unique(hash, index, |index| {
                entries
                    .get(*index as usize)
                    .map_or(0, |(key, _)| hasher.hash_one(key))
            });
            index
        });
        recent[key.3 as usize % RECENT] = index;
        if let Some((_, control)) = entries.get_mut(index as usize) {
            control.add(more);
        }
    }

    /// All counts, each key once.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &(ControlKey, Control)> {
        self.entries.iter()
    }

    /// The same counts under other keys; keys that become one are summed.
    pub(super) fn renamed(&self, mut name: impl FnMut(ControlKey) -> ControlKey) -> Self {
        let mut renamed = Self::default();
        for (key, control) in &self.entries {
            renamed.add(name(*key), *control);
        }
        renamed
    }

    /// Forgets every count and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.table.clear();
    }

    /// Memory kept for counts to come, bytes.
    pub(super) fn room(&self) -> usize {
        self.entries.capacity() * size_of::<(ControlKey, Control)>() + self.table.capacity() * 5
    }

    /// Memory held, bytes.
    pub(super) fn size(&self) -> usize {
        self.entries.len() * size_of::<(ControlKey, Control)>() + self.table.capacity() * 5
    }
}

impl FromIterator<(ControlKey, Control)> for Controls {
    fn from_iter<I: IntoIterator<Item = (ControlKey, Control)>>(counts: I) -> Self {
        let mut controls = Self::default();
        for (key, control) in counts {
            controls.add(key, control);
        }
        controls
    }
}

#[cfg(test)]
mod tests;
