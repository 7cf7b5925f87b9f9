//! Call rows of one hour as numbers: what travels from the scan to the Parquet files.
//!
//! A [`CallRow`] owns nineteen texts; a line here holds nineteen numbers into one table, because
//! most of them repeat. It holds the same columns in the same order and nothing else.

use super::rows::CallRow;
use super::texts::Texts;
use bytemuck::{Pod, Zeroable};
use std::cmp::Ordering;

/// The text columns of a call, in the order of [`CallRow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
#[expect(missing_docs, reason = "they are the fields of CallRow")]
pub enum Field {
    EventId,
    RequestId,
    RecipientAccount,
    CallerAccount,
    Region,
    EventSource,
    Api,
    ErrorCode,
    ErrorMessage,
    Principal,
    Session,
    Source,
    UserAgent,
    VpcEndpoint,
    Repository,
    Registry,
    SharedEventId,
    EventType,
    AddendumReason,
}

/// How many text columns there are.
pub const FIELDS: usize = 19;

impl Field {
    /// All of them in order, with the names of their columns.
    pub const ALL: [(Self, &'static str); FIELDS] = [
        (Self::EventId, "event_id"),
        (Self::RequestId, "request_id"),
        (Self::RecipientAccount, "recipient_account"),
        (Self::CallerAccount, "caller_account"),
        (Self::Region, "region"),
        (Self::EventSource, "event_source"),
        (Self::Api, "api"),
        (Self::ErrorCode, "error_code"),
        (Self::ErrorMessage, "error_message"),
        (Self::Principal, "principal"),
        (Self::Session, "session"),
        (Self::Source, "source"),
        (Self::UserAgent, "user_agent"),
        (Self::VpcEndpoint, "vpc_endpoint"),
        (Self::Repository, "repository"),
        (Self::Registry, "registry"),
        (Self::SharedEventId, "shared_event_id"),
        (Self::EventType, "event_type"),
        (Self::AddendumReason, "addendum_reason"),
    ];
}

/// One call: its time and the numbers of its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Line {
    /// Completion time, epoch seconds UTC.
    pub event_time: i64,
    /// Numbers into the sheet's texts, by [`Field`].
    pub text: [u32; FIELDS],
    /// Keeps the size a multiple of eight, so that lines can be written as they stand.
    pub unused: u32,
}

impl Line {
    /// The number of one column.
    #[must_use]
    pub fn number(&self, field: Field) -> u32 {
        self.text[field as usize]
    }

    /// Sets the number of one column.
    pub fn set(&mut self, field: Field, number: u32) {
        self.text[field as usize] = number;
    }

    /// The order of [`CallRow`], told from the numbers.
    #[must_use]
    pub fn order(&self, other: &Self, texts: &Texts) -> Ordering {
        self.event_time.cmp(&other.event_time).then_with(|| {
            self.text
                .iter()
                .zip(&other.text)
                // One table: the same number is the same text.
                .filter(|(a, b)| a != b)
                .map(|(a, b)| texts.get(*a).cmp(texts.get(*b)))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        })
    }
}

/// Calls of one hour, sorted as [`CallRow`] sorts.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// What the numbers mean.
    pub texts: Texts,
    /// The calls.
    pub lines: Vec<Line>,
}

impl Sheet {
    /// One column of one call.
    #[must_use]
    pub fn text(&self, line: &Line, field: Field) -> &str {
        self.texts.get(line.number(field))
    }

    /// The calls as rows.
    pub fn rows(&self) -> impl Iterator<Item = CallRow> {
        self.lines.iter().map(|line| {
            let text = |field| self.text(line, field).to_owned();
            CallRow {
                event_time: line.event_time,
                event_id: text(Field::EventId),
                request_id: text(Field::RequestId),
                recipient_account: text(Field::RecipientAccount),
                caller_account: text(Field::CallerAccount),
                region: text(Field::Region),
                event_source: text(Field::EventSource),
                api: text(Field::Api),
                error_code: text(Field::ErrorCode),
                error_message: text(Field::ErrorMessage),
                principal: text(Field::Principal),
                session: text(Field::Session),
                source: text(Field::Source),
                user_agent: text(Field::UserAgent),
                vpc_endpoint: text(Field::VpcEndpoint),
                repository: text(Field::Repository),
                registry: text(Field::Registry),
                shared_event_id: text(Field::SharedEventId),
                event_type: text(Field::EventType),
                addendum_reason: text(Field::AddendumReason),
            }
        })
    }

    /// Rows as a sheet, in the order given.
    #[must_use]
    pub fn of(rows: &[CallRow]) -> Self {
        let mut texts = Texts::default();
        let lines = rows
            .iter()
            .map(|row| Line {
                event_time: row.event_time,
                text: [
                    &row.event_id,
                    &row.request_id,
                    &row.recipient_account,
                    &row.caller_account,
                    &row.region,
                    &row.event_source,
                    &row.api,
                    &row.error_code,
                    &row.error_message,
                    &row.principal,
                    &row.session,
                    &row.source,
                    &row.user_agent,
                    &row.vpc_endpoint,
                    &row.repository,
                    &row.registry,
                    &row.shared_event_id,
                    &row.event_type,
                    &row.addendum_reason,
                ]
                .map(|text| texts.number(text)),
                unused: 0,
            })
            .collect();
        Self { texts, lines }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_the_sheet_and_sort_alike() {
        let rows: Vec<CallRow> = ["b", "a", "c"]
            .iter()
            .map(|id| CallRow {
                event_time: 7,
                event_id: "same".into(),
                api: (*id).into(),
                addendum_reason: "last".into(),
                ..CallRow::default()
            })
            .collect();
        let mut sheet = Sheet::of(&rows);
        assert_eq!(sheet.rows().collect::<Vec<_>>(), rows);
        let texts = sheet.texts.clone();
        sheet.lines.sort_by(|a, b| a.order(b, &texts));
        let mut sorted = rows;
        sorted.sort();
        assert_eq!(sheet.rows().collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn fields_stand_in_their_own_order() {
        for (index, (field, _)) in Field::ALL.iter().enumerate() {
            assert_eq!(*field as usize, index);
        }
    }
}
