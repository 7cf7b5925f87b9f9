//! The visible rules: points, legs and sentences of every cause, from `queries/verdicts/`.
//!
//! A hypothesis decides *whether* a rule holds; what it weighs and how it reads stands in its file.

use crate::analyze::types::{Side, Signal};
use crate::catalog;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// All causes in the order of the contract. The order breaks ties: the first of two equal scores
/// wins.
pub(in crate::analyze) const CAUSES: [&str; 13] = [
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

/// One rule of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::analyze) struct Rule {
    /// Name used by the hypothesis.
    pub id: String,
    /// Points for (positive) or against (negative).
    pub points: i32,
    /// The independent kind of evidence it stands for.
    #[serde(default)]
    pub leg: Option<String>,
    /// A serious counter-reason: rules out high confidence.
    #[serde(default)]
    pub serious: bool,
    /// A remark of no points that speaks for the cause.
    #[serde(default)]
    pub weighs_for: bool,
    /// Sentence with `{placeholders}`.
    pub text: String,
}

/// What further evidence would change the answer, and when it is worth saying.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::analyze) struct WouldChange {
    /// `always`, `health_missing`, `health_silent`, `quota_missing`, `quota_unlisted`,
    /// `metrics_missing`, `changes_unknown`, `uncalibrated`.
    pub when: String,
    /// Signals it is worth saying for (`throttle`, `traffic_surge`, …); empty means all.
    #[serde(default)]
    pub signals: Vec<String>,
    /// Sentence with `{placeholders}`.
    pub text: String,
}

impl WouldChange {
    /// Whether the line matters to incidents of this signal.
    pub(in crate::analyze) fn concerns(&self, signal: Signal) -> bool {
        self.signals.is_empty() || self.signals.iter().any(|word| word == signal.word())
    }
}

/// One file of `queries/verdicts/`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::analyze) struct Book {
    /// For people.
    pub title: String,
    /// For people.
    pub explain: String,
    side: String,
    /// Points a cause must earn; the score is counted from here.
    pub needs: i32,
    /// Independent legs without which it cannot win.
    pub min_legs: u32,
    /// Independent legs without which it stays at low confidence.
    #[serde(default = "two")]
    pub medium_legs: u32,
    /// At least one of these legs must hold; empty means any.
    #[serde(default)]
    pub breadth_legs: Vec<String>,
    /// What must be known or hold for high confidence: a source word, `leg:…` or `rule:…`.
    #[serde(default)]
    pub high_needs: Vec<String>,
    /// Kinds of change that matter to it.
    #[serde(default)]
    pub change_kinds: Vec<String>,
    /// Single writes that matter to it.
    #[serde(default)]
    pub change_apis: Vec<String>,
    /// Writes that reach what they do not name.
    #[serde(default)]
    pub wide_changes: Vec<String>,
    /// Error codes that matter to it; a trailing `*` matches any rest.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Rules.
    pub rule: Vec<Rule>,
    /// What would change it.
    pub would_change: Vec<WouldChange>,
}

fn two() -> u32 {
    2
}

impl Book {
    /// Whose doing it would be.
    pub(in crate::analyze) fn side(&self) -> Side {
        match self.side.as_str() {
            "aws" => Side::Aws,
            "customer" => Side::Customer,
            "third_party" => Side::ThirdParty,
            _ => Side::Undetermined,
        }
    }

    /// Whether a raw error code is on the list.
    pub(in crate::analyze) fn has_code(&self, code: &str) -> bool {
        self.codes
            .iter()
            .any(|known| match known.strip_suffix('*') {
                Some(start) => code.starts_with(start),
                None => known == code,
            })
    }
}

/// The book of a cause; an unknown word gets that of `undetermined`, which blames nobody.
pub(in crate::analyze) fn of(cause: &str) -> &'static Book {
    static BOOKS: OnceLock<BTreeMap<&'static str, Book>> = OnceLock::new();
    let books = BOOKS.get_or_init(|| {
        CAUSES
            .into_iter()
            .map(|cause| (cause, catalog::table(&format!("verdicts/{cause}"))))
            .collect()
    });
    books
        .get(cause)
        .or_else(|| books.get("undetermined"))
        .expect("every cause of CAUSES was loaded, undetermined among them")
}

/// The sentence with its placeholders filled in one pass, so that braces inside log text stay text.
pub(in crate::analyze) fn render(template: &str, fill: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = tail.split_once('}') else {
            out.push('{');
            rest = tail;
            continue;
        };
        match fill.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => out.push_str(value),
            None => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_fill_once_and_log_text_keeps_its_braces() {
        let fill = [("a", "{b}".to_owned()), ("b", "no".to_owned())];
        assert_eq!(render("x {a} y {c} z {", &fill), "x {b} y {c} z {");
    }

    #[test]
    fn every_book_says_a_known_side_and_words_its_rules() {
        for cause in CAUSES {
            let book = of(cause);
            assert!(
                ["aws", "customer", "third_party", "undetermined"].contains(&book.side.as_str()),
                "{cause}"
            );
            assert!(
                !book.title.is_empty() && !book.explain.is_empty(),
                "{cause}"
            );
            assert!(
                book.would_change.iter().any(|w| w.when == "always"),
                "{cause}"
            );
            for rule in &book.rule {
                assert!(
                    !(rule.leg.is_some() && rule.points <= 0),
                    "{cause} {}: a leg earns points",
                    rule.id
                );
                assert!(!(rule.serious && rule.points > 0), "{cause} {}", rule.id);
            }
        }
    }

    #[test]
    fn aws_is_never_blamed_on_one_leg() {
        for cause in CAUSES {
            let book = of(cause);
            if book.side() == Side::Aws {
                assert!(
                    book.min_legs >= 2 && !book.breadth_legs.is_empty(),
                    "{cause}"
                );
            }
        }
    }

    #[test]
    fn codes_match_whole_or_by_their_start() {
        let book = of("kms_key");
        assert!(book.has_code("KmsException") && book.has_code("KMSDisabledException"));
        assert!(!book.has_code("SecretNotFoundException"));
    }
}
