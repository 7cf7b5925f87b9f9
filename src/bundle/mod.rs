//! Evidence on disk: sealed, versioned, hashed. The only room that knows its file names.
//!
//! Layout (docs/bundle-format.md): `manifest.json` written last, `calls/<hour>.parquet`,
//! `controls/<hour>.parquet`, `raw/trail-changes.ndjson`, `raw/<noun>.ndjson`. Nothing here judges.

mod check;
mod columns;
mod hour;
mod layout;
pub mod manifest;
mod parquet;
pub mod raw;
mod reader;
pub mod rows;
pub mod sheet;
pub mod stamp;
pub mod texts;
mod writer;

pub use check::{Inspection, State, inspect};
pub use hour::HourFiles;
pub use reader::{Bundle, HourFile, open};
pub use writer::Writer;

/// A counted table as Parquet bytes: the key columns as text, `count` as an unsigned integer.
///
/// # Errors
/// When the table cannot be encoded.
pub fn count_table(
    header: &[String],
    counts: &std::collections::BTreeMap<Vec<String>, u64>,
) -> anyhow::Result<Vec<u8>> {
    columns::count_table(header, counts)
}

/// One hash for several files of a bundle: SHA-256 over their `path sha256` lines, in the order
/// given.
#[must_use]
pub fn seal_of<'a>(files: impl IntoIterator<Item = &'a manifest::FileEntry>) -> String {
    layout::seal(files)
}

#[cfg(test)]
mod tests;
