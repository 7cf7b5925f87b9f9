//! Everything that is printed goes through here: data to stdout, talk to stderr, never a panic on
//! a closed pipe, never a raw control character from a log.

use crate::failure::{Failure, Kind};
use crate::report::escape::Untrusted;
use std::io::Write as _;

/// Whether talk is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Volume {
    /// Errors only.
    Quiet,
    /// What a person needs to follow.
    Normal,
    /// Every refused input as well.
    Verbose,
}

/// One line of talk on stderr.
pub(super) fn say(volume: Volume, line: &str) {
    if volume != Volume::Quiet {
        let _ = writeln!(std::io::stderr().lock(), "{}", safe(line));
    }
}

/// Bytes on stdout. A reader that went away (`| head`) is not a failure.
pub(super) fn data(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure {
            kind: Kind::Failed,
            error: anyhow::Error::new(error).context("failed to write to stdout"),
            hints: Vec::new(),
        }),
        _ => Ok(()),
    }
}

/// What went wrong, why, and what to do next.
pub(super) fn failure(failure: &Failure) {
    let text = failure.to_string();
    let lines: Vec<String> = text.lines().map(safe).collect();
    let _ = writeln!(std::io::stderr().lock(), "{}", lines.join("\n"));
}

/// Longest line of talk, in characters; a path may be long, a log text is capped elsewhere.
const LINE_CAP: usize = 4_000;

fn safe(line: &str) -> String {
    Untrusted::capped(line, LINE_CAP).terminal()
}
