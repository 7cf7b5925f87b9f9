//! The ledger of a scan: every record accounted for, the outcome named.

use super::ScanRequest;
use super::gather::{Gather, Note};
use crate::bundle::manifest::{Noun, Outcome, Refusal, SourceEntry, Tally};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Refusals told one by one; a folder of thousands of broken files is one more sentence.
const REFUSALS_CAP: usize = 200;

/// Turns the counts into the ledger's entry.
pub(super) fn conclude(
    request: &ScanRequest,
    (files_pruned, files_late): (u64, u64),
    mut notes: Vec<Note>,
    mut gathers: Vec<Gather>,
    by_scope: BTreeMap<String, Tally>,
) -> SourceEntry {
    let inputs = &request.inputs;
    let mut tally = Tally::default();
    for part in by_scope.values() {
        tally.add(part);
    }
    let (mut files_read, mut bytes_read) = (0, 0);
    for gather in &mut gathers {
        notes.append(&mut gather.notes);
        files_read += gather.files_read;
        bytes_read += gather.bytes_read;
    }
    notes.sort();
    SourceEntry {
        noun: Noun::Trail,
        outcome: outcome(inputs, files_read, files_pruned, &notes),
        asked: inputs
            .iter()
            .map(|input| input.to_string_lossy().into_owned())
            .collect(),
        tally,
        by_scope,
        refusals: refusals(notes),
        files_read,
        files_pruned,
        files_late,
        signed: None,
        lateness_s: request.lateness_s,
        bytes_read,
        bill: None,
    }
}

fn outcome(inputs: &[PathBuf], read: u64, pruned: u64, notes: &[Note]) -> Outcome {
    let losses: Vec<&Note> = notes.iter().filter(|note| note.lost).collect();
    if read == 0 {
        return unavailable(inputs, pruned, losses.first().or(notes.first().as_ref()));
    }
    match losses.as_slice() {
        [] => Outcome::Complete,
        [only] => Outcome::Partial {
            why: format!("{}: {}", only.input, only.why),
        },
        [first, ..] => Outcome::Partial {
            why: format!(
                "{} inputs were refused or read in part, first {}: {}",
                losses.len(),
                first.input,
                first.why
            ),
        },
    }
}

fn unavailable(inputs: &[PathBuf], pruned: u64, first: Option<&&Note>) -> Outcome {
    let (why, hint) = if inputs.is_empty() {
        (
            "no CloudTrail input was given".to_owned(),
            "Name a file or folder of CloudTrail records with --cloudtrail.".to_owned(),
        )
    } else if pruned > 0 {
        (
            format!("all {pruned} files lie outside the baseline and window by their date"),
            "Check the window, or name single files: those are read whatever their date."
                .to_owned(),
        )
    } else if let Some(note) = first {
        (
            format!("nothing could be read; {}: {}", note.input, note.why),
            "Name the folder that holds AWSLogs/, or the .json.gz files themselves.".to_owned(),
        )
    } else {
        (
            "the inputs hold no files".to_owned(),
            "Name the folder that holds AWSLogs/, or the .json.gz files themselves.".to_owned(),
        )
    };
    Outcome::Unavailable { why, hint }
}

fn refusals(notes: Vec<Note>) -> Vec<Refusal> {
    let more = notes.len().saturating_sub(REFUSALS_CAP);
    let more_lost = notes
        .iter()
        .skip(REFUSALS_CAP)
        .filter(|note| note.lost)
        .count();
    let mut refusals: Vec<Refusal> = notes
        .into_iter()
        .take(REFUSALS_CAP)
        .map(|note| Refusal {
            input: note.input,
            why: note.why,
            partly_used: note.partly_used,
        })
        .collect();
    if more > 0 {
        refusals.push(Refusal {
            input: format!("{more} more inputs"),
            why: format!("refused or read in part for reasons like those above; {more_lost} of them may hold evidence that is missing here"),
            partly_used: true,
        });
    }
    refusals.sort();
    refusals
}
