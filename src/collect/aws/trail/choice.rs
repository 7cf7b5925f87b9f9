//! Which trail to read and from where, judged from what CloudTrail says of its trails: pure.
//!
//! Must never choose in silence: what was chosen, and what the chosen trail cannot see, are said in
//! sentences. Sources: CloudTrail API reference, DescribeTrails, GetTrailStatus, GetEventSelectors;
//! user guide, "Logging management events".

use super::bucket::keys::Place;

/// A trail as DescribeTrails, GetTrailStatus and GetEventSelectors describe it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Trail {
    /// ARN, or name when there is none.
    pub(crate) arn: String,
    /// The region it was made in.
    pub(crate) home_region: String,
    /// Whether it sees all regions.
    pub(crate) is_multi_region: bool,
    /// Whether it sees all accounts of an organisation.
    pub(crate) is_organization: bool,
    /// Whether it records global services.
    pub(crate) sees_global: bool,
    /// Bucket and prefix.
    pub(crate) bucket: Option<Place>,
    /// Log group ARN, without `:*`.
    pub(crate) log_group: Option<String>,
    /// Whether it is recording; `None` when the status could not be read.
    pub(crate) is_logging: Option<bool>,
    /// What CloudTrail says went wrong when it last wrote to the log group; empty when nothing did.
    pub(crate) log_error: String,
    /// What went wrong when it last wrote to the bucket; empty when nothing did.
    pub(crate) bucket_error: String,
    /// What it records; `None` when the selectors could not be read.
    pub(crate) sight: Option<Sight>,
}

/// What a trail records of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sight {
    /// Calls that read: every pull is one.
    pub(crate) reads: bool,
    /// Calls that write.
    pub(crate) writes: bool,
}

impl Sight {
    /// Everything.
    pub(crate) const ALL: Self = Self {
        reads: true,
        writes: true,
    };

    fn or(self, other: Self) -> Self {
        Self {
            reads: self.reads || other.reads,
            writes: self.writes || other.writes,
        }
    }
}

/// A basic event selector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Basic {
    /// `All`, `ReadOnly` or `WriteOnly`.
    pub(crate) read_write: String,
    /// Whether management events are recorded at all.
    pub(crate) management: bool,
    /// Services left out.
    pub(crate) excluded: Vec<String>,
}

/// One condition of an advanced event selector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Condition {
    /// `eventCategory`, `eventSource`, `readOnly`, …
    pub(crate) field: String,
    /// Any of these.
    pub(crate) equals: Vec<String>,
    /// Any of these beginnings.
    pub(crate) starts_with: Vec<String>,
    /// Any of these ends.
    pub(crate) ends_with: Vec<String>,
    /// None of these.
    pub(crate) not_equals: Vec<String>,
    /// None of these beginnings.
    pub(crate) not_starts_with: Vec<String>,
    /// None of these ends.
    pub(crate) not_ends_with: Vec<String>,
}

impl Condition {
    fn admits(&self, value: &str) -> bool {
        let any = |list: &[String], holds: fn(&str, &str) -> bool| {
            list.iter().any(|one| holds(value, one))
        };
        let is = |value: &str, one: &str| value == one;
        let starts = |value: &str, one: &str| value.starts_with(one);
        let ends = |value: &str, one: &str| value.ends_with(one);
        let asked =
            !self.equals.is_empty() || !self.starts_with.is_empty() || !self.ends_with.is_empty();
        let found =
            any(&self.equals, is) || any(&self.starts_with, starts) || any(&self.ends_with, ends);
        let refused = any(&self.not_equals, is)
            || any(&self.not_starts_with, starts)
            || any(&self.not_ends_with, ends);
        (!asked || found) && !refused
    }
}

/// What basic selectors let a trail see of a service. A trail without selectors records all
/// management events.
#[must_use]
pub(crate) fn sight_of_basic(selectors: &[Basic], service: &str) -> Sight {
    if selectors.is_empty() {
        return Sight::ALL;
    }
    selectors
        .iter()
        .filter(|selector| selector.management)
        .filter(|selector| !selector.excluded.iter().any(|one| one == service))
        .map(|selector| Sight {
            reads: selector.read_write != "WriteOnly",
            writes: selector.read_write != "ReadOnly",
        })
        .fold(Sight::default(), Sight::or)
}

/// What advanced selectors let a trail see of a service. Selectors are alternatives; conditions of
/// one all have to hold. Conditions on other fields (event name, caller) hide part of the calls and
/// are taken as hiding none, which `notes` says.
#[must_use]
pub(crate) fn sight_of_advanced(selectors: &[Vec<Condition>], service: &str) -> Sight {
    selectors
        .iter()
        .filter(|conditions| {
            let admits = |field: &str, value: &str| {
                conditions
                    .iter()
                    .filter(|condition| condition.field == field)
                    .all(|condition| condition.admits(value))
            };
            admits("eventCategory", "Management") && admits("eventSource", service)
        })
        .map(|conditions| {
            let admits = |value: &str| {
                conditions
                    .iter()
                    .filter(|condition| condition.field == "readOnly")
                    .all(|condition| condition.admits(value))
            };
            Sight {
                reads: admits("true"),
                writes: admits("false"),
            }
        })
        .fold(Sight::default(), Sight::or)
}

/// Where a trail's records are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// A log group, by ARN.
    LogGroup(String),
    /// A bucket.
    Bucket(Place),
}

