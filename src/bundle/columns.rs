//! Call and control rows as Parquet, and where a bundle keeps them.
//!
//! Besides `facts` the only place that names polars. One schema: the fields of
//! [`CallRow`](super::rows::CallRow) and [`ControlRow`] in their order, text as strings (empty means absent), `event_time` as epoch seconds, `minute` as epoch minutes.

use super::rows::ControlRow;
use super::sheet::{Field, Sheet};
use anyhow::Context as _;
use polars::prelude::*;
use std::io::Write;

/// Writes call rows as one Parquet file, in the order given.
///
/// # Errors
/// When the writer fails, or polars refuses the frame.
pub(super) fn write_calls(calls: &Sheet, to: &mut impl Write) -> anyhow::Result<()> {
    let lines = &calls.lines;
    let times: Vec<i64> = lines.iter().map(|line| line.event_time).collect();
    let mut columns = vec![Column::new("event_time".into(), times)];
    for (field, name) in Field::ALL {
        let texts = StringChunked::from_iter_values(
            name.into(),
            lines.iter().map(|line| calls.text(line, field)),
        );
        columns.push(texts.into_column());
    }
    write_frame(lines.len(), columns, to).context("failed to write call rows as Parquet")
}

/// Writes control rows as one Parquet file, in the order given.
///
/// # Errors
/// When the writer fails, or polars refuses the frame.
pub(super) fn write_controls(rows: &[ControlRow], to: &mut impl Write) -> anyhow::Result<()> {
    let columns = vec![
        Column::new(
            "minute".into(),
            rows.iter().map(|row| row.minute).collect::<Vec<i64>>(),
        ),
        Column::new(
            "account".into(),
            rows.iter()
                .map(|row| row.account.as_str())
                .collect::<Vec<_>>(),
        ),
        Column::new(
            "region".into(),
            rows.iter()
                .map(|row| row.region.as_str())
                .collect::<Vec<_>>(),
        ),
        Column::new(
            "event_source".into(),
            rows.iter()
                .map(|row| row.event_source.as_str())
                .collect::<Vec<_>>(),
        ),
        Column::new(
            "calls".into(),
            rows.iter().map(|row| row.calls).collect::<Vec<u32>>(),
        ),
        Column::new(
            "errors".into(),
            rows.iter().map(|row| row.errors).collect::<Vec<u32>>(),
        ),
        Column::new(
            "faults".into(),
            rows.iter().map(|row| row.faults).collect::<Vec<u32>>(),
        ),
    ];
    write_frame(rows.len(), columns, to).context("failed to write control rows as Parquet")
}

fn write_frame(height: usize, columns: Vec<Column>, to: &mut impl Write) -> anyhow::Result<()> {
    let mut frame = DataFrame::new(height, columns)?;
    // Serial column encoding: the bytes must not depend on the number of threads.
    ParquetWriter::new(to)
        // Identifiers, half of every row, hardly shrink: the fastest method loses little.
        .with_compression(ParquetCompression::Snappy)
        // Readers choose files by the hour in their name; nothing here asks for extremes.
        .with_statistics(StatisticsOptions::empty())
        .set_parallel(false)
        .finish(&mut frame)?;
    Ok(())
}

/// A counted table as Parquet bytes: the key columns as text, `count` as an unsigned integer.
///
/// # Errors
/// When polars refuses the frame.
pub(super) fn count_table(
    header: &[String],
    counts: &std::collections::BTreeMap<Vec<String>, u64>,
) -> anyhow::Result<Vec<u8>> {
    let mut columns: Vec<Column> = header
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let values: Vec<&str> = counts
                .keys()
                .map(|key| key.get(index).map_or("", String::as_str))
                .collect();
            Column::new(name.as_str().into(), values)
        })
        .collect();
    columns.push(Column::new(
        "count".into(),
        counts.values().copied().collect::<Vec<u64>>(),
    ));
    let mut bytes = Vec::new();
    write_frame(counts.len(), columns, &mut bytes)
        .context("failed to write the table as Parquet")?;
    Ok(bytes)
}
