//! Ctrl-C and termination: the first one ends collection and keeps what there is, the second ends the
//! program.
//!
//! It lives as long as the process, because the runtime that collects is gone while the report is
//! written, and a person must be able to end that too.

use super::control::{Control, Stop};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

static CURRENT: Mutex<Option<Arc<Control>>> = Mutex::new(None);
static STARTED: OnceLock<()> = OnceLock::new();

/// From now on a signal stops this run; an earlier run is forgotten.
pub(super) fn watch(control: &Arc<Control>) {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(control));
    STARTED.get_or_init(|| {
        // Without a thread of its own nobody listens, and Ctrl-C keeps its usual meaning.
        let _ = std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(listen);
    });
}

/// The run is over: a signal ends the program again, as people expect.
pub(super) fn unwatch() {
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn listen() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return;
    };
    runtime.block_on(async {
        let mut told = false;
        while signal().await {
            let current = CURRENT
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            match current {
                Some(control) if !told => control.stop(Stop::Interrupted),
                _ => leave(),
            }
            told = true;
        }
    });
}

#[cfg(unix)]
async fn signal() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return tokio::signal::ctrl_c().await.is_ok();
    };
    tokio::select! {
        asked = tokio::signal::ctrl_c() => asked.is_ok(),
        asked = terminate.recv() => asked.is_some(),
    }
}

#[cfg(not(unix))]
async fn signal() -> bool {
    tokio::signal::ctrl_c().await.is_ok()
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "a person asked twice; the stage folder is left behind, a half report is not"
)]
fn leave() {
    std::process::exit(130);
}
