//! Each call once: redelivered records, copies in several accounts, and records that replace
//! others.
//!
//! The answer depends on the set of records alone, never on their order: among copies the best by
//! a stated rule stays, and ties are broken by the row itself. Copies carry the time of the call
//! they are copies of, so all of them meet in one hour. What bears the same ID at another time of the
//! hour is a copy too; [`names`] is how an hour that is cut finds it.

use super::part::Kept;
use crate::bundle::sheet::Field;
use crate::bundle::texts::Texts;
use std::cmp::Ordering;
use std::hash::BuildHasher as _;

/// CloudTrail's reason on a record that replaces an earlier one.
const UPDATED: &str = "UPDATED_DATA";

/// A kept record with the texts its numbers mean.
#[derive(Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) kept: &'a Kept,
    pub(super) texts: &'a Texts,
}

/// What makes two records the same event.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Identity<'a> {
    /// The GUID of the record, or of the one it amends.
    Event(&'a str),
    /// Without a GUID: request, API, time and account, as the CloudTrail guide's record promises
    /// nothing stronger.
    Request(&'a str, &'a str, i64, &'a str),
    /// Without either only equal rows are the same.
    Whole(i64, Vec<&'a str>),
    /// The GUID that copies of one call in several accounts share, with its source and API.
    Shared(&'a str, &'a str, &'a str),
}

impl<'a> Read<'a> {
    pub(super) fn field(&self, field: Field) -> &'a str {
        self.texts.get(self.kept.line.number(field))
    }

    /// What the record is by itself.
    fn own(self) -> Option<Identity<'a>> {
        Some(self.identity(self.field(Field::EventId), self.field(Field::RequestId)))
    }

    /// What the record is about: the event it amends, or itself.
    fn amended(self) -> Option<Identity<'a>> {
        Some(self.identity(
            first(
                self.texts.get(self.kept.original_event),
                self.field(Field::EventId),
            ),
            first(
                self.texts.get(self.kept.original_request),
                self.field(Field::RequestId),
            ),
        ))
    }

    fn identity(&self, event: &'a str, request: &'a str) -> Identity<'a> {
        if !event.is_empty() {
            Identity::Event(event)
        } else if !request.is_empty() {
            Identity::Request(
                request,
                self.field(Field::Api),
                self.kept.line.event_time,
                self.field(Field::RecipientAccount),
            )
        } else {
            let kept = self.kept;
            let own = [
                kept.resource,
                kept.detail,
                kept.original_event,
                kept.original_request,
            ];
            let numbers = kept.line.text.iter().chain(&own);
            Identity::Whole(
                kept.line.event_time,
                numbers.map(|number| self.texts.get(*number)).collect(),
            )
        }
    }

    /// Copies of one call in several accounts share this; `None` when there are none.
    fn shared(self) -> Option<Identity<'a>> {
        let id = self.field(Field::SharedEventId);
        (!id.is_empty())
            .then(|| Identity::Shared(id, self.field(Field::EventSource), self.field(Field::Api)))
    }

    fn is_update(&self) -> bool {
        self.field(Field::AddendumReason) == UPDATED
    }

    /// Whether CloudTrail says that it came late.
    pub(super) fn is_late(&self) -> bool {
        !self.field(Field::AddendumReason).is_empty() && !self.is_update()
    }

    fn is_foreign(&self) -> bool {
        let caller = self.field(Field::CallerAccount);
        !caller.is_empty() && self.field(Field::RecipientAccount) != caller
    }

    /// The order of rows, changes told by what they changed.
    fn order(&self, other: &Self) -> Ordering {
        let more = |read: &Self| {
            let kept = read.kept;
            [
                kept.resource,
                kept.detail,
                kept.original_event,
                kept.original_request,
            ]
            .map(|number| read.texts.get(number))
        };
        self.kept
            .line
            .order(&other.kept.line, self.texts)
            .then_with(|| more(self).cmp(&more(other)))
    }

    /// The better copy first: updates before what they update (the later update first), the
    /// caller's own account before others, the smaller account, then the row itself.
    fn preference(&self, other: &Self) -> Ordering {
        other
            .is_update()
            .cmp(&self.is_update())
            .then_with(|| match self.is_update() {
                true => other.kept.line.event_time.cmp(&self.kept.line.event_time),
                false => Ordering::Equal,
            })
            .then_with(|| self.is_foreign().cmp(&other.is_foreign()))
            .then_with(|| {
                self.field(Field::RecipientAccount)
                    .cmp(other.field(Field::RecipientAccount))
            })
            .then_with(|| self.order(other))
    }
}

