//! One pull by hand for the gate: a token and the head of one manifest, each timed.
//!
//! The registry is not asked through an SDK, so the one request to its API is signed here (AWS
//! Signature Version 4, as the IAM user guide describes it under "Create a signed AWS API request"). Both
//! requests name [`MARK`] as their user agent, by which a scan of the trail leaves them out. It must
//! never hand the token to anybody but the address the registry itself named, keep or print it, or
//! ask for more than heads.

use super::fault::{self, Trouble};
use super::known::{self, Call, Kind};
use super::session::{Account, Keys};
use super::{Field, bare};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use ring::{digest, hmac};
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// What the user agent of the probe begins with; the scan of a trail knows it as well.
pub const MARK: &str = "ecr-incident-probe/";

/// Largest answer read; a token is below 4 KiB.
const LARGEST: usize = 1 << 20;

/// Times a step is tried; a single lost packet must not stop a deployment.
const TRIES: u32 = 2;

/// One step and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// `GetAuthorizationToken`, or the manifest's name.
    pub what: String,
    /// How it ended.
    pub end: End,
    /// Milliseconds of the last try.
    pub took_ms: u64,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was answered.
    Answered,
    /// It failed, and not because of who asked or for what.
    Failed(String),
    /// It could not be tried: permission, credentials, an image that does not exist.
    Unanswerable(String),
}

/// Pulls the head of `repository:tag` in a region; stops at the first step that is not answered.
pub async fn pull(field: &Field, region: &str, repository: &str, tag: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let Some(account) = field.session.accounts.first() else {
        return steps;
    };
    let call = known::call("ecr", "GetAuthorizationToken");
    let mut door = None;
    for attempt in 1..=TRIES {
        let begun = Instant::now();
        let tried = token(field, account, region, call, attempt).await;
        let took_ms = millis(begun);
        let end = match tried {
            Ok(found) => {
                door = Some(found);
                End::Answered
            }
            Err(trouble) => end(trouble),
        };
        if note(&mut steps, &call.operation, end, took_ms, attempt) {
            break;
        }
    }
    let Some((token, registry)) = door else {
        return steps;
    };
    let call = known::call("ecr", "HeadManifest");
    let url = format!("{registry}/v2/{repository}/manifests/{tag}");
    let what = format!("manifest of {repository}:{tag}");
    for attempt in 1..=TRIES {
        let begun = Instant::now();
        let tried = head(field, account, region, call, &url, &token, attempt).await;
        let took_ms = millis(begun);
        let end = tried.map_or_else(end, |()| End::Answered);
        if note(&mut steps, &what, end, took_ms, attempt) {
            break;
        }
    }
    steps
}

fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Notes a try; says whether the step is over.
fn note(steps: &mut Vec<Step>, what: &str, end: End, took_ms: u64, attempt: u32) -> bool {
    let over = attempt == TRIES || !matches!(end, End::Failed(_));
    if over {
        steps.push(Step {
            what: what.to_owned(),
            end,
            took_ms,
        });
    }
    over
}

/// Whose fault a trouble is: the registry's and the network's count against the gate, the caller's
/// own leave it open what a deployment would meet.
fn end(trouble: Trouble) -> End {
    match trouble.kind {
        Kind::Server | Kind::Network | Kind::Throttled | Kind::Unreadable => {
            End::Failed(trouble.what)
        }
        _ => End::Unanswerable(trouble.what),
    }
}

/// A token and the registry's address.
async fn token(
    field: &Field,
    account: &Account,
    region: &str,
    call: &Call,
    attempt: u32,
) -> Result<(String, String), Trouble> {
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    let own = account.endpoint();
    let base = own.map_or_else(
        || format!("https://api.ecr.{region}.{suffix}"),
        |own| own.trim_end_matches('/').to_owned(),
    );
    let host = base.split_once("://").map_or("", |(_, rest)| rest);
    let keys = account
        .keys()
        .await
        .map_err(|why| Trouble::plain(Kind::NoCredentials, call, why, "Sign in and ask again."))?;
    let stamp = stamp(theirs(field.control.skew_s().unwrap_or_default()));
    let target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
    let mut headers = vec![
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("host", host.to_owned()),
        ("x-amz-date", stamp.clone()),
    ];
    if let Some(session) = &keys.session {
        headers.push(("x-amz-security-token", session.clone()));
    }
    headers.push(("x-amz-target", target.to_owned()));
    let sign = signature(&keys, region, "ecr", &stamp, &headers, b"{}");
    headers.push(("authorization", sign));
    let mut request = HttpRequest::new(SdkBody::from("{}"));
    let made = request
        .set_method("POST")
        .is_ok()
        .then(|| request.set_uri(format!("{base}/")))
        .is_some_and(|set| set.is_ok());
    headers.retain(|(name, _)| *name != "host");
    headers.push(("content-length", "2".to_owned()));
    let (status, bytes) = send(
        field, account, region, call, request, made, headers, attempt,
    )
    .await?;
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if status != 200 {
        return Err(refused(call, status, &answer));
    }
    let given = &answer["authorizationData"][0];
    let token = given["authorizationToken"].as_str().unwrap_or_default();
    let registry = given["proxyEndpoint"].as_str().unwrap_or_default();
    // A token goes over the wire in clear only to a loopback somebody set up on purpose.
    let safe = registry.starts_with("https://") || own.is_some();
    if token.is_empty() || !safe {
        let what = "the answer held no token or no registry".to_owned();
        return Err(Trouble::plain(Kind::Unreadable, call, what, ""));
    }
    Ok((token.to_owned(), registry.trim_end_matches('/').to_owned()))
}

