//! Hand-written facts and findings for the tests of the report: an AWS fault with a Health event,
//! a retry storm, a run that cannot tell, and a quiet one. Test support only.
//!
//! Numbers are made up but agree with each other; every name is an example.

mod evidence;

use super::Meta;
use crate::analyze::types::{
    Anomaly, ChangeCandidate, Confidence, Episode, Findings, FunnelStep, HealthMatch,
    HealthRejection, Hypothesis, Incident, IncidentDraft, QuotaReplay, Reason, Side, Signal,
    Significance, Status, Verdict, method,
};
use crate::bundle::manifest::{Outcome, Refusal};
use crate::case::{Interval, Minute, instant};
use crate::ecr::Class;
use crate::facts::types::{
    CodeShare, ControlGroup, Facts, Gap, Operations, ReadFrom, RequestSample, SecondSeries, Share,
};
use evidence::{at, change, facts, notice, place, series, text};

/// 2026-03-11T06:00:00Z, start of the window.
const WINDOW: i64 = 1_773_208_800;
/// Onset, 62 minutes into the window.
const ONSET: i64 = WINDOW + 62 * 60;
/// Length of the incident in minutes.
const LENGTH: i64 = 39;

/// The making of a sample report.
pub(crate) fn meta() -> Meta {
    Meta {
        tool_name: "ecr-incident".to_owned(),
        tool_version: "0.1.0".to_owned(),
        generated_at: instant(WINDOW + 6 * 3600),
        command: [
            "ecr-incident",
            "report",
            "--cloudtrail",
            "my trail",
            "--around",
            "2026-03-11T07:20Z",
        ]
        .map(str::to_owned)
        .to_vec(),
    }
}

/// All samples by name.
pub(crate) fn all() -> Vec<(&'static str, Facts, Findings)> {
    let (fault_facts, fault) = aws_fault();
    let (storm_facts, storm) = retry_storm();
    let (thin_facts, thin) = inconclusive();
    let (quiet_facts, quiet) = quiet();
    vec![
        ("aws_fault", fault_facts, fault),
        ("retry_storm", storm_facts, storm),
        ("inconclusive", thin_facts, thin),
        ("quiet", quiet_facts, quiet),
    ]
}

fn share(name: &str, calls: u64, failures: u64) -> Share {
    Share {
        name: text(name),
        calls,
        failures,
        baseline_calls: calls * 150,
        baseline_failures: calls / 100,
    }
}

fn request(index: i64, code: &str, why: &str) -> RequestSample {
    RequestSample {
        request_id: format!("5f1a6a7e-0000-4000-8000-{index:012}"),
        event_id: format!("6f1a6a7e-0000-4000-8000-{index:012}"),
        time: instant(ONSET + index * 97 + 13),
        api: text("BatchGetImage"),
        class: if code.is_empty() {
            Class::Success
        } else {
            Class::ServerError
        },
        error_code: text(code),
        error_message: if code.is_empty() {
            String::new()
        } else {
            text("An internal server error has occurred")
        },
        principal: text("arn:aws:iam::111122223333:role/eks-node"),
        session: text("i-0abc1234def567890"),
        repository: text("team/app"),
        vpc_endpoint: text("vpce-0a1b2c3d4e5f67890"),
        source: text("10.0.12.7"),
        user_agent: text("containerd/1.7.20"),
        why_chosen: text(why),
    }
}

fn control(kind: &str, name: &str, calls: u64, failures: u64) -> ControlGroup {
    ControlGroup {
        kind: text(kind),
        name: text(name),
        calls,
        failures,
        baseline_calls: calls * 200,
        baseline_failures: calls / 50,
    }
}

fn cause(cause: &str, side: Side, score: i32, rejected: &str) -> Hypothesis {
    Hypothesis {
        cause: text(cause),
        side,
        score,
        legs: u32::from(score > 0),
        evidence_for: Vec::new(),
        evidence_against: Vec::new(),
        rejected_because: text(rejected),
    }
}

fn because(words: &str, evidence: &[&str]) -> Reason {
    Reason {
        text: text(words),
        evidence: evidence.iter().map(|id| text(id)).collect(),
    }
}

