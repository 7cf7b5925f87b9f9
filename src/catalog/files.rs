//! The list of embedded files, sorted by ID. A new file is added here; a test fails if it is not.

use super::Entry;

macro_rules! embedded {
    ($($id:literal),+ $(,)?) => {
        &[$(Entry {
            id: $id,
            text: include_str!(concat!("../../queries/", $id, ".toml")),
        }),+]
    };
}

/// Every knowledge file, sorted by ID.
pub const FILES: &[Entry] = embedded![
    "aws/calls",
    "aws/errors",
    "aws/partitions",
    "detect/thresholds",
    "ecr/api",
    "ecr/changes",
    "ecr/classes",
    "ecr/dependencies",
    "gate/rules",
    "health/impact",
    "health/posting_lag",
    "inputs/mistaken",
    "logs/controls",
    "logs/fields",
    "logs/records",
    "logs/volume",
    "metrics/known",
    "redact/identities",
    "redact/secrets",
    "steps/aws_service_fault",
    "steps/aws_side_throttling",
    "steps/caller_configuration",
    "steps/evidence_gap",
    "steps/image_removed",
    "steps/kms_key",
    "steps/limits",
    "steps/network_path",
    "steps/permission_change",
    "steps/quota_exhaustion",
    "steps/resource_quota",
    "steps/retry_storm",
    "steps/undetermined",
    "steps/upstream_registry",
    "support/form",
    "verdicts/aws_service_fault",
    "verdicts/aws_side_throttling",
    "verdicts/caller_configuration",
    "verdicts/evidence_gap",
    "verdicts/health_base_rates",
    "verdicts/image_removed",
    "verdicts/kms_key",
    "verdicts/network_path",
    "verdicts/permission_change",
    "verdicts/quota_exhaustion",
    "verdicts/resource_quota",
    "verdicts/retry_storm",
    "verdicts/undetermined",
    "verdicts/upstream_registry",
];

macro_rules! queries {
    ($($id:literal),+ $(,)?) => {
        &[$(Entry {
            id: $id,
            text: include_str!(concat!("../../queries/", $id, ".logsinsights")),
        }),+]
    };
}

/// Every query in the language of Logs Insights, sorted by ID; the file of the same ID in [`FILES`]
/// explains it.
pub const QUERIES: &[Entry] = queries![
    "logs/controls",
    "logs/fields",
    "logs/records",
    "logs/volume",
];
