//! The cast of one simulated estate: accounts, regions, callers, repositories, endpoints, and how
//! busy it is. Drawn from the seed alone; knows nothing of what goes wrong.

use super::draw::Draw;

/// A day in seconds.
pub(super) const DAY: i64 = 86_400;

/// One account in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Twelve digits.
    pub(super) account: String,
    /// Region code.
    pub(super) region: &'static str,
}

/// What a caller does for a living.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Pulls images onto nodes or tasks.
    Pull,
    /// Builds and pushes images.
    Push,
    /// Reads settings of every repository now and then.
    Plan,
    /// Lists and describes images.
    Scan,
    /// Calls other services.
    Other,
}

/// How a client tries again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Retry {
    /// SDK rules: attempts in all, base of the exponential back-off in seconds.
    Sdk(u32, f64),
    /// SDK rules below, and the kubelet starts the pull again after 10 s, 20 s, … up to 300 s.
    Kubelet(u32),
    /// Never.
    Not,
}

/// One principal of an account.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Index of the account in [`World::accounts`].
    pub(super) account: usize,
    /// Role or user name.
    pub(super) name: String,
    /// An IAM user instead of a role.
    pub(super) user: bool,
    /// What it does.
    pub(super) work: Work,
    /// Share of its kind of work.
    pub(super) weight: f64,
    /// Sessions (nodes, tasks) it has.
    pub(super) sessions: u32,
    /// Index of its VPC endpoint in [`World::endpoints`].
    pub(super) endpoint: Option<usize>,
    /// User agent of its direct calls.
    pub(super) agent: &'static str,
    /// How it retries.
    pub(super) retry: Retry,
    /// Repositories it uses, as indices.
    pub(super) repositories: Vec<u16>,
}

/// Everything there is before anything goes wrong.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// Account IDs.
    pub(super) accounts: Vec<String>,
    /// Places with traffic; the first is where stories play unless they say otherwise.
    pub(super) places: Vec<Place>,
    /// Share of the calls by place; the first is 1.
    pub(super) share: Vec<f64>,
    /// Callers of all accounts.
    pub(super) callers: Vec<Caller>,
    /// Repository names; the same in every account.
    pub(super) repositories: Vec<String>,
    /// Repositories behind a pull-through cache, as indices.
    pub(super) cached: Vec<u16>,
    /// VPC endpoint IDs.
    pub(super) endpoints: Vec<String>,
    /// Calls per minute of the first place at the time of the incident.
    pub(super) rate: f64,
    /// Height of the daily season: 0 flat, 2 sleeps at night.
    pub(super) season: f64,
    /// Hour of the day with most traffic, UTC.
    pub(super) noon: f64,
    /// Share of a weekday's traffic on a weekend day.
    pub(super) weekend: f64,
    /// Shape of the minute-to-minute gamma noise; small is bursty.
    pub(super) shape: f64,
    /// Share of pushes among the calls.
    pub(super) pushes: f64,
    /// Calls of other services per minute and place.
    pub(super) others: f64,
}

const REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ca-central-1",
    "sa-east-1",
];
const KUBELET: &str = "eks/ecr-credential-provider v1.31.0 aws-sdk-go-v2/1.32.7 os/linux lang/go#1.22.9 api/ecr#1.36.9";
const CI: &str = "aws-cli/2.22.4 md/awscrt#0.23.3 ua/2.0 os/linux#6.8.0 lang/python#3.12.6 cfg/retry-mode#standard";
const TERRAFORM: &str =
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 terraform-provider-aws/5.78.0 aws-sdk-go-v2/1.32.5";
const BOTO: &str =
    "Boto3/1.35.71 md/Botocore#1.35.71 ua/2.0 os/linux lang/python#3.12.7 cfg/retry-mode#legacy";
const DOCKER: &str =
    "docker/27.3.1 go/go1.22.7 git-commit/41ca978 kernel/6.8.0 os/linux arch/amd64";

const TEAMS: [&str; 8] = [
    "payments", "web", "search", "ml", "data", "mobile", "edge", "core",
];
const PARTS: [&str; 8] = [
    "api", "worker", "frontend", "batch", "gateway", "ingest", "trainer", "proxy",
];

impl World {
    /// Draws a world of this many calls a minute.
    pub(super) fn new(seed: u64, rate: f64) -> Self {
        let draw = &mut Draw::new(seed, "world");
        let accounts: Vec<String> = (0..draw.pick(&[1, 1, 2, 3]))
            .map(|_| format!("{:012}", draw.between(100_000_000_000, 999_999_999_999)))
            .collect();
        let regions = draw.some(&REGIONS, 3);
        let mut places = vec![Place {
            account: accounts[0].clone(),
            region: regions[0],
        }];
        let mut share = vec![1.0];
        for account in &accounts {
            for region in &regions {
                let place = Place {
                    account: account.clone(),
                    region,
                };
                if places.len() < 4 && !places.contains(&place) && draw.chance(0.45) {
                    places.push(place);
                    share.push(draw.log(0.03, 0.4));
                }
            }
        }
        let mut repositories: Vec<String> = Vec::new();
        for _ in 0..draw.between(3, 14) {
            let name = format!("{}/{}", draw.pick(&TEAMS), draw.pick(&PARTS));
            if !repositories.contains(&name) {
                repositories.push(name);
            }
        }
        let own = repositories.len() as u16;
        for image in ["nginx", "redis", "python", "alpine", "postgres"] {
            repositories.push(format!("docker-hub/library/{image}"));
        }
        let cached: Vec<u16> = (own..repositories.len() as u16).collect();
        let endpoints: Vec<String> = (0..draw.between(1, 3))
            .map(|_| format!("vpce-0{:016x}", draw.bits()))
            .collect();
        let mut world = Self {
            accounts,
            places,
            share,
            callers: Vec::new(),
            repositories,
            cached,
            endpoints,
            rate,
            season: draw.pick(&[0.0, 0.5, 1.0, 1.6]),
            noon: draw.real(9.0, 21.0),
            weekend: draw.pick(&[1.0, 0.8, 0.4]),
            shape: draw.log(1.5, 40.0),
            pushes: draw.real(0.05, 0.4),
            others: (rate * draw.real(0.2, 0.8)).clamp(0.3, 25.0),
        };
        for account in 0..world.accounts.len() {
            world.cast(account, own, draw);
        }
        world
    }

