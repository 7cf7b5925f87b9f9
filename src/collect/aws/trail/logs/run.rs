//! One Logs Insights query from its start to its last page.
//!
//! Answers of a running query are partial and come with HTTP 200, so nothing is used before the
//! query is complete. Must never take a full page for the whole answer, leave a query running that
//! nobody waits for, or ask again what is finished. Sources: CloudWatch Logs API reference,
//! StartQuery and GetQueryResults; quotas: CloudWatch Logs user guide.

use super::pace::{self, LONGEST_WAIT, Like, Pace};
use super::row::{Message, Row, is_object, message, record, value};
use super::text::{Filters, Kind, Part};
use crate::bundle::manifest::Noun;
use crate::collect::aws::control::Control;
use crate::collect::aws::fault::{Asker, Trouble};
use crate::collect::aws::known::{self, Kind as Wrong};
use crate::collect::aws::trail::spool::{Lines, Note, Spool, Unit};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::stop_query::{StopQueryError, StopQueryOutput};
use aws_sdk_cloudwatchlogs::types::{QueryStatistics, QueryStatus};
use aws_smithy_runtime_api::http::Response;
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// Rows in one page of an answer, and all rows where answers have no pages.
pub(super) const PAGE: u64 = 10_000;
/// Rows of one answer at most, over all pages.
const MOST: u64 = 100_000;
/// Records of one answer fetched one by one when their message is cut short; more are asked for by
/// fields.
const BY_POINTER: usize = 50;
/// How often a query is started anew that failed by itself.
const TRIES: u32 = 3;
/// A query that runs longer is cut into smaller ones; the service itself gives up after 60 minutes.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long a query waits for a free place among the account's concurrent queries.
const QUEUE: Duration = Duration::from_secs(10 * 60);