/// The choice, and everything a reader of the report must know about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    /// The trail, by ARN.
    pub(crate) trail: Option<String>,
    /// Where to read it, best first; the next is tried when one cannot be read.
    pub(crate) from: Vec<From>,
    /// What was chosen and why, for the terminal and the report.
    pub(crate) said: Vec<String>,
    /// What the trail cannot have seen: each is evidence missing.
    pub(crate) missing: Vec<String>,
}

/// Chooses one trail for a region. One is enough, because another of the same account holds the same
/// records again.
#[must_use]
pub(crate) fn choose(trails: &[Trail], regions: &[String]) -> Choice {
    let sees_regions = |trail: &Trail| {
        trail.is_multi_region
            || (!regions.is_empty() && regions.iter().all(|region| *region == trail.home_region))
    };
    let best = trails
        .iter()
        .filter(|trail| trail.bucket.is_some() || trail.log_group.is_some())
        .max_by_key(|trail| {
            (
                trail.is_logging != Some(false),
                trail.sight.is_none_or(|sight| sight.reads),
                sees_regions(trail),
                trail.sight.is_none_or(|sight| sight.writes),
                trail.log_group.is_some() && trail.log_error.is_empty(),
                !trail.is_organization,
                std::cmp::Reverse(trail.arn.clone()),
            )
        });
    let Some(trail) = best else {
        return Choice {
            said: vec![match trails.len() {
                0 => "CloudTrail knows no trail in this account and region".to_owned(),
                count => format!("CloudTrail knows {count} trails, and none names a bucket"),
            }],
            ..Choice::default()
        };
    };
    let mut choice = Choice {
        trail: Some(trail.arn.clone()),
        ..Choice::default()
    };
    if let Some(group) = &trail.log_group {
        choice.from.push(From::LogGroup(group.clone()));
    }
    if let Some(bucket) = &trail.bucket {
        choice.from.push(From::Bucket(bucket.clone()));
        // A log group that is not written to is no better than none.
        if !trail.log_error.is_empty() {
            choice.from.reverse();
        }
    }
    say(trail, trails.len(), &mut choice);
    gaps(trail, regions, sees_regions(trail), &mut choice);
    choice
}

fn say(trail: &Trail, of: usize, choice: &mut Choice) {
    let place = match choice.from.first() {
        Some(From::LogGroup(arn)) => format!("its log group {}", group_name(arn)),
        Some(From::Bucket(place)) => format!("its bucket {}", place.url()),
        None => "nowhere".to_owned(),
    };
    let among = match of {
        1 => "the only trail".to_owned(),
        of => format!("one of {of} trails"),
    };
    choice.said.push(format!(
        "reading the trail {} ({among}) from {place}",
        trail.arn
    ));
    if !trail.log_error.is_empty() && trail.log_group.is_some() {
        choice.said.push(format!(
            "CloudTrail could not write to the log group when it last tried ({})",
            short(&trail.log_error)
        ));
    }
}

fn gaps(trail: &Trail, regions: &[String], sees_regions: bool, choice: &mut Choice) {
    match trail.sight {
        None => choice.said.push(
            "its event selectors could not be read (cloudtrail:GetEventSelectors), so what it \
             leaves out is not known"
                .to_owned(),
        ),
        Some(Sight {
            reads: false,
            writes: true,
        }) => choice.missing.push(
            "the trail records writes only: pulls are reads, so none of them can be seen. Let the \
             trail record read management events too"
                .to_owned(),
        ),
        Some(Sight {
            reads: true,
            writes: false,
        }) => choice.missing.push(
            "the trail records reads only: pushes and changes by the account cannot be seen. Let \
             the trail record write management events too"
                .to_owned(),
        ),
        Some(Sight {
            reads: false,
            writes: false,
        }) => choice.missing.push(
            "the trail's event selectors leave the registry's calls out altogether".to_owned(),
        ),
        Some(Sight::ALL) => {}
    }
    if trail.is_logging == Some(false) {
        choice
            .missing
            .push("the trail is stopped: nothing newer than that was recorded".to_owned());
    }
    if !sees_regions {
        let asked = if regions.is_empty() {
            "other regions".to_owned()
        } else {
            regions.join(", ")
        };
        choice.missing.push(format!(
            "the trail records {} only; of {asked} it can have seen no more than that region",
            trail.home_region
        ));
    }
    if !trail.sees_global && !trail.is_multi_region {
        choice.missing.push(
            "the trail does not record global services: changes of IAM cannot be seen".to_owned(),
        );
    }
    if !trail.bucket_error.is_empty() {
        choice.missing.push(format!(
            "CloudTrail could not write to the trail's bucket when it last tried ({})",
            short(&trail.bucket_error)
        ));
    }
}

/// The name in a log group's ARN; what is no ARN is a name already.
#[must_use]
pub(crate) fn group_name(arn: &str) -> &str {
    arn.split_once(":log-group:").map_or(arn, |(_, name)| name)
}

/// The account and region in a log group's ARN.
#[must_use]
pub(crate) fn group_home(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.strip_prefix("arn:")?.split(':');
    let (_, service, region, account) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (service == "logs").then_some((account, region))
}

/// A log group as queries take it: the ARN without the `:*` that DescribeTrails writes.
#[must_use]
pub(crate) fn group(arn: &str) -> String {
    arn.strip_suffix(":*").unwrap_or(arn).to_owned()
}

fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests;