fn incident(api: &str, signal: Signal, code: &str, verdict: Verdict) -> Incident {
    let (calls, failures) = (1_560, 1_170);
    let span = Interval::new(instant(ONSET), instant(ONSET + LENGTH * 60));
    let significance = Significance {
        method: method::FAILURES,
        score: 812.4,
        q: Some(1e-9),
        calibrated_days: 7,
        dispersion: 1.4,
    };
    let class = signal.class().unwrap_or(Class::Success);
    let episode = Episode {
        place: place(),
        api: text(api),
        signal,
        onset: Minute::of(span.from),
        end: Minute::of(span.to),
        peak: Minute::of(span.from).plus(12),
        ongoing: false,
        calls,
        failures,
        baseline_ratio: 0.0002,
        significance: significance.clone(),
    };
    let role = "arn:aws:iam::111122223333:role/eks-node";
    Incident {
        id: text("I1"),
        draft: IncidentDraft {
            place: place(),
            signal,
            apis: vec![text(api)],
            episodes: vec![episode],
            span,
            peak: Minute::of(span.from).plus(12),
            ongoing: false,
        },
        onset: span.from,
        peak: instant(ONSET + 12 * 60),
        recovery: Some(span.to),
        calls,
        failures,
        failure_ratio: 0.75,
        baseline_ratio: 0.0002,
        minutes_impaired: 38,
        operations: Operations {
            failed_attempts: failures,
            recovered_by_retry: 310,
            lost: 22,
        },
        significance,
        verdict,
        health_matches: Vec::new(),
        changes: Vec::new(),
        repairs: Vec::new(),
        principals: vec![
            share(role, 1_300, 980),
            share("arn:aws:iam::111122223333:role/ci", 260, 190),
        ],
        repositories: vec![share("team/app", 900, 700), share("team/base", 660, 470)],
        vpc_endpoints: vec![
            share("vpce-0a1b2c3d4e5f67890", 1_300, 980),
            share("", 260, 190),
        ],
        sessions: vec![share("i-0abc1234def567890", 40, 30)],
        user_agents: vec![share("containerd/1.7.20", 1_300, 980)],
        codes: vec![CodeShare {
            api: text(api),
            class,
            code: text(code),
            count: failures,
            calls,
            baseline_count: 0,
            first: instant(ONSET + 13),
            last: instant(ONSET + LENGTH * 60 - 9),
            message: text("An internal server error has occurred"),
        }],
        controls: vec![
            control("region", "us-west-2", 2_200, 1),
            control("service", "sts.amazonaws.com", 468, 0),
            control("api", "GetDownloadUrlForLayer", 900, 610),
        ],
        quota: Vec::new(),
        seconds: Vec::new(),
        requests: vec![
            request(0, code, "first"),
            request(7, code, "peak"),
            request(8, "", "twin"),
            request(23, code, "last"),
        ],
        evidence: vec![text("E1")],
    }
}

/// An AWS-side fault with a matching Health event.
pub(crate) fn aws_fault() -> (Facts, Findings) {
    let verdict = Verdict {
        side: Side::Aws,
        cause: text("aws_service_fault"),
        confidence: Confidence::High,
        evidence_for: vec![
            because(
                "1,170 of 1,560 calls failed with ServerException, from 2 of 2 callers and 2 of 2 repositories.",
                &["E1"],
            ),
            because(
                "A Health event of ECR in us-east-1 overlaps 39 of 39 minutes.",
                &["E6"],
            ),
        ],
        evidence_against: vec![because(
            "AWS posted 33 min after our onset, so the match rests on its stated impact time.",
            &["E6"],
        )],
        would_change: vec![text(
            "AWS stating that the listed requests were served by a healthy cell.",
        )],
        hypotheses: vec![
            cause("aws_service_fault", Side::Aws, 9, ""),
            cause(
                "permission_change",
                Side::Customer,
                -4,
                "No denied call and no policy change before the onset.",
            ),
        ],
    };
    let mut incident = incident(
        "BatchGetImage",
        Signal::Failures(Class::ServerError),
        "ServerException",
        verdict,
    );
    let notice = notice();
    incident.health_matches = vec![HealthMatch {
        arn: notice.arn,
        service: notice.service,
        region: notice.region,
        score: 0.93,
        rule: text("same service, same region, impact read from the text, full overlap"),
        impact: Interval::new(at(58), at(104)),
        read_from: ReadFrom::Text,
        onset_lag_s: 240,
        overlap_s: LENGTH * 60,
        coincidence: 0.004,
        posted_lag_s: Some(33 * 60),
        posted_at_latest: false,
        evidence: text("E6"),
    }];
    let facts = facts(vec![series("BatchGetImage", Class::ServerError, 40, 36)]);
    (
        facts,
        findings(
            Status::Incident,
            "1 incident in 7,200 calls.",
            vec![incident],
        ),
    )
}

