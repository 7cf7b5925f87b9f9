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
    "ecr/api",
    "ecr/changes",
    "ecr/classes",
    "ecr/dependencies",
    "health/impact",
    "inputs/mistaken",
    "metrics/known",
];
