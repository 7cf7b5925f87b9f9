//! Sending a pack to a case, once: a plan of small steps whose progress is kept on disk.
//!
//! Every pack carries a marker made from its content, as the last line of its body. Before anything is
//! sent, and after every answer that was lost on the way, the case is asked for the marker: what is
//! there is never sent again. A set of attachments lives one hour and takes three files, and the API
//! cannot say what a set holds nor does it know a file again; so a set that expired, or that may hold a
//! file nobody noted, is given up and begun anew. Nothing here knows the network: a [`Desk`] does.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// What goes to the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Subject of a new case.
    pub subject: String,
    /// Body, without the marker.
    pub body: String,
    /// Files: name and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// `low` to `critical`, for a new case.
    pub severity: String,
}

impl Parcel {
    /// The line that makes this content known again.
    #[must_use]
    pub fn marker(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        };
        add(self.subject.as_bytes());
        add(self.body.as_bytes());
        for (name, bytes) in &self.files {
            add(name.as_bytes());
            add(bytes);
        }
        let hex = hash
            .finalize()
            .iter()
            .take(10)
            .fold(String::new(), |mut text, byte| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            });
        format!("ecr-incident pack {hex}")
    }

    /// The body as sent.
    #[must_use]
    pub fn letter(&self) -> String {
        format!("{}\n{}\n", self.body.trim_end(), self.marker())
    }
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An open case, by its ID.
    Case(String),
    /// A case to be created.
    New,
}

/// Why a request gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Turned away before anything was done: may be asked again after a pause.
    Busy,
    /// The set of attachments expired or is unknown.
    SetGone,
    /// The answer was lost: it may or may not have been done.
    Lost(String),
    /// Refused for good.
    Final(String),
}

/// The support desk, as the plan sees it.
pub trait Desk {
    /// Adds a file to a set (a new one without an ID); the set's ID.
    ///
    /// # Errors
    /// A refusal.
    fn add_file(&mut self, set: Option<&str>, name: &str, bytes: &[u8]) -> Result<String, Refusal>;
    /// Adds a message with a set to a case.
    ///
    /// # Errors
    /// A refusal.
    fn write(&mut self, case: &str, body: &str, set: &str) -> Result<(), Refusal>;
    /// Creates a case; its ID.
    ///
    /// # Errors
    /// A refusal.
    fn create(&mut self, parcel: &Parcel, set: &str) -> Result<String, Refusal>;
    /// Whether a case (or, without one, any recent case) holds a message with the marker; its ID.
    ///
    /// # Errors
    /// A refusal.
    fn find(&mut self, case: Option<&str>, marker: &str) -> Result<Option<String>, Refusal>;
    /// Waits before a further try; the number of tries so far.
    fn pause(&mut self, tries: u32);
    /// Seconds since the epoch.
    fn now(&self) -> i64;
}

/// How far a pack has come; kept on disk between runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The content this is about.
    pub marker: String,
    /// The set under way, and until when it lives (epoch seconds).
    pub set: Option<(String, i64)>,
    /// Files in it.
    pub uploaded: Vec<String>,
    /// A request is under way: noted before it goes out and cleared with its answer, so that a run that
    /// finds it set knows that nobody heard what became of it.
    pub under_way: bool,
    /// The case that holds the pack: done.
    pub case: Option<String>,
}

/// Tries of one request that is turned away.
const TRIES: u32 = 8;
/// Looks into a case whose answer was lost.
const LOOKS: u32 = 4;
/// Sets begun before giving up.
const SETS: u32 = 4;
/// A set with less time left is not used any more, seconds.
const MARGIN_S: i64 = 60;

/// Sends what is not sent yet, telling `save` after every step.
///
/// # Errors
/// A sentence, when it cannot be finished now; what was reached is saved and the next run goes on.
pub fn send(
    parcel: &Parcel,
    target: &Target,
    mut progress: Progress,
    set_seconds: i64,
    desk: &mut dyn Desk,
    save: &mut dyn FnMut(&Progress) -> Result<(), String>,
) -> Result<Progress, String> {
    let marker = parcel.marker();
    if progress.marker != marker {
        progress = Progress {
            marker: marker.clone(),
            ..Progress::default()
        };
    }
    let case = match target {
        Target::Case(id) => Some(id.as_str()),
        Target::New => None,
    };
    if progress.case.is_some() {
        return Ok(progress);
    }
    // A run that died while a request was out may have been heard: its message may need a moment to
    // show, and its set may hold a file nobody noted.
    let looks = if progress.under_way { LOOKS } else { 1 };
    if let Some(found) = look(desk, case, &marker, looks)? {
        return arrived(progress, found, save);
    }
    if progress.under_way {
        progress = Progress {
            marker: marker.clone(),
            ..Progress::default()
        };
    }
    for _ in 0..SETS {
        let Some(set) = upload(parcel, &mut progress, set_seconds, desk, save)? else {
            continue;
        };
        progress.under_way = true;
        save(&progress)?;
        let sent = match case {
            Some(id) => once(desk, |desk| {
                desk.write(id, &parcel.letter(), &set)
                    .map(|()| id.to_owned())
            }),
            None => once(desk, |desk| desk.create(parcel, &set)),
        };
        match sent {
            Ok(id) => return arrived(progress, id, save),
            Err(Refusal::SetGone) => {}
            Err(Refusal::Lost(why)) => {
                // Whether it was done only the case itself can tell.
                desk.pause(1);
                if let Some(found) = look(desk, case, &marker, LOOKS)? {
                    return arrived(progress, found, save);
                }
                if case.is_none() {
                    return Err(format!(
                        "the answer to creating the case was lost ({why}) and no case with the line {marker:?} shows up yet; look \
                         into the console, then run the same command again: it looks first and never creates twice"
                    ));
                }
            }
            Err(refusal @ (Refusal::Busy | Refusal::Final(_))) => {
                return Err(turned_away(&mut progress, refusal, save));
            }
        }
        // A set serves one message.
        give_up(&mut progress, save)?;
    }
    Err(
        "the set of attachments was lost again and again; run the same command again later"
            .to_owned(),
    )
}

