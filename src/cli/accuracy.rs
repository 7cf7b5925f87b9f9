//! `simulate` and `accuracy`, both hidden: make incidents from seeds, and measure the reports on
//! them. The reports come from the very code `report --offline` runs.

use super::args::{AccuracyArgs, SimulateArgs};
use super::pipeline::{self, Inputs};
use super::talk::{self, Volume, say};
use crate::accuracy::{Said, Score, Seen, compare, markdown};
use crate::case::{Case, Instant, Interval, Scope};
use crate::collect::local::LocalInputs;
use crate::failure::Failure;
use crate::simulate::truth::Truth;
use crate::simulate::{Order, SCENARIOS, simulate};
use crate::trail;
use anyhow::Context as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Writes one simulated incident and says how to report it.
pub(super) fn simulate_one(args: &SimulateArgs) -> Result<u8, Failure> {
    check(&args.cause)?;
    let order = Order {
        scenario: args.cause.clone(),
        seed: args.seed,
        blind: args.blind,
    };
    let truth = simulate(&order, &args.out)
        .with_context(|| format!("failed to write {}", args.out.display()))?;
    let mut words = vec!["ecr-incident report".to_owned()];
    let mut add = |flag: &str, files: &[String]| {
        for file in files {
            words.push(format!("{flag} {}", args.out.join(file).display()));
        }
    };
    add("--cloudtrail", &truth.inputs.cloudtrail);
    add("--metrics", &truth.inputs.metrics);
    add("--quotas", &truth.inputs.quotas);
    add("--health", &truth.inputs.health);
    words.push(format!(
        "--from {} --to {} --now {} --offline",
        truth.from, truth.to, truth.now
    ));
    talk::data(format!("{}\n", words.join(" ")).as_bytes())?;
    Ok(0)
}

fn check(scenario: &str) -> Result<(), Failure> {
    if SCENARIOS.contains(&scenario) {
        return Ok(());
    }
    Err(Failure::usage(
        format!("{scenario} cannot be simulated"),
        format!("choose one of {}", SCENARIOS.join(", ")),
    ))
}

/// Measures the reports on a range of seeds of every scenario asked for.
pub(super) fn accuracy(args: &AccuracyArgs) -> Result<u8, Failure> {
    let seeds = range(&args.seeds)?;
    let scenarios: Vec<String> = if args.causes.is_empty() {
        SCENARIOS.map(str::to_owned).to_vec()
    } else {
        args.causes.clone()
    };
    for scenario in &scenarios {
        check(scenario)?;
    }
    let mut orders = Vec::new();
    for seed in seeds.clone() {
        for scenario in &scenarios {
            let order = |blind| Order {
                scenario: scenario.clone(),
                seed,
                blind,
            };
            orders.push(order(false));
            // One seed in four is also asked without the source the answer would rest on.
            if seed % 4 == 0 && BLINDABLE.contains(&scenario.as_str()) {
                orders.push(order(true));
            }
        }
    }
    let mut score = Score::default();
    for one in side_by_side(&orders)? {
        score.add(&one);
    }
    score.finish();
    let how = format!(
        "ecr-incident accuracy --seeds {}{}",
        args.seeds,
        if args.causes.is_empty() {
            String::new()
        } else {
            format!(" --causes {}", args.causes.join(","))
        }
    );
    let text = markdown(&score, &how, !args.tables_only);
    match &args.out {
        Some(path) => {
            fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?;
            say(Volume::Normal, &format!("wrote {}", path.display()));
        }
        None => talk::data(text.as_bytes())?,
    }
    Ok(0)
}

/// All orders on all cores, in their order. Threads of their own: the scan of a trail uses the shared pool,
/// and a pool that waits for itself would begin one run inside another.
fn side_by_side(orders: &[Order]) -> Result<Vec<Seen>, Failure> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(order) = orders.get(index) else {
                return done;
            };
            done.push((index, run(order)));
        }
    };
    let mut seen: Vec<(usize, Result<Seen, Failure>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    seen.sort_by_key(|(index, _)| *index);
    seen.into_iter().map(|(_, one)| one).collect()
}

/// Scenarios that have a source on which the answer rests.
const BLINDABLE: [&str; 7] = [
    "aws_service_fault",
    "aws_side_throttling",
    "quota_exhaustion",
    "permission_change",
    "kms_key",
    "image_removed",
    "caller_configuration",
];

/// `1000..1040`, half-open.
fn range(text: &str) -> Result<std::ops::Range<u64>, Failure> {
    let read = text
        .split_once("..")
        .and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    read.filter(|range: &std::ops::Range<u64>| !range.is_empty())
        .ok_or_else(|| {
            Failure::usage(
                format!("--seeds {text} is not a range of seeds"),
                "write it half-open, e.g. 0..40",
            )
        })
}

/// One order: simulate, report, compare.
fn run(order: &Order) -> Result<Seen, Failure> {
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let truth = simulate(order, folder.path()).context("failed to write the simulated inputs")?;
    let said = report(&truth, folder.path())?;
    Ok(compare(&truth, &said))
}

/// What the product says of simulated inputs.
fn report(truth: &Truth, dir: &Path) -> Result<Vec<Said>, Failure> {
    let paths =
        |files: &[String]| -> Vec<PathBuf> { files.iter().map(|file| dir.join(file)).collect() };
    let window = Interval::new(time(&truth.from)?, time(&truth.to)?);
    let baseline = chrono::Duration::days(7);
    let case = Case {
        window,
        baseline: Interval::new(window.from - baseline, window.from),
        scope: Scope::everything(),
        now: time(&truth.now)?,
    };
    let inputs = Inputs {
        cloudtrail: paths(&truth.inputs.cloudtrail),
        lateness_s: trail::LATENESS_OF_EVIDENCE_S,
        signed: Default::default(),
        local: LocalInputs {
            metrics: paths(&truth.inputs.metrics),
            health: paths(&truth.inputs.health),
            quotas: paths(&truth.inputs.quotas),
        },
        live: None,
    };
    let bundle = pipeline::collect(inputs, &case, &dir.join("bundle"), Volume::Quiet)?.bundle;
    let report = pipeline::judge(&bundle, &case, Vec::new())?;
    let incidents =
        serde_json::to_value(&report.contract.incidents).context("failed to write the report")?;
    let said = serde_json::from_value(incidents).context("failed to read the report back")?;
    Ok(said)
}

fn time(text: &str) -> Result<Instant, Failure> {
    let at = chrono::DateTime::parse_from_rfc3339(text).context("the truth holds no time")?;
    Ok(at.to_utc())
}
