//! Single calls: borrowed from a chunk while it passes, owned once one is kept.

use crate::ecr::Class;
use crate::facts::frames::{numbers, texts};
use polars::prelude::*;

/// The text columns of a row, in the order of `Row`.
const TEXTS: [&str; 11] = [
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
];

/// What following single calls needs besides the columns every reader gets.
pub(super) const COLUMNS: [&str; 9] = [
    "event_id",
    "request_id",
    "error_message",
    "principal",
    "session",
    "repository",
    "vpc_endpoint",
    "source",
    "user_agent",
];

/// One call with what the sample and the retry count need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) time: i64,
    pub(super) class: Class,
    pub(super) event_id: &'a str,
    pub(super) request_id: &'a str,
    pub(super) api: &'a str,
    pub(super) error_code: &'a str,
    pub(super) error_message: &'a str,
    pub(super) principal: &'a str,
    pub(super) session: &'a str,
    pub(super) repository: &'a str,
    pub(super) vpc_endpoint: &'a str,
    pub(super) source: &'a str,
    pub(super) user_agent: &'a str,
}

/// The rows of a chunk in its order, with the class of each.
pub(super) fn of<'a>(
    chunk: &'a DataFrame,
    classes: &'a [Class],
) -> anyhow::Result<impl Iterator<Item = Row<'a>>> {
    let mut columns = Vec::with_capacity(TEXTS.len());
    for name in TEXTS {
        columns.push(texts(chunk, name)?);
    }
    let times = numbers(chunk, "event_time")?;
    Ok(times.into_iter().zip(classes).map(move |(time, class)| {
        let mut values = columns
            .iter_mut()
            .map(|column| column.next().unwrap_or_default());
        let mut next = || values.next().unwrap_or_default();
        Row {
            time,
            class: *class,
            event_id: next(),
            request_id: next(),
            api: next(),
            error_code: next(),
            error_message: next(),
            principal: next(),
            session: next(),
            repository: next(),
            vpc_endpoint: next(),
            source: next(),
            user_agent: next(),
        }
    }))
}

/// The failure the successful twin should resemble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) time: i64,
    pub(super) api: String,
    pub(super) repository: String,
    pub(super) principal: String,
}

impl Model {
    /// The call in one row of a chunk.
    pub(super) fn at(chunk: &DataFrame, row: IdxSize) -> anyhow::Result<Self> {
        let text = |name: &str| -> anyhow::Result<String> {
            let value = texts(chunk, name)?.nth(row as usize);
            Ok(value.unwrap_or_default().to_owned())
        };
        let time = numbers(chunk, "event_time")?;
        Ok(Self {
            time: time.get(row as usize).copied().unwrap_or_default(),
            api: text("api")?,
            repository: text("repository")?,
            principal: text("principal")?,
        })
    }
}
