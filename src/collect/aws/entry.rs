//! The parts of a source made into its line of the ledger: what was asked, what came, what failed.
//!
//! Pure. The same parts give the same entry whatever the order in which they arrived.

use super::fault::Trouble;
use super::{Part, known};
use crate::bundle::manifest::{Bill, Noun, Outcome, Refusal, SourceEntry, Tally};
use crate::bundle::raw::RawAnswer;
use crate::case::Interval;
use crate::collect::count;
use std::collections::BTreeMap;

/// The answers of a source by place, and its entry.
pub(super) fn of(
    noun: Noun,
    mut parts: Vec<Part>,
    bill: Bill,
    whole: Interval,
) -> (Vec<RawAnswer>, SourceEntry) {
    parts.sort_by(|a, b| (&a.account, &a.region).cmp(&(&b.account, &b.region)));
    let answers: Vec<RawAnswer> = parts.iter().flat_map(|part| part.answers.clone()).collect();
    let counted = count::records(noun, &answers, whole);
    let mut tally = Tally::default();
    for part in counted.by_scope.values() {
        tally.add(part);
    }
    let mut refusals = counted.refusals;
    let troubles: Vec<(&Part, &Trouble)> = parts
        .iter()
        .flat_map(|part| part.troubles.iter().map(move |trouble| (part, trouble)))
        .collect();
    // One trouble is told by the outcome; of several each has its line.
    if troubles.len() > 1 {
        refusals.extend(troubles.iter().map(|(part, trouble)| {
            Refusal {
                input: format!("{} {}", noun.word(), part.place())
                    .trim_end()
                    .to_owned(),
                why: format!("{}. {}", trouble.sentence(), trouble.hint),
                partly_used: !part.answers.is_empty(),
            }
        }));
    }
    let mut missing: Vec<String> = parts
        .iter()
        .flat_map(|part| {
            let place = part.place();
            part.missing.iter().map(move |what| match place.as_str() {
                "" => what.clone(),
                place => format!("{place}: {what}"),
            })
        })
        .collect();
    // An empty answer is only a riddle while nobody said why it is empty.
    let explained = !missing.is_empty() || !troubles.is_empty();
    missing.extend(
        counted
            .missing
            .into_iter()
            .filter(|what| !(explained && what.starts_with("no series has a point"))),
    );
    let entry = SourceEntry {
        noun,
        outcome: outcome(noun, !answers.is_empty(), &troubles, &missing),
        asked: asked(&parts),
        tally,
        by_scope: counted.by_scope,
        refusals: refusals.into_iter().collect(),
        files_read: 0,
        files_pruned: 0,
        files_late: 0,
        signed: None,
        lateness_s: 0,
        bytes_read: 0,
        bill: Some(bill),
    };
    (answers, entry)
}

fn asked(parts: &[Part]) -> Vec<String> {
    let mut asked: Vec<String> = Vec::new();
    for line in parts.iter().flat_map(|part| &part.asked) {
        if !asked.contains(line) {
            asked.push(line.clone());
        }
    }
    asked
}

/// Troubles of one sort in many places make one clause.
pub(super) fn told(troubles: &[(&Part, &Trouble)]) -> (Vec<String>, Vec<String>) {
    type Sort<'a> = (known::Kind, &'a str, &'a str);
    let mut groups: BTreeMap<Sort<'_>, Vec<(&Part, &Trouble)>> = BTreeMap::new();
    for (part, trouble) in troubles {
        let key = (trouble.kind, trouble.action.as_str(), trouble.code.as_str());
        groups.entry(key).or_default().push((part, trouble));
    }
    let mut clauses = Vec::new();
    let mut hints: Vec<String> = Vec::new();
    for group in groups.values() {
        let Some((part, trouble)) = group.first() else {
            continue;
        };
        let place = part.place();
        let mut clause = match place.as_str() {
            "" => trouble.sentence(),
            place => format!("{place}: {}", trouble.sentence()),
        };
        if group.len() > 1 {
            clause.push_str(&format!(" (and {} more like this)", group.len() - 1));
        }
        clauses.push(clause);
        if !trouble.hint.is_empty() && !hints.contains(&trouble.hint) {
            hints.push(trouble.hint.clone());
        }
    }
    (clauses, hints)
}

