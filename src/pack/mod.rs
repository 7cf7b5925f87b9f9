//! What is sent to AWS Support: at most three files below its limit, a body, a subject, a severity,
//! and what only people can add.
//!
//! Pure: a report and evidence rows come in, bytes go out; writing, asking and sending is done at the
//! edges. Nothing is cut silently: what does not fit is named with its count, and stays on disk.

pub mod archive;
pub mod desk;
pub mod evidence;
pub mod form;
pub mod post;
pub mod send;
