//! Callers and repositories as plain counts, for who compares days. No judgement, no data frames.

use super::types::Place;

/// What a [`Daily`] is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// A role or user.
    Caller,
    /// A repository.
    Repository,
}

impl Party {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Repository => "repository",
        }
    }
}

/// Calls of one caller or to one repository, by span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daily {
    /// Which of the two.
    pub party: Party,
    /// Where.
    pub place: Place,
    /// Role, user or repository.
    pub name: String,
    /// Calls, one count per span asked for.
    pub calls: Vec<u64>,
    /// Failed ones, `not_found` left out.
    pub failures: Vec<u64>,
}
