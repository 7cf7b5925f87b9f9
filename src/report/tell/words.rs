//! Building texts out of spans, and the house words for sides, signals and classes.
//!
//! Names from logs enter a text only through [`Words::code`] and [`Words::prose`].

use crate::analyze::types::{ChangeCandidate, Confidence, HealthMatch, Reason, Side, Signal};
use crate::ecr::Class;
use crate::report::fmt;
use crate::report::model::{Align, Block, Label, Span, Table, Text, Tone, Untrusted};

/// A text under construction.
pub(super) struct Words(Text);

/// Starts a text with our own words (which may be empty).
pub(super) fn say(words: impl Into<String>) -> Words {
    let words = words.into();
    Words(if words.is_empty() {
        Vec::new()
    } else {
        vec![Span::Plain(words)]
    })
}

/// Starts a text with a stressed word.
pub(super) fn strong(words: impl Into<String>) -> Words {
    Words(vec![Span::Strong(words.into())])
}

/// A cell of our own words.
pub(super) fn cell(words: impl Into<String>) -> Text {
    say(words).done()
}

/// A cell holding one name from logs; the empty name is shown as a dash.
pub(super) fn name(text: &str) -> Text {
    say("").code(text).done()
}

/// A sentence with its evidence.
pub(super) fn reason(reason: &Reason) -> Text {
    say("").prose(&reason.text).cite(&reason.evidence).done()
}

impl Words {
    /// More of our own words.
    pub(super) fn and(mut self, words: impl Into<String>) -> Self {
        self.0.push(Span::Plain(words.into()));
        self
    }

    /// A name, code or message from logs.
    pub(super) fn code(mut self, text: &str) -> Self {
        self.0.push(Span::Code(Untrusted::new(text)));
        self
    }

    /// The same with a length of its own.
    pub(super) fn code_capped(mut self, text: &str, cap: usize) -> Self {
        self.0.push(Span::Code(Untrusted::capped(text, cap)));
        self
    }

    /// Several names, `a`, `b` and `c`; beyond `most` they are counted.
    pub(super) fn codes(mut self, names: &[String], most: usize) -> Self {
        let shown = names.len().min(most);
        for (index, text) in names.iter().take(shown).enumerate() {
            if index > 0 {
                let last = index + 1 == names.len();
                self = self.and(if last { " and " } else { ", " });
            }
            self = self.code(text);
        }
        if names.len() > shown {
            self = self.and(format!(" and {} more", names.len() - shown));
        }
        self
    }

    /// A sentence that may hold names from logs.
    pub(super) fn prose(mut self, text: &str) -> Self {
        self.0.push(Span::Prose(Untrusted::capped(text, 800)));
        self
    }

    /// References into the ledger, each once, in the order given.
    pub(super) fn cite<S: AsRef<str>>(mut self, ids: &[S]) -> Self {
        let mut seen: Vec<&str> = Vec::new();
        for id in ids {
            let id = id.as_ref();
            if !id.is_empty() && !seen.contains(&id) {
                seen.push(id);
                if !self.0.is_empty() {
                    self.0.push(Span::Plain(" ".to_owned()));
                }
                self.0.push(Span::Evidence(id.to_owned()));
            }
        }
        self
    }

    /// How the statement is known.
    pub(super) fn label(mut self, label: Label) -> Self {
        self.0.push(Span::Label(label));
        self
    }

    /// Appends a finished text.
    pub(super) fn text(mut self, text: Text) -> Self {
        self.0.extend(text);
        self
    }

    /// Appends a sentence, if there is one, behind a space.
    pub(super) fn then(self, text: Text) -> Self {
        if text.is_empty() {
            self
        } else {
            self.and(" ").text(text)
        }
    }

    /// The finished text.
    pub(super) fn done(self) -> Text {
        self.0
    }

    /// The finished text as a paragraph.
    pub(super) fn para(self) -> Block {
        Block::Para(self.0)
    }
}

/// A bulleted list; `None` when there is nothing to list.
pub(super) fn list(items: Vec<Text>) -> Option<Block> {
    (!items.is_empty()).then_some(Block::List {
        ordered: false,
        items,
    })
}

