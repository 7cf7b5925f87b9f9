//! `pack`: a report folder made ready for a support case, a post-mortem or a post, and sent if asked.
//!
//! Everything stands on disk before anything is sent, because Support itself fails in the big events.
//! What would be sent is printed first, and a person (or `--yes`) says that it may go.

use super::args::{Destination, PackArgs, Rendering};
use super::redact::{self, Curtain};
use super::report;
use super::talk::say;
use super::{pipeline, support, window};
use crate::bundle::{self, Bundle};
use crate::case::{Case, Interval};
use crate::facts;
use crate::failure::Failure;
use crate::pack::evidence::Part;
use crate::pack::send::Parcel;
use crate::pack::{archive, evidence, form, post};
use crate::redact::{Level, Redactor};
use crate::report::model::Report;
use crate::report::{json, markdown, plain};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of the body, at most, as far as words allow.
const WIDTH: usize = 90;

/// Runs the command.
pub(super) fn run(args: &PackArgs) -> Result<u8, Failure> {
    let volume = args.talk.volume();
    let bundle = bundle::open(&args.bundle)?;
    let case = report::case_of(&bundle.manifest.case, &args.window, &args.scope)?.0;
    let target = args.out.clone().unwrap_or_else(|| {
        PathBuf::from(format!(
            "ecr-incident-pack-{}",
            case.window.from.format("%Y%m%dT%H%MZ")
        ))
    });
    if target.exists() && !args.force && args.attach.is_none() && !args.create {
        return Err(Failure::usage(
            format!("{} already exists", target.display()),
            "choose another folder with --out DIR, or replace it with --force",
        ));
    }
    let curtain = Curtain::new(&args.redact, &target, true)?;
    let told = pipeline::judge(&bundle, &case, report::command(&bundle, &case))?;
    let (redacted, mut redactor) = curtain.redact(&told, &bundle, &case)?;
    let rendering = match args.rendering {
        Rendering::Support => form::Rendering::Support,
        Rendering::PostMortem => form::Rendering::PostMortem,
    };
    let shown = form::rendered(&redacted, rendering);
    let made = make(&bundle, &case, &told, &shown, rendering, &mut redactor)?;
    let posts: Vec<(String, String)> = args
        .destination
        .iter()
        .map(|to| post::post(&shown, destination(*to)))
        .map(|(name, text)| (format!("posts/{name}"), text))
        .collect();
    scan(&redactor, &made, &posts)?;
    write(&target, &made, &posts)?;
    curtain.finish(&redactor, volume)?;
    for line in summary(&made, &target) {
        say(volume, &line);
    }
    if args.attach.is_some() || args.create {
        // The evidence has a clock of its own; the desk needs today's.
        let today = Case {
            now: window::now(&args.window)?,
            ..case
        };
        return support::send(args, &today, &made.parcel, &target, volume);
    }
    Ok(0)
}

/// A pack in memory.
struct Made {
    parcel: Parcel,
    checklist: String,
    reason: String,
    /// Parts that do not fit into the case: they stay on disk.
    left: Vec<(String, Vec<u8>)>,
    rows: usize,
    rows_left: usize,
    notes: Vec<String>,
}