/// The head of a manifest.
async fn head(
    field: &Field,
    account: &Account,
    region: &str,
    call: &Call,
    url: &str,
    token: &str,
    attempt: u32,
) -> Result<(), Trouble> {
    let mut request = HttpRequest::new(SdkBody::empty());
    let made = request
        .set_method("HEAD")
        .is_ok()
        .then(|| request.set_uri(url))
        .is_some_and(|set| set.is_ok());
    let accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                  application/vnd.docker.distribution.manifest.list.v2+json, \
                  application/vnd.docker.distribution.manifest.v2+json";
    let headers = vec![
        ("accept", accept.to_owned()),
        ("authorization", format!("Basic {token}")),
    ];
    let (status, _) = send(
        field, account, region, call, request, made, headers, attempt,
    )
    .await?;
    match status {
        200 => Ok(()),
        _ => Err(refused(call, status, &Value::Null)),
    }
}

/// What an HTTP status other than 200 means for the gate.
fn refused(call: &Call, status: u16, answer: &Value) -> Trouble {
    let code = answer["__type"].as_str().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let throttled = status == 429 || code.contains("Throttling");
    let kind = match status {
        _ if throttled => Kind::Throttled,
        500.. => Kind::Server,
        404 => Kind::Missing,
        401 | 403 => Kind::Denied,
        _ => Kind::Refused,
    };
    let code = fault::capped(code);
    let what = format!("{} answered HTTP {status} {code}", call.operation);
    Trouble::plain(kind, call, what.trim_end().to_owned(), "")
}

#[expect(clippy::too_many_arguments, reason = "one request, spelled out")]
async fn send(
    field: &Field,
    account: &Account,
    region: &str,
    call: &Call,
    mut request: HttpRequest,
    made: bool,
    headers: Vec<(&'static str, String)>,
    attempt: u32,
) -> Result<(u16, Vec<u8>), Trouble> {
    let control = &field.control;
    let plain = |kind, what: String| Trouble::plain(kind, call, what, "");
    let agent = format!("{MARK}{}", env!("CARGO_PKG_VERSION"));
    let mut fit = made;
    for (name, value) in headers.into_iter().chain([("user-agent", agent)]) {
        fit = fit && request.headers_mut().try_insert(name, value).is_ok();
    }
    if !fit {
        let what = "the repository or tag cannot be part of an address".to_owned();
        return Err(plain(Kind::Refused, what));
    }
    let place = bare::Place {
        account: &account.id,
        region,
    };
    let connector = bare::connector(control);
    let answer = bare::send(
        control,
        call,
        place,
        &connector,
        (attempt, request),
        LARGEST,
    )
    .await?;
    answer.map_err(|why| plain(Kind::Network, format!("{}: {why}", call.operation)))
}

/// The time as AWS tells it, when its clock is so many seconds ahead of ours.
fn theirs(ahead_s: i64) -> SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "a signature holds for the minutes in which it is made"
    )]
    let now = SystemTime::now();
    let shift = Duration::from_secs(ahead_s.unsigned_abs());
    let told = if ahead_s < 0 {
        now.checked_sub(shift)
    } else {
        now.checked_add(shift)
    };
    told.unwrap_or(now)
}

/// `20260311T070200Z`.
fn stamp(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let at = DateTime::from_secs(i64::try_from(seconds).unwrap_or_default());
    let text = at
        .fmt(aws_smithy_types::date_time::Format::DateTime)
        .unwrap_or_default();
    text.replace(['-', ':'], "")
}

/// The `Authorization` header of a `POST` to `/`. `headers` are lower-case, sorted, and all signed.
fn signature(
    keys: &Keys,
    region: &str,
    service: &str,
    stamp: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> String {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let sha = |bytes: &[u8]| hex(digest::digest(&digest::SHA256, bytes).as_ref());
    let mac = |key: &[u8], text: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    };
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{}\n", value.trim()))
        .collect();
    let asked = format!("POST\n/\n\n{lines}\n{names}\n{}", sha(body));
    let day: String = stamp.chars().take(8).collect();
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!(
        "AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}",
        sha(asked.as_bytes())
    );
    let key = [day.as_str(), region, service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", keys.secret).into_bytes(), |key, part| {
            mac(&key, part)
        });
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        keys.id,
        hex(&mac(&key, &text))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The `post-vanilla` example of AWS's own test suite for Signature Version 4.
    #[test]
    fn a_signature_is_that_of_the_published_example() {
        let keys = Keys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session: None,
        };
        let headers = [
            ("host", "example.amazonaws.com".to_owned()),
            ("x-amz-date", "20150830T123600Z".to_owned()),
        ];
        let text = signature(
            &keys,
            "us-east-1",
            "service",
            "20150830T123600Z",
            &headers,
            b"",
        );
        assert_eq!(
            text,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        let at = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        assert_eq!(stamp(at), "20150830T123600Z");
    }

    #[test]
    fn what_the_caller_did_wrong_does_not_count_against_the_registry() {
        let call = known::call("ecr", "GetAuthorizationToken");
        let of =
            |status, code: &str| end(refused(call, status, &serde_json::json!({"__type": code})));
        assert!(matches!(of(500, "ServerException"), End::Failed(_)));
        assert!(matches!(of(400, "ThrottlingException"), End::Failed(_)));
        assert!(matches!(
            of(403, "AccessDeniedException"),
            End::Unanswerable(_)
        ));
        assert!(matches!(of(404, ""), End::Unanswerable(_)));
    }
}
