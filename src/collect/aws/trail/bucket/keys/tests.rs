//! Addresses and prefixes, where a listing begins and ends, and which objects the case needs.

use super::*;
use crate::case::Scope;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn span(from: &str, to: &str) -> Interval {
    Interval::new(at(from), at(to))
}

fn case() -> Case {
    Case {
        window: span("2026-03-11T06:30:00Z", "2026-03-11T09:00:00Z"),
        baseline: span("2026-03-10T06:30:00Z", "2026-03-11T06:30:00Z"),
        scope: Scope::everything(),
        now: at("2026-03-11T12:00:00Z"),
    }
}

const FILE: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/11/111122223333_CloudTrail_us-east-1_20260311T0705Z_abcDEF0123456789.json.gz";

#[test]
fn addresses_are_read_and_patterns_refused() {
    let place = |url: &str| Place::parse(url).map(|place| (place.bucket, place.prefix));
    let whole = |b: &str, p: &str| Ok((b.to_owned(), p.to_owned()));
    assert_eq!(place("s3://logs"), whole("logs", ""));
    assert_eq!(place("s3://logs/a/b"), whole("logs", "a/b/"));
    assert_eq!(place("s3://logs//a/"), whole("logs", "a/"));
    assert_eq!(place("s3://logs/a/x.json.gz"), whole("logs", "a/x.json.gz"));
    assert!(place("s3:///a").is_err());
    assert!(place("s3://logs/2026*/").is_err());
    assert!(place("./logs").is_err());
}

#[test]
fn a_prefix_says_what_stands_below_it() {
    assert_eq!(level(""), Level::Unknown);
    assert_eq!(level("team/trail/"), Level::Unknown);
    assert_eq!(level("team/AWSLogs/"), Level::Accounts);
    assert_eq!(level("AWSLogs/o-abc123/"), Level::Accounts);
    assert_eq!(level("AWSLogs/111122223333/"), Level::Services);
    assert_eq!(level("AWSLogs/o-abc/111122223333/"), Level::Services);
    assert_eq!(level("AWSLogs/111122223333/CloudTrail/"), Level::Regions);
    assert_eq!(
        level("AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/"),
        Level::Days {
            account: "111122223333".into(),
            region: "eu-west-1".into()
        }
    );
    assert_eq!(
        level("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/"),
        Level::Files
    );
}

#[test]
fn a_listing_begins_before_the_span_and_ends_behind_it() {
    let prefix = "AWSLogs/111122223333/CloudTrail/us-east-1/";
    let span = span("2026-03-11T07:00:00Z", "2026-03-12T00:30:00Z");
    let listing = listing(prefix, "111122223333", "us-east-1", &span);
    // Delivered just before the span begins, by a clock that may be five minutes behind.
    let early = FILE.replace("T0705Z", "T0655Z");
    assert!(listing.after < early, "{listing:?}");
    assert!(listing.after > FILE.replace("T0705Z", "T0650Z"));
    let late = FILE
        .replace("/11/", "/12/")
        .replace("20260311T0705Z", "20260312T0030Z");
    assert!(late < listing.until, "{listing:?}");
    assert!(late.replace("T0030Z", "T0031Z") > listing.until);
}

#[test]
fn a_listing_cut_off_goes_on_day_by_day() {
    let prefix = "AWSLogs/111122223333/CloudTrail/us-east-1/";
    let span = span("2026-03-11T07:00:00Z", "2026-03-13T00:30:00Z");
    let listing = listing(prefix, "111122223333", "us-east-1", &span);
    let rest = rest(&listing, FILE, &span);
    let prefixes: Vec<&str> = rest
        .iter()
        .map(|one| one.prefix.strip_prefix(prefix).unwrap())
        .collect();
    assert_eq!(prefixes, ["2026/03/11/", "2026/03/12/", "2026/03/13/"]);
    assert_eq!(rest[0].after, FILE);
    assert_eq!(rest[1].after, "");
}

#[test]
fn objects_are_chosen_by_their_minute_with_the_scanners_margins() {
    let span = span("2026-03-11T07:00:00Z", "2026-03-11T09:00:00Z");
    let named = |minute: &str| FILE.replace("T0705Z", minute);
    assert!(is_wanted(&named("T0705Z"), &span));
    assert!(is_wanted(&named("T0900Z"), &span));
    assert!(!is_wanted(&named("T0901Z"), &span));
    assert!(is_wanted(&named("T0655Z"), &span));
    assert!(!is_wanted(&named("T0654Z"), &span));
    assert!(is_wanted("exports/records.json.gz", &span));
    assert!(is_wanted("x/2026/03/11/records.json.gz", &span));
    assert!(!is_wanted("x/2026/03/12/records.json.gz", &span));
    assert!(!is_wanted("AWSLogs/1/CloudTrail/", &span));
    assert!(!is_wanted(
        &FILE.replace("CloudTrail/us", "CloudTrail-Digest/us"),
        &span
    ));
}

#[test]
fn accounts_and_regions_follow_the_scope_but_global_services_are_read() {
    let mut case = case();
    assert!(admits_account(&case, "111122223333"));
    assert!(admits_account(&case, "o-abc"));
    assert!(!admits_account(&case, "elb"));
    case.scope.accounts = vec!["444455556666".into()];
    assert!(!admits_account(&case, "111122223333"));
    assert!(admits_region(&case, "sa-east-1"));
    case.scope.regions = vec!["eu-west-1".into()];
    assert!(admits_region(&case, "eu-west-1"));
    assert!(admits_region(&case, "us-east-1"));
    assert!(!admits_region(&case, "sa-east-1"));
}

#[test]
fn nothing_is_expected_from_the_future() {
    let case = case();
    let span = deliveries(&case, 86_400);
    assert_eq!(span.from, at("2026-03-10T06:30:00Z"));
    assert_eq!(span.to, at("2026-03-11T12:05:00Z"));
    let span = deliveries(&case, 3_600);
    assert_eq!(span.to, at("2026-03-11T10:00:00Z"));
}
