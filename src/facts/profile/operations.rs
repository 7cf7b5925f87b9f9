//! Attempts against operations: a caller asking the same again soon after a failure is retrying.
//!
//! An operation is one principal and session calling one API for one repository; CloudTrail does
//! not name layers or tags of a failed call reliably, so parallel layers of one image count as one
//! operation. Recovered and lost are therefore lower bounds.

use super::row::Row;
use crate::case::Interval;
use crate::ecr::Class;
use crate::facts::types::Operations;
use std::collections::HashMap;

/// Attempts, recovered and lost operations that began to fail inside the span.
pub(super) struct Retries {
    end: i64,
    class: Class,
    window_s: i64,
    counted: Operations,
    /// Time of the last failed attempt of each operation still open.
    open: HashMap<String, i64>,
    /// The operation of the row at hand, kept to write into.
    key: String,
}

impl Retries {
    pub(super) fn new(span: Interval, class: Class, window_s: i64) -> Self {
        Self {
            end: span.to.timestamp(),
            class,
            window_s,
            counted: Operations::default(),
            open: HashMap::new(),
            key: String::new(),
        }
    }

    /// Counts further rows; all rows come by time and reach `window_s` past the span.
    pub(super) fn add<'a>(&mut self, rows: impl Iterator<Item = Row<'a>>) {
        let mut now = i64::MIN;
        for row in rows {
            now = row.time;
            if row.class == self.class && row.time < self.end {
                self.counted.failed_attempts += 1;
                self.name(&row);
                match self.open.get_mut(self.key.as_str()) {
                    Some(last) => {
                        if row.time - *last > self.window_s {
                            self.counted.lost += 1;
                        }
                        *last = row.time;
                    }
                    None => {
                        self.open.insert(self.key.clone(), row.time);
                    }
                }
            } else if row.class == Class::Success && !self.open.is_empty() {
                self.name(&row);
                if let Some(last) = self.open.remove(self.key.as_str()) {
                    if row.time - last <= self.window_s {
                        self.counted.recovered_by_retry += 1;
                    } else {
                        self.counted.lost += 1;
                    }
                }
            }
        }
        // Too late for these whatever comes, so they need not be remembered.
        let remembered = self.open.len();
        self.open
            .retain(|_, last| now.saturating_sub(*last) <= self.window_s);
        self.counted.lost += (remembered - self.open.len()) as u64;
    }

    /// What never succeeded is lost.
    pub(super) fn count(mut self) -> Operations {
        self.counted.lost += self.open.len() as u64;
        self.counted
    }

    fn name(&mut self, row: &Row<'_>) {
        self.key.clear();
        for part in [row.principal, row.session, row.api, row.repository] {
            self.key.push_str(part);
            // AWS allows it in no name.
            self.key.push('\0');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::instant;

    /// Rows in one chunk and in chunks of one: where a chunk ends must not matter.
    fn count(rows: &[Row<'_>], span: Interval, class: Class) -> Operations {
        let mut whole = Retries::new(span, class, 120);
        whole.add(rows.iter().copied());
        let mut single = Retries::new(span, class, 120);
        for row in rows {
            single.add(std::iter::once(*row));
        }
        let counted = whole.count();
        assert_eq!(single.count(), counted);
        counted
    }

    fn row(time: i64, session: &str, class: Class) -> Row<'_> {
        Row {
            time,
            class,
            event_id: "",
            request_id: "",
            api: "BatchGetImage",
            error_code: "",
            error_message: "",
            principal: "role",
            session,
            repository: "app",
            vpc_endpoint: "",
            source: "",
            user_agent: "",
        }
    }

    #[test]
    fn a_success_within_two_minutes_recovers_and_a_later_one_does_not() {
        let rows = [
            row(0, "a", Class::Throttle),
            row(1, "b", Class::Throttle),
            row(10, "a", Class::Throttle),
            row(40, "a", Class::Success),
            row(50, "c", Class::Success),
            row(500, "b", Class::Success),
        ];
        let span = Interval::new(instant(0), instant(600));
        assert_eq!(
            count(&rows, span, Class::Throttle),
            Operations {
                failed_attempts: 3,
                recovered_by_retry: 1,
                lost: 1,
            }
        );
    }

    #[test]
    fn never_seen_again_is_lost_and_failures_after_the_span_are_not_counted() {
        let rows = [
            row(0, "a", Class::ServerError),
            row(700, "d", Class::ServerError),
        ];
        let span = Interval::new(instant(0), instant(600));
        let counted = count(&rows, span, Class::ServerError);
        assert_eq!((counted.failed_attempts, counted.lost), (1, 1));
    }
}
