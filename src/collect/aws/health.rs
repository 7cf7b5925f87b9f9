//! AWS Health: what AWS told the account, or the organisation.
//!
//! Asked in the partition's active region whatever the account's own is. Services are asked in groups
//! of ten: ECR, the large events that name several services, and what ECR depends on; events open
//! since long before the window are asked for apart, because a filter on the start would hide them.
//! It must never read a refusal as "no events".

use super::fault::Trouble;
use super::known::Kind;
use super::pages::Pages;
use super::session::Account;
use super::step::Step;
use super::wire::Object;
use super::{Field, Part, State, known};
use crate::bundle::manifest::Noun;
use crate::bundle::raw::{RawAnswer, Shape};
use crate::case::{Case, Instant, instant};
use crate::catalog;
use aws_sdk_health::types as h;
use aws_smithy_types::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Services in one filter, and ARNs in one call for details (AWS Health API reference).
const GROUP: usize = 10;

/// Days before the case from which begun events are asked for.
const BEFORE_DAYS: i64 = 7;

/// Accounts of one account-specific event of an organisation detailed at most.
const MOST_ACCOUNTS: usize = 10;

/// The services asked for: ECR's names, several at once, and dependencies.
fn services() -> Vec<String> {
    #[derive(Deserialize)]
    struct Table {
        same: Vec<String>,
        multiple: Vec<String>,
        dependency: Vec<Dependency>,
    }
    #[derive(Deserialize)]
    struct Dependency {
        service: String,
    }
    let table: Table = catalog::table("ecr/dependencies");
    let mut all = table.same;
    all.extend(table.multiple);
    all.extend(table.dependency.into_iter().map(|one| one.service));
    all.sort();
    all.dedup();
    all
}

/// What will be asked.
#[must_use]
pub fn ask(accounts: usize, org: bool) -> Vec<Step> {
    let groups = services().len().div_ceil(GROUP) as u64;
    // Each group twice: begun lately, and open since before.
    let lists = groups * 2;
    if org {
        vec![
            Step::calls("health", "DescribeEventsForOrganization", lists).or_more(),
            Step::calls("health", "DescribeEventDetailsForOrganization", 1).or_more(),
            Step::calls("health", "DescribeAffectedAccountsForOrganization", 0).or_more(),
        ]
    } else {
        vec![
            Step::calls("health", "DescribeEvents", accounts as u64 * lists).or_more(),
            Step::calls("health", "DescribeEventDetails", accounts as u64).or_more(),
        ]
    }
}

/// One event, as far as asking on needs it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    arn: String,
    start: Option<Instant>,
    end: Option<Instant>,
    account_specific: bool,
}

impl Listed {
    /// Whether its details can matter: it is open, or it touches the case or the day around it.
    fn matters(&self, case: &Case) -> bool {
        let near = case.whole().widened(86_400);
        let begun = self.start.is_none_or(|start| start < near.to);
        let lasting = self.end.is_none_or(|end| end >= near.from);
        begun && lasting
    }
}

/// A question to DescribeEvents.
#[derive(Debug, Clone, PartialEq)]
struct Question {
    services: Vec<String>,
    /// Begun from here on; `None` asks for open events instead.
    since: Option<Instant>,
}

fn questions(case: &Case) -> Vec<Question> {
    let since = instant(case.whole().from.timestamp() - BEFORE_DAYS * 86_400);
    let services = services();
    let groups: Vec<Vec<String>> = services.chunks(GROUP).map(<[String]>::to_vec).collect();
    [Some(since), None]
        .into_iter()
        .flat_map(|since| {
            groups.iter().map(move |services| Question {
                services: services.clone(),
                since,
            })
        })
        .collect()
}

/// Asks one account, or the organisation through it.
pub(super) async fn fetch(field: &Field, account: &Account) -> Part {
    let partition = field.session.partition;
    let org = field.request.org;
    let mut part = Part::new(Noun::Health, &account.id, "");
    let place = part.place();
    field.watch.at(Noun::Health, &place, State::Begun);
    let mut asker = Asker {
        field,
        account,
        client: account.health(&partition.health_region),
        region: partition.health_region.clone(),
        org,
    };
    let mut tried = asker.fetch(&mut part).await;
    // The other side answers while AWS moves the active one; tokens do not carry over, so the
    // whole listing starts again.
    if let Err(trouble) = &tried
        && trouble.kind == Kind::Skew
        && !partition.health_standby.is_empty()
    {
        asker.client = account.health(&partition.health_standby);
        asker.region.clone_from(&partition.health_standby);
        part = Part::new(Noun::Health, &account.id, "");
        tried = asker.fetch(&mut part).await;
    }
    if let Err(trouble) = tried {
        part.troubles.push(trouble);
    }
    let words = format!("{} answers", part.answers.len());
    field.watch.at(Noun::Health, &place, State::Done(&words));
    part
}

