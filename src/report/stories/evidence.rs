//! The facts under the sample stories: calls, one change, one Health event, quotas, ledger. Test
//! support only.

use super::{LENGTH, WINDOW};
use crate::bundle::manifest::{Noun, Outcome, SourceEntry, Tally};
use crate::case::{Case, Instant, Interval, Minute, Scope, instant};
use crate::ecr::Class;
use crate::facts::types::{
    ApiCoverage, CallSeries, Change, ControlSeries, Evidence, Facts, Gap, Meaning, MetricSeries,
    Notice, Place, Quota, ReadFrom, Relation, TrailFacts,
};
use std::collections::BTreeMap;

pub(super) fn at(minutes: i64) -> Instant {
    instant(WINDOW + minutes * 60)
}

pub(super) fn place() -> Place {
    Place {
        account: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
    }
}

pub(super) fn text(words: &str) -> String {
    words.to_owned()
}

pub(super) fn case() -> Case {
    Case {
        window: Interval::new(at(0), at(180)),
        baseline: Interval::new(instant(WINDOW - 7 * 86_400), at(0)),
        scope: Scope::everything(),
        now: at(360),
    }
}

pub(super) fn series(api: &str, class: Class, per_minute: u32, failing: u32) -> CallSeries {
    let start = Minute::of(instant(WINDOW - 7 * 86_400));
    let len = 7 * 1440 + 180;
    let onset = 7 * 1440 + 62usize;
    let end = onset + usize::try_from(LENGTH).expect("the length is positive");
    let mut success = vec![per_minute; len];
    let mut failures = vec![0; len];
    for minute in onset..end {
        let ramp = u32::try_from((minute - onset).min(end - minute).min(10)).expect("at most ten");
        let failed = failing * ramp / 10;
        success[minute] = per_minute.saturating_sub(failed);
        failures[minute] = failed;
    }
    CallSeries {
        place: place(),
        event_source: text("ecr.amazonaws.com"),
        api: text(api),
        start,
        len,
        classes: BTreeMap::from([(Class::Success, success), (class, failures)]),
    }
}

fn evidence(id: &str, noun: &str, query: &str, params: &str, rows: u64) -> Evidence {
    Evidence {
        id: text(id),
        noun: text(noun),
        query: text(query),
        params: text(params),
        rows,
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
    }
}

fn source(noun: Noun, outcome: Outcome, asked: &str, read: u64) -> SourceEntry {
    let tally = Tally {
        read,
        used: read - read / 4,
        skipped: read / 8,
        duplicate: read / 4 - read / 8,
        skipped_by: BTreeMap::from([(text("not about ECR"), read / 8)]),
        ..Tally::default()
    };
    SourceEntry {
        noun,
        outcome,
        asked: vec![text(asked)],
        tally: tally.clone(),
        by_scope: BTreeMap::from([(text("111122223333/us-east-1"), tally)]),
        refusals: Vec::new(),
        files_read: 12,
        files_pruned: 3,
        files_late: 0,
        signed: None,
        lateness_s: 0,
        bytes_read: 48_000,
        bill: None,
    }
}

