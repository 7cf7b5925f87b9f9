//! What is asked of AWS and what to do next, by cause: read from `queries/steps/`, filled with the
//! names of one incident.
//!
//! A command is offered only with names that can be copied safely; anything else stays a
//! placeholder in angle brackets. The files say what to do, never whose doing it was.

use super::outline;
use super::words::{self, Words, say};
use crate::analyze::types::{Incident, Status};
use crate::case::{Case, Instant, rfc3339};
use crate::catalog;
use crate::report::fmt;
use crate::report::model::{Text, Untrusted};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One file of `queries/steps/`.
#[derive(Debug, Deserialize)]
pub(super) struct Cause {
    /// Short words for the verdict sentence.
    pub(super) phrase: String,
    /// What is asked of AWS.
    pub(super) ask: Ask,
    /// What to do, in the file's order.
    #[serde(rename = "step")]
    pub(super) steps: Vec<Step>,
}

/// What is asked of AWS.
#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    /// Whether a support case is worth opening.
    pub(super) case: Worth,
    /// Subject line.
    pub(super) subject: String,
    /// At most two sentences.
    pub(super) lines: Vec<String>,
    /// Numbered questions.
    pub(super) questions: Vec<String>,
}

/// Whether a support case is worth opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Worth {
    /// Open one.
    Yes,
    /// Only if the checks named do not explain it.
    Maybe,
    /// It would not help.
    No,
}

/// One step.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    /// When it helps.
    pub(super) kind: Kind,
    /// What to do.
    pub(super) text: String,
    /// How, exactly, if there is a command.
    #[serde(default)]
    pub(super) command: String,
}

/// When a step helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Now.
    Mitigate,
    /// Next time.
    Prevent,
    /// Sooner next time.
    Detect,
}

#[derive(Deserialize)]
struct Limits {
    limit: Vec<Limit>,
}

/// Something no run can see.
#[derive(Debug, Deserialize)]
pub(super) struct Limit {
    /// What.
    pub(super) what: String,
    /// Why.
    pub(super) why: String,
}

/// The file of a cause word; causes without a file are told as undetermined.
pub(super) fn cause(word: &str) -> Cause {
    let id = format!("steps/{word}");
    if catalog::find(&id).is_some() && word != "limits" {
        catalog::table(&id)
    } else {
        catalog::table("steps/undetermined")
    }
}

/// What no run can see.
pub(super) fn limits() -> Vec<Limit> {
    catalog::table::<Limits>("steps/limits").limit
}

/// The names and numbers of one incident, for the placeholders of the files.
pub(super) struct Slots {
    ours: BTreeMap<&'static str, String>,
    from_logs: BTreeMap<&'static str, Vec<String>>,
}

