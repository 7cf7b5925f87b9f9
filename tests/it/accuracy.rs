//! A small fixed set of simulated incidents against the bars: catches a judgement that got worse, not
//! the figures themselves (docs/accuracy.md has those, on other seeds).

use crate::tool::tool;

/// The share printed in a row of the tables, percent.
fn share(tables: &str, row: &str) -> f64 {
    let line = tables
        .lines()
        .find(|line| line.starts_with(&format!("| {row} ")))
        .unwrap_or_else(|| panic!("no row {row} in\n{tables}"));
    let cell = line.split('|').nth(2).unwrap().trim();
    cell.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn simulated_incidents_are_judged_as_they_happened() {
    let output = tool(&["accuracy", "--seeds", "900..902"]);
    let tables = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{tables}");
    for (row, least) in [
        ("side right, of detected", 95.0),
        ("cause right, of detected", 90.0),
        ("recall, ≥ 20 failed calls", 85.0),
        ("abstained, decisive source removed", 85.0),
    ] {
        assert!(share(&tables, row) >= least, "{row}\n{tables}");
    }
    let blamed = share(&tables, "AWS blamed wrongly, customer-caused, undetermined and quiet");
    assert!(blamed <= 0.0, "{tables}");
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut texts = Vec::new();
    for name in ["a", "b"] {
        let out = folder.path().join(name);
        let words = ["simulate", "--cause", "kms_key", "--seed", "904", "--out"];
        let mut words: Vec<&str> = words.to_vec();
        let path = out.to_string_lossy().into_owned();
        words.push(&path);
        assert!(tool(&words).status.success());
        let mut text = Vec::new();
        for file in ["truth.json", "metrics.json", "health-details.json", "quotas.json"] {
            text.extend(std::fs::read(out.join(file)).unwrap());
        }
        texts.push(text);
    }
    assert_eq!(texts[0], texts[1]);
}
