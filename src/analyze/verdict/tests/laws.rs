//! Laws over every story: blindness, citation, whole sentences, order, and no panic on any number.

use super::*;
use crate::analyze::types::{Detected, Episode, Significance};
use crate::analyze::verdict::rulebook::{self, CAUSES};
use crate::case::{Interval, Minute, instant};
use crate::facts::types::{PrincipalSeries, SecondSeries, Share};
use proptest::prelude::*;

/// The answer of a story after something was taken away: never surer, never newly against AWS.
fn less_sure(story: &Story, facts: &Facts, what: &str) {
    let full = story.verdict();
    let less = verdict(facts, &story.draft, &story.profile);
    assert!(
        less.confidence <= full.confidence,
        "{} without {what}: {:?} after {:?}",
        story.name,
        less.confidence,
        full.confidence
    );
    assert!(
        less.side != Side::Aws || full.side == Side::Aws,
        "{} without {what} blames AWS",
        story.name
    );
}

#[test]
fn taking_a_source_away_never_makes_the_answer_surer() {
    for story in stories() {
        for noun in [Noun::Health, Noun::Status, Noun::Quotas, Noun::Metrics] {
            less_sure(&story, &without(&story.facts, noun), noun.word());
            for second in [Noun::Health, Noun::Quotas, Noun::Metrics] {
                let less = without(&without(&story.facts, noun), second);
                less_sure(&story, &less, "two sources");
            }
        }
    }
}

#[test]
fn taking_the_changes_away_never_makes_the_answer_surer() {
    for story in stories() {
        // A change that took the quiet of our own side away is evidence of the trail itself, not a
        // source that can be missing by itself: the one case in which its absence speaks.
        if story.name == "own change takes the headroom" {
            continue;
        }
        let mut facts = story.facts.clone();
        for trail in &mut facts.trail {
            trail.changes.clear();
        }
        less_sure(&story, &facts, "changes");
    }
}

#[test]
fn a_missing_source_is_named_among_what_would_change_the_answer() {
    for story in stories() {
        for (noun, word) in [
            (Noun::Health, "AWS Health was not read"),
            (Noun::Quotas, "Service Quotas were not read"),
            (Noun::Metrics, "CloudWatch"),
        ] {
            let less = verdict(&without(&story.facts, noun), &story.draft, &story.profile);
            let said = less.would_change.iter().any(|line| line.contains(word));
            let wanted = match (noun, story.draft.signal.class()) {
                // A rate limit says nothing about who may call or what is there.
                (Noun::Quotas, Some(Class::Denied | Class::NotFound | Class::Dependency)) => false,
                // Of server faults only the cause that speaks of the load asks for it.
                (Noun::Quotas, Some(class)) if class != Class::Throttle => continue,
                (Noun::Quotas, None) => continue,
                _ => true,
            };
            assert_eq!(
                said,
                wanted,
                "{} without {}: {:#?}",
                story.name,
                noun.word(),
                less.would_change
            );
        }
    }
}

#[test]
fn every_cited_line_is_in_the_ledger_and_every_reason_of_numbers_cites() {
    for story in stories() {
        let ids: BTreeSet<&str> = story.facts.evidence.iter().map(|e| e.id.as_str()).collect();
        let verdict = story.verdict();
        for hypothesis in &verdict.hypotheses {
            for reason in hypothesis
                .evidence_for
                .iter()
                .chain(&hypothesis.evidence_against)
            {
                for id in &reason.evidence {
                    assert!(ids.contains(id.as_str()), "{}: {id}", story.name);
                }
            }
        }
        for reason in &verdict.evidence_for {
            assert!(
                !reason.evidence.is_empty(),
                "{}: {}",
                story.name,
                reason.text
            );
        }
    }
}

