//! Rules that several hypotheses share: what Health says, own changes, echoes of a fault.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use crate::analyze::cite;
use crate::analyze::health;
use crate::analyze::types::{ChangeCandidate, Confidence, QuotaReplay};
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::facts::types::Relation;

/// A change counts as right before the onset up to this many seconds: half an hour.
pub(super) const RIGHT_BEFORE_S: i64 = 1800;

/// Health for a cause on the AWS side: the leg, the support of a dependency, or the silence.
pub(super) fn health_for_aws(scene: &Scene<'_>, card: &mut Card) {
    if let Some(link) = scene.strong_health() {
        card.hold(
            "health_match",
            &fill::of_health(link),
            vec![link.matched.evidence.clone()],
        );
    } else if let Some(link) = scene
        .leads
        .health
        .iter()
        .find(|link| link.relation == Relation::Dependency)
    {
        card.hold(
            "health_dependency",
            &fill::of_health(link),
            vec![link.matched.evidence.clone()],
        );
    } else if health::was_read(scene.facts) {
        card.hold(
            "health_silent",
            &fill::of_incident(scene),
            scene.cite(Noun::Health),
        );
    } else {
        card.hold("health_missing", &fill::of_incident(scene), Vec::new());
    }
}

/// Health against a cause on the customer's side: said, but of no points, since other callers were
/// not affected. Only the account's own Health answer limits the confidence, because only its
/// absence limits it too: dropping a source must never make the answer surer.
pub(super) fn health_for_customer(scene: &Scene<'_>, card: &mut Card) {
    if let Some(link) = scene.strong_health() {
        let rule = if link.from_health || !card.has_rule("status_match") {
            "health_match"
        } else {
            "status_match"
        };
        card.hold(
            rule,
            &fill::of_health(link),
            vec![link.matched.evidence.clone()],
        );
    }
}

/// Own changes that succeeded and come right before the onset, of the kinds given (all when empty).
pub(super) fn changes_before<'a>(
    scene: &Scene<'a>,
    kinds: &[String],
    within_s: i64,
) -> Vec<&'a ChangeCandidate> {
    scene
        .leads
        .changes
        .iter()
        .filter(|candidate| candidate.change.error_code.is_empty())
        .filter(|candidate| candidate.lead_s <= within_s)
        .filter(|candidate| kinds.is_empty() || kinds.contains(&candidate.change.kind))
        .collect()
}

/// An own change that can explain a failure blamed on AWS. It does not sink the cause, but it takes
/// the quiet of our own side away and limits the confidence.
pub(super) fn own_change_against(scene: &Scene<'_>, card: &mut Card) -> bool {
    let changes = changes_before(scene, &[], RIGHT_BEFORE_S);
    let explains = |touches: bool| {
        changes
            .iter()
            .find(|candidate| candidate.explains && candidate.touches == touches)
    };
    if let Some(candidate) = explains(true) {
        card.hold(
            "own_change",
            &fill::of_change(candidate),
            fill::change_evidence(scene),
        );
        return true;
    }
    if let Some(candidate) = explains(false) {
        if card.has_rule("possible_change") {
            card.hold(
                "possible_change",
                &fill::of_change(candidate),
                fill::change_evidence(scene),
            );
        } else {
            card.hold(
                "own_change",
                &fill::of_change(candidate),
                fill::change_evidence(scene),
            );
        }
    }
    false
}

/// Our calls rose before the failures: a reason against AWS, unless even the whole load stayed far below
/// its quotas. A push of twenty layers is a rise in a quiet registry and no burden to AWS.
pub(super) fn volume_first(scene: &Scene<'_>, card: &mut Card) {
    let mut fill = fill::of_volume(scene);
    let mut evidence = scene.cite(Noun::Trail);
    let Some(load) = scene.small_load() else {
        card.hold("volume_first", &fill, evidence);
        return;
    };
    evidence.extend(scene.cite(Noun::Quotas));
    evidence.extend(scene.cite(Noun::Metrics));
    fill.push(("factor", words::percent(load)));
    card.hold("volume_small", &fill, evidence);
}

/// Errors of AWS come in short bursts on good days too. Without prior days to know how large, and without
/// a Health event, a short and moderate burst is not called an outage.
pub(super) fn needs_a_past(scene: &Scene<'_>, card: &mut Card) {
    let short = scene.draft.span.minutes() <= USUAL_BURST_MINUTES;
    if short && !scene.calibrated() && scene.strong_health().is_none() {
        card.block(
            "fewer than three prior days were read, so a burst as short and moderate as this may be usual here.",
        );
    }
}

