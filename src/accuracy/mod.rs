//! How right the reports are: what a report said against what really happened, counted.
//!
//! Pure: reads `report.json` values and truths, knows neither the simulator's inner workings nor the
//! judgement's. So it can score incidents of any other generator that writes the same truth.

mod compare;
mod score;
mod tell;

pub use compare::{Said, Seen, compare};
pub use score::Score;
pub use tell::markdown;
