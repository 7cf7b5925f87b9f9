//! Ordinary traffic: nodes that pull, CI that pushes, Terraform and scanners that probe, and other
//! services as a control group, played call by call in the order of time.
//!
//! A story says what goes wrong through one function, asked once per call; clients then retry the
//! way SDKs and kubelets do, so a fault raises the number of calls as it does in life.

use super::draw::Draw;
use super::record::{Call, Failure, Path, Who, lifecycle_record, repository_arn, session_arn};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Containerd on a node, through an SDK call for the token.
pub(crate) const KUBELET: &str = "eks/ecr-credential-provider v1.31.0 aws-sdk-go-v2/1.32.7 os/linux lang/go#1.22.9 md/GOOS#linux md/GOARCH#amd64 api/ecr#1.36.9";
/// A CI runner.
pub(crate) const CI: &str = "aws-cli/2.22.4 md/awscrt#0.23.3 ua/2.0 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.6 md/pyimpl#CPython exec-env/GitHub_Actions cfg/retry-mode#standard";
/// Terraform.
pub(crate) const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/5.78.0 aws-sdk-go-v2/1.32.5 os/linux lang/go#1.23.3 api/ecr#1.36.6";
/// A scanner of the customer's own.
pub(crate) const SCANNER: &str = "Boto3/1.35.71 md/Botocore#1.35.71 ua/2.0 os/linux#5.10 md/arch#x86_64 lang/python#3.12.7 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.35.71";
/// The interface endpoint of the private subnets.
pub(crate) const ENDPOINT: &str = "vpce-0a1b2c3d4e5f60718";

/// Repositories that exist all the time.
pub(crate) const REPOSITORIES: [&str; 6] = [
    "team/web",
    "team/api",
    "team/worker",
    "platform/base",
    "platform/sidecar",
    "ml/trainer",
];

