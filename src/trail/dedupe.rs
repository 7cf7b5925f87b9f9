//! Each call once: redelivered records, copies in several accounts, and records that replace
//! others.
//!
//! The answer depends on the set of records alone, never on their order: among copies the best by
//! a stated rule stays, and ties are broken by the row itself.

use crate::bundle::rows::{CallRow, ChangeRow};
use std::cmp::Ordering;

/// A record that became a row, with what identifies it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Kept {
    /// The record as a call; made for changes too, because it identifies them.
    pub(super) call: CallRow,
    /// Whether the call itself is asked about.
    pub(super) is_call: bool,
    /// The record as a change, if it is one.
    pub(super) change: Option<Box<ChangeRow>>,
    /// The event this record amends.
    pub(super) original_event: String,
    /// The request this record amends.
    pub(super) original_request: String,
}

/// CloudTrail's reason on a record that replaces an earlier one.
const UPDATED: &str = "UPDATED_DATA";

/// What makes two records the same event.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity<'a> {
    /// The GUID of the record, or of the one it amends.
    Event(&'a str),
    /// Without a GUID: request, API, time and account, as the CloudTrail guide's record promises
    /// nothing stronger.
    Request(&'a str, &'a str, i64, &'a str),
    /// Without either only equal rows are the same.
    Whole(&'a Kept),
}

impl Kept {
    fn identity(&self) -> Identity<'_> {
        let either = |first: &'_ String, second: &'_ String| first.is_empty() && second.is_empty();
        if !either(&self.original_event, &self.call.event_id) {
            return Identity::Event(chosen(&self.original_event, &self.call.event_id));
        }
        if !either(&self.original_request, &self.call.request_id) {
            return Identity::Request(
                chosen(&self.original_request, &self.call.request_id),
                &self.call.api,
                self.call.event_time,
                &self.call.recipient_account,
            );
        }
        Identity::Whole(self)
    }

    /// Copies of one call in several accounts share this; `None` when there are none.
    fn shared(&self) -> Option<(&str, &str, &str)> {
        (!self.call.shared_event_id.is_empty()).then_some((
            &self.call.shared_event_id,
            &self.call.event_source,
            &self.call.api,
        ))
    }

    fn is_update(&self) -> bool {
        self.call.addendum_reason == UPDATED
    }

    /// Whether CloudTrail says that it came late.
    pub(super) fn is_late(&self) -> bool {
        !self.call.addendum_reason.is_empty() && !self.is_update()
    }

    fn is_foreign(&self) -> bool {
        self.call.recipient_account != self.call.caller_account
    }

    /// The better copy first: updates before what they update (the later update first), the
    /// caller's own account before others, the smaller account, then the row itself.
    fn preference(&self, other: &Self) -> Ordering {
        other
            .is_update()
            .cmp(&self.is_update())
            .then_with(|| match self.is_update() {
                true => other.call.event_time.cmp(&self.call.event_time),
                false => Ordering::Equal,
            })
            .then_with(|| self.is_foreign().cmp(&other.is_foreign()))
            .then_with(|| {
                self.call
                    .recipient_account
                    .cmp(&other.call.recipient_account)
            })
            .then_with(|| self.cmp(other))
    }
}

fn chosen<'a>(first: &'a str, second: &'a str) -> &'a str {
    if first.is_empty() { second } else { first }
}

/// The records that stay, sorted, and those that were seen before.
pub(super) fn dedupe(kept: Vec<Kept>) -> (Vec<Kept>, Vec<Kept>) {
    let (kept, mut twice) = fold(kept, |a, b| a.identity().cmp(&b.identity()), |_| true);
    let (mut kept, copies) = fold(
        kept,
        |a, b| a.shared().cmp(&b.shared()),
        |one| one.shared().is_some(),
    );
    twice.extend(copies);
    kept.sort_unstable();
    (kept, twice)
}

/// Keeps the best record of every group of equals, among those that `can_fold`.
fn fold(
    mut kept: Vec<Kept>,
    same: impl Fn(&Kept, &Kept) -> Ordering,
    can_fold: impl Fn(&Kept) -> bool,
) -> (Vec<Kept>, Vec<Kept>) {
    kept.sort_unstable_by(|a, b| same(a, b).then_with(|| a.preference(b)));
    let mut stay: Vec<Kept> = Vec::with_capacity(kept.len());
    let mut twice = Vec::new();
    for one in kept {
        match stay.last() {
            Some(best) if can_fold(&one) && same(best, &one) == Ordering::Equal => twice.push(one),
            _ => stay.push(one),
        }
    }
    (stay, twice)
}
