//! The source keeps its own rules. Each test names the rule it guards; docs/contributing.md says why.

use crate::tool::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file this long holds more than one purpose.
const LONGEST_FILE: usize = 600;

/// Who may import whom: room, rooms (or parts of rooms) it may name. `failure` is the one error type
/// that reaches a person, so the rooms that meet I/O may name it.
const DOORS: [(&str, &[&str]); 19] = [
    ("case", &[]),
    ("failure", &[]),
    ("catalog", &["case"]),
    ("ecr", &["case", "catalog"]),
    ("bundle", &["case", "failure"]),
    ("trail", &["case", "ecr", "bundle"]),
    (
        "collect",
        &["case", "failure", "catalog", "ecr", "bundle", "trail"],
    ),
    ("facts", &["case", "ecr", "catalog", "bundle"]),
    (
        "analyze",
        &["case", "ecr", "catalog", "facts::types", "bundle::manifest"],
    ),
    ("redact", &["catalog"]),
    ("verify", &[]),
    // Made of the finished report; its desk is the one file beside `collect` that talks to AWS.
    (
        "pack",
        &[
            "case",
            "catalog",
            "bundle::rows",
            "redact",
            "report",
            "failure",
            "collect::aws",
        ],
    ),
    (
        "report",
        &[
            "redact",
            "case",
            "catalog",
            "ecr",
            "bundle::manifest",
            "facts::types",
            "analyze::types",
        ],
    ),
    // The outer uses, on top of the same arrows.
    ("state", &["case", "failure"]),
    (
        "nightly",
        &[
            "case",
            "failure",
            "ecr",
            "bundle::manifest",
            "facts::parties",
            "facts::types",
            "analyze::types",
            "report",
            "state",
        ],
    ),
    (
        "gate",
        &[
            "case",
            "catalog",
            "ecr",
            "facts::types",
            "bundle::manifest",
            "state::types",
        ],
    ),
    ("notify", &["failure"]),
    // The two that measure: the simulator must not know the judgement, the score only its words.
    ("simulate", &["catalog"]),
    ("accuracy", &["simulate::truth"]),
];

/// One source file.
struct Source {
    /// Path below `src`, `/`-separated.
    path: String,
    /// Text.
    text: String,
    /// Whether only test builds see it: `tests.rs`, `tests/`, or declared under `#[cfg(test)]`.
    test: bool,
}

impl Source {
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    /// Lines of code outside tests, with their number: no comments, no trailing test module.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .take_while(|(_, line)| line.trim() != "#[cfg(test)]" || !self.ends_in_tests())
            .map(|(index, line)| (index + 1, line.split("// ").next().unwrap_or_default()))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn ends_in_tests(&self) -> bool {
        self.text.contains("#[cfg(test)]\nmod tests {")
    }
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    gather(&root().join("src"), &mut files);
    let mut sources: Vec<Source> = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .map(|path| Source {
            path: below(&path, "src"),
            text: fs::read_to_string(&path).unwrap(),
            test: false,
        })
        .collect();
    let declared: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        source.test = declared
            .iter()
            .any(|module| stem == module || stem.starts_with(&format!("{module}/")));
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 50, "the source tree was not found");
    sources
}

/// The modules a file declares for tests only, as paths below `src` without `.rs`.
fn test_modules(source: &Source) -> Vec<String> {
    let folder = match source.path.strip_suffix("/mod.rs") {
        Some(folder) => folder.to_owned(),
        None => source.path.trim_end_matches(".rs").to_owned(),
    };
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let after = |index: usize| lines.get(index + 1).copied().unwrap_or_default();
    lines
        .iter()
        .enumerate()
        .filter(|(_, line)| **line == "#[cfg(test)]")
        .filter_map(|(index, _)| after(index).strip_suffix(';')?.split("mod ").nth(1))
        .map(|name| {
            if source.path == "lib.rs" {
                name.to_owned()
            } else {
                format!("{folder}/{name}")
            }
        })
        .collect()
}

