//! Every fixture case against what its author expects: facts first, then the reviewed words.

use crate::story::{self, ExpectedIncident, Report, Story, text};
use crate::tool;
use serde_json::Value;
use similar::TextDiff;
use std::fs;

/// A report longer than this tells nobody anything; the difference is cut there.
const SHOWN_LINES: usize = 60;

#[test]
fn every_case_gets_the_expected_answer() {
    let stories = story::all();
    assert!(stories.len() >= 11, "only {} cases", stories.len());
    tool::for_each(stories, |story| {
        let report = story::first(story)?;
        let complaints = answer(story, report);
        if complaints.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{} ({}):\n  {}",
            story.name,
            story.case.title,
            complaints.join("\n  ")
        ))
    });
}

/// What is wrong with a report's answer.
fn answer(story: &Story, report: &Report) -> Vec<String> {
    let expected = &story.case.expected;
    let mut complaints = Vec::new();
    let status = text(&report.json, "status");
    if !expected.status.iter().any(|word| word == status) {
        complaints.push(format!(
            "status is {status}, expected {:?}",
            expected.status
        ));
    }
    let mut met = Vec::new();
    for wanted in &expected.incident {
        let candidates: Vec<(usize, Vec<String>)> = report
            .incidents()
            .iter()
            .enumerate()
            .filter(|(_, found)| {
                text(found, "region") == wanted.region && text(found, "signal") == wanted.signal
            })
            .map(|(index, found)| (index, mismatches(wanted, found)))
            .collect();
        // The nearest candidate speaks; a second one of the same signal is an extra.
        match candidates.into_iter().min_by_key(|(_, wrong)| wrong.len()) {
            None => complaints.push(format!(
                "no {} incident in {}",
                wanted.signal, wanted.region
            )),
            Some((index, wrong)) => {
                met.push(index);
                complaints.extend(wrong);
            }
        }
    }
    for (index, found) in report.incidents().iter().enumerate() {
        let verdict = &found["verdict"];
        let line = format!(
            "{} {} {:?} {} to {}: {}/{}",
            text(found, "id"),
            text(found, "signal"),
            found["apis"],
            text(found, "onset"),
            found["recovery"],
            text(verdict, "side"),
            text(verdict, "cause")
        );
        if !met.contains(&index) && (expected.exactly || text(verdict, "side") == "aws") {
            complaints.push(format!("unexpected incident {line}"));
        }
    }
    complaints
}

/// How an incident differs from what was expected of it.
fn mismatches(wanted: &ExpectedIncident, found: &Value) -> Vec<String> {
    let verdict = &found["verdict"];
    let mut wrong = Vec::new();
    let mut one_of = |what: &str, words: &[String], is: &str| {
        if !words.is_empty() && !words.iter().any(|word| word == is) {
            wrong.push(format!(
                "{} {what} is {is:?}, expected {words:?}",
                wanted.signal
            ));
        }
    };
    one_of("side", &wanted.side, text(verdict, "side"));
    one_of("cause", &wanted.cause, text(verdict, "cause"));
    one_of(
        "confidence",
        &wanted.confidence,
        text(verdict, "confidence"),
    );
    let mut expect = |holds: bool, what: String| {
        if !holds {
            wrong.push(format!("{} {what}", wanted.signal));
        }
    };
    let has = |list: &Value, wanted: &str| {
        list.as_array()
            .is_some_and(|items| items.iter().any(|item| item.as_str() == Some(wanted)))
    };
    for api in &wanted.apis {
        expect(
            has(&found["apis"], api),
            format!("lacks the API {api}: {}", found["apis"]),
        );
    }
    // RFC 3339 in UTC with whole seconds sorts as text.
    let within = |bounds: &(String, String), at: &str| *bounds.0 <= *at && *at <= *bounds.1;
    let onset = text(found, "onset");
    expect(
        within(&wanted.onset, onset),
        format!("onset {onset} is outside {:?}", wanted.onset),
    );
    if let Some(bounds) = &wanted.recovery {
        let recovery = text(found, "recovery");
        expect(
            within(bounds, recovery),
            format!("recovery {:?} is outside {bounds:?}", found["recovery"]),
        );
    }
    expect(
        found["ongoing"].as_bool() == Some(wanted.ongoing),
        format!("ongoing is {}", found["ongoing"]),
    );
    if let Some((fewest, most)) = wanted.failures {
        let failures = found["failures"].as_u64().unwrap_or_default();
        expect(
            (fewest..=most).contains(&failures),
            format!("{failures} failures, expected {fewest} to {most}"),
        );
    }
    let first = |list: &str, key: &str| found[list][0][key].as_str().unwrap_or_default().to_owned();
    if let Some(api) = &wanted.change {
        let apis: Vec<&str> = found["changes"]
            .as_array()
            .map(|changes| changes.iter().map(|change| text(change, "api")).collect())
            .unwrap_or_default();
        expect(
            apis.contains(&api.as_str()),
            format!("lacks the change {api}: {apis:?}"),
        );
    }
    if let Some(tail) = &wanted.health {
        let arn = first("health_matches", "arn");
        expect(arn.ends_with(tail), format!("best Health match is {arn:?}"));
    }
    if wanted.no_health {
        let matches = &found["health_matches"];
        expect(
            matches.as_array().is_some_and(Vec::is_empty),
            format!("matches Health: {matches}"),
        );
    }
    if let Some(name) = &wanted.principal {
        let most = first("principals", "name");
        expect(
            &most == name,
            format!("fails most for {most:?}, expected {name:?}"),
        );
    }
    if let Some(name) = &wanted.repository {
        let most = first("repositories", "name");
        expect(
            &most == name,
            format!("fails most in {most:?}, expected {name:?}"),
        );
    }
    if let Some((api, limit)) = &wanted.quota {
        let quota = found["quota"].to_string();
        expect(
            quota.contains(api.as_str()) && quota.contains(&limit.to_string()),
            format!("lacks the quota of {api} ({limit}/s): {quota}"),
        );
    }
    wrong
}

