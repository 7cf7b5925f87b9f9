//! Every cause as a small story, each with its distractors, then the laws over all of them.

use crate::analyze::stage::{self, at, judged, role, without};
use crate::analyze::types::{Confidence, Findings, IncidentDraft, Side, Signal, Verdict};
use crate::bundle::manifest::Noun;
use crate::ecr::Class;
use crate::facts::types::{
    ApiCoverage, ControlGroup, Facts, Meaning, MetricSeries, Notice, Operations, Profile, Relation,
};
use std::collections::BTreeSet;

mod customer;
mod denied;
mod laws;
mod load;
mod silence;
mod theirs;

/// One story: what is known, and the answer expected.
pub(super) struct Story {
    name: &'static str,
    facts: Facts,
    draft: IncidentDraft,
    profile: Profile,
    side: Side,
    cause: &'static str,
    confidence: Confidence,
}

impl Story {
    fn verdict(&self) -> Verdict {
        verdict(&self.facts, &self.draft, &self.profile)
    }

    fn check(&self) {
        let verdict = self.verdict();
        let said = (verdict.side, verdict.cause.as_str(), verdict.confidence);
        assert_eq!(
            said,
            (self.side, self.cause, self.confidence),
            "{}: {verdict:#?}",
            self.name
        );
    }
}

fn findings(facts: &Facts, draft: &IncidentDraft, profile: &Profile) -> Findings {
    judged(facts, draft.clone(), profile.clone())
}

pub(super) fn verdict(facts: &Facts, draft: &IncidentDraft, profile: &Profile) -> Verdict {
    findings(facts, draft, profile)
        .incidents
        .into_iter()
        .next()
        .unwrap()
        .verdict
}

/// All stories of the files of this room.
pub(super) fn stories() -> Vec<Story> {
    let mut all = theirs::stories();
    all.extend(customer::stories());
    all.extend(denied::stories());
    all.extend(load::stories());
    all.extend(silence::stories());
    all
}

/// A draft of failures from 09:00 to 09:10.
fn failing(class: Class, apis: &[&str]) -> IncidentDraft {
    stage::draft(Signal::Failures(class), apis, (9, 0), (9, 10))
}

/// Ten calls a minute of two pull APIs for two hours, plus some writes and an old change, so that changes are known.
fn busy() -> Facts {
    let mut facts = stage::facts();
    for api in ["BatchGetImage", "GetDownloadUrlForLayer"] {
        stage::calls(&mut facts, api, Class::Success, (7, 0), 180, 10);
    }
    stage::calls(&mut facts, "PutImage", Class::Success, (7, 0), 180, 1);
    // A harmless change long before: this trail shows changes.
    stage::add_change(
        &mut facts,
        stage::change(
            "image",
            "PutLifecyclePolicy",
            (1, 0),
            "old",
            &[Class::NotFound],
        ),
    );
    facts
}

/// Ten minutes of failures in place of the successes of an API.
fn fail(facts: &mut Facts, api: &str, class: Class, good: u32, bad: u32) {
    stage::calls(facts, api, Class::Success, (9, 0), 10, good);
    stage::calls(facts, api, class, (9, 0), 10, bad);
}
