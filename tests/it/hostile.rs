//! Broken, huge and malicious inputs: an exit code, a plain message with a way out, harmless output,
//! never a panic, and never a number that pretends the damage was not there.

use crate::story::Report;
use crate::tool::{Answer, run, run_within, scratch};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

/// What any of these tests may end with: done, failed, usage.
const HONEST: [i32; 3] = [0, 1, 2];

fn record(minute: usize, index: usize) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/node/i-0abc", "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/node", "accountId": "111122223333", "userName": "node"}}},
        "eventTime": format!("2026-03-11T{:02}:{:02}:{:02}Z", 6 + minute / 60, minute % 60, index % 60),
        "eventSource": "ecr.amazonaws.com", "eventName": "BatchGetImage", "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7", "userAgent": "docker/27.3.1",
        "requestParameters": {"repositoryName": "team/web", "registryId": "111122223333"}, "responseElements": null,
        "requestID": format!("r-{minute}-{index}"), "eventID": format!("e-{minute}-{index}"),
        "eventType": "AwsApiCall", "recipientAccountId": "111122223333"
    })
}

fn records() -> Vec<Value> {
    (0..60)
        .flat_map(|minute| (0..2).map(move |index| record(minute, index)))
        .collect()
}

fn wrapped(records: &[Value]) -> String {
    json!({"Records": records}).to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn report_words<'a>(inputs: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["report"];
    for input in inputs {
        words.extend(["--cloudtrail", input]);
    }
    words.extend([
        "--from",
        "2026-03-11T06:00Z",
        "--to",
        "2026-03-11T07:00Z",
        "--offline",
        "--now",
        "2026-03-11T12:00Z",
        "--out",
        "report",
        "--force",
        "--verbose",
    ]);
    words
}

fn report(folder: &Path, inputs: &[&str]) -> Answer {
    run(folder, report_words(inputs)).sane()
}

fn trail_row(folder: &Path) -> Value {
    let report = Report::read(&folder.join("report")).unwrap();
    let rows = report.json["coverage"].as_array().unwrap();
    let sum = |key: &str| {
        rows.iter()
            .filter(|row| row["noun"] == "trail")
            .filter_map(|row| row[key].as_u64())
            .sum::<u64>()
    };
    json!({"read": sum("read"), "used": sum("used"), "skipped": sum("skipped"), "duplicate": sum("duplicate")})
}

#[test]
fn a_missing_path_is_said_plainly() {
    let folder = scratch("hostile-missing");
    let answer = report(&folder, &["no-such-folder"]);
    assert_eq!(answer.code, 2, "{}", answer.err);
    assert!(answer.err.contains("no-such-folder"), "{}", answer.err);
    assert!(answer.err.contains("hint:"), "{}", answer.err);
    assert!(
        !folder.join("report").exists(),
        "nothing stands where the right report should go"
    );
    // Beside an input that exists it is a gap.
    fs::create_dir(folder.join("logs")).unwrap();
    let answer = report(&folder, &["logs", "no-such-folder"]).exits(0);
    assert!(answer.err.contains("no-such-folder"), "{}", answer.err);
    let report = Report::read(&folder.join("report")).unwrap();
    assert_eq!(report.json["status"], "inconclusive");
}

#[test]
fn a_truncated_archive_is_named_and_its_neighbours_are_read() {
    let folder = scratch("hostile-truncated");
    let whole = gzip(wrapped(&records()).as_bytes());
    fs::write(folder.join("half.json.gz"), &whole[..whole.len() / 2]).unwrap();
    fs::write(
        folder.join("whole.json.gz"),
        gzip(wrapped(&[record(59, 7)]).as_bytes()),
    )
    .unwrap();
    let answer = report(&folder, &["half.json.gz", "whole.json.gz"]).exits(0);
    assert!(answer.err.contains("half.json.gz"), "{}", answer.err);
    let row = trail_row(&folder);
    assert!(
        row["used"].as_u64().unwrap() >= 1,
        "the whole file is lost too: {row}"
    );
    let json = fs::read_to_string(folder.join("report/report.json")).unwrap();
    assert!(
        json.contains("half.json.gz"),
        "the report does not say that a file was cut short"
    );
}

