//! A fixture case as its author wrote it, and the report the tool makes of it.

use crate::tool::{self, Answer};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One folder of `fixtures/cases`.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    /// Folder name.
    pub(crate) name: String,
    /// The folder.
    pub(crate) folder: PathBuf,
    /// `case.toml`.
    pub(crate) case: CaseFile,
}

/// `case.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseFile {
    /// One line.
    pub(crate) title: String,
    /// What happened, in prose.
    pub(crate) story: String,
    /// Arguments of `report`, relative to the folder.
    pub(crate) args: Vec<String>,
    /// When the question is asked, RFC 3339.
    pub(crate) now: String,
    /// What the tool must find.
    pub(crate) expected: Expected,
}

/// What the tool must find.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    /// Any of these words.
    pub(crate) status: Vec<String>,
    /// No further incidents than those listed.
    #[serde(default)]
    pub(crate) exactly: bool,
    /// Each must be found.
    #[serde(default)]
    pub(crate) incident: Vec<ExpectedIncident>,
}

/// One incident that must be found. Empty lists ask for nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedIncident {
    /// Its region.
    pub(crate) region: String,
    /// Its signal.
    pub(crate) signal: String,
    /// Any of these sides.
    pub(crate) side: Vec<String>,
    /// Any of these causes.
    #[serde(default)]
    pub(crate) cause: Vec<String>,
    /// Any of these confidences.
    #[serde(default)]
    pub(crate) confidence: Vec<String>,
    /// All of these APIs, among others.
    #[serde(default)]
    pub(crate) apis: Vec<String>,
    /// Earliest and latest onset.
    pub(crate) onset: (String, String),
    /// Earliest and latest recovery.
    pub(crate) recovery: Option<(String, String)>,
    /// Still going on when the window ends.
    #[serde(default)]
    pub(crate) ongoing: bool,
    /// Fewest and most failures (for volume: missing calls).
    pub(crate) failures: Option<(u64, u64)>,
    /// An API among the changes.
    pub(crate) change: Option<String>,
    /// The end of the ARN of the best Health match.
    pub(crate) health: Option<String>,
    /// No Health event may match.
    #[serde(default)]
    pub(crate) no_health: bool,
    /// The principal with most failures.
    pub(crate) principal: Option<String>,
    /// The repository with most failures.
    pub(crate) repository: Option<String>,
    /// API and limit per second of a quota replay.
    pub(crate) quota: Option<(String, f64)>,
}

/// A report folder, read back.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// `report.md`.
    pub(crate) md: String,
    /// `report.html`.
    pub(crate) html: String,
    /// `report.json`, as written.
    pub(crate) json_text: String,
    /// `report.json`, parsed.
    pub(crate) json: Value,
}

impl Report {
    /// Reads a report folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let text = |name: &str| {
            fs::read_to_string(folder.join(name))
                .map_err(|error| format!("{}: {error}", folder.join(name).display()))
        };
        let json_text = text("report.json")?;
        Ok(Self {
            folder: folder.to_owned(),
            md: text("report.md")?,
            html: text("report.html")?,
            json: serde_json::from_str(&json_text).map_err(|error| error.to_string())?,
            json_text,
        })
    }

    /// The incidents.
    pub(crate) fn incidents(&self) -> &[Value] {
        self.json["incidents"].as_array().map_or(&[], Vec::as_slice)
    }

    /// What the report claims, without anything that depends on the inputs' names: status, and per
    /// incident where, what, when, how many, whose doing.
    pub(crate) fn claims(&self) -> Value {
        let incidents: Vec<Value> = self
            .incidents()
            .iter()
            .map(|incident| {
                let verdict = &incident["verdict"];
                serde_json::json!([
                    incident["account"],
                    incident["region"],
                    incident["signal"],
                    incident["apis"],
                    incident["onset"],
                    incident["peak"],
                    incident["recovery"],
                    incident["calls"],
                    incident["failures"],
                    verdict["side"],
                    verdict["cause"],
                    verdict["confidence"],
                ])
            })
            .collect();
        serde_json::json!({"status": self.json["status"], "incidents": incidents})
    }
}

