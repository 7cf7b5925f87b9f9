//! `report` and `analyze`: from inputs or a bundle to a report folder.

use super::args::{AnalyzeArgs, ReportArgs};
use super::aws_args::{AwsArgs, CaptureArgs};
use super::live::{self, Asked};
use super::output::Stage;
use super::pipeline::{self, Inputs};
use super::policy::Statements;
use super::redact::{self, Curtain};
use super::shared_args::{OutputArgs, ReportFormat, ScopeArgs, SignedArgs, WindowArgs};
use super::talk::{self, Volume, say};
use super::window::{self, Resolved};
use crate::bundle::manifest::{Noun, Outcome};
use crate::bundle::{self, Bundle};
use crate::case::{Case, Interval};
use crate::collect::local::LocalInputs;
use crate::failure::{EXIT_FINDINGS, EXIT_INCONCLUSIVE, EXIT_PARTIAL, Failure};
use crate::report::model::Report;
use crate::report::{html, json, markdown, redacted, terminal};
use crate::trail;
use std::path::{Path, PathBuf};

/// The main job.
pub(super) fn collect_and_report(args: &ReportArgs) -> Result<u8, Failure> {
    let volume = args.output.talk.volume();
    let now = window::now(&args.window)?;
    let mut notes = Vec::new();
    let window = window::interval(&args.window, now, &mut notes)?.ok_or_else(no_window)?;
    let resolved = window::resolve(window, &args.window, &args.scope, now, notes)?;
    let job = Job {
        aws: &args.aws,
        offline: args.offline,
        cloudtrail: &args.cloudtrail,
        scope: &args.scope,
        local: args.local.inputs(),
        lateness_s: window::lateness_s(&args.trail, trail::LATENESS_OF_EVIDENCE_S)?,
        signed: args.signed.clone(),
        output: &args.output,
        volume,
    };
    job.run(resolved, |case, target, collect| {
        produce(case, &args.output, target, volume, collect)
    })
}

/// Collect now, analyse later: a bundle without a report.
pub(super) fn capture(args: &CaptureArgs) -> Result<u8, Failure> {
    let output = args.output();
    let volume = output.talk.volume();
    if args.offline {
        return Err(Failure::usage(
            "capture collects from AWS, which --offline forbids",
            "leave --offline out, or make a report from files with `ecr-incident report --offline`",
        ));
    }
    let now = window::now(&args.window)?;
    let mut notes = Vec::new();
    let window = window::interval(&args.window, now, &mut notes)?.ok_or_else(no_window)?;
    let resolved = window::resolve(window, &args.window, &args.scope, now, notes)?;
    let job = Job {
        aws: &args.aws,
        offline: false,
        cloudtrail: &args.cloudtrail,
        scope: &args.scope,
        local: LocalInputs::default(),
        lateness_s: window::lateness_s(&args.trail, trail::LATENESS_OF_EVIDENCE_S)?,
        signed: SignedArgs::default(),
        output: &output,
        volume,
    };
    job.run(resolved, |case, target, collect| {
        let stage = Stage::new(target, output.force)?;
        let bundle = collect(&stage)?;
        let whole = bundle
            .manifest
            .sources
            .iter()
            .all(|entry| entry.outcome == Outcome::Complete || entry.asked.is_empty());
        stage.finish()?;
        say(
            volume,
            &format!("wrote {}", target.join("bundle").display()),
        );
        say(
            volume,
            &format!(
                "make the report with: ecr-incident analyze {} -o {}-report (window {})",
                target.display(),
                target.display(),
                case.window
            ),
        );
        Ok(if output.strict && !whole {
            EXIT_PARTIAL
        } else {
            0
        })
    })
}

fn no_window() -> Failure {
    Failure::usage(
        "no window was given",
        "say which time to look at: --around 2026-03-11T07:20Z, --since 2h, or --from T --to T",
    )
}

