//! The token bucket, its spreads, and quotas that must not be taken.

use super::*;
use crate::analyze::stage;

fn one(limit: Option<f64>, series: SecondSeries) -> QuotaReplay {
    let mut facts = stage::facts();
    facts.quotas = limit
        .map(|value| stage::quota("BatchGetImage", value))
        .into_iter()
        .collect();
    let profile = Profile {
        seconds: vec![series],
        consumers: [
            (
                "BatchGetImage",
                vec![("a".to_owned(), 90), ("b".to_owned(), 10)],
            ),
            ("PutImage", vec![("c".to_owned(), 500)]),
        ]
        .map(|(api, who)| (api.to_owned(), who))
        .into(),
        ..Profile::default()
    };
    replays(&facts, &stage::place(), &profile).pop().unwrap()
}

#[test]
fn a_sustained_burst_is_throttled_above_the_refill() {
    // 30 per second for 10 s at 20: the full bucket pays the first 10 over, then 10 per second.
    let replay = one(Some(20.0), stage::seconds("BatchGetImage", 10, 30, 8));
    assert_eq!(replay.modelled_throttles, 80);
    assert_eq!(replay.observed_throttles, 80);
    assert_eq!((replay.peak_per_s, replay.seconds_over), (30, 10));
    assert_eq!(replay.peak_factor, Some(1.5));
    let (spread, avoided) = replay.spread.unwrap();
    assert_eq!(spread, 30);
    assert!(avoided > 0.95);
    // Only those of the API itself.
    assert_eq!(
        replay.consumers,
        [("a".to_owned(), 90), ("b".to_owned(), 10)]
    );
    assert_eq!(replay.code, "L-16E70933");
    assert!(replay.basis.contains("assumed"));
}

#[test]
fn below_the_quota_nothing_is_modelled() {
    let replay = one(Some(100.0), stage::seconds("BatchGetImage", 10, 30, 8));
    assert_eq!((replay.modelled_throttles, replay.seconds_over), (0, 0));
    assert_eq!(replay.spread, None);
}

#[test]
fn an_unknown_quota_stays_unknown() {
    let replay = one(None, stage::seconds("BatchGetImage", 10, 30, 8));
    assert_eq!(replay.limit_per_s, None);
    assert_eq!(replay.peak_factor, None);
    assert_eq!(replay.basis, "unknown: not collected");
    assert_eq!(replay.modelled_throttles, 0);
    let other = one(None, stage::seconds("DescribeParameters", 10, 30, 8));
    assert_eq!(other.code, "");
}

#[test]
fn an_idle_second_refills_the_bucket() {
    let bursts: Vec<(i64, f64)> = (0..5).map(|n| (n * 2, 40.0)).collect();
    assert_eq!(rejected(&bursts, 20.0), 0.0);
    let run: Vec<(i64, f64)> = (0..5).map(|n| (n, 40.0)).collect();
    assert_eq!(rejected(&run, 20.0), 80.0);
}

#[test]
fn a_quota_of_another_region_account_or_kind_is_not_taken() {
    let mut facts = stage::facts();
    let mut other = stage::quota("BatchGetImage", 1.0);
    other.region = Some("us-east-1".into());
    let mut resource = stage::quota("BatchGetImage", 1.0);
    resource.per_seconds = None;
    let mut zero = stage::quota("BatchGetImage", 0.0);
    zero.region = None;
    facts.quotas = vec![other, resource, zero];
    assert!(quota_of(&facts, &stage::place(), "BatchGetImage").is_none());
    let mut wide = stage::quota("BatchGetImage", 7.0);
    wide.region = None;
    wide.account = None;
    facts.quotas.push(wide);
    facts.quotas.push(stage::quota("BatchGetImage", 9.0));
    let value = quota_of(&facts, &stage::place(), "BatchGetImage")
        .unwrap()
        .value;
    assert_eq!(value, 9.0);
}

#[test]
fn a_spread_that_cannot_help_enough_says_how_much_it_avoids() {
    // An hour at twice the quota cannot be spread away in five minutes.
    let replay = one(Some(10.0), stage::seconds("BatchGetImage", 3600, 20, 10));
    let (spread, avoided) = replay.spread.unwrap();
    assert_eq!(spread, 300);
    assert!(avoided < 0.95, "{avoided}");
}
