//! The trail's log group, by Logs Insights.

mod fetch;
mod pace;
pub(crate) mod row;
mod run;
pub(crate) mod split;
pub(crate) mod text;

pub(super) use fetch::fetch;
pub(super) use run::Desk;
