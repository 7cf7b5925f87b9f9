//! Amazon Resource Names: partition, service and region stay, account and resource are hidden part by
//! part, so that the same role is the same pseudonym in every ARN that names it.
//!
//! Form: `arn:partition:service:region:account:resource` (AWS general reference, ARNs). A message may
//! cut one anywhere; what is left of an account number is still hidden.

use super::fold::Folded;
use super::hit::{Match, What};
use super::kind::Kind;
use super::{rules, secrets, shapes};

/// The ARN that starts at `at`.
pub(super) fn at(text: &[Folded], at: usize) -> Option<Match> {
    let rest = text.get(at..)?;
    let is = |index: usize, c: char| {
        rest.get(index)
            .is_some_and(|f| f.c.eq_ignore_ascii_case(&c))
    };
    if !(is(0, 'a') && is(1, 'r') && is(2, 'n') && is(3, ':')) {
        return None;
    }
    let before = at.checked_sub(1).and_then(|index| text.get(index));
    if before.is_some_and(|f| f.c.is_alphanumeric()) {
        return None;
    }
    let letters: Vec<char> = rest.iter().take(2048).map(|f| f.c).collect();
    let length = end(&letters);
    let arn = letters.get(..length)?;
    // Where each of the six fields starts; the resource runs to the end, colons and all.
    let mut starts = vec![0];
    for (index, c) in arn.iter().enumerate() {
        if *c == ':' && starts.len() < 6 {
            starts.push(index + 1);
        }
    }
    if starts.len() < 4 {
        return None;
    }
    let field = |number: usize| -> Option<(usize, usize)> {
        let from = *starts.get(number)?;
        let to = starts.get(number + 1).map_or(length, |next| next - 1);
        Some((from, to))
    };
    let words = |(from, to): (usize, usize)| -> String {
        arn.get(from..to).unwrap_or_default().iter().collect()
    };
    let service = field(2).map(words).unwrap_or_default().to_ascii_lowercase();
    let account = field(4).map(words).unwrap_or_default();
    let public = rules::identities().arns.public_services.contains(&service);
    let mut parts = Vec::new();
    if public && account.is_empty() {
        parts.push((0, length, What::Keep));
        return Some(Match { length, parts });
    }
    if let Some((from, to)) = field(4)
        && !account.is_empty()
        && account != "aws"
        && account != "*"
    {
        parts.push((from, to, What::Id(Kind::Account)));
    }
    if let Some((from, to)) = field(5)
        && account != "aws"
    {
        let name: String = words((from, to));
        for (start, stop, kind) in resource(&service, &name) {
            parts.push((from + start, from + stop, What::Id(kind)));
        }
    }
    for (from, to, what) in &mut parts {
        let value: String = words((*from, *to));
        if value == "*" {
            *what = What::Keep;
        } else if secrets::holds(&value) {
            *what = What::Secret;
        }
    }
    Some(Match { length, parts })
}

/// Where an ARN ends: at a space, a quote or a bracket, or at punctuation that ends a sentence.
fn end(letters: &[char]) -> usize {
    let closing = |c: char| c.is_whitespace() || c.is_control() || "'\"`<>()[]{}|;\\".contains(c);
    let mut length = letters
        .iter()
        .position(|c| closing(*c))
        .unwrap_or(letters.len());
    // A comma may stand in a name, but the one before a space or at the end does not.
    while length > 4
        && letters
            .get(length - 1)
            .is_some_and(|c| matches!(c, '.' | ',' | '!' | '?'))
    {
        length -= 1;
    }
    length
}

/// The parts of a resource that are names, in characters of it.
fn resource(service: &str, name: &str) -> Vec<(usize, usize, Kind)> {
    let rules = &rules::identities().arns;
    let letters: Vec<char> = name.chars().collect();
    let length = letters.len();
    let separator = letters.iter().position(|c| matches!(c, '/' | ':'));
    let Some(separator) = separator else {
        let kind = match service {
            "s3" => Kind::Bucket,
            _ if name == "root" => return Vec::new(),
            _ => shapes::kind_of_id(name).unwrap_or(Kind::Resource),
        };
        return some(0, length, kind).into_iter().collect();
    };
    let word: String = letters
        .iter()
        .take(separator)
        .collect::<String>()
        .to_ascii_lowercase();
    let from = separator + 1;
    let after: String = letters.iter().skip(from).collect();
    let aws_made = rules
        .aws_roles
        .iter()
        .any(|role| after.starts_with(role.as_str()));
    let last = letters
        .iter()
        .rposition(|c| *c == '/')
        .map_or(from, |slash| slash + 1);
    let mut parts = Vec::new();
    match (service, word.as_str()) {
        ("sts", "assumed-role") => {
            let slash = letters
                .iter()
                .skip(from)
                .position(|c| *c == '/')
                .map(|at| from + at);
            let name_ends = slash.unwrap_or(length);
            if !aws_made {
                parts.extend(some(from, name_ends, Kind::Role));
            }
            parts.extend(some(name_ends + 1, length, Kind::Session));
        }
        ("iam", "role") if aws_made => {}
        ("iam" | "sts", "role" | "user" | "federated-user") => {
            let kind = if word == "role" {
                Kind::Role
            } else {
                Kind::User
            };
            parts.extend(some(from, last.saturating_sub(1), Kind::Resource));
            parts.extend(some(last, length, kind));
        }
        (service, "repository")
            if rules
                .repository_services
                .iter()
                .any(|known| known == service) =>
        {
            parts.extend(some(from, length, Kind::Repository));
        }
        ("kms", "key") => parts.extend(some(from, length, Kind::Key)),
        ("s3", _) => {
            parts.extend(some(0, separator, Kind::Bucket));
            parts.extend(some(from, length, Kind::Resource));
        }
        _ => {
            let kind = shapes::kind_of_id(&after).unwrap_or(Kind::Resource);
            parts.extend(some(from, length, kind));
        }
    }
    parts
}

fn some(from: usize, to: usize, kind: Kind) -> Option<(usize, usize, Kind)> {
    (from < to).then_some((from, to, kind))
}
