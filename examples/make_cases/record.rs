//! One call as a CloudTrail record, field for field in the documented shape.
//!
//! Identifiers are GUIDs in form but carry few random digits, so that the archives stay small.
//! Accounts, keys and addresses are from the ranges reserved for documentation.

use super::draw::Draw;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// The account of every story.
pub(crate) const ACCOUNT: &str = "111122223333";
/// A second account that pulls across the border.
pub(crate) const PARTNER: &str = "444455556666";

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    /// A role session: role name.
    Role(&'static str),
    /// An IAM user: user name.
    User(&'static str),
    /// A role of the partner account, as the registry's account sees it.
    Partner(&'static str),
    /// An AWS service: its DNS name.
    Service(&'static str),
}

/// How the call arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Path {
    /// `docker` against the registry door: ECR calls itself on the client's behalf.
    Registry,
    /// An SDK call with its own address and user agent.
    Direct,
}

/// Why a call failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// `errorCode`.
    pub(crate) code: &'static str,
    /// `errorMessage`.
    pub(crate) message: String,
}

/// A failure with a message.
pub(crate) fn failure(code: &'static str, message: impl Into<String>) -> Failure {
    Failure {
        code,
        message: message.into(),
    }
}

/// One API call, before it is written down.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Completion, epoch seconds UTC.
    pub(crate) at: i64,
    /// Region the call was made to.
    pub(crate) region: &'static str,
    /// `eventSource`.
    pub(crate) source: &'static str,
    /// `eventName`.
    pub(crate) api: &'static str,
    /// Caller.
    pub(crate) who: Who,
    /// Session name; empty for users and services.
    pub(crate) session: String,
    /// Repository, or empty.
    pub(crate) repository: &'static str,
    /// Door.
    pub(crate) path: Path,
    /// `vpce-…` or empty.
    pub(crate) endpoint: &'static str,
    /// User agent of a direct call.
    pub(crate) agent: &'static str,
    /// `requestParameters`, when the API's usual ones do not do.
    pub(crate) parameters: Option<Value>,
    /// Why it failed.
    pub(crate) failure: Option<Failure>,
    /// Unique within the case; makes the identifiers.
    pub(crate) serial: u64,
}

/// `2026-03-11T07:02:43Z`.
pub(crate) fn stamp(at: i64) -> String {
    date(at).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The instant of an epoch second.
pub(crate) fn date(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(at, 0).expect("the stories play in this century")
}

/// Epoch seconds of an RFC 3339 text.
pub(crate) fn at(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text)
        .expect("the stories give whole RFC 3339 times")
        .timestamp()
}

/// A GUID whose first eight digits vary a little and whose tail counts, so that it packs well.
pub(crate) fn guid(salt: &str, serial: u64) -> String {
    let kind = Draw::seeded(salt).bits() >> 48;
    let mixed = Draw::seeded(&serial.to_string()).bits() >> 52;
    format!("{mixed:04x}{kind:04x}-4a1e-4c0d-9b52-{serial:012x}")
}

/// A layer or image digest; `index` chooses one of a small set per repository.
pub(crate) fn digest(repository: &str, index: usize) -> String {
    let mut draw = Draw::seeded(&format!("{repository}#{index}"));
    format!(
        "sha256:{:016x}{:016x}{:016x}{:016x}",
        draw.bits(),
        draw.bits(),
        draw.bits(),
        draw.bits()
    )
}

/// The ARN of a role or user, without a session.
pub(crate) fn principal(who: Who) -> String {
    match who {
        Who::Role(name) => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        Who::User(name) => format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
        Who::Partner(_) => PARTNER.to_owned(),
        Who::Service(name) => name.to_owned(),
    }
}

/// The ARN of a repository.
pub(crate) fn repository_arn(region: &str, repository: &str) -> String {
    format!("arn:aws:ecr:{region}:{ACCOUNT}:repository/{repository}")
}

/// The session's ARN as error messages name it.
pub(crate) fn session_arn(call: &Call) -> String {
    match call.who {
        Who::Role(name) => format!(
            "arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{}",
            call.session
        ),
        Who::Partner(name) => format!(
            "arn:aws:sts::{PARTNER}:assumed-role/{name}/{}",
            call.session
        ),
        other => principal(other),
    }
}

