//! What an error of AWS means: a kind, a sentence, what to do, and the request ID Support asks for.
//!
//! The meaning of codes stands in `queries/aws/errors.toml`. It must never show a raw answer (it may
//! hold anything), and never turn a failed source into a failed run: a trouble becomes a gap.

use super::keyring::Keyring;
use super::known::{self, Call, Kind};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;
use std::error::Error;
use std::sync::Arc;

/// Longest piece of AWS's own message kept, in characters.
const MESSAGE_CAP: usize = 300;

/// One call that did not give its answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: Kind,
    /// `cloudwatch:GetMetricData`: what was asked, as IAM names it.
    pub action: String,
    /// What happened, a clause without a full stop.
    pub what: String,
    /// What to do, full sentences.
    pub hint: String,
    /// AWS's code, or empty.
    pub code: String,
    /// AWS's request ID, or empty.
    pub request_id: String,
}

/// What a hint may name.
#[derive(Debug, Clone, Default)]
pub struct Asker {
    /// Account asked.
    pub account: String,
    /// Region asked.
    pub region: String,
    /// The command that logs in again.
    pub login: String,
    /// Where fresh credentials come from; `None` when nobody is asked as somebody.
    pub(super) keyring: Option<Arc<Keyring>>,
}

impl Trouble {
    /// Reads an SDK error.
    #[must_use]
    pub fn of<E>(call: &Call, asker: &Asker, error: &SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => Self::service(
                call,
                asker,
                answer.err().code().unwrap_or_default(),
                answer.err().message().unwrap_or_default(),
                &request_id(answer.raw()),
                answer.raw().status().as_u16(),
            ),
            SdkError::ResponseError(answer) => {
                let status = answer.raw().status().as_u16();
                Self::plain(
                    if status >= 500 { Kind::Server } else { Kind::Unreadable },
                    call,
                    format!(
                        "the answer (HTTP {status}) could not be read: it is cut short or not AWS's"
                    ),
                    "A proxy or gateway between here and AWS may have answered instead. Run again later.",
                )
                .with_request(&request_id(answer.raw()))
            }
            SdkError::TimeoutError(_) => Self::plain(
                Kind::Network,
                call,
                "no answer came in time".to_owned(),
                "Run again later, or from a network nearer to the region.",
            ),
            SdkError::DispatchFailure(failure) => {
                let chain = chain(error);
                if let Some(trouble) = credentials(call, asker, &chain) {
                    return trouble;
                }
                let why = if failure.is_timeout() {
                    "no answer came in time".to_owned()
                } else {
                    format!("no connection: {}", capped(&last(&chain)))
                };
                Self::plain(
                    Kind::Network,
                    call,
                    why,
                    "Check the network, the proxy and that the endpoint's name resolves.",
                )
            }
            _ => {
                let chain = chain(error);
                credentials(call, asker, &chain).unwrap_or_else(|| {
                    Self::plain(
                        Kind::Refused,
                        call,
                        format!("the request could not be made: {}", capped(&last(&chain))),
                        "Check the AWS configuration.",
                    )
                })
            }
        }
    }

    fn service(
        call: &Call,
        asker: &Asker,
        code: &str,
        message: &str,
        request_id: &str,
        status: u16,
    ) -> Self {
        // `aws.protocol#Code` and `Code:http://…` are the same code in other clothes.
        let bare = code.rsplit('#').next().unwrap_or(code);
        let bare = bare.split(':').next().unwrap_or(bare);
        let row = known::error(bare).or_else(|| (status >= 500).then(|| known::error("500"))?);
        let not_aws = bare.is_empty() && request_id.is_empty();
        // A call can need more than its own action, a key's for example; AWS then names it.
        let named = denied_action(message).map(|action| Call {
            action: action.to_owned(),
            ..call.clone()
        });
        let lacking = named.as_ref().unwrap_or(call);
        let (kind, what, hint) = match row {
            // Some gateways deny in a form the client cannot read a code from.
            _ if bare.is_empty() && matches!(status, 401 | 403) => {
                let row = known::error("AccessDenied");
                (
                    Kind::Denied,
                    format!("HTTP {status} came without an AWS error code"),
                    row.map_or_else(String::new, |row| fill(&row.hint, lacking, asker)),
                )
            }
            _ if not_aws => (
                if status >= 500 {
                    Kind::Server
                } else {
                    Kind::Unreadable
                },
                format!("HTTP {status} came without an AWS error: not an AWS answer"),
                "A proxy or gateway between here and AWS may have answered instead.".to_owned(),
            ),
            Some(row) => (row.kind, row.what.clone(), fill(&row.hint, lacking, asker)),
            None => (
                Kind::Refused,
                format!("AWS refused the call (HTTP {status})"),
                "AWS's own words say why; with the request ID, AWS Support can say more."
                    .to_owned(),
            ),
        };
        let words = [bare, message]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(": ");
        let what = if words.is_empty() {
            what
        } else {
            format!("{what} ({})", capped(&words))
        };
        Self {
            kind,
            action: call.action.clone(),
            what,
            hint,
            code: bare.to_owned(),
            request_id: request_id.to_owned(),
        }
    }

    /// A trouble that is no answer of AWS.
    #[must_use]
    pub fn plain(kind: Kind, call: &Call, what: String, hint: &str) -> Self {
        Self {
            kind,
            action: call.action.clone(),
            what,
            hint: hint.to_owned(),
            code: String::new(),
            request_id: String::new(),
        }
    }

    fn with_request(self, id: &str) -> Self {
        Self {
            request_id: id.to_owned(),
            ..self
        }
    }

    /// The whole in one clause: action, what happened, request ID.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut text = format!("{}: {}", self.action, self.what);
        if !self.request_id.is_empty() {
            text.push_str(&format!(", request {}", self.request_id));
        }
        text
    }
}

