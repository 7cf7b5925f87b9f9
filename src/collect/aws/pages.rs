//! Turns the pages of an answer by hand.
//!
//! The SDK's paginators take a token that comes twice for the end and say nothing, and AWS does send
//! one twice where there is little to find (issues 3022 and 3191 of the AWS CLI). So a token may come
//! again, behind an empty page or a full one; one that keeps coming leads in a circle, which is a
//! trouble. It must never end in silence before the last page.

use super::fault::Trouble;
use super::known::{Call, Kind};
use std::collections::BTreeMap;

/// Pages of one answer read at most.
const MOST_PAGES: usize = 2_000;

/// How often the same token is followed.
const SAME_TOKEN: u32 = 4;

/// Where an answer of many pages stands.
#[derive(Debug, Default)]
pub(super) struct Pages {
    token: Option<String>,
    turned: usize,
    seen: BTreeMap<String, u32>,
}

impl Pages {
    /// What to ask for next; `None` before the first page.
    pub(super) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Whether there is another page behind the one that named `next`.
    ///
    /// # Errors
    /// When the pages do not end.
    pub(super) fn turn(&mut self, call: &Call, next: Option<String>) -> Result<bool, Trouble> {
        // Some services write "no more" as a token of no letters.
        let Some(next) = next.filter(|token| !token.is_empty()) else {
            self.token = None;
            return Ok(false);
        };
        self.turned += 1;
        let times = self.seen.entry(next.clone()).or_default();
        *times += 1;
        let what = if *times > SAME_TOKEN {
            "the pages of the answer lead in a circle, so what stands behind them is not known"
                .to_owned()
        } else if self.turned >= MOST_PAGES {
            format!("the answer did not end after {MOST_PAGES} pages")
        } else {
            self.token = Some(next);
            return Ok(true);
        };
        let hint = "Run again later.";
        Err(Trouble::plain(Kind::Unreadable, call, what, hint))
    }
}

#[cfg(test)]
mod tests;
