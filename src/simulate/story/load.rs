//! Too many calls of our own: a scale-out, a loop of one caller, and retries after a fault of AWS.

use crate::simulate::job::{Job, Task};
use crate::simulate::script::NOWHERE;
use crate::simulate::stage::Stage;
use crate::simulate::world::{Retry, Work};
use serde_json::json;

/// Extra calls at most, so that a seed stays cheap.
const MOST: f64 = 30_000.0;

/// A limit well above what the place needs on a usual day.
fn limit(stage: &mut Stage, share_of_calls: f64) -> f64 {
    let usual = stage.per_second() * share_of_calls;
    (usual * stage.draw.real(4.0, 8.0))
        .max(stage.draw.real(2.0, 8.0))
        .round()
        .max(2.0)
}

/// Several callers pull at once after a scale-out, and run above the quota they share.
pub(super) fn quota_exhaustion(stage: &mut Stage) {
    let api = stage.draw.pick(&[
        "BatchGetImage",
        "GetDownloadUrlForLayer",
        "GetAuthorizationToken",
    ]);
    let limit = limit(stage, 0.4);
    stage.quota(api, limit);
    let over = stage.draw.log(1.3, 6.0);
    // Jobs a second; each makes one call of the API, or two layers' worth.
    let per_job = if api == "GetDownloadUrlForLayer" {
        2.0
    } else {
        1.0
    };
    let seconds = (stage.fault.1 - stage.fault.0) as f64;
    let calls_per_job = 4.0;
    let fits = (MOST / (limit * over / per_job * calls_per_job))
        .min(seconds)
        .max(120.0);
    stage.fault.1 = stage.fault.0 + fits as i64;
    let truth = stage.incident("throttle", "customer", "quota_exhaustion", 1.0 - 1.0 / over);
    stage.pending[truth].by_quota = true;
    let pullers = stage.callers(Work::Pull);
    let count = stage.draw.between(2, 5) as usize;
    let callers = stage.draw.some(&pullers, count);
    let (from, to) = stage.fault;
    for second in from..to {
        for _ in 0..stage.draw.poisson(limit * over / per_job) {
            let caller = stage.draw.pick(&callers);
            let one = &stage.world.callers[caller];
            let (repositories, retry) = (one.repositories.clone(), one.retry);
            let session = 1000 + stage.draw.below(300) as u32;
            let repository = stage.draw.pick(&repositories);
            let task = Task::Pull(api == "GetAuthorizationToken", 2);
            let job = Job::new(task, stage.place, caller, session, repository, retry);
            stage.script.extra.push((second, job));
        }
    }
    if stage.draw.chance(0.7) {
        let at = from - stage.draw.between(20, 400);
        match stage.draw.below(3) {
            0 => stage.change(
                at,
                "autoscaling.amazonaws.com",
                "UpdateAutoScalingGroup",
                json!({"autoScalingGroupName": "nodes", "desiredCapacity": 180}),
            ),
            1 => stage.change(
                at,
                "ecs.amazonaws.com",
                "UpdateService",
                json!({"service": "shop", "desiredCount": 300}),
            ),
            _ => stage.change(
                at,
                "eks.amazonaws.com",
                "UpdateNodegroupConfig",
                json!({"name": "batch", "scalingConfig": {"desiredSize": 150}}),
            ),
        }
    }
    stage.remove_if_blind(truth, &["quotas"]);
}

/// One caller loops without a pause, alone above the quota of all.
pub(super) fn retry_storm(stage: &mut Stage) {
    let api = stage
        .draw
        .pick(&["BatchGetImage", "GetAuthorizationToken", "DescribeImages"]);
    let limit = limit(stage, 0.4);
    stage.quota(api, limit);
    let over = stage.draw.log(1.4, 8.0);
    let seconds = (stage.fault.1 - stage.fault.0) as f64;
    let fits = (MOST / (limit * over)).min(seconds).max(120.0);
    stage.fault.1 = stage.fault.0 + fits as i64;
    let truth = stage.incident("throttle", "customer", "retry_storm", 1.0 - 1.0 / over);
    stage.pending[truth].by_quota = true;
    let work = stage.draw.pick(&[Work::Pull, Work::Push, Work::Scan]);
    let caller = stage.main_caller(work);
    let repository = if api == "GetAuthorizationToken" {
        NOWHERE
    } else {
        stage.world.callers[caller].repositories[0]
    };
    let workers = stage.draw.between(1, 4) as usize;
    let (from, to) = stage.fault;
    for second in from..to {
        for _ in 0..stage.draw.poisson(limit * over) {
            let session = stage.draw.below(workers) as u32;
            let job = Job::new(
                Task::One(api),
                stage.place,
                caller,
                session,
                repository,
                Retry::Not,
            );
            stage.script.extra.push((second, job));
        }
    }
}

/// AWS fails, clients try again, and the retries run into the quota.
pub(super) fn chain(stage: &mut Stage) {
    let api = "BatchGetImage";
    let share = stage.draw.real(0.4, 0.9);
    let fault = stage.incident("server_error", "aws", "aws_service_fault", share);
    let mut effect = stage.effect(fault, share).code("ServerException", "");
    effect.apis = vec!["GetAuthorizationToken", api, "GetDownloadUrlForLayer"];
    stage.script.effects.push(effect);
    let region = stage.world.places[stage.place].region;
    let span = stage.fault;
    let event = crate::simulate::health::Event::about(
        "ECR",
        region,
        "increased error rates for image pulls",
        span,
        &mut stage.draw,
    );
    stage.health.push(event);
    // Callers that lost their images ask again without a pause some minutes into the fault.
    let limit = limit(stage, 0.4);
    stage.quota(api, limit);
    let start = span.0 + ((span.1 - span.0) as f64 * stage.draw.real(0.1, 0.5)) as i64;
    let length = ((MOST / (limit * 3.0)) as i64)
        .min(span.1 + 600 - start)
        .max(180);
    stage.fault = (start, start + length);
    let throttled = stage.incident("throttle", "customer", "quota_exhaustion", 0.5);
    stage.pending[throttled].by_quota = true;
    stage.pending[throttled].also = vec!["retry_storm"];
    let pullers = stage.callers(Work::Pull);
    for second in stage.fault.0..stage.fault.1 {
        for _ in 0..stage.draw.poisson(limit * 2.0) {
            let caller = stage.draw.pick(&pullers);
            let one = &stage.world.callers[caller];
            let repository = one.repositories[0];
            let session = stage.draw.below(one.sessions as usize) as u32;
            let job = Job::new(
                Task::One(api),
                stage.place,
                caller,
                session,
                repository,
                Retry::Sdk(3, 1.0),
            );
            stage.script.extra.push((second, job));
        }
    }
    stage.fault = span;
}
