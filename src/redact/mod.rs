//! Text that may leave: identities become pseudonyms, secrets are removed, and a scan looks again.
//!
//! Pure: texts in, texts out. A [`Redactor`] is told the names that structured fields hold
//! ([`Redactor::learn`]), then rewrites every text; the same value gets the same pseudonym wherever
//! and however it is spelled out. The [`Map`] brings values back and never leaves the machine; it
//! never holds a secret. [`Redactor::leaks`] reads finished output and finds what must not be there.
//! Nothing here may guess that a text is harmless: what looks like an identity is hidden.

mod arn;
mod encoded;
mod find;
mod fold;
mod hit;
mod kind;
mod known;
mod map;
mod place;
mod rules;
mod secrets;
mod shapes;

pub use kind::{Kind, Level, Voice};
pub use map::{MAGIC, Map};

use find::Finder;
use hit::{Hit, What};
use known::Known;
use std::collections::{BTreeMap, BTreeSet};

/// What stands where a secret stood.
pub const REMOVED: &str = "[secret removed]";

/// Something in finished output that must not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// What it looks like: a kind's word, or `secret`.
    pub kind: &'static str,
    /// Line of the output, from 1.
    pub line: usize,
}

/// Rewrites texts at one level with one map.
#[derive(Debug)]
pub struct Redactor {
    level: Level,
    map: Map,
    known: Known,
    kept: BTreeSet<String>,
    waiting: BTreeMap<String, Kind>,
    secrets: u64,
}

impl Redactor {
    /// A redactor that goes on with the pseudonyms of a map.
    #[must_use]
    pub fn new(level: Level, map: Map) -> Self {
        let mut known = Known::default();
        for (value, kind) in map.values() {
            known.add(kind, value);
        }
        Self {
            level,
            map,
            known,
            kept: BTreeSet::new(),
            waiting: BTreeMap::new(),
            secrets: 0,
        }
    }

    /// The level it works at.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The pseudonyms so far.
    #[must_use]
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// How many secrets were removed so far.
    #[must_use]
    pub fn secrets(&self) -> u64 {
        self.secrets
    }

    /// Tells a name that a structured field holds, so that it is found in free text as well.
    pub fn learn(&mut self, kind: Kind, value: &str) {
        if !self.hides(kind) || place::is_public(value) {
            return;
        }
        for (part, kind) in place::parts(kind, value) {
            // A file called `trail` names nobody, and the word stands everywhere.
            if self.hides(kind) && !(kind == Kind::File && rules::is_ordinary(&part)) {
                self.known.add(kind, &part);
            }
        }
    }

    /// Tells words of our own that no rewriting reaches (headings, markup), before any name is
    /// learned: a name that is one of them is hidden only where it stands like a name.
    pub fn own_words(&mut self, text: &str) {
        self.known.own_words(text);
    }

    /// Tells a text that is ours and stays although it looks like something: a hash of the evidence.
    pub fn keep(&mut self, value: &str) {
        self.kept.insert(value.to_owned());
    }

    /// Looks at a text before any is rewritten, so that numbers do not tell in which order values
    /// appear. What was never surveyed still gets a pseudonym, only a later number.
    pub fn survey(&mut self, voice: Voice, text: &str) {
        for hit in self.hits(voice, text) {
            if let (What::Id(kind), Some(value)) = (hit.what, text.get(hit.from..hit.to)) {
                self.await_token(kind, value);
            }
        }
    }

    /// The same for a whole field whose meaning is known.
    pub fn survey_name(&mut self, kind: Kind, value: &str) {
        if self.is_name(kind, value) {
            self.await_token(place::kind_of(kind, value), value);
        } else {
            self.survey(Voice::Log, value);
        }
    }

    /// Whether a field's value is one name to be hidden whole.
    fn is_name(&self, kind: Kind, value: &str) -> bool {
        let public = value.is_empty() || place::is_public(value) || place::is_arn(value);
        let word = kind == Kind::File && rules::is_ordinary(value);
        self.hides(kind) && !public && !word
    }

    /// Gives every surveyed value its pseudonym, in an order only the salt knows.
    pub fn settle(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.map.add(waiting);
    }

