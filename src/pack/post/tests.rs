//! Hostile reports stay within each destination's length and syntax. The corpus of hostile strings is
//! tested against the whole program in tests/it.

use super::jira;
use super::slack;

#[test]
fn blocks_cannot_be_left() {
    let out = slack("```\n<!channel> @here & ```\n");
    assert_eq!(out.matches("```").count(), 2);
    assert!(!out.contains('<') && !out.contains("& "));
    let out = jira("{noformat} [x|http://e] {color:red}");
    assert_eq!(out.matches("{noformat}").count(), 2);
}
