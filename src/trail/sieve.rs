//! What is known about the values of records: which services are asked about, which calls are
//! changes, which codes are faults. Found out once per value, then looked up.

use super::fields::{Record, head};
use super::known::Known;
use super::record::text_of;
use super::slots::Key;
use super::time::epoch_seconds;
use crate::bundle::rows::caps;
use crate::bundle::texts::Texts;
use crate::case::{Case, Instant};
use crate::ecr::{Class, knowledge};
use std::collections::HashMap;

/// An ECR change that AWS makes on the account's behalf and marks as read-only.
const EXPIRY: &str = "PolicyExecutionEvent";

/// Tables by field.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    versions: Known<bool>,
    categories: Known<bool>,
    kinds: Known<bool>,
    read_only: Known<bool>,
    accounts: Known<u32>,
    regions: Known<u32>,
    services: Known<Service>,
    apis: Known<String>,
    codes: Known<(bool, bool)>,
    /// Whether an API of a service is a change, and whether it is one though it only reads.
    changes: HashMap<(u32, u32), (bool, bool), foldhash::fast::RandomState>,
    /// Whether a place is asked about.
    admitted: HashMap<(u32, u32), bool, foldhash::fast::RandomState>,
    last_place: Option<((u32, u32), bool)>,
    /// What was found out about the steady values, by their numbers.
    last_account: (u32, u32),
    last_region: (u32, u32),
    /// Numbers of version, category and type of which it is known that the record is a call.
    last_call: [u32; 3],
    /// First second of the case, and the first behind it.
    span: Option<(i64, i64)>,
    /// The date read last, as written, and the second at which that day begins.
    last_day: Option<([u8; 10], i64)>,
}

/// What is known of an event source.
#[derive(Debug, Clone)]
pub(super) struct Service {
    /// Its name's number among the thread's names; 0 when it has none.
    pub(super) name: u32,
    /// Whether its calls are asked about.
    pub(super) is_asked: bool,
    has_changes: bool,
    text: String,
}

impl Sieve {
    /// Versions are two numbers, not a decimal: 1.11 is newer than 1.9, and all of 1 can be read.
    /// Records without a version occur in hand-made exports and have the shape of version 1.
    #[inline(always)]
    pub(super) fn is_known_version(&mut self, raw: Option<&[u8]>) -> bool {
        let Some(raw) = raw else { return true };
        let number = self
            .versions
            .number(raw, || is_known_version(&text_of(Some(raw))));
        self.versions.meaning(number) == Some(&true)
    }

    /// Whether a category or type says that the record is an Insights event.
    #[inline(always)]
    pub(super) fn is_insight(&mut self, category: Option<&[u8]>, kind: Option<&[u8]>) -> bool {
        // One table each: what came last is then mostly what comes next.
        is(&mut self.categories, category, "Insight")
            || is(&mut self.kinds, kind, "AwsCloudTrailInsight")
    }

    /// The number of an account's name.
    #[inline(always)]
    pub(super) fn account(&mut self, record: Record<'_>, names: &mut Texts) -> u32 {
        let same = record.slots.same(Key::Recipient);
        if same == 0 || self.last_account.0 != same {
            let number = name(&mut self.accounts, record.raw(Key::Recipient), names);
            self.last_account = (same, number);
        }
        self.last_account.1
    }

    /// The number of a region's name.
    #[inline(always)]
    pub(super) fn region(&mut self, record: Record<'_>, names: &mut Texts) -> u32 {
        let same = record.slots.same(Key::Region);
        if same == 0 || self.last_region.0 != same {
            let number = name(&mut self.regions, record.raw(Key::Region), names);
            self.last_region = (same, number);
        }
        self.last_region.1
    }

    /// Whether category, type and version are those of a record before that is a call of a known
    /// version: then neither needs to be asked for again.
    #[inline(always)]
    pub(super) fn is_known_call(&self, record: Record<'_>) -> bool {
        let same = numbers(record);
        same == self.last_call && !same.contains(&0)
    }