/// What `report` and `capture` have in common: inputs and AWS into a bundle.
struct Job<'a> {
    aws: &'a AwsArgs,
    offline: bool,
    cloudtrail: &'a [PathBuf],
    scope: &'a ScopeArgs,
    local: LocalInputs,
    lateness_s: i64,
    signed: SignedArgs,
    output: &'a OutputArgs,
    volume: Volume,
}

/// How a bundle is made inside a stage folder.
type Collect<'a> = Box<dyn FnOnce(&Stage) -> Result<Bundle, Failure> + 'a>;

impl Job<'_> {
    fn run(
        &self,
        resolved: Resolved,
        produce: impl FnOnce(&Case, &Path, Collect<'_>) -> Result<u8, Failure>,
    ) -> Result<u8, Failure> {
        let Resolved { mut case, notes } = resolved;
        let mut place = target(self.output, case.window);
        if self.aws.resume {
            if self.output.out.is_none() {
                place = live::only_stopped_run()?;
            }
            case = live::resumed(&place)?;
        }
        for note in &notes {
            say(self.volume, note);
        }
        self.asked().refuse_missing()?;
        let mut request = self.asked().request(&case)?;
        if let (Some(request), true) = (&request, self.aws.plan) {
            return live::print_plan(request);
        }
        if self.aws.iam_policy {
            return Statements::of(request.as_ref()).print();
        }
        let kept = match &mut request {
            None => None,
            Some(request) => {
                super::output::refuse_clobber(&place, self.output.force)?;
                let folder = live::keep(&place, &case, self.aws.resume)?;
                request.folder.clone_from(&folder);
                request.trail.folder.clone_from(&folder);
                Some(folder)
            }
        };
        let inputs = Inputs {
            cloudtrail: self.asked().local_trail(),
            lateness_s: self.lateness_s,
            signed: self.signed.clone(),
            local: self.local.clone(),
            live: request,
        };
        let (mut stop, mut login) = (None, None);
        let collect: Collect<'_> = Box::new(|stage| {
            let dir = stage.path().join("bundle");
            let collected = pipeline::collect(inputs, &case, &dir, self.volume)?;
            (stop, login) = (collected.stop, collected.login);
            Ok(collected.bundle)
        });
        let code = produce(&case, &place, collect)?;
        if let Some(kept) = kept {
            match (stop, login) {
                // The report is whole as far as limits go: nothing is left to resume.
                (None, None) => live::discard(&kept),
                (None, Some(login)) => say(
                    self.volume,
                    &format!(
                        "hint: log in again ({login}) and run the same command with --resume --force \
                         to fetch the rest; what was collected is kept"
                    ),
                ),
                (Some(_), _) => say(
                    self.volume,
                    "hint: run the same command with --resume --force to go on where it stopped",
                ),
            }
        }
        Ok(stop.map_or(code, live::early))
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            aws: self.aws,
            offline: self.offline,
            cloudtrail: self.cloudtrail,
            local: &self.local,
            scope: self.scope,
            lateness_s: self.lateness_s,
        }
    }
}

/// The same report from evidence collected before.
pub(super) fn analyze(args: &AnalyzeArgs) -> Result<u8, Failure> {
    let volume = args.output.talk.volume();
    let bundle = bundle::open(&args.bundle)?;
    let (case, notes) = case_of(&bundle.manifest.case, &args.window, &args.scope)?;
    for note in &notes {
        say(volume, note);
    }
    let target = target(&args.output, case.window);
    produce(&case, &args.output, &target, volume, |_| Ok(bundle))
}

