//! No message mentions anybody, what is cut is counted, and every channel keeps its size.

use super::*;
use proptest::prelude::*;

fn message(subject: &str, lines: Vec<String>) -> Message {
    Message {
        key: "k".to_owned(),
        subject: subject.to_owned(),
        lines,
        summary: Value::Null,
        folder: "n".to_owned(),
        files: Vec::new(),
    }
}

#[test]
fn slack_cannot_be_made_to_mention_anybody() {
    let body = slack(&message("<!channel> & <@U1>", Vec::new()));
    let value: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(value["text"], "&lt;!channel&gt; &amp; &lt;@U1&gt;");
}

#[test]
fn what_is_cut_is_counted() {
    let lines: Vec<String> = (0..500).map(|n| format!("line number {n}")).collect();
    let value: Value = serde_json::from_slice(&slack(&message("s", lines))).unwrap();
    let text = value["text"].as_str().unwrap();
    assert!(
        text.chars().count() <= SLACK && text.contains("more lines"),
        "{text}"
    );
}

proptest! {
    #[test]
    fn every_channel_keeps_its_size(
        subject in "\\PC{0,300}",
        lines in proptest::collection::vec("\\PC{0,3000}", 0..120),
    ) {
        let message = message(&subject, lines);
        let (head, body) = sns(&message);
        prop_assert!(head.len() < 100 && head.is_ascii());
        prop_assert!(body.len() <= SNS);
        let value: Value = serde_json::from_slice(&slack(&message)).unwrap();
        prop_assert!(value["text"].as_str().unwrap().chars().count() <= SLACK + 60);
        prop_assert!(webhook(&message).len() <= WEBHOOK);
    }
}
