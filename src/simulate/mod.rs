//! A simulator of incidents: raw inputs in AWS's own shapes and the truth beside them, from a seed.
//!
//! It exists to measure the judgement, so it must never know how anything is judged: it reads no
//! threshold and no rule, and the judgement reads nothing of it. Equal seeds give equal bytes.

mod answers;
mod archive;
mod draw;
mod everyday;
mod health;
mod job;
mod play;
mod record;
mod script;
mod stage;
mod story;
pub mod truth;
mod world;

use draw::Draw;
use play::play;
use record::{Scribe, stamp};
use script::{Noise, Script};
use serde_json::Value;
use stage::Stage;
use std::fs;
use std::io;
use std::path::Path;
use truth::{Inputs, Truth};
use world::{DAY, World};

pub use story::SCENARIOS;

/// Calls of an estate at most, so that a run stays cheap; one in ten may have more.
const MOST_CALLS: f64 = 120_000.0;
const MOST_CALLS_RARELY: f64 = 600_000.0;

/// What is asked of the simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// One of [`SCENARIOS`].
    pub scenario: String,
    /// Seed: everything else follows from it.
    pub seed: u64,
    /// Take away the source the answer would rest on.
    pub blind: bool,
}

/// Plays an order and writes inputs and `truth.json` into `dir`.
///
/// # Errors
/// The folder cannot be written.
pub fn simulate(order: &Order, dir: &Path) -> io::Result<Truth> {
    let mut stage = stage_of(order);
    story::tell(&order.scenario, &mut stage);
    story::distract(&mut stage, order.seed);
    let played = play(&stage.world, &stage.script, order.seed);
    let removed = |source: &str| stage.removed.contains(&source);

    let mut changes = stage.changes.clone();
    if removed("changes") {
        changes.clear();
    }
    changes.sort_by_key(|change| (change.at, change.api));
    let lost = |account: &str, region: &str, at: i64| {
        stage.world.places.iter().enumerate().any(|(index, place)| {
            place.account == account && place.region == region && stage.is_lost(index, at)
        })
    };
    let scribe = Scribe::new(&stage.world, &stage.script.effects, order.seed);
    let delivery = archive::Delivery {
        world: &stage.world,
        calls: &played.calls,
        changes: &changes,
        lost: &lost,
        now: stage.now,
        dense_from: stage.window.0,
        seed: order.seed,
    };
    archive::write(&dir.join("trail"), &scribe, &delivery)?;

    let mut inputs = Inputs {
        cloudtrail: vec!["trail".to_owned()],
        ..Inputs::default()
    };
    if !removed("metrics") {
        let span = (stage.window.0 - 2 * 3600, stage.window.1);
        let (queries, data) = answers::metrics(&stage.world, &played.calls, span, &stage.resets);
        json(dir, "metric-queries.json", &queries, &mut inputs.metrics)?;
        json(dir, "metrics.json", &data, &mut inputs.metrics)?;
    }
    if !removed("quotas") {
        let list = answers::quotas(&stage.world, &stage.script.quotas);
        json(dir, "quotas.json", &list, &mut inputs.quotas)?;
    }
    if !removed("health") {
        let (events, details) = health::answers(&stage.health, stage.now);
        json(dir, "health-events.json", &events, &mut inputs.health)?;
        json(dir, "health-details.json", &details, &mut inputs.health)?;
    }
    let truth = Truth {
        seed: order.seed,
        scenario: order.scenario.clone(),
        from: stamp(stage.window.0),
        to: stamp(stage.window.1),
        now: stamp(stage.now),
        baseline_days: (stage.window.0 - stage.script.from) / DAY,
        calls_per_minute: stage.world.rate * stage.world.level(stage.fault.0),
        places: stage
            .world
            .places
            .iter()
            .map(|place| (place.account.clone(), place.region.to_owned()))
            .collect(),
        inputs,
        removed: stage.removed.join(","),
        background: stage
            .script
            .noise
            .iter()
            .filter(|noise| noise.correlation > 0.0)
            .map(|_| "bursts".to_owned())
            .take(1)
            .collect(),
        distractors: stage
            .distractors
            .iter()
            .map(|word| (*word).to_owned())
            .collect(),
        incidents: stage.happened(&played),
    };
    let mut text = serde_json::to_string_pretty(&truth)?;
    text.push('\n');
    fs::write(dir.join("truth.json"), text)?;
    Ok(truth)
}

fn json(dir: &Path, name: &str, value: &Value, into: &mut Vec<String>) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    fs::write(dir.join(name), serde_json::to_string(value)?)?;
    into.push(name.to_owned());
    Ok(())
}

