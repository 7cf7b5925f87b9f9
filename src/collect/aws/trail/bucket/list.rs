//! Which objects of a bucket the case needs: the folders walked, the days listed side by side.
//!
//! Must never list what the names rule out, and must say of every folder it could not list what is
//! missing because of it.

use super::Desk;
use super::keys::{self, Level, Listing};
use crate::bundle::manifest::Noun;
use crate::case::{Case, Interval};
use crate::collect::aws::fault::Trouble;
use crate::collect::aws::known::{self, Kind};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Listings under way at a time.
const AT_ONCE: usize = 8;

/// One object to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) bytes: u64,
    /// Names the version that was listed, so that no other is fetched under its name.
    pub(super) etag: String,
    /// Whether it lies in an archive and has to be restored before it can be read.
    pub(super) is_archived: bool,
}

/// What a bucket holds for the case.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) objects: Vec<Object>,
    /// Folders that could not be listed, each with its reason.
    pub(super) missing: Vec<String>,
    pub(super) trouble: Option<Trouble>,
}

/// A step of the walk.
#[derive(Debug, Clone)]
enum Step {
    Explore(String),
    /// Whether the listing may go on day by day when it is cut off.
    List(Listing, bool),
}

/// What a step led to.
type Led = (Vec<Step>, Vec<Object>);

/// Walks from the place the user named to every file of the span.
pub(super) async fn list(desk: &Arc<Desk>, case: &Case, span: Interval) -> Listed {
    let mut out = Listed::default();
    let mut queue = VecDeque::from([Step::Explore(desk.place.prefix.clone())]);
    let mut tasks: JoinSet<(Step, Result<Led, Trouble>)> = JoinSet::new();
    let case = Arc::new(case.clone());
    loop {
        while tasks.len() < AT_ONCE
            && out.trouble.is_none()
            && let Some(step) = queue.pop_front()
        {
            let (desk, case) = (Arc::clone(desk), Arc::clone(&case));
            tasks.spawn(async move {
                let led = desk.walk(step.clone(), &case, span).await;
                (step, led)
            });
        }
        let Some(done) = tasks.join_next().await else {
            break;
        };
        let Ok((step, led)) = done else { continue };
        match led {
            Ok((steps, objects)) => {
                queue.extend(steps);
                out.objects.extend(objects);
            }
            Err(trouble) => {
                let folder = match &step {
                    Step::Explore(prefix) => prefix,
                    Step::List(listing, _) => &listing.prefix,
                };
                out.missing.push(format!(
                    "s3://{}/{folder} could not be listed: {}",
                    desk.place.bucket,
                    trouble.sentence()
                ));
                let is_final = matches!(
                    trouble.kind,
                    Kind::Stopped | Kind::Expired | Kind::NoCredentials | Kind::Skew
                );
                // What cannot be entered at all ends here; one folder of many does not.
                let is_root =
                    matches!(&step, Step::Explore(prefix) if *prefix == desk.place.prefix);
                if is_final || is_root {
                    out.trouble.get_or_insert(trouble);
                }
            }
        }
    }
    out.objects.sort_by(|a, b| a.key.cmp(&b.key));
    out.objects.dedup_by(|a, b| a.key == b.key);
    out.missing.sort();
    out
}

impl Desk {
    async fn walk(&self, step: Step, case: &Case, span: Interval) -> Result<Led, Trouble> {
        match step {
            Step::Explore(prefix) => Ok((self.explore(prefix, case, &span).await?, Vec::new())),
            Step::List(listing, by_day) => self.files(listing, by_day, &span).await,
        }
    }

    async fn explore(
        &self,
        prefix: String,
        case: &Case,
        span: &Interval,
    ) -> Result<Vec<Step>, Trouble> {
        let all = |prefix: String| Listing {
            prefix,
            after: String::new(),
            until: String::new(),
        };
        Ok(match keys::level(&prefix) {
            Level::Unknown => {
                let below = format!("{prefix}AWSLogs/");
                if self.folders(&below).await?.is_empty() {
                    vec![Step::List(all(prefix), false)]
                } else {
                    vec![Step::Explore(below)]
                }
            }
            Level::Accounts => {
                let folders = self.folders(&prefix).await?;
                steps(&prefix, &folders, |name| keys::admits_account(case, name))
            }
            Level::Services => vec![Step::Explore(format!("{prefix}CloudTrail/"))],
            Level::Regions => {
                let folders = self.folders(&prefix).await?;
                steps(&prefix, &folders, |name| keys::admits_region(case, name))
            }
            Level::Days { account, region } => {
                let listing = keys::listing(&prefix, &account, &region, span);
                vec![Step::List(listing, true)]
            }
            Level::Files => vec![Step::List(all(prefix), false)],
        })
    }

