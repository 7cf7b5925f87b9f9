//! `--iam-policy`: the smallest IAM policy of one run, printed and nothing run.
//!
//! Actions come from the plan of the run, so a policy cannot forget one. A resource is narrowed where
//! the flags name it, and stays `*` where the service knows no resources or the tool cannot know them.

use super::talk;
use crate::collect::aws::Request;
use crate::collect::aws::plan::plan;
use crate::failure::Failure;
use crate::notify::{Channel, Kind, Reference};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Actions on resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Statements(BTreeMap<String, (Vec<String>, Vec<String>)>);

impl Statements {
    /// What a run asks of AWS; nothing when it reads files only.
    pub(super) fn of(request: Option<&Request>) -> Self {
        let mut all = Self::default();
        let Some(request) = request else {
            return all;
        };
        let actions = plan(request).actions();
        let of = |keep: &dyn Fn(&str) -> bool| -> Vec<String> {
            actions.iter().filter(|one| keep(one)).cloned().collect()
        };
        let partition = partition(request.identity.regions.first());
        all.add(
            "ReadTheRest",
            of(&|action| !action.starts_with("s3:") && action != "sts:AssumeRole"),
            vec!["*".to_owned()],
        );
        let mut buckets = Vec::new();
        let mut files = Vec::new();
        for address in &request.trail.buckets {
            let rest = address.trim_start_matches("s3://");
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            buckets.push(format!("arn:{partition}:s3:::{bucket}"));
            files.push(format!("arn:{partition}:s3:::{bucket}/{prefix}*"));
        }
        all.add(
            "ListTheTrail",
            of(&|action| action.starts_with("s3:") && action != "s3:GetObject"),
            buckets,
        );
        all.add(
            "ReadTheTrail",
            of(&|action| action == "s3:GetObject"),
            files,
        );
        if let Some(role) = &request.identity.assume_role {
            let accounts = &request.identity.accounts;
            let roles = if role.starts_with("arn:") {
                vec![role.clone()]
            } else if accounts.is_empty() {
                vec![format!("arn:{partition}:iam::*:role/{role}")]
            } else {
                let arn = |account: &String| format!("arn:{partition}:iam::{account}:role/{role}");
                accounts.iter().map(arn).collect()
            };
            all.add("AskOtherAccounts", vec!["sts:AssumeRole".to_owned()], roles);
        }
        all
    }

    /// The probe of the gate.
    pub(super) fn probe(&mut self, region: &str, repository: &str) {
        let partition = partition(Some(&region.to_owned()));
        let token = vec!["ecr:GetAuthorizationToken".to_owned()];
        self.add("ProbeTheToken", token, vec!["*".to_owned()]);
        let image = format!("arn:{partition}:ecr:{region}:*:repository/{repository}");
        self.add(
            "ProbeTheImage",
            vec!["ecr:BatchGetImage".to_owned()],
            vec![image],
        );
    }

    /// What the channels of notifications need.
    pub(super) fn channels(&mut self, channels: &[Channel]) {
        let mut secrets = Vec::new();
        for channel in channels {
            let mut refer = |reference: &Reference| {
                if let Reference::Secret(name) = reference {
                    // Secrets Manager puts a dash and six characters behind a name.
                    secrets.push(if name.starts_with("arn:") {
                        format!("{name}*")
                    } else {
                        format!("arn:aws:secretsmanager:*:*:secret:{name}-??????")
                    });
                }
            };
            match &channel.kind {
                Kind::Webhook { url, authorization } => {
                    refer(url);
                    authorization.iter().for_each(refer);
                }
                Kind::Slack { url } => refer(url),
                Kind::Sns { topic, .. } => {
                    let publish = vec!["sns:Publish".to_owned()];
                    self.add("Notify", publish, vec![topic.clone()]);
                }
                Kind::S3 { bucket, prefix, .. } => {
                    let put = vec!["s3:PutObject".to_owned()];
                    self.add(
                        "Upload",
                        put,
                        vec![format!("arn:aws:s3:::{bucket}/{prefix}*")],
                    );
                }
            }
        }
        let read = vec!["secretsmanager:GetSecretValue".to_owned()];
        self.add("ReadSecrets", read, secrets);
    }

    /// Adds to the statement of a name, unless there is nothing to allow it on.
    fn add(&mut self, name: &str, actions: Vec<String>, resources: Vec<String>) {
        if actions.is_empty() || resources.is_empty() {
            return;
        }
        let statement = self.0.entry(name.to_owned()).or_default();
        statement.0.extend(actions);
        statement.1.extend(resources);
        for list in [&mut statement.0, &mut statement.1] {
            list.sort();
            list.dedup();
        }
    }

    /// Prints the policy.
    pub(super) fn print(&self) -> Result<u8, Failure> {
        let statements: Vec<Value> = self
            .0
            .iter()
            .map(|(name, (actions, resources))| {
                json!({"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources})
            })
            .collect();
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let mut text = serde_json::to_string_pretty(&policy)
            .map_err(|error| anyhow::Error::new(error).context("failed to write the policy"))?;
        text.push('\n');
        talk::data(text.as_bytes())?;
        Ok(0)
    }
}

/// The partition of ARNs in a region.
fn partition(region: Option<&String>) -> &'static str {
    match region.map(String::as_str) {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
