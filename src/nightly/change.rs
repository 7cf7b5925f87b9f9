//! What a night changes: each incident against what earlier nights said of it.

use super::Input;
use super::ack::{Ack, Subject};
use super::identity::{History, histories};
use super::seen::QUARTER_S;
use super::summary::{Change, Item, Standing, Suppressed};
use crate::analyze::types::Incident;
use crate::case::Interval;
use crate::report::fmt;
use crate::state::types::{Identity, Night, Quarter, Sighting};
use std::collections::{BTreeMap, BTreeSet};

/// From this factor on a number has grown; below its inverse it has shrunk. A fifth is more than
/// late records usually add, and less than anybody would want to miss.
const GROWN: f64 = 1.2;

/// What the incidents of a night amount to.
#[derive(Debug, Clone)]
pub(super) struct News {
    /// To be kept, acknowledgements filled in.
    pub(super) seen: Vec<(Identity, Sighting)>,
    /// New, worse, recurring: most failures first within each kind.
    pub(super) attention: Vec<Item>,
    /// Everything else that is not as it was.
    pub(super) changed: Vec<Change>,
    /// Hidden by acknowledgements.
    pub(super) suppressed: Vec<Suppressed>,
    /// Seen again in the hours read again, and told before.
    pub(super) known_again: u64,
}

pub(super) fn news(input: &Input<'_>, earlier: &[&Night], seen: Vec<(Identity, Sighting)>) -> News {
    let keys: BTreeSet<&str> = earlier.iter().map(|night| night.key.as_str()).collect();
    let past = histories(input.known, |night| keys.contains(night));
    let mut news = News {
        seen: Vec::with_capacity(seen.len()),
        attention: Vec::new(),
        changed: Vec::new(),
        suppressed: quiet_acks(input.acks),
        known_again: 0,
    };
    let mut met = BTreeSet::new();
    for (identity, mut sighting) in seen {
        met.insert(identity.id.clone());
        let history = past.get(identity.id.as_str());
        let ack = cover(input, &identity, &sighting);
        if let Cover::Hidden(index) = ack
            && let Some(ack) = input.acks.get(index)
        {
            ack.owner.clone_into(&mut sighting.acknowledged);
        }
        one(&mut news, input, &past, history, &identity, &sighting, &ack);
        news.seen.push((identity, sighting));
    }
    gone(&mut news, &past, earlier, &met);
    expired(&mut news, input, earlier);
    // The order of the list is the order of need; ties by size, then by ID.
    news.attention.sort_by(|a, b| {
        (a.standing, std::cmp::Reverse(a.failures), &a.id).cmp(&(
            b.standing,
            std::cmp::Reverse(b.failures),
            &b.id,
        ))
    });
    news.changed
        .sort_by(|a, b| (&a.what, &a.id).cmp(&(&b.what, &b.id)));
    news
}

/// Compares one incident and files it.
fn one(
    news: &mut News,
    input: &Input<'_>,
    past: &BTreeMap<&str, History<'_>>,
    history: Option<&History<'_>>,
    identity: &Identity,
    sighting: &Sighting,
    ack: &Cover,
) {
    let size = Size::of(sighting, history, input.span);
    let touched = sighting.until > input.span.from;
    let relatives = relatives(past, identity, sighting);
    let standing = match history {
        None if relatives.is_empty() => Some(Standing::New),
        None => Some(Standing::Recurring),
        Some(before) => size
            .worse(sighting, before, touched)
            .then_some(Standing::Worse),
    };
    if let Cover::Hidden(index) = ack {
        if touched && let Some(entry) = news.suppressed.get_mut(*index) {
            entry.incidents += 1;
            entry.failures = entry.failures.saturating_add(size.night);
            entry.ids.push(identity.id.clone());
        }
        if history.is_some_and(|before| before.last.acknowledged.is_empty()) {
            news.changed
                .push(change("acknowledged", identity, sighting, &size, ""));
        }
        return;
    }
    let note = match ack {
        Cover::Outgrown(why) | Cover::Expired(why) => why.clone(),
        Cover::None | Cover::Hidden(_) => String::new(),
    };
    let came_back = !note.is_empty()
        && touched
        && history.is_some_and(|before| !before.last.acknowledged.is_empty());
    if let Some(standing) = standing.or(came_back.then_some(Standing::Worse)) {
        news.attention.push(item(
            input, identity, sighting, &size, standing, &relatives, &note,
        ));
    } else if let Some(before) = history {
        let what = if before.last.cause != sighting.cause {
            Some("verdict")
        } else if before.last.ongoing && !sighting.ongoing {
            Some("ended")
        } else if touched && sighting.ongoing {
            Some(if size.shrank() { "shrank" } else { "goes on" })
        } else {
            None
        };
        match what {
            Some(what) => {
                let detail = if what == "verdict" {
                    format!("{} before", before.last.cause.replace('_', " "))
                } else {
                    note
                };
                news.changed
                    .push(change(what, identity, sighting, &size, &detail));
            }
            None => news.known_again += 1,
        }
    }
}

