//! Evidence to plain facts: the only room with data frames.
//!
//! It reads a sealed bundle and never judges: every number here is a count, a time or a text.

pub mod types;
