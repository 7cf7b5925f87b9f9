//! Identities that can be told by their shape alone, and shapes that look like one and are none.

use super::fold::{Folded, fold};
use super::hit::{Match, What};
use super::kind::Kind;
use super::known::starts;
use super::rules;
use core::net::{Ipv4Addr, Ipv6Addr};

/// What stands at `at`, by shape.
pub(super) fn at(text: &[Folded], at: usize) -> Option<Match> {
    let whole = |(length, kind): (usize, Kind)| Match::whole(length, What::Id(kind));
    let mut best: Option<Match> = None;
    let mut consider = |candidate: Option<Match>| {
        if let Some(candidate) = candidate
            && best.as_ref().is_none_or(|b| candidate.length > b.length)
        {
            best = Some(candidate);
        }
    };
    let c = text.get(at)?.c;
    if c.is_ascii_digit() {
        consider(account(text, at).map(whole));
    }
    if c.is_ascii_alphanumeric() || c == ':' {
        consider(ip(text, at).map(whole));
    }
    if starts(text, at) && (c.is_alphanumeric() || c == '_') {
        consider(uuid(text, at).map(whole));
        consider(hash(text, at).map(whole));
        consider(resource_id(text, at).map(whole));
        consider(unique_id(text, at).map(whole));
        consider(mail(text, at).map(whole));
        consider(host(text, at));
    }
    if c == '/' || c == '\\' {
        consider(home(text, at));
    }
    if c == 's' || c == 'S' {
        consider(bucket(text, at));
    }
    best
}

/// The kind of a value that is one identity from end to end.
pub(super) fn kind_of_id(value: &str) -> Option<Kind> {
    let folded = fold(value);
    let found = at(&folded, 0)?;
    match found.parts.as_slice() {
        [(0, to, What::Id(kind))] if *to == folded.len() => match kind {
            // A field knows better what its UUID stands for.
            Kind::Id | Kind::Digest => None,
            kind => Some(*kind),
        },
        _ => None,
    }
}

/// A quoted name in a message: `repository with name 'team/web'`.
pub(super) fn quoted(text: &[Folded], at: usize) -> Option<Match> {
    let rest = text.get(at..)?;
    if rest.first()?.c != '\'' || back(text, at, 1).is_some_and(char::is_alphanumeric) {
        return None;
    }
    let inside = run(rest, 1, |c| c != '\'' && !c.is_whitespace());
    let closed = rest.get(1 + inside).is_some_and(|f| f.c == '\'');
    (closed && inside > 0).then(|| Match {
        length: inside + 2,
        parts: vec![(1, 1 + inside, What::Id(Kind::Resource))],
    })
}

fn run(rest: &[Folded], from: usize, fits: impl Fn(char) -> bool) -> usize {
    rest.iter().skip(from).take_while(|f| fits(f.c)).count()
}

fn back(text: &[Folded], at: usize, steps: usize) -> Option<char> {
    at.checked_sub(steps)
        .and_then(|index| text.get(index))
        .map(|f| f.c)
}

fn letters(rest: &[Folded], length: usize) -> String {
    rest.iter().take(length).map(|f| f.c).collect()
}

/// Twelve digits that stand alone, or in three groups of four.
fn account(text: &[Folded], at: usize) -> Option<(usize, Kind)> {
    if back(text, at, 1).is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let rest = text.get(at..)?;
    let digits = run(rest, 0, |c| c.is_ascii_digit());
    if digits == 12 {
        return Some((12, Kind::Account));
    }
    let group = |from: usize| run(rest, from, |c| c.is_ascii_digit()) == 4;
    let dash = |index: usize| rest.get(index).is_some_and(|f| f.c == '-');
    let free = back(text, at, 1) != Some('-') && !dash(14);
    (free && group(0) && dash(4) && group(5) && dash(9) && group(10)).then_some((14, Kind::Account))
}

fn ip(text: &[Folded], at: usize) -> Option<(usize, Kind)> {
    if back(text, at, 1).is_some_and(|c| c.is_alphanumeric() || matches!(c, ':' | '.')) {
        return None;
    }
    let rest = text.get(at..)?;
    let fits = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    let mut length = run(rest, 0, fits).min(64);
    // A sentence may end behind an address, and a colon may follow it.
    while length > 0 {
        let candidate = letters(rest, length);
        let after = rest.get(length).map(|f| f.c);
        let open = after.is_some_and(|c| c.is_alphanumeric() || c == '_');
        if !open && is_ip(&candidate) {
            return Some((length, Kind::Ip));
        }
        // An address with a port or a full stop behind it: only what follows the last mark goes.
        let cut = candidate.rfind([':', '.'])?;
        length = cut;
    }
    None
}

