//! The words a story is told in: calls, what goes wrong for them, quotas, background noise, and the
//! script that holds them. It knows neither how a script comes about nor how it is played.

use super::draw::Draw;
use super::job::Job;
use super::world::World;

/// Mark of a throttle that a quota gave, in [`Call::effect`].
pub(super) const BY_QUOTA: u16 = u16::MAX;

/// A repository index that means "none".
pub(super) const NOWHERE: u16 = u16::MAX;

/// One call that reached AWS.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// Epoch second.
    pub(super) at: i64,
    pub(super) place: u8,
    pub(super) caller: u16,
    pub(super) session: u32,
    pub(super) repository: u16,
    pub(super) source: &'static str,
    pub(super) api: &'static str,
    /// `errorCode`, or empty.
    pub(super) code: &'static str,
    /// One more than the effect that made it fail; 0 for background and for throttles of a quota.
    pub(super) effect: u16,
}

/// What an effect does to the calls it meets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// They fail with one of these codes, by weight.
    Fail(Vec<(&'static str, f64)>),
    /// They never arrive.
    Vanish,
}

/// Something that goes wrong for some calls for some time.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    /// The incident of the truth it belongs to.
    pub(super) truth: Option<usize>,
    pub(super) place: usize,
    /// Epoch seconds, half-open.
    pub(super) span: (i64, i64),
    /// Empty means all, here and below.
    pub(super) apis: Vec<&'static str>,
    pub(super) callers: Vec<usize>,
    pub(super) repositories: Vec<u16>,
    pub(super) endpoints: Vec<usize>,
    /// Share of the calls it hits.
    pub(super) share: f64,
    /// Minutes over which the share rises to its value; 0 for a sharp edge.
    pub(super) ramp: i64,
    /// Period in minutes in which it comes and goes (two thirds on); 0 for steady.
    pub(super) wave: i64,
    pub(super) outcome: Outcome,
    /// `errorMessage`; `{arn}`, `{api}`, `{repository}`, `{target}` are filled in. Empty for the
    /// usual one of the code.
    pub(super) message: String,
}

impl Effect {
    /// Steady, for every call of a place.
    pub(super) fn new(truth: Option<usize>, place: usize, span: (i64, i64), share: f64) -> Self {
        Self {
            truth,
            place,
            span,
            apis: Vec::new(),
            callers: Vec::new(),
            repositories: Vec::new(),
            endpoints: Vec::new(),
            share,
            ramp: 0,
            wave: 0,
            outcome: Outcome::Vanish,
            message: String::new(),
        }
    }

    /// With one code.
    pub(super) fn code(mut self, code: &'static str, message: impl Into<String>) -> Self {
        self.outcome = Outcome::Fail(vec![(code, 1.0)]);
        self.message = message.into();
        self
    }

    pub(super) fn hits(&self, call: &Call, world: &World, draw: &mut Draw) -> bool {
        fn has<T: PartialEq>(list: &[T], value: &T) -> bool {
            list.is_empty() || list.contains(value)
        }
        let caller = usize::from(call.caller);
        let met = usize::from(call.place) == self.place
            && self.span.0 <= call.at
            && call.at < self.span.1
            && has(&self.apis, &call.api)
            && has(&self.callers, &caller)
            && has(&self.repositories, &call.repository)
            && (self.endpoints.is_empty()
                || world.callers[caller]
                    .endpoint
                    .is_some_and(|endpoint| self.endpoints.contains(&endpoint)));
        if !met {
            return false;
        }
        let age = call.at - self.span.0;
        if self.wave > 0 && age.rem_euclid(self.wave * 60) >= self.wave * 40 {
            return false;
        }
        let grown = if self.ramp > 0 {
            ((age as f64 + 30.0) / (self.ramp * 60) as f64).min(1.0)
        } else {
            1.0
        };
        draw.chance(self.share * grown)
    }
}

/// A request quota: a token bucket of one API in one place.
#[derive(Debug, Clone)]
pub(super) struct Quota {
    pub(super) place: usize,
    pub(super) api: &'static str,
    pub(super) per_second: f64,
    /// Tokens it holds.
    pub(super) depth: f64,
}

/// Background failures of one code, in ten-minute blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    pub(super) code: &'static str,
    /// Mean share of the calls.
    pub(super) mean: f64,
    /// Correlation inside a block; 0 for independent calls.
    pub(super) correlation: f64,
}

/// What is to be played.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    /// Epoch seconds.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) effects: Vec<Effect>,
    pub(super) quotas: Vec<Quota>,
    pub(super) noise: Vec<Noise>,
    /// Jobs beyond the everyday ones with their start in epoch seconds.
    pub(super) extra: Vec<(i64, Job)>,
    /// Extra bursts of pushes: start, minutes, times the usual rate, place.
    pub(super) bursts: Vec<(i64, i64, f64, usize)>,
    /// Hours between plans of Terraform; 0 for none.
    pub(super) plan_hours: i64,
    /// Share of the scanner's questions that find nothing.
    pub(super) scan_missing: f64,
    /// Share of pulls that ask for a tag that does not exist.
    pub(super) pull_missing: f64,
}

/// What a play leaves behind.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// Calls by time.
    pub(super) calls: Vec<Call>,
    /// First tries that never arrived: effect and second.
    pub(super) vanished: Vec<(usize, i64)>,
}
