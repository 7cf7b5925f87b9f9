//! Which lines of the evidence ledger a sentence rests on. Never invents an ID: only lines of the
//! ledger are cited.

use crate::bundle::manifest::Noun;
use crate::facts::types::{Evidence, Facts};

/// More lines than this make a citation unreadable; the first ones stand for the source.
const MOST: usize = 6;

/// Ledger lines of a source, in ledger order; of the trail those of its calls.
pub(super) fn of(facts: &Facts, noun: Noun) -> Vec<String> {
    if noun == Noun::Trail {
        return narrowed(facts, "calls/");
    }
    ids(facts
        .evidence
        .iter()
        .filter(|line| line.noun == noun.word()))
}

/// The trail's line of changes; a ledger that keeps them with the calls is cited as a whole.
pub(super) fn changes(facts: &Facts) -> Vec<String> {
    narrowed(facts, "changes")
}

/// The trail's line of other services' counts; a ledger without one is cited as a whole.
pub(super) fn other_services(facts: &Facts) -> Vec<String> {
    narrowed(facts, "controls")
}

fn narrowed(facts: &Facts, word: &str) -> Vec<String> {
    let lines = || {
        facts
            .evidence
            .iter()
            .filter(|line| line.noun == Noun::Trail.word())
    };
    let near = ids(lines().filter(|line| line.query.contains(word)));
    if near.is_empty() { ids(lines()) } else { near }
}

fn ids<'a>(lines: impl Iterator<Item = &'a Evidence>) -> Vec<String> {
    lines.take(MOST).map(|line| line.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::stage;

    #[test]
    fn changes_cite_their_own_line_where_the_ledger_has_one() {
        let mut facts = stage::facts();
        assert_eq!(changes(&facts), of(&facts, Noun::Trail));
        facts.evidence.push(Evidence {
            id: "E9".into(),
            noun: "trail".into(),
            query: "raw/trail-changes* (changes that can break a registry)".into(),
            params: String::new(),
            rows: 3,
            sha256: String::new(),
        });
        assert_eq!(changes(&facts), ["E9"]);
        assert_eq!(of(&facts, Noun::Trail), ["E1", "E9"]);
        for line in &mut facts.evidence {
            if line.id == "E1" {
                line.query = "calls/* (calls)".into();
            }
        }
        assert_eq!(of(&facts, Noun::Trail), ["E1"]);
        facts.evidence.clear();
        assert!(changes(&facts).is_empty());
    }
}
