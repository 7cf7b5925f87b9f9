//! What is known about the values of records: which services are asked about, which calls are
//! changes, which codes are faults. Found out once per value, then looked up.

use super::known::Known;
use super::record::text_of;
use crate::bundle::rows::caps;
use crate::bundle::texts::Texts;
use crate::case::Case;
use crate::ecr::{Class, knowledge};
use std::collections::HashMap;

/// An ECR change that AWS makes on the account's behalf and marks as read-only.
const EXPIRY: &str = "PolicyExecutionEvent";

/// Tables by field.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    versions: Known<bool>,
    insights: Known<bool>,
    read_only: Known<bool>,
    names: Known<u32>,
    services: Known<Service>,
    apis: Known<String>,
    codes: Known<(bool, bool)>,
    /// Whether an API of a service is a change, and whether it is one though it only reads.
    changes: HashMap<(u32, u32), (bool, bool), foldhash::fast::RandomState>,
    /// Whether a place is asked about.
    admitted: HashMap<(u32, u32), bool, foldhash::fast::RandomState>,
    last_place: Option<((u32, u32), bool)>,
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
        [category, kind].into_iter().flatten().any(|raw| {
            let number = self.insights.number(raw, || {
                matches!(&*text_of(Some(raw)), "Insight" | "AwsCloudTrailInsight")
            });
            self.insights.meaning(number) == Some(&true)
        })
    }

    /// The number of an account's or region's name.
    #[inline(always)]
    pub(super) fn name(&mut self, raw: Option<&[u8]>, names: &mut Texts) -> u32 {
        let Some(raw) = raw else { return 0 };
        let number = self.names.number(raw, || {
            names.number(super::select::head(&text_of(Some(raw)), caps::NAME))
        });
        self.names.meaning(number).copied().unwrap_or(0)
    }

    /// The number of an event source in this table.
    #[inline(always)]
    pub(super) fn service(&mut self, raw: &[u8], case: &Case, names: &mut Texts) -> u32 {
        self.services.number(raw, || {
            let text = text_of(Some(raw)).into_owned();
            Service {
                name: names.number(super::select::head(&text, caps::NAME)),
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
    pub(super) fn is_change(
        &mut self,
        service: u32,
        api: &[u8],
        read_only: Option<&[u8]>,
    ) -> bool {
        let Some(known) = self.services.meaning(service) else {
            return false;
        };
        if !known.has_changes {
            return false;
        }
        let source = &known.text;
        let number = self
            .apis
            .number(api, || text_of(Some(api)).into_owned());
        let apis = &self.apis;
        let (is_change, though_reading) =
            *self.changes.entry((service, number)).or_insert_with(|| {
                let name = apis.meaning(number).map_or("", String::as_str);
                (knowledge().change(source, name).is_some(), name == EXPIRY)
            });
        is_change
            && (though_reading || {
                let reads = read_only.is_some_and(|raw| {
                    let number = self
                        .read_only
                        .number(raw, || text_of(Some(raw)) == "true");
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
                let admitted = *self.admitted.entry(place).or_insert_with(|| {
                    case.scope.admits(names.get(place.0), names.get(place.1))
                });
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

fn is_known_version(version: &str) -> bool {
    let major = version.split('.').next().unwrap_or_default();
    version.is_empty() || major.parse() == Ok(1u32)
}

#[cfg(test)]
mod tests {
    use super::*;

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
