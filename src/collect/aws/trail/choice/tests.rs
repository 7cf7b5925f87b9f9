//! Which trail is preferred, when the bucket takes over, and what selectors leave out.

use super::*;

fn trail(name: &str) -> Trail {
    Trail {
        arn: name.to_owned(),
        home_region: "us-east-1".to_owned(),
        is_multi_region: true,
        sees_global: true,
        bucket: Some(Place::parse("s3://logs/AWSLogs").unwrap()),
        log_group: Some("arn:aws:logs:us-east-1:111122223333:log-group:trail".to_owned()),
        is_logging: Some(true),
        sight: Some(Sight::ALL),
        ..Trail::default()
    }
}

#[test]
fn a_trail_that_sees_reads_is_preferred() {
    let blind = Trail {
        sight: Some(Sight {
            reads: false,
            writes: true,
        }),
        ..trail("a")
    };
    let choice = choose(&[blind.clone(), trail("b")], &[]);
    assert_eq!(choice.trail.as_deref(), Some("b"));
    assert!(choice.missing.is_empty(), "{choice:?}");
    assert!(matches!(choice.from[0], From::LogGroup(_)));
    assert!(matches!(choice.from[1], From::Bucket(_)));

    let choice = choose(&[blind], &[]);
    assert_eq!(choice.trail.as_deref(), Some("a"));
    assert!(choice.missing[0].contains("pulls are reads"), "{choice:?}");
}

#[test]
fn a_broken_log_group_gives_way_to_the_bucket() {
    let broken = Trail {
        log_error: "AccessDenied".to_owned(),
        ..trail("a")
    };
    let choice = choose(&[broken], &[]);
    assert!(matches!(choice.from[0], From::Bucket(_)));
    assert!(choice.said[1].contains("AccessDenied"));
}

#[test]
fn what_a_trail_cannot_have_seen_is_said() {
    let local = Trail {
        is_multi_region: false,
        sees_global: false,
        is_logging: Some(false),
        ..trail("a")
    };
    let choice = choose(std::slice::from_ref(&local), &["eu-west-1".to_owned()]);
    assert_eq!(choice.missing.len(), 3, "{choice:?}");
    let choice = choose(&[local], &["us-east-1".to_owned()]);
    assert_eq!(choice.missing.len(), 2, "{choice:?}");
    assert_eq!(choose(&[], &[]).from, []);
}

#[test]
fn basic_selectors_are_read() {
    let ecr = "ecr.amazonaws.com";
    let selector = |read_write: &str| Basic {
        read_write: read_write.to_owned(),
        management: true,
        excluded: Vec::new(),
    };
    assert_eq!(sight_of_basic(&[], ecr), Sight::ALL);
    let writes = sight_of_basic(&[selector("WriteOnly")], ecr);
    assert!(!writes.reads && writes.writes);
    let both = [selector("WriteOnly"), selector("ReadOnly")];
    assert_eq!(sight_of_basic(&both, ecr), Sight::ALL);
    let data_only = Basic {
        management: false,
        ..selector("All")
    };
    assert_eq!(sight_of_basic(&[data_only], ecr), Sight::default());
    let without = Basic {
        excluded: vec![ecr.to_owned()],
        ..selector("All")
    };
    assert_eq!(sight_of_basic(&[without], ecr), Sight::default());
}

#[test]
fn advanced_selectors_are_read() {
    let ecr = "ecr.amazonaws.com";
    let equals = |field: &str, value: &str| Condition {
        field: field.to_owned(),
        equals: vec![value.to_owned()],
        ..Condition::default()
    };
    let management = equals("eventCategory", "Management");
    assert_eq!(sight_of_advanced(&[], ecr), Sight::default());
    assert_eq!(
        sight_of_advanced(&[vec![management.clone()]], ecr),
        Sight::ALL
    );
    let writes = vec![management.clone(), equals("readOnly", "false")];
    assert!(!sight_of_advanced(&[writes], ecr).reads);
    let without = vec![
        management,
        Condition {
            field: "eventSource".to_owned(),
            not_equals: vec![ecr.to_owned()],
            ..Condition::default()
        },
    ];
    assert_eq!(sight_of_advanced(&[without], ecr), Sight::default());
    let data = vec![equals("eventCategory", "Data")];
    assert_eq!(sight_of_advanced(&[data], ecr), Sight::default());
}

#[test]
fn log_groups_are_named_as_queries_take_them() {
    let arn = "arn:aws:logs:us-east-1:111122223333:log-group:a/b";
    assert_eq!(group(&format!("{arn}:*")), arn);
    assert_eq!(group_name(arn), "a/b");
    assert_eq!(group_home(arn), Some(("111122223333", "us-east-1")));
    assert_eq!(group_home("a/b"), None);
}
