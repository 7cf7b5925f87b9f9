//! Stories in which the account itself is the cause, or looks like it.

use super::*;

/// One Terraform user floods three SSM APIs; no baseline, no Health, no quota.
fn terraform() -> (Facts, IncidentDraft, Profile) {
    let mut facts = stage::facts();
    facts.case.scope.event_sources = vec!["ssm.amazonaws.com".into()];
    let apis = ["DeleteParameter", "DescribeParameters", "PutParameter"];
    stage::calls(
        &mut facts,
        "DescribeParameters",
        Class::Success,
        (8, 30),
        30,
        8,
    );
    for api in apis {
        stage::calls(&mut facts, api, Class::Success, (9, 0), 3, 20);
        stage::calls(&mut facts, api, Class::Throttle, (9, 0), 3, 12);
    }
    for trail in &mut facts.trail {
        trail.observed = Some(crate::case::Interval::new(at(8, 30), at(10, 0)));
        trail.days_with_calls = 0;
    }
    for noun in [Noun::Health, Noun::Quotas, Noun::Metrics, Noun::Status] {
        facts = without(&facts, noun);
    }
    let mut draft = stage::draft(Signal::Failures(Class::Throttle), &apis, (9, 0), (9, 3));
    for episode in &mut draft.episodes {
        episode.significance.calibrated_days = 0;
        episode.baseline_ratio = 0.0;
    }
    let user = "arn:aws:iam::123456789012:user/terraform";
    let profile = Profile {
        codes: apis
            .iter()
            .map(|api| stage::code(api, Class::Throttle, "ThrottlingException", 36))
            .collect(),
        principals: vec![stage::share(user, 288, 108, (0, 0))],
        principal_series: vec![stage::minutes_of(user, 4, 96, 36)],
        seconds: vec![stage::seconds("DescribeParameters", 20, 5, 2)],
        operations: Operations {
            failed_attempts: 108,
            recovered_by_retry: 40,
            lost: 0,
        },
        controls: vec![ControlGroup {
            kind: "service".into(),
            name: "sts.amazonaws.com".into(),
            calls: 300,
            failures: 0,
            baseline_calls: 0,
            baseline_failures: 0,
        }],
        ..Profile::default()
    };
    (facts, draft, profile)
}

/// A scale-out: nodes pull at three times the quota.
fn burst(limit: f64) -> (Facts, IncidentDraft, Profile) {
    let mut facts = busy();
    stage::calls(
        &mut facts,
        "BatchGetImage",
        Class::Success,
        (8, 59),
        11,
        100,
    );
    stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (9, 0), 10, 60);
    facts.quotas = vec![stage::quota("BatchGetImage", limit)];
    let profile = Profile {
        codes: vec![stage::code(
            "BatchGetImage",
            Class::Throttle,
            "ThrottlingException",
            600,
        )],
        principals: (0..8)
            .map(|n| stage::share(&role(&format!("node{n}")), 200, 75, (4000, 0)))
            .collect(),
        seconds: vec![stage::seconds("BatchGetImage", 50, 30, 12)],
        ..Profile::default()
    };
    (facts, failing(Class::Throttle, &["BatchGetImage"]), profile)
}

