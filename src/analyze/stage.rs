//! Hand-written facts for the tests of this room: one quiet place with every source read.

use super::types::{Detected, Episode, Findings, IncidentDraft, Signal, Significance, method};
use crate::bundle::manifest::{Noun, Outcome, SourceEntry, Tally};
use crate::case::{Case, Instant, Interval, Minute, Scope};
use crate::ecr::Class;
use crate::facts::types::{
    CallSeries, Change, CodeShare, ControlSeries, Evidence, Facts, Notice, Place, PrincipalSeries,
    Profile, Quota, ReadFrom, Relation, SecondSeries, Share, TrailFacts,
};
use std::collections::BTreeMap;

/// 2026-03-11 `hour:minute` UTC.
pub(crate) fn at(hour: u32, minute: u32) -> Instant {
    chrono::DateTime::parse_from_rfc3339(&format!("2026-03-11T{hour:02}:{minute:02}:00Z"))
        .expect("the hour and the minute make a time")
        .into()
}

pub(crate) fn place() -> Place {
    Place {
        account: "123456789012".into(),
        region: "eu-west-1".into(),
    }
}

pub(crate) fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

pub(crate) fn source(noun: Noun) -> SourceEntry {
    SourceEntry {
        noun,
        outcome: Outcome::Complete,
        asked: Vec::new(),
        tally: Tally::default(),
        by_scope: BTreeMap::new(),
        refusals: Vec::new(),
        files_read: 1,
        files_pruned: 0,
        files_late: 0,
        signed: None,
        lateness_s: 0,
        bytes_read: 0,
        bill: None,
    }
}

/// Window 08:00 to 10:00, baseline the seven days before, asked at 14:00; all sources read, no
/// calls, no quotas, no events. One other service makes a call every minute.
pub(crate) fn facts() -> Facts {
    let window = Interval::new(at(8, 0), at(10, 0));
    let baseline = Interval::new(at(8, 0) - chrono::Duration::days(7), at(8, 0));
    let start = Minute::of(baseline.from);
    let len = (Minute::of(window.to).0 - start.0) as usize;
    Facts {
        case: Case {
            window,
            baseline,
            scope: Scope::everything(),
            now: at(14, 0),
        },
        settled_until: window.to,
        trail: vec![TrailFacts {
            place: place(),
            series: Vec::new(),
            observed: Some(Interval::new(baseline.from, window.to)),
            days_with_calls: 7,
            changes: Vec::new(),
            controls: vec![ControlSeries {
                event_source: "sts.amazonaws.com".into(),
                start,
                calls: vec![1; len],
                errors: vec![0; len],
                faults: vec![0; len],
            }],
            paths: Vec::new(),
            parts: Vec::new(),
        }],
        metrics: Vec::new(),
        quotas: Vec::new(),
        notices: Vec::new(),
        coverage: Vec::new(),
        gaps: Vec::new(),
        evidence: Noun::ALL
            .iter()
            .enumerate()
            .map(|(index, noun)| Evidence {
                id: format!("E{}", index + 1),
                noun: noun.word().into(),
                query: noun.word().into(),
                params: String::new(),
                rows: 1,
                sha256: String::new(),
            })
            .collect(),
        sources: Noun::ALL.into_iter().map(source).collect(),
        seal: String::new(),
    }
}

/// Sets `per_minute` calls of a class over `minutes` from `from`.
pub(crate) fn calls(
    facts: &mut Facts,
    api: &str,
    class: Class,
    from: (u32, u32),
    minutes: usize,
    per_minute: u32,
) {
    let whole = facts.case.whole();
    let start = Minute::of(whole.from);
    let len = (Minute::of(whole.to).0 - start.0) as usize;
    let first = (Minute::of(at(from.0, from.1)).0 - start.0) as usize;
    let trail = facts.trail.first_mut().expect("the stage has a trail");
    if !trail.series.iter().any(|series| series.api == api) {
        trail.series.push(CallSeries {
            place: place(),
            event_source: "ecr.amazonaws.com".into(),
            api: api.into(),
            start,
            len,
            classes: BTreeMap::new(),
        });
        trail.series.sort_by(|a, b| a.api.cmp(&b.api));
    }
    let series = trail
        .series
        .iter_mut()
        .find(|s| s.api == api)
        .expect("it was pushed above");
    let counts = series.classes.entry(class).or_insert_with(|| vec![0; len]);
    for count in counts.iter_mut().skip(first).take(minutes) {
        *count = per_minute;
    }
}

/// A draft of one signal over `from..to`, calibrated on seven days.
pub(crate) fn draft(
    signal: Signal,
    apis: &[&str],
    from: (u32, u32),
    to: (u32, u32),
) -> IncidentDraft {
    let span = Interval::new(at(from.0, from.1), at(to.0, to.1));
    IncidentDraft {
        place: place(),
        signal,
        apis: apis.iter().map(|api| (*api).to_owned()).collect(),
        episodes: vec![Episode {
            place: place(),
            api: apis.first().copied().unwrap_or_default().into(),
            signal,
            onset: Minute::of(span.from),
            end: Minute::of(span.to),
            peak: Minute::of(span.from),
            ongoing: false,
            calls: 100,
            failures: 50,
            baseline_ratio: 0.001,
            significance: Significance {
                method: method::FAILURES,
                score: 50.0,
                q: Some(0.001),
                calibrated_days: 7,
                dispersion: 1.0,
            },
        }],
        span,
        peak: Minute::of(span.from),
        ongoing: false,
    }
}

