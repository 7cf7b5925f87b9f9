//! Ranking of own changes and matching of whole names.

use super::*;
use crate::analyze::stage::{self, add_change, at};
use crate::ecr::Class;

fn ranked(facts: &Facts) -> Vec<ChangeCandidate> {
    let draft = stage::draft(
        Signal::Failures(Class::Denied),
        &["BatchGetImage"],
        (9, 0),
        (9, 10),
    );
    let profile = Profile {
        principals: vec![stage::share(&stage::role("ci/deploy"), 50, 50, (500, 0))],
        repositories: vec![
            stage::share("team/app", 50, 50, (500, 0)),
            stage::share("team/other", 50, 0, (500, 0)),
        ],
        ..Profile::default()
    };
    candidates(facts, &draft, &profile)
}

#[test]
fn what_explains_and_touches_comes_first_and_failures_last() {
    let mut facts = stage::facts();
    let denied = &[Class::Denied];
    let mut failed = stage::change(
        "permission",
        "SetRepositoryPolicy",
        (8, 59),
        "team/app",
        denied,
    );
    failed.error_code = "AccessDenied".into();
    for change in [
        failed,
        stage::change(
            "permission",
            "PutRegistryPolicy",
            (8, 58),
            "registry",
            denied,
        ),
        stage::change(
            "image",
            "PutLifecyclePolicy",
            (8, 57),
            "team/app",
            &[Class::NotFound],
        ),
        stage::change(
            "permission",
            "SetRepositoryPolicy",
            (8, 30),
            "arn:aws:ecr:eu-west-1:123456789012:repository/team/app",
            denied,
        ),
        stage::change(
            "image",
            "PutLifecyclePolicy",
            (8, 56),
            "team/app2",
            &[Class::NotFound],
        ),
        stage::change(
            "permission",
            "PutRegistryPolicy",
            (2, 59),
            "registry",
            denied,
        ),
        stage::change(
            "permission",
            "PutRegistryPolicy",
            (9, 3),
            "registry",
            denied,
        ),
    ] {
        add_change(&mut facts, change);
    }
    let order: Vec<(String, bool, bool, i64)> = ranked(&facts)
        .into_iter()
        .map(|c| (c.change.api, c.explains, c.touches, c.lead_s))
        .collect();
    assert_eq!(
        order,
        [
            ("SetRepositoryPolicy".to_owned(), true, true, 1800),
            ("PutRegistryPolicy".to_owned(), true, false, 120),
            ("PutLifecyclePolicy".to_owned(), false, true, 180),
            ("SetRepositoryPolicy".to_owned(), false, true, 60),
        ]
    );
}

#[test]
fn another_region_or_account_does_not_count_but_a_global_service_does() {
    let mut facts = stage::facts();
    let denied = &[Class::Denied];
    let mut other = stage::change("permission", "PutRegistryPolicy", (8, 58), "x", denied);
    other.region = "us-east-1".into();
    let mut iam = other.clone();
    iam.event_source = "iam.amazonaws.com".into();
    iam.api = "PutRolePolicy".into();
    iam.resource = "deploy".into();
    iam.detail = r#"{"roleName":"deploy","policyName":"pull"}"#.into();
    add_change(&mut facts, other);
    add_change(&mut facts, iam);
    let mut foreign = facts.trail.first().unwrap().clone();
    foreign.place.account = "210987654321".into();
    foreign.changes = vec![stage::change(
        "permission",
        "SetRepositoryPolicy",
        (8, 59),
        "team/app",
        denied,
    )];
    facts.trail.push(foreign);
    // The copy of the global change in a second place of the account is the same change.
    let mut sibling = facts.trail.first().unwrap().clone();
    sibling.place.region = "us-east-1".into();
    facts.trail.push(sibling);
    let found = ranked(&facts);
    assert_eq!(found.len(), 1);
    let only = found.first().unwrap();
    assert_eq!(only.change.api, "PutRolePolicy");
    assert!(only.change.region == "us-east-1" && only.lead_s == 120);
    assert_eq!(only.change.time, at(8, 58));
}

