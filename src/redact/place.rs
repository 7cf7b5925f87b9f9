//! Whole fields whose meaning is known: what is a public name of AWS, and which names a value holds.

use super::fold::fold;
use super::hit::What;
use super::kind::Kind;
use super::{arn, rules, shapes};

/// Whether a field holds a name of AWS itself, which names nobody: a service principal, `AWS
/// Internal`, or nothing.
pub(super) fn is_public(value: &str) -> bool {
    if value.is_empty() || value == "?" || value == "aws" || value == "*" || value == "—" {
        return true;
    }
    if value.eq_ignore_ascii_case("AWS Internal") || value.eq_ignore_ascii_case("AWS Service") {
        return true;
    }
    let aws_made = &rules::identities().arns.aws_roles;
    if aws_made.iter().any(|role| value.starts_with(role.as_str())) && !value.contains(':') {
        return true;
    }
    // `ecs-tasks.amazonaws.com`: letters and dashes only, or it is a host of somebody.
    [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|end| {
        value.strip_suffix(end).is_some_and(|service| {
            service.split('.').count() <= 2
                && service
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '.' | '0'..='9'))
                && service.chars().filter(char::is_ascii_digit).count() <= 3
        })
    })
}

pub(super) fn is_arn(value: &str) -> bool {
    value
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("arn:"))
}

/// The kind of a whole value: what its shape says, else what its field says.
pub(super) fn kind_of(field: Kind, value: &str) -> Kind {
    shapes::kind_of_id(value).unwrap_or(field)
}

/// The names a field's value is made of, each to be hidden wherever it stands.
pub(super) fn parts(field: Kind, value: &str) -> Vec<(String, Kind)> {
    let folded = fold(value);
    if is_arn(value)
        && let Some(found) = arn::at(&folded, 0)
    {
        return found
            .parts
            .iter()
            .filter_map(|(from, to, what)| {
                let What::Id(kind) = what else { return None };
                let (first, last) = (folded.get(*from)?, folded.get(to.checked_sub(1)?)?);
                Some((value.get(first.from..last.to)?.to_owned(), *kind))
            })
            .collect();
    }
    vec![(value.to_owned(), kind_of(field, value))]
}
