//! The command line: the only room that prints, reads the clock and knows the terminal.
//!
//! Data goes to stdout, talk and progress to stderr. `main.rs` calls [`main`]; every command is one
//! small file that turns typed flags into the five arrows and their result into files.

mod accuracy;
mod args;
mod aws_args;
mod calls;
mod catalog;
mod demo;
mod digests;
mod doctor;
mod evidence;
mod gate;
mod history;
mod live;
mod night_args;
mod nightly;
mod output;
mod pack;
mod pipeline;
mod policy;
mod progress;
mod redact;
mod report;
mod shared_args;
mod state_dir;
mod support;
mod talk;
mod tell_others;
mod verify;
mod watch;
mod window;

use crate::failure::Failure;
use args::{Cli, Command};
use clap::{CommandFactory as _, FromArgMatches as _};
use std::process::ExitCode;

/// The window and baseline of typed flags, in the order of the flags (--from, --to, --since, --around,
/// --pad, --baseline): the door of the fuzz target to what every command does with them.
///
/// # Errors
/// As every command refuses them.
#[cfg(fuzzing)]
pub fn typed_window(
    words: [Option<String>; 6],
    now: crate::case::Instant,
) -> Result<Option<(crate::case::Interval, crate::case::Interval)>, Failure> {
    let [from, to, since, around, pad, baseline] = words;
    let args = shared_args::WindowArgs {
        from,
        to,
        since,
        around,
        pad: pad.unwrap_or_else(|| "45m".to_owned()),
        baseline: baseline.unwrap_or_else(|| "7d".to_owned()),
        now: None,
    };
    let mut notes = Vec::new();
    let Some(window) = window::interval(&args, now, &mut notes)? else {
        return Ok(None);
    };
    let case = window::resolve(
        window,
        &args,
        &shared_args::ScopeArgs::default(),
        now,
        notes,
    )?
    .case;
    Ok(Some((case.window, case.baseline)))
}

/// Parses the command line, runs it, prints what went wrong with its way out, and gives the exit
/// code (the table stands in [`crate::failure`] and docs/guide.md).
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches))
    {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help to stdout and errors to stderr itself; a closed pipe is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            talk::failure(&failure);
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

fn run(cli: &Cli) -> Result<u8, Failure> {
    match &cli.command {
        Command::Report(args) => report::collect_and_report(args),
        Command::Analyze(args) => report::analyze(args),
        Command::Pack(args) => pack::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Unredact(args) => redact::unredact(args),
        Command::Capture(args) => report::capture(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Nightly(args) => nightly::run(args),
        Command::Gate(args) => gate::run(args),
        Command::History(args) => history::run(args),
        Command::Calls(args) => calls::run(args),
        Command::Catalog(args) => catalog::run(args),
        Command::Simulate(args) => accuracy::simulate_one(args),
        Command::Accuracy(args) => accuracy::accuracy(args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "ecr-incident", &mut script);
            talk::data(&script)?;
            Ok(0)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(anyhow::Error::from)?;
            talk::data(&page)?;
            Ok(0)
        }
    }
}