#[test]
fn every_sentence_is_whole() {
    for story in stories() {
        let verdict = story.verdict();
        let mut texts: Vec<&str> = verdict.would_change.iter().map(String::as_str).collect();
        for hypothesis in &verdict.hypotheses {
            texts.push(&hypothesis.rejected_because);
            let reasons = hypothesis
                .evidence_for
                .iter()
                .chain(&hypothesis.evidence_against);
            texts.extend(reasons.map(|reason| reason.text.as_str()));
        }
        for text in texts {
            assert!(!text.contains('{'), "{}: {text}", story.name);
        }
    }
}

#[test]
fn every_hypothesis_is_listed_once_with_its_reason() {
    for story in stories() {
        let verdict = story.verdict();
        let causes: BTreeSet<&str> = verdict
            .hypotheses
            .iter()
            .map(|h| h.cause.as_str())
            .collect();
        assert_eq!(causes, BTreeSet::from(CAUSES), "{}", story.name);
        assert_eq!(verdict.hypotheses.len(), CAUSES.len());
        let first = verdict.hypotheses.first().unwrap();
        assert_eq!(first.cause, verdict.cause);
        for (index, hypothesis) in verdict.hypotheses.iter().enumerate() {
            assert_eq!(
                hypothesis.rejected_because.is_empty(),
                index == 0,
                "{}: {}",
                story.name,
                hypothesis.cause
            );
        }
    }
}

#[test]
fn every_cause_wins_some_story() {
    let won: BTreeSet<String> = stories()
        .iter()
        .map(|story| story.verdict().cause)
        .collect();
    assert_eq!(won, CAUSES.iter().map(|c| (*c).to_owned()).collect());
}

/// The rule names in the code and those in the files are the same: a typo would silently lose a rule.
#[test]
fn rules_in_code_and_files_agree() {
    let shared = include_str!("../shared.rs");
    for (cause, code) in [
        ("aws_service_fault", include_str!("../aws_service_fault.rs")),
        (
            "aws_side_throttling",
            include_str!("../aws_side_throttling.rs"),
        ),
        ("quota_exhaustion", include_str!("../quota_exhaustion.rs")),
        ("retry_storm", include_str!("../retry_storm.rs")),
        ("permission_change", include_str!("../permission_change.rs")),
        ("kms_key", include_str!("../kms_key.rs")),
        ("image_removed", include_str!("../image_removed.rs")),
        ("resource_quota", include_str!("../resource_quota.rs")),
        ("network_path", include_str!("../network_path.rs")),
        (
            "caller_configuration",
            include_str!("../caller_configuration.rs"),
        ),
        ("upstream_registry", include_str!("../upstream_registry.rs")),
        ("evidence_gap", include_str!("../evidence_gap.rs")),
        ("undetermined", include_str!("../undetermined.rs")),
    ] {
        let book = rulebook::of(cause);
        for rule in &book.rule {
            let quoted = format!("\"{}\"", rule.id);
            assert!(
                code.contains(&quoted) || shared.contains(&quoted),
                "{cause}: no code holds the rule {}",
                rule.id
            );
        }
        let called = code
            .split(".hold(")
            .skip(1)
            .filter_map(|rest| rest.trim_start().strip_prefix('"'))
            .filter_map(|rest| rest.split('"').next());
        for id in called {
            assert!(
                book.rule.iter().any(|rule| rule.id == id),
                "{cause}: no rule {id}"
            );
        }
    }
}

#[test]
fn shuffled_input_gives_the_same_answer() {
    for story in stories() {
        let mut profile = story.profile.clone();
        profile.principals.reverse();
        profile.repositories.reverse();
        profile.codes.reverse();
        let mut facts = story.facts.clone();
        for trail in &mut facts.trail {
            trail.changes.reverse();
        }
        facts.notices.reverse();
        let shuffled = verdict(&facts, &story.draft, &profile);
        let straight = story.verdict();
        assert_eq!(shuffled.cause, straight.cause, "{}", story.name);
        assert_eq!(shuffled.confidence, straight.confidence, "{}", story.name);
    }
}

