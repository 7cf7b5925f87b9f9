#![no_main]
//! CloudWatch and Service Quotas answers: recognised or refused by name, points sorted and inside the
//! span, no quota that is not a number.

use ecr_incident::bundle::manifest::Noun;
use ecr_incident::facts::{metrics, quotas};
use ecr_incident_fuzz::{answers, case, file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let path = file("answer.json", data);
    let whole = case().whole();
    for series in metrics::series(&answers(Noun::Metrics, &path), whole) {
        assert!(series.points.iter().all(|point| whole.contains(point.0)));
        assert!(series.points.is_sorted_by_key(|point| point.0));
    }
    for quota in quotas::quotas(&answers(Noun::Quotas, &path)) {
        assert!(quota.value.is_finite());
    }
});
