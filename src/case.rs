//! The vocabulary: time intervals, minutes, scope, and the question being asked.
//!
//! Everything else is built on these values; this room imports nothing of the crate and does no
//! I/O. All times are UTC, all intervals are half-open `[from, to)`.

use chrono::{DateTime, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A UTC instant. CloudTrail resolves to whole seconds, CloudWatch to minutes.
pub type Instant = DateTime<Utc>;

/// A half-open span of time `[from, to)` in UTC.
///
/// Invariant: `from <= to`, kept by [`Interval::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First instant inside the span.
    pub from: Instant,
    /// First instant after the span.
    pub to: Instant,
}

impl Interval {
    /// Makes a span; a reversed pair collapses to the empty span at `from`.
    #[must_use]
    pub fn new(from: Instant, to: Instant) -> Self {
        Self {
            from,
            to: to.max(from),
        }
    }

    /// Whether `at` lies in `[from, to)`.
    #[must_use]
    pub fn contains(&self, at: Instant) -> bool {
        self.from <= at && at < self.to
    }

    /// Length in whole seconds, never negative.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        (self.to - self.from).num_seconds()
    }

    /// Length in minutes, a started minute counting as one.
    #[must_use]
    pub fn minutes(&self) -> i64 {
        (self.seconds() + 59) / 60
    }

    /// Whether the span holds no instant at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    /// The part both spans share, if it is not empty.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Option<Self> {
        let shared = Self {
            from: self.from.max(other.from),
            to: self.to.min(other.to),
        };
        (shared.from < shared.to).then_some(shared)
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Self {
        Self {
            from: self.from.min(other.from),
            to: self.to.max(other.to),
        }
    }

    /// The span widened by `seconds` on both sides.
    #[must_use]
    pub fn widened(&self, seconds: i64) -> Self {
        let pad = chrono::Duration::seconds(seconds);
        Self::new(self.from - pad, self.to + pad)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", rfc3339(self.from), rfc3339(self.to))
    }
}

/// A minute of UTC time, counted from the epoch; the unit of every call series.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Minute(pub i64);

impl Minute {
    /// The minute that holds `at`.
    #[must_use]
    pub fn of(at: Instant) -> Self {
        Self(at.timestamp().div_euclid(60))
    }

    /// The minute that holds the epoch second `second`.
    #[must_use]
    pub fn of_second(second: i64) -> Self {
        Self(second.div_euclid(60))
    }

    /// First instant of the minute. Out-of-range minutes clamp to the epoch.
    #[must_use]
    pub fn start(self) -> Instant {
        instant(self.0.saturating_mul(60))
    }

    /// The minute `count` minutes later (earlier when negative).
    #[must_use]
    pub fn plus(self, count: i64) -> Self {
        Self(self.0 + count)
    }
}

impl fmt::Display for Minute {
    /// `2026-03-11T07:02Z`, the form of the `calls` table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start().format("%Y-%m-%dT%H:%MZ"))
    }
}

/// The instant of an epoch second. Seconds chrono cannot hold clamp to the epoch, so data never
/// panics; callers that must tell the difference check the range first.
#[must_use]
pub fn instant(epoch_second: i64) -> Instant {
    DateTime::from_timestamp(epoch_second, 0).unwrap_or_default()
}

/// RFC 3339 in UTC with `Z`, whole seconds: the one machine form used in every output.
#[must_use]
pub fn rfc3339(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The instant rounded down to its minute.
#[must_use]
pub fn floor_minute(at: Instant) -> Instant {
    Minute::of(at).start()
}

/// The instant rounded up to a whole minute.
#[must_use]
pub fn ceil_minute(at: Instant) -> Instant {
    if at.second() == 0 && at.nanosecond() == 0 {
        at
    } else {
        Minute::of(at).plus(1).start()
    }
}

/// `serde` form of an [`Instant`] as RFC 3339 with `Z`, whole seconds.
pub mod rfc3339_serde {
    use super::{Instant, rfc3339};
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the one machine form.
    ///
    /// # Errors
    /// Whatever the serializer reports.
    pub fn serialize<S: Serializer>(at: &Instant, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&rfc3339(*at))
    }

    /// Reads any RFC 3339 text.
    ///
    /// # Errors
    /// Text that is not RFC 3339.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Instant, D::Error> {
        let text = String::deserialize(from)?;
        chrono::DateTime::parse_from_rfc3339(&text)
            .map(|at| at.with_timezone(&chrono::Utc))
            .map_err(serde::de::Error::custom)
    }
}

/// What part of AWS the question is about. Empty lists mean "whatever the evidence holds".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// Twelve-digit account IDs to keep.
    pub accounts: Vec<String>,
    /// Region codes to keep.
    pub regions: Vec<String>,
    /// Repository names to keep; calls without a repository (`GetAuthorizationToken`) are kept.
    pub repositories: Vec<String>,
    /// CloudTrail `eventSource` values under analysis; never empty.
    pub event_sources: Vec<String>,
}

/// The private and public registry, the event sources analysed unless told otherwise.
pub const ECR_EVENT_SOURCES: [&str; 2] = ["ecr.amazonaws.com", "ecr-public.amazonaws.com"];

impl Scope {
    /// The scope of a plain run: every account, region and repository of both ECR registries.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            event_sources: ECR_EVENT_SOURCES.map(str::to_owned).to_vec(),
            ..Self::default()
        }
    }

    /// Whether the analysis is about ECR (and not another service by `--event-source`).
    #[must_use]
    pub fn is_ecr(&self) -> bool {
        self.event_sources
            .iter()
            .any(|source| ECR_EVENT_SOURCES.contains(&source.as_str()))
    }

    /// Whether an account-region is asked about.
    #[must_use]
    pub fn admits(&self, account: &str, region: &str) -> bool {
        let has = |list: &[String], value: &str| list.is_empty() || list.iter().any(|v| v == value);
        has(&self.accounts, account) && has(&self.regions, region)
    }
}

/// The question: one window, its baseline, and a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The span judged.
    pub window: Interval,
    /// The span the window is compared with; ends where the window starts.
    pub baseline: Interval,
    /// What is asked about.
    pub scope: Scope,
    /// When the question was asked: decides what is settled. Passed in, never read from a clock.
    #[serde(with = "rfc3339_serde")]
    pub now: Instant,
}

impl Case {
    /// Baseline and window as one span: everything worth reading.
    #[must_use]
    pub fn whole(&self) -> Interval {
        self.baseline.hull(&self.window)
    }
}