fn outcome(
    noun: Noun,
    answered: bool,
    troubles: &[(&Part, &Trouble)],
    missing: &[String],
) -> Outcome {
    let (clauses, hints) = told(troubles);
    if !answered {
        return Outcome::Unavailable {
            why: match clauses.as_slice() {
                [] => missing
                    .first()
                    .cloned()
                    .unwrap_or_else(|| format!("nobody could be asked for {}", noun.word())),
                clauses => clauses.join("; "),
            },
            hint: hints.join(" "),
        };
    }
    if clauses.is_empty() && missing.is_empty() {
        return Outcome::Complete;
    }
    let mut why: Vec<String> = clauses;
    why.extend(missing.iter().cloned());
    let mut why = why.join("; ");
    if !hints.is_empty() {
        why.push_str(". ");
        why.push_str(hints.join(" ").trim_end_matches('.'));
    }
    Outcome::Partial { why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::raw::Shape;
    use crate::case::{Interval, instant};
    use serde_json::json;

    fn trouble(kind: known::Kind) -> Trouble {
        Trouble {
            kind,
            action: "servicequotas:ListServiceQuotas".to_owned(),
            what: "permission was denied".to_owned(),
            hint: "Allow servicequotas:ListServiceQuotas.".to_owned(),
            code: "AccessDenied".to_owned(),
            request_id: String::new(),
        }
    }

    fn whole() -> Interval {
        Interval::new(instant(0), instant(3600))
    }

    fn part(region: &str, answered: bool, denied: bool) -> Part {
        let mut part = Part::new(Noun::Quotas, "111122223333", region);
        if answered {
            part.answers.push(RawAnswer {
                input: region.to_owned(),
                shape: Shape::ListServiceQuotas,
                answer: json!({"Quotas": [{"QuotaCode": "L-1", "Value": 1.0,
                    "QuotaArn": format!("arn:aws:servicequotas:{region}:111122223333:ecr/L-1")}]}),
            });
        }
        if denied {
            part.troubles.push(trouble(known::Kind::Denied));
        }
        part
    }

    #[test]
    fn one_failing_place_makes_the_source_partial_and_names_the_action() {
        let parts = vec![
            part("us-west-2", false, true),
            part("us-east-1", true, false),
        ];
        let (answers, entry) = of(Noun::Quotas, parts, Bill::default(), whole());
        assert_eq!(answers.len(), 1);
        let Outcome::Partial { why } = &entry.outcome else {
            panic!("{entry:?}")
        };
        assert!(why.contains("111122223333/us-west-2"), "{why}");
        assert!(
            why.contains("Allow servicequotas:ListServiceQuotas"),
            "{why}"
        );
        assert!(entry.tally.balances() && entry.tally.used == 1);
    }

    #[test]
    fn order_of_arrival_does_not_show() {
        let parts = vec![part("us-west-2", true, true), part("us-east-1", true, true)];
        let mut other = parts.clone();
        other.reverse();
        let one = of(Noun::Quotas, parts, Bill::default(), whole());
        assert_eq!(one, of(Noun::Quotas, other, Bill::default(), whole()));
    }

    #[test]
    fn nothing_answered_is_unavailable_with_the_hint() {
        let parts = vec![part("us-east-1", false, true)];
        let (_, entry) = of(Noun::Quotas, parts, Bill::default(), whole());
        assert!(
            matches!(entry.outcome, Outcome::Unavailable { ref hint, .. }
            if hint.contains("Allow"))
        );
    }
}
