//! What holds for every report: the answer first, every reference resolved, nothing empty, the same
//! claims in every format, and hostile text inert.

use super::model::{Block, Report, Span, Text};
use super::{json, markdown, stories, tell};
use crate::analyze::types::Findings;
use crate::facts::types::Facts;
use std::collections::BTreeSet;

fn reports() -> Vec<(&'static str, Report)> {
    stories::all()
        .into_iter()
        .map(|(name, facts, findings)| (name, tell(&facts, &findings, &stories::meta())))
        .collect()
}

/// Every text of a report, with the place it stands in.
fn texts(report: &Report) -> Vec<(String, &Text)> {
    let mut all: Vec<(String, &Text)> = vec![("title".to_owned(), &report.title)];
    for line in &report.verdicts {
        all.push(("verdict".to_owned(), &line.story));
        all.extend(
            line.reasons
                .iter()
                .map(|reason| ("verdict".to_owned(), reason)),
        );
    }
    all.extend(
        report
            .header
            .iter()
            .map(|(key, value)| (key.clone(), value)),
    );
    for section in &report.sections {
        let at = || section.id.to_owned();
        for block in &section.blocks {
            match block {
                Block::Heading(text) | Block::Para(text) | Block::Callout { text, .. } => {
                    all.push((at(), text));
                }
                Block::List { items, .. } => all.extend(items.iter().map(|item| (at(), item))),
                Block::Table(table) => {
                    all.push((at(), &table.note));
                    all.extend(table.rows.iter().flatten().map(|cell| (at(), cell)));
                }
                Block::Code { .. } | Block::Chart(_) | Block::Sparklines(_) => {}
            }
        }
    }
    for chart in &report.charts {
        all.push((chart.id.clone(), &chart.title));
        all.push((chart.id.clone(), &chart.alt));
    }
    all
}

#[test]
fn every_reference_resolves() {
    for (name, report) in reports() {
        let known: BTreeSet<&str> = report
            .contract
            .evidence
            .iter()
            .map(|e| e.id.as_str())
            .collect();
        for (at, text) in texts(&report) {
            for span in text {
                if let Span::Evidence(id) = span {
                    assert!(known.contains(id.as_str()), "{name}, {at}: {id}");
                }
            }
        }
    }
}

#[test]
fn the_first_screen_answers() {
    for (name, report) in reports() {
        let text = markdown::render(&report);
        let screen: Vec<&str> = text.lines().take(25).collect();
        let screen = screen.join("\n");
        let verdict = match name {
            "aws_fault" => "**Verdict: AWS side (service fault), confidence high.**",
            "retry_storm" => "**Verdict: our side (retry storm), confidence high.**",
            "quiet" => "**Verdict: quiet. No incident in the window.**",
            _ => "**Verdict: cannot tell. Too little evidence to say either way.**",
        };
        assert!(screen.contains(verdict), "{name}:\n{screen}");
    }
}

#[test]
fn no_section_is_empty_and_shapes_hold() {
    for (name, report) in reports() {
        let mut anchors = BTreeSet::new();
        for section in &report.sections {
            assert!(!section.blocks.is_empty(), "{name}: {}", section.id);
            assert!(anchors.insert(section.id), "{name}: {} twice", section.id);
            for block in &section.blocks {
                match block {
                    Block::Table(table) => {
                        assert!(!table.rows.is_empty(), "{name}: {}", section.id);
                        assert_eq!(table.align.len(), table.header.len());
                        for row in &table.rows {
                            assert_eq!(row.len(), table.header.len(), "{name}: {}", section.id);
                            assert!(
                                row.iter()
                                    .all(|cell| !cell.is_empty()
                                        || table.header.contains(&"Evidence"))
                            );
                        }
                    }
                    Block::List { items, .. } => assert!(items.iter().all(|item| !item.is_empty())),
                    Block::Chart(id) => {
                        assert!(
                            report.charts.iter().any(|chart| chart.id == *id),
                            "{name}: {id}"
                        );
                    }
                    Block::Sparklines(lines) => {
                        let columns = lines.lines[0].values.len();
                        assert!(columns <= 61);
                        assert!(lines.lines.iter().all(|line| line.values.len() == columns));
                    }
                    Block::Para(text) | Block::Heading(text) | Block::Callout { text, .. } => {
                        assert!(!text.is_empty(), "{name}: {}", section.id);
                    }
                    Block::Code { .. } => {}
                }
            }
        }
        for chart in &report.charts {
            for line in chart.panels.iter().flat_map(|panel| &panel.lines) {
                assert_eq!(line.values.len(), chart.len, "{name}: {}", chart.id);
            }
        }
    }
}

