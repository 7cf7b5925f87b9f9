//! stub
use super::types::Notice;
use crate::bundle::raw::RawAnswer;
pub fn notices(_: &[(RawAnswer, String)]) -> Vec<Notice> {
    Vec::new()
}