#[test]
fn bytes_after_an_archive_and_false_names_are_said() {
    let folder = scratch("hostile-names");
    let mut tail = gzip(wrapped(&[record(1, 1)]).as_bytes());
    tail.extend_from_slice(b"left over");
    fs::write(folder.join("tail.json.gz"), tail).unwrap();
    fs::write(folder.join("plain.json.gz"), wrapped(&[record(2, 1)])).unwrap();
    fs::write(
        folder.join("packed.json"),
        gzip(wrapped(&[record(3, 1)]).as_bytes()),
    )
    .unwrap();
    report(&folder, &["tail.json.gz", "plain.json.gz", "packed.json"]).exits(0);
    let row = trail_row(&folder);
    assert_eq!(row["used"], 3, "content decides, not the name: {row}");
}

#[test]
fn a_gzip_bomb_does_not_fill_the_memory() {
    let folder = scratch("hostile-bomb");
    // 6 GiB in one text value of one record pack to a few megabytes; written in pieces.
    let file = fs::File::create(folder.join("bomb.json.gz")).unwrap();
    let mut encoder = GzEncoder::new(BufWriter::new(file), Compression::fast());
    encoder
        .write_all(b"{\"Records\":[{\"eventName\":\"")
        .unwrap();
    let letters = vec![b'a'; 1 << 20];
    for _ in 0..6 * 1024 {
        encoder.write_all(&letters).unwrap();
    }
    encoder.write_all(b"\"}]}").unwrap();
    encoder.finish().unwrap().flush().unwrap();
    fs::write(folder.join("good.json"), wrapped(&[record(4, 1)])).unwrap();
    let answer = run_within(
        4_000_000,
        &folder,
        &report_words(&["bomb.json.gz", "good.json"]),
    );
    fs::remove_file(folder.join("bomb.json.gz")).unwrap();
    let answer = answer.exits(0);
    assert!(
        answer.err.contains("bomb.json.gz"),
        "the cap is not said: {}",
        answer.err
    );
    assert_eq!(trail_row(&folder)["used"], 1);
}

#[test]
fn a_line_of_300_megabytes_is_survived() {
    let folder = scratch("hostile-line");
    let path = folder.join("line.jsonl");
    let mut file = BufWriter::new(fs::File::create(&path).unwrap());
    file.write_all(b"{\"eventName\":\"").unwrap();
    let letters = vec![b'a'; 1 << 20];
    for _ in 0..300 {
        file.write_all(&letters).unwrap();
    }
    file.write_all(b"\"}\n").unwrap();
    writeln!(file, "{}", record(5, 1)).unwrap();
    file.flush().unwrap();
    drop(file);
    let answer = report(&folder, &["line.jsonl"]);
    fs::remove_file(path).unwrap();
    assert!(HONEST.contains(&answer.code), "{}", answer.err);
    assert!(
        answer.err.contains("line.jsonl"),
        "the giant is not named: {}",
        answer.err
    );
}

#[test]
fn bytes_that_are_not_text_are_counted_or_refused() {
    let folder = scratch("hostile-bytes");
    let good = record(6, 1).to_string();
    let mut mixed = Vec::new();
    mixed.extend_from_slice(good.as_bytes());
    mixed.extend_from_slice(b"\n\xff\xfe\x00\x80 not text\n");
    mixed.extend_from_slice(
        record(7, 1)
            .to_string()
            .replace("docker", "dock\u{0}er")
            .as_bytes(),
    );
    mixed.extend_from_slice(b"\n{\"eventName\": \"Batch\xc3\x28\"}\n");
    mixed.extend_from_slice(record(8, 1).to_string().as_bytes());
    mixed.push(b'\n');
    fs::write(folder.join("mixed.jsonl"), mixed).unwrap();
    let answer = report(&folder, &["mixed.jsonl"]).exits(0);
    let row = trail_row(&folder);
    assert!(
        row["used"].as_u64().unwrap() >= 2,
        "good neighbours are lost: {row}\n{}",
        answer.err
    );
    let losses = row["skipped"].as_u64().unwrap() > 0 || answer.err.contains("mixed.jsonl");
    assert!(
        losses,
        "bad lines vanish without a word: {row}\n{}",
        answer.err
    );
    // A marked UTF-8 file is still JSON.
    let mut marked = b"\xef\xbb\xbf".to_vec();
    marked.extend_from_slice(wrapped(&[record(9, 1)]).as_bytes());
    fs::write(folder.join("marked.json"), marked).unwrap();
    report(&folder, &["marked.json"]).exits(0);
    assert_eq!(trail_row(&folder)["used"], 1);
}

