//! Was it AWS, was it us, or can we not tell, and what is the evidence?
//!
//! ```text
//! Case ─collect─▶ Bundle ─load─▶ Facts ─detect, profile, judge─▶ Findings ─tell─▶ Report ─render─▶ md / html / json
//! ```
//!
//! Nothing flows left. Left of the bundle there is I/O; right of it everything is synchronous and
//! deterministic: no network, no clock, no environment. The modules below stand in reading order;
//! docs/ARCHITECTURE.md says who may import whom.

pub mod case;
pub mod failure;

pub mod catalog;
pub mod ecr;

pub mod bundle;

pub mod trail;

pub mod collect;

pub mod facts;

pub mod analyze;

pub mod redact;

pub mod report;

pub mod state;

pub mod nightly;

pub mod gate;

pub mod notify;

pub mod simulate;

pub mod accuracy;

pub mod pack;
pub mod verify;

pub mod cli;
