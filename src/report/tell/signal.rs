//! The signal at a glance: sparklines for text and the same series as charts.
//!
//! Series are taken as they are, cut to the span around the incident; minutes in which the trail
//! shows no record at all are gaps, not zeros.

use super::seen::Seen;
use super::story::{Story, minutes};
use super::words::{self, cell, say, strong};
use crate::analyze::types::{Incident, QuotaReplay, Signal};
use crate::case::{Instant, Interval, Minute, instant};
use crate::ecr::Class;
use crate::facts::types::{CallSeries, Meaning, Place};
use crate::report::fmt;
use crate::report::model::{
    Band, BandKind, Block, Chart, Label, Level, Line, Mark, MarkKind, Panel, Role, Sparkline,
    Sparklines, Untrusted,
};

/// Columns of a sparkline at most: fits beside a label in 100 characters.
const COLUMNS: i64 = 60;
/// Points of a chart line at most.
const POINTS: i64 = 720;
/// APIs drawn; the impact table has all of them.
const APIS: usize = 3;
/// Seconds around the busiest second in the quota chart.
const SECONDS_AROUND: i64 = 300;

/// Sparklines with baseline and marks, and a reference to the chart.
pub(super) fn blocks(story: &Story<'_>, incident: &Incident) -> Vec<Block> {
    let view = view(story, incident);
    let (from, to) = minutes(&view);
    let step = ceil_div(to.0 - from.0, COLUMNS).max(1);
    let seen = Seen::of(story, &incident.draft.place, &view);
    let mut lines = Vec::new();
    for api in apis(incident) {
        let Some(series) = story.series(&incident.draft.place, api) else {
            continue;
        };
        if let Some(class) = incident.draft.signal.class() {
            let values = per_minute(&series.of(class), series, from, to, &seen);
            lines.push(line(api, "failures/min", &values, from, step));
        }
        let values = per_minute(&series.calls(), series, from, to, &seen);
        lines.push(line(api, "calls/min", &values, from, step));
    }
    let mut blocks = Vec::new();
    if lines.is_empty() {
        blocks.push(say("No per-minute series: only metrics know this place.").para());
    } else {
        blocks.push(Block::Sparklines(Sparklines {
            start: from.start(),
            step_s: step * 60,
            lines,
            marks: marks(story, incident),
        }));
    }
    blocks.push(
        strong("Baseline:")
            .and(match incident.draft.signal {
                Signal::Failures(class) => {
                    let draft = &incident.draft;
                    let past = match story.before(&draft.place, &draft.apis, class) {
                        (_, 0) => " none: no calls of these APIs before the window".to_owned(),
                        (failures, calls) => format!(
                            " {} calls failed this way over {}",
                            fmt::share(failures, calls),
                            story.baseline_words(Some(&draft.place))
                        ),
                    };
                    format!(
                        "{past}; during the incident {}.",
                        fmt::share(incident.failures, incident.calls)
                    )
                }
                Signal::TrafficSurge | Signal::TrafficDrop => {
                    let draft = &incident.draft;
                    let past = match story.has_before(&draft.place, &draft.apis) {
                        true => format!(" {} calls/min", fmt::number(incident.baseline_ratio)),
                        false => " none: no calls of these APIs before the window".to_owned(),
                    };
                    format!(
                        "{past}; during the incident {} calls where {} are expected.",
                        fmt::count(incident.calls),
                        fmt::count(incident.failures)
                    )
                }
            })
            .cite(&story.cites_of(incident))
            .and(" ")
            .label(Label::Observed)
            .para(),
    );
    if incident.draft.apis.len() > APIS {
        blocks.push(
            say(format!(
                "{APIS} of {} APIs drawn, those with most failures; the impact table has all.",
                incident.draft.apis.len()
            ))
            .para(),
        );
    }
    blocks.push(Block::Chart(signal_id(incident)));
    blocks
}

/// The APIs drawn: those with most failures, ties by name.
fn apis(incident: &Incident) -> Vec<&str> {
    let failures = |api: &str| -> u64 {
        let of = incident.draft.episodes.iter();
        of.filter(|episode| episode.api == api)
            .map(|episode| episode.failures)
            .sum()
    };
    let mut names: Vec<&str> = incident.draft.apis.iter().map(String::as_str).collect();
    names.sort_by_key(|api| (std::cmp::Reverse(failures(api)), *api));
    names.truncate(APIS);
    names
}