struct Asker<'a> {
    field: &'a Field,
    account: &'a Account,
    client: aws_sdk_health::Client,
    region: String,
    org: bool,
}

impl Asker<'_> {
    async fn fetch(&self, part: &mut Part) -> Result<(), Trouble> {
        let case = &self.field.request.case;
        let mut listed: BTreeSet<Listed> = BTreeSet::new();
        part.asked.push(if self.org {
            "health DescribeEventsForOrganization".to_owned()
        } else {
            format!("health DescribeEvents {}", part.place())
        });
        for question in questions(case) {
            let known = part.answers.len();
            let found = if self.org {
                self.list_org(&question, part, &mut listed).await
            } else {
                self.list(&question, part, &mut listed).await
            };
            match found {
                Ok(()) => {}
                // The first refusal says all; what was listed before a later one is kept.
                Err(trouble) if known == 0 => return Err(trouble),
                Err(trouble) => part.troubles.push(trouble),
            }
        }
        let wanted: Vec<Listed> = listed.into_iter().filter(|one| one.matters(case)).collect();
        if self.org {
            self.details_org(&wanted, part).await
        } else {
            self.details(&wanted, part).await
        }
    }

    fn answer(&self, part: &mut Part, operation: &str, shape: Shape, answer: Value) {
        part.answers.push(RawAnswer {
            input: format!("health {operation} {}", part.place())
                .trim_end()
                .to_owned(),
            shape,
            answer,
        });
    }

    async fn list(
        &self,
        question: &Question,
        part: &mut Part,
        listed: &mut BTreeSet<Listed>,
    ) -> Result<(), Trouble> {
        let call = known::call("health", "DescribeEvents");
        let asker = self.account.asker(&self.region);
        let mut filter = h::EventFilter::builder().set_services(Some(question.services.clone()));
        filter = match question.since {
            Some(since) => filter.start_times(from(since)),
            None => filter.event_status_codes(h::EventStatusCode::Open),
        };
        let filter = filter.build();
        let mut pages = Pages::default();
        loop {
            let page = self
                .field
                .control
                .call(call, &asker, || {
                    self.client
                        .describe_events()
                        .filter(filter.clone())
                        .max_results(100)
                        .set_next_token(pages.token())
                        .send()
                })
                .await?;
            let events = page.events.unwrap_or_default();
            listed.extend(events.iter().filter_map(known_of));
            let rows: Vec<Value> = events.iter().map(event).collect();
            self.answer(
                part,
                "DescribeEvents",
                Shape::DescribeEvents,
                json!({ "events": rows }),
            );
            if !pages.turn(call, page.next_token)? {
                return Ok(());
            }
        }
    }

    async fn details(&self, wanted: &[Listed], part: &mut Part) -> Result<(), Trouble> {
        let call = known::call("health", "DescribeEventDetails");
        let asker = self.account.asker(&self.region);
        for group in wanted.chunks(GROUP) {
            let arns: Vec<String> = group.iter().map(|one| one.arn.clone()).collect();
            let page = self
                .field
                .control
                .call(call, &asker, || {
                    self.client
                        .describe_event_details()
                        .set_event_arns(Some(arns.clone()))
                        .send()
                })
                .await?;
            let given: Vec<Value> = page
                .successful_set()
                .iter()
                .map(|one| {
                    detail(
                        None,
                        one.event(),
                        one.event_description()
                            .and_then(|text| text.latest_description()),
                        one.event_metadata(),
                    )
                })
                .collect();
            part.missing.extend(
                page.failed_set()
                    .iter()
                    .map(|one| undescribed(one.event_arn(), one.error_name())),
            );
            let failed: Vec<Value> = page
                .failed_set()
                .iter()
                .map(|one| {
                    Object::default()
                        .put("eventArn", one.event_arn())
                        .put("errorName", one.error_name())
                        .put("errorMessage", one.error_message())
                        .done()
                })
                .collect();
            self.answer(
                part,
                "DescribeEventDetails",
                Shape::DescribeEventDetails,
                json!({ "successfulSet": given, "failedSet": failed }),
            );
        }
        Ok(())
    }

    async fn list_org(
        &self,
        question: &Question,
        part: &mut Part,
        listed: &mut BTreeSet<Listed>,
    ) -> Result<(), Trouble> {
        let call = known::call("health", "DescribeEventsForOrganization");
        let asker = self.account.asker(&self.region);
        let mut filter =
            h::OrganizationEventFilter::builder().set_services(Some(question.services.clone()));
        filter = match question.since {
            Some(since) => filter.start_time(from(since)),
            None => filter.event_status_codes(h::EventStatusCode::Open),
        };
        let filter = filter.build();
        let mut pages = Pages::default();
        loop {
            let page = self
                .field
                .control
                .call(call, &asker, || {
                    self.client
                        .describe_events_for_organization()
                        .filter(filter.clone())
                        .max_results(100)
                        .set_next_token(pages.token())
                        .send()
                })
                .await?;
            let events: Vec<h::Event> = page
                .events
                .unwrap_or_default()
                .iter()
                .map(as_event)
                .collect();
            listed.extend(events.iter().filter_map(known_of));
            let rows: Vec<Value> = events.iter().map(event).collect();
            self.answer(
                part,
                "DescribeEventsForOrganization",
                Shape::DescribeEvents,
                json!({ "events": rows }),
            );
            if !pages.turn(call, page.next_token)? {
                return Ok(());
            }
        }
    }

    /// A public event is described without an account, an account-specific one only with it.
    async fn details_org(&self, wanted: &[Listed], part: &mut Part) -> Result<(), Trouble> {
        let call = known::call("health", "DescribeEventDetailsForOrganization");
        let asker = self.account.asker(&self.region);
        let mut filters = Vec::new();
        for one in wanted {
            if !one.account_specific {
                filters.extend(account_filter(&one.arn, None));
                continue;
            }
            let accounts = self.affected(&one.arn).await?;
            if accounts.len() > MOST_ACCOUNTS {
                part.missing.push(format!(
                    "{} was detailed for {MOST_ACCOUNTS} of {} accounts",
                    one.arn,
                    accounts.len()
                ));
            }
            for account in accounts.into_iter().take(MOST_ACCOUNTS) {
                filters.extend(account_filter(&one.arn, Some(account)));
            }
        }
        for group in filters.chunks(GROUP) {
            let page = self
                .field
                .control
                .call(call, &asker, || {
                    self.client
                        .describe_event_details_for_organization()
                        .set_organization_event_detail_filters(Some(group.to_vec()))
                        .send()
                })
                .await?;
            let given: Vec<Value> = page
                .successful_set()
                .iter()
                .map(|one| {
                    detail(
                        one.aws_account_id(),
                        one.event(),
                        one.event_description()
                            .and_then(|text| text.latest_description()),
                        one.event_metadata(),
                    )
                })
                .collect();
            part.missing.extend(
                page.failed_set()
                    .iter()
                    .map(|one| undescribed(one.event_arn(), one.error_name())),
            );
            let failed: Vec<Value> = page
                .failed_set()
                .iter()
                .map(|one| {
                    Object::default()
                        .put("awsAccountId", one.aws_account_id())
                        .put("eventArn", one.event_arn())
                        .put("errorName", one.error_name())
                        .put("errorMessage", one.error_message())
                        .done()
                })
                .collect();
            self.answer(
                part,
                "DescribeEventDetailsForOrganization",
                Shape::DescribeEventDetails,
                json!({ "successfulSet": given, "failedSet": failed }),
            );
        }
        Ok(())
    }

    async fn affected(&self, arn: &str) -> Result<Vec<String>, Trouble> {
        let call = known::call("health", "DescribeAffectedAccountsForOrganization");
        let asker = self.account.asker(&self.region);
        let mut accounts = Vec::new();
        let mut pages = Pages::default();
        loop {
            let page = self
                .field
                .control
                .call(call, &asker, || {
                    self.client
                        .describe_affected_accounts_for_organization()
                        .event_arn(arn)
                        .set_next_token(pages.token())
                        .send()
                })
                .await?;
            accounts.extend(page.affected_accounts.unwrap_or_default());
            if !pages.turn(call, page.next_token)? {
                break;
            }
        }
        accounts.sort();
        Ok(accounts)
    }
}

