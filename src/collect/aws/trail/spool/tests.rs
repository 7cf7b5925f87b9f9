//! A question is done when its note stands, and no key leads out of the folder.

use super::*;

fn files(spool: &Spool) -> usize {
    walkdir::WalkDir::new(spool.records())
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .count()
}

#[test]
fn a_question_is_done_when_its_note_stands() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path()).unwrap();
    let unit = spool.unit("logs", &["records", "1", "2"]);
    assert_ne!(unit, spool.unit("logs", &["records", "12"]));
    assert_eq!(spool.done(&unit), None);
    spool.started(&unit, "q-1").unwrap();
    assert_eq!(spool.under_way(&unit).as_deref(), Some("q-1"));

    let mut lines = spool.lines("logs", &unit).unwrap();
    lines.add("{}").unwrap();
    assert_eq!(files(&spool), 0);
    assert_eq!(lines.end().unwrap(), 1);
    assert_eq!(files(&spool), 1);
    let note = Note {
        rows: 1,
        ..Note::default()
    };
    spool.finish(&unit, &note).unwrap();

    let again = Spool::open(dir.path()).unwrap();
    assert_eq!(again.done(&unit), Some(note));
    assert_eq!(again.under_way(&unit), None);
}

#[test]
fn a_file_left_in_the_middle_does_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path()).unwrap();
    let unit = spool.unit("logs", &["x"]);
    let mut lines = spool.lines("logs", &unit).unwrap();
    lines.add("{}").unwrap();
    drop(lines);
    assert_eq!(files(&spool), 0);
    assert_eq!(spool.lines("logs", &unit).unwrap().end().unwrap(), 0);
    assert_eq!(files(&spool), 0);
}

#[test]
fn no_key_leads_out_of_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path()).unwrap();
    let path = spool.object("logs", "../../etc//./passwd.gz");
    assert!(path.starts_with(spool.records()));
    assert!(!path.components().any(|part| part.as_os_str() == ".."));
}
