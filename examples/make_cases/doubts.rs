//! Stories whose right answer is "nothing", "somebody else" or "cannot tell".

use super::answers::{DEFAULT_LIMITS, Event};
use super::record::{Who, at, failure};
use super::scene::Scene;
use super::traffic::{Job, Pace, call, node, pull_steps};
use std::io;
use std::path::Path;

const EVERYDAY: Pace = Pace {
    region: "us-east-1",
    pulls: 0.8,
    pushes: 0.05,
    others: 0.3,
};

/// Half a day on which nothing happened beyond the usual probes and a stray fault.
pub(crate) fn quiet_day(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "quiet_day",
        ("2026-01-14T08:00:00Z", "2026-01-14T20:00:00Z"),
        4,
        &[Pace {
            pulls: 0.7,
            ..EVERYDAY
        }],
    );
    scene.play(|_, _| None)?;
    scene.metrics("us-east-1", false)?;
    scene.quotas("us-east-1", &DEFAULT_LIMITS)?;
    scene.health(&[Event {
        service: "EC2",
        region: "ap-southeast-2",
        id: "HNGHE_EXAMPLE5012",
        start: "2026-01-14T11:31:27Z",
        end: "2026-01-14T12:30:56Z",
        updated: "2026-01-14T12:31:10Z",
        text: "[RESOLVED] Instance Connectivity\n\nBetween 3:12 AM and 4:24 AM PST some instances in a single Availability Zone in the AP-SOUTHEAST-2 Region lost connectivity.",
    }])
}

/// Docker Hub answers no more; pulls through the cache fail, the account's own images do not.
pub(crate) fn upstream_registry(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "upstream_registry",
        ("2026-10-07T13:00:00Z", "2026-10-07T16:00:00Z"),
        4,
        &[Pace {
            pulls: 0.5,
            ..EVERYDAY
        }],
    );
    scene.every_day((6, 22), 0.6, |at, draw| {
        let role = *draw.pick(&["platform-node", "batch-node", "web-task-execution"]);
        let mut template = call(
            at,
            "us-east-1",
            Who::Role(role),
            &node(role, draw.below(10)),
        );
        template.repository = *draw.pick(&[
            "docker-hub/library/nginx",
            "docker-hub/library/redis",
            "docker-hub/library/python",
        ]);
        Job::new(template, pull_steps(draw.chance(0.2), 1)).patient(3, 10)
    });
    let span = at("2026-10-07T14:02:00Z")..at("2026-10-07T14:48:00Z");
    scene.play(|call, draw| {
        let upstream = call.repository.starts_with("docker-hub/") && call.api == "BatchGetImage";
        (upstream && span.contains(&call.at) && draw.chance(0.92)).then(|| {
            failure(
                "UnableToGetUpstreamImageException",
                "The upstream registry 'registry-1.docker.io' returned 503 Service Unavailable",
            )
        })
    })?;
    scene.metrics("us-east-1", false)?;
    scene.quotas("us-east-1", &DEFAULT_LIMITS)?;
    scene.health(&[])
}

/// Calls go on (CloudWatch counts them), but for 50 minutes no record of anything reaches the trail.
pub(crate) fn evidence_gap(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "evidence_gap",
        ("2026-03-25T13:00:00Z", "2026-03-25T16:00:00Z"),
        4,
        &[Pace {
            pulls: 1.0,
            ..EVERYDAY
        }],
    );
    scene.lost = Some((at("2026-03-25T14:10:00Z"), at("2026-03-25T15:00:00Z")));
    scene.play(|_, _| None)?;
    scene.metrics("us-east-1", false)?;
    scene.quotas("us-east-1", &DEFAULT_LIMITS)?;
    scene.health(&[])
}

/// Throttles whose cause cannot be told without quotas. Health speaks of ECR at the same time in
/// another region, and of ECR in this region but hours earlier: neither explains anything.
pub(crate) fn wrong_region_decoy(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "health_wrong_region_decoy",
        ("2026-11-04T13:00:00Z", "2026-11-04T17:00:00Z"),
        4,
        &[EVERYDAY],
    );
    let span = at("2026-11-04T15:10:00Z")..at("2026-11-04T15:42:00Z");
    scene.play(|call, draw| {
        (call.api == "BatchGetImage" && span.contains(&call.at) && draw.chance(0.5))
            .then(|| failure("ThrottlingException", "Rate exceeded"))
    })?;
    scene.metrics("us-east-1", false)?;
    scene.health(&[
        Event {
            service: "ECR",
            region: "us-west-2",
            id: "DECOY_EXAMPLE5501",
            start: "2026-11-04T15:05:00Z",
            end: "2026-11-04T15:50:00Z",
            updated: "2026-11-04T15:50:20Z",
            text: "[RESOLVED] Increased Throttling\n\nBetween 7:05 AM and 7:48 AM PST we experienced increased throttling of image pulls in the US-WEST-2 Region. The issue has been resolved and the service is operating normally.",
        },
        Event {
            service: "ECR",
            region: "us-east-1",
            id: "DECOY_EXAMPLE5502",
            start: "2026-11-04T06:10:00Z",
            end: "2026-11-04T07:10:00Z",
            updated: "2026-11-04T07:10:10Z",
            text: "[RESOLVED] Increased Error Rates\n\nBetween 9:32 PM and 10:41 PM PST on November 3 we experienced increased error rates for image pulls in the US-EAST-1 Region. The issue has been resolved and the service is operating normally.",
        },
    ])
}
