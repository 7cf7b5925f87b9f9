//! `verify` says yes to every report as it was made, and no to every single change of a figure, a row
//! or a file, whatever was changed.

use crate::story::{self, Story};
use crate::tool::{for_each, run, scratch};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// How many single changes are tried.
const MUTATIONS: u64 = 240;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(below.max(1)).unwrap()).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every leaf of a document, by JSON pointer.
fn leaves(place: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) if !fields.is_empty() => fields
            .iter()
            .flat_map(|(key, value)| {
                let key = key.replace('~', "~0").replace('/', "~1");
                leaves(&format!("{place}/{key}"), value)
            })
            .collect(),
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .enumerate()
            .flat_map(|(index, value)| leaves(&format!("{place}/{index}"), value))
            .collect(),
        _ => vec![place.to_owned()],
    }
}

/// Changes one leaf of a JSON file; says what it was.
fn change_leaf(path: &Path, dice: &mut Dice) -> String {
    let mut document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let all = leaves("", &document);
    let place = all[dice.roll(all.len())].clone();
    let leaf = document.pointer_mut(&place).unwrap();
    let before = leaf.to_string();
    *leaf = match &*leaf {
        Value::Number(number) if number.is_u64() => (number.as_u64().unwrap() + 1).into(),
        Value::Number(number) => (number.as_f64().unwrap() + 0.001).into(),
        Value::String(text) if text.is_empty() => "x".into(),
        Value::String(text) => {
            let mut letters: Vec<char> = text.chars().collect();
            let at = dice.roll(letters.len());
            letters[at] = if letters[at] == '7' { '8' } else { '7' };
            letters.into_iter().collect::<String>().into()
        }
        Value::Bool(flag) => (!flag).into(),
        Value::Null => 0.into(),
        _ => Value::Array(vec![1.into()]),
    };
    let after = leaf.to_string();
    let mut text = serde_json::to_string_pretty(&document).unwrap();
    text.push('\n');
    fs::write(path, text).unwrap();
    format!("{} {place}: {before} -> {after}", path.display())
}

/// Changes one byte of a file.
fn change_byte(path: &Path, dice: &mut Dice) -> String {
    let mut bytes = fs::read(path).unwrap();
    if bytes.is_empty() {
        bytes.push(b'x');
    } else {
        let at = dice.roll(bytes.len());
        bytes[at] ^= 1 << dice.roll(7);
    }
    fs::write(path, bytes).unwrap();
    format!("a byte of {}", path.display())
}

/// Makes one change in a report folder; says which.
fn mutate(folder: &Path, dice: &mut Dice) -> String {
    let pages: Vec<PathBuf> = files(folder)
        .into_iter()
        .filter(|path| !path.starts_with(folder.join("bundle")) && !path.ends_with("report.json"))
        .collect();
    let evidence = files(&folder.join("bundle"));
    let evidence_file = evidence[dice.roll(evidence.len())].clone();
    match dice.roll(8) {
        0..=2 => change_leaf(&folder.join("report.json"), dice),
        3 => change_byte(&pages[dice.roll(pages.len())], dice),
        4 => change_byte(&evidence_file, dice),
        5 => change_leaf(&folder.join("bundle/manifest.json"), dice),
        6 => {
            fs::remove_file(&evidence_file).unwrap();
            format!("{} removed", evidence_file.display())
        }
        _ => {
            let name = [
                "bundle/calls/extra.parquet",
                "bundle/extra.txt",
                "charts/extra.svg",
            ][dice.roll(3)];
            fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            fs::write(folder.join(name), "more").unwrap();
            format!("{name} added")
        }
    }
}

fn made(story: &Story, into: &Path, level: &str) {
    let words = story.report_words(&["--redact", level], into);
    run(&story.folder, words).exits(0);
}

#[test]
fn every_report_verifies_as_it_was_made() {
    for_each(story::all(), |story| {
        let folder = scratch(&format!("verify/{}", story.name));
        for level in ["off", "all"] {
            let out = folder.join(level);
            made(story, &out, level);
            let answer = run(&folder, ["verify", level]);
            if answer.code != 0
                || !answer.out.ends_with("follows from this evidence\n")
                    && !answer.out.contains("verified: ")
            {
                return Err(format!(
                    "{} {level}: {}{}",
                    story.name, answer.out, answer.err
                ));
            }
        }
        Ok(())
    });
}

