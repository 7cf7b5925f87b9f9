//! A write that could break a registry: what it changed, and its parameters in one line.
//!
//! Which writes count is data (`queries/ecr/changes.toml`); this file only reads their records.

use super::fields::{Record, capped};
use super::record::{Resource, unwrapped, view};
use super::slots::Key;
use crate::bundle::rows::caps;
use serde_json::Value;

/// Parameters that name the thing changed, the most telling first. Matched without case, because
/// EC2 capitalises its keys and nests them one level deeper.
const TELLING: [&str; 27] = [
    "repositoryName",
    "ecrRepositoryPrefix",
    "roleName",
    "userName",
    "groupName",
    "policyArn",
    "instanceProfileName",
    "openIDConnectProviderArn",
    "keyId",
    "aliasName",
    "vpcEndpointIds",
    "vpcEndpointId",
    "groupId",
    "routeTableId",
    "networkAclId",
    "natGatewayId",
    "vpcId",
    "bucketName",
    "secretId",
    "policyId",
    "targetId",
    "quotaCode",
    "autoScalingGroupName",
    "nodegroupName",
    "service",
    "clusterName",
    "name",
];

/// How deep a telling parameter may stand: `DeleteVpcEndpointsRequest.VpcEndpointId.content`.
const DEPTH: usize = 3;

/// What the change a record describes is about, and its parameters.
pub(super) fn change(record: Record<'_>) -> (String, String) {
    let mut parameters = unwrapped(record.raw(Key::Parameters));
    if parameters.is_empty() {
        parameters = unwrapped(record.raw(Key::ServiceDetails));
    }
    // Through a value, so that the same parameters in another order are the same text. Nesting
    // beyond the parser's limit falls back to the text as it stands.
    let value: Option<Value> = serde_json::from_str(&parameters)
        .ok()
        .map(|mut value: Value| {
            value.sort_all_objects();
            value
        });
    let detail = match &value {
        Some(value) => capped(&value.to_string(), caps::CHANGE_DETAIL),
        None => capped(&parameters, caps::CHANGE_DETAIL),
    };
    (resource(record, value.as_ref()), detail)
}

fn resource(record: Record<'_>, parameters: Option<&Value>) -> String {
    let resources: Vec<Resource<'_>> = view(record.raw(Key::Resources));
    resources
        .iter()
        .flat_map(|resource| [&*resource.arn, &*resource.arn_lower])
        .find(|arn| !arn.is_empty())
        .map(str::to_owned)
        .or_else(|| {
            let parameters = parameters?;
            TELLING.iter().find_map(|key| named(parameters, key, DEPTH))
        })
        .unwrap_or_default()
}

/// The text of the parameter `key`, on this level first, then below.
fn named(value: &Value, key: &str, depth: usize) -> Option<String> {
    let fields = value.as_object()?;
    fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .and_then(|(_, value)| words(value, DEPTH))
        .or_else(|| {
            let depth = depth.checked_sub(1)?;
            fields.values().find_map(|value| named(value, key, depth))
        })
}

/// A value as words: texts as they are, lists joined, EC2's `{"content": …}` and `{"items": […]}`
/// opened.
fn words(value: &Value, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(list) => list
            .iter()
            .filter_map(|one| words(one, depth))
            .collect::<Vec<_>>()
            .join(","),
        Value::Object(fields) => ["content", "items"]
            .iter()
            .find_map(|key| words(fields.get(*key)?, depth))?,
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::super::skim::{Met, Skim};
    use super::super::spelling::Spellings;
    use super::*;

    fn changed(record: &str) -> (String, String) {
        let mut spellings = Spellings::default();
        let mut skim = Skim::new(record.as_bytes(), Vec::new(), &mut spellings);
        assert!(matches!(skim.next(), Met::Record { .. }), "{record}");
        change(Record {
            text: record.as_bytes(),
            slots: &skim.slots,
        })
    }

    #[test]
    fn the_thing_changed_is_named() {
        let cases = [
            (
                r#"{"resources":[{"ARN":"arn:aws:kms:eu-west-1:1:key/k"}],"requestParameters":{"keyId":"k"}}"#,
                "arn:aws:kms:eu-west-1:1:key/k",
            ),
            (
                r#"{"requestParameters":{"policyArn":"arn:p","roleName":"node"}}"#,
                "node",
            ),
            (
                r#"{"requestParameters":{"DeleteVpcEndpointsRequest":{"VpcEndpointId":{"tag":1,"content":"vpce-0a"}}}}"#,
                "vpce-0a",
            ),
            (
                r#"{"requestParameters":{"vpcEndpointIds":["vpce-0a","vpce-0b"]}}"#,
                "vpce-0a,vpce-0b",
            ),
            (
                r#"{"requestParameters":"{\"bucketName\":\"logs\"}"}"#,
                "logs",
            ),
            (
                r#"{"requestParameters":null,"serviceEventDetails":{"repositoryName":"team/app"}}"#,
                "team/app",
            ),
            (r#"{"requestParameters":[1,2]}"#, ""),
            (r#"{}"#, ""),
        ];
        for (record, resource) in cases {
            assert_eq!(changed(record).0, resource, "{record}");
        }
    }

    #[test]
    fn detail_is_one_short_line_in_one_order() {
        let one = changed("{\"requestParameters\":{\n \"b\": [1, 2],\n \"a\": \"x y\"}}").1;
        let two = changed(r#"{"requestParameters":{"a":"x y","b":[1,2]}}"#).1;
        assert_eq!(one, r#"{"a":"x y","b":[1,2]}"#);
        assert_eq!(one, two);
        let long = format!(r#"{{"requestParameters":{{"a":"{}"}}}}"#, "é".repeat(5_000));
        assert_eq!(changed(&long).1.chars().count(), caps::CHANGE_DETAIL);
        let deep = format!(
            r#"{{"requestParameters":{}{}}}"#,
            "[".repeat(5_000),
            "]".repeat(5_000)
        );
        assert_eq!(changed(&deep).1.len(), caps::CHANGE_DETAIL);
    }
}
