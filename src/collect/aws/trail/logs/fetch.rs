//! Everything the case needs from the log groups of one region: records, cut to fit; the control
//! group, counted by the server.
//!
//! The latest is asked for first, so that whatever ends the run leaves a shorter baseline instead of
//! holes. Must never hide a part that has no answer.

use super::row::{Controls, slots};
use super::run::{Desk, Halt};
use super::split::{Slot, by_worth, cut, dense, pack, refined};
use super::text::{Kind, Part, bin};
use crate::case::{Case, Instant, Interval, rfc3339};
use crate::collect::aws::fault::Trouble;
use crate::collect::aws::known::Kind as Wrong;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Bins in one volume answer.
const BINS: i64 = 9_000;
/// Records fetched of the baseline before it is cut shorter: beyond this the time is better spent on
/// the bucket.
const BUDGET: u64 = 5_000_000;

/// What the log groups gave.
#[derive(Debug, Default)]
pub(crate) struct LogsGot {
    /// The control group.
    pub(crate) controls: Controls,
    /// Everything delivered from this time on was read; `None` when all of it was.
    pub(crate) covered_from: Option<Instant>,
    /// What is missing, each a clause for people.
    pub(crate) missing: Vec<String>,
    /// What was done differently, for the reader's information.
    pub(crate) said: Vec<String>,
    /// Records read.
    pub(crate) records: u64,
    /// What ended the run of these groups, if anything did.
    pub(crate) trouble: Option<Trouble>,
    /// What went wrong beside: records that could not be mended, queries that could not be stopped.
    pub(crate) side_troubles: Vec<Trouble>,
}

/// Asks for records and controls delivered inside `span`.
pub(in super::super) async fn fetch(desk: Arc<Desk>, case: &Case, span: Interval) -> LogsGot {
    let range = Part::new(
        span.from.timestamp_millis(),
        span.to.timestamp_millis().saturating_add(1),
    );
    let window_ms = case.window.from.timestamp_millis();
    let whole = case.whole();
    let (records, controls) = tokio::join!(
        records(Arc::clone(&desk), range, window_ms),
        counts(&desk, range, &whole)
    );
    if desk.control.stopped().is_some() {
        desk.stop_all().await;
    }
    let (side_troubles, side_notes) = desk.beside();
    let mut got = LogsGot {
        records: records.rows,
        controls: controls.controls,
        side_troubles,
        said: side_notes,
        ..LogsGot::default()
    };
    conclude(&records, window_ms, &mut got);
    got.trouble = records.trouble;
    if let Some(why) = controls.missing {
        got.missing.push(format!(
            "calls of other services, which show whether everything failed at once, {why}"
        ));
    }
    got
}

/// The parts of the range and what became of them.
#[derive(Debug, Default)]
struct Records {
    rows: u64,
    lost: u64,
    /// Parts without an answer, each with its reason.
    open: Vec<(Part, String)>,
    /// Parts left out on purpose.
    left: Vec<Part>,
    trouble: Option<Trouble>,
}

fn conclude(records: &Records, window_ms: i64, got: &mut LogsGot) {
    if records.lost > 0 {
        got.missing.push(format!(
            "{} records came back cut short and could not be fetched whole",
            records.lost
        ));
    }
    let moment = |ms: i64| chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default();
    let unread = records.open.iter().map(|(part, _)| part);
    let last = unread.chain(&records.left).map(|part| part.to_ms).max();
    if let Some(last) = last
        && last <= window_ms
    {
        got.covered_from = Some(moment(last));
        let why = match (records.open.first(), records.left.is_empty()) {
            (_, false) => format!("more than {BUDGET} records would have to be fetched"),
            (Some((_, why)), _) => why.clone(),
            _ => String::new(),
        };
        got.said.push(format!(
            "records delivered before {} were not read: {why}",
            rfc3339(moment(last))
        ));
        return;
    }
    for (part, why) in &records.open {
        got.missing.push(format!(
            "records delivered from {} to {} were not read: {why}",
            rfc3339(moment(part.from_ms)),
            rfc3339(moment(part.to_ms))
        ));
    }
}

/// Whether a trouble ends everything, and not only the question it answers.
fn is_final(trouble: &Trouble) -> bool {
    matches!(
        trouble.kind,
        Wrong::Stopped
            | Wrong::Expired
            | Wrong::NoCredentials
            | Wrong::Denied
            | Wrong::Missing
            | Wrong::RegionOff
            | Wrong::Skew
    )
}

fn words(halt: &Halt) -> String {
    match halt {
        Halt::Trouble(trouble) => trouble.sentence(),
        Halt::TooSlow => "the query took too long even for a short span".to_owned(),
        Halt::Disk(error) => format!("the answer could not be written to disk: {error}"),
    }
}

