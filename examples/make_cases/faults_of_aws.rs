//! Stories in which AWS is at fault: many callers and several APIs fail at once, nothing was changed
//! and nobody asked for more than before.

use super::answers::{self, DEFAULT_LIMITS, Event};
use super::record::{Failure, at, failure};
use super::scene::Scene;
use super::traffic::Pace;
use std::io;
use std::path::Path;

/// A server fault in one of the codes ECR documents.
fn server_fault(luck: f64) -> Failure {
    if luck < 0.7 {
        failure("ServerException", "An error occurred on the server side.")
    } else if luck < 0.9 {
        failure(
            "InternalFailure",
            "We encountered an internal error. Please try again.",
        )
    } else {
        failure("ServiceUnavailable", "Service is temporarily unavailable.")
    }
}

/// 5xx for 75 minutes in one region, whoever calls; Health speaks 47 minutes after the onset.
pub(crate) fn fault_late_health(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "aws_fault_late_health",
        ("2026-03-11T13:00:00Z", "2026-03-11T16:30:00Z"),
        3,
        &[
            Pace {
                region: "us-east-1",
                pulls: 0.30,
                pushes: 0.03,
                others: 0.12,
            },
            Pace {
                region: "us-west-2",
                pulls: 0.05,
                pushes: 0.01,
                others: 0.03,
            },
        ],
    );
    let (onset, worst, end) = (
        at("2026-03-11T14:05:00Z"),
        at("2026-03-11T14:12:00Z"),
        at("2026-03-11T15:20:00Z"),
    );
    scene.play(|call, draw| {
        let hit = [
            "GetAuthorizationToken",
            "BatchGetImage",
            "GetDownloadUrlForLayer",
            "InitiateLayerUpload",
        ];
        let touched = call.region == "us-east-1"
            && (onset..end).contains(&call.at)
            && hit.contains(&call.api);
        let share = if call.at < worst { 0.3 } else { 0.45 };
        (touched && draw.chance(share)).then(|| server_fault(draw.unit()))
    })?;
    scene.metrics("us-east-1", true)?;
    scene.quotas("us-east-1", &DEFAULT_LIMITS)?;
    scene.health(&[
        Event {
            service: "ECR",
            region: "us-east-1",
            id: "QXKZT_EXAMPLE5120",
            start: "2026-03-11T14:52:10Z",
            end: "2026-03-11T15:46:00Z",
            updated: "2026-03-11T15:46:31Z",
            text: "[RESOLVED] Increased Error Rates\n\n[07:52 AM PDT] We are investigating increased error rates for Amazon Elastic Container Registry API requests in the US-EAST-1 Region.\n\n[08:21 AM PDT] We have identified the root cause of the increased error rates for image pulls and authorization requests and are working on recovery.\n\n[08:46 AM PDT] Between 7:04 AM and 8:20 AM PDT we experienced increased error rates for image pull and authorization API requests in the US-EAST-1 Region. The issue has been resolved and the service is operating normally.",
        },
        Event {
            service: "LAMBDA",
            region: "ap-northeast-1",
            id: "JZDND_EXAMPLE5117",
            start: "2026-03-10T02:18:54Z",
            end: "2026-03-10T05:42:51Z",
            updated: "2026-03-10T06:48:15Z",
            text: "[RESOLVED] Increased Invoke Latency\n\nBetween 7:05 PM and 10:42 PM PDT on March 9 we experienced increased invoke latency in the AP-NORTHEAST-1 Region.",
        },
    ])
}

