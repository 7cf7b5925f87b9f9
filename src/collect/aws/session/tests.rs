//! The name our own calls carry, and one role name for many accounts.

use super::*;

#[test]
fn our_own_calls_are_known_by_their_name() {
    assert_eq!(format!("app/{APP_NAME}"), crate::trail::OWN_AGENT);
    let text = crate::catalog::query("logs/controls");
    assert!(text.contains(crate::trail::OWN_AGENT));
}

#[test]
fn one_role_name_serves_many_accounts() {
    let partition = known::partition_of("cn-north-1");
    let accounts = ["111122223333".to_owned(), "444455556666".to_owned()];
    let arns = role_arns("reader", &accounts, partition, "?").unwrap();
    assert_eq!(
        arns,
        [
            "arn:aws-cn:iam::111122223333:role/reader",
            "arn:aws-cn:iam::444455556666:role/reader"
        ]
    );
    let arn = "arn:aws:iam::111122223333:role/path/reader";
    let partition = known::partition_of("us-east-1");
    assert_eq!(role_arns(arn, &[], partition, "?").unwrap(), [arn]);
    let there = role_arns(arn, &accounts[1..], partition, "?").unwrap();
    assert_eq!(there, ["arn:aws:iam::444455556666:role/path/reader"]);
    assert!(role_arns("arn:aws:s3:::bucket", &[], partition, "?").is_err());
}
