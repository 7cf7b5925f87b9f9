//! All wording: facts and findings become the content model, section by section.
//!
//! One file per group of sections. Nothing here draws (renderers do) and nothing here judges
//! (the findings did); a section without content says why it has none.

mod appendix;
mod ask;
mod assessment;
mod breakdown;
mod causes;
mod contract;
mod gaps;
mod masthead;
mod outline;
mod quota;
mod seen;
mod signal;
mod story;
mod summary;
mod suspects;
mod timeline;
mod verdict;
mod words;

use super::Meta;
use super::model::{Block, Report, Tone};
use crate::analyze::types::{Findings, Incident, Status};
use crate::facts::types::Facts;
use story::Story;

/// Tells the story: the one content model every output is drawn from.
///
/// Deterministic: the same facts, findings and meta give the same report. Cannot fail; whatever
/// is missing is told as missing.
#[must_use]
pub fn tell(facts: &Facts, findings: &Findings, meta: &Meta) -> Report {
    let story = Story {
        facts,
        findings,
        meta,
    };
    let verdicts = verdict::lines(&story);
    let incidents = story.in_full();
    let tone = incidents
        .iter()
        .max_by_key(|incident| (story::weight(incident), std::cmp::Reverse(&incident.id)))
        .map_or_else(
            || match story.status() {
                Status::Quiet => Tone::Quiet,
                Status::Incident | Status::Inconclusive => Tone::Unknown,
            },
            |incident| words::tone(incident.verdict.side),
        );
    // An incident status without incidents is told like an inconclusive run.
    let shape = match story.status() {
        Status::Incident if incidents.is_empty() => Status::Inconclusive,
        status => status,
    };
    let sections = outline::anchors(shape)
        .filter_map(|anchor| {
            let blocks = blocks(&story, &incidents, anchor);
            outline::section(shape, anchor, blocks)
        })
        .collect();
    Report {
        title: masthead::title(&story),
        tone,
        verdicts,
        header: masthead::header(&story),
        sections,
        charts: incidents
            .iter()
            .flat_map(|incident| signal::charts(&story, incident))
            .collect(),
        contract: contract::contract(&story),
    }
}

fn blocks(story: &Story<'_>, incidents: &[&Incident], anchor: &str) -> Vec<Block> {
    // With several incidents each part of a section stands under its incident's name.
    let each = |part: &dyn Fn(&Incident) -> Vec<Block>| -> Vec<Block> {
        let mut blocks = Vec::new();
        for incident in incidents {
            if incidents.len() > 1 {
                blocks.push(masthead::heading(incident));
            }
            blocks.extend(part(incident));
        }
        blocks
    };
    match anchor {
        "ask" => each(&|incident| ask::ask(story, incident)),
        "summary" if incidents.is_empty() => summary::no_incident(story),
        "summary" => {
            let mut blocks = summary::all_incidents(story);
            blocks.extend(each(&|incident| summary::summary(story, incident)));
            blocks
        }
        "impact" => each(&|incident| breakdown::impact(story, incident)),
        "signal" => each(&|incident| signal::blocks(story, incident)),
        "timeline" => timeline::blocks(story, incidents),
        "errors" => each(&|incident| breakdown::errors(story, incident)),
        "requests" => each(&|incident| breakdown::requests(story, incident)),
        "scope" => each(&|incident| breakdown::scope(story, incident)),
        "quota" => each(&|incident| quota::blocks(story, incident)),
        "health" => {
            let mut blocks = Vec::new();
            for incident in incidents {
                blocks.extend(suspects::health_matches(story, incident));
            }
            blocks.extend(suspects::health_rejected(story));
            blocks
        }
        "changes" => each(&|incident| suspects::changes(story, incident)),
        "assessment" => each(&|incident| assessment::assessment(incident)),
        "tried" => ask::tried(),
        "questions" => each(&|incident| ask::questions(story, incident)),
        "steps" => each(&|incident| ask::steps(story, incident)),
        "gaps" => gaps::blocks(story),
        "reproduce" => gaps::reproduce(story),
        "ledger" => appendix::ledger(story),
        "coverage" => appendix::coverage(story),
        "funnel" => appendix::funnel(story),
        "anomalies" => appendix::anomalies(story),
        "classes" => appendix::classes(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
