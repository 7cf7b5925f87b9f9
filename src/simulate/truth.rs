//! What really happened, written beside the raw inputs as `truth.json`. The judgement never reads it.

use serde::{Deserialize, Serialize};

/// One run of the simulator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Seed.
    pub seed: u64,
    /// What was asked for: a cause of the contract, `quiet`, `two`, `chain`.
    pub scenario: String,
    /// Window, RFC 3339 UTC, half-open.
    pub from: String,
    /// See `from`.
    pub to: String,
    /// When the question is asked.
    pub now: String,
    /// Prior days with traffic.
    pub baseline_days: i64,
    /// Calls per minute of the first place when the incident begins.
    pub calls_per_minute: f64,
    /// Account and region of every place.
    pub places: Vec<(String, String)>,
    /// Which inputs exist; one removed on purpose is not among them.
    pub inputs: Inputs,
    /// The source taken away that the answer would rest on, or empty.
    pub removed: String,
    /// What the background is like: `bursts` for errors in ten-minute bursts.
    pub background: Vec<String>,
    /// Things that look like causes and are not.
    pub distractors: Vec<String>,
    /// What happened, by onset.
    pub incidents: Vec<Happened>,
}

/// Inputs by flag; paths relative to the folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inputs {
    /// `--cloudtrail`.
    pub cloudtrail: Vec<String>,
    /// `--metrics`.
    pub metrics: Vec<String>,
    /// `--quotas`.
    pub quotas: Vec<String>,
    /// `--health`.
    pub health: Vec<String>,
}

/// One incident as it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// The contract's signal.
    pub signal: String,
    /// The contract's side.
    pub side: String,
    /// The contract's cause that can be told from the evidence left.
    pub cause: String,
    /// What caused it, whether or not it can be told.
    pub really: String,
    /// Causes that are as right.
    pub also: Vec<String>,
    /// Minute of the first failed (or lost) call inside the window, RFC 3339; empty without any.
    pub onset: String,
    /// First minute after the last failed (or lost) call.
    pub recovery: String,
    /// When the fault itself began and ended, whether or not a call met it.
    pub fault: (String, String),
    /// Whether it goes on past the end of the window.
    pub ongoing: bool,
    /// Failed (or lost) calls inside the window.
    pub failed_calls: u64,
    /// Share of the calls in reach that it hit.
    pub severity: f64,
    /// Whether the evidence can carry the cause; `false` asks for `undetermined`.
    pub decidable: bool,
}
