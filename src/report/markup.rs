//! A strict reader of the markup our inks write, for tests: balanced tags from a short list of
//! known names, double-quoted known attributes, no bare `<` or `&` in text, unique IDs, links only
//! inside the page.
//!
//! It is far narrower than HTML on purpose: anything a hostile string could add must fail here.

use std::collections::BTreeSet;

const VOID: [&str; 1] = ["meta"];

const TAGS: [&str; 46] = [
    "html", "head", "title", "style", "body", "a", "header", "h1", "h2", "h3", "section",
    "article", "span", "p", "ul", "ol", "li", "dl", "div", "dt", "dd", "nav", "main", "details",
    "summary", "strong", "bdi", "code", "pre", "table", "thead", "tbody", "tr", "th", "td",
    "aside", "figure", "svg", "desc", "defs", "pattern", "rect", "line", "path", "text", "meta",
];

const ATTRIBUTES: [&str; 43] = [
    "lang",
    "dir",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "href",
    "id",
    "scope",
    "tabindex",
    "role",
    "aria-label",
    "aria-labelledby",
    "data-language",
    "open",
    "xmlns",
    "viewBox",
    "width",
    "height",
    "patternUnits",
    "patternTransform",
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "d",
    "fill",
    "text-anchor",
    "cx",
    "cy",
    "r",
    "colspan",
    "rowspan",
    "points",
    "transform",
    "rx",
    "preserveAspectRatio",
    "stroke",
    "opacity",
    "type",
];

/// Whether the markup is what our inks may write.
///
/// # Errors
/// The first thing that is not.
pub(crate) fn check(markup: &str) -> Result<(), String> {
    let mut rest = markup.strip_prefix("<!DOCTYPE html>").unwrap_or(markup);
    let mut open: Vec<String> = Vec::new();
    let mut ids = BTreeSet::new();
    while let Some(start) = rest.find('<') {
        let (text, tail) = rest.split_at(start);
        if open.last().is_none_or(|tag| tag != "style") {
            check_text(text)?;
        }
        if let Some(closing) = tail.strip_prefix("</") {
            let (name, after) = closing.split_once('>').ok_or("unclosed end tag")?;
            if open.pop().as_deref() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
            rest = after;
            continue;
        }
        let (name, after, closed) = tag(&tail[1..], &mut ids)?;
        if !closed && !VOID.contains(&name.as_str()) {
            open.push(name);
        }
        rest = after;
    }
    check_text(rest)?;
    open.pop()
        .map_or(Ok(()), |tag| Err(format!("<{tag}> stays open")))
}

/// Reads a start tag; returns its name, what follows it, and whether it closed itself.
fn tag<'a>(markup: &'a str, ids: &mut BTreeSet<String>) -> Result<(String, &'a str, bool), String> {
    let end = markup
        .find(|c: char| !c.is_ascii_alphanumeric())
        .ok_or("unclosed start tag")?;
    let (name, mut rest) = markup.split_at(end);
    if !TAGS.contains(&name) {
        return Err(format!("<{name}> is not ours"));
    }
    loop {
        rest = rest.trim_start_matches([' ', '\n']);
        if let Some(after) = rest.strip_prefix("/>") {
            return Ok((name.to_owned(), after, true));
        }
        if let Some(after) = rest.strip_prefix('>') {
            return Ok((name.to_owned(), after, false));
        }
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .ok_or("unclosed attribute")?;
        let (key, after) = rest.split_at(end);
        if !ATTRIBUTES.contains(&key) {
            return Err(format!("attribute {key:?} of <{name}> is not ours"));
        }
        if key == "open" && !after.starts_with('=') {
            rest = after;
            continue;
        }
        let quoted = after
            .strip_prefix("=\"")
            .ok_or(format!("{key} without quotes"))?;
        let (value, after) = quoted.split_once('"').ok_or("unclosed value")?;
        check_text(value)?;
        if value.contains('\u{0}') || value.contains('<') || value.contains('>') {
            return Err(format!("{key}={value:?}"));
        }
        if key == "href" && !value.starts_with('#') {
            return Err(format!("link to {value}"));
        }
        if key == "id" && !ids.insert(value.to_owned()) {
            return Err(format!("two elements with id {value}"));
        }
        rest = after;
    }
}

/// No bare markup, no broken entity, nothing XML forbids.
fn check_text(text: &str) -> Result<(), String> {
    for (index, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
        if !known.iter().any(|entity| text[index..].starts_with(entity)) {
            return Err(format!("bare & in {text:?}"));
        }
    }
    match text
        .chars()
        .find(|c| *c == '>' || (c.is_control() && *c != '\n'))
    {
        Some(c) => Err(format!("{c:?} in {text:?}")),
        None => Ok(()),
    }
}
