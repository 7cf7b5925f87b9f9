//! Stories in which the account did it to itself: more calls than its quota, a caller that cannot
//! stop, a policy, a key, a repository, a client.

use super::answers::{DEFAULT_LIMITS, Event};
use super::record::{ACCOUNT, Call, Path as Door, Who, at, failure};
use super::scene::{Buckets, Scene};
use super::traffic::{CI, Job, Pace, SCANNER, call, denied, node, pull_steps, push_steps};
use serde_json::{Value, json};
use std::io;
use std::path::Path;

const EVERYDAY: Pace = Pace {
    region: "us-east-1",
    pulls: 0.8,
    pushes: 0.05,
    others: 0.3,
};

/// A write by an administrator.
fn change(
    time: &str,
    region: &'static str,
    source: &'static str,
    api: &'static str,
    parameters: Value,
) -> Call {
    let mut made = call(
        at(time),
        region,
        Who::Role("AWSReservedSSO_PlatformAdmin_3f9a1c7e5b2d4f60"),
        "dana.rivera@example.com",
    );
    made.source = source;
    made.api = api;
    made.agent = CI;
    made.parameters = Some(parameters);
    made
}

/// 170 new nodes pull four images each within minutes; two quotas are too small for that.
pub(crate) fn scale_out(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "quota_exhaustion_scale_out",
        ("2026-06-16T15:00:00Z", "2026-06-16T18:00:00Z"),
        4,
        &[Pace {
            pulls: 0.6,
            ..EVERYDAY
        }],
    );
    scene.fixed.push(change(
        "2026-06-16T16:01:12Z",
        "us-east-1",
        "autoscaling.amazonaws.com",
        "UpdateAutoScalingGroup",
        json!({"autoScalingGroupName": "platform-nodes", "desiredCapacity": 140, "maxSize": 200}),
    ));
    scene.fixed.push(change(
        "2026-06-16T16:01:40Z",
        "us-east-1",
        "autoscaling.amazonaws.com",
        "SetDesiredCapacity",
        json!({"autoScalingGroupName": "batch-nodes", "desiredCapacity": 60, "honorCooldown": false}),
    ));
    let images = ["team/web", "team/api", "platform/base", "platform/sidecar"];
    let burst = (at("2026-06-16T16:03:20Z"), at("2026-06-16T16:06:20Z"));
    scene.once(burst, 170 * images.len(), |index, at, draw| {
        let (role, number) = if index % 4 == 3 {
            ("batch-node", 600 + index / 4)
        } else {
            ("platform-node", 600 + index / 4)
        };
        let mut template = call(at, "us-east-1", Who::Role(role), &node(role, number));
        template.repository = images[index % images.len()];
        Job::new(
            template,
            pull_steps(index % images.len() == 0, 6 + draw.below(3)),
        )
        .patient(6, 2)
    });
    let mut buckets = Buckets::new(&[("BatchGetImage", 4.0), ("GetDownloadUrlForLayer", 20.0)]);
    scene.play(|call, _| {
        (call.source == "ecr.amazonaws.com" && !buckets.admit(call.api, call.at))
            .then(|| failure("ThrottlingException", "Rate exceeded"))
    })?;
    scene.metrics("us-east-1", false)?;
    let mut limits = DEFAULT_LIMITS;
    limits[1].2 = 4.0;
    limits[2].2 = 20.0;
    scene.quotas("us-east-1", &limits)?;
    scene.health(&[])
}