fn is_ip(text: &str) -> bool {
    if text.parse::<Ipv4Addr>().is_ok() {
        return true;
    }
    // `a::b` is a path of some language and `14:07:58` a time: an address is longer.
    text.contains("::")
        && text.len() >= 3
        && text.chars().filter(char::is_ascii_hexdigit).count() >= 3
        && text.parse::<Ipv6Addr>().is_ok()
        || text.matches(':').count() == 7 && text.parse::<Ipv6Addr>().is_ok()
}

fn uuid(text: &[Folded], at: usize) -> Option<(usize, Kind)> {
    let rest = text.get(at..)?;
    let mut index = 0;
    for (number, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if number > 0 {
            if rest.get(index)?.c != '-' {
                return None;
            }
            index += 1;
        }
        let group = rest.get(index..index + length)?;
        if !group.iter().all(|f| f.c.is_ascii_hexdigit()) {
            return None;
        }
        index += length;
    }
    let ends = rest.get(index).is_none_or(|f| !f.c.is_alphanumeric());
    ends.then_some((index, Kind::Id))
}

/// A long run of hexadecimal digits: a digest, a commit, a trace ID.
fn hash(text: &[Folded], at: usize) -> Option<(usize, Kind)> {
    let rest = text.get(at..)?;
    let length = run(rest, 0, |c| c.is_ascii_hexdigit());
    let ends = rest.get(length).is_none_or(|f| !f.c.is_alphanumeric());
    (ends && length >= 32).then_some((length, Kind::Digest))
}

/// `vpce-0a1b2c3d4e5f60718` and its like.
fn resource_id(text: &[Folded], at: usize) -> Option<(usize, Kind)> {
    let rest = text.get(at..)?;
    let rules = &rules::identities().resource_ids;
    let lists = [
        (&rules.vpce, Kind::Endpoint),
        (&rules.instance, Kind::Instance),
        (&rules.network, Kind::Network),
        (&rules.resource, Kind::Resource),
        (&rules.organization, Kind::Resource),
    ];
    for (index, (prefixes, kind)) in lists.into_iter().enumerate() {
        for prefix in prefixes {
            let from = prefix.chars().count();
            if !same(rest, prefix) || rest.get(from).is_none_or(|f| f.c != '-') {
                continue;
            }
            let length = run(rest, from + 1, |c| c.is_ascii_alphanumeric());
            let id = letters(rest.get(from + 1..).unwrap_or_default(), length);
            let hex = id.chars().all(|c| c.is_ascii_hexdigit());
            let fits = match index {
                4 => (8..=32).contains(&length) && id.chars().any(|c| c.is_ascii_digit()),
                _ => (8..=32).contains(&length) && hex,
            };
            if fits {
                let mut whole = from + 1 + length;
                // The host name of an endpoint has one more part that is its own.
                let tail = rest.get(whole..).unwrap_or_default();
                if kind == Kind::Endpoint && tail.first().is_some_and(|f| f.c == '-') {
                    let more = run(tail, 1, |c| c.is_ascii_alphanumeric());
                    if more == 8 && tail.get(9).is_some_and(|f| matches!(f.c, '.' | '-')) {
                        whole += 9;
                    }
                }
                return Some((whole, kind));
            }
        }
    }
    None
}

fn same(rest: &[Folded], word: &str) -> bool {
    let mut of_text = rest.iter();
    word.chars()
        .all(|c| of_text.next().is_some_and(|f| f.c.eq_ignore_ascii_case(&c)))
}

fn unique_id(text: &[Folded], at: usize) -> Option<(usize, Kind)> {
    let rest = text.get(at..)?;
    let known = &rules::identities().unique_ids.principal;
    let prefix = known.iter().find(|prefix| same(rest, prefix))?;
    let length = run(rest, 0, |c| c.is_ascii_alphanumeric());
    let shouts = rest
        .iter()
        .take(length)
        .all(|f| f.c.is_ascii_uppercase() || f.c.is_ascii_digit());
    let has_digit = rest.iter().take(length).any(|f| f.c.is_ascii_digit());
    (length >= prefix.len() + 8 && (shouts || has_digit)).then_some((length, Kind::Principal))
}

