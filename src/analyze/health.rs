//! Links between an incident and AWS Health events: scope before time, a score with its rule in
//! words, and the chance that an unrelated event would overlap. Overlap is reported as overlap,
//! never as cause, and the silence of Health is never proof.
//!
//! Source of all rates: `queries/verdicts/health_base_rates.toml`.

use super::types::{HealthMatch, HealthRejection};
use super::words;
use crate::bundle::manifest::{Noun, Outcome};
use crate::case::{Instant, Interval};
use crate::catalog;
use crate::ecr::knowledge;
use crate::facts::types::{Facts, Notice, Place, ReadFrom, Relation};
use serde::Deserialize;
use std::sync::OnceLock;

#[derive(Debug, Deserialize)]
struct Rates {
    archive_days: f64,
    tolerance_minutes: f64,
    published_widening_minutes: i64,
    scope: Vec<ScopeRate>,
    unposted: Vec<Unposted>,
    score: Weights,
    lag: Vec<LagRule>,
}

#[derive(Debug, Deserialize)]
struct ScopeRate {
    name: String,
    events: f64,
}

#[derive(Debug, Deserialize)]
struct Unposted {
    minutes: f64,
    share: f64,
}

#[derive(Debug, Deserialize)]
struct Weights {
    same: f64,
    multiple: f64,
    dependency: f64,
    global: f64,
    strong: f64,
}

#[derive(Debug, Deserialize)]
struct LagRule {
    read_from: String,
    from: i64,
    to: i64,
    weight: f64,
    words: String,
}

fn rates() -> &'static Rates {
    static RATES: OnceLock<Rates> = OnceLock::new();
    RATES.get_or_init(|| catalog::table("verdicts/health_base_rates"))
}

/// A match with what the verdict needs to know of the event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    /// For the findings.
    pub matched: HealthMatch,
    /// Distance to ECR.
    pub relation: Relation,
    /// Whether it came from the account's own Health answer (and not the public feed).
    pub from_health: bool,
}

impl Link {
    /// Whether it can be a leg of a verdict.
    pub(super) fn is_strong(&self) -> bool {
        matches!(self.relation, Relation::Same | Relation::Multiple)
            && self.matched.score >= rates().score.strong
    }
}

/// The links of one incident, best first, and why the others do not fit.
pub(super) fn links(
    facts: &Facts,
    place: &Place,
    span: Interval,
) -> (Vec<Link>, Vec<HealthRejection>) {
    let mut links = Vec::new();
    let mut rejected = Vec::new();
    for notice in &facts.notices {
        match link(facts, notice, place, span) {
            Ok(link) => links.push(link),
            Err(why) => rejected.push(HealthRejection {
                arn: notice.arn.clone(),
                why,
            }),
        }
    }
    links.sort_by(|a, b| {
        b.matched
            .score
            .total_cmp(&a.matched.score)
            .then_with(|| a.matched.arn.cmp(&b.matched.arn))
    });
    rejected.sort();
    (links, rejected)
}

/// Why an event cannot matter to a place whatever its time; `None` when it is in scope.
pub(super) fn out_of_scope(notice: &Notice, regions: &[String]) -> Option<String> {
    if notice.category.eq_ignore_ascii_case("scheduledChange") {
        return Some("a scheduled change, not a fault".to_owned());
    }
    if notice.category.eq_ignore_ascii_case("accountNotification") {
        return Some("a notification to the account, not a fault".to_owned());
    }
    let here = regions
        .iter()
        .any(|region| region.eq_ignore_ascii_case(&notice.region));
    if !here && !is_global(notice) {
        return Some(format!(
            "another region: {} instead of {}",
            shown(&notice.region),
            words::list(regions.iter().map(String::as_str), 3)
        ));
    }
    if notice.relation == Relation::Unrelated {
        return Some(format!(
            "service {} is neither ECR nor one it depends on",
            shown(&notice.service)
        ));
    }
    None
}

fn link(facts: &Facts, notice: &Notice, place: &Place, span: Interval) -> Result<Link, String> {
    if let Some(why) = out_of_scope(notice, std::slice::from_ref(&place.region)) {
        return Err(why);
    }
    let (impact, read_from) =
        impact(facts, notice, span).ok_or_else(|| "it states no time at all".to_owned())?;
    if impact.to <= span.from {
        return Err(format!(
            "ended before onset: {}, {} before {}",
            words::minute(impact.to),
            words::length((span.from - impact.to).num_seconds()),
            words::minute(span.from)
        ));
    }
    if impact.from >= span.to {
        return Err(format!(
            "starts after the incident's end: {}, {} after {}",
            words::minute(impact.from),
            words::length((impact.from - span.to).num_seconds()),
            words::minute(span.to)
        ));
    }
    // An empty span cannot overlap; the checks above leave only touching points then.
    let overlap_s = impact.overlap(&span).map_or(0, |shared| shared.seconds());
    // The lag is measured to the start as AWS states it, not to the widened one.
    let stated = match read_from {
        ReadFrom::Text => impact.from,
        ReadFrom::Published => impact.from + published_widening(),
    };
    let lag_s = (span.from - stated).num_seconds();
    let (score, rule) = score(notice, read_from, lag_s, overlap_s, span);
    Ok(Link {
        matched: HealthMatch {
            arn: notice.arn.clone(),
            service: notice.service.clone(),
            region: notice.region.clone(),
            score,
            rule,
            impact,
            read_from,
            onset_lag_s: lag_s,
            overlap_s,
            coincidence: coincidence(notice, span, impact),
            posted_lag_s: notice
                .posted
                .map(|posted| (posted - span.from).num_seconds()),
            posted_at_latest: notice.posted_at_latest,
            evidence: notice.evidence.clone(),
        },
        relation: notice.relation,
        from_health: notice.noun == Noun::Health,
    })
}

