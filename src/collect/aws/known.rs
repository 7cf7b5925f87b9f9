//! What is known of AWS's side of the conversation, read from `queries/aws/`: calls with their IAM
//! action and rate, errors with their meaning, partitions with their regions.
//!
//! It must never hold a number or a name of its own: those are data that a person can look up with
//! `ecr-incident catalog show aws/calls`.

use crate::bundle::manifest::Noun;
use crate::catalog;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One AWS operation this tool may call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Signing name: `monitoring`, `logs`, …
    pub service: String,
    /// `GetMetricData`, …
    pub operation: String,
    /// The source it serves; `None` for finding out who we are.
    #[serde(default)]
    pub noun: Option<Noun>,
    /// IAM action; empty when none is needed.
    pub action: String,
    /// Documented requests per second of one account in one region.
    pub per_second: f64,
    /// Calls that may go at once before the rate counts.
    pub burst: f64,
    /// What it is for, one sentence.
    pub why: String,
}

impl Call {
    /// `monitoring:GetMetricData`, as the receipt and the log name it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }
}

/// Prices in US dollars.
#[derive(Debug, Clone, Copy)]
pub struct Prices {
    /// Per 1,000 metrics asked for with GetMetricData.
    pub per_1000_metrics: f64,
    /// Per GB scanned by Logs Insights.
    pub per_gb_scanned: f64,
    /// Per 1,000 objects read.
    pub per_1000_s3_gets: f64,
    /// Per 1,000 list requests.
    pub per_1000_s3_lists: f64,
}

#[derive(Deserialize)]
struct CallTable {
    usd_per_1000_metrics: f64,
    usd_per_gb_scanned: f64,
    usd_per_1000_s3_gets: f64,
    usd_per_1000_s3_lists: f64,
    call: Vec<Call>,
}

/// Calls by service and operation, and what they cost.
type Table = (BTreeMap<(String, String), Call>, Prices);

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let table: CallTable = catalog::table("aws/calls");
        let prices = Prices {
            per_1000_metrics: table.usd_per_1000_metrics,
            per_gb_scanned: table.usd_per_gb_scanned,
            per_1000_s3_gets: table.usd_per_1000_s3_gets,
            per_1000_s3_lists: table.usd_per_1000_s3_lists,
        };
        let calls = table
            .call
            .into_iter()
            .map(|call| ((call.service.clone(), call.operation.clone()), call))
            .collect();
        (calls, prices)
    })
}

/// A call by signing name and operation.
#[must_use]
pub fn find(service: &str, operation: &str) -> Option<&'static Call> {
    table().0.get(&(service.to_owned(), operation.to_owned()))
}

/// A call the code names itself.
///
/// # Panics
/// When `queries/aws/calls.toml` does not list it, which the tests of the sources rule out.
#[must_use]
pub fn call(service: &str, operation: &str) -> &'static Call {
    find(service, operation)
        .unwrap_or_else(|| panic!("queries/aws/calls.toml does not list {service}:{operation}"))
}

/// Every call, sorted by service and operation.
pub fn calls() -> impl Iterator<Item = &'static Call> {
    table().0.values()
}

/// What things cost.
#[must_use]
pub fn prices() -> Prices {
    table().1
}

/// What kind of trouble an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A permission is missing.
    Denied,
    /// The credentials ran out.
    Expired,
    /// No credentials at all, or none that could be loaded.
    NoCredentials,
    /// The support plan lacks the API.
    Subscription,
    /// The region is not enabled (or the credentials are wrong).
    RegionOff,
    /// Asked too often.
    Throttled,
    /// The signature was refused.
    Skew,
    /// What was asked for does not exist.
    Missing,
    /// The service's own fault.
    Server,
    /// No answer: refused, reset, unresolved, timed out.
    Network,
    /// An answer that is not AWS's.
    Unreadable,
    /// A time or cost limit of this run, or Ctrl-C.
    Stopped,
    /// Any other refusal.
    Refused,
}

impl Kind {
    /// Whether other credentials of the same identity may be what helps.
    #[must_use]
    pub fn is_of_credentials(self) -> bool {
        matches!(self, Self::Expired | Self::NoCredentials | Self::RegionOff)
    }

