//! What names and folders say of how a file was delivered.

use super::*;

#[test]
fn delivery_is_read_from_names_and_folders() {
    let span = |from: &str, seconds: i64| {
        let from: Instant = from.parse().unwrap();
        Some((from, from + Duration::seconds(seconds)))
    };
    for name in [
        "111122223333_CloudTrail_us-east-1_20260311T0705Z_abcDEF0123456789.json.gz",
        "111122223333_CloudTrail_us-east-1_20260311T0705ZabcDEF0123456789.json.gz",
    ] {
        assert_eq!(
            minute_of_name(name),
            span("2026-03-11T07:05:00Z", 60 + CLOCKS_S),
            "{name}"
        );
    }
    for name in [
        "export_20260311T0705Z.json",
        "1_CloudTrail_us-east-1_20261311T0705Z_a.json",
        "1_CloudTrail_us-east-1_20260311T2505Z_a.json",
        "1_CloudTrail_us-east-1_2026é311T0705Z_a.json",
        "1_CloudTrail_us-east-1",
    ] {
        assert_eq!(minute_of_name(name), None, "{name}");
    }
    let day = span("2026-03-11T00:00:00Z", 86_400);
    assert_eq!(day_of_folders(Path::new("a/2026/03/11/x.json")), day);
    assert_eq!(day_of_folders(Path::new("a/2026/3/11/x.json")), None);
    assert_eq!(day_of_folders(Path::new("x.json")), None);
}
