//! The knowledge of `queries/redact/` as typed values, read once, and the words of our own texts.

use crate::catalog;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

#[derive(Debug, Deserialize)]
pub(super) struct Identities {
    pub(super) resource_ids: ResourceIds,
    pub(super) unique_ids: UniqueIds,
    pub(super) hosts: Hosts,
    pub(super) arns: Arns,
    pub(super) paths: Paths,
}

#[derive(Debug, Deserialize)]
pub(super) struct Paths {
    pub(super) homes: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ResourceIds {
    pub(super) vpce: Vec<String>,
    pub(super) instance: Vec<String>,
    pub(super) network: Vec<String>,
    pub(super) resource: Vec<String>,
    pub(super) organization: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct UniqueIds {
    pub(super) principal: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Hosts {
    pub(super) endings: Vec<String>,
    pub(super) keep: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Arns {
    pub(super) repository_services: Vec<String>,
    pub(super) public_services: Vec<String>,
    pub(super) aws_roles: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Secrets {
    pub(super) access_keys: Vec<String>,
    pub(super) access_key_rest: usize,
    pub(super) tokens: Vec<TokenShape>,
    pub(super) words: Vec<String>,
    pub(super) shortest_value: usize,
    pub(super) schemes: Vec<String>,
    pub(super) webhooks: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TokenShape {
    pub(super) begins: String,
    pub(super) rest: usize,
}

pub(super) fn identities() -> &'static Identities {
    static RULES: OnceLock<Identities> = OnceLock::new();
    RULES.get_or_init(|| catalog::table("redact/identities"))
}

pub(super) fn secrets() -> &'static Secrets {
    static RULES: OnceLock<Secrets> = OnceLock::new();
    RULES.get_or_init(|| catalog::table("redact/secrets"))
}

/// Which kinds of secret can begin with two letters, so that most places of a text need no closer look.
pub(super) struct Leads {
    kinds: Vec<u8>,
    words: HashMap<(char, char), Vec<String>>,
}

impl Leads {
    pub(super) const ACCESS_KEY: u8 = 1;
    pub(super) const TOKEN: u8 = 1 << 1;
    pub(super) const WEBHOOK: u8 = 1 << 2;
    pub(super) const WORD: u8 = 1 << 3;
    pub(super) const SCHEME: u8 = 1 << 4;
    /// ASCII letters.
    const LETTERS: usize = 128;

    fn new(secrets: &Secrets) -> Self {
        let mut leads = Self {
            kinds: vec![0; Self::LETTERS * Self::LETTERS],
            words: HashMap::new(),
        };
        for word in &secrets.words {
            let mut letters = word.chars().map(|c| c.to_ascii_lowercase());
            if let (Some(first), Some(second)) = (letters.next(), letters.next()) {
                leads
                    .words
                    .entry((first, second))
                    .or_default()
                    .push(word.clone());
            }
        }
        let tokens = secrets.tokens.iter().map(|shape| &shape.begins);
        leads.add(tokens, Self::TOKEN);
        leads.add(secrets.access_keys.iter(), Self::ACCESS_KEY);
        leads.add(secrets.webhooks.iter(), Self::WEBHOOK);
        leads.add(secrets.words.iter(), Self::WORD);
        leads.add(secrets.schemes.iter(), Self::SCHEME);
        leads
    }

    /// In either case: whoever compares exactly does so afterwards.
    fn add<'a>(&mut self, words: impl Iterator<Item = &'a String>, kind: u8) {
        for word in words {
            let mut letters = word.chars();
            let (Some(first), Some(second)) = (letters.next(), letters.next()) else {
                continue;
            };
            for first in [first.to_ascii_lowercase(), first.to_ascii_uppercase()] {
                for second in [second.to_ascii_lowercase(), second.to_ascii_uppercase()] {
                    if let Some(kinds) =
                        Self::index(first, second).and_then(|index| self.kinds.get_mut(index))
                    {
                        *kinds |= kind;
                    }
                }
            }
        }
    }

    fn index(first: char, second: char) -> Option<usize> {
        (first.is_ascii() && second.is_ascii())
            .then(|| first as usize * Self::LETTERS + second as usize)
    }

    /// The announcing words that begin with these letters in either case.
    pub(super) fn words(&self, first: char, second: char) -> &[String] {
        self.words
            .get(&(first.to_ascii_lowercase(), second.to_ascii_lowercase()))
            .map_or(&[], Vec::as_slice)
    }

    /// The kinds, as bits.
    pub(super) fn of(&self, first: char, second: char) -> u8 {
        Self::index(first, second)
            .and_then(|index| self.kinds.get(index))
            .copied()
            .unwrap_or_default()
    }
}

/// The first letters of [`secrets`].
pub(super) fn leads() -> &'static Leads {
    static LEADS: OnceLock<Leads> = OnceLock::new();
    LEADS.get_or_init(|| Leads::new(secrets()))
}

/// Whether a name is also an everyday word of our own texts, so that hiding every occurrence would
/// rewrite our sentences. The words are those of the knowledge files, which hold most of our texts; a
/// word they lack is hidden everywhere, which is ugly and safe.
pub(super) fn is_ordinary(name: &str) -> bool {
    // Most names hold a digit or a stop, and then the words need not even be listed.
    if !name.chars().all(|c| c.is_ascii_alphabetic()) {
        return false;
    }
    static WORDS: OnceLock<HashSet<String>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        catalog::FILES
            .iter()
            .filter(|entry| !entry.id.starts_with("redact/"))
            .flat_map(|entry| entry.text.split(|c: char| !c.is_ascii_alphabetic()))
            .map(str::to_ascii_lowercase)
            .collect()
    });
    words.contains(&name.to_ascii_lowercase())
}
