//! The HTML ink: the whole report as one file that asks nothing of the network.
//!
//! No script, no link to anywhere but itself, style and charts inside; a content security policy
//! says the same to the browser. Light and dark by the reader's preference, readable on a phone,
//! printable. Every text goes through the escapers; like every ink it words and decides nothing.

mod blocks;
mod spans;

use super::escape::html as escape;
use super::model::{Report, Section, VerdictLine};
use spans::Links;
use std::fmt::Write;

const STYLE: &str = include_str!("style.css");

/// The policy that makes a hostile string harmless even if an escaper ever failed.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The report as one HTML document.
#[must_use]
pub fn render(report: &Report) -> String {
    let links = Links::of(report);
    let mut out = String::with_capacity(256 * 1024);
    head(&mut out, report);
    out.push_str("<header class=\"masthead\">\n");
    let _ = writeln!(out, "<h1>{}</h1>", links.html(&report.title));
    out.push_str("<section class=\"verdicts\" aria-label=\"Verdict\">\n");
    for verdict in &report.verdicts {
        verdict_line(&mut out, verdict, &links);
    }
    out.push_str("</section>\n<dl class=\"facts\">\n");
    for (key, value) in &report.header {
        let _ = writeln!(
            out,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escape(key),
            links.html(value)
        );
    }
    out.push_str("</dl>\n</header>\n<div class=\"layout\">\n");
    contents(&mut out, report);
    out.push_str("<main id=\"main\">\n");
    for section in &report.sections {
        draw_section(&mut out, section, report, &links);
    }
    out.push_str("</main>\n</div>\n</body>\n</html>\n");
    out
}

fn head(out: &mut String, report: &Report) {
    let title = escape(&super::chart::plain(&report.title));
    let tone = report.tone.word();
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body class=\"tone-{tone}\">\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n"
    );
}

fn verdict_line(out: &mut String, verdict: &VerdictLine, links: &Links) {
    let _ = writeln!(
        out,
        "<article class=\"verdict tone-{}\">",
        verdict.tone.word()
    );
    out.push_str("<h2>");
    if !verdict.id.is_empty() {
        let _ = write!(out, "<span class=\"badge\">{}</span> ", escape(&verdict.id));
    }
    let _ = writeln!(out, "{}</h2>", escape(&verdict.headline));
    if !verdict.story.is_empty() {
        let _ = writeln!(out, "<p class=\"story\">{}</p>", links.html(&verdict.story));
    }
    if !verdict.reasons.is_empty() {
        out.push_str("<ul>\n");
        for reason in &verdict.reasons {
            let _ = writeln!(out, "<li>{}</li>", links.html(reason));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</article>\n");
}

/// Links to all sections; the appendices stand apart.
fn contents(out: &mut String, report: &Report) {
    out.push_str("<nav class=\"contents\" aria-label=\"Contents\">\n");
    for appendix in [false, true] {
        let list: Vec<&Section> = report
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
        let _ = writeln!(out, "<ol{class}>");
        for section in list {
            let _ = writeln!(
                out,
                "<li><a href=\"#{}\"><span class=\"no\">{}</span>{}</a></li>",
                escape(section.id),
                escape(&section.number),
                escape(section.title)
            );
        }
        out.push_str("</ol>\n");
    }
    out.push_str("</nav>\n");
}

/// A section with its anchor. Appendices can be folded; they start open, so that a link into one,
/// a search and a printer find their content in every browser.
fn draw_section(out: &mut String, section: &Section, report: &Report, links: &Links) {
    let heading = format!(
        "<h2><span class=\"no\">{}</span>{}</h2>",
        escape(&section.number),
        escape(section.title)
    );
    let id = escape(section.id);
    if section.appendix {
        let _ = writeln!(
            out,
            "<section id=\"{id}\" class=\"appendix\">\n<details open>\n<summary>{heading}</summary>"
        );
    } else {
        let _ = writeln!(out, "<section id=\"{id}\">\n{heading}");
    }
    for block in &section.blocks {
        blocks::draw(out, block, section, report, links);
    }
    out.push_str(if section.appendix {
        "</details>\n</section>\n"
    } else {
        "</section>\n"
    });
}

#[cfg(test)]
mod tests;
