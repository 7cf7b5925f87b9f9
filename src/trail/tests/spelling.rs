//! The same records in any spelling, read by any way, give the same answer: at full speed, with
//! care, and cut into pieces for several threads.

use super::*;
use crate::trail::found::{Found, Name, Origin};
use crate::trail::{Pool, hours, outcome, share};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// How a text is written.
#[derive(Debug, Clone, Copy)]
struct Style {
    /// Where among the keys to begin, and whether backwards.
    turn: usize,
    reverse: bool,
    /// White space between tokens.
    space: &'static str,
    /// Every nth character of keys and texts is written as an escape; 0 for none.
    escape: usize,
}

fn style() -> impl Strategy<Value = Style> {
    let space = prop::sample::select(vec!["", " ", "\n\t", "\r\n      "]);
    (0usize..30, any::<bool>(), space, 0usize..4).prop_map(|(turn, reverse, space, escape)| Style {
        turn,
        reverse,
        space,
        escape,
    })
}

fn text(value: &str, style: Style, out: &mut String) {
    out.push('"');
    for (index, c) in value.chars().enumerate() {
        if style.escape > 0 && index % style.escape == 0 && (c as u32) < 0x10000 {
            out.push_str(&format!("\\u{:04x}", c as u32));
        } else if matches!(c, '"' | '\\') || c < ' ' {
            let quoted = serde_json::to_string(&c.to_string()).unwrap();
            out.push_str(quoted.trim_matches('"').trim_end_matches('"'));
            if c == '"' {
                out.push('"');
            }
        } else {
            out.push(c);
        }
    }
    out.push('"');
}

fn write(value: &Value, style: Style, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            if !keys.is_empty() {
                let turn = style.turn % keys.len();
                keys.rotate_left(turn);
            }
            if style.reverse {
                keys.reverse();
            }
            out.push('{');
            for (index, key) in keys.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(style.space);
                text(key, style, out);
                out.push_str(style.space);
                out.push(':');
                out.push_str(style.space);
                write(&fields[*key], style, out);
            }
            out.push_str(style.space);
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for (index, one) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(style.space);
                write(one, style, out);
            }
            out.push(']');
        }
        Value::String(value) => text(value, style, out),
        other => out.push_str(&other.to_string()),
    }
}

/// Records with everything that could mislead a reader that takes short cuts.
fn record() -> impl Strategy<Value = Value> {
    let decoy = prop::sample::select(vec![
        json!({}),
        json!({"requestParameters": {"eventSource": "ecr.amazonaws.com", "eventName": "PutImage"}}),
        json!({"requestParameters": {"detail": "{\"eventSource\":\"ecr.amazonaws.com\"}", "x": "}]{["}}),
        json!({"responseElements": {"a": [{"b": "\\"}, "\"", "\\\""], "errorCode": "X"}}),
        json!({"userAgent": "a \"quoted\" \\ agent é \u{1f600}", "errorMessage": "line\nbreak } ] {"}),
        json!({"resources": [{"ARN": "arn:aws:ecr:us-east-1:1:repository/a/b", "accountId": "1"}]}),
        json!({"eventSource": "s3.amazonaws.com", "eventName": "GetObject", "errorCode": "SlowDown"}),
        json!({"eventSource": "kms.amazonaws.com", "eventName": "DisableKey", "readOnly": false}),
        json!({"eventSource": "sts.amazonaws.com", "readOnly": "true", "eventVersion": 1.08}),
        json!({"eventVersion": "2.0"}),
        json!({"eventTime": "yesterday"}),
        json!({"eventTime": "2026-03-12T00:00:00Z"}),
        json!({"eventTime": "2026-03-11 10:00:00.5"}),
        json!({"recipientAccountId": null}),
        json!({"recipientAccountId": 111122223333u64, "awsRegion": ""}),
        json!({"eventCategory": "Insight"}),
        json!({"eventSource": null, "eventName": "X"}),
        json!({"errorCode": "AccessDenied", "addendum": {"reason": "UPDATED_DATA", "originalEventID": "event-1"}}),
        json!({"sharedEventID": "shared", "userIdentity": "text"}),
    ]);
    (0u32..80_000, decoy).prop_map(|(n, decoy)| with(pull(n), decoy))
}