    /// The names of the folders directly below a prefix.
    async fn folders(&self, prefix: &str) -> Result<Vec<String>, Trouble> {
        let mut out = Vec::new();
        let mut pages = Pages::default();
        loop {
            let page = self
                .page(prefix, "", Some("/"), pages.token.clone())
                .await?;
            for folder in page.common_prefixes() {
                let name = folder.prefix().and_then(|whole| whole.strip_prefix(prefix));
                out.extend(name.map(|name| name.trim_end_matches('/').to_owned()));
            }
            if !pages.turn(&page).ok_or_else(circle)? {
                return Ok(out);
            }
        }
    }

    /// The wanted files of a listing. One that is cut off goes on day by day, side by side.
    async fn files(&self, listing: Listing, by_day: bool, span: &Interval) -> Result<Led, Trouble> {
        let mut objects = Vec::new();
        let mut pages = Pages::default();
        loop {
            let page = self
                .page(&listing.prefix, &listing.after, None, pages.token.clone())
                .await?;
            let mut last = None;
            for object in page.contents() {
                let Some(key) = object.key() else { continue };
                last = Some(key.to_owned());
                if (listing.until.is_empty() || *key < *listing.until) && keys::is_wanted(key, span)
                {
                    objects.push(Object {
                        key: key.to_owned(),
                        bytes: object
                            .size()
                            .and_then(|size| u64::try_from(size).ok())
                            .unwrap_or_default(),
                        etag: object.e_tag().unwrap_or_default().to_owned(),
                        is_archived: object.storage_class().is_some_and(|class| {
                            matches!(class.as_str(), "GLACIER" | "DEEP_ARCHIVE")
                        }),
                    });
                }
            }
            let is_past = |key: &String| !listing.until.is_empty() && *key >= listing.until;
            if last.as_ref().is_some_and(is_past) || !pages.turn(&page).ok_or_else(circle)? {
                return Ok((Vec::new(), objects));
            }
            if by_day && let Some(last) = &last {
                let steps = keys::rest(&listing, last, span)
                    .into_iter()
                    .map(|rest| Step::List(rest, false))
                    .collect();
                return Ok((steps, objects));
            }
        }
    }

    async fn page(
        &self,
        prefix: &str,
        after: &str,
        delimiter: Option<&str>,
        token: Option<String>,
    ) -> Result<ListObjectsV2Output, Trouble> {
        let call = known::call("s3", "ListObjectsV2");
        let usd = known::prices().per_1000_s3_lists / 1_000.0;
        self.control.afford(call, usd)?;
        let page = self
            .control
            .call(call, &self.asker, || {
                self.client
                    .list_objects_v2()
                    .bucket(&self.place.bucket)
                    .prefix(prefix)
                    .set_start_after((!after.is_empty()).then(|| after.to_owned()))
                    .set_delimiter(delimiter.map(str::to_owned))
                    .set_continuation_token(token.clone())
                    .send()
            })
            .await;
        self.control.receipt.spent(Noun::Trail, 0, usd);
        page
    }
}

fn steps(prefix: &str, folders: &[String], admits: impl Fn(&str) -> bool) -> Vec<Step> {
    folders
        .iter()
        .filter(|name| admits(name))
        .map(|name| Step::Explore(format!("{prefix}{name}/")))
        .collect()
}

/// Follows continuation tokens; a token that comes back would hide what stands behind it.
#[derive(Debug, Default)]
struct Pages {
    token: Option<String>,
    seen: BTreeSet<String>,
}

impl Pages {
    /// Turns to the next page: whether there is one; `None` when the pages lead in a circle. An empty
    /// page with a token is not the last.
    fn turn(&mut self, page: &ListObjectsV2Output) -> Option<bool> {
        let next = page.next_continuation_token().map(str::to_owned);
        if !page.is_truncated().unwrap_or(false) || next.is_none() {
            return Some(false);
        }
        if !next.iter().all(|token| self.seen.insert(token.clone())) {
            return None;
        }
        self.token = next;
        Some(true)
    }
}

fn circle() -> Trouble {
    Trouble::plain(
        Kind::Unreadable,
        known::call("s3", "ListObjectsV2"),
        "the pages of a listing lead in a circle".to_owned(),
        "Run again later with --resume.",
    )
}
