//! Evidence on disk: sealed, versioned, hashed. The only room that knows its file names.
//!
//! Layout (docs/bundle-format.md): `manifest.json` written last, `calls/<hour>.parquet`,
//! `controls/trail.parquet`, `raw/trail-changes.ndjson`, `raw/<noun>.ndjson`. Nothing here judges.

mod columns;
mod layout;
pub mod manifest;
pub mod raw;
mod reader;
pub mod rows;
mod writer;

pub use reader::{Bundle, open};
pub use writer::Writer;

#[cfg(test)]
mod tests;