fn below(path: &Path, folder: &str) -> String {
    let below = path.strip_prefix(root().join(folder)).unwrap();
    below.to_string_lossy().replace('\\', "/")
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[track_caller]
fn none(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

#[test]
fn every_file_opens_with_its_purpose() {
    let offences: Vec<String> = sources()
        .iter()
        .filter(|source| !source.test && !source.text.starts_with("//! "))
        .map(|source| source.path.clone())
        .collect();
    none("a source file opens with `//!`", &offences);
}

#[test]
fn files_stay_small() {
    let offences: Vec<String> = sources()
        .iter()
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(source, lines)| format!("{}: {lines} lines", source.path))
        .collect();
    none("no file is longer than 600 lines", &offences);
}

#[test]
fn rooms_use_only_their_doors() {
    let doors: BTreeMap<&str, &[&str]> = DOORS.into_iter().collect();
    let mut offences = Vec::new();
    let mut seen = 0;
    for source in sources() {
        let Some(allowed) = doors.get(source.room()) else {
            continue;
        };
        if source.test {
            continue;
        }
        for (number, line) in source.code() {
            for named in imports(line) {
                seen += 1;
                let own =
                    named == source.room() || named.starts_with(&format!("{}::", source.room()));
                let open = allowed
                    .iter()
                    .any(|door| named == *door || named.starts_with(&format!("{door}::")));
                if !own && !open {
                    offences.push(format!("src/{}:{number} names crate::{named}", source.path));
                }
            }
        }
    }
    none(
        "a room imports only through its doors (docs/ARCHITECTURE.md)",
        &offences,
    );
    assert!(
        seen > 100,
        "only {seen} imports were seen: the scan is broken"
    );
}

/// What follows `crate::` on a line, as far as it is a plain path.
fn imports(line: &str) -> Vec<String> {
    line.split("crate::")
        .skip(1)
        .flat_map(|rest| {
            let path: String = rest
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_' || *letter == ':')
                .collect();
            let group = rest
                .get(path.len()..)
                .and_then(|tail| tail.strip_prefix('{'));
            match group {
                Some(inside) => inside
                    .split(['}', ';'])
                    .next()
                    .unwrap_or_default()
                    .split(',')
                    .map(|part| format!("{path}{}", part.trim()))
                    .collect(),
                None => vec![path],
            }
        })
        .map(|path| path.trim_end_matches(':').to_owned())
        .filter(|path| !path.is_empty())
        .collect()
}

#[test]
fn the_import_scan_sees_groups_and_paths() {
    assert_eq!(imports("use crate::case::Interval;"), ["case::Interval"]);
    assert_eq!(
        imports("let x = crate::trail::scan(crate::case::instant(0));"),
        ["trail::scan", "case::instant"]
    );
    assert_eq!(
        imports("use crate::{analyze, facts::types};"),
        ["analyze", "facts::types"]
    );
}

#[test]
fn data_frames_stay_in_their_room() {
    let offences: Vec<String> = sources()
        .iter()
        .filter(|source| {
            let may = [
                "bundle/columns.rs",
                "bundle/parquet.rs",
                "bundle/parquet/tests.rs",
            ];
            source.room() != "facts" && !may.contains(&source.path.as_str())
        })
        .flat_map(|source| {
            source
                .code()
                .filter(|(_, line)| line.contains("polars::") || line.contains("polars_"))
                .map(|(number, _)| format!("src/{}:{number}", source.path))
                .collect::<Vec<_>>()
        })
        .collect();
    none(
        "only facts and bundle/{columns,parquet}.rs name polars",
        &offences,
    );
}

#[test]
fn only_the_command_line_prints() {
    let words = [
        "println!",
        "print!",
        "eprintln!",
        "eprint!",
        "stdout()",
        "stderr()",
        "dbg!",
    ];
    let offences = lines_with(&words, |source| source.room() != "cli");
    none("only cli prints", &offences);
}

#[test]
fn the_pure_middle_has_no_clock_and_no_environment() {
    let words = [
        "Utc::now",
        "SystemTime",
        "Instant::now",
        "std::env::var",
        "env::var",
        "std::net",
    ];
    let offences = lines_with(&words, |source| {
        [
            "facts", "analyze", "report", "redact", "bundle", "case", "ecr", "catalog",
        ]
        .contains(&source.room())
    });
    none(
        "no clock, environment or network right of collect",
        &offences,
    );
}

#[test]
fn data_never_panics() {
    let words = [".unwrap()", "todo!(", "unimplemented!(", "FIXME"];
    none(
        "no unwrap, todo or FIXME outside tests",
        &lines_with(&words, |_| true),
    );
}

fn lines_with(words: &[&str], wanted: impl Fn(&Source) -> bool) -> Vec<String> {
    sources()
        .iter()
        .filter(|source| !source.test && wanted(source))
        .flat_map(|source| {
            source
                .code()
                .filter(|(_, line)| words.iter().any(|word| line.contains(word)))
                .map(|(number, line)| format!("src/{}:{number} {}", source.path, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_knowledge_file_is_registered_and_explains_itself() {
    let mut files = Vec::new();
    gather(&root().join("queries"), &mut files);
    let on_disk: BTreeSet<String> = files
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| below(path, "queries").trim_end_matches(".toml").to_owned())
        .collect();
    let embedded: BTreeSet<String> = ecr_incident::catalog::FILES
        .iter()
        .map(|entry| entry.id.to_owned())
        .collect();
    assert_eq!(
        on_disk, embedded,
        "queries/ and src/catalog/files.rs differ"
    );
    for entry in ecr_incident::catalog::FILES {
        let (title, explain) = entry.head();
        assert!(
            !title.is_empty() && explain.len() > 20,
            "{} says nothing of itself",
            entry.id
        );
    }
}

#[test]
fn nothing_committed_names_a_machine() {
    // Spelled in parts, so that this file does not offend against itself.
    let places = ["/wo", "/ro", "/ho"].map(|start| match start {
        "/wo" => format!("{start}rk/"),
        "/ro" => format!("{start}ot/"),
        _ => format!("{start}me/"),
    });
    let mut offences = Vec::new();
    for folder in [
        "src", "tests", "benches", "queries", "docs", "examples", "fixtures",
    ] {
        let mut files = Vec::new();
        gather(&root().join(folder), &mut files);
        for path in files {
            // Archives are packed and foreign data is not ours to edit.
            let Ok(text) = fs::read_to_string(&path) else {
                continue;
            };
            for (index, line) in text.lines().enumerate() {
                if places.iter().any(|place| line.contains(place.as_str())) {
                    offences.push(format!("{}:{}", below(&path, "."), index + 1));
                }
            }
        }
    }
    none(
        "no committed file names a place on somebody's machine",
        &offences,
    );
}

#[test]
fn running_and_testing_share_one_build_of_the_dependencies() {
    let run = features(&["-e", "no-dev"]);
    let test = features(&[]);
    let offences: Vec<String> = run
        .iter()
        .filter_map(|(package, features)| {
            let other = test.get(package)?;
            (features != other).then(|| format!("{package}: run {features:?}, test {other:?}"))
        })
        .collect();
    assert!(
        run.len() > 50,
        "cargo tree listed only {} packages",
        run.len()
    );
    none(
        "a package has the same features in `cargo build` and `cargo test`",
        &offences,
    );
}

/// Features of every package with its version, as cargo resolves them for this machine.
fn features(arguments: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--offline",
            "--locked",
            "--prefix",
            "none",
            "-f",
            "{p}\t{f}",
        ])
        .args(arguments)
        .output()
        .expect("cargo runs the tests, so it is there");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // A package that was listed before carries a star.
        let mut cells = line.trim_end_matches(" (*)").split('\t');
        let package = cells.next().unwrap_or_default().to_owned();
        let listed = cells
            .next()
            .unwrap_or_default()
            .split(',')
            .filter(|name| !name.is_empty());
        packages
            .entry(package)
            .or_default()
            .extend(listed.map(str::to_owned));
    }
    packages
}
