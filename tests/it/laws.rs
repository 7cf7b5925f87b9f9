//! The eight laws of the design, each on every fixture case. (The first, "story", is [`crate::cases`].)
//!
//! They need no reviewed answer: they say how answers must relate to one another.

use crate::story::{self, Report, Story, text};
use crate::tool;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Null experiment: the baseline's later half, asked about as if it were the incident, holds none.
#[test]
fn the_baseline_holds_no_incident() {
    tool::for_each(story::all(), |story| {
        let first = story::first(story)?;
        let baseline = &first.json["window"]["baseline"];
        let (from, to) = (text(baseline, "from"), text(baseline, "to"));
        let time = |at: &str| {
            chrono::DateTime::parse_from_rfc3339(at).map_err(|why| format!("{}: {why}", story.name))
        };
        let (start, end) = (time(from)?, time(to)?);
        let middle = (start + (end - start) / 2)
            .format("%Y-%m-%dT%H:%MZ")
            .to_string();
        let folder = tool::scratch(&format!("{}/null", story.name));
        let out = folder.to_string_lossy().into_owned();
        let bundle = first.folder.join("bundle");
        let answer = tool::run(
            &folder,
            [
                "analyze",
                &bundle.to_string_lossy(),
                "--from",
                &middle,
                "--to",
                to,
                "--out",
                &out,
            ],
        );
        let report = story.finish(&answer, &folder)?;
        if text(&report.json, "status") == "incident" || sides(&report).contains("aws") {
            return Err(format!("{}: {:#}", story.name, report.claims()));
        }
        Ok(())
    });
}

fn sides(report: &Report) -> BTreeSet<&str> {
    report
        .incidents()
        .iter()
        .map(|incident| text(&incident["verdict"], "side"))
        .collect()
}

/// Determinism: the same inputs give the same bytes.
#[test]
fn the_same_inputs_give_the_same_bytes() {
    tool::for_each(story::all(), |story| {
        let first = story::first(story)?;
        let again = story.report_with(&story.case.args, "again")?;
        for (name, a, b) in [
            ("report.md", &first.md, &again.md),
            ("report.html", &first.html, &again.html),
            ("report.json", &first.json_text, &again.json_text),
        ] {
            if a != b {
                return Err(format!("{}: {name} differs between two runs", story.name));
            }
        }
        // A bundle analysed again says the same as the run that made it.
        let folder = tool::scratch(&format!("{}/replay", story.name));
        let out = folder.to_string_lossy().into_owned();
        let bundle = first.folder.join("bundle");
        let replay = tool::run(
            &folder,
            ["analyze", &bundle.to_string_lossy(), "--out", &out],
        );
        let replay = story.finish(&replay, &folder)?;
        if replay.json_text == first.json_text {
            Ok(())
        } else {
            Err(format!(
                "{}: the bundle's report differs from the first",
                story.name
            ))
        }
    });
}

