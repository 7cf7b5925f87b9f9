//! The stories: one function per cause of the contract, each drawing its own variant, size and shape.
//!
//! A story says what goes wrong for whom, which writes come before it, what AWS Health will say, and
//! what the truth is. It never looks at how anything is judged.

mod access;
mod aws;
mod distract;
mod load;
mod mistakes;
mod silence;

use super::stage::Stage;

pub(super) use distract::distract;

/// Every scenario, in the order of the contract's causes, then those without or with several.
pub const SCENARIOS: [&str; 16] = [
    "aws_service_fault",
    "aws_side_throttling",
    "quota_exhaustion",
    "retry_storm",
    "permission_change",
    "kms_key",
    "image_removed",
    "resource_quota",
    "network_path",
    "caller_configuration",
    "upstream_registry",
    "evidence_gap",
    "undetermined",
    "two",
    "chain",
    "quiet",
];

/// Puts a story on the stage. `quiet` is no story.
pub(super) fn tell(scenario: &str, stage: &mut Stage) {
    match scenario {
        "aws_service_fault" => aws::fault(stage),
        "aws_side_throttling" => aws::throttling(stage),
        "quota_exhaustion" => load::quota_exhaustion(stage),
        "retry_storm" => load::retry_storm(stage),
        "permission_change" => access::permission_change(stage),
        "kms_key" => access::kms_key(stage),
        "image_removed" => mistakes::image_removed(stage),
        "resource_quota" => mistakes::resource_quota(stage),
        "network_path" => silence::network_path(stage),
        "caller_configuration" => mistakes::caller_configuration(stage),
        "upstream_registry" => mistakes::upstream_registry(stage),
        "evidence_gap" => silence::evidence_gap(stage),
        "undetermined" => mistakes::undetermined(stage),
        "chain" => load::chain(stage),
        "two" => two(stage),
        _ => {}
    }
}

/// Two causes at once: in two places, or of two kinds in one place, overlapping or touching.
fn two(stage: &mut Stage) {
    // Pairs that do not need the same quota or the same silence.
    let first = stage.draw.pick(&[
        "aws_service_fault",
        "permission_change",
        "kms_key",
        "upstream_registry",
    ]);
    let second = stage.draw.pick(&[
        "aws_service_fault",
        "aws_side_throttling",
        "permission_change",
        "resource_quota",
        "quota_exhaustion",
        "retry_storm",
    ]);
    tell(first, stage);
    let (from, to) = stage.fault;
    let length = to - from;
    let elsewhere = stage.world.places.len() > 1 && stage.draw.chance(0.6);
    if elsewhere {
        stage.place = 1;
    } else if first == second {
        return;
    }
    // Within the first, or a few minutes after it.
    let shift = if stage.draw.chance(0.6) {
        (length as f64 * stage.draw.real(0.0, 0.7)) as i64
    } else {
        length + stage.draw.between(1, 8) * 60
    };
    stage.fault = (
        from + shift,
        (from + shift + length).min(stage.window.1 - 300),
    );
    if stage.fault.1 - stage.fault.0 >= 180 {
        tell(second, stage);
    }
}
