//! From flags to a live run: the request, the plan on paper, and where a run that was stopped goes on.

use super::aws_args::AwsArgs;
use super::shared_args::ScopeArgs;
use super::{talk, window};
use crate::bundle::manifest::Noun;
use crate::case::Case;
use crate::collect::aws::control::{Limits, Stop};
use crate::collect::aws::plan::{self, Plan};
use crate::collect::aws::session::Identity;
use crate::collect::aws::{Request, trail};
use crate::collect::local::LocalInputs;
use crate::failure::{EXIT_LIMIT, Failure, Kind};
use anyhow::Context as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file in a resume folder that says which question it belongs to.
const CASE_FILE: &str = "case.json";

/// What was typed of inputs: files, and what AWS is asked beside them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) aws: &'a AwsArgs,
    pub(super) offline: bool,
    pub(super) cloudtrail: &'a [PathBuf],
    pub(super) local: &'a LocalInputs,
    pub(super) scope: &'a ScopeArgs,
    pub(super) lateness_s: i64,
}

impl Asked<'_> {
    /// The trails on disk.
    pub(super) fn local_trail(&self) -> Vec<PathBuf> {
        let local = self.cloudtrail.iter().filter(|path| bucket(path).is_none());
        local.cloned().collect()
    }

    /// When nothing of what was named exists, a path was mistyped: said at once, before a report that
    /// knows nothing is written where the right one should go. One that exists is read, and the others
    /// are gaps of its report.
    pub(super) fn refuse_missing(&self) -> Result<(), Failure> {
        let named = [
            self.cloudtrail,
            &self.local.metrics,
            &self.local.health,
            &self.local.quotas,
        ]
        .concat();
        let is_there =
            |path: &PathBuf| path.as_os_str() == "-" || bucket(path).is_some() || path.exists();
        match named.first() {
            Some(first) if !self.aws.typed() && !named.iter().any(is_there) => Err(Failure::usage(
                format!("{}: no such file or folder", first.display()),
                "check the spelling and the current directory",
            )),
            _ => Ok(()),
        }
    }

    /// What AWS is asked for: everything when no file was given, else what the flags of live
    /// collection ask beside the files.
    pub(super) fn request(&self, case: &Case) -> Result<Option<Request>, Failure> {
        let buckets: Vec<String> = self
            .cloudtrail
            .iter()
            .filter_map(|path| bucket(path))
            .collect();
        let local_trail = self.local_trail();
        let files = !local_trail.is_empty()
            || !self.local.metrics.is_empty()
            || !self.local.health.is_empty()
            || !self.local.quotas.is_empty();
        let asked = self.aws.typed() || !buckets.is_empty();
        if self.offline {
            if let Some(bucket) = buckets.first() {
                return Err(Failure::usage(
                    format!("--cloudtrail {bucket} needs the network, which --offline forbids"),
                    format!(
                        "copy it first (aws s3 sync {bucket} ./AWSLogs), or leave --offline out"
                    ),
                ));
            }
            return if files {
                Ok(None)
            } else {
                Err(Failure::usage(
                    "--offline forbids the network, and no input was given",
                    "pass what you have: --cloudtrail PATH, --metrics FILE, --health FILE, --quotas \
                     FILE; or see an example with `ecr-incident demo`",
                ))
            };
        }
        if files && !asked {
            return Ok(None);
        }
        let mut wanted = Vec::new();
        for (noun, given) in [
            (Noun::Trail, !local_trail.is_empty()),
            (Noun::Metrics, !self.local.metrics.is_empty()),
            (Noun::Quotas, !self.local.quotas.is_empty()),
            (Noun::Health, !self.local.health.is_empty()),
            (Noun::Status, !self.local.health.is_empty()),
        ] {
            if !given {
                wanted.push(noun);
            }
        }
        request(case, self.aws, self.scope, buckets, wanted, self.lateness_s).map(Some)
    }
}

/// The bucket address in an input, if it is one.
fn bucket(path: &Path) -> Option<String> {
    let text = path.to_string_lossy();
    text.starts_with("s3://").then(|| text.into_owned())
}

