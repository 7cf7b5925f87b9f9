//! Which files are read: layouts, siblings, dates, names, and odd folders.

use super::*;

const NAME: &str = "111122223333_CloudTrail_us-east-1_20260311T0705Z_abcDEF0123456789.json.gz";

fn one(n: u32) -> Vec<u8> {
    gzip(file_of(&[pull(n)]))
}

#[test]
fn the_layouts_of_a_bucket_are_walked_and_siblings_are_named() {
    let folder = Folder::new();
    let account = "AWSLogs/o-abc123/111122223333";
    folder.put(
        &format!("p/{account}/CloudTrail/us-east-1/2026/03/11/{NAME}"),
        one(1),
    );
    folder.put(
        &format!("p/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/11/{NAME}"),
        one(2),
    );
    folder.put("flat/trail.ndjson", pull(3).to_string());
    folder.put("flat/GetX.json.cloudtrail", pull(4).to_string());
    folder.put("flat/noextension", pull(5).to_string());
    for kind in ["Digest", "Insight", "NetworkActivity", "Aggregated"] {
        folder.put(
            &format!("p/{account}/CloudTrail-{kind}/us-east-1/2026/03/11/x.json.gz"),
            one(9),
        );
    }
    folder.put(
        "flat/1_CloudTrail-Digest_us-east-1_x_20260311T0705Z.json.gz",
        one(9),
    );
    folder.put("flat/README.md", "# hi");
    folder.put("flat/LICENSE", "MIT");
    let scan = folder.scan();
    assert_eq!(
        event_ids(&scan),
        ["event-1", "event-2", "event-3", "event-4", "event-5"]
    );
    assert_eq!(scan.entry().outcome, Outcome::Complete);
    assert_eq!((scan.entry().files_read, scan.entry().files_pruned), (5, 0));
    let whys: Vec<&str> = scan
        .entry()
        .refusals
        .iter()
        .map(|one| one.why.as_str())
        .collect();
    assert_eq!(whys.len(), 5, "{whys:#?}");
    assert!(
        whys.iter()
            .any(|why| why.starts_with("2 files of CloudTrail-Digest not read"))
    );
    assert!(
        whys.iter()
            .any(|why| why.starts_with("2 files not read: not named") && why.contains(".md: 1"))
    );
}

#[test]
fn days_outside_the_case_are_pruned_by_path_or_name() {
    let folder = Folder::new();
    for (day, n) in [("10", 1), ("11", 2), ("12", 3), ("13", 4), ("14", 5)] {
        folder.put(
            &format!("AWSLogs/1/CloudTrail/us-east-1/2026/03/{day}/x.json.gz"),
            one(n),
        );
        folder.put(
            &format!("flat/1_CloudTrail_us-east-1_202603{day}T0705Z_a.json.gz"),
            one(n + 10),
        );
    }
    let scan = folder.scan();
    // The window ends at the first instant of the 12th. A folder tells no more than the day of
    // delivery; a name tells that 07:05 is beyond the margin of two hours.
    assert_eq!(event_ids(&scan), ["event-2", "event-3", "event-12"]);
    let entry = scan.entry();
    assert_eq!(
        (entry.files_read, entry.files_pruned, entry.files_late),
        (3, 7, 5)
    );

    let named = folder
        .path()
        .join("AWSLogs/1/CloudTrail/us-east-1/2026/03/14/x.json.gz");
    assert_eq!(event_ids(&scan_of(&[&named])), ["event-5"]);
    let old = folder
        .path()
        .join("AWSLogs/1/CloudTrail/us-east-1/2026/03/10");
    let scan = scan_of(&[&old]);
    assert!(is_unavailable(&scan));
    assert_eq!(scan.entry().files_pruned, 1);
}

#[test]
fn a_trail_that_lags_is_followed_as_far_as_it_lags() {
    let file = |folder: &Folder, stamp: &str, n: u32| {
        let name = format!("1_CloudTrail_us-east-1_{stamp}Z_a.json.gz");
        folder.put(&name, one(n));
    };
    let read = |folder: &Folder| {
        let scan = folder.scan();
        (
            scan.calls.len(),
            scan.entry().files_read,
            scan.entry().files_late,
        )
    };
    let folder = Folder::new();
    // `one` is a record of the 11th, delivered ever later; the last gap is more than a quarter of the margin.
    for (n, stamp) in [
        "20260311T2300",
        "20260312T0115",
        "20260312T0135",
        "20260312T0155",
        "20260312T0230",
    ]
    .iter()
    .enumerate()
    {
        file(&folder, stamp, n as u32);
    }
    assert_eq!(read(&folder), (4, 4, 1));
    // A file without a record of the case does not carry on.
    let folder = Folder::new();
    file(&folder, "20260311T2300", 1);
    let other = with(pull(2), json!({"eventTime": "2026-03-12T01:00:00Z"}));
    folder.put(
        "1_CloudTrail_us-east-1_20260312T0130Z_a.json.gz",
        gzip(file_of(&[other])),
    );
    file(&folder, "20260312T0300", 3);
    assert_eq!(read(&folder), (1, 2, 1));
}

