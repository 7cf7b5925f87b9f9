//! A quarter of the rate, less after a complaint, and no turn that is taken in vain.

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
fn a_turn_that_nobody_waits_for_is_given_back() {
    let call = known::call("cloudtrail", "LookupEvents");
    let limiter = Limiter::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        assert_eq!(limiter.wait(&key(), call).await, Duration::ZERO);
        for _ in 0..20 {
            let tired = Duration::from_millis(1);
            let waited = tokio::time::timeout(tired, limiter.wait(&key(), call)).await;
            assert!(waited.is_err());
        }
    });
    // Twenty turns at one in two seconds would be forty seconds.
    let next = limiter.turn(&key(), call, Instant::now());
    assert!(next <= Duration::from_secs(2), "{next:?}");
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
