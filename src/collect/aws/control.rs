//! What every request of a run shares: the limits of time and money, the stop, the limiter and the
//! receipt; and the one way to make a call.
//!
//! A call ends in an answer or a [`Trouble`], always within a bounded time. It must never retry what
//! AWS refused for good, and never go on once the run was stopped.

use super::fault::{Asker, Trouble};
use super::known::{Call, Kind};
use super::limiter::Limiter;
use super::receipt::Receipt;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Why a run ends before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// `--max-cost` would be passed.
    Cost,
    /// `--max-time` has passed.
    Time,
    /// Ctrl-C or a termination signal.
    Interrupted,
}

impl Stop {
    /// The clause that says so.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::Cost => "the cost limit (--max-cost) was reached",
            Self::Time => "the time limit (--max-time) was reached",
            Self::Interrupted => "the run was interrupted",
        }
    }
}

/// The limits a person set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Dollars.
    pub max_cost_usd: Option<f64>,
    /// Wall time of the whole collection.
    pub max_time: Option<Duration>,
    /// How long one request may take until the head of its answer, not counting its turn.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_cost_usd: None,
            max_time: None,
            patience: Duration::from_secs(30),
        }
    }
}

/// Times a throttled call is tried again after the SDK gave up on it, slower each time.
const ROUNDS: u32 = 6;

/// First wait after a throttled call; doubles with each round, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// See [`FIRST_PAUSE`].
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Requests the SDK makes for one call before it gives up (its standard mode).
pub(super) const ATTEMPTS: u32 = 3;

/// No answer has told the time yet.
const NO_SKEW: i64 = i64::MIN;

/// Shared by all tasks of a run.
#[derive(Debug)]
pub struct Control {
    /// Counts and costs.
    pub receipt: Receipt,
    /// The limits.
    pub limits: Limits,
    pub(super) limiter: Limiter,
    started: Instant,
    /// Seconds AWS's clock is ahead of ours, from the last answer that said; [`NO_SKEW`] until then.
    skew_s: AtomicI64,
    stop: watch::Sender<Option<Stop>>,
}

impl Control {
    /// Starts the clock of a run.
    #[must_use]
    pub fn new(limits: Limits, receipt: Receipt) -> Self {
        Self {
            receipt,
            limits,
            limiter: Limiter::default(),
            started: Instant::now(),
            skew_s: AtomicI64::new(NO_SKEW),
            stop: watch::Sender::new(None),
        }
    }

    /// Time since the run began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Notes the time an answer was stamped with, against ours.
    pub(super) fn stamped(&self, theirs_ahead_s: i64) {
        self.skew_s.store(theirs_ahead_s, Ordering::Relaxed);
    }

    /// Seconds AWS's clock is ahead of ours (negative: behind), if an answer said.
    #[must_use]
    pub fn skew_s(&self) -> Option<i64> {
        Some(self.skew_s.load(Ordering::Relaxed)).filter(|skew| *skew != NO_SKEW)
    }

