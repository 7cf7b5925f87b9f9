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

fn rate(call: &Call, pace: f64) -> f64 {
    (call.per_second * SHARE * pace).max(SLOWEST_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::known;

    fn key() -> Key {
        Key {
            who: "A".to_owned(),
            region: "us-east-1".to_owned(),
            service: "cloudtrail".to_owned(),
            operation: "LookupEvents".to_owned(),
        }
    }

    #[test]
    fn a_minute_holds_a_quarter_of_the_documented_calls() {
        let call = known::call("cloudtrail", "LookupEvents");
        let limiter = Limiter::default();
        let start = Instant::now();
        let mut now = start;
        let mut sent = 0;
        while now < start + Duration::from_secs(60) {
            now += limiter.turn(&key(), call, now);
            sent += 1;
        }
        // 2 a second are documented, so 0.5 a second and the burst of one are ours.
        assert!((30..=32).contains(&sent), "{sent}");
    }

    #[test]
    fn a_complaint_halves_the_pace_and_time_heals_it() {
        let call = known::call("cloudtrail", "LookupEvents");
        let limiter = Limiter::default();
        let now = Instant::now();
        assert_eq!(limiter.turn(&key(), call, now), Duration::ZERO);
        limiter.slow_down("", "", call);
        let slowed = limiter.turn(&key(), call, now);
        assert!(slowed > Duration::from_secs(3), "{slowed:?}");
        for step in 1..30 {
            limiter.turn(&key(), call, now + Duration::from_secs(100 * step));
        }
        let later = now + Duration::from_secs(4_000);
        limiter.turn(&key(), call, later);
        assert!(limiter.turn(&key(), call, later) <= Duration::from_secs(2));
    }

    #[test]
    fn places_do_not_share_a_bucket() {
        let call = known::call("cloudtrail", "LookupEvents");
        let limiter = Limiter::default();
        let now = Instant::now();
        let other = Key {
            region: "eu-west-1".to_owned(),
            ..key()
        };
        assert_eq!(limiter.turn(&key(), call, now), Duration::ZERO);
        assert_eq!(limiter.turn(&other, call, now), Duration::ZERO);
        assert!(limiter.turn(&key(), call, now) > Duration::ZERO);
    }
}
