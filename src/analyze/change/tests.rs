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