pub(crate) fn share(name: &str, calls: u64, failures: u64, before: (u64, u64)) -> Share {
    Share {
        name: name.into(),
        calls,
        failures,
        baseline_calls: before.0,
        baseline_failures: before.1,
    }
}

pub(crate) fn code(api: &str, class: Class, code: &str, count: u64) -> CodeShare {
    CodeShare {
        api: api.into(),
        class,
        code: code.into(),
        count,
        calls: count * 2,
        baseline_count: 0,
        first: at(9, 0),
        last: at(9, 9),
        message: String::new(),
    }
}

pub(crate) fn change(
    kind: &str,
    api: &str,
    when: (u32, u32),
    resource: &str,
    explains: &[Class],
) -> Change {
    Change {
        time: at(when.0, when.1),
        event_id: format!("{api}-{}-{}", when.0, when.1),
        request_id: "r".into(),
        account: place().account,
        region: place().region,
        event_source: "ecr.amazonaws.com".into(),
        api: api.into(),
        principal: role("admin"),
        session: String::new(),
        resource: resource.into(),
        error_code: String::new(),
        detail: String::new(),
        explains: explains.to_vec(),
        kind: kind.into(),
        why: "It can.".into(),
    }
}

pub(crate) fn add_change(facts: &mut Facts, change: Change) {
    facts
        .trail
        .first_mut()
        .expect("the stage has a trail")
        .changes
        .push(change);
}

/// An ECR event of this region with impact stated in its text.
pub(crate) fn notice(from: (u32, u32), to: (u32, u32)) -> Notice {
    Notice {
        arn: "arn:aws:health:eu-west-1::event/ECR/AWS_ECR_OPERATIONAL_ISSUE/x".into(),
        noun: Noun::Health,
        service: "ECR".into(),
        type_code: "AWS_ECR_OPERATIONAL_ISSUE".into(),
        category: "issue".into(),
        region: place().region,
        status: "closed".into(),
        scope: "PUBLIC".into(),
        start: Some(at(from.0, from.1)),
        end: Some(at(to.0, to.1)),
        updated: None,
        posted: None,
        posted_at_latest: false,
        impact: Some(Interval::new(at(from.0, from.1), at(to.0, to.1))),
        read_from: ReadFrom::Text,
        relation: Relation::Same,
        impacted_services: Vec::new(),
        text: String::new(),
        evidence: "E4".into(),
    }
}

pub(crate) fn quota(api: &str, value: f64) -> Quota {
    Quota {
        service: "ecr".into(),
        code: "L-16E70933".into(),
        name: format!("Rate of {api} requests"),
        value,
        per_seconds: Some(1),
        adjustable: true,
        api: Some(api.into()),
        region: Some(place().region),
        account: Some(place().account),
        evidence: "E3".into(),
    }
}

/// `count` busy seconds from 09:00:00, each with these arrivals and throttles.
pub(crate) fn seconds(api: &str, count: i64, arrivals: u32, throttled: u32) -> SecondSeries {
    let start = at(9, 0).timestamp();
    SecondSeries {
        api: api.into(),
        seconds: (0..count)
            .map(|s| (start + s, arrivals, throttled))
            .collect(),
    }
}

/// A principal's minutes: an hour at `usual`, then ten at `busy` of which `failed` fail.
pub(crate) fn minutes_of(principal: &str, usual: u32, busy: u32, failed: u32) -> PrincipalSeries {
    let during = |value: u32| std::iter::repeat_n(value, 10);
    PrincipalSeries {
        principal: principal.into(),
        start: Minute::of(at(8, 0)),
        calls: std::iter::repeat_n(usual, 60).chain(during(busy)).collect(),
        failures: std::iter::repeat_n(0, 60).chain(during(failed)).collect(),
    }
}

/// The findings of one draft with its profile.
pub(crate) fn judged(facts: &Facts, draft: IncidentDraft, profile: Profile) -> Findings {
    let detected = Detected {
        drafts: vec![draft],
        anomalies: Vec::new(),
    };
    super::judge(facts, detected, vec![profile])
}

/// Takes one source away, as if it had never been collected.
pub(crate) fn without(facts: &Facts, noun: Noun) -> Facts {
    let mut less = facts.clone();
    less.sources.retain(|entry| entry.noun != noun);
    less.evidence.retain(|line| line.noun != noun.word());
    match noun {
        Noun::Trail => less.trail.clear(),
        Noun::Metrics => {
            less.metrics.clear();
            less.coverage.clear();
        }
        Noun::Quotas => less.quotas.clear(),
        Noun::Health | Noun::Status => less.notices.retain(|notice| notice.noun != noun),
    }
    less
}