/// The empty stage of an order: when, how busy, how noisy.
fn stage_of(order: &Order) -> Stage {
    let draw = &mut Draw::new(order.seed, &order.scenario);
    let quiet = order.scenario == "quiet";
    let rate = draw.log(0.3, 500.0);
    let mut world = World::new(order.seed, rate);
    // 2026-01-05 was a Monday.
    let day = 1_767_571_200 + draw.between(20, 330) * DAY;
    let onset = day + draw.between(0, DAY - 1);
    // The rate is that of the incident's hour, whatever the season makes of it.
    world.rate = rate / world.level(onset).max(0.05);
    let minutes = draw.log(3.0, 360.0).min((40_000.0 / rate).max(10.0));
    let fault = (onset, onset + (minutes * 60.0) as i64);
    let before = draw.between(20, 180) * 60;
    let after = draw.between(20, 120) * 60;
    let from = (fault.0 - before).div_euclid(60) * 60;
    let to = if quiet {
        from + draw.between(6, if rate > 60.0 { 8 } else { 24 }) * 3600
    } else if draw.chance(0.1) {
        (fault.0 + (fault.1 - fault.0).max(600) * 2 / 3).div_euclid(60) * 60
    } else {
        (fault.1 + after).div_euclid(60) * 60
    };
    let now = to
        + if draw.chance(0.2) {
            draw.between(5, 30) * 60
        } else {
            draw.between(30, 2160) * 60
        };
    let most = if draw.chance(0.1) {
        MOST_CALLS_RARELY
    } else {
        MOST_CALLS
    };
    let wanted = draw.pick(&[3, 3, 4, 5, 6, 7]);
    let per_day = calls_per_day(&world, from);
    let inside = per_day * (to - from) as f64 / DAY as f64;
    let days = ((most - inside) / per_day).clamp(0.25, f64::from(wanted));
    let days_s = if days >= 1.0 {
        days.floor() as i64 * DAY
    } else {
        (days * DAY as f64) as i64
    };
    let script = Script {
        from: from - days_s,
        to: to + 600,
        noise: noise(draw),
        plan_hours: draw.pick(&[0, 1, 6, 12]),
        scan_missing: draw.real(0.0, 0.3),
        pull_missing: draw.pick(&[0.0, 0.0, 0.002, 0.01]),
        bursts: bursts(draw, from - days_s, to),
        ..Script::default()
    };
    Stage {
        world,
        draw: Draw::new(order.seed, "story"),
        script,
        changes: Vec::new(),
        health: Vec::new(),
        pending: Vec::new(),
        window: (from, to),
        now,
        place: 0,
        fault,
        blind: order.blind,
        removed: Vec::new(),
        lost: Vec::new(),
        resets: Vec::new(),
        distractors: Vec::new(),
    }
}

fn calls_per_day(world: &World, from: i64) -> f64 {
    let level: f64 = (1..=24)
        .map(|hour| world.level(from - hour * 3600))
        .sum::<f64>()
        / 24.0;
    let share: f64 = world.share.iter().sum();
    (world.rate * level + world.others) * share * 1440.0
}

/// Stray failures: server faults, throttles and denials, some of them in bursts of ten minutes.
fn noise(draw: &mut Draw) -> Vec<Noise> {
    let mut list = Vec::new();
    for (code, means, correlated) in [
        ("ServerException", [0.0, 0.0001, 0.0005, 0.005], 0.4),
        ("ThrottlingException", [0.0, 0.0, 0.0005, 0.002], 0.3),
        ("AccessDeniedException", [0.0, 0.0005, 0.005, 0.02], 0.3),
        ("InvalidParameterException", [0.0, 0.0, 0.001, 0.01], 0.3),
    ] {
        let mean = draw.pick(&means);
        if mean > 0.0 {
            list.push(Noise {
                code,
                mean,
                correlation: if draw.chance(correlated) { 0.01 } else { 0.0 },
            });
        }
    }
    list
}

/// Bursts of CI on every day of the run.
fn bursts(draw: &mut Draw, from: i64, to: i64) -> Vec<(i64, i64, f64, usize)> {
    let per_day = draw.between(0, 4);
    let times = draw.real(0.5, 3.0);
    let mut list = Vec::new();
    for day in from.div_euclid(DAY)..=to.div_euclid(DAY) {
        for _ in 0..per_day {
            let at = day * DAY + draw.between(0, DAY - 1);
            list.push((at, draw.between(3, 12), times, 0));
        }
    }
    list
}
