//! Spans of time as a text states them: "Between 2:10 AM and 2:59 AM PDT", "Beginning at 5:47 AM".
//!
//! This half only reads what is written; which day and year are meant is decided elsewhere. It
//! must never take a time that lies ahead, or the time things got better, for an impact.

use super::table::{Zone, table};
use super::words::{Clock, Date, Token, month};

/// Words between an opening word and its time, at most.
const REACH: usize = 8;

/// One end of a span as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moment {
    pub(super) clock: Clock,
    pub(super) date: Option<Date>,
    pub(super) zone: Option<Zone>,
}

/// A span as written; without `end` the text only says when it began.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) start: Moment,
    pub(super) end: Option<Moment>,
    /// A date right before the span: "On July 30, between …".
    pub(super) day: Option<Date>,
}

/// All spans of a text in order.
pub(super) fn spans(tokens: &[Token]) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match read_at(tokens, at, token) {
            Some((span, next)) => {
                found.push(span);
                at = next.max(at + 1);
            }
            None => at += 1,
        }
    }
    found
}

fn read_at(tokens: &[Token], at: usize, token: &Token) -> Option<(Span, usize)> {
    let Token::Word(word) = token else {
        return None;
    };
    let two_ended = table().spans.contains(word);
    if !two_ended && !table().starts.contains(word) {
        return None;
    }
    let (start, next) = moment(tokens, at + 1)?;
    let day = day_before(tokens, at);
    if let Some((end, next)) = join(tokens, next, two_ended).and_then(|at| moment(tokens, at)) {
        let span = Span {
            start,
            end: Some(end),
            day,
        };
        return (!is_plan(tokens, at)).then_some((span, next));
    }
    // "from 3:13 AM" alone says nothing that can be relied on.
    if two_ended || is_plan(tokens, at) || is_recovery(tokens, at) {
        return None;
    }
    let span = Span {
        start,
        end: None,
        day,
    };
    Some((span, next))
}

/// Where the second time starts when the ends are joined. "Starting at 5:47 and at 6:10 we found"
/// names two events, so there a bare "and" joins nothing.
fn join(tokens: &[Token], at: usize, two_ended: bool) -> Option<usize> {
    let at = match tokens.get(at)? {
        Token::Comma => at + 1,
        _ => at,
    };
    let Token::Word(word) = tokens.get(at)? else {
        return None;
    };
    let ending = matches!(tokens.get(at + 1), Some(Token::Word(next)) if next == "ending");
    (table().joins.contains(word) && (two_ended || word != "and" || ending)).then_some(at + 1)
}

/// A time with its date and zone, wherever they stand around it.
pub(super) fn moment(tokens: &[Token], from: usize) -> Option<(Moment, usize)> {
    let mut at = from;
    let mut day = None;
    let clock = loop {
        if at > from + REACH {
            return None;
        }
        if let Some((date, next)) = date(tokens, at) {
            day = Some(date);
            at = next;
            continue;
        }
        match tokens.get(at)? {
            Token::Clock(clock) => break *clock,
            Token::Comma => at += 1,
            Token::Word(word) if table().fillers.contains(word) => at += 1,
            _ => return None,
        }
    };
    at += 1;
    let mut place = zone(tokens, &mut at);
    let mut ahead = at;
    while match tokens.get(ahead) {
        Some(Token::Comma) => true,
        Some(Token::Word(word)) => table().fillers.contains(word),
        _ => false,
    } && ahead < at + 4
    {
        ahead += 1;
    }
    if day.is_none()
        && let Some((date, next)) = date(tokens, ahead)
    {
        day = Some(date);
        at = next;
        place = place.or_else(|| zone(tokens, &mut at));
    }
    skip_aside(tokens, &mut at);
    let moment = Moment {
        clock,
        date: day,
        zone: place,
    };
    Some((moment, at))
}

