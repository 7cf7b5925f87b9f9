//! What this evidence cannot say, and how to get it. A missing source is never read as a calm one.

use super::status::{coverage, refused, source, unsettled, was_read};
use super::words;
use crate::bundle::manifest::{Noun, Outcome};
use crate::ecr::Class;
use crate::facts::types::{Facts, Gap};

/// Prior days below which the statistics are called uncalibrated.
const CALIBRATED_DAYS: u32 = 3;

/// All gaps found while judging, sorted and distinct, without those the facts already name.
pub(super) fn gaps(facts: &Facts) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Noun::ALL
        .into_iter()
        .filter_map(|noun| of_source(facts, noun))
        .collect();
    gaps.extend(refusals(facts));
    gaps.extend(unsettled_minutes(facts));
    gaps.extend(thin_coverage(facts));
    gaps.extend(uncalibrated(facts));
    gaps.extend(always(facts));
    gaps.retain(|gap| {
        !facts
            .gaps
            .iter()
            .any(|known| known.noun == gap.noun && known.what == gap.what)
    });
    gaps.sort();
    gaps.dedup();
    gaps
}

fn gap(noun: &str, what: impl Into<String>, consequence: &str, hint: &str) -> Gap {
    Gap {
        noun: noun.to_owned(),
        what: what.into(),
        consequence: consequence.to_owned(),
        hint: hint.to_owned(),
    }
}

/// What a source is for, and how to get it.
fn purpose(noun: Noun) -> (&'static str, &'static str) {
    match noun {
        Noun::Trail => (
            "No call is known, so nothing can be said about failures.",
            "Pass the trail's files with --cloudtrail PATH.",
        ),
        Noun::Metrics => (
            "The report cannot say how many calls the trail missed, nor tell missing calls from missing records.",
            "Save `aws cloudwatch get-metric-data` of AWS/Usage CallCount and pass it with --metrics.",
        ),
        Noun::Quotas => (
            "The report cannot say whether calls were above the request quota.",
            "Save `aws service-quotas list-service-quotas --service-code ecr` and pass it with --quotas.",
        ),
        Noun::Health => (
            "The report cannot say whether AWS acknowledged a fault to this account.",
            "Save `aws health describe-events --region us-east-1` (needs a Business plan or higher) or EventBridge aws.health events, and pass them with --health.",
        ),
        Noun::Status => (
            "The report cannot say whether AWS published a fault.",
            "Save the public feed https://health.aws.amazon.com/public/currentevents and pass it with --health.",
        ),
    }
}

/// What to do about a source AWS answered in part.
const MEND: &str =
    "Mend what the reason names and run again; `ecr-incident doctor` tries each source.";

fn of_source(facts: &Facts, noun: Noun) -> Option<Gap> {
    let (consequence, hint) = purpose(noun);
    // Without the public feed, Health alone is a full answer (but not the other way round).
    if noun == Noun::Status && !was_read(facts, noun) && was_read(facts, Noun::Health) {
        return None;
    }
    let asked = source(facts, noun).is_some_and(|entry| entry.bill.is_some());
    match source(facts, noun).map(|entry| &entry.outcome) {
        None => Some(gap(noun.word(), "not collected", consequence, hint)),
        Some(Outcome::Unavailable { why, hint: own }) => Some(gap(
            noun.word(),
            format!("unavailable: {why}"),
            consequence,
            if own.is_empty() { hint } else { own },
        )),
        Some(Outcome::Partial { why }) => Some(gap(
            noun.word(),
            format!("partly read: {why}"),
            "What is missing could change any number and any verdict that rests on this source.",
            // Asked of AWS, the reason itself says what to mend; a file would not help.
            if asked { MEND } else { hint },
        )),
        Some(Outcome::Complete) => None,
    }
}