fn mail(text: &[Folded], at: usize) -> Option<(usize, Kind)> {
    let rest = text.get(at..)?;
    let local = run(rest, 0, |c| c.is_alphanumeric() || "._%+-".contains(c)).min(65);
    if local > 64 || rest.get(local)?.c != '@' {
        return None;
    }
    let mut domain = run(rest, local + 1, |c| {
        c.is_alphanumeric() || matches!(c, '.' | '-')
    });
    // The full stop of a sentence is not part of it.
    while domain > 0
        && rest
            .get(local + domain)
            .is_some_and(|f| matches!(f.c, '.' | '-'))
    {
        domain -= 1;
    }
    let name = letters(rest.get(local + 1..)?, domain);
    let last = name.rsplit('.').next().unwrap_or_default();
    let image = name == "sha256" || name == "sha512";
    let address = name.parse::<Ipv4Addr>().is_ok();
    let named = name.starts_with(char::is_alphabetic)
        && last.chars().count() >= 2
        && last.chars().all(char::is_alphabetic);
    (!image && (address || named)).then_some((local + 1 + domain, Kind::Mail))
}

/// A host name: dotted, with a known ending, or behind a scheme.
fn host(text: &[Folded], at: usize) -> Option<Match> {
    if back(text, at, 1).is_some_and(|c| matches!(c, '.' | '-' | '_')) {
        return None;
    }
    let rest = text.get(at..)?;
    let mut length = run(rest, 0, |c| {
        c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
    })
    .min(254);
    while length > 0
        && rest
            .get(length - 1)
            .is_some_and(|f| matches!(f.c, '.' | '-' | '_'))
    {
        length -= 1;
    }
    let name = letters(rest, length).to_lowercase();
    let scheme: String = (4..8)
        .rev()
        .filter_map(|steps| back(text, at, steps))
        .collect();
    let schemed = back(text, at, 1) == Some('/')
        && back(text, at, 2) == Some('/')
        && back(text, at, 3) == Some(':')
        && !scheme.ends_with("file")
        && !scheme.ends_with("s3");
    let dotted_file = scheme.ends_with("file") && back(text, at, 3) == Some(':');
    let rules = &rules::identities().hosts;
    let below = |end: &String| {
        name == **end
            || name
                .strip_suffix(end.as_str())
                .is_some_and(|start| start.ends_with('.'))
    };
    if rules.keep.iter().any(below) {
        return of_aws(&name, length);
    }
    let private_form = name.starts_with("ip-")
        && name.split('.').next().is_some_and(|first| {
            first
                .split('-')
                .skip(1)
                .filter(|part| part.parse::<u8>().is_ok())
                .count()
                == 4
        });
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let dotted = ending.is_some_and(|ending| rules.endings.iter().any(|known| known == ending));
    // A name with a port or behind a scheme is a host whatever it ends like.
    let fits = private_form || (dotted && !dotted_file) || (schemed && length >= 2);
    fits.then(|| Match::whole(length, What::Id(Kind::Host)))
}

/// Hosts of AWS that carry a name of ours: the part before the service goes.
fn of_aws(name: &str, length: usize) -> Option<Match> {
    let labels: Vec<&str> = name.split('.').collect();
    let owned = [
        "s3",
        "elb",
        "rds",
        "execute-api",
        "eks",
        "cache",
        "es",
        "aoss",
        "lambda-url",
        "compute",
        "awsapps",
        "signin",
    ];
    let service = labels.iter().skip(1).position(|label| {
        owned.iter().any(|known| {
            label == known
                || label
                    .strip_prefix(known)
                    .is_some_and(|rest| rest.starts_with('-'))
        })
    })?;
    let before: usize = labels
        .iter()
        .take(service + 1)
        .map(|label| label.chars().count() + 1)
        .sum();
    let kind = if labels
        .get(service + 1)
        .is_some_and(|label| label.starts_with("s3"))
    {
        Kind::Bucket
    } else {
        Kind::Host
    };
    let to = before.checked_sub(1)?;
    Some(Match {
        length,
        parts: vec![(0, to, What::Id(kind))],
    })
}

/// The name below a folder of homes goes; `/` and `\` both part a path.
fn home(text: &[Folded], at: usize) -> Option<Match> {
    let rest = text.get(at..)?;
    let slash = rest.first()?.c;
    let homes = &rules::identities().paths.homes;
    let from = homes.iter().find_map(|folder| {
        let length = folder.chars().count();
        let ends = rest.get(length + 1).is_some_and(|f| f.c == slash);
        (ends && same(rest.get(1..)?, folder)).then_some(length + 2)
    })?;
    let length = run(rest, from, |c| {
        c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
    });
    (length > 0).then(|| Match {
        length: from + length,
        parts: vec![(from, from + length, What::Id(Kind::User))],
    })
}

fn bucket(text: &[Folded], at: usize) -> Option<Match> {
    let rest = text.get(at..)?;
    if !same(rest, "s3://") {
        return None;
    }
    let length = run(rest, 5, |c| {
        c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
    });
    (length > 0).then(|| Match {
        length: 5 + length,
        parts: vec![(5, 5 + length, What::Id(Kind::Bucket))],
    })
}