/// Throttled far below the quota for half an hour, whoever calls; the public feed confirms it.
pub(crate) fn throttling_below_quota(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "aws_throttling_below_quota",
        ("2026-04-21T13:00:00Z", "2026-04-21T17:00:00Z"),
        3,
        &[
            Pace {
                region: "ap-southeast-2",
                pulls: 0.7,
                pushes: 0.05,
                others: 0.3,
            },
            Pace {
                region: "ap-southeast-1",
                pulls: 0.15,
                pushes: 0.01,
                others: 0.1,
            },
        ],
    );
    let span = at("2026-04-21T14:20:00Z")..at("2026-04-21T14:56:00Z");
    scene.play(|call, draw| {
        let hit = [
            "BatchGetImage",
            "GetDownloadUrlForLayer",
            "GetAuthorizationToken",
        ];
        let touched =
            call.region == "ap-southeast-2" && span.contains(&call.at) && hit.contains(&call.api);
        (touched && draw.chance(0.38)).then(|| failure("ThrottlingException", "Rate exceeded"))
    })?;
    scene.metrics("ap-southeast-2", true)?;
    scene.quotas("ap-southeast-2", &DEFAULT_LIMITS)?;
    let event = Event {
        service: "MULTIPLE_SERVICES",
        region: "ap-southeast-2",
        id: "MSTHR_EXAMPLE5290",
        start: "2026-04-21T14:41:00Z",
        end: "2026-04-21T15:10:00Z",
        updated: "2026-04-21T15:12:00Z",
        text: "",
    };
    let posts = [
        (
            "2026-04-21T14:41:00Z",
            "We are investigating increased API throttling for container services in the AP-SOUTHEAST-2 Region.",
        ),
        (
            "2026-04-21T15:12:00Z",
            "Between 7:18 AM and 7:57 AM PDT we experienced increased throttling of API requests in the AP-SOUTHEAST-2 Region. The issue has been resolved and the services are operating normally.",
        ),
    ];
    scene.bytes(
        "currentevents.json",
        &answers::status_feed(&event, "Sydney", &posts),
    )
}

/// Twelve minutes of 5xx that are over long before the window ends; EventBridge brought the notice.
pub(crate) fn recovered(cases: &Path) -> io::Result<()> {
    let mut scene = Scene::new(
        cases,
        "recovered_before_window_end",
        ("2026-05-06T12:00:00Z", "2026-05-06T18:00:00Z"),
        4,
        &[
            Pace {
                region: "eu-central-1",
                pulls: 0.7,
                pushes: 0.05,
                others: 0.3,
            },
            Pace {
                region: "eu-west-1",
                pulls: 0.12,
                pushes: 0.01,
                others: 0.1,
            },
        ],
    );
    let span = at("2026-05-06T13:31:00Z")..at("2026-05-06T13:43:00Z");
    scene.play(|call, draw| {
        let hit = [
            "BatchGetImage",
            "GetDownloadUrlForLayer",
            "GetAuthorizationToken",
        ];
        let touched =
            call.region == "eu-central-1" && span.contains(&call.at) && hit.contains(&call.api);
        (touched && draw.chance(0.6)).then(|| server_fault(draw.unit()))
    })?;
    scene.metrics("eu-central-1", true)?;
    scene.quotas("eu-central-1", &DEFAULT_LIMITS)?;
    let mut event = Event {
        service: "ECR",
        region: "eu-central-1",
        id: "RCVRD_EXAMPLE5301",
        start: "2026-05-06T14:05:00Z",
        end: "2026-05-06T14:20:00Z",
        updated: "2026-05-06T14:20:00Z",
        text: "Current severity level: Operating normally\n\n[07:20 AM PDT] Between 6:30 AM and 6:44 AM PDT we experienced increased error rates for Amazon ECR in the EU-CENTRAL-1 Region. The issue has been resolved and the service is operating normally.",
    };
    let closed = answers::event_bridge(&event);
    event.end = "";
    event.updated = "2026-05-06T14:05:00Z";
    event.text = "Current severity level: Informational\n\n[07:05 AM PDT] We are investigating increased error rates for Amazon ECR in the EU-CENTRAL-1 Region.";
    let open = answers::event_bridge(&event);
    scene.bytes(
        "health-eventbridge.jsonl",
        format!("{open}\n{closed}\n").as_bytes(),
    )
}
