//! Straight from AWS: what is asked, by whom, how politely, and what came of it.
//!
//! Each source is a file with three parts: `ask` says what will be asked (pure, so that `--plan` can
//! print it), `fetch` asks (the only async part), and `row` turns the SDK's answers into the JSON the
//! AWS CLI prints, so that everything behind the bundle reads one shape. A failed source is a gap
//! with its reason and the IAM action, never the end of the run; one account or region that fails
//! never stops another. Nothing here judges, prints, or keeps a credential.

mod bare;
pub mod control;
pub mod doctor;
mod entry;
pub mod fault;
mod gate;
pub mod health;
mod keyring;
pub mod known;
mod limiter;
mod login;
pub mod metrics;
mod pages;
pub mod plan;
pub mod pull;
pub mod quotas;
pub mod receipt;
mod run;
pub mod session;
mod signal;
pub mod status;
pub mod step;
mod store;
pub mod trail;
mod wire;

use crate::bundle::manifest::{Bill, Noun, SourceEntry};
use crate::bundle::raw::RawAnswer;
use crate::case::Case;
use control::{Control, Limits, Stop};
use fault::Trouble;
use receipt::LogLine;
use serde::{Deserialize, Serialize};
use session::{Identity, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

pub use run::{collect, probe};

/// What a live run is asked to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// The question.
    pub case: Case,
    /// Who asks, and where.
    pub identity: Identity,
    /// Time and money.
    pub limits: Limits,
    /// The sources asked for; the others come from files or not at all.
    pub wanted: Vec<Noun>,
    /// Health of the whole organisation (`--org`).
    pub org: bool,
    /// The public feed's address, when it is not the partition's own.
    pub status_url: Option<String>,
    /// Where to keep what is collected until the report is whole.
    pub folder: PathBuf,
    /// Use what a stopped run kept there.
    pub resume: bool,
    /// How the trail is to be read.
    pub trail: trail::Wish,
}

/// What a live run brought home.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Verbatim answers by source, by account and region; sources without an answer are absent.
    pub answers: BTreeMap<Noun, Vec<RawAnswer>>,
    /// One entry per source asked for, in [`Noun::ALL`] order; the trail's is in [`Self::trail`].
    pub entries: Vec<SourceEntry>,
    /// The trail, which is more than answers.
    pub trail: trail::Found,
    /// Every request, in the order sent.
    pub log: Vec<LogLine>,
    /// All sources together, sign-in included.
    pub bill: Bill,
    /// What a reader should know of the session.
    pub notes: Vec<String>,
    /// The kinds of trouble met, the trail's not among them.
    pub kinds: BTreeSet<known::Kind>,
    /// Why it ended early, if it did.
    pub stop: Option<Stop>,
    /// The credentials ran out on the way: with fresh ones the rest can be had.
    pub is_expired: bool,
    /// The command that gives fresh ones.
    pub login: String,
}

/// Told of progress; the command line draws it.
pub trait Watch: Send + Sync {
    /// A source was begun, went on, or ended, in one place (`account/region`, or empty).
    fn at(&self, noun: Noun, place: &str, state: State<'_>);
}

/// How far a source is in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State<'a> {
    /// The first call is about to be made.
    Begun,
    /// Something countable happened.
    Step(&'a str),
    /// It is over: how it went, in a few words.
    Done(&'a str),
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn at(&self, _: Noun, _: &str, _: State<'_>) {}
}

/// What all sources of a run share.
pub struct Field {
    /// The request.
    pub request: Request,
    /// The accounts and regions, with their clients.
    pub session: Session,
    /// Limits, limiter and receipt.
    pub control: Arc<Control>,
    /// Told of progress.
    pub watch: Arc<dyn Watch>,
}

/// What one source said in one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The source.
    pub noun: Noun,
    /// The account asked, or empty.
    pub account: String,
    /// The region asked, or empty.
    pub region: String,
    /// What was asked, for people.
    pub asked: Vec<String>,
    /// The answers, in order.
    pub answers: Vec<RawAnswer>,
    /// Calls without an answer.
    #[serde(skip)]
    pub troubles: Vec<Trouble>,
    /// What the answers lack although every call was answered.
    pub missing: Vec<String>,
}

impl Part {
    /// Nothing yet.
    #[must_use]
    pub fn new(noun: Noun, account: &str, region: &str) -> Self {
        Self {
            noun,
            account: account.to_owned(),
            region: region.to_owned(),
            asked: Vec::new(),
            answers: Vec::new(),
            troubles: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// `account/region`, as far as it is known.
    #[must_use]
    pub fn place(&self) -> String {
        match (self.account.as_str(), self.region.as_str()) {
            ("", "") => String::new(),
            ("", one) | (one, "") => one.to_owned(),
            (account, region) => format!("{account}/{region}"),
        }
    }
}
