//! Mistakes with images, limits, clients and caches, and troubles that nobody can explain.

use super::access::arn_of;
use crate::simulate::job::{Job, Task};
use crate::simulate::stage::Stage;
use crate::simulate::world::{Retry, Work};
use serde_json::json;

/// The repository most pulls of the place go to, among those of its own.
fn busiest(stage: &mut Stage) -> u16 {
    let caller = stage.main_caller(Work::Pull);
    let used = stage.world.callers[caller].repositories.clone();
    let own: Vec<u16> = used
        .into_iter()
        .filter(|repository| !stage.world.cached.contains(repository))
        .collect();
    stage.draw.pick(&own)
}

/// Images that services still pull are deleted or expired.
pub(super) fn image_removed(stage: &mut Stage) {
    let repository = busiest(stage);
    let name = stage.world.repositories[usize::from(repository)].clone();
    let account = stage.world.places[stage.place].account.clone();
    let arn = arn_of(stage, repository);
    let variant = stage.draw.below(3);
    let share = if variant == 1 {
        1.0
    } else {
        stage.draw.real(0.3, 1.0)
    };
    let truth = stage.incident("not_found", "customer", "image_removed", share);
    let mut effect = stage.effect(truth, share);
    effect.apis = vec!["BatchGetImage"];
    effect.repositories = vec![repository];
    let at = stage.fault.0 - stage.draw.between(1, 20);
    let effect = match variant {
        0 => {
            stage.change(at, "ecr.amazonaws.com", "BatchDeleteImage", json!({"registryId": account, "repositoryName": name, "imageIds": [{"imageTag": "stable"}]}));
            effect.code("ImageNotFoundException", "")
        }
        1 => {
            stage.change(
                at,
                "ecr.amazonaws.com",
                "DeleteRepository",
                json!({"registryId": account, "repositoryName": name, "force": true}),
            );
            effect.code("RepositoryNotFoundException", "")
        }
        _ => {
            stage.change(
                at,
                "ecr.amazonaws.com",
                "PutLifecyclePolicy",
                json!({"registryId": account, "repositoryName": name}),
            );
            stage.change(
                at,
                "ecr.amazonaws.com",
                "PolicyExecutionEvent",
                json!({"repositoryName": name, "repositoryArn": arn}),
            );
            effect.code("ImageNotFoundException", "")
        }
    };
    stage.script.effects.push(effect);
    stage.remove_if_blind(truth, &["changes"]);
}

/// A limit on the number of things is reached.
pub(super) fn resource_quota(stage: &mut Stage) {
    let caller = stage.main_caller(Work::Push);
    let truth = stage.incident("resource_quota", "customer", "resource_quota", 1.0);
    let mut effect = stage.effect(truth, 1.0);
    effect.apis = vec!["PutImage"];
    let all = stage.draw.chance(0.4);
    if !all {
        effect.callers = vec![caller];
    }
    let effect = effect.code(
        "LimitExceededException",
        "The repository with name '{repository}' in the registry with id '{account}' already has the maximum allowed number of images which is '100000'",
    );
    stage.script.effects.push(effect);
}

/// A pull-through cache cannot read its upstream.
pub(super) fn upstream_registry(stage: &mut Stage) {
    let share = stage.draw.real(0.3, 1.0);
    let truth = stage.incident("dependency", "third_party", "upstream_registry", share);
    // Somebody has to use the cache.
    let cached = stage.world.cached.clone();
    for caller in stage.callers(Work::Pull) {
        let one = &mut stage.world.callers[caller];
        if !one.repositories.iter().any(|r| cached.contains(r)) {
            one.repositories.push(cached[caller % cached.len()]);
        }
    }
    let message = stage.draw.pick(&[
        "The upstream registry 'registry-1.docker.io' returned 503 Service Unavailable",
        "toomanyrequests: You have reached your pull rate limit on the upstream registry",
        "Unable to reach the upstream registry 'registry-1.docker.io': connection timed out",
    ]);
    let mut effect = stage
        .effect(truth, share)
        .code("UnableToGetUpstreamImageException", message);
    effect.repositories = cached;
    effect.apis = vec!["BatchGetImage"];
    stage.script.effects.push(effect);
}

