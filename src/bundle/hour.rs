//! One hour of the trail as the files of a bundle, encoded before it is known which bundle.
//!
//! Encoding is the costly part and depends on nothing else, so hours can be encoded side by side.

use super::columns;
use super::layout;
use super::rows::{ChangeRow, ControlRow};
use super::sheet::Sheet;

/// The encoded evidence of one hour.
#[derive(Debug)]
pub struct HourFiles {
    pub(super) files: Vec<Encoded>,
    /// Change rows as JSON lines.
    pub(super) changes: Vec<u8>,
    pub(super) change_rows: u64,
}

/// A file of a bundle before it is written.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) path: String,
    pub(super) rows: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: String,
}

impl HourFiles {
    /// Encodes the rows of the hour that begins at `start` (epoch seconds), or of a very full hour
    /// from there on; the rows must be sorted.
    ///
    /// # Errors
    /// When the rows cannot be encoded.
    pub fn encode(
        start: i64,
        calls: &Sheet,
        changes: &[ChangeRow],
        controls: &[ControlRow],
    ) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        let mut put = |path: String, rows: usize, bytes: Vec<u8>| {
            files.push(Encoded {
                path,
                rows: rows as u64,
                sha256: layout::sha256(&bytes),
                bytes,
            });
        };
        if !calls.lines.is_empty() {
            let mut bytes = Vec::new();
            columns::write_calls(calls, &mut bytes)?;
            put(layout::calls_file(start), calls.lines.len(), bytes);
        }
        if !controls.is_empty() {
            let mut bytes = Vec::new();
            columns::write_controls(controls, &mut bytes)?;
            put(layout::controls_file(start), controls.len(), bytes);
        }
        let mut lines = Vec::new();
        for row in changes {
            serde_json::to_writer(&mut lines, row)?;
            lines.push(b'\n');
        }
        Ok(Self {
            files,
            changes: lines,
            change_rows: changes.len() as u64,
        })
    }
}
