//! Stories in which AWS or an upstream is suspected, rightly or wrongly.

use super::*;

/// Four of ten calls of both pull APIs fail, for five callers alike.
fn outage() -> (Facts, IncidentDraft, Profile) {
    let mut facts = busy();
    let apis = ["BatchGetImage", "GetDownloadUrlForLayer"];
    for api in apis {
        fail(&mut facts, api, Class::ServerError, 6, 4);
    }
    let profile = Profile {
        codes: apis
            .iter()
            .map(|api| stage::code(api, Class::ServerError, "ServerException", 40))
            .collect(),
        principals: (0..5)
            .map(|n| stage::share(&role(&format!("node{n}")), 40, 16, (4000, 1)))
            .collect(),
        repositories: (0..4)
            .map(|n| stage::share(&format!("app{n}"), 50, 20, (5000, 1)))
            .collect(),
        minutes_impaired: 10,
        ..Profile::default()
    };
    (facts, failing(Class::ServerError, &apis), profile)
}

fn group(kind: &str, name: &str, calls: u64, failures: u64) -> ControlGroup {
    ControlGroup {
        kind: kind.into(),
        name: name.into(),
        calls,
        failures,
        baseline_calls: 10_000,
        baseline_failures: 2,
    }
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
    use Side::{Aws, ThirdParty, Undetermined};

    let (mut facts, draft, profile) = outage();
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    tell(
        "outage with health",
        (facts, draft, profile),
        Aws,
        "aws_service_fault",
        High,
    );

    tell(
        "outage on one leg",
        outage(),
        Undetermined,
        "undetermined",
        Low,
    );

    let (facts, draft, mut profile) = outage();
    profile.controls = vec![group("region", "us-east-1", 200, 90)];
    tell(
        "outage in two regions",
        (facts, draft, profile),
        Aws,
        "aws_service_fault",
        Medium,
    );

    let (facts, draft, mut profile) = outage();
    profile.controls = vec![group("service", "sts.amazonaws.com", 200, 90)];
    tell(
        "outage with one other service",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let (mut facts, draft, mut profile) = outage();
    facts.quotas = vec![stage::quota("BatchGetImage", 100.0)];
    profile.seconds = vec![stage::seconds("BatchGetImage", 60, 5, 0)];
    tell(
        "outage with headroom",
        (facts, draft, profile),
        Aws,
        "aws_service_fault",
        Medium,
    );

    let (mut facts, draft, profile) = outage();
    facts.notices = vec![Notice {
        region: "us-east-1".into(),
        ..stage::notice((8, 58), (9, 30))
    }];
    tell(
        "health in the wrong region",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let (mut facts, draft, profile) = outage();
    facts.notices = vec![stage::notice((7, 0), (8, 40))];
    tell(
        "health ended before",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let (mut facts, draft, profile) = outage();
    facts.notices = vec![Notice {
        relation: Relation::Dependency,
        service: "KMS".into(),
        ..stage::notice((8, 58), (9, 30))
    }];
    tell(
        "health of a dependency only",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    // One caller's server faults stay with it even under a matching Health event.
    let (mut facts, draft, mut profile) = outage();
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    profile.principals = vec![
        stage::share(&role("scanner"), 90, 80, (900, 0)),
        stage::share(&role("node1"), 60, 0, (4000, 1)),
        stage::share(&role("node2"), 50, 0, (4000, 1)),
    ];
    tell(
        "faults of one caller under health",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    // The only caller there is: Health helps, but never above low.
    let (mut facts, draft, mut profile) = outage();
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    profile.principals = vec![stage::share(&role("node"), 200, 80, (20_000, 1))];
    tell(
        "outage seen by the only caller",
        (facts, draft, profile),
        Aws,
        "aws_service_fault",
        Low,
    );

    // A registry-wide change of our own right before keeps AWS at medium at best.
    let (mut facts, draft, profile) = outage();
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    stage::add_change(
        &mut facts,
        stage::change(
            "registry",
            "PutReplicationConfiguration",
            (8, 55),
            "app1",
            &[Class::ServerError],
        ),
    );
    tell(
        "outage after an own change",
        (facts, draft, profile),
        Aws,
        "aws_service_fault",
        Medium,
    );

    let (mut facts, draft, mut profile) = outage();
    facts.quotas = vec![stage::quota("BatchGetImage", 100.0)];
    profile.seconds = vec![stage::seconds("BatchGetImage", 60, 5, 0)];
    stage::add_change(
        &mut facts,
        stage::change(
            "registry",
            "PutReplicationConfiguration",
            (8, 55),
            "app1",
            &[Class::ServerError],
        ),
    );
    tell(
        "own change takes the headroom",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let (mut facts, draft, mut profile) = outage();
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    profile.codes.push(stage::code(
        "BatchGetImage",
        Class::Unclassified,
        "WeirdFault",
        500,
    ));
    tell(
        "unknown codes outnumber",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    // Five callers throttled alike at a tenth of the quota.
    let shed = || {
        let mut facts = busy();
        fail(&mut facts, "BatchGetImage", Class::Throttle, 6, 4);
        facts.quotas = vec![stage::quota("BatchGetImage", 100.0)];
        facts.coverage = vec![ApiCoverage {
            place: stage::place(),
            api: "BatchGetImage".into(),
            trail_calls: 1000,
            call_count: 1010.0,
            silent_minutes: Vec::new(),
        }];
        let profile = Profile {
            codes: vec![stage::code(
                "BatchGetImage",
                Class::Throttle,
                "ThrottlingException",
                40,
            )],
            principals: (0..5)
                .map(|n| stage::share(&role(&format!("node{n}")), 20, 8, (4000, 0)))
                .collect(),
            seconds: vec![stage::seconds("BatchGetImage", 40, 3, 1)],
            ..Profile::default()
        };
        (facts, failing(Class::Throttle, &["BatchGetImage"]), profile)
    };
    tell(
        "throttled far below the quota",
        shed(),
        Aws,
        "aws_side_throttling",
        Medium,
    );

    // Nobody knows what else arrived: without CallCount the low rate may be half a trail.
    let (mut facts, draft, profile) = shed();
    facts.coverage.clear();
    tell(
        "throttled far below in a trail of unknown completeness",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    // AWS's own word for the place and time stands in for the count, weakly.
    let (mut facts, draft, profile) = shed();
    facts.coverage.clear();
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    tell(
        "throttled far below in a trail of unknown completeness with health",
        (facts, draft, profile),
        Aws,
        "aws_side_throttling",
        Low,
    );

    // A twentieth of the calls at three hundredths of the quota: the whole load stayed below it.
    let (mut facts, draft, profile) = shed();
    facts.coverage[0].call_count = 20_000.0;
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    tell(
        "throttled far below in a twentieth of a trail with health",
        (facts, draft, profile),
        Aws,
        "aws_side_throttling",
        Low,
    );

    // Three hundredths of the quota in a trail that holds a twentieth of the calls are no headroom.
    let (mut facts, draft, profile) = shed();
    facts.coverage[0].call_count = 20_000.0;
    tell(
        "throttled far below in a twentieth of a trail",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let (mut facts, draft, profile) = shed();
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    tell(
        "throttled far below with health",
        (facts, draft, profile),
        Aws,
        "aws_side_throttling",
        High,
    );

    let (mut facts, draft, profile) = shed();
    facts.quotas.clear();
    tell(
        "throttled, quota unknown",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let (mut facts, draft, profile) = shed();
    facts.quotas = vec![stage::quota("BatchGetImage", 4.0)];
    tell(
        "throttled near the quota",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let upstream = || {
        let mut facts = busy();
        fail(&mut facts, "BatchGetImage", Class::Dependency, 6, 4);
        let profile = Profile {
            codes: vec![stage::code(
                "BatchGetImage",
                Class::Dependency,
                "UnableToGetUpstreamImageException",
                40,
            )],
            principals: (0..4)
                .map(|n| stage::share(&role(&format!("node{n}")), 25, 10, (4000, 0)))
                .collect(),
            repositories: vec![
                stage::share("docker-hub/library/nginx", 45, 40, (500, 0)),
                stage::share("app", 55, 0, (5000, 0)),
            ],
            ..Profile::default()
        };
        (
            facts,
            failing(Class::Dependency, &["BatchGetImage"]),
            profile,
        )
    };
    tell(
        "upstream registry down",
        upstream(),
        ThirdParty,
        "upstream_registry",
        High,
    );

    let (mut facts, draft, profile) = upstream();
    stage::add_change(
        &mut facts,
        stage::change(
            "registry",
            "UpdatePullThroughCacheRule",
            (8, 50),
            "docker-hub",
            &[Class::Dependency],
        ),
    );
    tell(
        "upstream after a rule change",
        (facts, draft, profile),
        ThirdParty,
        "upstream_registry",
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
fn an_outage_cites_its_evidence_and_says_what_would_change_it() {
    let all = stories();
    let one_leg = all
        .iter()
        .find(|s| s.name == "outage on one leg")
        .unwrap()
        .verdict();
    let against: String = one_leg
        .evidence_against
        .iter()
        .map(|r| r.text.as_str())
        .collect();
    assert!(
        against.contains("2 independent kinds of evidence"),
        "{against}"
    );
    assert!(
        one_leg
            .would_change
            .iter()
            .any(|w| w.contains("Health event posted later")),
        "{one_leg:#?}"
    );
    let full = all
        .iter()
        .find(|s| s.name == "outage with health")
        .unwrap()
        .verdict();
    let said: Vec<&str> = full.evidence_for.iter().map(|r| r.text.as_str()).collect();
    assert!(
        said.iter()
            .any(|t| t.starts_with("80 of 200 calls (40 %) failed")),
        "{said:#?}"
    );
    assert!(full.evidence_for.iter().any(|r| r.evidence == ["E4"]));
}
