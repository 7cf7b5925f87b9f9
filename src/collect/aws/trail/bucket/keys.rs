//! Where a trail's files stand in a bucket, and which of them the case needs: pure, from names alone.
//!
//! Layout (CloudTrail user guide, "Finding your CloudTrail log files"):
//! `[prefix/]AWSLogs/[o-…/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_….json.gz`.
//! Days and minutes are those of delivery, never of the call. Must never leave out a file the
//! scanner would open, so the margins here are those of `trail::scan`.

use crate::case::{Case, Instant, Interval};
use chrono::{Duration, NaiveDate, NaiveTime, Timelike as _};

/// A name's time is the minute of delivery; clocks of AWS are allowed to differ by this much.
const CLOCKS_S: i64 = 5 * 60;
/// The folder every trail writes under.
const ROOT: &str = "AWSLogs";
/// The folder that holds calls; its siblings hold digests, Insights and sums.
const CALLS: &str = "CloudTrail";

/// A bucket and the prefix the user named in it, with a `/` at its end unless it is empty or names
/// one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Bucket name.
    pub(crate) bucket: String,
    /// Key prefix.
    pub(crate) prefix: String,
}

impl Place {
    /// Reads `s3://bucket/prefix`.
    ///
    /// # Errors
    /// A sentence for people when it is none.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let rest = url
            .strip_prefix("s3://")
            .ok_or_else(|| format!("{url} is no s3:// address"))?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(format!("{url} names no bucket: write s3://BUCKET/PREFIX"));
        }
        if key.contains(['*', '?']) {
            return Err(format!(
                "{url} holds a pattern, and S3 has none: name the prefix above it"
            ));
        }
        let is_object = key.ends_with(".gz") || key.ends_with(".json");
        let prefix = match key.trim_matches('/') {
            "" => String::new(),
            key if is_object => key.to_owned(),
            key => format!("{key}/"),
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix,
        })
    }

    /// The address as people write it.
    #[must_use]
    pub(crate) fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

/// What stands below a prefix, as far as the prefix itself says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Level {
    /// Nothing known: `AWSLogs/` may stand below, or files may.
    Unknown,
    /// Accounts, or one organisation folder, stand below.
    Accounts,
    /// `CloudTrail/` and its siblings stand below.
    Services,
    /// Regions stand below.
    Regions,
    /// Years stand below: the calls of one account in one region.
    Days {
        /// Twelve digits.
        account: String,
        /// Region code.
        region: String,
    },
    /// Below that: list what is there.
    Files,
}

/// What a prefix holds, judged by its folders.
#[must_use]
pub(crate) fn level(prefix: &str) -> Level {
    let folders: Vec<&str> = prefix.split('/').filter(|part| !part.is_empty()).collect();
    let Some(root) = folders.iter().position(|part| *part == ROOT) else {
        return Level::Unknown;
    };
    let mut below = folders.get(root + 1..).unwrap_or_default();
    if let Some((first, rest)) = below.split_first()
        && is_organization(first)
    {
        below = rest;
    }
    match below {
        [] => Level::Accounts,
        [_] => Level::Services,
        [_, CALLS] => Level::Regions,
        [account, CALLS, region] => Level::Days {
            account: (*account).to_owned(),
            region: (*region).to_owned(),
        },
        _ => Level::Files,
    }
}

fn is_organization(folder: &str) -> bool {
    folder.starts_with("o-") && folder.len() > 2
}

/// Whether a folder below `AWSLogs/` is worth entering: an organisation, or an account asked about.
#[must_use]
pub(crate) fn admits_account(case: &Case, folder: &str) -> bool {
    if is_organization(folder) {
        return true;
    }
    let is_account = folder.len() == 12 && folder.bytes().all(|b| b.is_ascii_digit());
    is_account
        && (case.scope.accounts.is_empty() || case.scope.accounts.iter().any(|a| a == folder))
}

/// Whether a region's folder is worth entering. Changes of global services are recorded in one
/// region of the partition and act in all, so that region is read whatever was asked.
#[must_use]
pub(crate) fn admits_region(case: &Case, region: &str) -> bool {
    let asked = &case.scope.regions;
    asked.is_empty()
        || asked.iter().any(|one| one == region)
        || asked.iter().any(|one| global_region(one) == region)
}

/// The region in which a partition's global services (IAM, Organizations) write their records.
#[must_use]
pub(crate) fn global_region(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "cn-northwest-1"
    } else if region.starts_with("us-gov-") {
        "us-gov-west-1"
    } else {
        "us-east-1"
    }
}

