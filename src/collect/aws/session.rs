//! Who asks, and where: credentials, accounts and regions, made into clients that all go through the
//! gate.
//!
//! Credentials are found as the AWS CLI finds them: flags, environment, profiles (roles, SSO,
//! `credential_process`, web identity), container and instance. It must never assume a role without
//! the one-time code its profile asks for, and never guess a region.

use super::control::{ATTEMPTS, Control};
use super::fault::{self, Asker, Trouble};
use super::gate::Gate;
use super::keyring::{Keyring, Origin};
use super::known::{self, Kind, Partition};
use super::login::Login;
use crate::failure::{self, Failure};
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use std::sync::Arc;
use std::time::Duration;

/// Named in the user agent of every call, so that our own calls can be told from others.
pub const APP_NAME: &str = "ecr-incident";

/// Time to open a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// What decides a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--region`, or all of the partition with `all_regions`; empty means the configured one.
    pub regions: Vec<String>,
    /// `--all-regions`.
    pub all_regions: bool,
    /// `--assume-role`: a role name, or an ARN.
    pub assume_role: Option<String>,
    /// The accounts of `--accounts`, in order.
    pub accounts: Vec<String>,
}

/// One account with the means to ask it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Twelve digits, or `?` when STS did not say.
    pub id: String,
    config: SdkConfig,
    /// The command that logs in again.
    pub login: String,
    keyring: Arc<Keyring>,
}

/// What a request is signed with.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) session: Option<String>,
}

/// Everything a run may ask.
#[derive(Debug, Clone)]
pub struct Session {
    /// The account of the credentials themselves.
    pub home: Account,
    /// The accounts asked, sorted: the home account, or those of `--accounts`.
    pub accounts: Vec<Account>,
    /// The regions asked, sorted.
    pub regions: Vec<String>,
    /// Where they lie.
    pub partition: &'static Partition,
    /// Accounts whose role could not be assumed.
    pub lost: Vec<(String, Trouble)>,
    /// What a reader should know: overridden endpoints, the identity in use.
    pub notes: Vec<String>,
    /// Addresses that answer instead of AWS's own, as set: `AWS_ENDPOINT_URL=…`.
    pub overrides: Vec<String>,
}

impl Account {
    fn at(&self, region: &str) -> SdkConfig {
        self.config
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build()
    }

    /// Whom a hint speaks to.
    #[must_use]
    pub fn asker(&self, region: &str) -> Asker {
        Asker {
            account: self.id.clone(),
            region: region.to_owned(),
            login: self.login.clone(),
            keyring: Some(Arc::clone(&self.keyring)),
        }
    }

    /// CloudWatch in a region.
    #[must_use]
    pub fn cloudwatch(&self, region: &str) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.at(region))
    }

    /// CloudWatch Logs in a region.
    #[must_use]
    pub fn logs(&self, region: &str) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.at(region))
    }

    /// CloudTrail in a region.
    #[must_use]
    pub fn cloudtrail(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        aws_sdk_cloudtrail::Client::new(&self.at(region))
    }

    /// Service Quotas in a region.
    #[must_use]
    pub fn quotas(&self, region: &str) -> aws_sdk_servicequotas::Client {
        aws_sdk_servicequotas::Client::new(&self.at(region))
    }

    /// S3 in a region.
    #[must_use]
    pub fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.at(region))
    }

    /// Security Token Service in a region.
    #[must_use]
    pub fn sts(&self, region: &str) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.at(region))
    }

    /// AWS Support, pinned like Health to the endpoint that exists, and without retries: a request
    /// that may have been done must not be repeated by itself.
    #[must_use]
    pub fn support(&self, region: &str) -> aws_sdk_support::Client {
        let config = self
            .at(region)
            .into_builder()
            .use_fips(false)
            .use_dual_stack(false)
            .retry_config(RetryConfig::disabled())
            .build();
        aws_sdk_support::Client::new(&config)
    }

    /// The endpoint that stands in for AWS's own, when one is configured.
    #[must_use]
    pub(super) fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// Credentials for the one request that no client makes.
    pub(super) async fn keys(&self) -> Result<Keys, String> {
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| "no credentials are configured".to_owned())?;
        let found = provider.provide_credentials().await;
        let found = found.map_err(|error| fault::capped(&fault::chain(&error).join(": ")))?;
        Ok(Keys {
            id: found.access_key_id().to_owned(),
            secret: found.secret_access_key().to_owned(),
            session: found.session_token().map(str::to_owned),
        })
    }

    /// AWS Health in its active region, whatever the account's own is. The flags for FIPS and dual
    /// stack are taken off: with them the SDK builds host names that do not exist.
    #[must_use]
    pub fn health(&self, region: &str) -> aws_sdk_health::Client {
        let config = self
            .at(region)
            .into_builder()
            .use_fips(false)
            .use_dual_stack(false)
            .build();
        aws_sdk_health::Client::new(&config)
    }
}