/// A handful of failures tells that something failed, not who. Without a Health event that names ECR, AWS
/// is not blamed for it.
pub(super) fn needs_failures(scene: &Scene<'_>, card: &mut Card) {
    if scene.numbers.failures < FEWEST_TO_BLAME && scene.strong_health().is_none() {
        card.block(format!(
            "only {} calls failed, too few to say that AWS failed them.",
            words::count(scene.numbers.failures)
        ));
    }
}

/// What the detection asks for where no prior day is known (`floor_uncalibrated` of
/// `queries/detect/thresholds.toml`); to blame somebody it is asked for always.
pub(super) const FEWEST_TO_BLAME: u64 = 8;

/// Background errors that come together last about ten minutes, and now and then a few such spells
/// follow each other; four in a row are no longer background.
const USUAL_BURST_MINUTES: i64 = 40;

/// How the failures are spread over callers: a leg, a weak leg, or a reason against.
pub(super) fn spread_over_callers(scene: &Scene<'_>, card: &mut Card, wide: &str) {
    let callers = &scene.principals;
    let trail = scene.cite(Noun::Trail);
    if callers.wide() {
        card.hold(wide, &fill::of_breadth(callers), trail);
    } else if callers.tested >= 3 || (callers.comparable && callers.failing < 2) {
        card.hold("uneven", &fill::of_breadth(callers), trail);
    } else if callers.failing > 0 && callers.similar.len() as u64 == callers.tested {
        card.hold("all_of_few", &fill::of_breadth(callers), trail);
        // One caller may always be the reason itself; two agree at least with each other.
        card.cap(if callers.failing == 1 {
            Confidence::Low
        } else {
            Confidence::Medium
        });
    }
}

/// Sentences on faults this may be the echo of.
pub(super) fn echoes(scene: &Scene<'_>, card: &mut Card) {
    for text in scene.leads.echo_of {
        card.hold("echo", &[("echo", text.clone())], scene.cite(Noun::Trail));
    }
}

/// Other services of the trail that went on, as a leg of a cause of volume.
pub(super) fn others_continue(scene: &Scene<'_>, card: &mut Card) {
    if !scene.others_continue() {
        return;
    }
    let (before, during) = scene.other_services().unwrap_or_default();
    let names = format!("{during} records during, {before} in as long a time before");
    card.hold(
        "others_continue",
        &[("names", names)],
        cite::other_services(scene.facts),
    );
}

/// The model explains the throttles when it yields at least this share of them: the real bucket may
/// be deeper than assumed, so more modelled than observed is no contradiction.
const EXPLAINED: f64 = 1.0 / 3.0;

/// Whether the quota, replayed over the calls, explains the throttles of an API.
pub(super) fn is_modelled(replay: &QuotaReplay) -> bool {
    replay.modelled_throttles as f64 >= EXPLAINED * replay.observed_throttles as f64
}

/// What the volume says for an own load. A rise that failures came before may be their retries; but where
/// the quota explains the throttles, it was above it by its own doing: a few calls in one second are
/// enough for that, long before a minute shows a rise.
pub(super) fn rise(scene: &Scene<'_>, card: &mut Card, flat: &str) {
    let trail = scene.cite(Noun::Trail);
    let fill = fill::of_volume(scene);
    if scene.volume.rose() {
        card.hold("volume_rise", &fill, trail);
        return;
    }
    let over = scene
        .throttled()
        .filter(|replay| replay.peak_factor.is_some_and(|factor| factor >= 1.0))
        .max_by_key(|replay| (replay.observed_throttles, std::cmp::Reverse(&replay.api)));
    match over.filter(|replay| scene.volume.follows && is_modelled(replay)) {
        Some(replay) => {
            let mut evidence = trail;
            evidence.extend(Some(replay.evidence.clone()).filter(|id| !id.is_empty()));
            let model = vec![
                ("api", replay.api.clone()),
                ("modelled", words::count(replay.modelled_throttles)),
                ("observed", words::count(replay.observed_throttles)),
            ];
            card.hold("rise_modelled", &fill::join([fill, model]), evidence);
        }
        None if scene.volume.no_rise() => card.hold(flat, &fill, trail),
        None => {}
    }
}