/// Whether CloudTrail delivers this record late and says so in an addendum: one call in some 300.
pub(crate) fn is_late(call: &Call) -> bool {
    call.serial.is_multiple_of(311)
}

/// The record as one line of JSON, in the order AWS writes its fields.
pub(crate) fn record(call: &Call) -> String {
    let ecr = call.source == "ecr.amazonaws.com";
    let mut line = Line::default();
    line.put("eventVersion", version(call).into());
    line.raw("userIdentity", &identity(call));
    line.put("eventTime", stamp(call.at).into());
    line.put("eventSource", call.source.into());
    line.put("eventName", call.api.into());
    line.put("awsRegion", call.region.into());
    line.put("sourceIPAddress", address(call).into());
    line.put("userAgent", user_agent(call).into());
    if let Some(failure) = &call.failure {
        line.put("errorCode", failure.code.into());
        line.put("errorMessage", failure.message.as_str().into());
    }
    line.put("requestParameters", parameters(call));
    line.put("responseElements", response(call));
    line.put("requestID", guid("request", call.serial).into());
    line.put("eventID", guid("event", call.serial).into());
    line.put("readOnly", read_only(call.api).into());
    if ecr && !call.repository.is_empty() {
        line.put(
            "resources",
            json!([{"accountId": ACCOUNT, "ARN": repository_arn(call.region, call.repository)}]),
        );
    }
    line.put("eventType", "AwsApiCall".into());
    line.put("managementEvent", true.into());
    line.put("recipientAccountId", ACCOUNT.into());
    if matches!(call.who, Who::Partner(_)) {
        line.put("sharedEventID", guid("shared", call.serial).into());
    }
    if !call.endpoint.is_empty() {
        line.put("vpcEndpointId", call.endpoint.into());
        line.put("vpcEndpointAccountId", ACCOUNT.into());
    }
    if is_late(call) {
        line.put("addendum", json!({"reason": "DELIVERY_DELAY"}));
    }
    line.put("eventCategory", "Management".into());
    if call.path == Path::Direct && !matches!(call.who, Who::Service(_)) {
        let service = call.source.trim_end_matches(".amazonaws.com");
        let host = if ecr {
            format!("api.ecr.{}.amazonaws.com", call.region)
        } else {
            format!("{service}.{}.amazonaws.com", call.region)
        };
        line.put(
            "tlsDetails",
            json!({"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}),
        );
    }
    line.close()
}

/// A lifecycle policy's own record: a service event, whose identity has no type.
pub(crate) fn lifecycle_record(region: &str, at: i64, repository: &str, serial: u64) -> String {
    let mut line = Line::default();
    line.put("eventVersion", "1.08".into());
    line.put(
        "userIdentity",
        json!({"accountId": ACCOUNT, "invokedBy": "AWS Internal"}),
    );
    line.put("eventTime", stamp(at).into());
    line.put("eventSource", "ecr.amazonaws.com".into());
    line.put("eventName", "PolicyExecutionEvent".into());
    line.put("awsRegion", region.into());
    line.put("sourceIPAddress", "AWS Internal".into());
    line.put("userAgent", "AWS Internal".into());
    line.put("requestParameters", Value::Null);
    line.put("responseElements", Value::Null);
    line.put("eventID", guid("event", serial).into());
    line.put("readOnly", true.into());
    line.put(
        "resources",
        json!([{"accountId": ACCOUNT, "type": "AWS::ECR::Repository", "ARN": repository_arn(region, repository)}]),
    );
    line.put("eventType", "AwsServiceEvent".into());
    line.put("managementEvent", true.into());
    line.put("recipientAccountId", ACCOUNT.into());
    line.put(
        "serviceEventDetails",
        json!({
            "repositoryName": repository,
            "lifecycleEventPolicy": {
                "lifecycleEventRules": [{
                    "rulePriority": 1,
                    "description": "keep the newest 200 untagged images",
                    "lifecycleEventSelection": {"tagStatus": "Untagged", "tagPrefixList": [], "countType": "Image count more than", "countNumber": 200},
                    "action": "expire"
                }],
                "lastEvaluatedAt": 0, "policyVersion": 1, "policyId": guid("policy", 7)
            },
            "lifecycleEventImageActions": [{
                "lifecycleEventImage": {"digest": digest(repository, 90), "tagStatus": "Untagged", "tagList": [], "pushedAt": (at - 60 * 86_400) * 1000},
                "rulePriority": 1
            }]
        }),
    );
    line.put("eventCategory", "Management".into());
    line.close()
}

/// A JSON object written field by field, so that the order is AWS's and not the alphabet's.
#[derive(Default)]
struct Line(String);

impl Line {
    fn raw(&mut self, key: &str, json: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&Value::from(key).to_string());
        self.0.push(':');
        self.0.push_str(json);
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over what they have just made"
    )]
    fn put(&mut self, key: &str, value: Value) {
        self.raw(key, &value.to_string());
    }

    fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Services raise the record version at their own pace; old and new stand side by side.
fn version(call: &Call) -> &'static str {
    match (call.source, call.who) {
        ("ecr.amazonaws.com", Who::User(_)) => "1.09",
        ("ecr.amazonaws.com", _) | ("kms.amazonaws.com" | "iam.amazonaws.com", _) => "1.11",
        ("sts.amazonaws.com", _) => "1.08",
        _ => "1.10",
    }
}

