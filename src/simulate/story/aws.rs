//! AWS at fault: server errors or throttles for everybody, whoever calls, with a Health event that
//! may come late or never.

use crate::simulate::health::Event;
use crate::simulate::script::Outcome;
use crate::simulate::stage::Stage;

const PULL: [&str; 3] = [
    "GetAuthorizationToken",
    "BatchGetImage",
    "GetDownloadUrlForLayer",
];
const PUSH: [&str; 5] = [
    "BatchCheckLayerAvailability",
    "InitiateLayerUpload",
    "UploadLayerPart",
    "CompleteLayerUpload",
    "PutImage",
];

/// Places of the story's region: a regional fault does not ask for the account.
fn affected(stage: &Stage) -> Vec<usize> {
    let region = stage.world.places[stage.place].region;
    let mut places = vec![stage.place];
    for (index, place) in stage.world.places.iter().enumerate() {
        if place.region == region && index != stage.place {
            places.push(index);
        }
    }
    places
}

fn hit(stage: &mut Stage) -> (Vec<&'static str>, &'static str) {
    match stage.draw.below(10) {
        0..=2 => (Vec::new(), "increased error rates for all API requests"),
        3..=6 => (PULL.to_vec(), "increased error rates for image pulls"),
        7 | 8 => (PUSH.to_vec(), "increased error rates for image pushes"),
        _ => (
            vec!["BatchGetImage"],
            "increased error rates for image pulls",
        ),
    }
}

/// 5xx for a share of the calls of everybody.
pub(super) fn fault(stage: &mut Stage) {
    let share = stage.draw.log(0.05, 1.0);
    let (apis, what) = hit(stage);
    let codes = match stage.draw.below(4) {
        0 => vec![("ServerException", 1.0)],
        1 => vec![("InternalFailure", 1.0)],
        2 => vec![("ServerException", 0.7), ("ServiceUnavailable", 0.3)],
        _ => vec![
            ("ServerException", 0.6),
            ("InternalFailure", 0.3),
            ("ServiceUnavailable", 0.1),
        ],
    };
    let (ramp, wave) = match stage.draw.below(10) {
        0 | 1 => (stage.draw.between(2, 15), 0),
        2 => (0, stage.draw.between(4, 9)),
        _ => (0, 0),
    };
    spread(
        stage,
        "server_error",
        "aws_service_fault",
        share,
        &apis,
        &codes,
        (ramp, wave),
        what,
    );
    let truth = stage.pending.len();
    if stage.blind {
        // Spread alone is one leg: without Health, quotas and metrics there is no second.
        stage.removed.extend(["health", "quotas", "metrics"]);
        for pending in &mut stage.pending[..truth] {
            pending.decidable &= pending.cause != "aws_service_fault";
        }
    }
}

/// Throttles far below the quota for a share of the calls of everybody.
pub(super) fn throttling(stage: &mut Stage) {
    let share = stage.draw.log(0.05, 1.0);
    let (apis, _) = hit(stage);
    let codes = [("ThrottlingException", 1.0)];
    let what = "increased throttling of API requests";
    spread(
        stage,
        "throttle",
        "aws_side_throttling",
        share,
        &apis,
        &codes,
        (0, 0),
        what,
    );
    if stage.blind {
        stage.removed.push("quotas");
        for pending in &mut stage.pending {
            pending.decidable &= pending.cause != "aws_side_throttling";
        }
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one caller each; a struct would only rename them"
)]
fn spread(
    stage: &mut Stage,
    signal: &'static str,
    cause: &'static str,
    share: f64,
    apis: &[&'static str],
    codes: &[(&'static str, f64)],
    (ramp, wave): (i64, i64),
    what: &'static str,
) {
    let home = stage.place;
    for place in affected(stage) {
        stage.place = place;
        let truth = stage.incident(signal, "aws", cause, share);
        let mut effect = stage.effect(truth, share);
        effect.apis = apis.to_vec();
        effect.outcome = Outcome::Fail(codes.to_vec());
        effect.ramp = ramp;
        effect.wave = wave;
        stage.script.effects.push(effect);
    }
    stage.place = home;
    let region = stage.world.places[home].region;
    let fault = stage.fault;
    let service = match stage.draw.below(10) {
        0 => return,
        1 => "MULTIPLE_SERVICES",
        _ => "ECR",
    };
    let event = Event::about(service, region, what, fault, &mut stage.draw);
    stage.health.push(event);
}
