//! Stories about denials: what they name, who changed it, and when the caller met the change.

use super::*;
use crate::case::Minute;
use crate::facts::types::{Denied, Dimension, FailingPart};

/// Three callers are denied one repository since 09:00; the records name none, as denials do.
fn nameless(account: &str, repository: &str) -> (Facts, IncidentDraft, Profile) {
    let mut facts = busy();
    fail(&mut facts, "BatchGetImage", Class::Denied, 6, 4);
    let profile = Profile {
        codes: vec![stage::code(
            "BatchGetImage",
            Class::Denied,
            "AccessDenied",
            40,
        )],
        principals: (0..3)
            .map(|n| stage::share(&role(&format!("node{n}")), 30, 13, (4000, 0)))
            .collect(),
        repositories: vec![
            stage::share("", 39, 39, (0, 0)),
            stage::share("other", 51, 0, (4000, 0)),
        ],
        denied: vec![Denied {
            account: account.into(),
            region: stage::place().region,
            repository: repository.into(),
            denials: 39,
        }],
        ..Profile::default()
    };
    (facts, failing(Class::Denied, &["BatchGetImage"]), profile)
}

fn policy_of(repository: &str) -> crate::facts::types::Change {
    let arn = format!("arn:aws:ecr:eu-west-1:123456789012:repository/{repository}");
    stage::change(
        "permission",
        "SetRepositoryPolicy",
        (8, 58),
        &arn,
        &[Class::Denied],
    )
}

/// One role is denied since 09:00; its policy was changed at 08:10. `calls` are its minutes since then.
fn late(calls: &[(i64, u32)]) -> (Facts, IncidentDraft, Profile) {
    let mut facts = busy();
    fail(&mut facts, "BatchGetImage", Class::Denied, 6, 4);
    let mut change = stage::change(
        "permission",
        "DeleteRolePolicy",
        (8, 10),
        "deploy",
        &[Class::Denied],
    );
    change.event_source = "iam.amazonaws.com".into();
    stage::add_change(&mut facts, change);
    let onset = Minute::of(at(9, 0)).0;
    let failed: Vec<(Minute, u32)> = (0..10).map(|n| (Minute(onset + n), 4)).collect();
    let mut made: Vec<(Minute, u32)> = calls.iter().map(|(n, c)| (Minute(onset + n), *c)).collect();
    made.extend(failed.clone());
    for trail in &mut facts.trail {
        trail.parts = vec![FailingPart {
            dimension: Dimension::Caller,
            name: role("deploy"),
            api: "BatchGetImage".into(),
            class: Class::Denied,
            minutes: failed.clone(),
            calls: made.clone(),
        }];
    }
    let profile = Profile {
        codes: vec![stage::code(
            "BatchGetImage",
            Class::Denied,
            "AccessDeniedException",
            40,
        )],
        principals: vec![
            stage::share(&role("deploy"), 40, 40, (4000, 0)),
            stage::share(&role("node"), 60, 0, (4000, 0)),
        ],
        ..Profile::default()
    };
    (facts, failing(Class::Denied, &["BatchGetImage"]), profile)
}

pub(super) fn stories() -> Vec<Story> {
    let mut all = Vec::new();
    let mut tell = |name,
                    (facts, draft, profile): (Facts, IncidentDraft, Profile),
                    side,
                    cause,
                    confidence| {
        all.push(Story {
            name,
            facts,
            draft,
            profile,
            side,
            cause,
            confidence,
        });
    };
    use Confidence::{High, Low};
    use Side::{Customer, Undetermined};
    let own = stage::place().account;

    let (mut facts, draft, profile) = nameless(&own, "app");
    stage::add_change(&mut facts, policy_of("app"));
    tell(
        "a repository's policy, named by the message alone",
        (facts, draft, profile),
        Customer,
        "permission_change",
        High,
    );
    let (mut facts, draft, profile) = nameless(&own, "app");
    stage::add_change(&mut facts, policy_of("team/app"));
    tell(
        "the policy of a repository whose name ends alike",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );
    let (mut facts, draft, profile) = nameless("999999999999", "app");
    stage::add_change(&mut facts, policy_of("app"));
    tell(
        "the policy of our repository, denied at that of another account",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    tell(
        "a role that rested meets its change with its next call",
        late(&[]),
        Customer,
        "permission_change",
        High,
    );
    tell(
        "a role that was served in between did not fail for the change",
        late(&[(-20, 5)]),
        Undetermined,
        "undetermined",
        Low,
    );

    // One caller alone asks the registry of another account.
    let (facts, draft, mut profile) = nameless("999999999999", "app");
    profile.principals = vec![
        stage::share(&role("deploy"), 39, 39, (4000, 0)),
        stage::share(&role("node"), 51, 0, (4000, 0)),
    ];
    tell(
        "one caller is denied at another account's registry",
        (facts, draft, profile),
        Customer,
        "caller_configuration",
        Low,
    );
    tell(
        "all callers are denied at another account's registry",
        nameless("999999999999", "app"),
        Undetermined,
        "undetermined",
        Low,
    );
    all
}

#[test]
fn the_answers_are_as_expected() {
    for story in stories() {
        story.check();
    }
}
