//! What looks like a cause and is not: events elsewhere or earlier, edits that touch nobody, bursts
//! that fit the quota, storms of not-found answers, and a hole in the trail.

use super::mistakes::terraform_storm;
use crate::simulate::health::Event;
use crate::simulate::stage::Stage;
use crate::simulate::world::Work;
use serde_json::json;

/// Adds some distractors; `number` makes each appear often enough over a range of seeds.
pub(in crate::simulate) fn distract(stage: &mut Stage, number: u64) {
    const ALL: [&str; 8] = [
        "health_other_region",
        "health_other_service",
        "health_ended_before",
        "harmless_policy_edit",
        "ci_burst",
        "terraform_storm",
        "trail_gap",
        "failed_change",
    ];
    let sure = ALL[(number % ALL.len() as u64) as usize];
    for name in ALL {
        if name == sure || stage.draw.chance(0.2) {
            one(stage, name);
        }
    }
}

fn one(stage: &mut Stage, name: &'static str) {
    let region = stage.world.places[stage.place].region;
    let (from, to) = stage.fault;
    match name {
        "health_other_region" => {
            let taken = |region: &&str| {
                stage
                    .world
                    .places
                    .iter()
                    .all(|place| place.region != *region)
            };
            let Some(other) = ["eu-west-3", "us-east-2"].into_iter().find(taken) else {
                return;
            };
            let event = Event::about(
                "ECR",
                other,
                "increased error rates for image pulls",
                (from, to),
                &mut stage.draw,
            );
            stage.health.push(event);
        }
        "health_other_service" => {
            let service = stage.draw.pick(&["LAMBDA", "RDS"]);
            let event = Event::about(
                service,
                region,
                "increased invoke latencies",
                (from, to),
                &mut stage.draw,
            );
            stage.health.push(event);
        }
        "health_ended_before" => {
            let end = from - stage.draw.between(3600, 5 * 3600);
            let event = Event::about(
                "ECR",
                region,
                "increased error rates for image pulls",
                (end - 2400, end),
                &mut stage.draw,
            );
            stage.health.push(event);
        }
        "harmless_policy_edit" => {
            let at = from - stage.draw.between(60, 1500);
            if stage.draw.chance(0.5) {
                stage.change(
                    at,
                    "iam.amazonaws.com",
                    "PutRolePolicy",
                    json!({"roleName": "billing-export", "policyName": "read"}),
                );
            } else {
                let account = stage.world.places[stage.place].account.clone();
                stage.change(at, "ecr.amazonaws.com", "SetRepositoryPolicy", json!({"registryId": account, "repositoryName": "sandbox/playground", "policyText": "{}"}));
            }
        }
        "ci_burst" => {
            let at = stage.window.0
                + stage
                    .draw
                    .between(0, (stage.window.1 - stage.window.0).max(1));
            let length = stage.draw.between(3, 10);
            let times = stage.draw.real(1.0, 4.0);
            stage.script.bursts.push((at, length, times, stage.place));
        }
        "terraform_storm" => terraform_storm(stage),
        "failed_change" => {
            let caller = stage.main_caller(Work::Pull);
            let role = stage.world.callers[caller].name.clone();
            let at = from - stage.draw.between(30, 900);
            stage.change(
                at,
                "iam.amazonaws.com",
                "PutRolePolicy",
                json!({"roleName": role, "policyName": "registry"}),
            );
            if let Some(change) = stage.changes.last_mut() {
                change.code = "AccessDenied";
            }
        }
        _ => {
            // A hole in the trail in the middle of the incident, or of the quiet.
            if to - from < 3600 || !stage.lost.is_empty() {
                return;
            }
            let length = stage.draw.between(12, 25) * 60;
            let start = stage.draw.between(from + 600, to - 600 - length);
            let fault = stage.fault;
            stage.fault = (start, start + length);
            stage.incident("traffic_drop", "undetermined", "evidence_gap", 1.0);
            stage.lost.push((stage.place, start, start + length));
            stage.fault = fault;
        }
    }
    stage.distractors.push(name);
}