#[test]
fn a_hundred_thousand_empty_files_are_walked() {
    let folder = scratch("hostile-many");
    for shelf in 0..100 {
        let shelf = folder.join(format!("logs/{shelf:03}"));
        fs::create_dir_all(&shelf).unwrap();
        for index in 0..1000 {
            fs::write(shelf.join(format!("{index}.json.gz")), b"").unwrap();
        }
    }
    fs::write(folder.join("logs/good.json"), wrapped(&[record(10, 1)])).unwrap();
    let answer = report(&folder, &["logs"]);
    fs::remove_dir_all(folder.join("logs")).unwrap();
    let answer = answer.exits(0);
    assert_eq!(trail_row(&folder)["used"], 1, "{}", answer.err);
    let report = Report::read(&folder.join("report")).unwrap();
    assert!(
        report.md.len() < 200_000,
        "the report lists every empty file"
    );
}

#[test]
fn an_empty_folder_is_not_a_quiet_day() {
    let folder = scratch("hostile-empty");
    fs::create_dir(folder.join("logs")).unwrap();
    let answer = report(&folder, &["logs"]);
    assert!(HONEST.contains(&answer.code), "{}", answer.err);
    if answer.code == 0 {
        let report = Report::read(&folder.join("report")).unwrap();
        assert_ne!(report.json["status"], "quiet");
        assert!(!report.json["gaps"].as_array().unwrap().is_empty());
    }
}

#[test]
fn old_records_and_service_events_are_read() {
    let folder = scratch("hostile-versions");
    let mut old = record(11, 1);
    old["eventVersion"] = "1.04".into();
    old.as_object_mut().unwrap().remove("eventType");
    let mut service = record(12, 1);
    service["userIdentity"] = json!({"accountId": "111122223333", "invokedBy": "AWS Internal"});
    service["eventType"] = "AwsServiceEvent".into();
    service["eventName"] = "PolicyExecutionEvent".into();
    service["requestParameters"] = Value::Null;
    service.as_object_mut().unwrap().remove("requestID");
    let mut odd = record(13, 1);
    odd["userIdentity"]["sessionContext"]["sessionIssuer"] = json!({});
    odd["requestParameters"] = json!("a string where an object belongs");
    odd["resources"] = json!([{"ARN": "arn:aws:ecr:us-east-1:111122223333:repository/a/b/c"}]);
    let mut future = record(14, 1);
    future["eventVersion"] = "1.99".into();
    future["somethingNew"] = json!({"deep": [1, 2, {"er": null}]});
    let all = [
        old,
        service,
        odd,
        future,
        json!({}),
        json!(7),
        json!("text"),
        Value::Null,
    ];
    fs::write(folder.join("odd.json"), wrapped(&all)).unwrap();
    let answer = report(&folder, &["odd.json"]).exits(0);
    let row = trail_row(&folder);
    assert!(row["used"].as_u64().unwrap() >= 4, "{row}\n{}", answer.err);
    let named = answer.err.contains("odd.json");
    assert!(
        named,
        "entries that are no records vanish without a word: {}",
        answer.err
    );
}

