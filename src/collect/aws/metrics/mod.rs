//! CloudWatch: how many calls it counted, pulls, endpoint counters, and your own metric filters.
//!
//! Series are listed first, because a wrong dimension gives an empty answer and no error. Points that
//! CloudWatch holds back (`PartialData`, `Forbidden`, `InternalError`) are asked for once more and
//! then named. It must never turn an absent point into a zero.

mod row;
mod series;

use super::fault::Trouble;
use super::pages::Pages;
use super::session::Account;
use super::step::Step;
use super::{Field, Part, State, known};
use crate::bundle::manifest::Noun;
use crate::bundle::raw::{RawAnswer, Shape};
use crate::case::Case;
use aws_sdk_cloudwatch::types as cw;
use aws_smithy_types::DateTime;
use series::{BATCH, CALL_COUNT_APIS, Metric, Span, Wanted};

/// Namespace, metric, a dimension that narrows it.
type List = (
    &'static str,
    Option<&'static str>,
    Option<(&'static str, &'static str)>,
);

/// The lists asked for.
const LISTS: [List; 3] = [
    ("AWS/Usage", Some("CallCount"), Some(("Service", "ECR"))),
    ("AWS/ECR", Some("RepositoryPullCount"), None),
    ("AWS/PrivateLinkEndpoints", None, None),
];

/// What will be asked of so many places: the documented series are certain, others are found.
#[must_use]
pub fn ask(case: &Case, places: usize) -> Vec<Step> {
    let places = places as u64;
    let Some(span) = series::span(case) else {
        return Vec::new();
    };
    let metrics = places * CALL_COUNT_APIS.len() as u64;
    let points = span.over.seconds() / span.period_s * CALL_COUNT_APIS.len() as i64;
    let pages = u64::try_from(points / POINTS_A_PAGE + 1).unwrap_or(1);
    vec![
        Step::calls("monitoring", "ListMetrics", places * LISTS.len() as u64).or_more(),
        Step::calls("logs", "DescribeMetricFilters", places).or_more(),
        Step::calls("monitoring", "GetMetricData", places * pages)
            .or_more()
            .costing(usd(metrics)),
    ]
}

/// Points on one page of GetMetricData (CloudWatch API reference).
const POINTS_A_PAGE: i64 = 100_800;

fn usd(metrics: u64) -> f64 {
    metrics as f64 / 1000.0 * known::prices().per_1000_metrics
}

/// Asks one account in one region.
pub(super) async fn fetch(field: &Field, account: &Account, region: &str) -> Part {
    let mut part = Part::new(Noun::Metrics, &account.id, region);
    let place = part.place();
    field.watch.at(Noun::Metrics, &place, State::Begun);
    match series::span(&field.request.case) {
        None => part
            .missing
            .push("CloudWatch keeps points for 455 days; the window is older".to_owned()),
        Some(span) => {
            let asker = Asker {
                field,
                account,
                region,
            };
            asker.fetch(span, &mut part).await;
        }
    }
    let words = format!("{} answers", part.answers.len());
    field.watch.at(Noun::Metrics, &place, State::Done(&words));
    part
}

/// One account in one region, with what it needs to ask.
struct Asker<'a> {
    field: &'a Field,
    account: &'a Account,
    region: &'a str,
}

