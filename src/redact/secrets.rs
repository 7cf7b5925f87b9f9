//! Credentials, by shape and by the word before them. Always removed, never remembered.

use super::fold::{Folded, fold};
use super::hit::{Match, What};
use super::rules::{self, Leads};

/// The length of a secret access key (IAM user guide): base64 without padding.
const KEY_LENGTH: usize = 40;

/// Digits of the shortest digest in use (MD5); an access key has twenty characters.
const SHORTEST_DIGEST: usize = 32;

/// Whether a value holds a secret anywhere.
pub(super) fn holds(value: &str) -> bool {
    let folded = fold(value);
    (0..folded.len()).any(|index| at(&folded, index).is_some())
}

/// The secret that starts at `at`, or the word that announces one together with it.
pub(super) fn at(text: &[Folded], at: usize) -> Option<Match> {
    let rest = text.get(at..)?;
    let first = rest.first()?.c;
    if !first.is_ascii() {
        return None;
    }
    let second = rest.get(1)?.c;
    let kinds = rules::leads().of(first, second);
    // Nearly every place is inside a word that no secret begins with.
    if kinds == 0 && !matches!(first, '-' | '/') && !may_be_bare_key(text, at) {
        return None;
    }
    let can = |kind: u8| kinds & kind != 0;
    let whole = |length: usize| Match::whole(length, What::Secret);
    None.or_else(|| can(Leads::ACCESS_KEY).then(|| access_key(rest)).flatten())
        .filter(|_| !in_digest(text, at))
        .or_else(|| can(Leads::TOKEN).then(|| token(rest)).flatten())
        .or_else(|| can(Leads::WEBHOOK).then(|| webhook(rest)).flatten())
        .or_else(|| private_key(rest))
        .or_else(|| bare_key(text, at))
        .map(whole)
        .or_else(|| can(Leads::WORD).then(|| announced(text, at)).flatten())
        .or_else(|| can(Leads::SCHEME).then(|| scheme(text, at)).flatten())
        .or_else(|| user_info(rest))
}

fn begins(rest: &[Folded], word: &str) -> bool {
    let mut letters = rest.iter();
    word.chars()
        .all(|c| letters.next().is_some_and(|f| f.c == c))
}

fn begins_any_case(rest: &[Folded], word: &str) -> bool {
    let mut letters = rest.iter();
    word.chars()
        .all(|c| letters.next().is_some_and(|f| f.c.eq_ignore_ascii_case(&c)))
}

fn run(rest: &[Folded], from: usize, fits: impl Fn(char) -> bool) -> usize {
    rest.iter().skip(from).take_while(|f| fits(f.c)).count()
}

/// Whether a place lies inside a digest in hexadecimal. One of the prefixes of access keys is made of
/// such digits, so that about one SHA-256 in 1,300 holds what looks like a key in small letters.
fn in_digest(text: &[Folded], at: usize) -> bool {
    let is_hex = |f: &&Folded| matches!(f.c, '0'..='9' | 'a'..='f');
    let before = text.get(..at).unwrap_or_default();
    let before = before.iter().rev().take_while(is_hex).count();
    let behind = text.get(at..).unwrap_or_default();
    before + behind.iter().take_while(is_hex).count() >= SHORTEST_DIGEST
}

fn access_key(rest: &[Folded]) -> Option<usize> {
    let rules = rules::secrets();
    let prefix = rules
        .access_keys
        .iter()
        .find(|prefix| begins_any_case(rest, prefix))?;
    let length = run(rest, prefix.len(), |c| c.is_ascii_alphanumeric());
    let same_case = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let upper = run(rest, 0, same_case);
    let has_digit_or_capitals = upper >= prefix.len() + rules.access_key_rest
        || rest
            .iter()
            .skip(prefix.len())
            .take(length)
            .any(|f| f.c.is_ascii_digit());
    (length >= rules.access_key_rest && has_digit_or_capitals).then_some(prefix.len() + length)
}

fn token(rest: &[Folded]) -> Option<usize> {
    rules::secrets()
        .tokens
        .iter()
        .filter(|shape| begins(rest, &shape.begins))
        .find_map(|shape| {
            let from = shape.begins.len();
            let length = run(rest, from, |c| {
                c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '.' | '=')
            });
            (length >= shape.rest).then_some(from + length)
        })
}

/// The address of a webhook, from its host to its end.
fn webhook(rest: &[Folded]) -> Option<usize> {
    let host = rules::secrets()
        .webhooks
        .iter()
        .find(|host| begins_any_case(rest, host))?;
    let length = run(rest, host.len(), in_url);
    (length > 0).then_some(host.len() + length)
}

fn in_url(c: char) -> bool {
    c.is_ascii_graphic() && !"'\"`<>()[]{}|\\".contains(c)
}

fn private_key(rest: &[Folded]) -> Option<usize> {
    if !begins(rest, "-----BEGIN ") {
        return None;
    }
    let head: String = rest.iter().take(64).map(|f| f.c).collect();
    if !head.contains("PRIVATE KEY") {
        return None;
    }
    let end =
        (11..rest.len()).find(|index| begins(rest.get(*index..).unwrap_or_default(), "-----END "));
    match end {
        Some(end) => {
            let line = run(rest, end, |c| c != '\n');
            Some(end + line.min(64))
        }
        None => Some(rest.len()),
    }
}

