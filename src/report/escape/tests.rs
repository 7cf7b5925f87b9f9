//! Unit and property tests of the escapers: whatever the text, it stays inert.

use super::*;
use proptest::prelude::*;

const HOSTILE: [&str; 18] = [
    "a|b",
    "`code`",
    "``",
    "line\nbreak\r\n",
    "![x](http://evil.example/p.png)",
    "[x](javascript:alert(1))",
    "<script>alert(1)</script>",
    "@octocat see #123 and GH-7",
    "\u{1b}[31mred\u{1b}]52;c;AAAA\u{7}",
    "\u{202e}gnp.exe\u{2066}",
    "zero\u{200b}width\u{feff}",
    "=cmd|' /C calc'!A0",
    "\\|",
    "$(rm -rf /)",
    "\"><img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "*bold* _it_ ~~s~~ $x$",
    "",
];

#[test]
fn hidden_characters_are_shown() {
    assert_eq!(Untrusted::new("a\u{1b}b").terminal(), "a\\u{1b}b");
    assert_eq!(Untrusted::new("a\u{202e}b").terminal(), "a\\u{202e}b");
    assert_eq!(Untrusted::new("a\u{200b}b").terminal(), "a\\u{200b}b");
    assert_eq!(Untrusted::new("a\nb\tc").terminal(), "a\\nb\\tc");
    assert_eq!(Untrusted::new("größer 日本 ☐").terminal(), "größer 日本 ☐");
}

#[test]
fn long_text_is_cut_by_characters_and_says_so() {
    assert_eq!(Untrusted::capped("äöüß", 2).terminal(), "äö…(+2)");
    assert_eq!(Untrusted::capped("äö", 2).terminal(), "äö");
}

#[test]
fn code_spans_outlast_their_content() {
    let code = |text: &str, spot| Untrusted::new(text).markdown_code(spot);
    assert_eq!(code("plain", Spot::Line), "`plain`");
    assert_eq!(code("a`b", Spot::Line), "``a`b``");
    assert_eq!(code("`a`", Spot::Line), "`` `a` ``");
    assert_eq!(code("a|b", Spot::Cell), "`a\\|b`");
    assert_eq!(code("a|b", Spot::Line), "`a|b`");
    assert_eq!(code("", Spot::Cell), "—");
}

#[test]
fn words_a_service_would_act_on_become_code() {
    let text = |text: &str| Untrusted::new(text).markdown_text(Spot::Line);
    assert_eq!(text("by @octocat now"), "by `@octocat` now");
    assert_eq!(text("see #123"), "see `#123`");
    assert_eq!(text("http://x.example/a_b"), "`http://x.example/a_b`");
    for word in [":boom:", "a:boom:", "x/:+1:,", "arn:aws:iam::1:role/:x:"] {
        assert_eq!(
            text(&format!("see {word} now")),
            format!("see `{word}` now")
        );
    }
    for words in ["10:57:31Z: it began", "at 14:07:58, then: no"] {
        assert_eq!(text(words), words);
    }
    assert_eq!(text("server_error of a_b_"), "server_error of a_b\\_");
    assert_eq!(text("![x]"), "\\!\\[x\\]");
    assert_eq!(text("save `aws ecr x` now"), "save `aws ecr x` now");
    assert_eq!(text("a ` b"), "a `` ` `` b");
    assert_eq!(text("arn:aws:iam::1:role/x"), "arn:aws:iam::1:role/x");
    assert_eq!(text("100 %, 3 calls (2 of 4)"), "100 %, 3 calls (2 of 4)");
}

#[test]
fn line_starts_open_no_block() {
    let line = |text: &str| markdown_line(text.to_owned());
    assert_eq!(line("# x"), "\\# x");
    assert_eq!(line("- x"), "\\- x");
    assert_eq!(line("1. x"), "1\\. x");
    assert_eq!(line("12 of 14"), "12 of 14");
    assert_eq!(line("**x**"), "**x**");
}

#[test]
fn shell_words_are_plain_names_or_nothing() {
    let word = |text: &str| Untrusted::new(text).shell_word();
    assert_eq!(word("team/app-1").as_deref(), Some("team/app-1"));
    assert_eq!(word("a b"), None);
    assert_eq!(word("$(x)"), None);
    assert_eq!(word("a;b"), None);
    assert_eq!(word("--version"), None);
    assert_eq!(word(""), None);
}

