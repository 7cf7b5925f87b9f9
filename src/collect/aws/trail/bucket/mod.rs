//! The trail's bucket: list what the case needs, fetch it side by side, hand it to the scanner.
//!
//! The newest files come first, so that whatever ends the run leaves a shorter baseline instead of
//! holes. Must never keep half a file under its name, fetch a file twice, or miss one in silence.

pub(crate) mod keys;
mod list;

use super::spool::Spool;
use crate::bundle::manifest::Noun;
use crate::case::{Case, Instant, Interval, rfc3339};
use crate::collect::aws::control::Control;
use crate::collect::aws::fault::{Asker, Trouble};
use crate::collect::aws::known::{self, Kind};
use aws_sdk_s3::Client;
use keys::Place;
use list::Object;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Files fetched at a time.
const AT_ONCE: usize = 24;
/// How often a file is fetched whose body broke off.
const TRIES: u32 = 3;
/// Longest a body may take; files are small (50 MB unfolded at most).
const BODY: Duration = Duration::from_secs(120);
/// Clock differences, as in the choice by name.
const CLOCKS_S: i64 = 5 * 60;

/// Everything one bucket needs.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) client: Client,
    pub(super) asker: Asker,
    pub(super) control: Arc<Control>,
    pub(super) spool: Spool,
    pub(super) place: Place,
}

/// What a bucket gave.
#[derive(Debug, Default)]
pub(crate) struct BucketGot {
    /// Files fetched now.
    pub(crate) fetched: u64,
    /// Files that an earlier run had fetched.
    pub(crate) kept: u64,
    /// Everything delivered from this time on was read; `None` when all of it was.
    pub(crate) covered_from: Option<Instant>,
    /// What is missing, each a clause for people.
    pub(crate) missing: Vec<String>,
    /// What was done differently, for the reader's information.
    pub(crate) said: Vec<String>,
    /// What ended the run of this bucket, if anything did.
    pub(crate) trouble: Option<Trouble>,
    /// Why single files are missing, when it can be mended.
    pub(crate) side_trouble: Option<Trouble>,
}

/// Fetches every file of the span that is not here yet.
pub(super) async fn fetch(desk: Arc<Desk>, case: &Case, span: Interval) -> BucketGot {
    let mut listed = list::list(&desk, case, span).await;
    let mut got = BucketGot {
        missing: std::mem::take(&mut listed.missing),
        trouble: listed.trouble.take(),
        ..BucketGot::default()
    };
    let mut open: Vec<(Option<Instant>, String)> = Vec::new();
    let mut wanted: Vec<(Option<Instant>, Object)> = Vec::new();
    for object in listed.objects {
        let until = keys::delivered_until(&object.key);
        if desk.has(&object) {
            got.kept += 1;
        } else if object.is_archived {
            let why = "it lies in an archive class and has to be restored first".to_owned();
            open.push((until, why));
        } else {
            wanted.push((until, object));
        }
    }
    // Oldest first, because the newest is taken from the end.
    wanted.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
    let mut tasks: JoinSet<(Option<Instant>, Result<(), Trouble>)> = JoinSet::new();
    loop {
        while tasks.len() < AT_ONCE
            && got.trouble.is_none()
            && let Some((until, object)) = wanted.pop()
        {
            let desk = Arc::clone(&desk);
            tasks.spawn(async move { (until, desk.get(&object).await) });
        }
        match tasks.join_next().await {
            None => break,
            Some(Ok((_, Ok(())))) => got.fetched += 1,
            Some(Ok((until, Err(trouble)))) => {
                open.push((until, trouble.sentence()));
                let is_final = matches!(
                    trouble.kind,
                    Kind::Stopped | Kind::Expired | Kind::NoCredentials | Kind::Skew
                );
                if is_final || (got.fetched + got.kept == 0 && trouble.kind == Kind::Denied) {
                    got.trouble.get_or_insert(trouble);
                } else if trouble.kind == Kind::Denied {
                    got.side_trouble.get_or_insert(trouble);
                }
            }
            Some(Err(_)) => open.push((None, "the task that fetched it ended early".to_owned())),
        }
    }
    let why = got
        .trouble
        .as_ref()
        .map_or_else(|| "the run ended".to_owned(), Trouble::sentence);
    open.extend(wanted.into_iter().map(|(until, _)| (until, why.clone())));
    conclude(&desk.place, &open, case.window.from, &mut got);
    got
}

/// Says what was not fetched: a shorter baseline when all of it was delivered before the window,
/// missing evidence otherwise.
fn conclude(
    place: &Place,
    open: &[(Option<Instant>, String)],
    window: Instant,
    got: &mut BucketGot,
) {
    let Some((_, why)) = open.first() else { return };
    let files = match open.len() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let last = open
        .iter()
        .map(|(until, _)| *until)
        .try_fold(None, |last, until| Some(last.max(Some(until?))));
    let clocks = chrono::Duration::seconds(CLOCKS_S);
    match last.flatten().and_then(|at| at.checked_add_signed(clocks)) {
        Some(last) if last <= window => {
            got.covered_from = Some(last);
            got.said.push(format!(
                "{files} of {} delivered before {} were not read: {why}",
                place.url(),
                rfc3339(last)
            ));
        }
        _ => got
            .missing
            .push(format!("{files} of {} were not read: {why}", place.url())),
    }
}

impl Desk {
    /// Whether an earlier run fetched the whole file.
    fn has(&self, object: &Object) -> bool {
        let path = self.spool.object(&self.place.bucket, &object.key);
        fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() == object.bytes)
    }

    async fn get(&self, object: &Object) -> Result<(), Trouble> {
        let call = known::call("s3", "GetObject");
        let usd = known::prices().per_1000_s3_gets / 1_000.0;
        let mut tries = 0;
        loop {
            tries += 1;
            self.control.afford(call, usd)?;
            let answer = self
                .control
                .call(call, &self.asker, || {
                    self.client
                        .get_object()
                        .bucket(&self.place.bucket)
                        .key(&object.key)
                        .set_if_match((!object.etag.is_empty()).then(|| object.etag.clone()))
                        .send()
                })
                .await?;
            let body = tokio::time::timeout(BODY, self.store(object, answer.body)).await;
            let why = match body {
                Ok(Ok(bytes)) => {
                    self.control.receipt.spent(Noun::Trail, bytes, usd);
                    return Ok(());
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "its body did not come in time".to_owned(),
            };
            if tries >= TRIES {
                return Err(Trouble::plain(
                    Kind::Network,
                    call,
                    format!("a file broke off {tries} times: {why}"),
                    "Run again with --resume: what was fetched is kept.",
                ));
            }
        }
    }

    /// Writes a body to disk and gives it its name when it is as long as it was listed.
    async fn store(
        &self,
        object: &Object,
        mut body: aws_sdk_s3::primitives::ByteStream,
    ) -> io::Result<u64> {
        let unit = self.spool.unit("s3", &[&self.place.bucket, &object.key]);
        let partial = self.spool.partial(&unit);
        let mut file = File::create(&partial)?;
        let mut bytes = 0u64;
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(io::Error::other)?;
            bytes += piece.len() as u64;
            file.write_all(&piece)?;
        }
        if bytes != object.bytes {
            return Err(io::Error::other(format!(
                "{bytes} bytes came of {}",
                object.bytes
            )));
        }
        let path = self.spool.object(&self.place.bucket, &object.key);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(&partial, &path)?;
        Ok(bytes)
    }
}
