//! The versions of the database, one SQL file each, applied in order and never edited once released.

use anyhow::{Context as _, bail};
use rusqlite::Connection;

/// Steps from one version to the next: entry `n` leads to version `n + 1`.
pub(super) const STEPS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Brings a database to the newest version, each step whole or not at all.
pub(super) fn migrate(db: &mut Connection) -> anyhow::Result<()> {
    loop {
        // The version is read inside the transaction: two processes may open a new file at once.
        let step = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let version: i64 = step.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let known = STEPS.len() as i64;
        if version > known {
            bail!(
                "the state was written by a newer version of ecr-incident (format {version}, this \
                 one knows up to {known}); install that version or choose another --state folder"
            );
        }
        let Some(sql) = usize::try_from(version).ok().and_then(|at| STEPS.get(at)) else {
            return Ok(());
        };
        let next = version + 1;
        step.execute_batch(sql)
            .with_context(|| format!("failed to bring the state to format {next}"))?;
        step.execute_batch(&format!("PRAGMA user_version = {next}"))?;
        step.commit()?;
    }
}