fn file(records: &[Value], styles: &[Style]) -> String {
    let mut out = String::from("{\"Records\": [");
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(record, styles[index % styles.len()], &mut out);
    }
    out + "]}"
}

/// What a scan says, without what names the input.
#[derive(Debug, PartialEq)]
struct Answer {
    rows: (Vec<CallRow>, Vec<ChangeRow>, Vec<ControlRow>),
    ledger: String,
    /// With offsets into the text.
    whys: Vec<String>,
}

fn answer(scan: TrailScan) -> Answer {
    let entry = scan.entry.unwrap();
    Answer {
        rows: (scan.calls, scan.changes, scan.controls),
        ledger: format!("{:?} {:?}", entry.by_scope, entry.files_read),
        whys: entry.refusals.into_iter().map(|one| one.why).collect(),
    }
}

/// Reads one file cut into pieces of about `piece` bytes.
fn in_pieces(path: &Path, piece: usize) -> Answer {
    let request = ScanRequest::everything(Vec::new(), case(day(), Scope::everything()));
    let found = Found {
        origin: Origin::File(path.into()),
        name: Name::Typed(String::new()),
        bytes: 1,
        is_named: false,
        delivered: None,
    };
    let pool = Pool::default();
    share::read(&found, &request, &pool, piece);
    let mut gathers = pool.into_gathers();
    let mut by_scope = BTreeMap::new();
    for gather in &gathers {
        gather.tally(&mut by_scope);
    }
    let mut scan = TrailScan::default();
    hours::finish(
        &mut gathers,
        &mut by_scope,
        &hours::Room::USUAL,
        &Ok,
        &mut |hour: crate::trail::HourRows| {
            scan.calls.extend(hour.calls.rows());
            scan.changes.extend(hour.changes);
            scan.controls.extend(hour.controls);
            Ok(())
        },
    )
    .unwrap();
    let entry = outcome::conclude(&request, (0, 0), Vec::new(), gathers, by_scope);
    scan.entry = Some(entry);
    answer(scan)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_spelling_and_every_way_gives_the_same_answer(
        records in prop::collection::vec(record(), 1..14),
        styles in prop::collection::vec(style(), 1..4),
        piece in 1usize..6_000,
        cut in prop::option::of(1usize..3_000),
    ) {
        let plain = answer(scan_text(file_of(&records)));
        let mut text = file(&records, &styles);
        let spelled = answer(scan_text(&text));
        prop_assert_eq!(&plain.rows, &spelled.rows);
        prop_assert_eq!(&plain.ledger, &spelled.ledger);

        if let Some(cut) = cut {
            let mut end = text.len().saturating_sub(cut).max(20);
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.truncate(end);
        }
        let folder = Folder::new();
        let path = folder.put("trail.json", &text);
        let fast = answer(folder.scan());
        prop_assert_eq!(&fast, &in_pieces(&path, piece));
        // Something before the first bracket that only the careful reader knows how to pass.
        let slow = answer(scan_text(format!("2026-03-11T00:00:00Z {text}")));
        prop_assert_eq!(&fast.rows, &slow.rows);
        prop_assert_eq!(&fast.ledger, &slow.ledger);
    }
}