/// One role's mirror job loops without a pause; the bucket it shares with everybody runs dry.
pub(crate) fn retry_storm(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "retry_storm_one_role",
        ("2026-06-23T09:00:00Z", "2026-06-23T12:00:00Z"),
        4,
        &[Pace {
            pulls: 0.6,
            ..EVERYDAY
        }],
    );
    let mirror = |at: i64| {
        let mut template = call(at, "us-east-1", Who::Role("image-mirror"), "mirror-7c9d6b");
        template.repository = "team/web";
        template.agent = SCANNER;
        template
    };
    let steps = || vec![("BatchGetImage", Door::Direct, 0)];
    scene.every_day((0, 24), 0.1, |at, _| Job::new(mirror(at), steps()));
    let storm = (at("2026-06-23T10:14:00Z"), at("2026-06-23T10:20:00Z"));
    scene.once(storm, 6 * 60 * 22, |_, at, _| {
        Job::new(mirror(at), steps()).patient(1, 0)
    });
    let mut buckets = Buckets::new(&[("BatchGetImage", 10.0)]);
    scene.play(|call, _| {
        (call.source == "ecr.amazonaws.com" && !buckets.admit(call.api, call.at))
            .then(|| failure("ThrottlingException", "Rate exceeded"))
    })?;
    scene.metrics("us-east-1", false)?;
    let mut limits = DEFAULT_LIMITS;
    limits[1].2 = 10.0;
    scene.quotas("us-east-1", &limits)?;
    scene.health(&[])
}

/// A role policy loses its pull statement and gets it back 46 minutes later. IAM is global, so the
/// change stands in us-east-1 while the failures are in eu-west-1.
pub(crate) fn permission_change(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "permission_change",
        ("2026-02-18T09:00:00Z", "2026-02-18T12:00:00Z"),
        3,
        &[
            Pace {
                region: "eu-west-1",
                pulls: 1.1,
                ..EVERYDAY
            },
            Pace {
                pulls: 0.05,
                pushes: 0.0,
                ..EVERYDAY
            },
        ],
    );
    let policy = |actions: Value| {
        json!({
            "roleName": "platform-node", "policyName": "ecr-pull",
            "policyDocument": json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}).to_string()
        })
    };
    let put = |time, actions| {
        change(
            time,
            "us-east-1",
            "iam.amazonaws.com",
            "PutRolePolicy",
            policy(actions),
        )
    };
    scene.fixed.push(put(
        "2026-02-18T10:11:42Z",
        json!(["ecr:GetAuthorizationToken"]),
    ));
    scene.fixed.push(put(
        "2026-02-18T10:57:31Z",
        json!([
            "ecr:GetAuthorizationToken",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer"
        ]),
    ));
    let span = at("2026-02-18T10:12:06Z")..at("2026-02-18T10:57:49Z");
    scene.play(|call, _| {
        let needs = ["BatchGetImage", "GetDownloadUrlForLayer"].contains(&call.api);
        (needs
            && call.region == "eu-west-1"
            && call.who == Who::Role("platform-node")
            && span.contains(&call.at))
        .then(|| denied(call, "no identity-based policy allows the action"))
    })?;
    scene.metrics("eu-west-1", false)?;
    scene.health(&[])
}

/// The key of one repository is disabled for 50 minutes; pushes to it fail, everything else works.
pub(crate) fn kms_key_disabled(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "kms_key_disabled",
        ("2026-07-07T12:00:00Z", "2026-07-07T15:30:00Z"),
        4,
        &[Pace {
            pulls: 0.6,
            ..EVERYDAY
        }],
    );
    let key = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/5c1f0a9e-4a1e-4c0d-9b52-00000000c0de");
    let switch = |time, api| {
        change(
            time,
            "us-east-1",
            "kms.amazonaws.com",
            api,
            json!({"keyId": key}),
        )
    };
    scene
        .fixed
        .push(switch("2026-07-07T13:20:31Z", "DisableKey"));
    scene
        .fixed
        .push(switch("2026-07-07T14:11:05Z", "EnableKey"));
    scene.every_day((11, 17), 1.0, |at, draw| {
        let mut template = call(at, "us-east-1", Who::Role("ml-ci"), "CodeBuild-8a1f");
        template.repository = if draw.chance(0.7) {
            "ml/trainer"
        } else {
            "ml/serving"
        };
        template.agent = CI;
        Job::new(template, push_steps()).patient(3, 20)
    });
    let span = at("2026-07-07T13:20:40Z")..at("2026-07-07T14:11:20Z");
    let message =
        format!("KmsException: the key {key} is disabled (Service: Kms, Status Code: 400)");
    scene.play(|call, _| {
        let needs = [
            "InitiateLayerUpload",
            "UploadLayerPart",
            "CompleteLayerUpload",
            "PutImage",
        ]
        .contains(&call.api);
        (needs && call.repository.starts_with("ml/") && span.contains(&call.at))
            .then(|| failure("KmsException", message.as_str()))
    })?;
    scene.metrics("us-east-1", false)?;
    scene.quotas("us-east-1", &DEFAULT_LIMITS)?;
    scene.health(&[])
}

