//! Calls that vanish: because they no longer arrive, or because their records do not.

use crate::simulate::script::Outcome;
use crate::simulate::stage::Stage;
use crate::simulate::world::Work;
use serde_json::json;

/// An endpoint's path is broken: its callers' calls do not arrive.
pub(super) fn network_path(stage: &mut Stage) {
    // The endpoint with most of the pulls; at least the main caller uses one.
    let caller = stage.main_caller(Work::Pull);
    let endpoint = *stage.world.callers[caller].endpoint.get_or_insert(0);
    let truth = stage.incident("traffic_drop", "customer", "network_path", 1.0);
    let mut effect = stage.effect(truth, 1.0);
    effect.endpoints = vec![endpoint];
    effect.outcome = Outcome::Vanish;
    stage.script.effects.push(effect);
    let id = stage.world.endpoints[endpoint].clone();
    let (from, to) = stage.fault;
    let at = from - stage.draw.between(1, 60);
    let back = to - stage.draw.between(1, 30);
    let (api, mends, parameters) = match stage.draw.below(4) {
        0 => (
            "RevokeSecurityGroupIngress",
            "AuthorizeSecurityGroupIngress",
            json!({"groupId": "sg-0a1b2c3d4e5f60718"}),
        ),
        1 => (
            "ModifyVpcEndpoint",
            "ModifyVpcEndpoint",
            json!({"ModifyVpcEndpointRequest": {"VpcEndpointId": id}}),
        ),
        2 => (
            "ReplaceRoute",
            "ReplaceRoute",
            json!({"routeTableId": "rtb-0a1b2c3d4e5f60718"}),
        ),
        _ => (
            "CreateNetworkAclEntry",
            "DeleteNetworkAclEntry",
            json!({"networkAclId": "acl-0a1b2c3d4e5f60718"}),
        ),
    };
    stage.change(at, "ec2.amazonaws.com", api, parameters.clone());
    stage.change(back, "ec2.amazonaws.com", mends, parameters);
    if stage.draw.chance(0.6) {
        for minute in from.div_euclid(60)..to.div_euclid(60) {
            let count = stage.draw.poisson(30.0) as u64;
            stage.resets.push((stage.place, id.clone(), minute, count));
        }
    }
}

/// The trail of a place loses its records, while CloudWatch goes on counting.
pub(super) fn evidence_gap(stage: &mut Stage) {
    stage.incident("traffic_drop", "undetermined", "evidence_gap", 1.0);
    let (from, to) = stage.fault;
    stage.lost.push((stage.place, from, to));
    if stage.draw.chance(0.4) {
        let at = from - stage.draw.between(1, 30);
        stage.change(
            at,
            "cloudtrail.amazonaws.com",
            "StopLogging",
            json!({"name": "main"}),
        );
    }
    if stage.blind {
        stage.removed.push("metrics");
    }
}