/// Signs in and finds out who and where we are.
///
/// # Errors
/// When nothing can be asked at all: no credentials, none that AWS accepts, no region.
pub async fn open(identity: &Identity, control: &Arc<Control>) -> Result<Session, Failure> {
    let login = Login::read(identity.profile.as_deref());
    refuse(identity, &login)?;
    let config = load(identity, control).await;
    let regions = regions(identity, &config)?;
    let first = regions.first().cloned().unwrap_or_default();
    let partition = known::partition_of(&first);
    let command = login.command();
    let origin = Origin {
        who: identity.clone(),
        role: None,
    };
    let home = who(config, origin, &command, &first, control).await?;
    let mut notes: Vec<String> = login
        .endpoints
        .iter()
        .map(|set| format!("endpoint overridden by {set}: these answers may not be AWS's"))
        .collect();
    let mut lost = Vec::new();
    let accounts = match &identity.assume_role {
        None => vec![home.clone()],
        Some(role) => {
            let mut reached = Vec::new();
            for arn in role_arns(role, &identity.accounts, partition, &home.id)? {
                match assume(&home, identity, &arn, &first, control).await {
                    Ok(account) => reached.push(account),
                    Err(trouble) => lost.push((account_of(&arn), trouble)),
                }
            }
            reached.sort_by(|a, b| a.id.cmp(&b.id));
            reached
        }
    };
    notes.push(format!(
        "asking {} in {}",
        list(accounts.iter().map(|account| account.id.as_str())),
        list(regions.iter().map(String::as_str))
    ));
    Ok(Session {
        home,
        accounts,
        regions,
        partition,
        lost,
        notes,
        overrides: login.endpoints,
    })
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    match words.as_slice() {
        [] => "no account".to_owned(),
        few if few.len() <= 6 => few.join(", "),
        [first, ..] => format!("{first} and {} more", words.len() - 1),
    }
}

/// What cannot work, before anything is sent.
fn refuse(identity: &Identity, login: &Login) -> Result<(), Failure> {
    if login.asks_for_mfa() {
        let profile = &login.profile;
        return Err(credentials(
            format!(
                "the profile {profile} asks for a one-time code (mfa_serial), which cannot be asked for here"
            ),
            format!(
                "sign in once and hand the session over: \
                 eval \"$(aws configure export-credentials --profile {profile} --format env)\""
            ),
        ));
    }
    for region in &identity.regions {
        let known = known::partitions()
            .iter()
            .any(|partition| partition.regions.contains(region));
        if !known && let Some(meant) = known::did_you_mean(region) {
            return Err(Failure::usage(
                format!("--region {region} is no region of AWS"),
                format!("did you mean {meant}?"),
            ));
        }
    }
    Ok(())
}

