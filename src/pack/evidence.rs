//! The evidence table: one line for each call that failed in an incident, as CSV in parts that fit.

use super::archive;
use crate::bundle::rows::CallRow;
use crate::case::{instant, rfc3339};
use crate::redact::{Kind, Redactor, Voice};
use crate::report::escape::Untrusted;

/// The columns, in order.
pub const HEADER: &str = "\"time\",\"region\",\"account\",\"api\",\"error_code\",\"error_message\",\"request_id\",\"event_id\",\
\"principal\",\"session\",\"source\",\"user_agent\",\"vpc_endpoint\",\"repository\"\n";

/// One row as a CSV line, through the redactor and the escaper. Every field is quoted, and one that a
/// spreadsheet would take for a formula begins with an apostrophe.
#[must_use]
pub fn line(row: &CallRow, redactor: &mut Redactor) -> String {
    let time = rfc3339(instant(row.event_time));
    let fields = [
        time,
        redactor.text(Voice::Log, &row.region),
        redactor.name(Kind::Account, &row.recipient_account),
        redactor.text(Voice::Log, &row.api),
        redactor.text(Voice::Log, &row.error_code),
        redactor.text(Voice::Log, &row.error_message),
        redactor.name(Kind::Request, &row.request_id),
        redactor.name(Kind::Event, &row.event_id),
        redactor.name(Kind::Principal, &row.principal),
        redactor.name(Kind::Session, &row.session),
        redactor.name(Kind::Host, &row.source),
        redactor.text(Voice::Log, &row.user_agent),
        redactor.name(Kind::Endpoint, &row.vpc_endpoint),
        redactor.name(Kind::Repository, &row.repository),
    ];
    let cells: Vec<String> = fields
        .into_iter()
        .map(|field| Untrusted::capped(field, 2_000).csv())
        .collect();
    format!("{}\n", cells.join(","))
}

/// A part of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Compressed, header included.
    pub bytes: Vec<u8>,
    /// Rows in it.
    pub rows: usize,
}

/// Splits lines into compressed parts of at most `limit` bytes each.
///
/// # Errors
/// When one line alone is larger, which no limit of a form is.
pub fn parts(lines: &[String], limit: usize) -> anyhow::Result<Vec<Part>> {
    let text = format!("{HEADER}{}", lines.concat());
    let bytes = archive::gz(&text)?;
    if bytes.len() <= limit {
        return Ok(vec![Part {
            bytes,
            rows: lines.len(),
        }]);
    }
    anyhow::ensure!(
        lines.len() > 1,
        "one row alone does not fit into {limit} bytes"
    );
    let (first, second) = lines.split_at(lines.len() / 2);
    let mut all = parts(first, limit)?;
    all.extend(parts(second, limit)?);
    Ok(all)
}
