//! `verify`: does a report follow from its evidence, to the last figure, row and file?
//!
//! Makes the report again from the bundle, with the parameters the bundle was collected for (or the
//! flags given, as `analyze` takes them), and compares. A figure that was altered together with its
//! bundle is beyond it; that is what CloudTrail's signed digests are for.

use super::args::VerifyArgs;
use super::output::MAP;
use super::redact::{learn, read_map};
use super::shared_args::ReportFormat;
use super::{digests, pipeline, report, talk};
use crate::bundle::{self, Inspection, State};
use crate::failure::{Failure, Kind};
use crate::redact::{Level, Map, Redactor};
use crate::report::escape::Untrusted;
use crate::report::redacted;
use crate::verify::digest::Stamp;
use crate::verify::figures;
use anyhow::Context as _;
use serde_json::Value;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Differences shown; the rest is counted.
const SHOWN: usize = 20;

/// Findings as lines, and whether all of them are good.
struct Findings {
    text: String,
    good: bool,
}

impl Findings {
    fn line(&mut self, good: bool, words: &str) {
        self.good &= good;
        let mark = if good { "ok  " } else { "BAD " };
        // Writing to a String cannot fail. Names come from files: shown as the terminal bears them.
        let _ = writeln!(
            self.text,
            "{mark}{}",
            Untrusted::capped(words, 600).terminal()
        );
    }
}

/// Runs the checks, prints what reproduces, and exits 1 when anything does not.
pub(super) fn run(args: &VerifyArgs) -> Result<u8, Failure> {
    let folder = if args.report.is_dir() {
        args.report.clone()
    } else {
        args.report.parent().map(Path::to_owned).unwrap_or_default()
    };
    let evidence = evidence(args, &folder)?;
    let mut findings = Findings {
        text: String::new(),
        good: true,
    };
    let inspection = bundle::inspect(&evidence).map_err(|error| Failure {
        kind: Kind::Failed,
        error,
        hints: vec!["name the evidence with --bundle DIR".to_owned()],
    })?;
    files(&inspection, &mut findings);
    if inspection.is_whole() {
        reproduce(args, &folder, &inspection, &mut findings)?;
    } else {
        findings.line(
            false,
            "the evidence was changed, so no figure was recomputed from it",
        );
    }
    if let (Some(root), Some(keys)) = (&args.digests, &args.public_keys) {
        let stamp = digests::check(std::slice::from_ref(root), keys, &args.signature)?;
        proven(&stamp, &mut findings);
    }
    findings.text.push_str(if findings.good {
        "verified: everything in this report follows from this evidence\n"
    } else {
        "NOT verified\n"
    });
    talk::data(findings.text.as_bytes())?;
    Ok(u8::from(!findings.good))
}

/// `--bundle`, or the bundle beside the report.
fn evidence(args: &VerifyArgs, folder: &Path) -> Result<PathBuf, Failure> {
    if let Some(given) = &args.bundle {
        return Ok(given.clone());
    }
    [folder.join("bundle"), private(folder).join("bundle")]
        .into_iter()
        .find(|path| path.is_dir())
        .ok_or_else(|| {
            Failure::usage(
                format!("no bundle stands beside {}", args.report.display()),
                "name the evidence with --bundle DIR",
            )
        })
}

fn private(folder: &Path) -> PathBuf {
    let mut name: OsString = folder.as_os_str().to_owned();
    name.push(".private");
    PathBuf::from(name)
}

fn files(inspection: &Inspection, findings: &mut Findings) {
    let bad: Vec<&(String, State)> = inspection
        .files
        .iter()
        .filter(|(_, state)| *state != State::Same)
        .collect();
    let total = inspection.files.len();
    findings.line(
        bad.is_empty(),
        &format!("bundle: {} of {total} files as sealed", total - bad.len()),
    );
    for (path, state) in bad.iter().take(SHOWN) {
        let what = match state {
            State::Changed => "was changed",
            State::Missing => "is missing",
            State::Unlisted => "was added: the manifest does not know it",
            State::Same => continue,
        };
        findings.line(false, &format!("bundle: {path} {what}"));
    }
    findings.line(
        inspection.seal_holds,
        &format!("bundle: seal {}", inspection.bundle.manifest.seal),
    );
    if inspection.manifest_as_written == Some(false) {
        findings.line(
            false,
            "bundle: manifest.json is not as this version wrote it",
        );
    }
}

