//! Whole reports through the redactor: nothing of a person is left in any format, every figure is.

use super::*;
use crate::redact::Map;
use crate::report::tell;
use crate::report::{stories, terminal};
use serde_json::Value;

fn outputs(report: &Report) -> Vec<(String, String)> {
    let mut all = vec![
        ("report.md".to_owned(), markdown::render(report)),
        ("report.html".to_owned(), html::render(report)),
        ("report.json".to_owned(), json::render(report)),
        ("terminal".to_owned(), terminal::render(report)),
    ];
    all.extend(drawings(&report.charts));
    all
}

fn scanned(redactor: &Redactor, report: &Report) -> Vec<(String, Leak)> {
    let all = outputs(report);
    let named: Vec<(String, &str)> = all
        .iter()
        .map(|(name, text)| (name.clone(), text.as_str()))
        .collect();
    leaks(redactor, &named)
}

#[test]
fn stories_hide_their_people_and_keep_their_figures() {
    for (name, facts, findings) in stories::all() {
        let report = tell(&facts, &findings, &stories::meta());
        let before: Value = serde_json::from_str(&json::render(&report)).unwrap();
        for level in [Level::Ids, Level::All] {
            let mut redactor = Redactor::new(level, Map::new([2; 32]));
            let out = redact(&report, &mut redactor);
            assert_eq!(scanned(&redactor, &out), [], "{name} {level:?}");
            for (file, text) in outputs(&out) {
                assert!(!text.contains("111122223333"), "{name} {level:?} {file}");
            }
            let mut after: Value = serde_json::from_str(&json::render(&out)).unwrap();
            after.as_object_mut().unwrap().remove("redaction");
            let mut restored: Value =
                serde_json::from_str(&redactor.map().unredact(&after.to_string())).unwrap();
            assert_eq!(restored.take(), before, "{name} {level:?}");
        }
    }
}

#[test]
fn without_redaction_nothing_changes() {
    for (name, facts, findings) in stories::all() {
        let report = tell(&facts, &findings, &stories::meta());
        let mut redactor = Redactor::new(Level::Off, Map::new([0; 32]));
        assert_eq!(redact(&report, &mut redactor), report, "{name}");
    }
}
