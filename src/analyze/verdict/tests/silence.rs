//! Stories of missing and of extra calls.

use super::*;
use crate::analyze::types::method;
use crate::case::Minute;

/// Calls stop at 09:00 for half an hour; the other service goes on.
fn stopped() -> (Facts, IncidentDraft, Profile) {
    let mut facts = busy();
    for api in ["BatchGetImage", "GetDownloadUrlForLayer", "PutImage"] {
        stage::calls(&mut facts, api, Class::Success, (9, 0), 30, 0);
    }
    let draft = stage::draft(
        Signal::TrafficDrop,
        &["BatchGetImage", "GetDownloadUrlForLayer"],
        (9, 0),
        (9, 30),
    );
    (facts, draft, Profile::default())
}

fn call_count(facts: &mut Facts, during: f64) {
    let points = (0..60)
        .map(|m| {
            let value = if m < 30 { 10.0 } else { during };
            (Minute::of(at(8, 30)).plus(m).start(), value)
        })
        .collect();
    facts.metrics.push(MetricSeries {
        name: "calls".into(),
        meaning: Meaning::CallCount {
            api: "BatchGetImage".into(),
        },
        region: Some(stage::place().region),
        account: None,
        period_s: 60,
        points,
        status: "Complete".into(),
        evidence: "E2".into(),
    });
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

    let (mut facts, draft, profile) = stopped();
    call_count(&mut facts, 10.0);
    tell(
        "trail silent, calls counted",
        (facts, draft, profile),
        Undetermined,
        "evidence_gap",
        Medium,
    );

    let (mut facts, draft, profile) = stopped();
    for control in &mut facts.trail.first_mut().unwrap().controls {
        let len = control.calls.len();
        for count in control.calls.iter_mut().skip(len - 60).take(30) {
            *count = 0;
        }
    }
    tell(
        "the whole trail silent",
        (facts.clone(), draft.clone(), profile.clone()),
        Undetermined,
        "evidence_gap",
        Medium,
    );
    call_count(&mut facts, 10.0);
    tell(
        "the whole trail silent, calls counted",
        (facts, draft, profile),
        Undetermined,
        "evidence_gap",
        High,
    );

    tell(
        "calls stop without a reason",
        stopped(),
        Undetermined,
        "undetermined",
        Low,
    );

    let change = || stage::change("endpoint", "ModifyVpcEndpoint", (8, 58), "vpce-1", &[]);
    let endpoints = || {
        vec![
            stage::share("vpce-1", 0, 0, (3400, 0)),
            stage::share("", 30, 0, (6800, 0)),
        ]
    };
    let (mut facts, draft, mut profile) = stopped();
    stage::add_change(&mut facts, change());
    profile.vpc_endpoints = endpoints();
    call_count(&mut facts, 0.0);
    tell(
        "endpoint changed",
        (facts, draft, profile),
        Customer,
        "network_path",
        High,
    );

    // The change that made a short silence worth telling is no second witness of it.
    let (mut facts, mut draft, mut profile) = stopped();
    stage::add_change(&mut facts, change());
    profile.vpc_endpoints = endpoints();
    call_count(&mut facts, 0.0);
    for episode in &mut draft.episodes {
        episode.significance.method = method::SILENCE_OF_PATH_BEHIND_CHANGE;
    }
    tell(
        "endpoint changed, told by the change",
        (facts, draft, profile),
        Customer,
        "network_path",
        Medium,
    );

    let (mut facts, draft, mut profile) = stopped();
    stage::add_change(&mut facts, change());
    profile.vpc_endpoints = endpoints();
    call_count(&mut facts, 10.0);
    tell(
        "endpoint changed, calls counted",
        (facts, draft, profile),
        Undetermined,
        "evidence_gap",
        Medium,
    );

    // One endpoint silent while the rest goes on is a path; not so when the rest is turned away.
    let (facts, draft, mut profile) = stopped();
    profile.vpc_endpoints = endpoints();
    tell(
        "one endpoint silent",
        (facts.clone(), draft.clone(), profile.clone()),
        Customer,
        "network_path",
        Medium,
    );
    let mut facts = facts;
    stage::calls(
        &mut facts,
        "GetAuthorizationToken",
        Class::Throttle,
        (9, 0),
        30,
        90,
    );
    tell(
        "one endpoint silent while most calls are throttled",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    let (facts, draft, mut profile) = stopped();
    profile.principals = vec![
        stage::share(&role("nightly"), 0, 0, (10_080, 0)),
        stage::share(&role("node"), 30, 0, (10_080, 0)),
    ];
    tell(
        "one caller stopped",
        (facts, draft, profile),
        Customer,
        "caller_configuration",
        Medium,
    );

    let surge = || {
        let mut facts = busy();
        stage::calls(&mut facts, "BatchGetImage", Class::Success, (9, 0), 30, 200);
        let draft = stage::draft(Signal::TrafficSurge, &["BatchGetImage"], (9, 0), (9, 30));
        let profile = Profile {
            principals: vec![
                stage::share(&role("loop"), 5700, 0, (1000, 0)),
                stage::share(&role("node"), 300, 0, (90_000, 0)),
            ],
            ..Profile::default()
        };
        (facts, draft, profile)
    };
    tell("one caller loops", surge(), Customer, "retry_storm", Medium);
    let (mut facts, draft, mut profile) = surge();
    profile.principals = (0..6)
        .map(|n| stage::share(&role(&format!("node{n}")), 1000, 0, (15_000, 0)))
        .collect();
    tell(
        "everybody pulls",
        (facts.clone(), draft.clone(), profile.clone()),
        Undetermined,
        "undetermined",
        Low,
    );
    stage::add_change(
        &mut facts,
        stage::change(
            "scale_out",
            "UpdateService",
            (8, 59),
            "web",
            &[Class::Throttle],
        ),
    );
    tell(
        "a deployment pulls",
        (facts, draft, profile),
        Customer,
        "caller_configuration",
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
