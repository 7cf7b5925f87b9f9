//! A progress bar for long scans: on a terminal only, silent everywhere else.

use super::talk::Volume;
use crate::trail::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::sync::OnceLock;

/// Files, bytes and time left, on stderr.
#[derive(Debug)]
pub(super) struct Bar {
    shown: bool,
    bar: OnceLock<ProgressBar>,
}

impl Bar {
    /// A bar that shows itself only when stderr is a terminal and talk is wanted.
    pub(super) fn new(volume: Volume) -> Self {
        Self {
            shown: volume != Volume::Quiet && std::io::stderr().is_terminal(),
            bar: OnceLock::new(),
        }
    }
}

impl Progress for Bar {
    fn start(&self, files: u64, bytes: u64) {
        if !self.shown {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template(
            "{bar:30} {bytes}/{total_bytes} of {msg} files, {eta} left",
        ) {
            bar.set_style(style);
        }
        bar.set_message(files.to_string());
        let _ = self.bar.set(bar);
    }

    fn file(&self, bytes: u64) {
        if let Some(bar) = self.bar.get() {
            bar.inc(bytes);
        }
    }

    fn done(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