/// An event without its text has no time of impact.
fn undescribed(arn: Option<&str>, error: Option<&str>) -> String {
    format!(
        "the details of {} were not given ({})",
        arn.unwrap_or("an event"),
        error.unwrap_or("without a reason")
    )
}

fn from(at: Instant) -> h::DateTimeRange {
    h::DateTimeRange::builder()
        .from(DateTime::from_secs(at.timestamp()))
        .build()
}

fn account_filter(arn: &str, account: Option<String>) -> Option<h::EventAccountFilter> {
    h::EventAccountFilter::builder()
        .event_arn(arn)
        .set_aws_account_id(account)
        .build()
        .ok()
}

fn known_of(event: &h::Event) -> Option<Listed> {
    let at = |time: Option<&DateTime>| time.map(|time| instant(time.secs()));
    Some(Listed {
        arn: event.arn()?.to_owned(),
        start: at(event.start_time()),
        end: at(event.end_time()),
        account_specific: event.event_scope_code() == Some(&h::EventScopeCode::AccountSpecific),
    })
}

/// The organisation's event in the account's shape; it lacks only the zone.
fn as_event(event: &h::OrganizationEvent) -> h::Event {
    h::Event::builder()
        .set_arn(event.arn.clone())
        .set_service(event.service.clone())
        .set_event_type_code(event.event_type_code.clone())
        .set_event_type_category(event.event_type_category.clone())
        .set_event_scope_code(event.event_scope_code.clone())
        .set_region(event.region.clone())
        .set_start_time(event.start_time)
        .set_end_time(event.end_time)
        .set_last_updated_time(event.last_updated_time)
        .set_status_code(event.status_code.clone())
        .build()
}

