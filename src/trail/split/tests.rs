//! The splitter against every wrapping, against damage, and against noise.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Gives a few bytes at a time, so that every seam of the buffer is met.
struct Drip<'a> {
    text: &'a [u8],
    step: usize,
}

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.step.min(into.len()).min(self.text.len());
        let (now, later) = self.text.split_at(count);
        into[..count].copy_from_slice(now);
        self.text = later;
        Ok(count)
    }
}

/// The whole items and the damage of a text.
fn split(text: &[u8], step: usize) -> (Vec<String>, Vec<(Fault, u64)>) {
    let mut splitter = Splitter::new(Drip { text, step });
    let (mut items, mut damage) = (Vec::new(), Vec::new());
    while let Some(piece) = splitter.next() {
        match piece {
            Piece::Item { text: item, offset } => {
                let offset = usize::try_from(offset).unwrap();
                assert_eq!(item, &text[offset..offset + item.len()]);
                let item = String::from_utf8_lossy(item).into_owned();
                if serde_json::from_str::<serde::de::IgnoredAny>(&item).is_ok() {
                    items.push(item);
                } else {
                    damage.push((Fault::Broken, offset as u64));
                    splitter.reject();
                }
            }
            Piece::Damage { fault, offset } => damage.push((fault, offset)),
        }
    }
    (items, damage)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(Value::from),
        "[ -~é\\n\\t{}\\[\\]\"\\\\,]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z{\"\\\\]{0,5}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Records that begin like CloudTrail's, so that the search after damage can find them.
fn records(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    let record = (value(), any::<bool>()).prop_map(|(value, is_pretty)| {
        let record = json!({"eventVersion": "1.08", "requestParameters": value});
        if is_pretty {
            serde_json::to_string_pretty(&record).unwrap()
        } else {
            record.to_string()
        }
    });
    prop::collection::vec(record, count)
}

#[derive(Debug, Clone, Copy)]
enum Wrapping {
    Records,
    Events,
    List,
    Lists,
    Lines,
    Joined,
    Stamped,
    Documents,
}

fn wrapped(records: &[String], wrapping: Wrapping) -> String {
    let list = records.join(",\n  ");
    match wrapping {
        Wrapping::Records => format!("{{\"Records\":[{list}]}}"),
        Wrapping::Events => {
            format!(
                "\u{feff} {{\"a\": {{\"Records\": [1]}}, \"Events\" : [ {list} ], \"NextToken\": \"x]}}\" }}\n"
            )
        }
        Wrapping::List => format!("[{list}]"),
        Wrapping::Lists => format!("[[{list}], {{\"Records\":[]}}]"),
        Wrapping::Lines => records.join("\r\n"),
        Wrapping::Joined => records.concat(),
        Wrapping::Stamped => records
            .iter()
            .map(|record| format!("2026-03-11T07:02:43.000Z a/stream[1] {record}\n"))
            .collect(),
        Wrapping::Documents => records
            .iter()
            .map(|record| format!("{{\"Records\":[{record}]}}\u{feff}"))
            .collect(),
    }
}

const WRAPPINGS: [Wrapping; 8] = [
    Wrapping::Records,
    Wrapping::Events,
    Wrapping::List,
    Wrapping::Lists,
    Wrapping::Lines,
    Wrapping::Joined,
    Wrapping::Stamped,
    Wrapping::Documents,
];

proptest! {
    #[test]
    fn every_wrapping_gives_the_records_back(
        records in records(0..8),
        wrapping in prop::sample::select(&WRAPPINGS[..]),
        step in 1usize..40,
    ) {
        let text = wrapped(&records, wrapping);
        let (items, damage) = split(text.as_bytes(), step);
        prop_assert_eq!(items, records);
        prop_assert_eq!(damage, vec![]);
    }

    #[test]
    fn noise_never_panics(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        step in 1usize..40,
    ) {
        split(&noise, step);
    }

    #[test]
    fn noise_like_json_never_panics(
        noise in "([{}\\[\\]\",:\\\\ \n0-9]|\"Records\"|\\{\"eventVersion\"){0,60}",
        step in 1usize..40,
    ) {
        split(noise.as_bytes(), step);
    }

    #[test]
    fn a_cut_anywhere_keeps_the_records_before_it(
        records in records(1..6),
        wrapping in prop::sample::select(&[Wrapping::Records, Wrapping::List, Wrapping::Lines][..]),
        part in 0.0..1.0f64,
    ) {
        let text = wrapped(&records, wrapping);
        let cut = text.floor_char_boundary((text.len() as f64 * part) as usize);
        let (items, damage) = split(&text.as_bytes()[..cut], 64);
        prop_assert!(records.starts_with(&items), "{:?}", items);
        let whole = records.iter().filter(|record| text[..cut.min(text.len())].contains(record.as_str())).count();
        prop_assert!(items.len() <= whole || records.len() == whole);
        if !matches!(wrapping, Wrapping::Lines) && cut > 0 {
            prop_assert_eq!(damage.len(), 1);
            prop_assert_eq!(damage[0].0, Fault::Cut);
        }
    }

    #[test]
    fn the_neighbours_of_a_broken_record_survive(
        before in records(0..4),
        after in records(1..4),
        broken in prop::sample::select(&BROKEN[..]),
        wrapping in prop::sample::select(&[Wrapping::Records, Wrapping::List, Wrapping::Lines, Wrapping::Events, Wrapping::Stamped][..]),
    ) {
        // Nothing tells a text that begins with zeros from one that is no JSON at all.
        prop_assume!(broken.starts_with('{') || !before.is_empty() || !matches!(wrapping, Wrapping::Lines | Wrapping::Stamped));
        let all: Vec<String> = before.iter().cloned().chain([broken.to_owned()]).chain(after.iter().cloned()).collect();
        let text = wrapped(&all, wrapping);
        let (items, damage) = split(text.as_bytes(), 50);
        let kept: Vec<&String> = before.iter().chain(&after).collect();
        prop_assert_eq!(items.iter().collect::<Vec<_>>(), kept, "{:?}", damage);
        prop_assert!(!damage.is_empty());
    }
}

/// Records with one fault each.
const BROKEN: [&str; 10] = [
    r#"{"eventVersion":"1.08,"eventName":"x","requestParameters":{"a":[1,2]}}"#,
    r#"{"eventVersion":"1.08","eventName":"x","requestParameters":{"a":[1,2]}"#,
    r#"{"eventVersion":"1.08","eventName":"x","requestParameters":{"a":[1,2}}"#,
    r#"{"eventVersion":"1.08","eventName":"x}"#,
    r#"{"eventVersion":"1.08","eventName":"Pu"#,
    r#"{"eventVersion":1.08.1,"eventName":nul}"#,
    r#"{"eventVersion":"1.08",,"eventName"}"#,
    "{\"eventVersion\":\"1.08\",\"eventName\":\"a\0b\",\u{1}}",
    "{\"eventVersion\":\"1.08\",\"userAgent\":\"line\nbreak\"}",
    "\0\0\0\0\0\0\0\0",
];

#[test]
fn what_is_no_json_is_said_once_with_its_head() {
    let text = b"  **To look up events**\n\n  {\"Events\": []}\n";
    let mut splitter = Splitter::new(&text[..]);
    let first = splitter.next();
    assert_eq!(
        first,
        Some(Piece::Damage {
            fault: Fault::NotJson,
            offset: 2
        })
    );
    assert!(splitter.head().starts_with(b"**To look"));
    assert_eq!(splitter.next(), None);
    assert_eq!(
        split(b"2026 was a year\nlike any other", 5).0,
        Vec::<String>::new()
    );
    assert_eq!(split(b"", 5), (vec![], vec![]));
}

#[test]
fn a_list_that_never_ends_is_a_cut() {
    let (items, damage) = split(br#"{"Records":[{"a":1},{"b":2}"#, 3);
    assert_eq!(items.len(), 2);
    assert_eq!(damage, vec![(Fault::Cut, 27)]);
}

/// A list of records that is made while it is read: the test holds none of it.
struct Endless {
    left: usize,
    now: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.now.len() && self.left > 0 {
            self.left -= 1;
            self.at = 0;
            self.now = format!(
                ",{{\"eventVersion\":\"1.08\",\"n\":{},\"x\":\"{}\"}}",
                self.left,
                "y".repeat(5_000)
            )
            .into_bytes();
        }
        let count = into.len().min(self.now.len() - self.at);
        into[..count].copy_from_slice(&self.now[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[test]
fn memory_is_bounded_by_the_record_and_not_by_the_file() {
    let mut splitter = Splitter::new(Endless {
        left: 12_000,
        now: b"{\"Records\":[{}".to_vec(),
        at: 0,
    });
    let mut count = 0;
    while let Some(piece) = splitter.next() {
        count += u32::from(matches!(piece, Piece::Item { .. }));
        assert!(
            splitter.buf.capacity() < 1 << 20,
            "{}",
            splitter.buf.capacity()
        );
    }
    assert_eq!(count, 12_001);
}

#[test]
fn a_giant_is_left_out_and_the_next_record_is_found() {
    let giant = format!(
        r#"{{"eventVersion":"1.08","x":"{}"}}"#,
        "y".repeat(RECORD_CAP + 10)
    );
    let next = r#"{"eventVersion":"1.08","n":2}"#;
    let text = format!(r#"{{"Records":[{next},{giant},{next}]}}"#);
    let (items, damage) = split(text.as_bytes(), 1 << 20);
    assert!(items == [next, next], "{} items", items.len());
    assert_eq!(damage, vec![(Fault::TooLarge, 13 + next.len() as u64)]);
}

#[test]
fn crafted_damage_costs_no_quadratic_time() {
    // Every start looks like a record and none ends: each would be scanned to the end of the text.
    let text = r#",{"eventVersion":["#.repeat(200_000);
    let (items, damage) = split(text.as_bytes(), 1 << 20);
    assert!(items.is_empty());
    let scans = damage.len() as u64;
    assert!(scans * text.len() as u64 <= 2 * SECOND_LOOKS, "{scans}");
}

#[test]
fn stray_brackets_are_told_once_and_cost_no_record() {
    let text = br#"{"Records":[{"a":1}}}},{"b":2}]}] {"c":3}"#;
    let (items, damage) = split(text, 3);
    assert_eq!(items, [r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]);
    assert_eq!(damage, vec![(Fault::Broken, 19)]);
}

#[test]
fn depth_is_no_matter() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let deep = format!(r#"{{"eventVersion":"1","a":{open}{close}}}"#);
    let (items, damage) = split(deep.as_bytes(), 4_096);
    assert_eq!((items.len(), damage.len()), (1, 0));
}
