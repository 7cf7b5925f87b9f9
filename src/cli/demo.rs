//! `demo`: the whole job on an embedded example incident, and what to try next.

use super::args::{DemoArgs, OutputArgs, ReportFormat, ScopeArgs, WindowArgs};
use super::output;
use super::pipeline::{self, Inputs};
use super::report;
use super::talk::{Volume, say};
use super::window;
use crate::collect::local::LocalInputs;
use crate::failure::Failure;
use anyhow::Context as _;
use include_dir::{Dir, include_dir};
use std::fs;
use std::path::Path;

/// A whole case folder: the same files the tests run on.
static EXAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/cases/aws_fault_late_health");

/// Writes the example's inputs into the folder, runs the report on them, says what to try next.
pub(super) fn run(args: &DemoArgs) -> Result<u8, Failure> {
    output::refuse_clobber(&args.out, args.force)?;
    let inputs = args.out.join("inputs");
    unpack(&EXAMPLE, &inputs)?;

    let window = WindowArgs {
        from: Some(FROM.to_owned()),
        to: Some(TO.to_owned()),
        baseline: BASELINE.to_owned(),
        now: Some(NOW.to_owned()),
        ..WindowArgs::default()
    };
    let now = window::now(&window)?;
    let mut notes = Vec::new();
    let span = window::interval(&window, now, &mut notes)?
        .context("the embedded example names its window")?;
    let case = window::resolve(span, &window, &ScopeArgs::default(), now, notes)?.case;
    let flags = OutputArgs {
        format: vec![ReportFormat::Md, ReportFormat::Html, ReportFormat::Json],
        force: args.force,
        ..OutputArgs::default()
    };
    let given = Inputs {
        cloudtrail: vec![inputs.join("trail")],
        local: LocalInputs {
            metrics: vec![inputs.join("metrics.json")],
            health: vec![inputs.join("health.json")],
            quotas: vec![inputs.join("quotas.json")],
        },
    };
    let code = report::produce(&case, &flags, &args.out, Volume::Normal, |stage| {
        pipeline::collect(
            given,
            &case,
            &stage.path().join("bundle"),
            Volume::Normal,
        )
    })?;
    for line in next_steps(&args.out) {
        say(Volume::Normal, &line);
    }
    Ok(code)
}

fn next_steps(out: &Path) -> Vec<String> {
    let out = out.display();
    vec![
        String::new(),
        format!("Open {out}/report.html in a browser, or read {out}/report.md."),
        "Next:".to_owned(),
        format!("  ecr-incident calls --cloudtrail {out}/inputs/trail --by region,api,class"),
        format!("  ecr-incident analyze {out} --from 2026-03-11T07:00Z --to 2026-03-11T07:30Z -o narrower"),
        "  ecr-incident report --cloudtrail ./AWSLogs --around TIME --pad 45m --offline    (yours)"
            .to_owned(),
    ]
}

fn unpack(folder: &Dir<'_>, into: &Path) -> Result<(), Failure> {
    let write = |from: &Dir<'_>| -> std::io::Result<()> {
        fs::create_dir_all(into)?;
        from.extract(into)
    };
    write(folder)
        .with_context(|| format!("failed to write the example's inputs to {}", into.display()))
        .map_err(Failure::from)
}
