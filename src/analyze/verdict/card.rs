//! The score card of one hypothesis: which rules hold, with their sentences and evidence.

use super::rulebook::{self, Book};
use crate::analyze::types::{Confidence, Hypothesis, Reason};
use std::collections::BTreeSet;

/// One cause being weighed.
#[derive(Debug, Clone)]
pub(super) struct Card {
    /// The contract's cause word.
    pub cause: &'static str,
    /// Its rules.
    pub book: &'static Book,
    points: i32,
    legs: BTreeSet<&'static str>,
    held: BTreeSet<&'static str>,
    /// Reasons for.
    pub reasons_for: Vec<Reason>,
    /// Reasons against.
    pub reasons_against: Vec<Reason>,
    blocked: Option<String>,
    foreign: bool,
    serious: bool,
    cap: Confidence,
}

impl Card {
    pub(super) fn new(cause: &'static str) -> Self {
        Self {
            cause,
            book: rulebook::of(cause),
            points: 0,
            legs: BTreeSet::new(),
            held: BTreeSet::new(),
            reasons_for: Vec::new(),
            reasons_against: Vec::new(),
            blocked: None,
            foreign: false,
            serious: false,
            cap: Confidence::High,
        }
    }

    /// A card of a cause that cannot be, with the reason in plain words.
    pub(super) fn blocked(cause: &'static str, why: impl Into<String>) -> Self {
        let mut card = Self::new(cause);
        card.block(why);
        card
    }

    /// A card of a cause that is about another kind of trouble altogether.
    pub(super) fn foreign(cause: &'static str, why: impl Into<String>) -> Self {
        let mut card = Self::blocked(cause, why);
        card.foreign = true;
        card
    }

    /// Rules the cause out whatever its points; the first reason stands.
    pub(super) fn block(&mut self, why: impl Into<String>) {
        self.blocked.get_or_insert_with(|| why.into());
    }

    /// Limits the confidence the cause can reach.
    pub(super) fn cap(&mut self, at: Confidence) {
        self.cap = self.cap.min(at);
    }

    /// Counts a rule that holds. Every ID used here is in the cause's file (a test compares both);
    /// an unknown one counts nothing.
    pub(super) fn hold(&mut self, id: &str, fill: &[(&str, String)], evidence: Vec<String>) {
        let Some(rule) = self.book.rule.iter().find(|rule| rule.id == id) else {
            return;
        };
        self.points = self.points.saturating_add(rule.points);
        self.held.insert(rule.id.as_str());
        self.serious |= rule.serious;
        if let Some(leg) = &rule.leg {
            self.legs.insert(leg.as_str());
        }
        let reason = Reason {
            text: rulebook::render(&rule.text, fill),
            evidence,
        };
        if rule.points > 0 || rule.weighs_for {
            self.reasons_for.push(reason);
        } else {
            self.reasons_against.push(reason);
        }
    }

    /// Points for minus points against, counted from what the cause needs.
    pub(super) fn score(&self) -> i32 {
        self.points.saturating_sub(self.book.needs)
    }

    /// Number of independent legs that hold.
    pub(super) fn legs(&self) -> u32 {
        u32::try_from(self.legs.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn has_leg(&self, leg: &str) -> bool {
        self.legs.contains(leg)
    }

    /// Whether the cause's file knows a rule of this name.
    pub(super) fn has_rule(&self, rule: &str) -> bool {
        self.book.rule.iter().any(|known| known.id == rule)
    }

    pub(super) fn holds(&self, rule: &str) -> bool {
        self.held.contains(rule)
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    pub(super) fn is_foreign(&self) -> bool {
        self.foreign
    }

    pub(super) fn is_serious(&self) -> bool {
        self.serious
    }

    pub(super) fn limit(&self) -> Confidence {
        self.cap
    }

    /// Why it cannot win by itself; `None` when it can.
    pub(super) fn shortfall(&self) -> Option<String> {
        if let Some(why) = &self.blocked {
            return Some(why.clone());
        }
        let book = self.book;
        if self.legs() < book.min_legs {
            let needs = match book.min_legs {
                1 => "one independent kind of evidence".to_owned(),
                n => format!("{n} independent kinds of evidence"),
            };
            let has = match self.legs.len() {
                0 => "none".to_owned(),
                n => {
                    let legs: Vec<&str> = self.legs.iter().copied().collect();
                    format!("{n} ({})", legs.join(", "))
                }
            };
            return Some(format!("it needs {needs} and has {has}."));
        }
        if !book.breadth_legs.is_empty() && !book.breadth_legs.iter().any(|leg| self.has_leg(leg)) {
            return Some(
                "nothing shows that the trouble is wider than one caller's calls.".to_owned(),
            );
        }
        (self.score() < 0).then(|| {
            format!(
                "the points for and against it add up to {} of the {} it needs.",
                self.points, book.needs
            )
        })
    }

    /// As a line of the answer.
    pub(super) fn hypothesis(self, rejected_because: String) -> Hypothesis {
        Hypothesis {
            cause: self.cause.to_owned(),
            side: self.book.side(),
            score: self.score(),
            legs: self.legs(),
            evidence_for: self.reasons_for,
            evidence_against: self.reasons_against,
            rejected_because,
        }
    }
}