async fn load(identity: &Identity, control: &Arc<Control>) -> SdkConfig {
    let plain = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    // A call's whole time is bounded by `Control::call`; here only what one request may take, so
    // that waiting for a turn is not taken for a slow answer.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT.min(control.limits.patience))
        .read_timeout(control.limits.patience)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(Gate::new(plain, Arc::clone(control)))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new(APP_NAME) {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &identity.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = identity.regions.first() {
        loader = loader.region(Region::new(region.clone()));
    }
    loader.load().await
}

fn regions(identity: &Identity, config: &SdkConfig) -> Result<Vec<String>, Failure> {
    let configured = config.region().map(|region| region.as_ref().to_owned());
    let mut regions = if identity.all_regions {
        let home = identity.regions.first().cloned().or(configured);
        let partition = known::partition_of(home.as_deref().unwrap_or("us-east-1"));
        partition.regions.clone()
    } else if identity.regions.is_empty() {
        vec![configured.ok_or_else(|| {
            Failure::usage(
                "no region was named, and none is configured",
                "name one with --region us-east-1, or set AWS_REGION",
            )
        })?]
    } else {
        identity.regions.clone()
    };
    regions.sort();
    regions.dedup();
    let first = regions
        .first()
        .map(|region| known::partition_of(region).id.as_str());
    match regions
        .iter()
        .find(|region| Some(known::partition_of(region).id.as_str()) != first)
    {
        Some(other) => Err(Failure::usage(
            format!("--region {other} lies in another partition than the others"),
            "one set of credentials works in one partition: make a report for each",
        )),
        None => Ok(regions),
    }
}

/// Checks the credentials and asks STS whose they are.
async fn who(
    config: SdkConfig,
    origin: Origin,
    login: &str,
    region: &str,
    control: &Arc<Control>,
) -> Result<Account, Failure> {
    let keyring = Keyring::new(origin, control);
    let mut account = Account {
        id: "?".to_owned(),
        config: config.into_builder().identity_cache(keyring.door()).build(),
        login: login.to_owned(),
        keyring,
    };
    let refused = |why: String| credentials(why, format!("log in: {login}"));
    let Some(provider) = account.config.credentials_provider() else {
        return Err(refused("no credentials were found".to_owned()));
    };
    let loaded = tokio::select! {
        loaded = provider.provide_credentials() => loaded,
        why = control.until_stopped() => return Err(refused(why.why().to_owned())),
    };
    if let Err(error) = loaded {
        let chain = fault::chain(&error);
        // The outermost words are the SDK's own; the innermost say what is wrong.
        let why = chain
            .last()
            .map(|words| fault::capped(words))
            .unwrap_or_default();
        return Err(refused(format!("no credentials could be loaded: {why}")));
    }
    match identify(&account, region, control).await {
        Ok(id) => account.id = id,
        Err(trouble) => match trouble.kind {
            Kind::Expired | Kind::NoCredentials | Kind::RegionOff | Kind::Skew => {
                return Err(Failure {
                    kind: failure::Kind::Credentials,
                    error: anyhow::anyhow!("{}", trouble.sentence()),
                    hints: vec![trouble.hint],
                });
            }
            // Without STS the account has no name, but the other sources may still answer.
            _ => {}
        },
    }
    Ok(account)
}

async fn identify(
    account: &Account,
    region: &str,
    control: &Arc<Control>,
) -> Result<String, Trouble> {
    let client = account.sts(region);
    let call = known::call("sts", "GetCallerIdentity");
    let answer = control
        .call(call, &account.asker(region), || {
            client.get_caller_identity().send()
        })
        .await?;
    Ok(answer.account.unwrap_or_else(|| "?".to_owned()))
}

/// The roles to assume: the same name in every account, or one ARN.
fn role_arns(
    role: &str,
    accounts: &[String],
    partition: &Partition,
    home: &str,
) -> Result<Vec<String>, Failure> {
    let name = match role.split_once(":role/") {
        Some((_, name)) if role.starts_with("arn:") => name,
        _ if role.starts_with("arn:") => {
            return Err(Failure::usage(
                format!("--assume-role {role} is not the ARN of a role"),
                "write a role name, or arn:aws:iam::111122223333:role/NAME",
            ));
        }
        _ => role.trim_start_matches("role/"),
    };
    let in_account = |account: &str| format!("arn:{}:iam::{account}:role/{name}", partition.id);
    if accounts.is_empty() {
        return Ok(vec![if role.starts_with("arn:") {
            role.to_owned()
        } else {
            in_account(home)
        }]);
    }
    Ok(accounts.iter().map(|account| in_account(account)).collect())
}

fn account_of(arn: &str) -> String {
    arn.split(':').nth(4).unwrap_or("?").to_owned()
}

async fn assume(
    home: &Account,
    identity: &Identity,
    arn: &str,
    region: &str,
    control: &Arc<Control>,
) -> Result<Account, Trouble> {
    let provider = role(arn, &home.at(region)).await;
    let call = known::call("sts", "AssumeRole");
    let assumed = tokio::select! {
        assumed = provider.provide_credentials() => assumed,
        why = control.until_stopped() => return Err(super::control::stopped(call, why)),
    };
    if let Err(error) = assumed {
        let why = fault::chain(&error)
            .last()
            .map(|words| fault::capped(words))
            .unwrap_or_default();
        return Err(Trouble::plain(
            Kind::Denied,
            call,
            format!("the role {arn} was not assumed: {why}"),
            "Allow sts:AssumeRole on the role, and let the role's trust policy name this identity.",
        ));
    }
    let origin = Origin {
        who: identity.clone(),
        role: Some((arn.to_owned(), region.to_owned())),
    };
    let keyring = Keyring::new(origin, control);
    let mut account = Account {
        id: account_of(arn),
        config: home
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .identity_cache(keyring.door())
            .build(),
        login: home.login.clone(),
        keyring,
    };
    if account.id == "?" {
        account.id = identify(&account, region, control).await?;
    }
    Ok(account)
}

/// The provider of a role's credentials on top of those of a configuration.
async fn role(arn: &str, below: &SdkConfig) -> AssumeRoleProvider {
    AssumeRoleProvider::builder(arn)
        .session_name(APP_NAME)
        .configure(below)
        .build()
        .await
}

/// Finds an account's credentials from the beginning, with nothing of what was read before.
pub(super) async fn provider(
    origin: &Origin,
    control: &Arc<Control>,
) -> Option<SharedCredentialsProvider> {
    let config = load(&origin.who, control).await;
    match &origin.role {
        None => config.credentials_provider(),
        Some((arn, region)) => {
            let region = Region::new(region.clone());
            let below = config.into_builder().region(region).build();
            let assumed = role(arn, &below).await;
            Some(SharedCredentialsProvider::new(assumed))
        }
    }
}

fn credentials(why: String, hint: String) -> Failure {
    Failure {
        kind: failure::Kind::Credentials,
        error: anyhow::Error::msg(why),
        hints: vec![hint],
    }
}

#[cfg(test)]
mod tests;
