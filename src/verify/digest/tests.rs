//! A chain of two digests signed once with a key that was thrown away (`chain.json`), and everything
//! that may be done to it.

use super::*;
use serde::Deserialize;

#[derive(Deserialize, Clone)]
struct Chain {
    keys: serde_json::Value,
    digests: Vec<(String, String)>,
    newest: (String, String),
    logs: BTreeMap<String, String>,
}

fn chain() -> Chain {
    serde_json::from_str(include_str!("chain.json")).unwrap()
}

fn checked(chain: &Chain, with_newest: bool) -> Stamp {
    let digests: Vec<(String, Vec<u8>)> = chain
        .digests
        .iter()
        .map(|(name, text)| (name.clone(), text.clone().into_bytes()))
        .collect();
    let logs = chain
        .logs
        .iter()
        .map(|(name, text)| (name.clone(), sha256(text.as_bytes())))
        .collect();
    let keys = keys(&chain.keys.to_string()).unwrap();
    let signatures = if with_newest {
        BTreeMap::from([chain.newest.clone()])
    } else {
        BTreeMap::new()
    };
    check(&digests, &logs, &keys, &signatures)
}

#[test]
fn a_whole_chain_holds() {
    let stamp = checked(&chain(), true);
    assert_eq!(
        (stamp.signed, stamp.valid, stamp.holds()),
        (2, 2, true),
        "{stamp:?}"
    );
}

#[test]
fn the_newest_digest_is_unproven_without_its_signature() {
    let stamp = checked(&chain(), false);
    assert_eq!((stamp.signed, stamp.valid, stamp.unproven.len()), (1, 1, 1));
    assert!(!stamp.holds());
    assert_eq!(stamp.faults, Vec::<String>::new());
}

#[test]
fn every_change_is_seen() {
    let good = chain();
    let mut bad: Vec<Chain> = Vec::new();
    for name in good.logs.keys() {
        let mut one = good.clone();
        one.logs.get_mut(name).unwrap().push(' ');
        bad.push(one);
        let mut one = good.clone();
        one.logs.remove(name);
        bad.push(one);
    }
    let mut one = good.clone();
    one.logs.insert("AWSLogs/extra.json.gz".into(), "{}".into());
    bad.push(one);
    // A log file and its hash in the digest changed together: only the signature can tell.
    for (index, name) in [(0, "one"), (1, "two")] {
        let mut one = good.clone();
        let (path, text) = good
            .logs
            .iter()
            .find(|(path, _)| path.contains(name))
            .unwrap();
        one.logs.insert(path.clone(), "{}".into());
        let changed = one.digests[index]
            .1
            .replace(&sha256(text.as_bytes()), &sha256(b"{}"));
        assert_ne!(changed, one.digests[index].1);
        one.digests[index].1 = changed;
        bad.push(one);
    }
    let mut one = good.clone();
    one.newest.1 = one.newest.1.replacen(|c: char| c.is_ascii_digit(), "f", 1);
    bad.push(one);
    let mut one = good.clone();
    one.keys["PublicKeyList"][0]["Fingerprint"] = "other".into();
    bad.push(one);
    let mut one = good.clone();
    one.digests.pop();
    bad.push(one);
    for (index, chain) in bad.iter().enumerate() {
        let stamp = checked(chain, true);
        assert!(
            !stamp.holds() && !stamp.faults.is_empty(),
            "{index}: {stamp:?}"
        );
    }
}

#[test]
fn garbage_is_named() {
    assert!(keys("{}").is_err());
    assert!(keys("{\"PublicKeyList\":[{\"Fingerprint\":\"a\",\"Value\":\"?\"}]}").is_err());
    let stamp = check(
        &[("x".into(), b"nonsense".to_vec())],
        &BTreeMap::new(),
        &Keys::new(),
        &BTreeMap::new(),
    );
    assert_eq!(stamp.faults.len(), 1);
}

/// A digest of a chain of its own, unsigned; its time is the hour it ends with.
fn link(region: &str, hour: u32, previous: Option<u32>, logs: &[&str]) -> (String, Vec<u8>) {
    let object = |hour: u32| {
        format!(
            "AWSLogs/1/CloudTrail-Digest/{region}/2026/03/11/1_CloudTrail-Digest_{region}_t_us-east-1_20260311T{hour:02}0000Z.json.gz"
        )
    };
    let files: Vec<serde_json::Value> = logs
        .iter()
        .map(|name| serde_json::json!({"s3Object": name, "hashValue": sha256(b"{}")}))
        .collect();
    let text = serde_json::json!({
        "digestEndTime": format!("2026-03-11T{hour:02}:00:00Z"),
        "digestS3Bucket": "b",
        "digestS3Object": object(hour),
        "digestPublicKeyFingerprint": "f",
        "previousDigestS3Object": previous.map(object),
        "logFiles": files,
    });
    (object(hour), text.to_string().into_bytes())
}

fn log(region: &str, time: &str) -> String {
    format!("AWSLogs/1/CloudTrail/{region}/2026/03/11/1_CloudTrail_{region}_{time}_x.json.gz")
}

#[test]
fn every_chain_begins_where_the_folder_begins() {
    let faults = |digests: &[(String, Vec<u8>)]| {
        let nothing = BTreeMap::new();
        check(digests, &nothing, &Keys::new(), &nothing).faults
    };
    let chains = [
        link("eu-west-1", 6, Some(5), &[]),
        link("eu-west-1", 7, Some(6), &[]),
        link("us-east-1", 6, Some(5), &[]),
    ];
    assert_eq!(faults(&chains), Vec::<String>::new());
    let holed = [
        link("us-east-1", 4, Some(3), &[]),
        link("us-east-1", 6, Some(5), &[]),
    ];
    let found = faults(&holed);
    assert!(
        found.len() == 1 && found[0].contains("has a hole"),
        "{found:?}"
    );
}

#[test]
fn files_after_the_last_digest_are_unproven_and_others_that_none_lists_are_faults() {
    let early = log("us-east-1", "20260311T0655Z");
    let digests = [link("us-east-1", 7, None, &[&early])];
    let logs = |names: &[&str]| -> BTreeMap<String, String> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), sha256(b"{}")))
            .collect()
    };
    let late = log("us-east-1", "20260311T0710Z");
    let stamp = check(
        &digests,
        &logs(&[&early, &late]),
        &Keys::new(),
        &BTreeMap::new(),
    );
    assert_eq!(
        (stamp.faults.len(), stamp.unproven.len()),
        (0, 2),
        "{stamp:?}"
    );
    let forged = log("us-east-1", "20260311T0640Z");
    let stamp = check(
        &digests,
        &logs(&[&early, &forged]),
        &Keys::new(),
        &BTreeMap::new(),
    );
    assert!(stamp.faults[0].contains("in no digest"), "{stamp:?}");
}

#[test]
fn the_stamp_says_yes_only_when_everything_is_proven() {
    let words = checked(&chain(), true).sentence();
    assert_eq!(
        words,
        "validated: 2 log files are as CloudTrail signed them (2 signed digests)"
    );
    let words = checked(&chain(), false).sentence();
    assert!(
        words.starts_with("not validated: 1 log files that nothing signed"),
        "{words}"
    );
    assert!(Stamp::default().sentence().starts_with("not validated"));
}
