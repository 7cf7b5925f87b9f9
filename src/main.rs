//! Translation only: run the command line, print a failure with its hints, set the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ecr_incident::cli::main()
}
