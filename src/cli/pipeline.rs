//! The arrows in order: collect into a bundle, load, detect, profile, judge, tell.

use super::progress::Bar;
use super::shared_args::SignedArgs;
use super::talk::{Volume, say};
use super::watch::Live;
use super::{digests, evidence};
use crate::analyze::types::Findings;
use crate::bundle::manifest::{Noun, Outcome, SourceEntry, Tally};
use crate::bundle::{Bundle, Writer};
use crate::case::Case;
use crate::collect::aws::control::Stop;
use crate::collect::aws::{self, Evidence};
use crate::collect::local::{self, LocalInputs};
use crate::facts::types::Facts;
use crate::failure::Failure;
use crate::report::model::Report;
use crate::{analyze, facts, report, trail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything a run may read.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    pub(super) cloudtrail: Vec<PathBuf>,
    /// Margin for late delivery, seconds.
    pub(super) lateness_s: i64,
    /// What the log files are checked with.
    pub(super) signed: SignedArgs,
    pub(super) local: LocalInputs,
    /// What AWS is asked for; `None` never touches the network.
    pub(super) live: Option<aws::Request>,
}

/// A sealed bundle and why collecting it ended early, if it did.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) bundle: Bundle,
    pub(super) stop: Option<Stop>,
    /// The command that logs in again, when the credentials ran out on the way.
    pub(super) login: Option<String>,
}

/// Reads every input into a sealed bundle under `dir`.
pub(super) fn collect(
    inputs: Inputs,
    case: &Case,
    dir: &Path,
    volume: Volume,
) -> Result<Collected, Failure> {
    let local = local::read(&inputs.local, case);
    let given = !(inputs.cloudtrail.is_empty() && local.answers.is_empty());
    let mut live = match &inputs.live {
        Some(request) => ask(request, given, volume)?,
        None => Evidence::default(),
    };
    let mut writer = Writer::create(dir)?;
    let mut sources = local.entries;
    sources.append(&mut live.entries);
    let mut case = case.clone();
    let harvest = live.trail.harvest.as_ref();
    if let Some(shorter) = harvest.and_then(|harvest| harvest.baseline) {
        case.baseline = shorter;
    }
    if !inputs.cloudtrail.is_empty() || harvest.is_some() {
        let roots = inputs.cloudtrail.clone();
        let stamp = digests::stamp(&roots, &inputs.signed)?;
        let request = trail::ScanRequest {
            lateness_s: inputs.lateness_s,
            ..trail::ScanRequest::everything(inputs.cloudtrail, case.clone())
        };
        let bar = Bar::new(volume);
        let mut entry = evidence::trail(request, harvest, &mut writer, &bar)?;
        entry.signed = stamp;
        sources.push(entry);
    }
    sources.extend(live.trail.entry.take());
    for (noun, answers) in local.answers.iter().chain(&live.answers) {
        writer.answers(*noun, answers)?;
    }
    if inputs.live.is_some() {
        writer.log(&live.log)?;
    }
    for noun in Noun::ALL {
        if !sources.iter().any(|entry| entry.noun == noun) {
            let asked = inputs
                .live
                .as_ref()
                .is_some_and(|live| live.wanted.contains(&noun));
            sources.push(if asked {
                not_needed(noun)
            } else {
                not_given(noun)
            });
        }
    }
    for entry in &sources {
        account_for(entry, volume);
    }
    if inputs.live.is_some() {
        receipt(&live, volume);
    }
    Ok(Collected {
        bundle: writer.seal(&case, sources)?,
        stop: live.stop,
        login: live.is_expired.then_some(live.login),
    })
}

/// Asks AWS. A run that brings nothing home and has no files either has failed; otherwise what is
/// missing is a gap.
fn ask(request: &aws::Request, given: bool, volume: Volume) -> Result<Evidence, Failure> {
    let live: Arc<dyn aws::Watch> = Arc::new(Live::new(volume));
    let evidence = aws::collect(request, &live);
    drop(live);
    let evidence = evidence?;
    for note in &evidence.notes {
        say(volume, note);
    }
    match evidence.empty_handed() {
        Some(failure) if !given => Err(failure),
        _ => Ok(evidence),
    }
}

/// What the run asked of AWS, in one line.
fn receipt(live: &Evidence, volume: Volume) {
    let bill = &live.bill;
    say(
        volume,
        &format!(
            "AWS was asked {} times ({} retries, {:.1} s of waiting), about ${:.4}, {} bytes scanned",
            bill.calls,
            bill.retries,
            bill.waited_ms as f64 / 1000.0,
            bill.cost_usd,
            bill.bytes_scanned
        ),
    );
    if let Some(stop) = live.stop {
        say(
            volume,
            &format!("warning: {}: the report is partial", stop.why()),
        );
    }
}

