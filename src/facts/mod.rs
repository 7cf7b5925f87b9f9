//! Evidence to plain facts: the only room with data frames.
//!
//! It reads a sealed bundle and never judges: every number here is a count, a time or a text. Three
//! doors: [`load()`] before any episode is known, [`profile()`] for the calls of the incidents found,
//! [`daily()`] for who compares days. All read in chunks of one table (`frames`) and keep sums, so
//! that a month costs no more memory than an hour; never collect the whole table, and never run a
//! query per incident over it.

mod coverage;
mod daily;
mod frames;
pub mod impact;
mod ledger;
mod load;
pub mod metrics;
pub mod notices;
pub mod parties;
mod parts;
mod profile;
pub mod quotas;
mod regions;
pub mod rows;
pub mod types;

pub use daily::daily;
pub use load::{SETTLING_MINUTES, load};
pub use profile::profile;

#[cfg(test)]
mod tests;