impl Asker<'_> {
    async fn fetch(&self, span: Span, part: &mut Part) {
        let case = &self.field.request.case;
        // The lists do not wait for one another.
        let [usage, pulls, endpoints] = LISTS;
        let (usage, pulls, endpoints, own) = tokio::join!(
            self.list(usage.0, usage.1, usage.2),
            self.list(pulls.0, pulls.1, pulls.2),
            self.list(endpoints.0, endpoints.1, endpoints.2),
            self.own(),
        );
        let mut listed = Vec::new();
        for (metrics, trouble) in [usage, pulls, endpoints] {
            listed.extend(metrics);
            part.troubles.extend(trouble);
        }
        let (own, trouble) = own;
        part.troubles.extend(trouble);
        let counted = listed
            .iter()
            .any(|metric| metric.namespace == "AWS/Usage" && metric.name == "CallCount");
        let (wanted, left_out) = series::choose(listed, own, case, span.period_s);
        part.missing.extend(left_out);
        part.asked.push(format!(
            "cloudwatch GetMetricData {} ({} series, {} s, {})",
            part.place(),
            wanted.len(),
            span.period_s,
            span.over
        ));
        if span.cut {
            part.missing.push(format!(
                "points of {} s are kept no longer: the series begin at {}",
                span.period_s,
                crate::case::rfc3339(span.over.from)
            ));
        }
        for batch in wanted.chunks(BATCH) {
            if let Err(trouble) = self.points(batch, span, part).await {
                part.troubles.push(trouble);
                break;
            }
        }
        let any = part
            .answers
            .iter()
            .any(|answer| row::has_points(&answer.answer));
        if !any && !counted && part.troubles.is_empty() {
            part.missing.push(
                "CloudWatch lists no CallCount series of ECR and has no points: either no ECR call \
                 was counted here, or the account's metrics are elsewhere"
                    .to_owned(),
            );
        }
    }

    /// The series of a list, as far as it could be read, and what ended it too early.
    async fn list(
        &self,
        namespace: &str,
        name: Option<&str>,
        dimension: Option<(&str, &str)>,
    ) -> (Vec<Metric>, Option<Trouble>) {
        let call = known::call("monitoring", "ListMetrics");
        let asker = self.account.asker(self.region);
        let client = self.account.cloudwatch(self.region);
        let filter = dimension.map(|(name, value)| {
            vec![
                cw::DimensionFilter::builder()
                    .name(name)
                    .value(value)
                    .build(),
            ]
        });
        let mut metrics = Vec::new();
        let mut pages = Pages::default();
        loop {
            let page = self
                .field
                .control
                .call(call, &asker, || {
                    client
                        .list_metrics()
                        .namespace(namespace)
                        .set_metric_name(name.map(str::to_owned))
                        .set_dimensions(filter.clone())
                        .set_next_token(pages.token())
                        .send()
                })
                .await;
            let turned = page.and_then(|page| {
                metrics.extend(page.metrics.unwrap_or_default().iter().map(row::listed));
                pages.turn(call, page.next_token)
            });
            match turned {
                Ok(true) => {}
                // A page that came twice lists nothing new.
                Ok(false) => return (unique(metrics), None),
                Err(trouble) => return (unique(metrics), Some(trouble)),
            }
        }
    }

    /// The series that the account's own metric filters make of ECR's records.
    async fn own(&self) -> (Vec<Metric>, Option<Trouble>) {
        let call = known::call("logs", "DescribeMetricFilters");
        let asker = self.account.asker(self.region);
        let client = self.account.logs(self.region);
        let mut made: Vec<(String, String)> = Vec::new();
        let mut pages = Pages::default();
        let mut ended = loop {
            let page = self
                .field
                .control
                .call(call, &asker, || {
                    client
                        .describe_metric_filters()
                        .set_next_token(pages.token())
                        .send()
                })
                .await;
            let turned = page.and_then(|page| {
                made.extend(made_by(&page.metric_filters.unwrap_or_default()));
                pages.turn(call, page.next_token)
            });
            match turned {
                Ok(true) => {}
                Ok(false) => break None,
                Err(trouble) => break Some(trouble),
            }
        };
        made.sort();
        made.dedup();
        let mut own = Vec::new();
        for (namespace, name) in made.iter().take(series::MOST_OWN) {
            let (listed, trouble) = self.list(namespace, Some(name), None).await;
            if listed.is_empty() && trouble.is_none() {
                // Without dimensions a filter's series has exactly its name.
                own.push(Metric {
                    namespace: namespace.clone(),
                    name: name.clone(),
                    dimensions: Vec::new(),
                });
            }
            own.extend(listed);
            if trouble.is_some() {
                ended = ended.or(trouble);
                break;
            }
        }
        (own, ended)
    }

    async fn points(&self, batch: &[Wanted], span: Span, part: &mut Part) -> Result<(), Trouble> {
        let (held_back, whole) = self.ask(batch, span, part).await?;
        if held_back.is_empty() || !whole {
            return Ok(());
        }
        // CloudWatch often has the rest a moment later; asked once, so that a series which is
        // forbidden does not cost for ever.
        let again: Vec<Wanted> = batch
            .iter()
            .filter(|wanted| held_back.contains(&wanted.id))
            .cloned()
            .collect();
        let mut second = Part::new(Noun::Metrics, &part.account, &part.region);
        let (still, _) = self.ask(&again, span, &mut second).await?;
        let healed: Vec<&String> = held_back.iter().filter(|id| !still.contains(id)).collect();
        for answer in &mut part.answers {
            row::drop_series(&mut answer.answer, &healed);
        }
        for mut answer in second.answers {
            row::keep_series(&mut answer.answer, &healed);
            answer.input.push_str(" (again)");
            part.answers.push(answer);
        }
        Ok(())
    }

    /// One batch with all its pages: the IDs of series CloudWatch held back, and whether the last
    /// page came.
    async fn ask(
        &self,
        batch: &[Wanted],
        span: Span,
        part: &mut Part,
    ) -> Result<(Vec<String>, bool), Trouble> {
        let control = &self.field.control;
        let call = known::call("monitoring", "GetMetricData");
        let asker = self.account.asker(self.region);
        let client = self.account.cloudwatch(self.region);
        let price = usd(batch.len() as u64);
        control.afford(call, price)?;
        control.receipt.spent(Noun::Metrics, 0, price);
        let queries: Vec<cw::MetricDataQuery> = batch.iter().map(row::query).collect();
        let input = format!(
            "cloudwatch GetMetricData {} {}",
            part.place(),
            batch.first().map_or("", |first| first.id.as_str())
        );
        let mut held_back = Vec::new();
        let mut pages = Pages::default();
        let mut index = 0;
        loop {
            let page = control
                .call(call, &asker, || {
                    client
                        .get_metric_data()
                        .set_metric_data_queries(Some(queries.clone()))
                        .start_time(DateTime::from_secs(span.over.from.timestamp()))
                        .end_time(DateTime::from_secs(span.over.to.timestamp()))
                        .scan_by(cw::ScanBy::TimestampAscending)
                        .set_next_token(pages.token())
                        .send()
                })
                .await;
            let page = match page {
                Ok(page) => page,
                Err(trouble) => {
                    // What came before is kept; the last page's word for it is `PartialData`.
                    if index > 0 {
                        part.troubles.push(trouble);
                        return Ok((held_back, false));
                    }
                    return Err(trouble);
                }
            };
            let turned = pages.turn(call, page.next_token.clone());
            for result in page.metric_data_results() {
                let state = result
                    .status_code()
                    .map_or("Complete", cw::StatusCode::as_str);
                if turned == Ok(false) && state != "Complete" {
                    held_back.push(result.id().unwrap_or_default().to_owned());
                }
            }
            let own = (index == 0).then(|| batch.iter().map(Wanted::row).collect());
            part.answers.push(RawAnswer {
                input: input.clone(),
                shape: Shape::GetMetricData,
                answer: row::page(&page, own, &self.account.id, self.region),
            });
            match turned {
                Ok(true) => {}
                Ok(false) => return Ok((held_back, true)),
                Err(trouble) => {
                    part.troubles.push(trouble);
                    return Ok((held_back, false));
                }
            }
            index += 1;
            self.field.watch.at(
                Noun::Metrics,
                &part.place(),
                State::Step(&format!("page {}", index + 1)),
            );
        }
    }
}

