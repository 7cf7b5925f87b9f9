//! The integration tests: the built binary on whole inputs, from outside.
//!
//! | room | asks |
//! |---|---|
//! | [`accuracy`] | are simulated incidents still judged as they happened? |
//! | [`cases`] | does every fixture case get the answer its `case.toml` expects, in the reviewed words? |
//! | [`laws`] | do the eight laws of the design hold on every case? |
//! | [`cli`] | does the command line keep its contract: exit codes, streams, windows, tables? |
//! | [`full`] | is an hour too full to be held at once counted like any other? |
//! | [`hostile`] | do broken and malicious inputs end in a plain message and harmless output? |
//! | [`redaction`] | does anything planted in the inputs survive into an output that may be shared? |
//! | [`pack`] | does every case fit the form, arrive whole and only once, whatever the desk does? |
//! | [`corpus`] | do 300 hostile strings in every field stay text in every format? |
//! | [`verify`] | does `verify` say yes to what was made and no to any change of it? |
//! | [`fixtures`] | are the inputs of the cases what their generator writes? |
//! | [`live_trail`] | does the trail, read from a loopback AWS, give what its files give, also stopped and resumed? |
//! | [`loopback`] | (an AWS of our own, for the live tests) |
//! | [`guard`] | does the scan still read records without allocating for each? |
//! | [`night`] | do many nights tell one story, and does running one again change nothing? |
//! | [`kill`] | does the state survive being killed at any point? |
//! | [`gate`] | does the gate open, close and give up as it promises? |
//! | [`notify`] | do messages arrive once, and cost nothing when they do not? |
//! | [`live`] | does live collection, asked of a loopback AWS, give what the files give, and survive its faults? |
//! | [`tidy`] | does the source keep its own rules: doors, docs, sizes, registered knowledge? |
//!
//! [`story`] reads a case, [`archive`] writes an estate, [`tool`] runs the binary. Nothing here needs a
//! network, a clock or an account. After a wanted change of the reports:
//! `BLESS=1 cargo test --release --test it cases`, then read the difference before committing it.

#![allow(
    clippy::disallowed_methods,
    reason = "tests stand where the outside world stands: they set its clock and its environment"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod accuracy;
mod archive;
mod cases;
mod cli;
mod corpus;
mod fixtures;
mod full;
mod gate;
mod guard;
mod hostile;
mod kill;
mod laws;
mod live;
mod live_trail;
mod loopback;
mod night;
mod notify;
mod pack;
mod redaction;
mod story;
mod tidy;
mod tool;
mod verify;
