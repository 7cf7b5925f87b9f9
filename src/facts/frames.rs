//! The one schema: how call and control rows become lazy frames, and how columns become values.
//!
//! Columns of a call frame are those of [`CallRow`](crate::bundle::rows::CallRow) plus `minute`
//! (epoch minutes) and `class` (index into [`Class::ALL`]). Nothing outside `facts` sees a frame.

use crate::bundle::Bundle;
use crate::case::{Case, Interval};
use crate::ecr::{self, Class};
use polars::prelude::*;
use std::path::PathBuf;

/// Calls in scope inside baseline and window, lazily; `None` when the bundle holds no call.
pub(super) fn calls(bundle: &Bundle, case: &Case) -> anyhow::Result<Option<LazyFrame>> {
    let paths = bundle.calls();
    if paths.is_empty() {
        return Ok(None);
    }
    let scope = &case.scope;
    let mut wanted = inside(case.whole())
        .and(any_of("recipient_account", &scope.accounts))
        .and(any_of("region", &scope.regions))
        .and(any_of("event_source", &scope.event_sources));
    if !scope.repositories.is_empty() {
        // Calls without a repository (tokens) belong to every repository's story.
        wanted =
            wanted.and(any_of("repository", &scope.repositories).or(col("repository").eq(lit(""))));
    }
    let frame = scan(&paths)?
        .filter(wanted)
        // Rust's integer division: event times are after the epoch, so it rounds down.
        .with_column((col("event_time") / lit(60i64)).alias("minute"));
    Ok(Some(with_class(frame)?))
}

/// Control counts, lazily; `None` when there are none.
pub(super) fn controls(bundle: &Bundle) -> anyhow::Result<Option<LazyFrame>> {
    let paths = bundle.controls();
    if paths.is_empty() {
        return Ok(None);
    }
    scan(&paths).map(Some)
}

/// Rows whose event time lies in the half-open span.
pub(super) fn inside(span: Interval) -> Expr {
    col("event_time")
        .gt_eq(lit(span.from.timestamp()))
        .and(col("event_time").lt(lit(ceil_second(span))))
}

/// Rows whose column equals one of the values; an empty list admits all.
pub(super) fn any_of(column: &str, values: &[String]) -> Expr {
    values
        .iter()
        .map(|value| col(column).eq(lit(value.as_str())))
        .reduce(Expr::or)
        .unwrap_or_else(|| lit(true))
}

/// Rows of one class.
pub(super) fn is_class(class: Class) -> Expr {
    col("class").eq(lit(class_index(class)))
}

/// Rows of the class as a summable 0/1 column; all zero without a class.
pub(super) fn failures_of(class: Option<Class>) -> Expr {
    class.map_or_else(
        || lit(0u32).sum(),
        |class| is_class(class).cast(DataType::UInt32).sum(),
    )
}

pub(super) fn class_index(class: Class) -> u32 {
    Class::ALL
        .iter()
        .position(|known| *known == class)
        .map_or(0, |index| index as u32)
}

pub(super) fn class_at(index: u32) -> Class {
    Class::ALL
        .get(index as usize)
        .copied()
        .unwrap_or(Class::Unclassified)
}

/// A text column by value; nulls read as empty.
pub(super) fn texts(frame: &DataFrame, name: &str) -> anyhow::Result<Vec<String>> {
    Ok(frame
        .column(name)?
        .str()?
        .iter()
        .map(|text| text.unwrap_or_default().to_owned())
        .collect())
}

/// An integer column by value; nulls read as zero.
pub(super) fn numbers(frame: &DataFrame, name: &str) -> anyhow::Result<Vec<i64>> {
    let cast = frame.column(name)?.cast(&DataType::Int64)?;
    Ok(cast.i64()?.iter().map(Option::unwrap_or_default).collect())
}

/// Collects with a message for people.
pub(super) fn collect(frame: LazyFrame) -> anyhow::Result<DataFrame> {
    frame.collect().map_err(|error| {
        anyhow::Error::new(error).context("failed to read the calls of the bundle")
    })
}

fn scan(paths: &[PathBuf]) -> anyhow::Result<LazyFrame> {
    let paths = paths
        .iter()
        .map(|path| PlRefPath::try_from_path(path))
        .collect::<PolarsResult<Vec<_>>>()
        .map_err(|error| {
            anyhow::Error::new(error).context("the bundle's path is not valid UTF-8")
        })?;
    let args = ScanArgsParquet {
        // Bundle paths are names, not patterns.
        glob: false,
        ..ScanArgsParquet::default()
    };
    LazyFrame::scan_parquet_files(paths.into(), args)
        .map_err(|error| anyhow::Error::new(error).context("failed to open the bundle's calls"))
}

/// Adds `class` by joining with the table of the error codes that occur.
fn with_class(frame: LazyFrame) -> anyhow::Result<LazyFrame> {
    let codes = collect(
        frame
            .clone()
            .group_by([col("error_code")])
            .agg([len().alias("n")]),
    )?;
    let codes = texts(&codes, "error_code")?;
    let classes: Vec<u32> = codes
        .iter()
        .map(|code| class_index(ecr::knowledge().classify(code)))
        .collect();
    let table = DataFrame::new(
        codes.len(),
        vec![
            Column::new("error_code".into(), codes),
            Column::new("class".into(), classes),
        ],
    )?;
    Ok(frame.join(
        table.lazy(),
        [col("error_code")],
        [col("error_code")],
        JoinArgs::new(JoinType::Inner),
    ))
}

/// Event times are whole seconds, so a span that ends inside a second still admits that second.
fn ceil_second(span: Interval) -> i64 {
    let second = span.to.timestamp();
    if span.to.timestamp_subsec_nanos() > 0 {
        second.saturating_add(1)
    } else {
        second
    }
}
