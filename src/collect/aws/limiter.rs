//! A quarter of what AWS allows, and less after AWS complained.
//!
//! One bucket per account, region and operation, because AWS counts so. It must never let a caller
//! go around it: the gate asks it before every request, retries included.

use super::known::Call;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The share of a documented rate this tool allows itself.
const SHARE: f64 = 0.25;

/// Slowest pace after complaints: a request every ten seconds still ends.
const SLOWEST_PER_SECOND: f64 = 0.1;

/// How much of the normal pace comes back with every request that was not throttled.
const RECOVERY: f64 = 0.05;

/// Whose bucket: access key or account, region, service, operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) who: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) operation: String,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
    /// 1 is the normal pace; halved with every complaint.
    pace: f64,
}

/// All buckets of a run.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    buckets: Mutex<BTreeMap<Key, Bucket>>,
}

impl Limiter {
    /// Takes a turn: how long to wait before sending. Turns are handed out in the order asked.
    pub(super) fn turn(&self, key: &Key, call: &Call, now: Instant) -> Duration {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(key.clone()).or_insert_with(|| Bucket {
            tokens: call.burst,
            at: now,
            pace: 1.0,
        });
        let rate = rate(call, bucket.pace);
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + since * rate).min(call.burst);
        bucket.at = bucket.at.max(now);
        bucket.tokens -= 1.0;
        bucket.pace = (bucket.pace + RECOVERY).min(1.0);
        if bucket.tokens >= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(-bucket.tokens / rate)
        }
    }

    /// Takes a turn and waits for it; how long that took. A turn that nobody waits for any more is
    /// given back, or it would hold up those behind it.
    pub(super) async fn wait(&self, key: &Key, call: &Call) -> Duration {
        let waited = self.turn(key, call, Instant::now());
        if !waited.is_zero() {
            let mut turn = Turn {
                limiter: self,
                key: Some(key),
            };
            tokio::time::sleep(waited).await;
            turn.key = None;
        }
        waited
    }

    fn give_back(&self, key: &Key) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            bucket.tokens += 1.0;
        }
    }

    /// AWS complained: half the pace, and nothing saved up.
    pub(super) fn slow_down(&self, who: &str, region: &str, call: &Call) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = buckets.iter_mut().filter(|(key, _)| {
            (who.is_empty() || key.who == who)
                && (region.is_empty() || key.region == region)
                && key.service == call.service
                && key.operation == call.operation
        });
        for (_, bucket) in mine {
            bucket.pace /= 2.0;
            bucket.tokens = bucket.tokens.min(0.0);
        }
    }
}

/// A turn that is waited for.
struct Turn<'a> {
    limiter: &'a Limiter,
    /// `None` once it was used.
    key: Option<&'a Key>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.limiter.give_back(key);
        }
    }
}

fn rate(call: &Call, pace: f64) -> f64 {
    (call.per_second * SHARE * pace).max(SLOWEST_PER_SECOND)
}

#[cfg(test)]
mod tests;
