//! The HTML ink: the whole report as one file that asks nothing of the network.
//!
//! No script, no link to anywhere but itself, style and charts inside; a content security policy
//! says the same to the browser. Light and dark by the reader's preference, readable on a phone,
//! printable. Every text goes through the escapers; like every ink it words and decides nothing.

mod blocks;
mod page;
mod spans;

use super::escape::html as escape;
use super::model::{Report, Section, VerdictLine};
use page::Page;

const STYLE: &str = include_str!("style.css");

/// The policy that makes a hostile string harmless even if an escaper ever failed.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// The report as one HTML document.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut page = Page::of(report);
    head(&mut page);
    page.push("<header class=\"masthead\">\n");
    let title = page.html(&report.title);
    page.push(&format!("<h1>{title}</h1>\n"));
    page.push("<section class=\"verdicts\" aria-label=\"Verdict\">\n");
    for verdict in &report.verdicts {
        verdict_line(&mut page, verdict);
    }
    page.push("</section>\n<dl class=\"facts\">\n");
    for (key, value) in &report.header {
        let (key, value) = (escape(key), page.html(value));
        page.push(&format!("<div><dt>{key}</dt><dd>{value}</dd></div>\n"));
    }
    page.push("</dl>\n</header>\n<div class=\"layout\">\n");
    contents(&mut page);
    page.push("<main id=\"main\">\n");
    for section in &report.sections {
        draw_section(&mut page, section);
    }
    page.push("</main>\n</div>\n</body>\n</html>\n");
    page.finish()
}

fn head(page: &mut Page) {
    let title = escape(&super::chart::plain(&page.report.title));
    let tone = page.report.tone.word();
    page.push(&format!(
        "<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body class=\"tone-{tone}\">\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n",
        super::chart::STYLE
    ));
}

fn verdict_line(page: &mut Page, verdict: &VerdictLine) {
    let tone = verdict.tone.word();
    page.push(&format!("<article class=\"verdict tone-{tone}\">\n<h2>"));
    if !verdict.id.is_empty() {
        let id = escape(&verdict.id);
        page.push(&format!("<span class=\"badge\">{id}</span> "));
    }
    page.push(&format!("{}</h2>\n", escape(&verdict.headline)));
    if !verdict.story.is_empty() {
        let story = page.html(&verdict.story);
        page.push(&format!("<p class=\"story\">{story}</p>\n"));
    }
    if !verdict.reasons.is_empty() {
        page.push("<ul>\n");
        for reason in &verdict.reasons {
            let reason = page.html(reason);
            page.push(&format!("<li>{reason}</li>\n"));
        }
        page.push("</ul>\n");
    }
    page.push("</article>\n");
}

/// Links to all sections; the appendices stand apart.
fn contents(page: &mut Page) {
    page.push("<nav class=\"contents\" aria-label=\"Contents\">\n");
    for appendix in [false, true] {
        let list: Vec<&Section> = page
            .report
            .sections
            .iter()
            .filter(|section| section.appendix == appendix)
            .collect();
        if list.is_empty() {
            continue;
        }
        let class = if appendix {
            " class=\"appendices\""
        } else {
            ""
        };
        page.push(&format!("<ol{class}>\n"));
        for section in list {
            page.push(&format!(
                "<li><a href=\"#{}\"><span class=\"no\">{}</span>{}</a></li>\n",
                escape(section.id),
                escape(&section.number),
                escape(section.title)
            ));
        }
        page.push("</ol>\n");
    }
    page.push("</nav>\n");
}

/// A section with its anchor. Appendices can be folded; they start open, so that a link into one,
/// a search and a printer find their content in every browser.
fn draw_section(page: &mut Page, section: &Section) {
    let heading = format!(
        "<h2><span class=\"no\">{}</span>{}</h2>",
        escape(&section.number),
        escape(section.title)
    );
    let id = page.anchor(section.id);
    page.push(&if section.appendix {
        format!("<section{id} class=\"appendix\">\n<details open>\n<summary>{heading}</summary>\n")
    } else {
        format!("<section{id}>\n{heading}\n")
    });
    for block in &section.blocks {
        blocks::draw(page, block, section);
    }
    page.push(if section.appendix {
        "</details>\n</section>\n"
    } else {
        "</section>\n"
    });
}

#[cfg(test)]
mod tests;
