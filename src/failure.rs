//! The one error type that reaches a person: what failed, why, and what to do next.
//!
//! The exit codes are a contract, listed once in [`Kind::exit_code`]. Missing evidence is never a
//! `Failure`: it is a gap in the report.

use std::fmt;

/// Why the program stops; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Unexpected: an unreadable disk, a broken bundle.
    Failed,
    /// The command line or the configuration cannot be obeyed.
    Usage,
    /// No credentials or permissions: nothing was collected.
    Credentials,
    /// Interrupted by the user.
    Interrupted,
}

impl Kind {
    /// The process exit code (docs/guide.md has the whole table, this is its source).
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Credentials => 4,
            Self::Interrupted => 130,
        }
    }
}

/// Exit code when findings exist and `--detailed-exitcode` was asked for.
pub const EXIT_FINDINGS: u8 = 3;
/// Exit code of an inconclusive analysis under `--detailed-exitcode`.
pub const EXIT_INCONCLUSIVE: u8 = 5;
/// Exit code of a partial analysis under `--strict`.
pub const EXIT_PARTIAL: u8 = 6;

/// Exit code of a run that a limit of time or money ended early; its report is partial.
pub const EXIT_LIMIT: u8 = 7;

/// An error ready to be shown: a cause chain and the next steps.
#[derive(Debug)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: Kind,
    /// What failed and why, outermost first.
    pub error: anyhow::Error,
    /// What to do next, each a full sentence or an exact command.
    pub hints: Vec<String>,
}

impl Failure {
    /// A usage error with its way out.
    #[must_use]
    pub fn usage(what: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self {
            kind: Kind::Usage,
            error: anyhow::anyhow!("{what}"),
            hints: vec![hint.into()],
        }
    }

    /// Adds a next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self {
            kind: Kind::Failed,
            error,
            hints: Vec::new(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {:#}", self.error)?;
        for hint in &self.hints {
            write!(f, "\n\nhint: {hint}")?;
        }
        Ok(())
    }
}
