//! Which pseudonym stands for which value: made with a salt, written as JSON, sealed against change.
//!
//! It holds identities in clear and must stay on the machine that made it; the command line writes it
//! with mode 0600. It never holds a secret.

use super::kind::Kind;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The first words of the file; what sends files away refuses one that holds them.
pub const MAGIC: &str = "ecr-incident redaction map: do not share";

/// Values and their pseudonyms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    salt: [u8; 32],
    tokens: BTreeMap<String, (Kind, u32)>,
    /// The same as text, because it is asked for often.
    words: BTreeMap<String, String>,
    last: BTreeMap<Kind, u32>,
}

#[derive(Serialize, Deserialize)]
struct OnDisk {
    magic: String,
    version: u32,
    salt: String,
    entries: Vec<Entry>,
    seal: String,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    token: String,
    value: String,
}

impl Map {
    /// An empty map. The salt must be random and secret: it decides the order of numbers, so that
    /// they tell nothing about the values.
    #[must_use]
    pub fn new(salt: [u8; 32]) -> Self {
        Self {
            salt,
            tokens: BTreeMap::new(),
            words: BTreeMap::new(),
            last: BTreeMap::new(),
        }
    }

    /// Whether nothing was hidden.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// How many values it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// How many values of each kind it knows, by word.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (kind, _) in self.tokens.values() {
            *counts.entry(kind.word()).or_default() += 1;
        }
        counts
    }

    /// The pseudonym of a value.
    #[must_use]
    pub fn token(&self, value: &str) -> Option<&str> {
        self.words.get(value).map(String::as_str)
    }

    /// The values with their kinds.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.tokens
            .iter()
            .map(|(value, (kind, _))| (value.as_str(), *kind))
    }

    /// Gives new values the next numbers of their kind, ordered by a salted hash.
    pub(super) fn add(&mut self, values: BTreeMap<String, Kind>) {
        let mut fresh: Vec<([u8; 32], String, Kind)> = values
            .into_iter()
            .filter(|(value, _)| !self.tokens.contains_key(value))
            .map(|(value, kind)| {
                let mut hash = Sha256::new();
                hash.update(self.salt);
                hash.update(value.as_bytes());
                (hash.finalize().into(), value, kind)
            })
            .collect();
        fresh.sort();
        for (_, value, kind) in fresh {
            let last = self.last.entry(kind).or_default();
            *last += 1;
            self.words
                .insert(value.clone(), format!("{}-{last}", kind.word()));
            self.tokens.insert(value, (kind, *last));
        }
    }

    /// A text with every pseudonym replaced by its value; pseudonyms of other maps stay.
    #[must_use]
    pub fn unredact(&self, text: &str) -> String {
        let values: BTreeMap<&str, &str> = self
            .words
            .iter()
            .map(|(value, token)| (token.as_str(), value.as_str()))
            .collect();
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let length = pseudonym(rest);
            let known = rest.get(..length).and_then(|token| values.get(token));
            let step = match known {
                Some(value) => {
                    out.push_str(value);
                    length
                }
                None => {
                    out.push(c);
                    c.len_utf8()
                }
            };
            rest = rest.get(step..).unwrap_or_default();
        }
        out
    }

    /// The file: JSON with a seal over everything in it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut entries: Vec<Entry> = self
            .words
            .iter()
            .map(|(value, token)| Entry {
                token: token.clone(),
                value: value.clone(),
            })
            .collect();
        entries.sort_by(|a, b| sort_key(&a.token).cmp(&sort_key(&b.token)));
        let salt = hex(&self.salt);
        let on_disk = OnDisk {
            magic: MAGIC.to_owned(),
            version: 1,
            seal: seal(&salt, &entries),
            salt,
            entries,
        };
        // Plain structs of text: serde_json has nothing to refuse.
        let mut text = serde_json::to_string_pretty(&on_disk).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the file back.
    ///
    /// # Errors
    /// A sentence when it is no map, or was changed since it was written.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let on_disk: OnDisk =
            serde_json::from_str(text).map_err(|why| format!("it is no redaction map: {why}"))?;
        if on_disk.magic != MAGIC || on_disk.version != 1 {
            return Err("it is no redaction map of this version".to_owned());
        }
        if on_disk.seal != seal(&on_disk.salt, &on_disk.entries) {
            return Err("it was changed after it was written: its seal differs".to_owned());
        }
        let mut map = Self::new(salt(&on_disk.salt).ok_or("its salt is not 64 hex digits")?);
        for Entry { token, value } in on_disk.entries {
            let (kind, number) =
                kind_of(&token).ok_or_else(|| format!("{token:?} is no pseudonym"))?;
            let last = map.last.entry(kind).or_default();
            *last = (*last).max(number);
            map.words.insert(value.clone(), token);
            map.tokens.insert(value, (kind, number));
        }
        Ok(map)
    }
}

/// How many bytes at the start look like a pseudonym; 0 when none.
pub(super) fn pseudonym(text: &str) -> usize {
    Kind::ALL
        .iter()
        .filter_map(|kind| {
            let rest = text.strip_prefix(kind.word())?.strip_prefix('-')?;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            (digits > 0).then_some(kind.word().len() + 1 + digits)
        })
        .max()
        .unwrap_or(0)
}

fn kind_of(token: &str) -> Option<(Kind, u32)> {
    let (word, number) = token.rsplit_once('-')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word)?;
    Some((kind, number.parse().ok()?))
}

fn sort_key(token: &str) -> (Option<(Kind, u32)>, &str) {
    (kind_of(token), token)
}

fn seal(salt: &str, entries: &[Entry]) -> String {
    let mut hash = Sha256::new();
    hash.update(salt);
    for entry in entries {
        hash.update((entry.token.len() as u64).to_be_bytes());
        hash.update(&entry.token);
        hash.update((entry.value.len() as u64).to_be_bytes());
        hash.update(&entry.value);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn salt(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
