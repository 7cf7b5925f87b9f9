//! The knowledge files under `queries/`, embedded at build time: listed, shown and parsed here.
//!
//! A file's ID is its path without the extension (`ecr/classes`). Every file opens with a `title`
//! and an `explain` sentence, so the tool can explain itself. A test checks that the list is whole.

mod files;

use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use files::{FILES, QUERIES};

/// One embedded file.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Path under `queries/` without extension.
    pub id: &'static str,
    /// The whole text.
    pub text: &'static str,
}

#[derive(Deserialize)]
struct Head {
    title: String,
    explain: String,
}

impl Entry {
    /// The title and the one-sentence explanation.
    ///
    /// # Panics
    /// Never on data: the files are compiled in and a test reads every head.
    #[must_use]
    pub fn head(&self) -> (String, String) {
        let head: Head = parse(self);
        (head.title, head.explain)
    }
}

/// The file with this ID.
#[must_use]
pub fn find(id: &str) -> Option<&'static Entry> {
    FILES.iter().find(|entry| entry.id == id)
}

/// The text of an embedded Logs Insights query; placeholders in it are `{{name}}`.
///
/// # Panics
/// When the ID is wrong, which a test rules out for every query.
#[must_use]
pub fn query(id: &str) -> &'static str {
    QUERIES
        .iter()
        .find(|entry| entry.id == id)
        .unwrap_or_else(|| panic!("queries/{id}.logsinsights is not embedded"))
        .text
}

/// An embedded file as a typed value.
///
/// # Panics
/// When the ID or its content is wrong, which a test rules out for every embedded file.
#[must_use]
pub fn table<T: DeserializeOwned>(id: &str) -> T {
    let entry = find(id).unwrap_or_else(|| panic!("queries/{id}.toml is not embedded"));
    parse(entry)
}

fn parse<T: DeserializeOwned>(entry: &Entry) -> T {
    toml::from_str(entry.text)
        .unwrap_or_else(|error| panic!("embedded queries/{}.toml: {error}", entry.id))
}
