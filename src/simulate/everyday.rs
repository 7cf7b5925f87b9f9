//! Everyday traffic: pulls, pushes, bursts of CI, plans of Terraform, scans, and other services, as
//! jobs with their start. Follows the season of the world; knows nothing of the story.

use super::draw::Draw;
use super::job::{Job, Task};
use super::script::{NOWHERE, Script};
use super::world::{Retry, Work, World};

/// Mean calls of a pull and of a push as drawn below, to turn calls a minute into jobs.
const CALLS_PER_PULL: f64 = 3.3;
const CALLS_PER_PUSH: f64 = 8.0;

/// All jobs of all places, start in epoch milliseconds, in no order.
pub(super) fn jobs(world: &World, script: &Script, seed: u64) -> Vec<(i64, Job)> {
    let mut jobs = Vec::new();
    for (place, share) in world.share.iter().enumerate() {
        let draw = &mut Draw::new(seed, &format!("everyday/{place}"));
        let cast = Cast::of(world, place);
        let rate = world.rate * share;
        for minute in (script.from.div_euclid(60)..script.to.div_euclid(60)).map(|m| m * 60) {
            let calls = rate * world.level(minute) * draw.gamma(world.shape);
            let burst: f64 = script
                .bursts
                .iter()
                .filter(|(from, minutes, _, at)| {
                    *at == place && (*from..from + minutes * 60).contains(&minute)
                })
                .map(|(_, _, times, _)| rate * times)
                .sum();
            let when = |draw: &mut Draw| minute * 1000 + draw.between(0, 59_999);
            for _ in 0..draw.poisson(calls * (1.0 - world.pushes) / CALLS_PER_PULL) {
                jobs.push((when(draw), cast.pull(world, script, place, draw)));
            }
            for _ in 0..draw.poisson((calls * world.pushes + burst) / CALLS_PER_PUSH) {
                jobs.push((when(draw), cast.push(world, place, draw)));
            }
            for _ in 0..draw.poisson(world.others * share.max(0.2)) {
                jobs.push((when(draw), cast.other(place, draw)));
            }
            cast.tools(world, script, place, minute, draw, &mut jobs);
        }
    }
    jobs
}

/// The callers of a place by what they do.
struct Cast {
    pull: (Vec<usize>, Vec<f64>),
    push: (Vec<usize>, Vec<f64>),
    plan: Option<usize>,
    scan: Option<usize>,
    other: Option<usize>,
}

impl Cast {
    fn of(world: &World, place: usize) -> Self {
        let weighted = |work| {
            let callers = world.callers_of(place, work);
            let weights = callers.iter().map(|c| world.callers[*c].weight).collect();
            (callers, weights)
        };
        let one = |work| world.callers_of(place, work).first().copied();
        Self {
            pull: weighted(Work::Pull),
            push: weighted(Work::Push),
            plan: one(Work::Plan),
            scan: one(Work::Scan),
            other: one(Work::Other),
        }
    }

    fn pull(&self, world: &World, script: &Script, place: usize, draw: &mut Draw) -> Job {
        let caller = self.pull.0[draw.weighted(&self.pull.1)];
        let one = &world.callers[caller];
        let task = Task::Pull(draw.chance(0.3), draw.between(1, 3) as u8);
        let session = draw.below(one.sessions as usize) as u32;
        let repository = draw.pick(&one.repositories);
        let job = Job::new(task, place, caller, session, repository, one.retry);
        if draw.chance(script.pull_missing) {
            let probe = Task::One("BatchGetImage");
            return Job::new(probe, place, caller, session, repository, Retry::Not)
                .doomed("ImageNotFoundException");
        }
        job
    }

    fn push(&self, world: &World, place: usize, draw: &mut Draw) -> Job {
        let caller = self.push.0[draw.weighted(&self.push.1)];
        let one = &world.callers[caller];
        Job::new(
            Task::Push(draw.pick(&[1, 1, 2, 2])),
            place,
            caller,
            draw.below(one.sessions as usize) as u32,
            draw.pick(&one.repositories),
            one.retry,
        )
    }

    fn other(&self, place: usize, draw: &mut Draw) -> Job {
        let (source, api, code) = draw.pick(&[
            ("sts.amazonaws.com", "AssumeRole", ""),
            ("sts.amazonaws.com", "AssumeRole", ""),
            ("kms.amazonaws.com", "Decrypt", ""),
            ("kms.amazonaws.com", "GenerateDataKey", ""),
            ("s3.amazonaws.com", "GetBucketAcl", ""),
            (
                "ec2.amazonaws.com",
                "DescribeInstances",
                "Client.UnauthorizedOperation",
            ),
            ("ec2.amazonaws.com", "DescribeSubnets", ""),
            (
                "autoscaling.amazonaws.com",
                "DescribeAutoScalingGroups",
                "ThrottlingException",
            ),
        ]);
        let caller = self.other.unwrap_or(0);
        let task = Task::Other(source, api);
        let job = Job::new(task, place, caller, 0, NOWHERE, Retry::Not);
        if !code.is_empty() && draw.chance(0.01) {
            job.doomed(code)
        } else {
            job
        }
    }

    /// Terraform reads every repository; one without a policy answers "not found". The scanner asks
    /// for images that expired meanwhile. Both are nothing to worry about.
    fn tools(
        &self,
        world: &World,
        script: &Script,
        place: usize,
        minute: i64,
        draw: &mut Draw,
        jobs: &mut Vec<(i64, Job)>,
    ) {
        let number = minute.div_euclid(60);
        let own = world.repositories.len() - world.cached.len();
        let mut add = |at: i64, caller, api, repository: usize, code| {
            let repository = repository as u16;
            let job = Job::new(Task::One(api), place, caller, 0, repository, Retry::Not);
            jobs.push((at, job.doomed(code)));
        };
        if let Some(caller) = self.plan
            && script.plan_hours > 0
            && number.rem_euclid(script.plan_hours * 60) == 40
        {
            for repository in 0..own {
                let at = minute * 1000 + repository as i64 * 900;
                add(at, caller, "DescribeRepositories", repository, "");
                add(at + 200, caller, "ListTagsForResource", repository, "");
                let policy = "RepositoryPolicyNotFoundException";
                add(at + 400, caller, "GetRepositoryPolicy", repository, policy);
                let lifecycle = "LifecyclePolicyNotFoundException";
                add(
                    at + 600,
                    caller,
                    "GetLifecyclePolicy",
                    repository,
                    lifecycle,
                );
            }
        }
        if let Some(caller) = self.scan
            && number.rem_euclid(60) == 30
        {
            for repository in 0..own {
                let missing = draw.chance(script.scan_missing);
                let code = if missing {
                    "ImageNotFoundException"
                } else {
                    ""
                };
                let at = minute * 1000 + draw.between(0, 40_000);
                add(at, caller, "DescribeImages", repository, code);
            }
        }
    }
}
