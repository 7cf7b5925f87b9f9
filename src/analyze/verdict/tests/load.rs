//! Stories about how much was called: what rose first, under whose name, and against which limit.

use super::*;

/// Callers of eight calls a minute are throttled from 09:00 on and try again, ten times as often.
/// What is let through stays at the usual eight.
fn retries(callers: &[(&str, u64, u64)]) -> (Facts, IncidentDraft, Profile) {
    let mut facts = stage::facts();
    stage::calls(&mut facts, "BatchGetImage", Class::Success, (7, 0), 180, 8);
    stage::calls(&mut facts, "BatchGetImage", Class::Throttle, (9, 0), 10, 86);
    stage::calls(&mut facts, "PutImage", Class::Success, (7, 0), 180, 1);
    whole(&mut facts);
    let profile = Profile {
        codes: vec![stage::code(
            "BatchGetImage",
            Class::Throttle,
            "ThrottlingException",
            860,
        )],
        principals: callers
            .iter()
            .map(|(name, calls, hit)| stage::share(&role(name), *calls, *hit, (9000, 0)))
            .collect(),
        principal_series: callers
            .iter()
            .map(|(name, ..)| stage::minutes_of(&role(name), 8, 94, 86))
            .collect(),
        seconds: vec![stage::seconds("BatchGetImage", 600, 2, 1)],
        operations: Operations {
            failed_attempts: 860,
            recovered_by_retry: 70,
            lost: 4,
        },
        sessions_failing: 1,
        sessions_carrying: 1,
        ..Profile::default()
    };
    (facts, failing(Class::Throttle, &["BatchGetImage"]), profile)
}

/// CloudWatch counted what the trail holds.
fn whole(facts: &mut Facts) {
    facts.coverage = vec![ApiCoverage {
        place: stage::place(),
        api: "BatchGetImage".into(),
        trail_calls: 1000,
        call_count: 1010.0,
        silent_minutes: Vec::new(),
    }];
}

/// One role calls five times as often as the quota allows, from so many sessions.
fn rush(sessions: u64) -> (Facts, IncidentDraft, Profile) {
    let mut facts = busy();
    stage::calls(&mut facts, "BatchGetImage", Class::Success, (9, 0), 10, 40);
    stage::calls(
        &mut facts,
        "BatchGetImage",
        Class::Throttle,
        (9, 0),
        10,
        260,
    );
    facts.quotas = vec![stage::quota("BatchGetImage", 10.0)];
    let profile = Profile {
        codes: vec![stage::code(
            "BatchGetImage",
            Class::Throttle,
            "ThrottlingException",
            2600,
        )],
        principals: vec![stage::share(&role("node"), 3000, 2600, (9000, 0))],
        principal_series: vec![stage::minutes_of(&role("node"), 10, 300, 260)],
        seconds: vec![stage::seconds("BatchGetImage", 60, 50, 43)],
        operations: Operations {
            failed_attempts: 2600,
            recovered_by_retry: 300,
            lost: 0,
        },
        sessions_failing: sessions,
        sessions_carrying: sessions,
        ..Profile::default()
    };
    (facts, failing(Class::Throttle, &["BatchGetImage"]), profile)
}

