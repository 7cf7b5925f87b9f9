//! The hot loop may not begin to allocate: counts allocations, never time, so it answers alike on
//! every machine.
//!
//! One thread does the whole scan, because the counter counts for the thread that asks. A table that
//! grows counts as a new one. What libdeflate takes from C's own allocator is not seen.

use crate::tool::root;
use allocation_counter::{AllocationInfo, measure};
use ecr_incident::bundle::manifest::SourceEntry;
use ecr_incident::case::{Case, Interval, Scope, instant};
use ecr_incident::trail::{self, HourRows, ScanRequest, Silent};

/// The case with the most records; nearly all of them are calls of ECR.
const CASE: &str = "fixtures/cases/kms_key_disabled/trail";

/// What one scan took and gave.
struct Scan {
    taken: AllocationInfo,
    entry: SourceEntry,
}

fn scan(change: impl FnOnce(&mut ScanRequest)) -> Scan {
    let day = |day: i64| instant(1_783_036_800 + day * 86_400);
    let case = Case {
        window: Interval::new(day(0), day(7)),
        baseline: Interval::new(day(0), day(0)),
        scope: Scope::everything(),
        now: day(8),
    };
    let mut request = ScanRequest::everything(vec![root().join(CASE)], case);
    change(&mut request);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let read = || {
        let make = |hour: HourRows| Ok(hour.calls.lines.len());
        trail::scan(&request, &Silent, make, |_| Ok(())).unwrap()
    };
    pool.install(|| {
        // Once for the tables that are made when they are first asked.
        let first = read();
        let mut entry = None;
        let taken = measure(|| entry = Some(read()));
        assert_eq!(entry, Some(first));
        Scan {
            taken,
            entry: entry.unwrap(),
        }
    })
}

/// Allocations for each record read.
fn each(scan: &Scan) -> f64 {
    scan.taken.count_total as f64 / scan.entry.tally.read as f64
}

#[test]
fn a_record_that_is_skipped_costs_no_allocation() {
    let scan = scan(|request| {
        request.case.scope.event_sources = vec!["none.amazonaws.com".to_owned()];
        request.with_callers = false;
        request.with_changes = false;
        request.with_controls = false;
    });
    assert!(scan.entry.tally.read > 25_000 && scan.entry.tally.used == 0);
    // Measured: 555 in all, which is 21 for each of the 26 files and 0.02 for a record. One for
    // every fiftieth record more would break this.
    assert!(each(&scan) < 0.035, "{:?}", scan.taken);
    // Measured: 5.9 MB. The largest file lies in memory packed and unfolded, and while the room
    // for it grows, the old room too.
    assert!(scan.taken.bytes_max < 8_000_000, "{:?}", scan.taken);
}

#[test]
fn a_call_that_is_counted_costs_no_allocation_of_its_own() {
    let scan = scan(|request| {
        request.with_callers = false;
        request.with_changes = false;
        request.with_controls = false;
    });
    assert!(scan.entry.tally.used > 25_000);
    // Measured: 7,357 in all, 0.27 for a record: 73 for each of the 101 hours, whose tables double as
    // they grow. One for each call would add 0.93.
    assert!(each(&scan) < 0.45, "{:?}", scan.taken);
    // Measured: 13.7 MB: what is read at the moment, as above, and the rows of every hour.
    assert!(scan.taken.bytes_max < 18_000_000, "{:?}", scan.taken);
}

#[test]
fn a_call_with_its_caller_costs_less_than_one_allocation() {
    let scan = scan(|_| {});
    assert!(scan.entry.tally.used > 25_000);
    // Measured: 17,611 in all, 0.65 for a record. Calls stay numbers; control rows and changes own
    // their texts. One more for each call would add 0.93.
    assert!(each(&scan) < 0.8, "{:?}", scan.taken);
    // Measured: 16.3 MB.
    assert!(scan.taken.bytes_max < 20_000_000, "{:?}", scan.taken);
}
