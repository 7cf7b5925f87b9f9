//! The page under construction: its text so far, and the anchors already given away.
//!
//! An ID stands on one element only, whatever the model repeats; so a link has one place to lead.

use super::spans::Links;
use crate::report::chart;
use crate::report::escape::html as escape;
use crate::report::model::{Report, Text};
use std::collections::BTreeSet;

#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) report: &'a Report,
    out: String,
    links: Links,
    given: BTreeSet<String>,
    charts: usize,
}

impl<'a> Page<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        Self {
            report,
            out: String::with_capacity(256 * 1024),
            links: Links::of(report),
            given: BTreeSet::from(["main".to_owned()]),
            charts: 0,
        }
    }

    /// Appends markup: literals, or what the escapers and this page made.
    pub(super) fn push(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// The text with its markup.
    pub(super) fn html(&self, text: &Text) -> String {
        self.links.html(text)
    }

    /// An `id` attribute with a space before it; nothing when the ID is already in use.
    pub(super) fn anchor(&mut self, id: &str) -> String {
        if self.given.insert(id.to_owned()) {
            format!(" id=\"{}\"", escape(id))
        } else {
            String::new()
        }
    }

    /// The chart with this ID and the tenth of its width a narrow screen should show first. Its
    /// element IDs are its own also when it is shown twice.
    pub(super) fn chart(&mut self, id: &str) -> Option<(String, usize)> {
        let chart = self.report.charts.iter().find(|chart| chart.id == id)?;
        self.charts += 1;
        let svg = chart::inline(chart, &format!("{}-{id}", self.charts));
        Some((svg, chart::tenth(chart)))
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}
