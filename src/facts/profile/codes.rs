//! The error breakdown: API by raw code, with the class, the denominator and one message.

use super::kind::{Kind, Period};
use crate::case::instant;
use crate::ecr::Class;
use crate::facts::types::CodeShare;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What failed with which code.
#[derive(Default)]
pub(super) struct Codes {
    /// Calls by API in the incident, whatever became of them.
    totals: BTreeMap<String, u64>,
    /// By API and code.
    codes: BTreeMap<(String, String), Code>,
}

/// One code of one API.
struct Code {
    class: Class,
    count: u64,
    baseline_count: u64,
    span: Option<(i64, i64)>,
    messages: BTreeMap<String, u64>,
}

impl Codes {
    /// Counts calls of one kind; `code` is empty on success.
    pub(super) fn add(&mut self, kind: Kind<'_>, period: Period, calls: u64) {
        if period == Period::Incident {
            *self.totals.entry(kind.api.to_owned()).or_default() += calls;
        }
        if !kind.code.is_empty() {
            let code = self.of(kind);
            match period {
                Period::Incident => code.count += calls,
                Period::Baseline => code.baseline_count += calls,
            }
        }
    }

    /// Notes calls of the incident with one message, and their first and last second.
    pub(super) fn message(
        &mut self,
        kind: Kind<'_>,
        message: &str,
        calls: u64,
        first: i64,
        last: i64,
    ) {
        let code = self.of(kind);
        let (from, to) = code.span.unwrap_or((first, last));
        code.span = Some((from.min(first), to.max(last)));
        match code.messages.get_mut(message) {
            Some(sum) => *sum += calls,
            None => {
                code.messages.insert(message.to_owned(), calls);
            }
        }
    }

    fn of(&mut self, kind: Kind<'_>) -> &mut Code {
        self.codes
            .entry((kind.api.to_owned(), kind.code.to_owned()))
            .or_insert_with(|| Code {
                class: kind.class,
                count: 0,
                baseline_count: 0,
                span: None,
                messages: BTreeMap::new(),
            })
    }

    /// Every failing code of the incident's calls, most frequent first.
    pub(super) fn list(self) -> Vec<CodeShare> {
        let Self { totals, codes } = self;
        let mut list: Vec<CodeShare> = codes
            .into_iter()
            .filter_map(|((api, code), counted)| {
                // A code without calls in the incident is the baseline's affair.
                let (first, last) = counted.span?;
                Some(CodeShare {
                    calls: totals.get(&api).copied().unwrap_or_default(),
                    baseline_count: counted.baseline_count,
                    class: counted.class,
                    count: counted.count,
                    first: instant(first),
                    last: instant(last),
                    // The most frequent; ties by text.
                    message: counted
                        .messages
                        .into_iter()
                        .min_by_key(|(_, calls)| Reverse(*calls))
                        .map(|(message, _)| message)
                        .unwrap_or_default(),
                    api,
                    code,
                })
            })
            .collect();
        list.sort_by(|a, b| {
            b.count
                .cmp(&a.count)
                .then_with(|| (&a.api, &a.code).cmp(&(&b.api, &b.code)))
        });
        list
    }
}
