//! Calls and changes as CloudTrail records, field for field in the documented shape.
//!
//! Written by hand instead of through a JSON tree: a seed has up to some hundred thousand records.
//! Names are drawn from letters that need no escaping; free text goes through the escaper.

use super::draw::Draw;
use super::script::{Call, Effect, NOWHERE};
use super::world::{Work, World};
use chrono::DateTime;
use serde_json::Value;
use std::fmt::Write as _;

/// A write of an administrator or a tool, written as it is.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// Epoch second.
    pub(super) at: i64,
    pub(super) account: usize,
    /// Region of the record; global services write to us-east-1.
    pub(super) region: &'static str,
    pub(super) source: &'static str,
    pub(super) api: &'static str,
    /// Role name of who did it.
    pub(super) role: String,
    pub(super) parameters: Value,
    /// `errorCode` of a write that failed, or empty.
    pub(super) code: &'static str,
}

/// `2026-03-11T07:02:43Z`.
pub(super) fn stamp(at: i64) -> String {
    DateTime::from_timestamp(at, 0)
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// A GUID that depends on its number and kind alone.
pub(super) fn guid(seed: u64, kind: &str, number: u64) -> String {
    let mut draw = Draw::new(seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d), kind);
    let (a, b) = (draw.bits(), draw.bits());
    format!(
        "{:08x}-{:04x}-4{:03x}-9{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The ARN of a repository in a place.
pub(super) fn repository_arn(world: &World, place: usize, name: &str) -> String {
    let place = &world.places[place];
    format!(
        "arn:aws:ecr:{}:{}:repository/{name}",
        place.region, place.account
    )
}

/// Writes records of one run.
pub(super) struct Scribe<'a> {
    world: &'a World,
    effects: &'a [Effect],
    seed: u64,
}

impl<'a> Scribe<'a> {
    pub(super) fn new(world: &'a World, effects: &'a [Effect], seed: u64) -> Self {
        Self {
            world,
            effects,
            seed,
        }
    }

    fn is_registry(&self, call: &Call) -> bool {
        let direct = self.world.callers[usize::from(call.caller)].work == Work::Scan;
        !direct
            && matches!(
                call.api,
                "BatchGetImage"
                    | "GetDownloadUrlForLayer"
                    | "BatchCheckLayerAvailability"
                    | "InitiateLayerUpload"
                    | "UploadLayerPart"
                    | "CompleteLayerUpload"
                    | "PutImage"
            )
    }

    fn session_arn(&self, call: &Call) -> String {
        let caller = usize::from(call.caller);
        let one = &self.world.callers[caller];
        let account = &self.world.accounts[one.account];
        if one.user {
            return format!("arn:aws:iam::{account}:user/{}", one.name);
        }
        let session = self.world.session(caller, call.session);
        format!("arn:aws:sts::{account}:assumed-role/{}/{session}", one.name)
    }

    fn repository(&self, call: &Call) -> &str {
        self.world
            .repositories
            .get(usize::from(call.repository))
            .map_or("", String::as_str)
    }

    /// `errorMessage` of a failed call.
    fn message(&self, call: &Call) -> String {
        let place = &self.world.places[usize::from(call.place)];
        let repository = self.repository(call);
        let target = if call.repository == NOWHERE {
            "*".to_owned()
        } else {
            repository_arn(self.world, usize::from(call.place), repository)
        };
        let effect = usize::from(call.effect).checked_sub(1);
        let given = effect
            .and_then(|index| self.effects.get(index))
            .map_or("", |effect| effect.message.as_str());
        let template = if given.is_empty() {
            match call.code {
                "ThrottlingException" => "Rate exceeded",
                "ServerException" => "An error occurred on the server side.",
                "InternalFailure" => "We encountered an internal error. Please try again.",
                "ServiceUnavailable" => "Service is temporarily unavailable.",
                "AccessDenied" | "AccessDeniedException" => {
                    "User: {arn} is not authorized to perform: ecr:{api} on resource: {target} because no identity-based policy allows the ecr:{api} action"
                }
                "ImageNotFoundException" => {
                    "The image with imageId {imageDigest:'null', imageTag:'latest'} does not exist within the repository with name '{repository}' in the registry with id '{account}'"
                }
                "RepositoryPolicyNotFoundException" => {
                    "Repository policy does not exist for the repository with name '{repository}' in the registry with id '{account}'"
                }
                "LifecyclePolicyNotFoundException" => {
                    "Lifecycle policy does not exist for the repository with name '{repository}' in the registry with id '{account}'"
                }
                "RepositoryNotFoundException" => {
                    "The repository with name '{repository}' does not exist in the registry with id '{account}'"
                }
                _ => "The request could not be completed.",
            }
        } else {
            given
        };
        template
            .replace("{arn}", &self.session_arn(call))
            .replace("{api}", call.api)
            .replace("{repository}", repository)
            .replace("{target}", &target)
            .replace("{account}", &place.account)
    }

    /// The record of a call; `number` is unique in the run.
    pub(super) fn call(&self, call: &Call, number: u64, late: bool) -> String {
        let caller = &self.world.callers[usize::from(call.caller)];
        let place = &self.world.places[usize::from(call.place)];
        let registry = self.is_registry(call);
        let service = call.source.trim_end_matches(".amazonaws.com");
        let internal = if call.api.starts_with("Batch") || call.api.starts_with("Get") {
            "ecr.amazonaws.com"
        } else {
            "AWS Internal"
        };
        let mut out = String::with_capacity(1400);
        let _ = write!(
            out,
            "{{\"eventVersion\":\"1.11\",\"userIdentity\":{},\"eventTime\":\"{}\",\"eventSource\":\"{}\",\"eventName\":\"{}\",\"awsRegion\":\"{}\",",
            self.identity(call, registry.then_some(internal)),
            stamp(call.at),
            call.source,
            call.api,
            place.region
        );
        let (address, agent) = if registry {
            (internal.to_owned(), internal)
        } else {
            let host = 10 + (call.session * 7 + u32::from(call.caller) * 31) % 220;
            let address = if caller.endpoint.is_some() {
                format!("10.20.{}.{host}", call.caller % 4)
            } else {
                format!("198.51.100.{}", 10 + call.caller % 200)
            };
            (address, caller.agent)
        };
        let _ = write!(
            out,
            "\"sourceIPAddress\":\"{address}\",\"userAgent\":{},",
            quoted(agent)
        );
        if !call.code.is_empty() {
            let message = quoted(&self.message(call));
            let _ = write!(
                out,
                "\"errorCode\":\"{}\",\"errorMessage\":{message},",
                call.code
            );
        }
        let repository = self.repository(call);
        if repository.is_empty() {
            out.push_str("\"requestParameters\":null,");
        } else {
            let _ = write!(
                out,
                "\"requestParameters\":{{\"registryId\":\"{}\",\"repositoryName\":\"{repository}\"}},",
                place.account
            );
        }
        let _ = write!(
            out,
            "\"responseElements\":null,\"requestID\":\"{}\",\"eventID\":\"{}\",\"readOnly\":{},",
            guid(self.seed, "request", number),
            guid(self.seed, "event", number),
            read_only(call.api)
        );
        if !repository.is_empty() {
            let arn = repository_arn(self.world, usize::from(call.place), repository);
            let _ = write!(
                out,
                "\"resources\":[{{\"accountId\":\"{}\",\"ARN\":\"{arn}\"}}],",
                place.account
            );
        }
        let _ = write!(
            out,
            "\"eventType\":\"AwsApiCall\",\"managementEvent\":true,\"recipientAccountId\":\"{}\",",
            place.account
        );
        if let Some(endpoint) = caller.endpoint.filter(|_| service == "ecr") {
            let _ = write!(
                out,
                "\"vpcEndpointId\":\"{}\",\"vpcEndpointAccountId\":\"{}\",",
                self.world.endpoints[endpoint], place.account
            );
        }
        if late {
            out.push_str("\"addendum\":{\"reason\":\"DELIVERY_DELAY\"},");
        }
        out.push_str("\"eventCategory\":\"Management\"}");
        out
    }

    fn identity(&self, call: &Call, invoked_by: Option<&str>) -> String {
        let caller = usize::from(call.caller);
        let one = &self.world.callers[caller];
        let account = &self.world.accounts[one.account];
        let id = Draw::new(self.seed, &one.name).bits();
        let mut out = if one.user {
            format!(
                "{{\"type\":\"IAMUser\",\"principalId\":\"AIDA{id:016X}\",\"arn\":\"{}\",\"accountId\":\"{account}\",\"accessKeyId\":\"AKIA{id:016X}\",\"userName\":\"{}\"",
                self.session_arn(call),
                one.name
            )
        } else {
            format!(
                "{{\"type\":\"AssumedRole\",\"principalId\":\"AROA{id:016X}:{}\",\"arn\":\"{}\",\"accountId\":\"{account}\",\"accessKeyId\":\"ASIA{id:016X}\",\"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"AROA{id:016X}\",\"arn\":\"{}\",\"accountId\":\"{account}\",\"userName\":\"{}\"}},\"attributes\":{{\"creationDate\":\"{}\",\"mfaAuthenticated\":\"false\"}}}}",
                self.world.session(caller, call.session),
                self.session_arn(call),
                self.world.principal(caller),
                one.name,
                stamp(call.at - call.at.rem_euclid(21_600)),
            )
        };
        if let Some(service) = invoked_by {
            let _ = write!(out, ",\"invokedBy\":\"{service}\"");
        }
        out.push('}');
        out
    }

    /// The record of a change; `number` is unique in the run and apart from those of calls.
    pub(super) fn change(&self, change: &Change, number: u64) -> String {
        let account = &self.world.accounts[change.account];
        let role = &change.role;
        let id = Draw::new(self.seed, role).bits();
        let mut out = format!(
            "{{\"eventVersion\":\"1.11\",\"userIdentity\":{{\"type\":\"AssumedRole\",\"principalId\":\"AROA{id:016X}:ops\",\"arn\":\"arn:aws:sts::{account}:assumed-role/{role}/ops\",\"accountId\":\"{account}\",\"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"AROA{id:016X}\",\"arn\":\"arn:aws:iam::{account}:role/{role}\",\"accountId\":\"{account}\",\"userName\":\"{role}\"}}}}}},\"eventTime\":\"{}\",\"eventSource\":\"{}\",\"eventName\":\"{}\",\"awsRegion\":\"{}\",\"sourceIPAddress\":\"198.51.100.7\",\"userAgent\":\"aws-cli/2.22.4\",",
            stamp(change.at),
            change.source,
            change.api,
            change.region
        );
        if !change.code.is_empty() {
            let _ = write!(
                out,
                "\"errorCode\":\"{}\",\"errorMessage\":\"not allowed\",",
                change.code
            );
        }
        let _ = write!(
            out,
            "\"requestParameters\":{},\"responseElements\":null,\"requestID\":\"{}\",\"eventID\":\"{}\",\"readOnly\":false,\"eventType\":\"AwsApiCall\",\"managementEvent\":true,\"recipientAccountId\":\"{account}\",\"eventCategory\":\"Management\"}}",
            change.parameters,
            guid(self.seed, "change-request", number),
            guid(self.seed, "change", number),
        );
        out
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
    ]
    .iter()
    .any(|verb| api.starts_with(verb))
}
