//! Series to judge the judge by: quiet ones of many kinds, and the same with one planted event.
//!
//! Everything comes from a seed. The shapes are those CloudWatch shows (seasons, trends, wandering
//! levels, heavy tails, hourly jobs, lost points); none of them knows how the detection works.

/// Minutes of a day.
pub(super) const DAY: i64 = 1440;

/// A seeded generator (SplitMix64), so that no run depends on chance.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.unit() * of.len() as f64) as usize % of.len()]
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let floor = (-mean).exp();
        let (mut count, mut product) = (0.0, self.unit());
        while product > floor {
            product *= self.unit();
            count += 1.0;
        }
        count
    }

    /// Gamma with mean 1 and an integer shape.
    fn gamma(&mut self, shape: u32) -> f64 {
        (0..shape).map(|_| -self.unit().ln()).sum::<f64>() / f64::from(shape)
    }
}

/// What the series is when nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    BusyCount,
    MiddlingCount,
    SparseCount,
    Sessions,
    WeeklyCount,
    HourlyJobs,
    FlatGauge,
    SeasonalGauge,
    WeeklyGauge,
    Latency,
    Trend,
    Wander,
    HeavyTails,
    Bursts,
    Steps,
}

pub(super) const KINDS: [Kind; 15] = [
    Kind::BusyCount,
    Kind::MiddlingCount,
    Kind::SparseCount,
    Kind::Sessions,
    Kind::WeeklyCount,
    Kind::HourlyJobs,
    Kind::FlatGauge,
    Kind::SeasonalGauge,
    Kind::WeeklyGauge,
    Kind::Latency,
    Kind::Trend,
    Kind::Wander,
    Kind::HeavyTails,
    Kind::Bursts,
    Kind::Steps,
];

impl Kind {
    pub(super) fn is_count(self) -> bool {
        matches!(
            self,
            Self::BusyCount
                | Self::MiddlingCount
                | Self::SparseCount
                | Self::Sessions
                | Self::WeeklyCount
                | Self::HourlyJobs
        )
    }
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// Up or down, and back after a while.
    Shift,
    /// Up or down, and it stays.
    Stay,
    /// A few periods far up.
    Spike,
    /// To nothing.
    Zero,
    /// Rises steadily, falls back.
    Ramp,
    /// Climbs to a ceiling and sits there.
    Ceiling,
    /// The same level, several times the noise.
    Unrest,
}

pub(super) const SHAPES: [Shape; 7] = [
    Shape::Shift,
    Shape::Stay,
    Shape::Spike,
    Shape::Zero,
    Shape::Ramp,
    Shape::Ceiling,
    Shape::Unrest,
];

/// A series with its truth. Minutes count from the start of the window.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) kind: Kind,
    pub(super) shape: Option<Shape>,
    pub(super) is_count: bool,
    pub(super) period_min: i64,
    pub(super) window_min: i64,
    /// Days from a Wednesday to the start of the window.
    pub(super) first_day: i64,
    /// Minute and value, ascending; lost points are absent.
    pub(super) points: Vec<(i64, f64)>,
    pub(super) event: Option<(i64, i64)>,
}

/// How a series is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) shape: Option<Shape>,
    pub(super) past_days: i64,
    pub(super) window_min: i64,
    pub(super) period_min: i64,
    pub(super) seed: u64,
}

/// Level and noise of one kind, drawn once per series.
struct Nature {
    level: f64,
    noise: f64,
    season: f64,
    second: f64,
    phase: f64,
    weekend: f64,
    per_day: f64,
    jobs: [i64; 3],
    clumps: u32,
    memory: f64,
    /// Share of the minutes that have calls at all, when calls come in sessions.
    sessions: f64,
}