    /// Remembers that such a record is a call of a known version.
    #[inline(always)]
    pub(super) fn knows_call(&mut self, record: Record<'_>) {
        self.last_call = numbers(record);
    }

    /// Whether a second lies in the case.
    #[inline(always)]
    pub(super) fn is_inside(&mut self, second: i64, case: &Case) -> bool {
        let (from, to) = *self.span.get_or_insert_with(|| {
            let whole = case.whole();
            (ceil(whole.from), ceil(whole.to))
        });
        from <= second && second < to
    }

    /// Epoch seconds of an event time. Records of one file are mostly of one day.
    #[inline(always)]
    pub(super) fn second(&mut self, raw: Option<&[u8]>) -> Option<i64> {
        let raw = raw?;
        if let (Some((last, start)), [b'"', rest @ .., b'"']) = (&self.last_day, raw)
            && let Some((day, clock)) = rest.split_first_chunk()
            && day == last
            && let Some(seconds) = clock_seconds(clock)
        {
            return Some(start + seconds);
        }
        let second = epoch_seconds(&text_of(Some(raw)))?;
        if let [b'"', rest @ .., b'"'] = raw
            && let Some((day, clock)) = rest.split_first_chunk()
            && let Some(seconds) = clock_seconds(clock)
        {
            self.last_day = Some((*day, second - seconds));
        }
        Some(second)
    }

    /// The number of an event source in this table.
    #[inline(always)]
    pub(super) fn service(&mut self, raw: &[u8], case: &Case, names: &mut Texts) -> u32 {
        self.services.number(raw, || {
            let text = text_of(Some(raw)).into_owned();
            Service {
                name: names.number(head(&text, caps::NAME)),
                is_asked: case.scope.event_sources.contains(&text),
                has_changes: knowledge().has_changes_of(&text),
                text,
            }
        })
    }

    /// What is known of an event source.
    #[inline(always)]
    pub(super) fn service_of(&self, number: u32) -> Option<&Service> {
        self.services.meaning(number)
    }

    /// Whether an error code is a failure, and whether it is a fault (server error or throttle).
    #[inline(always)]
    pub(super) fn code(&mut self, raw: Option<&[u8]>) -> (bool, bool) {
        let Some(raw) = raw else {
            return (false, false);
        };
        let number = self.codes.number(raw, || {
            let class = knowledge().classify(&text_of(Some(raw)));
            (
                class != Class::Success,
                matches!(class, Class::ServerError | Class::Throttle),
            )
        });
        self.codes.meaning(number).copied().unwrap_or_default()
    }

    /// Whether the record is a change that could break a registry.
    #[inline(always)]
    pub(super) fn is_change(&mut self, service: u32, api: &[u8], read_only: Option<&[u8]>) -> bool {
        let Some(known) = self.services.meaning(service) else {
            return false;
        };
        if !known.has_changes {
            return false;
        }
        let source = &known.text;
        let number = self.apis.number(api, || text_of(Some(api)).into_owned());
        let apis = &self.apis;
        let (is_change, though_reading) =
            *self.changes.entry((service, number)).or_insert_with(|| {
                let name = apis.meaning(number).map_or("", String::as_str);
                (knowledge().change(source, name).is_some(), name == EXPIRY)
            });
        is_change
            && (though_reading || {
                let reads = read_only.is_some_and(|raw| {
                    let number = self.read_only.number(raw, || text_of(Some(raw)) == "true");
                    self.read_only.meaning(number) == Some(&true)
                });
                !reads
            })
    }

    /// Whether a record of a place was asked about.
    #[inline(always)]
    pub(super) fn is_asked(
        &mut self,
        case: &Case,
        names: &Texts,
        place: (u32, u32),
        service: u32,
        is_change: bool,
    ) -> bool {
        let admitted = match self.last_place {
            Some((last, admitted)) if last == place => admitted,
            _ => {
                let admitted = *self
                    .admitted
                    .entry(place)
                    .or_insert_with(|| case.scope.admits(names.get(place.0), names.get(place.1)));
                self.last_place = Some((place, admitted));
                admitted
            }
        };
        admitted || (is_change && self.acts_everywhere(case, names.get(place.0), service))
    }

