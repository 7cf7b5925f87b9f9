//! Every story fits the schema and broken documents do not, counts balance, and numbers JSON lacks are mended.

use super::super::{stories, tell};
use super::*;
use boon::{Compiler, Schemas};
use serde_json::{Value, json};

/// Whether the published schema accepts a document, and if not, why.
fn check(document: &Value) -> Result<(), String> {
    const URL: &str = "schema:report";
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/report-schema.json")).unwrap();
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.add_resource(URL, schema).unwrap();
    let index = compiler.compile(URL, &mut schemas).unwrap();
    schemas
        .validate(document, index)
        .map_err(|error| error.to_string())
}

fn documents() -> Vec<(&'static str, Value)> {
    stories::all()
        .into_iter()
        .map(|(name, facts, findings)| {
            let text = render(&tell(&facts, &findings, &stories::meta()));
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect()
}

#[test]
fn every_story_fits_the_schema() {
    for (name, document) in documents() {
        check(&document).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[test]
fn broken_documents_do_not() {
    let (_, good) = documents().remove(0);
    let broken = [
        ("/status", json!("fine")),
        ("/schema_version", json!("2.0")),
        ("/window/from", json!("2026-03-11 06:00Z")),
        ("/incidents/0/verdict/side", json!("nobody")),
        ("/incidents/0/verdict/cause", json!("cosmic_rays")),
        ("/incidents/0/recovery", json!(1)),
        ("/incidents/0/evidence/0", json!("X1")),
        ("/coverage/0/read", json!(-1)),
        ("/health/outcome", json!("good")),
    ];
    for (pointer, value) in broken {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        assert!(check(&document).is_err(), "{pointer}");
    }
    let mut extra = good.clone();
    extra["incidents"][0]["surprise"] = json!(true);
    assert!(check(&extra).is_err(), "unknown fields are refused");
    let mut missing = good;
    missing.as_object_mut().unwrap().remove("gaps");
    assert!(check(&missing).is_err(), "required fields are missed");
}

#[test]
fn counts_in_coverage_balance() {
    for (name, document) in documents() {
        for row in document["coverage"].as_array().unwrap() {
            let of = |key: &str| row[key].as_u64().unwrap();
            assert_eq!(
                of("read"),
                of("used") + of("skipped") + of("duplicate") + of("out_of_window"),
                "{name}: {row}"
            );
        }
    }
}

#[test]
fn numbers_json_cannot_hold_become_numbers() {
    let (facts, mut findings) = stories::aws_fault();
    findings.incidents[0].failure_ratio = f64::NAN;
    findings.incidents[0].significance.score = f64::INFINITY;
    let text = render(&tell(&facts, &findings, &stories::meta()));
    let document: Value = serde_json::from_str(&text).unwrap();
    check(&document).unwrap();
}