impl Nature {
    fn of(kind: Kind, dice: &mut Dice) -> Self {
        let mut nature = Self {
            level: dice.between(20.0, 60.0),
            noise: 0.0,
            season: 0.0,
            second: dice.between(0.0, 0.15),
            phase: dice.between(0.0, 1.0),
            weekend: 1.0,
            per_day: 0.0,
            jobs: [0; 3].map(|_| (dice.unit() * 60.0) as i64),
            clumps: 0,
            memory: 0.0,
            sessions: 0.0,
        };
        match kind {
            Kind::BusyCount => {
                nature.level = dice.between(40.0, 600.0);
                nature.season = dice.between(0.2, 0.7);
                nature.clumps = dice.pick(&[2, 4, 20]);
            }
            Kind::MiddlingCount => {
                nature.level = dice.between(3.0, 20.0);
                nature.season = dice.pick(&[0.0, 0.5]);
                nature.clumps = dice.pick(&[2, 6, 0]);
            }
            Kind::SparseCount => nature.level = dice.between(0.02, 1.0),
            Kind::Sessions => {
                nature.level = dice.between(0.1, 3.0);
                nature.season = dice.pick(&[0.0, 0.5, 0.9]);
                nature.sessions = dice.between(0.03, 0.3);
            }
            Kind::WeeklyCount => {
                nature.level = dice.between(30.0, 300.0);
                nature.season = dice.between(0.3, 0.7);
                nature.weekend = dice.between(0.2, 0.6);
                nature.clumps = 6;
            }
            Kind::HourlyJobs => {
                nature.level = dice.between(10.0, 60.0);
                nature.season = dice.pick(&[0.0, 0.4]);
                nature.clumps = 8;
            }
            Kind::FlatGauge => nature.noise = dice.between(0.01, 0.1) * nature.level,
            Kind::SeasonalGauge => {
                nature.season = dice.between(0.2, 0.6);
                nature.noise = dice.between(0.02, 0.1) * nature.level;
            }
            Kind::WeeklyGauge => {
                nature.season = dice.between(0.2, 0.4);
                nature.weekend = dice.between(0.4, 0.8);
                nature.noise = dice.between(0.02, 0.08) * nature.level;
            }
            Kind::Latency => {
                nature.level = dice.between(20.0, 200.0);
                nature.season = dice.pick(&[0.0, 0.3]);
                nature.noise = dice.between(0.1, 0.4);
            }
            Kind::Trend => {
                nature.per_day = dice.pick(&[-1.0, 1.0]) * dice.between(0.01, 0.08) * nature.level;
                nature.season = dice.pick(&[0.0, 0.3]);
                nature.noise = dice.between(0.01, 0.05) * nature.level;
            }
            Kind::Wander => {
                nature.noise = dice.between(0.03, 0.1) * nature.level;
                nature.memory = dice.pick(&[30.0, 120.0, 600.0]);
            }
            Kind::HeavyTails => nature.noise = dice.between(0.02, 0.06) * nature.level,
            Kind::Bursts => nature.noise = dice.between(0.03, 0.1) * nature.level,
            Kind::Steps => {
                nature.level = dice.between(0.1, 3.0);
                nature.noise = 0.015 * nature.level;
            }
        }
        nature
    }

    /// The level of a minute, before noise.
    fn at(&self, minute: i64, weekday: i64) -> f64 {
        let day = minute as f64 / DAY as f64 + self.phase;
        let wave = (std::f64::consts::TAU * day).sin()
            + self.second * (2.0 * std::f64::consts::TAU * day).sin();
        let is_weekend = (minute.div_euclid(DAY) + weekday).rem_euclid(7) >= 5;
        let share = if is_weekend { self.weekend } else { 1.0 };
        self.level * share * (1.0 + self.season * wave) + self.per_day * minute as f64 / DAY as f64
    }
}

/// Draws a series.
pub(super) fn draw(plan: Plan) -> Told {
    let mut dice = Dice::new(plan.seed);
    let nature = Nature::of(plan.kind, &mut dice);
    // The window may start on any day of the week; day 0 is a Wednesday.
    let first_day = (dice.unit() * 7.0) as i64;
    let weekday = first_day + 2;
    let step = plan.period_min;
    let event = plan.shape.map(|shape| place(shape, &plan, &mut dice));
    let sign = dice.pick(&[-1.0, 1.0]);
    let height = dice.between(6.0, 14.0);
    let times = dice.between(3.0, 8.0);
    let lost = dice.pick(&[0.0, 0.0, 0.002, 0.02]);
    let mut wander = 0.0;
    let mut burst_left = 0;
    let mut points = Vec::new();
    let mut minute = -plan.past_days * DAY;
    // A wandering level has been wandering before.
    for _ in 0..200 {
        wander = drift(wander, &nature, step, &mut dice);
    }
    while minute < plan.window_min {
        wander = drift(wander, &nature, step, &mut dice);
        if burst_left == 0 && dice.unit() < 2.0 * step as f64 / DAY as f64 {
            burst_left = 1 + (dice.between(5.0, 25.0) / step as f64) as i64;
        }
        burst_left = (burst_left - 1).max(0);
        // 0 before and after the event, up to 1 inside.
        let inside = event
            .filter(|(from, to)| (*from..*to).contains(&minute))
            .map(|(from, to)| (minute - from) as f64 / (to - from) as f64);
        let value = value_at(
            &plan,
            &nature,
            minute,
            weekday,
            wander,
            burst_left > 0,
            inside,
            sign,
            height,
            times,
            &mut dice,
        );
        if dice.unit() >= lost {
            points.push((minute, value));
        }
        minute += step;
    }
    if plan.kind.is_count() {
        // CloudWatch writes no point for a period without calls.
        let keep_zeros = dice.unit() < 0.5;
        points.retain(|(_, value)| keep_zeros || *value > 0.0);
    }
    Told {
        kind: plan.kind,
        shape: plan.shape,
        is_count: plan.kind.is_count(),
        period_min: step,
        window_min: plan.window_min,
        first_day,
        points,
        event,
    }
}

