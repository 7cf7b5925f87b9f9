//! What outlives a run: nights, incidents by identity, gate decisions and deliveries, in one SQLite
//! file.
//!
//! Every change is one transaction with a full sync before it counts as done, so a process that is
//! killed at any point leaves either the old state or the new one. This room stores and hands back;
//! it never decides what an incident is (that is `nightly`) and reads no clock.

mod lock;
mod schema;
mod store;
pub mod types;

pub use lock::Lock;
pub use store::{Kept, Store};

#[cfg(test)]
mod tests;
