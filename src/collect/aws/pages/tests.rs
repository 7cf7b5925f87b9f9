//! Turning pages ends, whether tokens repeat or stay new.

use super::*;
use crate::collect::aws::known;

#[test]
fn a_token_may_come_twice_and_not_for_ever() {
    let call = known::call("monitoring", "ListMetrics");
    let mut pages = Pages::default();
    assert_eq!(pages.token(), None);
    for _ in 0..SAME_TOKEN {
        assert_eq!(pages.turn(call, Some("a".to_owned())), Ok(true));
        assert_eq!(pages.token().as_deref(), Some("a"));
    }
    assert_eq!(pages.turn(call, Some("b".to_owned())), Ok(true));
    assert!(
        pages
            .turn(call, Some("a".to_owned()))
            .is_err_and(|trouble| trouble.what.contains("circle"))
    );
    assert_eq!(pages.turn(call, None), Ok(false));
    assert_eq!(pages.turn(call, Some(String::new())), Ok(false));
}

#[test]
fn new_tokens_end_as_well() {
    let call = known::call("monitoring", "ListMetrics");
    let mut pages = Pages::default();
    let ended = (0..MOST_PAGES)
        .find_map(|page| pages.turn(call, Some(page.to_string())).err())
        .unwrap();
    assert!(ended.what.contains("did not end"), "{ended:?}");
}