fn make(
    bundle: &Bundle,
    case: &Case,
    told: &Report,
    shown: &Report,
    rendering: form::Rendering,
    redactor: &mut Redactor,
) -> Result<Made, Failure> {
    let form = form::form();
    // The marker is one more line; the limit of ours leaves room for it and for a person's.
    let body = plain::render(shown, form.our_characters - 60, WIDTH, rendering.without());
    let mut notes = Vec::new();
    let page = markdown::render(shown).into_bytes();
    let (name, page) = if page.len() > form.file_bytes {
        notes.push("the report is larger than a file may be: it is compressed".to_owned());
        (
            "report.md.gz",
            archive::gz(&String::from_utf8_lossy(&page))?,
        )
    } else {
        ("report.md", page)
    };
    let mut files = vec![(name.to_owned(), page)];
    let mut left = Vec::new();
    let lines = rows(bundle, case, told, redactor)?;
    let parts = evidence::parts(&lines, form.warn_bytes)?;
    let third = third(bundle, shown, redactor)?;
    let room = form.files - files.len();
    let several = parts.len() > 1;
    let mut rows_left = 0;
    for (index, Part { bytes, rows }) in parts.into_iter().enumerate() {
        let name = if several {
            format!("evidence-{}.csv.gz", index + 1)
        } else {
            "evidence.csv.gz".to_owned()
        };
        if index < room {
            files.push((name, bytes));
        } else {
            rows_left += rows;
            left.push((name, bytes));
        }
    }
    if files.len() < form.files && third.1.len() <= form.file_bytes {
        files.push(third);
    } else {
        notes.push(format!(
            "{} does not fit into the case: it stays on disk",
            third.0
        ));
        left.push(third);
    }
    for (name, bytes) in &files {
        if bytes.len() > form.warn_bytes {
            notes.push(format!("{name} is close to the limit of a file"));
        }
    }
    let (severity, reason) = form::severity(told);
    Ok(Made {
        parcel: Parcel {
            subject: form::subject(shown),
            body,
            files,
            severity: severity.clone(),
        },
        checklist: form::checklist(&severity),
        reason,
        left,
        rows: lines.len(),
        rows_left,
        notes,
    })
}

/// One line for each failed call inside an incident, and for each request the report names.
fn rows(
    bundle: &Bundle,
    case: &Case,
    told: &Report,
    redactor: &mut Redactor,
) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    let mut seen = BTreeSet::new();
    for incident in &told.contract.incidents {
        let picked = json::picked(incident);
        let end = incident.recovery.map_or(case.window.to, |stamp| stamp.0);
        let span = Interval::new(incident.onset.0, end);
        facts::rows::calls(bundle, case, span, |row| {
            let wanted = !row.error_code.is_empty() || picked.contains(&row.event_id);
            if wanted && seen.insert(row.event_id.clone()) {
                lines.push(evidence::line(&row, redactor));
            }
            Ok(true)
        })?;
    }
    Ok(lines)
}

/// The third file: the sealed bundle, so that the receiver can verify; behind pseudonyms, or with a
/// secret in any of its rows, the machine-readable report instead.
fn third(
    bundle: &Bundle,
    shown: &Report,
    redactor: &Redactor,
) -> Result<(String, Vec<u8>), Failure> {
    let instead = || ("report.json".to_owned(), json::render(shown).into_bytes());
    if redactor.level() != Level::Off || redactor.secrets() > 0 || holds_secrets(bundle, redactor)?
    {
        return Ok(instead());
    }
    let mut files = Vec::new();
    let listed = bundle.manifest.files.iter().map(|file| file.path.as_str());
    for path in listed.chain(["manifest.json"]) {
        let whole = bundle.dir().join(path);
        let bytes =
            fs::read(&whole).with_context(|| format!("failed to read {}", whole.display()))?;
        let text = path.ends_with(".ndjson") || path.ends_with(".json");
        if text && !redactor.leaks(&String::from_utf8_lossy(&bytes)).is_empty() {
            return Ok(instead());
        }
        files.push((format!("bundle/{path}"), bytes));
    }
    Ok(("bundle.tar.gz".to_owned(), archive::tar_gz(&files)?))
}

/// Whether any text of any call in the bundle holds a secret. Each distinct text is looked at once.
fn holds_secrets(bundle: &Bundle, redactor: &Redactor) -> Result<bool, Failure> {
    let kept = &bundle.manifest.case;
    let everything = Case {
        scope: crate::case::Scope {
            accounts: Vec::new(),
            regions: Vec::new(),
            repositories: Vec::new(),
            event_sources: Vec::new(),
        },
        ..kept.clone()
    };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut found = false;
    facts::rows::calls(bundle, &everything, kept.whole(), |row| {
        for text in [
            row.user_agent,
            row.error_message,
            row.error_code,
            row.principal,
            row.session,
            row.source,
            row.repository,
            row.vpc_endpoint,
        ] {
            if !seen.contains(&text) {
                found |= !redactor.leaks(&text).is_empty();
                seen.insert(text);
            }
        }
        Ok(!found)
    })?;
    Ok(found)
}

