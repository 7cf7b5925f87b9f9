//! The knowledge of `queries/redact/` as typed values, read once, and the words of our own texts.

use crate::catalog;
use serde::Deserialize;
use std::collections::BTreeSet;
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

/// Whether a name is also an everyday word of our own texts, so that hiding every occurrence would
/// rewrite our sentences. The words are those of the knowledge files, which hold most of our texts; a
/// word they lack is hidden everywhere, which is ugly and safe.
pub(super) fn is_ordinary(name: &str) -> bool {
    static WORDS: OnceLock<BTreeSet<String>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        catalog::FILES
            .iter()
            .filter(|entry| !entry.id.starts_with("redact/"))
            .flat_map(|entry| entry.text.split(|c: char| !c.is_ascii_alphabetic()))
            .map(str::to_ascii_lowercase)
            .collect()
    });
    name.chars().all(|c| c.is_ascii_alphabetic()) && words.contains(&name.to_ascii_lowercase())
}