impl Slots {
    /// Collects the slots of an incident.
    pub(super) fn of(incident: &Incident, case: &Case) -> Self {
        let draft = &incident.draft;
        let end = draft.span.to;
        let mut ours = BTreeMap::from([
            ("from", fmt::moment(incident.onset)),
            ("to", end_words(incident, end)),
            ("from_iso", rfc3339(incident.onset)),
            ("to_iso", rfc3339(end)),
            ("start_epoch", incident.onset.timestamp().to_string()),
            ("end_epoch", end.timestamp().to_string()),
            (
                "search_from",
                rfc3339(case.window.from.min(incident.onset) - chrono::Duration::hours(1)),
            ),
            ("failures", fmt::count(incident.failures)),
            ("calls", fmt::count(incident.calls)),
            ("class", words::signal(draft.signal).to_owned()),
            ("signal", words::signal(draft.signal).to_owned()),
        ]);
        for (slot, anchor) in [
            ("section_requests", "requests"),
            ("section_quota", "quota"),
            ("section_scope", "scope"),
            ("section_changes", "changes"),
            ("section_steps", "steps"),
            ("section_gaps", "gaps"),
        ] {
            ours.insert(slot, outline::place_of(Status::Incident, anchor));
        }
        // The analysis can be pointed at another service; the words must follow.
        let scope = &case.scope;
        let event_source = if scope.is_ecr() {
            "ecr.amazonaws.com".to_owned()
        } else {
            scope.event_sources.first().cloned().unwrap_or_default()
        };
        let prefix = event_source
            .split('.')
            .next()
            .unwrap_or_default()
            .to_owned();
        let service = if scope.is_ecr() {
            "ECR".to_owned()
        } else {
            prefix.clone()
        };
        let first = |names: Vec<String>| names.into_iter().take(1).collect::<Vec<_>>();
        let failing = |shares: &[crate::facts::types::Share]| {
            shares
                .iter()
                .filter(|share| share.failures > 0 && !share.name.is_empty())
                .map(|share| share.name.clone())
                .collect::<Vec<_>>()
        };
        let api = first(draft.apis.clone());
        let repository = first(failing(&incident.repositories));
        let region = draft.place.region.clone();
        let account = draft.place.account.clone();
        let mut from_logs = BTreeMap::from([
            (
                "iam_action",
                api.iter().map(|api| format!("{prefix}:{api}")).collect(),
            ),
            ("api", api),
            ("apis", draft.apis.clone()),
            ("role", first(failing(&incident.principals))),
            (
                "repository_arn",
                repository
                    .iter()
                    .map(|name| {
                        let partition = partition(&region);
                        format!("arn:{partition}:ecr:{region}:{account}:repository/{name}")
                    })
                    .collect(),
            ),
            ("repository", repository),
            (
                "quota_code",
                incident
                    .quota
                    .iter()
                    .filter(|replay| !replay.code.is_empty())
                    .map(|replay| replay.code.clone())
                    .take(1)
                    .collect(),
            ),
            (
                "key_arn",
                incident
                    .changes
                    .iter()
                    .filter(|candidate| candidate.change.kind == "kms" && candidate.touches)
                    .map(|candidate| candidate.change.resource.clone())
                    .take(1)
                    .collect(),
            ),
            ("service", vec![service]),
            ("event_source", vec![event_source]),
            ("region", vec![region]),
            ("account", vec![account]),
        ]);
        // `?` is our own mark for "not recorded", not a name.
        for names in from_logs.values_mut() {
            names.retain(|name| name != "?" && !name.is_empty());
        }
        Self { ours, from_logs }
    }

    /// A sentence with names shown as code.
    pub(super) fn text(&self, template: &str) -> Text {
        let mut words = say("");
        for part in parts(template) {
            words = match part {
                Part::Words(text) => words.and(text),
                Part::Slot(slot) => self.fill(words, slot),
            };
        }
        words.done()
    }

    /// A subject line: names as plain words and at most two of them, because it is pasted into a form.
    pub(super) fn subject(&self, template: &str) -> Text {
        let mut words = say("");
        for part in parts(template) {
            words = match part {
                Part::Words(text) => words.and(text),
                Part::Slot(slot) => match self.from_logs.get(slot) {
                    Some(names) if !names.is_empty() => {
                        let shown: Vec<&str> = names.iter().take(2).map(String::as_str).collect();
                        let words = words.prose(&shown.join(", "));
                        match names.len() - shown.len() {
                            0 => words,
                            more => words.and(format!(" and {more} more")),
                        }
                    }
                    _ => self.fill(words, slot),
                },
            };
        }
        words.done()
    }

    fn fill(&self, words: Words, slot: &str) -> Words {
        if let Some(value) = self.ours.get(slot) {
            return words.and(value.as_str());
        }
        match self.from_logs.get(slot).map(Vec::as_slice) {
            Some([]) => words.and(format!("({} not recorded)", slot.replace('_', " "))),
            // A region or account reads as a word; it is still escaped as text from logs.
            Some([one]) if matches!(slot, "region" | "account" | "service") => words.prose(one),
            Some(names) => words.codes(names, 4),
            None => words.and(format!("{{{slot}}}")),
        }
    }

    /// A command to copy.
    pub(super) fn command(&self, template: &str) -> String {
        parts(template)
            .map(|part| match part {
                Part::Words(text) => text.to_owned(),
                Part::Slot(slot) => self.word(slot),
            })
            .collect()
    }

    fn word(&self, slot: &str) -> String {
        if let Some(value) = self.ours.get(slot) {
            return value.clone();
        }
        match self.from_logs.get(slot) {
            Some(names) => names
                .first()
                .and_then(|first| Untrusted::new(first.as_str()).shell_word())
                .unwrap_or_else(|| format!("<{}>", slot.replace('_', "-"))),
            // Braces of another tool, such as curl's `%{http_code}`.
            None => format!("{{{slot}}}"),
        }
    }
}

