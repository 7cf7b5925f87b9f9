//! A small fixed set of simulated incidents against the bars: catches a judgement that got worse, not
//! the figures themselves (docs/accuracy.md has those, on other seeds).

use crate::tool::{root, run, scratch};

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
    let tables = run(root(), ["accuracy", "--seeds", "900..902"])
        .exits(0)
        .out;
    for (row, least) in [
        ("side right, of detected", 95.0),
        ("cause right, of detected", 90.0),
        ("recall, ≥ 20 failed calls", 85.0),
        ("abstained, decisive source removed", 85.0),
    ] {
        assert!(share(&tables, row) >= least, "{row}\n{tables}");
    }
    let blamed = share(
        &tables,
        "AWS blamed wrongly, customer-caused, undetermined and quiet",
    );
    assert!(blamed <= 0.0, "{tables}");
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let folder = scratch("simulate");
    let mut texts = Vec::new();
    for name in ["a", "b"] {
        let out = folder.join(name);
        let words = [
            "simulate", "--cause", "kms_key", "--seed", "904", "--out", name,
        ];
        run(&folder, words).exits(0);
        let mut text = Vec::new();
        for file in [
            "truth.json",
            "metrics.json",
            "health-details.json",
            "quotas.json",
        ] {
            text.extend(std::fs::read(out.join(file)).unwrap());
        }
        texts.push(text);
    }
    assert_eq!(texts[0], texts[1]);
}