fn identity(call: &Call) -> String {
    let mut line = Line::default();
    match call.who {
        Who::Role(role) => {
            let id = unique("AROA", role);
            line.put("type", "AssumedRole".into());
            line.put("principalId", format!("{id}:{}", call.session).into());
            line.put("arn", session_arn(call).into());
            line.put("accountId", ACCOUNT.into());
            line.put("accessKeyId", unique("ASIA", role).into());
            line.put("sessionContext", session_context(call, role, &id));
            if call.path == Path::Registry {
                line.put("invokedBy", internal(call).into());
            }
        }
        Who::User(user) => {
            line.put("type", "IAMUser".into());
            line.put("principalId", unique("AIDA", user).into());
            line.put("arn", principal(call.who).into());
            line.put("accountId", ACCOUNT.into());
            line.put("accessKeyId", unique("AKIA", user).into());
            line.put("userName", user.into());
            if call.path == Path::Registry {
                line.put("invokedBy", internal(call).into());
            }
        }
        Who::Partner(role) => {
            let id = unique("AROA", role);
            line.put("type", "AWSAccount".into());
            line.put("principalId", format!("{id}:{}", call.session).into());
            line.put("accountId", PARTNER.into());
        }
        Who::Service(name) => {
            line.put("type", "AWSService".into());
            line.put("invokedBy", name.into());
        }
    }
    line.close()
}

fn session_context(call: &Call, role: &str, id: &str) -> Value {
    // The credentials of a session are renewed every six hours.
    let created = stamp(call.at - call.at.rem_euclid(21_600));
    let mut context = json!({
        "sessionIssuer": {"type": "Role", "principalId": id, "arn": principal(call.who), "accountId": ACCOUNT, "userName": role},
        "attributes": {"creationDate": created, "mfaAuthenticated": "false"}
    });
    if call.session.starts_with("i-") {
        context["ec2RoleDelivery"] = "2.0".into();
    }
    context
}

/// Twenty characters like AWS's unique IDs, but plainly an example.
fn unique(prefix: &str, name: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut draw = Draw::seeded(&format!("{prefix}{name}"));
    let tail: String = (0..9)
        .map(|_| char::from(LETTERS[draw.below(LETTERS.len())]))
        .collect();
    format!("{prefix}EXAMPLE{tail}")
}

fn internal(call: &Call) -> &'static str {
    match call.api {
        "PutImage" | "InitiateLayerUpload" | "UploadLayerPart" | "CompleteLayerUpload" => {
            "AWS Internal"
        }
        _ => "ecr.amazonaws.com",
    }
}

