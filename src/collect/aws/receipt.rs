//! What a run asked of AWS and what it will cost: the receipt printed in every report, and the log
//! of every request in the bundle.
//!
//! It counts, it never decides. It must never hold a credential, a signature or a response body.

use super::known::Call;
use crate::bundle::manifest::{Bill, Noun};
use crate::case::{Instant, rfc3339};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One request as it went out, for `log.ndjson`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogLine {
    /// When it was sent, RFC 3339.
    pub at: String,
    /// Region it was signed for, or empty.
    pub region: String,
    /// `monitoring:GetMetricData`.
    pub call: String,
    /// 1 for the first try of a call.
    pub attempt: u32,
    /// How long it waited for its turn, milliseconds.
    pub waited_ms: u64,
    /// From sending to the head of the answer, milliseconds.
    pub took_ms: u64,
    /// HTTP status, or 0 when there was no answer.
    pub status: u16,
    /// AWS's request ID, or empty.
    pub request_id: String,
    /// Why there was no answer, or empty.
    pub error: String,
}

/// Counts of everything so far. Shared by all tasks of a run.
#[derive(Debug)]
pub struct Receipt {
    started: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    bills: BTreeMap<Option<Noun>, Bill>,
    log: Vec<LogLine>,
}

/// Lines of the log kept; the counts go on beyond it.
const LOG_CAP: usize = 100_000;

impl Receipt {
    /// An empty receipt of a run that started then.
    #[must_use]
    pub fn new(started: Instant) -> Self {
        Self {
            started,
            inner: Mutex::new(Inner::default()),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes one request.
    pub(super) fn request(&self, call: &Call, since_start: Duration, line: LogLine) {
        let at = self
            .started
            .checked_add_signed(chrono::TimeDelta::from_std(since_start).unwrap_or_default())
            .unwrap_or(self.started);
        self.with(|inner| {
            let bill = inner.bills.entry(call.noun).or_default();
            bill.calls += 1;
            bill.retries += u64::from(line.attempt > 1);
            bill.waited_ms += line.waited_ms;
            if inner.log.len() < LOG_CAP {
                inner.log.push(LogLine {
                    at: rfc3339(at),
                    ..line
                });
            }
        });
    }

    /// Notes time spent waiting between tries.
    pub(super) fn waited(&self, noun: Option<Noun>, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.with(|inner| {
            let bill = inner.bills.entry(noun).or_default();
            bill.waited_ms = bill.waited_ms.saturating_add(ms);
        });
    }

    /// Notes bytes a source scanned or sent, and dollars it will cost.
    pub fn spent(&self, noun: Noun, bytes_scanned: u64, usd: f64) {
        self.with(|inner| {
            let bill = inner.bills.entry(Some(noun)).or_default();
            bill.bytes_scanned = bill.bytes_scanned.saturating_add(bytes_scanned);
            bill.cost_usd += usd;
        });
    }

    /// Dollars of all sources so far.
    #[must_use]
    pub fn usd(&self) -> f64 {
        self.with(|inner| inner.bills.values().map(|bill| bill.cost_usd).sum())
    }

    /// What one source took so far.
    #[must_use]
    pub fn bill(&self, noun: Noun) -> Bill {
        self.with(|inner| inner.bills.get(&Some(noun)).cloned().unwrap_or_default())
    }

    /// Everything together.
    #[must_use]
    pub fn total(&self) -> Bill {
        self.with(|inner| {
            let mut total = Bill::default();
            for bill in inner.bills.values() {
                total.add(bill);
            }
            total
        })
    }

    /// The requests in the order they were sent.
    #[must_use]
    pub fn log(&self) -> Vec<LogLine> {
        self.with(|inner| inner.log.clone())
    }
}
