//! Nothing but AWS: no file is given, every source is asked, the trail is found.

use super::world::World;
use super::{command, finish, world};
use crate::story::{self, Report, Story};
use crate::tool::{self, Answer};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// The world of a case with its trail in it, and what the case lacks denied.
pub(super) fn whole(story: &Story) -> World {
    let mut world = Arc::into_inner(world(story)).unwrap();
    world.with_trail(story);
    world
}

/// The case's question without its files. Events that came by EventBridge are no answer of the
/// Health API and stay a file.
pub(super) fn question(story: &Story, world: &World, out: &Path) -> Vec<String> {
    let mut words = vec!["report".to_owned(), "--live".to_owned()];
    let mut args = story.case.args.iter();
    while let Some(flag) = args.next() {
        let value = args.next().unwrap();
        let is_input = ["--cloudtrail", "--metrics", "--quotas", "--health"];
        if !is_input.contains(&flag.as_str()) || value.contains("eventbridge") {
            words.extend([flag.clone(), value.clone()]);
        }
    }
    if !words.iter().any(|word| word == "--region") {
        words.extend(["--region".to_owned(), world.regions.join(",")]);
    }
    let out = out.to_string_lossy();
    words.extend(["--now", &story.case.now, "--out", &out].map(str::to_owned));
    words
}

/// One run with these words into a fresh folder.
pub(super) fn run(
    story: &Story,
    world: &Arc<World>,
    into: &str,
    words: impl FnOnce(&Path) -> Vec<String>,
) -> (Answer, Result<Report, String>) {
    let server = world.serve();
    let out = tool::scratch(&format!("live/{into}")).join("report");
    let mut command = command(&server.url, &story.folder);
    let words = words(&out);
    let is_patient = words.iter().any(|word| word == "--patience");
    command.args(words);
    if !is_patient {
        command.args(["--patience", "2s"]);
    }
    let answer = finish(command).sane();
    let report = Report::read(&out).map_err(|why| format!("{into}: {why}\n{}", answer.err));
    (answer, report)
}

/// What a report found: status, incidents with verdicts, anomalies; without the names of evidence.
pub(super) fn found(report: &Report) -> Value {
    let mut found = super::findings(report);
    found["anomalies"] = report.json["anomalies"].clone();
    found["funnel"] = report.json["funnel"].clone();
    super::strip(&mut found);
    found
}

/// The difference between two findings, or nothing.
pub(super) fn difference(of: &str, expected: &Value, found: &Value) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let text = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let difference = similar::TextDiff::from_lines(&text(expected), &text(found))
        .unified_diff()
        .context_radius(2)
        .to_string();
    let difference: String = difference.chars().take(3_000).collect();
    Err(format!("{of}:\n{difference}"))
}

#[test]
fn every_case_asked_whole_finds_what_its_files_say() {
    tool::for_each(story::all(), |story| {
        let offline = story::first(story)?;
        let world = Arc::new(whole(story));
        let words = |out: &Path| {
            let mut words = question(story, &world, out);
            words.extend(["--patience", "60s"].map(str::to_owned));
            words
        };
        let (answer, report) = run(story, &world, &format!("whole/{}", story.name), words);
        difference(&story.name, &found(offline), &found(&report?))
            .map_err(|why| format!("{why}\n{}", answer.err))
    });
}
