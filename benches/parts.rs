//! The parts of the whole job one by one: `cargo bench --features measure -- ARCHIVE/AWSLogs`.
//!
//! Prints the median of several rounds for each part, as throughput and as a multiple of the part
//! `decompress` of the same round. The multiples are what to compare: they hold where times do not.
//! Every part works on the same archive, and the parts that read text take turns file by file, so a
//! slow moment of the machine hits all of them. One thread does the work, except where a part says otherwise.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark is there to print"
)]

use anyhow::Context as _;
use ecr_incident::analyze;
use ecr_incident::analyze::types::Findings;
use ecr_incident::bundle::manifest::{Noun, Outcome, SourceEntry, Tally};
use ecr_incident::bundle::{Bundle, HourFiles, Writer};
use ecr_incident::case::{Case, Interval, Scope, instant};
use ecr_incident::facts;
use ecr_incident::facts::types::Facts;
use ecr_incident::report::model::Report;
use ecr_incident::report::{self, Meta, chart, html, json, markdown};
use ecr_incident::trail::measure::{self, Answer, Archive, Buffers, Keys};
use ecr_incident::trail::{self, HourRows, ScanRequest, Silent};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is read when no folder is named: the example case with the most records.
const EXAMPLE: &str = "fixtures/cases/kms_key_disabled/trail";

/// Rounds that count, after one that does not.
const ROUNDS: usize = 7;

/// Threads that the merged hours come from; the scan has one part of an hour for each.
const THREADS: usize = 2;

/// What a throughput counts.
#[derive(Clone, Copy)]
enum Unit {
    /// Bytes of text.
    Text,
    /// Rows kept.
    Rows,
    /// Nothing: the time itself is told.
    Whole,
}

/// One part of the job.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Decompress,
    Ends,
    Skim,
    Split,
    Select,
    SelectCallers,
    Merge,
    Encode,
    Load,
    Judge,
    Render,
}

impl Part {
    const ALL: [(Self, &'static str, Unit, &'static str); 11] = [
        (
            Self::Decompress,
            "decompress",
            Unit::Text,
            "read from the page cache and unfold with libdeflate, file by file",
        ),
        (
            Self::Ends,
            "ends",
            Unit::Text,
            "the structural pass alone: where records end",
        ),
        (
            Self::Skim,
            "skim",
            Unit::Text,
            "the structural pass and the places of top-level values",
        ),
        (
            Self::Split,
            "split",
            Unit::Text,
            "the careful reader: cuts out objects, parses nothing",
        ),
        (
            Self::Select,
            "select",
            Unit::Text,
            "skim, count, keep calls without callers, as `calls --by minute,region,api,class`",
        ),
        (
            Self::SelectCallers,
            "select+callers",
            Unit::Text,
            "skim, count, keep calls and changes with callers, control counts, as `report`",
        ),
        (
            Self::Merge,
            "merge",
            Unit::Rows,
            "merge two threads' parts of every hour, deduplicate, sort; rows with callers",
        ),
        (
            Self::Encode,
            "encode",
            Unit::Rows,
            "every hour to Parquet and JSON lines in memory, with SHA-256",
        ),
        (
            Self::Load,
            "load",
            Unit::Whole,
            "facts::load from the bundle on disk, all threads",
        ),
        (
            Self::Judge,
            "judge",
            Unit::Whole,
            "detect, profile every incident from the bundle on disk (all threads), judge",
        ),
        (
            Self::Render,
            "render",
            Unit::Whole,
            "tell, Markdown, HTML, JSON and charts, in memory",
        ),
    ];
}

/// The time each part took in one round.
type Round = BTreeMap<Part, Duration>;

fn main() -> anyhow::Result<()> {
    // Cargo passes `--bench` along.
    let folder = std::env::args_os()
        .skip(1)
        .find(|word| !word.to_string_lossy().starts_with("--"));
    let folder = folder.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join(EXAMPLE),
        PathBuf::from,
    );
    let case = case_of(&folder)?;
    let bench = Bench::new(&folder, &case)?;
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for round in 0..=ROUNDS {
        let took = one.install(|| bench.round())?;
        eprintln!(
            "round {round} of {ROUNDS}{}",
            if round == 0 { ", to warm up" } else { "" }
        );
        if round > 0 {
            rounds.push(took);
        }
    }
    bench.print(&rounds);
    Ok(())
}