/// Determinism: names and order of the files do not matter.
#[test]
fn shuffled_and_renamed_files_give_the_same_findings() {
    tool::for_each(story::all(), |story| {
        let first = story::first(story)?;
        let folder = tool::scratch(&format!("{}/shuffled-inputs", story.name));
        let mut files = Vec::new();
        for path in story.values("--cloudtrail") {
            gather(&story.folder.join(path), &mut files)?;
        }
        // Names that sort in another order than the originals, in one flat folder without dates.
        files.sort_by_key(|path| path.to_string_lossy().bytes().rev().collect::<Vec<u8>>());
        for (index, path) in files.iter().enumerate() {
            fs::copy(path, folder.join(format!("part-{index:04}.json.gz")))
                .map_err(|why| why.to_string())?;
        }
        let mut args = story.args_without(&["--cloudtrail"]);
        args.extend([
            "--cloudtrail".to_owned(),
            folder.to_string_lossy().into_owned(),
        ]);
        let shuffled = story.report_with(&args, "shuffled")?;
        same(story, "shuffled files", &first.claims(), &shuffled.claims())
    });
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))? {
        let path = entry.map_err(|why| why.to_string())?.path();
        if path.is_dir() {
            gather(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn same(story: &Story, what: &str, expected: &Value, actual: &Value) -> Result<(), String> {
    if expected == actual {
        return Ok(());
    }
    Err(format!(
        "{}: {what} change the findings from\n{expected:#}\nto\n{actual:#}",
        story.name
    ))
}

/// Blindness: with less evidence the report is never surer, never turns on AWS, and names the gap.
#[test]
fn less_evidence_never_makes_surer() {
    tool::for_each(story::all(), |story| {
        let full = story::first(story)?;
        for flag in ["--metrics", "--quotas", "--health"] {
            let given = story.values(flag);
            if given.is_empty() {
                continue;
            }
            let blind = story.report_with(&story.args_without(&[flag]), &format!("blind{flag}"))?;
            not_surer(full, &blind)
                .map_err(|why| format!("{} without {flag}: {why}", story.name))?;
            let noun = match flag {
                "--health" if given.iter().any(|file| file.starts_with("currentevents")) => {
                    "status"
                }
                _ => &flag[2..],
            };
            let named = blind.json["gaps"]
                .as_array()
                .is_some_and(|gaps| gaps.iter().any(|gap| text(gap, "noun") == noun));
            if !named {
                return Err(format!(
                    "{} without {flag}: no gap names {noun}: {:#}",
                    story.name, blind.json["gaps"]
                ));
            }
            if text(&full.json, "status") != "quiet" && text(&blind.json, "status") == "quiet" {
                return Err(format!("{} without {flag}: turned quiet", story.name));
            }
        }
        Ok(())
    });
}

/// Blindness: with every other trail file missing, AWS is not blamed where it was not.
#[test]
fn half_a_trail_never_turns_on_aws() {
    tool::for_each(story::all(), |story| {
        let full = story::first(story)?;
        let mut files = Vec::new();
        for path in story.values("--cloudtrail") {
            gather(&story.folder.join(path), &mut files)?;
        }
        files.sort();
        let mut args = story.args_without(&["--cloudtrail"]);
        for path in files.iter().step_by(2) {
            args.extend([
                "--cloudtrail".to_owned(),
                path.to_string_lossy().into_owned(),
            ]);
        }
        let half = story.report_with(&args, "half-trail")?;
        if sides(&half).contains("aws") && !sides(full).contains("aws") {
            return Err(format!(
                "{}: half a trail blames AWS: {:#}",
                story.name,
                half.claims()
            ));
        }
        Ok(())
    });
}

fn rank(confidence: &str) -> usize {
    ["low", "medium", "high"]
        .iter()
        .position(|word| *word == confidence)
        .unwrap_or(usize::MAX)
}

fn not_surer(full: &Report, blind: &Report) -> Result<(), String> {
    for incident in blind.incidents() {
        let verdict = &incident["verdict"];
        let side = text(verdict, "side");
        let twin = full.incidents().iter().find(|other| {
            ["account", "region", "signal"]
                .iter()
                .all(|key| other[key] == incident[key])
                && overlaps(other, incident)
        });
        let Some(twin) = twin else {
            if side == "aws" {
                return Err(format!("a new incident blames AWS: {incident:#}"));
            }
            continue;
        };
        let before = &twin["verdict"];
        let change = || {
            format!(
                "{} {} went from {}/{}/{} to {}/{}/{}",
                text(incident, "signal"),
                text(incident, "onset"),
                text(before, "side"),
                text(before, "cause"),
                text(before, "confidence"),
                side,
                text(verdict, "cause"),
                text(verdict, "confidence")
            )
        };
        if side == "aws" && text(before, "side") != "aws" {
            return Err(format!("turns on AWS: {}", change()));
        }
        if side != text(before, "side") && side != "undetermined" {
            return Err(format!("changes sides: {}", change()));
        }
        // "Undetermined" says how sure the tool is that it cannot tell; only accusations count.
        let accused = side != "undetermined";
        if accused && rank(text(verdict, "confidence")) > rank(text(before, "confidence")) {
            return Err(format!("is surer: {}", change()));
        }
    }
    Ok(())
}

fn overlaps(a: &Value, b: &Value) -> bool {
    // RFC 3339 in UTC sorts as text; an open end lies after everything.
    let end = |incident: &Value| incident["recovery"].as_str().unwrap_or("9999").to_owned();
    text(a, "onset") < end(b).as_str() && text(b, "onset") < end(a).as_str()
}

/// Irrelevance: a metric that has nothing to do with it changes nothing.
#[test]
fn an_unrelated_flat_series_changes_nothing() {
    tool::for_each(story::all(), |story| {
        let full = story::first(story)?;
        let window = &full.json["window"];
        let from = chrono::DateTime::parse_from_rfc3339(text(window, "from"))
            .map_err(|why| why.to_string())?;
        let points = 0..180;
        let flat = json!({
            "MetricDataResults": [{
                "Id": "orders", "Label": "Orders placed", "StatusCode": "Complete",
                "Timestamps": points.clone().map(|minute| (from + chrono::Duration::minutes(minute)).to_rfc3339()).collect::<Vec<_>>(),
                "Values": points.map(|_| 42.0).collect::<Vec<_>>()
            }],
            "Messages": []
        });
        let folder = tool::scratch(&format!("{}/irrelevant-input", story.name));
        let file = folder.join("orders.json");
        fs::write(&file, flat.to_string()).map_err(|why| why.to_string())?;
        let mut args = story.case.args.clone();
        args.extend(["--metrics".to_owned(), file.to_string_lossy().into_owned()]);
        let more = story.report_with(&args, "irrelevant")?;
        same(story, "unrelated metrics", &full.claims(), &more.claims())
    });
}

/// Citation: every evidence ID that is used stands in the ledger, in every format.
#[test]
fn every_citation_resolves() {
    tool::for_each(story::all(), |story| {
        let report = story::first(story)?;
        let ledger: BTreeSet<&str> = report.json["evidence"]
            .as_array()
            .map(|lines| lines.iter().map(|line| text(line, "id")).collect())
            .unwrap_or_default();
        if ledger.is_empty() {
            return Err(format!("{}: the ledger is empty", story.name));
        }
        let mut used = BTreeSet::new();
        citations(&report.json, "", &mut used);
        for format in [&report.md, &report.html] {
            used.extend(bracketed(format));
        }
        let unknown: Vec<&String> = used
            .iter()
            .filter(|id| !ledger.contains(id.as_str()))
            .collect();
        if !unknown.is_empty() {
            return Err(format!(
                "{}: {unknown:?} are cited but not in the ledger",
                story.name
            ));
        }
        if !report.incidents().is_empty() && bracketed(&report.md).is_empty() {
            return Err(format!("{}: the report cites nothing", story.name));
        }
        for incident in report.incidents() {
            for reason in incident["verdict"]["evidence_for"]
                .as_array()
                .into_iter()
                .flatten()
            {
                if reason["evidence"].as_array().is_none_or(Vec::is_empty) {
                    return Err(format!(
                        "{}: a reason without evidence: {reason}",
                        story.name
                    ));
                }
            }
        }
        Ok(())
    });
}

/// The values of every `evidence` member below: one ID or a list of IDs.
fn citations(value: &Value, key: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(id) if key == "evidence" && !id.is_empty() => {
            found.insert(id.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| citations(item, key, found)),
        Value::Object(members) => {
            for (key, member) in members {
                citations(member, key, found);
            }
        }
        _ => {}
    }
}

/// `E3` and `E4` of `[E3, E4]`.
fn bracketed(text: &str) -> BTreeSet<String> {
    let id = |word: &str| {
        let digits = word.strip_prefix('E')?;
        let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        number.then(|| word.to_owned())
    };
    text.split('[')
        .skip(1)
        .filter_map(|rest| rest.split(']').next())
        .flat_map(|inside| {
            inside
                .split([',', ' '])
                .map(str::trim)
                .filter_map(id)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Conservation: every record read is used, skipped, a duplicate, or outside the window.
#[test]
fn every_record_read_is_accounted_for() {
    tool::for_each(story::all(), |story| {
        let report = story::first(story)?;
        let rows = report.json["coverage"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if rows.is_empty() {
            return Err(format!("{}: no coverage", story.name));
        }
        let mut read = 0;
        for row in &rows {
            let count = |key: &str| row[key].as_u64().unwrap_or_default();
            let parts =
                count("used") + count("skipped") + count("duplicate") + count("out_of_window");
            if count("read") != parts {
                return Err(format!("{}: {row} does not add up", story.name));
            }
            if text(row, "noun") == "trail" {
                read += count("read");
            }
        }
        // The archives are written with duplicates, so zero would mean that they were not looked for.
        let duplicate: u64 = rows
            .iter()
            .filter_map(|row| row["duplicate"].as_u64())
            .sum();
        if read == 0 || (duplicate == 0 && story.name != "invictus_ssm_burst") {
            return Err(format!(
                "{}: {read} records read, {duplicate} duplicates",
                story.name
            ));
        }
        Ok(())
    });
}

/// Formats: Markdown, HTML and JSON make the same claims.
#[test]
fn all_formats_say_the_same() {
    tool::for_each(story::all(), |story| {
        let report = story::first(story)?;
        let html = plain(&report.html);
        let md = plain(&report.md);
        let mut needed = Vec::new();
        let mut alike = Vec::new();
        for incident in report.incidents() {
            let verdict = &incident["verdict"];
            // "Cannot tell" may go without a confidence, but then in every format.
            let confidence = format!("confidence {}", text(verdict, "confidence"));
            if text(verdict, "side") == "undetermined" {
                alike.push(confidence);
            } else {
                needed.push(confidence);
            }
            let volume = text(incident, "signal").starts_with("traffic");
            needed.push(if volume {
                grouped(&incident["failures"])
            } else {
                format!(
                    "{} of {}",
                    grouped(&incident["failures"]),
                    grouped(&incident["calls"])
                )
            });
            needed.push(clock(text(incident, "onset")));
            if let Some(recovery) = incident["recovery"].as_str() {
                needed.push(clock(recovery));
            }
            needed.extend(
                incident["apis"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|api| api.as_str().map(str::to_owned)),
            );
            if let Some(sample) = incident["requests"][0]["request_id"].as_str() {
                needed.push(sample.to_owned());
            }
        }
        for (name, body) in [("md", &md), ("html", &html)] {
            let missing: Vec<&String> = needed
                .iter()
                .filter(|claim| !body.contains(claim.as_str()))
                .collect();
            if !missing.is_empty() {
                return Err(format!("{}: {name} does not say {missing:?}", story.name));
            }
        }
        if let Some(claim) = alike
            .iter()
            .find(|claim| md.contains(*claim) != html.contains(*claim))
        {
            return Err(format!(
                "{}: only one of md and html says {claim}",
                story.name
            ));
        }
        Ok(())
    });
}

/// `14:05` of `2026-03-11T14:05:00Z`.
fn clock(time: &str) -> String {
    time.get(11..16).unwrap_or_default().to_owned()
}

/// Thousands as the reports write them: `7,920`.
fn grouped(value: &Value) -> String {
    let digits = value.as_u64().unwrap_or_default().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The text of a page without tags, escapes and code marks, spaces collapsed.
fn plain(page: &str) -> String {
    let mut out = String::new();
    let mut tag = false;
    for letter in page.chars() {
        match letter {
            '<' => tag = true,
            '>' if tag => {
                tag = false;
                out.push(' ');
            }
            _ if tag => {}
            '`' | '\\' | '*' => {}
            _ => out.push(letter),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
