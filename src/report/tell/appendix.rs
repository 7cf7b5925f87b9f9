//! The back of the report: evidence ledger, coverage, funnel, other anomalies, classes.

use super::story::Story;
use super::words::{cell, cut_note, days, failures_of, name, plural, say, strong, table};
use crate::analyze::types::{Anomaly, FunnelStep};
use crate::bundle::manifest::{Noun, Outcome, Tally};
use crate::catalog;
use crate::ecr::Class;
use crate::facts::types::{Meaning, Place};
use crate::report::fmt;
use crate::report::model::{Block, Label, Text};
use serde::Deserialize;

/// Rows shown of anomalies.
const ANOMALIES: usize = 15;

/// Every body of evidence with its hash.
pub(super) fn ledger(story: &Story<'_>) -> Vec<Block> {
    if story.facts.evidence.is_empty() {
        return vec![say("The ledger is empty: no source gave any evidence.").para()];
    }
    let rows = story
        .facts
        .evidence
        .iter()
        .map(|evidence| {
            vec![
                say("").cite(&[evidence.id.as_str()]).done(),
                cell(evidence.noun.as_str()),
                say("").code_capped(&evidence.query, 120).done(),
                say("").code_capped(&evidence.params, 120).done(),
                cell(fmt::count(evidence.rows)),
                say("").code_capped(&evidence.sha256, 64).done(),
            ]
        })
        .collect();
    vec![table(
        &["ID", "Source", "What", "Asked", ">Rows", "SHA-256"],
        rows,
        Vec::new(),
    )]
}

/// Where every record went, per source and place.
pub(super) fn coverage(story: &Story<'_>) -> Vec<Block> {
    let mut rows = Vec::new();
    let mut skipped: Vec<Text> = Vec::new();
    for noun in Noun::ALL {
        let Some(entry) = story.source(noun) else {
            rows.push(row(
                noun,
                "",
                "missing",
                "not given",
                &Tally::default(),
                None,
            ));
            continue;
        };
        let (state, why) = match &entry.outcome {
            Outcome::Complete => ("complete", ""),
            Outcome::Partial { why } => ("partial", why.as_str()),
            Outcome::Unavailable { why, .. } => ("missing", why.as_str()),
        };
        if entry.by_scope.is_empty() {
            rows.push(row(noun, "", state, why, &entry.tally, None));
        }
        for (scope, tally) in &entry.by_scope {
            let place = place_of(scope);
            let ratio = (noun == Noun::Trail)
                .then(|| story.coverage(Some(&place), &[]))
                .flatten();
            rows.push(row(noun, scope, state, why, tally, ratio));
        }
        for (reason, count) in &entry.tally.skipped_by {
            skipped.push(
                say(format!("{}: {} skipped, ", noun.word(), fmt::count(*count)))
                    .prose(reason)
                    .done(),
            );
        }
    }
    let mut blocks = vec![table(
        &[
            "Source", "Account / region", "State", ">Read", ">Used", ">Skipped", ">Duplicate",
            ">Out of window", ">Late", "Against CallCount", "Why not complete",
        ],
        rows,
        say("Every record read is used, skipped, a duplicate or out of window; late ones are among the used. CallCount is CloudWatch's own count of eight ECR APIs; whether it counts refused calls is not documented.")
            .cite(&story.cites_trail("calls"))
            .cite(&story.cites(Noun::Metrics))
            .and(" ")
            .label(Label::Observed)
            .done(),
    )];
    blocks.extend(super::words::list(skipped));
    blocks.extend(receipt(story));
    let signed = story.source(Noun::Trail);
    if let Some(words) = signed.and_then(|entry| entry.signed.as_deref()) {
        let sentence = say("CloudTrail's own signatures: ")
            .prose(words)
            .and(". ")
            .label(Label::Observed);
        blocks.push(sentence.para());
    }
    if let Some(refused) = super::gaps::refusals(story) {
        blocks.push(strong("Inputs refused or read in part").para());
        blocks.push(refused);
    }
    blocks
}

