//! The incident's single calls, read once for the request sample and the retry count.

use crate::ecr::Class;
use crate::facts::frames::{class_at, collect, numbers, texts};
use polars::prelude::*;

/// One call with what the sample and the retry count need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) time: i64,
    pub(super) class: Class,
    pub(super) event_id: String,
    pub(super) request_id: String,
    pub(super) api: String,
    pub(super) error_code: String,
    pub(super) error_message: String,
    pub(super) principal: String,
    pub(super) session: String,
    pub(super) repository: String,
    pub(super) vpc_endpoint: String,
    pub(super) source: String,
    pub(super) user_agent: String,
}

/// Reads the rows, by time, then event ID.
pub(super) fn read(frame: LazyFrame) -> anyhow::Result<Vec<Row>> {
    let frame = collect(frame.sort(["event_time", "event_id"], SortMultipleOptions::default()))?;
    let times = numbers(&frame, "event_time")?;
    let classes = numbers(&frame, "class")?;
    let mut text = [
        "event_id",
        "request_id",
        "api",
        "error_code",
        "error_message",
        "principal",
        "session",
        "repository",
        "vpc_endpoint",
        "source",
        "user_agent",
    ]
    .map(|name| texts(&frame, name).map(Vec::into_iter));
    let mut rows = Vec::with_capacity(times.len());
    for (time, class) in times.into_iter().zip(classes) {
        let mut next = text.iter_mut().map(|column| match column {
            Ok(values) => values.next().unwrap_or_default(),
            Err(_) => String::new(),
        });
        let mut take = || next.next().unwrap_or_default();
        rows.push(Row {
            time,
            class: class_at(u32::try_from(class).unwrap_or(u32::MAX)),
            event_id: take(),
            request_id: take(),
            api: take(),
            error_code: take(),
            error_message: take(),
            principal: take(),
            session: take(),
            repository: take(),
            vpc_endpoint: take(),
            source: take(),
            user_agent: take(),
        });
    }
    // A column that could not be read is an error, not a page of empty names.
    for column in text {
        column?;
    }
    Ok(rows)
}
