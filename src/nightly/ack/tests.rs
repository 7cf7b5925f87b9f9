//! Patterns of acknowledgements, and entries that are refused.

use super::*;

#[test]
fn patterns_fit_as_a_shell_would() {
    for (pattern, text, fits) in [
        ("*", "anything", true),
        ("us-*", "us-east-1", true),
        ("us-*", "eu-west-1", false),
        ("*Image", "BatchGetImage", true),
        ("Batch*Image", "BatchGetImage", true),
        ("Batch*Layer*", "BatchGetImage", false),
        ("exact", "exact", true),
        ("exact", "exactly", false),
        ("aa*aa", "aaa", false),
    ] {
        assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
    }
}

#[test]
fn a_whole_entry_is_read_and_a_careless_one_refused() {
    let good = "[[acknowledge]]\nregion = \"us-*\"\nsignal = \"denied\"\nowner = \"team\"\n\
                reason = \"known\"\nticket = \"T-1\"\nexpires = 2026-04-01\nmax_failures = 5\n";
    let list = parse(good).unwrap();
    assert_eq!(list.len(), 1);
    let ack = list.first().unwrap();
    assert_eq!(ack.pattern(), "region=us-* signal=denied");
    assert_eq!(crate::case::rfc3339(ack.expires), "2026-04-01T00:00:00Z");
    for bad in [
        good.replace("region = \"us-*\"\nsignal = \"denied\"\n", ""),
        good.replace("owner = \"team\"", "owner = \" \""),
        good.replace("expires = 2026-04-01\n", ""),
        good.replace("2026-04-01", "\"soon\""),
        good.replace("ticket", "tikcet"),
    ] {
        assert!(parse(&bad).is_err(), "{bad}");
    }
}