#[test]
fn figures_carry_evidence() {
    // Percentages stand only where the text or its table's note cites the ledger.
    for (name, report) in reports() {
        let empty = report.contract.evidence.is_empty();
        for section in &report.sections {
            for block in &section.blocks {
                let (texts, note): (Vec<&Text>, Option<&Text>) = match block {
                    Block::Para(text) => (vec![text], None),
                    Block::List { items, .. } => (items.iter().collect(), None),
                    Block::Table(table) => {
                        (table.rows.iter().flatten().collect(), Some(&table.note))
                    }
                    _ => continue,
                };
                let cited = |text: &Text| text.iter().any(|span| matches!(span, Span::Evidence(_)));
                for text in texts {
                    let share = text
                        .iter()
                        .any(|span| matches!(span, Span::Plain(words) if words.contains(" %)")));
                    let row_cites = matches!(block, Block::Table(table) if table.rows.iter().any(|row| row.contains(text) && row.iter().any(cited)));
                    assert!(
                        !share || empty || cited(text) || row_cites || note.is_some_and(cited),
                        "{name}, {}: {text:?}",
                        section.id
                    );
                }
            }
        }
    }
}

#[test]
fn root_cause_is_never_claimed() {
    for (name, report) in reports() {
        let text = markdown::render(&report).to_lowercase();
        assert!(!text.contains("root cause"), "{name}");
    }
}

#[test]
fn formats_carry_the_same_claims() {
    for (name, report) in reports() {
        let text = markdown::render(&report);
        let value: serde_json::Value = serde_json::from_str(&json::render(&report)).unwrap();
        for incident in value["incidents"].as_array().unwrap() {
            for request in incident["requests"].as_array().unwrap() {
                let id = request["request_id"].as_str().unwrap();
                assert!(text.contains(id), "{name}: {id}");
            }
            for found in incident["health_matches"].as_array().unwrap() {
                assert!(text.contains(found["arn"].as_str().unwrap()), "{name}");
            }
            let failures = incident["failures"].as_u64().unwrap();
            assert!(
                text.contains(&super::fmt::count(failures)),
                "{name}: {failures}"
            );
            let confidence = incident["verdict"]["confidence"].as_str().unwrap();
            assert!(text.contains(&format!("confidence {confidence}")), "{name}");
        }
        for line in value["evidence"].as_array().unwrap() {
            assert!(
                text.contains(&format!("[{}]", line["id"].as_str().unwrap())),
                "{name}"
            );
        }
        for gap in value["gaps"].as_array().unwrap() {
            let noun = gap["noun"].as_str().unwrap();
            assert!(text.contains(&format!("| {noun} |")), "{name}: {noun}");
        }
    }
}

#[test]
fn the_same_findings_give_the_same_bytes() {
    for ((name, first), (_, second)) in reports().into_iter().zip(reports()) {
        assert_eq!(
            markdown::render(&first),
            markdown::render(&second),
            "{name}"
        );
        assert_eq!(json::render(&first), json::render(&second), "{name}");
    }
}

#[test]
fn several_incidents_keep_apart() {
    let (facts, mut findings) = stories::aws_fault();
    for index in 2..=8 {
        let mut other = findings.incidents[0].clone();
        other.id = format!("I{index}");
        other.failures = 100 - index;
        findings.incidents.push(other);
    }
    let report = tell(&facts, &findings, &stories::meta());
    assert_eq!(report.verdicts.len(), 5);
    assert_eq!(report.contract.incidents.len(), 8);
    let text = markdown::render(&report);
    assert!(text.contains("5 of 8 incidents are told in full"), "{text}");
    let ids: BTreeSet<_> = report.charts.iter().map(|chart| &chart.id).collect();
    assert_eq!(ids.len(), report.charts.len(), "chart IDs are unique");
}

#[test]
fn a_traffic_drop_is_told_in_calls() {
    use crate::analyze::types::Signal;
    let (facts, mut findings) = stories::aws_fault();
    let incident = &mut findings.incidents[0];
    incident.draft.signal = Signal::TrafficDrop;
    incident.draft.episodes[0].signal = Signal::TrafficDrop;
    incident.codes.clear();
    incident.requests.clear();
    incident.controls.clear();
    incident.calls = 12;
    incident.failures = 480;
    incident.baseline_ratio = 12.3;
    let text = markdown::render(&tell(&facts, &findings, &stories::meta()));
    assert!(
        text.contains("fell to 12 where the baseline leads to expect 480"),
        "{text}"
    );
    assert!(
        !text.contains("480 of 12"),
        "expected calls are no failures"
    );
    assert!(text.contains("; baseline 12.3 calls/min."), "{text}");
}

#[test]
fn no_baseline_is_named_where_the_archive_begins_with_its_window() {
    use crate::analyze::types::{Signal, method};
    let (mut facts, mut findings) = stories::aws_fault();
    let baseline = facts.case.baseline.minutes() as usize;
    for counts in facts
        .trail
        .iter_mut()
        .flat_map(|trail| &mut trail.series)
        .flat_map(|series| series.classes.values_mut())
    {
        counts
            .iter_mut()
            .take(baseline)
            .for_each(|count| *count = 0);
    }
    let incident = &mut findings.incidents[0];
    incident.draft.signal = Signal::TrafficDrop;
    incident.draft.episodes[0].signal = Signal::TrafficDrop;
    incident.calls = 12;
    incident.failures = 480;
    incident.baseline_ratio = 12.3;
    incident.significance.method = method::SILENCE_OF_PATH;
    let report = tell(&facts, &findings, &stories::meta());
    assert_eq!(report.contract.incidents[0].baseline_ratio, None);
    let text = markdown::render(&report);
    assert!(
        text.contains("About 468 calls of ") && text.contains(" are missing on one path"),
        "{text}"
    );
    assert!(text.contains("; no calls before the window."), "{text}");
    assert!(!text.contains("12.3"), "{text}");
}

