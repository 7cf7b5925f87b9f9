//! The judgement: detection, episodes, links and verdicts. Standard library and statrs only; it
//! cannot fail on missing evidence (it returns findings *and gaps*) and knows no files, frames or
//! clocks.

mod change;
mod cite;
mod control;
pub mod detect;
pub mod episode;
mod funnel;
mod gaps;
mod health;
mod judge;
mod quota;
mod status;
pub mod types;
mod verdict;
mod words;

#[cfg(test)]
mod stage;

pub use detect::detect;
pub use judge::judge;