/// Bytes with a meaning in JSON, and one without.
fn stroke() -> impl Strategy<Value = u8> {
    prop::sample::select(b"\"{}[],:\\\nex0 ".to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damage_reads_the_same_whatever_it_was_packed_in(
        records in prop::collection::vec(record(), 1..5),
        style in style(),
        strokes in prop::collection::vec((0.0..1.0f64, stroke(), any::<bool>()), 1..4),
    ) {
        let mut bytes = file(&records, &[style]).into_bytes();
        for (at, byte, is_more) in strokes {
            // The wrapper stays: without one a text is of another kind.
            let at = 14 + ((bytes.len() - 14) as f64 * at) as usize;
            match is_more {
                true => bytes.insert(at, byte),
                false => bytes[at] = byte,
            }
        }
        let folder = Folder::new();
        folder.put("trail.json", &bytes);
        let fast = answer(folder.scan());
        let folder = Folder::new();
        let (left, right) = bytes.split_at(bytes.len() / 2);
        folder.put("trail.json.gz", [gzip(left), gzip(right)].concat());
        prop_assert_eq!(&fast, &answer(folder.scan()));
    }
}

#[test]
fn what_is_broken_inside_a_value_nobody_reads_costs_nothing_by_any_way() {
    let broken = pull(2).to_string().replacen(
        '{',
        r#"{"serviceEventDetails":{"a":"2.0",s"b":{"c":1}},"#,
        1,
    );
    let text = format!("{{\"Records\":[{},{broken},{}]}}", pull(1), pull(3));
    let plain = answer(scan_text(&text));
    assert_eq!(plain.rows.0.len(), 3);
    let folder = Folder::new();
    let path = folder.put(
        "members.json.gz",
        [gzip(&text[..99]), gzip(&text[99..])].concat(),
    );
    assert_eq!(answer(folder.scan()), plain);
    assert_eq!(in_pieces(&path, 500), plain);
}

#[test]
fn a_value_that_is_no_text_is_looked_at_however_often_it_comes() {
    let folder = Folder::new();
    for n in 0..40 {
        let mut record = pull(n);
        let fields = record.as_object_mut().unwrap();
        // They come last, so that nothing behind them makes the reader look at what it knows.
        for last in [
            "awsRegion",
            "recipientAccountId",
            "eventType",
            "eventCategory",
        ] {
            fields.remove(last);
        }
        let mut bytes = record.to_string().into_bytes();
        bytes.pop();
        bytes.extend(b",\"awsRegion\":\"us-east-1\",\"recipientAccountId\":\"1111\xff\xfe3333\"");
        bytes.extend(b",\"eventType\":\"AwsApiCall\",\"eventCategory\":\"Management\"}");
        bytes.extend(format!("\n{}", pull(100 + n)).into_bytes());
        folder.put(&format!("{n}.json"), bytes);
    }
    let scan = folder.scan();
    assert_eq!(scan.calls.len(), 80);
    let is_marked = |call: &&CallRow| call.recipient_account != "111122223333";
    assert_eq!(scan.calls.iter().filter(is_marked).count(), 40);
    for call in scan.calls.iter().filter(is_marked) {
        assert_eq!(call.recipient_account, "1111\u{fffd}\u{fffd}3333");
    }
}

#[test]
fn compressed_and_concatenated_files_are_read_alike() {
    let records: Vec<Value> = (0..50).map(pull).collect();
    let (left, right) = records.split_at(20);
    let plain = answer(scan_text(file_of(&records)));
    let folder = Folder::new();
    folder.put("whole.json.gz", gzip(file_of(&records)));
    assert_eq!(answer(folder.scan()), plain);
    let folder = Folder::new();
    let two = [gzip(file_of(left)), gzip(file_of(right))].concat();
    let path = folder.put("members.json.gz", &two);
    assert_eq!(answer(folder.scan()), plain);
    assert_eq!(in_pieces(&path, 3_000), plain);
    let folder = Folder::new();
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let path = folder.put("lines.jsonl", lines.join("\n"));
    assert_eq!(answer(folder.scan()), plain);
    assert_eq!(in_pieces(&path, 3_000), plain);
}

#[test]
fn what_spills_to_disk_comes_back() {
    // Long messages, so that a few thousand records are more than a thread holds.
    let records: Vec<Value> = (0..60_000)
        .map(|n| {
            let message = format!("{n}{}", "é".repeat(600));
            with(
                pull(n),
                json!({"errorCode": "ServerException", "errorMessage": message}),
            )
        })
        .collect();
    let folder = Folder::new();
    for (index, part) in records.chunks(5_000).enumerate() {
        folder.put(&format!("{index}.json.gz"), gzip(file_of(part)));
        folder.put(
            &format!("{index}-again.json.gz"),
            gzip(file_of(&part[..10])),
        );
    }
    let scan = folder.scan();
    assert_eq!(scan.calls.len(), 60_000);
    assert_eq!(scan.entry().tally.duplicate, 120);
    assert!(
        scan.calls
            .iter()
            .all(|call| call.error_message.ends_with('é'))
    );
}