/// Open incidents that this night does not see any more.
fn gone(
    news: &mut News,
    past: &BTreeMap<&str, History<'_>>,
    earlier: &[&Night],
    met: &BTreeSet<String>,
) {
    let Some(last) = earlier.last() else { return };
    for history in past.values() {
        let open = history.last.ongoing && history.last_night == last.key;
        if open && !met.contains(&history.identity.id) && history.last.acknowledged.is_empty() {
            let size = Size::default();
            news.changed.push(change(
                "not seen any more",
                history.identity,
                history.last,
                &size,
                "the evidence of this night does not show it",
            ));
        }
    }
}

/// Acknowledgements that ran out since the night before.
fn expired(news: &mut News, input: &Input<'_>, earlier: &[&Night]) {
    let since = earlier
        .last()
        .map_or(input.span.from, |night| night.span.to);
    for ack in input.acks {
        if since < ack.expires && ack.expires <= input.span.to {
            news.changed.push(Change {
                what: "acknowledgement expired".to_owned(),
                id: String::new(),
                text: format!("{} ({}): {}", ack.pattern(), ack.owner, ack.reason),
            });
        }
    }
}

/// Whether an acknowledgement covers an incident.
enum Cover {
    None,
    Hidden(usize),
    Outgrown(String),
    Expired(String),
}

fn cover(input: &Input<'_>, identity: &Identity, sighting: &Sighting) -> Cover {
    let subject = Subject {
        account: &identity.account,
        region: &identity.region,
        signal: &identity.signal,
        apis: &sighting.apis,
        cause: &sighting.cause,
    };
    let night = inside(&sighting.quarters, input.span);
    let mut worst = Cover::None;
    for (index, ack) in input
        .acks
        .iter()
        .enumerate()
        .filter(|(_, ack)| ack.fits(&subject))
    {
        let day = ack.expires.format("%Y-%m-%d");
        if ack.expires <= input.span.to {
            worst = Cover::Expired(format!(
                "the acknowledgement of {} expired on {day}",
                ack.owner
            ));
        } else if let Some(max) = ack.max_failures.filter(|max| night > *max) {
            worst = Cover::Outgrown(format!(
                "bigger than {} acknowledged: {night} failures, at most {max} were expected",
                ack.owner
            ));
        } else {
            return Cover::Hidden(index);
        }
    }
    worst
}

fn quiet_acks(acks: &[Ack]) -> Vec<Suppressed> {
    acks.iter()
        .map(|ack| Suppressed {
            pattern: ack.pattern(),
            owner: ack.owner.clone(),
            reason: ack.reason.clone(),
            ticket: ack.ticket.clone(),
            expires: ack.expires.format("%Y-%m-%d").to_string(),
            incidents: 0,
            failures: 0,
            ids: Vec::new(),
        })
        .collect()
}

/// How big an incident is, now and before.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// Failures inside the night.
    night: u64,
    /// Failures of the stretch of equal length before it.
    before: u64,
    /// Failures in all that is known with this night.
    total: u64,
    /// The same without this night.
    told: u64,
    /// Calls of its APIs inside the night's part of it.
    calls: u64,
}

impl Size {
    fn of(sighting: &Sighting, history: Option<&History<'_>>, span: Interval) -> Self {
        let mut all: BTreeMap<i64, Quarter> = history
            .map(|past| past.quarters.clone())
            .unwrap_or_default();
        let sum = |quarters: &BTreeMap<i64, Quarter>| {
            quarters
                .values()
                .fold(0u64, |sum, quarter| sum.saturating_add(quarter.failures))
        };
        let told = sum(&all);
        for quarter in &sighting.quarters {
            all.insert(quarter.start_s, *quarter);
        }
        let length = chrono::Duration::seconds(span.seconds());
        let merged: Vec<Quarter> = all.values().copied().collect();
        Self {
            night: inside(&merged, span),
            before: inside(&merged, Interval::new(span.from - length, span.from)),
            total: sum(&all),
            told,
            calls: merged
                .iter()
                .filter(|quarter| touches(quarter, span))
                .fold(0, |sum, quarter| sum.saturating_add(quarter.calls)),
        }
    }