/// A field of a JSON object as text; empty when it is missing or something else.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

impl Story {
    /// The arguments of `report` without the flags named, each with its value.
    pub(crate) fn args_without(&self, flags: &[&str]) -> Vec<String> {
        let mut kept = Vec::new();
        let mut words = self.case.args.iter();
        while let Some(word) = words.next() {
            if flags.contains(&word.as_str()) {
                words.next();
            } else {
                kept.push(word.clone());
            }
        }
        kept
    }

    /// The values given for a flag.
    pub(crate) fn values(&self, flag: &str) -> Vec<String> {
        self.case
            .args
            .windows(2)
            .filter(|pair| pair[0] == flag)
            .map(|pair| pair[1].clone())
            .collect()
    }

    /// The words of `report` as its author asks for it, with these flags besides, into a folder.
    pub(crate) fn report_words(&self, more: &[&str], out: &Path) -> Vec<String> {
        let mut words = vec!["report".to_owned()];
        words.extend(self.case.args.clone());
        words.extend(["--offline", "--now", &self.case.now].map(str::to_owned));
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words.extend(["--out".to_owned(), out.display().to_string()]);
        words
    }

    /// Runs `report` with these arguments into a fresh scratch folder.
    pub(crate) fn report_with(&self, args: &[String], into: &str) -> Result<Report, String> {
        let folder = tool::scratch(&format!("{}/{into}", self.name));
        let out = folder.to_string_lossy().into_owned();
        let mut words = vec!["report".to_owned()];
        words.extend_from_slice(args);
        words.extend(["--offline", "--now", &self.case.now, "--out", &out].map(str::to_owned));
        self.finish(&tool::run(&self.folder, &words), &folder)
    }

    /// Reads the report an answer stands for, or says what went wrong.
    pub(crate) fn finish(&self, answer: &Answer, folder: &Path) -> Result<Report, String> {
        if answer.code != 0 {
            return Err(format!(
                "{}: exit code {}\n{}",
                self.name, answer.code, answer.err
            ));
        }
        Report::read(folder).map_err(|why| format!("{}: {why}", self.name))
    }
}

/// Every case, by name.
pub(crate) fn all() -> &'static [Story] {
    static STORIES: OnceLock<Vec<Story>> = OnceLock::new();
    STORIES.get_or_init(|| {
        let mut stories: Vec<Story> = fs::read_dir(tool::root().join("fixtures/cases"))
            .expect("fixtures/cases is part of the repository")
            .map(|entry| entry.unwrap().path())
            .filter(|folder| folder.join("case.toml").is_file())
            .map(|folder| {
                let name = folder.file_name().unwrap().to_string_lossy().into_owned();
                let text = fs::read_to_string(folder.join("case.toml")).unwrap();
                let case = toml::from_str(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
                Story { name, folder, case }
            })
            .collect();
        stories.sort_by(|a, b| a.name.cmp(&b.name));
        stories
    })
}

/// The report of every case as its author asks for it, made once for all tests. An error stands for
/// a run that failed; [`first`] hands it to each test that needs the report.
fn firsts() -> &'static BTreeMap<String, Result<Report, String>> {
    static FIRSTS: OnceLock<BTreeMap<String, Result<Report, String>>> = OnceLock::new();
    FIRSTS.get_or_init(|| {
        let made = std::sync::Mutex::new(BTreeMap::new());
        tool::for_each(all(), |story| {
            let report = story.report_with(&story.case.args, "first");
            made.lock().unwrap().insert(story.name.clone(), report);
            Ok(())
        });
        made.into_inner().unwrap()
    })
}

/// The report of a case as its author asks for it.
pub(crate) fn first(story: &Story) -> Result<&'static Report, String> {
    firsts()[&story.name].as_ref().map_err(Clone::clone)
}