/// Hashes of all names under which a record may be folded.
pub(super) fn names(
    read: Read<'_>,
    hasher: &foldhash::fast::RandomState,
) -> impl Iterator<Item = u64> {
    let amends = read.kept.original_event != 0 || read.kept.original_request != 0;
    let amended = amends.then(|| read.amended()).flatten();
    [read.own(), amended, read.shared()]
        .into_iter()
        .flatten()
        .map(|name| hasher.hash_one(name))
}

fn first<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.is_empty() { other } else { one }
}

/// The records that stay, sorted as rows sort, and those that were seen before.
pub(super) fn dedupe(kept: Vec<Kept>, texts: &Texts) -> (Vec<Kept>, Vec<Kept>) {
    let mut twice = Vec::new();
    let mut kept = fold(kept, texts, &mut twice, |read| read.own());
    if kept
        .iter()
        .any(|kept| kept.original_event != 0 || kept.original_request != 0)
    {
        kept = fold(kept, texts, &mut twice, |read| read.amended());
    }
    kept = fold(kept, texts, &mut twice, |read| read.shared());
    (sorted(&kept, texts), twice)
}

/// The records as rows sort. Their second and the first letters of their ID mostly decide, so these
/// are compared as numbers; texts are only asked when they are equal.
fn sorted(kept: &[Kept], texts: &Texts) -> Vec<Kept> {
    let mut keys: Vec<(i64, u64, usize)> = kept
        .iter()
        .enumerate()
        .map(|(index, kept)| {
            let id = Read { kept, texts }.field(Field::EventId);
            (kept.line.event_time, head(id), index)
        })
        .collect();
    let read = |index: usize| kept.get(index).map(|kept| Read { kept, texts });
    keys.sort_unstable_by(|a, b| {
        (a.0, a.1)
            .cmp(&(b.0, b.1))
            .then_with(|| match (read(a.2), read(b.2)) {
                (Some(a), Some(b)) => a.order(&b),
                _ => Ordering::Equal,
            })
    });
    keys.iter()
        .filter_map(|key| kept.get(key.2).copied())
        .collect()
}

/// The first eight bytes as a number that sorts as the text does.
fn head(text: &str) -> u64 {
    let mut head = [0; 8];
    for (into, byte) in head.iter_mut().zip(text.bytes()) {
        *into = byte;
    }
    u64::from_be_bytes(head)
}

/// Keeps the best record of every group with one key; records without a key all stay.
fn fold(
    kept: Vec<Kept>,
    texts: &Texts,
    twice: &mut Vec<Kept>,
    key: impl for<'a> Fn(Read<'a>) -> Option<Identity<'a>>,
) -> Vec<Kept> {
    let hasher = foldhash::fast::RandomState::default();
    // Groups are found by hash: comparing texts is left to those that may be equal.
    let mut hashes: Vec<(u64, usize)> = kept
        .iter()
        .enumerate()
        .filter_map(|(index, kept)| Some((hasher.hash_one(key(Read { kept, texts })?), index)))
        .collect();
    hashes.sort_unstable();
    let read = |index: usize| kept.get(index).map(|kept| Read { kept, texts });
    if hashes.array_windows().all(|[a, b]| a.0 != b.0) {
        return kept;
    }
    let mut gone = vec![false; kept.len()];
    for alike in hashes
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|run| run.len() > 1)
    {
        let mut group: Vec<(Option<Identity<'_>>, Read<'_>, usize)> = alike
            .iter()
            .filter_map(|(_, index)| {
                let read = read(*index)?;
                Some((key(read), read, *index))
            })
            .collect();
        group.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.preference(&b.1)));
        for pair in group.windows(2) {
            if let [best, next] = pair
                && best.0 == next.0
                && let Some(gone) = gone.get_mut(next.2)
            {
                *gone = true;
            }
        }
    }
    let mut stay = Vec::with_capacity(kept.len());
    for (kept, gone) in kept.into_iter().zip(gone) {
        if gone {
            twice.push(kept);
        } else {
            stay.push(kept);
        }
    }
    stay
}