fn address(call: &Call) -> String {
    if let Who::Service(name) = call.who {
        return name.to_owned();
    }
    if call.path == Path::Registry {
        return internal(call).to_owned();
    }
    let host = Draw::seeded(&call.session).below(200) + 10;
    if call.endpoint.is_empty() {
        // One NAT address per role.
        format!(
            "198.51.100.{}",
            Draw::seeded(&principal(call.who)).below(200) + 10
        )
    } else {
        format!("10.20.{}.{host}", host % 4)
    }
}

fn user_agent(call: &Call) -> String {
    match (call.who, call.path) {
        (Who::Service(name), _) => name.to_owned(),
        (_, Path::Registry) => internal(call).to_owned(),
        (_, Path::Direct) => call.agent.to_owned(),
    }
}

fn read_only(api: &str) -> bool {
    [
        "Get",
        "Describe",
        "List",
        "BatchGet",
        "BatchCheck",
        "Decrypt",
        "GenerateDataKey",
        "AssumeRole",
        "Head",
    ]
    .iter()
    .any(|verb| api.starts_with(verb))
}

fn parameters(call: &Call) -> Value {
    if let Some(given) = &call.parameters {
        return given.clone();
    }
    let repository = call.repository;
    let layer = digest(repository, (call.serial % 6) as usize);
    let upload = guid("upload", call.serial % 50);
    match call.api {
        "BatchGetImage" => json!({
            "registryId": ACCOUNT, "repositoryName": repository,
            "imageIds": [{"imageTag": format!("v{}", call.at / 86_400 % 40)}],
            "acceptedMediaTypes": ["application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"]
        }),
        "GetDownloadUrlForLayer" => {
            json!({"registryId": ACCOUNT, "repositoryName": repository, "layerDigest": layer})
        }
        "BatchCheckLayerAvailability" => {
            json!({"registryId": ACCOUNT, "repositoryName": repository, "layerDigests": [layer]})
        }
        "InitiateLayerUpload" => json!({"registryId": ACCOUNT, "repositoryName": repository}),
        "UploadLayerPart" => json!({
            "registryId": ACCOUNT, "repositoryName": repository, "uploadId": upload,
            "partFirstByte": 0, "partLastByte": 8_388_607
        }),
        "CompleteLayerUpload" => json!({
            "registryId": ACCOUNT, "repositoryName": repository, "uploadId": upload, "layerDigests": [layer]
        }),
        "PutImage" => json!({
            "registryId": ACCOUNT, "repositoryName": repository, "imageTag": format!("v{}", call.at / 86_400 % 40),
            "imageManifest": "{\n   \"schemaVersion\": 2,\n   \"mediaType\": \"application/vnd.oci.image.manifest.v1+json\"\n}"
        }),
        "AssumeRole" => json!({
            "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/platform-node"), "roleSessionName": "i-0f00"
        }),
        "GetAuthorizationToken" => Value::Null,
        _ if repository.is_empty() => Value::Null,
        _ => json!({"registryId": ACCOUNT, "repositoryName": repository}),
    }
}

/// Only writes that succeed have a response; CloudTrail never logs what a read returned.
fn response(call: &Call) -> Value {
    if call.failure.is_some() || call.source != "ecr.amazonaws.com" {
        return Value::Null;
    }
    let repository = call.repository;
    let upload = guid("upload", call.serial % 50);
    match call.api {
        "InitiateLayerUpload" => json!({"uploadId": upload, "partSize": 10_485_760}),
        "UploadLayerPart" => json!({
            "registryId": ACCOUNT, "repositoryName": repository, "uploadId": upload, "lastByteReceived": 8_388_607
        }),
        "CompleteLayerUpload" => json!({
            "registryId": ACCOUNT, "repositoryName": repository, "uploadId": upload,
            "layerDigest": digest(repository, (call.serial % 6) as usize)
        }),
        "PutImage" => json!({
            "image": {"registryId": ACCOUNT, "repositoryName": repository,
                "imageId": {"imageDigest": digest(repository, 40), "imageTag": format!("v{}", call.at / 86_400 % 40)}}
        }),
        _ => Value::Null,
    }
}
