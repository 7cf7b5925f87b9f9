//! The SVG pen: escaped text and fixed decimals, appended to one string.
//!
//! Nothing reaches the string unescaped: text goes through [`words`], numbers through [`num`]; class
//! names and fixed attributes are literals of this crate. Never write data with `format!` here.

use crate::report::escape;
use std::fmt::Write;

/// Most characters of one label; longer ones were cut by whoever placed them.
const CAP: usize = 160;

/// A coordinate with one decimal. What is not finite becomes `0.0`, and so does minus zero: equal
/// pictures must be equal bytes.
pub(crate) fn num(value: f64) -> String {
    let value = if value.is_finite() { value } else { 0.0 };
    let text = format!("{value:.1}");
    if text == "-0.0" {
        "0.0".to_owned()
    } else {
        text
    }
}

/// Text made safe for an XML text node, at most `cap` characters long; what XML 1.0 forbids and
/// what a reader cannot see is shown as a visible escape by [`escape::html`].
pub(crate) fn words(text: &str, cap: usize) -> String {
    escape::html(&cut(text, cap)).replace('\n', " ")
}

/// The first `cap` characters, with an ellipsis when there were more.
pub(crate) fn cut(text: &str, cap: usize) -> String {
    let mut out: String = text.chars().take(cap).collect();
    if text.chars().nth(cap).is_some() {
        out.push('…');
    }
    out
}

/// Where a label hangs on its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The text starts at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

impl Anchor {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// An SVG body under construction.
#[derive(Debug, Default)]
pub(crate) struct Pen {
    out: String,
}

impl Pen {
    /// A text node; the content is escaped and capped here.
    pub(crate) fn text(
        &mut self,
        class: &'static str,
        (x, y): (f64, f64),
        anchor: Anchor,
        content: &str,
    ) {
        let _ = writeln!(
            self.out,
            r#"<text class="{class}" x="{}" y="{}" text-anchor="{}">{}</text>"#,
            num(x),
            num(y),
            anchor.word(),
            words(content, CAP),
        );
    }

    /// A straight line.
    pub(crate) fn line(&mut self, class: &'static str, from: (f64, f64), to: (f64, f64)) {
        let _ = writeln!(
            self.out,
            r#"<line class="{class}" x1="{}" y1="{}" x2="{}" y2="{}"/>"#,
            num(from.0),
            num(from.1),
            num(to.0),
            num(to.1),
        );
    }

    /// A rectangle; negative sizes become zero.
    pub(crate) fn rect(&mut self, class: &'static str, at: (f64, f64), size: (f64, f64)) {
        let _ = writeln!(
            self.out,
            r#"<rect class="{class}" x="{}" y="{}" width="{}" height="{}"/>"#,
            num(at.0),
            num(at.1),
            num(size.0.max(0.0)),
            num(size.1.max(0.0)),
        );
    }

    /// A rectangle filled with a pattern of this drawing; `id` must come from a slug.
    pub(crate) fn hatch(&mut self, id: &str, at: (f64, f64), size: (f64, f64)) {
        let _ = writeln!(
            self.out,
            r#"<rect class="gap" fill="url(#{id})" x="{}" y="{}" width="{}" height="{}"/>"#,
            num(at.0),
            num(at.1),
            num(size.0.max(0.0)),
            num(size.1.max(0.0)),
        );
    }

    /// A path whose data was built with [`num`].
    pub(crate) fn path(&mut self, class: &'static str, data: &str) {
        if !data.is_empty() {
            let _ = writeln!(self.out, r#"<path class="{class}" d="{data}"/>"#);
        }
    }

    /// What was drawn.
    pub(crate) fn finish(self) -> String {
        self.out
    }
}
