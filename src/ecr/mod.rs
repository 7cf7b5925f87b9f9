//! What is known about ECR, as data: API catalogue, error-code classes, changes that can break a
//! registry, services it depends on. Loaded from `queries/ecr/`; no logic beyond looking up.

mod class;
mod tables;

pub use class::Class;
pub use tables::{Api, ChangeRule, Dependency, GlobalService, Knowledge, Plane};

use std::sync::OnceLock;

/// The embedded tables, parsed once.
///
/// # Panics
/// Never on data: the tables are compiled in and a test parses them.
#[must_use]
pub fn knowledge() -> &'static Knowledge {
    static KNOWLEDGE: OnceLock<Knowledge> = OnceLock::new();
    KNOWLEDGE.get_or_init(Knowledge::embedded)
}