/// The question asked of a bundle: the one it was collected for, as far as no flag narrows it; and
/// what to say about it.
pub(super) fn case_of(
    kept: &Case,
    window: &WindowArgs,
    scope: &ScopeArgs,
) -> Result<(Case, Vec<String>), Failure> {
    // Without --now the clock stands where it stood, so the same bundle gives the same report.
    let now = match &window.now {
        Some(_) => window::now(window)?,
        None => kept.now,
    };
    let mut notes = Vec::new();
    let Some(asked) = window::interval(window, now, &mut notes)? else {
        return Ok((narrowed(kept, scope)?, notes));
    };
    let resolved = window::resolve(asked, window, scope, now, notes)?;
    let whole = kept.whole();
    if resolved.case.window.overlap(&whole) != Some(resolved.case.window) {
        return Err(Failure::usage(
            format!(
                "the bundle holds {whole}, the window {} reaches outside it",
                resolved.case.window
            ),
            "choose a window inside the bundle, or collect again with `report`",
        ));
    }
    let baseline = resolved
        .case
        .baseline
        .overlap(&whole)
        .unwrap_or(Interval::new(asked.from, asked.from));
    let narrowed = narrowed(
        &Case {
            window: asked,
            now,
            ..kept.clone()
        },
        scope,
    )?;
    Ok((
        Case {
            baseline,
            ..narrowed
        },
        resolved.notes,
    ))
}

/// The kept case with the scope flags that were typed.
fn narrowed(kept: &Case, asked: &ScopeArgs) -> Result<Case, Failure> {
    let typed = window::scope_of(asked)?;
    let mut scope = kept.scope.clone();
    for (list, flag) in [
        (&mut scope.accounts, typed.accounts),
        (&mut scope.regions, typed.regions),
        (&mut scope.repositories, typed.repositories),
    ] {
        if !flag.is_empty() {
            *list = flag;
        }
    }
    if !asked.event_source.is_empty() {
        let missing = typed
            .event_sources
            .iter()
            .find(|source| !kept.scope.event_sources.contains(source));
        if let Some(source) = missing {
            return Err(Failure::usage(
                format!("the bundle was not collected for {source}"),
                format!("collect again with `report --event-source {source}`"),
            ));
        }
        scope.event_sources = typed.event_sources;
    }
    Ok(Case {
        scope,
        ..kept.clone()
    })
}

/// Makes and writes a report folder and says where it is.
pub(super) fn produce(
    case: &Case,
    output: &OutputArgs,
    target: &std::path::Path,
    volume: Volume,
    bundle: impl FnOnce(&Stage) -> Result<Bundle, Failure>,
) -> Result<u8, Failure> {
    let stage = Stage::new(target, output.force)?;
    let curtain = Curtain::new(&output.redact, target, output.force)?;
    say(
        volume,
        &format!("window {} UTC, baseline {}", case.window, case.baseline),
    );
    let bundle = bundle(curtain.behind(&stage))?;
    let case = &within(case, &bundle);
    let told = pipeline::judge(&bundle, case, command(&bundle, case))?;
    let (report, redactor) = curtain.redact(&told, &bundle, case)?;
    let outputs = render(&report, &output.format);
    redact::refuse_leaks(&redactor, &outputs)?;
    for (name, text) in &outputs {
        stage.file(name, text)?;
    }
    curtain.finish(&redactor, volume)?;
    stage.finish()?;
    talk::data(terminal::render(&report).as_bytes())?;
    let files = written(&output.format, target);
    say(volume, &format!("wrote {}", files.join(", ")));
    Ok(exit_code(&report, output))
}

/// Every file of a report: its name and its text.
pub(super) fn render(report: &Report, formats: &[ReportFormat]) -> Vec<(String, String)> {
    let mut outputs: Vec<(String, String)> = formats
        .iter()
        .map(|format| match format {
            ReportFormat::Md => ("report.md", markdown::render(report)),
            ReportFormat::Html => ("report.html", html::render(report)),
            ReportFormat::Json => ("report.json", json::render(report)),
        })
        .map(|(name, text)| (name.to_owned(), text))
        .collect();
    outputs.extend(redacted::drawings(&report.charts));
    outputs
}