/// Calls and failures of the whole window by place, for reports without an incident.
pub(super) fn window(story: &Story<'_>) -> Option<Block> {
    let (from, to) = minutes(&story.facts.case.window);
    let step = ceil_div(to.0 - from.0, COLUMNS).max(1);
    let mut lines = Vec::new();
    for trail in story.facts.trail.iter().take(APIS) {
        let length = usize::try_from(to.0 - from.0).ok()?;
        let seen = Seen::of(story, &trail.place, &story.facts.case.window);
        let mut calls: Vec<Option<f64>> = vec![None; length];
        let mut failures: Vec<Option<f64>> = vec![None; length];
        for series in &trail.series {
            let failed: Vec<u32> = series
                .calls()
                .iter()
                .zip(
                    series
                        .of(Class::Success)
                        .iter()
                        .zip(series.of(Class::NotFound)),
                )
                .map(|(all, (success, missing))| {
                    all.saturating_sub(*success).saturating_sub(missing)
                })
                .collect();
            add(
                &mut calls,
                &per_minute(&series.calls(), series, from, to, &seen),
            );
            add(&mut failures, &per_minute(&failed, series, from, to, &seen));
        }
        let label = format!("{}/{}", trail.place.account, trail.place.region);
        lines.push(line(&label, "failures/min", &failures, from, step));
        lines.push(line(&label, "calls/min", &calls, from, step));
    }
    (!lines.is_empty()).then(|| {
        Block::Sparklines(Sparklines {
            start: from.start(),
            step_s: step * 60,
            lines,
            marks: Vec::new(),
        })
    })
}

fn add(sum: &mut [Option<f64>], values: &[Option<f64>]) {
    for (total, value) in sum.iter_mut().zip(values) {
        if let Some(value) = value {
            *total = Some(total.unwrap_or(0.0) + value);
        }
    }
}

/// The charts of an incident, in the order their blocks stand.
pub(super) fn charts(story: &Story<'_>, incident: &Incident) -> Vec<Chart> {
    let mut charts = vec![signal_chart(story, incident)];
    charts.extend(
        incident
            .quota
            .iter()
            .enumerate()
            .filter_map(|(index, replay)| quota_chart(incident, replay, index)),
    );
    charts
}

/// The ID of an incident's main chart.
fn signal_id(incident: &Incident) -> String {
    format!("{}-signal", stem(&incident.id))
}

/// The ID of an incident's quota chart, if it has one.
pub(super) fn quota_id(incident: &Incident, index: usize) -> Option<String> {
    let replay = incident.quota.get(index)?;
    quota_chart(incident, replay, index).map(|chart| chart.id)
}

/// File stems hold small letters, digits and dashes only.
fn stem(id: &str) -> String {
    id.chars()
        .map(|c| c.to_ascii_lowercase())
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect()
}

/// The incident with room before and after: at least 45 minutes and as much as it lasted, inside
/// what was read. A very long incident keeps its two ends.
fn view(story: &Story<'_>, incident: &Incident) -> Interval {
    let span = incident.draft.span;
    let room = span.seconds().clamp(45 * 60, 12 * 3600);
    let wide = span.widened(room);
    let whole = story.facts.case.whole();
    let cut = wide.overlap(&whole).unwrap_or(span);
    if cut.is_empty() {
        span.widened(60)
    } else {
        cut
    }
}

/// One value per minute of `[from, to)`; `None` outside the series or where the trail is silent.
fn per_minute(
    counts: &[u32],
    series: &CallSeries,
    from: Minute,
    to: Minute,
    seen: &Seen,
) -> Vec<Option<f64>> {
    (from.0..to.0)
        .map(|minute| {
            let index = usize::try_from(minute - series.start.0).ok()?;
            let count = counts.get(index)?;
            seen.holds(Minute(minute)).then(|| f64::from(*count))
        })
        .collect()
}

/// Each column shows its highest minute, so that a short spike survives a long view.
fn line(
    name: &str,
    unit: &'static str,
    values: &[Option<f64>],
    from: Minute,
    step: i64,
) -> Sparkline {
    let width = usize::try_from(step).unwrap_or(1).max(1);
    let top = values
        .iter()
        .enumerate()
        .filter_map(|(index, value)| value.map(|value| (value, index)))
        // The first of equal values: later ones must be larger.
        .fold(
            None,
            |best: Option<(f64, usize)>, (value, index)| match best {
                Some((high, _)) if high >= value => best,
                _ => Some((value, index)),
            },
        );
    let note = match top {
        Some((value, index)) if value > 0.0 => {
            let at = from.plus(i64::try_from(index).unwrap_or(0)).start();
            format!("max {} at {}", fmt::number(value), fmt::clock(at))
        }
        Some(_) => "all zero".to_owned(),
        None => "no data".to_owned(),
    };
    Sparkline {
        label: Untrusted::capped(name, 40),
        unit,
        values: values
            .chunks(width)
            .map(|chunk| chunk.iter().flatten().copied().reduce(f64::max))
            .collect(),
        note,
    }
}