fn drift(wander: f64, nature: &Nature, step: i64, dice: &mut Dice) -> f64 {
    if nature.memory <= 0.0 {
        return 0.0;
    }
    let keep = (-(step as f64) / nature.memory).exp();
    keep * wander + (1.0 - keep * keep).sqrt() * dice.normal()
}

fn place(shape: Shape, plan: &Plan, dice: &mut Dice) -> (i64, i64) {
    let step = plan.period_min;
    let length = match shape {
        Shape::Spike => dice.pick(&[2, 3, 4]) * step.min(3),
        Shape::Ramp | Shape::Unrest | Shape::Ceiling => dice.between(60.0, 180.0) as i64,
        Shape::Shift | Shape::Stay => dice.between(20.0, 240.0) as i64,
        Shape::Zero => dice.between(15.0, 90.0) as i64,
    };
    let length = (length.max(step) / step * step)
        .min(plan.window_min / 3 / step * step)
        .max(step);
    let lowest = plan.window_min / 10;
    let room = (plan.window_min - length - lowest) as f64;
    let from = (lowest + (dice.unit() * room * 0.9) as i64) / step * step;
    let to = if shape == Shape::Stay {
        plan.window_min
    } else {
        from + length
    };
    (from, to)
}

#[allow(clippy::too_many_arguments)]
fn value_at(
    plan: &Plan,
    nature: &Nature,
    minute: i64,
    weekday: i64,
    wander: f64,
    is_burst: bool,
    inside: Option<f64>,
    sign: f64,
    height: f64,
    times: f64,
    dice: &mut Dice,
) -> f64 {
    let kind = plan.kind;
    let mut level = nature.at(minute, weekday);
    if kind == Kind::HourlyJobs && nature.jobs.contains(&minute.rem_euclid(60)) {
        level += 6.0 * nature.level;
    }
    let shape = inside.and(plan.shape);
    let part = inside.unwrap_or(0.0);
    if kind.is_count() {
        let scarce = if kind == Kind::SparseCount {
            20.0 * nature.level.recip().max(1.0)
        } else {
            1.0
        };
        let up = times * scarce;
        let mean = match shape {
            None => level,
            Some(Shape::Zero) => 0.0,
            Some(Shape::Shift | Shape::Stay) if sign < 0.0 && kind != Kind::SparseCount => {
                level * 0.15
            }
            Some(Shape::Shift | Shape::Stay | Shape::Spike | Shape::Ceiling) => level * up,
            Some(Shape::Ramp) => level * (1.0 + (up - 1.0) * part),
            Some(Shape::Unrest) => level * if dice.unit() < 0.5 { 0.1 } else { up },
        };
        let mean = mean * plan.period_min as f64;
        if nature.sessions > 0.0 {
            let share = (nature.sessions * plan.period_min as f64).min(1.0);
            let calls = dice.poisson(mean / share);
            return if dice.unit() < share { calls } else { 0.0 };
        }
        let clump = if nature.clumps > 0 {
            dice.gamma(nature.clumps)
        } else {
            1.0
        };
        return dice.poisson(mean * clump);
    }
    let white = match kind {
        Kind::HeavyTails => dice.normal() / dice.gamma(2).sqrt(),
        Kind::Wander => 0.3 * dice.normal() + wander,
        _ => dice.normal(),
    };
    let noise = if shape == Some(Shape::Unrest) {
        white * 5.0
    } else {
        white
    };
    if kind == Kind::Latency {
        let tall = match shape {
            Some(Shape::Shift | Shape::Stay | Shape::Spike | Shape::Ceiling) => 0.25 * height,
            Some(Shape::Ramp) => 0.25 * height * part,
            Some(Shape::Zero) => return 0.5,
            _ => 0.0,
        };
        return level * (nature.noise * (noise + 2.0 * tall / 0.4)).exp();
    }
    let mut value = level + nature.noise * noise;
    if kind == Kind::Bursts && is_burst && shape.is_none() {
        value += 12.0 * nature.noise;
    }
    // In bursts an event must outdo the bursts, in heavy tails the tails.
    let unit = nature.noise
        * match kind {
            Kind::Bursts => 4.0,
            Kind::HeavyTails => 2.5,
            _ => 1.0,
        };
    value += match shape {
        Some(Shape::Shift | Shape::Stay) => sign * height * unit,
        Some(Shape::Spike) => 1.5 * height * unit,
        Some(Shape::Ramp) => 1.5 * height * unit * part,
        _ => 0.0,
    };
    if shape == Some(Shape::Zero) {
        value = 0.0;
    }
    if shape == Some(Shape::Ceiling) {
        let top = (level + 2.0 * height * unit).min(100.0f64.max(level + 8.0 * unit));
        value = value + (top - value) * (part * 5.0).min(1.0);
    }
    if kind == Kind::Steps {
        let grain = 0.02 * nature.level;
        value = (value / grain).round() * grain;
    }
    value.max(0.0)
}