/// A clean-up deletes a repository that services still pull from, and nobody puts it back.
pub(crate) fn image_removed(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "image_removed",
        ("2026-08-12T08:00:00Z", "2026-08-12T11:00:00Z"),
        3,
        &[EVERYDAY],
    );
    let mut delete = change(
        "2026-08-12T09:31:10Z",
        "us-east-1",
        "ecr.amazonaws.com",
        "DeleteRepository",
        json!({"registryId": ACCOUNT, "repositoryName": "team/report", "force": true}),
    );
    delete.who = Who::Role("repo-janitor");
    delete.session = "cleanup".to_owned();
    delete.repository = "team/report";
    scene.fixed.push(delete);
    scene.every_day((0, 24), 0.5, |at, draw| {
        let role = if draw.chance(0.6) {
            "web-task-execution"
        } else {
            "platform-node"
        };
        let mut template = call(at, "us-east-1", Who::Role(role), &node(role, draw.below(8)));
        template.repository = "team/report";
        Job::new(template, pull_steps(draw.chance(0.3), 1)).patient(3, 15)
    });
    let gone = at("2026-08-12T09:31:10Z");
    scene.play(|call, _| {
        let reads = ["BatchGetImage", "GetDownloadUrlForLayer"].contains(&call.api);
        (reads && call.repository == "team/report" && call.at > gone).then(|| {
            failure(
                "RepositoryNotFoundException",
                format!("The repository with name 'team/report' does not exist in the registry with id '{ACCOUNT}'"),
            )
        })
    })?;
    scene.metrics("us-east-1", false)?;
    scene.health(&[])
}

/// 5xx that only one builder with an outdated client ever sees, while the same API serves everybody
/// else; an ECR notice of the same day had ended hours before.
pub(crate) fn caller_configuration(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "caller_configuration",
        ("2026-09-02T09:30:00Z", "2026-09-02T12:30:00Z"),
        3,
        &[Pace {
            pulls: 0.5,
            pushes: 0.25,
            ..EVERYDAY
        }],
    );
    scene.every_day((8, 18), 0.4, |at, _| {
        let mut template = call(at, "us-east-1", Who::Role("edge-builder"), "builder-02");
        template.repository = "platform/sidecar";
        template.agent =
            "docker/17.03.2-ce go/go1.7.5 git-commit/f5ec1e2 kernel/4.4.0 os/linux arch/arm";
        let steps = push_steps()
            .into_iter()
            .map(|(api, _, wait)| (api, Door::Direct, wait))
            .collect();
        Job::new(template, steps).patient(3, 5)
    });
    let span = at("2026-09-02T10:20:00Z")..at("2026-09-02T11:34:00Z");
    scene.play(|call, draw| {
        (call.who == Who::Role("edge-builder")
            && call.api == "UploadLayerPart"
            && span.contains(&call.at)
            && draw.chance(0.9))
        .then(|| failure("ServerException", "An error occurred on the server side."))
    })?;
    scene.metrics("us-east-1", false)?;
    scene.quotas("us-east-1", &DEFAULT_LIMITS)?;
    scene.health(&[Event {
        service: "ECR",
        region: "us-east-1",
        id: "EARLY_EXAMPLE5411",
        start: "2026-09-02T03:10:00Z",
        end: "2026-09-02T04:05:00Z",
        updated: "2026-09-02T04:05:40Z",
        text: "[RESOLVED] Increased Latencies\n\nBetween 7:40 PM and 8:52 PM PDT on September 1 we experienced increased latencies for image push requests in the US-EAST-1 Region.",
    }])
}
