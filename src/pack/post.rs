//! One report for many destinations: each has a syntax it shows and a length it takes.

use crate::report::model::Report;
use crate::report::{html, markdown, plain};

/// Where a report is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// An issue or comment: GitHub-flavoured Markdown, 65,536 characters.
    Github,
    /// A message: no tables; 40,000 characters (chat.postMessage), shown in full up to 4,000.
    Slack,
    /// A description: 32,767 characters (the default limit of a text field).
    Jira,
    /// A step summary of a CI job: Markdown, one MiB.
    Ci,
    /// A mail: plain text, lines of 76 characters.
    Mail,
    /// Paper: the HTML page, whose style prints.
    Print,
}

/// A post: the name of its file and its text.
#[must_use]
pub fn post(report: &Report, destination: Destination) -> (&'static str, String) {
    match destination {
        Destination::Github => ("github.md", shortened(report, 65_536)),
        Destination::Ci => ("ci-summary.md", shortened(report, 1_048_576)),
        Destination::Slack => ("slack.txt", slack(&plain::render(report, 3_600, 400, &[]))),
        Destination::Jira => ("jira.txt", jira(&plain::render(report, 30_000, 400, &[]))),
        Destination::Mail => ("mail.txt", plain::render(report, 200_000, 76, &[])),
        Destination::Print => ("print.html", html::render(report)),
    }
}

/// Markdown within a limit of characters: appendices go first, then sections from the end, and what
/// went is said.
fn shortened(report: &Report, limit: usize) -> String {
    let mut shown = report.clone();
    let mut gone: Vec<&str> = Vec::new();
    loop {
        let mut text = markdown::render(&shown);
        if !gone.is_empty() {
            let note = format!("\nLeft out for length: {}.\n", gone.join(", "));
            text.push_str(&note);
        }
        if text.len() <= limit {
            return text;
        }
        match shown.sections.pop() {
            Some(section) => gone.push(section.title),
            None => return plain::cut(&text, limit / 4),
        }
    }
}

/// Slack acts on `&`, `<`, `>` and on words with `@`, `#` and asterisks; in a block of code it does
/// not, so the text is one, and three backticks in it are broken up.
fn slack(text: &str) -> String {
    let inert = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('`', "'");
    format!("```\n{inert}```\n")
}

/// Jira's wiki syntax is not read inside `{noformat}`; the braces that would end it are broken up.
fn jira(text: &str) -> String {
    format!(
        "{{noformat}}\n{}{{noformat}}\n",
        text.replace('{', "(").replace('}', ")")
    )
}

#[cfg(test)]
mod tests;
