//! The report: words and numbers first, ink afterwards.
//!
//! [`tell()`] turns facts and findings into a [`model::Report`], the one content model; every
//! renderer ([`markdown`], [`json`], and the HTML and SVG inks) only draws what stands there. No
//! renderer decides, counts or words anything, and nothing here prints, reads a clock or touches
//! the environment: the time of writing and the command line come in through [`Meta`].

pub mod chart;
pub mod contract;
pub mod escape;
pub mod fmt;
pub mod html;
pub mod json;
pub mod markdown;
pub mod model;
pub mod plain;
pub mod redacted;
pub mod sparkline;
mod tell;
pub mod terminal;

#[cfg(test)]
mod markup;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;

pub use tell::tell;

use crate::case::Instant;

/// What the report must know about its own making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Name of the tool.
    pub tool_name: String,
    /// Version of the tool.
    pub tool_version: String,
    /// When the report was made (passed in; never read from a clock here).
    pub generated_at: Instant,
    /// The command line that made it, one argument per entry, program name first.
    pub command: Vec<String>,
}
