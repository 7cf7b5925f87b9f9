//! What a run would ask, before anything is asked: calls, gigabytes, dollars, permissions.
//!
//! Pure: it makes no call and builds no client, so `--plan` works without credentials. Numbers that
//! only the answers can tell are bounds, and are printed as such.

use super::known::{self, Call, Partition};
use super::{Request, health, metrics, quotas, status, trail};
use crate::bundle::manifest::Noun;

/// One sort of call a run would make.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The source.
    pub noun: Option<Noun>,
    /// `monitoring:GetMetricData`.
    pub call: String,
    /// IAM action, or empty.
    pub action: String,
    /// What for.
    pub why: String,
    /// Calls at least.
    pub calls: u64,
    /// Whether answers can make more calls necessary (pages, series found).
    pub at_least: bool,
    /// Gigabytes scanned, when they are billed and can be told.
    pub gb: Option<f64>,
    /// Dollars, estimated.
    pub usd: f64,
}

impl Step {
    /// So many calls that cost nothing.
    #[must_use]
    pub fn calls(service: &str, operation: &str, calls: u64) -> Self {
        Self::of(known::call(service, operation), calls)
    }

    /// The same of a call at hand.
    #[must_use]
    pub fn of(call: &Call, calls: u64) -> Self {
        Self {
            noun: call.noun,
            call: call.name(),
            action: call.action.clone(),
            why: call.why.clone(),
            calls,
            at_least: false,
            gb: None,
            usd: 0.0,
        }
    }

    /// Answers may ask for more of them.
    #[must_use]
    pub fn or_more(self) -> Self {
        Self {
            at_least: true,
            ..self
        }
    }

    /// With a price.
    #[must_use]
    pub fn costing(self, usd: f64) -> Self {
        Self { usd, ..self }
    }

    /// With gigabytes scanned.
    #[must_use]
    pub fn scanning(self, gb: f64) -> Self {
        Self {
            gb: Some(gb),
            ..self
        }
    }
}

/// Everything a request would ask, by source.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Accounts asked.
    pub accounts: usize,
    /// Regions asked; empty stands for the configured one.
    pub regions: Vec<String>,
    /// The steps, sources in report order.
    pub steps: Vec<Step>,
}

/// The plan of a request.
#[must_use]
pub fn plan(request: &Request) -> Plan {
    let identity = &request.identity;
    let accounts = identity.accounts.len().max(1);
    let regions = if identity.all_regions {
        partition(request).regions.clone()
    } else {
        identity.regions.clone()
    };
    let places = accounts * regions.len().max(1);
    let mut steps = vec![Step::calls("sts", "GetCallerIdentity", 1)];
    if identity.assume_role.is_some() {
        steps.push(Step::calls("sts", "AssumeRole", accounts as u64));
    }
    for noun in Noun::ALL {
        if !request.wanted.contains(&noun) {
            continue;
        }
        steps.extend(match noun {
            Noun::Trail => trail::ask(&request.case, &request.trail, &regions, accounts),
            Noun::Metrics => metrics::ask(&request.case, places),
            Noun::Quotas => quotas::ask(places),
            Noun::Health => health::ask(accounts, request.org),
            Noun::Status => status::ask(),
        });
    }
    Plan {
        accounts,
        regions,
        steps,
    }
}

fn partition(request: &Request) -> &'static Partition {
    let named = request.identity.regions.first();
    known::partition_of(named.map_or("us-east-1", String::as_str))
}

impl Plan {
    /// The IAM actions needed, sorted, each once.
    #[must_use]
    pub fn actions(&self) -> Vec<String> {
        let mut actions: Vec<String> = self
            .steps
            .iter()
            .map(|step| step.action.clone())
            .filter(|action| !action.is_empty() && action != "sts:GetCallerIdentity")
            .collect();
        actions.sort();
        actions.dedup();
        actions
    }

    /// Dollars in all, estimated.
    #[must_use]
    pub fn usd(&self) -> f64 {
        self.steps.iter().map(|step| step.usd).sum()
    }
}
