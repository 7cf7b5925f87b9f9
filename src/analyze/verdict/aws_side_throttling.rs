//! Throttling by AWS although the account stayed far below its own, fetched quota. Without the quota
//! nobody can say so, and this cause is out.

use super::card::Card;
use super::fill;
use super::scene::{FAR_BELOW, MOST_THROTTLES, Scene};
use super::shared;
use crate::analyze::control::sharing;
use crate::analyze::status;
use crate::analyze::types::{Confidence, QuotaReplay};
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;

/// Share of the throttles on APIs far below their quota that is enough where other APIs have no known
/// quota: a third of them and more than a handful is no accident of a few calls.
const LISTED: f64 = 1.0 / 3.0;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "aws_side_throttling";
    if scene.class() != Some(Class::Throttle) {
        return Card::foreign(
            cause,
            format!("it is about throttles; {}.", scene.signal_words()),
        );
    }
    let mut card = Card::new(cause);
    headroom(scene, &mut card);
    // The rest is weighed even without the quota, so that the answer can say what is there.
    let callers = &scene.principals;
    if callers.confined() {
        card.block(super::rulebook::render(
            "{part} of {whole} throttles hit one principal, {name}, while {others} made {rest_calls} of the same calls with {rest_failures} throttles.",
            &fill::of_breadth(callers),
        ));
    }
    shared::needs_a_past(scene, &mut card);
    shared::needs_failures(scene, &mut card);
    let trail = scene.cite(Noun::Trail);
    shared::spread_over_callers(scene, &mut card, "spread_full");
    let regions = sharing(&scene.profile.controls, "region");
    if !regions.is_empty() {
        card.hold("sibling_region", &fill::of_groups(&regions), trail.clone());
    }
    let accounts = sharing(&scene.profile.controls, "account");
    if !accounts.is_empty() {
        card.hold(
            "several_accounts",
            &fill::of_groups(&accounts),
            trail.clone(),
        );
    }
    shared::health_for_aws(scene, &mut card);
    shared::own_change_against(scene, &mut card);
    shared::echoes(scene, &mut card);
    if scene.volume.rose_first() {
        shared::volume_first(scene, &mut card);
    } else if scene.volume.steady() {
        card.hold("flat_volume", &fill::of_volume(scene), trail);
    }
    if let Some((share, _)) = status::coverage(scene.facts)
        && share < status::GOOD_COVERAGE
    {
        card.hold(
            "poor_coverage",
            &[("coverage", words::percent(share))],
            scene.cite(Noun::Metrics),
        );
    }
    card
}

/// APIs near their limit can explain their own throttles and no others: when most throttles are on
/// APIs far below theirs, the nearest of those decides. Without the limits nobody can say anything.
fn headroom(scene: &Scene<'_>, card: &mut Card) {
    let mut measured: Vec<(f64, &QuotaReplay)> = scene
        .throttled()
        .filter_map(|replay| replay.peak_factor.map(|factor| (factor, replay)))
        .collect();
    measured.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.api.cmp(&b.1.api)));
    let throttles = |of: &[(f64, &QuotaReplay)]| -> u64 {
        of.iter().map(|(_, replay)| replay.observed_throttles).sum()
    };
    let all: u64 = scene.throttled().map(|r| r.observed_throttles).sum();
    let far = measured.partition_point(|(factor, _)| *factor < FAR_BELOW);
    let low = measured.get(..far).unwrap_or_default();
    let most = |part: u64, whole: u64| part as f64 >= MOST_THROTTLES * whole as f64;
    // Some APIs have a quota that Service Quotas does not list. Their throttles say nothing, for AWS nor
    // for us: enough others have to speak.
    let speak = most(throttles(&measured), all)
        || (throttles(low) >= shared::FEWEST_TO_BLAME
            && throttles(low) as f64 >= LISTED * all as f64);
    let silent = all == 0 && scene.limits_known();
    if !speak && !silent {
        card.block(
            "the quota of a throttled API is not known, so nobody can say that the calls were below it.",
        );
        return;
    }
    let mostly = most(throttles(low), throttles(&measured));
    let nearest = if mostly { low.last() } else { None };
    let Some(&(factor, replay)) = nearest.or(measured.last()) else {
        card.block("no second with throttled calls was seen.");
        return;
    };
    let unlisted: Vec<&str> = scene
        .throttled()
        .filter(|replay| replay.limit_per_s.is_none())
        .map(|replay| replay.api.as_str())
        .collect();
    let nearer: Vec<String> = measured
        .iter()
        .filter(|(other, _)| *other >= FAR_BELOW)
        .map(|(other, replay)| format!("{} {}", replay.api, words::percent(*other)))
        .collect();
    let limit = words::number(replay.limit_per_s.unwrap_or_default());
    // Calls the trail does not hold were arrivals too: a rate is only known to be low when the trail
    // is known to be whole. Without that only AWS's own word for the place and time stands in, and
    // then for a weak answer; a count that puts the whole load above the quota overrules it.
    let coverage = status::coverage(scene.facts).map(|(share, _)| share);
    let whole_load = coverage.map(|share| factor / share.clamp(0.01, 1.0));
    let is_checked = whole_load.is_some_and(|load| load < FAR_BELOW);
    let confirmed = scene.strong_health().is_some() && whole_load.is_none_or(|load| load < 1.0);
    if !is_checked && !confirmed && factor < FAR_BELOW {
        card.block(match coverage {
            None => "CallCount was not collected, so nobody can say that the trail holds all calls that counted against the quota.".to_owned(),
            Some(share) => format!(
                "{} reached {} of its quota of {limit} per second in a trail that holds {} of the calls CloudWatch counted; the whole load may have been near it.",
                replay.api,
                words::percent(factor),
                words::percent(share),
            ),
        });
        return;
    }
    if factor >= FAR_BELOW {
        card.block(format!(
            "{} reached {} of its quota of {limit} per second, too near to call the load small.",
            replay.api,
            words::percent(factor),
        ));
        return;
    }
    if !is_checked {
        card.cap(Confidence::Low);
        if coverage.is_none() {
            card.hold("unchecked", &[], scene.cite(Noun::Trail));
        }
    }
    let mut evidence = scene.cite(Noun::Trail);
    evidence.extend(Some(replay.evidence.clone()).filter(|id| !id.is_empty()));
    card.hold(
        "headroom",
        &[
            ("failures", words::count(scene.numbers.failures)),
            ("api", replay.api.clone()),
            ("peak", words::count(u64::from(replay.peak_per_s))),
            ("factor", words::percent(factor)),
            ("limit", limit),
            (
                "which",
                match (nearer.is_empty(), unlisted.is_empty()) {
                    (true, true) => ", the API nearest to its limit,".to_owned(),
                    (true, false) => ", of those with a known limit the nearest to it,".to_owned(),
                    (false, _) => String::new(),
                },
            ),
            (
                "nearer",
                [
                    (!nearer.is_empty()).then(|| {
                        format!(
                            "; most of the throttles with a known limit were not on those that came nearer ({})",
                            nearer.join(", ")
                        )
                    }),
                    (!unlisted.is_empty()).then(|| {
                        format!(
                            "; {} of the throttles were on APIs whose limit is not known ({})",
                            words::count(all.saturating_sub(throttles(&measured))),
                            words::list(unlisted.iter().copied(), 4)
                        )
                    }),
                ]
                .into_iter()
                .flatten()
                .collect(),
            ),
        ],
        evidence,
    );
}
