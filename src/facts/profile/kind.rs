//! What calls are counted by: one kind of call, in one of two periods. It counts nothing itself.

use crate::ecr::Class;

/// The two spans that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Incident,
    Baseline,
}

/// The calls of one place, API and error code in one period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) api: &'a str,
    pub(super) code: &'a str,
    pub(super) class: Class,
}
