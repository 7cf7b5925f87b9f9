//! Writes the raw AWS inputs of the fixture cases: `cargo run --release --example make_cases -- fixtures/cases`.
//!
//! Every input of a case comes from the name of the case and nothing else: no clock, no
//! environment, no crate's random numbers. Running it again leaves the same bytes. What a case is
//! about and what is expected of the tool stands in its hand-written `case.toml`; this program never
//! touches that file, nor `expected/`, nor the real data of `invictus_ssm_burst`.
//!
//! Modules name each other by `super`, because a test includes this program and compares its output
//! with the files. Rooms: `draw` (chance), `record` (one CloudTrail record), `traffic` (who calls when), `archive`
//! (delivery to S3), `answers` (the other sources), `scene` (a case on disk), and one function per
//! story in `faults_of_aws`, `faults_of_the_account` and `doubts`.

#![expect(
    clippy::print_stdout,
    reason = "tells the author what was made, so that case.toml can be written from facts"
)]

mod answers;
mod archive;
mod doubts;
mod draw;
mod faults_of_aws;
mod faults_of_the_account;
mod record;
mod scene;
mod traffic;

use std::path::{Path, PathBuf};

/// A story: its name and the function that writes its inputs.
pub(crate) type Story = (&'static str, fn(&Path) -> std::io::Result<()>);

pub(crate) const STORIES: [Story; 13] = [
    ("aws_fault_late_health", faults_of_aws::fault_late_health),
    (
        "aws_throttling_below_quota",
        faults_of_aws::throttling_below_quota,
    ),
    ("recovered_before_window_end", faults_of_aws::recovered),
    (
        "quota_exhaustion_scale_out",
        faults_of_the_account::scale_out,
    ),
    ("retry_storm_one_role", faults_of_the_account::retry_storm),
    (
        "permission_change",
        faults_of_the_account::permission_change,
    ),
    ("kms_key_disabled", faults_of_the_account::kms_key_disabled),
    ("image_removed", faults_of_the_account::image_removed),
    (
        "caller_configuration",
        faults_of_the_account::caller_configuration,
    ),
    ("upstream_registry", doubts::upstream_registry),
    ("quiet_day", doubts::quiet_day),
    ("evidence_gap", doubts::evidence_gap),
    ("health_wrong_region_decoy", doubts::wrong_region_decoy),
];

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let root = arguments.next().map(PathBuf::from).ok_or_else(|| {
        let usage = "usage: make_cases FOLDER [CASE]...   (FOLDER is fixtures/cases)";
        std::io::Error::new(std::io::ErrorKind::InvalidInput, usage)
    })?;
    let wanted: Vec<_> = arguments.collect();
    for (name, write) in STORIES {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            write(&root)?;
        }
    }
    Ok(())
}
