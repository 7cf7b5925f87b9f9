//! Which base64 runs are read, and which are left as they stand.

use super::super::fold::fold;
use super::*;

#[test]
fn readable_runs_are_read_and_others_are_not() {
    let read = |text: &str| at(&fold(text), 0);
    let (length, content) = read("YWxpY2VAZXhhbXBsZS5jb20= and more").unwrap();
    assert_eq!((length, content.as_str()), (24, "alice@example.com"));
    assert_eq!(read("YWxpY2VAZXhhbXBsZS5jb20").unwrap().0, 23);
    assert_eq!(read("team/web/with/many/parts/x"), None);
    assert_eq!(read("c2hvcnQ="), None);
}
