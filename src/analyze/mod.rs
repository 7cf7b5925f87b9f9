//! The judgement: detection, episodes, links and verdicts. Standard library and statrs only; it
//! cannot fail on missing evidence (it returns findings *and gaps*) and knows no files, frames or
//! clocks.

pub mod types;