    /// A text as it may leave.
    ///
    /// What stands beside a pseudonym can, in rare texts, look like an identity together with it.
    /// Then the whole word is hidden, and should that not do, the whole text.
    pub fn text(&mut self, voice: Voice, text: &str) -> String {
        let out = self.rewritten(voice, text);
        if out == text || self.leaks(&out).is_empty() {
            return out;
        }
        let mut by_word = String::with_capacity(out.len());
        for word in text.split_inclusive(char::is_whitespace) {
            let bare = word.trim_end();
            let hidden = self.rewritten(voice, bare);
            if self.leaks(&hidden).is_empty() {
                by_word.push_str(&hidden);
            } else {
                by_word.push_str(&self.token(Kind::Resource, bare));
            }
            by_word.push_str(word.get(bare.len()..).unwrap_or_default());
        }
        if self.leaks(&by_word).is_empty() {
            by_word
        } else {
            self.token(Kind::Resource, text)
        }
    }

    fn rewritten(&mut self, voice: Voice, text: &str) -> String {
        let hits = self.hits(voice, text);
        if hits.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for hit in hits {
            out.push_str(text.get(at..hit.from).unwrap_or_default());
            let value = text.get(hit.from..hit.to).unwrap_or_default();
            match hit.what {
                What::Secret => {
                    self.secrets += 1;
                    out.push_str(REMOVED);
                }
                What::Id(kind) => out.push_str(&self.token(kind, value)),
                What::Keep => out.push_str(value),
            }
            at = hit.to;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }

    /// A whole field whose meaning is known, as it may leave. Names of AWS itself stay.
    pub fn name(&mut self, kind: Kind, value: &str) -> String {
        if !self.is_name(kind, value) {
            return self.text(Voice::Log, value);
        }
        if secrets::holds(value) {
            self.secrets += 1;
            return REMOVED.to_owned();
        }
        let kind = place::kind_of(kind, value);
        self.token(kind, value)
    }

    /// What finished output holds that must not leave. Pseudonyms are no leak.
    #[must_use]
    pub fn leaks(&self, output: &str) -> Vec<Leak> {
        let mut leaks: Vec<Leak> = Vec::new();
        for (index, line) in output.split('\n').enumerate() {
            for hit in self.hits(Voice::Output, line) {
                let kind = match hit.what {
                    What::Secret => "secret",
                    What::Id(Kind::Literal) | What::Keep => continue,
                    What::Id(kind) => kind.word(),
                };
                leaks.push(Leak {
                    kind,
                    line: index + 1,
                });
            }
        }
        leaks
    }

    /// The same for a JSON document: every key and every text in it, by its place in the document.
    ///
    /// # Errors
    /// When it is no JSON, which no output of ours is.
    pub fn leaks_in_json(&self, output: &str) -> Result<Vec<Leak>, serde_json::Error> {
        let document: serde_json::Value = serde_json::from_str(output)?;
        let mut leaks = Vec::new();
        let mut rest = vec![&document];
        while let Some(value) = rest.pop() {
            match value {
                serde_json::Value::String(text) => leaks.extend(self.leaks(text)),
                serde_json::Value::Array(items) => rest.extend(items),
                serde_json::Value::Object(fields) => {
                    for (key, value) in fields {
                        leaks.extend(self.leaks(key));
                        rest.push(value);
                    }
                }
                _ => {}
            }
        }
        Ok(leaks)
    }

    fn hits(&self, voice: Voice, text: &str) -> Vec<Hit> {
        Finder {
            level: self.level,
            voice,
            known: &self.known,
            kept: &self.kept,
        }
        .hits(text)
    }

    /// Whether values of a kind are hidden at this level.
    fn hides(&self, kind: Kind) -> bool {
        hit::hides(self.level, kind)
    }

    fn await_token(&mut self, kind: Kind, value: &str) {
        if self.map.token(value).is_none() && !secrets::holds(value) {
            let slot = self.waiting.entry(value.to_owned()).or_insert(kind);
            *slot = (*slot).min(kind);
        }
    }

    /// The pseudonym of a value. A secret that hides in a name is removed, never remembered.
    fn token(&mut self, kind: Kind, value: &str) -> String {
        if let Some(token) = self.map.token(value) {
            return token.to_owned();
        }
        if secrets::holds(value) {
            self.secrets += 1;
            return REMOVED.to_owned();
        }
        self.map.add(BTreeMap::from([(value.to_owned(), kind)]));
        self.map.token(value).unwrap_or(REMOVED).to_owned()
    }
}

#[cfg(test)]
mod tests;