/// Each series once, in order.
fn unique(mut metrics: Vec<Metric>) -> Vec<Metric> {
    metrics.sort();
    metrics.dedup();
    metrics
}

/// Namespace and name of the series that filters on ECR's records make.
fn made_by(filters: &[aws_sdk_cloudwatchlogs::types::MetricFilter]) -> Vec<(String, String)> {
    filters
        .iter()
        .filter(|filter| {
            filter
                .filter_pattern()
                .is_some_and(|pattern| pattern.contains("ecr.amazonaws.com"))
        })
        .flat_map(aws_sdk_cloudwatchlogs::types::MetricFilter::metric_transformations)
        .map(|out| {
            (
                out.metric_namespace().to_owned(),
                out.metric_name().to_owned(),
            )
        })
        .collect()
}

/// One series, the cheapest question there is (`doctor`).
pub(super) fn probe() -> cw::MetricDataQuery {
    let metric = cw::Metric::builder()
        .namespace("AWS/Usage")
        .metric_name("CallCount")
        .dimensions(
            cw::Dimension::builder()
                .name("Service")
                .value("ECR")
                .build(),
        )
        .build();
    let stat = cw::MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat("Sum")
        .build();
    cw::MetricDataQuery::builder()
        .id("m1")
        .metric_stat(stat)
        .build()
}