#[test]
fn csv_fields_are_no_formulas() {
    assert_eq!(Untrusted::new("=1+1").csv(), "\"'=1+1\"");
    assert_eq!(Untrusted::new("a\"b,c").csv(), "\"a\"\"b,c\"");
}

#[test]
fn json_keeps_every_byte() {
    for text in HOSTILE {
        let json = serde_json::to_string(&Untrusted::new(text)).unwrap();
        let back: String = serde_json::from_str(&json).unwrap();
        assert_eq!(back, text);
    }
}

/// Cells of a rendered row, split as GitHub's table extension does: at every `|` without a
/// backslash before it.
fn cells(row: &str) -> usize {
    let mut count = 0;
    let mut before = ' ';
    for c in row.chars() {
        if c == '|' && before != '\\' {
            count += 1;
        }
        before = c;
    }
    count
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[|`\\\\<>\\[\\]!@#$&*_~ a1\n\r\t-]{0,40}",
        proptest::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
        proptest::collection::vec(proptest::sample::select(HOSTILE.to_vec()), 0..4)
            .prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #[test]
    fn a_table_keeps_its_shape(text in any_text(), cap in 0usize..60) {
        let text = Untrusted::capped(text, cap);
        for cell in [text.markdown_code(Spot::Cell), text.markdown_text(Spot::Cell)] {
            prop_assert!(!cell.contains('\n'));
            let row = format!("| {cell} | x |");
            prop_assert_eq!(cells(&row), 3, "{}", row);
        }
    }

    #[test]
    fn nothing_hidden_survives(text in any_text()) {
        let text = Untrusted::capped(text, 500);
        for shown in [
            text.markdown_code(Spot::Line),
            text.markdown_text(Spot::Line),
            text.markdown_code(Spot::Cell),
            text.html(),
            text.csv(),
            text.terminal(),
        ] {
            prop_assert!(!shown.chars().any(is_hidden), "{:?}", shown);
        }
        let fence = text.markdown_fence("text");
        prop_assert!(!fence.chars().any(|c| c != '\n' && is_hidden(c)), "{:?}", fence);
    }

    #[test]
    fn html_has_no_markup(text in any_text()) {
        let html = Untrusted::capped(text, 500).html();
        prop_assert!(!html.contains(['<', '>', '"', '\'']), "{}", html);
    }

    #[test]
    fn a_code_span_ends_where_it_should(text in any_text()) {
        let code = Untrusted::capped(text, 500).markdown_code(Spot::Line);
        if code != "—" {
            let fence = code.chars().take_while(|c| *c == '`').count();
            let inner = &code[fence..code.len() - fence];
            let longest = inner.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            prop_assert!(longest < fence, "{}", code);
            prop_assert!(!inner.starts_with('`') && !inner.ends_with('`'), "{}", code);
        }
    }

    #[test]
    fn text_outside_code_acts_on_nothing(text in any_text()) {
        let shown = Untrusted::capped(text, 500).markdown_text(Spot::Line);
        // Take the code spans out; what is left must hold no active character without a backslash.
        let mut rest = shown.as_str();
        let mut outside = String::new();
        while let Some(open) = rest.find('`') {
            outside.push_str(&rest[..open]);
            let fence: String = rest[open..].chars().take_while(|c| *c == '`').collect();
            let body = &rest[open + fence.len()..];
            let mut from = 0;
            let close = loop {
                let at = from + body[from..].find(&fence).expect("every span closes");
                let run = body[at..].chars().take_while(|c| *c == '`').count();
                if run == fence.len() { break at; }
                from = at + run;
            };
            rest = &body[close + fence.len()..];
        }
        outside.push_str(rest);
        let mut before = ' ';
        for c in outside.chars() {
            if "*[]<>|~&".contains(c) {
                prop_assert!(before == '\\', "{c} in {outside}");
            }
            prop_assert!(c != '@' && c != '$', "{outside}");
            before = if before == '\\' && c == '\\' { ' ' } else { c };
        }
    }
}
