//! The command line of what runs without a person watching: `nightly`, `history`, `gate`.

use super::aws_args::AwsArgs;
use super::shared_args::{LocalArgs, QuietArgs, ScopeArgs, TalkArgs, TrailArgs};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Inputs from disk and from AWS, as `report` takes them.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct InputArgs {
    /// CloudTrail records: an S3-layout folder, a flat folder, a file, or s3://BUCKET/PREFIX (repeatable)
    #[arg(long, value_name = "PATH")]
    pub(super) cloudtrail: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) local: LocalArgs,
    /// Never touch the network (notifications, which are asked for by --notify, excepted)
    #[arg(long)]
    pub(super) offline: bool,
    /// How much time before the window it is compared with
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    pub(super) baseline: String,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) trail: TrailArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    /// Take this instant for now, for reproducible runs
    #[arg(long, value_name = "TIME", hide = true)]
    pub(super) now: Option<String>,
}

/// Where nights, incidents and gate decisions are kept.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct StateArgs {
    /// State folder [default: ecr-incident in the XDG state folder]
    #[arg(long, value_name = "DIR", env = "ECR_INCIDENT_STATE")]
    pub(super) state: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct NightlyArgs {
    #[command(flatten)]
    pub(super) inputs: InputArgs,
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// UTC day to summarise [default: yesterday]
    #[arg(long, value_name = "DATE", conflicts_with = "window")]
    pub(super) day: Option<String>,
    /// Summarise this span instead of a day
    #[arg(long, value_name = "FROM/TO")]
    pub(super) window: Option<String>,
    /// Also summarise the days of this span that were missed
    #[arg(long, value_name = "DURATION", conflicts_with = "window")]
    pub(super) catch_up: Option<String>,
    /// Acknowledgements (TOML): what is known and need not be told again
    #[arg(long, value_name = "FILE")]
    pub(super) acknowledgements: Option<PathBuf>,
    /// Folder that gets one folder per night
    #[arg(short, long, value_name = "DIR", default_value = "ecr-nightly")]
    pub(super) out: PathBuf,
    /// Channels to notify (TOML; secrets by reference)
    #[arg(long, value_name = "FILE")]
    pub(super) notify: Option<PathBuf>,
    /// When to notify (comma list)
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        value_delimiter = ',',
        default_value = "new,worse"
    )]
    pub(super) notify_on: Vec<NotifyOn>,
    /// Exit 3 when something needs attention, 5 when inconclusive
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    #[command(flatten)]
    pub(super) talk: TalkArgs,
}

/// What makes a message worth sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum NotifyOn {
    /// New or recurring incidents, and revisions.
    New,
    /// Incidents that grew.
    Worse,
    /// Every night, also a quiet one.
    Always,
    /// Nothing is sent.
    Never,
}

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    #[command(subcommand)]
    pub(super) what: HistoryWhat,
}

#[derive(Debug, Subcommand)]
pub(super) enum HistoryWhat {
    /// List nights and incidents, newest first
    List {
        #[command(flatten)]
        state: StateArgs,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show seven days at a glance: each night, each incident once
    Week {
        /// Last day [default: the last night kept]
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
        #[command(flatten)]
        state: StateArgs,
    },
    /// Show one night (2026-03-11) or one incident (ECR-…)
    Show {
        /// Night or incident
        what: String,
        #[command(flatten)]
        state: StateArgs,
    },
    /// Show what differs between two nights
    Diff {
        /// Earlier night
        before: String,
        /// Later night
        after: String,
        #[command(flatten)]
        state: StateArgs,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct GateArgs {
    #[command(subcommand)]
    pub(super) what: Option<GateWhat>,
    #[command(flatten)]
    pub(super) ask: GateAsk,
}

#[derive(Debug, Subcommand)]
pub(super) enum GateWhat {
    /// Show what the gate said and how it agreed with the incidents found later
    Report {
        /// How far back
        #[arg(long, value_name = "DURATION", default_value = "30d")]
        since: String,
        #[command(flatten)]
        state: StateArgs,
        /// Take this instant for now, for reproducible runs
        #[arg(long, value_name = "TIME", hide = true)]
        now: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct GateAsk {
    #[command(flatten)]
    pub(super) inputs: InputArgs,
    #[command(flatten)]
    pub(super) state: StateArgs,
    /// How much time before the newest record is judged
    #[arg(long = "for", value_name = "DURATION", default_value = "15m")]
    pub(super) span: String,
    /// Ask again until the gate is open, at most this long
    #[arg(long, value_name = "DURATION")]
    pub(super) wait: Option<String>,
    /// How long to wait between two questions
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    pub(super) every: String,
    /// What an inconclusive answer does: let through, block, or exit 5
    #[arg(long, value_enum, default_value = "5")]
    pub(super) on_inconclusive: OnInconclusive,
    /// Never block: exit 0 whatever the answer, and record it for `gate report`
    #[arg(long)]
    pub(super) shadow: bool,
    /// Also pull the head of this image by hand and time it; its calls are left out of analyses
    #[arg(long, value_name = "REPOSITORY[:TAG]", conflicts_with = "offline")]
    pub(super) probe: Option<String>,
    /// Print JSON instead of one line
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) talk: QuietArgs,
}

/// What an inconclusive answer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnInconclusive {
    /// Exit 0.
    Open,
    /// Exit 3.
    Closed,
    /// Exit 5.
    #[value(name = "5")]
    Five,
}