    /// Ends the run; the first reason counts.
    pub fn stop(&self, why: Stop) {
        self.stop.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(why);
            first
        });
    }

    /// Why the run ends, once it does.
    #[must_use]
    pub fn stopped(&self) -> Option<Stop> {
        if let Some(limit) = self.limits.max_time
            && self.elapsed() >= limit
        {
            self.stop(Stop::Time);
        }
        *self.stop.borrow()
    }

    /// Resolves when the run is to end, by the clock or by a person.
    pub async fn until_stopped(&self) -> Stop {
        let mut watch = self.stop.subscribe();
        let told = async {
            match watch.wait_for(Option::is_some).await {
                Ok(why) => (*why).unwrap_or(Stop::Interrupted),
                // The sender lives in `self`, so this never resolves before `self` is gone.
                Err(_) => Stop::Interrupted,
            }
        };
        match self.limits.max_time {
            None => told.await,
            Some(limit) => tokio::select! {
                why = told => why,
                () = tokio::time::sleep_until(self.started + limit) => {
                    self.stop(Stop::Time);
                    Stop::Time
                }
            },
        }
    }

    /// Asks for money before it is spent: an error when the limit would be passed, which ends the
    /// run.
    ///
    /// # Errors
    /// When `usd` more would pass `--max-cost`.
    pub fn afford(&self, call: &Call, usd: f64) -> Result<(), Trouble> {
        match self.limits.max_cost_usd {
            Some(limit) if self.receipt.usd() + usd > limit => {
                self.stop(Stop::Cost);
                Err(stopped(call, Stop::Cost))
            }
            _ => Ok(()),
        }
    }

    /// Waits, or ends early when the run does.
    ///
    /// # Errors
    /// When the run was stopped.
    pub async fn pause(&self, call: &Call, time: Duration) -> Result<(), Trouble> {
        let begun = Instant::now();
        let rested = tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            why = self.until_stopped() => Err(stopped(call, why)),
        };
        self.receipt.waited(call.noun, begun.elapsed());
        rested
    }

    /// Makes a call: sends it, once more with fresh credentials when AWS no longer takes those at hand,
    /// and again more slowly while AWS throttles it. The SDK below has already tried three times when a
    /// fault is passed on.
    ///
    /// # Errors
    /// What became of it instead of an answer.
    pub async fn call<T, E, F, A>(&self, call: &Call, asker: &Asker, make: F) -> Result<T, Trouble>
    where
        F: Fn() -> A,
        A: Future<Output = Result<T, SdkError<E, Response>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let begun = Instant::now();
        let mut round = 0;
        let mut throttled: Option<Trouble> = None;
        let mut is_renewed = false;
        loop {
            if let Some(why) = self.stopped() {
                return Err(stopped(call, why));
            }
            let ring = asker.keyring.as_ref();
            let generation = ring.map(|ring| ring.generation());
            let left = match &throttled {
                None => self.longest(),
                Some(_) => self.longest_throttled().saturating_sub(begun.elapsed()),
            };
            let trouble = tokio::select! {
                answer = make() => match answer {
                    Ok(answer) => return Ok(answer),
                    Err(error) => match throttled.take_if(|_| is_timeout(&error)) {
                        Some(throttled) => return Err(throttled),
                        None => Trouble::of(call, asker, &error),
                    },
                },
                why = self.until_stopped() => return Err(stopped(call, why)),
                // What AWS throttled waits for its turn so long that the turn may never come, here or
                // in the SDK: that is no fault of the network.
                () = tokio::time::sleep(left.min(self.longest())) => return Err(throttled.unwrap_or_else(|| Trouble::plain(
                    Kind::Network,
                    call,
                    format!("no whole answer came within {} s", self.longest().as_secs()),
                    "Run again later.",
                ))),
            };
            if trouble.kind.is_of_credentials()
                && !is_renewed
                && let (Some(ring), Some(generation)) = (ring, generation)
            {
                is_renewed = true;
                let renewed = tokio::select! {
                    renewed = ring.renew(generation, trouble.kind, &asker.region) => renewed,
                    why = self.until_stopped() => return Err(stopped(call, why)),
                };
                if renewed {
                    continue;
                }
            }
            let pause = FIRST_PAUSE.saturating_mul(1 << round).min(LONGEST_PAUSE);
            let is_late = begun.elapsed().saturating_add(pause) > self.longest_throttled();
            if trouble.kind != Kind::Throttled || round == ROUNDS || is_late {
                return Err(trouble);
            }
            throttled = Some(trouble);
            self.limiter.slow_down("", &asker.region, call);
            self.pause(call, pause).await?;
            round += 1;
        }
    }

    /// The most one call may take that AWS throttles, all its rounds and waits together.
    fn longest_throttled(&self) -> Duration {
        self.longest().saturating_add(LONGEST_PAUSE * 2)
    }

    /// The most one call may take with its retries and turns: an answer that drips byte by byte
    /// must end some time.
    fn longest(&self) -> Duration {
        self.limits.patience.saturating_mul(ATTEMPTS * 2)
    }
}

/// Whether time ran out before an answer came.
fn is_timeout<E>(error: &SdkError<E, Response>) -> bool {
    match error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_timeout(),
        _ => false,
    }
}

/// The trouble of a call that was not made because the run ends.
#[must_use]
pub fn stopped(call: &Call, why: Stop) -> Trouble {
    Trouble::plain(
        Kind::Stopped,
        call,
        why.why().to_owned(),
        "Run the same command with --resume to go on, or raise the limit.",
    )
}

#[cfg(test)]
mod tests;