/// Brings every file into a living set; `None` when the set was lost on the way.
fn upload(
    parcel: &Parcel,
    progress: &mut Progress,
    set_seconds: i64,
    desk: &mut dyn Desk,
    save: &mut dyn FnMut(&Progress) -> Result<(), String>,
) -> Result<Option<String>, String> {
    if progress
        .set
        .as_ref()
        .is_some_and(|(_, until)| desk.now() + MARGIN_S >= *until)
    {
        progress.set = None;
    }
    if progress.set.is_none() {
        progress.uploaded.clear();
    }
    for (name, bytes) in &parcel.files {
        if progress.uploaded.contains(name) {
            continue;
        }
        let known = progress.set.as_ref().map(|(id, _)| id.clone());
        progress.under_way = true;
        save(progress)?;
        match once(desk, |desk| desk.add_file(known.as_deref(), name, bytes)) {
            Ok(id) => {
                let until = match &progress.set {
                    Some((_, until)) => *until,
                    None => desk.now() + set_seconds,
                };
                progress.set = Some((id, until));
                progress.uploaded.push(name.clone());
                progress.under_way = false;
                save(progress)?;
            }
            // The file may be in the set or not, and a set takes three: begin another.
            Err(Refusal::SetGone | Refusal::Lost(_)) => {
                give_up(progress, save)?;
                return Ok(None);
            }
            Err(refusal @ (Refusal::Busy | Refusal::Final(_))) => {
                return Err(turned_away(progress, refusal, save));
            }
        }
    }
    Ok(progress.set.as_ref().map(|(id, _)| id.clone()))
}

/// Notes that the pack is in a case.
fn arrived(
    mut progress: Progress,
    case: String,
    save: &mut dyn FnMut(&Progress) -> Result<(), String>,
) -> Result<Progress, String> {
    progress.case = Some(case);
    progress.under_way = false;
    save(&progress)?;
    Ok(progress)
}

/// Forgets a set of which nobody knows what it holds.
fn give_up(
    progress: &mut Progress,
    save: &mut dyn FnMut(&Progress) -> Result<(), String>,
) -> Result<(), String> {
    progress.set = None;
    progress.uploaded.clear();
    progress.under_way = false;
    save(progress)
}

/// A request that was turned away did nothing: what was reached before it stays good for the next run.
fn turned_away(
    progress: &mut Progress,
    refusal: Refusal,
    save: &mut dyn FnMut(&Progress) -> Result<(), String>,
) -> String {
    progress.under_way = false;
    if let Err(why) = save(progress) {
        return why;
    }
    match refusal {
        Refusal::Final(why) => why,
        _ => "AWS Support is turning requests away; run the same command again later".to_owned(),
    }
}

/// Asks the case for the pack, several times when it may need a moment to show.
fn look(
    desk: &mut dyn Desk,
    case: Option<&str>,
    marker: &str,
    times: u32,
) -> Result<Option<String>, String> {
    for time in 1..=times {
        let found = again(desk, |desk| desk.find(case, marker))?;
        if found.is_some() {
            return Ok(found);
        }
        if time < times {
            desk.pause(time);
        }
    }
    Ok(None)
}

/// Repeats a request that was turned away before anything was done.
fn once<T>(
    desk: &mut dyn Desk,
    mut ask: impl FnMut(&mut dyn Desk) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    for tries in 1..TRIES {
        match ask(desk) {
            Err(Refusal::Busy) => desk.pause(tries),
            answer => return answer,
        }
    }
    ask(desk)
}

/// The same for a question, which may be repeated whatever became of it.
fn again<T>(
    desk: &mut dyn Desk,
    mut ask: impl FnMut(&mut dyn Desk) -> Result<T, Refusal>,
) -> Result<T, String> {
    let mut last = String::new();
    for tries in 1..=TRIES {
        match ask(desk) {
            Ok(answer) => return Ok(answer),
            Err(Refusal::Final(why)) => return Err(why),
            Err(Refusal::SetGone) => last = "unexpected answer".to_owned(),
            Err(Refusal::Busy) => last = "requests are turned away".to_owned(),
            Err(Refusal::Lost(why)) => last = why,
        }
        desk.pause(tries);
    }
    Err(format!(
        "AWS Support did not say whether the pack is there already ({last}); nothing was sent"
    ))
}

#[cfg(test)]
mod tests;
