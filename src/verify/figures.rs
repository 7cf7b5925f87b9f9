//! Compares two JSON documents figure by figure, and two texts line by line.

use serde_json::Value;
use std::collections::BTreeMap;

/// A figure that does not reproduce.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// JSON pointer.
    pub place: String,
    /// What the report states; empty when it states nothing.
    pub stated: String,
    /// What the evidence gives; empty when it gives nothing.
    pub found: String,
}

/// The comparison of a document with its recomputation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Figures (every number, text, flag and empty list) that agree.
    pub same: usize,
    /// Those that do not, by place.
    pub differences: Vec<Difference>,
}

/// Compares every leaf of two documents.
#[must_use]
pub fn compare(stated: &Value, found: &Value) -> Comparison {
    let (mut left, mut right) = (BTreeMap::new(), BTreeMap::new());
    leaves(String::new(), stated, &mut left);
    leaves(String::new(), found, &mut right);
    let mut comparison = Comparison::default();
    for (place, value) in &left {
        match right.get(place) {
            Some(other) if other == value => comparison.same += 1,
            other => comparison.differences.push(Difference {
                place: place.clone(),
                stated: value.clone(),
                found: other.cloned().unwrap_or_default(),
            }),
        }
    }
    for (place, value) in right {
        if !left.contains_key(&place) {
            comparison.differences.push(Difference {
                place,
                stated: String::new(),
                found: value,
            });
        }
    }
    comparison.differences.sort();
    comparison
}

fn leaves(place: String, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                leaves(format!("{place}/{key}"), value, into);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                leaves(format!("{place}/{index}"), value, into);
            }
        }
        leaf => {
            into.insert(place, leaf.to_string());
        }
    }
}

/// The first line (from 1) in which two texts differ; `None` when they are the same bytes.
#[must_use]
pub fn first_difference(stated: &str, found: &str) -> Option<usize> {
    if stated == found {
        return None;
    }
    let same = stated
        .split('\n')
        .zip(found.split('\n'))
        .take_while(|(a, b)| a == b)
        .count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_difference_is_seen() {
        let good = json!({"a": [1, {"b": null}], "c/d": "x", "e": []});
        assert_eq!(
            compare(&good, &good),
            Comparison {
                same: 4,
                differences: vec![]
            }
        );
        for bad in [
            json!({"a": [2, {"b": null}], "c/d": "x", "e": []}),
            json!({"a": [1.0, {"b": null}], "c/d": "x", "e": []}),
            json!({"a": [1, {"b": 0}], "c/d": "x", "e": []}),
            json!({"a": [1], "c/d": "x", "e": []}),
            json!({"a": [1, {"b": null}], "c/d": "y", "e": []}),
            json!({"a": [1, {"b": null}], "c/d": "x", "e": {}}),
            json!({"a": [1, {"b": null}], "c/d": "x"}),
            json!({"a": [1, {"b": null}, 3], "c/d": "x", "e": []}),
        ] {
            assert!(!compare(&bad, &good).differences.is_empty(), "{bad}");
            assert!(!compare(&good, &bad).differences.is_empty(), "{bad}");
        }
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nx\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
    }
}
