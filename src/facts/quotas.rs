//! stub
use super::types::Quota;
use crate::bundle::raw::RawAnswer;
pub fn quotas(_: &[(RawAnswer, String)]) -> Vec<Quota> {
    Vec::new()
}
