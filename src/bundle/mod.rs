//! Evidence on disk: sealed, versioned, hashed. The only room that knows its file names.

pub mod manifest;
pub mod raw;
pub mod rows;
