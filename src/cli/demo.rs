//! `demo`: the whole job on an embedded example incident, and what to try next.
//!
//! The example is a case of the test suite: its `case.toml` holds the very arguments a person would
//! type, so the demo is `report` and nothing else.

use super::args::{Cli, Command, DemoArgs, ReportArgs};
use super::output;
use super::report;
use super::talk::{Volume, say};
use crate::failure::Failure;
use anyhow::Context as _;
use clap::Parser as _;
use include_dir::{Dir, DirEntry, include_dir};
use serde::Deserialize;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// A whole case folder: the same files the tests run on.
static EXAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/cases/aws_fault_late_health");

/// Flags whose value is a file or folder of the example.
const INPUT_FLAGS: [&str; 4] = ["--cloudtrail", "--metrics", "--health", "--quotas"];

#[derive(Deserialize)]
struct Story {
    title: String,
    story: String,
    args: Vec<String>,
    now: String,
}

/// Writes the example's inputs into the folder, runs the report on them, says what to try next.
pub(super) fn run(args: &DemoArgs) -> Result<u8, Failure> {
    output::refuse_clobber(&args.out, args.force)?;
    let story = story()?;
    let inputs = args.out.join("inputs");
    unpack(&EXAMPLE, &inputs)
        .with_context(|| format!("failed to write the example to {}", inputs.display()))?;
    let report = typed(&story, args, &inputs)?;
    say(Volume::Normal, &format!("example: {}", story.title));
    for line in story.story.trim().lines() {
        say(Volume::Normal, &format!("  {line}"));
    }
    let code = report::collect_and_report(&report)?;
    for line in next_steps(args) {
        say(Volume::Normal, &line);
    }
    Ok(code)
}

fn story() -> anyhow::Result<Story> {
    let file = EXAMPLE
        .get_file("case.toml")
        .and_then(include_dir::File::contents_utf8)
        .context("the embedded example has no case.toml")?;
    toml::from_str(file).context("the embedded case.toml cannot be read")
}

/// The example's arguments as if typed, with its paths in the unpacked folder.
fn typed(story: &Story, args: &DemoArgs, inputs: &Path) -> anyhow::Result<ReportArgs> {
    let mut words: Vec<OsString> = vec!["ecr-incident".into(), "report".into()];
    let mut path_next = false;
    for word in &story.args {
        if path_next {
            words.push(inputs.join(word).into());
        } else {
            words.push(word.into());
        }
        path_next = INPUT_FLAGS.contains(&word.as_str());
    }
    words.extend([
        "--offline".into(),
        "--now".into(),
        OsString::from(&story.now),
    ]);
    words.extend(["--out".into(), args.out.clone().into()]);
    if args.force {
        words.push("--force".into());
    }
    match Cli::try_parse_from(words)
        .context("the embedded arguments cannot be read")?
        .command
    {
        Command::Report(report) => Ok(report),
        _ => anyhow::bail!("the embedded arguments are not those of `report`"),
    }
}

fn next_steps(args: &DemoArgs) -> Vec<String> {
    let out = args.out.display();
    vec![
        String::new(),
        format!("Open {out}/report.html in a browser, or read {out}/report.md."),
        "Next:".to_owned(),
        format!("  ecr-incident calls --cloudtrail {out}/inputs/trail --by region,api,class"),
        format!("  ecr-incident analyze {out} --region us-west-2 -o sibling-region"),
        "  ecr-incident report --cloudtrail ./AWSLogs --around TIME --pad 45m --offline   # yours"
            .to_owned(),
    ]
}

/// Everything but what the tests expect, which would only spoil the story.
fn unpack(folder: &Dir<'_>, into: &Path) -> std::io::Result<()> {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(dir) if dir.path().starts_with("expected") => {}
            DirEntry::Dir(dir) => unpack(dir, into)?,
            DirEntry::File(file) => {
                let path = into.join(file.path());
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::write(path, file.contents())?;
            }
        }
    }
    Ok(())
}
