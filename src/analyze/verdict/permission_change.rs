//! Denials that follow a change of permissions. Only a change that can reach the denied callers
//! counts; an edit of another repository's policy does not.

use super::card::Card;
use super::fill;
use super::scene::Scene;
use super::shared;
use crate::analyze::change::{PRINCIPAL_PREFIXES, SHORT_NAMES, mentions};
use crate::analyze::types::ChangeCandidate;
use crate::analyze::words;
use crate::bundle::manifest::Noun;
use crate::ecr::Class;
use crate::facts::types::Share;

/// Whether a change covers one value of a dimension.
type Covers<'a> = dyn Fn(&Share) -> bool + 'a;

/// Most denials must be on what the change covers.
const COVERED: f64 = 0.8;

pub(super) fn weigh(scene: &Scene<'_>) -> Card {
    let cause = "permission_change";
    if scene.class() != Some(Class::Denied) {
        return Card::foreign(
            cause,
            format!("a permission shows as denials; {}.", scene.signal_words()),
        );
    }
    let mut card = Card::new(cause);
    let book = card.book;
    let near: Vec<&ChangeCandidate> =
        shared::changes_before(scene, &book.change_kinds, shared::RIGHT_BEFORE_S)
            .into_iter()
            .filter(|candidate| candidate.explains)
            .collect();
    // A change that names what is denied beats one that may reach it; any other is a coincidence,
    // however close in time: accounts edit policies all day.
    let named = near.iter().find(|candidate| candidate.touches);
    let wide = near
        .iter()
        .find(|candidate| book.wide_changes.contains(&candidate.change.api));
    if let Some(candidate) = named {
        card.hold(
            "named_change",
            &fill::of_change(candidate),
            fill::change_evidence(scene),
        );
        coverage(scene, &mut card, candidate);
    } else if let Some(candidate) = wide {
        card.hold(
            "wide_change",
            &fill::of_change(candidate),
            fill::change_evidence(scene),
        );
    } else {
        card.block(
            "no successful change of permissions in the 30 minutes before the first denial reaches what is denied.",
        );
    }
    if scene.sharp_edge() {
        card.hold("sharp_edge", &fill::of_calm(scene), scene.cite(Noun::Trail));
    }
    let (part, whole, codes) = scene.codes_like(|code| book.has_code(&code.code));
    if part.saturating_mul(2) > whole {
        card.hold(
            "credentials",
            &[
                ("part", words::count(part)),
                ("whole", words::count(whole)),
                ("codes", codes),
            ],
            scene.cite(Noun::Trail),
        );
    }
    card
}

/// How many denials are on the principals, repositories or endpoints the change names: the best of
/// the three dimensions, since a change names only one of them.
fn coverage(scene: &Scene<'_>, card: &mut Card, candidate: &ChangeCandidate) {
    let change = &candidate.change;
    let named = |name: &str, prefixes: &[&str]| {
        mentions(&change.resource, name, prefixes) || mentions(&change.detail, name, prefixes)
    };
    let role = |share: &Share| {
        let short = share.name.rsplit('/').next().unwrap_or_default();
        named(&share.name, &[])
            || (SHORT_NAMES.contains(&change.event_source.as_str())
                && named(short, &PRINCIPAL_PREFIXES))
    };
    let repository = |share: &Share| named(&share.name, &["repository/"]);
    let endpoint = |share: &Share| named(&share.name, &[]);
    let dimensions: [(&[Share], &Covers<'_>); 3] = [
        (&scene.profile.principals, &role),
        (&scene.profile.repositories, &repository),
        (&scene.profile.vpc_endpoints, &endpoint),
    ];
    let mut best: Option<(u64, u64, String)> = None;
    for (shares, covers) in dimensions {
        let whole = shares
            .iter()
            .map(|s| s.failures)
            .fold(0, u64::saturating_add);
        let covered: Vec<&Share> = shares
            .iter()
            .filter(|share| share.failures > 0 && !share.name.is_empty())
            .filter(|share| covers(share))
            .collect();
        let part = covered
            .iter()
            .map(|s| s.failures)
            .fold(0, u64::saturating_add);
        if part > 0 && best.as_ref().is_none_or(|(known, _, _)| part > *known) {
            let shown = words::list(covered.iter().map(|s| s.name.as_str()), 3);
            best = Some((part, whole, shown));
        }
    }
    let Some((part, whole, name)) = best else {
        return;
    };
    let rule = if part as f64 >= COVERED * whole as f64 {
        "covered"
    } else {
        "uncovered"
    };
    card.hold(
        rule,
        &[
            ("part", words::count(part)),
            ("whole", words::count(whole)),
            ("name", name),
        ],
        scene.cite(Noun::Trail),
    );
}