async fn records(desk: Arc<Desk>, range: Part, window_ms: i64) -> Records {
    let mut out = Records::default();
    // Mostly everything fits into one answer; when it does not, the volume says where to cut.
    match desk.ask(Kind::Records, range, "").await {
        Ok(note) if !note.is_over => {
            out.rows = note.rows;
            out.lost = note.lost;
            return out;
        }
        Ok(_) | Err(Halt::TooSlow) => {}
        Err(halt) => return ended(out, range, halt),
    }
    let parts = match volume(&desk, range).await {
        Ok((slots, _)) => by_worth(pack(range, &slots, desk.ceiling())),
        Err(Halt::TooSlow) => cut(range).into_iter().rev().map(|part| (part, 0)).collect(),
        Err(halt) => return ended(out, range, halt),
    };
    let mut queue = within_budget(parts, window_ms, &mut out.left);
    let mut tasks: JoinSet<(Part, Result<super::super::spool::Note, Halt>)> = JoinSet::new();
    loop {
        while tasks.len() < desk.at_once()
            && out.trouble.is_none()
            && let Some(part) = queue.pop_front()
        {
            let desk = Arc::clone(&desk);
            tasks.spawn(async move {
                let answer = desk.ask(Kind::Records, part, "").await;
                (part, answer)
            });
        }
        let Some(done) = tasks.join_next().await else {
            break;
        };
        let Ok((part, answer)) = done else {
            // A task that panicked or was cancelled names no part; the sum below would be wrong.
            continue;
        };
        match answer {
            Ok(note) if !note.is_over => {
                out.rows += note.rows;
                out.lost += note.lost;
            }
            Ok(_) | Err(Halt::TooSlow) => {
                let halves = cut(part);
                if halves.is_empty() {
                    let why = "too many records at one moment, or too slow".to_owned();
                    out.open.push((part, why));
                }
                for half in halves {
                    queue.push_front(half);
                }
            }
            Err(halt) => {
                out.open.push((part, words(&halt)));
                if let Halt::Trouble(trouble) = halt
                    && is_final(&trouble)
                {
                    out.trouble.get_or_insert(trouble);
                }
            }
        }
    }
    let why = out
        .trouble
        .as_ref()
        .map_or_else(|| "the run ended".to_owned(), Trouble::sentence);
    out.open
        .extend(queue.into_iter().map(|part| (part, why.clone())));
    out.open.sort();
    out
}

fn ended(mut out: Records, range: Part, halt: Halt) -> Records {
    out.open.push((range, words(&halt)));
    if let Halt::Trouble(trouble) = halt {
        out.trouble = Some(trouble);
    }
    out
}

/// The parts in order of worth, as far as the budget goes; the window is never left out.
fn within_budget(parts: Vec<(Part, u64)>, window_ms: i64, left: &mut Vec<Part>) -> VecDeque<Part> {
    let mut queue = VecDeque::new();
    let mut sum = 0u64;
    for (part, rows) in parts {
        sum = sum.saturating_add(rows);
        if sum > BUDGET && part.to_ms <= window_ms {
            left.push(part);
        } else {
            queue.push_back(part);
        }
    }
    queue
}

/// How many records were delivered when, finely enough to cut well; with the length of the coarsest
/// slots, milliseconds.
async fn volume(desk: &Desk, range: Part) -> Result<(Vec<Slot>, i64), Halt> {
    let (name, length) = bin(range.to_ms - range.from_ms, BINS);
    let note = desk.ask(Kind::Volume, range, name).await?;
    let mut all = slots(&note.answer).ok_or(Halt::TooSlow)?;
    let mut stretches: VecDeque<(Part, i64)> = dense(&all, length, range, desk.ceiling())
        .into_iter()
        .map(|span| (span, length))
        .collect();
    while let Some((span, coarse)) = stretches.pop_front() {
        let (name, fine) = bin(span.to_ms - span.from_ms, BINS);
        if fine >= coarse {
            continue;
        }
        let note = desk.ask(Kind::Volume, span, name).await?;
        let finer = slots(&note.answer).ok_or(Halt::TooSlow)?;
        // Still too full for its length: look closer there once more.
        stretches.extend(
            dense(&finer, fine, span, desk.ceiling())
                .into_iter()
                .filter(|part| *part != span)
                .map(|part| (part, fine)),
        );
        all = refined(&all, span, &finer);
    }
    Ok((all, length))
}

/// The control group and why it is not whole, if it is not.
struct Counted {
    controls: Controls,
    missing: Option<String>,
}

/// Counts the calls of other services, latest first. How many groups an answer will have cannot be
/// known before, so each part is as long as the last one suggests.
async fn counts(desk: &Desk, range: Part, whole: &Interval) -> Counted {
    let mut out = Counted {
        controls: Controls::default(),
        missing: None,
    };
    let mut end = range.to_ms;
    let mut length = range.to_ms - range.from_ms;
    while end > range.from_ms {
        let part = Part::new(end.saturating_sub(length).max(range.from_ms), end);
        let span = part.to_ms - part.from_ms;
        match desk.ask(Kind::Controls, part, "").await {
            Ok(note) if !note.is_over => {
                out.controls.add(&note.answer, whole);
                end = part.from_ms;
                // Aim at four fifths of what fits.
                let room = 0.8 * desk.ceiling() as f64 / note.rows.max(1) as f64;
                length = (span as f64 * room).min(1e15) as i64;
                length = length.max(span / 2).max(60_000);
            }
            Ok(_) | Err(Halt::TooSlow) if span > 60_000 => length = (span / 2).max(60_000),
            Ok(_) => {
                out.missing = Some("are too many in one minute to be counted".to_owned());
                return out;
            }
            Err(halt) => {
                let from = chrono::DateTime::from_timestamp_millis(part.to_ms).unwrap_or_default();
                out.missing = Some(format!(
                    "were not counted before {}: {}",
                    rfc3339(from),
                    words(&halt)
                ));
                return out;
            }
        }
    }
    if out.controls.unread > 0 {
        out.missing = Some(format!(
            "came in {} rows that could not be read",
            out.controls.unread
        ));
    }
    out
}
