//! Somebody changed who may do what: policies of roles, repositories and endpoints, and keys.

use crate::simulate::record::repository_arn;
use crate::simulate::script::Effect;
use crate::simulate::stage::Stage;
use crate::simulate::world::Work;
use serde_json::{Value, json};

const PULL: [&str; 2] = ["BatchGetImage", "GetDownloadUrlForLayer"];
const PUSH: [&str; 4] = [
    "InitiateLayerUpload",
    "UploadLayerPart",
    "CompleteLayerUpload",
    "PutImage",
];
const BECAUSE: &str =
    "User: {arn} is not authorized to perform: ecr:{api} on resource: {target} because ";

/// The change comes some seconds before the fault, and its opposite at the end of it.
fn switch(
    stage: &mut Stage,
    source: &'static str,
    (breaks, mends): (&'static str, &'static str),
    parameters: &Value,
) {
    let lead = match stage.draw.below(5) {
        0 => stage.draw.between(60, 300),
        _ => stage.draw.between(3, 60),
    };
    let (from, to) = stage.fault;
    stage.change(from - lead, source, breaks, parameters.clone());
    if stage.draw.chance(0.8) {
        let lead = stage.draw.between(3, 60);
        stage.change(to - lead, source, mends, parameters.clone());
    }
}

/// Callers, repositories or an endpoint lose a permission.
pub(super) fn permission_change(stage: &mut Stage) {
    let work = stage.draw.pick(&[Work::Pull, Work::Pull, Work::Push]);
    let all = stage.callers(work);
    let caller = stage.draw.pick(&all);
    let truth = stage.incident("denied", "customer", "permission_change", 1.0);
    let code = stage
        .draw
        .pick(&["AccessDenied", "AccessDenied", "AccessDeniedException"]);
    let mut effect = stage.effect(truth, 1.0);
    let apis: &[&'static str] = if work == Work::Pull { &PULL } else { &PUSH };
    effect.apis = apis.to_vec();
    let name = stage.world.callers[caller].name.clone();
    let user = stage.world.callers[caller].user;
    let account = stage.world.places[stage.place].account.clone();
    match stage.draw.below(6) {
        0 | 1 => {
            effect.callers = vec![caller];
            effect = effect.code(
                code,
                format!("{BECAUSE}no identity-based policy allows the ecr:{{api}} action"),
            );
            let (api, back, key) = if user {
                ("DeleteUserPolicy", "PutUserPolicy", "userName")
            } else {
                ("PutRolePolicy", "PutRolePolicy", "roleName")
            };
            let parameters = json!({key: name, "policyName": "registry"});
            switch(stage, "iam.amazonaws.com", (api, back), &parameters);
        }
        2 => {
            effect.callers = vec![caller];
            effect = effect.code(
                code,
                format!("{BECAUSE}no identity-based policy allows the ecr:{{api}} action"),
            );
            let (api, back, key) = if user {
                ("DetachUserPolicy", "AttachUserPolicy", "userName")
            } else {
                ("DetachRolePolicy", "AttachRolePolicy", "roleName")
            };
            let parameters = json!({key: name, "policyArn": format!("arn:aws:iam::{account}:policy/ecr-access")});
            switch(stage, "iam.amazonaws.com", (api, back), &parameters);
        }
        3 => {
            // A managed policy names none of the roles it is attached to.
            let count = stage.draw.between(1, 3) as usize;
            effect.callers = stage.draw.some(&all, count);
            effect = effect.code(
                code,
                format!("{BECAUSE}no identity-based policy allows the ecr:{{api}} action"),
            );
            let parameters = json!({"policyArn": format!("arn:aws:iam::{account}:policy/ecr-access"), "setAsDefault": true});
            switch(
                stage,
                "iam.amazonaws.com",
                ("CreatePolicyVersion", "SetDefaultPolicyVersion"),
                &parameters,
            );
        }
        4 => {
            let used = stage.world.callers[caller].repositories.clone();
            let own: Vec<u16> = used
                .into_iter()
                .filter(|r| !stage.world.cached.contains(r))
                .collect();
            let repository = stage.draw.pick(&own);
            effect.repositories = vec![repository];
            effect = effect.code(
                code,
                format!("{BECAUSE}an explicit deny in a resource-based policy"),
            );
            let name = stage.world.repositories[usize::from(repository)].clone();
            let parameters =
                json!({"registryId": account, "repositoryName": name, "policyText": "{}"});
            switch(
                stage,
                "ecr.amazonaws.com",
                ("SetRepositoryPolicy", "SetRepositoryPolicy"),
                &parameters,
            );
        }
        _ => {
            effect = effect.code(
                code,
                format!("{BECAUSE}an explicit deny in a service control policy"),
            );
            effect.callers = all;
            let parameters = json!({"policyId": "p-examplepolicyid", "targetId": account});
            switch(
                stage,
                "organizations.amazonaws.com",
                ("AttachPolicy", "DetachPolicy"),
                &parameters,
            );
        }
    }
    stage.script.effects.push(effect);
    stage.remove_if_blind(truth, &["changes"]);
}

/// The key of some repositories is switched off or closed.
pub(super) fn kms_key(stage: &mut Stage) {
    let place = stage.world.places[stage.place].clone();
    let id = super::super::record::guid(stage.draw.bits(), "key", 1);
    let key = format!("arn:aws:kms:{}:{}:key/{id}", place.region, place.account);
    let own = stage.world.repositories.len() - stage.world.cached.len();
    let all: Vec<u16> = (0..own as u16).collect();
    let count = stage.draw.between(1, 3) as usize;
    let repositories = stage.draw.some(&all, count);
    let variant = stage.draw.below(4);
    let signal = if variant == 3 { "denied" } else { "dependency" };
    let truth = stage.incident(signal, "customer", "kms_key", 1.0);
    let effect = Effect {
        apis: [&PULL[..], &PUSH[..]].concat(),
        repositories,
        ..stage.effect(truth, 1.0)
    };
    let (effect, pair) = match variant {
        0 => (
            effect.code("KmsException", format!("The key {key} is disabled (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)")),
            ("DisableKey", "EnableKey"),
        ),
        1 => (
            effect.code("KmsException", format!("{key} is pending deletion (Service: AWSKMS; Status Code: 400; Error Code: KMSInvalidStateException)")),
            ("ScheduleKeyDeletion", "CancelKeyDeletion"),
        ),
        2 => (
            effect.code("KmsException", "The operation failed with a KMS exception: access to the key was denied"),
            ("RevokeGrant", "CreateGrant"),
        ),
        _ => (
            effect.code("AccessDeniedException", format!("User: {{arn}} is not authorized to perform: kms:Decrypt on resource: {key} because no resource-based policy allows the kms:Decrypt action")),
            ("PutKeyPolicy", "PutKeyPolicy"),
        ),
    };
    stage.script.effects.push(effect);
    let parameters = json!({"keyId": key});
    switch(stage, "kms.amazonaws.com", pair, &parameters);
    stage.remove_if_blind(truth, &["changes"]);
}

/// The ARN of a repository of the story's place.
pub(super) fn arn_of(stage: &Stage, repository: u16) -> String {
    let name = &stage.world.repositories[usize::from(repository)];
    repository_arn(&stage.world, stage.place, name)
}
