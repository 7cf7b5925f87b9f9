//! Whole scans of small archives.