/// The span of delivery times worth reading: from the start of the case to its end and the margin
/// for late delivery, but not beyond `now`.
#[must_use]
pub(crate) fn deliveries(case: &Case, lateness_s: i64) -> Interval {
    let whole = case.whole();
    let late = Duration::try_seconds(lateness_s)
        .and_then(|margin| whole.to.checked_add_signed(margin))
        .unwrap_or(whole.to);
    let now = case
        .now
        .checked_add_signed(Duration::seconds(CLOCKS_S))
        .unwrap_or(case.now);
    Interval::new(whole.from, late.min(now.max(whole.to)))
}

/// How one account-region is listed: where to begin, and the first key behind the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listing {
    /// Only keys that begin with this.
    pub(crate) prefix: String,
    /// Only keys after this.
    pub(crate) after: String,
    /// Keys from here on are not wanted; the listing may stop.
    pub(crate) until: String,
}

/// The listing of one account-region over all days: keys sort by time of delivery, so it begins and
/// ends where the span does.
#[must_use]
pub(crate) fn listing(prefix: &str, account: &str, region: &str, span: &Interval) -> Listing {
    let name = |at: Instant| {
        format!(
            "{prefix}{}/{account}_{CALLS}_{region}_{}",
            at.format("%Y/%m/%d"),
            at.format("%Y%m%dT%H%M")
        )
    };
    let first = span
        .from
        .checked_sub_signed(Duration::seconds(60 + CLOCKS_S))
        .unwrap_or(span.from);
    Listing {
        prefix: prefix.to_owned(),
        after: name(first),
        // `Z` and whatever follows it sorts before this.
        until: format!("{}~", name(span.to)),
    }
}

/// The days of a listing that began with `first` and was cut off at `last` (a key): the rest of that
/// day, and every later day by itself, so that they can be listed side by side.
#[must_use]
pub(crate) fn rest(listing: &Listing, last: &str, span: &Interval) -> Vec<Listing> {
    let Some(day) = day_of(last) else {
        return vec![Listing {
            after: last.to_owned(),
            ..listing.clone()
        }];
    };
    let folder = |day: NaiveDate| format!("{}{}/", listing.prefix, day.format("%Y/%m/%d"));
    let mut out = vec![Listing {
        prefix: folder(day),
        after: last.to_owned(),
        until: listing.until.clone(),
    }];
    let mut next = day.succ_opt();
    while let Some(day) = next
        && day <= span.to.date_naive()
    {
        out.push(Listing {
            prefix: folder(day),
            after: String::new(),
            until: listing.until.clone(),
        });
        next = day.succ_opt();
    }
    out
}

/// Whether an object is a file of calls delivered inside the span. Objects whose name says no time
/// are wanted: the scanner judges them.
#[must_use]
pub(crate) fn is_wanted(key: &str, span: &Interval) -> bool {
    if key.ends_with('/') || is_sibling(key) {
        return false;
    }
    match minute_of(key).or_else(|| midnight(day_of(key)?)) {
        None => true,
        Some((first, length_s)) => {
            let last = first
                .checked_add_signed(Duration::seconds(length_s + CLOCKS_S))
                .unwrap_or(first);
            last > span.from && first <= span.to
        }
    }
}

/// The first instant after the delivery of an object, as far as its name says.
#[must_use]
pub(crate) fn delivered_until(key: &str) -> Option<Instant> {
    let (first, length_s) = minute_of(key).or_else(|| midnight(day_of(key)?))?;
    first.checked_add_signed(Duration::seconds(length_s))
}

/// Digests, Insights and the other siblings of the calls.
fn is_sibling(key: &str) -> bool {
    key.split(['/', '_'])
        .any(|part| part.starts_with("CloudTrail-"))
}

fn midnight(day: NaiveDate) -> Option<(Instant, i64)> {
    Some((day.and_time(NaiveTime::MIN).and_utc(), 86_400))
}

/// The minute of delivery in an object's name.
fn minute_of(key: &str) -> Option<(Instant, i64)> {
    let name = key.rsplit('/').next()?;
    let mut parts = name.split('_');
    parts.find(|part| *part == CALLS)?;
    let stamp = parts.nth(1)?.get(..14)?;
    let at = chrono::NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%MZ").ok()?;
    (at.second() == 0).then(|| (at.and_utc(), 60))
}

/// The day of delivery in an object's folders.
fn day_of(key: &str) -> Option<NaiveDate> {
    let mut up = key.rsplit('/').skip(1);
    let (day, month, year) = (up.next()?, up.next()?, up.next()?);
    if (day.len(), month.len(), year.len()) != (2, 2, 4) {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

#[cfg(test)]
mod tests;