fn any_share() -> impl Strategy<Value = Share> {
    ("[a-z/:]{0,6}", any::<[u64; 4]>()).prop_map(|(name, [calls, failures, before, bad])| Share {
        name,
        calls,
        failures,
        baseline_calls: before,
        baseline_failures: bad,
    })
}

fn any_class() -> impl Strategy<Value = Class> {
    proptest::sample::select(Class::ALL.to_vec())
}

fn any_signal() -> impl Strategy<Value = Signal> {
    prop_oneof![
        any_class().prop_map(Signal::Failures),
        Just(Signal::TrafficSurge),
        Just(Signal::TrafficDrop),
    ]
}

fn any_profile() -> impl Strategy<Value = Profile> {
    (
        proptest::collection::vec(any_share(), 0..5),
        proptest::collection::vec(any_share(), 0..4),
        proptest::collection::vec((any::<i64>(), any::<u32>(), any::<u32>()), 0..6),
        any::<i64>(),
        proptest::collection::vec(any::<u32>(), 0..8),
        any_class(),
        any::<[u64; 4]>(),
    )
        .prop_map(
            |(principals, others, seconds, start, minutes, class, n)| Profile {
                codes: vec![
                    stage::code("BatchGetImage", class, "X", n[0] / 2),
                    stage::code("PutImage", Class::Unclassified, "Y", n[1] / 2),
                ],
                principal_series: principals
                    .iter()
                    .map(|share| PrincipalSeries {
                        principal: share.name.clone(),
                        start: Minute(start),
                        calls: minutes.clone(),
                        failures: minutes.clone(),
                    })
                    .collect(),
                principals,
                repositories: others.clone(),
                vpc_endpoints: others,
                seconds: vec![SecondSeries {
                    api: "BatchGetImage".into(),
                    seconds,
                }],
                controls: vec![ControlGroup {
                    kind: "region".into(),
                    name: "x".into(),
                    calls: n[0],
                    failures: n[1],
                    baseline_calls: n[2],
                    baseline_failures: n[3],
                }],
                ..Profile::default()
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Arbitrary numbers and times: the answer may be poor, but it is an answer, and AWS is only
    /// blamed on two legs.
    #[test]
    fn never_panics_and_never_blames_aws_on_one_leg(
        signal in any_signal(),
        profile in any_profile(),
        from in -8_000_000_000_000i64..8_000_000_000_000,
        length in 0i64..200_000,
        calls in any::<[u64; 2]>(),
        ratio in any::<f64>(),
        limit in any::<f64>(),
        lag in -10_000i64..10_000,
    ) {
        let mut facts = busy();
        facts.quotas = vec![stage::quota("BatchGetImage", limit)];
        let span = Interval::new(instant(from), instant(from.saturating_add(length)));
        let mut notice = stage::notice((9, 0), (9, 30));
        notice.impact = Some(Interval::new(instant(from.saturating_add(lag)), instant(from.saturating_add(lag + 600))));
        facts.notices = vec![notice];
        let mut change = stage::change("kms", "DisableKey", (8, 0), "a", &Class::ALL);
        change.time = instant(from.saturating_sub(60));
        stage::add_change(&mut facts, change);
        let mut draft = stage::draft(signal, &["BatchGetImage", "PutImage"], (9, 0), (9, 10));
        draft.span = span;
        draft.episodes.push(Episode {
            calls: calls[0],
            failures: calls[1],
            baseline_ratio: ratio,
            significance: Significance { score: ratio, ..draft.episodes.first().unwrap().significance.clone() },
            ..draft.episodes.first().unwrap().clone()
        });
        let found = crate::analyze::judge(
            &facts,
            Detected { drafts: vec![draft], anomalies: Vec::new() },
            vec![profile],
        );
        let verdict = &found.incidents.first().unwrap().verdict;
        let winner = verdict.hypotheses.first().unwrap();
        prop_assert!(verdict.side != Side::Aws || winner.legs >= 2);
    }
}
