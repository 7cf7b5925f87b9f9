//! Whole scans of small archives.

mod archive;

use crate::case::{Case, Interval, Scope};

/// A case whose window is the whole span.
fn case(span: Interval, scope: Scope) -> Case {
    Case {
        window: span,
        baseline: Interval::new(span.from, span.from),
        scope,
        now: span.to,
    }
}