#[test]
fn a_folder_of_empty_files_is_one_line() {
    let folder = Folder::new();
    for n in 0..500 {
        folder.put(&format!("{n}.json.gz"), "");
    }
    let scan = folder.scan();
    assert!(refusal(&scan).1.starts_with("500 files are empty"));
    assert!(is_unavailable(&scan));
    folder.put("good.json", pull(1).to_string());
    assert!(is_partial(&folder.scan()));
}

#[test]
fn other_json_in_a_folder_is_told_and_makes_nothing_partial() {
    let folder = Folder::new();
    let quotas = folder.put("quotas.json", r#"{"Quotas":[]}"#);
    let trail = folder.put("trail.json", pull(1).to_string());
    let scan = folder.scan();
    assert_eq!(refusal(&scan).0, "quotas.json");
    assert_eq!(scan.entry().outcome, Outcome::Complete);
    assert!(is_partial(&scan_of(&[&trail, &quotas])));
}

#[test]
fn many_bad_files_stay_a_short_list() {
    let folder = Folder::new();
    for n in 0..300 {
        folder.put(&format!("{n:03}.log"), "not a record");
    }
    let scan = folder.scan();
    assert_eq!(scan.entry().refusals.len(), 201);
    assert!(
        scan.entry()
            .refusals
            .iter()
            .any(|one| one.input == "100 more inputs")
    );
}

#[test]
fn what_is_not_there_is_refused_with_a_way_out() {
    for (input, word) in [
        ("no/such/folder", "check the spelling"),
        ("s3://bucket/AWSLogs", "aws s3 cp"),
        ("logs/*.json.gz", "no file matches"),
    ] {
        let scan = scan_of(&[Path::new(input)]);
        let (named, why, _) = refusal(&scan);
        assert_eq!(named, input);
        assert!(why.contains(word), "{why}");
        assert!(is_unavailable(&scan));
        assert_eq!(scan.entry().asked, [input]);
    }
    assert!(is_unavailable(&scan_of(&[])));
    let folder = Folder::new();
    let file = folder.put("a.json", pull(1).to_string());
    assert!(is_partial(&scan_of(&[&file, Path::new("no/such")])));
}

#[test]
fn a_file_named_twice_is_read_once() {
    let folder = Folder::new();
    let other = with(pull(1), json!({"eventSource": "s3.amazonaws.com"}));
    let file = folder.put("sub/a.json", file_of(&[pull(1), other]));
    let scan = scan_of(&[folder.path(), &file, &folder.path().join("sub/../sub")]);
    assert_eq!((scan.entry().tally.read, scan.entry().files_read), (2, 1));
    assert_eq!(scan.entry().refusals.len(), 2);
    assert_eq!(scan.entry().outcome, Outcome::Complete);
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_never_in_circles() {
    let folder = Folder::new();
    let elsewhere = Folder::new();
    elsewhere.put("b.json", pull(2).to_string());
    folder.put("a/a.json", pull(1).to_string());
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("there")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("gone.json")).unwrap();
    std::os::unix::fs::symlink(
        folder.path().join("a/a.json"),
        folder.path().join("again.json"),
    )
    .unwrap();
    let scan = folder.scan();
    assert_eq!(event_ids(&scan), ["event-1", "event-2"]);
    assert_eq!((scan.entry().files_read, scan.entry().tally.read), (2, 2));
    let whys: Vec<&str> = scan
        .entry()
        .refusals
        .iter()
        .map(|one| one.why.as_str())
        .collect();
    assert!(
        whys.iter().any(|why| why.contains("leads back")),
        "{whys:?}"
    );
    assert!(
        whys.iter()
            .any(|why| why.contains("could not be opened, first gone.json")),
        "{whys:?}"
    );
}

#[test]
fn progress_hears_of_every_file() {
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Default)]
    struct Heard([AtomicU64; 5]);

    impl crate::trail::Progress for Heard {
        fn start(&self, files: u64, bytes: u64) {
            self.0[0].fetch_add(files, Ordering::Relaxed);
            self.0[1].fetch_add(bytes, Ordering::Relaxed);
        }
        fn file(&self, bytes: u64) {
            self.0[2].fetch_add(1, Ordering::Relaxed);
            self.0[3].fetch_add(bytes, Ordering::Relaxed);
        }
        fn done(&self) {
            self.0[4].fetch_add(1, Ordering::Relaxed);
        }
    }

    let folder = Folder::new();
    for n in 0..7 {
        folder.put(&format!("{n}.json.gz"), one(n));
    }
    let heard = Heard::default();
    let request = ScanRequest::everything(
        vec![folder.path().to_path_buf()],
        case(day(), Scope::everything()),
    );
    let scan = whole_scan(&request, &heard);
    let [files, bytes, files_done, bytes_done, done] = heard.0.map(AtomicU64::into_inner);
    assert_eq!((files, files_done, done), (7, 7, 1));
    assert_eq!(
        (bytes, bytes_done),
        (scan.entry().bytes_read, scan.entry().bytes_read)
    );
}
