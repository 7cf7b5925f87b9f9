//! Which lines of the evidence ledger a sentence rests on. Never invents an ID: only lines of the
//! ledger are cited.

use crate::bundle::manifest::Noun;
use crate::case::Interval;
use crate::facts::types::{Evidence, Facts};

/// More lines than this make a citation unreadable; then only those of the incident's hours count.
const MANY: usize = 6;

/// IDs by source, narrowed to one incident where the ledger names hours.
#[derive(Debug, Clone, Default)]
pub(super) struct Cite {
    lines: Vec<(String, String)>,
}

impl Cite {
    /// The lines worth citing for `span`.
    pub(super) fn new(facts: &Facts, span: Interval) -> Self {
        let mut lines = Vec::new();
        for noun in Noun::ALL {
            let all: Vec<&Evidence> = facts
                .evidence
                .iter()
                .filter(|line| line.noun == noun.word())
                .collect();
            let near: Vec<&Evidence> = if all.len() > MANY {
                let hours = hours(span);
                all.iter()
                    .copied()
                    .filter(|line| hours.iter().any(|hour| line.query.contains(hour.as_str())))
                    .collect()
            } else {
                Vec::new()
            };
            // A ledger that does not name hours is cited from its start.
            let chosen = if near.is_empty() { all } else { near };
            lines.extend(
                chosen
                    .into_iter()
                    .take(MANY)
                    .map(|line| (line.noun.clone(), line.id.clone())),
            );
        }
        Self { lines }
    }

    /// IDs of one source.
    pub(super) fn of(&self, noun: Noun) -> Vec<String> {
        self.lines
            .iter()
            .filter(|(word, _)| word == noun.word())
            .map(|(_, id)| id.clone())
            .collect()
    }
}

/// The hours a span touches, as bundle file names may write them, at most [`MANY`].
fn hours(span: Interval) -> Vec<String> {
    let mut out = Vec::new();
    let into_hour = span.from.timestamp().rem_euclid(3600);
    let mut at = span
        .from
        .checked_sub_signed(chrono::Duration::seconds(into_hour))
        .unwrap_or(span.from);
    for _ in 0..MANY {
        out.push(at.format("%Y-%m-%dT%H").to_string());
        out.push(at.format("%Y%m%d%H").to_string());
        out.push(at.format("%Y-%m-%d-%H").to_string());
        out.push(at.format("%Y-%m-%d/%H").to_string());
        let Some(next) = at.checked_add_signed(chrono::Duration::hours(1)) else {
            break;
        };
        at = next;
        if at >= span.to {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::stage::{self, at};

    #[test]
    fn many_lines_narrow_to_the_hours_and_only_ledger_ids_come_out() {
        let mut facts = stage::facts();
        facts.evidence = (0..30)
            .map(|hour| Evidence {
                id: format!("E{hour}"),
                noun: "trail".into(),
                query: format!(
                    "calls/hour=2026-03-{:02}T{:02}.parquet",
                    11 + hour / 24,
                    hour % 24
                ),
                params: String::new(),
                rows: 1,
                sha256: String::new(),
            })
            .collect();
        let cite = Cite::new(&facts, Interval::new(at(7, 10), at(8, 10)));
        assert_eq!(cite.of(Noun::Trail), vec!["E7", "E8"]);
        assert!(cite.of(Noun::Health).is_empty());
    }
}
