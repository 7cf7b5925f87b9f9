//! One run at a time: an advisory lock on a file beside the database.
//!
//! The system drops it when the process ends, however it ends, so there is never a stale lock to
//! remove by hand. It must not be confused with SQLite's own locks, which keep single transactions
//! apart; this one keeps whole runs apart.

use crate::failure::{Failure, Kind};
use anyhow::Context as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Held while a run may write; let go when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a state folder, which must exist.
    ///
    /// # Errors
    /// Another run holds it, or the folder cannot be written.
    pub fn take(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("failed to open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Failure {
                kind: Kind::Failed,
                error: anyhow::anyhow!("another run is using the state in {}", dir.display()),
                hints: vec![
                    "wait until it is done; if nothing runs, no lock is left behind".to_owned(),
                ],
            }),
            Err(TryLockError::Error(error)) => Err(Failure::from(
                anyhow::Error::new(error).context(format!("failed to lock {}", path.display())),
            )),
        }
    }
}