/// The request of a live run.
pub(super) fn request(
    case: &Case,
    aws: &AwsArgs,
    scope: &ScopeArgs,
    buckets: Vec<String>,
    wanted: Vec<Noun>,
    lateness_s: i64,
) -> Result<Request, Failure> {
    if let Some(usd) = aws.max_cost
        && !(usd.is_finite() && usd >= 0.0)
    {
        return Err(Failure::usage(
            format!("--max-cost {usd} is not an amount of money"),
            "write it in US dollars, e.g. --max-cost 0.50",
        ));
    }
    if scope.region.iter().any(|region| region.trim().is_empty()) {
        return Err(Failure::usage(
            "--region names no region",
            "write region codes, e.g. --region us-east-1,eu-west-1",
        ));
    }
    let mut regions = scope.region.clone();
    regions.sort();
    regions.dedup();
    Ok(Request {
        case: case.clone(),
        identity: Identity {
            profile: aws.profile.clone(),
            regions,
            all_regions: aws.all_regions,
            assume_role: aws.assume_role.clone(),
            accounts: accounts(aws.accounts.as_deref())?,
        },
        limits: Limits {
            max_cost_usd: aws.max_cost,
            max_time: aws
                .max_time
                .as_deref()
                .map(|text| time("--max-time", text))
                .transpose()?,
            patience: time("--patience", &aws.patience)?,
        },
        wanted,
        org: aws.org,
        status_url: aws.status_url.clone(),
        folder: PathBuf::new(),
        resume: aws.resume,
        trail: trail::Wish {
            log_groups: aws.log_group.clone(),
            buckets,
            lookup_events: aws.lookup_events,
            folder: PathBuf::new(),
            lateness_s,
        },
    })
}

fn time(flag: &str, text: &str) -> Result<Duration, Failure> {
    let seconds = window::duration(flag, text)?.num_seconds();
    Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(1)))
}

/// The account IDs of `--accounts`, one a line; `#` begins a comment.
fn accounts(file: Option<&Path>) -> Result<Vec<String>, Failure> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let text = fs::read_to_string(file).map_err(|error| Failure {
        kind: Kind::Usage,
        error: anyhow::Error::new(error).context(format!("failed to read {}", file.display())),
        hints: vec!["name a text file with one account ID a line".to_owned()],
    })?;
    let mut accounts = Vec::new();
    for line in text.lines() {
        let id = line.split('#').next().unwrap_or_default();
        let id = id.split([',', ' ', '\t']).next().unwrap_or_default().trim();
        if id.is_empty() {
            continue;
        }
        if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Failure::usage(
                format!("{}: {id} is not a twelve-digit account ID", file.display()),
                "write one ID a line, without dashes",
            ));
        }
        accounts.push(id.to_owned());
    }
    if accounts.is_empty() {
        return Err(Failure::usage(
            format!("{} names no account", file.display()),
            "write one account ID a line",
        ));
    }
    accounts.sort();
    accounts.dedup();
    Ok(accounts)
}

/// Prints what a request would do.
pub(super) fn print_plan(request: &Request) -> Result<u8, Failure> {
    talk::data(render(&plan::plan(request), request).as_bytes())?;
    Ok(0)
}

fn render(plan: &Plan, request: &Request) -> String {
    let regions = match plan.regions.as_slice() {
        [] => "the configured region".to_owned(),
        few if few.len() <= 4 => few.join(", "),
        many => format!("{} regions", many.len()),
    };
    let mut text = format!(
        "Would ask {} account{} in {regions} for {}, compared with {}.\n\n",
        plan.accounts,
        if plan.accounts == 1 { "" } else { "s" },
        request.case.window,
        request.case.baseline,
    );
    let mut at = None;
    for step in &plan.steps {
        if at != Some(step.noun) {
            let noun = step.noun.map_or("sign-in", Noun::word);
            text.push_str(&format!("{noun}\n"));
            at = Some(step.noun);
        }
        let calls = format!("{}{}", step.calls, if step.at_least { "+" } else { "" });
        let mut cost = match step.usd {
            usd if usd > 0.0 => format!("about ${usd:.4}"),
            _ => "free".to_owned(),
        };
        if let Some(gb) = step.gb {
            cost.push_str(&format!(", {gb:.1} GB scanned"));
        }
        text.push_str(&format!("  {calls:>6}  {:<44}  {cost}\n", step.call));
    }
    text.push_str(&format!(
        "\nEstimated cost: about ${:.4} and what a + adds. The status feed is read only when AWS \
         Health does not answer.\n",
        plan.usd()
    ));
    text.push_str("\nIAM actions:\n");
    for action in plan.actions() {
        text.push_str(&format!("  {action}\n"));
    }
    text
}

