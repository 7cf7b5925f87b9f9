//! What could be collected from here: the cheapest call of every source, and what a "no" costs.
//!
//! It finds the traps that give no error: a trail that sees no pulls, a log group that forgets before
//! the window, a wrong clock. It must never start anything that bills more than a fraction of a cent.

mod trail;

use super::fault::Trouble;
use super::known::{self, Kind};
use super::run::MOST_SKEW_S;
use super::session::Account;
use super::{Field, health, quotas, status};
use crate::bundle::manifest::Noun;
use std::collections::BTreeSet;

/// Whether something can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Yes.
    Yes,
    /// With a limit that matters.
    Limited,
    /// No.
    No,
}

/// One thing tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The source, or empty for what all need.
    pub noun: Option<Noun>,
    /// What was tried.
    pub what: String,
    /// How it went.
    pub answer: Answer,
    /// The details: what was found, or why not.
    pub detail: String,
    /// What the report loses without it; empty when nothing.
    pub effect: String,
    /// What to do; empty when nothing.
    pub hint: String,
}

/// Everything tried, with the IAM actions that were refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// In the order to read them.
    pub checks: Vec<Check>,
    /// Actions to allow.
    pub denied: BTreeSet<String>,
}

/// Tries every source in the first place of the session.
pub async fn examine(field: &Field) -> Findings {
    let mut findings = Findings::default();
    let session = &field.session;
    for (account, trouble) in &session.lost {
        findings.trouble(
            None,
            &format!("account {account}"),
            trouble,
            "Nothing of this account can be read.",
        );
    }
    let (Some(account), Some(region)) = (session.accounts.first(), session.regions.first()) else {
        return findings;
    };
    findings.add(
        None,
        "credentials",
        Answer::Yes,
        format!("account {}", account.id),
    );
    trail::trails(field, account, region, &mut findings).await;
    metrics(field, account, region, &mut findings).await;
    let part = quotas::fetch(field, account, region).await;
    findings.source(
        Noun::Quotas,
        "request quotas",
        &part,
        "The report cannot say whether calls were above their quota.",
    );
    let part = health::fetch(field, account).await;
    findings.source(
        Noun::Health,
        "AWS Health",
        &part,
        "The report cannot say what AWS told this account; the public feed stands in.",
    );
    let part = status::fetch(field).await;
    findings.source(
        Noun::Status,
        "public status feed",
        &part,
        "Without AWS Health nothing is known of what AWS said.",
    );
    clock(field, &mut findings);
    findings
}

impl Findings {
    fn add(
        &mut self,
        noun: Option<Noun>,
        what: &str,
        answer: Answer,
        detail: String,
    ) -> &mut Check {
        self.checks.push(Check {
            noun,
            what: what.to_owned(),
            answer,
            detail,
            effect: String::new(),
            hint: String::new(),
        });
        let last = self.checks.len() - 1;
        &mut self.checks[last]
    }

    fn trouble(&mut self, noun: Option<Noun>, what: &str, trouble: &Trouble, effect: &str) {
        if trouble.kind == Kind::Denied && !trouble.action.is_empty() {
            self.denied.insert(trouble.action.clone());
        }
        let check = self.add(noun, what, Answer::No, trouble.sentence());
        effect.clone_into(&mut check.effect);
        check.hint.clone_from(&trouble.hint);
    }

    fn source(&mut self, noun: Noun, what: &str, part: &super::Part, effect: &str) {
        for trouble in &part.troubles {
            self.trouble(Some(noun), what, trouble, effect);
        }
        if part.troubles.is_empty() {
            let answer = if part.answers.is_empty() {
                Answer::No
            } else {
                Answer::Yes
            };
            let detail = part.missing.first().cloned().unwrap_or_default();
            let check = self.add(Some(noun), what, answer, detail);
            if answer == Answer::No {
                effect.clone_into(&mut check.effect);
            }
        }
    }
}

async fn metrics(field: &Field, account: &Account, region: &str, findings: &mut Findings) {
    let effect = "The report cannot say how many calls the trail missed.";
    let noun = Some(Noun::Metrics);
    let asker = account.asker(region);
    let client = account.cloudwatch(region);
    let call = known::call("monitoring", "ListMetrics");
    let listed = field
        .control
        .call(call, &asker, || {
            client
                .list_metrics()
                .namespace("AWS/Usage")
                .metric_name("CallCount")
                .send()
        })
        .await;
    match listed {
        Err(trouble) => findings.trouble(noun, "list of metrics", &trouble, effect),
        Ok(page) => {
            let ecr = page.metrics().iter().any(|metric| {
                metric
                    .dimensions()
                    .iter()
                    .any(|one| one.value() == Some("ECR"))
            });
            let detail = if ecr {
                "CallCount of ECR is there"
            } else {
                "no CallCount of ECR in two weeks on the first page"
            };
            findings.add(noun, "list of metrics", Answer::Yes, detail.to_owned());
        }
    }
    let call = known::call("monitoring", "GetMetricData");
    let to = field.request.case.now.timestamp();
    let read = field
        .control
        .call(call, &asker, || {
            client
                .get_metric_data()
                .metric_data_queries(super::metrics::probe())
                .start_time(aws_smithy_types::DateTime::from_secs(to - 300))
                .end_time(aws_smithy_types::DateTime::from_secs(to))
                .send()
        })
        .await;
    match read {
        Err(trouble) => findings.trouble(noun, "points of metrics", &trouble, effect),
        Ok(_) => {
            findings.add(noun, "points of metrics", Answer::Yes, String::new());
        }
    }
    let client = account.logs(region);
    let call = known::call("logs", "DescribeMetricFilters");
    let filters = field
        .control
        .call(call, &asker, || {
            client.describe_metric_filters().limit(1).send()
        })
        .await;
    match filters {
        Err(trouble) => findings.trouble(
            noun,
            "your metric filters",
            &trouble,
            "Series you made of ECR's errors before the incident are not found.",
        ),
        Ok(_) => {
            findings.add(noun, "your metric filters", Answer::Yes, String::new());
        }
    }
}

fn clock(field: &Field, findings: &mut Findings) {
    match field.control.skew_s() {
        Some(skew) if skew.abs() > MOST_SKEW_S => {
            let side = if skew > 0 { "behind" } else { "ahead of" };
            let check = findings.add(
                None,
                "clock",
                Answer::Limited,
                format!("this machine is {} s {side} AWS", skew.abs()),
            );
            "Windows given as --since are off by as much; beyond 5 min AWS refuses signatures."
                .clone_into(&mut check.effect);
            "Set the clock by a time server.".clone_into(&mut check.hint);
        }
        Some(skew) => {
            findings.add(None, "clock", Answer::Yes, format!("{skew} s from AWS's"));
        }
        None => {
            findings.add(
                None,
                "clock",
                Answer::Limited,
                "no answer told the time".to_owned(),
            );
        }
    }
}
