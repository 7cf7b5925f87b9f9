//! Where to read: what was typed, or what CloudTrail says; and the door to each kind of place.
//!
//! A plan is a list of chains: the first place of a chain that can be read counts, the others are
//! for when it cannot. Must never change to another place without saying why.

use super::bucket::{self, keys};
use super::choice::{self, From, group, group_home, group_name};
use super::discover;
use super::harvest::Got;
use super::logs::{self, text::Filters};
use super::lookup;
use super::spool::Spool;
use super::young::{self, Youth};
use crate::bundle::manifest::Noun;
use crate::case::{Case, Instant, Interval, instant};
use crate::collect::aws::control::Control;
use crate::collect::aws::fault::Trouble;
use crate::collect::aws::known;
use crate::collect::aws::session::Account;
use crate::collect::aws::{Field, State, Watch};
use aws_sdk_cloudwatchlogs::types::LogGroupClass;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Log groups in one query at most (CloudWatch Logs API reference, StartQuery).
const GROUPS: usize = 50;

/// What reading any place needs.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) case: Case,
    /// Delivery times worth reading.
    pub(super) span: Interval,
    /// Margin for late delivery, seconds.
    pub(super) lateness_s: i64,
    pub(super) control: Arc<Control>,
    pub(super) watch: Arc<dyn Watch>,
    pub(super) spool: Spool,
}

/// One place and who reads it.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Log groups of one region, at most [`GROUPS`].
    Groups(Account, String, Vec<String>),
    /// A bucket; the region is where it is looked for first.
    Bucket(Account, String, keys::Place),
    /// The event history of a region.
    History(Account, String),
}

impl Place {
    /// As people name it, and as the command line takes it.
    fn name(&self) -> String {
        match self {
            Self::Groups(_, _, groups) => groups.join(", "),
            Self::Bucket(_, _, place) => place.url(),
            Self::History(account, region) => format!("LookupEvents {}/{region}", account.id),
        }
    }
}

/// The chains of places to read, and what finding them out already said.
pub(super) async fn plan(field: &Field) -> (Vec<Vec<Place>>, Vec<Got>) {
    let wish = &field.request.trail;
    let regions = &field.session.regions;
    let first = regions.first().cloned().unwrap_or_default();
    let mut chains: Vec<Vec<Place>> = Vec::new();
    let mut said: Vec<Got> = Vec::new();
    for (account, trouble) in &field.session.lost {
        said.push(Got {
            place: format!("account {account}"),
            troubles: vec![trouble.clone()],
            ..Got::default()
        });
    }
    let account = field
        .session
        .accounts
        .first()
        .unwrap_or(&field.session.home);
    for url in &wish.buckets {
        match keys::Place::parse(url) {
            Ok(place) => {
                chains.push(vec![Place::Bucket(account.clone(), first.clone(), place)]);
            }
            Err(why) => said.push(Got {
                place: url.clone(),
                missing: vec![why],
                ..Got::default()
            }),
        }
    }
    chains.extend(groups(account, &first, &wish.log_groups));
    if wish.lookup_events {
        for account in &field.session.accounts {
            for region in regions {
                chains.push(vec![Place::History(account.clone(), region.clone())]);
            }
        }
    }
    if wish.is_open() {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for account in &field.session.accounts {
            discovered(field, account, &mut seen, &mut chains, &mut said).await;
        }
    }
    (chains, said)
}

