//! The nightly summary: what one day adds to what is already known.
//!
//! Pure: facts and findings of the day, the state of earlier nights and the acknowledgements come
//! in; what to keep and what to say goes out. A night is judged against earlier nights only, so
//! running it again says the same and changes nothing. Nothing here detects or judges; it only
//! recognises, compares and counts. It must never leave out an incident without counting it.

pub mod ack;
mod build;
mod change;
mod health;
mod identity;
mod parts;
mod seen;
pub mod summary;
pub mod tell;
mod trend;
mod week;

pub use health::{Late, late};
pub use trend::compared as days_compared;
pub use week::week;

use crate::analyze::types::{Findings, Status};
use crate::case::Interval;
use crate::facts::parties::Daily;
use crate::facts::types::Facts;
use crate::state::types::{GateMark, Night, NightBody, Revision};
use crate::state::types::{Identity, Sighting};
use ack::Ack;
use summary::Summary;

/// A sighting with what it belongs to and the night that made it.
pub type Known = (Identity, String, Sighting);

/// Everything a summary is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Name of the night.
    pub key: &'a str,
    /// The span summarised; the case of the facts may begin earlier.
    pub span: Interval,
    /// Facts of the case.
    pub facts: &'a Facts,
    /// Findings of the case.
    pub findings: &'a Findings,
    /// Callers and repositories over [`days_compared`].
    pub daily: &'a [Daily],
    /// All nights known, oldest end first.
    pub nights: &'a [Night],
    /// All sightings known.
    pub known: &'a [Known],
    /// Gate decisions of the span.
    pub gates: &'a [GateMark],
    /// Acknowledgements.
    pub acks: &'a [Ack],
    /// What late Health events changed.
    pub revisions: &'a [Revision],
    /// Version of the tool.
    pub tool_version: &'a str,
    /// What decides the summary beside its evidence, in a few digits.
    pub config: &'a str,
    /// Seconds the night took, when there was a clock.
    pub took_s: Option<u64>,
}

/// What a night leaves behind.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// To be kept.
    pub night: Night,
    /// To be kept with it.
    pub seen: Vec<(Identity, Sighting)>,
    /// To be told.
    pub summary: Summary,
}

/// Makes the summary of a night.
#[must_use]
pub fn summarise(input: &Input<'_>) -> Outcome {
    let earlier = earlier_than(input.nights, input.span);
    let fresh = seen::sightings(input.facts, input.findings);
    let seen = identity::recognise(fresh, input.known, input.key);
    let news = change::news(input, &earlier, seen);
    let mut summary = build::build(input, &earlier, &news);
    summary.subject = tell::subject(&summary);
    let night = Night {
        key: input.key.to_owned(),
        span: input.span,
        body: NightBody {
            status: summary.status.clone(),
            subject: summary.subject.clone(),
            settled_until: input.facts.settled_until,
            calls: summary.calls,
            failures: summary.failures,
            coverage: summary.coverage_ratio,
            notices: health::marks(input.facts),
            revisions: input.revisions.to_vec(),
            tool_version: input.tool_version.to_owned(),
        },
    };
    Outcome {
        night,
        seen: news.seen,
        summary,
    }
}

/// Keys of the nights that ended before this one does, oldest first.
fn earlier_than(nights: &[Night], span: Interval) -> Vec<&Night> {
    nights
        .iter()
        .filter(|night| (night.span.to, night.span.from) < (span.to, span.from))
        .collect()
}

/// Where the window of a night must begin so that incidents that were open when it began are seen
/// whole: at their onset, an hour before it, at most `most_days` before the span.
#[must_use]
pub fn window_from(
    span: Interval,
    reread_s: i64,
    nights: &[Night],
    known: &[Known],
    most_days: i64,
) -> crate::case::Instant {
    let earlier: Vec<&str> = earlier_than(nights, span)
        .iter()
        .map(|night| night.key.as_str())
        .collect();
    let reread = span.from - chrono::Duration::seconds(reread_s);
    let first = identity::histories(known, |night| earlier.contains(&night))
        .into_values()
        .filter(|history| {
            history.last.ongoing && history.last_night == *earlier.last().unwrap_or(&"")
        })
        .map(|history| history.onset - chrono::Duration::hours(1))
        .min();
    let floor = span.from - chrono::Duration::days(most_days);
    crate::case::floor_minute(first.map_or(reread, |first| first.min(reread)).max(floor))
}

/// The one word of a night without news.
fn status_word(findings: &Findings) -> &'static str {
    match findings.status {
        Status::Inconclusive => "inconclusive",
        Status::Incident | Status::Quiet => "quiet",
    }
}
