//! How many queries run side by side, and when it is worth asking whether one has ended.
//!
//! Asking whether a query has ended draws on the same rate as asking for its rows, so it is asked
//! about when its like have ended before. Must never leave people's own queries without room.

use super::text::{Kind, Part};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Queries of records at a time, beside the one that counts. An account may run 100 of all kinds
/// (CloudWatch Logs user guide, cloudwatch_limits_cwl).
const AT_ONCE: usize = 8;
/// The same while the class of the groups is not known: of the Infrequent Access class 5 may run.
const AT_ONCE_RARE: usize = 3;
/// First wait for an answer of an unknown sort.
const FIRST_WAIT: Duration = Duration::from_millis(150);
/// Longest wait between two questions.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Longest first wait.
const LONGEST_FIRST: Duration = Duration::from_secs(30);

/// Queries that take about as long: of one kind, over spans of about one length (its logarithm).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Like(Kind, u32);

impl Like {
    /// The likes of a query.
    pub(super) fn of(kind: Kind, part: &Part) -> Self {
        let length = (part.to_ms - part.from_ms).unsigned_abs();
        Self(kind, length.checked_ilog2().unwrap_or_default())
    }
}

/// What is known of the pace of the queries of one place.
#[derive(Debug)]
pub(super) struct Pace {
    at_once: AtomicUsize,
    typical: Mutex<BTreeMap<Like, Duration>>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: AtomicUsize::new(AT_ONCE_RARE),
            typical: Mutex::default(),
        }
    }
}

impl Pace {
    /// How many queries of records may be under way.
    pub(super) fn at_once(&self) -> usize {
        self.at_once.load(Ordering::Relaxed)
    }

    /// The groups are of the class that takes many queries.
    pub(super) fn hurry(&self) {
        self.at_once.store(AT_ONCE, Ordering::Relaxed);
    }

    /// How long to wait for an answer first.
    pub(super) fn first_wait(&self, of: Like) -> Duration {
        let typical = self.typical.lock().unwrap_or_else(PoisonError::into_inner);
        typical.get(&of).copied().unwrap_or(FIRST_WAIT)
    }

    /// An answer came after so long; when at the first question, it may have been there for a while.
    pub(super) fn learn(&self, of: Like, took: Duration, at_first: bool) {
        let mut typical = self.typical.lock().unwrap_or_else(PoisonError::into_inner);
        let next = if at_first { took.mul_f64(0.9) } else { took };
        typical.insert(of, next.clamp(FIRST_WAIT, LONGEST_FIRST));
    }
}

/// How long to wait until the next question about a query that runs since so long.
pub(super) fn next_wait(since: Duration) -> Duration {
    (since / 4).clamp(FIRST_WAIT, LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_asked_about_when_its_like_have_ended() {
        let pace = Pace::default();
        let like = Like::of(Kind::Records, &Part::new(0, 60_000));
        let other = Like::of(Kind::Controls, &Part::new(0, 60_000));
        let seconds = Duration::from_secs;
        assert_eq!(pace.first_wait(like), FIRST_WAIT);
        pace.learn(like, seconds(2), false);
        assert_eq!(pace.first_wait(like), seconds(2));
        assert_eq!(pace.first_wait(other), FIRST_WAIT);
        // It may have been there earlier: the next is asked about a little sooner.
        pace.learn(like, seconds(2), true);
        assert!(pace.first_wait(like) < seconds(2));
        pace.learn(like, seconds(900), false);
        assert_eq!(pace.first_wait(like), LONGEST_FIRST);
        assert_eq!(next_wait(seconds(8)), seconds(2));
        assert_eq!(next_wait(seconds(800)), LONGEST_WAIT);
    }

    #[test]
    fn few_run_until_the_class_is_known() {
        let pace = Pace::default();
        assert!(pace.at_once() + 1 < 5);
        pace.hurry();
        assert_eq!(pace.at_once(), AT_ONCE);
    }
}