/// Two callers of one API get AWS's own faults while they push twenty layers: a rise in a quiet place,
/// two hundredths of the quota.
fn push_in_an_outage() -> (Facts, IncidentDraft, Profile) {
    let mut facts = stage::facts();
    stage::calls(&mut facts, "PutImage", Class::Success, (7, 0), 180, 1);
    stage::calls(&mut facts, "PutImage", Class::Success, (8, 56), 4, 20);
    stage::calls(&mut facts, "PutImage", Class::Success, (9, 0), 10, 10);
    stage::calls(&mut facts, "PutImage", Class::ServerError, (9, 0), 10, 10);
    whole(&mut facts);
    facts.quotas = vec![stage::quota("PutImage", 100.0)];
    facts.notices = vec![stage::notice((8, 58), (9, 30))];
    let profile = Profile {
        codes: vec![stage::code(
            "PutImage",
            Class::ServerError,
            "ServerException",
            100,
        )],
        principals: ["ci", "build"]
            .map(|name| stage::share(&role(name), 100, 50, (900, 0)))
            .to_vec(),
        seconds: vec![stage::seconds("PutImage", 100, 2, 0)],
        ..Profile::default()
    };
    (facts, failing(Class::ServerError, &["PutImage"]), profile)
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
    use Side::{Aws, Customer, Undetermined};

    // The same of two callers above a quota that explains every throttle: a rise that is too much in its
    // first second is not told by minutes.
    let (mut facts, draft, profile) = retries(&[("node", 900, 850), ("other", 40, 10)]);
    facts.quotas = vec![stage::quota("BatchGetImage", 1.0)];
    tell(
        "a rise above the quota from its first second on",
        (facts, draft, profile),
        Customer,
        "quota_exhaustion",
        High,
    );

    // It looks like a storm of one caller, but it called no more than ever until it was turned away. That
    // nobody else is there to compare with leaves it weak.
    let (mut facts, draft, profile) = retries(&[("node", 940, 860)]);
    facts.quotas = vec![stage::quota("BatchGetImage", 2000.0)];
    tell(
        "one caller's retries far below the quota",
        (facts, draft, profile),
        Aws,
        "aws_side_throttling",
        Low,
    );
    tell(
        "one caller's retries, quota unknown",
        retries(&[("node", 940, 860)]),
        Undetermined,
        "undetermined",
        Low,
    );
    // The same for three callers alike is AWS's doing: the retries are no rise of theirs.
    let (mut facts, draft, profile) = retries(&[("a", 310, 290), ("b", 320, 290), ("c", 310, 280)]);
    facts.quotas = vec![stage::quota("BatchGetImage", 2000.0)];
    tell(
        "retries of all callers far below the quota",
        (facts, draft, profile),
        Aws,
        "aws_side_throttling",
        Medium,
    );

    tell(
        "a fleet of one role above the quota",
        rush(60),
        Customer,
        "quota_exhaustion",
        High,
    );
    let (mut facts, draft, profile) = rush(60);
    facts.quotas.clear();
    tell(
        "a fleet of one role, quota unknown",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );
    tell(
        "one session above the quota",
        rush(1),
        Customer,
        "retry_storm",
        High,
    );
    tell(
        "a dozen replicas above the quota",
        rush(12),
        Customer,
        "retry_storm",
        Medium,
    );

    tell(
        "a push in an outage",
        push_in_an_outage(),
        Aws,
        "aws_service_fault",
        Medium,
    );
    // Without CloudWatch's count nobody knows that the load was small.
    let (mut facts, draft, profile) = push_in_an_outage();
    facts.coverage.clear();
    tell(
        "a push in an outage seen by a trail of unknown completeness",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    // Four callers alike, and no Health event: the small load is the second leg.
    let alike = || {
        let (mut facts, draft, mut profile) = push_in_an_outage();
        facts.notices.clear();
        profile.principals = ["ci", "build", "node", "web"]
            .map(|name| stage::share(&role(name), 50, 25, (900, 0)))
            .to_vec();
        (facts, draft, profile)
    };
    tell(
        "faults of four callers that called more, far below the quota",
        alike(),
        Aws,
        "aws_service_fault",
        Medium,
    );
    let (mut facts, draft, profile) = alike();
    facts.quotas.clear();
    tell(
        "faults of four callers that called more, quota unknown",
        (facts, draft, profile),
        Undetermined,
        "undetermined",
        Low,
    );

    // Some of the throttles are on an API whose quota Service Quotas does not list.
    let unlisted = |throttled: i64| {
        let (mut facts, mut draft, mut profile) =
            retries(&[("a", 310, 290), ("b", 320, 290), ("c", 310, 280)]);
        stage::calls(
            &mut facts,
            "DescribeImages",
            Class::Throttle,
            (9, 0),
            10,
            u32::try_from(throttled).unwrap() / 10,
        );
        draft.apis.push("DescribeImages".into());
        facts.quotas = vec![stage::quota("BatchGetImage", 2000.0)];
        profile
            .seconds
            .push(stage::seconds("DescribeImages", throttled, 1, 1));
        (facts, draft, profile)
    };
    tell(
        "half of the throttles on an api of no listed quota",
        unlisted(600),
        Aws,
        "aws_side_throttling",
        Medium,
    );
    tell(
        "nearly all throttles on an api of no listed quota",
        unlisted(3000),
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

#[test]
fn a_fleet_is_told_by_its_sessions() {
    let (facts, draft, profile) = rush(60);
    let verdict = verdict(&facts, &draft, &profile);
    let said = |text: &str| {
        let mut reasons = verdict.evidence_for.iter();
        reasons.any(|reason| reason.text.starts_with(text))
    };
    assert!(
        said("60 sessions were throttled, 60 of them hold four fifths of the throttles"),
        "{verdict:#?}"
    );
}

#[test]
fn retries_are_told_as_what_they_are() {
    let (facts, draft, profile) = retries(&[("node", 940, 860)]);
    let verdict = verdict(&facts, &draft, &profile);
    let storm = verdict
        .hypotheses
        .iter()
        .find(|h| h.cause == "retry_storm")
        .unwrap();
    let against: String = storm
        .evidence_against
        .iter()
        .map(|r| r.text.as_str())
        .collect();
    assert!(
        against.contains("they rose, to 94 per minute, only once calls failed"),
        "{against}"
    );
}