#[test]
fn names_match_whole() {
    for (text, name, prefixes, expected) in [
        ("app", "app", &[][..], true),
        ("my-app", "app", &[], false),
        ("app-2", "app", &[], false),
        ("team/app", "app", &["repository/"], false),
        (
            "arn:aws:ecr:x:1:repository/app",
            "app",
            &["repository/"],
            true,
        ),
        ("arn:aws:ecr:x:1:repository/app", "app", &[], false),
        (r#"{"repositoryName":"app"}"#, "app", &[], true),
        ("the repository app.", "app", &[], true),
        ("app.io", "app", &[], false),
        ("", "app", &[], false),
        ("app", "", &[], false),
        ("ünïapp app", "app", &[], true),
    ] {
        assert_eq!(mentions(text, name, prefixes), expected, "{name} in {text}");
    }
}

#[test]
fn a_key_named_in_an_error_message_is_touched() {
    let mut facts = stage::facts();
    let key = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";
    add_change(
        &mut facts,
        stage::change("kms", "DisableKey", (8, 50), key, &[Class::Dependency]),
    );
    let draft = stage::draft(
        Signal::Failures(Class::Dependency),
        &["BatchGetImage"],
        (9, 0),
        (9, 10),
    );
    let mut code = stage::code("BatchGetImage", Class::Dependency, "KmsException", 30);
    code.message = format!("{key} is disabled.");
    let profile = Profile {
        codes: vec![code],
        ..Profile::default()
    };
    assert!(
        candidates(&facts, &draft, &profile)
            .first()
            .unwrap()
            .touches
    );
    assert!(
        !candidates(&facts, &draft, &Profile::default())
            .first()
            .unwrap()
            .touches
    );
}

/// Denials from 09:00:14 on, and what was changed around them.
fn denied_since(first_second: i64, changes: Vec<Change>) -> (Facts, IncidentDraft, Profile) {
    let mut facts = stage::facts();
    for change in changes {
        add_change(&mut facts, change);
    }
    let draft = stage::draft(
        Signal::Failures(Class::Denied),
        &["BatchGetImage"],
        (9, 0),
        (9, 40),
    );
    let mut code = stage::code("BatchGetImage", Class::Denied, "AccessDenied", 50);
    code.first = at(9, 0) + chrono::Duration::seconds(first_second);
    let profile = Profile {
        codes: vec![code],
        repositories: vec![stage::share("team/app", 50, 50, (500, 0))],
        ..Profile::default()
    };
    (facts, draft, profile)
}

fn policy(api: &str, when: (u32, u32), second: i64, resource: &str) -> Change {
    let mut change = stage::change("permission", api, when, resource, &[Class::Denied]);
    change.time += chrono::Duration::seconds(second);
    change
}

#[test]
fn a_change_is_compared_with_the_first_failure_and_not_with_its_minute() {
    let (facts, draft, profile) = denied_since(
        14,
        vec![
            policy("SetRepositoryPolicy", (9, 0), 10, "team/app"),
            policy("PutRegistryPolicy", (9, 0), 20, "registry"),
        ],
    );
    let found = candidates(&facts, &draft, &profile);
    let told: Vec<(i64, Option<i64>, bool, bool)> = found
        .iter()
        .map(|c| {
            (
                c.lead_s,
                c.first_failure_lead_s,
                c.why.contains("4 s before the first failure"),
                c.why.contains("6 s after the first failure"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(-10, Some(4), true, false), (-20, Some(-6), false, true)]
    );
}

#[test]
fn what_undoes_a_candidate_right_before_the_recovery_is_a_possible_repair() {
    let begin = policy("SetRepositoryPolicy", (8, 59), 0, "team/app");
    let mut refused = policy("SetRepositoryPolicy", (9, 38), 0, "team/app");
    refused.error_code = "AccessDenied".into();
    refused.event_id = "refused".into();
    let changes = vec![
        begin.clone(),
        refused,
        policy("DeleteRepositoryPolicy", (9, 39), 5, "team/app"),
        // Too long before, after the recovery, and of another thing by another caller.
        policy("DeleteRepositoryPolicy", (9, 20), 0, "team/app"),
        policy("DeleteRepositoryPolicy", (9, 41), 0, "team/app"),
        Change {
            principal: stage::role("somebody"),
            ..policy("PutRegistryPolicy", (9, 39), 30, "elsewhere")
        },
    ];
    let (facts, mut draft, profile) = denied_since(14, changes);
    let causes = candidates(&facts, &draft, &profile);
    assert_eq!(causes.first().unwrap().change, begin);
    let found = repairs(&facts, &draft, &profile, &causes);
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|c| (c.change.event_id.as_str(), c.why.as_str()))
        .collect();
    assert_eq!(
        told,
        [(
            "DeleteRepositoryPolicy-9-39",
            "55 s before the recovery; changes the same thing as SetRepositoryPolicy before the onset."
        )]
    );
    // What names the affected repository counts without any candidate, and nothing ends what goes on.
    let alone = repairs(&facts, &draft, &profile, &[]);
    assert_eq!(alone.len(), 1);
    assert!(alone.first().unwrap().why.contains("names team/app"));
    draft.ongoing = true;
    assert_eq!(repairs(&facts, &draft, &profile, &causes), []);
}
