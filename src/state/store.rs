//! The database: open, read, and replace what one night said in a single transaction.

use super::schema;
use super::types::{GateMark, Identity, Night, Sighting};
use crate::case::{Instant, Interval, instant};
use crate::failure::Failure;
use anyhow::Context as _;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the database in the state folder.
const FILE: &str = "state.sqlite";

/// How long a transaction waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Something was written.
    Written,
    /// The state already said exactly that, and was not touched.
    Unchanged,
}

/// The open state.
#[derive(Debug)]
pub struct Store {
    db: Connection,
}

/// A sighting with what it belongs to.
pub(super) type Seen = (Identity, String, Sighting);

impl Store {
    /// Opens the state of a folder, making folder and file when they are missing.
    ///
    /// # Errors
    /// The folder cannot be written, or the file is no state of this or an older version.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        let open = || -> anyhow::Result<Self> {
            private_folder(dir)?;
            let mut db = Connection::open(dir.join(FILE))?;
            db.busy_timeout(PATIENCE)?;
            // The journal is synced before a commit returns: what was said to be kept is kept.
            db.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
            )?;
            schema::migrate(&mut db)?;
            Ok(Self { db })
        };
        open()
            .with_context(|| format!("failed to open the state in {}", dir.display()))
            .map_err(|error| {
                Failure::from(error)
                    .hint("choose a folder you can write to with --state DIR, or leave state out")
            })
    }

    /// Whether SQLite finds the file whole.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self) -> Result<(), Failure> {
        let answer: String = self
            .db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .context("failed to check the state")?;
        if answer == "ok" {
            Ok(())
        } else {
            Err(anyhow::anyhow!("the state is damaged: {answer}").into())
        }
    }

    /// All nights, oldest end first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn nights(&self) -> Result<Vec<Night>, Failure> {
        let read = || -> anyhow::Result<Vec<Night>> {
            let mut ask = self
                .db
                .prepare("SELECT key, from_s, to_s, body FROM nights ORDER BY to_s, from_s, key")?;
            let rows = ask.query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, String>(3)?,
                ))
            })?;
            rows.map(|row| {
                let (key, from, to, body) = row?;
                let body = serde_json::from_str(&body)
                    .with_context(|| format!("the night {key} cannot be read"))?;
                Ok(Night {
                    key,
                    span: Interval::new(instant(from), instant(to)),
                    body,
                })
            })
            .collect()
        };
        read()
            .context("failed to read the nights")
            .map_err(Failure::from)
    }

    /// All sightings with their incident and night, by incident and night.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sightings(&self) -> Result<Vec<Seen>, Failure> {
        let read = || -> anyhow::Result<Vec<Seen>> {
            let mut ask = self.db.prepare(
                "SELECT i.id, i.family, i.account, i.region, i.signal, i.first_night, s.night, s.body
                 FROM sightings s JOIN incidents i ON i.id = s.incident
                 JOIN nights n ON n.key = s.night
                 ORDER BY i.id, n.to_s, n.from_s, n.key",
            )?;
            let rows = ask.query_map([], |row| {
                let identity = Identity {
                    id: row.get(0)?,
                    family: row.get(1)?,
                    account: row.get(2)?,
                    region: row.get(3)?,
                    signal: row.get(4)?,
                    first_night: row.get(5)?,
                };
                Ok((identity, row.get::<_, String>(6)?, row.get::<_, String>(7)?))
            })?;
            rows.map(|row| {
                let (identity, night, body) = row?;
                let sighting = serde_json::from_str(&body)
                    .with_context(|| format!("{} of {night} cannot be read", identity.id))?;
                Ok((identity, night, sighting))
            })
            .collect()
        };
        read()
            .context("failed to read the incidents")
            .map_err(Failure::from)
    }

    /// Replaces what one night said, whole or not at all. The same again changes nothing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&mut self, night: &Night, seen: &[(Identity, Sighting)]) -> Result<Kept, Failure> {
        let mut write = || -> anyhow::Result<Kept> {
            let work = self
                .db
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let body = serde_json::to_string(&night.body)?;
            let mut wanted: Vec<(String, String)> = seen
                .iter()
                .map(|(identity, sighting)| {
                    Ok((identity.id.clone(), serde_json::to_string(sighting)?))
                })
                .collect::<anyhow::Result<_>>()?;
            wanted.sort();
            if unchanged(&work, night, &body, &wanted)? {
                return Ok(Kept::Unchanged);
            }
            work.execute("DELETE FROM sightings WHERE night = ?1", [&night.key])?;
            work.execute(
                "INSERT INTO nights (key, from_s, to_s, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key) DO UPDATE SET from_s = ?2, to_s = ?3, body = ?4",
                params![
                    night.key,
                    night.span.from.timestamp(),
                    night.span.to.timestamp(),
                    body
                ],
            )?;
            for (identity, _) in seen {
                work.execute(
                    "INSERT INTO incidents (id, family, account, region, signal, first_night)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
                    params![
                        identity.id,
                        identity.family,
                        identity.account,
                        identity.region,
                        identity.signal,
                        identity.first_night
                    ],
                )?;
            }
            for (id, body) in &wanted {
                work.execute(
                    "INSERT INTO sightings (incident, night, body) VALUES (?1, ?2, ?3)",
                    params![id, night.key, body],
                )?;
            }
            work.execute(
                "DELETE FROM incidents WHERE id NOT IN (SELECT incident FROM sightings)",
                [],
            )?;
            work.commit()?;
            Ok(Kept::Written)
        };
        write()
            .with_context(|| format!("failed to keep the night {}", night.key))
            .map_err(Failure::from)
    }

    /// Records a decision of the gate.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn gate(&mut self, mark: &GateMark) -> Result<(), Failure> {
        let body = serde_json::to_string(mark).context("failed to write a gate decision")?;
        self.db
            .execute(
                "INSERT INTO gates (at_s, region, body) VALUES (?1, ?2, ?3)",
                params![mark.at.timestamp(), mark.region, body],
            )
            .context("failed to record the gate decision")?;
        Ok(())
    }

    /// Gate decisions taken in a span, oldest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn gates(&self, span: &Interval) -> Result<Vec<GateMark>, Failure> {
        let read = || -> anyhow::Result<Vec<GateMark>> {
            let mut ask = self.db.prepare(
                "SELECT body FROM gates WHERE at_s >= ?1 AND at_s < ?2 ORDER BY at_s, id",
            )?;
            let rows = ask
                .query_map(params![span.from.timestamp(), span.to.timestamp()], |row| {
                    row.get::<_, String>(0)
                })?;
            rows.map(|body| Ok(serde_json::from_str(&body?)?)).collect()
        };
        read()
            .context("failed to read the gate decisions")
            .map_err(Failure::from)
    }

    /// The last decision on a region before an instant.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn last_gate(&self, region: &str, before: Instant) -> Result<Option<GateMark>, Failure> {
        let body: Option<String> = self
            .db
            .query_row(
                "SELECT body FROM gates WHERE region = ?1 AND at_s < ?2
                 ORDER BY at_s DESC, id DESC LIMIT 1",
                params![region, before.timestamp()],
                |row| row.get(0),
            )
            .optional()
            .context("failed to read the gate decisions")?;
        body.map(|body| serde_json::from_str(&body))
            .transpose()
            .context("a gate decision cannot be read")
            .map_err(Failure::from)
    }

    /// Whether a message reached a channel.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn delivered(&self, channel: &str, key: &str) -> Result<bool, Failure> {
        let state: Option<String> = self
            .db
            .query_row(
                "SELECT state FROM deliveries WHERE channel = ?1 AND key = ?2",
                params![channel, key],
                |row| row.get(0),
            )
            .optional()
            .context("failed to read the deliveries")?;
        Ok(state.as_deref() == Some("delivered"))
    }

    /// Records whether a message reached a channel; `why` is empty when it did.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn delivery(
        &mut self,
        channel: &str,
        key: &str,
        night: &str,
        why: &str,
    ) -> Result<(), Failure> {
        let state = if why.is_empty() {
            "delivered"
        } else {
            "failed"
        };
        self.db
            .execute(
                "INSERT INTO deliveries (channel, key, night, state, why) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (channel, key) DO UPDATE SET state = ?4, why = ?5",
                params![channel, key, night, state, why],
            )
            .context("failed to record a delivery")?;
        Ok(())
    }
}

/// Whether the state already says exactly this of a night.
fn unchanged(
    work: &Transaction<'_>,
    night: &Night,
    body: &str,
    wanted: &[(String, String)],
) -> anyhow::Result<bool> {
    let kept: Option<(i64, i64, String)> = work
        .query_row(
            "SELECT from_s, to_s, body FROM nights WHERE key = ?1",
            [&night.key],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let same = kept.is_some_and(|(from, to, kept)| {
        (from, to) == (night.span.from.timestamp(), night.span.to.timestamp()) && kept == body
    });
    if !same {
        return Ok(false);
    }
    let mut ask = work
        .prepare("SELECT incident, body FROM sightings WHERE night = ?1 ORDER BY incident, body")?;
    let rows = ask.query_map([&night.key], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let kept: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
    Ok(kept == wanted)
}

/// Makes the folder, readable for its owner only: it holds names from logs.
fn private_folder(dir: &Path) -> anyhow::Result<PathBuf> {
    let mut make = std::fs::DirBuilder::new();
    make.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        make.mode(0o700);
    }
    make.create(dir)
        .with_context(|| format!("failed to make {}", dir.display()))?;
    Ok(dir.to_owned())
}