/// The last scan, over what is inside the compressed files too. The raw bundle is not rewritten; it is
/// only packed at all when nothing had to be hidden.
fn scan(redactor: &Redactor, made: &Made, posts: &[(String, String)]) -> Result<(), Failure> {
    let mut outputs: Vec<(String, String)> = vec![
        ("subject.txt".to_owned(), made.parcel.subject.clone()),
        ("body.txt".to_owned(), made.parcel.letter()),
        ("checklist.txt".to_owned(), made.checklist.clone()),
    ];
    outputs.extend(posts.iter().cloned());
    for (name, bytes) in made.parcel.files.iter().chain(&made.left) {
        if name == "bundle.tar.gz" {
            continue;
        }
        outputs.push((
            name.trim_end_matches(".gz").to_owned(),
            support::text_of(name, bytes)?,
        ));
    }
    redact::refuse_leaks(redactor, &outputs)
}

fn write(target: &Path, made: &Made, posts: &[(String, String)]) -> Result<(), Failure> {
    let put = |name: &str, bytes: &[u8]| -> Result<(), Failure> {
        let path = target.join(name);
        let write = || -> std::io::Result<()> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, bytes)
        };
        write()
            .with_context(|| format!("failed to write {}", path.display()))
            .map_err(Failure::from)
    };
    for folder in ["attachments", "not-attached", "posts"] {
        let old = target.join(folder);
        if old.is_dir() {
            fs::remove_dir_all(&old)
                .with_context(|| format!("failed to replace {}", old.display()))?;
        }
    }
    put(
        "subject.txt",
        format!("{}\n", made.parcel.subject).as_bytes(),
    )?;
    put("body.txt", made.parcel.letter().as_bytes())?;
    put("severity.txt", format!("{}\n", made.reason).as_bytes())?;
    put("checklist.txt", made.checklist.as_bytes())?;
    for (name, bytes) in &made.parcel.files {
        put(&format!("attachments/{name}"), bytes)?;
    }
    for (name, bytes) in &made.left {
        put(&format!("not-attached/{name}"), bytes)?;
    }
    for (name, text) in posts {
        put(name, text.as_bytes())?;
    }
    Ok(())
}

fn summary(made: &Made, target: &Path) -> Vec<String> {
    let mut lines = vec![
        format!("subject: {}", made.parcel.subject),
        format!("severity: {}", made.reason),
        format!(
            "body: {} of {} characters",
            made.parcel.letter().chars().count(),
            form::form().body_characters
        ),
    ];
    for (name, bytes) in &made.parcel.files {
        lines.push(format!("attachment: {name}, {} bytes", bytes.len()));
    }
    lines.push(format!("evidence: {} rows", made.rows - made.rows_left));
    if made.rows_left > 0 {
        lines.push(format!(
            "warning: {} further rows do not fit into three files; they are in not-attached/",
            made.rows_left
        ));
    }
    lines.extend(made.notes.iter().map(|note| format!("warning: {note}")));
    lines.push(format!(
        "wrote {}; read checklist.txt before you send",
        target.display()
    ));
    lines
}

fn destination(to: Destination) -> post::Destination {
    match to {
        Destination::Github => post::Destination::Github,
        Destination::Slack => post::Destination::Slack,
        Destination::Jira => post::Destination::Jira,
        Destination::Ci => post::Destination::Ci,
        Destination::Mail => post::Destination::Mail,
        Destination::Print => post::Destination::Print,
    }
}