    /// Whether credentials, permissions or the support plan are what is missing.
    #[must_use]
    pub fn is_ours_to_mend(self) -> bool {
        matches!(
            self,
            Self::Denied
                | Self::Expired
                | Self::NoCredentials
                | Self::Subscription
                | Self::RegionOff
                | Self::Skew
        )
    }
}

/// One row of `queries/aws/errors.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorKind {
    /// The kind.
    pub kind: Kind,
    /// Codes, without prefix and namespace.
    pub codes: Vec<String>,
    /// What it means, to follow a colon.
    pub what: String,
    /// What to do, with places to fill.
    pub hint: String,
}

/// The row of an error code.
#[must_use]
pub fn error(code: &str) -> Option<&'static ErrorKind> {
    #[derive(Deserialize)]
    struct Table {
        kind: Vec<ErrorKind>,
    }
    static TABLE: OnceLock<Vec<ErrorKind>> = OnceLock::new();
    TABLE
        .get_or_init(|| catalog::table::<Table>("aws/errors").kind)
        .iter()
        .find(|row| row.codes.iter().any(|known| known == code))
}

/// A partition: regions that share identities and hosts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// `aws`, `aws-cn`, `aws-us-gov`: the second word of every ARN.
    pub id: String,
    /// The region AWS Health is asked in.
    pub health_region: String,
    /// Tried when that one is not the active side; empty when there is none.
    pub health_standby: String,
    /// A region every account of the partition has.
    pub default_region: String,
    /// The public feed; empty when the partition has none.
    pub status_feed: String,
    /// All regions.
    pub regions: Vec<String>,
}

/// All partitions.
#[must_use]
pub fn partitions() -> &'static [Partition] {
    #[derive(Deserialize)]
    struct Table {
        partition: Vec<Partition>,
    }
    static TABLE: OnceLock<Vec<Partition>> = OnceLock::new();
    TABLE.get_or_init(|| catalog::table::<Table>("aws/partitions").partition)
}

/// The partition a region lies in: by the list, else by its first letters, else the commercial one.
#[must_use]
pub fn partition_of(region: &str) -> &'static Partition {
    let by_form = match region {
        cn if cn.starts_with("cn-") => "aws-cn",
        gov if gov.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let all = partitions();
    all.iter()
        .find(|partition| partition.regions.iter().any(|known| known == region))
        .or_else(|| all.iter().find(|partition| partition.id == by_form))
        .unwrap_or_else(|| panic!("queries/aws/partitions.toml lists {by_form}"))
}

/// The known region nearest to a word that is none, when it is near enough to be a slip.
#[must_use]
pub fn did_you_mean(word: &str) -> Option<&'static str> {
    let known = partitions().iter().flat_map(|partition| &partition.regions);
    known
        .map(|region| (distance(word, region), region.as_str()))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, region)| region)
}

/// Letters to change, add or drop between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut before = i;
        let mut next = vec![i + 1];
        for (above, right) in row.iter().skip(1).zip(&b) {
            let swap = before + usize::from(left != *right);
            let side = next.last().copied().unwrap_or_default();
            next.push(swap.min(above + 1).min(side + 1));
            before = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_whole() {
        assert!(calls().count() > 20);
        for call in calls() {
            assert!(
                call.per_second > 0.0 && call.burst >= 1.0,
                "{}",
                call.name()
            );
            assert!(call.action.is_empty() || call.action.contains(':'));
        }
        assert!(prices().per_1000_metrics > 0.0);
        assert_eq!(
            error("AccessDeniedException").map(|row| row.kind),
            Some(Kind::Denied)
        );
        assert_eq!(error("Nonsense").map(|row| row.kind), None);
    }

    #[test]
    fn regions_have_partitions_and_slips_are_caught() {
        assert_eq!(partition_of("eu-west-1").id, "aws");
        assert_eq!(partition_of("cn-north-1").id, "aws-cn");
        assert_eq!(partition_of("us-gov-east-1").id, "aws-us-gov");
        assert_eq!(partition_of("cn-new-9").id, "aws-cn");
        assert_eq!(did_you_mean("us-esat-1"), Some("us-east-1"));
        assert_eq!(did_you_mean("frankfurt"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
