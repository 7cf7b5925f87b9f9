//! The page is one file, well-formed, inert and complete.

use super::render;
use crate::report::markup::check;
use crate::report::model::{Block, Span};
use crate::report::{chart, sample, stories, tell};
use proptest::prelude::*;

const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "\" style=\"background:url(//evil.example/x)\" x=\"",
    "</style><script>alert(1)</script><style>",
    "]]></svg><script>alert(1)</script>",
    "javascript:alert(1)",
    "&#60;script&#62;&lt;b&gt;",
    "\u{202e}\u{0}\u{1b}]8;;http://evil.example\u{7}x\u{200b}-->",
];

/// Set to a folder to look at what the tests render; a file for each sample is written there.
const DUMP: &str = "ECR_INCIDENT_INK_DUMP";

fn dump(name: &str, content: &str) {
    if let Some(folder) = std::env::var_os(DUMP) {
        std::fs::write(std::path::Path::new(&folder).join(name), content).unwrap();
    }
}

#[test]
fn a_real_report_is_well_formed_and_asks_nothing_of_the_network() {
    let page = render(&sample::report());
    dump("report.html", &page);
    for chart in &sample::report().charts {
        dump(&format!("{}.svg", chart.id), &chart::svg(chart));
    }
    check(&page).unwrap();
    assert!(
        page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    );
    assert!(!page.contains("<script"));
    assert_no_fetch(&page);
}

#[test]
fn every_story_is_well_formed_and_asks_nothing_of_the_network() {
    for (name, facts, findings) in stories::all() {
        let report = tell(&facts, &findings, &stories::meta());
        let page = render(&report);
        dump(&format!("{name}.html"), &page);
        for chart in &report.charts {
            dump(&format!("{name}-{}.svg", chart.id), &chart::svg(chart));
        }
        check(&page).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_no_fetch(&page);
        for row in &facts.evidence {
            let target = format!("<tr id=\"{}\">", row.id);
            assert!(page.contains(&target), "{name}: no ledger row {}", row.id);
        }
    }
}

#[test]
fn hostile_text_in_every_field_stays_text() {
    for text in HOSTILE {
        let page = render(&sample::filled(text));
        if text.contains("onerror") {
            dump("hostile.html", &page);
        }
        check(&page).unwrap_or_else(|why| panic!("{text:?}: {why}"));
    }
}

#[test]
fn the_checker_sees_what_it_must_never_see() {
    for bad in [
        "<p><script>x</script></p>",
        "<p onclick=\"x\">x</p>",
        "<p><b>x</p>",
        "<img src=\"data:x\">",
        "<a href=\"https://example.com\">x</a>",
        "<p>x",
        "<p a='b'>x</p>",
        "<p>a & b</p>",
        "<p id=\"a\"></p><p id=\"a\"></p>",
    ] {
        assert!(check(bad).is_err(), "{bad}");
    }
}

#[test]
fn evidence_links_lead_to_a_row_and_unknown_ids_lead_nowhere() {
    let mut report = sample::report();
    let page = render(&report);
    for target in page.split("href=\"#").skip(1) {
        let id = target.split('"').next().unwrap();
        assert!(
            page.contains(&format!("id=\"{id}\"")),
            "no target for #{id}"
        );
    }
    assert!(page.contains("<tr id=\"E4\">"));
    report.sections[0].blocks = vec![Block::Para(vec![Span::Evidence("E99".to_owned())])];
    let page = render(&report);
    assert!(page.contains("<span class=\"evidence\">[E99]</span>"));
    assert!(!page.contains("href=\"#E99\""));
}

#[test]
fn every_word_of_the_model_is_on_the_page_once_rendered() {
    let page = render(&sample::filled("needle-71"));
    let section = page.split("<section id=").nth(1).unwrap();
    for marker in [
        "<h3>needle-71<strong>needle-71</strong><bdi>needle-71</bdi><code>needle-71</code>",
        "<p>needle-71",
        "<ol>\n<li>needle-71",
        "<th scope=\"col\">needle-71</th>",
        "<pre class=\"scroll\" tabindex=\"0\" data-language=\"needle-71\"><code>needle-71</code></pre>",
        "<aside class=\"callout tone-unknown\"><p>needle-71",
        "<p class=\"note\">needle-71",
        "<desc id=\"chart-1-needle-71-desc\">needle-71",
    ] {
        assert!(section.contains(marker), "{marker}");
    }
}

#[test]
fn same_report_same_bytes() {
    assert_eq!(render(&sample::report()), render(&sample::report()));
}

/// Addresses may be named in the text; nothing may be fetched or followed. `check` refuses links
/// and attributes that are not ours; this looks at style and at what is left.
fn assert_no_fetch(page: &str) {
    for word in [
        "xmlns=\"",
        "url(",
        "@import",
        "src=",
        "@font-face",
        "<link",
        "<image",
        "<use",
    ] {
        for found in page.split(word).skip(1) {
            let allowed = (word == "xmlns=\"" && found.starts_with("http://www.w3.org/2000/svg\""))
                || (word == "url(" && found.starts_with("#chart-"));
            assert!(
                allowed,
                "{word}{}",
                found.chars().take(60).collect::<String>()
            );
        }
    }
}

#[test]
fn a_page_without_a_chart_still_knows_how_sparklines_look() {
    let mut report = sample::report();
    for section in &mut report.sections {
        section
            .blocks
            .retain(|block| !matches!(block, Block::Chart(_)));
    }
    let page = render(&report);
    assert!(page.contains("class=\"ecr-chart spark\""));
    assert_eq!(
        page.matches(".ecr-chart .failures{").count(),
        2,
        "once, and once for the dark"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_is_inert(text in "\\PC{0,40}|[<>&\"'/= a-z;#-]{0,40}|.{0,20}") {
        let page = render(&sample::filled(&text));
        prop_assert!(check(&page).is_ok(), "{:?}", check(&page));
    }
}