#[test]
fn every_report_equals_the_reviewed_one() {
    let bless = std::env::var_os("BLESS").is_some();
    tool::for_each(story::all(), |story| {
        let report = story::first(story)?;
        let mut complaints = Vec::new();
        for (name, actual) in [
            ("report.md", &report.md),
            ("report.json", &report.json_text),
        ] {
            let path = story.folder.join("expected").join(name);
            let reviewed = fs::read_to_string(&path).ok();
            if reviewed.as_ref() == Some(actual) {
                continue;
            }
            if bless || reviewed.is_none() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, actual).unwrap();
            }
            match reviewed {
                _ if bless => println!("{}: {name} blessed", story.name),
                None => complaints.push(format!("{name} was missing and is written: review it")),
                Some(reviewed) => complaints.push(difference(name, &reviewed, actual)),
            }
        }
        if complaints.is_empty() {
            return Ok(());
        }
        Err(format!("{}: {}", story.name, complaints.join("\n")))
    });
}

fn difference(name: &str, reviewed: &str, actual: &str) -> String {
    let diff = TextDiff::from_lines(reviewed, actual);
    let text = diff
        .unified_diff()
        .context_radius(2)
        .header(&format!("reviewed {name}"), &format!("actual {name}"))
        .to_string();
    let lines = text.lines().count();
    let mut shown: Vec<&str> = text.lines().take(SHOWN_LINES).collect();
    let rest = format!("… and {} more lines", lines.saturating_sub(SHOWN_LINES));
    if lines > SHOWN_LINES {
        shown.push(&rest);
    }
    format!("differs (BLESS=1 rewrites it)\n{}", shown.join("\n"))
}

#[test]
fn every_report_keeps_the_schema() {
    let mut schemas = boon::Schemas::new();
    let schema = boon::Compiler::new()
        .compile(
            &tool::root()
                .join("docs/report-schema.json")
                .to_string_lossy(),
            &mut schemas,
        )
        .expect("docs/report-schema.json is a JSON Schema");
    tool::for_each(story::all(), |story| {
        let report = story::first(story)?;
        schemas
            .validate(&report.json, schema)
            .map_err(|why| format!("{}: {why:#}", story.name))
    });
    // The schema must be able to refuse.
    let wrong = serde_json::json!({"schema_version": "1.0", "status": "fine"});
    assert!(schemas.validate(&wrong, schema).is_err());
}

#[test]
fn no_report_names_a_place_on_this_machine() {
    tool::for_each(story::all(), |story| {
        let report = story::first(story)?;
        let places = [
            tool::root().to_string_lossy().into_owned(),
            env!("CARGO_TARGET_TMPDIR").to_owned(),
        ];
        for (name, text) in [
            ("md", &report.md),
            ("html", &report.html),
            ("json", &report.json_text),
        ] {
            if let Some(place) = places.iter().find(|place| text.contains(place.as_str())) {
                return Err(format!("{}: {name} names {place}", story.name));
            }
        }
        Ok(())
    });
}

#[test]
fn every_case_tells_its_story() {
    tool::for_each(story::all(), |story| {
        let case = &story.case;
        if case.title.is_empty() || case.story.trim().len() < 100 {
            return Err(format!("{}: a case needs a title and a story", story.name));
        }
        let missing: Vec<String> = ["--cloudtrail", "--metrics", "--quotas", "--health"]
            .iter()
            .flat_map(|flag| story.values(flag))
            .filter(|path| !story.folder.join(path).exists())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!("{}: missing inputs {missing:?}", story.name))
    });
}
