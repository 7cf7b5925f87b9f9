//! Flags of live collection as typed: who asks, what the trail is, and how much may be spent.

use super::shared_args::{OutputArgs, ScopeArgs, TalkArgs, TrailArgs, WindowArgs};
use clap::Args;
use std::path::PathBuf;

/// Who asks AWS, and within which limits.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct AwsArgs {
    /// Ask AWS for what the given files do not hold; without any file this is what happens anyway
    #[arg(long, conflicts_with = "offline")]
    pub(super) live: bool,
    /// Profile of the AWS configuration to use
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Ask every region of the partition
    #[arg(long, conflicts_with = "region")]
    pub(super) all_regions: bool,
    /// Role to assume: a name (in each account of --accounts) or an ARN
    #[arg(long, value_name = "ROLE")]
    pub(super) assume_role: Option<String>,
    /// Accounts to assume the role in, one ID a line
    #[arg(long, value_name = "FILE", requires = "assume_role")]
    pub(super) accounts: Option<PathBuf>,
    /// Log group the trail writes to: a name or an ARN (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(super) log_group: Vec<String>,
    /// Read the trail with LookupEvents: slow and incomplete, needs no trail
    #[arg(long)]
    pub(super) lookup_events: bool,
    /// Ask AWS Health for the whole organisation
    #[arg(long)]
    pub(super) org: bool,
    /// Print calls, cost and permissions of the run, and run nothing
    #[arg(long, conflicts_with = "offline")]
    pub(super) plan: bool,
    /// Print the smallest IAM policy of the run, and run nothing
    #[arg(long, conflicts_with_all = ["offline", "plan"])]
    pub(super) iam_policy: bool,
    /// Stop before this many US dollars are spent on API calls; exit 7 with a partial report
    #[arg(long, value_name = "USD")]
    pub(super) max_cost: Option<f64>,
    /// Stop collecting after this time; exit 7 with a partial report
    #[arg(long, value_name = "DURATION")]
    pub(super) max_time: Option<String>,
    /// Go on where a run of the same output folder was stopped
    #[arg(long)]
    pub(super) resume: bool,
    /// How long one request may take
    #[arg(long, value_name = "DURATION", default_value = "30s", hide = true)]
    pub(super) patience: String,
    /// Address of the public status feed
    #[arg(long, value_name = "URL", env = "ECR_INCIDENT_STATUS_URL", hide = true)]
    pub(super) status_url: Option<String>,
}

impl AwsArgs {
    /// Whether a flag was typed that only makes sense when AWS is asked.
    pub(super) fn typed(&self) -> bool {
        self.live
            || self.profile.is_some()
            || self.all_regions
            || self.assume_role.is_some()
            || !self.log_group.is_empty()
            || self.lookup_events
            || self.org
            || self.plan
            || self.resume
    }
}

/// Collect now, analyse later.
#[derive(Debug, Args)]
pub(super) struct CaptureArgs {
    /// The trail's bucket: s3://BUCKET/PREFIX (repeatable) [default: found by DescribeTrails]
    #[arg(long, value_name = "URL")]
    pub(super) cloudtrail: Vec<PathBuf>,
    /// Folder to write; it will hold bundle/
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Replace a bundle an earlier run wrote into the folder
    #[arg(long)]
    pub(super) force: bool,
    /// Never touch the network
    #[arg(long, hide = true)]
    pub(super) offline: bool,
    /// Exit 6 when a source was missing or only partly read
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) talk: TalkArgs,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) trail: TrailArgs,
    #[command(flatten)]
    pub(super) window: WindowArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
}

impl CaptureArgs {
    /// The same choices in the form `report` has.
    pub(super) fn output(&self) -> OutputArgs {
        OutputArgs {
            out: self.out.clone(),
            force: self.force,
            strict: self.strict,
            talk: self.talk.clone(),
            ..OutputArgs::default()
        }
    }
}

/// What could be collected from here.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Never touch the network
    #[arg(long, hide = true)]
    pub(super) offline: bool,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) window: WindowArgs,
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
}
