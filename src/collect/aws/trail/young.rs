//! A log group that does not reach back to the start of the case, and the bucket that does: pure.
//!
//! A group holds nothing from before it was created, nor what its retention has removed; the trail's
//! bucket has both. So the group is read for what it holds and the bucket for what is older. Must never
//! pass the group's part off as the whole, nor count other services twice where both hold them.

use super::harvest::Got;
use crate::case::{Case, Instant, Interval, rfc3339};
use chrono::Duration;

/// Why a group begins when it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Youth {
    /// Nothing delivered before this is in it.
    pub(crate) from: Instant,
    /// A clause that wants "from … on" behind it.
    pub(crate) why: &'static str,
}

impl Youth {
    /// The later of two beginnings, when it lies inside the case.
    #[must_use]
    pub(super) fn of(
        case: &Case,
        created: Option<Instant>,
        kept_from: Option<Instant>,
    ) -> Option<Self> {
        [
            (created, "the log group was created and holds records"),
            (kept_from, "the log group's retention keeps records"),
        ]
        .into_iter()
        .filter_map(|(from, why)| from.map(|from| Self { from, why }))
        .filter(|youth| youth.from > case.whole().from)
        .max_by_key(|youth| youth.from)
    }

    fn clause(&self) -> String {
        format!("{} from {} on", self.why, rfc3339(self.from))
    }
}

/// The deliveries to read from the bucket: those before the group begins, and as long after it as a
/// record may reach the bucket late that should have been there before.
#[must_use]
pub(super) fn older(span: &Interval, from: Instant, lateness_s: i64) -> Interval {
    let until = Duration::try_seconds(lateness_s)
        .and_then(|margin| from.checked_add_signed(margin))
        .unwrap_or(from);
    Interval::new(span.from, span.to.min(until))
}

/// Says what became of the older part, once all places of a chain were tried.
pub(super) fn settle(case: &Case, chain: &mut [Got]) {
    let Some(at) = chain
        .iter()
        .position(|got| got.was_read && got.youth.is_some())
    else {
        return;
    };
    let (before, behind) = chain.split_at_mut(at + 1);
    let Some(group) = before.last_mut() else {
        return;
    };
    let Some(youth) = group.youth.take() else {
        return;
    };
    let clause = youth.clause();
    if let Some(bucket) = behind.iter().find(|got| got.was_read) {
        group.said.push(format!(
            "{clause}; what is older was read from {}",
            bucket.place
        ));
        group.counted_from = Some(youth.from);
        return;
    }
    group.covered_from = group.covered_from.max(Some(youth.from));
    let way_out = if behind.is_empty() {
        ": name the trail's bucket with --cloudtrail s3://BUCKET to read what is older"
    } else {
        ", and the trail's bucket, which has what is older, was not read"
    };
    if youth.from > case.window.from {
        group.missing.push(format!(
            "{clause}, so part of the window cannot be in it{way_out}"
        ));
    } else {
        group.said.push(format!("{clause}{way_out}"));
    }
}

#[cfg(test)]
mod tests;