/// One caller is set up wrongly, mostly by a change of its own.
pub(super) fn caller_configuration(stage: &mut Stage) {
    let (from, _) = stage.fault;
    let variant = stage.draw.below(5);
    match variant {
        0 => {
            // A missing permission of the scanner's linked role surfaces as AWS's own fault.
            let caller = stage.main_caller(Work::Push);
            let truth = stage.incident("server_error", "customer", "caller_configuration", 0.9);
            let share = stage.draw.real(0.5, 1.0);
            let mut effect = stage.effect(truth, share).code("ServerException", "");
            effect.callers = vec![caller];
            effect.apis = vec!["PutImage", "CompleteLayerUpload"];
            stage.script.effects.push(effect);
            let role = stage.world.callers[caller].name.clone();
            let at = from - stage.draw.between(10, 500);
            stage.change(
                at,
                "ecr.amazonaws.com",
                "PutRegistryScanningConfiguration",
                json!({"scanType": "ENHANCED", "rules": [{"scanFrequency": "CONTINUOUS_SCAN"}]}),
            );
            let own = stage.draw.chance(0.5);
            if let Some(change) = stage.changes.last_mut().filter(|_| own) {
                change.role = role;
            }
            stage.remove_if_blind(truth, &["changes"]);
        }
        1 => {
            let caller = stage.main_caller(Work::Push);
            let truth = stage.incident("denied", "customer", "caller_configuration", 1.0);
            let code = stage.draw.pick(&[
                "ExpiredTokenException",
                "UnrecognizedClientException",
                "InvalidClientTokenId",
            ]);
            let mut effect = stage.effect(truth, 1.0).code(
                code,
                "The security token included in the request is expired or invalid.",
            );
            effect.callers = vec![caller];
            stage.script.effects.push(effect);
        }
        2 => {
            let caller = stage.main_caller(Work::Push);
            let truth = stage.incident("client_error", "customer", "caller_configuration", 1.0);
            let code = stage.draw.pick(&[
                "InvalidLayerPartException",
                "InvalidParameterException",
                "LayerPartTooSmallException",
            ]);
            let share = stage.draw.real(0.6, 1.0);
            let mut effect = stage.effect(truth, share).code(
                code,
                "Invalid parameter at 'partFirstByte' failed to satisfy constraint",
            );
            effect.callers = vec![caller];
            effect.apis = vec!["UploadLayerPart", "CompleteLayerUpload"];
            stage.script.effects.push(effect);
        }
        3 => {
            // A deployment asks for a tag that was never pushed.
            let caller = stage.main_caller(Work::Pull);
            let truth = stage.incident("not_found", "customer", "caller_configuration", 1.0);
            let mut effect = stage.effect(truth, 1.0).code("ImageNotFoundException", "");
            effect.callers = vec![caller];
            effect.apis = vec!["BatchGetImage"];
            stage.script.effects.push(effect);
            let at = from - stage.draw.between(20, 200);
            let role = stage.world.callers[caller].name.clone();
            stage.change(
                at,
                "ecs.amazonaws.com",
                "UpdateService",
                json!({"service": "shop", "taskDefinition": "shop:92", "executionRole": role}),
            );
        }
        _ => {
            // Tags were made immutable; one pipeline pushes `latest`.
            let caller = stage.main_caller(Work::Push);
            let truth = stage.incident("client_error", "customer", "caller_configuration", 1.0);
            let repository = stage.world.callers[caller].repositories[0];
            let name = stage.world.repositories[usize::from(repository)].clone();
            let mut effect = stage.effect(truth, 1.0).code("ImageTagAlreadyExistsException", "The image tag 'latest' already exists in the '{repository}' repository and cannot be overwritten because the repository is immutable.");
            effect.callers = vec![caller];
            effect.repositories = vec![repository];
            effect.apis = vec!["PutImage"];
            stage.script.effects.push(effect);
            let at = from - stage.draw.between(5, 100);
            stage.change(
                at,
                "ecr.amazonaws.com",
                "PutImageTagMutability",
                json!({"repositoryName": name, "imageTagMutability": "IMMUTABLE"}),
            );
        }
    }
}

/// Troubles whose evidence carries no cause: faults of one repository or one caller without any
/// change, and codes nobody knows.
pub(super) fn undetermined(stage: &mut Stage) {
    let share = stage.draw.real(0.3, 1.0);
    match stage.draw.below(3) {
        0 => {
            let repository = busiest(stage);
            let truth = stage.incident("server_error", "undetermined", "undetermined", share);
            let mut effect = stage.effect(truth, share).code("ServerException", "");
            effect.repositories = vec![repository];
            stage.script.effects.push(effect);
        }
        1 => {
            let caller = stage.main_caller(Work::Pull);
            let truth = stage.incident("server_error", "undetermined", "undetermined", share);
            let mut effect = stage.effect(truth, share).code("InternalFailure", "");
            effect.callers = vec![caller];
            stage.script.effects.push(effect);
        }
        _ => {
            let truth = stage.incident("client_error", "undetermined", "undetermined", share);
            let mut effect = stage.effect(truth, share).code("RegistryMoodException", "");
            effect.apis = vec!["BatchGetImage", "GetDownloadUrlForLayer"];
            stage.script.effects.push(effect);
        }
    }
}

/// A storm of benign not-found answers: a plan over and over.
pub(super) fn terraform_storm(stage: &mut Stage) {
    let Some(caller) = stage.callers(Work::Plan).first().copied() else {
        return;
    };
    let start = stage.fault.0 + stage.draw.between(-1800, 1800);
    let own = stage.world.repositories.len() - stage.world.cached.len();
    for second in 0..stage.draw.between(60, 900) {
        let repository = stage.draw.below(own) as u16;
        let job = Job::new(
            Task::One("GetRepositoryPolicy"),
            stage.place,
            caller,
            0,
            repository,
            Retry::Not,
        );
        let at = start + second;
        stage
            .script
            .extra
            .push((at, job.doomed("RepositoryPolicyNotFoundException")));
    }
}