    /// The callers of one account.
    fn cast(&mut self, account: usize, own: u16, draw: &mut Draw) {
        let all: Vec<u16> = (0..own).collect();
        let fleet = (self.rate / 2.0).clamp(2.0, 120.0) as i64;
        for index in 0..draw.between(2, 5) {
            let tasks = draw.chance(0.35);
            let mut repositories = draw.some(&all, draw.clone().between(1, 6) as usize);
            if draw.chance(0.5) {
                repositories.extend(draw.some(&self.cached.clone(), 2));
            }
            let endpoint = draw.chance(0.6).then(|| draw.below(self.endpoints.len()));
            let team = draw.pick(&TEAMS);
            let name = if tasks {
                format!("{team}-task-execution-{index}")
            } else {
                format!("{team}-node-{index}")
            };
            self.callers.push(Caller {
                account,
                name,
                user: false,
                work: Work::Pull,
                weight: draw.log(0.15, 1.0),
                sessions: draw.between(1, fleet) as u32,
                endpoint,
                agent: KUBELET,
                retry: if tasks {
                    Retry::Sdk(3, 1.0)
                } else {
                    Retry::Kubelet(draw.pick(&[1, 3]))
                },
                repositories,
            });
        }
        for index in 0..draw.between(1, 3) {
            let user = draw.chance(0.25);
            let team = draw.pick(&TEAMS);
            self.callers.push(Caller {
                account,
                name: format!("{team}-ci-{index}"),
                user,
                work: Work::Push,
                weight: draw.log(0.2, 1.0),
                sessions: draw.between(1, 6) as u32,
                endpoint: None,
                agent: draw.pick(&[CI, DOCKER]),
                retry: draw.pick(&[Retry::Sdk(3, 1.0), Retry::Sdk(5, 0.5)]),
                repositories: draw.some(&all, 5),
            });
        }
        let mut tool = |name: &str, work, agent, retry| {
            self.callers.push(Caller {
                account,
                name: name.to_owned(),
                user: false,
                work,
                weight: 1.0,
                sessions: 1,
                endpoint: None,
                agent,
                retry,
                repositories: all.clone(),
            });
        };
        tool("terraform-plan", Work::Plan, TERRAFORM, Retry::Not);
        tool("inventory-scanner", Work::Scan, BOTO, Retry::Not);
        tool("cluster-autoscaler", Work::Other, BOTO, Retry::Sdk(3, 1.0));
    }

    /// Index of the account of a place.
    pub(super) fn account_of(&self, place: usize) -> usize {
        let account = &self.places[place].account;
        self.accounts
            .iter()
            .position(|known| known == account)
            .unwrap_or(0)
    }

    /// Callers of a place that do this work.
    pub(super) fn callers_of(&self, place: usize, work: Work) -> Vec<usize> {
        let account = self.account_of(place);
        self.callers
            .iter()
            .enumerate()
            .filter(|(_, caller)| caller.account == account && caller.work == work)
            .map(|(index, _)| index)
            .collect()
    }

    /// Traffic at this second relative to the same second at the height of the season.
    pub(super) fn level(&self, at: i64) -> f64 {
        let hour = at.rem_euclid(DAY) as f64 / 3600.0;
        let wave = ((hour - self.noon) / 24.0 * std::f64::consts::TAU).cos();
        // 1970-01-01 was a Thursday: days 2 and 3 of each week from then are the weekend.
        let day = at.div_euclid(DAY).rem_euclid(7);
        let weekend = if day == 2 || day == 3 {
            self.weekend
        } else {
            1.0
        };
        (self.season * (wave - 1.0)).exp() * weekend
    }

    /// ARN of a caller without session.
    pub(super) fn principal(&self, caller: usize) -> String {
        let caller = &self.callers[caller];
        let account = &self.accounts[caller.account];
        let kind = if caller.user { "user" } else { "role" };
        format!("arn:aws:iam::{account}:{kind}/{}", caller.name)
    }

    /// Session name number `index` of a caller.
    pub(super) fn session(&self, caller: usize, index: u32) -> String {
        let one = &self.callers[caller];
        if one.user {
            return String::new();
        }
        let bits = Draw::new(u64::from(index), &one.name).bits();
        match one.work {
            Work::Pull if one.name.contains("-node-") => format!("i-0{:016x}", bits >> 4),
            Work::Pull => format!("{bits:016x}{:016x}", bits.rotate_left(17)),
            Work::Push => format!("GitHubActions-{}", index + 1),
            Work::Plan | Work::Scan | Work::Other => one.name.clone(),
        }
    }
}