/// Why a question has no answer.
#[derive(Debug)]
pub(super) enum Halt {
    /// AWS said no.
    Trouble(Trouble),
    /// It took too long; smaller questions may not.
    TooSlow,
    /// The disk said no.
    Disk(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Everything a query needs.
#[derive(Debug)]
pub(in super::super) struct Desk {
    pub(super) client: Client,
    pub(super) asker: Asker,
    pub(super) control: Arc<Control>,
    pub(super) spool: Spool,
    /// Log groups of one region: names, or ARNs without `:*`.
    pub(super) groups: Vec<String>,
    pub(super) filters: Filters,
    /// Rows that StartQuery is asked for.
    limit: AtomicU64,
    /// Whether messages come back cut short as a rule.
    by_fields: AtomicBool,
    pace: Pace,
    /// Queries under way.
    running: Mutex<BTreeSet<String>>,
    /// What went wrong without costing the answer.
    beside: Mutex<(BTreeSet<Trouble>, BTreeSet<String>)>,
}

/// What an answer is made into.
enum Sink {
    Records(Box<Lines>),
    Answer,
}

impl Desk {
    pub(in super::super) fn new(
        client: Client,
        asker: Asker,
        control: Arc<Control>,
        spool: Spool,
        groups: Vec<String>,
        filters: Filters,
    ) -> Self {
        Self {
            client,
            asker,
            control,
            spool,
            groups,
            filters,
            limit: AtomicU64::new(MOST),
            by_fields: AtomicBool::new(false),
            pace: Pace::default(),
            running: Mutex::default(),
            beside: Mutex::default(),
        }
    }

    /// How many queries of records may be under way.
    pub(super) fn at_once(&self) -> usize {
        self.pace.at_once()
    }

    /// The groups turned out to be of the class that takes many queries.
    pub(in super::super) fn hurry(&self) {
        self.pace.hurry();
    }

    /// What went wrong beside the answers, and what a reader should know of them.
    pub(super) fn beside(&self) -> (Vec<Trouble>, Vec<String>) {
        let beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        let (troubles, notes) = &*beside;
        (
            troubles.iter().cloned().collect(),
            notes.iter().cloned().collect(),
        )
    }

    fn note_beside(&self, trouble: Trouble) {
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        // One of a sort is enough: the sentence is the same but for the request.
        if !beside.0.iter().any(|known| known.action == trouble.action) {
            beside.0.insert(trouble);
        }
    }

    /// How many rows an answer can hold, as far as is known; one less than the limit, so that an
    /// answer of that many rows is known to be whole.
    pub(super) fn ceiling(&self) -> u64 {
        self.limit.load(Ordering::Relaxed).saturating_sub(1).max(1)
    }

    /// Asks one question, or finds the answer to it.
    pub(super) async fn ask(&self, kind: Kind, part: Part, bin: &str) -> Result<Note, Halt> {
        let kind = match kind {
            Kind::Records if self.by_fields.load(Ordering::Relaxed) => Kind::Fields,
            kind => kind,
        };
        let text = self.filters.text(kind, &part, bin).map_err(|why| {
            let call = known::call("logs", "StartQuery");
            Halt::Trouble(Trouble::plain(
                Wrong::Refused,
                call,
                why,
                "Narrow the scope.",
            ))
        })?;
        let groups = self.groups.join("\n");
        let unit = self.spool.unit("logs", &[&groups, kind.id(), &text]);
        let note = match self.spool.done(&unit) {
            Some(note) => {
                // What the earlier run learned decides where parts are cut.
                if note.limit > 0 {
                    self.limit.fetch_min(note.limit, Ordering::Relaxed);
                }
                note
            }
            None => {
                let mut note = self.answer(kind, part, &text, &unit).await?;
                note.limit = self.limit.load(Ordering::Relaxed);
                self.spool.finish(&unit, &note)?;
                note
            }
        };
        if note.is_cut && kind == Kind::Records {
            self.by_fields.store(true, Ordering::Relaxed);
            return Box::pin(self.ask(Kind::Fields, part, bin)).await;
        }
        Ok(note)
    }

    async fn answer(&self, kind: Kind, part: Part, text: &str, unit: &Unit) -> Result<Note, Halt> {
        let mut failed = 0;
        loop {
            let query = match self.spool.under_way(unit) {
                Some(query) => query,
                None => {
                    let query = self.start(part, text).await?;
                    self.spool.started(unit, &query)?;
                    query
                }
            };
            self.running().insert(query.clone());
            let first = self.wait(&query, Like::of(kind, &part)).await;
            let first = match first {
                Err(Halt::Trouble(trouble)) if trouble.kind == Wrong::Missing => {
                    // An answer is kept for seven days; the one of an earlier run may be gone.
                    self.running().remove(&query);
                    self.spool.forget(unit);
                    failed += 1;
                    if failed >= TRIES {
                        return Err(Halt::Trouble(trouble));
                    }
                    continue;
                }
                first => first?,
            };
            self.running().remove(&query);
            self.bill(&first);
            match first.status() {
                Some(QueryStatus::Complete) => {
                    return self.pages(kind, unit, &query, first).await;
                }
                Some(QueryStatus::Timeout) => {
                    self.spool.forget(unit);
                    return Err(Halt::TooSlow);
                }
                status => {
                    self.spool.forget(unit);
                    failed += 1;
                    if failed >= TRIES {
                        let word = status.map_or("without a status", QueryStatus::as_str);
                        let call = known::call("logs", "GetQueryResults");
                        return Err(Halt::Trouble(Trouble::plain(
                            Wrong::Server,
                            call,
                            format!("the query ended {word} {failed} times"),
                            "Run again later with --resume; answers got so far are kept.",
                        )));
                    }
                }
            }
        }
    }

    /// Starts a query; waits while the account's concurrent queries are used up.
    async fn start(&self, part: Part, text: &str) -> Result<String, Halt> {
        let call = known::call("logs", "StartQuery");
        let (from, to) = part.seconds();
        let began = tokio::time::Instant::now();
        let mut wait = Duration::from_secs(2);
        loop {
            let limit = self.limit.load(Ordering::Relaxed);
            let sent = self
                .control
                .call(call, &self.asker, || {
                    self.client
                        .start_query()
                        .set_log_group_identifiers(Some(self.groups.clone()))
                        .start_time(from)
                        .end_time(to)
                        .query_string(text)
                        .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                        .send()
                })
                .await;
            let trouble = match sent {
                Ok(answer) => match answer.query_id() {
                    Some(id) => return Ok(id.to_owned()),
                    None => Trouble::plain(
                        Wrong::Unreadable,
                        call,
                        "the answer names no query".to_owned(),
                        "Run again later.",
                    ),
                },
                Err(trouble) => trouble,
            };
            if limit > PAGE && trouble.code == "InvalidParameterException" {
                // Not everywhere are answers longer than one page known.
                self.limit.store(PAGE, Ordering::Relaxed);
                continue;
            }
            let is_full = trouble.code == "LimitExceededException";
            if !is_full || began.elapsed() > QUEUE {
                return Err(Halt::Trouble(trouble));
            }
            self.pause(wait).await?;
            wait = (wait * 2).min(Duration::from_secs(30));
        }
    }

    /// Waits until a query has ended, and gives its first page.
    ///
    /// Asking whether it has ended draws on the same rate as asking for rows, so it is asked when
    /// queries of its kind have usually ended.
    async fn wait(&self, query: &str, of: Like) -> Result<GetQueryResultsOutput, Halt> {
        let began = tokio::time::Instant::now();
        let mut wait = self.pace.first_wait(of);
        let mut asked = 0;
        let mut bad = 0;
        loop {
            self.pause(wait).await?;
            asked += 1;
            wait = pace::next_wait(began.elapsed());
            let page = match self.page(query, None).await {
                Ok(page) => page,
                Err(trouble) => {
                    // Throttling was waited for already, for as long as anything is.
                    let may_pass = matches!(
                        trouble.kind,
                        Wrong::Server | Wrong::Network | Wrong::Unreadable
                    );
                    bad += 1;
                    if may_pass && bad < TRIES {
                        wait = LONGEST_WAIT;
                        continue;
                    }
                    return Err(Halt::Trouble(trouble));
                }
            };
            bad = 0;
            match page.status() {
                Some(QueryStatus::Running | QueryStatus::Scheduled) => {}
                _ => {
                    self.pace.learn(of, began.elapsed(), asked == 1);
                    return Ok(page);
                }
            }
            if began.elapsed() > PATIENCE {
                self.stop(query).await;
                return Err(Halt::TooSlow);
            }
        }
    }

    async fn page(
        &self,
        query: &str,
        token: Option<String>,
    ) -> Result<GetQueryResultsOutput, Trouble> {
        let call = known::call("logs", "GetQueryResults");
        self.control
            .call(call, &self.asker, || {
                self.client
                    .get_query_results()
                    .query_id(query)
                    .set_next_token(token.clone())
                    .max_items(i32::try_from(PAGE).unwrap_or(i32::MAX))
                    .send()
            })
            .await
    }

    async fn pause(&self, time: Duration) -> Result<(), Halt> {
        let call = known::call("logs", "GetQueryResults");
        self.control.pause(call, time).await.map_err(Halt::Trouble)
    }

    /// Reads all pages of a complete query. The SDK has no paginator for them.
    async fn pages(
        &self,
        kind: Kind,
        unit: &Unit,
        query: &str,
        first: GetQueryResultsOutput,
    ) -> Result<Note, Halt> {
        let stated = first.statistics().map(QueryStatistics::records_matched);
        let mut note = Note {
            matched: stated
                .filter(|count| *count > 0.0)
                .map(|count| count as u64),
            bytes_scanned: first
                .statistics()
                .map_or(0, |known| known.bytes_scanned() as u64),
            ..Note::default()
        };
        let mut sink = match kind {
            Kind::Records | Kind::Fields => {
                Sink::Records(Box::new(self.spool.lines("logs", unit)?))
            }
            Kind::Volume | Kind::Controls => Sink::Answer,
        };
        let mut cut: Vec<Option<String>> = Vec::new();
        let mut page = first;
        let mut pages = 1;
        let mut seen: BTreeSet<String> = BTreeSet::new();
        loop {
            let token = page.next_token().map(str::to_owned);
            for fields in page.results.take().unwrap_or_default() {
                note.rows += 1;
                let row: Row = fields
                    .into_iter()
                    .filter_map(|field| Some((field.field?, field.value?)))
                    .collect();
                match &mut sink {
                    Sink::Answer => note.answer.push(row),
                    Sink::Records(lines) => keep(kind, &row, lines, &mut cut)?,
                }
            }
            let Some(token) = token else { break };
            if !seen.insert(token.clone()) {
                // A token that comes back leads in a circle; what it hides is not known.
                return Err(self.circle());
            }
            page = self.page(query, Some(token)).await.map_err(Halt::Trouble)?;
            pages += 1;
        }
        self.judge(kind, pages, &mut note);
        if note.is_over {
            note.answer = Vec::new();
            return Ok(note);
        }
        if let Sink::Records(mut lines) = sink {
            if kind == Kind::Records && cut.len() > BY_POINTER {
                note.is_cut = true;
                return Ok(note);
            }
            self.mend(cut, &mut lines, &mut note).await?;
            lines.end()?;
        }
        Ok(note)
    }

    /// Whether the answer ends where the rows do, or where the service cut it off.
    fn judge(&self, kind: Kind, pages: u64, note: &mut Note) {
        let limit = self.limit.load(Ordering::Relaxed);
        let is_event = matches!(kind, Kind::Records | Kind::Fields);
        // For rows that are records, the number that matched says it all.
        if let (true, Some(matched)) = (is_event, note.matched)
            && note.rows >= matched
        {
            return;
        }
        if note.rows >= limit {
            note.is_over = true;
        } else if note.rows == PAGE && pages == 1 {
            // Exactly one full page and no second: where answers have no pages that is the end of
            // the answer, not of the rows.
            note.is_over = true;
            self.limit.store(PAGE, Ordering::Relaxed);
        } else if let (true, Some(matched)) = (is_event, note.matched) {
            // More matched than came, though the answer has room: it is cut at no known limit.
            note.is_over = note.rows < matched;
        }
    }

    /// Fetches the whole of records that came back cut short.
    async fn mend(
        &self,
        cut: Vec<Option<String>>,
        lines: &mut Lines,
        note: &mut Note,
    ) -> Result<(), Halt> {
        let call = known::call("logs", "GetLogRecord");
        for pointer in cut {
            let Some(pointer) = pointer else {
                note.lost += 1;
                continue;
            };
            let sent = self
                .control
                .call(call, &self.asker, || {
                    self.client
                        .get_log_record()
                        .log_record_pointer(pointer.as_str())
                        .send()
                })
                .await;
            let whole = match sent {
                Ok(answer) => answer
                    .log_record()
                    .and_then(|fields| fields.get("@message"))
                    .filter(|text| is_object(text))
                    .cloned(),
                Err(trouble) => {
                    if matches!(trouble.kind, Wrong::Stopped | Wrong::Expired) {
                        return Err(Halt::Trouble(trouble));
                    }
                    self.note_beside(trouble);
                    None
                }
            };
            match whole {
                Some(text) => lines.add(&text)?,
                None => note.lost += 1,
            }
        }
        Ok(())
    }

    fn bill(&self, page: &GetQueryResultsOutput) {
        let bytes = page
            .statistics()
            .map_or(0.0, |known| known.bytes_scanned().max(0.0));
        let usd = bytes / 1e9 * known::prices().per_gb_scanned;
        self.control.receipt.spent(Noun::Trail, bytes as u64, usd);
    }

    fn circle(&self) -> Halt {
        Halt::Trouble(Trouble::plain(
            Wrong::Unreadable,
            known::call("logs", "GetQueryResults"),
            "the pages of an answer lead in a circle".to_owned(),
            "Run again later with --resume.",
        ))
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn stop(&self, query: &str) {
        self.running().remove(query);
        let outcome = stop(self.client.clone(), query.to_owned()).await;
        self.stopped(outcome);
    }

    /// Stops every query under way: abandoned ones go on running, count and cost.
    pub(super) async fn stop_all(&self) {
        let queries = std::mem::take(&mut *self.running());
        let mut tasks = JoinSet::new();
        for query in queries {
            tasks.spawn(stop(self.client.clone(), query));
        }
        while let Some(outcome) = tasks.join_next().await {
            if let Ok(outcome) = outcome {
                self.stopped(outcome);
            }
        }
    }

    fn stopped(&self, outcome: Stopping) {
        let call = known::call("logs", "StopQuery");
        let trouble = match outcome {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => Trouble::of(call, &self.asker, &error),
            Err(_) => Trouble::plain(
                Wrong::Network,
                call,
                "no answer came in time".to_owned(),
                "The query ends by itself after an hour at most.",
            ),
        };
        // A query that has just ended cannot be stopped, which is as good.
        let is_over = ["InvalidParameterException", "ResourceNotFoundException"];
        if !is_over.contains(&trouble.code.as_str()) {
            self.note_beside(trouble);
        }
    }
}

/// What became of the wish to stop a query.
type Stopping = Result<
    Result<StopQueryOutput, SdkError<StopQueryError, Response>>,
    tokio::time::error::Elapsed,
>;

/// Asks to stop one query, past the end of the run but not for long.
async fn stop(client: Client, query: String) -> Stopping {
    tokio::time::timeout(LONGEST_WAIT, client.stop_query().query_id(query).send()).await
}

fn keep(kind: Kind, row: &Row, lines: &mut Lines, cut: &mut Vec<Option<String>>) -> io::Result<()> {
    match message(row) {
        Message::Whole(text) => lines.add(text),
        Message::Cut(pointer) => {
            let made = (kind == Kind::Fields).then(|| record(row)).flatten();
            match made {
                Some(text) => lines.add(&text),
                None => {
                    cut.push(
                        pointer
                            .map(str::to_owned)
                            .or_else(|| value(row, "@ptr").map(str::to_owned)),
                    );
                    Ok(())
                }
            }
        }
    }
}