/// The action in AWS's own words: "… is not authorized to perform: kms:Decrypt on resource: …".
fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action = rest.split_whitespace().next()?.trim_end_matches('.');
    let is_name = |text: &str| {
        !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let (service, name) = action.split_once(':')?;
    (is_name(&service.replace('-', "")) && is_name(name)).then_some(action)
}

fn fill(hint: &str, call: &Call, asker: &Asker) -> String {
    hint.replace("{action}", &call.action)
        .replace("{login}", &asker.login)
        .replace("{region}", &asker.region)
        .replace("{account}", &asker.account)
}

/// The words of an error and of everything behind it, outermost first.
pub(super) fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut words = vec![error.to_string()];
    let mut inner = error.source();
    while let Some(error) = inner {
        let text = error.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        inner = error.source();
    }
    words
}

fn last(chain: &[String]) -> String {
    chain.last().cloned().unwrap_or_default()
}

/// Credentials are fetched while a call is sent, so their failure hides inside it.
fn credentials(call: &Call, asker: &Asker, chain: &[String]) -> Option<Trouble> {
    let said = |words: &str| chain.iter().any(|line| line.to_lowercase().contains(words));
    if !(said("credential") || said("identity") || said("sso") || said("token")) {
        return None;
    }
    let expired = said("expired") || said("refresh");
    Some(Trouble {
        kind: if expired {
            Kind::Expired
        } else {
            Kind::NoCredentials
        },
        action: call.action.clone(),
        what: format!("no credentials could be loaded: {}", capped(&last(chain))),
        hint: format!(
            "Log in: {}; then run the same command with --resume.",
            asker.login
        ),
        code: String::new(),
        request_id: String::new(),
    })
}

/// The request ID of an answer, whichever of AWS's headers carries it.
pub(super) fn request_id(answer: &Response) -> String {
    ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"]
        .iter()
        .find_map(|name| answer.headers().get(name))
        .map(capped)
        .unwrap_or_default()
}

/// One line of at most [`MESSAGE_CAP`] characters, free of control characters.
pub(super) fn capped(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MESSAGE_CAP)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: &str, status: u16) -> Trouble {
        let asker = Asker {
            login: "aws sso login --profile dev".to_owned(),
            ..Asker::default()
        };
        let call = known::call("monitoring", "GetMetricData");
        Trouble::service(call, &asker, code, "words", "id-1", status)
    }

    #[test]
    fn a_missing_permission_names_the_action() {
        let trouble = read("com.amazon.coral.service#AccessDeniedException", 403);
        assert_eq!(trouble.kind, Kind::Denied);
        assert!(
            trouble.hint.contains("cloudwatch:GetMetricData"),
            "{trouble:?}"
        );
        assert!(trouble.sentence().contains("request id-1"));
    }

    #[test]
    fn the_action_that_aws_names_is_the_one_to_allow() {
        let said = "User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource: arn";
        assert_eq!(denied_action(said), Some("kms:Decrypt"));
        assert_eq!(denied_action("not authorized to perform: <b>:x y"), None);
        assert_eq!(denied_action("Access Denied"), None);
    }

    #[test]
    fn expired_credentials_name_the_command() {
        let trouble = read("ExpiredTokenException", 400);
        assert_eq!(trouble.kind, Kind::Expired);
        assert!(
            trouble.hint.contains("aws sso login --profile dev"),
            "{trouble:?}"
        );
    }

    #[test]
    fn unknown_codes_keep_their_name_and_servers_their_blame() {
        assert_eq!(read("SomethingNew", 400).kind, Kind::Refused);
        assert!(read("SomethingNew", 400).what.contains("SomethingNew"));
        assert_eq!(read("SomethingNew", 500).kind, Kind::Server);
    }
}