fn refusals(facts: &Facts) -> Vec<Gap> {
    facts
        .sources
        .iter()
        .filter(|entry| !entry.refusals.is_empty())
        .map(|entry| {
            let whole = refused(entry);
            let partly = entry.refusals.len() as u64 - whole;
            gap(
                entry.noun.word(),
                format!(
                    "{} inputs refused, {} read in part",
                    words::count(whole),
                    words::count(partly)
                ),
                "Records in them are missing from every count.",
                "The coverage table names each input with its reason.",
            )
        })
        .collect()
}

fn unsettled_minutes(facts: &Facts) -> Option<Gap> {
    let young = unsettled(facts);
    (!young.is_empty()).then(|| {
        gap(
            Noun::Trail.word(),
            format!(
                "the last {} min of the window are not settled",
                young.minutes()
            ),
            "Records of that time may still arrive: its counts can grow, and a drop at the end may be none.",
            "Run again later; CloudTrail delivers within minutes on average, without a guarantee.",
        )
    })
}

fn thin_coverage(facts: &Facts) -> Option<Gap> {
    let (share, counted) = coverage(facts)?;
    (share < 0.95).then(|| {
        gap(
            Noun::Trail.word(),
            format!(
                "the trail holds {} of the {} calls CloudWatch counted",
                words::percent(share),
                words::count(counted.round() as u64)
            ),
            "Failure ratios hold for the recorded calls only.",
            "Check the trail's event selectors and that every file of the window was passed.",
        )
    })
}

fn uncalibrated(facts: &Facts) -> Vec<Gap> {
    facts
        .trail
        .iter()
        .filter(|trail| !trail.series.is_empty() && trail.days_with_calls < CALIBRATED_DAYS)
        .map(|trail| {
            gap(
                Noun::Trail.word(),
                format!(
                    "{} complete earlier days with calls in {} {}",
                    trail.days_with_calls, trail.place.account, trail.place.region
                ),
                "Uncalibrated: what is unusual here is judged without enough of the series' own past.",
                "Pass at least three, better seven earlier days (--baseline 7d).",
            )
        })
        .collect()
}

/// What no evidence of this kind can show.
fn always(facts: &Facts) -> Vec<Gap> {
    let mut gaps = Vec::new();
    if facts.case.scope.is_ecr() {
        gaps.push(gap(
            Noun::Trail.word(),
            "downloads of image layers from S3 are invisible",
            "A pull whose layer bytes fail looks complete here.",
            "Look at the container runtime's own messages, or at S3 data events of the layer bucket's endpoint policy.",
        ));
    }
    let any_failures = facts
        .trail
        .iter()
        .flat_map(|trail| &trail.series)
        .any(|series| {
            series.classes.contains_key(&Class::ServerError)
                || series.classes.contains_key(&Class::Throttle)
        });
    let why = if any_failures {
        "Counts of server faults and throttles are lower bounds."
    } else {
        "That none are recorded does not prove that none happened."
    };
    gaps.push(gap(
        Noun::Trail.word(),
        "calls turned away before they reach the service may leave no record",
        why,
        "Compare with client logs (HTTP 429, 5xx, timeouts).",
    ));
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::stage;

    #[test]
    fn every_missing_source_is_named_with_its_consequence_and_hint() {
        let mut facts = stage::facts();
        facts.sources.clear();
        let found = gaps(&facts);
        for noun in Noun::ALL {
            let named = found
                .iter()
                .find(|gap| gap.noun == noun.word() && gap.what == "not collected")
                .unwrap_or_else(|| panic!("no gap for {noun:?}"));
            assert!(!named.consequence.is_empty() && !named.hint.is_empty());
        }
    }

    #[test]
    fn a_gap_of_the_facts_is_not_said_twice() {
        let mut facts = stage::facts();
        facts.sources.retain(|entry| entry.noun != Noun::Health);
        facts.gaps = vec![gap("health", "not collected", "c", "h")];
        assert!(!gaps(&facts).iter().any(|gap| gap.noun == "health"));
    }
}
