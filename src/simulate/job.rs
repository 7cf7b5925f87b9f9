//! Clients at work: the steps of a pull or a push, and when a failed step is tried again.
//!
//! Sources of the retry rules: AWS SDKs and Tools reference guide (standard mode: three attempts,
//! back-off up to 20 s; legacy: five), Kubernetes (image pull back-off 10 s doubling to 300 s).
//! A client error is not retried by an SDK, but a kubelet starts every failed pull again.

use super::draw::Draw;
use super::world::Retry;

/// What a client wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// A pull: with a token first or not, and so many layers.
    Pull(bool, u8),
    /// A push of so many new layers.
    Push(u8),
    /// One call of ECR.
    One(&'static str),
    /// One call of another service: event source and name.
    Other(&'static str, &'static str),
}

/// One client working through one task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) place: usize,
    pub(super) caller: usize,
    pub(super) session: u32,
    /// Index of the repository.
    pub(super) repository: u16,
    pub(super) retry: Retry,
    /// Code every call of it gets, whatever else happens; empty for none (benign probes).
    pub(super) doomed: &'static str,
    step: u8,
    tried: u32,
    restarts: u32,
}

impl Job {
    pub(super) fn new(
        task: Task,
        place: usize,
        caller: usize,
        session: u32,
        repository: u16,
        retry: Retry,
    ) -> Self {
        Self {
            task,
            place,
            caller,
            session,
            repository,
            retry,
            doomed: "",
            step: 0,
            tried: 0,
            restarts: 0,
        }
    }

    /// The same with an answer that is certain.
    pub(super) fn doomed(mut self, code: &'static str) -> Self {
        self.doomed = code;
        self
    }

    /// Event source and name of the call to make next; `None` when done.
    pub(super) fn call(&self) -> Option<(&'static str, &'static str)> {
        let step = self.step;
        let ecr = |api| Some(("ecr.amazonaws.com", api));
        match self.task {
            Task::Pull(token, layers) => match step.checked_sub(u8::from(token)) {
                None => ecr("GetAuthorizationToken"),
                Some(0) => ecr("BatchGetImage"),
                Some(layer) if layer <= layers => ecr("GetDownloadUrlForLayer"),
                Some(_) => None,
            },
            Task::Push(layers) => match step.checked_sub(1) {
                None => ecr("GetAuthorizationToken"),
                Some(part) if part < 4 * layers => ecr([
                    "BatchCheckLayerAvailability",
                    "InitiateLayerUpload",
                    "UploadLayerPart",
                    "CompleteLayerUpload",
                ][usize::from(part % 4)]),
                Some(part) if part == 4 * layers => ecr("PutImage"),
                Some(_) => None,
            },
            Task::One(api) => (step == 0).then_some(("ecr.amazonaws.com", api)),
            Task::Other(source, api) => (step == 0).then_some((source, api)),
        }
    }

    /// Milliseconds until the next call after this answer; `None` when the client is done or gives
    /// up.
    pub(super) fn after(&mut self, code: &str, draw: &mut Draw) -> Option<i64> {
        if code.is_empty() {
            self.step += 1;
            self.tried = 0;
            return self.call().map(|_| draw.between(40, 1500));
        }
        self.tried += 1;
        let seconds = match self.retry {
            Retry::Not => None,
            Retry::Sdk(attempts, base) => self.sdk(code, attempts, base, draw),
            Retry::Kubelet(attempts) => self.sdk(code, attempts, 0.5, draw).or_else(|| {
                // After a dozen starts the pod has been replaced or given up.
                self.restarts += 1;
                self.step = 0;
                self.tried = 0;
                let wait = 10.0 * f64::from(1u32 << (self.restarts - 1).min(5));
                (self.restarts <= 12).then(|| wait.min(300.0) + draw.real(0.0, 3.0))
            }),
        }?;
        Some((seconds * 1000.0) as i64)
    }

    fn sdk(&self, code: &str, attempts: u32, base: f64, draw: &mut Draw) -> Option<f64> {
        let again = retryable(code) && self.tried < attempts;
        again.then(|| {
            let wait = base * f64::from(1u32 << (self.tried - 1).min(6));
            draw.real(0.05, 1.0) * wait.min(20.0)
        })
    }
}

/// Whether an SDK tries again: throttles, server faults, and calls that never arrived.
pub(super) fn retryable(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "TooManyRequestsException"
            | "ServerException"
            | "InternalFailure"
            | "ServiceUnavailable"
            | "InternalServerError"
            | "timeout"
    )
}
