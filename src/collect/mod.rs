//! The door to the evidence outside: files the user saved from AWS, and AWS itself.
//!
//! It decides what an input is, keeps it verbatim and counts every record; what the records mean
//! is for the rooms behind the bundle. It must never judge, and never lose an input in silence.

pub mod aws;
mod count;
pub mod local;