/// A zone right here, in brackets or not.
fn zone(tokens: &[Token], at: &mut usize) -> Option<Zone> {
    let bracket = matches!(tokens.get(*at), Some(Token::Open));
    let inside = *at + usize::from(bracket);
    let Token::Word(word) = tokens.get(inside)? else {
        return None;
    };
    let zone = table().zone(word)?;
    let closed = bracket && matches!(tokens.get(inside + 1), Some(Token::Close));
    if bracket && !closed {
        return None;
    }
    *at = inside + 1 + usize::from(closed);
    Some(zone)
}

/// Passes over a short aside such as "(09:10 UTC)".
fn skip_aside(tokens: &[Token], at: &mut usize) {
    if !matches!(tokens.get(*at), Some(Token::Open)) {
        return;
    }
    let close = tokens
        .iter()
        .skip(*at)
        .take(REACH)
        .position(|token| *token == Token::Close);
    if let Some(length) = close {
        *at += length + 1;
    }
}

/// A date in words or figures right here.
fn date(tokens: &[Token], at: usize) -> Option<(Date, usize)> {
    let number = |at: usize| match tokens.get(at) {
        Some(Token::Number(number)) => Some(*number),
        _ => None,
    };
    let named = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) => month(word),
        _ => None,
    };
    if let Some(Token::Date(date)) = tokens.get(at) {
        return Some((*date, at + 1));
    }
    let (month, day, mut next) = match (named(at), number(at)) {
        (Some(month), _) => (month, number(at + 1)?, at + 2),
        (None, Some(day)) => {
            let of = matches!(tokens.get(at + 1), Some(Token::Word(word)) if word == "of");
            let month_at = at + 1 + usize::from(of);
            (named(month_at)?, day, month_at + 1)
        }
        (None, None) => return None,
    };
    if !(1..=31).contains(&day) {
        return None;
    }
    let comma = matches!(tokens.get(next), Some(Token::Comma));
    let year = number(next + usize::from(comma)).filter(|year| (2000..2200).contains(year));
    if year.is_some() {
        next += 1 + usize::from(comma);
    }
    let date = Date {
        year: year.and_then(|year| i32::try_from(year).ok()),
        month,
        day,
    };
    Some((date, next))
}

/// A date that ends right before the opening word, a comma allowed between.
fn day_before(tokens: &[Token], at: usize) -> Option<Date> {
    (1..=5)
        .filter_map(|back| at.checked_sub(back))
        .filter_map(|from| date(tokens, from))
        .find(|(_, next)| {
            *next == at || (*next + 1 == at && matches!(tokens.get(*next), Some(Token::Comma)))
        })
        .map(|(date, _)| date)
}

/// The words of the sentence around `at`, before it and from it on.
fn sentence(tokens: &[Token], at: usize) -> (Vec<&str>, Vec<&str>) {
    let before: Vec<&Token> = tokens
        .get(..at)
        .unwrap_or_default()
        .iter()
        .rev()
        .take_while(|token| **token != Token::Stop)
        .take(SENTENCE)
        .collect();
    let after = tokens
        .get(at..)
        .unwrap_or_default()
        .iter()
        .take_while(|token| **token != Token::Stop)
        .take(SENTENCE);
    (
        before.into_iter().rev().filter_map(as_word).collect(),
        after.filter_map(as_word).collect(),
    )
}

/// Longest half of a sentence looked at, in tokens: keeps a text without full stops cheap.
const SENTENCE: usize = 80;

fn as_word(token: &Token) -> Option<&str> {
    match token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

fn is_plan(tokens: &[Token], at: usize) -> bool {
    let (before, after) = sentence(tokens, at);
    let has = |words: &[&str], phrases: &[String]| {
        let line = format!(" {} ", words.join(" "));
        phrases
            .iter()
            .any(|phrase| line.contains(&format!(" {phrase} ")))
    };
    has(&before, &table().future) || has(&[before.clone(), after].concat(), &table().plans)
}

fn is_recovery(tokens: &[Token], at: usize) -> bool {
    let (before, after) = sentence(tokens, at);
    before.iter().chain(&after).any(|word| {
        table()
            .recovery
            .iter()
            .any(|start| word.starts_with(start.as_str()))
    })
}
