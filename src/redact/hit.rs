//! What is found in a text, and whether a level hides it.

use super::kind::{Kind, Level};

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Secret,
    Id(Kind),
    /// Looks like something and is left alone.
    Keep,
}

/// A part of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) what: What,
}

/// A match: how many folded characters it takes, and the parts of them that matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) length: usize,
    /// From, to (relative to the start of the match), meaning.
    pub(super) parts: Vec<(usize, usize, What)>,
}

impl Match {
    /// All of it means one thing.
    pub(super) fn whole(length: usize, what: What) -> Self {
        Self {
            length,
            parts: vec![(0, length, what)],
        }
    }
}

/// Whether values of a kind are hidden at a level.
pub(super) fn hides(level: Level, kind: Kind) -> bool {
    let names = matches!(
        kind,
        Kind::Repository | Kind::Digest | Kind::Request | Kind::Event | Kind::Id | Kind::File
    );
    match level {
        Level::Off => false,
        Level::Ids => !names,
        Level::All => true,
    }
}
