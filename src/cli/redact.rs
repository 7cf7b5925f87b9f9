//! `--redact` and `unredact`: where the map lies, what is refused, and the way back.
//!
//! A redacted report folder holds nothing that may not leave; the evidence bundle and the map go into
//! a second folder, `DIR.private`, that only its owner can open. Nothing is written when the scan of
//! the finished outputs finds anything.

use super::args::UnredactArgs;
use super::output::{self, MAP, Stage};
use super::shared_args::{RedactArgs, RedactLevel};
use super::talk::{self, Volume, say};
use crate::bundle::Bundle;
use crate::case::Case;
use crate::facts;
use crate::failure::{Failure, Kind};
use crate::redact::{self, Level, Map, Redactor};
use crate::report::model::Report;
use crate::report::redacted;
use anyhow::Context as _;
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Leaks named in a message; the rest is counted.
const NAMED_LEAKS: usize = 5;

impl RedactLevel {
    /// The level as the redactor knows it.
    pub(super) fn level(self) -> Level {
        match self {
            Self::Off => Level::Off,
            Self::Ids => Level::Ids,
            Self::All => Level::All,
        }
    }
}

/// What keeps the private part of a run apart from the part that may leave.
#[derive(Debug)]
pub(super) struct Curtain {
    level: Level,
    map: Map,
    private: Option<(PathBuf, Stage)>,
}

impl Curtain {
    /// Reads or starts the map; with a level above `off` also starts the private folder.
    pub(super) fn new(args: &RedactArgs, target: &Path, force: bool) -> Result<Self, Failure> {
        let level = args.redact.level();
        if level == Level::Off {
            return Ok(Self {
                level,
                map: Map::new([0; 32]),
                private: None,
            });
        }
        let folder = private_folder(target);
        let known = args.redact_map.clone().or_else(|| {
            let beside = folder.join(MAP);
            beside.is_file().then_some(beside)
        });
        let map = match known {
            Some(path) => read_map(&path)?,
            None => Map::new(salt()?),
        };
        let stage = Stage::new(&folder, force)?;
        Ok(Self {
            level,
            map,
            private: Some((folder, stage)),
        })
    }

    /// The folder under construction that takes the evidence.
    pub(super) fn behind<'a>(&'a self, stage: &'a Stage) -> &'a Stage {
        self.private.as_ref().map_or(stage, |(_, private)| private)
    }

    /// The report as it may leave, and the redactor that made it. The redactor knows every name of
    /// the evidence, also those the report names nowhere but in a message.
    pub(super) fn redact(
        &self,
        report: &Report,
        bundle: &Bundle,
        case: &Case,
    ) -> Result<(Report, Redactor), Failure> {
        let mut redactor = Redactor::new(self.level, self.map.clone());
        if self.level != Level::Off {
            learn(&mut redactor, bundle, case)?;
        }
        let out = redacted::redact(report, &mut redactor);
        Ok((out, redactor))
    }

    /// Writes the map and moves the private folder to its place.
    pub(super) fn finish(self, redactor: &Redactor, volume: Volume) -> Result<(), Failure> {
        if redactor.secrets() > 0 {
            say(
                volume,
                "warning: texts from logs held secrets (keys, tokens, passwords); they were removed from \
                 the report, and should be revoked where they were used",
            );
        }
        let Some((folder, stage)) = self.private else {
            return Ok(());
        };
        stage.private_file(MAP, &redactor.map().to_json())?;
        stage.finish()?;
        output::owner_only(&folder)?;
        let counts: Vec<String> = redactor
            .map()
            .counts()
            .iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        say(
            volume,
            &format!(
                "redacted ({}): {}; evidence and map stay in {}, do not send that folder",
                self.level.word(),
                counts.join(", "),
                folder.display()
            ),
        );
        Ok(())
    }
}

/// Tells the redactor every name that a field of the evidence holds.
pub(super) fn learn(redactor: &mut Redactor, bundle: &Bundle, case: &Case) -> Result<(), Failure> {
    for (column, names) in facts::rows::names(bundle, case)? {
        let kind = match column {
            "principal" => redact::Kind::Principal,
            "session" => redact::Kind::Session,
            "source" => redact::Kind::Host,
            "vpc_endpoint" => redact::Kind::Endpoint,
            "repository" => redact::Kind::Repository,
            _ => redact::Kind::Account,
        };
        for name in names {
            redactor.learn(kind, &name);
        }
    }
    for change in bundle.changes()? {
        redactor.learn(redact::Kind::Account, &change.account);
        redactor.learn(redact::Kind::Principal, &change.principal);
        redactor.learn(redact::Kind::Session, &change.session);
        redactor.learn(redact::Kind::Resource, &change.resource);
    }
    Ok(())
}

/// `DIR.private`, beside `DIR`.
fn private_folder(target: &Path) -> PathBuf {
    let mut name: OsString = target.as_os_str().to_owned();
    name.push(".private");
    PathBuf::from(name)
}

/// Reads a map file.
pub(super) fn read_map(path: &Path) -> Result<Map, Failure> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("failed to read the redaction map {}", path.display()))?;
    Map::from_json(&text).map_err(|why| Failure {
        kind: Kind::Failed,
        error: anyhow::anyhow!("{} cannot be used: {why}", path.display()),
        hints: vec![format!(
            "the map is {MAP} in the .private folder beside the redacted report; restore it from a backup, or \
             leave it out to start new pseudonyms"
        )],
    })
}

/// A random salt.
pub(super) fn salt() -> Result<[u8; 32], Failure> {
    let mut salt = [0; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut salt)
        .map_err(|_| anyhow::anyhow!("the system gave no random numbers for the redaction salt"))?;
    Ok(salt)
}

/// Refuses outputs that still hold what must not leave.
pub(super) fn refuse_leaks(
    redactor: &Redactor,
    outputs: &[(String, String)],
) -> Result<(), Failure> {
    let named: Vec<(String, &str)> = outputs
        .iter()
        .map(|(name, text)| (name.clone(), text.as_str()))
        .collect();
    let leaks = redacted::leaks(redactor, &named);
    if leaks.is_empty() {
        return Ok(());
    }
    let mut words: Vec<String> = leaks
        .iter()
        .map(|(name, leak)| format!("{} at {name} line {}", leak.kind, leak.line))
        .collect();
    words.dedup();
    let more = words.len().saturating_sub(NAMED_LEAKS);
    words.truncate(NAMED_LEAKS);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Err(Failure {
        kind: Kind::Failed,
        error: anyhow::anyhow!(
            "the last scan found something that must not leave ({}{rest}); nothing was written",
            words.join(", ")
        ),
        hints: vec![
            "this is a fault of the tool: run without --redact for yourself, do not share that output, and \
             report the kinds and places above"
                .to_owned(),
        ],
    })
}

/// Prints a text with every pseudonym of the map turned back.
pub(super) fn unredact(args: &UnredactArgs) -> Result<u8, Failure> {
    let map = read_map(&args.map)?;
    let mut bytes = Vec::new();
    if args.file.as_os_str() == "-" {
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("failed to read stdin")?;
    } else {
        bytes = fs::read(&args.file)
            .with_context(|| format!("failed to read {}", args.file.display()))?;
    }
    let text = String::from_utf8_lossy(&bytes);
    talk::data(map.unredact(&text).as_bytes())?;
    Ok(0)
}