/// A storm of one caller's own retries.
pub(crate) fn retry_storm() -> (Facts, Findings) {
    let verdict = Verdict {
        side: Side::Customer,
        cause: text("retry_storm"),
        confidence: Confidence::High,
        evidence_for: vec![
            because(
                "One caller, arn:aws:iam::111122223333:role/eks-node, made 1,300 of 1,560 calls and 980 of 1,170 throttles.",
                &["E1"],
            ),
            because(
                "Arrivals reached 2,400 in one second against a quota of 2,000 per second.",
                &["E1", "E5"],
            ),
        ],
        evidence_against: Vec::new(),
        would_change: vec![text("Throttling that goes on while the caller is stopped.")],
        hypotheses: vec![
            cause("retry_storm", Side::Customer, 8, ""),
            cause(
                "aws_side_throttling",
                Side::Aws,
                -2,
                "Arrivals were above the quota in 41 seconds.",
            ),
        ],
    };
    let mut incident = incident(
        "BatchGetImage",
        Signal::Failures(Class::Throttle),
        "ThrottlingException",
        verdict,
    );
    incident.changes = vec![ChangeCandidate {
        change: change(),
        lead_s: 242 * 60,
        first_failure_lead_s: Some(242 * 60 + 13),
        why: text("Removing images makes pulls of them fail."),
        touches: true,
        explains: false,
    }];
    incident.seconds = vec![SecondSeries {
        api: text("BatchGetImage"),
        seconds: (0..240)
            .map(|second| (ONSET + 12 * 60 + second, 1_800, 200))
            .collect(),
    }];
    incident.quota = vec![QuotaReplay {
        api: text("BatchGetImage"),
        limit_per_s: Some(2000.0),
        code: text("L-16E70933"),
        basis: text("applied"),
        peak_per_s: 2_400,
        peak_at: instant(ONSET + 12 * 60 + 30),
        peak_factor: Some(1.2),
        seconds_over: 41,
        modelled_throttles: 1_090,
        observed_throttles: 1_170,
        spread: Some((90, 0.97)),
        consumers: vec![(text("arn:aws:iam::111122223333:role/eks-node"), 1_300)],
        evidence: text("E5"),
    }];
    let facts = facts(vec![series("BatchGetImage", Class::Throttle, 40, 36)]);
    (
        facts,
        findings(
            Status::Incident,
            "1 incident in 7,200 calls.",
            vec![incident],
        ),
    )
}

/// Too little evidence: the trail covers half the window and nothing else was given.
pub(crate) fn inconclusive() -> (Facts, Findings) {
    let mut facts = facts(Vec::new());
    facts.settled_until = at(90);
    facts.metrics.clear();
    facts.quotas.clear();
    facts.notices.clear();
    facts.coverage.clear();
    facts.evidence.truncate(1);
    facts.sources.truncate(1);
    for entry in &mut facts.sources {
        entry.outcome = Outcome::Partial {
            why: text("2 of 14 files could not be read"),
        };
        entry.refusals = vec![Refusal {
            input: text("AWSLogs/truncated.json.gz"),
            why: text("the gzip stream ends early"),
            partly_used: true,
        }];
    }
    let mut findings = findings(
        Status::Inconclusive,
        "The trail holds no call in 90 of 180 minutes of the window, so neither trouble nor its absence can be shown.",
        Vec::new(),
    );
    findings.health_searched = 0;
    findings.health_rejected.clear();
    findings.funnel.clear();
    findings.anomalies.clear();
    findings.gaps = vec![Gap {
        noun: text("trail"),
        what: text("no records between 2026-03-11 07:30Z and 09:00Z"),
        consequence: text("Silence there is not health."),
        hint: text("Add the missing files."),
    }];
    (facts, findings)
}

/// Nothing unusual, and enough evidence to say so.
pub(crate) fn quiet() -> (Facts, Findings) {
    let mut facts = facts(vec![series("BatchGetImage", Class::NotFound, 40, 0)]);
    facts.notices.clear();
    let mut findings = findings(
        Status::Quiet,
        "7,200 calls in 180 settled minutes, none of 1 series differs from 7 days of baseline.",
        Vec::new(),
    );
    findings.anomalies.clear();
    (facts, findings)
}

fn findings(status: Status, reason: &str, incidents: Vec<Incident>) -> Findings {
    Findings {
        status,
        status_reason: text(reason),
        incidents,
        anomalies: vec![Anomaly {
            series: text("RepositoryPullCount team/app"),
            span: Interval::new(at(60), at(100)),
            score: -9.2,
            expected: 31.0,
            observed: 2.0,
            unit: text("pulls/min"),
        }],
        funnel: vec![FunnelStep {
            place: place(),
            step: text("manifest"),
            apis: vec![text("BatchGetImage")],
            calls: 7_200,
            failures: 1_170,
            not_found: 12,
        }],
        health_rejected: vec![HealthRejection {
            arn: text("arn:aws:health:eu-west-1::event/S3/AWS_S3_ISSUE/AWS_S3_ISSUE_Y2"),
            why: text("another region (eu-west-1)"),
        }],
        health_searched: 2,
        gaps: Vec::new(),
    }
}