/// The end of an incident after its start has been named: without the date when it is the same,
/// and never as an end when there is none yet.
fn end_words(incident: &Incident, end: Instant) -> String {
    let same_day = incident.onset.date_naive() == end.date_naive();
    let end = if same_day {
        fmt::clock(end)
    } else {
        fmt::moment(end)
    };
    if incident.recovery.is_none() {
        format!("{end} (still going on then)")
    } else {
        end
    }
}

/// The partition of a region, for ARNs. Source: AWS general reference, ARN format.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

enum Part<'a> {
    Words(&'a str),
    Slot(&'a str),
}

/// Splits a template at `{slot}`; braces around anything but small letters and `_` are text, so
/// that JSON and filter patterns can stand in a command.
fn parts(template: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(open) = rest.get(from..).and_then(|tail| tail.find('{')) {
            let open = from + open;
            let inner = rest.get(open + 1..).unwrap_or_default();
            let close = inner.find('}').unwrap_or(0);
            let slot = inner.get(..close).unwrap_or_default();
            if close > 0 && slot.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                if open > 0 {
                    let (words, tail) = rest.split_at(open);
                    rest = tail;
                    return Some(Part::Words(words));
                }
                rest = inner.get(close + 1..).unwrap_or_default();
                return Some(Part::Slot(slot));
            }
            from = open + 1;
        }
        let words = rest;
        rest = "";
        Some(Part::Words(words))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAUSES: [&str; 13] = [
        "aws_service_fault",
        "aws_side_throttling",
        "quota_exhaustion",
        "retry_storm",
        "permission_change",
        "kms_key",
        "image_removed",
        "resource_quota",
        "network_path",
        "caller_configuration",
        "upstream_registry",
        "evidence_gap",
        "undetermined",
    ];

    const SLOTS: [&str; 29] = [
        "key_arn",
        "section_quota",
        "service",
        "event_source",
        "from",
        "to",
        "from_iso",
        "to_iso",
        "start_epoch",
        "end_epoch",
        "search_from",
        "failures",
        "calls",
        "class",
        "signal",
        "section_requests",
        "section_scope",
        "section_changes",
        "section_steps",
        "section_gaps",
        "iam_action",
        "api",
        "apis",
        "role",
        "repository_arn",
        "repository",
        "quota_code",
        "region",
        "account",
    ];

    #[test]
    fn every_cause_has_a_file_with_all_kinds_of_steps() {
        for word in CAUSES {
            assert!(catalog::find(&format!("steps/{word}")).is_some(), "{word}");
            let cause = cause(word);
            assert!(cause.ask.lines.len() <= 2, "{word}: the ask is two lines");
            assert!(!cause.ask.questions.is_empty(), "{word}");
            for kind in [Kind::Mitigate, Kind::Prevent, Kind::Detect] {
                assert!(
                    cause.steps.iter().any(|step| step.kind == kind),
                    "{word} lacks {kind:?}"
                );
            }
        }
        assert!(!limits().is_empty());
    }

    #[test]
    fn every_placeholder_is_known() {
        for word in CAUSES {
            let cause = cause(word);
            let templates = cause
                .ask
                .lines
                .iter()
                .chain([&cause.ask.subject])
                .chain(&cause.ask.questions)
                .chain(
                    cause
                        .steps
                        .iter()
                        .flat_map(|step| [&step.text, &step.command]),
                );
            for template in templates {
                for part in parts(template) {
                    if let Part::Slot(slot) = part {
                        // curl's own `%{http_code}` is not ours.
                        let curl = ["http_code", "time_connect"].contains(&slot);
                        assert!(SLOTS.contains(&slot) || curl, "{word}: {{{slot}}}");
                    }
                }
            }
        }
    }

    #[test]
    fn braces_of_json_stay() {
        let whole: Vec<String> = parts(r#"a {"x":["{region}"]} {b"#)
            .map(|part| match part {
                Part::Words(words) => words.to_owned(),
                Part::Slot(slot) => format!("<{slot}>"),
            })
            .collect();
        assert_eq!(whole.concat(), r#"a {"x":["<region>"]} {b"#);
    }
}
