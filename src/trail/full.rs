//! An hour with more rows than there is room for, cut into stretches of whole seconds.
//!
//! An incident puts most of a day into a few minutes, and memory must not grow with it. The parts of
//! the hour are gone through one at a time: to count the seconds, to find the copies that carry
//! another time, and to write every row to the stretch it belongs to. Must never give another
//! answer than the hour as a whole: where it is cut depends on the records alone, and copies that a
//! cut would part are folded before it.

use super::dedupe::{self, Read, dedupe};
use super::gather::{Gather, HOUR_S};
use super::hours::{Room, Stretch};
use super::part::{Kept, Part};
use super::spill::{Place, Spill};
use std::collections::{BTreeMap, HashSet};
use std::io;

const MINUTE_S: i64 = 60;
const SECONDS: usize = HOUR_S.unsigned_abs() as usize;
/// Bits of a hash that give way to the second of the hour.
const SECOND_BITS: u64 = 0xfff;
/// How many they are.
const SECOND_WIDTH: u32 = SECOND_BITS.count_ones();

/// Gives every stretch of an hour to `hand`, a few at a time and in order of time, and what was
/// folded before the cuts to `twice`.
pub(super) fn cut(
    hour: i64,
    gathers: &mut [Gather],
    room: &Room,
    mut twice: impl FnMut(&Part),
    mut hand: impl FnMut(Vec<Stretch>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    // What threads still hold would stand in memory until its turn comes.
    for gather in &mut *gathers {
        gather.spill_all();
        gather.rest();
    }
    let seconds = seconds(hour, gathers)?;
    let wanderers = wanderers(hour, gathers, room, seconds.iter().sum())?;
    let mut cuts = Cuts::new(hour, &seconds, room.stretch);
    for gather in gathers {
        gather.take_each(hour, |part| cuts.add(part, &wanderers))?;
        gather.rest();
    }
    let folded = cuts.fold_wanderers()?;
    twice(&folded);
    let mut few = Vec::new();
    let mut rows = 0;
    for at in 0..cuts.starts.len() {
        let more = cuts.rows.get(&at).copied().unwrap_or_default();
        if !few.is_empty() && (rows + more > room.rows || few.len() >= Room::side_by_side()) {
            hand(std::mem::take(&mut few))?;
            rows = 0;
        }
        rows += more;
        few.push(cuts.stretch(at)?);
    }
    hand(few)
}

fn second_of(hour: i64, kept: &Kept) -> usize {
    let second = kept.line.event_time - hour * HOUR_S;
    usize::try_from(second).unwrap_or(0).min(SECONDS - 1)
}

/// Rows by second of the hour.
fn seconds(hour: i64, gathers: &mut [Gather]) -> io::Result<Vec<usize>> {
    let mut seconds = vec![0; SECONDS];
    for gather in gathers {
        gather.look(hour, |part| {
            for kept in &part.kept {
                if let Some(count) = seconds.get_mut(second_of(hour, kept)) {
                    *count += 1;
                }
            }
        })?;
    }
    Ok(seconds)
}

/// Names that records of more than one second bear, and all other names of these records and of those
/// that share one with them. Few: copies carry the time of what they copy.
struct Wanderers {
    names: HashSet<u64>,
    hasher: foldhash::fast::RandomState,
}

impl Wanderers {
    fn has(&self, read: Read<'_>) -> bool {
        !self.names.is_empty()
            && dedupe::names(read, &self.hasher)
                .any(|name| self.names.contains(&(name & !SECOND_BITS)))
    }

    /// Takes in the other names of who is known by one.
    fn follow(&mut self, part: &Part) {
        let texts = &part.texts;
        for kept in &part.kept {
            let read = Read { kept, texts };
            if self.has(read) {
                let names = dedupe::names(read, &self.hasher);
                self.names.extend(names.map(|name| name & !SECOND_BITS));
            }
        }
    }
}

/// Looks at a share of all names at a time, so that even a list of numbers does not grow with the hour.
fn wanderers(hour: i64, gathers: &mut [Gather], room: &Room, rows: usize) -> io::Result<Wanderers> {
    let mut found = Wanderers {
        names: HashSet::new(),
        hasher: foldhash::fast::RandomState::default(),
    };
    let passes = rows.div_ceil(room.names.max(1)) as u64;
    let mut names: Vec<u64> = Vec::new();
    for pass in 0..passes {
        names.clear();
        for gather in &mut *gathers {
            gather.look(hour, |part| {
                for kept in &part.kept {
                    let texts = &part.texts;
                    let second = second_of(hour, kept) as u64;
                    let of_read = dedupe::names(Read { kept, texts }, &found.hasher);
                    let of_pass = of_read.filter(|name| (name >> SECOND_WIDTH) % passes == pass);
                    names.extend(of_pass.map(|name| (name & !SECOND_BITS) | second));
                }
            })?;
        }
        names.sort_unstable();
        // Neighbours of one name in different seconds; two names with one hash only cost time.
        let apart = names.windows(2).filter_map(|pair| match pair {
            [a, b] if a != b && (a ^ b) & !SECOND_BITS == 0 => Some(a & !SECOND_BITS),
            _ => None,
        });
        found.names.extend(apart);
    }
    let mut known = 0;
    while found.names.len() > known {
        known = found.names.len();
        for gather in &mut *gathers {
            gather.look(hour, |part| found.follow(part))?;
        }
    }
    Ok(found)
}

/// The stretches of an hour as they fill.
struct Cuts {
    hour: i64,
    /// Seconds of the hour at which stretches begin, ascending from zero.
    starts: Vec<usize>,
    parts: BTreeMap<usize, Vec<Piece>>,
    /// Rows by stretch.
    rows: BTreeMap<usize, usize>,
    wandering: Part,
    spill: Option<Spill>,
    /// The piece written or read last, for its memory; what it holds means nothing.
    page: Part,
}

/// A piece of a stretch, on disk unless the disk refused.
enum Piece {
    There(Place),
    Here(Box<Part>),
}

impl Cuts {
    /// As many minutes a stretch as fit into `most` rows; of a minute that does not fit, as many
    /// seconds, and at least one.
    fn new(hour: i64, seconds: &[usize], most: usize) -> Self {
        let mut starts = vec![0];
        let mut rows = 0;
        for (minute, counts) in seconds.chunks(MINUTE_S.unsigned_abs() as usize).enumerate() {
            let mut next: usize = counts.iter().sum();
            for (second, count) in counts.iter().enumerate() {
                if rows > 0 && rows + next > most {
                    starts.push(minute * counts.len() + second);
                    rows = 0;
                }
                rows += count;
                // Inside a minute the next second decides.
                next = counts.get(second + 1).copied().unwrap_or_default();
            }
        }
        Self {
            hour,
            starts,
            parts: BTreeMap::new(),
            rows: BTreeMap::new(),
            wandering: Part::default(),
            spill: Spill::new().ok(),
            page: Part::default(),
        }
    }

    fn of_second(&self, second: usize) -> usize {
        let after = self.starts.partition_point(|start| *start <= second);
        after.saturating_sub(1)
    }

    /// The stretch in which a minute of the epoch begins.
    fn of_control(&self, minute: i64) -> usize {
        let inside = minute * MINUTE_S - self.hour * HOUR_S;
        self.of_second(usize::try_from(inside).unwrap_or(0))
    }

    /// Spreads the rows and counts of a part.
    fn add(&mut self, part: &Part, wanderers: &Wanderers) -> io::Result<()> {
        let texts = &part.texts;
        let (apart, settled): (Vec<&Kept>, Vec<&Kept>) = part
            .kept
            .iter()
            .partition(|kept| wanderers.has(Read { kept, texts }));
        self.wandering
            .absorb_some(part, apart.into_iter(), |_| false);
        self.spread(part, settled, true)
    }

    fn spread(&mut self, part: &Part, rows: Vec<&Kept>, with_controls: bool) -> io::Result<()> {
        let mut lists: BTreeMap<usize, Vec<&Kept>> = BTreeMap::new();
        for kept in rows {
            let stretch = self.of_second(second_of(self.hour, kept));
            lists.entry(stretch).or_default().push(kept);
        }
        if with_controls {
            for ((minute, ..), _) in part.controls.iter() {
                lists.entry(self.of_control(*minute)).or_default();
            }
        }
        for (stretch, rows) in lists {
            *self.rows.entry(stretch).or_default() += rows.len();
            let mut piece = std::mem::take(&mut self.page).emptied();
            piece.absorb_some(part, rows.into_iter(), |minute| {
                with_controls && self.of_control(minute) == stretch
            });
            let piece = self.put(piece);
            self.parts.entry(stretch).or_default().push(piece);
        }
        Ok(())
    }

    fn put(&mut self, part: Part) -> Piece {
        let place = self.spill.as_mut().map(|spill| spill.write(&part));
        match place {
            Some(Ok(place)) => {
                self.page = part.emptied();
                Piece::There(place)
            }
            // A disk that is full stays full, and what stands on it can still be read.
            Some(Err(_)) | None => Piece::Here(Box::new(part)),
        }
    }

    /// Folds what a cut would part, spreads what stays, and gives back what does not.
    fn fold_wanderers(&mut self) -> io::Result<Part> {
        let mut all = std::mem::take(&mut self.wandering);
        let (stay, gone) = dedupe(std::mem::take(&mut all.kept), &all.texts);
        self.spread(&all, stay.iter().collect(), false)?;
        all.kept = gone;
        Ok(all)
    }

    /// Takes out one stretch.
    fn stretch(&mut self, at: usize) -> io::Result<Stretch> {
        let mut whole = Part::default();
        for piece in self.parts.remove(&at).unwrap_or_default() {
            match (piece, &mut self.spill) {
                (Piece::There(place), Some(spill)) => {
                    self.page = spill.read(place, std::mem::take(&mut self.page))?;
                    whole.absorb(&self.page);
                }
                (Piece::Here(part), _) => whole.absorb(&part),
                (Piece::There(_), None) => {}
            }
        }
        let begins = |at: usize| {
            let second = self.starts.get(at).copied().unwrap_or(SECONDS);
            self.hour * HOUR_S + i64::try_from(second).unwrap_or(0)
        };
        Ok(Stretch {
            from: begins(at),
            to: begins(at + 1),
            parts: vec![whole],
        })
    }
}
