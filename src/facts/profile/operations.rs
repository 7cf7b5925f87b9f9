//! Attempts against operations: a caller asking the same again soon after a failure is retrying.
//!
//! An operation is one principal and session calling one API for one repository; CloudTrail does
//! not name layers or tags of a failed call reliably, so parallel layers of one image count as one
//! operation. Recovered and lost are therefore lower bounds.

use super::rows::Row;
use crate::case::Interval;
use crate::ecr::Class;
use crate::facts::types::Operations;
use std::collections::BTreeMap;

/// Counts attempts, recovered and lost operations that began to fail inside the span. `rows` are
/// by time and reach `retry_window_s` past the span.
pub(super) fn count(rows: &[Row], span: Interval, class: Class, retry_window_s: i64) -> Operations {
    let mut operations = Operations::default();
    // Time of the last failed attempt of each operation still open.
    let mut open: BTreeMap<(&str, &str, &str, &str), i64> = BTreeMap::new();
    let end = span.to.timestamp();
    for row in rows {
        let key = (
            row.principal.as_str(),
            row.session.as_str(),
            row.api.as_str(),
            row.repository.as_str(),
        );
        if row.class == class && row.time < end {
            operations.failed_attempts += 1;
            let previous = open.insert(key, row.time);
            if previous.is_some_and(|last| row.time - last > retry_window_s) {
                operations.lost += 1;
            }
        } else if row.class == Class::Success
            && let Some(last) = open.remove(&key)
        {
            if row.time - last <= retry_window_s {
                operations.recovered_by_retry += 1;
            } else {
                operations.lost += 1;
            }
        }
    }
    operations.lost += open.len() as u64;
    operations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::instant;

    fn row(time: i64, session: &str, class: Class) -> Row {
        Row {
            time,
            class,
            event_id: String::new(),
            request_id: String::new(),
            api: "BatchGetImage".to_owned(),
            error_code: String::new(),
            error_message: String::new(),
            principal: "role".to_owned(),
            session: session.to_owned(),
            repository: "app".to_owned(),
            vpc_endpoint: String::new(),
            source: String::new(),
            user_agent: String::new(),
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
            count(&rows, span, Class::Throttle, 120),
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
        let counted = count(&rows, span, Class::ServerError, 120);
        assert_eq!((counted.failed_attempts, counted.lost), (1, 1));
    }
}