/// One client working through the calls of one pull or push.
#[derive(Clone)]
pub(crate) struct Job {
    /// The call to make next is a copy of this with the step's API.
    pub(crate) template: Call,
    /// What remains to be done: API, door, seconds to wait before it.
    pub(crate) steps: Vec<(&'static str, Path, i64)>,
    /// How often a failed step is tried in all.
    pub(crate) attempts: u32,
    /// Seconds before the first retry; doubles each time.
    pub(crate) patience_s: i64,
    tried: u32,
}

impl Job {
    /// A job of one client.
    pub(crate) fn new(template: Call, steps: Vec<(&'static str, Path, i64)>) -> Self {
        Self {
            template,
            steps,
            attempts: 3,
            patience_s: 2,
            tried: 0,
        }
    }

    /// The same with another patience.
    pub(crate) fn patient(mut self, attempts: u32, patience_s: i64) -> Self {
        self.attempts = attempts;
        self.patience_s = patience_s;
        self
    }
}

/// A call by an ECR client, without anything that went wrong yet.
pub(crate) fn call(at: i64, region: &'static str, who: Who, session: &str) -> Call {
    Call {
        at,
        region,
        source: "ecr.amazonaws.com",
        api: "",
        who,
        session: session.to_owned(),
        repository: "",
        path: Path::Direct,
        endpoint: "",
        agent: KUBELET,
        parameters: None,
        failure: None,
        serial: 0,
    }
}

/// The session name of node number `index` of a role.
pub(crate) fn node(role: &str, index: usize) -> String {
    let bits = Draw::seeded(&format!("{role}/{index}")).bits();
    format!("i-0{:016x}", bits >> 4)
}

/// The steps of a pull: a token now and then, the manifest, some layers.
pub(crate) fn pull_steps(token: bool, layers: usize) -> Vec<(&'static str, Path, i64)> {
    let mut steps = Vec::new();
    if token {
        steps.push(("GetAuthorizationToken", Path::Direct, 0));
    }
    steps.push(("BatchGetImage", Path::Registry, i64::from(token)));
    for layer in 0..layers {
        steps.push((
            "GetDownloadUrlForLayer",
            Path::Registry,
            i64::from(layer == 0),
        ));
    }
    steps
}

/// The steps of a push with one new layer.
pub(crate) fn push_steps() -> Vec<(&'static str, Path, i64)> {
    vec![
        ("GetAuthorizationToken", Path::Direct, 0),
        ("BatchCheckLayerAvailability", Path::Registry, 2),
        ("InitiateLayerUpload", Path::Registry, 1),
        ("UploadLayerPart", Path::Registry, 3),
        ("CompleteLayerUpload", Path::Registry, 2),
        ("PutImage", Path::Registry, 1),
    ]
}

/// How busy a region is.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Region.
    pub(crate) region: &'static str,
    /// Pulls per minute, averaged over a day.
    pub(crate) pulls: f64,
    /// Pushes per minute, averaged over a day.
    pub(crate) pushes: f64,
    /// Calls to other services per minute.
    pub(crate) others: f64,
}

/// What a story asks of the player.
pub(crate) struct Stage {
    /// First second played.
    pub(crate) from: i64,
    /// First second not played.
    pub(crate) to: i64,
    /// Jobs that are not part of the ordinary traffic, with their start.
    pub(crate) extra: Vec<(i64, Job)>,
    /// Calls written as they are (changes and the like).
    pub(crate) fixed: Vec<Call>,
}

/// What one story's play left behind.
pub(crate) struct Played {
    /// Every call in the order of time.
    pub(crate) calls: Vec<Call>,
    /// Records that are not calls: time, region, line.
    pub(crate) service_records: Vec<(i64, &'static str, String)>,
}

/// Plays ordinary traffic and a story's extras from end to end.
///
/// `fate` is asked once for each call, in the order of time, and says why it fails, if it does.
pub(crate) fn play(
    stage: Stage,
    paces: &[Pace],
    draw: &mut Draw,
    mut fate: impl FnMut(&Call, &mut Draw) -> Option<Failure>,
) -> Played {
    let mut jobs: Vec<(i64, Job)> = stage.extra;
    for pace in paces {
        jobs.extend(everyday(*pace, stage.from, stage.to, draw));
    }
    let mut queue: BinaryHeap<Reverse<(i64, usize)>> = jobs
        .iter()
        .enumerate()
        .map(|(index, (at, _))| Reverse((*at, index)))
        .collect();
    let mut calls = stage.fixed;
    let mut serial = 0;
    while let Some(Reverse((at, index))) = queue.pop() {
        let job = &mut jobs[index].1;
        let Some((api, path, _)) = job.steps.first().copied() else {
            continue;
        };
        if at >= stage.to {
            continue;
        }
        serial += 1;
        let mut made = Call {
            at,
            api,
            path,
            serial,
            ..job.template.clone()
        };
        if api == "GetAuthorizationToken" {
            made.repository = "";
        }
        // A story may have decided a failure beforehand (benign probes do).
        if made.failure.is_none() {
            made.failure = fate(&made, draw);
        }
        if made.failure.is_none() {
            made.failure = bad_luck(&made, draw);
        }
        let failed = made.failure.is_some();
        calls.push(made);
        job.tried += 1;
        if failed && job.tried < job.attempts {
            let wait = job.patience_s << (job.tried - 1).min(6);
            queue.push(Reverse((at + wait + draw.between(0, 1 + wait / 3), index)));
        } else if !failed {
            job.tried = 0;
            job.steps.remove(0);
            if let Some((_, _, wait)) = job.steps.first() {
                queue.push(Reverse((at + wait, index)));
            }
        }
    }
    calls.sort_by_key(|call| (call.at, call.serial));
    // Changes come with serial zero; everything gets its final number in the order of time.
    for (index, call) in calls.iter_mut().enumerate() {
        call.serial = 1 + index as u64;
    }
    let mut service_records = Vec::new();
    for (number, pace) in paces.iter().enumerate() {
        for day in stage.from.div_euclid(86_400)..=stage.to.div_euclid(86_400) {
            let at = day * 86_400 + 3 * 3600 + 1207 + number as i64 * 60;
            if (stage.from..stage.to).contains(&at) {
                let serial = 9_000_000 + day as u64 * 10 + number as u64;
                let line = lifecycle_record(pace.region, at, "platform/base", serial);
                service_records.push((at, pace.region, line));
            }
        }
    }
    Played {
        calls,
        service_records,
    }
}

/// Even a good day has a stray fault: about one call in 2,500, and a rarer throttle.
fn bad_luck(call: &Call, draw: &mut Draw) -> Option<Failure> {
    if call.source != "ecr.amazonaws.com" {
        return None;
    }
    let luck = draw.unit();
    if luck < 0.0003 {
        Some(super::record::failure(
            "ServerException",
            "An error occurred on the server side.",
        ))
    } else if luck < 0.0004 {
        Some(super::record::failure(
            "ThrottlingException",
            "Rate exceeded",
        ))
    } else {
        None
    }
}

/// Share of the daily mean at this second: a working day that peaks at 15:00 UTC with 2.8 times the
/// mean and almost sleeps at night (a von Mises curve of concentration 1.6).
fn season(at: i64) -> f64 {
    let hour = at.rem_euclid(86_400) as f64 / 3600.0;
    (1.6 * ((hour - 15.0) / 24.0 * std::f64::consts::TAU).cos()).exp() / 1.75
}

fn everyday(pace: Pace, from: i64, to: i64, draw: &mut Draw) -> Vec<(i64, Job)> {
    let mut jobs = Vec::new();
    for minute in (from..to).step_by(60) {
        for _ in 0..draw.poisson(pace.pulls * season(minute)) {
            jobs.push(pull(pace.region, minute + draw.between(0, 59), draw));
        }
        for _ in 0..draw.poisson(pace.pushes * season(minute)) {
            jobs.push(push(pace.region, minute + draw.between(0, 59), draw));
        }
        for _ in 0..draw.poisson(pace.others) {
            jobs.push(other(pace.region, minute + draw.between(0, 59), draw));
        }
        // Terraform plans four times a day, the scanner looks round every hour.
        if minute.rem_euclid(21_600) == 2400 {
            jobs.extend(terraform(pace.region, minute));
        }
        if minute.rem_euclid(3600) == 1800 {
            jobs.extend(scan(pace.region, minute, draw));
        }
    }
    jobs
}

fn pull(region: &'static str, at: i64, draw: &mut Draw) -> (i64, Job) {
    let repository = *draw.pick(&REPOSITORIES);
    let mut template = match draw.below(20) {
        0..=9 => call(
            at,
            region,
            Who::Role("platform-node"),
            &node("platform-node", draw.below(24)),
        ),
        10..=14 => {
            let mut batch = call(
                at,
                region,
                Who::Role("batch-node"),
                &node("batch-node", draw.below(12)),
            );
            batch.endpoint = ENDPOINT;
            batch
        }
        15..=17 => {
            let task = Draw::seeded(&format!("task{}", draw.below(40))).bits();
            call(
                at,
                region,
                Who::Role("web-task-execution"),
                &format!("{task:016x}{task:016x}"),
            )
        }
        18 => call(
            at,
            region,
            Who::Partner("partner-node"),
            &node("partner-node", draw.below(3)),
        ),
        _ => call(at, region, Who::User("legacy-deployer"), ""),
    };
    template.repository = repository;
    let steps = pull_steps(draw.chance(0.4), 1 + draw.below(3));
    (at, Job::new(template, steps))
}

fn push(region: &'static str, at: i64, draw: &mut Draw) -> (i64, Job) {
    let mut template = call(at, region, Who::Role("ci-deploy"), "GitHubActions");
    template.repository = *draw.pick(&REPOSITORIES);
    template.agent = CI;
    (at, Job::new(template, push_steps()))
}

/// A plan reads every repository; repositories without a policy answer "not found".
fn terraform(region: &'static str, at: i64) -> Vec<(i64, Job)> {
    let mut jobs = Vec::new();
    for (index, repository) in REPOSITORIES.into_iter().enumerate() {
        let mut template = call(at, region, Who::Role("terraform-plan"), "plan");
        template.repository = repository;
        template.agent = TERRAFORM;
        let start = at + 5 + index as i64;
        let mut probe = template.clone();
        probe.failure = Some(super::record::failure(
            "RepositoryPolicyNotFoundException",
            format!(
                "Repository policy does not exist for the repository with name '{repository}' in the registry with id '{}'",
                super::record::ACCOUNT
            ),
        ));
        let once = |template, api| Job::new(template, vec![(api, Path::Direct, 0)]).patient(1, 0);
        jobs.push((start, once(template.clone(), "DescribeRepositories")));
        jobs.push((start + 1, once(template, "ListTagsForResource")));
        jobs.push((start + 1, once(probe, "GetRepositoryPolicy")));
    }
    jobs
}

/// A scanner asks for images that were expired meanwhile, which is nothing to worry about.
fn scan(region: &'static str, at: i64, draw: &mut Draw) -> Vec<(i64, Job)> {
    let mut jobs = Vec::new();
    for repository in REPOSITORIES {
        let mut template = call(at, region, Who::Role("inventory-scanner"), "inventory");
        template.repository = repository;
        template.agent = SCANNER;
        if draw.chance(0.2) {
            template.failure = Some(super::record::failure(
                "ImageNotFoundException",
                format!(
                    "The image with imageId {{imageDigest:'null', imageTag:'nightly'}} does not exist within the repository with name '{repository}' in the registry with id '{}'",
                    super::record::ACCOUNT
                ),
            ));
        }
        let start = at + draw.between(0, 40);
        jobs.push((
            start,
            Job::new(template, vec![("DescribeImages", Path::Direct, 0)]).patient(1, 0),
        ));
    }
    jobs
}

/// A call to a service that is not ECR.
fn other(region: &'static str, at: i64, draw: &mut Draw) -> (i64, Job) {
    let (source, api, who, session) = match draw.below(8) {
        0..=2 => (
            "sts.amazonaws.com",
            "AssumeRole",
            Who::Service("ec2.amazonaws.com"),
            "",
        ),
        3 | 4 => (
            "kms.amazonaws.com",
            "Decrypt",
            Who::Role("web-task-execution"),
            "decrypt",
        ),
        5 => (
            "s3.amazonaws.com",
            "GetBucketAcl",
            Who::Service("config.amazonaws.com"),
            "",
        ),
        6 => (
            "ec2.amazonaws.com",
            "DescribeInstances",
            Who::Role("cluster-autoscaler"),
            "autoscaler",
        ),
        _ => (
            "autoscaling.amazonaws.com",
            "DescribeAutoScalingGroups",
            Who::Role("cluster-autoscaler"),
            "autoscaler",
        ),
    };
    let mut template = call(at, region, who, session);
    template.source = source;
    template.agent = SCANNER;
    if source == "ec2.amazonaws.com" && draw.chance(0.03) {
        template.failure = Some(super::record::failure(
            "Client.UnauthorizedOperation",
            "You are not authorized to perform this operation.",
        ));
    }
    (
        at,
        Job::new(template, vec![(api, Path::Direct, 0)]).patient(1, 0),
    )
}

/// A denial in IAM's words.
pub(crate) fn denied(call: &Call, because: &str) -> Failure {
    let target = if call.repository.is_empty() {
        "*".to_owned()
    } else {
        repository_arn(call.region, call.repository)
    };
    super::record::failure(
        "AccessDenied",
        format!(
            "User: {} is not authorized to perform: ecr:{} on resource: {target} because {because}",
            session_arn(call),
            call.api
        ),
    )
}