fn marks(story: &Story<'_>, incident: &Incident) -> Vec<Mark> {
    let mark = |at: Instant, label: &str, kind: MarkKind| Mark {
        at,
        label: Untrusted::capped(label, 60),
        kind,
    };
    let mut marks = vec![
        mark(incident.onset, "onset", MarkKind::Onset),
        mark(incident.peak, "peak", MarkKind::Peak),
    ];
    if let Some(recovery) = incident.recovery {
        marks.push(mark(recovery, "recovery", MarkKind::Recovery));
    }
    for candidate in incident.changes.iter().take(3) {
        marks.push(mark(
            candidate.change.time,
            &candidate.change.api,
            MarkKind::Change,
        ));
    }
    for found in incident.health_matches.iter().take(2) {
        if let Some(posted) = story.notice(&found.arn).and_then(|notice| notice.posted) {
            marks.push(mark(posted, "Health post", MarkKind::HealthPost));
        }
    }
    marks.sort_by_key(|mark| (mark.at, mark.kind));
    marks
}

fn bands(story: &Story<'_>, incident: &Incident, view: &Interval) -> Vec<Band> {
    let mut bands = Vec::new();
    let mut band = |span: Interval, label: &str, kind: BandKind| {
        if let Some(shown) = span.overlap(view) {
            bands.push(Band {
                from: shown.from,
                to: shown.to,
                label: Untrusted::capped(label, 60),
                kind,
            });
        }
    };
    band(incident.draft.span, "incident", BandKind::Incident);
    for found in incident.health_matches.iter().take(2) {
        let label = format!("Health: {}", found.service);
        band(found.impact, &label, BandKind::Health);
    }
    let late = Interval::new(
        story.facts.settled_until,
        view.to.max(story.facts.settled_until),
    );
    band(late, "may still change", BandKind::Unsettled);
    for gap in Seen::of(story, &incident.draft.place, view).gaps() {
        band(*gap, "no record", BandKind::Silent);
    }
    bands.sort_by_key(|band| (band.from, band.kind));
    bands
}

fn signal_chart(story: &Story<'_>, incident: &Incident) -> Chart {
    let view = view(story, incident);
    let (from, to) = minutes(&view);
    let step = ceil_div(to.0 - from.0, POINTS).max(1);
    let width = usize::try_from(step).unwrap_or(1).max(1);
    let seen = Seen::of(story, &incident.draft.place, &view);
    let thin = |values: &[Option<f64>]| -> Vec<Option<f64>> {
        values
            .chunks(width)
            .map(|chunk| chunk.iter().flatten().copied().reduce(f64::max))
            .collect()
    };
    let length = thin(&vec![None; usize::try_from(to.0 - from.0).unwrap_or(0)]).len();
    let folded = if step > 1 {
        format!(" (highest minute of every {step})")
    } else {
        String::new()
    };
    let mut panels = Vec::new();
    for api in apis(incident) {
        let Some(series) = story.series(&incident.draft.place, api) else {
            continue;
        };
        let calls = per_minute(&series.calls(), series, from, to, &seen);
        if let Some(class) = incident.draft.signal.class() {
            let mut lines = vec![Line {
                label: "failures",
                role: Role::Failures,
                values: thin(&per_minute(&series.of(class), series, from, to, &seen)),
            }];
            if let Some(ratio) = baseline(incident, api).filter(|ratio| *ratio > 0.0) {
                let expected: Vec<Option<f64>> =
                    calls.iter().map(|calls| calls.map(|c| c * ratio)).collect();
                lines.push(Line {
                    label: "expected at the baseline ratio",
                    role: Role::Expected,
                    values: thin(&expected),
                });
            }
            panels.push(Panel {
                title: say("")
                    .code(api)
                    .and(format!(" {}{folded}", words::failures_of(class)))
                    .done(),
                unit: "per minute",
                lines,
                levels: Vec::new(),
            });
        }
        let mut lines = vec![Line {
            label: "calls (CloudTrail)",
            role: Role::Calls,
            values: thin(&calls),
        }];
        if let Some(values) = call_count(story, &incident.draft.place, api, from, to) {
            lines.push(Line {
                label: "CallCount (CloudWatch)",
                role: Role::CallCount,
                values: thin(&values),
            });
        }
        let levels = match incident.draft.signal {
            Signal::TrafficSurge | Signal::TrafficDrop => baseline(incident, api)
                .filter(|_| story.has_before(&incident.draft.place, &[api.to_owned()]))
                .map(|rate| Level {
                    label: format!("baseline {}/min", fmt::number(rate)),
                    value: rate,
                })
                .into_iter()
                .collect(),
            Signal::Failures(_) => Vec::new(),
        };
        panels.push(Panel {
            title: say("").code(api).and(format!(" calls{folded}")).done(),
            unit: "per minute",
            lines,
            levels,
        });
    }
    Chart {
        id: signal_id(incident),
        title: say(format!("{}: ", incident.id))
            .and(words::signal(incident.draft.signal))
            .and(" in ")
            .prose(&incident.draft.place.region)
            .done(),
        alt: super::verdict::what_happened(story, incident),
        start: from.start(),
        step_s: step * 60,
        len: length,
        panels,
        marks: marks(story, incident),
        bands: bands(story, incident, &view),
    }
}