/// One role is denied everywhere since 09:00; others go on.
fn denials() -> (Facts, IncidentDraft, Profile) {
    let mut facts = busy();
    fail(&mut facts, "BatchGetImage", Class::Denied, 6, 4);
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
        repositories: vec![
            stage::share("app", 40, 40, (4000, 0)),
            stage::share("other", 60, 0, (4000, 0)),
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
    use Confidence::{High, Low, Medium};
    use Side::{Customer, Undetermined};

    tell(
        "terraform storm",
        terraform(),
        Customer,
        "retry_storm",
        Medium,
    );

    // The same caller among twelve clean ones, with quota and Health read.
    let (mut facts, draft, mut profile) = burst(200.0);
    profile.principals = vec![stage::share(&role("ci"), 1000, 600, (4000, 0))];
    profile
        .principals
        .extend((0..12).map(|n| stage::share(&role(&format!("node{n}")), 250, 0, (4000, 0))));
    profile.principal_series = vec![stage::minutes_of(&role("ci"), 2, 100, 60)];
    facts.quotas = vec![stage::quota("BatchGetImage", 50.0)];
    tell(
        "storm among clean callers",
        (facts.clone(), draft.clone(), profile.clone()),
        Customer,
        "retry_storm",
        High,
    );
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    tell(
        "storm under a health event",
        (facts.clone(), draft.clone(), profile.clone()),
        Customer,
        "retry_storm",
        Medium,
    );
    facts.notices.clear();
    facts.quotas = vec![stage::quota("BatchGetImage", 10.0)];
    tell(
        "storm above the quota",
        (facts, draft, profile),
        Customer,
        "retry_storm",
        High,
    );

    tell(
        "scale-out above the quota",
        burst(10.0),
        Customer,
        "quota_exhaustion",
        High,
    );
    tell(
        "burst below the quota",
        burst(40.0),
        Undetermined,
        "undetermined",
        Low,
    );
    let (mut facts, draft, profile) = burst(10.0);
    facts.quotas.clear();
    tell(
        "burst, quota unknown",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let denied = &[Class::Denied];
    let (mut facts, draft, profile) = denials();
    let mut policy = stage::change("permission", "PutRolePolicy", (8, 58), "deploy", denied);
    policy.event_source = "iam.amazonaws.com".into();
    stage::add_change(&mut facts, policy);
    tell(
        "role policy changed",
        (facts, draft, profile),
        Customer,
        "permission_change",
        High,
    );

    let (mut facts, draft, profile) = denials();
    stage::add_change(
        &mut facts,
        stage::change(
            "permission",
            "SetRepositoryPolicy",
            (8, 58),
            "unrelated",
            denied,
        ),
    );
    tell(
        "policy of another repository",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let (mut facts, draft, profile) = denials();
    let mut managed = stage::change(
        "permission",
        "CreatePolicyVersion",
        (8, 50),
        "arn:aws:iam::123456789012:policy/pull",
        denied,
    );
    managed.event_source = "iam.amazonaws.com".into();
    stage::add_change(&mut facts, managed);
    tell(
        "managed policy changed",
        (facts, draft, profile),
        Customer,
        "permission_change",
        High,
    );

    tell(
        "denied without a change",
        denials(),
        Undetermined,
        "undetermined",
        Low,
    );

    let (facts, draft, mut profile) = denials();
    profile.codes = vec![stage::code(
        "BatchGetImage",
        Class::Denied,
        "ExpiredTokenException",
        40,
    )];
    tell(
        "expired credentials",
        (facts, draft, profile),
        Customer,
        "caller_configuration",
        Medium,
    );

    let key = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";
    let kms = || {
        let mut facts = busy();
        fail(&mut facts, "BatchGetImage", Class::Dependency, 6, 4);
        let mut code = stage::code("BatchGetImage", Class::Dependency, "KmsException", 40);
        code.message = format!("{key} is disabled");
        let profile = Profile {
            codes: vec![code],
            principals: (0..4)
                .map(|n| stage::share(&role(&format!("node{n}")), 25, 10, (4000, 0)))
                .collect(),
            repositories: vec![
                stage::share("secret", 40, 40, (500, 0)),
                stage::share("app", 60, 0, (5000, 0)),
            ],
            ..Profile::default()
        };
        (
            facts,
            failing(Class::Dependency, &["BatchGetImage"]),
            profile,
        )
    };
    let (mut facts, draft, profile) = kms();
    stage::add_change(
        &mut facts,
        stage::change("kms", "DisableKey", (8, 40), key, &[Class::Dependency]),
    );
    tell(
        "key disabled",
        (facts, draft, profile),
        Customer,
        "kms_key",
        High,
    );
    let (mut facts, draft, profile) = kms();
    stage::add_change(
        &mut facts,
        stage::change(
            "kms",
            "UpdateAlias",
            (8, 40),
            "alias/other-team",
            &[Class::Dependency],
        ),
    );
    tell(
        "some other key changed",
        (facts, draft, profile),
        Customer,
        "kms_key",
        Medium,
    );
    let (mut facts, draft, profile) = kms();
    stage::add_change(
        &mut facts,
        stage::change("kms", "EnableKey", (8, 40), key, &[]),
    );
    tell(
        "a key that was enabled broke nothing",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );
    tell(
        "kms errors without a change",
        kms(),
        Undetermined,
        "undetermined",
        Low,
    );

    let missing = || {
        let mut facts = busy();
        fail(&mut facts, "BatchGetImage", Class::NotFound, 6, 4);
        let profile = Profile {
            codes: vec![stage::code(
                "BatchGetImage",
                Class::NotFound,
                "ImageNotFoundException",
                40,
            )],
            principals: (0..4)
                .map(|n| stage::share(&role(&format!("node{n}")), 25, 10, (4000, 0)))
                .collect(),
            repositories: vec![
                stage::share("app", 45, 40, (500, 0)),
                stage::share("other", 55, 0, (5000, 0)),
            ],
            ..Profile::default()
        };
        (facts, failing(Class::NotFound, &["BatchGetImage"]), profile)
    };
    let (mut facts, draft, profile) = missing();
    stage::add_change(
        &mut facts,
        stage::change(
            "image",
            "BatchDeleteImage",
            (8, 58),
            "app",
            &[Class::NotFound],
        ),
    );
    tell(
        "images deleted",
        (facts, draft, profile),
        Customer,
        "image_removed",
        High,
    );
    let (mut facts, draft, profile) = missing();
    stage::add_change(
        &mut facts,
        stage::change(
            "image",
            "BatchDeleteImage",
            (8, 58),
            "other",
            &[Class::NotFound],
        ),
    );
    tell(
        "images of another repository deleted",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let mut facts = busy();
    fail(&mut facts, "PutImage", Class::ResourceQuota, 1, 4);
    facts.quotas = vec![{
        let mut quota = stage::quota("", 100_000.0);
        quota.per_seconds = None;
        quota.api = None;
        quota.name = "Images per repository".into();
        quota
    }];
    let profile = Profile {
        codes: vec![stage::code(
            "PutImage",
            Class::ResourceQuota,
            "LimitExceededException",
            40,
        )],
        principals: vec![stage::share(&role("ci"), 50, 40, (4000, 0))],
        ..Profile::default()
    };
    tell(
        "too many images",
        (facts, failing(Class::ResourceQuota, &["PutImage"]), profile),
        Customer,
        "resource_quota",
        High,
    );

    // Server faults that follow one caller's own change and stay with it.
    let scanner = || {
        let mut facts = busy();
        fail(&mut facts, "BatchGetImage", Class::ServerError, 6, 4);
        let profile = Profile {
            codes: vec![stage::code(
                "BatchGetImage",
                Class::ServerError,
                "ServerException",
                40,
            )],
            principals: vec![
                stage::share(&role("scanner"), 45, 40, (4000, 0)),
                stage::share(&role("node"), 55, 0, (4000, 0)),
            ],
            ..Profile::default()
        };
        (
            facts,
            failing(Class::ServerError, &["BatchGetImage"]),
            profile,
        )
    };
    // It names the repository that failed, but expiring images makes no server fault.
    let (mut facts, draft, mut profile) = scanner();
    profile.repositories = vec![stage::share("app", 45, 40, (4000, 0))];
    stage::add_change(
        &mut facts,
        stage::change(
            "image",
            "PutLifecyclePolicy",
            (8, 50),
            "app",
            &[Class::NotFound],
        ),
    );
    tell(
        "server faults after a lifecycle policy",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );
    let (mut facts, draft, profile) = scanner();
    let mut own = stage::change(
        "registry",
        "PutRegistryScanningConfiguration",
        (8, 50),
        "registry",
        &[Class::ServerError],
    );
    own.principal = role("scanner");
    stage::add_change(&mut facts, own);
    tell(
        "one caller's faults after its change",
        (facts, draft, profile),
        Customer,
        "caller_configuration",
        High,
    );
    tell(
        "one caller's faults without a change",
        scanner(),
        Undetermined,
        "undetermined",
        Low,
    );

    let mut facts = busy();
    fail(&mut facts, "BatchGetImage", Class::ClientError, 6, 4);
    let profile = Profile {
        codes: vec![stage::code(
            "BatchGetImage",
            Class::ClientError,
            "InvalidParameterException",
            40,
        )],
        principals: vec![
            stage::share(&role("bot"), 40, 40, (0, 0)),
            stage::share(&role("node"), 60, 0, (4000, 0)),
        ],
        ..Profile::default()
    };
    tell(
        "a new bot asks nonsense",
        (
            facts,
            failing(Class::ClientError, &["BatchGetImage"]),
            profile,
        ),
        Customer,
        "caller_configuration",
        Medium,
    );
    all
}

#[test]
fn the_answers_are_as_expected() {
    for story in stories() {
        story.check();
    }
}

#[test]
fn the_storm_says_its_numbers() {
    let all = stories();
    let storm = all
        .iter()
        .find(|s| s.name == "storm among clean callers")
        .unwrap()
        .verdict();
    let said = storm.evidence_for.first().unwrap().text.clone();
    assert_eq!(
        said,
        "600 of 600 throttles came from one principal, arn:aws:iam::123456789012:role/ci; without it the 12 other principals made 3,000 calls with no throttle."
    );
    let terraform = all
        .iter()
        .find(|s| s.name == "terraform storm")
        .unwrap()
        .verdict();
    for missing in [
        "AWS Health",
        "Service Quotas",
        "CallCount",
        "three earlier days",
    ] {
        assert!(
            terraform
                .would_change
                .iter()
                .any(|line| line.contains(missing)),
            "{missing}: {:#?}",
            terraform.would_change
        );
    }
}

#[test]
fn a_storm_after_a_fault_is_told_as_its_echo() {
    let (facts, throttled, profile) = terraform();
    let mut fault = throttled.clone();
    fault.signal = Signal::Failures(Class::ServerError);
    fault.span = crate::case::Interval::new(at(8, 55), at(9, 1));
    let detected = crate::analyze::types::Detected {
        drafts: vec![throttled, fault],
        anomalies: Vec::new(),
    };
    let found = crate::analyze::judge(&facts, detected, vec![profile, Profile::default()]);
    let storm = found.incidents.iter().find(|i| i.id == "I2").unwrap();
    assert_eq!(storm.verdict.cause, "retry_storm");
    let against: String = storm
        .verdict
        .evidence_against
        .iter()
        .map(|r| r.text.as_str())
        .collect();
    assert!(against.contains("after incident I1"), "{against}");
}
