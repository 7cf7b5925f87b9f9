//! How the person at this terminal signs in, as far as a hint needs it: which profile, and the exact
//! command that gives fresh credentials.
//!
//! It reads the configuration file for a few keys only; signing in is the SDK's work. It must never
//! read a secret: the credentials file is not opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the environment and the configuration file say about signing in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Login {
    /// The profile in use.
    pub(super) profile: String,
    /// Whether the profile was named (by flag or environment), not just the default one.
    pub(super) named: bool,
    /// Its keys, following `source_profile` for what it does not say itself.
    keys: BTreeMap<String, String>,
    /// Whether the profile stands in the configuration file.
    pub(super) configured: bool,
    /// Credentials come from environment variables.
    from_environment: bool,
    /// A web identity token file is named.
    web_identity: bool,
    /// `AWS_ENDPOINT_URL` and its kin, as set: `name=value`.
    pub(super) endpoints: Vec<String>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment belongs to collect as well: it is how AWS tools are configured"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Login {
    /// Reads the environment and the configuration file; nothing missing is an error.
    #[must_use]
    pub(super) fn read(profile_flag: Option<&str>) -> Self {
        let path = variable("AWS_CONFIG_FILE").map(PathBuf::from).or_else(|| {
            Some(
                PathBuf::from(variable("HOME").or_else(|| variable("USERPROFILE"))?)
                    .join(".aws/config"),
            )
        });
        let text = path.and_then(|path| std::fs::read_to_string(path).ok());
        let profile = profile_flag
            .map(str::to_owned)
            .or_else(|| variable("AWS_PROFILE"));
        let mut login = Self::of(text.as_deref().unwrap_or_default(), profile.as_deref());
        login.from_environment = profile_flag.is_none() && variable("AWS_ACCESS_KEY_ID").is_some();
        login.web_identity = variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_some();
        login.endpoints = endpoints();
        login
    }

    /// The same from a configuration text.
    fn of(config: &str, profile: Option<&str>) -> Self {
        let name = profile.unwrap_or("default");
        let sections = sections(config);
        let mut keys = BTreeMap::new();
        let mut at = name.to_owned();
        // A chain of roles ends somewhere; a circle must as well.
        for _ in 0..8 {
            let Some(section) = sections.get(&at) else {
                break;
            };
            for (key, value) in section {
                keys.entry(key.clone()).or_insert_with(|| value.clone());
            }
            match section.get("source_profile") {
                Some(next) if *next != at => at.clone_from(next),
                _ => break,
            }
        }
        Self {
            profile: name.to_owned(),
            named: profile.is_some(),
            configured: sections.contains_key(name),
            keys,
            ..Self::default()
        }
    }

    fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// The role is to be assumed with a one-time code, which the SDK would silently leave out.
    #[must_use]
    pub(super) fn asks_for_mfa(&self) -> bool {
        !self.from_environment && self.has("mfa_serial") && self.has("role_arn")
    }

    /// The exact command, or the shortest advice, that gives fresh credentials.
    #[must_use]
    pub(super) fn command(&self) -> String {
        let profile = &self.profile;
        if self.from_environment {
            return "export a fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
                .to_owned();
        }
        if self.has("sso_session") || self.has("sso_start_url") {
            return format!("aws sso login --profile {profile}");
        }
        if self.has("login_session") {
            return format!("aws login --profile {profile}");
        }
        if let Some(process) = self.keys.get("credential_process") {
            return format!("run what renews the credentials of `{process}`");
        }
        if self.web_identity || self.has("web_identity_token_file") {
            return "renew the web identity token file".to_owned();
        }
        if self.named {
            format!("aws configure --profile {profile} (or aws sso login --profile {profile})")
        } else {
            "aws configure (or name a profile with --profile)".to_owned()
        }
    }
}

/// The sections of an AWS configuration file by profile name.
fn sections(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut all: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut at: Option<String> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(head) = trimmed.strip_prefix('[') {
            let head = head.split(']').next().unwrap_or_default().trim();
            let name = match head.split_once(char::is_whitespace) {
                Some(("profile", name)) => Some(name.trim().trim_matches('"').to_owned()),
                None if head == "default" => Some(head.to_owned()),
                _ => None,
            };
            if let Some(name) = &name {
                all.entry(name.clone()).or_default();
            }
            at = name;
            continue;
        }
        // Indented lines belong to a nested setting (`s3 =`), not to the profile.
        let nested = line.starts_with([' ', '\t']);
        if nested || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let (Some(name), Some((key, value))) = (&at, trimmed.split_once('='))
            && let Some(section) = all.get_mut(name)
        {
            section.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    all
}

/// Endpoint overrides in force: a report made against something else than AWS must say so.
fn endpoints() -> Vec<String> {
    let ignored = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|on| on == "true");
    if ignored {
        return Vec::new();
    }
    let services = [
        "",
        "_CLOUDWATCH",
        "_CLOUDWATCH_LOGS",
        "_HEALTH",
        "_SERVICE_QUOTAS",
        "_CLOUDTRAIL",
        "_S3",
        "_STS",
    ];
    services
        .iter()
        .filter_map(|service| {
            let name = format!("AWS_ENDPOINT_URL{service}");
            variable(&name).map(|value| format!("{name}={value}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
[default]
region = us-east-1

[profile dev]
sso_session = corp
[profile role]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = dev
[profile careful]
role_arn = arn:aws:iam::111122223333:role/x
mfa_serial = arn:aws:iam::111122223333:mfa/me
source_profile = default
[profile tool]
credential_process = /opt/get creds
s3 =
  addressing_style = path
[profile circle]
source_profile = circle
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
";

    #[test]
    fn the_command_fits_the_profile() {
        let command = |profile| Login::of(CONFIG, Some(profile)).command();
        assert_eq!(command("dev"), "aws sso login --profile dev");
        assert_eq!(command("role"), "aws sso login --profile role");
        assert!(command("tool").contains("/opt/get creds"));
        assert!(Login::of(CONFIG, None).command().contains("aws configure"));
        assert!(!Login::of(CONFIG, Some("nobody")).configured);
        assert!(Login::of(CONFIG, Some("circle")).configured);
    }

    #[test]
    fn a_role_behind_a_one_time_code_is_seen() {
        assert!(Login::of(CONFIG, Some("careful")).asks_for_mfa());
        assert!(!Login::of(CONFIG, Some("role")).asks_for_mfa());
    }
}