#[test]
fn deep_nesting_does_not_overflow() {
    let folder = scratch("hostile-deep");
    let depth = 200_000;
    let deep = format!(
        "{{\"Records\":[{}{}]}}",
        "[".repeat(depth),
        "]".repeat(depth)
    );
    fs::write(folder.join("deep.json"), deep).unwrap();
    fs::write(folder.join("good.json"), wrapped(&[record(15, 1)])).unwrap();
    report(&folder, &["deep.json", "good.json"]).exits(0);
    assert_eq!(trail_row(&folder)["used"], 1);
}

#[test]
fn small_answers_in_the_wrong_shape_are_refused_by_name() {
    let folder = scratch("hostile-answers");
    fs::write(folder.join("good.json"), wrapped(&records())).unwrap();
    fs::write(folder.join("broken.json"), "{\"MetricDataResults\": [").unwrap();
    fs::write(folder.join("other.json"), "{\"Buckets\": []}").unwrap();
    fs::write(folder.join("types.json"), r#"{"MetricDataResults":[{"Id":7,"Timestamps":["never",3],"Values":["NaN"]}],"Messages":[]}"#).unwrap();
    fs::write(
        folder.join("quotas.json"),
        r#"{"Quotas":[{"QuotaCode":"L-16E70933","Value":"many"},{"Value":1e999}]}"#,
    )
    .unwrap();
    fs::write(
        folder.join("health.json"),
        r#"{"events":[{"arn":"x","startTime":1e300},{"startTime":null}]}"#,
    )
    .unwrap();
    let answer = run(
        &folder,
        [
            "report",
            "--cloudtrail",
            "good.json",
            "--metrics",
            "broken.json",
            "--metrics",
            "other.json",
            "--metrics",
            "types.json",
            "--quotas",
            "quotas.json",
            "--health",
            "health.json",
            "--health",
            "missing.json",
            "--from",
            "2026-03-11T06:00Z",
            "--to",
            "2026-03-11T07:00Z",
            "--offline",
            "--now",
            "2026-03-11T12:00Z",
            "--out",
            "report",
            "--verbose",
        ],
    )
    .sane();
    assert!(HONEST.contains(&answer.code), "{}", answer.err);
    for name in ["broken.json", "other.json", "missing.json"] {
        assert!(
            answer.err.contains(name),
            "{name} is not named: {}",
            answer.err
        );
    }
}

/// Text an attacker can put into a user agent, a session name, a repository or a message.
const VENOM: [&str; 10] = [
    "| cell | break |",
    "`` ` ``` code",
    "\u{1b}[31mred\u{1b}[0m \u{9b}2J",
    "\u{202e}desrever\u{2066}",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "![beacon](http://evil.example/pixel.png)",
    "[click](javascript:alert(1))",
    "@octocat fixes #123 http://evil.example/",
    "line\r\nbreak\u{0}\u{7}=cmd|' /C calc'!A0",
];

#[test]
fn hostile_text_is_inert_in_every_output() {
    let folder = scratch("hostile-text");
    let mut all = Vec::new();
    for minute in 0..60 {
        for (index, venom) in VENOM.iter().enumerate() {
            let mut made = record(minute, index);
            made["userAgent"] = (*venom).into();
            made["requestParameters"]["repositoryName"] = (*venom).into();
            made["userIdentity"]["arn"] =
                format!("arn:aws:sts::111122223333:assumed-role/node/{venom}").into();
            made["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] =
                format!("arn:aws:iam::111122223333:role/{venom}").into();
            made["vpcEndpointId"] = (*venom).into();
            made["requestID"] = format!("{venom}-{minute}").into();
            if (20..40).contains(&minute) {
                made["errorCode"] = if index % 3 == 0 {
                    "ServerException".into()
                } else {
                    (*venom).into()
                };
                made["errorMessage"] = (*venom).into();
            }
            all.push(made);
        }
    }
    // Enough calm days that the burst counts as one.
    for day in 8..11 {
        for minute in 0..60 {
            let mut calm = record(minute, 0);
            calm["eventTime"] = format!("2026-03-{day:02}T06:{minute:02}:30Z").into();
            calm["eventID"] = format!("calm-{day}-{minute}").into();
            all.push(calm);
        }
    }
    fs::write(folder.join("venom.json"), wrapped(&all)).unwrap();
    let answer = report(&folder, &["venom.json"]).exits(0);
    inert_terminal(&answer.out);
    inert_terminal(&answer.err);
    let report = Report::read(&folder.join("report")).unwrap();
    assert_eq!(
        report.json["status"], "incident",
        "the hostile calls must reach the report's tables"
    );

    let md = &report.md;
    inert_terminal(md);
    assert!(
        !outside_code(md).contains("![beacon]("),
        "an image would be loaded"
    );
    assert!(
        !outside_code(md).contains("](javascript:"),
        "a link would run"
    );
    let lower = outside_code(md).to_lowercase();
    assert!(
        !lower.contains("<script") && !lower.contains("<img"),
        "raw HTML in Markdown"
    );
    assert!(
        !lower.contains("@octocat"),
        "a mention would notify somebody"
    );
    tables_keep_their_shape(md);

    let html = &report.html;
    inert_terminal(html);
    assert!(
        !html.contains("<script") && !html.contains("<img src=x"),
        "the page would run what a log says"
    );
    assert!(
        !html.contains("href=\"javascript:") && !html.contains("src=\"http"),
        "the page would fetch"
    );
    assert!(html.contains("Content-Security-Policy") && html.contains("default-src 'none'"));

    let calls = run(
        &folder,
        [
            "calls",
            "--cloudtrail",
            "venom.json",
            "--by",
            "user_agent,repository",
        ],
    )
    .exits(0);
    inert_terminal(&calls.out);
    for line in calls.out.lines() {
        assert!(
            !line.starts_with(['=', '+', '-', '@']),
            "a spreadsheet would compute {line}"
        );
    }
}

/// No control character but newline and tab, no direction override.
#[track_caller]
fn inert_terminal(text: &str) {
    let bad = text.chars().find(|letter| {
        let control = letter.is_control() && *letter != '\n' && *letter != '\t';
        control || matches!(letter, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert!(bad.is_none(), "a raw {bad:?} got through");
}

/// Markdown without its code spans and fenced blocks, which show text as it is.
fn outside_code(md: &str) -> String {
    let mut out = String::new();
    let mut fence = "";
    for line in md.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        if fence.is_empty() && ticks.len() >= 3 {
            fence = ticks;
        } else if !fence.is_empty() {
            if line.trim_end() == fence {
                fence = "";
            }
        } else {
            out.push_str(&without_spans(line));
            out.push('\n');
        }
    }
    out
}

/// A line without its code spans (a run of backticks up to the next run of the same length) and
/// without what a backslash has made plain.
fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(['`', '\\']) {
        out.push_str(&rest[..start]);
        if rest[start..].starts_with('\\') {
            let plain = rest[start + 1..].chars().next().map_or(0, char::len_utf8);
            rest = &rest[start + 1 + plain..];
            continue;
        }
        let tail = &rest[start..];
        let run = tail.len() - tail.trim_start_matches('`').len();
        let mut search = run;
        let mut end = None;
        while let Some(found) = tail[search..].find('`') {
            let at = search + found;
            let length = tail[at..].len() - tail[at..].trim_start_matches('`').len();
            if length == run {
                end = Some(at + length);
                break;
            }
            search = at + length;
        }
        match end {
            Some(end) => rest = &tail[end..],
            None => {
                out.push_str(&tail[..run]);
                rest = &tail[run..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Every row of a table has as many cells as its header.
#[track_caller]
fn tables_keep_their_shape(md: &str) {
    let cells = |line: &str| {
        let mut count = 0;
        let mut escaped = false;
        for letter in line.chars() {
            count += usize::from(letter == '|' && !escaped);
            escaped = letter == '\\' && !escaped;
        }
        count
    };
    let mut width = None;
    for line in md.lines() {
        if line.starts_with('|') {
            let expected = *width.get_or_insert(cells(line));
            assert_eq!(cells(line), expected, "a row breaks its table: {line}");
        } else {
            width = None;
        }
    }
}
