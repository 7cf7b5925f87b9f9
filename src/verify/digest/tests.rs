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