/// The question: the later half of the archive's time against the earlier half.
fn case_of(folder: &Path) -> anyhow::Result<Case> {
    // Any time that CloudTrail can have written.
    let ever = Interval::new(instant(1_300_000_000), instant(4_000_000_000));
    let asked = |window, baseline, now| Case {
        window,
        baseline,
        scope: Scope::everything(),
        now,
    };
    let request = ScanRequest {
        with_callers: false,
        with_changes: false,
        with_controls: false,
        ..ScanRequest::everything(
            vec![folder.to_owned()],
            asked(ever, Interval::new(ever.from, ever.from), ever.to),
        )
    };
    let mut span: Option<(i64, i64)> = None;
    trail::scan(
        &request,
        &Silent,
        |hour: HourRows| Ok(hour.start),
        |start| {
            let (first, last) = span.unwrap_or((start, start));
            span = Some((first.min(start), last.max(start)));
            Ok(())
        },
    )?;
    let (first, last) =
        span.with_context(|| format!("{} holds no call of ECR to measure with", folder.display()))?;
    let end = last + 3_600;
    let middle = first + (end - first) / 7_200 * 3_600;
    Ok(asked(
        Interval::new(instant(middle), instant(end)),
        Interval::new(instant(first), instant(middle)),
        instant(end + 86_400),
    ))
}

/// What every round works on.
struct Bench {
    archive: Archive,
    without: ScanRequest,
    everything: ScanRequest,
    bundle: Bundle,
    /// Bytes of all texts, and records in them.
    text: u64,
    records: u64,
    rows: u64,
    /// Where the bundle lies; removed at the end.
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(folder: &Path, case: &Case) -> anyhow::Result<Self> {
        let everything = ScanRequest::everything(vec![folder.to_owned()], case.clone());
        let without = ScanRequest {
            with_callers: false,
            with_changes: false,
            with_controls: false,
            ..everything.clone()
        };
        let archive = Archive::find(&everything);
        anyhow::ensure!(!archive.is_empty(), "no file of the archive is read whole");
        let temporary = tempfile::tempdir()?;
        let mut writer = Writer::create(&temporary.path().join("bundle"))?;
        let mut rows = 0;
        let entry = trail::scan(
            &everything,
            &Silent,
            |hour| {
                let files = encode(&hour)?;
                Ok((hour.calls.lines.len(), files))
            },
            |(calls, files)| {
                rows += calls as u64;
                writer.hour(&files)
            },
        )?;
        let mut sources = vec![entry];
        sources.extend(
            Noun::ALL
                .into_iter()
                .filter(|noun| *noun != Noun::Trail)
                .map(missing),
        );
        let bundle = writer.seal(case, sources)?;
        let (mut text, mut records) = (0, 0);
        let (mut buffers, mut keys) = (Buffers::default(), Keys::default());
        for index in 0..archive.len() {
            let unfolded = archive.unfold(index, &mut buffers).unwrap_or_default();
            text += unfolded.len() as u64;
            records += measure::skim(unfolded, &mut keys);
        }
        Ok(Self {
            archive,
            without,
            everything,
            bundle,
            text,
            records,
            rows,
            _folder: temporary,
        })
    }

    fn round(&self) -> anyhow::Result<Round> {
        let mut round = Round::new();
        let answer = self.read(&mut round);
        self.finish(answer, &mut round)?;
        let facts = time(&mut round, Part::Load, || {
            facts::load(&self.bundle, &self.everything.case)
        })?;
        let findings = time(&mut round, Part::Judge, || self.judge(&facts))?;
        time(&mut round, Part::Render, || render(&facts, &findings));
        Ok(round)
    }

