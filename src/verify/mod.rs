//! Checks a finished report against what its evidence gives again, and log files against the digests
//! CloudTrail signed. Pure: documents and bytes come in, findings go out; who recomputes is the
//! command line. Nothing here may call a report good that it did not compare to the last byte.

pub mod digest;
pub mod figures;
