//! Call and control rows as Parquet, and where a bundle keeps them.
//!
//! Besides `facts` only this room's `columns` and `parquet` name polars. One schema: the fields of
//! [`CallRow`](super::rows::CallRow) and [`ControlRow`] in their order, text as strings (empty means
//! absent), `event_time` as epoch seconds, `minute` as epoch minutes.

use super::parquet::{self, Column, Scratch};
use super::rows::ControlRow;
use super::sheet::{Field, Sheet};
use super::texts::Texts;
use anyhow::Context as _;
use polars::prelude::{
    Column as FrameColumn, DataFrame, ParquetCompression, ParquetWriter, StatisticsOptions,
};
use std::io::Write;

/// Writes call rows as one Parquet file, in the order given.
///
/// # Errors
/// When the writer fails, or a column cannot be encoded.
pub(super) fn write_calls(calls: &Sheet, to: &mut impl Write) -> anyhow::Result<()> {
    let lines = &calls.lines;
    let times = lines.iter().map(|line| line.event_time).collect();
    let mut columns = vec![Column::i64("event_time", times)];
    let mut scratch = Scratch::default();
    for (field, name) in Field::ALL {
        let numbers = lines.iter().map(move |line| line.number(field));
        columns.push(match field {
            Field::EventId | Field::RequestId => {
                Column::unlike(name, numbers.map(|number| calls.texts.get(number)))
            }
            _ => Column::alike(name, &calls.texts, numbers, &mut scratch),
        });
    }
    parquet::write(lines.len(), columns, to).context("failed to write call rows as Parquet")
}

/// Writes control rows as one Parquet file, in the order given.
///
/// # Errors
/// When the writer fails, or a column cannot be encoded.
pub(super) fn write_controls(rows: &[ControlRow], to: &mut impl Write) -> anyhow::Result<()> {
    let mut scratch = Scratch::default();
    let mut names = |name, text: fn(&ControlRow) -> &str| {
        let mut texts = Texts::default();
        let numbers: Vec<u32> = rows.iter().map(|row| texts.number(text(row))).collect();
        Column::alike(name, &texts, numbers.iter().copied(), &mut scratch)
    };
    let columns = vec![
        Column::i64("minute", rows.iter().map(|row| row.minute).collect()),
        names("account", |row| &row.account),
        names("region", |row| &row.region),
        names("event_source", |row| &row.event_source),
        Column::u32("calls", rows.iter().map(|row| row.calls).collect()),
        Column::u32("errors", rows.iter().map(|row| row.errors).collect()),
        Column::u32("faults", rows.iter().map(|row| row.faults).collect()),
    ];
    parquet::write(rows.len(), columns, to).context("failed to write control rows as Parquet")
}

fn write_frame(
    height: usize,
    columns: Vec<FrameColumn>,
    to: &mut impl Write,
) -> anyhow::Result<()> {
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
    let mut columns: Vec<FrameColumn> = header
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let values: Vec<&str> = counts
                .keys()
                .map(|key| key.get(index).map_or("", String::as_str))
                .collect();
            FrameColumn::new(name.as_str().into(), values)
        })
        .collect();
    columns.push(FrameColumn::new(
        "count".into(),
        counts.values().copied().collect::<Vec<u64>>(),
    ));
    let mut bytes = Vec::new();
    write_frame(counts.len(), columns, &mut bytes)
        .context("failed to write the table as Parquet")?;
    Ok(bytes)
}
