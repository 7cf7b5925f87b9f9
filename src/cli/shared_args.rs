//! Arguments that several commands take: the window, the scope, the trail, the output.

use super::talk::Volume;
use crate::collect::local::LocalInputs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The span under analysis.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct WindowArgs {
    /// First instant of the window: ISO 8601; without a zone it is UTC
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<String>,
    /// First instant after the window [default: now]
    #[arg(long, value_name = "TIME", requires = "from")]
    pub(super) to: Option<String>,
    /// The window is the last DURATION before now, e.g. 2h, 90m, 1d12h
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["from", "around"])]
    pub(super) since: Option<String>,
    /// The window lies around this instant
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "since"])]
    pub(super) around: Option<String>,
    /// How far the window reaches on either side of --around
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "45m",
        requires = "around"
    )]
    pub(super) pad: String,
    /// How much time before the window it is compared with
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    pub(super) baseline: String,
    /// Take this instant for now, for reproducible runs
    #[arg(long, value_name = "TIME", hide = true)]
    pub(super) now: Option<String>,
}

/// What part of AWS is asked about.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct ScopeArgs {
    /// Only these regions (repeatable, or a comma list)
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub(super) region: Vec<String>,
    /// Only these accounts (repeatable, or a comma list)
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    pub(super) account: Vec<String>,
    /// Only these repositories (repeatable, or a comma list)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) repository: Vec<String>,
    /// Analyse another service's calls instead of ECR's (repeatable)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) event_source: Vec<String>,
}

/// Answers of AWS saved as files.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct LocalArgs {
    /// Output of `aws cloudwatch get-metric-data`, and its MetricDataQueries file (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) metrics: Vec<PathBuf>,
    /// Health: `aws health describe-events` or `describe-event-details` output, EventBridge
    /// events, or the public status feed, told apart by content (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) health: Vec<PathBuf>,
    /// Output of `aws service-quotas list-service-quotas --service-code ecr` (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) quotas: Vec<PathBuf>,
}

impl LocalArgs {
    /// The same for the door to the sources.
    pub(super) fn inputs(&self) -> LocalInputs {
        LocalInputs {
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            quotas: self.quotas.clone(),
        }
    }
}

/// CloudTrail records on disk.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct TrailArgs {
    /// How long after the window files are still opened for late records; a trail that lags longer
    /// is followed as far as it lags [default: 1d for reports, 90m for the call table]
    #[arg(long, value_name = "DURATION")]
    pub(super) lateness: Option<String>,
}

/// What the log files are checked with.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct SignedArgs {
    /// Output of `aws cloudtrail list-public-keys`: check the log files against the digest files
    /// beside them (AWSLogs/ACCOUNT/CloudTrail-Digest/); the report carries the result
    #[arg(long, value_name = "FILE")]
    pub(super) public_keys: Option<PathBuf>,
    /// Signature of the newest digest, from the metadata of its S3 object (repeatable)
    #[arg(long, value_name = "OBJECT=HEX", requires = "public_keys")]
    pub(super) signature: Vec<String>,
}

/// How much of the report is hidden.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct RedactArgs {
    /// Hide identities behind pseudonyms (ids), or repository names, request IDs and inputs as well
    /// (all); secrets are removed in any case
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "off")]
    pub(super) redact: RedactLevel,
    /// Go on with the pseudonyms of this map [default: redaction-map.json in DIR.private]
    #[arg(long, value_name = "FILE")]
    pub(super) redact_map: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum RedactLevel {
    #[default]
    Off,
    Ids,
    All,
}

/// How much is said besides the answer.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct TalkArgs {
    /// Say nothing on stderr but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more on stderr: every refused input
    #[arg(short, long)]
    pub(super) verbose: bool,
}

impl TalkArgs {
    /// The same for whoever talks.
    pub(super) fn volume(&self) -> Volume {
        match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Normal,
        }
    }
}

/// The same of a command that refuses no input and so has no more to say.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct QuietArgs {
    /// Say nothing on stderr but errors
    #[arg(short, long)]
    pub(super) quiet: bool,
}

impl QuietArgs {
    /// The same for whoever talks.
    pub(super) fn volume(&self) -> Volume {
        if self.quiet {
            Volume::Quiet
        } else {
            Volume::Normal
        }
    }
}

/// Where the report goes.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct OutputArgs {
    /// Folder to write [default: ./ecr-incident-FROM]
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Report formats to write (comma list)
    #[arg(
        long,
        value_enum,
        value_name = "FORMATS",
        value_delimiter = ',',
        default_value = "md,html,json"
    )]
    pub(super) format: Vec<ReportFormat>,
    #[command(flatten)]
    pub(super) redact: RedactArgs,
    /// Replace what an earlier run wrote into the folder
    #[arg(long)]
    pub(super) force: bool,
    /// Exit 3 when there are findings, 5 when inconclusive
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Exit 6 when a source was missing or only partly read
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) talk: TalkArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    Md,
    Html,
    Json,
}
