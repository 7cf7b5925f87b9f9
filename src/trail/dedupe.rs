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
    /// What the record is by itself.
    fn own(&self) -> Identity<'_> {
        self.identity(&self.call.event_id, &self.call.request_id)
    }

    /// What the record is about: the event it amends, or itself.
    fn amended(&self) -> Identity<'_> {
        self.identity(
            first(&self.original_event, &self.call.event_id),
            first(&self.original_request, &self.call.request_id),
        )
    }

    fn identity<'a>(&'a self, event: &'a str, request: &'a str) -> Identity<'a> {
        if !event.is_empty() {
            Identity::Event(event)
        } else if !request.is_empty() {
            Identity::Request(
                request,
                &self.call.api,
                self.call.event_time,
                &self.call.recipient_account,
            )
        } else {
            Identity::Whole(self)
        }
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

fn first<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.is_empty() { other } else { one }
}

/// The records that stay, sorted, and those that were seen before.
pub(super) fn dedupe(mut kept: Vec<Kept>) -> (Vec<Kept>, Vec<Kept>) {
    let mut twice = Vec::new();
    fold(
        &mut kept,
        &mut twice,
        |a, b| a.own().cmp(&b.own()),
        |_| true,
    );
    fold(
        &mut kept,
        &mut twice,
        |a, b| a.amended().cmp(&b.amended()),
        |_| true,
    );
    let is_shared = |one: &Kept| one.shared().is_some();
    fold(
        &mut kept,
        &mut twice,
        |a, b| a.shared().cmp(&b.shared()),
        is_shared,
    );
    kept.sort_unstable();
    (kept, twice)
}

/// Keeps the best record of every group of equals, among those that `can_fold`.
fn fold(
    kept: &mut Vec<Kept>,
    twice: &mut Vec<Kept>,
    same: impl Fn(&Kept, &Kept) -> Ordering,
    can_fold: impl Fn(&Kept) -> bool,
) {
    kept.sort_unstable_by(|a, b| same(a, b).then_with(|| a.preference(b)));
    let mut stay: Vec<Kept> = Vec::with_capacity(kept.len());
    for one in kept.drain(..) {
        match stay.last() {
            Some(best) if can_fold(&one) && same(best, &one) == Ordering::Equal => twice.push(one),
            _ => stay.push(one),
        }
    }
    *kept = stay;
}
