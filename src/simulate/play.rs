//! The stage: everyday traffic, a story's extra jobs, what fails and why, played call by call in the
//! order of time. Clients retry, so a fault raises the number of calls as it does in life.

use super::draw::Draw;
use super::everyday;
use super::job::Job;
use super::script::{BY_QUOTA, Call, NOWHERE, Noise, Outcome, Played, Script};
use super::world::World;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Plays a script from end to end.
pub(super) fn play(world: &World, script: &Script, seed: u64) -> Played {
    let draw = &mut Draw::new(seed, "play");
    let mut jobs: Vec<(i64, Job)> = everyday::jobs(world, script, seed);
    for (at, job) in &script.extra {
        jobs.push((at * 1000 + draw.between(0, 999), *job));
    }
    let mut queue: BinaryHeap<Reverse<(i64, usize)>> = jobs
        .iter()
        .enumerate()
        .map(|(number, (ms, _))| Reverse((*ms, number)))
        .collect();
    let mut played = Played::default();
    let mut buckets: BTreeMap<(usize, &str), (f64, i64)> = BTreeMap::new();
    let mut noise = Blocks::new(seed);
    while let Some(Reverse((ms, number))) = queue.pop() {
        let job = &mut jobs[number].1;
        let at = ms.div_euclid(1000);
        let Some((source, api)) = job.call().filter(|_| at < script.to) else {
            continue;
        };
        let is_ecr = source == "ecr.amazonaws.com";
        let bare = api == "GetAuthorizationToken" || !is_ecr;
        let mut call = Call {
            at,
            place: job.place as u8,
            caller: job.caller as u16,
            session: job.session,
            repository: if bare { NOWHERE } else { job.repository },
            source,
            api,
            code: job.doomed,
            effect: 0,
        };
        if is_ecr {
            // A call doomed to find nothing fails as it must, but only if it arrives.
            let doomed = !call.code.is_empty();
            let hit = script
                .effects
                .iter()
                .enumerate()
                .filter(|(_, effect)| !doomed || effect.outcome == Outcome::Vanish)
                .find(|(_, effect)| effect.hits(&call, world, draw));
            match hit.map(|(index, effect)| (index, &effect.outcome)) {
                Some((index, Outcome::Vanish)) => {
                    played.vanished.push((index, at));
                    // A client waits some seconds before it gives a connection up.
                    if let Some(wait) = job.after("timeout", draw) {
                        queue.push(Reverse((ms + wait + 5_000, number)));
                    }
                    continue;
                }
                Some((index, Outcome::Fail(codes))) => {
                    let weights: Vec<f64> = codes.iter().map(|(_, weight)| *weight).collect();
                    call.code = codes[draw.weighted(&weights)].0;
                    call.effect = index as u16 + 1;
                }
                None => {}
            }
            if call.code.is_empty() && !admitted(script, &mut buckets, &call, ms) {
                call.code = "ThrottlingException";
                call.effect = BY_QUOTA;
            }
            if call.code.is_empty() {
                call.code = noise.strike(&script.noise, &call, draw);
            }
        }
        played.calls.push(call);
        if let Some(wait) = job.after(call.code, draw) {
            queue.push(Reverse((ms + wait.max(1), number)));
        }
    }
    played.calls.retain(|call| call.at >= script.from);
    played
}

/// Whether the quota of the call's API lets it through.
fn admitted<'a>(
    script: &Script,
    buckets: &mut BTreeMap<(usize, &'a str), (f64, i64)>,
    call: &Call,
    ms: i64,
) -> bool
where
    'static: 'a,
{
    let place = usize::from(call.place);
    let Some(quota) = script
        .quotas
        .iter()
        .find(|quota| quota.place == place && quota.api == call.api)
    else {
        return true;
    };
    let (tokens, last) = buckets
        .entry((place, call.api))
        .or_insert((quota.depth, ms));
    *tokens = (*tokens + quota.per_second * (ms - *last) as f64 / 1000.0).min(quota.depth);
    *last = ms;
    let admitted = *tokens >= 1.0;
    if admitted {
        *tokens -= 1.0;
    }
    admitted
}

/// The noise of the ten-minute block at hand, drawn once per place, code and block.
struct Blocks {
    seed: u64,
    shares: BTreeMap<(u8, &'static str), (i64, f64)>,
}

impl Blocks {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            shares: BTreeMap::new(),
        }
    }

    /// The code the call gets from the background, or none.
    fn strike(&mut self, noise: &[Noise], call: &Call, draw: &mut Draw) -> &'static str {
        let block = call.at.div_euclid(600);
        for one in noise {
            let share = if one.correlation > 0.0 {
                let key = (call.place, one.code);
                match self.shares.get(&key) {
                    Some((known, share)) if *known == block => *share,
                    _ => {
                        let purpose = format!("{block}/{}/{}", call.place, one.code);
                        let share = Draw::new(self.seed, &purpose).beta(one.mean, one.correlation);
                        self.shares.insert(key, (block, share));
                        share
                    }
                }
            } else {
                one.mean
            };
            if draw.chance(share) {
                return one.code;
            }
        }
        ""
    }
}