const POISON: [&str; 7] = [
    "x|`y`\n## Owned\n![p](http://evil.example/p.png) <script>alert(1)</script> @octocat #123 \u{202e}\u{1b}[31m",
    "||||",
    "\\|\\",
    "```\n```",
    "`` ` ```",
    "[E1]: http://evil.example\n[x](http://evil.example)",
    "",
];

/// One hostile value in every text of facts and findings that comes from outside.
fn poisoned(poison: &str) -> (Facts, Findings) {
    let (mut facts, mut findings) = stories::retry_storm();
    let bad = || poison.to_owned();
    facts.notices[0].text = bad();
    facts.notices[0].service = bad();
    facts.metrics[0].name = bad();
    facts.gaps[0].what = bad();
    facts.evidence[0].params = bad();
    for trail in &mut facts.trail {
        trail.changes[0].resource = bad();
        trail.place.region = bad();
        for series in &mut trail.series {
            series.api = bad();
            series.place.region = bad();
        }
    }
    for entry in &mut facts.sources {
        entry.asked = vec![bad()];
        entry.tally.skipped_by = [(bad(), 1)].into();
    }
    findings.status_reason = bad();
    findings.health_rejected[0].why = bad();
    findings.health_rejected[0].arn = bad();
    findings.anomalies[0].series = bad();
    findings.anomalies[0].unit = bad();
    findings.funnel[0].apis = vec![bad()];
    let incident = &mut findings.incidents[0];
    incident.draft.place.region = bad();
    incident.draft.place.account = bad();
    incident.draft.apis = vec![bad()];
    incident.draft.episodes[0].api = bad();
    incident.verdict.evidence_for[0].text = bad();
    incident.verdict.would_change = vec![bad()];
    incident.verdict.hypotheses[1].rejected_because = bad();
    incident.verdict.hypotheses[1].cause = bad();
    incident.principals[0].name = bad();
    incident.repositories[0].name = bad();
    incident.codes[0].code = bad();
    incident.codes[0].message = bad();
    incident.codes[0].api = bad();
    incident.controls[0].name = bad();
    incident.controls[0].kind = bad();
    incident.quota[0].api = bad();
    incident.quota[0].code = bad();
    incident.quota[0].consumers[0].0 = bad();
    incident.seconds[0].api = bad();
    for request in &mut incident.requests {
        request.api = bad();
        request.error_code = bad();
        request.repository = bad();
        request.user_agent = bad();
        request.request_id = bad();
        request.why_chosen = bad();
    }
    let candidate = &mut incident.changes[0];
    candidate.why = bad();
    candidate.change.api = bad();
    candidate.change.principal = bad();
    (facts, findings)
}

#[test]
fn hostile_text_is_inert_in_markdown() {
    for poison in POISON {
        let (facts, findings) = poisoned(poison);
        check_markdown(&markdown::render(&tell(
            &facts,
            &findings,
            &stories::meta(),
        )));
    }
}

/// Tables keep their columns, fences close, no hidden character and no heading of somebody else.
fn check_markdown(text: &str) {
    assert!(!text.lines().any(|line| line.starts_with("## Owned")));
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    let mut fence: Option<usize> = None;
    let mut columns = None;
    for line in text.lines() {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        match fence {
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            Some(_) => continue,
            None if ticks >= 3 && !line[ticks..].contains('`') => fence = Some(ticks),
            None => {}
        }
        if line.starts_with('|') {
            let cells = line
                .char_indices()
                .filter(|(at, c)| *c == '|' && !line[..*at].ends_with('\\'))
                .count();
            assert_eq!(*columns.get_or_insert(cells), cells, "{line}");
        } else {
            columns = None;
        }
    }
    assert_eq!(fence, None, "every fence is closed");
}

#[test]
fn hostile_names_never_reach_a_command() {
    for poison in POISON.into_iter().filter(|poison| !poison.is_empty()) {
        let (facts, findings) = poisoned(poison);
        let report = tell(&facts, &findings, &stories::meta());
        let steps = report
            .sections
            .iter()
            .filter(|section| section.id == "steps");
        for block in steps.flat_map(|section| &section.blocks) {
            if let Block::Code { text, .. } = block {
                let shown = text.terminal();
                assert!(!shown.contains(poison), "{shown}");
            }
        }
    }
}

#[test]
fn json_keeps_hostile_text_whole() {
    for poison in POISON {
        let (facts, findings) = poisoned(poison);
        let report = tell(&facts, &findings, &stories::meta());
        let value: serde_json::Value = serde_json::from_str(&json::render(&report)).unwrap();
        let code = value["incidents"][0]["requests"][0]["error_code"].as_str();
        assert_eq!(code, Some(poison));
    }
}
