//! One very large input read by all threads: one cuts the text at the ends of records, all read
//! the pieces.
//!
//! Cutting needs no more than brackets and quotes, so the thread that cuts keeps ahead of those
//! that read; when it is too far ahead it reads a piece itself, which bounds memory. Pieces end
//! where records end, so the answer is the same as from one thread.

use super::found::Found;
use super::gather::Note;
use super::open::{self, Unfold};
use super::read::Seen;
use super::skim::{Met, Skim};
use super::spelling::Spellings;
use super::split::{RECORD_CAP, Splitter};
use super::unicode::Unicode;
use super::{Pool, ScanRequest};
use std::io::{Cursor, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Text cut off at a time, bytes.
pub(super) const PIECE: usize = 4 << 20;
/// Pieces waiting per thread before the cutting thread reads one itself.
const AHEAD: usize = 2;

/// Reads one input with all threads of the current pool, about `piece` bytes of text at a time.
pub(super) fn read(file: &Found, request: &ScanRequest, pool: &Pool, piece: usize) {
    let source = match open::open(&file.origin) {
        Ok(source) => source,
        Err(error) => {
            pool.with(|gather| {
                gather.notes.push(Note::lost(
                    file.shown(),
                    format!("cannot be opened: {error}"),
                ));
            });
            return;
        }
    };
    let shared = Shared {
        request,
        pool,
        seen: Mutex::default(),
        waiting: AtomicUsize::new(0),
    };
    let mut rest = Seen::default();
    let source = rayon::scope(|scope| cut(source, piece, &shared, &mut rest, scope));
    let mut seen = shared
        .seen
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    seen.absorb(rest);
    let unfold = source.into_inner();
    pool.with(|gather| {
        gather.bytes_read += unfold.bytes_read();
        seen.conclude(unfold.faults(), file, gather);
        // Whether it held a record of the case is not worth asking every thread.
        gather.last_useful = gather.last_useful.max(file.delivered);
    });
}

struct Shared<'a> {
    request: &'a ScanRequest,
    pool: &'a Pool,
    seen: Mutex<Seen>,
    waiting: AtomicUsize,
}

/// A stretch of whole records and the brackets it stands in.
struct Piece {
    text: Vec<u8>,
    open: Vec<u8>,
    base: u64,
}

impl Shared<'_> {
    fn read(&self, piece: Piece) {
        self.pool.with(|gather| {
            let mut seen = Seen::default();
            let Piece { text, open, base } = piece;
            if let Err(odd) = seen.skim(&text, open, base, self.request, gather) {
                let rest = text.get(odd.at..).unwrap_or_default();
                let splitter = Splitter::resumed(rest, base + odd.at as u64, odd.open);
                // The brackets around a piece are closed in a later one.
                seen.split(splitter.within(), self.request, gather);
            }
            gather.relieve();
            if let Ok(mut all) = self.seen.lock() {
                all.absorb(seen);
            }
        });
    }
}

/// Cuts the text into pieces until its end, or until it stops being plain; what remains is read
/// here, with care.
fn cut<'scope>(
    mut source: Unicode<Unfold>,
    piece: usize,
    shared: &'scope Shared<'scope>,
    rest: &mut Seen,
    scope: &rayon::Scope<'scope>,
) -> Unicode<Unfold> {
    let limit = rayon::current_num_threads().max(1) * AHEAD;
    let mut text: Vec<u8> = Vec::with_capacity(2 * piece);
    let mut open: Vec<u8> = Vec::new();
    let mut base = 0u64;
    loop {
        let ended = !fill(&mut source, &mut text, piece);
        let (whole, after, is_odd) = whole_records(&text, &open);
        if whole > 0 {
            let tail = text.get(whole..).unwrap_or_default().to_vec();
            text.truncate(whole);
            let cut = Piece {
                text: std::mem::replace(&mut text, tail),
                open: std::mem::replace(&mut open, after),
                base,
            };
            base += whole as u64;
            if shared.waiting.fetch_add(1, Ordering::Relaxed) >= limit {
                shared.read(cut);
                shared.waiting.fetch_sub(1, Ordering::Relaxed);
            } else {
                scope.spawn(move |_| {
                    shared.read(cut);
                    shared.waiting.fetch_sub(1, Ordering::Relaxed);
                });
            }
        }
        // What is odd at the end of the text so far may only be unfinished.
        let is_stuck = is_odd && (ended || text.len() > RECORD_CAP);
        if ended || is_stuck {
            let text = Cursor::new(text).chain(source);
            let splitter = Splitter::resumed(text, base, open);
            let (_, source) = shared
                .pool
                .with(|gather| rest.split(splitter, shared.request, gather))
                .into_inner();
            return source;
        }
    }
}

/// Reads about one piece more; `false` at the end of the input.
fn fill(source: &mut Unicode<Unfold>, text: &mut Vec<u8>, piece: usize) -> bool {
    let have = text.len();
    text.resize(have + piece, 0);
    let mut end = have;
    while let Some(room) = text.get_mut(end..).filter(|room| !room.is_empty()) {
        // The layers below report their faults themselves; here an error is the end.
        match source.read(room).unwrap_or(0) {
            0 => {
                text.truncate(end);
                return false;
            }
            more => end += more,
        }
    }
    true
}

/// Where the last whole record of a text ends, the brackets around that place, and whether
/// anything stands behind it.
fn whole_records(text: &[u8], open: &[u8]) -> (usize, Vec<u8>, bool) {
    let mut spellings = Spellings::default();
    let mut skim = Skim::ends(text, open.to_vec(), &mut spellings);
    let mut whole = (0, open.to_vec());
    loop {
        match skim.next() {
            Met::Record { end, .. } => {
                whole.0 = end;
                if whole.1 != skim.open() {
                    whole.1 = skim.open().to_vec();
                }
            }
            Met::End => return (text.len(), Vec::new(), false),
            Met::Odd { .. } => return (whole.0, whole.1, true),
        }
    }
}