    /// The parts that work on text, taking turns file by file.
    fn read(&self, round: &mut Round) -> Answer {
        let mut buffers = Buffers::default();
        let (mut for_ends, mut for_skim) = (Keys::default(), Keys::default());
        let mut without = Answer::new(THREADS);
        let mut everything = Answer::new(THREADS);
        for index in 0..self.archive.len() {
            let thread = index % THREADS;
            let text = time(round, Part::Decompress, || {
                black_box(self.archive.unfold(index, &mut buffers))
            });
            let text = text.unwrap_or_default();
            time(round, Part::Ends, || measure::ends(text, &mut for_ends));
            time(round, Part::Skim, || measure::skim(text, &mut for_skim));
            time(round, Part::Split, || measure::split(text));
            time(round, Part::Select, || {
                without.select(thread, text, &self.without);
            });
            time(round, Part::SelectCallers, || {
                everything.select(thread, text, &self.everything);
            });
        }
        black_box(without);
        everything
    }

    /// Merging and encoding, hour by hour.
    fn finish(&self, answer: Answer, round: &mut Round) -> anyhow::Result<()> {
        let begin = Instant::now();
        let mut encoding = Duration::ZERO;
        answer.finish(|hour| {
            let begin = Instant::now();
            black_box(encode(&hour)?);
            drop(hour);
            encoding += begin.elapsed();
            Ok(())
        })?;
        round.insert(Part::Merge, begin.elapsed().saturating_sub(encoding));
        round.insert(Part::Encode, encoding);
        Ok(())
    }

    fn judge(&self, facts: &Facts) -> anyhow::Result<Findings> {
        let detected = analyze::detect(facts);
        let profiles = facts::profile(&self.bundle, facts, &detected.profile_requests())?;
        Ok(analyze::judge(facts, detected, profiles))
    }

    fn print(&self, rounds: &[Round]) {
        println!(
            "{} files, {:.1} MB on disk, {:.1} MB of text, {} records, {} calls kept; {} files read \
             in another way and left out",
            self.archive.len(),
            self.archive.bytes() as f64 / 1e6,
            self.text as f64 / 1e6,
            self.records,
            self.rows,
            self.archive.others,
        );
        println!(
            "window {}, baseline {}",
            self.everything.case.window, self.everything.case.baseline
        );
        println!("medians of {} rounds\n", rounds.len());
        println!("| part | time | throughput | × decompress | what it includes |");
        println!("|---|---|---|---|---|");
        for (part, name, unit, includes) in Part::ALL {
            let seconds =
                |round: &Round, part| round.get(&part).map_or(f64::NAN, Duration::as_secs_f64);
            let took = median(rounds.iter().map(|round| seconds(round, part)));
            let multiple = median(
                rounds
                    .iter()
                    .map(|round| seconds(round, part) / seconds(round, Part::Decompress)),
            );
            let throughput = match unit {
                Unit::Text => format!("{:.2} GB/s", self.text as f64 / took / 1e9),
                Unit::Rows => format!("{:.2} M rows/s", self.rows as f64 / took / 1e6),
                Unit::Whole => "-".to_owned(),
            };
            println!(
                "| {name} | {:.1} ms | {throughput} | {multiple:.2} | {includes} |",
                took * 1e3
            );
        }
    }
}

fn encode(hour: &HourRows) -> anyhow::Result<HourFiles> {
    HourFiles::encode(hour.start, &hour.calls, &hour.changes, &hour.controls)
}

fn render(facts: &Facts, findings: &Findings) {
    let meta = Meta {
        tool_name: env!("CARGO_PKG_NAME").to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        generated_at: facts.case.now,
        command: vec!["bench".to_owned()],
    };
    let report: Report = report::tell(facts, findings, &meta);
    black_box(markdown::render(&report));
    black_box(html::render(&report));
    black_box(json::render(&report));
    for one in &report.charts {
        black_box(chart::svg(one));
    }
}

/// A source that nobody gave an input for.
fn missing(noun: Noun) -> SourceEntry {
    SourceEntry {
        noun,
        outcome: Outcome::Unavailable {
            why: "no input was given".to_owned(),
            hint: "none".to_owned(),
        },
        asked: Vec::new(),
        tally: Tally::default(),
        by_scope: BTreeMap::new(),
        refusals: Vec::new(),
        files_read: 0,
        files_pruned: 0,
        files_late: 0,
        signed: None,
        lateness_s: 0,
        bytes_read: 0,
        bill: None,
    }
}

/// Does the work and adds the time it took to its part.
fn time<T>(round: &mut Round, part: Part, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let result = black_box(work());
    *round.entry(part).or_default() += begin.elapsed();
    result
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
