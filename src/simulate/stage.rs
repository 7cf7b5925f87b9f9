//! A run under construction: what a story may put on the stage, and what of it becomes truth.

use super::draw::Draw;
use super::health::Event;
use super::record::{Change, stamp};
use super::script::{BY_QUOTA, Call, Effect, Played, Quota, Script};
use super::truth::Happened;
use super::world::{Work, World};
use serde_json::Value;

/// An incident of the truth before its calls are counted.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) place: usize,
    pub(super) signal: &'static str,
    pub(super) side: &'static str,
    pub(super) cause: &'static str,
    pub(super) also: Vec<&'static str>,
    pub(super) fault: (i64, i64),
    pub(super) severity: f64,
    pub(super) decidable: bool,
    /// Its failures are the throttles a quota gives in the place.
    pub(super) by_quota: bool,
}

/// Everything a story can touch.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) draw: Draw,
    pub(super) script: Script,
    pub(super) changes: Vec<Change>,
    pub(super) health: Vec<Event>,
    pub(super) pending: Vec<Pending>,
    /// Window, epoch seconds.
    pub(super) window: (i64, i64),
    /// When the question is asked.
    pub(super) now: i64,
    /// Where the story plays.
    pub(super) place: usize,
    /// When the fault of the story begins and ends.
    pub(super) fault: (i64, i64),
    /// Take the source away on which the answer would rest.
    pub(super) blind: bool,
    /// Sources taken away: `changes`, `metrics`, `quotas`, `health`.
    pub(super) removed: Vec<&'static str>,
    /// Records of a place and span that never reach the bucket.
    pub(super) lost: Vec<(usize, i64, i64)>,
    /// PrivateLink resets: place, endpoint, minute, count.
    pub(super) resets: Vec<(usize, String, i64, u64)>,
    pub(super) distractors: Vec<&'static str>,
}

impl Stage {
    /// A new incident of the truth at the story's place and time; its number.
    pub(super) fn incident(
        &mut self,
        signal: &'static str,
        side: &'static str,
        cause: &'static str,
        severity: f64,
    ) -> usize {
        self.pending.push(Pending {
            place: self.place,
            signal,
            side,
            cause,
            also: Vec::new(),
            fault: self.fault,
            severity,
            decidable: true,
            by_quota: false,
        });
        self.pending.len() - 1
    }

    /// Takes sources away when the run is blind, and makes the incident undecidable.
    pub(super) fn remove_if_blind(&mut self, truth: usize, sources: &[&'static str]) {
        if self.blind {
            self.removed.extend(sources);
            self.pending[truth].decidable = false;
        }
    }

    /// An effect at the story's place and time.
    pub(super) fn effect(&self, truth: usize, share: f64) -> Effect {
        Effect::new(Some(truth), self.place, self.fault, share)
    }

    /// A write in the story's account, by an administrator.
    pub(super) fn change(
        &mut self,
        at: i64,
        source: &'static str,
        api: &'static str,
        parameters: Value,
    ) {
        let global = matches!(source, "iam.amazonaws.com" | "organizations.amazonaws.com");
        let region = if global {
            "us-east-1"
        } else {
            self.world.places[self.place].region
        };
        self.changes.push(Change {
            at,
            account: self.world.account_of(self.place),
            region,
            source,
            api,
            role: "platform-admin".to_owned(),
            parameters,
            code: "",
        });
    }

    /// Callers of the story's place that do this work.
    pub(super) fn callers(&self, work: Work) -> Vec<usize> {
        self.world.callers_of(self.place, work)
    }

    /// The caller of this work with most of it.
    pub(super) fn main_caller(&self, work: Work) -> usize {
        let weight = |caller: &usize| self.world.callers[*caller].weight;
        self.callers(work)
            .into_iter()
            .max_by(|a, b| weight(a).total_cmp(&weight(b)))
            .unwrap_or(0)
    }

    /// Calls per second of the place at the time of the fault, all APIs.
    pub(super) fn per_second(&self) -> f64 {
        let share = self.world.share.get(self.place).copied().unwrap_or(1.0);
        self.world.rate * share * self.world.level(self.fault.0) / 60.0
    }

    /// Lowers a quota of the story's place.
    pub(super) fn quota(&mut self, api: &'static str, per_second: f64) {
        let depth = per_second * self.draw.real(1.0, 2.0);
        self.script.quotas.push(Quota {
            place: self.place,
            api,
            per_second,
            depth: depth.max(1.0),
        });
    }

    /// Counts what the play did to each incident. One that met no call is left out.
    pub(super) fn happened(&self, played: &Played) -> Vec<Happened> {
        let mut list: Vec<Happened> = (0..self.pending.len())
            .filter_map(|number| self.one(number, played))
            .collect();
        list.sort_by(|a, b| (&a.onset, &a.signal).cmp(&(&b.onset, &b.signal)));
        list
    }

    fn one(&self, number: usize, played: &Played) -> Option<Happened> {
        let pending = &self.pending[number];
        let inside = |at: i64| self.window.0 <= at && at < self.window.1;
        let of_truth = |index: usize| {
            self.script
                .effects
                .get(index)
                .is_some_and(|effect| effect.truth == Some(number))
        };
        let is_lost = |call: &Call| {
            pending.signal == "traffic_drop"
                && pending.cause == "evidence_gap"
                && call.source == "ecr.amazonaws.com"
                && usize::from(call.place) == pending.place
                && self.is_lost(usize::from(call.place), call.at)
        };
        let failed = played.calls.iter().filter(|call| {
            let by_effect = call.effect != BY_QUOTA
                && usize::from(call.effect)
                    .checked_sub(1)
                    .is_some_and(of_truth);
            let by_quota = pending.by_quota
                && call.effect == BY_QUOTA
                && usize::from(call.place) == pending.place
                && (pending.fault.0..pending.fault.1 + 3600).contains(&call.at);
            by_effect || by_quota || is_lost(call)
        });
        let vanished = played
            .vanished
            .iter()
            .filter(|(index, _)| of_truth(*index))
            .map(|(_, at)| *at);
        let mut times: Vec<i64> = failed
            .map(|call| call.at)
            .chain(vanished)
            .filter(|at| inside(*at))
            .collect();
        times.sort_unstable();
        let (first, last) = (*times.first()?, *times.last()?);
        let place = &self.world.places[pending.place];
        let undecided = !pending.decidable;
        Some(Happened {
            account: place.account.clone(),
            region: place.region.to_owned(),
            signal: pending.signal.to_owned(),
            side: (if undecided {
                "undetermined"
            } else {
                pending.side
            })
            .to_owned(),
            cause: (if undecided {
                "undetermined"
            } else {
                pending.cause
            })
            .to_owned(),
            really: pending.cause.to_owned(),
            also: pending.also.iter().map(|word| (*word).to_owned()).collect(),
            onset: stamp(first.div_euclid(60) * 60),
            recovery: stamp((last.div_euclid(60) + 1) * 60),
            fault: (stamp(pending.fault.0), stamp(pending.fault.1)),
            ongoing: last + 300 >= self.window.1,
            failed_calls: times.len() as u64,
            severity: pending.severity,
            decidable: pending.decidable,
        })
    }

    /// Whether records of a place and second are lost.
    pub(super) fn is_lost(&self, place: usize, at: i64) -> bool {
        self.lost
            .iter()
            .any(|(of, from, to)| *of == place && (*from..*to).contains(&at))
    }
}