/// Forty characters of base64 with capitals, small letters and digits, standing alone: the shape of
/// a secret access key. A path has more slashes, a hash is hexadecimal.
fn bare_key(text: &[Folded], at: usize) -> Option<usize> {
    if !may_be_bare_key(text, at) {
        return None;
    }
    let rest = text.get(at..)?;
    if run(rest, 0, is_of_key) != KEY_LENGTH {
        return None;
    }
    if rest
        .get(KEY_LENGTH)
        .is_some_and(|f| matches!(f.c, '-' | '_' | '.' | '='))
    {
        return None;
    }
    let key: Vec<char> = rest.iter().take(KEY_LENGTH).map(|f| f.c).collect();
    let has = |test: fn(&char) -> bool| key.iter().any(test);
    let slashes = key.iter().filter(|c| **c == '/').count();
    let mixed =
        has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    (mixed && slashes <= 2 && !key.iter().all(char::is_ascii_hexdigit)).then_some(KEY_LENGTH)
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/')
}

/// Whether a run of a key's letters begins here.
fn may_be_bare_key(text: &[Folded], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|index| text.get(index));
    text.get(at).is_some_and(|f| is_of_key(f.c))
        && before.is_none_or(|f| !is_of_key(f.c) && !matches!(f.c, '-' | '_' | '.'))
}

/// A word like `password`, a separator, and the value behind it; the word stays, the value goes.
fn announced(text: &[Folded], at: usize) -> Option<Match> {
    let rest = text.get(at..)?;
    let rules = rules::secrets();
    let word = rules::leads()
        .words(rest.first()?.c, rest.get(1)?.c)
        .iter()
        .filter(|word| begins_any_case(rest, word))
        .max_by_key(|word| word.len())?;
    let mut index = word.len();
    index += run(rest, index, |c| matches!(c, '"' | '\'' | '\\' | ']')).min(6);
    index += run(rest, index, |c| c == ' ').min(2);
    let separator = rest.get(index)?.c;
    if !matches!(separator, '=' | ':') {
        return None;
    }
    // `arn:…:secret:name` announces a name, not a secret.
    let before = at
        .checked_sub(1)
        .and_then(|index| text.get(index))
        .map(|f| f.c);
    if separator == ':' && before == Some(':') {
        return None;
    }
    index += 1;
    index += run(rest, index, |c| matches!(c, ' ' | '"' | '\'' | '\\' | '=')).min(6);
    let value = rest.get(index..)?;
    let scheme = scheme_length(value);
    let length = scheme.unwrap_or_else(|| run(value, 0, in_value));
    if length < rules.shortest_value {
        return None;
    }
    Some(Match {
        length: index + length,
        parts: vec![(index, index + length, What::Secret)],
    })
}

fn in_value(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !"'\"`,;&<>()[]{}|\\".contains(c)
}

/// `Bearer …` and its like, without a word before it.
fn scheme(text: &[Folded], at: usize) -> Option<Match> {
    let before = at.checked_sub(1).and_then(|index| text.get(index));
    if before.is_some_and(|f| f.c.is_alphanumeric()) {
        return None;
    }
    let rest = text.get(at..)?;
    let length = scheme_length(rest)?;
    // `Basic support` is a sentence: a credential holds a digit or is long.
    let value: Vec<char> = rest
        .iter()
        .take(length)
        .skip_while(|f| f.c != ' ')
        .skip(1)
        .map(|f| f.c)
        .collect();
    let looks = value.len() >= 24
        || (value.len() >= 8
            && value.iter().any(char::is_ascii_digit)
            && value.iter().any(char::is_ascii_alphabetic));
    looks.then(|| Match::whole(length, What::Secret))
}

/// The length of an authorization value at the start: scheme, space, credentials.
fn scheme_length(rest: &[Folded]) -> Option<usize> {
    let scheme = rules::secrets().schemes.iter().find(|scheme| {
        begins_any_case(rest, scheme) && rest.get(scheme.len()).is_some_and(|f| f.c == ' ')
    })?;
    let from = scheme.len() + 1;
    let length = if scheme.starts_with("AWS4") || scheme == "Digest" {
        // Pairs with commas and spaces between them, up to the quote or line that ends the header.
        run(rest, from, |c| {
            !matches!(c, '\n' | '"' | '\'' | '`' | '<' | '|')
        })
    } else {
        run(rest, from, in_value)
    };
    (length > 0).then_some(from + length)
}

/// `//user:password@host`: user and password go.
fn user_info(rest: &[Folded]) -> Option<Match> {
    if !begins(rest, "//") {
        return None;
    }
    let authority = run(rest, 2, |c| in_url(c) && c != '/');
    let letters: Vec<char> = rest.iter().skip(2).take(authority).map(|f| f.c).collect();
    let sign = letters.iter().rposition(|c| *c == '@')?;
    let colon = letters.iter().position(|c| *c == ':')?;
    (colon < sign).then(|| Match {
        length: 2 + sign,
        parts: vec![(2, 2 + sign, What::Secret)],
    })
}
