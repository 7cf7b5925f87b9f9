//! One step of a plan: a sort of call, how often, for what, and at what price. Sources say their
//! steps with it; it knows no source.

use super::known::{self, Call};
use crate::bundle::manifest::Noun;

/// One sort of call a run would make.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The source.
    pub noun: Option<Noun>,
    /// `monitoring:GetMetricData`.
    pub call: String,
    /// IAM action, or empty.
    pub action: String,
    /// What for.
    pub why: String,
    /// Calls at least.
    pub calls: u64,
    /// Whether answers can make more calls necessary (pages, series found).
    pub at_least: bool,
    /// Gigabytes scanned, when they are billed and can be told.
    pub gb: Option<f64>,
    /// Dollars, estimated.
    pub usd: f64,
}

impl Step {
    /// So many calls that cost nothing.
    #[must_use]
    pub fn calls(service: &str, operation: &str, calls: u64) -> Self {
        Self::of(known::call(service, operation), calls)
    }

    /// The same of a call at hand.
    #[must_use]
    pub fn of(call: &Call, calls: u64) -> Self {
        Self {
            noun: call.noun,
            call: call.name(),
            action: call.action.clone(),
            why: call.why.clone(),
            calls,
            at_least: false,
            gb: None,
            usd: 0.0,
        }
    }

    /// Answers may ask for more of them.
    #[must_use]
    pub fn or_more(self) -> Self {
        Self {
            at_least: true,
            ..self
        }
    }

    /// With a price.
    #[must_use]
    pub fn costing(self, usd: f64) -> Self {
        Self { usd, ..self }
    }

    /// With gigabytes scanned.
    #[must_use]
    pub fn scanning(self, gb: f64) -> Self {
        Self {
            gb: Some(gb),
            ..self
        }
    }
}