/// Makes the report again and compares every file of it that is there.
fn reproduce(
    args: &VerifyArgs,
    folder: &Path,
    inspection: &Inspection,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let bundle = &inspection.bundle;
    let json = if args.report.is_dir() {
        folder.join("report.json")
    } else {
        args.report.clone()
    };
    let text =
        fs::read_to_string(&json).with_context(|| format!("failed to read {}", json.display()))?;
    let stated: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is no JSON document", json.display()))?;
    let case = report::case_of(&bundle.manifest.case, &args.window, &args.scope)?.0;
    let told = pipeline::judge(bundle, &case, report::command(bundle, &case))?;
    let mut redactor = redactor(args, folder, &stated)?;
    if redactor.level() != Level::Off {
        learn(&mut redactor, bundle, &case)?;
    }
    let again = redacted::redact(&told, &mut redactor);
    let formats = [ReportFormat::Md, ReportFormat::Html, ReportFormat::Json];
    let outputs = report::render(&again, &formats);
    for (name, found) in &outputs {
        if name == "report.json" {
            figures(&text, &stated, found, findings)?;
            continue;
        }
        let path = folder.join(name);
        // A format that was not asked for is no fault; a page that differs is.
        let Ok(stated) = fs::read(&path) else {
            continue;
        };
        match figures::first_difference(&String::from_utf8_lossy(&stated), found) {
            None => findings.line(true, &format!("{name}: reproduces byte for byte")),
            Some(line) => findings.line(false, &format!("{name}: differs first in line {line}")),
        }
    }
    for name in strangers(folder, &outputs) {
        findings.line(false, &format!("{name}: this report has no such chart"));
    }
    Ok(())
}

fn figures(
    text: &str,
    stated: &Value,
    found: &str,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let again: Value =
        serde_json::from_str(found).context("failed to read the recomputed report")?;
    let comparison = figures::compare(stated, &again);
    let total = comparison.same + comparison.differences.len();
    findings.line(
        comparison.differences.is_empty(),
        &format!(
            "report.json: {} of {total} figures reproduce",
            comparison.same
        ),
    );
    let shown = |value: &str| {
        if value.is_empty() {
            "nothing".to_owned()
        } else {
            value.to_owned()
        }
    };
    for difference in comparison.differences.iter().take(SHOWN) {
        findings.line(
            false,
            &format!(
                "report.json: {} states {}, the evidence gives {}",
                difference.place,
                shown(&difference.stated),
                shown(&difference.found)
            ),
        );
    }
    if comparison.differences.is_empty() && text != found {
        findings.line(
            false,
            "report.json: the figures reproduce, but the file was rewritten",
        );
    }
    if comparison.differences.len() > SHOWN {
        let more = comparison.differences.len() - SHOWN;
        findings.line(false, &format!("report.json: and {more} more"));
    }
    if comparison
        .differences
        .iter()
        .any(|one| one.place.starts_with("/window") || one.place.starts_with("/scope"))
    {
        findings.line(
            false,
            "the report states another window or scope than its evidence was collected for: if `analyze` made it, pass the same flags",
        );
    }
    if stated["tool"] != again["tool"] {
        findings.line(
            false,
            "another version of the tool made the report: verify with that one",
        );
    }
    Ok(())
}

/// Charts in the folder that the report does not have.
fn strangers(folder: &Path, outputs: &[(String, String)]) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder.join("charts")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| format!("charts/{}", entry.file_name().to_string_lossy()))
        .filter(|name| !outputs.iter().any(|(known, _)| known == name))
        .collect();
    names.sort();
    names
}

/// The redactor that made the report: its level stands in it, its map beside it.
fn redactor(args: &VerifyArgs, folder: &Path, stated: &Value) -> Result<Redactor, Failure> {
    let level = match stated["redaction"].as_str() {
        None => return Ok(Redactor::new(Level::Off, Map::new([0; 32]))),
        Some("all") => Level::All,
        Some(_) => Level::Ids,
    };
    let map = args
        .map
        .clone()
        .unwrap_or_else(|| private(folder).join(MAP));
    let map = read_map(&map).map_err(|failure| {
        failure.hint("a redacted report is verified where its map is: name it with --map FILE")
    })?;
    Ok(Redactor::new(level, map))
}

fn proven(stamp: &Stamp, findings: &mut Findings) {
    findings.line(
        stamp.holds(),
        &format!(
            "CloudTrail: {} log files proven by {} signed digests, {} unproven",
            stamp.valid,
            stamp.signed,
            stamp.unproven.len()
        ),
    );
    for fault in stamp.faults.iter().take(SHOWN) {
        findings.line(false, &format!("CloudTrail: {fault}"));
    }
    for digest in stamp.unsigned.iter().take(SHOWN) {
        // Not a fault by itself: the newest of a chain is signed in its metadata only.
        let words = format!(
            "CloudTrail: {digest} is unsigned here: its signature stands in the metadata of the S3 object; pass it with --signature"
        );
        findings.line(true, &words);
    }
}