/// A table from column headings, where a leading `>` means "numbers, to the right".
pub(super) fn table(columns: &[&'static str], rows: Vec<Vec<Text>>, note: Text) -> Block {
    let align = columns
        .iter()
        .map(|column| {
            if column.starts_with('>') {
                Align::Right
            } else {
                Align::Left
            }
        })
        .collect();
    Block::Table(Table {
        header: columns
            .iter()
            .map(|column| column.trim_start_matches('>'))
            .collect(),
        align,
        rows,
        note,
    })
}

/// The note of a table that was cut, or nothing. Nothing is cut silently.
pub(super) fn cut_note(shown: usize, all: usize, what: &str) -> Text {
    if shown >= all {
        Vec::new()
    } else {
        say(format!(
            "{shown} of {all} {what} shown; all of them stand in report.json."
        ))
        .done()
    }
}

/// `AWS side`, `our side`, …: the verdict's subject.
pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Aws => "AWS side",
        Side::Customer => "our side",
        Side::ThirdParty => "a third party",
        Side::Undetermined => "cannot tell",
    }
}

/// The colour of a side.
pub(super) fn tone(side: Side) -> Tone {
    match side {
        Side::Aws => Tone::Aws,
        Side::Customer => Tone::Ours,
        Side::ThirdParty => Tone::ThirdParty,
        Side::Undetermined => Tone::Unknown,
    }
}

/// `server errors`, `throttled calls`, …: what the failures of a class are called.
pub(super) fn failures_of(class: Class) -> &'static str {
    match class {
        Class::Success => "successes",
        Class::ServerError => "server errors",
        Class::Throttle => "throttled calls",
        Class::Denied => "denied calls",
        Class::NotFound => "not-found answers",
        Class::Dependency => "dependency errors",
        Class::ResourceQuota => "resource-quota refusals",
        Class::ClientError => "client errors",
        Class::Unclassified => "unclassified errors",
    }
}

/// What became of the calls, as a verb: `were throttled`.
pub(super) fn failed_how(class: Class) -> String {
    match class {
        Class::Throttle => "were throttled".to_owned(),
        Class::Denied => "were denied".to_owned(),
        Class::NotFound => "were answered with not found".to_owned(),
        Class::ResourceQuota => "were refused by a resource quota".to_owned(),
        other => format!("failed with {}", failures_of(other)),
    }
}

/// What a signal is called.
pub(super) fn signal(signal: Signal) -> &'static str {
    match signal {
        Signal::Failures(class) => failures_of(class),
        Signal::TrafficSurge => "more calls than usual",
        Signal::TrafficDrop => "fewer calls than usual",
    }
}

/// How sure, in a word.
pub(super) fn confidence(confidence: Confidence) -> &'static str {
    confidence.word()
}

/// `first posted 45 min after our onset`; a bound is told as one. `None` when it is not known.
pub(super) fn posted(found: &HealthMatch) -> Option<String> {
    let lag = fmt::lag(found.posted_lag_s?);
    Some(if found.posted_at_latest {
        format!("posted no later than {lag} our onset")
    } else {
        format!("first posted {lag} our onset")
    })
}

/// `4 s before the first failure`; without a failure the onset is what a change is compared with.
pub(super) fn before_failure(candidate: &ChangeCandidate) -> String {
    match candidate.first_failure_lead_s {
        Some(0) => "in the same second as the first failure".to_owned(),
        Some(lead) => format!("{} the first failure", fmt::lag(lead.saturating_neg())),
        None => format!("{} the onset", fmt::lag(candidate.lead_s.saturating_neg())),
    }
}

/// A plural by count: `1 call`, `2 calls`.
pub(super) fn plural(n: u64, one: &str, many: &str) -> String {
    let word = if n == 1 { one } else { many };
    format!("{} {word}", fmt::count(n))
}

/// `4 days`; a negative number of days is none.
pub(super) fn days(days: i64) -> String {
    plural(u64::try_from(days).unwrap_or(0), "day", "days")
}
