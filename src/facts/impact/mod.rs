//! When an event hurt customers, read from the words AWS wrote about it.
//!
//! The published times of an event are when AWS wrote, half of them more than an hour after the
//! onset; the text states the impact itself ("Between 2:10 AM and 2:59 AM PDT"). The last complete
//! statement wins, because AWS corrects itself. It must never invent: a time without a readable
//! zone, in the future of its own post or about recovery is left alone, and the published times
//! are handed on as such.

mod resolve;
mod span;
mod stamp;
mod table;
mod words;

use super::types::ReadFrom;
use crate::case::{Instant, Interval};
use resolve::Anchor;
pub use stamp::{Stamped, first_post};

/// Text beyond this many characters from the end is not searched; AWS's longest post-event
/// statements have about 20,000.
const SEARCHED: usize = 40_000;

/// One text of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Post<'a> {
    /// When it was posted, when the source tells it.
    pub at: Option<Instant>,
    /// The words, without markup.
    pub text: &'a str,
}

/// The published times of an event, all UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Published {
    /// Start (Health back-dates it, the feed gives the first post).
    pub start: Option<Instant>,
    /// End, once closed.
    pub end: Option<Instant>,
    /// Last update.
    pub updated: Option<Instant>,
}

/// The impact on customers and where it was read. `posts` are the event's texts, oldest first.
///
/// A stated start without an end runs to the published end, else to the last update; an event that
/// is still open therefore goes on beyond its impact. Without any statement the published times
/// stand in, unwidened. `None` when not even a published start is known.
#[must_use]
pub fn read(posts: &[Post<'_>], published: Published) -> Option<(Interval, ReadFrom)> {
    stated(posts, published)
        .map(|impact| (impact, ReadFrom::Text))
        .or_else(|| {
            let start = published.start?;
            let end = published.end.or(published.updated).unwrap_or(start);
            Some((Interval::new(start, end), ReadFrom::Published))
        })
}

/// The impact stated in the texts, if any.
#[must_use]
pub fn stated(posts: &[Post<'_>], published: Published) -> Option<Interval> {
    let read: Vec<(Option<Anchor>, Vec<span::Span>)> = posts
        .iter()
        .map(|post| {
            let spans = span::spans(&words::tokens(tail(post.text)));
            (Anchor::of(post.at, published), spans)
        })
        .collect();
    let complete = read.iter().rev().find_map(|(anchor, spans)| {
        let anchor = (*anchor)?;
        spans.iter().rev().find_map(|span| anchor.whole(span))
    });
    complete.or_else(|| {
        // AWS refines "beginning at" towards the true onset and uses the same words for what came
        // later, so of several starts the earliest is the onset.
        let start = read
            .iter()
            .filter_map(|(anchor, spans)| {
                let anchor = (*anchor)?;
                spans.iter().filter_map(|span| anchor.start(span)).min()
            })
            .min()?;
        let end = published.end.or(published.updated).or_else(|| {
            let posted = posts.iter().filter_map(|post| post.at);
            posted.max()
        })?;
        (start < end).then(|| Interval::new(start, end))
    })
}

/// The last part of a text, whole characters.
fn tail(text: &str) -> &str {
    match text.char_indices().rev().nth(SEARCHED - 1) {
        Some((at, _)) => text.get(at..).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests;
