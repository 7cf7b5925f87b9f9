//! What one thread kept of one hour: rows and control counts as numbers into one table of texts.
//!
//! Parts of an hour are what is spilled to disk and merged at the end. The numbers of a part mean
//! nothing outside it.

use super::control::Controls;
use super::known::Known;
use crate::bundle::sheet::{Field, Line};
use crate::bundle::texts::Texts;
use bytemuck::{Pod, Zeroable};

/// A record that became a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Kept {
    /// The record as a call; made for changes too, because it identifies them.
    pub(super) line: Line,
    /// [`Kept::CALL`] and [`Kept::CHANGE`].
    pub(super) flags: u32,
    /// What the change is about.
    pub(super) resource: u32,
    /// The parameters of the change.
    pub(super) detail: u32,
    /// The event this record amends.
    pub(super) original_event: u32,
    /// The request this record amends.
    pub(super) original_request: u32,
    /// Keeps the size a multiple of eight.
    pub(super) unused: u32,
}

impl Kept {
    /// The call itself is asked about.
    pub(super) const CALL: u32 = 1;
    /// It is a change.
    pub(super) const CHANGE: u32 = 2;

    pub(super) fn is_call(&self) -> bool {
        self.flags & Self::CALL != 0
    }

    pub(super) fn is_change(&self) -> bool {
        self.flags & Self::CHANGE != 0
    }
}

/// Rows and counts of one hour.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) texts: Texts,
    pub(super) kept: Vec<Kept>,
    pub(super) controls: Controls,
    /// Callers met before, as written, and the numbers of account, principal and session: nine of
    /// ten calls of an hour are by one of them.
    pub(super) callers: Known<[u32; 3]>,
}

/// How much parts hold.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amount {
    rows: usize,
    texts: usize,
    bytes: usize,
}

impl Amount {
    /// What parts hold on average.
    pub(super) fn average(parts: &[Part]) -> Self {
        let count = parts.len().max(1);
        let mut sum = Self::default();
        for part in parts {
            sum.rows += part.kept.len();
            sum.texts += part.texts.len();
            sum.bytes += part.texts.parts().0.len();
        }
        Self {
            rows: sum.rows / count,
            texts: sum.texts / count,
            bytes: sum.bytes / count,
        }
    }
}

impl Part {
    /// Memory it keeps when it is emptied, bytes.
    pub(super) fn room(&self) -> usize {
        self.texts.room()
            + self.callers.room()
            + self.kept.capacity() * size_of::<Kept>()
            + self.controls.room()
    }

    /// Memory held, bytes.
    pub(super) fn size(&self) -> usize {
        self.texts.size()
            + self.callers.size()
            + self.kept.len() * size_of::<Kept>()
            + self.controls.size()
    }

    /// An empty part with room for so much.
    pub(super) fn with_room(amount: Amount) -> Self {
        let mut part = Self::default();
        part.kept.reserve(amount.rows);
        part.texts.make_room(amount.texts, amount.bytes);
        part
    }

    /// The same memory without what it held.
    pub(super) fn emptied(mut self) -> Self {
        self.texts.clear();
        self.kept.clear();
        self.controls.clear();
        self.callers.clear();
        self
    }

    /// Takes in another part of the same hour.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.absorb_some(other, other.kept.iter(), |_| true);
    }

    /// Takes in some rows of another part, and the counts of some minutes of the epoch.
    pub(super) fn absorb_some<'a>(
        &mut self,
        other: &Self,
        rows: impl ExactSizeIterator<Item = &'a Kept>,
        is_wanted: impl Fn(i64) -> bool,
    ) {
        // Found out on demand: a part holds many texts of rows that are met once.
        let mut numbers: Vec<Option<u32>> = vec![None; other.texts.len()];
        let texts = &mut self.texts;
        texts.make_room(other.texts.len(), other.texts.parts().0.len());
        let mut renumber = |number: u32, is_id: bool| -> u32 {
            if is_id {
                return texts.push(other.texts.get(number));
            }
            let Some(known) = numbers.get_mut(number as usize) else {
                return 0;
            };
            *known.get_or_insert_with(|| texts.number(other.texts.get(number)))
        };
        self.kept.reserve(rows.len());
        for kept in rows {
            let mut kept = *kept;
            for (number, (field, _)) in kept.line.text.iter_mut().zip(Field::ALL) {
                let is_id = matches!(field, Field::EventId | Field::RequestId);
                *number = renumber(*number, is_id);
            }
            for number in [
                &mut kept.resource,
                &mut kept.detail,
                &mut kept.original_event,
                &mut kept.original_request,
            ] {
                *number = renumber(*number, false);
            }
            self.kept.push(kept);
        }
        for ((minute, account, region, source), more) in other.controls.iter() {
            if !is_wanted(*minute) {
                continue;
            }
            let mut own = |number| renumber(number, false);
            let key = (*minute, own(*account), own(*region), own(*source));
            self.controls.add(key, *more);
        }
    }
}