/// The impact on customers: as the text states it, else the published times widened to the left,
/// since events are posted late. An event without end lasts until now.
fn impact(facts: &Facts, notice: &Notice, span: Interval) -> Option<(Interval, ReadFrom)> {
    if let (Some(stated), ReadFrom::Text) = (notice.impact, notice.read_from) {
        return Some((stated, ReadFrom::Text));
    }
    let published = notice.impact.or_else(|| {
        let from = notice.start.or(notice.posted).or(notice.updated)?;
        let to = notice.end.unwrap_or_else(|| facts.case.now.max(span.to));
        Some(Interval::new(from, to))
    })?;
    let from = published
        .from
        .checked_sub_signed(published_widening())
        .unwrap_or(published.from);
    Some((Interval::new(from, published.to), ReadFrom::Published))
}

fn published_widening() -> chrono::Duration {
    chrono::Duration::minutes(rates().published_widening_minutes)
}

/// Relation weight x lag weight x (0.5 + 0.5 x share of the incident inside the impact).
fn score(
    notice: &Notice,
    read_from: ReadFrom,
    lag_s: i64,
    overlap_s: i64,
    span: Interval,
) -> (f64, String) {
    let weights = &rates().score;
    let (relation, relation_words) = match notice.relation {
        Relation::Same => (weights.same, "names ECR".to_owned()),
        Relation::Multiple => (
            weights.multiple,
            "names several services without ECR".to_owned(),
        ),
        Relation::Dependency | Relation::Unrelated => (
            knowledge()
                .dependency(&notice.service)
                .map_or(weights.dependency, |known| known.weight),
            format!("service {} is one ECR depends on", shown(&notice.service)),
        ),
    };
    let scope = if is_global(notice) {
        weights.global
    } else {
        1.0
    };
    let source = match read_from {
        ReadFrom::Text => "text",
        ReadFrom::Published => "published",
    };
    let minutes = lag_s.div_euclid(60);
    let lag = rates()
        .lag
        .iter()
        .find(|rule| rule.read_from == source && rule.from <= minutes && minutes <= rule.to);
    let (lag_weight, lag_words) = lag.map_or((0.4, "our onset is far from it"), |rule| {
        (rule.weight, rule.words.as_str())
    });
    let inside = if span.seconds() > 0 {
        (overlap_s as f64 / span.seconds() as f64).clamp(0.0, 1.0)
    } else {
        1.0
    };
    let score = (relation * scope * lag_weight * (0.5 + 0.5 * inside)).clamp(0.0, 1.0);
    let reach = if is_global(notice) {
        "global event"
    } else {
        "same region"
    };
    let times = match read_from {
        ReadFrom::Text => "impact times stated in the text".to_owned(),
        ReadFrom::Published => format!(
            "only publication times, widened {} min to the left",
            rates().published_widening_minutes
        ),
    };
    let rule = format!(
        "{reach}; {relation_words}; {times}; {lag_words}; {} of the incident lies inside",
        words::percent(inside)
    );
    (score, rule)
}

/// Chance that an unrelated event of this kind overlaps: `1 - exp(-lambda (D + d + 2 tol))`.
fn coincidence(notice: &Notice, span: Interval, impact: Interval) -> f64 {
    let name = match (is_global(notice), notice.relation) {
        (true, _) => "any",
        (false, Relation::Same) => "same",
        (false, _) => "near",
    };
    let rates = rates();
    let events = rates
        .scope
        .iter()
        .find(|row| row.name == name)
        .map_or(0.0, |row| row.events);
    let lambda = events / (rates.archive_days * 1440.0);
    let minutes = (span.seconds() as f64 + impact.seconds() as f64) / 60.0;
    (1.0 - (-lambda * (minutes + 2.0 * rates.tolerance_minutes)).exp()).clamp(0.0, 1.0)
}

/// Share of published events not yet posted `age_s` seconds after their onset, by straight lines
/// between the measured points; flat before the first and after the last.
pub(super) fn unposted_share(age_s: i64) -> f64 {
    let minutes = age_s as f64 / 60.0;
    let table = &rates().unposted;
    let mut last: Option<&Unposted> = None;
    for point in table {
        if minutes <= point.minutes {
            let Some(before) = last else {
                return point.share;
            };
            let step = (minutes - before.minutes) / (point.minutes - before.minutes);
            return before.share + step * (point.share - before.share);
        }
        last = Some(point);
    }
    last.map_or(1.0, |point| point.share)
}

/// Whether AWS Health (not only the public feed) was read.
pub(super) fn was_read(facts: &Facts) -> bool {
    facts.sources.iter().any(|entry| {
        entry.noun == Noun::Health && !matches!(entry.outcome, Outcome::Unavailable { .. })
    })
}

/// Age of an onset at the time of asking, seconds, never negative.
pub(super) fn age_s(facts: &Facts, onset: Instant) -> i64 {
    (facts.case.now - onset).num_seconds().max(0)
}

fn is_global(notice: &Notice) -> bool {
    notice.region.eq_ignore_ascii_case("global")
}

fn shown(text: &str) -> &str {
    if text.is_empty() {
        "(not stated)"
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