/// From a bundle to a finished report.
pub(super) fn judge(bundle: &Bundle, case: &Case, command: Vec<String>) -> Result<Report, Failure> {
    Ok(understand(bundle, case, command)?.report)
}

/// A report with the values it was told from, for those who compare reports over time.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) facts: Facts,
    pub(super) findings: Findings,
    pub(super) report: Report,
}

/// From a bundle to a finished report and what stands behind it.
pub(super) fn understand(
    bundle: &Bundle,
    case: &Case,
    command: Vec<String>,
) -> Result<Judged, Failure> {
    let facts = facts::load(bundle, case)?;
    let detected = analyze::detect(&facts);
    let profiles = facts::profile(bundle, &facts, &detected.profile_requests())?;
    let findings = analyze::judge(&facts, detected, profiles);
    let meta = report::Meta {
        tool_name: env!("CARGO_PKG_NAME").to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        generated_at: case.now,
        command,
    };
    let report = report::tell(&facts, &findings, &meta);
    Ok(Judged {
        facts,
        findings,
        report,
    })
}

/// Says what became of every record of a source.
fn account_for(entry: &SourceEntry, volume: Volume) {
    if matches!(entry.outcome, Outcome::Unavailable { .. }) && entry.asked.is_empty() {
        return;
    }
    let tally = &entry.tally;
    let mut line = format!(
        "{}: {} read = {} used + {} skipped + {} duplicate + {} out of window",
        entry.noun.word(),
        tally.read,
        tally.used,
        tally.skipped,
        tally.duplicate,
        tally.out_of_window
    );
    if entry.files_read + entry.files_pruned > 0 {
        line.push_str(&format!(
            " ({} files read, {} left out by date",
            entry.files_read, entry.files_pruned
        ));
        if entry.files_late > 0 {
            line.push_str(&format!(
                ", {} of them delivered too late to be expected: --lateness reads more",
                entry.files_late
            ));
        }
        line.push(')');
    }
    say(volume, &line);
    match &entry.outcome {
        Outcome::Complete => {}
        Outcome::Partial { why } => say(volume, &format!("warning: {}: {why}", entry.noun.word())),
        Outcome::Unavailable { why, hint } => {
            say(volume, &format!("warning: {}: {why}", entry.noun.word()));
            say(volume, &format!("hint: {hint}"));
        }
    }
    let shown = match volume {
        Volume::Verbose => usize::MAX,
        Volume::Normal | Volume::Quiet => 5,
    };
    for refusal in entry.refusals.iter().take(shown) {
        say(
            volume,
            &format!("warning: {}: {}", refusal.input, refusal.why),
        );
    }
    if entry.refusals.len() > shown {
        let more = entry.refusals.len() - shown;
        say(
            volume,
            &format!("warning: and {more} more; see them with --verbose"),
        );
    }
}

/// The entry of the status feed when AWS Health answered: nothing is missing without it.
fn not_needed(noun: Noun) -> SourceEntry {
    SourceEntry {
        outcome: Outcome::Unavailable {
            why: "not asked, because AWS Health answered".to_owned(),
            hint: String::new(),
        },
        ..not_given(noun)
    }
}

/// The entry of a source nobody gave an input for: a gap with its way out.
fn not_given(noun: Noun) -> SourceEntry {
    let hint = match noun {
        Noun::Trail => {
            "copy the trail's bucket (aws s3 sync s3://BUCKET/AWSLogs ./AWSLogs) and pass it with \
             --cloudtrail ./AWSLogs"
        }
        Noun::Metrics => {
            "save the output of aws cloudwatch get-metric-data for AWS/Usage CallCount (Service=ECR) \
             and pass it with --metrics FILE; docs/guide.md has the whole command"
        }
        Noun::Quotas => {
            "save the output of aws service-quotas list-service-quotas --service-code ecr and pass \
             it with --quotas FILE"
        }
        Noun::Health => {
            "save the output of aws health describe-events and describe-event-details (Business \
             support plan or above) and pass them with --health FILE"
        }
        Noun::Status => {
            "save https://health.aws.amazon.com/public/currentevents (no account needed) and pass \
             it with --health FILE"
        }
    };
    SourceEntry {
        noun,
        outcome: Outcome::Unavailable {
            why: "no input was given".to_owned(),
            hint: hint.to_owned(),
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