/// What asking AWS took, when AWS was asked.
fn receipt(story: &Story<'_>) -> Vec<Block> {
    let bill = |noun: Noun| Some((noun, story.source(noun)?.bill.as_ref()?));
    let rows: Vec<Vec<Text>> = Noun::ALL
        .into_iter()
        .filter_map(bill)
        .map(|(noun, bill)| {
            vec![
                cell(noun.word()),
                cell(fmt::count(bill.calls)),
                cell(fmt::count(bill.retries)),
                cell(format!("{:.1} s", bill.waited_ms as f64 / 1_000.0)),
                cell(fmt::count(bill.bytes_scanned)),
                cell(format!("{:.4}", bill.cost_usd)),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    vec![
        strong("What asking AWS took").para(),
        table(
            &[
                "Source", ">Requests", ">Of them retries", ">Waited", ">Bytes scanned", ">US dollars",
            ],
            rows,
            say("Waits are for turns, for AWS to calm down and for answers, all tasks added up. Dollars are estimated at list prices; signing in is not counted.")
                .label(Label::Observed)
                .done(),
        ),
    ]
}

fn row(
    noun: Noun,
    scope: &str,
    state: &'static str,
    why: &str,
    tally: &Tally,
    ratio: Option<(u64, f64)>,
) -> Vec<Text> {
    let against = ratio.map_or_else(
        || "unknown".to_owned(),
        |(trail, counted)| {
            format!(
                "{} ({} of {})",
                fmt::percent(trail as f64 / counted),
                fmt::count(trail),
                fmt::number(counted)
            )
        },
    );
    let against = if noun == Noun::Trail {
        against
    } else {
        "—".to_owned()
    };
    let scope = if scope.is_empty() || scope == "?" {
        cell("—")
    } else {
        say("").prose(&scope.replace('/', " / ")).done()
    };
    let why = if why.is_empty() {
        cell("—")
    } else {
        say("").prose(why).done()
    };
    let mut cells = vec![cell(noun.word()), scope, cell(state)];
    for count in [
        tally.read,
        tally.used,
        tally.skipped,
        tally.duplicate,
        tally.out_of_window,
        tally.late,
    ] {
        cells.push(cell(fmt::count(count)));
    }
    cells.push(cell(against));
    cells.push(why);
    cells
}

/// `account/region` of a tally.
pub(super) fn place_of(scope: &str) -> Place {
    let (account, region) = scope.split_once('/').unwrap_or((scope, "?"));
    Place {
        account: account.to_owned(),
        region: region.to_owned(),
    }
}

/// Where pulls and pushes die.
pub(super) fn funnel(story: &Story<'_>) -> Vec<Block> {
    let steps: &[FunnelStep] = &story.findings.funnel;
    if steps.is_empty() {
        return vec![say("No call of a pull or push step in the window.").para()];
    }
    let rows = steps
        .iter()
        .map(|step| {
            vec![
                say("")
                    .prose(&step.place.region)
                    .and(" / ")
                    .prose(&step.place.account)
                    .done(),
                cell(step.step.as_str()),
                say("").codes(&step.apis, 4).done(),
                cell(fmt::count(step.calls)),
                cell(fmt::share(step.failures, step.calls)),
                cell(fmt::count(step.not_found)),
            ]
        })
        .collect();
    vec![table(
        &["Where", "Step", "APIs", ">Calls", ">Failures", ">Not found"],
        rows,
        say("Over the whole window. After the layer step the bytes come from S3, which this evidence does not show. Not-found answers are usual for probes and first pushes.")
            .cite(&story.cites_trail("calls"))
            .and(" ")
            .label(Label::Observed)
            .done(),
    )]
}

/// Unusual series that are not incidents.
pub(super) fn anomalies(story: &Story<'_>) -> Vec<Block> {
    let all = &story.findings.anomalies;
    if all.is_empty() {
        let metrics = plural(
            story.facts.metrics.len() as u64,
            "metric series",
            "metric series",
        );
        let compared = match story.days_with_calls(None) {
            // Nothing unusual was found where nothing was usual: that is not "none".
            0 => format!(
                "Nothing can be said of call volumes: the {} of baseline hold no call. Looked at besides: {metrics}.",
                days(story.baseline_days())
            ),
            _ => format!(
                "None: {metrics} and the call volumes were compared with {}.",
                super::summary::against(story)
            ),
        };
        return vec![say(compared).cite(&story.cites(Noun::Metrics)).para()];
    }
    let told = once(story, all);
    let rows = told
        .iter()
        .take(ANOMALIES)
        .map(|(anomaly, counted)| {
            let both = |of: fn(&Anomaly) -> f64| {
                let own = fmt::number(of(anomaly));
                cell(match counted {
                    Some(counted) => format!("{own} ({})", fmt::number(of(counted))),
                    None => own,
                })
            };
            vec![
                name(&anomaly.series),
                cell(fmt::interval(&anomaly.span)),
                both(|anomaly| anomaly.observed),
                both(|anomaly| anomaly.expected),
                say("").prose(&anomaly.unit).done(),
                cell(fmt::number(anomaly.score)),
            ]
        })
        .collect();
    let mut note = say("Unusual, but no incident by itself.");
    if told.iter().any(|(_, counted)| counted.is_some()) {
        note = note.and(" In brackets: CloudWatch's CallCount of the same calls.");
    }
    note = note.then(cut_note(ANOMALIES, told.len(), "series"));
    let mut cites = story.cites(Noun::Metrics);
    cites.extend(story.cites_trail("calls"));
    vec![table(
        &["Series", "When", ">Observed", ">Expected", "Unit", ">Score"],
        rows,
        note.cite(&cites).and(" ").label(Label::Inferred).done(),
    )]
}

/// The anomalies with the same surge told once: calls of the trail take the CallCount of the same
/// API and time along. Other series stand alone.
fn once<'a>(story: &Story<'_>, all: &'a [Anomaly]) -> Vec<(&'a Anomaly, Option<&'a Anomaly>)> {
    // The API and region a series of CloudWatch counts, if it is a CallCount.
    let counts = |anomaly: &Anomaly| {
        let metric = story
            .facts
            .metrics
            .iter()
            .find(|metric| metric.name == anomaly.series)?;
        match &metric.meaning {
            Meaning::CallCount { api } => Some((api.as_str(), metric.region.as_deref())),
            _ => None,
        }
    };
    let is_metric = |anomaly: &Anomaly| {
        let metrics = &story.facts.metrics;
        metrics.iter().any(|metric| metric.name == anomaly.series)
    };
    let same = |trail: &Anomaly, counted: &Anomaly| {
        let Some((api, region)) = counts(counted) else {
            return false;
        };
        // Named by detection: `<API> calls (<account>/<region>)`.
        let Some((of, place)) = trail.series.split_once(" calls (") else {
            return false;
        };
        let here = region.is_none_or(|region| place.ends_with(&format!("/{region})")));
        !is_metric(trail)
            && of == api
            && here
            && trail.unit == counted.unit
            && trail.span.overlap(&counted.span).is_some()
    };
    all.iter()
        .filter(|one| !all.iter().any(|trail| same(trail, one)))
        .map(|one| (one, all.iter().find(|counted| same(one, counted))))
        .collect()
}

#[derive(Deserialize)]
struct Classes {
    class: Vec<ClassWords>,
}

#[derive(Deserialize)]
struct ClassWords {
    name: Class,
    why: String,
}

/// What the class words mean.
pub(super) fn classes() -> Vec<Block> {
    let table: Classes = catalog::table("ecr/classes");
    let mut items: Vec<Text> = table
        .class
        .iter()
        .map(|class| {
            strong(class.name.word())
                .and(format!(" ({}): {}", failures_of(class.name), class.why))
                .done()
        })
        .collect();
    items.push(
        strong(Class::Unclassified.word())
            .and(": a code the table does not know; shown raw, never folded into another class.")
            .done(),
    );
    super::words::list(items).into_iter().collect()
}