/// The question as far as the bundle reaches: a live run may have had to cut the baseline short.
pub(super) fn within(case: &Case, bundle: &Bundle) -> Case {
    let held = bundle.manifest.case.whole();
    let baseline = case.baseline.overlap(&held);
    Case {
        baseline: baseline.unwrap_or(Interval::new(case.window.from, case.window.from)),
        ..case.clone()
    }
}

fn written(formats: &[ReportFormat], target: &std::path::Path) -> Vec<String> {
    formats
        .iter()
        .map(|format| match format {
            ReportFormat::Md => "report.md",
            ReportFormat::Html => "report.html",
            ReportFormat::Json => "report.json",
        })
        .map(|name| target.join(name).display().to_string())
        .collect()
}

/// The command that makes this report again from the inputs, for the report's last section.
pub(super) fn command(bundle: &Bundle, case: &Case) -> Vec<String> {
    let mut words = vec!["ecr-incident".to_owned(), "report".to_owned()];
    // What AWS was asked for is asked again; only files have flags.
    let live = bundle
        .manifest
        .sources
        .iter()
        .any(|entry| entry.bill.is_some());
    for entry in &bundle.manifest.sources {
        if entry.bill.is_some() {
            continue;
        }
        let flag = match entry.noun.word() {
            "trail" => "--cloudtrail",
            "metrics" => "--metrics",
            "quotas" => "--quotas",
            _ => "--health",
        };
        for asked in &entry.asked {
            // A note on how an input was taken follows its name in brackets.
            let input = asked
                .split_once(" (")
                .map_or(asked.as_str(), |(name, _)| name);
            words.extend([flag.to_owned(), input.to_owned()]);
        }
        if entry.noun == Noun::Trail && entry.lateness_s != trail::LATENESS_OF_EVIDENCE_S {
            words.extend(["--lateness".to_owned(), format!("{}s", entry.lateness_s)]);
        }
    }
    let time = |at| crate::case::rfc3339(at);
    words.extend(["--from".to_owned(), time(case.window.from)]);
    words.extend(["--to".to_owned(), time(case.window.to)]);
    let baseline = case.baseline.minutes();
    if baseline > 0 {
        // In the largest unit that divides it, as a person would have typed it.
        let length = match baseline {
            whole if whole % 1440 == 0 => format!("{}d", whole / 1440),
            whole if whole % 60 == 0 => format!("{}h", whole / 60),
            minutes => format!("{minutes}m"),
        };
        words.extend(["--baseline".to_owned(), length]);
    }
    for (flag, list) in [
        ("--account", &case.scope.accounts),
        ("--region", &case.scope.regions),
        ("--repository", &case.scope.repositories),
    ] {
        for value in list {
            words.extend([flag.to_owned(), value.clone()]);
        }
    }
    let mut registries = crate::case::ECR_EVENT_SOURCES;
    registries.sort_unstable();
    if case.scope.event_sources != registries {
        for value in &case.scope.event_sources {
            words.extend(["--event-source".to_owned(), value.clone()]);
        }
    }
    if !live {
        words.push("--offline".to_owned());
    }
    words
}

fn exit_code(report: &Report, output: &OutputArgs) -> u8 {
    let status = report.contract.status;
    let partial = report
        .contract
        .coverage
        .iter()
        .any(|row| row.outcome != "complete");
    if output.detailed_exitcode && status == "incident" {
        EXIT_FINDINGS
    } else if output.detailed_exitcode && status == "inconclusive" {
        EXIT_INCONCLUSIVE
    } else if output.strict && partial {
        EXIT_PARTIAL
    } else {
        0
    }
}

fn target(output: &OutputArgs, window: Interval) -> PathBuf {
    output.out.clone().unwrap_or_else(|| {
        PathBuf::from(format!(
            "ecr-incident-{}",
            window.from.format("%Y%m%dT%H%MZ")
        ))
    })
}