/// The baseline of one API: failures per call, or calls per minute for traffic. The incident's own
/// figure is over all its APIs and would mislead beside one of them.
fn baseline(incident: &Incident, api: &str) -> Option<f64> {
    let mut episodes = incident.draft.episodes.iter();
    episodes
        .find(|episode| episode.api == api)
        .map(|episode| episode.baseline_ratio)
        .filter(|value| value.is_finite() && *value >= 0.0)
}

/// CloudWatch's own count by minute, when it has one-minute points for this API and place.
fn call_count(
    story: &Story<'_>,
    place: &Place,
    api: &str,
    from: Minute,
    to: Minute,
) -> Option<Vec<Option<f64>>> {
    let of_place =
        |stated: &Option<String>, here: &str| stated.as_deref().is_none_or(|stated| stated == here);
    let series = story.facts.metrics.iter().find(|series| {
        series.period_s == 60
            && of_place(&series.region, &place.region)
            && of_place(&series.account, &place.account)
            && matches!(&series.meaning, Meaning::CallCount { api: of } if of == api)
    })?;
    let mut values: Vec<Option<f64>> = vec![None; usize::try_from(to.0 - from.0).ok()?];
    for (at, value) in &series.points {
        let slot = usize::try_from(Minute::of(*at).0 - from.0)
            .ok()
            .and_then(|index| values.get_mut(index));
        if let Some(slot) = slot {
            *slot = Some(*value);
        }
    }
    values.iter().any(Option::is_some).then_some(values)
}

/// Arrivals per second around the busiest second, against the quota.
fn quota_chart(incident: &Incident, replay: &QuotaReplay, index: usize) -> Option<Chart> {
    if !is_near_quota(replay) {
        return None;
    }
    let series = incident
        .seconds
        .iter()
        .find(|series| series.api == replay.api)?;
    let peak = replay.peak_at.timestamp();
    let start = peak.saturating_sub(SECONDS_AROUND);
    let length = usize::try_from(SECONDS_AROUND * 2).ok()?;
    let mut arrivals = vec![Some(0.0); length];
    let mut throttled = vec![Some(0.0); length];
    for (second, calls, refused) in &series.seconds {
        let slot = usize::try_from(second.saturating_sub(start)).ok();
        if let Some(cell) = slot.and_then(|slot| arrivals.get_mut(slot)) {
            *cell = Some(f64::from(*calls));
        }
        if let Some(cell) = slot.and_then(|slot| throttled.get_mut(slot)) {
            *cell = Some(f64::from(*refused));
        }
    }
    let levels = replay
        .limit_per_s
        .map(|limit| Level {
            label: format!("quota {}/s", fmt::number(limit)),
            value: limit,
        })
        .into_iter()
        .collect();
    Some(Chart {
        id: format!("{}-quota-{}", stem(&incident.id), index + 1),
        title: say(format!("{}: arrivals per second of ", incident.id))
            .code(&replay.api)
            .done(),
        alt: cell(format!(
            "Busiest second: {} arrivals at {}.",
            fmt::count(u64::from(replay.peak_per_s)),
            fmt::moment(replay.peak_at)
        )),
        start: instant(start),
        step_s: 1,
        len: length,
        panels: vec![Panel {
            title: say("").code(&replay.api).and(" arrivals").done(),
            unit: "per second",
            lines: vec![
                Line {
                    label: "throttled",
                    role: Role::Failures,
                    values: throttled,
                },
                Line {
                    label: "arrivals",
                    role: Role::Arrivals,
                    values: arrivals,
                },
            ],
            levels,
        }],
        marks: Vec::new(),
        bands: Vec::new(),
    })
}

fn ceil_div(a: i64, b: i64) -> i64 {
    (a + b - 1).div_euclid(b)
}

/// Whether a quota is worth its own row: throttled, modelled as throttled, or above half the limit.
pub(super) fn is_near_quota(replay: &QuotaReplay) -> bool {
    replay.observed_throttles > 0
        || replay.modelled_throttles > 0
        || replay.seconds_over > 0
        || replay.peak_factor.is_some_and(|factor| factor >= 0.5)
}
