//! When AWS first posted, read from the stamps of a text: "[02:45 AM PDT] We are investigating".
//!
//! The details of a Health event hold its posts one after the other, each behind its time in
//! brackets; no field of the answer tells the first. A stamp is only read when its zone is
//! written, and never later than the last update.

use super::Published;
use super::resolve::stamped;
use super::span::{Moment, moment};
use super::table::table;
use super::words::{Token, tokens};
use crate::case::Instant;

/// Longest text between brackets that can be a stamp, in characters.
const LONGEST: usize = 40;

/// The earliest stamp of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamped {
    /// When that post was made, to the minute.
    pub at: Instant,
    /// Whether the text shows that it opened the event: several posts in a row, or words of a
    /// first post. Otherwise there may have been earlier posts, and `at` is a bound.
    pub opening: bool,
}

/// The first post of an event as far as this text tells it.
#[must_use]
pub fn first_post(text: &str, published: Published) -> Option<Stamped> {
    let stamps = stamps(text);
    let read: Vec<(Instant, &str)> = stamps
        .iter()
        .filter_map(|(moment, words)| Some((stamped(moment, published)?, *words)))
        .collect();
    let (first, last) = (read.first()?, read.last()?);
    // Posts stand oldest first; some texts turn that round.
    let newest_first = first.0 > last.0
        && read
            .windows(2)
            .all(|two| matches!(two, [a, b] if a.0 >= b.0));
    let (at, words) = *if newest_first { last } else { first };
    // A stamp that cannot be read in front of the one that can hides the first post.
    let hidden = if newest_first {
        stamps.last()
    } else {
        stamps.first()
    }
    .is_none_or(|(moment, _)| stamped(moment, published) != Some(at));
    let opens = words.split(|c: char| !c.is_alphabetic()).any(|word| {
        table()
            .opening
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    });
    Some(Stamped {
        at,
        opening: !hidden && (read.len() > 1 || opens),
    })
}

/// Every time that stands alone between brackets, with the words up to the next one.
fn stamps(text: &str) -> Vec<(Moment, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('[') {
        // "[RESOLVED]", or a bracket inside a bracket: look on right behind the opening one.
        rest = after;
        let Some((inside, words)) = closed(after) else {
            continue;
        };
        if let Some(moment) = stamp(inside) {
            let until = words.split_once('[').map_or(words, |(words, _)| words);
            found.push((moment, until));
            rest = words;
        }
    }
    found
}

/// What stands before the closing bracket, if that is near, and what follows it.
fn closed(after: &str) -> Option<(&str, &str)> {
    let (at, _) = after
        .char_indices()
        .take(LONGEST + 1)
        .find(|(_, letter)| *letter == ']')?;
    Some((after.get(..at)?, after.get(at + 1..)?))
}

fn stamp(inside: &str) -> Option<Moment> {
    let tokens: Vec<Token> = tokens(inside);
    let (moment, next) = moment(&tokens, 0)?;
    (next == tokens.len()).then_some(moment)
}
