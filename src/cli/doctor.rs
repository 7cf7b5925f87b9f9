//! `doctor`: what could be collected from here, what its absence costs, and the smallest policy.

use super::aws_args::DoctorArgs;
use super::policy::Statements;
use super::talk::{self, Volume, say};
use super::{live, window};
use crate::bundle::manifest::Noun;
use crate::case::Interval;
use crate::collect::aws::doctor::{self, Answer, Findings};
use crate::collect::aws::plan::plan;
use crate::collect::aws::{self, Unwatched};
use crate::failure::{Failure, Kind};
use crate::report::escape::Untrusted;
use chrono::Duration;
use std::sync::Arc;

/// Longest detail printed, in characters.
const CAP: usize = 400;

/// Tries everything once.
pub(super) fn run(args: &DoctorArgs) -> Result<u8, Failure> {
    if args.offline {
        return Err(Failure::usage(
            "doctor asks AWS, which --offline forbids",
            "leave --offline out",
        ));
    }
    let now = window::now(&args.window)?;
    let mut notes = Vec::new();
    let window = window::interval(&args.window, now, &mut notes)?
        .unwrap_or_else(|| Interval::new(now - Duration::hours(2), now));
    let resolved = window::resolve(window, &args.window, &args.scope, now, notes)?;
    let wanted = Noun::ALL.to_vec();
    let request = live::request(
        &resolved.case,
        &args.aws,
        &args.scope,
        Vec::new(),
        wanted,
        0,
    )?;
    if args.aws.plan {
        return live::print_plan(&request);
    }
    if args.aws.iam_policy {
        return Statements::of(Some(&request)).print();
    }
    let watch: Arc<dyn aws::Watch> = Arc::new(Unwatched);
    let (findings, notes) = aws::probe(&request, &watch, |field| async move {
        (doctor::examine(&field).await, field.session.notes.clone())
    })?;
    for note in notes {
        say(Volume::Normal, &note);
    }
    talk::data(render(&findings).as_bytes())?;
    talk::data(policy(&plan(&request).actions()).as_bytes())?;
    let any = findings
        .checks
        .iter()
        .any(|check| check.noun.is_some() && check.answer != Answer::No);
    Ok(if any {
        0
    } else {
        Kind::Credentials.exit_code()
    })
}

fn render(findings: &Findings) -> String {
    let mut text = String::new();
    for check in &findings.checks {
        let word = match check.answer {
            Answer::Yes => "yes",
            Answer::Limited => "limited",
            Answer::No => "no",
        };
        let noun = check.noun.map_or("session", Noun::word);
        let detail = Untrusted::capped(&check.detail, CAP).terminal();
        let what = Untrusted::capped(&check.what, CAP).terminal();
        text.push_str(format!("{word:<8} {noun:<8} {what:<32} {detail}").trim_end());
        text.push('\n');
        for line in [&check.effect, &check.hint] {
            if !line.is_empty() {
                let line = Untrusted::capped(line, CAP).terminal();
                text.push_str(&format!("{:>18}{line}\n", ""));
            }
        }
    }
    if !findings.denied.is_empty() {
        let list: Vec<&str> = findings.denied.iter().map(String::as_str).collect();
        text.push_str(&format!("\nMissing permissions: {}\n", list.join(", ")));
    }
    text
}

/// The smallest policy for everything a report asks; resources stay open where the tool cannot know
/// them (docs/permissions.md says which can be narrowed).
fn policy(actions: &[String]) -> String {
    let list: Vec<String> = actions
        .iter()
        .filter(|action| *action != "sts:AssumeRole")
        .map(|action| format!("      \"{action}\""))
        .collect();
    format!(
        "\nSmallest policy for a report from here:\n{{\n  \"Version\": \"2012-10-17\",\n  \
         \"Statement\": [{{\n    \"Effect\": \"Allow\",\n    \"Action\": [\n{}\n    ],\n    \
         \"Resource\": \"*\"\n  }}]\n}}\n",
        list.join(",\n")
    )
}