    /// Whether there is more of it than was told: a worse day, more of the old ones, another API.
    fn worse(&self, sighting: &Sighting, before: &History<'_>, touched: bool) -> bool {
        let more = |now: u64, then: u64| now as f64 >= then as f64 * GROWN && now > then;
        let apis = sighting
            .apis
            .iter()
            .any(|api| !before.apis.contains(api.as_str()));
        if touched && self.night > 0 {
            // A short first evening followed by a long day is worse; an equal second day is not.
            apis || more(self.night, self.before)
        } else {
            apis || more(self.total, self.told)
        }
    }

    fn shrank(&self) -> bool {
        (self.night as f64) * GROWN <= self.before as f64
    }
}

fn touches(quarter: &Quarter, span: Interval) -> bool {
    quarter.start_s < span.to.timestamp()
        && quarter.start_s.saturating_add(QUARTER_S) > span.from.timestamp()
}

/// Failures of the quarters that touch a span (a day is made of whole quarters).
fn inside(quarters: &[Quarter], span: Interval) -> u64 {
    quarters
        .iter()
        .filter(|quarter| touches(quarter, span))
        .fold(0, |sum, quarter| sum.saturating_add(quarter.failures))
}

/// Earlier incidents of the family, latest last.
fn relatives<'a>(
    past: &BTreeMap<&'a str, History<'a>>,
    identity: &Identity,
    sighting: &Sighting,
) -> Vec<(&'a str, Interval)> {
    let mut list: Vec<(&str, Interval)> = past
        .values()
        .filter(|history| history.identity.family == identity.family)
        .filter(|history| history.identity.id != identity.id)
        .filter(|history| history.onset < sighting.onset)
        .map(|history| {
            (
                history.identity.id.as_str(),
                Interval::new(history.onset, history.until),
            )
        })
        .collect();
    list.sort_by_key(|(id, span)| (span.from, *id));
    list
}

fn item(
    input: &Input<'_>,
    identity: &Identity,
    sighting: &Sighting,
    size: &Size,
    standing: Standing,
    relatives: &[(&str, Interval)],
    note: &str,
) -> Item {
    let incident = input
        .findings
        .incidents
        .iter()
        .find(|incident| incident.id == sighting.local_id);
    Item {
        id: identity.id.clone(),
        standing,
        account: identity.account.clone(),
        region: identity.region.clone(),
        signal: identity.signal.clone(),
        apis: sighting.apis.clone(),
        onset: sighting.onset,
        until: (!sighting.ongoing).then_some(sighting.until),
        calls: size.calls,
        failures: size.night,
        failures_before: size.before,
        failures_total: size.total,
        failure_ratio: incident.map_or(0.0, |incident| incident.failure_ratio),
        baseline_ratio: incident.map_or(0.0, |incident| incident.baseline_ratio),
        side: sighting.side.clone(),
        cause: sighting.cause.clone(),
        confidence: sighting.confidence.clone(),
        callers: incident.map(callers).unwrap_or_default(),
        late: sighting.until <= input.span.from,
        recurrences: relatives.len() as u64,
        last_seen: relatives.last().map(|(_, span)| span.from),
        note: note.to_owned(),
        report: sighting.local_id.clone(),
        health: sighting.health.clone(),
    }
}

/// Whom it hit, when that is not everybody: one caller by name, several by number.
fn callers(incident: &Incident) -> String {
    let all = incident.principals.iter().filter(|share| share.calls > 0);
    let all = all.count();
    let hit: Vec<&str> = incident
        .principals
        .iter()
        .filter(|share| share.failures > 0)
        .map(|share| share.name.as_str())
        .collect();
    match hit.as_slice() {
        [one] if all > 1 && !one.is_empty() => format!("only {one}, 1 of {all} callers"),
        few if few.len() < all => format!("{} of {all} callers", few.len()),
        _ => String::new(),
    }
}

fn change(
    what: &str,
    identity: &Identity,
    sighting: &Sighting,
    size: &Size,
    detail: &str,
) -> Change {
    let mut text = format!(
        "{} in {} ({}), cause {}",
        identity.signal.replace('_', " "),
        identity.region,
        identity.account,
        sighting.cause.replace('_', " ")
    );
    if size.night > 0 || size.before > 0 {
        text.push_str(&format!(
            ", {} failures this night after {} the night before, {} in all",
            size.night, size.before, size.total
        ));
    }
    if what == "ended" {
        text.push_str(&format!(
            "; it lasted from {} to {}",
            fmt::moment(sighting.onset),
            fmt::moment(sighting.until)
        ));
    }
    if !detail.is_empty() {
        text.push_str(&format!("; {detail}"));
    }
    Change {
        what: what.to_owned(),
        id: identity.id.clone(),
        text,
    }
}
