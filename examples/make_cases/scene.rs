//! A case under construction: its stage, its archive and its other inputs on disk.

use super::answers;
use super::archive::{self, Parcel};
use super::draw::Draw;
use super::record::{Call, Failure, at, is_late, record};
use super::traffic::{Job, Pace, Played, Stage, play};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A day in seconds.
pub(crate) const DAY: i64 = 86_400;

/// One case being written.
pub(crate) struct Scene {
    root: PathBuf,
    draw: Draw,
    /// Start of the window, epoch seconds.
    pub(crate) from: i64,
    /// End of the window.
    pub(crate) to: i64,
    /// Prior days with traffic.
    pub(crate) days: i64,
    /// Ordinary traffic by region.
    pub(crate) paces: Vec<Pace>,
    /// Jobs of the story.
    pub(crate) extra: Vec<(i64, Job)>,
    /// Calls written as they are.
    pub(crate) fixed: Vec<Call>,
    /// Records that happened in this span never reach the bucket.
    pub(crate) lost: Option<(i64, i64)>,
    calls: Vec<Call>,
}

impl Scene {
    /// An empty case with its window (RFC 3339) and its days of history.
    pub(crate) fn new(
        cases: &Path,
        name: &str,
        window: (&str, &str),
        days: i64,
        paces: &[Pace],
    ) -> Self {
        Self {
            root: cases.join(name),
            draw: Draw::seeded(name),
            from: at(window.0),
            to: at(window.1),
            days,
            paces: paces.to_vec(),
            extra: Vec::new(),
            fixed: Vec::new(),
            lost: None,
            calls: Vec::new(),
        }
    }

    /// Adds jobs at random seconds: on average `per_minute` over the hours `[first, last)` of every
    /// day played, history and window alike.
    pub(crate) fn every_day(
        &mut self,
        hours: (i64, i64),
        per_minute: f64,
        mut job: impl FnMut(i64, &mut Draw) -> Job,
    ) {
        let start = self.from - self.days * DAY;
        for minute in (start..self.to).step_by(60) {
            if (hours.0..hours.1).contains(&minute.rem_euclid(DAY).div_euclid(3600)) {
                for _ in 0..self.draw.poisson(per_minute) {
                    let at = minute + self.draw.between(0, 59);
                    let made = job(at, &mut self.draw);
                    self.extra.push((at, made));
                }
            }
        }
    }

    /// Adds jobs once: `count` of them spread evenly over `[from, to)`.
    pub(crate) fn once(
        &mut self,
        span: (i64, i64),
        count: usize,
        mut job: impl FnMut(usize, i64, &mut Draw) -> Job,
    ) {
        for index in 0..count {
            let at = self.draw.between(span.0, span.1 - 1);
            let made = job(index, at, &mut self.draw);
            self.extra.push((at, made));
        }
    }

    /// Plays the story and writes the archive. Ten minutes after the window are played as well, so
    /// that there is something to leave out.
    pub(crate) fn play(
        &mut self,
        fate: impl FnMut(&Call, &mut Draw) -> Option<Failure>,
    ) -> io::Result<()> {
        let stage = Stage {
            from: self.from - self.days * DAY,
            to: self.to + 600,
            extra: std::mem::take(&mut self.extra),
            fixed: std::mem::take(&mut self.fixed),
        };
        let Played {
            calls,
            service_records,
        } = play(stage, &self.paces, &mut self.draw, fate);
        let lost = self.lost.unwrap_or((0, 0));
        let mut parcels: Vec<Parcel> = calls
            .iter()
            .map(|call| Parcel {
                at: call.at,
                region: call.region,
                kind: format!("{:?} {} {}", call.who, call.api, call.session),
                late: is_late(call),
                line: record(call),
            })
            .chain(
                service_records
                    .into_iter()
                    .map(|(at, region, line)| Parcel {
                        at,
                        region,
                        kind: String::new(),
                        late: false,
                        line,
                    }),
            )
            .filter(|parcel| !(lost.0..lost.1).contains(&parcel.at))
            .collect();
        parcels.sort_by(|a, b| (a.at, &a.line).cmp(&(b.at, &b.line)));
        let trail = self.root.join("trail");
        if trail.exists() {
            fs::remove_dir_all(&trail)?;
        }
        let dense = (self.from - 1800, self.to + 3600);
        archive::write(&trail, &parcels, dense, &mut self.draw)?;
        self.calls = calls;
        self.summary();
        Ok(())
    }

    /// CallCount of a region over the window and the two hours before it, with its queries.
    /// With `labelled` the queries ask CloudWatch to name account and region in each label.
    pub(crate) fn metrics(&self, region: &str, labelled: bool) -> io::Result<()> {
        self.json("metric-queries.json", &answers::metric_queries(labelled))?;
        let span = (self.from - 7200, self.to);
        let data = answers::metric_data(&self.calls, region, span, labelled);
        self.json("metrics.json", &data)
    }

    /// Service Quotas of a region.
    pub(crate) fn quotas(&self, region: &str, limits: &[(&str, &str, f64)]) -> io::Result<()> {
        self.json("quotas.json", &answers::quotas(region, limits))
    }

    /// Health as the CLI prints it: the list and the details.
    pub(crate) fn health(&self, events: &[answers::Event]) -> io::Result<()> {
        self.json("health-events.json", &answers::describe_events(events))?;
        self.json(
            "health-details.json",
            &answers::describe_event_details(events),
        )
    }

    /// Any other input.
    pub(crate) fn json(&self, name: &str, value: &Value) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(value)?;
        text.push('\n');
        self.bytes(name, text.as_bytes())
    }

    /// An input that is not UTF-8 JSON.
    pub(crate) fn bytes(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        fs::write(self.root.join(name), bytes)
    }

    /// Tells the author what was made, so that `case.toml` can be written from facts.
    fn summary(&self) {
        let name = self.root.file_name().unwrap_or_default().to_string_lossy();
        let mut window: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
        let mut first_and_last: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for call in &self.calls {
            if call.source == "ecr.amazonaws.com" && (self.from..self.to).contains(&call.at) {
                let code = call.failure.as_ref().map_or("", |failure| failure.code);
                *window.entry((call.region, call.api, code)).or_default() += 1;
                let span = first_and_last.entry(code).or_insert((call.at, call.at));
                span.1 = call.at;
            }
        }
        println!("{name}: {} calls in all; in the window:", self.calls.len());
        for ((region, api, code), count) in window {
            println!("  {region:15} {api:28} {code:34} {count}");
        }
        for (code, (first, last)) in first_and_last {
            if !code.is_empty() {
                println!(
                    "  {code}: {} to {}",
                    super::record::stamp(first),
                    super::record::stamp(last)
                );
            }
        }
    }
}

/// A token bucket per API: refills at the quota's rate and holds one second's worth.
pub(crate) struct Buckets(BTreeMap<&'static str, (f64, f64, i64)>);

impl Buckets {
    /// Buckets for these limits per second, full at first.
    pub(crate) fn new(limits: &[(&'static str, f64)]) -> Self {
        Self(
            limits
                .iter()
                .map(|(api, rate)| (*api, (*rate, *rate, 0)))
                .collect(),
        )
    }

    /// Whether a call at this second is let through. Calls come in the order of time.
    pub(crate) fn admit(&mut self, api: &str, second: i64) -> bool {
        let Some((rate, tokens, last)) = self.0.get_mut(api) else {
            return true;
        };
        *tokens = (*tokens + *rate * (second - *last) as f64).min(*rate);
        *last = second;
        if *tokens < 1.0 {
            return false;
        }
        *tokens -= 1.0;
        true
    }
}
