use super::schema;
use super::types::{GateMark, Identity, Night, NightBody, Quarter, Sighting};
use super::{Kept, Lock, Store};
use crate::case::{Instant, Interval};
use rusqlite::Connection;

fn at(text: &str) -> Instant {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// A database as an old version left it.
fn at_version(db: &Connection, version: usize) {
    for (at, sql) in schema::STEPS.iter().enumerate().take(version) {
        db.execute_batch(sql).unwrap();
        db.execute_batch(&format!("PRAGMA user_version = {}", at + 1))
            .unwrap();
    }
}

fn night(day: &str) -> Night {
    let from = at(&format!("{day}T00:00:00Z"));
    Night {
        key: day.to_owned(),
        span: Interval::new(from, from + chrono::Duration::days(1)),
        body: NightBody {
            status: "quiet".to_owned(),
            subject: format!("subject of {day}"),
            settled_until: from,
            calls: 10,
            failures: 0,
            coverage: Some(0.99),
            notices: Vec::new(),
            revisions: Vec::new(),
            tool_version: "0".to_owned(),
        },
    }
}

fn seen(id: &str, day: &str, failures: u64) -> (Identity, Sighting) {
    (
        Identity {
            id: id.to_owned(),
            family: id.to_owned(),
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            signal: "throttle".to_owned(),
            first_night: day.to_owned(),
        },
        Sighting {
            local_id: "I1".to_owned(),
            apis: vec!["BatchGetImage".to_owned()],
            onset: at(&format!("{day}T01:00:00Z")),
            until: at(&format!("{day}T02:00:00Z")),
            ongoing: false,
            side: "customer".to_owned(),
            cause: "quota_exhaustion".to_owned(),
            confidence: "high".to_owned(),
            quarters: vec![Quarter {
                start_s: 0,
                calls: 100,
                failures,
            }],
            health: Vec::new(),
            acknowledged: String::new(),
        },
    )
}

#[test]
fn the_same_night_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let (night, seen) = (night("2026-03-11"), [seen("ECR-1", "2026-03-11", 5)]);
    assert_eq!(store.keep(&night, &seen).unwrap(), Kept::Written);
    let before = store.sightings().unwrap();
    assert_eq!(store.keep(&night, &seen).unwrap(), Kept::Unchanged);
    assert_eq!(store.sightings().unwrap(), before);
    assert_eq!(store.nights().unwrap(), [night]);
}

#[test]
fn a_night_replaces_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let first = [seen("ECR-1", "2026-03-11", 5)];
    store.keep(&night("2026-03-11"), &first).unwrap();
    let both = [
        seen("ECR-1", "2026-03-11", 7),
        seen("ECR-2", "2026-03-12", 1),
    ];
    store.keep(&night("2026-03-12"), &both).unwrap();
    assert_eq!(store.sightings().unwrap().len(), 3);
    // The second night no longer sees the second incident: it is gone, the first stays.
    store.keep(&night("2026-03-12"), &both[..1]).unwrap();
    let ids: Vec<String> = store
        .sightings()
        .unwrap()
        .into_iter()
        .map(|(identity, night, _)| format!("{} {night}", identity.id))
        .collect();
    assert_eq!(ids, ["ECR-1 2026-03-11", "ECR-1 2026-03-12"]);
}

#[test]
fn every_old_version_is_brought_up_with_its_content() {
    let dir = tempfile::tempdir().unwrap();
    {
        let db = Connection::open(dir.path().join("state.sqlite")).unwrap();
        at_version(&db, 1);
        let body = serde_json::to_string(&night("2026-03-11").body).unwrap();
        db.execute(
            "INSERT INTO nights VALUES ('2026-03-11', 1773187200, 1773273600, ?1)",
            [body],
        )
        .unwrap();
    }
    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(store.nights().unwrap(), [night("2026-03-11")]);
    store
        .gate(&GateMark {
            at: at("2026-03-11T01:00:00Z"),
            region: "us-east-1".to_owned(),
            verdict: "open".to_owned(),
            rule: "none".to_owned(),
            reason: String::new(),
            shadow: false,
        })
        .unwrap();
    store.check().unwrap();
}

#[test]
fn a_newer_state_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    {
        let db = Connection::open(dir.path().join("state.sqlite")).unwrap();
        db.execute_batch("PRAGMA user_version = 99").unwrap();
    }
    let error = Store::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("newer version"), "{error}");
    assert!(error.contains("hint:"), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("state.sqlite"), "not a database at all").unwrap();
    assert!(Store::open(dir.path()).is_err());
}

#[test]
fn two_runs_are_kept_apart() {
    let dir = tempfile::tempdir().unwrap();
    let held = Lock::take(dir.path()).unwrap();
    let error = Lock::take(dir.path()).unwrap_err().to_string();
    assert!(error.contains("another run"), "{error}");
    drop(held);
    Lock::take(dir.path()).unwrap();
}

#[test]
fn a_failed_delivery_may_be_tried_again_and_a_done_one_is_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    assert!(!store.delivered("slack", "k").unwrap());
    store
        .delivery("slack", "k", "2026-03-11", "timed out")
        .unwrap();
    assert!(!store.delivered("slack", "k").unwrap());
    store.delivery("slack", "k", "2026-03-11", "").unwrap();
    assert!(store.delivered("slack", "k").unwrap());
}
