//! Progress of a live run: one line that changes on a terminal, a line every 30 s elsewhere.

use super::talk::{Volume, say};
use crate::bundle::manifest::Noun;
use crate::collect::aws::{State, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a run that nobody watches says where it is.
const EVERY: Duration = Duration::from_secs(30);

/// How often the line of a terminal is drawn.
const TICK: Duration = Duration::from_millis(200);

/// Where each source is in each place.
#[derive(Debug, Default)]
struct Places {
    begun: BTreeMap<(Noun, String), String>,
    done: BTreeMap<Noun, u64>,
}

impl Places {
    /// `metrics 3 done, 2 asked (111122223333/us-east-1: page 4)`.
    fn line(&self) -> String {
        let mut words = Vec::new();
        for noun in Noun::ALL {
            let done = self.done.get(&noun).copied().unwrap_or_default();
            let at: Vec<_> = self
                .begun
                .iter()
                .filter(|((of, _), _)| *of == noun)
                .collect();
            if at.is_empty() && done == 0 {
                continue;
            }
            let mut word = format!("{} {done} of {}", noun.word(), done + at.len() as u64);
            if let Some(((_, place), step)) = at.first()
                && !step.is_empty()
            {
                word.push_str(&format!(
                    " ({})",
                    [place, ": ", step].concat().trim_start_matches(": ")
                ));
            }
            words.push(word);
        }
        words.join(", ")
    }
}

/// Tells the person at the terminal.
pub(super) struct Live {
    places: Arc<Mutex<Places>>,
    over: Arc<AtomicBool>,
    drawing: Option<JoinHandle<()>>,
}

impl Live {
    /// Begins to tell, unless nobody wants to hear.
    pub(super) fn new(volume: Volume) -> Self {
        let places = Arc::new(Mutex::new(Places::default()));
        let over = Arc::new(AtomicBool::new(false));
        let drawing = (volume != Volume::Quiet).then(|| {
            let (places, over) = (Arc::clone(&places), Arc::clone(&over));
            std::thread::spawn(move || draw(volume, &places, &over))
        });
        Self {
            places,
            over,
            drawing,
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(drawing) = self.drawing.take() {
            // A drawing that failed has nothing to say.
            let _ = drawing.join();
        }
    }
}

fn draw(volume: Volume, places: &Mutex<Places>, over: &AtomicBool) {
    let line = || places.lock().unwrap_or_else(PoisonError::into_inner).line();
    let bar = std::io::stderr().is_terminal().then(|| {
        let target = ProgressDrawTarget::stderr_with_hz(5);
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar
    });
    let mut said = Instant::now();
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(TICK);
        match &bar {
            Some(bar) => {
                bar.set_message(line());
                bar.tick();
            }
            None if said.elapsed() >= EVERY => {
                say(volume, &format!("collecting: {}", line()));
                said = Instant::now();
            }
            None => {}
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

impl Watch for Live {
    fn at(&self, noun: Noun, place: &str, state: State<'_>) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (noun, place.to_owned());
        match state {
            State::Begun => {
                places.begun.insert(key, String::new());
            }
            State::Step(step) => {
                places.begun.insert(key, step.to_owned());
            }
            State::Done(_) => {
                places.begun.remove(&key);
                *places.done.entry(noun).or_default() += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