pub(super) fn facts(series_of: Vec<CallSeries>) -> Facts {
    let coverage = series_of
        .iter()
        .map(|series| ApiCoverage {
            place: place(),
            api: series.api.clone(),
            trail_calls: 7_200,
            call_count: 7_260.0,
            silent_minutes: Vec::new(),
        })
        .collect();
    Facts {
        case: case(),
        settled_until: at(180),
        trail: vec![TrailFacts {
            place: place(),
            series: series_of,
            observed: Some(Interval::new(instant(WINDOW - 7 * 86_400), at(180))),
            days_with_calls: 7,
            changes: vec![change()],
            controls: vec![ControlSeries {
                event_source: text("sts.amazonaws.com"),
                start: Minute::of(at(0)),
                calls: vec![12; 180],
                errors: vec![0; 180],
                faults: vec![0; 180],
            }],
            paths: Vec::new(),
            parts: Vec::new(),
        }],
        metrics: vec![MetricSeries {
            name: text("CallCount BatchGetImage"),
            meaning: Meaning::CallCount {
                api: text("BatchGetImage"),
            },
            region: Some(text("us-east-1")),
            account: None,
            period_s: 60,
            points: (0..180).map(|minute| (at(minute), 40.0)).collect(),
            status: text("Complete"),
            evidence: text("E4"),
        }],
        quotas: vec![Quota {
            service: text("ecr"),
            code: text("L-16E70933"),
            name: text("Rate of BatchGetImage requests"),
            value: 2000.0,
            per_seconds: Some(1),
            adjustable: true,
            api: Some(text("BatchGetImage")),
            region: Some(text("us-east-1")),
            account: Some(text("111122223333")),
            evidence: text("E5"),
        }],
        notices: vec![notice()],
        coverage,
        gaps: vec![Gap {
            noun: text("status"),
            what: text("not given"),
            consequence: text("What AWS told the public cannot be told."),
            hint: text("Add --health FILE with a saved status feed."),
        }],
        evidence: vec![
            evidence(
                "E1",
                "trail",
                "calls/* (classified, deduplicated API calls)",
                "AWSLogs",
                81_000,
            ),
            evidence(
                "E2",
                "trail",
                "raw/trail-changes.ndjson (changes that can break a registry)",
                "AWSLogs",
                3,
            ),
            evidence(
                "E3",
                "trail",
                "controls/trail.parquet (per-minute counts of other services)",
                "AWSLogs",
                900,
            ),
            evidence(
                "E4",
                "metrics",
                "raw/metrics.ndjson (get-metric-data)",
                "metrics.json",
                180,
            ),
            evidence(
                "E5",
                "quotas",
                "raw/quotas.ndjson (list-service-quotas)",
                "quotas.json",
                12,
            ),
            evidence(
                "E6",
                "health",
                "raw/health.ndjson (describe-event-details)",
                "health.json",
                2,
            ),
        ],
        sources: vec![
            source(Noun::Trail, Outcome::Complete, "AWSLogs", 98_000),
            source(Noun::Metrics, Outcome::Complete, "metrics.json", 180),
            source(Noun::Quotas, Outcome::Complete, "quotas.json", 12),
            source(Noun::Health, Outcome::Complete, "health.json", 2),
        ],
        seal: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
    }
}

pub(super) fn change() -> Change {
    Change {
        time: at(-180),
        event_id: text("8f1a6a7e-0000-4000-8000-000000000001"),
        request_id: text("2f1a6a7e-0000-4000-8000-000000000001"),
        account: text("111122223333"),
        region: text("us-east-1"),
        event_source: text("ecr.amazonaws.com"),
        api: text("PutLifecyclePolicy"),
        principal: text("arn:aws:iam::111122223333:role/platform"),
        session: text("pipeline-7"),
        resource: text("team/app"),
        error_code: String::new(),
        detail: text("{\"repositoryName\":\"team/app\"}"),
        explains: vec![Class::NotFound],
        kind: text("image"),
        why: text("Removing, expiring, archiving or locking images makes pulls fail."),
    }
}

pub(super) fn notice() -> Notice {
    Notice {
        arn: text(
            "arn:aws:health:us-east-1::event/ECR/AWS_ECR_OPERATIONAL_ISSUE/AWS_ECR_OPERATIONAL_ISSUE_X1",
        ),
        noun: Noun::Health,
        service: text("ECR"),
        type_code: text("AWS_ECR_OPERATIONAL_ISSUE"),
        category: text("issue"),
        region: text("us-east-1"),
        status: text("closed"),
        scope: text("PUBLIC"),
        start: Some(at(58)),
        end: Some(at(104)),
        updated: Some(at(130)),
        posted: Some(at(95)),
        posted_at_latest: false,
        impact: Some(Interval::new(at(58), at(104))),
        read_from: ReadFrom::Text,
        relation: Relation::Same,
        impacted_services: vec![text("ECR")],
        text: text(
            "Between 11:58 PM and 12:44 AM PDT we experienced increased error rates for image pulls in the US-EAST-1 Region.",
        ),
        evidence: text("E6"),
    }
}