/// Where a run keeps what it collected until its report is whole.
pub(super) fn resume_folder(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".resume");
    target.with_file_name(name)
}

/// The question of the run that left this folder: a resumed run answers the same one, although the
/// clock has moved on.
pub(super) fn resumed(target: &Path) -> Result<Case, Failure> {
    let folder = resume_folder(target);
    let text = fs::read_to_string(folder.join(CASE_FILE)).map_err(|_| {
        Failure::usage(
            format!(
                "there is nothing to resume: {} holds no stopped run",
                folder.display()
            ),
            "name the output folder of the stopped run with --out, or leave --resume out",
        )
    })?;
    let case = serde_json::from_str(&text)
        .with_context(|| format!("failed to read {}", folder.join(CASE_FILE).display()))?;
    Ok(case)
}

/// The stopped run in this folder, when no output folder was named: the only one there is.
pub(super) fn only_stopped_run() -> Result<PathBuf, Failure> {
    let mut found: Vec<PathBuf> = fs::read_dir(".")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let target = name.strip_suffix(".resume")?.to_owned();
            entry
                .path()
                .join(CASE_FILE)
                .is_file()
                .then(|| PathBuf::from(target))
        })
        .collect();
    found.sort();
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::usage(
            "there is nothing to resume here: no folder holds a stopped run",
            "name the output folder of the stopped run with --out, or leave --resume out",
        )),
        [first, ..] => Err(Failure::usage(
            format!("{} stopped runs are here", found.len()),
            format!("say which with --out, e.g. --out {}", first.display()),
        )),
    }
}

/// Makes the folder in which a run keeps what it has, and notes its question.
pub(super) fn keep(target: &Path, case: &Case, resume: bool) -> Result<PathBuf, Failure> {
    let folder = resume_folder(target);
    if !resume && folder.exists() {
        // What an earlier run of another question left would be taken for this one's.
        fs::remove_dir_all(&folder)
            .with_context(|| format!("failed to clear {}", folder.display()))?;
    }
    let made = fs::create_dir_all(&folder).and_then(|()| {
        let text = serde_json::to_string_pretty(case).unwrap_or_default();
        // Whole or absent: a run killed here must not leave half a question.
        let half = folder.join("case.half");
        fs::write(&half, text)?;
        fs::rename(half, folder.join(CASE_FILE))
    });
    made.map_err(|error| Failure {
        kind: Kind::Failed,
        error: anyhow::Error::new(error)
            .context(format!("failed to write into {}", folder.display())),
        hints: vec!["choose a folder you can write to with --out DIR".to_owned()],
    })?;
    Ok(folder)
}

/// Removes what a whole run kept. It loses its name first: a run killed while it is removed must not
/// leave half of it to be resumed.
pub(super) fn discard(kept: &Path) {
    let gone = kept.with_extension("done");
    let _ = fs::remove_dir_all(&gone);
    let from = match fs::rename(kept, &gone) {
        Ok(()) => gone.as_path(),
        Err(_) => kept,
    };
    // What cannot be removed is in nobody's way.
    let _ = fs::remove_dir_all(from);
}

/// The exit code of a run that ended early.
pub(super) fn early(stop: Stop) -> u8 {
    match stop {
        Stop::Cost | Stop::Time => EXIT_LIMIT,
        Stop::Interrupted => Kind::Interrupted.exit_code(),
    }
}
