//! The command line as typed. What it means is decided by the commands and by [`super::window`].

use super::aws_args::{AwsArgs, CaptureArgs, DoctorArgs};
use super::night_args::{GateArgs, HistoryArgs, NightlyArgs};
use super::shared_args::{
    LocalArgs, OutputArgs, QuietArgs, RedactArgs, ScopeArgs, SignedArgs, TrailArgs, WindowArgs,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 usage, 3 findings (with --detailed-exitcode) or gate closed, \
4 credentials or permissions, 5 inconclusive (with --detailed-exitcode), 6 partial (with --strict), \
7 stopped by --max-cost or --max-time, 130 interrupted.";

/// Was it AWS, was it us, or can we not tell, and what is the evidence?
///
/// Reads CloudTrail archives and the outputs of the AWS CLI, and writes an incident report for
/// Amazon ECR that can be attached to an AWS Support case as it is.
#[derive(Debug, Parser)]
#[command(name = "ecr-incident", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write an incident report, straight from AWS or from saved files
    #[command(after_help = "Examples:\n  \
        ecr-incident report --since 2h --region us-east-1\n  \
        ecr-incident report --since 2h --region us-east-1 --plan\n  \
        ecr-incident report --cloudtrail ./AWSLogs --around 2026-03-11T07:20Z --pad 45m --offline\n  \
        ecr-incident report --cloudtrail ./AWSLogs --metrics calls.json --quotas quotas.json \\\n      \
        --health events.json --from 2026-03-11T06:30Z --to 2026-03-11T09:00Z --offline\n  \
        ecr-incident report --cloudtrail ./AWSLogs --event-source ssm.amazonaws.com --since 2h --offline")]
    Report(ReportArgs),
    /// Write the report of a bundle collected before, without its inputs
    #[command(after_help = "Examples:\n  \
        ecr-incident analyze ecr-incident-20260311T0630Z -o again\n  \
        ecr-incident analyze bundle --from 2026-03-11T07:00Z --to 2026-03-11T08:00Z -o narrower\n  \
        ecr-incident analyze bundle --format json -o again --force")]
    Analyze(AnalyzeArgs),
    /// Make a report ready for a support case: three files, a body, a subject, a severity
    #[command(after_help = "Examples:\n  \
        ecr-incident pack ecr-incident-20260311T0630Z -o case\n  \
        ecr-incident pack ecr-incident-20260311T0630Z --rendering post-mortem --redact ids --for github,slack\n  \
        ecr-incident pack ecr-incident-20260311T0630Z -o case --attach case-111122223333-muen-2026-abc")]
    Pack(Box<PackArgs>),
    /// Check that a report follows from its evidence: every figure, row and file
    #[command(after_help = "Examples:\n  \
        ecr-incident verify ecr-incident-20260311T0630Z\n  \
        ecr-incident verify report.json --bundle evidence/bundle\n  \
        ecr-incident verify incident --digests . --public-keys keys.json   # and the signed digests")]
    Verify(VerifyArgs),
    /// Turn the pseudonyms of a redacted text back into what they stand for
    #[command(after_help = "Examples:\n  \
        ecr-incident unredact answer.txt --map ecr-incident-20260311T0630Z.private/redaction-map.json\n  \
        pbpaste | ecr-incident unredact - --map redaction-map.json")]
    Unredact(UnredactArgs),
    /// Run the whole job on an embedded example incident: no account, no credentials, no network
    Demo(DemoArgs),
    /// Collect from AWS now, analyse later: the most perishable evidence first
    #[command(after_help = "Examples:\n  \
        ecr-incident capture --since 1h --region us-east-1 --max-time 5m -o incident\n  \
        ecr-incident analyze incident -o report")]
    Capture(CaptureArgs),
    /// Check what could be collected from here: credentials, permissions, trail, plan, clock
    Doctor(DoctorArgs),
    /// Print the classified, deduplicated calls of CloudTrail archives as a table
    #[command(after_help = "Examples:\n  \
        ecr-incident calls --cloudtrail ./AWSLogs --by minute,region,api,class > calls.csv\n  \
        ecr-incident calls --cloudtrail ./AWSLogs --by principal,class --from 2026-03-11 --to 2026-03-12\n  \
        ecr-incident calls --cloudtrail ./AWSLogs --format parquet -o calls.parquet")]
    Calls(CallsArgs),
    /// Summarise a day: what is new, worse or recurring against the nights before
    #[command(after_help = "Examples:\n  \
        ecr-incident nightly --cloudtrail ./AWSLogs --health events.json --offline\n  \
        ecr-incident nightly --cloudtrail ./AWSLogs --day 2026-03-11 --catch-up 3d -o nights\n  \
        ecr-incident nightly --cloudtrail ./AWSLogs --notify channels.toml --notify-on new,worse")]
    Nightly(NightlyArgs),
    /// Answer whether a deployment may pull or push now: 0 open, 3 closed, 5 inconclusive
    #[command(after_help = "Examples:\n  \
        ecr-incident gate --region us-east-1 --cloudtrail ./AWSLogs --health events.json\n  \
        ecr-incident gate --region us-east-1 --cloudtrail ./AWSLogs --wait 30m --every 60s\n  \
        ecr-incident gate report --since 30d")]
    Gate(GateArgs),
    /// Read what earlier nights kept
    History(HistoryArgs),
    /// List or show the knowledge the tool works with
    Catalog(CatalogArgs),
    /// Write a simulated incident: raw inputs and the truth
    #[command(hide = true)]
    Simulate(SimulateArgs),
    /// Measure the reports on simulated incidents
    #[command(hide = true)]
    Accuracy(AccuracyArgs),
    /// Print a shell completion script
    Completions {
        /// Shell to write it for
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// CloudTrail records: an S3-layout folder, a flat folder, a file, - for stdin, or
    /// s3://BUCKET/PREFIX (repeatable)
    #[arg(long, value_name = "PATH")]
    pub(super) cloudtrail: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) local: LocalArgs,
    /// Never touch the network
    #[arg(long)]
    pub(super) offline: bool,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) trail: TrailArgs,
    #[command(flatten)]
    pub(super) signed: SignedArgs,
    #[command(flatten)]
    pub(super) window: WindowArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct AnalyzeArgs {
    /// A bundle, or the report folder that holds one
    pub(super) bundle: PathBuf,
    #[command(flatten)]
    pub(super) window: WindowArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct PackArgs {
    /// A bundle, or the report folder that holds one
    pub(super) bundle: PathBuf,
    /// Folder to write [default: ./ecr-incident-pack-FROM]
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Who reads it
    #[arg(long, value_enum, default_value = "support")]
    pub(super) rendering: Rendering,
    /// Also write posts for these places (comma list)
    #[arg(long = "for", value_enum, value_name = "PLACES", value_delimiter = ',')]
    pub(super) destination: Vec<Destination>,
    #[command(flatten)]
    pub(super) redact: RedactArgs,
    /// Send it to this case of AWS Support
    #[arg(long, value_name = "CASE", conflicts_with = "create")]
    pub(super) attach: Option<String>,
    /// Send it as a new case
    #[arg(long)]
    pub(super) create: bool,
    /// Send without asking
    #[arg(long)]
    pub(super) yes: bool,
    /// Severity of a new case instead of the suggested one
    #[arg(long, value_parser = ["low", "normal", "high", "urgent", "critical"])]
    pub(super) severity: Option<String>,
    /// Service code of a new case [default: found by name]
    #[arg(long, value_name = "CODE")]
    pub(super) service_code: Option<String>,
    /// Category code of a new case [default: found by name]
    #[arg(long, value_name = "CODE")]
    pub(super) category_code: Option<String>,
    /// AWS profile to sign in with
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Replace what an earlier run wrote into the folder
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) talk: QuietArgs,
    #[command(flatten)]
    pub(super) window: WindowArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Rendering {
    /// AWS Support: without our own changes and action lists
    Support,
    /// Our own people: everything, and room for lessons and actions
    PostMortem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Destination {
    Github,
    Slack,
    Jira,
    Ci,
    Mail,
    Print,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// A report folder, or its report.json
    pub(super) report: PathBuf,
    /// The evidence [default: bundle beside the report, or in its .private folder]
    #[arg(long, value_name = "DIR")]
    pub(super) bundle: Option<PathBuf>,
    /// The redaction map of a redacted report [default: the one in its .private folder]
    #[arg(long, value_name = "FILE")]
    pub(super) map: Option<PathBuf>,
    /// Folder with AWSLogs/: check its log files against CloudTrail's signed digests
    #[arg(long, value_name = "DIR", requires = "public_keys")]
    pub(super) digests: Option<PathBuf>,
    /// Output of `aws cloudtrail list-public-keys`
    #[arg(long, value_name = "FILE", requires = "digests")]
    pub(super) public_keys: Option<PathBuf>,
    /// Signature of the newest digest, from the metadata of its S3 object (repeatable)
    #[arg(long, value_name = "OBJECT=HEX")]
    pub(super) signature: Vec<String>,
    #[command(flatten)]
    pub(super) window: WindowArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub(super) struct UnredactArgs {
    /// The text, or - for stdin
    pub(super) file: PathBuf,
    /// The map that was written beside the redacted report
    #[arg(long, value_name = "FILE")]
    pub(super) map: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Folder to write
    #[arg(short, long, value_name = "DIR", default_value = "ecr-incident-demo")]
    pub(super) out: PathBuf,
    /// Replace what an earlier run wrote into the folder
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
pub(super) struct CallsArgs {
    /// CloudTrail records: an S3-layout folder, a flat folder, a file, or - for stdin (repeatable)
    #[arg(long, value_name = "PATH", required = true)]
    pub(super) cloudtrail: Vec<PathBuf>,
    /// Columns to count by (comma list)
    #[arg(
        long,
        value_enum,
        value_name = "COLUMNS",
        value_delimiter = ',',
        default_value = "minute,region,api,class"
    )]
    pub(super) by: Vec<Column>,
    /// Table format
    #[arg(long, value_enum, default_value = "csv")]
    pub(super) format: TableFormat,
    /// File to write instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) talk: QuietArgs,
    #[command(flatten)]
    pub(super) trail: TrailArgs,
    #[command(flatten)]
    pub(super) window: WindowArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
}

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// What happens: a cause of the contract, two, chain, or quiet
    #[arg(long, value_name = "CAUSE")]
    pub(super) cause: String,
    /// Everything else follows from this number
    #[arg(long)]
    pub(super) seed: u64,
    /// Take away the source the answer would rest on
    #[arg(long)]
    pub(super) blind: bool,
    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct AccuracyArgs {
    /// Seeds, half-open: below 1000 for development, from 1000 on for reporting
    #[arg(long, value_name = "FROM..TO")]
    pub(super) seeds: String,
    /// Only these scenarios (comma list)
    #[arg(long, value_name = "CAUSES", value_delimiter = ',')]
    pub(super) causes: Vec<String>,
    /// Leave out the lines on single seeds
    #[arg(long)]
    pub(super) tables_only: bool,
    /// File to write instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CatalogArgs {
    #[command(subcommand)]
    pub(super) what: CatalogWhat,
}

#[derive(Debug, Subcommand)]
pub(super) enum CatalogWhat {
    /// List every knowledge file with one sentence each
    List,
    /// Print one knowledge file
    Show {
        /// Its ID, e.g. ecr/classes
        id: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    Csv,
    Json,
    Parquet,
}

/// Columns of the call table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Column {
    Minute,
    Account,
    Region,
    EventSource,
    Api,
    Class,
    ErrorCode,
    Principal,
    Session,
    Repository,
    VpcEndpoint,
    Source,
    UserAgent,
}
