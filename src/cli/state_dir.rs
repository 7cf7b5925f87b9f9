//! Where the state lives: `--state`, or `ecr-incident` in the XDG state folder.

use super::night_args::StateArgs;
use crate::failure::Failure;
use std::path::PathBuf;

/// The state folder, whether it exists or not.
pub(super) fn of(args: &StateArgs) -> Result<PathBuf, Failure> {
    if let Some(dir) = &args.state {
        return Ok(dir.clone());
    }
    // The XDG base directory specification says that a relative path there is to be ignored.
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local").join("state")))
        .map(|base| base.join("ecr-incident"))
        .ok_or_else(|| {
            Failure::usage(
                "there is no folder to keep state in: HOME and XDG_STATE_HOME are not set",
                "name one with --state DIR",
            )
        })
}