    /// A role's policy changed in us-east-1 breaks pulls in every region.
    fn acts_everywhere(&self, case: &Case, account: &str, service: u32) -> bool {
        let source = self
            .services
            .meaning(service)
            .map_or("", |service| service.text.as_str());
        let accounts = &case.scope.accounts;
        knowledge().global(source).is_some_and(|global| {
            global.other_accounts
                || accounts.is_empty()
                || accounts.iter().any(|asked| asked == account)
        })
    }
}

#[inline(always)]
fn numbers(record: Record<'_>) -> [u32; 3] {
    [Key::EventVersion, Key::EventCategory, Key::EventType].map(|key| record.slots.same(key))
}

/// The first whole second that is not before an instant.
fn ceil(at: Instant) -> i64 {
    at.timestamp()
        .saturating_add(i64::from(at.timestamp_subsec_nanos() > 0))
}

#[inline(always)]
fn is(known: &mut Known<bool>, raw: Option<&[u8]>, word: &str) -> bool {
    let Some(raw) = raw else { return false };
    let number = known.number(raw, || text_of(Some(raw)) == word);
    matches!(known.meaning(number), Some(true))
}

#[inline(always)]
fn name(known: &mut Known<u32>, raw: Option<&[u8]>, names: &mut Texts) -> u32 {
    let Some(raw) = raw else { return 0 };
    let number = known.number(raw, || names.number(head(&text_of(Some(raw)), caps::NAME)));
    known.meaning(number).copied().unwrap_or(0)
}

/// Seconds of the day of `THH:MM:SSZ`, the form of nearly every record.
#[inline(always)]
fn clock_seconds(clock: &[u8]) -> Option<i64> {
    let [b'T', a, b, b':', c, d, b':', e, f, b'Z'] = clock else {
        return None;
    };
    let pair = |x: &u8, y: &u8, below: i64| {
        let both = x.is_ascii_digit() && y.is_ascii_digit();
        let value = i64::from(x & 15) * 10 + i64::from(y & 15);
        (both && value < below).then_some(value)
    };
    Some(pair(a, b, 24)? * 3_600 + pair(c, d, 60)? * 60 + pair(e, f, 60)?)
}

fn is_known_version(version: &str) -> bool {
    let major = version.split('.').next().unwrap_or_default();
    version.is_empty() || major.parse() == Ok(1u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_clock_agrees_with_the_general_one() {
        let mut sieve = Sieve::default();
        for text in [
            "2026-03-11T07:02:43Z",
            "2026-03-11T23:59:59Z",
            "2026-03-11T24:00:00Z",
            "2026-03-11T07:60:00Z",
            "2026-03-11T07:02:60Z",
            "2026-03-11T0x:02:43Z",
            "2026-03-12T00:00:00Z",
            "2026-03-12 00:00:01.000",
            "2026-02-30T00:00:00Z",
            "2026-02-30T00:00:01Z",
            "2026-03-12T00:00:02+01:00",
        ] {
            let raw = format!("\"{text}\"");
            let twice = [0, 1].map(|_| sieve.second(Some(raw.as_bytes())));
            assert_eq!(twice, [epoch_seconds(text); 2], "{text}");
        }
        assert_eq!(sieve.second(None), None);
    }

    #[test]
    fn versions_are_compared_by_parts() {
        for known in ["1.04", "1.9", "1.11", "1", "1.99", ""] {
            assert!(is_known_version(known), "{known}");
        }
        for unknown in ["2.0", "11.1", "0.9", "x", "-1", "10"] {
            assert!(!is_known_version(unknown), "{unknown}");
        }
    }
}