/// An event as `aws health describe-events` prints it.
fn event(event: &h::Event) -> Value {
    Object::default()
        .put("arn", event.arn())
        .put("service", event.service())
        .put("eventTypeCode", event.event_type_code())
        .put(
            "eventTypeCategory",
            event
                .event_type_category()
                .map(h::EventTypeCategory::as_str),
        )
        .put("region", event.region())
        .put("availabilityZone", event.availability_zone())
        .time("startTime", event.start_time())
        .time("endTime", event.end_time())
        .time("lastUpdatedTime", event.last_updated_time())
        .put(
            "statusCode",
            event.status_code().map(h::EventStatusCode::as_str),
        )
        .put(
            "eventScopeCode",
            event.event_scope_code().map(h::EventScopeCode::as_str),
        )
        .done()
}

fn detail(
    account: Option<&str>,
    of: Option<&h::Event>,
    text: Option<&str>,
    metadata: Option<&std::collections::HashMap<String, String>>,
) -> Value {
    let metadata = metadata.filter(|map| !map.is_empty()).map(|map| {
        let mut sorted: Vec<_> = map.iter().collect();
        sorted.sort();
        sorted
            .into_iter()
            .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
            .collect::<serde_json::Map<String, Value>>()
    });
    Object::default()
        .put("awsAccountId", account)
        .put("event", of.map(event))
        .put(
            "eventDescription",
            text.map(|text| json!({ "latestDescription": text })),
        )
        .put("eventMetadata", metadata)
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Interval, Scope};

    fn case() -> Case {
        let (from, to) = (instant(1_773_235_800), instant(1_773_248_400));
        Case {
            window: Interval::new(from, to),
            baseline: Interval::new(instant(1_773_235_800 - 3 * 86_400), from),
            scope: Scope::everything(),
            now: to,
        }
    }

    #[test]
    fn every_service_is_asked_twice_and_no_filter_holds_more_than_ten() {
        let questions = questions(&case());
        assert!(questions.iter().all(|one| one.services.len() <= GROUP));
        let asked: Vec<&String> = questions.iter().flat_map(|one| &one.services).collect();
        for service in ["ECR", "MULTIPLE_SERVICES", "S3"] {
            assert_eq!(
                asked.iter().filter(|one| **one == service).count(),
                2,
                "{service}"
            );
        }
    }

    #[test]
    fn an_event_open_since_long_ago_matters_and_an_old_one_does_not() {
        let event = |start: i64, end: Option<i64>| Listed {
            arn: "a".to_owned(),
            start: Some(instant(start)),
            end: end.map(instant),
            account_specific: false,
        };
        let from = case().whole().from.timestamp();
        assert!(event(0, None).matters(&case()));
        assert!(event(from, Some(from + 60)).matters(&case()));
        assert!(!event(from - 400_000, Some(from - 200_000)).matters(&case()));
        assert!(!event(from + 30 * 86_400, None).matters(&case()));
    }
}