/// Log groups by the region in their ARN, as many in one query as it takes.
fn groups(account: &Account, region: &str, typed: &[String]) -> Vec<Vec<Place>> {
    let mut by_region: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in typed {
        let name = group(name);
        let home = group_home(&name).map_or(region, |(_, region)| region);
        let list = by_region.entry(home.to_owned()).or_default();
        if !list.contains(&name) {
            list.push(name);
        }
    }
    by_region
        .into_iter()
        .flat_map(|(region, names)| {
            names
                .chunks(GROUPS)
                .map(|chunk| {
                    vec![Place::Groups(
                        account.clone(),
                        region.clone(),
                        chunk.to_vec(),
                    )]
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Finds the trail of an account; without one, the event history is read.
async fn discovered(
    field: &Field,
    account: &Account,
    seen: &mut BTreeSet<String>,
    chains: &mut Vec<Vec<Place>>,
    said: &mut Vec<Got>,
) {
    let regions = &field.session.regions;
    let first = regions.first().cloned().unwrap_or_default();
    let service = field
        .request
        .case
        .scope
        .event_sources
        .first()
        .map_or("ecr.amazonaws.com", String::as_str);
    let history = |chains: &mut Vec<Vec<Place>>| {
        for region in regions {
            chains.push(vec![Place::History(account.clone(), region.clone())]);
        }
    };
    let mut got = Got {
        place: format!("CloudTrail of {}", account.id),
        ..Got::default()
    };
    let known = match discover::trails(account, regions, service, &field.control).await {
        Ok(known) => known,
        Err(trouble) => {
            got.said.push(
                "the trail could not be looked for, so the event history is read, which is only \
                 part of one"
                    .to_owned(),
            );
            got.troubles.push(trouble);
            said.push(got);
            history(chains);
            return;
        }
    };
    let choice = choice::choose(&known.trails, regions);
    got.said.extend(choice.said);
    got.missing.extend(choice.missing);
    got.troubles.extend(known.troubles);
    let mut chain = Vec::new();
    for from in choice.from {
        match from {
            From::LogGroup(arn) => {
                let home = group_home(&arn)
                    .map(|(account, region)| (account.to_owned(), region.to_owned()));
                let (owner, region) = home.unwrap_or((account.id.clone(), first.clone()));
                if owner == account.id || account.id == "?" {
                    chain.push(Place::Groups(account.clone(), region, vec![arn]));
                } else {
                    got.said.push(format!(
                        "the log group {} belongs to account {owner}: run there, or from a \
                         monitoring account linked to it with --log-group {arn}",
                        group_name(&arn)
                    ));
                }
            }
            From::Bucket(place) => {
                chain.push(Place::Bucket(account.clone(), first.clone(), place));
            }
        }
    }
    said.push(got);
    let is_new = match chain.first() {
        Some(first) => seen.insert(first.name()),
        None => false,
    };
    if chain.is_empty() {
        history(chains);
    } else if is_new {
        // The last resort stands in every chain, for one region; of several only the first.
        chain.push(Place::History(account.clone(), first));
        chains.push(chain);
    }
}

impl Source {
    /// Reads one place.
    pub(super) async fn read(&self, place: &Place) -> Got {
        self.read_span(place, self.span).await
    }

    /// Reads of one place what was delivered before a log group began.
    pub(super) async fn read_before(&self, place: &Place, from: Instant) -> Got {
        let span = young::older(&self.span, from, self.lateness_s);
        self.read_span(place, span).await
    }

    async fn read_span(&self, place: &Place, span: Interval) -> Got {
        let name = place.name();
        self.watch.at(Noun::Trail, &name, State::Begun);
        let mut got = match place {
            Place::Groups(account, region, groups) => {
                self.groups(account, region, groups, span).await
            }
            Place::Bucket(account, region, place) => {
                self.bucket(account, region, place, span).await
            }
            Place::History(account, region) => self.history(account, region).await,
        };
        got.place.clone_from(&name);
        let words = if got.was_read { "read" } else { "not read" };
        self.watch.at(Noun::Trail, &name, State::Done(words));
        got
    }

    async fn groups(
        &self,
        account: &Account,
        region: &str,
        groups: &[String],
        span: Interval,
    ) -> Got {
        let filters = match Filters::of(&self.case) {
            Ok(filters) => filters,
            Err(why) => {
                return Got {
                    missing: vec![why],
                    ..Got::default()
                };
            }
        };
        let desk = Arc::new(logs::Desk::new(
            account.logs(region),
            account.asker(region),
            Arc::clone(&self.control),
            self.spool.clone(),
            groups.to_vec(),
            filters,
        ));
        // What the groups are does not decide whether they are asked.
        let (mut got, found) = tokio::join!(
            self.describe(account, region, groups, &desk),
            logs::fetch(Arc::clone(&desk), &self.case, span)
        );
        got.was_read = found.trouble.is_none() || found.records > 0;
        got.covered_from = found.covered_from;
        if found.records > 0 || found.trouble.is_none() {
            got.missing.extend(found.missing);
            got.said.extend(found.said);
        }
        got.troubles.extend(found.trouble);
        got.troubles.extend(found.side_troubles);
        got.controls = found.controls;
        got
    }

    /// What a log group cannot hold: what is older than itself or than its retention.
    async fn describe(
        &self,
        account: &Account,
        region: &str,
        groups: &[String],
        desk: &logs::Desk,
    ) -> Got {
        let mut got = Got::default();
        let mut is_standard = true;
        let call = known::call("logs", "DescribeLogGroups");
        let client = account.logs(region);
        for wanted in groups {
            // A linked account's group is not listed here without asking for its account.
            let owner = group_home(wanted).map_or(account.id.as_str(), |(account, _)| account);
            if owner != account.id && account.id != "?" {
                continue;
            }
            let name = group_name(wanted);
            let answer = self
                .control
                .call(call, &account.asker(region), || {
                    client
                        .describe_log_groups()
                        .log_group_name_prefix(name)
                        .limit(50)
                        .send()
                })
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(trouble) => {
                    got.said
                        .push("its age, retention and class are not known".to_owned());
                    got.troubles.push(trouble);
                    return got;
                }
            };
            let listed = answer.log_groups();
            let Some(found) = listed.iter().find(|one| one.log_group_name() == Some(name)) else {
                continue;
            };
            let created = found
                .creation_time()
                .map(|ms| instant(ms.div_euclid(1_000)));
            let kept = found.retention_in_days().and_then(|days| {
                let length = chrono::Duration::try_days(i64::from(days))?;
                self.case.now.checked_sub_signed(length)
            });
            let youth = Youth::of(&self.case, created, kept);
            // Of several groups the youngest decides from when on all of them are there.
            got.youth = [got.youth.take(), youth]
                .into_iter()
                .flatten()
                .max_by_key(|youth| youth.from);
            match found.log_group_class() {
                Some(LogGroupClass::Delivery) => got
                    .missing
                    .push("its class is DELIVERY, which cannot be queried".to_owned()),
                Some(LogGroupClass::InfrequentAccess) => {
                    is_standard = false;
                    got.said.push(
                        "its class is INFREQUENT_ACCESS: fewer queries run at a time".to_owned(),
                    );
                }
                _ => {}
            }
        }
        if is_standard {
            desk.hurry();
        }
        got
    }

    async fn bucket(
        &self,
        account: &Account,
        region: &str,
        place: &keys::Place,
        span: Interval,
    ) -> Got {
        let (region, unplaced) = self.region_of(account, region, place).await;
        let desk = Arc::new(bucket::Desk {
            client: account.s3(&region),
            asker: account.asker(&region),
            control: Arc::clone(&self.control),
            spool: self.spool.clone(),
            place: place.clone(),
        });
        let found = bucket::fetch(desk, &self.case, span).await;
        let mut got = Got {
            was_read: found.trouble.is_none() || found.fetched + found.kept > 0,
            covered_from: found.covered_from,
            missing: found.missing,
            said: found.said,
            ..Got::default()
        };
        if found.kept > 0 {
            got.said.push(format!(
                "{} files were kept from an earlier run, {} fetched now",
                found.kept, found.fetched
            ));
        }
        if let Some(trouble) = unplaced {
            got.said.push(format!(
                "its region is not known, so it was looked for in {region}"
            ));
            got.troubles.push(trouble);
        }
        got.troubles.extend(found.trouble);
        got.troubles.extend(found.side_trouble);
        got
    }

    /// The region a bucket answers from. When that cannot be found out, the one at hand is tried.
    async fn region_of(
        &self,
        account: &Account,
        region: &str,
        place: &keys::Place,
    ) -> (String, Option<Trouble>) {
        let call = known::call("s3", "GetBucketLocation");
        let client = account.s3(region);
        let answer = self
            .control
            .call(call, &account.asker(region), || {
                client.get_bucket_location().bucket(&place.bucket).send()
            })
            .await;
        match answer {
            Err(trouble) => (region.to_owned(), Some(trouble)),
            // The oldest region has no name here, and the second oldest an old one.
            Ok(answer) => {
                let named = match answer
                    .location_constraint()
                    .map_or("", |known| known.as_str())
                {
                    "" => "us-east-1",
                    "EU" => "eu-west-1",
                    named => named,
                };
                (named.to_owned(), None)
            }
        }
    }

    async fn history(&self, account: &Account, region: &str) -> Got {
        let desk = lookup::Desk {
            account: account.clone(),
            region: region.to_owned(),
            control: Arc::clone(&self.control),
            spool: self.spool.clone(),
        };
        let found = lookup::fetch(&desk, &self.case).await;
        let mut got = Got {
            was_read: found.trouble.is_none() || found.records > 0,
            covered_from: found.covered_from,
            missing: found.missing,
            ..Got::default()
        };
        if got.was_read {
            got.missing.push(
                "the event history is not a trail: other services are not in it as a control \
                 group, and changes only from a day before the window on"
                    .to_owned(),
            );
        }
        got.troubles.extend(found.trouble);
        got
    }
}
