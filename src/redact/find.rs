//! Walks through a text and says which of its bytes are a secret, an identity, or to be left alone.
//!
//! At every place the longest match wins; among equals a secret comes first, then a name that a field
//! holds, then a shape. What is found never overlaps.

use super::fold::{Folded, fold};
use super::hit::{Hit, Match, What, hides};
use super::kind::{Kind, Level, Voice};
use super::known::Known;
use super::map::pseudonym;
use super::{arn, encoded, secrets, shapes};
use std::collections::BTreeSet;

/// Where a part ends: digits right behind an identity belong to it, because they would be read as
/// part of the pseudonym.
fn closed(text: &str, to: usize, what: What) -> usize {
    let digits = text
        .get(to..)
        .unwrap_or_default()
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    match what {
        What::Id(_) => to + digits,
        What::Secret | What::Keep => to,
    }
}

/// The finder and what it knows.
pub(super) struct Finder<'a> {
    pub(super) level: Level,
    pub(super) voice: Voice,
    pub(super) known: &'a Known,
    pub(super) kept: &'a BTreeSet<String>,
}

impl Finder<'_> {
    /// Everything found in a text, in order, without overlap.
    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        self.search(text, true)
    }

    fn search(&self, text: &str, deep: bool) -> Vec<Hit> {
        let folded = fold(text);
        let mut hits = Vec::new();
        let mut at = 0;
        while at < folded.len() {
            let Some(found) = self.best(text, &folded, at, deep) else {
                at += 1;
                continue;
            };
            let mut reached = 0;
            for (from, to, what) in found.parts {
                let first = folded.get(at + from);
                let last = (at + to).checked_sub(1).and_then(|index| folded.get(index));
                if let (Some(first), Some(last), true) = (first, last, from < to) {
                    reached = closed(text, last.to, what);
                    let value = text.get(first.from..reached).unwrap_or_default();
                    hits.push(Hit {
                        from: first.from,
                        to: reached,
                        what: self.meaning(what, value),
                    });
                }
            }
            at += found.length.max(1);
            while folded.get(at).is_some_and(|f| f.from < reached) {
                at += 1;
            }
        }
        hits
    }

    fn meaning(&self, what: What, value: &str) -> What {
        match what {
            What::Id(_) if self.kept.contains(value) => What::Keep,
            What::Id(kind) if !hides(self.level, kind) => What::Keep,
            What::Id(_) if pseudonym(value) == value.len() => What::Id(Kind::Literal),
            what => what,
        }
    }

    fn best(&self, text: &str, folded: &[Folded], at: usize, deep: bool) -> Option<Match> {
        let mut best: Option<Match> = None;
        let mut consider = |candidate: Option<Match>| {
            if let Some(candidate) = candidate
                && best.as_ref().is_none_or(|b| candidate.length > b.length)
            {
                best = Some(candidate);
            }
        };
        consider(secrets::at(folded, at));
        if deep {
            consider(self.hidden_in_base64(folded, at));
        }
        if self.level != Level::Off {
            consider(arn::at(folded, at));
            let known = self.known.at(folded, at, self.voice);
            consider(known.map(|(length, kind)| Match::whole(length, What::Id(kind))));
            let from = folded.get(at).map_or(0, |f| f.from);
            let length = pseudonym(text.get(from..).unwrap_or_default());
            if length > 0 {
                consider(Some(Match::whole(length, What::Id(Kind::Literal))));
            }
            consider(shapes::at(folded, at));
            if self.level == Level::All && self.voice == Voice::Log {
                consider(shapes::quoted(folded, at));
            }
        }
        best
    }

    /// A run of base64 whose content would be hidden is hidden whole.
    fn hidden_in_base64(&self, folded: &[Folded], at: usize) -> Option<Match> {
        let (length, content) = encoded::at(folded, at)?;
        let inside = self.search(&content, false);
        let secret = inside.iter().any(|hit| hit.what == What::Secret);
        let identity = inside.iter().any(|hit| matches!(hit.what, What::Id(_)));
        if secret {
            Some(Match::whole(length, What::Secret))
        } else if identity {
            Some(Match::whole(length, What::Id(Kind::Encoded)))
        } else {
            None
        }
    }
}
