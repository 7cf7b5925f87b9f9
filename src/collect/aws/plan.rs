//! What a run would ask, before anything is asked: calls, gigabytes, dollars, permissions.
//!
//! Pure: it makes no call and builds no client, so `--plan` works without credentials. Numbers that
//! only the answers can tell are bounds, and are printed as such.

use super::known::{self, Partition};
use super::step::Step;
use super::{Request, health, metrics, quotas, status, trail};
use crate::bundle::manifest::Noun;

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