#[test]
fn any_single_change_is_caught() {
    let stories: Vec<&Story> = story::all()
        .iter()
        .filter(|story| {
            ["invictus_ssm_burst", "permission_change", "quiet_day"].contains(&story.name.as_str())
        })
        .collect();
    let base = scratch("verify_mutations");
    for story in &stories {
        made(story, &base.join(&story.name), "off");
    }
    let seeds: Vec<u64> = (0..MUTATIONS).collect();
    for_each(&seeds, |seed| {
        let mut dice = Dice(seed.wrapping_mul(977) + 5);
        dice.roll(2);
        let story = stories[dice.roll(stories.len())];
        let folder = base.join(format!("m{seed}"));
        copy(&base.join(&story.name), &folder);
        let what = mutate(&folder, &mut dice);
        let name = format!("m{seed}");
        let answer = run(&base, ["verify", &name]).sane();
        fs::remove_dir_all(&folder).unwrap();
        if answer.code == 1 {
            Ok(())
        } else {
            Err(format!(
                "seed {seed}, {}: {what} was not caught: {}",
                story.name, answer.out
            ))
        }
    });
}

#[test]
fn a_narrower_report_verifies_with_its_flags() {
    let story = story::all()
        .iter()
        .find(|story| story.name == "permission_change")
        .unwrap();
    let folder = scratch("verify_narrow");
    made(story, &folder.join("whole"), "off");
    let flags = ["--from", "2026-02-18T10:00Z", "--to", "2026-02-18T11:30Z"];
    let mut words = vec!["analyze", "whole", "--out", "narrow"];
    words.extend(flags);
    run(&folder, &words).exits(0);
    let mut words = vec!["verify", "narrow", "--bundle", "whole/bundle"];
    words.extend(flags);
    run(&folder, &words).exits(0);
    let answer = run(&folder, ["verify", "narrow", "--bundle", "whole/bundle"]).exits(1);
    assert!(answer.out.contains("pass the same flags"), "{}", answer.out);
}

/// A trail whose digests are signed by a real key: the report carries the stamp, and loses it when a
/// log file was changed.
#[test]
fn a_report_carries_what_the_digests_prove() {
    let folder = scratch("verify_digests");
    let text =
        fs::read_to_string(crate::tool::root().join("src/verify/digest/chain.json")).unwrap();
    let chain: Value = serde_json::from_str(&text).unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for pair in chain["digests"].as_array().unwrap() {
        put(pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
    }
    for (name, text) in chain["logs"].as_object().unwrap() {
        put(name, text.as_str().unwrap());
    }
    put("keys.json", &chain["keys"].to_string());
    let newest = format!(
        "{}={}",
        chain["newest"][0].as_str().unwrap(),
        chain["newest"][1].as_str().unwrap()
    );
    let stamp = |out: &str, extra: &[&str]| -> String {
        let mut words = vec![
            "report",
            "--cloudtrail",
            "AWSLogs",
            "--offline",
            "--out",
            out,
        ];
        words.extend(["--from", "2026-03-11T06:00Z", "--to", "2026-03-11T08:00Z"]);
        words.extend(["--now", "2026-03-12"]);
        words.extend(extra);
        run(&folder, &words).exits(0);
        run(&folder, ["verify", out]).exits(0);
        let json = fs::read_to_string(folder.join(out).join("report.json")).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        let said = json["coverage"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["noun"] == "trail")
            .unwrap()["signed"]
            .as_str()
            .unwrap()
            .to_owned();
        let page = fs::read_to_string(folder.join(out).join("report.md")).unwrap();
        assert!(page.contains("own signatures"), "{out}");
        said
    };
    let keys = ["--public-keys", "keys.json"];
    let signed = [keys[0], keys[1], "--signature", &newest];
    assert!(stamp("whole", &signed).starts_with("validated: 2 log files"));
    assert!(stamp("newest", &keys).contains("1 log files that nothing signed"));
    assert!(stamp("keyless", &[]).contains("no public keys were given"));
    let log = chain["logs"].as_object().unwrap().keys().next().unwrap();
    put(log, "{\"Records\": []}");
    assert!(stamp("changed", &signed).starts_with("not validated: 1 faults"));
    let words = [
        "verify",
        "whole",
        "--digests",
        ".",
        "--public-keys",
        "keys.json",
    ];
    let answer = run(&folder, words).exits(1);
    assert!(
        answer.out.contains("was changed after CloudTrail"),
        "{}",
        answer.out
    );
}
