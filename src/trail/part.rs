//! What one thread kept of one hour: rows and control counts as numbers into one table of texts.
//!
//! Parts of an hour are what is spilled to disk and merged at the end. The numbers of a part mean
//! nothing outside it.

use super::known::Known;
use crate::bundle::sheet::{Field, Line};
use crate::bundle::texts::Texts;
use bytemuck::{Pod, Zeroable};
use std::collections::HashMap;

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

/// Rows and counts of one hour.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) texts: Texts,
    pub(super) kept: Vec<Kept>,
    pub(super) controls: HashMap<ControlKey, Control, foldhash::fast::RandomState>,
    /// Callers met before, as written, and the numbers of account, principal and session: nine of
    /// ten calls of an hour are by one of them.
    pub(super) callers: Known<[u32; 3]>,
}

impl Part {
    /// Memory held, bytes.
    pub(super) fn size(&self) -> usize {
        self.texts.size()
            + self.callers.size()
            + self.kept.len() * size_of::<Kept>()
            + self.controls.len() * (size_of::<ControlKey>() + size_of::<Control>() + 8)
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
        texts.reserve(&other.texts);
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
        #[expect(
            clippy::iter_over_hash_type,
            reason = "sums do not depend on their order"
        )]
        for ((minute, account, region, source), more) in &other.controls {
            if !is_wanted(*minute) {
                continue;
            }
            let mut own = |number| renumber(number, false);
            let key = (*minute, own(*account), own(*region), own(*source));
            self.controls.entry(key).or_default().add(*more);
        }
    }
}
